//! Epochs to write receipts of.

use meed_statement::settle::{settle, Trace};
use meed_statement::synthetic::{epoch, Spec};
use meed_statement::types::{
    Account, Asset, Bps, ContentHash, Edge, Event, Inputs, Kind, Policy, Record, StateEntry,
};
use meed_statement::units::{credits, UNIT};
use ruint::aliases::U256;

pub(crate) fn bps(share: u32) -> Bps {
    Bps::new(share).unwrap()
}

pub(crate) fn account(byte: u8) -> Account {
    Account::new([byte; 20]).unwrap()
}

/// Synthetic epochs of several sizes, each under several policies.
pub(crate) fn synthetic() -> Vec<(Inputs, Trace)> {
    let mut epochs = Vec::new();
    for (seed, (assets, events, records, owners, state)) in [
        (5, 3, 9, 3, 2),
        (40, 12, 300, 9, 6),
        (12, 6, 72, 30, 0),
        (1, 1, 1, 1, 1),
        (60, 30, 600, 4, 12),
    ]
    .into_iter()
    .enumerate()
    {
        let spec =
            Spec { assets, events, records, owners, state, skew: 0.7, seed: seed as u64 + 1 };
        let plain = epoch(&spec);
        type Change = fn(&mut Inputs);
        let changes: [Change; 9] = [
            |_| {},
            |e| e.policy.min_payout = 1 << 57,
            |e| e.policy.cap_bps = bps(50),
            |e| {
                // One account is everything.
                let owner = e.registry[0].owner;
                (e.policy.platform, e.policy.stakers, e.policy.remainder) = (owner, owner, owner);
            },
            |e| e.policy.threshold = 1 << 46,
            |e| e.policy.data_bps = bps(0),
            // Copies and suspensions.
            |e| {
                for (index, asset) in e.registry.iter_mut().enumerate().skip(1) {
                    if index % 3 == 0 {
                        asset.penalty = bps(0);
                        asset.edges = vec![Edge { parent: index as u32 - 1, bps: bps(10_000) }];
                    } else if index % 5 == 0 {
                        asset.penalty = bps(10_000);
                        asset.edges.clear();
                    }
                }
            },
            |e| e.events.iter_mut().for_each(|event| event.fee %= 7),
            |e| {
                e.events.clear();
                e.records.clear();
            },
        ];
        for change in changes {
            let mut inputs = plain.clone();
            change(&mut inputs);
            if inputs.policy.data_bps == bps(0) {
                inputs.policy.model_bps = bps(8_000);
            }
            let trace = settle(&inputs).unwrap();
            epochs.push((inputs, trace));
        }
    }
    epochs
}

pub(crate) const BASE: u8 = 0x11;
pub(crate) const MIXER: u8 = 0x22;
pub(crate) const COPIER: u8 = 0x33;
pub(crate) const IDLE: u8 = 0x44;
pub(crate) const LATE: u8 = 0x55;
pub(crate) const SERVER: u8 = 0x66;
pub(crate) const REMAINDER: u8 = 0xcc;

/// An epoch that fits a page. Fraction bits 4, so that 1.0 is 16; threshold 0.5.
///
/// `alder` is original data of `BASE`; `blend`, of `MIXER`, is half made of it; `copycat`, of `COPIER`,
/// is a copy of `blend`; nobody scores `oak` of `IDLE`; `fined`, of `BASE`, has a penalty; `server` serves
/// and is the model. `LATE` owns nothing, but something waits for it.
pub(crate) fn story() -> (Inputs, Trace, Vec<String>) {
    let asset = |byte: u8, owner: u8, kind, edges: &[(u32, u32)], penalty| Asset {
        content_hash: ContentHash([byte; 32]),
        owner: account(owner),
        kind,
        edges: edges
            .iter()
            .map(|(parent, share)| Edge { parent: *parent, bps: bps(*share) })
            .collect(),
        penalty: bps(penalty),
    };
    let registry = vec![
        asset(1, BASE, Kind::Dataset, &[], 0),
        asset(2, MIXER, Kind::Dataset, &[(0, 5_000)], 0),
        asset(3, COPIER, Kind::Dataset, &[(1, 10_000)], 0),
        asset(4, IDLE, Kind::Dataset, &[], 0),
        asset(5, BASE, Kind::Dataset, &[], 2_500),
        asset(6, SERVER, Kind::Service, &[], 0),
    ];
    let event = |id: u8, fee| Event { id: [id; 16], fee, service: 5, model: 5 };
    let record = |event, asset, score| Record { event, asset, score };
    let inputs = Inputs {
        epoch: 3,
        policy: Policy {
            platform_bps: bps(500),
            stakers_bps: bps(500),
            service_bps: bps(1_000),
            model_bps: bps(2_000),
            data_bps: bps(6_000),
            platform: account(0xaa),
            stakers: account(0xbb),
            remainder: account(REMAINDER),
            threshold: 8,
            cap_bps: bps(2_500),
            min_payout: 200,
            fraction_bits: 4,
        },
        registry,
        salt: 12345u64.into(),
        events: vec![event(1, 1_000), event(2, 1_000), event(3, 1_000)],
        records: vec![
            record(0, 0, 16),
            record(0, 1, 32),
            record(0, 2, 48),
            record(1, 0, 16),
            record(1, 1, 7),
            record(1, 2, -9),
            record(1, 4, 32),
            record(2, 1, 3),
        ],
        state: vec![
            StateEntry { account: account(COPIER), accrued: credits(5) + U256::from(UNIT / 4) },
            StateEntry { account: account(LATE), accrued: credits(199) + U256::from(1) },
        ],
    };
    let trace = settle(&inputs).unwrap();
    let names = ["alder", "blend", "copycat", "oak", "fined", "server"];
    (inputs, trace, names.map(str::to_owned).to_vec())
}
