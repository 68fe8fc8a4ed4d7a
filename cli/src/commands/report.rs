//! `meed report`.

use std::path::Path;

use anyhow::Result;
use meed_ledger::atomic::{write_bytes, Access};
use meed_ledger::bundle::{verify_bundle_with, Expected};
use meed_ledger::project::Project;
use meed_ledger::report;
use serde_json::json;

use crate::args::EpochReport;
use crate::keys::load_verifying_key;
use crate::ui::{Report, Ui};

pub(crate) fn run(args: &EpochReport, root: &Path, ui: &Ui) -> Result<Report> {
    let project = Project::open_to_read(root)?;
    let (_, epoch, trace) = super::settled(project, args.epoch, ui)?;
    let number = epoch.inputs.epoch;
    let show = args.show.get()?;
    let verified = match (&args.bundle, &args.key) {
        (Some(bundle), Some(key)) => {
            let key = load_verifying_key(key)?;
            let expected =
                Expected { circuit: key.circuit, epoch: Some(number), ..Expected::default() };
            Some(verify_bundle_with(bundle, &key.vk, &expected)?)
        }
        _ => None,
    };
    let names = epoch.registry.names();
    let text = report::report(&epoch.inputs, &trace, names, verified.as_ref(), &show)?;
    let mut json = json!({ "epoch": number, "proved": verified.is_some(), "report": text });
    let Some(out) = &args.out else { return Ok(Report::new(text, json)) };
    write_bytes(out, Access::Public, text.as_bytes())?;
    json["file"] = json!(out);
    Ok(Report::new(format!("Wrote the report of epoch {number} to {}", out.display()), json))
}
