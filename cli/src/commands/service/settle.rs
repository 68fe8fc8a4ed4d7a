//! `meed service settle`: a network's finished epochs, from the store onto the contract.

use std::path::Path;

use anyhow::{Context, Result};
use meed_chain::Route;
use serde_json::json;

use super::fetch::{fetch, Wanted};
use crate::args::ServiceSettle;
use crate::commands::chain::{How, InOrder, Place};
use crate::ui::{Report, Ui};

pub(super) fn run(args: &ServiceSettle, root: &Path, ui: &Ui) -> Result<Report> {
    let place = Place::open(&args.contract, root, ui)?;
    let contract = place.contract()?;
    let circuits = place.circuits(&args.circuits)?;
    let (chain_id, address) = (place.client.chain_id(), place.address);
    let wanted = Wanted {
        settings: &args.settings,
        tenant: &args.tenant,
        network: &args.network,
        domain: format!("{chain_id}:{}", address.to_string().to_ascii_lowercase()),
        keys: circuits.iter().map(|circuit| circuit.key.clone()).collect(),
        out: &args.out,
    };
    let bundles = fetch(&wanted, ui)?;
    ui.note(&bundles.text(&wanted));
    if let Some(warning) = bundles.insecure() {
        ui.note(&format!("!!! {warning}"));
    }
    let route = Route { dense: args.dense, parts: args.parts };
    let how = How { route, commit: args.commit, send: &args.send };
    let mut in_order = InOrder::new(&contract, how, ui);
    let mut epochs = Vec::with_capacity(bundles.list.len());
    for f in &bundles.list {
        let number = circuits.get(f.key).context("a bundle is under a key")?.number;
        epochs.push(in_order.settle(number, &f.bundle)?);
    }
    let count = epochs.len();
    let end = match args.send.dry_run {
        true => "Nothing was sent: this was a dry run".to_owned(),
        false => format!(
            "{count} epochs of network {} are settled on {address}, {} of them by this run",
            args.network, in_order.new
        ),
    };
    let text = format!("{}\n{end}", in_order.lines.join("\n"));
    let json = json!({
        "network": args.network,
        "chain_id": chain_id,
        "contract": address,
        "out": args.out,
        "new": bundles.new,
        "insecure_key": bundles.insecure().is_some(),
        "dry_run": args.send.dry_run,
        "settled": in_order.new,
        "epochs": epochs,
    });
    Ok(Report::new(text, json))
}
