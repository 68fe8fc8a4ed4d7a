//! `meed service fetch`: a network's finished bundles, verified together.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use meed_ledger::atomic::{Access, Existing, Staging};
use meed_ledger::bundle::{hex_0x, read_bundle, read_files, Contents};
use meed_ledger::project::root_text;
use meed_service::db::{Db, Filter};
use meed_service::job::{Job, State};
use meed_service::store::{Artefacts, Digest, Kind};
use meed_service::tar;
use meed_verifier::{find_rejected, verify_batch, AnyVerifyingKey, PreparedVerifyingKey};
use serde_json::json;

use super::{load, on_runtime};
use crate::args::Fetch;
use crate::failure::{rejected, usage};
use crate::keys::load_verifying_key;
use crate::ui::Report;

/// An epoch, its bundle's archive, and what that says.
struct Fetched {
    epoch: i64,
    archive: Vec<u8>,
    contents: Contents,
}

pub(super) fn run(args: &Fetch) -> Result<Report> {
    let config = load(&args.settings)?;
    let key = load_verifying_key(&args.key)?.vk;
    let domain = match (args.domain.chain_id, args.domain.contract) {
        (Some(chain), Some(contract)) => {
            format!("{chain}:{}", contract.to_string().to_ascii_lowercase())
        }
        _ => "off-chain".to_owned(),
    };
    let wanted = |job: &Job| job.domain == domain;
    let archives = on_runtime(async {
        let (db, store) = (Db::open(&config.database).await?, Artefacts::open(&config.store)?);
        let mut archives = Vec::new();
        let mut filter = Filter {
            after: 0,
            limit: 200,
            state: Some(State::Done),
            network: Some(args.network.clone()),
        };
        loop {
            let page = db.jobs(&args.tenant, &filter).await?;
            let Some(last) = page.last() else { break };
            filter.after = last.seq;
            for job in page.into_iter().filter(wanted) {
                let (sha256, bytes) = (job.bundle_sha256.clone(), job.bundle_bytes);
                let (Some(sha256), Some(bytes)) = (sha256, bytes) else { continue };
                let digest = Digest { sha256, bytes: bytes as u64 };
                archives.push((job.epoch, store.get(Kind::Bundle, &digest).await?));
            }
        }
        db.close().await;
        Ok(archives)
    })?;
    let mut fetched = archives
        .into_iter()
        .map(|(epoch, archive)| {
            let contents = contents(&archive).with_context(|| format!("epoch {epoch}"))?;
            Ok(Fetched { epoch, archive, contents })
        })
        .collect::<Result<Vec<_>>>()?;
    // A bundle of another key is none that was asked for: another proof system, or an earlier key.
    fetched.retain(|f| f.contents.vk_id == key.id());
    fetched.sort_by_key(|f| f.epoch);
    if fetched.is_empty() {
        let id = hex_0x(&key.id());
        let rule = format!("expected done jobs of domain {domain} under key {id}, got none");
        return Err(usage(format!("network {}: {rule}", args.network)));
    }
    verify(&key, &fetched)?;
    let mut new = 0;
    fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot create {}", args.out.display()))?;
    for f in &fetched {
        new += usize::from(write(&args.out.join(f.epoch.to_string()), f)?);
    }
    let count = fetched.len();
    let text = format!(
        "{count} bundles of network {} are valid, their epochs follow on each other; {new} are new \
         in {}\nNext, for each of them in order: meed chain settle {}/EPOCH",
        args.network,
        args.out.display(),
        args.out.display()
    );
    let epochs: Vec<i64> = fetched.iter().map(|f| f.epoch).collect();
    let json = json!({"network": args.network, "epochs": epochs, "new": new, "out": args.out,
        "insecure_key": key.is_insecure()});
    Ok(Report::new(text, json))
}

/// Everything but the proof is checked.
fn contents(archive: &[u8]) -> Result<Contents> {
    let files = tar::unpack(archive)?;
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (&name[..], *bytes)).collect();
    Ok(read_files(&files)?)
}

/// All proofs, Groth16's in one go, and that each epoch starts from the state that the one before left.
fn verify(key: &AnyVerifyingKey, fetched: &[Fetched]) -> Result<()> {
    match key.groth16() {
        Ok(groth16) => {
            let prepared = PreparedVerifyingKey::new(groth16);
            let mut items = Vec::with_capacity(fetched.len());
            for f in fetched {
                let proof = f.contents.proof.groth16().context("a proof of another system")?;
                items.push((f.contents.binding.to_inputs(), *proof));
            }
            if verify_batch(&prepared, &items).is_err() {
                let bad = find_rejected(&prepared, &items).and_then(|i| fetched.get(i));
                let epoch = bad.map_or_else(|| "?".to_owned(), |f| f.epoch.to_string());
                return Err(rejected(format!("epoch {epoch}: the proof is not valid")));
            }
        }
        Err(_) => {
            for f in fetched {
                let verified = f.contents.clone().verify(key);
                verified.with_context(|| format!("epoch {}", f.epoch))?;
            }
        }
    }
    for pair in fetched.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let left = before.contents.header.state_root_after;
        let starts = after.contents.header.state_root_before;
        if after.epoch == before.epoch + 1 && left != starts {
            let (expected, got) = (root_text(&left), root_text(&starts));
            let what = format!("epoch {}: state root before", after.epoch);
            return Err(rejected(format!("{what}: expected {expected}, got {got}")));
        }
    }
    Ok(())
}

/// Whether the folder is new. One that is there must be this very bundle.
fn write(folder: &Path, fetched: &Fetched) -> Result<bool> {
    if folder.exists() {
        let there = read_bundle(folder)?;
        if there.manifest_sha256 == fetched.contents.manifest_sha256 {
            return Ok(false);
        }
        let path = folder.display();
        return Err(usage(format!("{path} is there already and is another bundle: move it away")));
    }
    let staging = Staging::new(folder, Access::Public)?;
    for (name, bytes) in tar::unpack(&fetched.archive)? {
        staging.write(&name, Access::Public, |out: &mut dyn Write| out.write_all(bytes))?;
    }
    staging.commit(Existing::Refuse)?;
    Ok(true)
}
