//! Honest epochs of every kind satisfy the circuit; malformed inputs violate the clause that the
//! native check names; a larger shape proves the same statement.

mod common;

use ark_bn254::Fr;
use common::{assignment, settle_unchecked, violated};
use meed_circuits::r1cs::circuit::{assign, AssignError, Circuit};
use meed_statement::check::{check, check_inputs};
use meed_statement::clause::Clause;
use meed_statement::lies::sample;
use meed_statement::roots::Commitment;
use meed_statement::settle::{settle, Trace};
use meed_statement::shape::{Shape, S, XS};
use meed_statement::synthetic::{epoch, Source, Spec};
use meed_statement::types::{Bps, Edge, Inputs, Record};
use meed_statement::units::{ACCRUED_BITS, FEE_BITS, MIN_PAYOUT_BITS, SCORE_BITS};
use meed_statement::words::Domain;
use proptest::prelude::*;
use ruint::aliases::U256;

const TOP_SCORE: i64 = (1 << SCORE_BITS) - 1;

fn accepted(name: &str, inputs: &Inputs) {
    let trace = settle(inputs).unwrap_or_else(|e| panic!("{name}: {e}"));
    check(inputs, &Commitment::new(inputs), &trace).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(violated(&assignment(&XS, inputs, &trace)), [], "{name}");
}

/// What is done to the sample.
type Change = fn(&mut Inputs);

/// Boundary epochs, made from the sample.
#[test]
fn boundary_epochs_are_accepted() {
    let cases: &[(&str, Change)] = &[
        ("no events", |i| {
            i.events.clear();
            i.records.clear();
        }),
        ("no records", |i| i.records.clear()),
        ("nothing at all", |i| {
            i.events.clear();
            i.records.clear();
            i.registry.clear();
            i.state.clear();
        }),
        ("scores at both bounds", |i| {
            i.records[0].score = TOP_SCORE;
            i.records[1].score = -TOP_SCORE;
            i.policy.threshold = TOP_SCORE as u64;
        }),
        ("threshold zero counts a score of zero as nothing", |i| i.policy.threshold = 0),
        ("every slot of records used", |i| {
            i.records = (0..32)
                .map(|n| Record { event: n / 8, asset: n % 8, score: TOP_SCORE - i64::from(n) })
                .collect();
        }),
        ("largest fees", |i| i.events.iter_mut().for_each(|e| e.fee = (1 << FEE_BITS) - 1)),
        ("no fees", |i| i.events.iter_mut().for_each(|e| e.fee = 0)),
        ("one unit", |i| i.events.iter_mut().for_each(|e| e.fee = 1)),
        ("cap of nothing", |i| i.policy.cap_bps = Bps::default()),
        ("cap of everything", |i| i.policy.cap_bps = Bps::WHOLE),
        ("nobody reaches the minimum", |i| i.policy.min_payout = (1 << MIN_PAYOUT_BITS) - 1),
        ("minimum zero", |i| i.policy.min_payout = 0),
        ("minimum one", |i| i.policy.min_payout = 1),
        ("most that can wait", |i| {
            i.state[2].accrued = (U256::from(1) << ACCRUED_BITS as usize) - U256::from(1);
        }),
        ("one credit waits", |i| i.state[2].accrued = U256::from(1)),
        ("no state", |i| i.state.clear()),
        ("one account is everybody", |i| {
            let one = i.policy.platform;
            i.policy.stakers = one;
            i.policy.remainder = one;
            i.registry.iter_mut().for_each(|a| a.owner = one);
            i.state.clear();
        }),
        ("stakers are the remainder account", |i| i.policy.stakers = i.policy.remainder),
        ("an owner is the remainder account", |i| i.registry[0].owner = i.policy.remainder),
        ("all to data", |i| {
            let none = Bps::default();
            i.policy.platform_bps = none;
            i.policy.stakers_bps = none;
            i.policy.service_bps = none;
            i.policy.model_bps = none;
            i.policy.data_bps = Bps::WHOLE;
        }),
        ("nothing to data", |i| {
            i.policy.data_bps = Bps::default();
            i.policy.platform_bps = Bps::new(6_500).unwrap();
        }),
        ("a chain that passes everything on", |i| {
            for k in 1..8 {
                i.registry[k].edges = vec![Edge { parent: k as u32 - 1, bps: Bps::WHOLE }];
                i.registry[k].penalty = Bps::default();
            }
        }),
        ("four edges to one parent", |i| {
            let edge = Edge { parent: 6, bps: Bps::new(2_500).unwrap() };
            i.registry[7].edges = vec![edge; 4];
            i.registry[7].penalty = Bps::default();
        }),
        ("everything suspended", |i| {
            for asset in &mut i.registry {
                asset.edges.clear();
                asset.penalty = Bps::WHOLE;
            }
        }),
        ("keys next to each other", |i| {
            let mut hash = i.registry[0].content_hash;
            hash.0[15] ^= 1;
            i.registry[1].content_hash = hash;
        }),
        ("keys at both ends", |i| {
            i.registry[0].content_hash.0 = [0; 32];
            i.registry[1].content_hash.0 = [0xff; 32];
        }),
    ];
    for (name, change) in cases {
        let mut inputs = sample();
        change(&mut inputs);
        accepted(name, &inputs);
    }
}

