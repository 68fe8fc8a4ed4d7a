//! Proving with keys that stay loaded.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use meed_circuits::r1cs::circuit::{assign, Circuit};
use meed_ledger::bundle::{render_bundle, BundleInput, Circuit as BundleCircuit};
use meed_prover::zkey::sidecar_path;
use meed_prover::{halo2, CircuitId, CpuEngine, LoadedKey, ProveError, ProvingKey, Sidecar};
use meed_statement::check::check;
use meed_statement::roots::Commitment;
use meed_statement::settle::{settle_with, Trace};
use meed_statement::shape::Shape;
use meed_statement::synthetic::{self, Spec};
use meed_statement::types::Inputs;
use meed_statement::words::Domain;
use meed_verifier::{AnyProof, AnyVerifyingKey};
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

use crate::config::{circuit_parts, WorkerConfig};
use crate::error::{Result, ServiceError};

/// A circuit with its key.
enum Loaded {
    Groth16 { circuit: Box<Circuit>, id: CircuitId, key: Box<LoadedKey<CpuEngine>> },
    Halo2 { circuit: Box<meed_halo2::Circuit>, id: halo2::CircuitId, key: Box<halo2::Key> },
}

/// All keys of a worker.
pub struct Provers {
    loaded: Vec<(String, Shape, Loaded)>,
}

impl std::fmt::Debug for Provers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.loaded.iter().map(|(name, ..)| name)).finish()
    }
}

/// A verified proof in its bundle.
#[derive(Debug)]
pub struct Proved {
    /// The bundle's files.
    pub files: Vec<(&'static str, Vec<u8>)>,
    /// SHA-256 of its manifest.
    pub manifest_sha256: String,
}

/// Why there is no proof.
#[derive(Debug)]
pub enum Refusal {
    /// The cancel flag was raised.
    Cancelled,
    /// Nobody can prove this.
    Never(String),
    /// Key or machine are at fault.
    Faulty(String),
    /// Something else went wrong.
    Other(String),
}

impl Provers {
    /// Loads the keys that are configured, and checks every byte of them.
    ///
    /// # Errors
    /// [`ServiceError::Key`]; [`ServiceError::Config`] when a key is not the one that is pinned.
    pub fn load(config: &WorkerConfig) -> Result<Self> {
        let mut loaded = Vec::with_capacity(config.circuits.len());
        for name in &config.circuits {
            let (system, shape) = circuit_parts(name)?;
            let pin = config.pins.get(name).map(|pin| pin.to_ascii_lowercase());
            let key = match system {
                "halo2" => load_halo2(&config.keys, shape, pin.as_deref())?,
                _ => load_groth16(&config.keys, shape, pin.as_deref())?,
            };
            loaded.push((name.clone(), shape, key));
        }
        if loaded.is_empty() {
            let expected = "at least one, for example \"groth16/S\"";
            return Err(ServiceError::config("worker.circuits", expected, "none"));
        }
        Ok(Self { loaded })
    }

    /// What can be proved: proof system and shape.
    #[must_use]
    pub fn circuits(&self) -> Vec<String> {
        self.loaded.iter().map(|(name, ..)| name.clone()).collect()
    }

    /// Proves a synthetic epoch with the smallest key of each proof system, and verifies the proofs.
    ///
    /// # Errors
    /// [`ServiceError::Proof`].
    pub fn self_test(&self) -> Result<()> {
        let mut tested: Vec<&str> = Vec::new();
        let mut order: Vec<&(String, Shape, Loaded)> = self.loaded.iter().collect();
        order.sort_by_key(|(_, shape, _)| shape.records);
        for (name, ..) in order {
            let system = name.split('/').next().unwrap_or_default();
            if tested.contains(&system) {
                continue;
            }
            tested.push(system);
            let spec =
                Spec { assets: 4, events: 2, records: 6, owners: 3, state: 0, skew: 0.0, seed: 1 };
            let inputs = synthetic::epoch(&spec);
            let commitment = Commitment::new(&inputs);
            let trace = settle_with(&inputs, &commitment, |_, _| {});
            let failed = |e: String| ServiceError::Proof(format!("self-test of {name}: {e}"));
            check(&inputs, &commitment, &trace).map_err(|v| failed(v.to_string()))?;
            let never = AtomicBool::new(false);
            self.prove(name, &inputs, &trace, Domain::OFF_CHAIN, &mut |_, _| {}, &never)
                .map_err(|refusal| failed(format!("{refusal:?}")))?;
        }
        Ok(())
    }

