//! The halo2 circuit against Groth16: the same epoch, one after the other, in one run.

mod setting;

use std::io;
use std::sync::atomic::AtomicBool;

use anyhow::{Error, Result};
use meed_benches::clock::{median, peak_memory, reset_peak};
use meed_benches::{timed, Figure, Options, Report, Time};
use meed_prover::halo2::{prove_unchecked, verify_by_library, Key, Params};
use meed_prover::{prove, CpuEngine};
use meed_statement::settle::settle;
use meed_statement::shape::Shape;
use meed_statement::words::Domain;
use rand::rngs::OsRng;

fn main() -> Result<()> {
    let options = Options::from_env().map_err(Error::msg)?;
    let mut report = Report::new("halo2", &options, io::stdout())?;
    for name in options.shapes_or(&["XS", "S"]) {
        measure(&options, setting::shape(&name)?, &mut report)?;
    }
    report.finish()?;
    Ok(())
}

fn measure<W: io::Write>(options: &Options, shape: Shape, report: &mut Report<W>) -> Result<()> {
    let name = shape.name;
    let repeat = options.repeat.unwrap_or(if options.quick { 1 } else { 3 });
    let (inputs, _) = setting::full_epoch(&shape)?;
    let trace = settle(&inputs)?;

    let reset = reset_peak();
    let (circuit, laid) = timed(|| meed_halo2::Circuit::new(shape));
    let (params, universal) = timed(|| Params::insecure(circuit.k()));
    let (key, made) = timed(|| Key::new(params, &circuit));
    let key = key?;
    let key_peak = peak_memory().filter(|_| reset);
    report.group(&format!("shape {name}: halo2"))?;
    let d = circuit.dimensions();
    report.add("rows, as a power of two", Figure::Count(circuit.k().into()))?;
    report.add("advice columns", Figure::Count(d.advice as u64))?;
    report.add("fixed columns", Figure::Count(d.fixed as u64))?;
    report.add("degree", Figure::Count(d.degree as u64))?;
    report.add("layout", Figure::Time(laid))?;
    report.add("universal parameters (insecure)", Figure::Time(universal))?;
    report.add("keys", Figure::Time(made))?;
    if let Some(bytes) = key_peak {
        report.add("peak memory, keys", Figure::Bytes(bytes))?;
    }

    let reset = reset_peak();
    let (assigned, witness) = timed(|| circuit.assign(&inputs, &trace, &Domain::OFF_CHAIN));
    let (assignment, binding) = assigned?;
    let (failures, check) = timed(|| circuit.violated(&assignment));
    anyhow::ensure!(failures.is_empty(), "the epoch violates the circuit: {:?}", failures[0]);
    let mut runs = Vec::new();
    let mut proof = Vec::new();
    for _ in 0..repeat {
        let (made, time) = timed(|| prove_unchecked(&key, &circuit, &assignment, &mut OsRng));
        proof = made?.to_bytes().to_vec();
        runs.push(time);
    }
    let peak = peak_memory().filter(|_| reset);
    let ours = middle(&runs);
    let (verified, verify) = timed(|| verify_by_library(&key, &binding, &proof));
    verified?;
    report.add("witness", Figure::Time(witness))?;
    report.add("check", Figure::Time(check))?;
    report.add(&format!("prove (median of {repeat})"), Figure::Time(ours))?;
    report.add("verify", Figure::Time(verify))?;
    report.add("proof", Figure::Bytes(proof.len() as u64))?;
    if let Some(bytes) = peak {
        report.add("peak memory, witness and proof", Figure::Bytes(bytes))?;
    }
    drop(key);

    let circuit = meed_circuits::r1cs::circuit::Circuit::new(shape);
    let setting::Key { key, .. } = setting::key(options, &circuit)?;
    let (z, _) = setting::witness(&shape, &inputs, &trace)?;
    let never = AtomicBool::new(false);
    let mut runs = Vec::new();
    for _ in 0..repeat {
        let (made, time) = timed(|| {
            prove(
                &key,
                circuit.matrices(),
                &z,
                &CpuEngine::best(),
                &mut OsRng,
                &mut |_, _| {},
                &never,
            )
        });
        made?;
        runs.push(time);
    }
    let theirs = middle(&runs);
    report.group(&format!("shape {name}: Groth16"))?;
    report.add(&format!("prove (median of {repeat})"), Figure::Time(theirs))?;
    report.add("halo2 over Groth16, wall", Figure::Ratio(ours.wall / theirs.wall))?;
    if let (Some(ours), Some(theirs)) = (ours.cpu, theirs.cpu) {
        report.add("halo2 over Groth16, CPU", Figure::Ratio(ours / theirs))?;
    }
    Ok(())
}

fn middle(runs: &[Time]) -> Time {
    let of = |time: fn(&Time) -> Option<f64>| {
        let values: Option<Vec<f64>> = runs.iter().map(time).collect();
        values.map(|values| median(&values))
    };
    Time { wall: of(|t| Some(t.wall)).unwrap_or_default(), cpu: of(|t| t.cpu) }
}
