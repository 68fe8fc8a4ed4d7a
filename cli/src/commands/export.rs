//! `meed export`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use meed_calldata::source::{self, verifier_source, SourceError};
use meed_circuits::r1cs::circuit::assign;
use meed_ledger::atomic::{write_file, Access, Existing, Staging};
use meed_ledger::bundle::{verify_bundle_with, Expected, Verified, PROOF};
use meed_ledger::claims::ClaimTree;
use meed_ledger::project::Project;
use meed_prover::circom::{write_r1cs, write_wtns};
use meed_prover::export as formats;
use meed_statement::words::Domain;
use meed_verifier::{AnyVerifyingKey, Proof};
use serde_json::json;

use super::prove::choose;
use super::setup::INSECURE;
use crate::args::{Export, ExportBundle, ExportKey, ExportR1cs, ExportVerifier, ExportWtns};
use crate::failure::{input, usage};
use crate::keys::{build_circuit, load_verifying_key, Key};
use crate::ui::{Report, Ui};

pub(crate) fn run(args: Export, root: &Path, ui: &Ui) -> Result<Report> {
    match args {
        Export::Calldata(args) => {
            let (_, verified) = bundle(&args)?;
            let proof = groth16_proof(&args, &verified)?;
            let data = formats::solidity_calldata_hex(proof, &verified.binding.to_inputs());
            let about = json!({ "function": formats::SIGNATURE, "calldata": data });
            one(&args, "calldata", data, about)
        }
        Export::Claims(args) => {
            let (_, verified) = bundle(&args)?;
            let tree = ClaimTree::new(&verified.payouts)?;
            let json = tree.to_json();
            let about = json!({ "root": format!("0x{}", hex::encode(tree.root())) });
            one(&args, "claim tree", json, about)
        }
        Export::Snarkjs(args) => {
            let (key, verified) = bundle(&args)?;
            several(
                args.out.as_deref(),
                &[
                    (
                        "proof.json",
                        formats::proof_to_snarkjs(groth16_proof(&args, &verified)?).into_bytes(),
                    ),
                    (
                        "public.json",
                        formats::inputs_to_snarkjs(&verified.binding.to_inputs()).into_bytes(),
                    ),
                    (
                        "verification_key.json",
                        formats::verifying_key_to_snarkjs(key.groth16(&args.key)?).into_bytes(),
                    ),
                ],
            )
        }
        Export::Arkworks(args) => {
            let (key, verified) = bundle(&args)?;
            several(
                args.out.as_deref(),
                &[
                    ("proof.ark", formats::proof_to_ark(groth16_proof(&args, &verified)?)),
                    ("verifying_key.ark", formats::verifying_key_to_ark(key.groth16(&args.key)?)),
                ],
            )
        }
        Export::Key(args) => verifying_key(&args),
        Export::Verifier(args) => verifier(&args),
        Export::R1cs(args) => r1cs(&args, ui),
        Export::Wtns(args) => wtns(&args, root, ui),
    }
}

/// The key and the bundle, verified.
fn bundle(args: &ExportBundle) -> Result<(Key, Verified)> {
    let key = load_verifying_key(&args.key)?;
    let expected = Expected { circuit: key.circuit.clone(), ..Expected::default() };
    let verified = verify_bundle_with(&args.bundle, &key.vk, &expected)?;
    Ok((key, verified))
}

/// The bundle's proof for formats that Groth16 alone has.
fn groth16_proof<'a>(args: &ExportBundle, bundle: &'a Verified) -> Result<&'a Proof> {
    let proof = bundle.proof.groth16();
    proof.map_err(|error| input(format!("{}: {PROOF}: {error}", args.bundle.display())))
}

/// One text, to a file or to standard output.
fn one(args: &ExportBundle, what: &str, text: String, about: serde_json::Value) -> Result<Report> {
    let Some(path) = &args.out else {
        return Ok(Report::new(text, about));
    };
    new_file(path)?;
    write_file(path, Access::Public, |out| writeln!(out, "{}", text.trim_end()))?;
    let mut about = about;
    about["file"] = json!(path);
    Ok(Report::new(format!("Wrote the {what} to {}", path.display()), about))
}

