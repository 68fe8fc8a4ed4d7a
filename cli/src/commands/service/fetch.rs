//! `meed service fetch`: a network's finished bundles, verified together.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use meed_ledger::atomic::{Access, Existing, Staging};
use meed_ledger::bundle::{hex_0x, read_bundle, read_files, verify_all, Contents, Verified};
use meed_ledger::project::root_text;
use meed_service::db::{Db, Filter};
use meed_service::job::{Job, State};
use meed_service::store::{Artefacts, Digest, Kind};
use meed_service::tar;
use meed_verifier::AnyVerifyingKey;
use serde_json::json;

use super::{load, on_runtime};
use crate::args::{Fetch, SettingsArgs};
use crate::failure::{rejected, usage};
use crate::keys::load_verifying_key;
use crate::ui::{Report, Ui};

/// Which bundles.
pub(super) struct Wanted<'a> {
    pub(super) settings: &'a SettingsArgs,
    pub(super) tenant: &'a str,
    pub(super) network: &'a str,
    /// Chain and contract, as the service writes them.
    pub(super) domain: String,
    /// Bundles under other keys are left out.
    pub(super) keys: Vec<AnyVerifyingKey>,
    /// The folder that they are written to.
    pub(super) out: &'a Path,
}

/// An epoch, its bundle's archive, and what that says.
pub(super) struct Fetched {
    epoch: u64,
    archive: Vec<u8>,
    /// The place of its key.
    pub(super) key: usize,
    pub(super) bundle: Verified,
}

/// All of them in order, and how many are new in the folder.
pub(super) struct Bundles {
    pub(super) list: Vec<Fetched>,
    pub(super) new: usize,
}

impl Bundles {
    /// What is said of them.
    pub(super) fn text(&self, wanted: &Wanted<'_>) -> String {
        format!(
            "{} bundles of network {} are valid, their epochs follow on each other; {} are new in {}",
            self.list.len(),
            wanted.network,
            self.new,
            wanted.out.display()
        )
    }

    /// Whether anybody can forge proofs under one of their keys.
    pub(super) fn insecure(&self) -> Option<&'static str> {
        self.list.iter().find_map(|f| f.bundle.warning())
    }
}

pub(super) fn run(args: &Fetch, ui: &Ui) -> Result<Report> {
    let keys = args.keys.iter().map(|path| Ok(load_verifying_key(path)?.vk));
    let wanted = Wanted {
        settings: &args.settings,
        tenant: &args.tenant,
        network: &args.network,
        domain: match (args.domain.chain_id, args.domain.contract) {
            (Some(chain), Some(contract)) => {
                format!("{chain}:{}", contract.to_string().to_ascii_lowercase())
            }
            _ => "off-chain".to_owned(),
        },
        keys: keys.collect::<Result<_>>()?,
        out: &args.out,
    };
    let bundles = fetch(&wanted, ui)?;
    let epochs: Vec<u64> = bundles.list.iter().map(|f| f.epoch).collect();
    let json = json!({"network": args.network, "epochs": epochs, "new": bundles.new,
        "out": args.out, "insecure_key": bundles.insecure().is_some()});
    Ok(Report::new(bundles.text(&wanted), json))
}

/// Reads, verifies and writes what is wanted. Nothing is written before all of it is verified.
pub(super) fn fetch(wanted: &Wanted<'_>, ui: &Ui) -> Result<Bundles> {
    let step = ui.step(&format!("fetching bundles of network {}", wanted.network));
    let read = archives(wanted)?;
    step.done();
    ui.go_on()?;
    let step = ui.step(&format!("verifying {} bundles", read.len()));
    let list = verify(wanted, read)?;
    step.done();
    fs::create_dir_all(wanted.out)
        .with_context(|| format!("cannot create {}", wanted.out.display()))?;
    let mut new = 0;
    for f in &list {
        ui.go_on()?;
        new += usize::from(write(&wanted.out.join(f.epoch.to_string()), f)?);
    }
    Ok(Bundles { list, new })
}

