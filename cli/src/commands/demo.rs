//! `meed demo`: everything, on real data that is built in.

use std::path::Path;

use anyhow::{Context, Result};
use meed_audit::page::render;
use meed_audit::view::{Source, View};
use meed_ledger::atomic::{write_bytes, Access, Existing, Staging};
use meed_ledger::bundle::Verified;
use meed_ledger::project::Project;
use meed_ledger::receipt::Show;
use meed_ledger::report;
use meed_prover::CpuEngine;
use meed_statement::shape::S;
use meed_statement::types::{Account, Bps, Policy};
use meed_statement::words::Domain;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::prove::Job;
use super::{commit, scores, settle, setup};
use crate::args::{Demo, Import, Normalise, Orientation, ProofSystem, Sign, SpanWeight, Unwritten};
use crate::failure::usage;
use crate::keys::{load_verifying_key, verifying_key_path};
use crate::ui::{Report, Ui};

mod digits {
    include!(concat!(env!("OUT_DIR"), "/digits.rs"));
}

/// Datasets that are kept in each event, as the fixture suggests.
const TOP: u32 = 16;
/// The fees are in tokens of so many decimals.
const DECIMALS: u8 = 18;
/// The owner of the dataset that was copied.
const ALDER: &str = "0x0ffa304b6347cb521465a37a40053ebf258b49d1";
/// The demo is one epoch.
const EPOCH: u64 = 1;

pub(crate) fn run(args: &Demo, ui: &Ui) -> Result<Report> {
    let out = &args.out;
    let (data, root) = (out.join("digits"), out.join("project"));
    ui.note(
        "1. Real data: influence scores of handwritten digits, 44 datasets, 64 paid predictions",
    );
    std::fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    unpack(&data)?;

    ui.note("2. A project: rules, and a registry of datasets, models and services");
    let project = open(&root)?;
    let mut registry = project.registry()?;
    if registry.is_empty() {
        let step = ui.step("hashing contents");
        registry.add_list(&data.join("assets.csv"), &mut step.progress())?;
        step.done();
        project.save_registry(&registry)?;
    }

    if !project.is_committed(EPOCH) {
        ui.note("3. Scores: the columns of a dataset added up, the 16 best datasets of each event");
        let import = Import {
            scores: data.join("scores.npy"),
            events: data.join("events.csv"),
            items: None,
            item_ids: None,
            columns: Some(data.join("columns.csv")),
            event_ids: None,
            events_in_order: true,
            format: None,
            tensor: None,
            orientation: Some(Orientation::TestXTrain),
            sign: Some(Sign::PositiveHelps),
            method: None,
            model: None,
            unwritten: Unwritten::Refuse,
            span_weight: SpanWeight::Tokens,
            document_key: None,
            normalise: Normalise::None,
            scale: Default::default(),
            top: Some(TOP),
            drop_below: None,
        };
        let done = scores::import(&import, &project, ui)?;
        ui.note(done.describe().trim_end());
    }

    ui.note("4. Commitment: what a network publishes before anybody is paid");
    let commitment = project.commit(EPOCH)?;
    ui.note(commit::describe(&commitment).trim_end());

    ui.note("5. Settlement: who gets what, checked against all eleven clauses");
    let (project, epoch, trace) = super::settled(project, Some(EPOCH), ui)?;
    project.save_settlement(EPOCH, &trace)?;
    let show = Show::token(DECIMALS, "tokens").expect("few decimals");
    let mut text = format!("{}\n", settle::explain(&epoch, &trace, &show, false));
    let verified = match args.no_proof {
        true => None,
        false => Some(prove(out, project, ui)?),
    };
    let report = out.join("report.md");
    let names = epoch.registry.names();
    let written = report::report(&epoch.inputs, &trace, names, verified.as_ref(), &show)?;
    write_bytes(&report, Access::Public, written.as_bytes())?;

    let (bundle, key) = (out.join("bundle"), verifying_key_path(&out.join("keys"), &S));
    let page = out.join("report.html");
    let vk = verified.is_some().then(|| load_verifying_key(&key)).transpose()?;
    let source = verified.as_ref().zip(vk.as_ref());
    let source =
        source.map(|(contents, key)| Source { contents, key: Some(&key.vk), proved: true });
    let view = View::operator(&epoch.inputs, &trace, names, source, &show)?;
    write_bytes(&page, Access::Public, render(&view)?.as_bytes())?;
    let mut json = json!({
        "out": out,
        "report": report,
        "page": page,
        "fees_total": trace.header.fees_total.to_string(),
        "released_total": trace.header.released_total.to_string(),
        "payouts": trace.header.payouts,
        "proved": verified.is_some(),
    });
    let shown = |path: &Path| path.display().to_string();
    let mut places =
        vec![("who got what, and why", shown(&report)), ("the same in a browser", shown(&page))];
    if let Some(verified) = &verified {
        text.push_str(&format!(
            "Proved and verified, without anybody seeing a score:\n{verified}\n\n"
        ));
        places.push(("what everybody gets to see", shown(&bundle)));
        places.push((
            "check it again",
            format!("meed verify {} --key {}", shown(&bundle), shown(&key)),
        ));
        json["bundle"] = json!(bundle);
        json["key"] = json!(key);
        json["insecure_key"] = json!(verified.insecure_key);
    }
    places.push((
        "one contributor's receipt",
        format!("meed -p {} receipt --decimals 18 --account {ALDER}", shown(&root)),
    ));
    places.push(("your own data", "meed --help".to_owned()));
    text.push_str(&look(&places));
    Ok(Report::new(text, json))
}

