//! Lies about who gets what: S7 to S9.

use super::{bind, minus, stranger, table, Lie, ONE};
use crate::settle::{AccountRow, Trace};
use crate::types::{Account, Inputs, Payout, StateEntry};
use crate::units::{credits, unit};
use ruint::aliases::U256;

/// A row for which this holds.
fn row(trace: &Trace, is: impl Fn(&AccountRow) -> bool) -> Option<usize> {
    trace.accounts.iter().position(is)
}

/// The row of an account.
fn row_of(trace: &Trace, account: Account) -> Option<usize> {
    row(trace, |r| r.account == account)
}

/// Whether an account owns an asset.
fn owns(inputs: &Inputs, account: Account) -> bool {
    inputs.registry.iter().any(|a| a.owner == account)
}

/// A row for which this holds, of an owner who is no policy account.
fn owner(inputs: &Inputs, trace: &Trace, is: impl Fn(&AccountRow) -> bool) -> Option<usize> {
    let exempt = inputs.policy.accounts();
    row(trace, |r| !exempt.contains(&r.account) && owns(inputs, r.account) && is(r))
}

/// Another row than this one.
fn other(trace: &Trace, row: usize) -> Option<usize> {
    (0..trace.accounts.len()).find(|r| *r != row)
}

/// Takes a row out of the table; what it held goes to the first of the others.
fn leave_out(trace: &mut Trace, row: usize) -> Option<()> {
    let heir = other(trace, row)?;
    let gone = trace.accounts[row];
    trace.accounts[heir].accrued_before += gone.accrued_before;
    trace.accounts[heir].earned += gone.earned;
    trace.accounts.remove(row);
    Some(())
}

/// Caps every account at `cap`.
fn recap(inputs: &Inputs, trace: &mut Trace, cap: U256) {
    let exempt = inputs.policy.accounts();
    trace.cap = cap;
    trace.excess = U256::ZERO;
    for row in &mut trace.accounts {
        let free = exempt.contains(&row.account);
        row.credited = if free { row.earned } else { row.earned.min(cap) };
        trace.excess += row.earned - row.credited;
    }
}

/// Pays out what a row holds in all, by the rule.
fn repay(inputs: &Inputs, row: &mut AccountRow, total: U256) {
    let whole = total / unit();
    let pays = whole >= U256::from(inputs.policy.min_payout.max(1));
    row.amount = if pays { whole.to() } else { 0 };
    row.accrued_after = total - credits(row.amount);
}

/// Makes payouts, state and header those of the table.
fn publish(trace: &mut Trace) {
    let rows = &trace.accounts;
    trace.payouts = rows
        .iter()
        .filter(|r| r.amount > 0)
        .map(|r| Payout { account: r.account, amount: r.amount })
        .collect();
    trace.state_after = rows
        .iter()
        .filter(|r| !r.accrued_after.is_zero())
        .map(|r| StateEntry { account: r.account, accrued: r.accrued_after })
        .collect();
    bind(trace);
}

