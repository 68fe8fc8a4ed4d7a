//! The bundles of an audit, and the keys that they may be proved under.

use std::path::Path;

use meed_ledger::bundle::{hex_0x, read_bundle, BundleError, Circuit, Contents, INSECURE_WARNING};
use meed_statement::units::credits;
use meed_verifier::AnyVerifyingKey;
use ruint::aliases::U256;
use serde::Serialize;

use crate::error::Result;
use crate::finding::{Check, Finding};

/// A verifying key that the auditor trusts, and where it comes from.
#[derive(Clone, Debug)]
pub struct Key {
    /// The key.
    pub vk: AnyVerifyingKey,
    /// The circuit, where the key's own file says it.
    pub circuit: Option<Circuit>,
    /// The file.
    pub source: String,
}

/// What is known of a bundle's proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofState {
    /// It verifies under a key that the auditor gave.
    Valid,
    /// It does not.
    Invalid,
    /// The auditor did not give its key.
    NotChecked,
}

/// A bundle whose files agree with each other.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Where it was found.
    pub source: String,
    /// What it says.
    pub contents: Contents,
    /// Whether that is proved.
    pub proof: ProofState,
}

impl Bundle {
    /// Reads a bundle and verifies its proof, if its key is among `keys`. `None` for a bundle whose files
    /// do not agree.
    ///
    /// # Errors
    /// [`AuditError::Bundle`](crate::AuditError::Bundle) when it cannot be read at all.
    pub(crate) fn read(path: &Path, keys: &[Key]) -> Result<(Option<Self>, Vec<Check>)> {
        let source = path.display().to_string();
        let about = format!("the six files of {source} agree with each other");
        let contents = match read_bundle(path) {
            Ok(contents) => contents,
            Err(error @ (BundleError::Io { .. } | BundleError::NotADirectory { .. })) => {
                return Err(error.into())
            }
            Err(error) => {
                let finding = Finding::error(format!("{source}: {error}"));
                return Ok((None, vec![Check::made("bundle", None, about, vec![finding])]));
            }
        };
        let epoch = Some(contents.header.epoch);
        let files = Check::made("bundle", epoch, about, Vec::new());
        let (proof, check) = prove(&source, &contents, keys);
        Ok((Some(Self { source, contents, proof }), vec![files, check]))
    }

    /// Number of its epoch.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.contents.header.epoch
    }

    /// What waits after the epoch, credits.
    #[must_use]
    pub fn waiting_after(&self) -> U256 {
        self.contents.state.iter().fold(U256::ZERO, |sum, entry| sum + entry.accrued)
    }

    /// What must have waited before the epoch, credits, if nothing was lost or made in it. `None` when it
    /// would be less than nothing.
    #[must_use]
    pub fn waiting_before(&self) -> Option<U256> {
        let header = &self.contents.header;
        let out = self.waiting_after() + credits(header.released_total);
        out.checked_sub(credits(header.fees_total))
    }
}

/// The check of a proof, under the key that the bundle names.
fn prove(source: &str, contents: &Contents, keys: &[Key]) -> (ProofState, Check) {
    let epoch = Some(contents.header.epoch);
    let id = hex_0x(&contents.vk_id);
    let Some(key) = keys.iter().find(|key| key.vk.id() == contents.vk_id) else {
        let about = format!("the proof of {source}");
        let why = format!("its key is not given: --key FILE with the key {id}");
        return (ProofState::NotChecked, Check::not_made("proof", epoch, about, why));
    };
    let about = format!("the proof of {source} under {}, {id}", key.source);
    let mut findings = Vec::new();
    if let Some(circuit) = key.circuit.as_ref().filter(|circuit| **circuit != contents.circuit) {
        findings.push(Finding::error(format!(
            "the bundle says circuit {}, shape {}, digest {}; its key's file says {}, {}, {}",
            contents.circuit.name,
            contents.circuit.shape.name,
            hex::encode(contents.circuit.digest),
            circuit.name,
            circuit.shape.name,
            hex::encode(circuit.digest)
        )));
    }
    if key.vk.is_insecure() {
        findings.push(Finding::warning(INSECURE_WARNING));
    }
    let state = match contents.clone().verify(&key.vk) {
        Ok(_) => ProofState::Valid,
        Err(error) => {
            findings.push(Finding::error(error.to_string()));
            ProofState::Invalid
        }
    };
    (state, Check::made("proof", epoch, about, findings))
}
