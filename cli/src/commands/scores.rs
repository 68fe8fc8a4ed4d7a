//! `meed scores import`.

use std::path::Path;

use anyhow::Result;
use meed_ledger::decimal::fixed_to_decimal;
use meed_ledger::project::Project;
use meed_scores::quality::{check, Limits, Warning};
use meed_scores::{self as scores, ImportSummary, Mass, Naming, Options, Request};
use serde_json::json;

use super::quality;
use crate::args::{self, Import};
use crate::ui::{grouped, Report, Ui};

pub(crate) fn run(args: args::Scores, root: &Path, ui: &Ui) -> Result<Report> {
    let args = match args {
        args::Scores::Import(args) => args,
        args::Scores::Check(args) => return quality::run(&args, root),
    };
    let project = Project::open(root)?;
    let done = import(&args, &project, ui)?;
    let epoch = done.epoch;
    let text = format!(
        "Imported epoch {epoch} of {}\n{}Next: meed -p {} commit",
        root.display(),
        done.describe(),
        root.display()
    );
    let json = json!({
        "epoch": epoch,
        "import": done.manifest,
        "warnings": quality::values(&done.warnings),
    });
    Ok(Report::new(text, json))
}

/// An import that is on disk.
pub(crate) struct Done {
    pub(crate) epoch: u64,
    summary: ImportSummary,
    fraction_bits: u8,
    manifest: scores::Manifest,
    warnings: Vec<Warning>,
}

/// Imports into the project's open epoch.
pub(crate) fn import(args: &Import, project: &Project, ui: &Ui) -> Result<Done> {
    let policy = project.policy()?;
    let fraction_bits = policy.fraction_bits;
    let registry = project.registry()?;
    let events = scores::load_events(&args.events, &registry)?;
    let request = request(args, fraction_bits);
    let step = ui.step("reading scores");
    let imported = scores::import(&request, &registry, &events, &mut step.progress())?;
    step.done();
    ui.go_on()?;
    let scores::Imported { records, summary, manifest } = imported;
    let about = serde_json::to_value(&manifest)?;
    let epoch = project.save_import(&events, &records, &registry, fraction_bits, about)?;
    let limits = Limits::default();
    let warnings = check(&records, &registry, events.as_slice(), &policy, &limits);
    quality::notes(&warnings, ui);
    let threshold = fixed_to_decimal(policy.threshold as i64, fraction_bits);
    ui.note(&format!("note: records count from the policy's threshold on, {threshold}"));
    Ok(Done { epoch, summary, fraction_bits, manifest, warnings })
}

fn request(args: &Import, fraction_bits: u8) -> Request<'_> {
    let options = Options {
        normalise: match args.normalise {
            args::Normalise::None => scores::Normalise::None,
            args::Normalise::Sum => scores::Normalise::Sum,
            args::Normalise::Max => scores::Normalise::Max,
            args::Normalise::L1 => scores::Normalise::L1,
        },
        scale: args.scale.clone(),
        fraction_bits,
        drop_below: args.drop_below.clone(),
        top: args.top.map(|k| k as usize),
        ..Options::default()
    };
    let mut request = Request::new(&args.scores, &args.events, options);
    request.format = args.format.map(|format| match format {
        args::Format::Csv => scores::Format::Csv,
        args::Format::Npy => scores::Format::Npy,
        args::Format::Safetensors => scores::Format::Safetensors,
        args::Format::Bergson => scores::Format::Bergson,
        args::Format::Spans => scores::Format::Spans,
        args::Format::Parquet => scores::Format::Parquet,
    });
    request.naming = Naming {
        items: args.items.as_deref(),
        item_ids: args.item_ids.as_deref(),
        columns: args.columns.as_deref(),
        event_ids: args.event_ids.as_deref(),
        events_in_order: args.events_in_order,
    };
    request.orientation = args.orientation.map(|orientation| match orientation {
        args::Orientation::TestXTrain => scores::Orientation::TestXTrain,
        args::Orientation::TrainXTest => scores::Orientation::TrainXTest,
    });
    request.polarity = args.sign.map(|sign| match sign {
        args::Sign::PositiveHelps => scores::Polarity::PositiveHelps,
        args::Sign::NegativeHelps => scores::Polarity::NegativeHelps,
    });
    request.unwritten = match args.unwritten {
        args::Unwritten::Refuse => scores::Unwritten::Refuse,
        args::Unwritten::Skip => scores::Unwritten::Skip,
    };
    request.span_weight = match args.span_weight {
        args::SpanWeight::Tokens => scores::SpanWeight::Tokens,
        args::SpanWeight::One => scores::SpanWeight::One,
    };
    request.tensor = args.tensor.as_deref();
    request.document_key = args.document_key.as_deref();
    request.method = args.method.clone();
    request.model = args.model.clone();
    request
}

impl Done {
    /// What an import did, for people.
    pub(crate) fn describe(&self) -> String {
        let summary = &self.summary;
        let mut lines = vec![format!(
            "  read      {} numbers ({}), {} pairs of event and asset",
            grouped(summary.cells),
            summary.format,
            grouped(summary.pairs)
        )];
        let weight = |mass: &Mass| {
            let weighed = summary.weigh(mass, self.fraction_bits);
            format!("mass {}, {} of all", weighed.mass, weighed.share)
        };
        if summary.sorted {
            lines.push(
                "  sorted    the rows were not in order of event and asset; now they are".into(),
            );
        }
        if summary.unwritten > 0 {
            let count = grouped(summary.unwritten);
            lines.push(format!("  skipped   {count} scores that were not written"));
        }
        if summary.ignored_cells > 0 {
            let count = grouped(summary.ignored_cells);
            let weight = weight(&summary.ignored);
            lines.push(format!("  ignored   {count} scores of items that are nobody's: {weight}"));
        }
        for (mass, why) in [
            (&summary.dropped_below, "below --drop-below"),
            (&summary.dropped_by_top, "not among the --top of their event"),
        ] {
            if mass.count > 0 {
                lines.push(format!("  dropped   {} {why}: {}", grouped(mass.count), weight(mass)));
            }
        }
        lines.push(format!(
            "  kept      {} records; {} of all pairs were rounded to the policy's fraction bits",
            grouped(summary.kept.count),
            grouped(summary.rounded)
        ));
        if summary.events_all_zero > 0 {
            let count = grouped(summary.events_all_zero);
            lines
                .push(format!("  note      {count} events have no score but zero: not normalised"));
        }
        if summary.events_without_records > 0 {
            lines.push(format!(
                "  note      {} events have no record: their data share goes to the remainder account",
                grouped(summary.events_without_records)
            ));
        }
        lines.join("\n") + "\n"
    }
}
