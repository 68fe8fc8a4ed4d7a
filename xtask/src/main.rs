//! Project chores: `cargo xtask`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod ceremony;
mod chain;
mod contracts;
mod exporter;
mod kept;
mod licences;
mod page;
mod shell;
mod steps;
mod tree;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{bail, Result};

use crate::shell::Shell;
use crate::steps::{Outcome, STEPS};
use crate::tree::Tree;

const USAGE: &str = "\
cargo xtask test                 everything that CI checks
cargo xtask test --list          its steps
cargo xtask test --only STEP     one step; may be repeated
cargo xtask ceremony             a ceremony with snarkjs for shape XS; long, see docs/ceremony.md
cargo xtask chain                settlement on a development chain, with the real fixture
cargo xtask page                 builds the report page's program and module: audit/page/dist
cargo xtask wasm-size            builds the verifier without std, prints its size as WebAssembly";

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Vec<String>) -> Result<()> {
    let mut arguments = arguments.iter().map(String::as_str);
    match arguments.next() {
        Some("test") => match parse_test(arguments)? {
            Some(only) => test(&only),
            None => {
                for (name, what, _) in STEPS {
                    println!("{name:<10} {what}");
                }
                Ok(())
            }
        },
        Some("ceremony") => ceremony::run_ceremony(&Shell::new()?),
        Some("chain") => chain::run_chain(&Shell::new()?),
        Some("page") => page::build(&Shell::new()?),
        Some("wasm-size") => steps::no_std(&Shell::new()?).map(|_| ()),
        _ => bail!("expected a chore\n\n{USAGE}"),
    }
}

/// The steps asked for, all when empty; `None` for `--list`.
fn parse_test<'a>(mut arguments: impl Iterator<Item = &'a str>) -> Result<Option<Vec<String>>> {
    let mut only = Vec::new();
    while let Some(argument) = arguments.next() {
        match (argument, arguments.next()) {
            ("--list", None) => return Ok(None),
            ("--only", Some(name)) if STEPS.iter().any(|(step, ..)| *step == name) => {
                only.push(name.to_owned());
            }
            ("--only", Some(name)) => bail!("no step {name:?}: see cargo xtask test --list"),
            _ => bail!("unexpected {argument}\n\n{USAGE}"),
        }
    }
    Ok(Some(only))
}

/// Runs steps, all of them even after a failure, and sums up.
fn test(only: &[String]) -> Result<()> {
    let shell = Shell::new()?;
    let before = Tree::read(&shell)?;
    let mut lines = Vec::new();
    let mut failed = Vec::new();
    let mut note = |name: &str, outcome: Result<Outcome>, start: Instant| {
        let result = match outcome {
            Ok(Outcome::Passed) => "ok".to_owned(),
            Ok(Outcome::Unchanged) => "ok, unchanged since it passed".to_owned(),
            Ok(Outcome::Skipped(why)) => format!("SKIPPED: {why}"),
            Err(error) => {
                failed.push(name.to_owned());
                format!("FAILED: {error:#}")
            }
        };
        let line = format!("{name:<10} {:>7.1} s  {result}", start.elapsed().as_secs_f64());
        println!("-- {line}\n");
        lines.push(line);
    };
    let started = Instant::now();
    for (name, what, step) in STEPS {
        if only.is_empty() || only.iter().any(|o| o == name) {
            println!("== {name}: {what}");
            let start = Instant::now();
            note(name, step(&shell), start);
        }
    }
    println!("== tree: the steps have changed no file that git knows or would");
    let start = Instant::now();
    note("tree", before.same(&shell).map(|()| Outcome::Passed), start);

    println!("== summary, {:.0} s in all", started.elapsed().as_secs_f64());
    for line in lines {
        println!("{line}");
    }
    if failed.is_empty() {
        return Ok(());
    }
    bail!("failed: {}", failed.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_name_steps() {
        let parse = |line: &str| parse_test(line.split_whitespace());
        assert_eq!(parse("").unwrap(), Some(vec![]));
        assert_eq!(parse("--list").unwrap(), None);
        assert_eq!(parse("--only fmt --only doc").unwrap(), Some(vec!["fmt".into(), "doc".into()]));
        for bad in ["--only", "--only nothing", "fmt", "--list --only fmt"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
