//! The same lies that the native check is told, told to the circuit.

mod common;

use common::{assignment, settle_unchecked, violated, CIRCUIT_XS};
use meed_statement::check::check;
use meed_statement::clause::Clause;
use meed_statement::lies::{lies, sample};
use meed_statement::roots::Commitment;
use meed_statement::shape::XS;

#[test]
fn the_honest_sample_satisfies_the_circuit() {
    let inputs = sample();
    let z = assignment(&XS, &inputs, &settle_unchecked(&inputs));
    assert_eq!(violated(&z), []);
}

#[test]
fn every_lie_violates_its_clause() {
    let inputs = sample();
    let mut wrong = Vec::new();
    for lie in lies() {
        let trace = lie.told(&inputs).expect("every lie applies to the sample");
        let native = check(&inputs, &Commitment::new(&inputs), &trace).unwrap_err().clause;
        let got = violated(&assignment(&XS, &inputs, &trace));
        if lie.name == "the epoch is another" {
            // The epoch's number is nothing but a public word: with another number the proof is a
            // true one of another statement, which nobody asked for. It must not be the same one.
            assert_eq!((native, got), (Clause::Binding, vec![]));
            assert_ne!(trace.h, settle_unchecked(&inputs).h);
            continue;
        }
        if native != lie.clause || got.first() != Some(&lie.clause) {
            wrong.push(format!("{}: {} native {native} circuit {got:?}", lie.name, lie.clause));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn clauses_label_all_constraints() {
    let total: usize = CIRCUIT_XS.costs().iter().map(|(_, n)| n).sum();
    assert_eq!(total, CIRCUIT_XS.matrices().constraints());
    assert!(CIRCUIT_XS.costs().iter().all(|(_, n)| *n > 0));
    assert_eq!(CIRCUIT_XS.clause_of(0), Clause::Credit);
}
