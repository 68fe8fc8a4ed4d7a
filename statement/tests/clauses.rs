//! Clauses S1 to S11 one by one: inputs at and beyond every bound, roots of other inputs, rows
//! that are missing. `by_hand.rs` has the honest case of every clause, `lies.rs` and `wires.rs`
//! tell the lies.

use ark_bn254::Fr;
use ark_ff::Field;
use meed_statement::check::{check, check_inputs};
use meed_statement::clause::{Clause, Place};
use meed_statement::lies::sample;
use meed_statement::roots::Commitment;
use meed_statement::settle::{settle, settle_with, Trace};
use meed_statement::types::{Account, Bps, Edge, Event, Inputs, Kind, StateEntry};
use meed_statement::units::credits;
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

/// A change of the sample is refused, under this clause and there, by `settle` and by `check`.
fn refused(clause: Clause, at: Place, change: impl FnOnce(&mut Inputs)) {
    let mut inputs = sample();
    let trace = settle(&inputs).unwrap();
    change(&mut inputs);
    let violation = settle(&inputs).expect_err("the inputs are malformed");
    assert_eq!((violation.clause, violation.at), (clause, at), "{violation}");
    // The commitment does not matter: malformed inputs are refused before it is looked at.
    let committed = Commitment::new(&sample());
    assert_eq!(check(&inputs, &committed, &trace), Err(violation));
}

/// A change of the sample settles and checks.
fn accepted(change: impl FnOnce(&mut Inputs)) -> (Inputs, Trace) {
    let mut inputs = sample();
    change(&mut inputs);
    let trace = settle(&inputs).unwrap();
    check(&inputs, &Commitment::new(&inputs), &trace).unwrap();
    (inputs, trace)
}

/// The sample does not check against the roots of another epoch.
fn other_root(clause: Clause, at: Place, change: impl FnOnce(&mut Inputs)) {
    let inputs = sample();
    let mut other = sample();
    change(&mut other);
    check_inputs(&other).unwrap();
    let committed = Commitment::new(&other);
    // The header may tell the truth about the inputs, or about what was committed.
    for words in [&inputs, &other] {
        let words = Commitment::new(words);
        let trace = settle_with(&inputs, &words, |_, _| {});
        let violation = check(&inputs, &committed, &trace).expect_err("the roots differ");
        assert_eq!((violation.clause, violation.at), (clause, at), "{violation}");
    }
}

mod s1_registry {
    use super::*;
    use Clause::Registry;
    use Place::Asset as At;

    #[test]
    fn edges_lead_to_earlier_assets() {
        refused(Registry, At(3), |i| i.registry[3].edges = vec![edge(3, 1)]);
        refused(Registry, At(3), |i| i.registry[3].edges = vec![edge(0, 1), edge(4, 1)]);
        refused(Registry, At(0), |i| i.registry[0].edges = vec![edge(0, 1)]);
        refused(Registry, At(7), |i| i.registry[7].edges = vec![edge(u32::MAX, 1)]);
        accepted(|i| i.registry[3].edges = vec![edge(2, 1)]);
    }

    #[test]
    fn an_asset_has_at_most_four_edges_that_owe_something() {
        refused(Registry, At(6), |i| i.registry[6].edges = vec![edge(0, 1); 5]);
        refused(Registry, At(6), |i| i.registry[6].edges = vec![edge(0, 1), edge(1, 0)]);
        accepted(|i| i.registry[6].edges = vec![edge(0, 1); 4]);
        accepted(|i| i.registry[6].edges = vec![edge(0, 2_500); 4]);
    }

    #[test]
    fn edges_and_penalty_owe_at_most_the_whole() {
        let owe = |first, second, penalty| {
            move |i: &mut Inputs| {
                i.registry[6].edges = vec![edge(0, first), edge(1, second)];
                i.registry[6].penalty = bps(penalty);
            }
        };
        accepted(owe(5_000, 4_999, 1));
        refused(Registry, At(6), owe(5_000, 4_999, 2));
        refused(Registry, At(6), owe(5_000, 5_001, 0));
        refused(Registry, At(6), owe(10_000, 10_000, 10_000));
        assert_eq!(Bps::new(10_001), None);
        assert_eq!(Account::new([0; 20]), None);
    }

