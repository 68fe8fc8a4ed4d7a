//! `meed registry`.

use std::path::Path;

use anyhow::{Context, Result};
use meed_ledger::content;
use meed_ledger::project::{root_text, Project};
use meed_ledger::registry::{NewAsset, Registry};
use meed_statement::roots::registry_root;
use meed_statement::types::{self, Bps};
use serde_json::{json, Value};

use super::similar;
use crate::args::{self, RegistryAdd, RegistryCheck};
use crate::failure::{input, usage};
use crate::ui::{table, Report, Ui};

pub(crate) fn run(args: args::Registry, root: &Path, ui: &Ui) -> Result<Report> {
    match args {
        args::Registry::Add(args) => add(args, root, ui),
        args::Registry::List => list(root),
        args::Registry::Check(args) => check(&args, root, ui),
        args::Registry::Similar(args) => similar::run(&args, ui),
    }
}

fn add(args: RegistryAdd, root: &Path, ui: &Ui) -> Result<Report> {
    let project = Project::open(root)?;
    let mut registry = project.registry()?;
    let before = registry.len();
    match args.from {
        Some(list) => {
            let step = ui.step("hashing contents");
            registry.add_list(&list, &mut step.progress())?;
            step.done();
        }
        None => {
            let path = args.path.context("clap demands it")?;
            let penalty = Bps::new(args.penalty.unwrap_or(0));
            let new = NewAsset {
                name: args.name.context("clap demands it")?,
                kind: kind(args.kind.context("clap demands it")?),
                owner: args.owner.context("clap demands it")?,
                edges: args.edges.join(";"),
                penalty: penalty.ok_or_else(|| usage("--penalty: expected at most 10000"))?,
            };
            let step = ui.step("hashing the content");
            let hash = content::hash(&path, &mut step.progress())?;
            step.done();
            registry.push(new, hash).map_err(|fault| input(fault.to_string()))?;
        }
    }
    ui.go_on()?;
    project.save_registry(&registry)?;
    let text = format!(
        "Added {} assets to {}\n{}Next: meed -p {} scores import SCORES --events EVENTS",
        registry.len() - before,
        root.join("registry.csv").display(),
        rows(&registry, before),
        root.display()
    );
    Ok(Report::new(text, json!({ "added": &assets(&registry)[before..] })))
}

fn kind(kind: args::Kind) -> types::Kind {
    match kind {
        args::Kind::Dataset => types::Kind::Dataset,
        args::Kind::Model => types::Kind::Model,
        args::Kind::Adapter => types::Kind::Adapter,
        args::Kind::Service => types::Kind::Service,
    }
}

fn list(root: &Path) -> Result<Report> {
    let registry = Project::open_to_read(root)?.registry()?;
    let text = format!("{} assets\n{}", registry.len(), rows(&registry, 0));
    Ok(Report::new(text, json!({ "assets": assets(&registry) })))
}

fn edges(registry: &Registry, index: usize) -> Vec<(String, u32)> {
    let edges = &registry.assets()[index].edges;
    edges.iter().map(|e| (registry.names()[e.parent as usize].clone(), e.bps.get())).collect()
}

fn rows(registry: &Registry, from: usize) -> String {
    let rows: Vec<Vec<String>> = (from..registry.len())
        .map(|i| {
            let asset = &registry.assets()[i];
            let mut owes: Vec<String> = edges(registry, i)
                .into_iter()
                .map(|(parent, bps)| format!("{parent} {bps}"))
                .collect();
            if asset.penalty.get() > 0 {
                owes.push(format!("penalty {}", asset.penalty.get()));
            }
            vec![
                i.to_string(),
                registry.names()[i].clone(),
                asset.kind.name().to_owned(),
                asset.owner.to_string(),
                format!("{:?}", asset.content_hash)[..12].to_owned(),
                owes.join(", "),
            ]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    table(&["#", "name", "kind", "owner", "content", "owes (bps)"], &rows, &[0])
}

fn assets(registry: &Registry) -> Vec<Value> {
    (0..registry.len())
        .map(|i| {
            let asset = &registry.assets()[i];
            let edges: Vec<Value> = edges(registry, i)
                .into_iter()
                .map(|(parent, bps)| json!({ "parent": parent, "bps": bps }))
                .collect();
            json!({
                "index": i,
                "name": registry.names()[i],
                "kind": asset.kind.name(),
                "owner": asset.owner.to_string(),
                "content_hash": format!("{:?}", asset.content_hash),
                "penalty_bps": asset.penalty.get(),
                "edges": edges,
            })
        })
        .collect()
}

fn check(args: &RegistryCheck, root: &Path, ui: &Ui) -> Result<Report> {
    let registry = Project::open_to_read(root)?.registry()?;
    if let (Some(name), Some(path)) = (&args.name, &args.path) {
        let index = registry.index(name).ok_or_else(|| {
            usage(format!("--name: expected an asset of the registry, got {name:?}"))
        })?;
        let step = ui.step("hashing the content");
        let got = format!("{:?}", content::hash(path, &mut step.progress())?);
        step.done();
        let expected = format!("{:?}", registry.assets()[index as usize].content_hash);
        let good = expected == got;
        let text = match good {
            true => format!("{} is the content of {name}: sha256 {got}", path.display()),
            false => format!(
                "{} is not the content of {name}: expected sha256 {expected}, got {got}",
                path.display()
            ),
        };
        let json = json!({ "name": name, "matches": good, "expected": expected, "got": got });
        return Ok(Report { text, json, good });
    }
    let root = root_text(&registry_root(registry.assets()));
    let text = format!(
        "S1 registry: {} assets, well-formed: parents come first, shares add up to at most \
         10000 bps, contents differ\nregistry root {root}",
        registry.len()
    );
    Ok(Report::new(text, json!({ "assets": registry.len(), "registry_root": root })))
}
