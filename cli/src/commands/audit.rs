//! `meed audit`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use meed_audit::{Auditor, Key, Outcome};
use meed_chain::history::History;
use meed_chain::Deployment;
use meed_ledger::project::Project;
use meed_ledger::{policy, registry};
use meed_verifier::AnyVerifyingKey;

use super::chain::{Place, RPC};
use super::pages::{self, Pages};
use crate::args::Audit;
use crate::failure::usage;
use crate::keys::load_verifying_key;
use crate::ui::{Report, Ui};

/// How a key file's name ends.
const KEY_FILE: &str = ".vk.json";
/// A bundle's name in its epoch's folder.
const BUNDLE: &str = "bundle";

pub(crate) fn run(args: &Audit, root: &Path, ui: &Ui) -> Result<Report> {
    let project = project(root)?;
    let bundles = match (args.bundles.as_slice(), &project) {
        ([], Some(project)) => of_project(project)?,
        (bundles, _) => bundles.to_vec(),
    };
    if bundles.is_empty() {
        let rule =
            "expected bundles to audit, or with -p a project that has some in epochs/N/bundle";
        return Err(usage(rule));
    }
    let keys = keys(args)?;
    let mut audit = Auditor::new();
    let step = ui.step("verifying bundles");
    for (done, bundle) in bundles.iter().enumerate() {
        ui.go_on()?;
        step.part(done as f64 / bundles.len() as f64);
        audit.bundle(bundle, &keys)?;
    }
    step.done();
    if let Some(project) = &project {
        audit.opening(project)?;
    }
    audit.follow();
    let mut audit = recompute(audit, project, args.scores.clone(), ui)?;
    match on_chain(args, root)? {
        true => audit.chain(&history(args, &keys, root, ui)?),
        false => audit.not_on_chain(),
    }
    let bundles = audit.bundles().to_vec();
    let audit = audit.finish();
    let good = match audit.result {
        Outcome::Good => true,
        Outcome::Incomplete => !args.strict,
        _ => false,
    };
    let json = serde_json::to_value(&audit).context("an audit is JSON")?;
    let report = Report { text: audit.to_string(), json, good };
    if !args.pages.wanted() {
        return Ok(report);
    }
    let (bundles, keys) = (bundles.as_slice(), keys.as_slice());
    let pages = Pages { bundles, keys, audit: &audit, project: self::project(root)? };
    pages::run(&args.pages, pages, report, ui)
}

/// Computes the epochs again, each as a step of its own.
fn recompute(
    mut audit: Auditor,
    mut project: Option<Project>,
    scores: Vec<PathBuf>,
    ui: &Ui,
) -> Result<Auditor> {
    for epoch in audit.epochs() {
        let Some(given) = project else {
            audit.not_recomputed(epoch);
            continue;
        };
        let done;
        (audit, project, done) = ui.wait(&format!("computing epoch {epoch} again"), move || {
            let done = audit.recompute(&given, epoch);
            (audit, Some(given), done)
        })?;
        done?;
    }
    match project {
        Some(project) => {
            let done;
            (audit, done) = ui.wait("importing raw scores again", move || {
                let done = audit.raw_scores(&project, &scores);
                (audit, done)
            })?;
            done?;
        }
        None if scores.is_empty() => {}
        None => return Err(usage("--scores: expected the project that imported them, with -p")),
    }
    Ok(audit)
}

/// Whether there is a contract to look at.
fn on_chain(args: &Audit, root: &Path) -> Result<bool> {
    let asked = args.contract.node.rpc.is_some()
        || args.contract.contract.is_some()
        || args.from_block.is_some()
        || args.block.is_some();
    Ok(asked || (std::env::var_os(RPC).is_some() && Deployment::load(root)?.is_some()))
}

/// Reads the contract's past and present, all as of one block.
fn history(args: &Audit, keys: &[Key], root: &Path, ui: &Ui) -> Result<History> {
    let place = Place::open(&args.contract, root, ui)?;
    let contract = place.contract()?;
    let client = contract.client();
    let head = client.head(args.block)?;
    let from = place.first_block(args.from_block, &head)?;
    let keys: Vec<AnyVerifyingKey> = keys.iter().map(|key| key.vk.clone()).collect();
    let step = ui.step("reading the contract");
    let history = History::read(contract, head, from, &keys, &mut |part, what| {
        step.part(part);
        step.at(what);
    })?;
    step.done();
    Ok(history)
}

/// The project, if one is given: the folder that `-p` names, or the current one if it is a project.
fn project(root: &Path) -> Result<Option<Project>> {
    let is_one = root.join(policy::FILE).is_file() && root.join(registry::FILE).is_file();
    match is_one || root != Path::new(".") {
        true => Ok(Some(Project::open_to_read(root)?)),
        false => Ok(None),
    }
}

/// The bundles of a project's epochs.
fn of_project(project: &Project) -> Result<Vec<PathBuf>> {
    let bundle = |epoch| project.epoch_dir(epoch).join(BUNDLE);
    Ok(project.epochs()?.into_iter().map(bundle).filter(|path| path.exists()).collect())
}

/// The keys that the auditor trusts.
fn keys(args: &Audit) -> Result<Vec<Key>> {
    let mut paths = args.key.clone();
    if let Some(folder) = &args.keys {
        let reading = || format!("cannot read {}", folder.display());
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).with_context(reading)? {
            let path = entry.with_context(reading)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if name.is_some_and(|name| name.ends_with(KEY_FILE)) {
                found.push(path);
            }
        }
        if found.is_empty() {
            let folder = folder.display();
            return Err(usage(format!(
                "{folder}: expected a key, no name there ends in {KEY_FILE}"
            )));
        }
        found.sort_unstable();
        paths.extend(found);
    }
    let key = |path: PathBuf| {
        let key = load_verifying_key(&path)?;
        Ok(Key { vk: key.vk, circuit: key.circuit, source: path.display().to_string() })
    };
    paths.into_iter().map(key).collect()
}