    #[test]
    fn contents_are_distinct() {
        let hash = |change: usize| {
            move |i: &mut Inputs| {
                i.registry[5].content_hash = i.registry[2].content_hash;
                i.registry[5].content_hash.0[change] ^= 1;
            }
        };
        refused(Registry, At(5), |i| i.registry[5].content_hash = i.registry[2].content_hash);
        refused(Registry, At(5), hash(16));
        refused(Registry, At(5), hash(31));
        accepted(hash(15));
        accepted(hash(0));
    }

    #[test]
    fn the_root_is_that_of_the_registry() {
        other_root(Registry, Place::Epoch, |i| i.registry[2].owner = account(0x11));
        other_root(Registry, Place::Epoch, |i| i.registry[2].kind = Kind::Model);
        other_root(Registry, Place::Epoch, |i| i.registry[3].edges[1].bps = bps(501));
        other_root(Registry, Place::Epoch, |i| i.registry[3].edges.swap(0, 1));
        other_root(Registry, Place::Epoch, |i| i.registry[5].penalty = bps(0));
        other_root(Registry, Place::Epoch, |i| i.registry[7].content_hash.0[31] ^= 1);
        other_root(Registry, Place::Epoch, |i| {
            let mut more = i.registry[0].clone();
            more.content_hash.0[0] ^= 1;
            i.registry.push(more);
        });
    }
}

mod s2_ledger {
    use super::*;
    use Clause::Ledger;

    #[test]
    fn fees_are_below_2_to_80() {
        refused(Ledger, Place::Event(1), |i| i.events[1].fee = 1 << 80);
        refused(Ledger, Place::Event(0), |i| i.events[0].fee = u128::MAX);
        accepted(|i| i.events[1].fee = (1 << 80) - 1);
        accepted(|i| i.events.iter_mut().for_each(|e| e.fee = 0));
    }

    #[test]
    fn the_fees_of_an_epoch_are_below_2_to_92() {
        let fees = |last: u128| {
            move |i: &mut Inputs| {
                i.events = vec![Event { fee: (1 << 80) - 1, ..i.events[0] }; 4_096];
                i.events.push(Event { fee: last, ..i.events[0] });
            }
        };
        // 4,096 of the largest fee are 2^92 - 4,096.
        let (_, trace) = accepted(fees(4_095));
        assert_eq!(trace.header.fees_total, (1 << 92) - 1);
        refused(Ledger, Place::Epoch, fees(4_096));
    }

    #[test]
    fn events_name_registered_assets() {
        refused(Ledger, Place::Event(2), |i| i.events[2].service = 8);
        refused(Ledger, Place::Event(3), |i| i.events[3].model = 8);
        refused(Ledger, Place::Event(0), |i| i.events[0].model = u32::MAX);
        accepted(|i| (i.events[2].service, i.events[2].model) = (7, 7));
    }

    #[test]
    fn scores_are_below_2_to_47() {
        const TOP: i64 = (1 << 47) - 1;
        for score in [TOP + 1, -TOP - 1, i64::MAX, i64::MIN] {
            refused(Ledger, Place::Record(4), |i| i.records[4].score = score);
        }
        accepted(|i| (i.records[4].score, i.records[5].score) = (TOP, -TOP));
    }

    #[test]
    fn records_are_sorted_and_stand_once() {
        refused(Ledger, Place::Record(3), |i| i.records.swap(2, 3));
        refused(Ledger, Place::Record(3), |i| i.records[3].asset = i.records[2].asset);
        refused(Ledger, Place::Record(6), |i| i.records.swap(5, 6));
        refused(Ledger, Place::Record(1), |i| i.records[0].event = 3);
        accepted(|i| i.records.truncate(3));
        accepted(|i| i.records.clear());
    }

