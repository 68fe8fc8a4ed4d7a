//! A shape with its circuit, an epoch that fills it, and its key.

use std::path::{Path, PathBuf};

use anyhow::{bail, ensure, Context, Result};
use ark_bn254::Fr;
use meed_benches::{timed, Options, Time};
use meed_circuits::r1cs::circuit::{assign, Circuit};
use meed_prover::{insecure_setup, CircuitId, ProvingKey};
use meed_statement::check::check;
use meed_statement::roots::Commitment;
use meed_statement::settle::{settle_with, Trace};
use meed_statement::shape::{Shape, Size};
use meed_statement::synthetic::{epoch, Spec};
use meed_statement::types::Inputs;
use meed_statement::words::{Binding, Domain};

/// The shape of this name.
pub(crate) fn shape(name: &str) -> Result<Shape> {
    Shape::by_name(name).with_context(|| format!("no shape {name:?}: expected XS, S or M"))
}

/// An epoch that leaves nothing of the shape unused.
pub(crate) fn full_epoch(shape: &Shape) -> Result<(Inputs, Trace)> {
    let three = 3; // policy accounts have rows of their own
    let waiting = shape.accounts - three;
    let spec = Spec {
        assets: shape.assets,
        events: shape.events,
        records: shape.records,
        owners: waiting,
        state: waiting,
        skew: 1.0,
        seed: 1,
    };
    let inputs = epoch(&spec);
    let commitment = Commitment::new(&inputs);
    let trace = settle_with(&inputs, &commitment, |_, _| {});
    check(&inputs, &commitment, &trace)?;
    let size = Size::of(&inputs, &trace);
    ensure!(size == shape.capacity(), "the epoch has {size}, not what {} holds", shape.name);
    Ok((inputs, trace))
}

/// The assignment of an epoch.
pub(crate) fn witness(shape: &Shape, inputs: &Inputs, trace: &Trace) -> Result<(Vec<Fr>, Binding)> {
    Ok(assign(shape, inputs, trace, &Domain::OFF_CHAIN)?)
}

#[allow(dead_code, reason = "each bench uses a part")]
/// A key that was loaded from disk, and how long its making took if it was made.
pub(crate) struct Key {
    pub(crate) key: ProvingKey,
    pub(crate) id: CircuitId,
    pub(crate) bytes: u64,
    pub(crate) identify: Time,
    pub(crate) made: Option<(Time, Time)>,
    pub(crate) load: Time,
}

/// Makes the key unless `--keys` has it, and loads it.
pub(crate) fn key(options: &Options, circuit: &Circuit) -> Result<Key> {
    let shape = circuit.shape().name;
    let (id, identify) =
        timed(|| CircuitId::new(&format!("meed-groth16-{shape}"), shape, circuit.matrices()));
    let temporary = tempfile::tempdir()?;
    let folder: &Path = options.keys.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(folder)?;
    let path: PathBuf = folder.join(format!("{}.zkey", id.name));
    let mut made = None;
    if !path.exists() {
        let (key, setup) = timed(|| insecure_setup(&id, circuit.matrices()));
        let key = key?;
        let (saved, save) = timed(|| key.save(circuit.matrices(), &path));
        saved?;
        made = Some((setup, save));
    }
    let (key, load) = timed(|| ProvingKey::load(&path, &id));
    let key = match key {
        Ok(key) => key,
        Err(error) if made.is_none() => {
            bail!("{error}\nremove the key of an earlier circuit from {}", folder.display())
        }
        Err(error) => return Err(error.into()),
    };
    let bytes = std::fs::metadata(&path)?.len();
    Ok(Key { key, id, bytes, identify, made, load })
}
