//! Honest epochs of every kind satisfy the circuit; malformed inputs violate the clause that the
//! native check names; a larger shape proves the same statement.

mod cases;
mod common;

use ark_bn254::Fr;
use cases::{taken_away, BOUNDARY, MALFORMED, TAKEN_AWAY};
use common::{assignment, settle_unchecked, violated};
use meed_circuits::r1cs::circuit::{assign, AssignError, Circuit};
use meed_statement::check::{check, check_inputs};
use meed_statement::clause::Clause;
use meed_statement::lies::sample;
use meed_statement::roots::Commitment;
use meed_statement::settle::settle;
use meed_statement::shape::{Shape, S, XS};
use meed_statement::synthetic::{epoch, Source, Spec};
use meed_statement::types::{Bps, Inputs};
use meed_statement::words::Domain;
use proptest::prelude::*;

fn accepted(name: &str, inputs: &Inputs) {
    let trace = settle(inputs).unwrap_or_else(|e| panic!("{name}: {e}"));
    check(inputs, &Commitment::new(inputs), &trace).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(violated(&assignment(&XS, inputs, &trace)), [], "{name}");
}

#[test]
fn boundary_epochs_are_accepted() {
    for (name, change) in BOUNDARY {
        let mut inputs = sample();
        change(&mut inputs);
        accepted(name, &inputs);
    }
}

#[test]
fn malformed_inputs_violate_the_clause_that_the_native_check_names() {
    let mut wrong = Vec::new();
    for (name, clause, change) in MALFORMED {
        let mut inputs = sample();
        change(&mut inputs);
        let native = check_inputs(&inputs).unwrap_err().clause;
        let got = violated(&assignment(&XS, &inputs, &settle_unchecked(&inputs)));
        // Where the native types already exclude a value, the packed root is another: S11.
        if native != *clause || !(got.contains(clause) || got.contains(&Clause::Binding)) {
            wrong.push(format!("{name}: {clause}, native {native}, circuit {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_does_not_exist_cannot_be_named() {
    for (name, clause, take) in TAKEN_AWAY {
        let (inputs, trace) = taken_away(*take);
        assert_eq!(check_inputs(&inputs).unwrap_err().clause, *clause, "{name}");
        assert!(violated(&assignment(&XS, &inputs, &trace)).contains(clause), "{name}");
    }
}

#[test]
fn a_larger_shape_proves_the_same_statement() {
    let inputs = sample();
    let trace = settle(&inputs).unwrap();
    let small = assign(&XS, &inputs, &trace, &Domain::OFF_CHAIN).unwrap();
    let large = assign(&S, &inputs, &trace, &Domain::OFF_CHAIN).unwrap();
    assert_eq!(small.1, large.1);
    assert_eq!(Circuit::new(S).violated(&large.0), []);
}

#[test]
fn an_epoch_that_is_too_large_is_refused() {
    let spec = Spec { assets: 9, events: 2, records: 9, owners: 2, state: 0, skew: 0.0, seed: 3 };
    let inputs = epoch(&spec);
    let trace = settle(&inputs).unwrap();
    let error = assign(&XS, &inputs, &trace, &Domain::OFF_CHAIN).unwrap_err();
    assert!(matches!(error, AssignError::TooLarge { .. }));
    assert_eq!(
        error.to_string(),
        "shape XS does not hold 9 assets, 2 events, 9 records, 5 accounts"
    );
    let size = meed_statement::shape::Size::of(&inputs, &trace);
    assert_eq!(Shape::smallest(&size), Some(S));
}

#[test]
fn nothing_of_an_assignment_depends_on_threads() {
    let inputs = sample();
    let trace = settle(&inputs).unwrap();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let alone = one.install(|| assignment(&XS, &inputs, &trace));
    assert_eq!(alone, assignment(&XS, &inputs, &trace));
    assert_eq!(alone[0], Fr::from(1u64));
}

fn arb_epoch() -> impl Strategy<Value = Inputs> {
    let sizes = (1..=8usize, 0..=4usize, 0..=32usize, 1..=3usize, 0..=4usize);
    (sizes, 0.0..2.0f64, any::<u64>()).prop_map(|(sizes, skew, seed)| {
        let (assets, events, records, owners, state) = sizes;
        let records = records.min(assets * events);
        let state = state.min(8 - 3 - owners + owners.min(state));
        let mut inputs = epoch(&Spec { assets, events, records, owners, state, skew, seed });
        let mut source = Source::new(!seed);
        inputs.policy.threshold = source.below(1 << 40);
        inputs.policy.min_payout = u128::from(source.next_u64() >> source.below(64));
        inputs.policy.cap_bps = Bps::new(source.below(10_001) as u32).unwrap();
        inputs
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn random_epochs_are_accepted(inputs in arb_epoch()) {
        let trace = settle(&inputs).unwrap();
        prop_assume!(trace.accounts.len() <= 8);
        check(&inputs, &Commitment::new(&inputs), &trace).unwrap();
        prop_assert_eq!(violated(&assignment(&XS, &inputs, &trace)), []);
    }
}
