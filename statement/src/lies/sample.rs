//! An epoch of shape XS to which every lie applies.

use crate::types::{
    Account, Asset, Bps, ContentHash, Edge, Event, Inputs, Kind, Policy, Record, StateEntry,
};
use crate::units::{credits, SCORE_BITS};
use ark_bn254::Fr;
use ruint::aliases::U256;
use sha3::{Digest, Keccak256};

fn account(byte: u8) -> Account {
    Account::new([byte; 20]).expect("not zero")
}

fn bps(v: u32) -> Bps {
    Bps::new(v).expect("at most 10,000")
}

fn asset(name: &str, kind: Kind, owner: u8, edges: &[(u32, u32)], penalty: u32) -> Asset {
    Asset {
        content_hash: ContentHash(Keccak256::digest(name).into()),
        owner: account(owner),
        kind,
        edges: edges.iter().map(|&(parent, v)| Edge { parent, bps: bps(v) }).collect(),
        penalty: bps(penalty),
    }
}

/// A tiny epoch of shape XS to which every lie of [`super::lies`] applies.
///
/// It has edges, penalties, a copy and a suspended asset, an owner over the cap, one under the
/// minimum payout, carried state (also of an account that owns nothing), an event without points,
/// a fee too small to share evenly, and scores below zero, at the threshold and next to it. Its
/// table of accounts has seven rows, so that the eighth of XS is free for a lie.
#[must_use]
pub fn sample() -> Inputs {
    const ANNA: u8 = 0x11;
    const PLATFORM: u8 = 0x22;
    const BELA: u8 = 0x33;
    const STAKERS: u8 = 0x55;
    const CARO: u8 = 0x77;
    const REMAINDER: u8 = 0x99;
    const DORA: u8 = 0xfe;
    const COIN: u128 = 1_000_000_000_000_000_000;
    const THRESHOLD: i64 = 1 << 20;
    const TOP: i64 = (1 << SCORE_BITS) - 1;

    let policy = Policy {
        platform_bps: bps(500),
        stakers_bps: bps(500),
        service_bps: bps(1_000),
        model_bps: bps(2_000),
        data_bps: bps(6_000),
        platform: account(PLATFORM),
        stakers: account(STAKERS),
        remainder: account(REMAINDER),
        threshold: THRESHOLD as u64,
        cap_bps: bps(3_000),
        min_payout: COIN,
        fraction_bits: 32,
    };
    let registry = vec![
        asset("poems", Kind::Dataset, ANNA, &[], 0),
        asset("recipes", Kind::Dataset, BELA, &[], 0),
        asset("jokes", Kind::Dataset, CARO, &[], 0),
        asset("base", Kind::Model, BELA, &[(0, 1_000), (1, 500)], 0),
        asset("poems, again", Kind::Dataset, CARO, &[(0, 10_000)], 0),
        asset("tuned", Kind::Adapter, ANNA, &[(3, 2_500), (1, 333), (2, 1), (0, 7)], 100),
        asset("chat", Kind::Service, ANNA, &[], 0),
        asset("stolen", Kind::Dataset, CARO, &[], 10_000),
    ];
    let event = |n: u8, fee, service, model| Event { id: [n; 16], fee, service, model };
    let events = vec![
        event(1, 400 * COIN + 7, 6, 3),
        event(2, 333_333_333_333_333_333_333, 6, 5),
        event(3, 77_777_777, 3, 3),
        event(4, 3, 5, 6),
    ];
    let records = [
        (0, 0, (1 << 40) + 12_345),
        (0, 1, 3 << 38),
        (0, 2, THRESHOLD),
        (0, 4, 5 << 36),
        (0, 5, -(1 << 30)),
        (0, 7, 1 << 37),
        (1, 0, 1 << 41),
        (1, 1, THRESHOLD - 1),
        (1, 2, THRESHOLD + 1),
        (1, 3, -1),
        (1, 4, 1 << 33),
        (2, 0, -5),
        (2, 1, THRESHOLD - 1),
        (2, 2, 0),
        (2, 5, -TOP),
        (3, 0, TOP),
        (3, 1, 1 << 46),
        (3, 2, 1 << 21),
        (3, 6, 777_777_777),
    ];
    let waits = |owner, units, more: u64| StateEntry {
        account: account(owner),
        accrued: credits(units) + U256::from(more),
    };
    Inputs {
        epoch: 3,
        policy,
        registry,
        salt: Fr::from(0x5a17_u64),
        events,
        records: records
            .into_iter()
            .map(|(event, asset, score)| Record { event, asset, score })
            .collect(),
        state: vec![
            waits(BELA, COIN - 1, 9_999),
            waits(REMAINDER, 0, 17),
            waits(DORA, COIN / 2, 12_345),
        ],
    }
}
