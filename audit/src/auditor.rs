//! An audit while it is made.

use std::path::{Path, PathBuf};

use meed_chain::history::History;
use meed_ledger::bundle::domain_text;
use meed_ledger::project::Project;
use meed_ledger::{state, LedgerError};
use meed_statement::words::Domain;

use crate::bundle::{Bundle, Key};
use crate::chain::{compare, ChainSummary};
use crate::epochs::{follow, in_order, Opening};
use crate::error::Result;
use crate::finding::{Check, Finding};
use crate::raw::{self, Raw};
use crate::recompute::recompute;
use crate::summary::Audit;

/// Collects bundles and checks.
#[derive(Debug, Default)]
pub struct Auditor {
    bundles: Vec<Bundle>,
    opening: Option<Opening>,
    chain: Option<ChainSummary>,
    checks: Vec<Check>,
}

impl Auditor {
    /// An audit of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a bundle, and verifies its proof if its key is among `keys`.
    ///
    /// # Errors
    /// [`AuditError::Bundle`](crate::AuditError::Bundle) when it cannot be read at all. A bundle that is
    /// no good is a failed check.
    pub fn bundle(&mut self, path: &Path, keys: &[Key]) -> Result<()> {
        let (bundle, checks) = Bundle::read(path, keys)?;
        self.bundles.extend(bundle);
        self.checks.extend(checks);
        Ok(())
    }

    /// The bundles that could be read, in the order in which they were given.
    #[must_use]
    pub fn bundles(&self) -> &[Bundle] {
        &self.bundles
    }

    /// Checks the bundles against each other. To be called once all of them are there.
    pub fn follow(&mut self) {
        self.checks.extend(follow(&self.bundles, self.opening.as_ref()));
    }

    /// Takes what a project says of the state before the first of the bundles' epochs. To be called before
    /// [`Auditor::follow`].
    ///
    /// # Errors
    /// [`AuditError::Ledger`](crate::AuditError::Ledger) when the operating system refuses the file. A file
    /// that is not accepted is a failed check.
    pub fn opening(&mut self, project: &Project) -> Result<()> {
        let Some(first) = self.bundles.iter().map(Bundle::epoch).min() else { return Ok(()) };
        let kept = project.epoch_dir(first).join(state::FILE);
        let path = match (kept.exists(), first) {
            (true, _) => kept,
            (false, 1) => project.root().join(state::FILE),
            (false, _) => return Ok(()),
        };
        if !path.exists() {
            return Ok(());
        }
        let source = path.display().to_string();
        match state::load(&path) {
            Ok(state) => self.opening = Some(Opening { state, source }),
            Err(error @ LedgerError::Io { .. }) => return Err(error.into()),
            Err(error) => {
                let about = format!("{source} is the state that epoch {first} starts from");
                let findings = vec![Finding::error(error.to_string())];
                self.checks.push(Check::made("opening", Some(first), about, findings));
            }
        }
        Ok(())
    }

    /// The epochs of the bundles, each once, in order.
    #[must_use]
    pub fn epochs(&self) -> Vec<u64> {
        in_order(&self.bundles).into_iter().map(Bundle::epoch).collect()
    }

    /// Computes an epoch again from what a project has of it, and compares the bundle with that.
    ///
    /// # Errors
    /// [`AuditError::Ledger`](crate::AuditError::Ledger) when the operating system refuses a file. What is
    /// not there, or not accepted, ends as a check.
    pub fn recompute(&mut self, project: &Project, epoch: u64) -> Result<()> {
        let order = in_order(&self.bundles);
        let of = |number: u64| order.iter().copied().find(|bundle| bundle.epoch() == number);
        let Some(bundle) = of(epoch) else { return Ok(()) };
        let before = epoch.checked_sub(1).and_then(of);
        let checks = recompute(project, bundle, before)?;
        self.checks.extend(checks);
        Ok(())
    }

    /// Says of an epoch that it could not be computed again, for want of a project.
    pub fn not_recomputed(&mut self, epoch: u64) {
        let about = "the epoch is what its data gives";
        let why = "needs -p PROJECT with epochs/N: commit.json, policy.toml, registry.csv and state.csv, \
                   and, from the operator, events.csv, records.csv and salt.hex";
        self.checks.push(Check::not_made("settlement", Some(epoch), about, why));
    }

    /// Compares raw files of scores, or folders of them, with what the project's imports say of theirs.
    ///
    /// # Errors
    /// [`AuditError::Ledger`](crate::AuditError::Ledger) when a file cannot be read.
    pub fn raw_scores(&mut self, project: &Project, files: &[PathBuf]) -> Result<()> {
        let mut raw = Vec::new();
        for file in files {
            Raw::load(file, &mut raw)?;
        }
        let checks = raw::compare(project, &self.epochs(), &raw)?;
        self.checks.extend(checks);
        Ok(())
    }

    /// Compares a contract's past and present with the bundles.
    pub fn chain(&mut self, history: &History) {
        let (checks, summary) = compare(history, &in_order(&self.bundles));
        self.checks.extend(checks);
        self.chain = Some(summary);
    }

    /// Says that no contract was looked at, if the bundles are for one.
    pub fn not_on_chain(&mut self) {
        let domain = self.bundles.iter().map(|bundle| bundle.contents.domain);
        if let Some(domain) = domain.into_iter().find(|domain| *domain != Domain::OFF_CHAIN) {
            let about = format!("what {} did with the bundles", domain_text(&domain));
            let why = "needs a node, --rpc URL, and the contract, --contract ADDRESS";
            self.checks.push(Check::not_made("settled", None, about, why));
        }
    }

    /// Adds checks that were made elsewhere.
    pub fn extend(&mut self, checks: impl IntoIterator<Item = Check>) {
        self.checks.extend(checks);
    }

    /// What was found.
    #[must_use]
    pub fn finish(self) -> Audit {
        Audit::new(&self.bundles, self.chain, self.checks)
    }
}
