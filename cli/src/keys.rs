//! Circuits, and key files by their place and format.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use meed_circuits::r1cs::circuit::Circuit;
use meed_ledger::bundle;
use meed_prover::export::verifying_key_from_snarkjs;
use meed_prover::zkey::sidecar_path;
use meed_prover::{CircuitId, FormatError, KeyError, Sidecar};
use meed_statement::shape::Shape;
use meed_verifier::{halo2, AnyVerifyingKey, VerifyingKey, VERIFYING_KEY_BYTES};

use crate::args::ProofSystem;
use crate::failure::input;
use crate::ui::Ui;

/// The longest file that can be a verifying key.
const LONGEST: u64 = 1 << 16;

/// Name of a shape's circuit.
pub(crate) fn circuit_name(shape: &Shape) -> String {
    format!("meed-groth16-{}", shape.name)
}

/// Where the key of a shape is in a folder of keys.
pub(crate) fn key_path(keys: &Path, shape: &Shape) -> PathBuf {
    keys.join(format!("{}.zkey", circuit_name(shape)))
}

/// Where the key of a shape and system is in a folder of keys.
pub(crate) fn key_path_of(system: ProofSystem, keys: &Path, shape: &Shape) -> PathBuf {
    match system {
        ProofSystem::Groth16 => key_path(keys, shape),
        ProofSystem::Halo2 => meed_prover::halo2::key_path(keys, shape),
    }
}

/// Where its verifying key is.
pub(crate) fn verifying_key_path(keys: &Path, shape: &Shape) -> PathBuf {
    sidecar_path(&key_path(keys, shape))
}

/// Builds a shape's circuit and its digest.
pub(crate) fn build_circuit(shape: Shape, ui: &Ui) -> Result<(Circuit, CircuitId)> {
    ui.wait(&format!("building circuit {}", shape.name), move || {
        let circuit = Circuit::new(shape);
        let id = CircuitId::new(&circuit_name(&shape), shape.name, circuit.matrices());
        (circuit, id)
    })
}

/// Builds a shape's halo2 circuit and its digest.
pub(crate) fn build_halo2(
    shape: Shape,
    ui: &Ui,
) -> Result<(meed_halo2::Circuit, meed_prover::halo2::CircuitId)> {
    ui.wait(&format!("building halo2 circuit {}", shape.name), move || {
        let circuit = meed_halo2::Circuit::new(shape);
        let id = meed_prover::halo2::CircuitId::new(&circuit);
        (circuit, id)
    })
}

/// The circuit as bundles name it.
pub(crate) fn bundle_circuit(id: &CircuitId) -> Result<bundle::Circuit> {
    circuit_as(&id.name, &id.shape, *id.digest.as_bytes())
}

/// The halo2 circuit as bundles name it.
pub(crate) fn bundle_circuit_halo2(id: &meed_prover::halo2::CircuitId) -> Result<bundle::Circuit> {
    circuit_as(&id.name, &id.shape, *id.digest.as_bytes())
}

fn circuit_as(name: &str, shape: &str, digest: [u8; 32]) -> Result<bundle::Circuit> {
    let shape = Shape::by_name(shape)
        .ok_or_else(|| input(format!("circuit shape: expected XS, S or M, got {shape:?}")))?;
    Ok(bundle::Circuit { name: name.to_owned(), shape, digest })
}

/// A verifying key, and the circuit where the file says which it is.
pub(crate) struct Key {
    pub(crate) vk: AnyVerifyingKey,
    pub(crate) circuit: Option<bundle::Circuit>,
}

impl Key {
    /// The key for what knows Groth16 alone; `path` is its file.
    pub(crate) fn groth16(&self, path: &Path) -> Result<&VerifyingKey> {
        let key = self.vk.groth16();
        key.map_err(|error| input(format!("{}: {error} key", path.display())))
    }
}

/// Reads a verifying key: Meed's `.vk.json` (or the key file that it stands beside), snarkjs's
/// `verification_key.json`, or the key's bytes, 704 of Groth16 or 1,512 of halo2.
pub(crate) fn load_verifying_key(path: &Path) -> Result<Key> {
    if path.extension().is_some_and(|e| e == "zkey") {
        return from_sidecar(&Sidecar::load(&sidecar_path(path))?);
    }
    if path.extension().is_some_and(|e| e == "key") {
        return from_halo2(&meed_prover::halo2::Sidecar::load(&sidecar_path(path))?);
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
        .with_context(|| format!("cannot read {}", path.display()))?;
    let in_file = |source: FormatError| KeyError::File { path: path.to_owned(), source };
    if bytes.len() == VERIFYING_KEY_BYTES || bytes.starts_with(&halo2::KEY_MAGIC) {
        let vk = AnyVerifyingKey::from_bytes(&bytes).map_err(FormatError::from).map_err(in_file)?;
        return Ok(Key { vk, circuit: None });
    }
    let text = std::str::from_utf8(&bytes).ok().filter(|_| bytes.len() as u64 <= LONGEST);
    let json = text.and_then(|t| serde_json::from_str::<serde_json::Value>(t).ok());
    match (text, json) {
        (Some(text), Some(json)) if json.get("protocol").is_some() => {
            let vk = verifying_key_from_snarkjs(text).map_err(in_file)?;
            Ok(Key { vk: vk.into(), circuit: None })
        }
        // Groth16's says nothing of a system: there was one when it was made.
        (Some(_), Some(json)) if json["key"].get("system").is_some() => {
            from_halo2(&meed_prover::halo2::Sidecar::from_json(&bytes).map_err(in_file)?)
        }
        (Some(_), Some(_)) => from_sidecar(&Sidecar::from_json(&bytes).map_err(in_file)?),
        _ => Err(input(format!(
            "{}: expected a verifying key (.vk.json, verification_key.json, or 704 or 1,512 \
             bytes), got another file",
            path.display()
        ))),
    }
}

fn from_sidecar(sidecar: &Sidecar) -> Result<Key> {
    let vk = sidecar.verifying_key()?.into();
    Ok(Key { vk, circuit: Some(bundle_circuit(&sidecar.key.circuit)?) })
}

fn from_halo2(sidecar: &meed_prover::halo2::Sidecar) -> Result<Key> {
    let vk = sidecar.verifying_key()?.into();
    Ok(Key { vk, circuit: Some(bundle_circuit_halo2(&sidecar.key.circuit)?) })
}
