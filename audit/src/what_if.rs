//! An epoch under other rules: what each account would get instead.

use std::cmp::Ordering;

use meed_statement::clause::Violation;
use meed_statement::settle::{settle, AccountRow, Trace};
use meed_statement::types::{Account, Inputs};
use meed_statement::units::credits;
use ruint::aliases::U256;
use serde::{Serialize, Serializer};

/// What an epoch gives an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// What it earns of the epoch's fees after the cap, credits. For the remainder account that is with
    /// what the cap takes from others, so that all accounts together have the fees.
    #[serde(serialize_with = "digits")]
    pub credited: U256,
    /// What the cap takes from it, credits.
    #[serde(serialize_with = "digits")]
    pub capped: U256,
    /// Paid now, base units.
    #[serde(serialize_with = "digits")]
    pub paid: u128,
    /// What waits for later epochs, credits.
    #[serde(serialize_with = "digits")]
    pub waits: U256,
}

/// One account under both rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Whose.
    #[serde(serialize_with = "digits")]
    pub account: Account,
    /// Under the epoch's own rules.
    pub before: Share,
    /// Under the others.
    pub after: Share,
    /// Whether it would be paid and is not, or the other way round.
    pub crosses: Option<Crossing>,
}

/// Over the smallest payout, in one direction or the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Crossing {
    /// It waits, and would be paid.
    IsPaid,
    /// It is paid, and would wait.
    Waits,
}

impl Change {
    /// What the account would earn less, or more, credits.
    #[must_use]
    pub fn difference(&self) -> (Ordering, U256) {
        let (before, after) = (self.before.credited, self.after.credited);
        (after.cmp(&before), before.abs_diff(after))
    }
}

/// An epoch under two sets of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WhatIf {
    /// Sum of the fees, base units: the same under both.
    #[serde(serialize_with = "digits")]
    pub fees_total: u128,
    /// Paid now under the epoch's own rules, base units.
    #[serde(serialize_with = "digits")]
    pub paid_before: u128,
    /// Paid now under the others, base units.
    #[serde(serialize_with = "digits")]
    pub paid_after: u128,
    /// What waits under the epoch's own rules, credits.
    #[serde(serialize_with = "digits")]
    pub waits_before: U256,
    /// What waits under the others, credits.
    #[serde(serialize_with = "digits")]
    pub waits_after: U256,
    /// What the cap moves to the remainder account under the epoch's own rules, credits.
    #[serde(serialize_with = "digits")]
    pub capped_before: U256,
    /// What it moves under the others, credits.
    #[serde(serialize_with = "digits")]
    pub capped_after: U256,
    /// Every account of either, the largest difference first.
    pub accounts: Vec<Change>,
}

fn digits<T: std::fmt::Display, S: Serializer>(value: &T, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(value)
}

impl WhatIf {
    /// Settles `other` and compares it with `trace`, which `inputs` was settled to. The two are of one epoch:
    /// they have the same events, records and opening state.
    ///
    /// # Errors
    /// [`Violation`] when `other` is malformed.
    pub fn new(inputs: &Inputs, trace: &Trace, other: &Inputs) -> Result<Self, Violation> {
        let after = settle(other)?;
        let rows = [
            (&trace.accounts, trace.excess, inputs.policy.remainder),
            (&after.accounts, after.excess, other.policy.remainder),
        ];
        let mut all: Vec<Account> =
            rows.iter().flat_map(|(accounts, ..)| accounts.iter().map(|row| row.account)).collect();
        all.sort_unstable();
        all.dedup();
        let mut accounts: Vec<Change> = all
            .into_iter()
            .map(|account| {
                let [before, after] = rows.map(|(accounts, excess, remainder)| {
                    let excess = if account == remainder { excess } else { U256::ZERO };
                    share(accounts, account, excess)
                });
                let crosses = match (before.paid, after.paid) {
                    (0, 1..) => Some(Crossing::IsPaid),
                    (1.., 0) => Some(Crossing::Waits),
                    _ => None,
                };
                Change { account, before, after, crosses }
            })
            .collect();
        accounts.sort_by_key(|change| (std::cmp::Reverse(change.difference().1), change.account));
        let waits =
            |trace: &Trace| trace.state_after.iter().fold(U256::ZERO, |sum, e| sum + e.accrued);
        Ok(Self {
            fees_total: trace.header.fees_total,
            paid_before: trace.header.released_total,
            paid_after: after.header.released_total,
            waits_before: waits(trace),
            waits_after: waits(&after),
            capped_before: trace.excess,
            capped_after: after.excess,
            accounts,
        })
    }

