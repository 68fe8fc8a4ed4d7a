//! Times sums against arkworks': `cargo run --release -p meed-engine --example msm -- [LOG_SIZE]`.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::time::Instant;

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{CurveGroup, PrimeGroup, VariableBaseMSM};
use ark_ff::{BigInt, PrimeField, UniformRand};
use meed_engine::msm::{msm_g1, msm_g2, Scalars};
use meed_engine::Level;
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn main() {
    let log: u32 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(16);
    let n = 1usize << log;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let random: Vec<Fr> = (0..n).map(|_| Fr::rand(&mut rng)).collect();
    let mut sum = G1Projective::generator() * random[0];
    let step = G1Projective::generator() * random[1];
    let points: Vec<_> = (0..n)
        .map(|_| {
            sum += step;
            sum
        })
        .collect();
    let g1 = G1Projective::normalize_batch(&points);
    let mut sum = G2Projective::generator() * random[0];
    let step = G2Projective::generator() * random[1];
    let points: Vec<_> = (0..n)
        .map(|_| {
            sum += step;
            sum
        })
        .collect();
    let g2 = G2Projective::normalize_batch(&points);
    for (name, bits) in [("random", 254), ("64 bits", 64), ("16 bits", 16), ("0/1", 1)] {
        let scalars: Vec<BigInt<4>> = random
            .iter()
            .map(|s| {
                let mut s = s.into_bigint();
                if bits < 254 {
                    s = BigInt::from(s.0[0] & (u64::MAX >> (64 - bits)));
                }
                s
            })
            .collect();
        let (mut best, mut ark) = ([f64::MAX; 4], f64::MAX);
        let (mut best2, mut ark2) = ([f64::MAX; 4], f64::MAX);
        for _ in 0..3 {
            let t = Instant::now();
            let want: G1Projective = VariableBaseMSM::msm_bigint(&g1, &scalars);
            ark = ark.min(t.elapsed().as_secs_f64());
            for (i, level) in Level::available().into_iter().enumerate().skip(1) {
                let t = Instant::now();
                let got = msm_g1::<G1Affine>(level, &g1, Scalars::Standard(&scalars)).unwrap();
                best[i] = best[i].min(t.elapsed().as_secs_f64());
                assert_eq!(got, want, "{level}");
            }
            let t = Instant::now();
            let want: G2Projective = VariableBaseMSM::msm_bigint(&g2, &scalars);
            ark2 = ark2.min(t.elapsed().as_secs_f64());
            for (i, level) in Level::available().into_iter().enumerate().skip(1) {
                let t = Instant::now();
                let got = msm_g2::<G2Affine>(level, &g2, Scalars::Standard(&scalars)).unwrap();
                best2[i] = best2[i].min(t.elapsed().as_secs_f64());
                assert_eq!(got, want, "{level}");
            }
        }
        for (group, ark, best) in [("G1", ark, best), ("G2", ark2, best2)] {
            print!("2^{log} {name} {group}: ark {:.1} ms", ark * 1e3);
            for (i, level) in Level::available().into_iter().enumerate().skip(1) {
                print!(", {level} {:.1} ms ({:.2}x)", best[i] * 1e3, ark / best[i]);
            }
            println!();
        }
    }
}
