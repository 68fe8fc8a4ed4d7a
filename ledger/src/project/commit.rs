//! Committing to an epoch, and settling it.

use std::path::{Path, PathBuf};

use ark_bn254::Fr;
use ark_ff::PrimeField;
use meed_statement::check::check;
use meed_statement::roots::{state_root, Commitment};
use meed_statement::settle::{settle_with, Trace};
use meed_statement::types::Inputs;
use meed_statement::words::word_to_bytes;
use serde::{Deserialize, Serialize};

use super::{clause, json, order, Epoch, Project, COMMIT, PAYOUTS, SALT, SETTLEMENT};
use crate::atomic::{write_bytes, write_file, Access, Existing, Staging};
use crate::error::{Fault, LedgerError, Result};
use crate::table::read_text;
use crate::{policy, registry, state};

/// Bytes of a salt: 248 bits are below the field's modulus.
const SALT_BYTES: usize = 31;

/// `commit.json`: what an operator publishes before an epoch is settled. Roots are 32 bytes,
/// big-endian, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitFile {
    /// 1.
    pub format: u32,
    /// Number of the epoch.
    pub epoch: u64,
    /// Hash of the policy.
    pub policy_hash: String,
    /// Root of the registry.
    pub registry_root: String,
    /// Root of the events and records.
    pub scores_root: String,
    /// Root of the state that the epoch starts from.
    pub state_root_before: String,
    /// Number of assets.
    pub assets: usize,
    /// Number of events.
    pub events: usize,
    /// Number of records.
    pub records: usize,
    /// Sum of the fees, base units.
    pub fees_total: String,
}

/// A field element as `0x` and 64 hexadecimal digits, big-endian.
#[must_use]
pub fn root_text(root: &Fr) -> String {
    format!("0x{}", hex::encode(word_to_bytes(root)))
}

impl CommitFile {
    fn new(inputs: &Inputs, commitment: &Commitment) -> Self {
        let fees: u128 = inputs.events.iter().map(|e| e.fee).sum();
        Self {
            format: 1,
            epoch: inputs.epoch,
            policy_hash: root_text(&commitment.policy_hash),
            registry_root: root_text(&commitment.registry_root),
            scores_root: root_text(&commitment.scores_root),
            state_root_before: root_text(&state_root(&inputs.state)),
            assets: inputs.registry.len(),
            events: inputs.events.len(),
            records: inputs.records.len(),
            fees_total: fees.to_string(),
        }
    }

    /// The first field in which two differ, with both values.
    fn difference(&self, other: &Self) -> Option<(&'static str, String, String)> {
        let fields = |c: &Self| {
            [
                ("policy_hash", c.policy_hash.clone()),
                ("registry_root", c.registry_root.clone()),
                ("scores_root", c.scores_root.clone()),
                ("state_root_before", c.state_root_before.clone()),
                ("format", c.format.to_string()),
                ("epoch", c.epoch.to_string()),
                ("assets", c.assets.to_string()),
                ("events", c.events.to_string()),
                ("records", c.records.to_string()),
                ("fees_total", c.fees_total.clone()),
            ]
        };
        let mut pairs = fields(self).into_iter().zip(fields(other));
        pairs.find(|(a, b)| a != b).map(|((name, a), (_, b))| (name, a, b))
    }
}

impl Project {
    /// The roots of a committed epoch.
    ///
    /// # Errors
    /// [`LedgerError::Input`]; [`LedgerError::Io`].
    pub fn commit_file(&self, epoch: u64) -> Result<CommitFile> {
        let path = self.epoch_dir(epoch).join(COMMIT);
        let text = read_text(&path, 1 << 16)?;
        serde_json::from_str(&text)
            .map_err(|e| LedgerError::in_file(&path, Fault::Syntax(e.to_string())))
    }

    /// Commits to an epoch: draws its salt, keeps the policy, the registry and the state as they
    /// are, and saves the roots. Once done, it checks that nothing changed since.
    ///
    /// # Errors
    /// As [`Project::load`]; [`LedgerError::Input`] when a committed file changed;
    /// [`LedgerError::Io`].
    pub fn commit(&self, epoch: u64) -> Result<CommitFile> {
        if self.is_committed(epoch) {
            self.load(epoch)?;
            return self.commit_file(epoch);
        }
        // Everything is read and checked before anything is written.
        let loaded = self.load_with(epoch, false, Fr::from(0u64))?;
        let folder = self.epoch_dir(epoch);
        let salt = self.draw_salt(epoch)?;
        let Epoch { mut inputs, registry, .. } = loaded;
        inputs.salt = salt;
        let public = Access::Public;
        let path = |name| folder.join(name);
        write_file(&path(registry::FILE), public, |out| registry.write(out))?;
        write_file(&path(state::FILE), public, |out| state::write(&inputs.state, out))?;
        let toml = policy::to_toml(&inputs.policy);
        write_bytes(&path(policy::FILE), public, toml.as_bytes())?;
        let commit = CommitFile::new(&inputs, &Commitment::new(&inputs));
        write_file(&path(COMMIT), public, |out| json(&commit, out))?;
        Ok(commit)
    }

