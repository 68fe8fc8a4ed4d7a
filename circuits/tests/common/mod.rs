//! What the tests of the circuit share.
#![allow(dead_code, missing_docs, unreachable_pub)]

use ark_bn254::Fr;
use meed_circuits::r1cs::circuit::{assign, Circuit};
use meed_statement::clause::Clause;
use meed_statement::roots::Commitment;
use meed_statement::settle::{settle_with, Trace};
use meed_statement::shape::{Shape, XS};
use meed_statement::types::Inputs;
use meed_statement::words::Domain;
use std::sync::LazyLock;

pub static CIRCUIT_XS: LazyLock<Circuit> = LazyLock::new(|| Circuit::new(XS));

/// Settles inputs that may be malformed, without the native check.
pub fn settle_unchecked(inputs: &Inputs) -> Trace {
    settle_with(inputs, &Commitment::new(inputs), |_, _| {})
}

/// The assignment of a trace that may be false.
pub fn assignment(shape: &Shape, inputs: &Inputs, trace: &Trace) -> Vec<Fr> {
    assign(shape, inputs, trace, &Domain::OFF_CHAIN).expect("the epoch fits the shape").0
}

/// The clauses whose constraints an XS assignment violates, in order, each once.
pub fn violated(z: &[Fr]) -> Vec<Clause> {
    let mut clauses: Vec<_> = CIRCUIT_XS.violated(z).into_iter().map(|(_, c)| c).collect();
    clauses.sort_unstable();
    clauses.dedup();
    clauses
}