    #[test]
    fn the_root_is_that_of_the_ledger() {
        other_root(Ledger, Place::Epoch, |i| {
            i.events.pop();
            i.records.retain(|r| r.event < 3);
        });
        other_root(Ledger, Place::Epoch, |i| i.events[0].id[0] ^= 1);
        other_root(Ledger, Place::Epoch, |i| i.events[3].fee += 1);
        other_root(Ledger, Place::Epoch, |i| i.events[1].model = 3);
        other_root(Ledger, Place::Epoch, |i| i.events[1].service = 3);
        other_root(Ledger, Place::Epoch, |i| i.records[2].score += 1);
        other_root(Ledger, Place::Epoch, |i| i.records.truncate(18));
        other_root(Ledger, Place::Epoch, |i| i.records.retain(|r| r.asset > 0));
        other_root(Ledger, Place::Epoch, |i| i.salt += Fr::ONE);
    }
}

mod s3_counted {
    use super::*;
    use Clause::Counted;

    #[test]
    fn records_name_what_exists() {
        refused(Counted, Place::Record(18), |i| i.records[18].event = 4);
        refused(Counted, Place::Record(18), |i| i.records[18].event = u32::MAX);
        refused(Counted, Place::Record(18), |i| i.records[18].asset = 8);
        refused(Counted, Place::Record(5), |i| i.records[5].asset = u32::MAX);
        accepted(|i| i.records[18].asset = 7);
        // Without events no record can stand.
        refused(Counted, Place::Record(0), |i| i.events.clear());
    }

    #[test]
    fn the_threshold_is_below_2_to_47() {
        refused(Counted, Place::Policy, |i| i.policy.threshold = 1 << 47);
        refused(Counted, Place::Policy, |i| i.policy.threshold = u64::MAX);
        // The largest score still counts at the largest threshold.
        let (_, trace) = accepted(|i| i.policy.threshold = (1 << 47) - 1);
        let counted = trace.counted.iter().filter(|c| **c > 0);
        assert_eq!(counted.collect::<Vec<_>>(), [&((1 << 47) - 1)]);
        // At a threshold of zero a score below zero counts nothing.
        let (inputs, trace) = accepted(|i| i.policy.threshold = 0);
        for (record, counted) in inputs.records.iter().zip(&trace.counted) {
            assert_eq!(i128::from(*counted), i128::from(record.score.max(0)));
        }
    }

    #[test]
    fn scores_have_at_most_46_fraction_bits() {
        refused(Counted, Place::Policy, |i| i.policy.fraction_bits = 47);
        accepted(|i| i.policy.fraction_bits = 46);
        accepted(|i| i.policy.fraction_bits = 0);
    }
}

mod s4_price {
    use super::*;

    #[test]
    fn without_points_the_data_share_is_the_remainders() {
        let (inputs, trace) = accepted(|i| i.records.clear());
        for (event, price) in inputs.events.iter().zip(&trace.prices) {
            assert_eq!((price.points, price.price), (0, U256::ZERO));
            assert_eq!(price.leftover * U256::from(10), credits(event.fee) * U256::from(6));
        }
    }

    #[test]
    fn one_point_leaves_nothing() {
        let (_, trace) = accepted(|i| {
            i.policy.threshold = 1;
            i.records.iter_mut().for_each(|r| r.score = i64::from(r.asset == 0));
        });
        for price in &trace.prices {
            assert_eq!((price.points, price.leftover), (1, U256::ZERO));
        }
    }
}

mod s5_credit {
    use super::*;

    #[test]
    fn shares_add_up_to_the_whole() {
        refused(Clause::Credit, Place::Policy, |i| i.policy.data_bps = bps(6_001));
        refused(Clause::Credit, Place::Policy, |i| i.policy.data_bps = bps(5_999));
        refused(Clause::Credit, Place::Policy, |i| i.policy.platform_bps = bps(10_000));
        refused(Clause::Credit, Place::Policy, |i| {
            let policy = &mut i.policy;
            for share in [
                &mut policy.platform_bps,
                &mut policy.stakers_bps,
                &mut policy.service_bps,
                &mut policy.model_bps,
                &mut policy.data_bps,
            ] {
                *share = bps(0);
            }
        });
    }