/// Key, proof and verification.
fn prove(out: &Path, project: Project, ui: &Ui) -> Result<Verified> {
    let keys = out.join("keys");
    ui.note("6. A proving key, made here once. Real networks take theirs from a ceremony");
    setup::insecure(&keys, S, ui)?;
    ui.note("7. The proof: about a minute on two cores");
    let dest = out.join("bundle");
    let (system, domain) = (ProofSystem::Groth16, Domain::OFF_CHAIN);
    let engine = CpuEngine::best();
    let job = Job { project, epoch: EPOCH, system, engine, keys: &keys, dest, domain };
    let done = job.run(Some(S), ui)?;
    if let Some(proved) = &done.proved {
        for (stage, time) in &proved.stages {
            ui.note(&format!("   {stage:10} {:>7.1} s", time.as_secs_f64()));
        }
        ui.note(&format!("   {:10} {:>7.1} s", "together", proved.total.as_secs_f64()));
    }
    Ok(done.verified)
}

fn look(places: &[(&str, String)]) -> String {
    let lines: Vec<String> =
        places.iter().map(|(what, place)| format!("  {what:28} {place}\n")).collect();
    format!("Where to look next\n{}", lines.concat())
}

/// Writes the built-in files, unless they are there.
fn unpack(folder: &Path) -> Result<()> {
    if folder.exists() {
        return Ok(());
    }
    let staging = Staging::new(folder, Access::Public)?;
    for (name, bytes) in digits::FILES {
        staging.write(name, Access::Public, |out| out.write_all(bytes))?;
    }
    staging.commit(Existing::Refuse)?;
    Ok(())
}

/// The demo's project: new, or the one of an earlier run.
fn open(root: &Path) -> Result<Project> {
    let rules = rules();
    if !root.exists() {
        return Ok(Project::create(root, &rules)?);
    }
    let project = Project::open(root)?;
    match project.policy()? == rules {
        true => Ok(project),
        false => Err(usage(format!("{}: expected the demo's own project", root.display()))),
    }
}

/// The demo's rules. Nobody holds a key to the accounts.
fn rules() -> Policy {
    let account = |role: &str| {
        let digest = Sha256::digest(format!("meed demo {role}"));
        let bytes = digest[..20].try_into().expect("20 of 32 bytes");
        Account::new(bytes).expect("a hash is not zero")
    };
    let bps = |bps| Bps::new(bps).expect("at most 10,000");
    Policy {
        platform_bps: bps(500),
        stakers_bps: bps(500),
        service_bps: bps(1_000),
        model_bps: bps(2_000),
        data_bps: bps(6_000),
        platform: account("platform"),
        stakers: account("stakers"),
        remainder: account("remainder"),
        threshold: 0,
        cap_bps: bps(2_500),
        min_payout: 1_000_000_000_000_000,
        fraction_bits: 35,
    }
}
