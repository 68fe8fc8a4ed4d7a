//! `meed commit`.

use std::path::Path;

use anyhow::Result;
use meed_ledger::project::{CommitFile, Project};
use serde_json::json;

use crate::args::Commit;
use crate::ui::{grouped, Report, Ui};

pub(crate) fn run(args: &Commit, root: &Path, ui: &Ui) -> Result<Report> {
    let project = Project::open(root)?;
    let epoch = match args.epoch {
        Some(epoch) => epoch,
        None => project.last_epoch()?,
    };
    let again = project.is_committed(epoch);
    let step = ui.step("committing");
    let commit = project.commit(epoch)?;
    step.done();
    let text = format!(
        "{}\n{}Publish these roots, then: meed -p {} settle",
        match again {
            true => format!("Epoch {epoch} was committed before, and nothing changed since"),
            false => format!("Committed to epoch {epoch}"),
        },
        describe(&commit),
        root.display()
    );
    Ok(Report::new(text, json!(commit)))
}

/// The roots, for people.
pub(crate) fn describe(commit: &CommitFile) -> String {
    format!(
        "  {} assets, {} events, {} records, fees of {} base units\n\
         \x20 policy hash     {}\n\
         \x20 registry root   {}\n\
         \x20 scores root     {}\n\
         \x20 state root      {}\n",
        grouped(commit.assets),
        grouped(commit.events),
        grouped(commit.records),
        grouped(&commit.fees_total),
        commit.policy_hash,
        commit.registry_root,
        commit.scores_root,
        commit.state_root_before,
    )
}
