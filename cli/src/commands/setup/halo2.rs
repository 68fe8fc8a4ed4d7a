//! halo2 keys: universal parameters, cut to the circuit's size and kept, and a key made of them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use meed_halo2::Circuit;
use meed_prover::halo2::{key_path, params_path, CircuitId, Key, Params, Sidecar};
use meed_prover::ptau::Contribution;
use meed_prover::zkey::sidecar_path;
use rand::rngs::OsRng;
use serde_json::json;

use super::{not_replaced, INSECURE};
use crate::args::Setup;
use crate::failure::{interrupted, usage};
use crate::keys::build_halo2;
use crate::ui::{Report, Ui};

/// Extension of parameters that were cut from a ceremony's file.
const CUT: &str = "params";

/// What the parameters were taken from, for people.
struct Taken {
    params: Params,
    contributions: Vec<Contribution>,
    /// Where they are kept from now on.
    kept: Option<PathBuf>,
}

pub(super) fn run(args: &Setup, ui: &Ui) -> Result<Report> {
    let path = key_path(&args.keys, &args.shape);
    let (circuit, id) = build_halo2(args.shape, ui)?;
    let (sidecar, taken) = match path.exists() {
        true => (existing(args, &path, id, ui)?, None),
        false => {
            let taken = take(args, id.k, ui)?;
            let (sidecar, said) = make(taken, circuit, &path, ui)?;
            (sidecar, Some(said))
        }
    };
    let beside = sidecar_path(&path);
    let mut text = format!(
        "Key of {} (2^{} rows, {} MB) in {}\n\
         Its verifying key, which everybody may have, in {}\n\
         \x20 id {}\n",
        sidecar.key.circuit.name,
        sidecar.key.circuit.k,
        sidecar.key_bytes / 1_000_000,
        path.display(),
        beside.display(),
        sidecar.vk_id,
    );
    let insecure = sidecar.verifying_key()?.is_insecure();
    match &sidecar.key.parameters.ceremony {
        None => text.push_str(INSECURE),
        Some(ceremony) => text.push_str(&format!(
            "Its parameters are taken from {}. Compare the file's BLAKE2b with what the ceremony \
             published; nothing else says whose secret it is:\n  {}\n\
             The file lists {} contributions, the hash of the last is\n  {}",
            printable(&ceremony.file),
            ceremony.blake2b,
            ceremony.contributions,
            ceremony.last_challenge
        )),
    }
    if let Some((contributions, kept)) = &taken {
        for (i, contribution) in contributions.iter().enumerate() {
            let name = contribution.name.as_deref().unwrap_or("(no name)");
            let beacon = if contribution.beacon { ", beacon" } else { "" };
            text.push_str(&format!("\n  {:>4}  {}{beacon}", i + 1, printable(name)));
        }
        if let Some(kept) = kept {
            text.push_str(&format!("\nThe parameters are kept in {}", kept.display()));
        }
    }
    let json = json!({
        "key": path,
        "verifying_key": beside,
        "system": "halo2",
        "circuit": sidecar.key.circuit,
        "parameters": sidecar.key.parameters,
        "kept": taken.as_ref().and_then(|(_, kept)| kept.clone()),
        "vk_id": sidecar.vk_id.to_string(),
        "insecure": insecure,
        "made": taken.is_some(),
    });
    Ok(Report::new(text, json))
}

/// Names come from a file: nothing in them may steer a terminal.
fn printable(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// The key that is there, if it is what was asked for.
fn existing(args: &Setup, path: &Path, id: CircuitId, ui: &Ui) -> Result<Sidecar> {
    let load = path.to_owned();
    let key = ui
        .wait("checking the key that is there", move || Key::load(&load, &id))?
        .with_context(|| not_replaced(path))?;
    if !args.insecure_local || !key.verifying_key().is_insecure() {
        return Err(usage(format!(
            "{}: a key {} is here; it is not replaced",
            path.display(),
            if key.verifying_key().is_insecure() {
                "with insecure parameters"
            } else {
                "of a ceremony"
            }
        )));
    }
    Ok(Sidecar::load(&sidecar_path(path))?)
}

fn take(args: &Setup, k: u32, ui: &Ui) -> Result<Taken> {
    let Some(source) = args.ptau.clone() else {
        let params = ui.wait("insecure local parameters", move || Params::insecure(k))?;
        return Ok(Taken { params, contributions: Vec::new(), kept: None });
    };
    if source.extension().is_some_and(|e| e == CUT) {
        let read = move || Params::load(&source, k, &mut OsRng);
        let params = ui.wait("reading and checking the parameters", read)??;
        return Ok(Taken { params, contributions: Vec::new(), kept: None });
    }
    let (stop, keys) = (ui.stop(), args.keys.clone());
    // What was cut out of this ceremony before is taken again.
    let there = keys.is_dir();
    let read = move || match there {
        true => Params::of_ceremony(&keys, &source, k, &mut OsRng, stop),
        false => Params::from_ptau(&source, k, &mut OsRng, stop),
    };
    let read = ui.wait("reading and checking the ceremony", read)??;
    let (params, contributions) = read.ok_or_else(interrupted)?;
    ui.go_on()?;
    if !there {
        create_folder(&args.keys)?;
        params.save(&args.keys)?;
    }
    let kept = Some(params_path(&args.keys, k, params.provenance()));
    Ok(Taken { params, contributions, kept })
}

fn create_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

type Said = (Vec<Contribution>, Option<PathBuf>);

fn make(taken: Taken, circuit: Circuit, path: &Path, ui: &Ui) -> Result<(Sidecar, Said)> {
    let Taken { params, contributions, kept } = taken;
    let what = format!("making the key of shape {}", circuit.shape().name);
    let key = ui.wait(&what, move || Key::new(params, &circuit))??;
    ui.go_on()?;
    ui.note("writing the key ..");
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    Ok((key.save(path)?, (contributions, kept)))
}
