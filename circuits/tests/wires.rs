//! Single wires and single public inputs: nothing in an assignment can be changed alone.

mod common;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use common::{assignment, settle_unchecked, violated, CIRCUIT_XS};
use meed_circuits::r1cs::circuit::assign_with;
use meed_circuits::r1cs::matrix::{ArkCircuit, Matrices};
use meed_statement::clause::Clause;
use meed_statement::lies::sample;
use meed_statement::shape::XS;
use meed_statement::words::{Binding, Domain};
use rayon::prelude::*;

/// Rows in which each column occurs.
fn rows_of(m: &Matrices) -> Vec<Vec<u32>> {
    let mut rows = vec![Vec::new(); m.columns()];
    for i in 0..m.constraints() {
        for matrix in [&m.a, &m.b, &m.c] {
            for (col, _) in matrix.row(i) {
                if rows[*col as usize].last() != Some(&(i as u32)) {
                    rows[*col as usize].push(i as u32);
                }
            }
        }
    }
    rows
}

/// A column that occurs in one row alone, as the factor of a zero, decides nothing: the "inverse" of
/// `is_nonzero` at zero. Whatever it holds, every other column must hold what it holds now.
fn is_idle_inverse(m: &Matrices, rows: &[u32], column: usize, z: &[Fr]) -> bool {
    let [row] = rows else { return false };
    let row = *row as usize;
    m.b.row(row).len() == 1
        && m.b.row(row)[0].0 as usize == column
        && m.eval_row(&m.a, row, z) == Fr::ZERO
        && m.eval_row(&m.c, row, z) == Fr::ZERO
}

#[test]
fn no_single_wire_is_free() {
    let inputs = sample();
    let mut z = assignment(&XS, &inputs, &settle_unchecked(&inputs));
    assert_eq!(violated(&z), []);
    let m = CIRCUIT_XS.matrices();
    let rows = rows_of(m);
    for delta in [Fr::ONE, -Fr::ONE, Fr::from(1u64 << 40)] {
        let free: Vec<usize> = (1..m.columns())
            .collect::<Vec<_>>()
            .par_iter()
            .map_init(
                || z.clone(),
                |z, &column| {
                    z[column] += delta;
                    let caught = rows[column].iter().any(|&i| !m.satisfied(i as usize, z));
                    z[column] -= delta;
                    (!caught && !is_idle_inverse(m, &rows[column], column, z)).then_some(column)
                },
            )
            .flatten()
            .collect();
        assert_eq!(free, [0usize; 0], "columns that can be changed alone by {delta}");
    }
    // The test can fail: a column that no row mentions is caught by it.
    z.push(Fr::ZERO);
    assert!(!is_idle_inverse(m, &[], z.len() - 1, &z));
}

#[test]
fn a_wrong_public_input_violates_the_binding() {
    let inputs = sample();
    let trace = settle_unchecked(&inputs);
    let honest = Binding::derive(&Domain::OFF_CHAIN, trace.h, &trace.words());
    for wrong in [
        Binding { h: honest.h + Fr::ONE, ..honest },
        Binding { alpha: honest.alpha + Fr::ONE, ..honest },
        Binding { y: honest.y + Fr::ONE, ..honest },
        Binding::derive(&Domain::evm(1, [7; 20]), trace.h + Fr::ONE, &trace.words()),
    ] {
        let z = assign_with(&XS, &inputs, &trace, &wrong).unwrap();
        assert_eq!(violated(&z), [Clause::Binding]);
    }
    let elsewhere = Binding::derive(&Domain::evm(1, [7; 20]), trace.h, &trace.words());
    assert_ne!(elsewhere, honest);
    let z = assign_with(&XS, &inputs, &trace, &elsewhere).unwrap();
    assert_eq!(violated(&z), []);
}

#[test]
fn arkworks_agrees_that_the_sample_satisfies_the_circuit() {
    use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystem};
    let inputs = sample();
    let z = assignment(&XS, &inputs, &settle_unchecked(&inputs));
    let run = |z: &[Fr]| {
        let cs = ConstraintSystem::<Fr>::new_ref();
        let circuit = ArkCircuit { matrices: CIRCUIT_XS.matrices(), assignment: Some(z) };
        circuit.generate_constraints(cs.clone()).unwrap();
        cs.finalize();
        assert_eq!(cs.num_constraints(), CIRCUIT_XS.matrices().constraints());
        cs.is_satisfied().unwrap()
    };
    assert!(run(&z));
    let mut false_z = z.clone();
    let last = false_z.len() - 1;
    false_z[last] += Fr::ONE;
    assert!(!run(&false_z));
}