    #[test]
    fn one_role_may_take_all() {
        for role in 0..5 {
            accepted(|i| {
                let [a, b, c, d, e] =
                    core::array::from_fn(|n| bps(if n == role { 10_000 } else { 0 }));
                let policy = &mut i.policy;
                (policy.platform_bps, policy.stakers_bps) = (a, b);
                (policy.service_bps, policy.model_bps, policy.data_bps) = (c, d, e);
            });
        }
    }
}

mod s6_flow {
    use super::*;

    #[test]
    fn a_copy_and_a_suspended_asset_keep_nothing() {
        let (inputs, trace) = accepted(|_| ());
        for index in [4, 7] {
            let flow = trace.flows[index];
            assert!(!flow.inflow.is_zero());
            assert_eq!(flow.kept, U256::ZERO, "{:?}", inputs.registry[index]);
        }
        assert_eq!(trace.flows[4].passes[0], trace.flows[4].inflow);
        assert_eq!(trace.flows[7].penalty, trace.flows[7].inflow);
    }

    #[test]
    fn a_chain_of_copies_pays_the_first() {
        let (_, trace) = accepted(|i| {
            for (index, asset) in i.registry.iter_mut().enumerate().skip(1) {
                asset.edges = vec![edge(index as u32 - 1, 10_000)];
                asset.penalty = bps(0);
            }
        });
        let direct = trace.flows.iter().fold(U256::ZERO, |sum, f| sum + f.direct);
        assert_eq!(trace.flows[0].kept, direct);
        assert!(trace.flows[1..].iter().all(|f| f.kept.is_zero()));
    }
}

mod s7_owners {
    use super::*;
    use Clause::Owners;

    #[test]
    fn the_state_is_sorted_and_holds_something() {
        refused(Owners, Place::State(1), |i| i.state.swap(0, 1));
        refused(Owners, Place::State(1), |i| i.state[1].account = i.state[0].account);
        refused(Owners, Place::State(2), |i| i.state[2].accrued = U256::ZERO);
        refused(Owners, Place::State(0), |i| i.state[0].accrued = U256::from(1) << 134);
        refused(Owners, Place::State(0), |i| i.state[0].accrued = U256::MAX);
        accepted(|i| i.state[0].accrued = (U256::from(1) << 134) - U256::from(1));
        accepted(|i| i.state[0].accrued = U256::from(1));
        accepted(|i| i.state.clear());
        accepted(|i| {
            let accrued = U256::from(1);
            i.state.insert(0, StateEntry { account: account(1), accrued });
            i.state.push(StateEntry { account: account(0xff), accrued });
        });
    }

    #[test]
    fn the_table_holds_everyone_once() {
        // Roles and owners may be one account.
        let (inputs, trace) = accepted(|i| {
            let all = account(0x11);
            (i.policy.platform, i.policy.stakers, i.policy.remainder) = (all, all, all);
            i.registry.iter_mut().for_each(|a| a.owner = all);
        });
        let accounts: Vec<_> = trace.accounts.iter().map(|r| r.account).collect();
        assert_eq!(accounts, [0x11, 0x33, 0x99, 0xfe].map(account));
        let earned = trace.accounts[0].earned;
        assert_eq!(earned, credits(inputs.events.iter().map(|e| e.fee).sum()));
    }

    #[test]
    fn a_row_without_anything_belongs_in_the_table() {
        // An owner who earns nothing and for whom nothing waits: no sum misses the row.
        let change = |i: &mut Inputs| i.registry[7].owner = account(0x78);
        let (inputs, mut trace) = accepted(change);
        let row = trace.accounts.iter().position(|r| r.account == account(0x78)).unwrap();
        assert_eq!(trace.accounts[row].earned, U256::ZERO);
        trace.accounts.remove(row);
        let violation = check(&inputs, &Commitment::new(&inputs), &trace).unwrap_err();
        assert_eq!((violation.clause, violation.at), (Owners, Place::Asset(7)));
    }
}

