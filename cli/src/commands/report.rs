//! `meed report`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use meed_audit::page;
use meed_audit::view::{Source, View};
use meed_ledger::atomic::{write_bytes, Access};
use meed_ledger::bundle::{verify_bundle_with, Expected, Verified};
use meed_ledger::project::Project;
use meed_ledger::report;
use meed_verifier::AnyVerifyingKey;
use serde_json::json;

use crate::args::EpochReport;
use crate::keys::load_verifying_key;
use crate::ui::{Report, Ui};

pub(crate) fn run(args: &EpochReport, root: &Path, ui: &Ui) -> Result<Report> {
    let show = args.show.get()?;
    if let (true, Some(html)) = (args.public, &args.html) {
        let proved = verified(args, None)?;
        let view = proved.as_ref().map(|proved| View::public(source(proved), &show));
        return write_page(&view.expect("clap demands the bundle")?, html);
    }
    let project = Project::open_to_read(root)?;
    let (_, epoch, trace) = super::settled(project, args.epoch, ui)?;
    let number = epoch.inputs.epoch;
    let proved = verified(args, Some(number))?;
    let names = epoch.registry.names();
    if let Some(html) = &args.html {
        let source = proved.as_ref().map(source);
        return write_page(&View::operator(&epoch.inputs, &trace, names, source, &show)?, html);
    }
    let bundle = proved.as_ref().map(|(bundle, _)| bundle);
    let text = report::report(&epoch.inputs, &trace, names, bundle, &show)?;
    let mut json = json!({ "epoch": number, "proved": proved.is_some(), "report": text });
    let Some(out) = &args.out else { return Ok(Report::new(text, json)) };
    write_bytes(out, Access::Public, text.as_bytes())?;
    json["file"] = json!(out);
    Ok(Report::new(format!("Wrote the report of epoch {number} to {}", out.display()), json))
}

/// The bundle that was named, verified, and its key.
fn verified(args: &EpochReport, epoch: Option<u64>) -> Result<Option<(Verified, AnyVerifyingKey)>> {
    let (Some(bundle), Some(key)) = (&args.bundle, &args.key) else { return Ok(None) };
    let key = load_verifying_key(key)?;
    let expected = Expected { circuit: key.circuit, epoch, ..Expected::default() };
    Ok(Some((verify_bundle_with(bundle, &key.vk, &expected)?, key.vk)))
}

fn source((bundle, key): &(Verified, AnyVerifyingKey)) -> Source<'_> {
    Source { contents: bundle, key: Some(key), proved: true }
}

fn write_page(view: &View, html: &PathBuf) -> Result<Report> {
    let page = page::render(view)?;
    write_bytes(html, Access::Public, page.as_bytes())?;
    let (epoch, proved) = (view.epoch, view.proof.is_some());
    let json = json!({
        "epoch": epoch, "proved": proved, "public": view.operator.is_none(),
        "file": html, "bytes": page.len(),
    });
    let kind = match (view.operator.is_some(), proved) {
        (true, true) => "with the operator's data and the proof",
        (true, false) => "with the operator's data; nothing in it is proved",
        (false, _) => "with what the bundle says",
    };
    let text = format!("Wrote the page of epoch {epoch} to {}, {kind}", html.display());
    Ok(Report::new(text, json))
}