/// Several files, to a new folder.
fn several(folder: Option<&Path>, files: &[(&str, Vec<u8>)]) -> Result<Report> {
    let folder = folder.ok_or_else(|| usage("--out: expected a folder for the files"))?;
    let staging = Staging::new(folder, Access::Public)?;
    for (name, bytes) in files {
        staging.write(name, Access::Public, |out| out.write_all(bytes))?;
    }
    new_file(folder)?;
    staging.commit(Existing::Refuse)?;
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| folder.join(name)).collect();
    let names: Vec<String> = paths.iter().map(|p| format!("  {}", p.display())).collect();
    Ok(Report::new(format!("Wrote\n{}", names.join("\n")), json!({ "files": paths })))
}

/// Exports never replace anything.
fn new_file(path: &Path) -> Result<()> {
    if path.exists() {
        return Err(usage(format!("{}: is there already; it is not replaced", path.display())));
    }
    Ok(())
}

fn verifying_key(args: &ExportKey) -> Result<Report> {
    let key = load_verifying_key(&args.key)?;
    let mut files = vec![("verifying_key.bin", key.vk.to_vec())];
    // The other formats are Groth16's alone.
    if let AnyVerifyingKey::Groth16(vk) = &key.vk {
        files.push(("verification_key.json", formats::verifying_key_to_snarkjs(vk).into_bytes()));
        files.push(("verifying_key.ark", formats::verifying_key_to_ark(vk)));
    }
    several(Some(&args.out), &files)
}

fn verifier(args: &ExportVerifier) -> Result<Report> {
    new_file(&args.out)?;
    let key = load_verifying_key(&args.key)?;
    let vk = key.groth16(&args.key)?;
    let circuit = key.circuit.as_ref().map(|c| source::Circuit {
        name: &c.name,
        shape: c.shape.name,
        digest: &c.digest,
    });
    let text = verifier_source(vk, &args.name, circuit.as_ref()).map_err(|error| match error {
        SourceError::Name { .. } => usage(format!("--name: {error}")),
        _ => input(format!("{}: {error}", args.key.display())),
    })?;
    write_file(&args.out, Access::Public, |out| out.write_all(text.as_bytes()))?;
    let id = format!("0x{}", hex::encode(vk.id()));
    let mut said = format!("Wrote contract {} to {}\n  key id {id}", args.name, args.out.display());
    if vk.is_insecure() {
        said.push_str(&format!("\n{INSECURE}"));
    }
    let about = json!({
        "file": args.out,
        "contract": args.name,
        "vk_id": id,
        "insecure_key": vk.is_insecure(),
    });
    Ok(Report::new(said, about))
}

fn r1cs(args: &ExportR1cs, ui: &Ui) -> Result<Report> {
    new_file(&args.out)?;
    let (circuit, id) = build_circuit(args.shape, ui)?;
    ui.go_on()?;
    write_file(&args.out, Access::Public, |out| write_r1cs(circuit.matrices(), out))?;
    let text = format!(
        "Wrote the {} constraints of {} to {}\n  digest {}",
        id.constraints,
        id.name,
        args.out.display(),
        id.digest
    );
    Ok(Report::new(text, json!({ "file": args.out, "circuit": id })))
}

fn wtns(args: &ExportWtns, root: &Path, ui: &Ui) -> Result<Report> {
    new_file(&args.out)?;
    let project = Project::open_to_read(root)?;
    let (_, epoch, trace) = super::settled(project, args.epoch, ui)?;
    let number = epoch.inputs.epoch;
    if !epoch.committed {
        return Err(usage(format!("expected epoch {number} to be committed")));
    }
    let shape = choose(&epoch, &trace, args.shape)?;
    let domain = args.domain.get().unwrap_or(Domain::OFF_CHAIN);
    let (assignment, _) = assign(&shape, &epoch.inputs, &trace, &domain)?;
    ui.go_on()?;
    write_file(&args.out, Access::Secret, |out| write_wtns(&assignment, out))
        .context("exporting the witness")?;
    let text = format!(
        "Wrote the witness of epoch {number} in shape {} to {}\nIt holds the epoch's secrets: \
         delete it when you are done",
        shape.name,
        args.out.display()
    );
    Ok(Report::new(text, json!({ "file": args.out, "shape": shape.name, "epoch": number })))
}
