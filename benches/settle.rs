//! The native settlement and its check, on one thread and on all.

use std::io;

use anyhow::{Error, Result};
use meed_benches::{timed, Figure, Options, Report, Time};
use meed_statement::check::{check, check_inputs};
use meed_statement::roots::Commitment;
use meed_statement::settle::settle_with;
use meed_statement::synthetic::{epoch, Spec};
use meed_statement::types::Inputs;

/// A hundred scored assets an event, and as many assets as events.
fn spec(records: usize) -> Spec {
    let events = records.div_ceil(100);
    Spec {
        assets: events.max(100),
        events,
        records,
        owners: events.div_ceil(2),
        state: events.div_ceil(4),
        skew: 1.0,
        seed: 1,
    }
}

fn main() -> Result<()> {
    let options = Options::from_env().map_err(Error::msg)?;
    let mut report = Report::new("settle", &options, io::stdout())?;
    let sizes = match (&options.records[..], options.quick) {
        ([], true) => &[1_000][..],
        ([], false) => &[10_000, 100_000, 1_000_000],
        (sizes, _) => sizes,
    };
    let all = rayon::current_num_threads();
    for &records in sizes {
        let spec = spec(records);
        let inputs = epoch(&spec);
        report.group(&format!("{records} records"))?;
        for (name, n) in [
            ("events", spec.events),
            ("assets", spec.assets),
            ("owners", spec.owners),
            ("state entries", spec.state),
        ] {
            report.add(name, Figure::Count(n as u64))?;
        }
        report.add("Zipf exponent of the scores", Figure::Number(spec.skew))?;
        for threads in if all == 1 { vec![1] } else { vec![1, all] } {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
            report.group(&format!("{records} records, threads: {threads}"))?;
            pool.install(|| measure(&inputs, &mut report))?;
        }
    }
    report.finish()?;
    Ok(())
}

fn measure<W: io::Write + Send>(inputs: &Inputs, report: &mut Report<W>) -> Result<()> {
    let (checked, inputs_time) = timed(|| check_inputs(inputs));
    checked?;
    let (commitment, commit_time) = timed(|| Commitment::new(inputs));
    let (trace, settle_time) = timed(|| settle_with(inputs, &commitment, |_, _| {}));
    let (checked, check_time) = timed(|| check(inputs, &commitment, &trace));
    checked?;
    report.add("check of the inputs", Figure::Time(inputs_time))?;
    report.add("commit (roots)", Figure::Time(commit_time))?;
    report.add("settle, from checked inputs", Figure::Time(settle_time))?;
    report.add("check of every clause, with roots", Figure::Time(check_time))?;
    let settle: Time = [inputs_time, commit_time, settle_time].into_iter().sum();
    let n = inputs.records.len() as f64;
    report.add("inputs, commit and settle", Figure::Time(settle))?;
    report.add("inputs, commit and settle, records", Figure::Rate(n / settle.wall))?;
    let total: Time = [settle, check_time].into_iter().sum();
    report.add("all", Figure::Time(total))?;
    report.add("all, records", Figure::Rate(n / total.wall))?;
    report.add("payouts", Figure::Count(trace.payouts.len() as u64))?;
    Ok(())
}
