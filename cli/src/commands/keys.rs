//! `meed keys`.

use anyhow::Result;
use meed_prover::Sidecar;
use meed_statement::shape::SHAPES;
use serde_json::{json, Value};

use crate::args::Keys;
use crate::keys::{key_path, verifying_key_path};
use crate::ui::{table, Report};

pub(crate) fn run(args: &Keys) -> Result<Report> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut keys: Vec<Value> = Vec::new();
    for shape in SHAPES {
        let beside = verifying_key_path(&args.keys, &shape);
        if !beside.exists() {
            continue;
        }
        let sidecar = Sidecar::load(&beside)?;
        let path = key_path(&args.keys, &shape);
        let bytes = path.metadata().map(|m| m.len()).ok();
        let state = match bytes {
            Some(bytes) if bytes == sidecar.zkey_bytes => "ready",
            Some(_) => "damaged: other size than its .vk.json says",
            None => "verifying key only",
        };
        rows.push(vec![
            shape.name.to_owned(),
            sidecar.key.origin.to_string(),
            sidecar.key.circuit.constraints.to_string(),
            (sidecar.zkey_bytes / 1_000_000).to_string(),
            state.to_owned(),
            sidecar.vk_id.to_string(),
        ]);
        keys.push(json!({
            "shape": shape.name,
            "origin": sidecar.key.origin.to_string(),
            "circuit": sidecar.key.circuit,
            "key": path,
            "state": state,
            "vk_id": sidecar.vk_id.to_string(),
        }));
    }
    let folder = args.keys.display();
    let text = match rows.is_empty() {
        true => format!("No keys in {folder}: make one with `meed setup`"),
        false => {
            let header = ["shape", "origin", "constraints", "MB", "state", "verifying key id"];
            format!("Keys in {folder}\n{}", table(&header, &rows, &[2, 3]))
        }
    };
    Ok(Report::new(text, json!({ "keys": keys })))
}
