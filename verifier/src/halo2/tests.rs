//! The circuit as it is written down here against the circuit itself, and what is copied from
//! libraries against the libraries.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

extern crate std;

use super::evaluations::Evaluations;
use super::msm::{Sum, TERMS};
use super::{argument, gates, lagrange};
use super::{ADVICE, BLINDING, COPIED, FIXED, PIECES, PRODUCTS};
use crate::error::VerifyError;
use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, Field, UniformRand};
use halo2_proofs::halo2curves::ff::PrimeField;
use halo2_proofs::plonk::{Any, Circuit, Column, ConstraintSystem, Expression};
use halo2_proofs::poly::Rotation;
use meed_halo2::field::{to_ark, to_halo2, Fr as Halo2Fr};
use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};
use std::vec::Vec;

/// The columns, queries and gates of the circuit, whatever its shape.
fn circuit() -> ConstraintSystem<Halo2Fr> {
    fn configured<C: Circuit<Halo2Fr>>(_: &C) -> ConstraintSystem<Halo2Fr> {
        let mut system = ConstraintSystem::default();
        C::configure(&mut system);
        system
    }
    configured(&meed_halo2::Circuit::new(meed_statement::shape::XS).to_halo2(None))
}

fn random(rng: &mut ChaCha20Rng) -> Evaluations {
    let mut evaluations = Evaluations::ZERO;
    evaluations.each_mut().for_each(|slot| *slot = Fr::rand(rng));
    evaluations
}

/// The value of an expression of the circuit at evaluations in the order of the proof.
fn value(
    system: &ConstraintSystem<Halo2Fr>,
    expression: &Expression<Halo2Fr>,
    evaluations: &Evaluations,
    instance: Fr,
) -> Fr {
    let values: Vec<Halo2Fr> = evaluations.each().map(to_halo2).collect();
    let of = |column: usize, rotation: Rotation, fixed: bool| {
        let advice = system.advice_queries();
        let at = if fixed {
            let queries = system.fixed_queries();
            let at = queries.iter().position(|q| (q.0.index(), q.1) == (column, rotation));
            advice.len() + at.unwrap()
        } else {
            advice.iter().position(|q| (q.0.index(), q.1) == (column, rotation)).unwrap()
        };
        values[at]
    };
    to_ark(&expression.evaluate(
        &|constant| constant,
        &|_| unreachable!("the circuit has no selectors"),
        &|query| of(query.column_index(), query.rotation(), true),
        &|query| of(query.column_index(), query.rotation(), false),
        &|_| to_halo2(&instance),
        &|_| unreachable!("the circuit has no challenges of its own"),
        &|a| -a,
        &|a, b| a + b,
        &|a, b| a * b,
        &|a, scalar| a * scalar,
    ))
}

/// One by one and in order, at random evaluations: polynomials that agree there are the same. The
/// queries' order is the evaluations' order in a proof, so this checks that, too.
#[test]
fn every_gate_is_the_circuits() {
    let system = circuit();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for _ in 0..4 {
        let (evaluations, instance) = (random(&mut rng), Fr::rand(&mut rng));
        let mut ours = Vec::new();
        gates::gates(&evaluations, &instance, |value| ours.push(value));
        let theirs = system.gates().iter().flat_map(|gate| {
            let values = gate.polynomials().iter().enumerate();
            values.map(|(i, p)| ((gate.name(), i), value(&system, p, &evaluations, instance)))
        });
        let theirs: Vec<_> = theirs.collect();
        assert_eq!(ours.len(), theirs.len());
        for (ours, (name, theirs)) in ours.iter().zip(theirs) {
            assert_eq!(*ours, theirs, "{name:?}");
        }
    }
}

