//! `meed chain deposit`, `commit`, `settle` and `page`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use meed_chain::{Address, Deployment, Route, Step, Terms, B256};
use meed_ledger::bundle::{verify_bundle_with, Circuit, Expected, MANIFEST};
use meed_ledger::project::{Project, PAYOUTS, SETTLEMENT};
use meed_statement::types::Payout;
use meed_verifier::AnyVerifyingKey;
use serde_json::{json, Value};

use super::send::Outbox;
use super::Place;
use crate::args::chain::{ChainCommit, ChainSettle, Deposit, PageArgs, SendArgs};
use crate::failure::{input, usage};
use crate::keys::load_verifying_key;
use crate::ui::{Report, Ui};

pub(crate) fn deposit(args: &Deposit, root: &Path, ui: &Ui) -> Result<Report> {
    let place = Place::open(&args.contract, root, ui)?;
    let contract = place.contract()?;
    let mut outbox = Outbox::new(&place.client, &args.send, ui)?;
    let payer = outbox.sender().address();
    let calls = contract.deposit(payer, args.amount, args.memo.unwrap_or_default())?;
    for (i, call) in calls.iter().enumerate() {
        // What follows an allowance cannot be tried without it.
        match outbox.dry() && i > 0 {
            true => outbox.later(call, "it can be tried when the contract may take the token"),
            false => outbox.send(call).map(|_| ())?,
        }
    }
    let pot = contract.state()?.pot;
    let (mut text, transactions) = outbox.finish();
    text.push_str(&format!("\nThe pot holds {pot} base units"));
    let json = json!({
        "chain_id": place.client.chain_id(),
        "contract": place.address,
        "amount": args.amount.to_string(),
        "pot": pot.to_string(),
        "transactions": transactions,
    });
    Ok(Report::new(text, json))
}

pub(crate) fn commit(args: &ChainCommit, root: &Path, ui: &Ui) -> Result<Report> {
    let project = Project::open_to_read(root)?;
    let place = Place::open(&args.contract, root, ui)?;
    let contract = place.contract()?;
    let epoch = match args.epoch {
        Some(epoch) => epoch,
        None => contract.state()?.epoch + 1,
    };
    if !project.is_committed(epoch) {
        return Err(usage(format!(
            "{}: expected epoch {epoch} to be committed: run `meed commit` first",
            root.display()
        )));
    }
    // Compares the project's files with the roots once more.
    project.load(epoch)?;
    let file = project.commit_file(epoch)?;
    let payouts = settled_payouts(&project, epoch)?;
    let step = contract.commit(&Terms::of_file(&file)?, payouts.as_deref())?;
    let json = json!({
        "chain_id": place.client.chain_id(),
        "contract": place.address,
        "epoch": epoch,
        "fees": file.fees_total,
    });
    open_and_finish(&place, step, json, &args.send, ui)
}

/// What the project settled an epoch to.
fn settled_payouts(project: &Project, epoch: u64) -> Result<Option<Vec<Payout>>> {
    let path = project.epoch_dir(epoch).join(SETTLEMENT).join(PAYOUTS);
    if !path.exists() {
        return Ok(None);
    }
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let bad =
        |line: usize| input(format!("{}, line {line}: expected account,amount", path.display()));
    let mut payouts = Vec::new();
    for (i, row) in text.lines().enumerate().skip(1) {
        let (account, amount) = row.split_once(',').ok_or_else(|| bad(i + 1))?;
        let account = account.parse().map_err(|_| bad(i + 1))?;
        let amount = amount.parse().map_err(|_| bad(i + 1))?;
        payouts.push(Payout { account, amount });
    }
    Ok(Some(payouts))
}

