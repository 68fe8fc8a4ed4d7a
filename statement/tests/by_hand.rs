//! One epoch of one event, worked out by hand, clause by clause.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use meed_statement::check::check;
use meed_statement::roots::Commitment;
use meed_statement::settle::{settle, Trace};
use meed_statement::types::{
    Account, Asset, Bps, ContentHash, Edge, Event, Inputs, Kind, Policy, Record, StateEntry,
};
use meed_statement::units::{credits, UNIT};
use ruint::aliases::U256;

fn account(byte: u8) -> Account {
    Account::new([byte; 20]).unwrap()
}

fn bps(v: u32) -> Bps {
    Bps::new(v).unwrap()
}

fn edge(parent: u32, share: u32) -> Edge {
    Edge { parent, bps: bps(share) }
}

/// One event of 100 units, two records of 1 and 2 points, a royalty, a penalty, a cap.
fn epoch() -> (Inputs, Trace) {
    let asset = |n: u8, owner, edges: &[Edge], penalty| Asset {
        content_hash: ContentHash([n; 32]),
        owner: account(owner),
        kind: Kind::Dataset,
        edges: edges.to_vec(),
        penalty: bps(penalty),
    };
    let inputs = Inputs {
        epoch: 1,
        policy: Policy {
            platform_bps: bps(500),
            stakers_bps: bps(500),
            service_bps: bps(1_000),
            model_bps: bps(2_000),
            data_bps: bps(6_000),
            platform: account(1),
            stakers: account(2),
            remainder: account(3),
            threshold: 1,
            cap_bps: bps(4_500),
            min_payout: 10,
            fraction_bits: 0,
        },
        registry: vec![
            asset(1, 11, &[], 0),
            asset(2, 12, &[edge(0, 2_500)], 0),
            asset(3, 13, &[edge(0, 500), edge(1, 1_000)], 500),
        ],
        salt: Fr::ZERO,
        events: vec![Event { id: [0; 16], fee: 100, service: 2, model: 0 }],
        records: [(0, 1), (1, 2), (2, 0)]
            .map(|(asset, score)| Record { event: 0, asset, score })
            .to_vec(),
        state: vec![StateEntry { account: account(13), accrued: credits(1) }],
    };
    let trace = settle(&inputs).unwrap();
    check(&inputs, &Commitment::new(&inputs), &trace).unwrap();
    (inputs, trace)
}

/// Hundredths of a unit, in credits.
fn cents(v: u64) -> U256 {
    U256::from(UNIT / 100) * U256::from(v)
}

#[test]
fn s3_counts_from_the_threshold_on() {
    assert_eq!(epoch().1.counted, [1, 2, 0]);
}

#[test]
fn s4_prices_a_point_and_leaves_the_rest() {
    let (_, trace) = epoch();
    // The data share is 60 units: 20 for each of three points.
    assert_eq!(trace.prices[0].points, 3);
    assert_eq!(trace.prices[0].price, cents(2_000));
    assert_eq!(trace.prices[0].leftover, U256::ZERO);
    // Seven points do not share 60 units evenly.
    let (mut inputs, _) = epoch();
    inputs.records[1].score = 6;
    let trace = settle(&inputs).unwrap();
    assert_eq!(trace.prices[0].price, U256::from(60 * UNIT / 7));
    assert_eq!(trace.prices[0].leftover, U256::from(60 * UNIT % 7));
    assert_ne!(60 * UNIT % 7, 0);
}

#[test]
fn s5_credits_records_and_roles() {
    let (_, trace) = epoch();
    let direct: Vec<_> = trace.flows.iter().map(|f| f.direct).collect();
    // A point and the model's share; two points; the service's share.
    assert_eq!(direct, [cents(2_000 + 2_000), cents(4_000), cents(1_000)]);
    assert_eq!(trace.roles.platform, cents(500));
    assert_eq!(trace.roles.stakers, cents(500));
}

#[test]
fn s6_passes_royalties_up_and_penalties_away() {
    let (_, trace) = epoch();
    let [a, b, c] = trace.flows[..] else { panic!("three assets") };
    assert_eq!(c.passes[..2], [cents(50), cents(100)]);
    assert_eq!((c.penalty, c.kept), (cents(50), cents(800)));
    assert_eq!((b.inflow, b.passes[0], b.kept), (cents(4_100), cents(1_025), cents(3_075)));
    assert_eq!((a.inflow, a.kept), (cents(5_075), cents(5_075)));
    assert_eq!(trace.roles.remainder, cents(50));
}

#[test]
fn s7_to_s9_cap_release_and_let_wait() {
    let (_, trace) = epoch();
    let row = |n: u8| trace.accounts.iter().find(|r| r.account == account(n)).unwrap();
    assert_eq!(trace.accounts.len(), 6);
    // S8: 50.75 is capped at 45; the remainder account takes 5.75.
    assert_eq!(trace.cap, cents(4_500));
    assert_eq!((row(11).earned, row(11).credited), (cents(5_075), cents(4_500)));
    assert_eq!(trace.excess, cents(575));
    // S9: whole units from 10 on; the rest waits.
    assert_eq!((row(11).amount, row(11).accrued_after), (45, U256::ZERO));
    assert_eq!((row(12).amount, row(12).accrued_after), (30, cents(75)));
    assert_eq!((row(13).amount, row(13).accrued_after), (0, cents(900)));
    assert_eq!((row(1).amount, row(1).accrued_after), (0, cents(500)));
    assert_eq!((row(2).amount, row(2).accrued_after), (0, cents(500)));
    assert_eq!((row(3).amount, row(3).accrued_after), (0, cents(50 + 575)));
}

#[test]
fn s10_s11_the_words_balance() {
    let (_, trace) = epoch();
    let header = trace.header;
    assert_eq!((header.fees_total, header.released_total, header.payouts), (100, 75, 2));
    // One unit waited, 100 came in, 75 went out: 26 wait.
    assert_eq!(header.accrued_total_after, Fr::from(26 * UNIT));
    let words = trace.words();
    assert_eq!(words.len(), 13);
    let shift = Fr::from(2u64).pow([93]);
    assert_eq!(words[11], account(11).to_field() * shift + Fr::from(45u64));
    assert_eq!(words[12], account(12).to_field() * shift + Fr::from(30u64));
}
