//! Claims: what a bundle's payouts are owed by the contract.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use alloy::primitives::{Address, B256, U256};
use alloy::sol_types::SolEvent;
use meed_ledger::bundle::PAYOUTS_JSON;
use meed_ledger::claims::ClaimTree;
use meed_statement::types::{Account, Payout};
use meed_statement::words::{pack_payout, GROUP_WORDS};
use serde::Deserialize;

use crate::abi::MeedClaims::Claim;
use crate::abi::MeedSettlement as S;
use crate::contract::Contract;
use crate::epochs::word;
use crate::error::{ChainError, Result};
use crate::revert::utc;
use crate::send::{Call, Included};

/// The longest list: a million payouts.
const MOST: u64 = 160 << 20;
/// Claims in one transaction, some ten million gas.
const BATCH: usize = 96;
/// Payouts that one `push` takes: a group.
const MOST_PUSH: usize = GROUP_WORDS;

/// Who was paid in an epoch. That it is true is shown by the contract's root of it.
#[derive(Clone, Debug)]
pub struct PaidEpoch {
    /// Its number.
    pub epoch: u64,
    /// The claim tree; `None` when nobody was paid.
    pub tree: Option<ClaimTree>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayoutsFile {
    epoch: String,
    #[serde(rename = "released_total")]
    _released_total: String,
    payouts: Vec<PayoutRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayoutRow {
    index: usize,
    account: String,
    amount: String,
}

impl PaidEpoch {
    /// Reads the payouts of a bundle. The proof is not looked at: the contract has checked one, and
    /// [`Contract::plan_claims`] compares the payouts with what it kept.
    ///
    /// # Errors
    /// [`ChainError::Io`]; [`ChainError::Input`]; [`ChainError::Claims`].
    pub fn load(bundle: &Path) -> Result<Self> {
        let path = bundle.join(PAYOUTS_JSON);
        let mut bytes = Vec::new();
        File::open(&path)
            .and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes))
            .map_err(|source| ChainError::Io { action: "read", path: path.clone(), source })?;
        if bytes.len() as u64 > MOST {
            return Err(ChainError::input(path.display(), format!("at most {MOST} bytes")));
        }
        let file: PayoutsFile = serde_json::from_slice(&bytes).map_err(|e| {
            ChainError::input(path.display(), format!("the payouts of a bundle; {e}"))
        })?;
        let epoch = digits(&file.epoch)
            .ok_or_else(|| ChainError::input(path.display(), "epoch: a number, in digits"))?;
        let mut payouts = Vec::with_capacity(file.payouts.len());
        for (position, row) in file.payouts.iter().enumerate() {
            let at = |what: &str| {
                ChainError::input(format!("{}, payout {position}", path.display()), what)
            };
            if row.index != position {
                return Err(at("index: its position in the list"));
            }
            let account: Account =
                row.account.parse().map_err(|_| at("account: 0x and 40 hexadecimal digits"))?;
            let amount = digits(&row.amount)
                .filter(|amount| pack_payout(account.bytes(), *amount).is_some())
                .ok_or_else(|| at("amount: above 0 and below 2^93, in digits"))?;
            payouts.push(Payout { account, amount });
        }
        let tree = match payouts.is_empty() {
            true => None,
            false => Some(ClaimTree::new(&payouts)?),
        };
        Ok(Self { epoch, tree })
    }

    /// The payouts, by index.
    #[must_use]
    pub fn payouts(&self) -> &[Payout] {
        self.tree.as_ref().map_or(&[], ClaimTree::payouts)
    }
}

/// A number in decimal digits.
fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// One payout of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// The epoch.
    pub epoch: u64,
    /// Its index there.
    pub index: usize,
    /// Whose.
    pub account: Account,
    /// Base units.
    pub amount: u128,
}

/// What is to be claimed, and what is not.
#[derive(Clone, Debug, Default)]
pub struct ClaimPlan {
    /// Transactions, each with what it claims.
    pub calls: Vec<(Call, Vec<Item>)>,
    /// What was claimed before.
    pub before: Vec<Item>,
    /// What cannot be claimed yet, with the time from which it can.
    pub later: Vec<(Item, u64)>,
}