pub(super) fn lies() -> Vec<Lie> {
    table! {
        Owners Owners "what one account earned moves to another" |_i, t| {
            let from = row(t, |r| !r.earned.is_zero())?;
            let to = other(t, from)?;
            let earned = core::mem::take(&mut t.accounts[from].earned);
            t.accounts[to].earned += earned;
        }
        Owners Owners "a credit moves from one account to another" |_i, t| {
            let from = row(t, |r| !r.earned.is_zero())?;
            let to = other(t, from)?;
            t.accounts[from].earned -= ONE;
            t.accounts[to].earned += ONE;
        }
        Owners Owners "an account earned a credit too many" |_i, t| {
            t.accounts.first_mut()?.earned += ONE;
        }
        Owners Owners "an owner is left out" |i, t| {
            let out = owner(i, t, |r| !r.earned.is_zero())?;
            leave_out(t, out)?;
        }
        Owners Owners "an account of the state is left out" |i, t| {
            let out = row(t, |r| {
                !r.accrued_before.is_zero()
                    && !owns(i, r.account)
                    && !i.policy.accounts().contains(&r.account)
            })?;
            leave_out(t, out)?;
        }
        Owners Owners "the stakers are left out" |i, t| {
            let out = row_of(t, i.policy.stakers).filter(|r| !t.accounts[*r].earned.is_zero())?;
            leave_out(t, out)?;
        }
        Owners Owners "an account stands twice and dodges the cap" |i, t| {
            let at = owner(i, t, |r| r.earned > ONE)?;
            let mut twin = t.accounts[at];
            twin.accrued_before = U256::ZERO;
            twin.earned /= U256::from(2);
            t.accounts[at].earned -= twin.earned;
            t.accounts.insert(at + 1, twin);
        }
        Owners Owners "a stranger earns" |_i, t| {
            let account = stranger(t)?;
            let from = row(t, |r| !r.earned.is_zero())?;
            let earned = core::mem::take(&mut t.accounts[from].earned);
            let zero = U256::ZERO;
            let (accrued_before, credited, accrued_after) = (zero, zero, zero);
            t.accounts.push(AccountRow {
                account, accrued_before, earned, credited, amount: 0, accrued_after,
            });
            t.accounts.sort_by_key(|r| r.account);
        }
        Owners Owners "an owner's account is replaced by a stranger's" |i, t| {
            let account = stranger(t)?;
            let at = owner(i, t, |r| !r.earned.is_zero())?;
            t.accounts[at].account = account;
            t.accounts.sort_by_key(|r| r.account);
        }
        Owners Owners "what waited grows by a credit" |_i, t| {
            let at = row(t, |r| !r.accrued_before.is_zero())?;
            t.accounts[at].accrued_before += ONE;
        }
        Owners Owners "what waited is forgotten" |_i, t| {
            let at = row(t, |r| !r.accrued_before.is_zero())?;
            t.accounts[at].accrued_before = U256::ZERO;
        }
        Owners Owners "what waited for one account moves to another" |_i, t| {
            let from = row(t, |r| !r.accrued_before.is_zero())?;
            let to = other(t, from)?;
            let waited = core::mem::take(&mut t.accounts[from].accrued_before);
            t.accounts[to].accrued_before += waited;
        }
        Cap Cap "the cap is a credit too high" |i, t| {
            let cap = t.cap + ONE;
            recap(i, t, cap);
        }
        Cap Cap "the cap is a credit too low" |i, t| {
            let cap = t.cap.checked_sub(ONE)?;
            recap(i, t, cap);
        }
        Cap Cap "there is no cap" |i, t| {
            if t.excess.is_zero() {
                return None;
            }
            let cap = credits(t.header.fees_total);
            recap(i, t, cap);
        }
        Cap Cap "an account is spared the cap" |_i, t| {
            let at = row(t, |r| r.credited < r.earned)?;
            let spared = t.accounts[at].earned - t.accounts[at].credited;
            t.accounts[at].credited += spared;
            t.excess -= spared;
        }
        Cap Cap "an account is cut under the cap" |i, t| {
            let at = owner(i, t, |r| r.credited == r.earned && !r.earned.is_zero())?;
            t.accounts[at].credited -= ONE;
            t.excess += ONE;
        }
        Cap Cap "a policy account is capped" |i, t| {
            let at = row_of(t, i.policy.platform).filter(|r| !t.accounts[*r].earned.is_zero())?;
            t.accounts[at].credited -= ONE;
            t.excess += ONE;
        }
        Cap Cap "an account is credited more than it earned" |i, t| {
            let at = owner(i, t, |r| r.earned < t.cap)?;
            t.excess = t.excess.checked_sub(ONE)?;
            t.accounts[at].credited += ONE;
        }
        Cap Cap "an account is credited up to the cap that earned less" |i, t| {
            let at = owner(i, t, |r| r.earned < t.cap)?;
            let gift = t.cap - t.accounts[at].earned;
            t.excess = t.excess.checked_sub(gift)?;
            t.accounts[at].credited += gift;
        }
        Cap Cap "the excess is a credit short" |_i, t| {
            t.excess = t.excess.checked_sub(ONE)?;
        }
        Cap Cap "the excess is a credit too large" |_i, t| {
            t.excess += ONE;
        }
        Release Release "a unit too few is paid" |_i, t| {
            let at = row(t, |r| r.amount > 0)?;
            t.accounts[at].amount -= 1;
            t.accounts[at].accrued_after += unit();
        }
        Release Release "a unit too many is paid" |_i, t| {
            let at = row(t, |r| r.amount > 0)?;
            t.accounts[at].amount += 1;
        }
        Release Binding "a unit too many is paid and less than nothing waits" |_i, t| {
            let at = row(t, |r| r.amount > 0)?;
            let row = &mut t.accounts[at];
            row.amount += 1;
            row.accrued_after = minus(unit() - row.accrued_after);
            publish(t);
        }
        Release Release "an amount under the minimum is paid" |_i, t| {
            let at = row(t, |r| r.amount == 0 && r.accrued_after >= unit())?;
            let row = &mut t.accounts[at];
            row.amount = (row.accrued_after / unit()).to();
            row.accrued_after -= credits(row.amount);
        }
        Release Release "part of an amount under the minimum is paid" |_i, t| {
            let at = row(t, |r| r.amount == 0 && r.accrued_after > unit() + unit())?;
            t.accounts[at].amount = 1;
            t.accounts[at].accrued_after -= unit();
        }
        Release Release "an amount over the minimum is withheld" |_i, t| {
            let at = row(t, |r| r.amount > 0)?;
            let row = &mut t.accounts[at];
            row.accrued_after += credits(core::mem::take(&mut row.amount));
        }
        Release Release "what is under the minimum is dropped" |_i, t| {
            let at = row(t, |r| r.amount == 0 && !r.accrued_after.is_zero())?;
            t.accounts[at].accrued_after = U256::ZERO;
        }
        Release Release "the fraction of a unit is dropped" |_i, t| {
            let at = row(t, |r| r.amount > 0 && !r.accrued_after.is_zero())?;
            t.accounts[at].accrued_after = U256::ZERO;
        }
        Release Release "a credit more waits" |_i, t| {
            t.accounts.first_mut()?.accrued_after += ONE;
        }
        Release Release "a waiting credit moves to another account" |_i, t| {
            let from = row(t, |r| !r.accrued_after.is_zero())?;
            let to = other(t, from)?;
            t.accounts[from].accrued_after -= ONE;
            t.accounts[to].accrued_after += ONE;
        }
        Release Release "the excess goes to another account" |i, t| {
            if t.excess.is_zero() {
                return None;
            }
            let from = row_of(t, i.policy.remainder)?;
            let to = other(t, from)?;
            for (at, excess) in [(from, U256::ZERO), (to, t.excess)] {
                let row = &mut t.accounts[at];
                repay(i, row, row.accrued_before + row.credited + excess);
            }
        }
        Release Release "the excess goes to nobody" |i, t| {
            if t.excess.is_zero() {
                return None;
            }
            let at = row_of(t, i.policy.remainder)?;
            let row = &mut t.accounts[at];
            repay(i, row, row.accrued_before + row.credited);
        }
    }
}