    /// The salt of an epoch, drawn if there is none yet.
    fn draw_salt(&self, epoch: u64) -> Result<Fr> {
        let path = self.epoch_dir(epoch).join(SALT);
        if !path.exists() {
            let mut salt = [0u8; SALT_BYTES];
            getrandom::fill(&mut salt).map_err(|e| LedgerError::Random(e.to_string()))?;
            write_bytes(&path, Access::Secret, format!("{}\n", hex::encode(salt)).as_bytes())?;
        }
        self.salt(epoch)
    }

    /// The salt of a committed epoch, a secret.
    ///
    /// # Errors
    /// [`LedgerError::Input`], which does not repeat it; [`LedgerError::Io`].
    pub fn salt(&self, epoch: u64) -> Result<Fr> {
        let path = self.epoch_dir(epoch).join(SALT);
        let text = read_text(&path, 256)?;
        Ok(Fr::from_be_bytes_mod_order(&salt_of(&path, &text)?))
    }

    /// Settles an epoch and checks the result against every clause.
    ///
    /// # Errors
    /// As [`Project::load`]; [`LedgerError::Clause`].
    pub fn settle(&self, epoch: u64) -> Result<(Epoch, Trace)> {
        let loaded = self.load(epoch)?;
        let Epoch { inputs, commitment, .. } = &loaded;
        let commitment = commitment.unwrap_or_else(|| Commitment::new(inputs));
        // Loading has checked the inputs.
        let trace = settle_with(inputs, &commitment, |_, _| {});
        check(inputs, &commitment, &trace).map_err(|v| clause(&self.epoch_dir(epoch), v))?;
        Ok((loaded, trace))
    }

    /// Saves what a committed epoch was settled to.
    ///
    /// # Errors
    /// [`LedgerError::Order`] when the epoch is not committed; [`LedgerError::Io`].
    pub fn save_settlement(&self, epoch: u64, trace: &Trace) -> Result<PathBuf> {
        let target = self.epoch_dir(epoch).join(SETTLEMENT);
        if !self.is_committed(epoch) {
            let rule = format!("expected epoch {epoch} to be committed: run `meed commit` first");
            return Err(order(&self.root, rule));
        }
        let header = &trace.header;
        let about = Settlement {
            format: 1,
            epoch,
            state_root_after: root_text(&header.state_root_after),
            fees_total: header.fees_total.to_string(),
            released_total: header.released_total.to_string(),
            payouts: header.payouts,
            h: root_text(&trace.h),
        };
        let staging = Staging::new(&target, Access::Public)?;
        let public = Access::Public;
        staging.write(PAYOUTS, public, |out| {
            writeln!(out, "account,amount")?;
            trace.payouts.iter().try_for_each(|p| writeln!(out, "{},{}", p.account, p.amount))
        })?;
        staging.write(state::FILE, public, |out| state::write(&trace.state_after, out))?;
        staging.write("settlement.json", public, |out| json(&about, out))?;
        staging.commit(Existing::Replace)?;
        Ok(target)
    }
}

/// The salt that `salt.hex` holds; `path` is for errors.
pub(super) fn salt_of(path: &Path, text: &str) -> Result<[u8; SALT_BYTES]> {
    let mut salt = [0u8; SALT_BYTES];
    hex::decode_to_slice(text.trim_end(), &mut salt).map_err(|_| {
        let expected = format!("{} hexadecimal digits", 2 * SALT_BYTES);
        LedgerError::in_file(path, Fault::Secret { what: "salt", expected })
    })?;
    Ok(salt)
}

#[derive(Serialize)]
struct Settlement {
    format: u32,
    epoch: u64,
    state_root_after: String,
    fees_total: String,
    released_total: String,
    payouts: u32,
    h: String,
}

/// The roots of a committed epoch's files, if they are those that it was committed with.
pub(super) fn same_roots(folder: &Path, saved: &CommitFile, inputs: &Inputs) -> Result<Commitment> {
    let commitment = Commitment::new(inputs);
    match saved.difference(&CommitFile::new(inputs, &commitment)) {
        None => Ok(commitment),
        Some((what, expected, got)) => {
            let expected = format!("{expected}, as committed");
            let fault = Fault::value(what, expected, format!("{got} by the files beside it"));
            Err(LedgerError::in_file(&folder.join(COMMIT), fault))
        }
    }
}