    /// A share of the fees, in millionths, rounded down; 0 of no fees.
    #[must_use]
    pub fn millionths(&self, amount: U256) -> u64 {
        let whole = credits(self.fees_total);
        let part = (amount * U256::from(1_000_000)).checked_div(whole);
        part.and_then(|part| u64::try_from(part).ok()).unwrap_or_default()
    }
}

/// What an account has in a settlement; nothing when it is not there.
fn share(accounts: &[AccountRow], account: Account, excess: U256) -> Share {
    let found = accounts.binary_search_by(|row| row.account.cmp(&account));
    let Some(row) = found.ok().and_then(|at| accounts.get(at)) else { return Share::default() };
    Share {
        credited: row.credited + excess,
        capped: row.earned - row.credited,
        paid: row.amount,
        waits: row.accrued_after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meed_statement::synthetic::{epoch, Spec};
    use meed_statement::types::Bps;

    fn inputs(seed: u64) -> Inputs {
        epoch(&Spec { assets: 9, events: 4, records: 20, owners: 5, state: 3, skew: 0.7, seed })
    }

    #[test]
    fn the_same_rules_change_nothing_and_other_rules_only_move_money() {
        for seed in 0..30 {
            let inputs = inputs(seed);
            let trace = settle(&inputs).unwrap();
            let same = WhatIf::new(&inputs, &trace, &inputs).unwrap();
            assert!(same.accounts.iter().all(|c| c.before == c.after && c.crosses.is_none()));

            let mut other = inputs.clone();
            other.policy.cap_bps = Bps::new(300 * (seed as u32 % 7)).unwrap();
            other.policy.min_payout = 1 << (seed + 30);
            std::mem::swap(&mut other.policy.remainder, &mut other.policy.platform);
            let what_if = WhatIf::new(&inputs, &trace, &other).unwrap();
            let fees = credits(what_if.fees_total);
            for of in [|c: &Change| c.before.credited, |c: &Change| c.after.credited] {
                let sum = what_if.accounts.iter().fold(U256::ZERO, |sum, c| sum + of(c));
                assert_eq!(sum, fees, "seed {seed}");
            }
            let capped = what_if.accounts.iter().fold(U256::ZERO, |sum, c| sum + c.after.capped);
            assert_eq!(capped, what_if.capped_after, "seed {seed}");
            let paid: u128 = what_if.accounts.iter().map(|c| c.after.paid).sum();
            assert_eq!(paid, what_if.paid_after, "seed {seed}");
            let sizes: Vec<U256> = what_if.accounts.iter().map(|c| c.difference().1).collect();
            assert!(sizes.is_sorted_by(|a, b| a >= b) && !sizes[0].is_zero(), "seed {seed}");
        }
    }

    #[test]
    fn crossing_the_smallest_payout_is_told() {
        let mut inputs = inputs(1);
        inputs.policy.min_payout = 1;
        let trace = settle(&inputs).unwrap();
        let mut other = inputs.clone();
        other.policy.min_payout = (1 << 80) - 1;
        let what_if = WhatIf::new(&inputs, &trace, &other).unwrap();
        for change in &what_if.accounts {
            let expected = (change.before.paid > 0).then_some(Crossing::Waits);
            assert_eq!(change.crosses, expected);
            assert_eq!(change.before.credited, change.after.credited);
        }
        assert_eq!(what_if.paid_after, 0);
        let back = WhatIf::new(&other, &settle(&other).unwrap(), &inputs).unwrap();
        assert!(back.accounts.iter().any(|change| change.crosses == Some(Crossing::IsPaid)));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let inputs = inputs(1);
        let trace = settle(&inputs).unwrap();
        let mut other = inputs.clone();
        other.policy.data_bps = Bps::new(1).unwrap();
        assert!(WhatIf::new(&inputs, &trace, &other).is_err());
    }
}
