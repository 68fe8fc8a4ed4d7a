//! `meed registry similar`.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::Ordering;

use anyhow::Result;
use meed_ledger::registry::read_list;
use meed_ledger::similar::{compare, Estimate, Options, Pair, Set, Similar, Source};
use serde_json::{json, Value};

use crate::args::RegistrySimilar;
use crate::failure::usage;
use crate::ui::{grouped, table, Report, Ui};

pub(crate) fn run(args: &RegistrySimilar, ui: &Ui) -> Result<Report> {
    let mut sources = match &args.from {
        Some(list) => listed(list)?,
        None => Vec::new(),
    };
    sources.extend(args.paths.iter().map(|path| named(path)));
    if sources.len() < 2 {
        return Err(usage(format!("expected at least two datasets, got {}", sources.len())));
    }
    let options = Options {
        threshold: args.threshold,
        phrases: args.phrases,
        permutations: args.permutations,
    };
    let step = ui.step("reading datasets");
    let stop = ui.stop();
    let similar = compare(&sources, &options, &|done, total| {
        step.part(done as f64 / total.max(1) as f64);
        match stop.load(Ordering::SeqCst) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })?;
    step.done();
    let pairs: Vec<Value> = similar.pairs.iter().map(|pair| pair_json(pair, &similar)).collect();
    let json = json!({
        "threshold": args.threshold,
        "phrases": args.phrases,
        "permutations": args.permutations,
        "sets": similar.sets,
        "candidates": similar.candidates,
        "pairs": pairs,
    });
    Ok(Report::new(text(&similar), json))
}

/// The assets of a list, with what they owe each other.
fn listed(list: &Path) -> Result<Vec<Source>> {
    let assets = read_list(list)?;
    let names: Vec<String> = assets.iter().map(|asset| asset.new.name.clone()).collect();
    let owes = |edges: &str, index: usize| -> Vec<(usize, u32)> {
        // A list that was not added yet may have edges that a registry would refuse; they count here
        // as not there.
        let edge = |edge: &str| {
            let (parent, bps) = edge.rsplit_once(':')?;
            let parent = names[..index].iter().position(|name| name == parent)?;
            Some((parent, bps.parse().ok()?))
        };
        edges.split(';').filter_map(edge).collect()
    };
    Ok(assets
        .into_iter()
        .enumerate()
        .map(|(i, asset)| Source {
            owes: owes(&asset.new.edges, i),
            name: asset.new.name,
            path: asset.path,
        })
        .collect())
}

fn named(path: &Path) -> Source {
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Source { name, path: path.to_owned(), owes: vec![] }
}

fn pair_json(pair: &Pair, similar: &Similar) -> Value {
    let name = |index: usize| &similar.sets[index].name;
    json!({
        "earlier": { "index": pair.earlier, "name": name(pair.earlier) },
        "later": { "index": pair.later, "name": name(pair.later) },
        "rows": pair.rows,
        "later_in_earlier": pair.later_in_earlier,
        "earlier_in_later": pair.earlier_in_later,
        "phrases": pair.phrases,
        "edge": format!("{}:{}", name(pair.earlier), pair.edge_bps),
        "owed_bps": pair.owed_bps,
    })
}

fn text(similar: &Similar) -> String {
    let sum = |count: fn(&Set) -> u64| similar.sets.iter().map(count).sum::<u64>();
    let mut text = format!(
        "Compared {} datasets of {} different rows: {} alike, of {} that were looked at\n",
        grouped(similar.sets.len()),
        grouped(sum(|set| set.rows)),
        match similar.pairs.len() {
            1 => "1 pair".to_owned(),
            n => format!("{} pairs", grouped(n)),
        },
        grouped(similar.candidates),
    );
    if !similar.pairs.is_empty() {
        let rows: Vec<Vec<String>> = similar.pairs.iter().map(|pair| row(pair, similar)).collect();
        let header =
            ["earlier", "later", "rows", "of later", "of earlier", "phrases", "a curator's edge"];
        text.push_str(&table(&header, &rows, &[2, 3, 4, 5]));
        text.push_str(
            "  rows: in common, of all of both; of later, of earlier: of its own; phrases: four words \
             in a\n  row, of all of both. Look before you add an edge: the earlier one need not be the \
             original.\n",
        );
    }
    let sampled = similar.sets.iter().filter(|set| set.sampled < 1.0).count();
    if sampled > 0 {
        text.push_str(&format!(
            "  note: of {} datasets, rows were sampled; values come with their standard error\n",
            grouped(sampled)
        ));
    }
    let binary = sum(|set| set.binary_files);
    if binary > 0 {
        text.push_str(&format!(
            "  note: {} files are not text; they were compared by chunks of bytes\n",
            grouped(binary)
        ));
    }
    let hollow = similar.sets.iter().filter(|set| set.rows == 0).count();
    if hollow > 0 {
        text.push_str(&format!(
            "  note: {} datasets have no row, so nothing is like them\n",
            grouped(hollow)
        ));
    }
    text
}

fn row(pair: &Pair, similar: &Similar) -> Vec<String> {
    let name = |index: usize| similar.sets[index].name.clone();
    let edge = match pair.owed_bps {
        Some(bps) if bps >= pair.edge_bps => format!("owes {bps} already"),
        Some(bps) => format!("{} (owes {bps} already)", edge(&name(pair.earlier), pair.edge_bps)),
        None => edge(&name(pair.earlier), pair.edge_bps),
    };
    vec![
        name(pair.earlier),
        name(pair.later),
        share(&pair.rows),
        share(&pair.later_in_earlier),
        share(&pair.earlier_in_later),
        pair.phrases.as_ref().map_or_else(|| "-".to_owned(), share),
        edge,
    ]
}

/// `--edge` as one types it in a shell.
fn edge(parent: &str, bps: u32) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._-/".contains(c);
    match parent.chars().all(plain) {
        true => format!("--edge {parent}:{bps}"),
        false => format!("--edge '{}:{bps}'", parent.replace('\'', r"'\''")),
    }
}

/// Percent, with the standard error where there is one.
fn share(estimate: &Estimate) -> String {
    let percent = format!("{:.1} %", estimate.value * 100.0);
    match estimate.error {
        0.0 => percent,
        error => format!("{percent} ± {:.1}", error * 100.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_can_be_typed() {
        assert_eq!(edge("birds-v2", 10_000), "--edge birds-v2:10000");
        assert_eq!(edge("it's a", 300), r"--edge 'it'\''s a:300'");
    }

    #[test]
    fn the_help_says_what_the_library_does() {
        let options = Options::default();
        assert_eq!((options.threshold, options.phrases, options.permutations), (0.8, 0.35, 128));
    }
}
