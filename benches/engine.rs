//! The engine's sums, transforms and multiples of one point against `ark-ec`, `ark-poly` and
//! `halo2curves`, on every level of this processor, in one run.

use std::hint::black_box;
use std::io;

use anyhow::{ensure, Error, Result};
use ark_bn254::{Fr, G1Affine, G1Projective, G2Projective};
use ark_ec::scalar_mul::BatchMulPreprocessing;
use ark_ec::{CurveGroup, PrimeGroup, VariableBaseMSM};
use ark_ff::{BigInt, FftField, PrimeField};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use halo2_proofs::halo2curves::bn256;
use halo2_proofs::halo2curves::msm::msm_best;
use meed_benches::clock::{peak_memory, reset_peak, turns};
use meed_benches::{timed, Figure, Options, Report};
use meed_engine::msm::{msm_g1, msm_g1_chunks, msm_g2, FixedBaseG1, Scalars};
use meed_engine::ntt::Transform;
use meed_engine::{EngineError, Level};
use meed_statement::synthetic::Source;
use rayon::prelude::*;

fn main() -> Result<()> {
    let options = Options::from_env().map_err(Error::msg)?;
    let mut report = Report::new("engine", &options, io::stdout())?;
    let levels = Level::available().into_iter().map(Level::name).collect::<Vec<_>>().join(", ");
    report.add("levels", Figure::Text(levels))?;
    let repeat = options.repeat.unwrap_or(if options.quick { 1 } else { 3 });
    let (large, small) = if options.quick { (12, 10) } else { (20, 18) };

    let scalars = random(1 << large);
    let g1 = chain(G1Projective::generator(), scalars.len(), &scalars);
    g1_sums(&mut report, "random scalars", large, repeat, &g1, &scalars, false)?;
    let (g1, scalars) = (&g1[..1 << small], &scalars[..1 << small]);
    g1_sums(&mut report, "random scalars", small, repeat, g1, scalars, true)?;
    let bits: Vec<Fr> = scalars.iter().map(|s| Fr::from(s.into_bigint().0[0] & 1)).collect();
    g1_sums(&mut report, "scalars 0 and 1", small, repeat, g1, &bits, false)?;
    let words: Vec<Fr> = scalars.iter().map(|s| Fr::from(s.into_bigint().0[0])).collect();
    g1_sums(&mut report, "scalars of 64 bits", small, repeat, g1, &words, false)?;
    g2_sums(&mut report, small, repeat, scalars)?;
    transforms(&mut report, small, repeat, scalars)?;
    quotients(&mut report, small, repeat, scalars)?;
    multiples(&mut report, small, repeat, scalars)?;
    stream(&mut report, options.stream.unwrap_or(large), g1, scalars)?;
    scaling(&mut report, small, repeat, g1, scalars)?;
    report.finish()?;
    Ok(())
}

fn random(n: usize) -> Vec<Fr> {
    let mut source = Source::new(3);
    let mut word = || Fr::from(source.next_u64()) + Fr::from(1u64 << 63);
    (0..n).map(|_| word() * word() * word() * word() * word()).collect()
}

/// Different points.
fn chain<G: CurveGroup<ScalarField = Fr>>(generator: G, n: usize, seed: &[Fr]) -> Vec<G::Affine> {
    let step = generator * seed[1];
    let sums = std::iter::successors(Some(generator * seed[0]), |sum| Some(*sum + step));
    G::normalize_batch(&sums.take(n).collect::<Vec<_>>())
}

/// The levels that are not arkworks' own.
fn ours() -> impl Iterator<Item = Level> {
    Level::available().into_iter().filter(|level| *level != Level::Ark)
}

/// The time of each level but arkworks' own, beside that of a public crate.
fn levels<W: io::Write>(
    report: &mut Report<W>,
    name: &str,
    repeat: usize,
    theirs: &mut dyn FnMut(),
    sum: &mut dyn FnMut(Level),
) -> Result<()> {
    for level in ours() {
        let [their_time, our_time] = turns(repeat, [theirs, &mut || sum(level)]);
        report.beside(level.name(), our_time, name, their_time)?;
    }
    Ok(())
}

