//! `meed chain claim` and `push`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use meed_chain::claims::{later_text, ClaimPlan, Item, PaidEpoch};
use meed_chain::Contract;
use meed_ledger::project::EPOCHS;
use serde_json::{json, Value};

use super::send::Outbox;
use super::Place;
use crate::args::chain::{Claim, Push, SendArgs};
use crate::failure::usage;
use crate::ui::{Report, Ui};

pub(crate) fn claim(args: &Claim, root: &Path, ui: &Ui) -> Result<Report> {
    let place = Place::open(&args.contract, root, ui)?;
    let contract = place.contract()?;
    let mut epochs = match args.bundles.as_slice() {
        [] => of_project(root, contract.state()?.epoch, args.epoch, ui)?,
        bundles => bundles.iter().map(|path| PaidEpoch::load(path)).collect::<Result<_, _>>()?,
    };
    if let Some(epoch) = args.epoch {
        epochs.retain(|paid| paid.epoch == epoch);
    }
    epochs.sort_by_key(|paid| paid.epoch);
    if epochs.is_empty() {
        return Err(usage("there is no bundle of a settled epoch to claim from"));
    }
    if let Some(pair) = epochs.windows(2).find(|pair| pair[0].epoch == pair[1].epoch) {
        return Err(usage(format!("epoch {} is given twice", pair[0].epoch)));
    }
    let plan = contract.plan_claims(&epochs, args.account)?;
    finish(&contract, plan, &args.send, ui)
}

pub(crate) fn push(args: &Push, root: &Path, ui: &Ui) -> Result<Report> {
    let place = Place::open(&args.contract, root, ui)?;
    let contract = place.contract()?;
    let path = match (&args.bundle, args.epoch) {
        (Some(path), _) => path.clone(),
        (None, Some(epoch)) => bundle_of(root, epoch),
        (None, None) => match contract.state()?.epoch {
            0 => return Err(usage("the contract has not settled an epoch")),
            epoch => bundle_of(root, epoch),
        },
    };
    let paid = PaidEpoch::load(&path)?;
    if let Some(epoch) = args.epoch.filter(|epoch| *epoch != paid.epoch) {
        let path = path.display();
        return Err(usage(format!("{path}: expected epoch {epoch}, got {}", paid.epoch)));
    }
    let plan = contract.push(&paid)?;
    finish(&contract, plan, &args.send, ui)
}

fn bundle_of(root: &Path, epoch: u64) -> PathBuf {
    root.join(EPOCHS).join(epoch.to_string()).join("bundle")
}

/// The payouts of the project's settled epochs.
fn of_project(root: &Path, last: u64, only: Option<u64>, ui: &Ui) -> Result<Vec<PaidEpoch>> {
    let mut epochs = Vec::new();
    for epoch in (1..=last).filter(|epoch| only.is_none_or(|only| only == *epoch)) {
        let path = bundle_of(root, epoch);
        match path.exists() {
            true => epochs.push(PaidEpoch::load(&path)?),
            false => {
                ui.note(&format!("epoch {epoch} is left out: no bundle at {}", path.display()))
            }
        }
    }
    Ok(epochs)
}

fn finish(contract: &Contract<'_>, plan: ClaimPlan, args: &SendArgs, ui: &Ui) -> Result<Report> {
    let total = |items: &[Item]| items.iter().map(|item| item.amount).sum::<u128>();
    let mut lines = Vec::new();
    if !plan.before.is_empty() {
        let (sum, count) = (total(&plan.before), plan.before.len());
        lines.push(format!("Claimed before: {sum} in {count} payouts"));
    }
    lines.extend(later_text(&plan.later));
    if plan.calls.is_empty() && plan.before.is_empty() {
        return Err(usage(lines.join("\n")));
    }
    let (mut paid, mut refused) = (Vec::new(), Vec::new());
    let mut transactions = json!([]);
    if !plan.calls.is_empty() {
        let mut outbox = Outbox::new(contract.client(), args, ui)?;
        for (call, items) in &plan.calls {
            if let Some(included) = outbox.send(call)? {
                let (good, bad) = contract.paid(&included, items);
                paid.extend(good);
                refused.extend(bad);
            }
        }
        let text;
        (text, transactions) = outbox.finish();
        lines.push(text);
    }
    if !paid.is_empty() {
        lines.push(format!("Paid {} in {} payouts", total(&paid), paid.len()));
    }
    for item in &refused {
        lines.push(format!(
            "Not paid, it stays claimable: {} of epoch {}: {} takes no payment",
            item.amount, item.epoch, item.account
        ));
    }
    let list = |items: &[Item]| items.iter().map(item_json).collect::<Vec<_>>();
    let later: Vec<Value> = plan
        .later
        .iter()
        .map(|(item, from)| {
            let mut json = item_json(item);
            json["claimable_from"] = json!(from);
            json
        })
        .collect();
    let json = json!({
        "chain_id": contract.client().chain_id(),
        "contract": contract.address(),
        "paid": list(&paid),
        "refused": list(&refused),
        "claimed_before": list(&plan.before),
        "later": later,
        "transactions": transactions,
    });
    Ok(Report::new(lines.join("\n"), json))
}

fn item_json(item: &Item) -> Value {
    json!({
        "epoch": item.epoch,
        "index": item.index,
        "account": item.account.to_string(),
        "amount": item.amount.to_string(),
    })
}