#[test]
fn the_constants_are_those_of_the_hash() {
    let expected = tables::computed();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/halo2/tables.bin");
    if std::env::var_os("MEED_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let command = "MEED_WRITE_GOLDEN=1 cargo test --release -p meed-verifier --lib";
    assert!(std::fs::read(&path).unwrap() == expected, "to write tables.bin: {command}");
    assert!(gates::TABLES.as_slice() == expected, "tables.bin was just written: run this again");
    assert!(meed_halo2::tables() == expected, "the circuit's constants are others");
}

/// Counts that the order of the protocol is written down for.
#[test]
fn the_columns_are_the_circuits() {
    let system = circuit();
    assert_eq!(system.num_advice_columns(), ADVICE);
    assert_eq!(system.num_fixed_columns(), FIXED);
    assert_eq!(system.num_instance_columns(), 1);
    assert_eq!(system.instance_queries().len(), 1);
    assert_eq!(system.blinding_factors(), BLINDING);
    assert_eq!(system.degree(), PIECES + 1);
    let copied = system.permutation().get_columns();
    assert_eq!(copied.len(), COPIED);
    assert_eq!(copied.len().div_ceil(system.degree() - 2), PRODUCTS);
    let copied: Vec<usize> = copied.iter().map(Column::index).collect();
    assert_eq!(copied, [0, 1, 2, 3, 4, 6], "the main track and the sum");
    for column in system.permutation().get_columns() {
        assert!(matches!(column.column_type(), Any::Advice(_)));
    }
    assert_eq!(system.lookups().len(), 1);
}

/// The commitments of the advice and fixed columns by the rotations at which they are opened, sets
/// and members in the order of the first query: what `shplonk::fold` is written after.
#[test]
fn the_sets_of_the_opening_are_the_circuits() {
    type Name = (char, usize);
    let system = circuit();
    let mut columns: Vec<(Name, Vec<i32>)> = Vec::new();
    let advice = system.advice_queries().iter().map(|(c, r)| (('a', c.index()), r.0));
    let fixed = system.fixed_queries().iter().map(|(c, r)| (('f', c.index()), r.0));
    for (column, rotation) in advice.chain(fixed) {
        match columns.iter_mut().find(|(c, _)| *c == column) {
            Some((_, rotations)) => rotations.push(rotation),
            None => columns.push((column, std::vec![rotation])),
        }
    }
    let mut sets: Vec<(Vec<i32>, Vec<Name>)> = Vec::new();
    for (column, mut rotations) in columns {
        rotations.sort_unstable();
        match sets.iter_mut().find(|(r, _)| *r == rotations) {
            Some((_, members)) => members.push(column),
            None => sets.push((rotations, std::vec![column])),
        }
    }
    let advice = |columns: &[usize]| columns.iter().map(|c| ('a', *c)).collect::<Vec<_>>();
    let fixed = |columns: std::ops::Range<usize>| columns.map(|c| ('f', c)).collect::<Vec<_>>();
    let expected = [
        (std::vec![0, 1, 2, 3], advice(&[0, 1, 2, 3, 4])),
        (std::vec![-1, 0], advice(&[6])),
        (std::vec![0, 1, 2], [advice(&[7, 8, 9, 10, 11]), fixed(0..5)].concat()),
        (std::vec![0], [advice(&[5]), fixed(5..14)].concat()),
    ];
    assert_eq!(sets, expected);
}

#[test]
fn the_constants_of_the_domain_are_the_librarys() {
    assert_eq!(lagrange::generator(28), to_ark(&Halo2Fr::ROOT_OF_UNITY));
    assert_eq!(argument::DELTA, to_ark(&Halo2Fr::DELTA));
    assert_eq!(gates::HALF.double(), Fr::ONE);
    for log_rows in super::MIN_LOG_ROWS..=super::MAX_LOG_ROWS {
        let omega = lagrange::generator(log_rows);
        assert_eq!(omega.pow([1u64 << log_rows]), Fr::ONE);
        assert_eq!(omega.pow([1u64 << (log_rows - 1)]), -Fr::ONE);
    }
}

#[test]
fn lagranges_polynomials_pick_their_rows() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let (log_rows, x) = (5, Fr::rand(&mut rng));
    let inputs = [(); 3].map(|()| Fr::rand(&mut rng));
    let at = lagrange::At::new(log_rows, x, &inputs).unwrap();
    let omega = lagrange::generator(log_rows);
    let roots: Vec<Fr> = (0..32u64).map(|i| omega.pow([i])).collect();
    // By the definition: a product over the other roots.
    let l = |i: usize| -> Fr {
        let others = (0..32).filter(|j| *j != i);
        others.map(|j| (x - roots[j]) * (roots[i] - roots[j]).inverse().unwrap()).product()
    };
    assert_eq!((at.first, at.last), (l(0), l(32 - BLINDING - 1)));
    assert_eq!(at.active, (0..32 - BLINDING - 1).map(l).sum());
    assert_eq!(at.instance, inputs.iter().enumerate().map(|(i, input)| l(i) * input).sum());
    assert_eq!(at.vanishing_inverse * (x.pow([32u64]) - Fr::ONE), Fr::ONE);
    assert_eq!(at.power, x.pow([32u64]));
    let p = at.points;
    let around = [(p.here, 0), (p.next, 1), (p.second, 2), (p.third, 3), (p.before, 31)];
    for (point, steps) in around.into_iter().chain([(p.last, 32 - BLINDING - 1)]) {
        assert_eq!(point, x * roots[steps]);
    }
    // In the domain nothing can be said.
    assert!(lagrange::At::new(log_rows, roots[7], &inputs).is_none());
    assert!(lagrange::invert(&mut [Fr::ONE, Fr::ZERO]).is_none());
}

