//! Single cells: nothing in an assignment can be changed alone, and every part of the circuit is
//! reached by some lie.

#[path = "../../tests/cases/mod.rs"]
mod cases;
mod common;

use cases::MALFORMED;
use common::{assignment, failures, settle_unchecked, CIRCUIT_XS};
use meed_halo2::field::Fr;
use meed_halo2::{Failure, Part};
use meed_statement::clause::Clause;
use meed_statement::lies::{lies, sample};
use std::collections::BTreeSet;

fn kinds(failures: &[Failure]) -> impl Iterator<Item = (Clause, Part)> + '_ {
    failures.iter().map(|f| (f.clause, f.part))
}

#[test]
fn no_cell_is_free_and_every_part_is_reached() {
    let inputs = sample();
    let mut honest = assignment(&inputs, &settle_unchecked(&inputs));
    assert_eq!(failures(&honest), []);

    // Coordinated lies first: a false trace, and all that follows computed from it.
    let mut told: BTreeSet<(Clause, Part)> = BTreeSet::new();
    for lie in lies() {
        let trace = lie.told(&inputs).expect("every lie applies to the sample");
        told.extend(kinds(&failures(&assignment(&inputs, &trace))));
    }
    for (_, _, change) in MALFORMED {
        let mut inputs = sample();
        change(&mut inputs);
        told.extend(kinds(&failures(&assignment(&inputs, &settle_unchecked(&inputs)))));
    }

    let mut reached = told.clone();
    let mut free = Vec::new();
    for delta in [Fr::one(), -Fr::one(), Fr::from(1 << 40)] {
        for cell in CIRCUIT_XS.cells() {
            let found = CIRCUIT_XS.violated_by_cell(&mut honest, cell, delta);
            if found.is_empty() && !CIRCUIT_XS.is_idle_inverse(&honest, cell) {
                free.push(cell);
            }
            reached.extend(kinds(&found));
        }
    }
    assert_eq!(free, [], "cells that can be changed alone");

    let parts: BTreeSet<_> = CIRCUIT_XS.parts().into_iter().collect();
    let missed: Vec<_> = parts.difference(&reached).collect();
    assert!(missed.is_empty(), "no lie reached {missed:?}");
    // Every clause's own arithmetic is reached by a coordinated lie, not by a single cell alone.
    for (clause, part) in &parts {
        if *part == Part::Gate("arithmetic") {
            assert!(told.contains(&(*clause, *part)), "no coordinated lie reached {clause}");
        }
    }
}

/// The test above can fail: a cell that no gate reads is found to be free.
#[test]
fn a_cell_without_a_value_is_free() {
    let inputs = sample();
    let mut honest = assignment(&inputs, &settle_unchecked(&inputs));
    let used: BTreeSet<_> = CIRCUIT_XS.cells().collect();
    let unused = (0..100).map(|row| (3, row)).find(|cell| !used.contains(cell)).unwrap();
    assert_eq!(CIRCUIT_XS.violated_by_cell(&mut honest, unused, Fr::one()), []);
    assert!(!CIRCUIT_XS.is_idle_inverse(&honest, unused));
}
