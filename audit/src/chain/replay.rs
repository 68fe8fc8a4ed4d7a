//! A contract's books, kept again from what it told.

use std::collections::{BTreeMap, HashSet};

use meed_chain::history::{commitment, History};
use meed_chain::logs::{Event, Logged, Settlement};
use meed_chain::{Address, B256, U256};
use meed_statement::roots::state_root;
use meed_statement::types::Account;
use meed_statement::units::unit;

use super::word;
use crate::finding::{Finding, Unit};

/// Roots and fees of an epoch that is fixed.
#[derive(Clone, Debug)]
pub(super) struct Committed {
    pub(super) roots: [U256; 3],
    pub(super) fees: U256,
}

/// A settlement that stands.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    pub(super) told: Settlement,
    pub(super) block: u64,
    pub(super) transaction: B256,
    pub(super) committed: Option<Committed>,
    /// What went to the treasury, if it was swept.
    pub(super) swept: Option<U256>,
    /// How many settlements of this epoch were taken back before.
    pub(super) retracted: usize,
}

/// A payment.
#[derive(Clone, Debug)]
pub(super) struct Claimed {
    pub(super) index: U256,
    pub(super) account: Address,
    pub(super) amount: U256,
    pub(super) transaction: B256,
}

/// Where the money is after everything that was told. Amounts are base units, unless said otherwise.
#[derive(Clone, Debug, Default)]
pub(super) struct Replay {
    pub(super) deposited: U256,
    pot: U256,
    locked: U256,
    committed: Option<Committed>,
    /// The settlements that stand, from epoch 1 on.
    settled: Vec<Settled>,
    retracted: BTreeMap<U256, usize>,
    /// By epoch, in the order in which they were made.
    claims: BTreeMap<U256, Vec<Claimed>>,
    /// Epoch and index of every payment.
    paid: HashSet<(U256, U256)>,
    findings: Vec<Finding>,
}

impl Replay {
    pub(super) fn of(history: &History) -> Self {
        let mut this = Self::default();
        for logged in &history.told {
            this.step(logged);
        }
        this
    }

    /// The settlement of an epoch that stands.
    pub(super) fn settled(&self, epoch: u64) -> Option<&Settled> {
        self.settled.iter().find(|settled| settled.told.epoch == U256::from(epoch))
    }

    /// The payments of an epoch.
    pub(super) fn claims(&self, epoch: U256) -> &[Claimed] {
        self.claims.get(&epoch).map_or(&[], Vec::as_slice)
    }

    /// All payments together.
    pub(super) fn claimed(&self) -> U256 {
        self.claims.values().fold(U256::ZERO, |total, claims| total.saturating_add(sum(claims)))
    }

    /// What went to the treasury.
    pub(super) fn swept(&self) -> U256 {
        let swept = self.settled.iter().filter_map(|settled| settled.swept);
        swept.fold(U256::ZERO, U256::saturating_add)
    }

    /// What waits in accounts, credits.
    fn accrued(&self) -> U256 {
        self.settled.last().map(|settled| settled.told.accrued_after).unwrap_or_default()
    }

    fn next(&self) -> U256 {
        U256::from(self.settled.len()) + U256::from(1)
    }

    fn error(&mut self, logged: &Logged, text: String) {
        let (block, transaction) = (logged.block, logged.transaction);
        let message = format!("{text} (block {block}, transaction {transaction})");
        self.findings.push(Finding::error(message));
    }