impl Contract<'_> {
    /// Whether the claims of an epoch with these payouts are open; else from when on.
    fn claims_open(&self, paid: &PaidEpoch, now: u64) -> Result<std::result::Result<(), u64>> {
        let settled = self.settled(paid.epoch)?;
        self.same_payouts(&settled, paid.payouts())?;
        Ok(if now < settled.claimable_from { Err(settled.claimable_from) } else { Ok(()) })
    }

    /// Plans the claims of one account, or of all.
    ///
    /// # Errors
    /// [`ChainError::Rejected`] when payouts are not those of the contract; [`ChainError::Order`] when an
    /// epoch is not settled, or there is nothing for the account; [`ChainError::Node`].
    pub fn plan_claims(&self, epochs: &[PaidEpoch], whose: Option<Account>) -> Result<ClaimPlan> {
        let now = self.client().last_block()?.header.timestamp;
        let mut plan = ClaimPlan::default();
        let mut claims: Vec<(Item, Claim)> = Vec::new();
        for paid in epochs {
            let open = self.claims_open(paid, now)?;
            let Some(tree) = &paid.tree else { continue };
            let left = self.unclaimed(paid.epoch)?;
            let released = tree.payouts().iter().map(|payout| payout.amount).sum::<u128>();
            // Where all or none is claimed, one question answers for every payout.
            let all_alike = if left.is_zero() {
                Some(true)
            } else {
                (left == U256::from(released)).then_some(false)
            };
            for (index, payout) in tree.payouts().iter().enumerate() {
                if whose.is_some_and(|account| account != payout.account) {
                    continue;
                }
                let (account, amount) = (payout.account, payout.amount);
                let item = Item { epoch: paid.epoch, index, account, amount };
                let claimed = match all_alike {
                    Some(claimed) => claimed,
                    None => self.is_claimed(paid.epoch, index)?,
                };
                if claimed {
                    plan.before.push(item);
                } else if let Err(from) = open {
                    plan.later.push((item, from));
                } else {
                    claims.push((item, claim(&item, tree)?));
                }
            }
        }
        if claims.is_empty() && plan.before.is_empty() && plan.later.is_empty() {
            let whose = whose.map_or_else(|| "anybody".to_owned(), |account| account.to_string());
            let list: Vec<String> = epochs.iter().map(|paid| paid.epoch.to_string()).collect();
            return Err(ChainError::order(format!(
                "there is no payout to {whose} in epochs {}",
                list.join(", ")
            )));
        }
        if let [(item, claim)] = claims.as_slice() {
            let what =
                format!("claim {} of epoch {} for {}", item.amount, item.epoch, item.account);
            let Claim { epoch, index, account, amount, proof } = claim.clone();
            let call = S::claimCall { epoch, index, account, amount, proof };
            plan.calls.push((self.sends(what, &call), vec![*item]));
            return Ok(plan);
        }
        for batch in claims.chunks(BATCH) {
            let (items, claims): (Vec<Item>, Vec<Claim>) = batch.iter().cloned().unzip();
            let total: u128 = items.iter().map(|item| item.amount).sum();
            let what = format!("claim {total} in {} payouts", items.len());
            plan.calls.push((self.sends(what, &S::claimManyCall { claims }), items));
        }
        Ok(plan)
    }

    /// Pays a whole small epoch in one call.
    ///
    /// # Errors
    /// As [`Contract::plan_claims`]; [`ChainError::Order`] for a long list.
    pub fn push(&self, paid: &PaidEpoch) -> Result<ClaimPlan> {
        let all = self.plan_claims(std::slice::from_ref(paid), None)?;
        let payouts = paid.payouts();
        if payouts.len() > MOST_PUSH {
            return Err(ChainError::order(format!(
                "epoch {} has {} payouts; `push` takes at most {MOST_PUSH}: use `claim --all`",
                paid.epoch,
                payouts.len()
            )));
        }
        let items: Vec<Item> = all.calls.into_iter().flat_map(|(_, items)| items).collect();
        let mut plan = ClaimPlan { calls: Vec::new(), before: all.before, later: all.later };
        if items.is_empty() {
            return Ok(plan);
        }
        let words: Option<Vec<U256>> = payouts
            .iter()
            .map(|p| pack_payout(p.account.bytes(), p.amount).map(|packed| word(&packed)))
            .collect();
        let payouts = words.ok_or_else(|| ChainError::order("a payout is out of range"))?;
        let call = S::pushCall { epoch: U256::from(paid.epoch), payouts };
        let what = format!("pay all {} open payouts of epoch {}", items.len(), paid.epoch);
        plan.calls.push((self.sends(what, &call), items));
        Ok(plan)
    }

    /// The items that a transaction has paid; those it has not were refused by their receivers.
    #[must_use]
    pub fn paid(&self, included: &Included, items: &[Item]) -> (Vec<Item>, Vec<Item>) {
        let claimed: Vec<S::Claimed> = included
            .logs
            .iter()
            .filter(|log| log.address == self.address())
            .filter_map(|log| S::Claimed::decode_log(log).ok())
            .map(|log| log.data)
            .collect();
        items.iter().copied().partition(|item| {
            claimed.iter().any(|event| {
                event.epoch == U256::from(item.epoch)
                    && event.index == U256::from(item.index)
                    && event.amount == U256::from(item.amount)
            })
        })
    }
}

