//! Groth16 keys: local ones, and those of a ceremony for the circuit.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use meed_prover::{import_ceremony, insecure_setup, ProvingKey, Sidecar};
use meed_statement::shape::Shape;
use rand::rngs::OsRng;
use serde_json::json;

use super::{not_replaced, INSECURE};
use crate::args::Setup;
use crate::failure::usage;
use crate::keys::{build_circuit, key_path, verifying_key_path};
use crate::ui::{Report, Ui};

pub(super) fn run(args: &Setup, ui: &Ui) -> Result<Report> {
    let path = key_path(&args.keys, &args.shape);
    let (sidecar, note) = match &args.import_zkey {
        None => (insecure(&args.keys, args.shape, ui)?, INSECURE.to_owned()),
        Some(source) => import(source, &args.keys, args.shape, ui)?,
    };
    let beside = verifying_key_path(&args.keys, &args.shape);
    let text = format!(
        "Key of {} ({} constraints, {} MB) in {}\n\
         Its verifying key, which everybody may have, in {}\n\
         \x20 id {}\n{note}",
        sidecar.key.circuit.name,
        sidecar.key.circuit.constraints,
        sidecar.zkey_bytes / 1_000_000,
        path.display(),
        beside.display(),
        sidecar.vk_id,
    );
    let json = json!({
        "key": path,
        "verifying_key": beside,
        "circuit": sidecar.key.circuit,
        "origin": sidecar.key.origin.to_string(),
        "vk_id": sidecar.vk_id.to_string(),
        "insecure": sidecar.verifying_key()?.is_insecure(),
    });
    Ok(Report::new(text, json))
}

/// Makes the local key of a shape, unless it is there.
pub(crate) fn insecure(keys: &Path, shape: Shape, ui: &Ui) -> Result<Sidecar> {
    let (circuit, id) = build_circuit(shape, ui)?;
    let path = key_path(keys, &shape);
    if path.exists() {
        let load = path.clone();
        let circuit_id = id.clone();
        let key = ui
            .wait("checking the key that is there", move || ProvingKey::load(&load, &circuit_id))?
            .with_context(|| not_replaced(&path))?;
        if key.verifying_key().is_insecure() {
            return Ok(Sidecar::load(&verifying_key_path(keys, &shape))?);
        }
        return Err(usage(format!(
            "{}: a key from a ceremony is here; it is not replaced",
            path.display()
        )));
    }
    fs::create_dir_all(keys).with_context(|| format!("cannot create {}", keys.display()))?;
    let what = format!("insecure local set-up of {}", shape.name);
    let (made, circuit) =
        ui.wait(&what, move || (insecure_setup(&id, circuit.matrices()), circuit))?;
    let key = made?;
    ui.go_on()?;
    ui.note("writing the key ..");
    Ok(key.save(circuit.matrices(), &path)?)
}

fn import(source: &Path, keys: &Path, shape: Shape, ui: &Ui) -> Result<(Sidecar, String)> {
    let path = key_path(keys, &shape);
    if path.exists() {
        return Err(usage(format!("{}: a key is here; it is not replaced", path.display())));
    }
    let (circuit, id) = build_circuit(shape, ui)?;
    fs::create_dir_all(keys).with_context(|| format!("cannot create {}", keys.display()))?;
    ui.note("checking every point of the ceremony's key ..");
    let imported = import_ceremony(source, &id, circuit.matrices(), &path, &mut OsRng)?;
    let note = format!(
        "The ceremony has {} contributions. Points, groups and constraints A and B were checked; \
         run\n  snarkjs zkey verify {}.r1cs FINAL.ptau {}\ntoo: it checks what this command cannot.",
        imported.contributions,
        shape.name,
        source.display()
    );
    Ok((imported.sidecar, note))
}
