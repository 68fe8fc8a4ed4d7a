//! A committed epoch whose files are in memory: for those who are handed an epoch, not a project.

use std::path::Path;

use ark_bn254::Fr;
use ark_ff::PrimeField;
use meed_statement::check::{check, check_inputs};
use meed_statement::settle::{settle_with, Trace};
use meed_statement::types::Inputs;

use super::commit::{salt_of, same_roots, CommitFile};
use super::{clause, Epoch, COMMIT, SALT};
use crate::error::{Fault, LedgerError, Result};
use crate::events::{self, Events};
use crate::registry::{self, Registry};
use crate::{policy, records, state};

/// The files of a committed epoch. Records and salt are secrets of the operator.
#[derive(Clone, Copy)]
pub struct EpochFiles<'a> {
    /// `policy.toml`.
    pub policy: &'a str,
    /// `registry.csv`.
    pub registry: &'a str,
    /// `state.csv`: what waits in accounts before the epoch.
    pub state: &'a str,
    /// `events.csv`.
    pub events: &'a str,
    /// `records.csv`.
    pub records: &'a str,
    /// `salt.hex`.
    pub salt: &'a str,
    /// `commit.json`.
    pub commit: &'a str,
}

impl EpochFiles<'_> {
    /// Reads the epoch, checks that it is the one that was committed to, settles it, and checks the
    /// result against every clause. Nothing is written.
    ///
    /// # Errors
    /// [`LedgerError::Input`] with file and line; [`LedgerError::Clause`].
    pub fn settle(&self) -> Result<(Epoch, Trace)> {
        let commit: CommitFile = serde_json::from_str(self.commit)
            .map_err(|e| LedgerError::in_file(Path::new(COMMIT), Fault::Syntax(e.to_string())))?;
        let salt = Fr::from_be_bytes_mod_order(&salt_of(Path::new(SALT), self.salt)?);
        let policy = policy::parse(Path::new(policy::FILE), self.policy)?;
        let registry = Registry::parse(Path::new(registry::FILE), self.registry.as_bytes())?;
        let state = state::parse(Path::new(state::FILE), self.state.as_bytes())?;
        let events = Events::parse(Path::new(events::FILE), self.events.as_bytes(), &registry)?;
        let events = events.into_vec();
        let path = Path::new(records::FILE);
        let records = records::parse(path, self.records.as_bytes(), events.len(), registry.len())?;
        let assets = registry.assets().to_vec();
        let epoch = commit.epoch;
        let inputs = Inputs { epoch, policy, registry: assets, salt, events, records, state };
        let folder = Path::new("");
        check_inputs(&inputs).map_err(|violation| clause(folder, violation))?;
        let commitment = same_roots(folder, &commit, &inputs)?;
        let trace = settle_with(&inputs, &commitment, |_, _| {});
        check(&inputs, &commitment, &trace).map_err(|violation| clause(folder, violation))?;
        let epoch = Epoch { inputs, registry, committed: true, commitment: Some(commitment) };
        Ok((epoch, trace))
    }
}