/// What is done to the sample, and the clause that it breaks.
type Malformation = (&'static str, Clause, Change);

/// Malformed inputs of which a trace can still be computed.
const MALFORMED: &[Malformation] = &[
    ("an edge to itself", Clause::Registry, |i| i.registry[4].edges[0].parent = 4),
    ("a forward edge", Clause::Registry, |i| i.registry[3].edges[0].parent = 6),
    ("an edge of the first asset", Clause::Registry, |i| {
        i.registry[0].edges = vec![Edge { parent: 0, bps: Bps::new(1).unwrap() }];
    }),
    ("an edge of no share", Clause::Registry, |i| i.registry[3].edges[1].bps = Bps::default()),
    ("an empty edge before a used one", Clause::Registry, |i| {
        i.registry[3].edges[0] = Edge { parent: 0, bps: Bps::default() };
    }),
    ("10,001 bps owed", Clause::Registry, |i| i.registry[4].penalty = Bps::new(1).unwrap()),
    ("the same content twice", Clause::Registry, |i| {
        i.registry[4].content_hash = i.registry[0].content_hash;
    }),
    ("the same first half of a hash", Clause::Registry, |i| {
        let half = i.registry[2].content_hash.0;
        i.registry[6].content_hash.0[..16].copy_from_slice(&half[..16]);
    }),
    ("a record twice", Clause::Ledger, |i| i.records[1] = i.records[0]),
    ("records out of order", Clause::Ledger, |i| i.records.swap(3, 4)),
    ("events out of order", Clause::Ledger, |i| i.records.swap(5, 6)),
    ("a score of -2^47", Clause::Ledger, |i| i.records[4].score = -(1 << SCORE_BITS)),
    ("a score of 2^47", Clause::Ledger, |i| i.records[0].score = 1 << SCORE_BITS),
    ("a fee of 2^80", Clause::Ledger, |i| i.events[3].fee = 1 << FEE_BITS),
    ("a threshold of 2^47", Clause::Counted, |i| i.policy.threshold = 1 << SCORE_BITS),
    ("47 fraction bits", Clause::Counted, |i| i.policy.fraction_bits = 47),
    ("shares of 10,001", Clause::Credit, |i| i.policy.data_bps = Bps::new(6_001).unwrap()),
    ("shares of 9,999", Clause::Credit, |i| i.policy.data_bps = Bps::new(5_999).unwrap()),
    ("a minimum of 2^80", Clause::Release, |i| i.policy.min_payout = 1 << MIN_PAYOUT_BITS),
    ("an entry of no credits", Clause::Owners, |i| i.state[1].accrued = U256::ZERO),
    ("an entry of 2^134 credits", Clause::Owners, |i| {
        i.state[1].accrued = U256::from(1) << ACCRUED_BITS as usize;
    }),
    ("state out of order", Clause::Owners, |i| i.state.swap(0, 1)),
    ("an account waits twice", Clause::Owners, |i| i.state[1].account = i.state[0].account),
];

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

/// The trace of the sample, told to inputs from which something that it names was taken away.
fn taken_away(take: impl Fn(&mut Inputs)) -> (Inputs, Trace) {
    let whole = sample();
    let mut inputs = whole.clone();
    take(&mut inputs);
    let mut trace = settle_unchecked(&whole);
    let roots = Commitment::new(&inputs);
    trace.header.registry_root = roots.registry_root;
    trace.header.scores_root = roots.scores_root;
    (inputs, trace)
}

#[test]
fn what_does_not_exist_cannot_be_named() {
    let (inputs, trace) = taken_away(|i| i.registry.truncate(7));
    assert_eq!(check_inputs(&inputs).unwrap_err().clause, Clause::Counted);
    assert!(violated(&assignment(&XS, &inputs, &trace)).contains(&Clause::Counted));

    let (inputs, trace) = taken_away(|i| i.events.truncate(3));
    assert_eq!(check_inputs(&inputs).unwrap_err().clause, Clause::Counted);
    assert!(violated(&assignment(&XS, &inputs, &trace)).contains(&Clause::Counted));

    // The service of the first two events.
    let (inputs, trace) = taken_away(|i| {
        i.registry.truncate(6);
        i.records.retain(|r| r.asset < 6);
    });
    assert_eq!(check_inputs(&inputs).unwrap_err().clause, Clause::Ledger);
    assert!(violated(&assignment(&XS, &inputs, &trace)).contains(&Clause::Ledger));
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
