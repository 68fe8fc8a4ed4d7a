//! `meed keys`.

use std::path::Path;

use anyhow::Result;
use meed_prover::zkey::sidecar_path;
use meed_prover::{halo2, Sidecar};
use meed_statement::shape::{Shape, SHAPES};
use serde_json::{json, Value};

use crate::args::Keys;
use crate::keys::{key_path, verifying_key_path};
use crate::ui::{grouped, table, Report};

pub(crate) fn run(args: &Keys) -> Result<Report> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut keys: Vec<Value> = Vec::new();
    for shape in SHAPES {
        let found = [groth16(&args.keys, &shape)?, of_halo2(&args.keys, &shape)?];
        for (row, key) in found.into_iter().flatten() {
            rows.push(row.into());
            keys.push(key);
        }
    }
    let folder = args.keys.display();
    let text = match rows.is_empty() {
        true => format!("No keys in {folder}: make one with `meed setup`"),
        false => {
            let header = ["circuit", "origin", "size", "MB", "state", "verifying key id"];
            format!("Keys in {folder}\n{}", table(&header, &rows, &[2, 3]))
        }
    };
    Ok(Report::new(text, json!({ "keys": keys })))
}

type Row = ([String; 6], Value);

fn groth16(keys: &Path, shape: &Shape) -> Result<Option<Row>> {
    let beside = verifying_key_path(keys, shape);
    if !beside.exists() {
        return Ok(None);
    }
    let sidecar = Sidecar::load(&beside)?;
    let path = key_path(keys, shape);
    let state = state(&path, sidecar.zkey_bytes);
    let row = [
        sidecar.key.circuit.name.clone(),
        sidecar.key.origin.to_string(),
        format!("{} constraints", grouped(sidecar.key.circuit.constraints)),
        grouped(sidecar.zkey_bytes / 1_000_000),
        state.to_owned(),
        sidecar.vk_id.to_string(),
    ];
    let json = json!({
        "system": "groth16",
        "shape": shape.name,
        "origin": sidecar.key.origin.to_string(),
        "circuit": sidecar.key.circuit,
        "key": path,
        "state": state,
        "vk_id": sidecar.vk_id.to_string(),
    });
    Ok(Some((row, json)))
}

fn of_halo2(keys: &Path, shape: &Shape) -> Result<Option<Row>> {
    let path = halo2::key_path(keys, shape);
    let beside = sidecar_path(&path);
    if !beside.exists() {
        return Ok(None);
    }
    let sidecar = halo2::Sidecar::load(&beside)?;
    let state = state(&path, sidecar.key_bytes);
    let row = [
        sidecar.key.circuit.name.clone(),
        sidecar.key.parameters.origin.to_string(),
        format!("2^{} rows", sidecar.key.circuit.k),
        grouped(sidecar.key_bytes / 1_000_000),
        state.to_owned(),
        sidecar.vk_id.to_string(),
    ];
    let json = json!({
        "system": "halo2",
        "shape": shape.name,
        "origin": sidecar.key.parameters.origin.to_string(),
        "parameters": sidecar.key.parameters,
        "circuit": sidecar.key.circuit,
        "key": path,
        "state": state,
        "vk_id": sidecar.vk_id.to_string(),
    });
    Ok(Some((row, json)))
}

/// How the key file is, by its size; proving checks its digest.
fn state(path: &Path, bytes: u64) -> &'static str {
    match path.metadata().map(|m| m.len()).ok() {
        Some(there) if there == bytes => "ready",
        Some(_) => "damaged: other size than its .vk.json says",
        None => "verifying key only",
    }
}