    /// Proves an epoch that was settled and checked, verifies the proof, and makes the bundle.
    ///
    /// `progress` hears of each stage and of the part of the whole that is over.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn prove(
        &self,
        circuit: &str,
        inputs: &Inputs,
        trace: &Trace,
        domain: Domain,
        progress: &mut dyn FnMut(&'static str, f64),
        cancel: &AtomicBool,
    ) -> std::result::Result<Proved, Refusal> {
        let found = self.loaded.iter().find(|(name, ..)| name == circuit);
        let Some((_, shape, loaded)) = found else {
            return Err(Refusal::Other(format!("this worker has no key for {circuit}")));
        };
        progress("witness", 0.0);
        let (circuit, key, proof): (BundleCircuit, AnyVerifyingKey, AnyProof) = match loaded {
            Loaded::Groth16 { circuit, id, key } => {
                let (z, _) = assign(shape, inputs, trace, &domain)
                    .map_err(|e| Refusal::Never(e.to_string()))?;
                let mut told = |stage: meed_prover::Stage, part| progress(stage.name(), part);
                let made = key.prove(circuit.matrices(), &z, &mut OsRng, &mut told, cancel);
                let (proof, _) = made.map_err(|error| match error {
                    ProveError::Cancelled { .. } => Refusal::Cancelled,
                    ProveError::Unsatisfied { row } => {
                        Refusal::Never(format!("the circuit refuses {}", circuit.clause_of(row)))
                    }
                    ProveError::Faulty(_) | ProveError::Shape { .. } => {
                        Refusal::Faulty(error.to_string())
                    }
                    other => Refusal::Other(other.to_string()),
                })?;
                let named = bundle_circuit(&id.name, *shape, *id.digest.as_bytes());
                (named, (*key.key().verifying_key()).into(), proof.into())
            }
            Loaded::Halo2 { circuit, id, key } => {
                let (assignment, _) = circuit
                    .assign(inputs, trace, &domain)
                    .map_err(|e| Refusal::Never(e.to_string()))?;
                let mut told = |stage: halo2::Stage, part| progress(stage.name(), part);
                let made = halo2::prove(key, circuit, &assignment, &mut OsRng, &mut told, cancel);
                let (proof, _) = made.map_err(|error| match error {
                    halo2::ProveError::Cancelled { .. } => Refusal::Cancelled,
                    halo2::ProveError::Violated(_) => Refusal::Never(error.to_string()),
                    halo2::ProveError::Faulty(_) | halo2::ProveError::Circuit { .. } => {
                        Refusal::Faulty(error.to_string())
                    }
                    other => Refusal::Other(other.to_string()),
                })?;
                let named = bundle_circuit(&id.name, *shape, *id.digest.as_bytes());
                (named, key.verifying_key().clone().into(), proof.into())
            }
        };
        // Checks everything that `meed verify` checks, the proof under the key among it.
        let files = render_bundle(&BundleInput {
            circuit: &circuit,
            key: &key,
            domain,
            words: &trace.words(),
            proof: &proof,
            state: &trace.state_after,
        })
        .map_err(|error| Refusal::Faulty(error.to_string()))?;
        let manifest = files.iter().find(|(name, _)| *name == meed_ledger::bundle::MANIFEST);
        let manifest = manifest.map(|(_, bytes)| bytes.as_slice()).unwrap_or_default();
        let manifest_sha256 = hex::encode(Sha256::digest(manifest));
        Ok(Proved { files, manifest_sha256 })
    }
}

fn bundle_circuit(name: &str, shape: Shape, digest: [u8; 32]) -> BundleCircuit {
    BundleCircuit { name: name.to_owned(), shape, digest }
}

fn pinned(name: &str, pin: Option<&str>, got: String) -> Result<()> {
    match pin {
        Some(expected) if expected != got => {
            Err(ServiceError::config(format!("key of {name}: digest"), expected, got))
        }
        _ => Ok(()),
    }
}

fn load_groth16(keys: &Path, shape: Shape, pin: Option<&str>) -> Result<Loaded> {
    let circuit = Box::new(Circuit::new(shape));
    let name = format!("meed-groth16-{}", shape.name);
    let id = CircuitId::new(&name, shape.name, circuit.matrices());
    let path = keys.join(format!("{name}.zkey"));
    let key = ProvingKey::load(&path, &id)?;
    // After the file was found to be the one that the sidecar names.
    let sidecar = Sidecar::load(&sidecar_path(&path))?;
    let digest = sidecar.zkey_chunks_sha256.unwrap_or(sidecar.zkey_sha256);
    pinned(&name, pin, digest.to_string())?;
    let key = LoadedKey::new(&key, &CpuEngine::best())
        .map_err(|error| ServiceError::Proof(format!("{name}: {error}")))?;
    let key = Box::new(key);
    Ok(Loaded::Groth16 { circuit, id, key })
}

fn load_halo2(keys: &Path, shape: Shape, pin: Option<&str>) -> Result<Loaded> {
    let circuit = Box::new(meed_halo2::Circuit::new(shape));
    let id = halo2::CircuitId::new(&circuit);
    let path = halo2::key_path(keys, &shape);
    let key = Box::new(halo2::Key::load(&path, &id)?);
    let sidecar = halo2::Sidecar::load(&sidecar_path(&path))?;
    pinned(&id.name, pin, sidecar.key_sha256.to_string())?;
    Ok(Loaded::Halo2 { circuit, id, key })
}
