//! What the tests of the circuit share. The names are those of the R1CS circuit's tests.
#![allow(dead_code, missing_docs, unreachable_pub)]

use meed_halo2::{Assignment, Circuit, Failure};
use meed_statement::clause::Clause;
use meed_statement::roots::Commitment;
use meed_statement::settle::{settle_with, Trace};
use meed_statement::shape::XS;
use meed_statement::types::Inputs;
use meed_statement::words::Domain;
use std::sync::LazyLock;

pub static CIRCUIT_XS: LazyLock<Circuit> = LazyLock::new(|| Circuit::new(XS));

/// Settles inputs that may be malformed, without the native check.
pub fn settle_unchecked(inputs: &Inputs) -> Trace {
    settle_with(inputs, &Commitment::new(inputs), |_, _| {})
}

/// The assignment of a trace that may be false.
pub fn assignment(inputs: &Inputs, trace: &Trace) -> Assignment {
    CIRCUIT_XS.assign(inputs, trace, &Domain::OFF_CHAIN).expect("the epoch fits the shape").0
}

/// The failures of an XS assignment.
pub fn failures(assignment: &Assignment) -> Vec<Failure> {
    CIRCUIT_XS.violated(assignment)
}

/// The clauses that an XS assignment violates, in order, each once.
pub fn violated(assignment: &Assignment) -> Vec<Clause> {
    clauses(&failures(assignment))
}

pub fn clauses(failures: &[Failure]) -> Vec<Clause> {
    let mut clauses: Vec<_> = failures.iter().map(|f| f.clause).collect();
    clauses.sort_unstable();
    clauses.dedup();
    clauses
}

/// Compares with a golden file, or writes it where `MEED_WRITE_GOLDEN` is set.
pub fn golden(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("goldens").join(name);
    if std::env::var_os("MEED_WRITE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path)
        .unwrap_or_else(|e| panic!("{}: {e}; MEED_WRITE_GOLDEN=1 writes it", path.display()));
    assert_eq!(text, golden, "the circuit changed; its keys are no longer valid");
}