fn g1_sums<W: io::Write>(
    report: &mut Report<W>,
    what: &str,
    log: u32,
    repeat: usize,
    bases: &[G1Affine],
    scalars: &[Fr],
    halo2: bool,
) -> Result<()> {
    let standard: Vec<BigInt<4>> = scalars.iter().map(|s| s.into_bigint()).collect();
    let want = G1Projective::msm_bigint(bases, &standard);
    for level in Level::available() {
        ensure!(msm_g1(level, bases, Scalars::Standard(&standard))? == want, "{level} disagrees");
    }
    report.group(&format!("sum in G1, 2^{log}, {what}"))?;
    let mut ours = |level| {
        let _ =
            black_box(msm_g1(level, bases, Scalars::Standard(&standard)).expect("it is available"));
    };
    let mut ark = || {
        let _ = black_box(G1Projective::msm_bigint(bases, &standard));
    };
    levels(report, "ark-ec", repeat, &mut ark, &mut ours)?;
    if halo2 {
        let points: Vec<bn256::G1Affine> = bases.iter().map(point).collect();
        let values: Vec<bn256::Fr> = scalars.iter().map(value).collect();
        let mut theirs = || {
            black_box(msm_best(&values, &points));
        };
        levels(report, "halo2curves", repeat, &mut theirs, &mut ours)?;
    }
    Ok(())
}

/// The same point for halo2curves.
fn point(point: &G1Affine) -> bn256::G1Affine {
    let coordinate = |x: &ark_bn254::Fq| bn256::Fq::from_raw(x.into_bigint().0);
    bn256::G1Affine { x: coordinate(&point.x), y: coordinate(&point.y) }
}

fn value(x: &Fr) -> bn256::Fr {
    bn256::Fr::from_raw(x.into_bigint().0)
}

fn g2_sums<W: io::Write>(
    report: &mut Report<W>,
    log: u32,
    repeat: usize,
    scalars: &[Fr],
) -> Result<()> {
    let bases = chain(G2Projective::generator(), scalars.len(), scalars);
    let standard: Vec<BigInt<4>> = scalars.iter().map(|s| s.into_bigint()).collect();
    let want = G2Projective::msm_bigint(&bases, &standard);
    for level in Level::available() {
        ensure!(msm_g2(level, &bases, Scalars::Standard(&standard))? == want, "{level} disagrees");
    }
    report.group(&format!("sum in G2, 2^{log}, random scalars"))?;
    let mut ark = || {
        let _ = black_box(G2Projective::msm_bigint(&bases, &standard));
    };
    levels(report, "ark-ec", repeat, &mut ark, &mut |level| {
        let _ = black_box(
            msm_g2(level, &bases, Scalars::Standard(&standard)).expect("it is available"),
        );
    })
}

fn transforms<W: io::Write>(
    report: &mut Report<W>,
    log: u32,
    repeat: usize,
    values: &[Fr],
) -> Result<()> {
    let domain = Radix2EvaluationDomain::<Fr>::new(values.len()).expect("a small domain");
    let want = domain.fft(values);
    report.group(&format!("transform, 2^{log}"))?;
    for level in ours() {
        let transform = Transform::new(level, values.len())?;
        let mut got = values.to_vec();
        transform.ntt(&mut got)?;
        ensure!(got == want, "{level} disagrees");
        let (mut ours, mut theirs) = (values.to_vec(), values.to_vec());
        let [their_time, our_time] = turns(
            repeat * 3,
            [&mut || domain.fft_in_place(&mut theirs), &mut || {
                transform.ntt(&mut ours).expect("the length is right");
            }],
        );
        report.beside(level.name(), our_time, "ark-poly", their_time)?;
    }
    Ok(())
}

