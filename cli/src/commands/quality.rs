//! `meed scores check`, and what an import warns of.

use std::path::Path;

use anyhow::Result;
use meed_ledger::project::{Epoch, Project};
use meed_scores::quality::{self, Limits, Warning};
use serde_json::{json, Value};

use crate::args::ScoresCheck;
use crate::ui::{grouped, Report, Ui};

pub(crate) fn run(args: &ScoresCheck, root: &Path) -> Result<Report> {
    let project = Project::open_to_read(root)?;
    let number = match args.epoch {
        Some(number) => number,
        None => project.last_epoch()?,
    };
    let epoch = project.load(number)?;
    let limits = Limits { most_share_bps: args.most_share * 100 };
    let warnings = of(&epoch, &limits);
    let mut text = format!(
        "Epoch {number}: {} events, {} records, {}\n",
        grouped(epoch.inputs.events.len()),
        grouped(epoch.inputs.records.len()),
        match warnings.len() {
            0 => "nothing looks wrong".to_owned(),
            1 => "1 warning".to_owned(),
            n => format!("{n} warnings"),
        }
    );
    warnings.iter().for_each(|warning| text.push_str(&format!("  {warning}\n")));
    let json = json!({
        "epoch": number,
        "most_share_bps": limits.most_share_bps,
        "warnings": values(&warnings),
    });
    let good = !args.strict || warnings.is_empty();
    Ok(Report { text, json, good })
}

fn of(epoch: &Epoch, limits: &Limits) -> Vec<Warning> {
    let inputs = &epoch.inputs;
    quality::check(&inputs.records, &epoch.registry, &inputs.events, &inputs.policy, limits)
}

/// Warnings for programs: their numbers, and the sentence.
pub(crate) fn values(warnings: &[Warning]) -> Vec<Value> {
    let value = |warning: &Warning| {
        let mut value = json!(warning);
        value["message"] = json!(warning.to_string());
        value
    };
    warnings.iter().map(value).collect()
}

/// Tells of warnings while the command goes on.
pub(crate) fn notes(warnings: &[Warning], ui: &Ui) {
    warnings.iter().for_each(|warning| ui.note(&format!("warning: {warning}")));
}
