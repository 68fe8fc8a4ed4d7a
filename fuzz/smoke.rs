//! Every target over its seeds and over mutations of them, on any compiler:
//! `cargo test --workspace --release --test smoke -- --iterations 2000`.
//!
//! The same numbers give the same inputs. An input that makes a target panic is written to
//! `artifacts/`. `--write-corpus DIR` writes the seeds for cargo-fuzz, and nothing else.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::error::Error;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use meed_fuzz::mutate::{mutate, Dice};
use meed_fuzz::{Target, TARGETS};

/// Longest that one input may take: far more than any does on a busy machine.
const LONGEST: Duration = Duration::from_secs(10);
/// Most address space that the decoders may reserve beyond what the seeds took. Catches allocations
/// by an announced length, touched or not.
const MOST_GROWTH: u64 = 1 << 30;

/// Targets that compute rather than decode, and get one input where others get so many.
const SLOW: [(&str, u64); 1] = [("sums", 12)];

struct Options {
    iterations: u64,
    seed: u64,
    only: Option<String>,
    corpus: Option<PathBuf>,
}

fn main() -> ExitCode {
    match parse(std::env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("smoke: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, Box<dyn Error>> {
    let mut options = Options { iterations: 200, seed: 1, only: None, corpus: None };
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{name} needs a value"));
        match name.as_str() {
            "--iterations" => options.iterations = value()?.parse()?,
            "--seed" => options.seed = value()?.parse()?,
            "--target" => options.only = Some(value()?),
            "--write-corpus" => options.corpus = Some(value()?.into()),
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let chosen = |t: &&Target| options.only.as_ref().is_none_or(|only| t.name == only);
    let targets: Vec<_> = TARGETS.iter().filter(chosen).collect();
    if targets.is_empty() {
        let names: Vec<_> = TARGETS.iter().map(|t| t.name).collect();
        return Err(format!("no such target; there are {}", names.join(", ")).into());
    }
    if let Some(folder) = &options.corpus {
        return write_corpus(folder, &targets);
    }
    for target in &targets {
        for (i, seed) in (target.seeds)().iter().enumerate() {
            let (_, accepted) = feed(target, &format!("seed-{i}"), seed)?;
            // The only key at hand is a local one, which a ceremony must not have made.
            if accepted == (target.name == "ceremony") {
                return Err(format!("{}: seed {i}: accepted: {accepted}", target.name).into());
            }
        }
    }
    let before = address_space();
    for target in &targets {
        let start = Instant::now();
        let slow = SLOW.iter().find(|(name, _)| *name == target.name);
        let inputs =
            slow.map_or(options.iterations, |(_, each)| options.iterations.div_ceil(*each));
        let (slowest, accepted) = smoke(target, inputs, options.seed)?;
        println!(
            "{:<14} {inputs} inputs, {accepted} accepted, {:.1} s, the slowest {} us",
            target.name,
            start.elapsed().as_secs_f64(),
            slowest.as_micros()
        );
        if let Some((before, after)) = before.zip(address_space()) {
            if after.saturating_sub(before) > MOST_GROWTH {
                let (name, mib) = (target.name, (after - before) >> 20);
                return Err(format!("{name} reserved {mib} MiB for small inputs").into());
            }
        }
    }
    println!("smoke: {} targets, no fault", targets.len());
    Ok(())
}

/// Mutates seeds, and now and then what came of them. Returns the longest time of one input, and how
/// many were accepted.
fn smoke(target: &Target, inputs: u64, seed: u64) -> Result<(Duration, u64), Box<dyn Error>> {
    let seeds = (target.seeds)();
    let mut dice = Dice::new(seed);
    let (mut slowest, mut count) = (Duration::ZERO, 0);
    let mut last = seeds[0].clone();
    for i in 0..inputs {
        let mut data =
            if dice.below(8) == 0 { last } else { seeds[dice.below(seeds.len())].clone() };
        mutate(&mut data, &seeds[dice.below(seeds.len())], &mut dice);
        let (time, accepted) = feed(target, &format!("{seed}-{i}"), &data)?;
        slowest = slowest.max(time);
        count += u64::from(accepted);
        last = data;
    }
    Ok((slowest, count))
}

fn feed(target: &Target, name: &str, data: &[u8]) -> Result<(Duration, bool), Box<dyn Error>> {
    let start = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(|| (target.run)(data)));
    let time = start.elapsed();
    let what = match result {
        Ok(accepted) if time < LONGEST => return Ok((time, accepted)),
        Ok(_) => "takes too long",
        Err(_) => "panics",
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{}-{name}", target.name));
    std::fs::write(&path, data)?;
    Err(format!("target {} {what} on {}", target.name, path.display()).into())
}

/// The peak of this process's address space, in bytes; `None` where the system does not tell.
fn address_space() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

fn write_corpus(folder: &Path, targets: &[&Target]) -> Result<(), Box<dyn Error>> {
    for target in targets {
        let folder = folder.join(target.name);
        std::fs::create_dir_all(&folder)?;
        for (i, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{i}")), seed)?;
        }
    }
    Ok(())
}