/// `A * B - C` on the odd roots, of circom's reduction: six transforms.
fn quotients<W: io::Write>(
    report: &mut Report<W>,
    log: u32,
    repeat: usize,
    values: &[Fr],
) -> Result<()> {
    let domain = Radix2EvaluationDomain::<Fr>::new(values.len()).expect("a small domain");
    let root = Fr::get_root_of_unity(2 * values.len() as u64).expect("a small order");
    let odd = domain.get_coset(root).expect("a root is not zero");
    let by_arkworks = || {
        let [mut a, mut b, mut c] = [0; 3].map(|_| values.to_vec());
        for values in [&mut a, &mut b, &mut c] {
            domain.ifft_in_place(values);
            odd.fft_in_place(values);
        }
        a.par_iter_mut().zip(b).zip(c).for_each(|((a, b), c)| *a = *a * b - c);
        a
    };
    let want = by_arkworks();
    report.group(&format!("quotient, 2^{log}"))?;
    for level in ours() {
        let transform = Transform::new(level, values.len())?;
        let ours = || {
            let [a, b, c] = [0; 3].map(|_| values.to_vec());
            transform.quotient(a, b, c)
        };
        ensure!(ours()? == want, "{level} disagrees");
        let [their_time, our_time] = turns(
            repeat,
            [
                &mut || {
                    black_box(by_arkworks());
                },
                &mut || {
                    let _ = black_box(ours());
                },
            ],
        );
        report.beside(level.name(), our_time, "ark-poly", their_time)?;
    }
    Ok(())
}

/// A sum of more points than are in memory, chunk by chunk.
fn stream<W: io::Write>(
    report: &mut Report<W>,
    log: u32,
    bases: &[G1Affine],
    scalars: &[Fr],
) -> Result<()> {
    let level = Level::best();
    let each = bases.len().min(1 << log);
    report.group(&format!("sum in G1, 2^{log}, in chunks of {each}, {level}"))?;
    let chunks = || {
        (0..(1usize << log) / each)
            .map(|_| Ok::<_, EngineError>((bases[..each].to_vec(), scalars[..each].to_vec())))
    };
    let reset = reset_peak();
    let (sum, time) = timed(|| msm_g1_chunks(level, chunks()));
    let standard: Vec<BigInt<4>> = scalars[..each].iter().map(|s| s.into_bigint()).collect();
    let once = G1Projective::msm_bigint(&bases[..each], &standard);
    ensure!(sum? == once * Fr::from(((1usize << log) / each) as u64), "the sum is another");
    report.add("all chunks", Figure::Time(time))?;
    report.add("points", Figure::Rate((1u64 << log) as f64 / time.wall))?;
    if let Some(peak) = peak_memory().filter(|_| reset) {
        report.add("peak memory of the process", Figure::Bytes(peak))?;
    }
    Ok(())
}

fn multiples<W: io::Write>(
    report: &mut Report<W>,
    log: u32,
    repeat: usize,
    scalars: &[Fr],
) -> Result<()> {
    let base = G1Projective::generator();
    report.group(&format!("multiples of one point, 2^{log}, tables included"))?;
    let mut ark = || {
        let table = BatchMulPreprocessing::new(base, scalars.len());
        black_box(table.batch_mul(scalars));
    };
    levels(report, "ark-ec", repeat, &mut ark, &mut |level| {
        let table = FixedBaseG1::new(level, base.into_affine(), scalars.len());
        black_box(table.expect("it is available").multiply(scalars));
    })
}

/// A sum on one thread and on more, up to all.
fn scaling<W: io::Write>(
    report: &mut Report<W>,
    log: u32,
    repeat: usize,
    bases: &[G1Affine],
    scalars: &[Fr],
) -> Result<()> {
    let level = Level::best();
    report.group(&format!("sum in G1, 2^{log}, by threads, {level}"))?;
    let all = rayon::current_num_threads();
    let mut threads = 1;
    let mut alone = None;
    while threads <= all {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let [time] = turns(
            repeat,
            [&mut || {
                pool.install(|| {
                    let _ = black_box(
                        msm_g1(level, bases, Scalars::Field(scalars)).expect("available"),
                    );
                });
            }],
        );
        let time = time.wall;
        let alone = *alone.get_or_insert(time);
        report.add(&format!("threads: {threads}"), Figure::Seconds(time))?;
        report.add(
            &format!("efficiency on {threads}"),
            Figure::Share(alone / time / threads as f64),
        )?;
        threads = if threads < all { (threads * 2).min(all) } else { all + 1 };
    }
    Ok(())
}
