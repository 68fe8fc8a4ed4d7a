//! Random epochs: the settlement against the naive one, the native check against honest and
//! lying traces.

mod naive;

use meed_statement::check::check;
use meed_statement::lies::{lies, sample};
use meed_statement::roots::{state_root, Commitment};
use meed_statement::settle::{settle, Trace};
use meed_statement::types::{Account, Inputs};
use meed_statement::units::UNIT;
use meed_statement::words::check_words;
use naive::arb::{arb_epoch, Epoch, Limits, LARGER, TINY};
use naive::Settled;
use num_bigint::{BigInt, Sign};
use num_rational::BigRational;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use ruint::aliases::U256;

fn integer(v: U256) -> BigInt {
    BigInt::from_bytes_be(Sign::Plus, &v.to_be_bytes::<32>())
}

/// Credits as the naive settlement has them, in base units.
fn money(credits: U256) -> BigRational {
    BigRational::from_integer(integer(credits)) / naive::unit()
}

/// Every field of the trace against the naive settlement.
fn compare(inputs: &Inputs, trace: &Trace, naive: &Settled) {
    let counted: Vec<BigInt> = trace.counted.iter().map(|c| BigInt::from(*c)).collect();
    assert_eq!(counted, naive.counted, "counted");

    let prices: Vec<_> = trace
        .prices
        .iter()
        .map(|p| naive::Price {
            points: p.points.into(),
            price: money(p.price),
            leftover: money(p.leftover),
        })
        .collect();
    assert_eq!(prices, naive.prices, "prices");

    let flows: Vec<_> = inputs
        .registry
        .iter()
        .zip(&trace.flows)
        .map(|(asset, f)| {
            let (used, unused) = f.passes.split_at(asset.edges.len());
            assert!(unused.iter().all(|p| p.is_zero()), "slots without an edge pass nothing");
            naive::Flow {
                direct: money(f.direct),
                inflow: money(f.inflow),
                passes: used.iter().map(|p| money(*p)).collect(),
                penalty: money(f.penalty),
                kept: money(f.kept),
            }
        })
        .collect();
    assert_eq!(flows, naive.flows, "flows");

    let roles = [trace.roles.platform, trace.roles.stakers, trace.roles.remainder].map(money);
    let expected = [&naive.platform, &naive.stakers, &naive.remainder].map(Clone::clone);
    assert_eq!(roles, expected, "roles");
    assert_eq!(money(trace.cap), naive.cap, "cap");
    assert_eq!(money(trace.excess), naive.excess, "excess");

    assert!(trace.accounts.windows(2).all(|w| w[0].account < w[1].account), "the table is sorted");
    let rows: Vec<_> = trace
        .accounts
        .iter()
        .map(|row| {
            // The library keeps the excess apart; the statement counts it to the remainder account.
            let excess =
                if row.account == inputs.policy.remainder { trace.excess } else { U256::ZERO };
            let row_of_naive = naive::Row {
                before: money(row.accrued_before),
                earned: money(row.earned),
                credited: money(row.credited + excess),
                amount: row.amount.into(),
                after: money(row.accrued_after),
            };
            (row.account, row_of_naive)
        })
        .collect();
    let expected: Vec<_> = naive.accounts.iter().map(|(a, row)| (*a, row.clone())).collect();
    assert_eq!(rows, expected, "accounts");

    let payouts: Vec<(Account, BigInt)> =
        trace.payouts.iter().map(|p| (p.account, p.amount.into())).collect();
    assert_eq!(payouts, naive.payouts, "payouts");
    let state: Vec<_> = trace.state_after.iter().map(|e| (e.account, money(e.accrued))).collect();
    assert_eq!(state, naive.state_after, "state");

    let header = &trace.header;
    let committed = Commitment::new(inputs);
    assert_eq!(header.epoch, inputs.epoch);
    assert_eq!(header.policy_hash, committed.policy_hash);
    assert_eq!(header.registry_root, committed.registry_root);
    assert_eq!(header.scores_root, committed.scores_root);
    assert_eq!(header.state_root_before, state_root(&inputs.state));
    assert_eq!(header.state_root_after, state_root(&trace.state_after));
    assert_eq!(BigInt::from(header.fees_total), naive.fees_total);
    assert_eq!(BigInt::from(header.released_total), naive.released_total);
    let waits: BigInt = header.accrued_total_after.to_string().parse().unwrap();
    assert_eq!(BigRational::from_integer(waits) / naive::unit(), naive.accrued_total_after);
    assert_eq!(header.payouts as usize, naive.payouts.len());
}

/// Settles twice, compares, checks, and counts the credits.
fn agree(inputs: &Inputs) {
    let trace = settle(inputs).unwrap();
    let naive = naive::settle(inputs);
    compare(inputs, &trace, &naive);
    check(inputs, &Commitment::new(inputs), &trace).unwrap();
    assert_eq!(check_words(&trace.words()).unwrap(), trace.header);

    let unit = BigInt::from(UNIT);
    let came: BigInt = inputs.events.iter().map(|e| BigInt::from(e.fee) * &unit).sum::<BigInt>()
        + inputs.state.iter().map(|e| integer(e.accrued)).sum::<BigInt>();
    let went: BigInt = trace.payouts.iter().map(|p| BigInt::from(p.amount) * &unit).sum::<BigInt>()
        + trace.state_after.iter().map(|e| integer(e.accrued)).sum::<BigInt>();
    assert_eq!(came, went, "not one credit is lost");
}