pub(crate) fn settle(args: &ChainSettle, root: &Path, ui: &Ui) -> Result<Report> {
    let place = Place::open(&args.contract, root, ui)?;
    let (number, key, circuit) = match &args.circuit {
        Some((number, path)) => {
            let key = load_verifying_key(path)?;
            (*number, key.vk, key.circuit)
        }
        None => known_key(place.deployment.as_ref(), &args.bundle)?,
    };
    let expected = Expected { circuit, ..Expected::default() };
    let verified = verify_bundle_with(&args.bundle, &key, &expected)?;
    if let Some(warning) = verified.warning() {
        ui.note(&format!("!!! {warning}"));
    }
    let contract = place.contract()?;
    let json = json!({
        "chain_id": place.client.chain_id(),
        "contract": place.address,
        "epoch": verified.header.epoch,
        "circuit": number,
        "released_total": verified.header.released_total.to_string(),
        "payouts": verified.header.payouts,
        "insecure_key": verified.insecure_key,
    });
    let route = Route { dense: args.dense, parts: args.parts };
    // What is settled needs no key to be found so.
    if let Some(done) = contract.check_bundle(number, &verified)? {
        return finish(done, json, None);
    }
    let outbox = Outbox::new(&place.client, &args.send, ui)?;
    let step = contract.settle(number, &verified, outbox.sender().address(), route)?;
    finish(step, json, Some(outbox))
}

pub(crate) fn page(args: &PageArgs, root: &Path, ui: &Ui) -> Result<Report> {
    let project = Project::open_to_read(root)?;
    let place = Place::open(&args.contract, root, ui)?;
    let contract = place.contract()?;
    let owners = project.registry()?;
    let owners = owners.assets().iter().map(|asset| asset.owner);
    let accounts: Vec<Address> = owners
        .chain(project.policy()?.accounts())
        .map(|account| Address::from(*account.bytes()))
        .collect();
    let json = json!({ "chain_id": place.client.chain_id(), "contract": place.address });
    open_and_finish(&place, contract.add_pages(&accounts)?, json, &args.send, ui)
}

/// The key of chain.toml that a bundle says it is proved under. What the bundle says is only a choice
/// among keys that are known; verification follows.
fn known_key(
    deployment: Option<&Deployment>,
    bundle: &Path,
) -> Result<(u64, AnyVerifyingKey, Option<Circuit>)> {
    let deployment = deployment.ok_or_else(|| {
        usage("expected --circuit N=FILE: there is no chain.toml of this contract to take its keys from")
    })?;
    let path = bundle.join(MANIFEST);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let manifest: Option<Value> = serde_json::from_str(&text).ok();
    let id = manifest.and_then(|m| m["key"]["vk_id"].as_str()?.parse::<B256>().ok());
    let id = id.ok_or_else(|| input(format!("{}: expected a key's vk_id", path.display())))?;
    let circuit = deployment.circuit_of(id).ok_or_else(|| {
        let known: Vec<String> =
            deployment.circuits.iter().map(|c| format!("\n  {}: {}", c.number, c.key_id)).collect();
        crate::failure::rejected(format!(
            "{}: the bundle is proved under key {id}, which is none of the contract's:{}",
            bundle.display(),
            known.concat()
        ))
    })?;
    Ok((circuit.number, circuit.verifying_key()?, None))
}

/// Opens the key if there is something to send.
fn open_and_finish(
    place: &Place,
    step: Step,
    json: Value,
    args: &SendArgs,
    ui: &Ui,
) -> Result<Report> {
    let outbox = match step {
        Step::Done(_) => None,
        Step::Send(_) => Some(Outbox::new(&place.client, args, ui)?),
    };
    finish(step, json, outbox)
}

/// Sends what is left to do, and tells.
fn finish(step: Step, mut json: Value, outbox: Option<Outbox<'_>>) -> Result<Report> {
    let (calls, mut outbox) = match (step, outbox) {
        (Step::Send(calls), Some(outbox)) => (calls, outbox),
        (Step::Send(_), None) => return Err(usage("expected a key to send with")),
        (Step::Done(text), _) => {
            json["done_before"] = json!(true);
            json["transactions"] = json!([]);
            return Ok(Report::new(text, json));
        }
    };
    outbox.send_all(&calls)?;
    let (text, transactions) = outbox.finish();
    json["done_before"] = json!(false);
    json["transactions"] = transactions;
    Ok(Report::new(text, json))
}
