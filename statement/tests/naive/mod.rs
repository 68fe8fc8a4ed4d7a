//! A second implementation of clauses S3 to S10, written from the statement alone and made to be
//! read, not to be fast. It shares the input types with the library and nothing else: money is a
//! rational number of base units, floors stand where the statement says floor, lookups are scans.

pub(crate) mod arb;

use meed_statement::types::{Account, Inputs};
use num_bigint::BigInt;
use num_rational::BigRational;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What one event's data share buys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    pub points: BigInt,
    pub price: BigRational,
    pub leftover: BigRational,
}

/// What flows through one asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    pub direct: BigRational,
    pub inflow: BigRational,
    /// One per edge of the asset.
    pub passes: Vec<BigRational>,
    pub penalty: BigRational,
    pub kept: BigRational,
}

/// One row of the table of accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub before: BigRational,
    pub earned: BigRational,
    pub credited: BigRational,
    pub amount: BigInt,
    pub after: BigRational,
}

/// A settled epoch; money in base units.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    pub counted: Vec<BigInt>,
    pub prices: Vec<Price>,
    pub flows: Vec<Flow>,
    pub platform: BigRational,
    pub stakers: BigRational,
    /// Leftovers and penalties.
    pub remainder: BigRational,
    pub cap: BigRational,
    pub excess: BigRational,
    pub accounts: BTreeMap<Account, Row>,
    pub payouts: Vec<(Account, BigInt)>,
    pub state_after: Vec<(Account, BigRational)>,
    pub fees_total: BigInt,
    pub released_total: BigInt,
    pub accrued_total_after: BigRational,
}

fn int(v: impl Into<BigInt>) -> BigRational {
    BigRational::from_integer(v.into())
}

fn zero() -> BigRational {
    int(0)
}

/// Credits in one base unit.
pub(crate) fn unit() -> BigRational {
    int(10_000u64) * int(BigInt::from(2).pow(40))
}

/// `part` ten-thousandths.
fn bps(part: u32) -> BigRational {
    int(part) / int(10_000)
}

/// Base units rounded down to a whole number of credits.
fn floor_to_credits(base_units: BigRational) -> BigRational {
    (base_units * unit()).floor() / unit()
}

fn total<'a>(parts: impl IntoIterator<Item = &'a BigRational>) -> BigRational {
    parts.into_iter().fold(zero(), |sum, part| sum + part)
}