/// Lies that change the trace are rejected for the clause that they break.
fn lies_are_caught(inputs: &Inputs) -> usize {
    let honest = settle(inputs).unwrap();
    let committed = Commitment::new(inputs);
    let told = lies().into_iter().filter_map(|lie| Some((lie, lie.told(inputs)?)));
    let mut count = 0;
    for (lie, trace) in told.filter(|(_, trace)| *trace != honest) {
        match check(inputs, &committed, &trace) {
            Ok(()) => panic!("{}: accepted", lie.name),
            Err(violation) => assert_eq!(violation.clause, lie.clause, "{}: {violation}", lie.name),
        }
        count += 1;
    }
    count
}

/// This many cases, or as many as `PROPTEST_CASES` says.
fn cases(cases: u32) -> ProptestConfig {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    let cases = wanted.unwrap_or(cases);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(600))]
    #[test]
    fn tiny_epochs_agree(Epoch(inputs) in arb_epoch(TINY)) {
        agree(&inputs);
    }
}

proptest! {
    #![proptest_config(cases(120))]
    #[test]
    fn larger_epochs_agree(Epoch(inputs) in arb_epoch(LARGER)) {
        agree(&inputs);
    }

    #[test]
    fn epochs_carry_over(
        Epoch(first) in arb_epoch(TINY),
        Epoch(second) in arb_epoch(Limits { state: 0, ..TINY }),
    ) {
        let state = settle(&first).unwrap().state_after;
        agree(&Inputs { epoch: first.epoch + 1, state, ..second });
    }
}

proptest! {
    #![proptest_config(cases(20))]
    #[test]
    fn lies_about_random_epochs_are_caught(Epoch(inputs) in arb_epoch(TINY)) {
        lies_are_caught(&inputs);
    }
}

/// What makes an epoch worth drawing.
fn traits(inputs: &Inputs, trace: &Trace) -> Vec<&'static str> {
    let Inputs { policy, registry, events, records, state, .. } = inputs;
    let [platform, stakers, remainder] = policy.accounts();
    let owns = |account| registry.iter().any(|a| a.owner == account);
    let deep = registry
        .windows(3)
        .any(|w| w.iter().all(|a| a.edges.first().is_some_and(|e| e.bps.get() == 10_000)));
    let threshold = policy.threshold as i64;
    let score = |wanted: i64| records.iter().any(|r| r.score == wanted);
    let one_parent = |a: &meed_statement::types::Asset| {
        a.edges.len() == 4 && a.edges.iter().all(|e| e.parent == a.edges[0].parent)
    };
    let all = [
        ("no events", events.is_empty()),
        ("no records", records.is_empty() && !events.is_empty()),
        ("a fee of nothing", events.iter().any(|e| e.fee == 0)),
        ("the largest fee", events.iter().any(|e| e.fee == (1 << 80) - 1)),
        ("a score at the threshold", score(threshold)),
        ("a score just under it", score(threshold - 1)),
        ("the largest score", score((1 << 47) - 1)),
        ("the least score", score(-((1 << 47) - 1))),
        ("no score above zero", !records.is_empty() && records.iter().all(|r| r.score < 0)),
        ("no points", trace.prices.iter().any(|p| p.points == 0 && !p.leftover.is_zero())),
        ("no data share", policy.data_bps.get() == 0),
        ("all is data share", policy.data_bps.get() == 10_000),
        ("rounding", trace.prices.iter().any(|p| p.points > 0 && !p.leftover.is_zero())),
        ("a chain", deep),
        ("four edges to one parent", registry.iter().any(one_parent)),
        ("a penalty", trace.flows.iter().any(|f| !f.penalty.is_zero() && !f.kept.is_zero())),
        ("a suspension", registry.iter().any(|a| a.penalty.get() == 10_000)),
        ("one owner", registry.len() > 2 && registry.iter().all(|a| a.owner == registry[0].owner)),
        ("one policy account", platform == stakers && stakers == remainder),
        ("an owner is the platform", owns(platform)),
        ("an owner is the remainder", owns(remainder)),
        ("a stranger in the state", state.iter().any(|e| !owns(e.account))),
        ("the largest accrual", state.iter().any(|e| e.accrued.bit_len() == 134)),
        ("an excess", !trace.excess.is_zero()),
        ("a cap of nothing", policy.cap_bps.get() == 0 && !trace.excess.is_zero()),
        ("no cap", policy.cap_bps.get() == 10_000),
        ("a minimum of nothing", policy.min_payout == 0 && !trace.payouts.is_empty()),
        ("the largest minimum", policy.min_payout == (1 << 80) - 1),
        ("units wait", trace.accounts.iter().any(|r| r.accrued_after > U256::from(UNIT))),
        ("nobody is paid", trace.payouts.is_empty()),
    ];
    all.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name).collect()
}

#[test]
fn the_strategies_reach_the_edges() {
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::new();
    for limits in [TINY, LARGER] {
        for _ in 0..300 {
            let Epoch(inputs) = arb_epoch(limits).new_tree(&mut runner).unwrap().current();
            let trace = settle(&inputs).unwrap();
            for name in traits(&inputs, &trace) {
                *seen.entry(name).or_insert(0) += 1;
            }
        }
    }
    assert_eq!(seen.len(), 30, "{seen:#?}");
}

#[test]
fn the_sample_agrees() {
    agree(&sample());
    assert_eq!(lies_are_caught(&sample()), lies().len());
}
