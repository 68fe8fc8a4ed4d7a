//! Lies about the public words: S10 and S11.

use super::{bind, seal, stranger, table, Lie, ONE};
use crate::roots::to_field;
use crate::types::Payout;
use crate::units::unit;
use ark_bn254::Fr;
use ark_ff::Field;

pub(super) fn lies() -> Vec<Lie> {
    table! {
        Conservation Binding "released_total is a unit too large" |_i, t| {
            t.header.released_total += 1;
            seal(t);
        }
        Conservation Binding "accrued_total_after is a credit short" |_i, t| {
            t.header.accrued_total_after -= Fr::ONE;
            seal(t);
        }
        Conservation Binding "a unit is minted for a payout" |_i, t| {
            t.payouts.first_mut()?.amount += 1;
            bind(t);
        }
        Conservation Binding "a payout is dropped" |_i, t| {
            t.payouts.pop()?;
            bind(t);
        }
        Conservation Binding "a payout stands twice" |_i, t| {
            let payout = *t.payouts.first()?;
            t.payouts.insert(1, payout);
            bind(t);
        }
        Conservation Binding "a state entry is dropped" |_i, t| {
            t.state_after.pop()?;
            bind(t);
        }
        Conservation Binding "a state entry grows by a credit" |_i, t| {
            t.state_after.first_mut()?.accrued += ONE;
            bind(t);
        }
        Binding Binding "a unit in released_total is taken from accrued_total_after" |_i, t| {
            if t.state_after.iter().all(|e| e.accrued < unit()) {
                return None;
            }
            t.header.released_total += 1;
            t.header.accrued_total_after -= to_field(&unit());
            seal(t);
        }
        Binding Binding "the epoch is another" |_i, t| {
            t.header.epoch += 1;
            seal(t);
        }
        Binding Binding "policy_hash is another" |_i, t| {
            t.header.policy_hash += Fr::ONE;
            seal(t);
        }
        Binding Binding "registry_root is another" |_i, t| {
            t.header.registry_root += Fr::ONE;
            seal(t);
        }
        Binding Binding "scores_root is another" |_i, t| {
            t.header.scores_root += Fr::ONE;
            seal(t);
        }
        Binding Binding "state_root_before is another" |_i, t| {
            t.header.state_root_before += Fr::ONE;
            seal(t);
        }
        Binding Binding "state_root_after is another" |_i, t| {
            t.header.state_root_after += Fr::ONE;
            seal(t);
        }
        Binding Binding "n is one too many" |_i, t| {
            t.header.payouts += 1;
            seal(t);
        }
        Binding Binding "n is one too few" |_i, t| {
            t.header.payouts = t.header.payouts.checked_sub(1)?;
            seal(t);
        }
        Binding Binding "two payouts change places" |_i, t| {
            if t.payouts.len() < 2 {
                return None;
            }
            t.payouts.swap(0, 1);
            bind(t);
        }
        Binding Binding "two payees change their amounts" |_i, t| {
            let [a, b, ..] = t.payouts.as_mut_slice() else { return None };
            if a.amount == b.amount {
                return None;
            }
            core::mem::swap(&mut a.amount, &mut b.amount);
            bind(t);
        }
        Binding Binding "a payee is replaced" |_i, t| {
            let account = stranger(t)?;
            t.payouts.first_mut()?.account = account;
            t.payouts.sort_by_key(|p| p.account);
            bind(t);
        }
        Binding Binding "the list is padded with a unit for a stranger" |_i, t| {
            let account = stranger(t)?;
            t.payouts.iter_mut().find(|p| p.amount > 1)?.amount -= 1;
            t.payouts.push(Payout { account, amount: 1 });
            t.payouts.sort_by_key(|p| p.account);
            bind(t);
        }
        Binding Binding "the last payout goes to the first payee" |_i, t| {
            if t.payouts.len() < 2 {
                return None;
            }
            let last = t.payouts.pop()?;
            t.payouts.first_mut()?.amount += last.amount;
            bind(t);
        }
        Binding Binding "a waiting credit changes hands in the new state" |_i, t| {
            let [a, b, ..] = t.state_after.as_mut_slice() else { return None };
            if a.accrued == ONE {
                return None;
            }
            a.accrued -= ONE;
            b.accrued += ONE;
            bind(t);
        }
        Binding Binding "the new state names a stranger" |_i, t| {
            let account = stranger(t)?;
            t.state_after.first_mut()?.account = account;
            t.state_after.sort_by_key(|e| e.account);
            bind(t);
        }
        Binding Binding "h is another" |_i, t| {
            t.h += Fr::ONE;
        }
    }
}