    fn step(&mut self, logged: &Logged) {
        match &logged.event {
            Event::Deposited { amount, .. } => {
                self.deposited = self.deposited.saturating_add(*amount);
                self.pot = self.pot.saturating_add(*amount);
            }
            Event::Committed { epoch, roots, fees, .. } => {
                if *epoch != self.next() {
                    let next = self.next();
                    self.error(logged, format!("epoch {epoch} was committed, expected {next}"));
                }
                let available = self.pot.saturating_add(self.locked);
                match available.checked_sub(*fees) {
                    Some(left) => self.pot = left,
                    None => self.error(
                        logged,
                        format!("epoch {epoch} locked {fees} base units, {available} were there"),
                    ),
                }
                self.locked = *fees;
                self.committed = Some(Committed { roots: *roots, fees: *fees });
            }
            Event::Settled(told) => self.settle(logged, told),
            Event::Retracted { epoch } => self.retract(logged, *epoch),
            Event::Claimed { epoch, index, account, amount } => {
                if !self.paid.insert((*epoch, *index)) {
                    let text = format!(
                        "payout {index} of epoch {epoch} was paid again, {amount} base units to {account}"
                    );
                    self.error(logged, text);
                    self.name_last(*account, U256::ZERO, *amount);
                }
                self.claims.entry(*epoch).or_default().push(Claimed {
                    index: *index,
                    account: *account,
                    amount: *amount,
                    transaction: logged.transaction,
                });
                let settled = self.settled.iter().find(|settled| settled.told.epoch == *epoch);
                match settled.map(|settled| settled.swept.is_some()) {
                    None => self.error(logged, format!("epoch {epoch} is not settled, and paid")),
                    Some(true) => {
                        self.error(logged, format!("epoch {epoch} paid {account} after its sweep"));
                    }
                    Some(false) => {}
                }
            }
            Event::Swept { epoch, amount } => {
                let settled = self.settled.iter_mut().find(|s| s.told.epoch == *epoch);
                match settled {
                    Some(settled) if settled.swept.is_none() => settled.swept = Some(*amount),
                    // An epoch that is swept can be swept again: then of nothing.
                    Some(_) if amount.is_zero() => {}
                    _ => self.error(logged, format!("epoch {epoch} was swept out of turn")),
                }
            }
            Event::Unknown => {
                self.error(logged, "the contract told something that no such contract does".into());
            }
            _ => {}
        }
    }

    /// Adds account and amounts to the last finding.
    fn name_last(&mut self, account: Address, expected: U256, got: U256) {
        if let Some(mut last) = self.findings.pop() {
            if let Some(account) = Account::new(account.into_array()) {
                last = last.of(account);
            }
            self.findings.push(last.amounts(Unit::BaseUnits, expected, got));
        }
    }

    fn settle(&mut self, logged: &Logged, told: &Settlement) {
        let epoch = told.epoch;
        if epoch != self.next() {
            let next = self.next();
            self.error(logged, format!("epoch {epoch} was settled, expected {next}"));
        }
        let credits =
            |amount: U256, waits: U256| amount.saturating_mul(unit()).saturating_add(waits);
        let incoming = credits(self.locked, self.accrued());
        let outgoing = credits(told.released, told.accrued_after);
        if incoming != outgoing {
            let text = format!(
                "epoch {epoch}: {incoming} credits were there, {outgoing} were released or left waiting"
            );
            self.error(logged, text);
            if let Some(last) = self.findings.pop() {
                self.findings.push(last.amounts(Unit::Credits, incoming, outgoing));
            }
        }
        self.locked = U256::ZERO;
        self.settled.push(Settled {
            told: told.clone(),
            block: logged.block,
            transaction: logged.transaction,
            committed: self.committed.take(),
            swept: None,
            retracted: self.retracted.get(&epoch).copied().unwrap_or_default(),
        });
    }

    /// The last settlement is taken back, and its commitment stands again.
    fn retract(&mut self, logged: &Logged, epoch: U256) {
        match self.settled.pop() {
            Some(last) if last.told.epoch == epoch => {
                *self.retracted.entry(epoch).or_default() += 1;
                self.pot = self.pot.saturating_add(self.locked);
                self.locked = last.committed.as_ref().map(|c| c.fees).unwrap_or_default();
                self.committed = last.committed;
                if !self.claims(epoch).is_empty() {
                    self.error(logged, format!("epoch {epoch} was taken back after it had paid"));
                }
            }
            last => {
                self.settled.extend(last);
                self.error(logged, format!("epoch {epoch} was taken back, and is not the last"));
            }
        }
    }

