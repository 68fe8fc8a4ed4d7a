//! Settling epochs one after the other. The contract says what is left to do: whatever ran before, and
//! however it ended, each epoch is settled once.

use std::cmp::Ordering;
use std::path::PathBuf;

use anyhow::Result;
use meed_chain::{Contract, Route, Step, Terms};
use meed_ledger::bundle::Verified;
use meed_verifier::AnyVerifyingKey;
use serde_json::{json, Value};

use super::send::Outbox;
use super::Place;
use crate::args::chain::SendArgs;
use crate::failure::usage;
use crate::keys::load_verifying_key;
use crate::ui::Ui;

/// A circuit of the contract.
pub(crate) struct CircuitKey {
    pub(crate) number: u64,
    pub(crate) key: AnyVerifyingKey,
}

impl Place {
    /// These circuits, or those of chain.toml where none is given.
    pub(crate) fn circuits(&self, given: &[(u64, PathBuf)]) -> Result<Vec<CircuitKey>> {
        let mut circuits = Vec::new();
        for (number, path) in given {
            circuits.push(CircuitKey { number: *number, key: load_verifying_key(path)?.vk });
        }
        if circuits.is_empty() {
            for entry in self.deployment.iter().flat_map(|deployment| &deployment.circuits) {
                circuits.push(CircuitKey { number: entry.number, key: entry.verifying_key()? });
            }
        }
        if circuits.is_empty() {
            return Err(usage(
                "expected --circuit N=FILE: there is no chain.toml of this contract to take its keys from",
            ));
        }
        Ok(circuits)
    }
}

/// How epochs are settled.
#[derive(Clone, Copy)]
pub(crate) struct How<'a> {
    pub(crate) route: Route,
    /// Whether the account commits to an epoch, too, where nobody has.
    pub(crate) commit: bool,
    pub(crate) send: &'a SendArgs,
}

/// What a contract settles in order.
pub(crate) struct InOrder<'a> {
    contract: &'a Contract<'a>,
    how: How<'a>,
    ui: &'a Ui,
    outbox: Option<Outbox<'a>>,
    /// The last epoch of a dry run: it is tried, and not settled.
    tried: Option<u64>,
    /// What was done, for people.
    pub(crate) lines: Vec<String>,
    /// How many epochs were settled by this run.
    pub(crate) new: usize,
}

impl<'a> InOrder<'a> {
    pub(crate) fn new(contract: &'a Contract<'a>, how: How<'a>, ui: &'a Ui) -> Self {
        Self { contract, how, ui, outbox: None, tried: None, lines: Vec::new(), new: 0 }
    }

    /// Settles an epoch, unless it is settled.
    pub(crate) fn settle(&mut self, circuit: u64, bundle: &Verified) -> Result<Value> {
        self.ui.go_on()?;
        let header = &bundle.header;
        let last = self.tried.map_or_else(|| self.contract.state().map(|s| s.epoch), Ok)?;
        let next = last.saturating_add(1);
        let done = match header.epoch.cmp(&next) {
            Ordering::Less => self.look(circuit, bundle)?,
            Ordering::Equal if self.tried.is_some() => None,
            Ordering::Equal => self.prepare(circuit, bundle)?,
            Ordering::Greater => {
                return Err(usage(format!(
                    "the contract expects epoch {next} next, got epoch {}: there is no bundle of epoch \
                     {next}",
                    header.epoch
                )))
            }
        };
        let mut json = json!({
            "epoch": header.epoch,
            "circuit": circuit,
            "released_total": header.released_total.to_string(),
            "payouts": header.payouts,
            "done_before": done.is_some(),
            "transactions": [],
        });
        if let Some(text) = done {
            self.ui.note(&text);
            self.lines.push(text);
            return Ok(json);
        }
        let (contract, route) = (self.contract, self.how.route);
        let outbox = self.outbox()?;
        if let Step::Send(calls) =
            contract.settle(circuit, bundle, outbox.sender().address(), route)?
        {
            outbox.send_all(&calls)?;
        }
        let (lines, transactions) = outbox.take();
        match outbox.dry() {
            true => self.tried = Some(header.epoch),
            false => self.new += 1,
        }
        self.lines.extend(lines);
        json["transactions"] = transactions.into();
        Ok(json)
    }

    /// The text, when the contract has settled the epoch with this bundle.
    fn look(&self, circuit: u64, bundle: &Verified) -> Result<Option<String>> {
        Ok(match self.contract.check_bundle(circuit, bundle)? {
            Some(Step::Done(text)) => Some(text),
            _ => None,
        })
    }

    /// Sees to it that the next epoch can be settled. The text, when it has been meanwhile.
    fn prepare(&mut self, circuit: u64, bundle: &Verified) -> Result<Option<String>> {
        let (contract, commit) = (self.contract, self.how.commit);
        // What is refused, or done by now, needs no key.
        if !commit {
            if let Some(text) = self.look(circuit, bundle)? {
                return Ok(Some(text));
            }
        }
        // A run that was killed may have left a transaction on its way: this one's, for example.
        let waited = self.outbox.is_none() && self.outbox()?.settle_down()?;
        if waited && contract.state()?.epoch >= bundle.header.epoch {
            return self.look(circuit, bundle);
        }
        if commit {
            // A commitment stands for days: none for what could not be settled.
            contract.check_circuit(circuit, bundle)?;
            let step = contract.commit(&Terms::of_header(&bundle.header), Some(&bundle.payouts))?;
            if let Step::Send(calls) = step {
                let outbox = self.outbox()?;
                outbox.send_all(&calls)?;
                if outbox.dry() {
                    return Ok(None);
                }
            }
        }
        self.look(circuit, bundle)
    }

    /// The account that sends, opened when there is something to send.
    fn outbox(&mut self) -> Result<&mut Outbox<'a>> {
        let outbox = match self.outbox.take() {
            Some(outbox) => outbox,
            None => Outbox::new(self.contract.client(), self.how.send, self.ui)?,
        };
        Ok(self.outbox.insert(outbox))
    }
}
