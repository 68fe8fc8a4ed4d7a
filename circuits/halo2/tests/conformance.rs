//! The cases that drive the native check and the R1CS circuit drive this circuit, too: honest
//! epochs, epochs at every bound, malformed ones, and the table of lies, about the sample and about
//! random epochs.

#[path = "../../tests/cases/mod.rs"]
mod cases;
mod common;
#[allow(dead_code, unreachable_pub)]
#[path = "../../../statement/tests/naive/mod.rs"]
mod naive;

use cases::{taken_away, BOUNDARY, MALFORMED, TAKEN_AWAY};
use common::{assignment, settle_unchecked, violated, CIRCUIT_XS};
use meed_halo2::AssignError;
use meed_statement::check::{check, check_inputs};
use meed_statement::clause::Clause;
use meed_statement::lies::{lies, sample};
use meed_statement::roots::Commitment;
use meed_statement::settle::settle;
use meed_statement::shape::{Size, XS};
use meed_statement::synthetic::{epoch, Spec};
use meed_statement::words::{Binding, Domain};
use naive::arb::{arb_epoch, Epoch, TINY};
use proptest::prelude::*;

#[test]
fn the_honest_sample_satisfies_the_circuit() {
    let inputs = sample();
    assert_eq!(violated(&assignment(&inputs, &settle_unchecked(&inputs))), []);
}

#[test]
fn boundary_epochs_are_accepted() {
    for (name, change) in BOUNDARY {
        let mut inputs = sample();
        change(&mut inputs);
        let trace = settle(&inputs).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(violated(&assignment(&inputs, &trace)), [], "{name}");
    }
}

#[test]
fn malformed_inputs_violate_the_clause_that_the_native_check_names() {
    let mut wrong = Vec::new();
    for (name, clause, change) in MALFORMED {
        let mut inputs = sample();
        change(&mut inputs);
        let native = check_inputs(&inputs).unwrap_err().clause;
        let got = violated(&assignment(&inputs, &settle_unchecked(&inputs)));
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
        let got = violated(&assignment(&inputs, &trace));
        assert!(got.contains(clause), "{name}: {got:?}");
    }
}

#[test]
fn every_lie_violates_its_clause() {
    let inputs = sample();
    let mut wrong = Vec::new();
    for lie in lies() {
        let trace = lie.told(&inputs).expect("every lie applies to the sample");
        let got = violated(&assignment(&inputs, &trace));
        if lie.name == "the epoch is another" {
            // Nothing but a public word: a true proof of another statement.
            assert_eq!(got, []);
            continue;
        }
        if got.first() != Some(&lie.clause) {
            wrong.push(format!("{}: {} circuit {got:?}", lie.name, lie.clause));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wrong_public_input_violates_the_binding() {
    use ark_bn254::Fr;
    let inputs = sample();
    let trace = settle_unchecked(&inputs);
    let one = Fr::from(1u64);
    let honest = Binding::derive(&Domain::OFF_CHAIN, trace.h, &trace.words());
    for wrong in [
        Binding { h: honest.h + one, ..honest },
        Binding { alpha: honest.alpha + one, ..honest },
        Binding { y: honest.y + one, ..honest },
    ] {
        let assignment = CIRCUIT_XS.assign_with(&inputs, &trace, &wrong).unwrap();
        assert_eq!(violated(&assignment), [Clause::Binding]);
    }
    let elsewhere = Binding::derive(&Domain::evm(1, [7; 20]), trace.h, &trace.words());
    assert_ne!(elsewhere, honest);
    let assignment = CIRCUIT_XS.assign_with(&inputs, &trace, &elsewhere).unwrap();
    assert_eq!(violated(&assignment), []);
}

#[test]
fn the_public_inputs_are_those_of_the_other_circuit() {
    let inputs = sample();
    let trace = settle_unchecked(&inputs);
    let domain = Domain::evm(1, [7; 20]);
    let here = CIRCUIT_XS.assign(&inputs, &trace, &domain).unwrap().1;
    let there = meed_circuits::r1cs::circuit::assign(&XS, &inputs, &trace, &domain).unwrap().1;
    assert_eq!(here, there);
}

#[test]
fn an_epoch_that_is_too_large_is_refused() {
    let spec = Spec { assets: 9, events: 2, records: 9, owners: 2, state: 0, skew: 0.0, seed: 3 };
    let inputs = epoch(&spec);
    let trace = settle(&inputs).unwrap();
    let Err(error) = CIRCUIT_XS.assign(&inputs, &trace, &Domain::OFF_CHAIN) else {
        panic!("nine assets do not fit");
    };
    assert!(matches!(error, AssignError::TooLarge { .. }));
    assert_eq!(
        error.to_string(),
        "shape XS does not hold 9 assets, 2 events, 9 records, 5 accounts"
    );
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(40))]
    #[test]
    fn honest_random_epochs(Epoch(inputs) in arb_epoch(TINY)) {
        let trace = settle(&inputs).unwrap();
        prop_assume!(XS.holds(&Size::of(&inputs, &trace)));
        prop_assert_eq!(violated(&assignment(&inputs, &trace)), []);
    }
}

proptest! {
    #![proptest_config(cases(2))]
    #[test]
    fn lies_about_random_epochs(Epoch(inputs) in arb_epoch(TINY)) {
        let honest = settle(&inputs).unwrap();
        prop_assume!(XS.holds(&Size::of(&inputs, &honest)));
        let committed = Commitment::new(&inputs);
        for lie in lies() {
            let Some(trace) = lie.told(&inputs) else { continue };
            // A lie may change nothing here, need a ninth account, or be about the epoch's number
            // alone.
            let idle = trace == honest || lie.name == "the epoch is another";
            let fits = XS.holds(&Size::of(&inputs, &trace));
            if idle || !fits || trace.payouts.len() > XS.accounts {
                continue;
            }
            let native = check(&inputs, &committed, &trace).unwrap_err().clause;
            let got = violated(&assignment(&inputs, &trace));
            prop_assert_eq!(got.first(), Some(&native), "{}: {:?}", lie.name, got);
        }
    }
}
