//! Honest epochs settle, check, and lose nothing.

use meed_statement::check::check;
use meed_statement::roots::Commitment;
use meed_statement::settle::settle;
use meed_statement::synthetic::{epoch, Spec};
use meed_statement::words::{check_words, Binding, Domain};

const SPEC: Spec =
    Spec { assets: 40, events: 12, records: 300, owners: 25, state: 10, skew: 1.1, seed: 7 };

#[test]
fn honest_epochs_check() {
    for seed in 0..20 {
        let inputs = epoch(&Spec { seed, ..SPEC });
        let trace = settle(&inputs).unwrap();
        check(&inputs, &Commitment::new(&inputs), &trace).unwrap();
        assert!(!trace.payouts.is_empty());
        let words = trace.words();
        assert_eq!(check_words(&words).unwrap(), trace.header);
        let binding = Binding::derive(&Domain::OFF_CHAIN, trace.h, &words);
        assert_ne!(binding.y, words[0]);
    }
}

#[test]
fn an_empty_epoch_is_valid_and_everything_waits() {
    let mut inputs = epoch(&Spec { assets: 5, events: 0, records: 0, ..SPEC });
    inputs.policy.min_payout = (1 << 80) - 1;
    let trace = settle(&inputs).unwrap();
    check(&inputs, &Commitment::new(&inputs), &trace).unwrap();
    assert_eq!(trace.payouts, []);
    assert_eq!(trace.state_after, inputs.state);
    assert_eq!(trace.header.state_root_after, trace.header.state_root_before);
}
