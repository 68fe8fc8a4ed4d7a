//! Epochs at the bounds of everything, and malformed ones: told to every circuit.
#![allow(dead_code, missing_docs, unreachable_pub)]

use meed_statement::clause::Clause;
use meed_statement::lies::sample;
use meed_statement::roots::Commitment;
use meed_statement::settle::{settle_with, Trace};
use meed_statement::types::{Bps, Edge, Inputs, Record};
use meed_statement::units::{ACCRUED_BITS, FEE_BITS, MIN_PAYOUT_BITS, SCORE_BITS};
use ruint::aliases::U256;

const TOP_SCORE: i64 = (1 << SCORE_BITS) - 1;

/// What is done to the sample.
pub type Change = fn(&mut Inputs);

/// Boundary epochs, made from the sample.
pub const BOUNDARY: &[(&str, Change)] = &[
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

/// What is done to the sample, and the clause that it breaks.
pub type Malformation = (&'static str, Clause, Change);

/// Malformed inputs of which a trace can still be computed.
pub const MALFORMED: &[Malformation] = &[
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

/// What is taken away, and the clause that what names it breaks.
pub const TAKEN_AWAY: &[Malformation] = &[
    ("an asset that records name", Clause::Counted, |i| i.registry.truncate(7)),
    ("an event that records name", Clause::Counted, |i| i.events.truncate(3)),
    ("the service of the first two events", Clause::Ledger, |i| {
        i.registry.truncate(6);
        i.records.retain(|r| r.asset < 6);
    }),
];

/// The trace of the sample, told to inputs from which something that it names was taken away.
pub fn taken_away(take: Change) -> (Inputs, Trace) {
    let whole = sample();
    let mut inputs = whole.clone();
    take(&mut inputs);
    let mut trace = settle_with(&whole, &Commitment::new(&whole), |_, _| {});
    let roots = Commitment::new(&inputs);
    trace.header.registry_root = roots.registry_root;
    trace.header.scores_root = roots.scores_root;
    (inputs, trace)
}