mod s8_cap {
    use super::*;

    #[test]
    fn a_cap_of_nothing_leaves_all_to_the_policy_accounts() {
        let (inputs, trace) = accepted(|i| i.policy.cap_bps = bps(0));
        for row in &trace.accounts {
            let exempt = inputs.policy.accounts().contains(&row.account);
            assert_eq!(row.credited, if exempt { row.earned } else { U256::ZERO });
        }
        assert!(!trace.excess.is_zero());
    }

    #[test]
    fn a_cap_of_the_whole_caps_nobody() {
        let (_, trace) = accepted(|i| i.policy.cap_bps = Bps::WHOLE);
        assert_eq!(trace.cap, credits(trace.header.fees_total));
        assert_eq!(trace.excess, U256::ZERO);
    }

    #[test]
    fn an_account_may_earn_exactly_the_cap() {
        // One asset takes the data share of 30% and nobody owes anything.
        let one = |data: u32| {
            move |i: &mut Inputs| {
                i.registry.truncate(1);
                i.records.clear();
                i.events.iter_mut().for_each(|e| (e.service, e.model) = (0, 0));
                let policy = &mut i.policy;
                (policy.service_bps, policy.model_bps) = (bps(data), bps(0));
                (policy.stakers_bps, policy.data_bps) = (bps(0), bps(0));
                policy.platform_bps = bps(10_000 - data);
                policy.cap_bps = bps(3_000);
            }
        };
        assert_eq!(accepted(one(3_000)).1.excess, U256::ZERO);
        let (_, trace) = accepted(one(3_001));
        assert_eq!(trace.excess * U256::from(10_000), credits(trace.header.fees_total));
    }
}

mod s9_release {
    use super::*;

    #[test]
    fn min_payout_is_below_2_to_80() {
        refused(Clause::Release, Place::Policy, |i| i.policy.min_payout = 1 << 80);
        refused(Clause::Release, Place::Policy, |i| i.policy.min_payout = u128::MAX);
        let (_, trace) = accepted(|i| i.policy.min_payout = (1 << 80) - 1);
        assert_eq!(trace.payouts, []);
    }

    #[test]
    fn a_minimum_of_nothing_is_one_unit() {
        let zero = accepted(|i| i.policy.min_payout = 0).1;
        let one = accepted(|i| i.policy.min_payout = 1).1;
        assert_eq!(zero.payouts, one.payouts);
        assert_eq!(zero.state_after, one.state_after);
        assert!(zero.state_after.iter().all(|e| e.accrued < credits(1)));
    }

    #[test]
    fn the_minimum_itself_is_paid() {
        let least = accepted(|_| ()).1.payouts.iter().map(|p| p.amount).min().unwrap();
        let paid = accepted(|i| i.policy.min_payout = least).1.payouts;
        let fewer = accepted(|i| i.policy.min_payout = least + 1).1.payouts;
        assert!(paid.iter().any(|p| p.amount == least));
        assert!(fewer.iter().all(|p| p.amount > least) && fewer.len() < paid.len());
    }
}

mod s11_binding {
    use super::*;

    #[test]
    fn epochs_count_from_one() {
        refused(Clause::Binding, Place::Epoch, |i| i.epoch = 0);
        accepted(|i| i.epoch = 1);
        accepted(|i| i.epoch = u64::MAX);
    }

    #[test]
    fn the_policy_is_the_committed_one() {
        let other = |change: fn(&mut Inputs)| other_root(Clause::Binding, Place::Policy, change);
        other(|i| i.policy.threshold += 1);
        other(|i| i.policy.cap_bps = bps(3_001));
        other(|i| i.policy.min_payout -= 1);
        other(|i| i.policy.fraction_bits += 1);
        other(|i| i.policy.platform = account(0x23));
        other(|i| core::mem::swap(&mut i.policy.platform, &mut i.policy.stakers));
        other(|i| i.policy.remainder = account(0x11));
        other(|i| core::mem::swap(&mut i.policy.service_bps, &mut i.policy.model_bps));
    }
}
