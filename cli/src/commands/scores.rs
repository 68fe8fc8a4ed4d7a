//! `meed scores import`.

use std::path::Path;

use anyhow::{Context, Result};
use meed_ledger::content;
use meed_ledger::decimal::fixed_to_decimal;
use meed_ledger::events::Events;
use meed_ledger::project::Project;
use meed_scores::{
    self as scores, Columns, CsvSource, ImportSummary, Layout, NpySource, Options, ScoreSource,
};
use serde_json::json;

use crate::args::{self, Import};
use crate::failure::{input, usage};
use crate::ui::{grouped, Report, Ui};

pub(crate) fn run(args: args::Scores, root: &Path, ui: &Ui) -> Result<Report> {
    let args::Scores::Import(args) = args;
    let project = Project::open(root)?;
    let (epoch, summary) = import(&args, &project, ui)?;
    let text = format!(
        "Imported epoch {epoch} of {}\n{}Next: meed -p {} commit",
        root.display(),
        describe(&summary),
        root.display()
    );
    Ok(Report::new(text, json!({ "epoch": epoch, "summary": summary })))
}

/// Imports into the project's open epoch.
pub(crate) fn import(args: &Import, project: &Project, ui: &Ui) -> Result<(u64, ImportSummary)> {
    let policy = project.policy()?;
    let registry = project.registry()?;
    let events = Events::load(&args.events, &registry)?;
    let path = &args.scores;
    let by_name = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    let format = match (args.format, by_name.as_deref()) {
        (Some(format), _) => format,
        (None, Some("csv")) => args::Format::Csv,
        (None, Some("npy")) => args::Format::Npy,
        _ => return Err(usage("expected scores named .csv or .npy, or --format")),
    };
    let options = Options {
        sign: match args.sign {
            args::Sign::PositiveHelps => scores::Sign::PositiveHelps,
            args::Sign::NegativeHelps => scores::Sign::NegativeHelps,
        },
        scale: args.scale.clone(),
        fraction_bits: policy.fraction_bits,
        drop_below: args.drop_below.clone(),
        top: args.top.map(|k| k as usize),
    };
    let mut source: Box<dyn ScoreSource> = match format {
        args::Format::Csv => Box::new(CsvSource::open(path, &events, &registry)?),
        args::Format::Npy => {
            let orientation = match args.orientation {
                args::Orientation::TestXTrain => scores::Orientation::TestXTrain,
                args::Orientation::TrainXTest => scores::Orientation::TrainXTest,
            };
            Box::new(NpySource::open(path, orientation, events.len())?)
        }
    };
    let columns = match (source.layout(), &args.columns) {
        (Layout::Named, None) => None,
        (Layout::Named, Some(_)) => {
            return Err(usage("--columns: a CSV of scores names assets itself"))
        }
        (Layout::Matrix { columns, .. }, Some(path)) => {
            Some(Columns::load(path, columns, &registry)?)
        }
        (Layout::Matrix { columns, .. }, None) if columns == registry.len() as u64 => {
            Some(Columns::identity(columns as u32))
        }
        (Layout::Matrix { columns, .. }, None) => {
            return Err(input(format!(
                "{}: expected a column for each of the {} assets, got {columns}: say whose the \
                 columns are with --columns",
                path.display(),
                registry.len()
            )))
        }
    };
    let step = ui.step("reading scores");
    let imported = scores::import(
        source.as_mut(),
        path,
        columns.as_ref(),
        events.len(),
        &options,
        &mut step.progress(),
    )?;
    step.done();
    let digest = |path: &Path| -> Result<String> {
        let hash = content::hash(path, &mut |_, _| std::ops::ControlFlow::Continue(()));
        Ok(format!("{:?}", hash.with_context(|| "hashing for import.json")?))
    };
    let about = json!({
        "scores": { "file": path.display().to_string(), "sha256": digest(path)? },
        "events": { "file": args.events.display().to_string(), "sha256": digest(&args.events)? },
        "columns": args.columns.as_deref().map(digest).transpose()?,
        "orientation": format!("{:?}", args.orientation),
        "sign": format!("{:?}", args.sign),
        "top": args.top,
        "drop_below": args.drop_below.is_some(),
        "summary": imported.summary,
    });
    ui.go_on()?;
    let epoch =
        project.save_import(&events, &imported.records, &registry, policy.fraction_bits, about)?;
    if !imported.records.is_empty() && imported.records.iter().all(|r| r.score <= 0) {
        ui.note("note: no score is above zero, so no record will count; is --sign right?");
    }
    let threshold = fixed_to_decimal(policy.threshold as i64, policy.fraction_bits);
    ui.note(&format!("note: records count from the policy's threshold on, {threshold}"));
    Ok((epoch, imported.summary))
}

/// What an import did, for people.
pub(crate) fn describe(summary: &ImportSummary) -> String {
    let mut lines = vec![format!(
        "  read      {} numbers ({}), {} pairs of event and asset",
        grouped(summary.cells),
        summary.format,
        grouped(summary.pairs)
    )];
    if summary.sorted {
        lines
            .push("  sorted    the rows were not in order of event and asset; now they are".into());
    }
    if summary.dropped_below > 0 {
        lines.push(format!("  dropped   {} below --drop-below", grouped(summary.dropped_below)));
    }
    if summary.dropped_by_top > 0 {
        let count = grouped(summary.dropped_by_top);
        lines.push(format!("  dropped   {count} not among the --top of their event"));
    }
    lines.push(format!(
        "  kept      {} records; {} of all pairs were rounded to the policy's fraction bits",
        grouped(summary.kept),
        grouped(summary.rounded)
    ));
    if summary.events_without_records > 0 {
        lines.push(format!(
            "  note      {} events have no record: their data share goes to the remainder account",
            grouped(summary.events_without_records)
        ));
    }
    lines.join("\n") + "\n"
}
