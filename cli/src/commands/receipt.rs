//! `meed receipt`.

use std::path::Path;

use anyhow::{Context, Result};
use meed_ledger::project::Project;
use meed_ledger::receipt;

use crate::args;
use crate::ui::{Report, Ui};

pub(crate) fn run(args: &args::Receipt, root: &Path, ui: &Ui) -> Result<Report> {
    let project = Project::open_to_read(root)?;
    let (_, epoch, trace) = super::settled(project, args.epoch, ui)?;
    if !epoch.committed {
        ui.note("note: the epoch is not committed; this is a draft");
    }
    let names = epoch.registry.names();
    let receipt = receipt::receipt(&epoch.inputs, &trace, names, &args.account)?;
    receipt.check().context("checking the receipt")?;
    let json = serde_json::to_value(&receipt).context("writing the receipt")?;
    Ok(Report::new(receipt.to_text(&args.show.get()?), json))
}
