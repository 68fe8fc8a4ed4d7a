//! An epoch computed again from its files and compared with its bundle, as `meed audit` does it, in the
//! time and the memory of this process.

use std::io;
use std::path::Path;

use anyhow::{ensure, Error, Result};
use meed_audit::{Auditor, Key, Outcome};
use meed_benches::clock::{peak_memory, reset_peak, resident_memory};
use meed_benches::{timed, Figure, Options, Report};
use meed_ledger::bundle::write_bundle;
use meed_ledger::events::Events;
use meed_ledger::project::Project;
use meed_ledger::registry::Registry;
use meed_statement::shape::{M, XS};
use meed_statement::synthetic::{epoch, Spec};
use meed_statement::types::{Inputs, Kind};
use meed_statement::words::Domain;
// Real proofs, of a circuit that is small whatever the epoch is: a verifier cannot tell.
use meed_toys::bundles::{Content, Setup};

/// A hundred scored assets an event, and as many assets as events; no more owners than a bundle holds.
fn spec(records: usize) -> Spec {
    let events = records.div_ceil(100);
    let assets = events.max(100);
    Spec {
        assets,
        events,
        records,
        owners: events.div_ceil(2).min(900),
        state: 0,
        skew: 1.0,
        seed: 1,
    }
}

fn main() -> Result<()> {
    let options = Options::from_env().map_err(Error::msg)?;
    let mut report = Report::new("audit", &options, io::stdout())?;
    let sizes = match (&options.records[..], options.quick) {
        ([], true) => &[1_000][..],
        ([], false) => &[100_000, 1_000_000],
        (sizes, _) => sizes,
    };
    for &records in sizes {
        let folder = tempfile::tempdir()?;
        let key = prepare(folder.path(), &spec(records))?;
        report.group(&format!("{records} records"))?;
        measure(folder.path(), records, &[key], &mut report)?;
    }
    report.finish()?;
    Ok(())
}

/// Makes a project with one settled epoch, and its bundle. Nothing of it stays in memory.
fn prepare(folder: &Path, spec: &Spec) -> Result<Key> {
    let mut inputs = epoch(spec);
    for (i, asset) in inputs.registry.iter_mut().enumerate() {
        asset.kind = if i % 2 == 0 { Kind::Service } else { Kind::Model };
        asset.edges.dedup_by_key(|edge| edge.parent);
        let mut parents = std::collections::BTreeSet::new();
        asset.edges.retain(|edge| parents.insert(edge.parent));
    }
    let registry = registry(&inputs)?;
    let project = Project::create(&folder.join("net"), &inputs.policy)?;
    project.save_registry(&registry)?;
    let (events, bits) = (events(&inputs, &registry)?, inputs.policy.fraction_bits);
    project.save_import(&events, &inputs.records, &registry, bits, serde_json::Value::Null)?;
    project.commit(1)?;
    let (_, trace) = project.settle(1)?;
    project.save_settlement(1, &trace)?;
    let mut setup = Setup::new(1, false);
    let mut content = Content::new(&mut setup, trace, Domain::OFF_CHAIN);
    content.circuit.shape = if spec.records < 10_000 { XS } else { M };
    if content.trace.accounts.len() > content.circuit.shape.accounts {
        content.circuit.shape = M;
    }
    content.with(&setup.key, |input| write_bundle(&folder.join("bundle"), input))?;
    Ok(Key { vk: setup.key, circuit: None, source: "toy".to_owned() })
}

fn registry(inputs: &Inputs) -> Result<Registry> {
    let mut text = "name,kind,owner,content_hash,penalty_bps,edges\n".to_owned();
    for (i, asset) in inputs.registry.iter().enumerate() {
        let edges = asset.edges.iter().map(|e| format!("a{}:{}", e.parent, e.bps.get()));
        text.push_str(&format!(
            "a{i},{},{},{:?},{},{}\n",
            asset.kind.name(),
            asset.owner,
            asset.content_hash,
            asset.penalty.get(),
            edges.collect::<Vec<_>>().join(";")
        ));
    }
    Ok(Registry::parse(Path::new("registry.csv"), text.as_bytes())?)
}

fn events(inputs: &Inputs, registry: &Registry) -> Result<Events> {
    let mut text = "id,fee,service,model\n".to_owned();
    for e in &inputs.events {
        let id = u128::from_be_bytes(e.id);
        text.push_str(&format!("{id:032x},{},a{},a{}\n", e.fee, e.service & !1, e.model | 1));
    }
    Ok(Events::parse(Path::new("events.csv"), text.as_bytes(), registry)?)
}

fn measure<W: io::Write>(
    folder: &Path,
    records: usize,
    keys: &[Key],
    report: &mut Report<W>,
) -> Result<()> {
    let before = resident_memory();
    let reset = reset_peak();
    let mut audit = Auditor::new();
    let (read, read_time) = timed(|| audit.bundle(&folder.join("bundle"), keys));
    read?;
    let project = Project::open_to_read(&folder.join("net"))?;
    audit.opening(&project)?;
    let ((), follow_time) = timed(|| audit.follow());
    let (computed, time) = timed(|| audit.recompute(&project, 1));
    computed?;
    let peak = peak_memory().filter(|_| reset);
    let audit = audit.finish();
    ensure!(audit.result == Outcome::Good, "the honest epoch is found wrong:\n{audit}");
    report.add("payouts", Figure::Count(u64::from(audit.epochs[0].payouts)))?;
    report.add("bundle: read, agree, proof", Figure::Time(read_time))?;
    report.add("chain of epochs", Figure::Time(follow_time))?;
    report.add("read the data, roots, settle, every clause", Figure::Time(time))?;
    report.add("the same, records", Figure::Rate(records as f64 / time.wall))?;
    if let (Some(peak), Some(before)) = (peak, before) {
        report.add("peak memory (VmHWM)", Figure::Bytes(peak))?;
        report.add("of it before", Figure::Bytes(before))?;
        let per = peak.saturating_sub(before) as f64 / records as f64;
        report.add("the rest, bytes a record", Figure::Number(per))?;
    }
    Ok(())
}
