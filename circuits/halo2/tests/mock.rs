//! The library's own checker agrees with ours: on the honest sample, on lies, and on single cells.

mod common;

use common::{assignment, failures, settle_unchecked, CIRCUIT_XS};
use halo2_proofs::dev::{MockProver, VerifyFailure};
use meed_halo2::field::Fr;
use meed_halo2::{Assignment, Failure, Part};
use meed_statement::clause::Clause;
use meed_statement::lies::{lies, sample};
use std::collections::BTreeSet;

fn run(assignment: &Assignment) -> MockProver<Fr> {
    let circuit = CIRCUIT_XS.to_halo2(Some(assignment));
    let publics = assignment.publics().to_vec();
    MockProver::run(CIRCUIT_XS.k(), &circuit, vec![publics]).unwrap()
}

/// What `MockProver` says of the rows in use: the clause is the name of the region, or that of the
/// row.
fn mock(assignment: &Assignment) -> BTreeSet<(Clause, &'static str)> {
    let rows: usize = CIRCUIT_XS.costs().iter().map(|(_, r)| r.arithmetic + r.poseidon).sum();
    let Err(failed) = run(assignment).verify_at_rows(0..rows, 0..rows) else {
        return BTreeSet::new();
    };
    failed.iter().map(clause).collect()
}

fn clause(failure: &VerifyFailure) -> (Clause, &'static str) {
    use halo2_proofs::dev::FailureLocation::{InRegion, OutsideRegion};
    match failure {
        VerifyFailure::ConstraintNotSatisfied { location: InRegion { region, .. }, .. } => {
            let name = region.to_string();
            let named = |c: &Clause| name.contains(&format!("'{c}'"));
            (Clause::ALL.into_iter().find(named).expect("regions are clauses"), "gate")
        }
        VerifyFailure::Lookup { location: OutsideRegion { row }, .. } => {
            (CIRCUIT_XS.clause_of(Part::Lookup, *row).expect("a row of the range track"), "lookup")
        }
        other => panic!("unexpected: {other}"),
    }
}

fn ours(failures: &[Failure]) -> BTreeSet<(Clause, &'static str)> {
    let name = |part| match part {
        Part::Lookup => "lookup",
        Part::Copy => "copy",
        _ => "gate",
    };
    failures.iter().map(|f| (f.clause, name(f.part))).collect()
}

#[test]
fn both_accept_the_sample() {
    let inputs = sample();
    let honest = assignment(&inputs, &settle_unchecked(&inputs));
    assert_eq!(failures(&honest), []);
    // All rows, the unused ones too.
    run(&honest).verify().unwrap();
}

#[test]
fn both_name_the_same_clauses_of_a_lie() {
    let inputs = sample();
    let mut seen = BTreeSet::new();
    for lie in lies() {
        // One lie of each clause: a run takes a second.
        if lie.name == "the epoch is another" || !seen.insert(lie.clause) {
            continue;
        }
        let trace = lie.told(&inputs).expect("every lie applies to the sample");
        let lying = assignment(&inputs, &trace);
        let found = ours(&failures(&lying));
        assert!(!found.is_empty(), "{}", lie.name);
        assert_eq!(mock(&lying), found, "{}", lie.name);
    }
    assert_eq!(seen.len(), 10, "all clauses but S1, whose lies are malformed registries");
}

#[test]
fn both_see_a_changed_cell() {
    let inputs = sample();
    let honest = assignment(&inputs, &settle_unchecked(&inputs));
    let cells: Vec<_> = CIRCUIT_XS.cells().collect();
    for cell in cells.iter().step_by(cells.len() / 5) {
        let mut changed = honest.clone();
        changed.change(*cell, Fr::one());
        let rows = 0..cell.1 + 2;
        let verified = run(&changed).verify_at_rows(rows.clone(), rows);
        assert_eq!(verified.is_err(), !failures(&changed).is_empty(), "{cell:?}");
        assert!(!failures(&changed).is_empty() || CIRCUIT_XS.is_idle_inverse(&honest, *cell));
    }
}
