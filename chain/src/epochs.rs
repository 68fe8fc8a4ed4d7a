//! Deposits and commitments, and what is settled.

use alloy::primitives::{Address, B256, U256};
use alloy::sol_types::SolCall;
use ark_bn254::Fr;
use meed_ledger::claims::ClaimTree;
use meed_ledger::project::CommitFile;
use meed_statement::types::Payout;
use meed_statement::words::{word_to_bytes, Header};

use crate::abi::{MeedSettlement as S, Token};
use crate::contract::{commitment_hash, Contract, EpochState};
use crate::deployment::Money;
use crate::error::{ChainError, Result};
use crate::revert::utc;
use crate::send::Call;

/// What is left to do.
#[derive(Clone, Debug)]
pub enum Step {
    /// Nothing: the chain has it already.
    Done(String),
    /// These, one after the other.
    Send(Vec<Call>),
}

/// What a commitment says of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The epoch.
    pub epoch: u64,
    /// Of policy, registry and scores.
    pub roots: [U256; 3],
    /// Root of the state that it starts from.
    pub state_root_before: U256,
    /// Base units.
    pub fees: u128,
}

impl Terms {
    /// Those of a project's `commit.json`.
    ///
    /// # Errors
    /// [`ChainError::Input`].
    pub fn of_file(file: &CommitFile) -> Result<Self> {
        let fees = file.fees_total.parse();
        Ok(Self {
            epoch: file.epoch,
            roots: [
                root("policy_hash", &file.policy_hash)?,
                root("registry_root", &file.registry_root)?,
                root("scores_root", &file.scores_root)?,
            ],
            state_root_before: root("state_root_before", &file.state_root_before)?,
            fees: fees.map_err(|_| {
                ChainError::input("commit.json", "fees_total below 2^128, in digits")
            })?,
        })
    }

    /// Those that a proof was made with.
    #[must_use]
    pub fn of_header(header: &Header) -> Self {
        Self {
            epoch: header.epoch,
            roots: [&header.policy_hash, &header.registry_root, &header.scores_root].map(word),
            state_root_before: word(&header.state_root_before),
            fees: header.fees_total,
        }
    }
}

/// A public word as a number.
pub(crate) fn word(word: &Fr) -> U256 {
    U256::from_be_bytes(word_to_bytes(word))
}