    /// What was found while keeping the books, and where they end otherwise than the contract's.
    pub(super) fn against(&self, history: &History) -> Vec<Finding> {
        let mut findings = self.findings.clone();
        let state = &history.state;
        let amounts = [
            ("the pot", Unit::BaseUnits, self.pot, U256::from(state.pot)),
            ("locked fees", Unit::BaseUnits, self.locked, U256::from(state.locked)),
            ("what waits", Unit::Credits, self.accrued(), U256::from(state.accrued) * unit()),
        ];
        for (what, unit, expected, got) in amounts {
            if expected != got {
                let message = format!(
                    "{what}: the log adds up to {expected} {}, the contract says {got}",
                    unit.name()
                );
                findings.push(Finding::error(message).amounts(unit, expected, got));
            }
        }
        let root = self.settled.last().map(|settled| settled.told.state_root_after);
        let root = root.unwrap_or_else(|| word(&state_root(&[])));
        let committed = self.committed.as_ref().map(|c| commitment(c.roots)).unwrap_or_default();
        for (what, expected, got) in [
            ("settled epochs", self.settled.len().to_string(), state.epoch.to_string()),
            ("state root", format!("{root:#066x}"), format!("{:#066x}", state.state_root)),
            ("commitment", committed.to_string(), state.commitment.to_string()),
        ] {
            if expected != got {
                let message =
                    format!("{what}: the log ends with {expected}, the contract says {got}");
                findings.push(Finding::error(message));
            }
        }
        for settled in &self.settled {
            findings.extend(self.books(settled, history));
        }
        findings.extend(notes(history, self));
        findings
    }

    /// A settled epoch against what the contract keeps of it.
    fn books(&self, settled: &Settled, history: &History) -> Vec<Finding> {
        let told = &settled.told;
        let epoch = told.epoch;
        let books = history.epochs.iter().find(|b| U256::from(b.state.number) == epoch);
        let Some(books) = books else {
            return vec![Finding::error(format!("epoch {epoch}: the contract does not have it"))];
        };
        let mut findings = Vec::new();
        let root = if settled.swept.is_some() { B256::ZERO } else { told.claim_root };
        for (what, expected, got) in [
            ("claim root", root.to_string(), books.state.root.to_string()),
            ("payouts", told.payouts.to_string(), books.state.payouts.to_string()),
            ("swept", settled.swept.is_some().to_string(), books.state.swept.to_string()),
        ] {
            if expected != got {
                let message =
                    format!("epoch {epoch}, {what}: the log says {expected}, the contract {got}");
                findings.push(Finding::error(message));
            }
        }
        let paid = sum(self.claims(epoch));
        let gone = paid.saturating_add(settled.swept.unwrap_or_default());
        if gone > told.released {
            let message = format!(
                "epoch {epoch} paid {gone} base units, more than its payouts of {}",
                told.released
            );
            findings.push(Finding::error(message).amounts(Unit::BaseUnits, told.released, gone));
        }
        let amounts = [
            ("sum of the payouts", told.released, U256::from(books.state.released)),
            ("unclaimed", told.released.saturating_sub(gone), books.unclaimed),
        ];
        for (what, expected, got) in amounts {
            if expected != got {
                let message = format!(
                    "epoch {epoch}, {what}: the log adds up to {expected} base units, the contract says {got}"
                );
                findings.push(Finding::error(message).amounts(Unit::BaseUnits, expected, got));
            }
        }
        findings
    }
}

/// The sum of payments. What a contract tells may be anything: nothing here overflows.
pub(super) fn sum(claims: &[Claimed]) -> U256 {
    claims.iter().fold(U256::ZERO, |sum, claim| sum.saturating_add(claim.amount))
}

/// What is worth knowing beside the sums.
fn notes(history: &History, replay: &Replay) -> Vec<Finding> {
    let mut notes = Vec::new();
    for (epoch, times) in &replay.retracted {
        notes.push(Finding::note(format!("epoch {epoch} was taken back {times} times")));
    }
    let count = |of: fn(&Event) -> bool| history.told.iter().filter(|l| of(&l.event)).count();
    let parts = count(|event| matches!(event, Event::PartAdded { .. }));
    if parts > 0 {
        notes.push(Finding::note(format!("{parts} parts of lists went into drafts")));
    }
    let refused = count(|event| matches!(event, Event::PaymentRefused { .. }));
    if refused > 0 {
        notes.push(Finding::note(format!("{refused} payments were refused by their receivers")));
    }
    notes
}