#[test]
fn a_sum_is_that_of_its_terms() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let edges = [Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::from(2), Fr::from(3), -Fr::from(2)];
    let (mut sum, mut expected) = (Sum::new(), G1Projective::ZERO);
    for i in 0..TERMS {
        let scalar = edges.get(i).copied().unwrap_or_else(|| Fr::rand(&mut rng));
        // The same point twice, too: additions of equal points and of opposite ones.
        let point = if i % 7 == 1 { G1Affine::generator() } else { G1Affine::rand(&mut rng) };
        sum.add(scalar, &point).unwrap();
        expected += point * scalar;
        assert_eq!(sum.total(), expected, "{i}");
    }
    assert_eq!(sum.add(Fr::ONE, &G1Affine::generator()), Err(VerifyError::Rejected));
}

/// The constants of the gates from the parameters of the hash, by another way than the circuit's:
/// the inverse of the matrix, and a recurrence found from the states that it describes.
mod tables {
    use super::*;
    use light_poseidon::parameters::bn254_x5::get_poseidon_parameters;
    use meed_statement::words::word_to_bytes;

    type Matrix = Vec<Vec<Fr>>;

    fn times(a: &Matrix, b: &Matrix) -> Matrix {
        let row = |row: &Vec<Fr>| -> Vec<Fr> {
            (0..b[0].len()).map(|j| row.iter().zip(b).map(|(x, r)| *x * r[j]).sum()).collect()
        };
        a.iter().map(row).collect()
    }

    /// By Gauss and Jordan.
    fn inverse(m: &Matrix) -> Matrix {
        let n = m.len();
        let unit = |i: usize| (0..n).map(move |j| Fr::from(i == j));
        let mut rows: Matrix =
            m.iter().enumerate().map(|(i, r)| r.iter().copied().chain(unit(i)).collect()).collect();
        for i in 0..n {
            let pivot = (i..n).find(|r| rows[*r][i] != Fr::ZERO).unwrap();
            rows.swap(i, pivot);
            let scale = rows[i][i].inverse().unwrap();
            rows[i].iter_mut().for_each(|x| *x *= scale);
            let pivot = rows[i].clone();
            for (r, row) in rows.iter_mut().enumerate().filter(|(r, _)| *r != i) {
                let factor = row[i];
                assert_ne!(r, i);
                row.iter_mut().zip(&pivot).for_each(|(x, p)| *x -= factor * p);
            }
        }
        rows.into_iter().map(|row| row[n..].to_vec()).collect()
    }

    pub(super) fn computed() -> Vec<u8> {
        let parameters = get_poseidon_parameters::<Fr>(9).unwrap();
        let m: Matrix = parameters.mds;
        let first = std::vec![(0..9).map(|j| Fr::from(j == 0)).collect::<Vec<Fr>>()];
        // e0 M^j for j from 0 on: what element 0 is j rounds later, if nothing drives them.
        let mut seen: Matrix = first.clone();
        for j in 0..12 {
            let next = times(&std::vec![seen[j].clone()], &m).remove(0);
            seen.push(next);
        }
        // The same backwards.
        let back = inverse(&m);
        let mut enter: Matrix = first;
        for j in 0..8 {
            let next = times(&std::vec![enter[j].clone()], &back).remove(0);
            enter.push(next);
        }
        enter.reverse();
        // e0 M^9 = sum a_i e0 M^i; d_i reaches v_9 directly, less what its effect on v_i+1 .. v_8
        // already carries there.
        let a = times(&std::vec![seen[9].clone()], &inverse(&seen[..9].to_vec())).remove(0);
        let b: Vec<Fr> = (0..9)
            .map(|l| seen[9 - l][0] - (l + 1..9).map(|i| a[i] * seen[i - l][0]).sum::<Fr>())
            .collect();
        let exit = inverse(&seen[2..11].to_vec());
        let linear = a.iter().zip(&b).map(|(a, b)| *a - b);
        let all = m.iter().chain(&enter[..8]).flatten().copied().chain(linear).chain(b.clone());
        all.chain(exit.into_iter().flatten()).flat_map(|x| word_to_bytes(&x)).collect()
    }
}