impl Contract<'_> {
    pub(crate) fn sends(&self, what: String, call: &impl SolCall) -> Call {
        let data = call.abi_encode().into();
        Call { what, to: Some(self.address()), data, value: U256::ZERO }
    }

    /// Pays into the pot. The first call, if there are two, lets the contract take the token.
    ///
    /// # Errors
    /// [`ChainError::Order`] when the payer has too little; [`ChainError::Node`].
    pub fn deposit(&self, payer: Address, amount: u128, memo: B256) -> Result<Vec<Call>> {
        if amount == 0 {
            return Err(ChainError::order("expected an amount above 0"));
        }
        let money = self.money()?;
        let amount = U256::from(amount);
        let has = self.balance(money, payer)?;
        if has < amount {
            let unit = match money {
                Money::Native => "of the chain's smallest unit".to_owned(),
                Money::Token(token) => format!("base units of token {token}"),
            };
            return Err(ChainError::order(format!(
                "{payer} has {has} {unit}, and {amount} are to be deposited"
            )));
        }
        let mut deposit = self.sends(format!("deposit {amount}"), &S::depositCall { amount, memo });
        let Money::Token(token) = money else {
            deposit.value = amount;
            return Ok(vec![deposit]);
        };
        let spender = self.address();
        let allowed = self.client().view(token, &Token::allowanceCall { owner: payer, spender })?;
        let approve = |amount: U256| Call {
            what: format!("let the contract take {amount} of token {token}"),
            to: Some(token),
            data: Token::approveCall { spender, amount }.abi_encode().into(),
            value: U256::ZERO,
        };
        let mut calls = Vec::new();
        if allowed < amount {
            // Some tokens change an allowance from and to zero only.
            if !allowed.is_zero() {
                calls.push(approve(U256::ZERO));
            }
            calls.push(approve(amount));
        }
        calls.push(deposit);
        Ok(calls)
    }

    /// Commits to an epoch's roots.
    ///
    /// # Errors
    /// [`ChainError::Order`] when it is not the epoch's turn; [`ChainError::Rejected`] when the chain
    /// has other roots or other payouts for it; [`ChainError::Node`].
    pub fn commit(&self, terms: &Terms, payouts: Option<&[Payout]>) -> Result<Step> {
        let state = self.state()?;
        let Terms { epoch, roots, state_root_before: before, fees } = *terms;
        if epoch <= state.epoch {
            let settled = self.settled(epoch)?;
            return match payouts {
                Some(payouts) => {
                    self.same_payouts(&settled, payouts)?;
                    Ok(Step::Done(format!("Epoch {epoch} is settled, with the project's payouts")))
                }
                None => Ok(Step::Done(format!(
                    "Epoch {epoch} is settled; the project has no \
                    settlement of it to compare"
                ))),
            };
        }
        next_epoch(epoch, state.epoch)?;
        if before != state.state_root {
            return Err(ChainError::Rejected(format!(
                "epoch {epoch} starts from state {before:#066x} in the project, and from {:#066x} in \
                 the contract: it could never be settled",
                state.state_root
            )));
        }
        if state.commitment == commitment_hash(roots) && state.locked == fees {
            return Ok(Step::Done(format!(
                "Epoch {epoch} is committed, with these roots and fees"
            )));
        }
        if state.commitment != B256::ZERO {
            let again = state.committed_time.saturating_add(self.lifetime()?);
            let now = self.client().last_block()?.header.timestamp;
            if now < again {
                return Err(ChainError::Rejected(format!(
                    "epoch {epoch} is committed with other roots or fees; a commitment can be replaced \
                     from {} on",
                    utc(again)
                )));
            }
        }
        let available = U256::from(state.pot) + U256::from(state.locked);
        if available < U256::from(fees) {
            return Err(ChainError::order(format!(
                "epoch {epoch} has fees of {fees} and {available} are deposited: run `meed chain \
                 deposit` first"
            )));
        }
        let [policy, registry, scores] = roots;
        Ok(Step::Send(vec![self.sends(
            format!("commit to epoch {epoch}"),
            &S::commitCall {
                next: U256::from(epoch),
                policyHash: policy,
                registryRoot: registry,
                scoresRoot: scores,
                fees: U256::from(fees),
            },
        )]))
    }

    fn lifetime(&self) -> Result<u64> {
        let lifetime = self.view(&S::COMMITMENT_LIFETIMECall {})?;
        Ok(u64::try_from(lifetime).unwrap_or(u64::MAX))
    }

    pub(crate) fn settled(&self, epoch: u64) -> Result<EpochState> {
        self.epoch(epoch)?
            .ok_or_else(|| ChainError::order(format!("the contract has not settled epoch {epoch}")))
    }

    /// Fails unless these are the payouts that the epoch was settled with.
    pub(crate) fn same_payouts(&self, settled: &EpochState, payouts: &[Payout]) -> Result<()> {
        let epoch = settled.number;
        if settled.swept {
            return Err(ChainError::order(format!(
                "what was not claimed of epoch {epoch} went to the treasury"
            )));
        }
        let root = match payouts.is_empty() {
            true => B256::ZERO,
            false => B256::from(ClaimTree::new(payouts)?.root()),
        };
        if root == settled.root {
            return Ok(());
        }
        Err(ChainError::Rejected(format!(
            "epoch {epoch} is settled with other payouts: expected claim root {}, got {root}",
            settled.root
        )))
    }
}

pub(crate) fn next_epoch(epoch: u64, last: u64) -> Result<()> {
    match last.checked_add(1) {
        Some(next) if next == epoch => Ok(()),
        _ => Err(ChainError::order(format!(
            "the contract has settled {last} epochs and expects the next one, got epoch {epoch}"
        ))),
    }
}

fn root(name: &'static str, text: &str) -> Result<U256> {
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 64);
    digits.and_then(|digits| U256::from_str_radix(digits, 16).ok()).ok_or_else(|| {
        ChainError::input(format!("commit.json: {name}"), "0x and 64 hexadecimal digits")
    })
}