/// The archives of the done jobs, with their epochs.
fn archives(wanted: &Wanted<'_>) -> Result<Vec<(u64, Vec<u8>)>> {
    let config = load(wanted.settings)?;
    let read = on_runtime(async {
        let (db, store) = (Db::open(&config.database).await?, Artefacts::open(&config.store)?);
        let mut archives = Vec::new();
        let mut filter = Filter {
            after: 0,
            limit: 200,
            state: Some(State::Done),
            network: Some(wanted.network.to_owned()),
        };
        loop {
            let page = db.jobs(wanted.tenant, &filter).await?;
            let Some(last) = page.last() else { break };
            filter.after = last.seq;
            for job in page.into_iter().filter(|job| job.domain == wanted.domain) {
                let Job { epoch, bundle_sha256, bundle_bytes, .. } = job;
                let (Some(sha256), Some(bytes)) = (bundle_sha256, bundle_bytes) else { continue };
                let digest = Digest { sha256, bytes: bytes as u64 };
                archives.push((epoch as u64, store.get(Kind::Bundle, &digest).await));
            }
        }
        db.close().await;
        Ok(archives)
    })?;
    let named = |(epoch, archive): (u64, meed_service::Result<Vec<u8>>)| {
        archive.map(|archive| (epoch, archive)).with_context(|| format!("epoch {epoch}"))
    };
    read.into_iter().map(named).collect()
}

/// All proofs, and that each epoch starts from the state that the one before left.
fn verify(wanted: &Wanted<'_>, read: Vec<(u64, Vec<u8>)>) -> Result<Vec<Fetched>> {
    let mut by_key: Vec<Vec<(u64, Vec<u8>, Contents)>> =
        wanted.keys.iter().map(|_| Vec::new()).collect();
    for (epoch, archive) in read {
        let contents = contents(epoch, &archive).with_context(|| format!("epoch {epoch}"))?;
        let key = wanted.keys.iter().position(|key| key.id() == contents.vk_id);
        // A bundle of another key is none that was asked for: another proof system, or an earlier key.
        if let Some(list) = key.and_then(|key| by_key.get_mut(key)) {
            list.push((epoch, archive, contents));
        }
    }
    let mut fetched = Vec::new();
    for ((key, vk), list) in wanted.keys.iter().enumerate().zip(by_key) {
        let mut rest = Vec::with_capacity(list.len());
        let mut bundles = Vec::with_capacity(list.len());
        for (epoch, archive, contents) in list {
            rest.push((epoch, archive));
            bundles.push(contents);
        }
        let verified = verify_all(bundles, vk).map_err(|(i, error)| {
            let epoch = rest.get(i).map(|(epoch, _)| *epoch).unwrap_or_default();
            anyhow::Error::from(error).context(format!("epoch {epoch}"))
        })?;
        let all = rest.into_iter().zip(verified);
        fetched.extend(all.map(|((epoch, archive), bundle)| Fetched {
            epoch,
            archive,
            key,
            bundle,
        }));
    }
    if fetched.is_empty() {
        let ids: Vec<String> = wanted.keys.iter().map(|key| hex_0x(&key.id())).collect();
        let (domain, ids) = (&wanted.domain, ids.join(" or "));
        let rule = format!("expected done jobs of domain {domain} under key {ids}, got none");
        return Err(usage(format!("network {}: {rule}", wanted.network)));
    }
    fetched.sort_by_key(|f| (f.epoch, f.key));
    fetched.dedup_by_key(|f| f.epoch);
    for pair in fetched.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let left = before.bundle.header.state_root_after;
        let starts = after.bundle.header.state_root_before;
        if after.epoch == before.epoch + 1 && left != starts {
            let (expected, got) = (root_text(&left), root_text(&starts));
            let what = format!("epoch {}: state root before", after.epoch);
            return Err(rejected(format!("{what}: expected {expected}, got {got}")));
        }
    }
    Ok(fetched)
}

/// Everything but the proof is checked.
fn contents(epoch: u64, archive: &[u8]) -> Result<Contents> {
    let files = tar::unpack(archive)?;
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (&name[..], *bytes)).collect();
    let contents = read_files(&files)?;
    let got = contents.header.epoch;
    if got != epoch {
        return Err(rejected(format!("the bundle's epoch: expected {epoch}, got {got}")));
    }
    Ok(contents)
}

/// Whether the folder is new. One that is there must be this very bundle.
fn write(folder: &Path, fetched: &Fetched) -> Result<bool> {
    if folder.exists() {
        let there = read_bundle(folder)?;
        if there.manifest_sha256 == fetched.bundle.manifest_sha256 {
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
