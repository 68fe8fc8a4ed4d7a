//! A dense chain of constraints `x_(i+1) = x_i^2 + x_0`, in which every value is of full size: its set-up
//! and its proof against `ark-groth16`, on every level of this processor, in one run.

use std::io;
use std::sync::atomic::AtomicBool;

use anyhow::{ensure, Error, Result};
use ark_bn254::{Bn254, Fr};
use ark_ff::{AdditiveGroup, Field};
use ark_groth16::{prepare_verifying_key, Groth16};
use meed_benches::clock::middle;
use meed_benches::{timed, Figure, Options, Report};
use meed_circuits::r1cs::matrix::{ArkCircuit, Matrices, MatrixBuilder};
use meed_prover::qap::CircomReduction;
use meed_prover::{insecure_setup, CircuitId, CpuEngine, Level, LoadedKey, ProvingKey};
use rand::rngs::OsRng;

type Ark = Groth16<Bn254, CircomReduction>;

fn main() -> Result<()> {
    let options = Options::from_env().map_err(Error::msg)?;
    let mut report = Report::new("dense", &options, io::stdout())?;
    let log = if options.quick { 10 } else { 18 };
    let repeat = options.repeat.unwrap_or(if options.quick { 1 } else { 3 });
    let (matrices, z) = chain(1 << log);
    let key = set_up(&mut report, log, repeat, &matrices)?;
    prove(&mut report, log, repeat, &key, &matrices, &z)?;
    report.finish()?;
    Ok(())
}

/// A chain that fills a domain of `size`: the reduction adds a row for each of four columns.
fn chain(size: usize) -> (Matrices, Vec<Fr>) {
    let one = Fr::ONE;
    let mut builder = MatrixBuilder::new(4);
    let mut z = vec![one, Fr::from(7u64), Fr::from(11u64).pow([1 << 20]), Fr::ZERO];
    let first = builder.new_witness();
    z.push(z[2]);
    let (x0, mut x) = (z[2], z[2]);
    let mut last = first;
    let constraints = size - 4;
    for i in 0..constraints {
        // The end of the chain is the third input.
        let next = if i + 1 == constraints { 3 } else { builder.new_witness() };
        x = x.square() + x0;
        if next == 3 {
            z[3] = x;
        } else {
            z.push(x);
        }
        builder.enforce(&[(last, one)], &[(last, one)], &[(next, one), (first, -one)]);
        last = next;
    }
    (builder.finish(), z)
}

fn set_up<W: io::Write>(
    report: &mut Report<W>,
    log: u32,
    repeat: usize,
    matrices: &Matrices,
) -> Result<ProvingKey> {
    report.group(&format!("set-up of the dense chain, 2^{log}, {}", Level::best()))?;
    let id = CircuitId::new("dense", "chain", matrices);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut key = None;
    for _ in 0..repeat {
        let circuit = ArkCircuit { matrices, assignment: None };
        let (made, time) =
            timed(|| Ark::generate_random_parameters_with_reduction(circuit, &mut OsRng));
        made?;
        theirs.push(time);
        let (made, time) = timed(|| insecure_setup(&id, matrices));
        key = Some(made?);
        ours.push(time);
    }
    report.beside("ours", middle(&ours), "ark-groth16", middle(&theirs))?;
    key.ok_or_else(|| Error::msg("expected at least one repetition"))
}

fn prove<W: io::Write>(
    report: &mut Report<W>,
    log: u32,
    repeat: usize,
    key: &ProvingKey,
    matrices: &Matrices,
    z: &[Fr],
) -> Result<()> {
    let ark_key = key.to_ark()?;
    let ark_vk = prepare_verifying_key(&ark_key.vk);
    let public = &z[1..4];
    let never = AtomicBool::new(false);
    for level in Level::available().into_iter().filter(|level| *level != Level::Ark) {
        report.group(&format!("proof of the dense chain, 2^{log}, {level}"))?;
        let loaded = LoadedKey::new(key, &CpuEngine::new(level)?)?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut stages = Vec::new();
        for _ in 0..repeat {
            let circuit = ArkCircuit { matrices, assignment: Some(z) };
            let (proof, time) =
                timed(|| Ark::create_random_proof_with_reduction(circuit, &ark_key, &mut OsRng));
            ensure!(Ark::verify_proof(&ark_vk, &proof?, public)?, "ark-groth16's proof fails");
            theirs.push(time);
            let (proof, time) =
                timed(|| loaded.prove(matrices, z, &mut OsRng, &mut |_, _| {}, &never));
            // It was verified before it was handed out.
            stages = proof?.1.stages().to_vec();
            ours.push(time);
        }
        for (stage, time) in stages {
            report.add(&format!("{stage}"), Figure::Seconds(time.as_secs_f64()))?;
        }
        report.beside(level.name(), middle(&ours), "ark-groth16", middle(&theirs))?;
    }
    Ok(())
}