/// Clauses S3 to S10, one after the other.
pub(crate) fn settle(inputs: &Inputs) -> Settled {
    let Inputs { policy, registry, events, records, state, .. } = inputs;

    // S3: score if it reaches the threshold, else 0.
    let counted: Vec<BigInt> = records
        .iter()
        .map(|record| {
            let (score, threshold) = (BigInt::from(record.score), BigInt::from(policy.threshold));
            if score >= threshold {
                score
            } else {
                BigInt::from(0)
            }
        })
        .collect();
    let counts_of =
        |event: usize| records.iter().zip(&counted).filter(move |(r, _)| r.event as usize == event);

    // S4: the price of a point, rounded down to a credit; what is left goes to the remainder.
    let prices: Vec<Price> = events
        .iter()
        .enumerate()
        .map(|(i, event)| {
            let points: BigInt = counts_of(i).map(|(_, c)| c.clone()).sum();
            let share = int(event.fee) * bps(policy.data_bps.get());
            let price = if points == BigInt::from(0) {
                zero()
            } else {
                floor_to_credits(&share / int(points.clone()))
            };
            let leftover = share - &price * int(points.clone());
            Price { points, price, leftover }
        })
        .collect();

    // S5: records and the roles with an asset credit assets, the other roles accounts.
    let mut direct = vec![zero(); registry.len()];
    let mut platform = zero();
    let mut stakers = zero();
    for (i, event) in events.iter().enumerate() {
        let fee = int(event.fee);
        let mut credits = vec![prices[i].leftover.clone()];
        for (record, c) in counts_of(i) {
            let credit = &prices[i].price * int(c.clone());
            direct[record.asset as usize] += &credit;
            credits.push(credit);
        }
        for (asset, share) in [(event.service, policy.service_bps), (event.model, policy.model_bps)]
        {
            let credit = &fee * bps(share.get());
            direct[asset as usize] += &credit;
            credits.push(credit);
        }
        for (role, share) in
            [(&mut platform, policy.platform_bps), (&mut stakers, policy.stakers_bps)]
        {
            let credit = &fee * bps(share.get());
            *role += &credit;
            credits.push(credit);
        }
        assert_eq!(total(&credits), fee, "per event, the credits sum to the fee exactly");
    }

    // S6: every asset asks all later ones what they pass up to it.
    let mut flows: HashMap<usize, Flow> = HashMap::new();
    for i in (0..registry.len()).rev() {
        let mut inflow = direct[i].clone();
        for child in i + 1..registry.len() {
            for (edge, pass) in registry[child].edges.iter().zip(&flows[&child].passes) {
                if edge.parent as usize == i {
                    inflow += pass;
                }
            }
        }
        let passed = |part: u32| floor_to_credits(&inflow * bps(part));
        let passes: Vec<_> = registry[i].edges.iter().map(|e| passed(e.bps.get())).collect();
        let penalty = passed(registry[i].penalty.get());
        let kept = &inflow - total(&passes) - &penalty;
        flows.insert(i, Flow { direct: direct[i].clone(), inflow, passes, penalty, kept });
    }
    let flows: Vec<Flow> = (0..registry.len()).map(|i| flows[&i].clone()).collect();

    // S7: owners, policy accounts and accounts of the state, each once.
    let remainder =
        total(prices.iter().map(|p| &p.leftover)) + total(flows.iter().map(|f| &f.penalty));
    let named: BTreeSet<Account> = registry
        .iter()
        .map(|asset| asset.owner)
        .chain(policy.accounts())
        .chain(state.iter().map(|entry| entry.account))
        .collect();
    let earned: BTreeMap<Account, BigRational> = named
        .iter()
        .map(|&account| {
            let owned = registry.iter().zip(&flows).filter(|(a, _)| a.owner == account);
            let mut sum = total(owned.map(|(_, flow)| &flow.kept));
            for (role, credit) in [
                (policy.platform, &platform),
                (policy.stakers, &stakers),
                (policy.remainder, &remainder),
            ] {
                if role == account {
                    sum += credit;
                }
            }
            (account, sum)
        })
        .collect();

    // S8: all but the policy accounts are capped; the remainder account takes the excess.
    let fees_total: BigInt = events.iter().map(|e| BigInt::from(e.fee)).sum();
    let cap = floor_to_credits(int(fees_total.clone()) * bps(policy.cap_bps.get()));
    let over = |account: &Account| {
        let capped = !policy.accounts().contains(account);
        (capped && earned[account] > cap).then(|| &earned[account] - &cap)
    };
    let excess = named.iter().filter_map(over).fold(zero(), |sum, part| sum + part);

    // S9: whole base units are paid if they reach the minimum; the rest waits.
    let accounts: BTreeMap<Account, Row> = named
        .iter()
        .map(|account| {
            let mut credited = &earned[account] - over(account).unwrap_or_else(zero);
            if *account == policy.remainder {
                credited += &excess;
            }
            let before = total(
                &state
                    .iter()
                    .filter(|e| e.account == *account)
                    .map(|e| {
                        int(BigInt::from_bytes_be(
                            num_bigint::Sign::Plus,
                            &e.accrued.to_be_bytes::<32>(),
                        )) / unit()
                    })
                    .collect::<Vec<_>>(),
            );
            let sum = &before + &credited;
            let whole = sum.floor().to_integer();
            let pays = whole >= BigInt::from(policy.min_payout) && whole > BigInt::from(0);
            let amount = if pays { whole } else { BigInt::from(0) };
            let after = sum - int(amount.clone());
            (*account, Row { before, earned: earned[account].clone(), credited, amount, after })
        })
        .collect();
    let payouts: Vec<(Account, BigInt)> = accounts
        .iter()
        .filter(|(_, row)| row.amount > BigInt::from(0))
        .map(|(account, row)| (*account, row.amount.clone()))
        .collect();
    let state_after: Vec<(Account, BigRational)> = accounts
        .iter()
        .filter(|(_, row)| row.after > zero())
        .map(|(account, row)| (*account, row.after.clone()))
        .collect();

    // S10: nothing is lost.
    let released_total: BigInt = payouts.iter().map(|(_, amount)| amount.clone()).sum();
    let accrued_total_before = total(accounts.values().map(|row| &row.before));
    let accrued_total_after = total(accounts.values().map(|row| &row.after));
    assert_eq!(
        &accrued_total_before + int(fees_total.clone()),
        &accrued_total_after + int(released_total.clone()),
        "conservation"
    );

    Settled {
        counted,
        prices,
        flows,
        platform,
        stakers,
        remainder,
        cap,
        excess,
        accounts,
        payouts,
        state_after,
        fees_total,
        released_total,
        accrued_total_after,
    }
}
