//! Proving by stage, with memory; what each unit of an epoch costs; and the same proof by plain
//! `ark-groth16`, from the same circuit, witness and key.

mod setting;

use std::io;
use std::sync::atomic::AtomicBool;

use anyhow::{ensure, Error, Result};
use ark_bn254::Bn254;
use ark_groth16::{prepare_verifying_key, Groth16};
use meed_benches::clock::{median, middle, peak_memory, reset_peak, resident_memory};
use meed_benches::{timed, Figure, Options, Report, Time};
use meed_circuits::r1cs::circuit::Circuit;
use meed_circuits::r1cs::matrix::{ArkCircuit, Matrices};
use meed_prover::qap::CircomReduction;
use meed_prover::{CpuEngine, Level, LoadedKey, Timings};
use meed_statement::settle::settle;
use meed_statement::shape::{Shape, S};
use meed_verifier::{verify, PreparedVerifyingKey};
use rand::rngs::OsRng;

/// Most of the proving time that the witness may take.
const WITNESS_SHARE: f64 = 0.15;
/// Most bytes for a constraint at the peak.
const BYTES_PER_CONSTRAINT: f64 = 1_500.0;

type Ark = Groth16<Bn254, CircomReduction>;

fn main() -> Result<()> {
    let options = Options::from_env().map_err(Error::msg)?;
    let mut report = Report::new("prove", &options, io::stdout())?;
    for name in options.shapes_or(&["XS", "S"]) {
        measure(&options, setting::shape(&name)?, &mut report)?;
    }
    // Last, so that the memory of these circuits does not count above.
    units(&mut report)?;
    report.finish()?;
    Ok(())
}

/// Constraints that one more asset, event, record or account costs: the difference of shape S to one
/// with twice as many, shared out.
fn units<W: io::Write>(report: &mut Report<W>) -> Result<()> {
    let base = S;
    let constraints = |shape| Circuit::new(shape).matrices().constraints();
    let least = constraints(base);
    report.group("constraints of a unit, around shape S")?;
    for (name, n, shape) in [
        ("an asset", base.assets, Shape { assets: 2 * base.assets, ..base }),
        ("an event", base.events, Shape { events: 2 * base.events, ..base }),
        ("a record", base.records, Shape { records: 2 * base.records, ..base }),
        ("an account", base.accounts, Shape { accounts: 2 * base.accounts, ..base }),
    ] {
        let more = constraints(shape) - least;
        report.add(name, Figure::Number(more as f64 / n as f64))?;
    }
    Ok(())
}

fn measure<W: io::Write>(options: &Options, shape: Shape, report: &mut Report<W>) -> Result<()> {
    let name = shape.name;
    let repeat = if name == "XS" && !options.quick { 3 } else { 1 };
    let repeat = options.repeat.unwrap_or(repeat);

    let (circuit, synthesis) = timed(|| Circuit::new(shape));
    let matrices = circuit.matrices();
    let constraints = matrices.constraints();
    report.group(&format!("shape {name}: circuit"))?;
    report.add("holds", Figure::Text(shape.capacity().to_string()))?;
    report.add("constraints", Figure::Count(constraints as u64))?;
    report.add("columns", Figure::Count(matrices.columns() as u64))?;
    let terms = [&matrices.a, &matrices.b, &matrices.c].map(|m| m.terms()).iter().sum::<usize>();
    report.add("terms", Figure::Count(terms as u64))?;
    for (clause, cost) in circuit.costs() {
        report.add(&format!("constraints of {clause}"), Figure::Count(cost as u64))?;
    }
    report.add("synthesis", Figure::Time(synthesis))?;

    report.group(&format!("shape {name}: key"))?;
    let setting::Key { key, bytes, identify, made, load, .. } = setting::key(options, &circuit)?;
    report.add("digest of the circuit", Figure::Time(identify))?;
    if let Some((setup, save)) = made {
        report.add("set-up (insecure)", Figure::Time(setup))?;
        report.add("save", Figure::Time(save))?;
    }
    report.add("load", Figure::Time(load))?;
    report.add("size", Figure::Bytes(bytes))?;
    report.add("size, bytes a constraint", Figure::Number(bytes as f64 / constraints as f64))?;

    report.group(&format!("shape {name}: witness and proof"))?;
    let (inputs, _) = setting::full_epoch(&shape)?;
    let (trace, settled) = timed(|| settle(&inputs));
    let trace = trace?;
    report.add("settle", Figure::Time(settled))?;

    let never = AtomicBool::new(false);
    let before = resident_memory();
    let reset = reset_peak();
    let (assigned, witness_time) = timed(|| setting::witness(&shape, &inputs, &trace));
    let (z, binding) = assigned?;
    let engine = match &options.engine {
        Some(level) => CpuEngine::new(level.parse::<Level>().map_err(Error::msg)?)?,
        None => CpuEngine::best(),
    };
    let (loaded, loading) = timed(|| LoadedKey::new(&key, &engine));
    let loaded = loaded?;
    let mut runs: Vec<(Time, Timings)> = Vec::new();
    let mut proofs = Vec::new();
    for _ in 0..repeat {
        let (proof, time) =
            timed(|| loaded.prove(matrices, &z, &mut OsRng, &mut |_, _| {}, &never));
        let (proof, timings) = proof?;
        proofs.push(proof);
        runs.push((time, timings));
    }
    let peak = peak_memory();
    let ours = middle(&runs.iter().map(|(time, _)| *time).collect::<Vec<_>>());
    report.add("witness", Figure::Time(witness_time))?;
    report.add("engine", Figure::Text(engine.level().to_string()))?;
    report.add("key into the engine", Figure::Time(loading))?;
    let stages = runs[0].1.stages().iter().enumerate();
    for (i, (stage, _)) in stages {
        let all: Vec<_> = runs.iter().map(|(_, t)| t.stages()[i].1.as_secs_f64()).collect();
        report.add(&format!("prove: {stage}"), Figure::Seconds(median(&all)))?;
    }
    report.add(&format!("prove (median of {repeat})"), Figure::Time(ours))?;
    report.add("prove, constraints", Figure::Rate(constraints as f64 / ours.wall))?;
    let share = witness_time.wall / ours.wall;
    report.add("witness over proving", Figure::Share(share))?;
    let limit = format!("witness at most {:.0}% of proving", WITNESS_SHARE * 100.0);
    report.add(&limit, verdict(share <= WITNESS_SHARE))?;

    let vk = PreparedVerifyingKey::new(key.verifying_key());
    let public = binding.to_inputs();
    let (verified, verify_time) =
        timed(|| proofs.iter().try_for_each(|proof| verify(&vk, &public, proof)));
    verified?;
    report.add("verify", Figure::Seconds(verify_time.wall / repeat as f64))?;
    memory(report, before, reset, peak, constraints)?;

    ark(report, &key, matrices, &z, &public, repeat, &ours)
}