fn claim(item: &Item, tree: &ClaimTree) -> Result<Claim> {
    Ok(Claim {
        epoch: U256::from(item.epoch),
        index: U256::from(item.index),
        account: Address::from(*item.account.bytes()),
        amount: U256::from(item.amount),
        proof: tree.proof(item.index)?.into_iter().map(B256::from).collect(),
    })
}

/// When claims that are planned for later can be made, for people.
#[must_use]
pub fn later_text(later: &[(Item, u64)]) -> Option<String> {
    let from = later.iter().map(|(_, from)| *from).min()?;
    let total: u128 = later.iter().map(|(item, _)| item.amount).sum();
    Some(format!("{total} in {} payouts can be claimed from {} on", later.len(), utc(from)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<PaidEpoch> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(PAYOUTS_JSON), text).unwrap();
        PaidEpoch::load(folder.path())
    }

    fn list(rows: &str) -> String {
        format!(r#"{{"epoch":"3","released_total":"9","payouts":[{rows}]}}"#)
    }

    #[test]
    fn payouts_are_read_or_the_row_is_named() {
        let row = |index: usize, account: &str, amount: &str| {
            format!(r#"{{"index":{index},"account":"0x{account:0>40}","amount":"{amount}"}}"#)
        };
        let good = format!("{},{}", row(0, "a", "4"), row(1, "b", "5"));
        let paid = load(&list(&good)).unwrap();
        assert_eq!((paid.epoch, paid.payouts().len()), (3, 2));
        assert_eq!(paid.payouts()[1].amount, 5);
        assert!(load(&list("")).unwrap().tree.is_none());
        let most = (1u128 << 93) - 1;
        assert!(load(&list(&row(0, "a", &most.to_string()))).is_ok());
        for (rows, part) in [
            (row(1, "a", "4"), "payout 0: expected index"),
            (row(0, "x", "4"), "payout 0: expected account"),
            (row(0, "0", "4"), "payout 0: expected account"),
            (row(0, "a", "-4"), "payout 0: expected amount"),
            (row(0, "a", "+4"), "payout 0: expected amount"),
            (row(0, "a", "0"), "payout 0: expected amount"),
            (row(0, "a", &(most + 1).to_string()), "payout 0: expected amount"),
            (format!("{},{}", row(0, "b", "5"), row(1, "a", "4")), "strictly increasing"),
            (row(0, "a", "4").replace("index", "place"), "expected the payouts of a bundle"),
        ] {
            let error = load(&list(&rows)).unwrap_err().to_string();
            assert!(error.contains(part), "{rows}: {error}");
        }
    }
}
