//! `meed chain events`: requests with the fees that were deposited for them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use meed_chain::deposits::{event_memo, Deposit};
use meed_chain::{B256, U256};
use meed_ledger::atomic::{write_bytes, Access};
use meed_ledger::events::{self, Events};
use meed_ledger::project::Project;
use meed_ledger::registry::{self, Registry};
use meed_ledger::requests::{Request, Requests};
use meed_ledger::Fault;
use serde_json::json;

use super::Place;
use crate::args::chain::{EventsArgs, Unfunded};
use crate::failure::{input, usage};
use crate::ui::{Report, Ui};

/// Lists show so many rows.
const SHOWN: usize = 20;

pub(crate) fn run(args: &EventsArgs, root: &Path, ui: &Ui) -> Result<Report> {
    let project = Project::open_to_read(root)?;
    let registry = project.registry()?;
    let requests = Requests::load(&args.requests, &registry)?;
    if args.out.exists() {
        return Err(usage(format!("{} is there already", args.out.display())));
    }
    let earlier = earlier(&project, &requests)?;
    let place = Place::open(&args.contract, root, ui)?;
    let contract = place.contract()?;
    let head = place.client.head(args.to_block)?;
    let from = place.first_block(args.from_block, &head)?;
    let step = ui.step("reading deposits");
    let deposits = contract
        .deposits(from, &head, |done, total| step.part(done as f64 / total.max(1) as f64))?;
    step.done();

    let mut fees: BTreeMap<B256, U256> = BTreeMap::new();
    for deposit in &deposits {
        let sum = fees.entry(deposit.memo).or_default();
        *sum = sum.saturating_add(deposit.amount);
    }
    let fee = |request: &Request| fees.get(&event_memo(&request.id)).copied();
    let list = requests.as_slice();
    let unfunded: Vec<&Request> = list.iter().filter(|request| fee(request).is_none()).collect();
    if let (Unfunded::Error, [first, ..]) = (args.unfunded, unfunded.as_slice()) {
        return Err(input(format!(
            "{}, line {}: expected a deposit for request {}, there is none up to block {} ({} of {} \
             requests have none; --unfunded skip leaves them out)",
            args.requests.display(),
            first.line,
            hex::encode(first.id),
            head.number,
            unfunded.len(),
            list.len()
        )));
    }
    // What is too much for an event is refused with the request's line.
    let funded = requests.funded(&registry, |request| {
        fee(request).map(|fee| u128::try_from(fee).unwrap_or(u128::MAX))
    })?;
    let known: BTreeSet<B256> = list.iter().map(|request| event_memo(&request.id)).collect();
    let (spent, unmatched): (Vec<&Deposit>, Vec<&Deposit>) = deposits
        .iter()
        .filter(|deposit| !known.contains(&deposit.memo))
        .partition(|deposit| earlier.contains(&deposit.memo));
    let mut bytes = Vec::new();
    funded.write(registry.names(), &mut bytes)?;
    ui.go_on()?;
    write_bytes(&args.out, Access::Public, &bytes)?;

    let total = |deposits: &[&Deposit]| {
        deposits.iter().fold(U256::ZERO, |sum, deposit| sum.saturating_add(deposit.amount))
    };
    let fees_total: u128 = funded.as_slice().iter().map(|event| event.fee).sum();
    let mut text = format!(
        "Wrote {} events with fees of {fees_total} base units to {}\n",
        funded.len(),
        args.out.display()
    );
    text.push_str(&format!(
        "  {} deposits in blocks {from} to {}; {} of them are for events of earlier epochs\n",
        deposits.len(),
        head.number,
        spent.len()
    ));
    if !unfunded.is_empty() {
        text.push_str(&format!("  {} requests without a deposit are left out:\n", unfunded.len()));
        for request in unfunded.iter().take(SHOWN) {
            text.push_str(&format!("    line {}: {}\n", request.line, hex::encode(request.id)));
        }
    }
    if !unmatched.is_empty() {
        text.push_str(&format!(
            "  {} deposits of {} base units are for no request; they stay in the pot:\n",
            unmatched.len(),
            total(&unmatched)
        ));
        for deposit in unmatched.iter().take(SHOWN) {
            let Deposit { block, payer, memo, amount, .. } = deposit;
            text.push_str(&format!("    {amount} of {payer} in block {block}, memo {memo}\n"));
        }
    }
    let hidden = unfunded.len().saturating_sub(SHOWN) + unmatched.len().saturating_sub(SHOWN);
    if hidden > 0 {
        text.push_str(&format!("    .. and {hidden} more (--json has them all)\n"));
    }
    text.push_str(&format!(
        "Next: meed -p {} scores import SCORES --events {}",
        root.display(),
        args.out.display()
    ));
    let json = json!({
        "chain_id": place.client.chain_id(),
        "contract": place.address,
        "from_block": from,
        "block": head.number,
        "block_hash": head.hash,
        "out": args.out,
        "events": funded.len(),
        "fees_total": fees_total.to_string(),
        "deposits": deposits.len(),
        "deposits_of_earlier_epochs": spent.len(),
        "unfunded": unfunded.iter().map(|r| hex::encode(r.id)).collect::<Vec<_>>(),
        "unmatched_total": total(&unmatched).to_string(),
        "unmatched": unmatched.iter().map(|deposit| json!({
            "payer": deposit.payer,
            "memo": deposit.memo,
            "amount": deposit.amount.to_string(),
            "block": deposit.block,
            "transaction": deposit.transaction,
        })).collect::<Vec<_>>(),
    });
    Ok(Report::new(text, json))
}

/// The memos of the events of committed epochs. A request must be none of them: its deposits are spent.
fn earlier(project: &Project, requests: &Requests) -> Result<BTreeSet<B256>> {
    let mut spent = BTreeSet::new();
    for epoch in project.epochs()? {
        let folder = project.epoch_dir(epoch);
        if !project.is_committed(epoch) {
            continue;
        }
        let registry = Registry::load(&folder.join(registry::FILE))?;
        let events = Events::load(&folder.join(events::FILE), &registry)?;
        for request in requests.as_slice() {
            let id = hex::encode(request.id);
            if events.index(&id).is_some() {
                let expected = format!("a new event, {id} is one of epoch {epoch}");
                let fault = Fault::value("id", expected, "it again");
                return Err(requests.fault(request, fault).into());
            }
        }
        spent.extend(events.as_slice().iter().map(|event| event_memo(&event.id)));
    }
    Ok(spent)
}