fn memory<W: io::Write>(
    report: &mut Report<W>,
    before: Option<u64>,
    reset: bool,
    peak: Option<u64>,
    constraints: usize,
) -> Result<()> {
    let (Some(before), Some(peak)) = (before, peak) else {
        return Ok(report.add("peak memory", Figure::Text("the system does not tell".into()))?);
    };
    if !reset {
        let since = "of the whole process: the peak could not be reset";
        report.add("peak memory", Figure::Text(since.into()))?;
    }
    let each = |bytes: u64| bytes as f64 / constraints as f64;
    report.add("peak memory, witness and proof", Figure::Bytes(peak))?;
    report.add("of it before: key, constraints", Figure::Bytes(before))?;
    report.add("peak, bytes a constraint", Figure::Number(each(peak)))?;
    let limit = format!("peak at most {BYTES_PER_CONSTRAINT} a constraint");
    report.add(&limit, verdict(each(peak) <= BYTES_PER_CONSTRAINT))?;
    Ok(())
}

/// The proof as any user of `ark-groth16` makes it: the crate synthesizes the circuit each time.
fn ark<W: io::Write>(
    report: &mut Report<W>,
    key: &meed_prover::ProvingKey,
    matrices: &Matrices,
    z: &[ark_bn254::Fr],
    public: &[ark_bn254::Fr],
    repeat: usize,
    ours: &Time,
) -> Result<()> {
    // Ours leaves the points in the file; the crate has them in memory.
    let ark_key = key.to_ark()?;
    let before = resident_memory();
    let reset = reset_peak();
    let mut runs = Vec::new();
    let ark_vk = prepare_verifying_key(&ark_key.vk);
    for _ in 0..repeat {
        let circuit = ArkCircuit { matrices, assignment: Some(z) };
        let (proof, time) =
            timed(|| Ark::create_random_proof_with_reduction(circuit, &ark_key, &mut OsRng));
        ensure!(Ark::verify_proof(&ark_vk, &proof?, public)?, "ark-groth16's proof fails");
        runs.push(time);
    }
    let theirs = middle(&runs);
    report.group(&format!("shape {}: plain ark-groth16", key.circuit().shape))?;
    report.add(&format!("prove (median of {repeat})"), Figure::Time(theirs))?;
    report.add("wall, over ours", Figure::Ratio(theirs.wall / ours.wall))?;
    if let (Some(theirs), Some(ours)) = (theirs.cpu, ours.cpu) {
        report.add("CPU, over ours", Figure::Ratio(theirs / ours))?;
    }
    memory(report, before, reset, peak_memory(), matrices.constraints())
}

fn verdict(holds: bool) -> Figure {
    Figure::Text(if holds { "ok" } else { "NOT ok" }.to_owned())
}
