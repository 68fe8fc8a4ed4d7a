//! `meed chain deploy`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use meed_chain::contract::Setup;
use meed_chain::deploy::{
    check_key, check_settlement, check_token, check_verifier, circuit_number, settlement, verifier,
};
use meed_chain::deployment::CircuitEntry;
use meed_chain::{Address, Client, Contract, Deployment};
use meed_ledger::project::Project;
use serde_json::json;

use super::connect;
use super::send::Outbox;
use crate::args::chain::Deploy;
use crate::commands::setup::INSECURE;
use crate::failure::usage;
use crate::keys::{load_verifying_key, Key};
use crate::ui::{Report, Ui};

pub(crate) fn run(args: &Deploy, root: &Path, ui: &Ui) -> Result<Report> {
    // Held until the end: two deployments at once would write one file.
    let project = Project::open(root)?;
    let root = project.root();
    let keys = keys(args)?;
    let client = connect(&args.node, ui)?;
    for (_, key, path) in &keys {
        check_key(&key.vk, &path.display().to_string(), client.chain_id())?;
    }
    check_token(&client, args.token)?;
    let terms = Setup {
        token: args.token,
        owner: args.owner,
        operator: args.operator,
        guardian: args.guardian,
        treasury: args.treasury,
        claim_delay: args.claim_delay,
        sweep_delay: args.sweep_delay,
        timelock: args.timelock,
    };
    let mut deployment = start(&client, args, root, &keys)?;
    if let Some(contract) = finished(&client, &mut deployment, &terms)? {
        deployment.save(root)?;
        let text = format!("The contract is there: {contract}\n{}", describe(&deployment, root));
        return Ok(report(text, &deployment, true, json!([])));
    }
    if keys.iter().any(|(_, key, _)| key.vk.is_insecure()) {
        ui.note(&format!("!!! {INSECURE}"));
    }
    let mut outbox = Outbox::new(&client, &args.send, ui)?;
    let mut complete = true;
    for (i, (number, key, _)) in keys.iter().enumerate() {
        if deployed(&client, &deployment.circuits[i])? {
            continue;
        }
        let name = deployment.circuits[i].name.clone();
        let name = name.unwrap_or_else(|| format!("circuit {number}"));
        let call = verifier(&key.vk, &name);
        if !outbox.dry() {
            // Written down first: whatever happens, the next run finds what is there.
            deployment.circuits[i].verifier = next_address(&outbox)?;
            deployment.save(root)?;
        }
        match outbox.send(&call)? {
            Some(_) => check_verifier(&client, &deployment.circuits[i])?,
            None => complete = false,
        }
    }
    let circuits = if complete { deployment.circuits.as_slice() } else { &[] };
    let mut call = settlement(&terms, circuits);
    if !complete {
        call.what.push_str(" (tried without its circuits, which are not there yet)");
    }
    if !outbox.dry() {
        deployment.contract = Some(next_address(&outbox)?);
        deployment.save(root)?;
    }
    if let Some(included) = outbox.send(&call)? {
        deployment.block = Some(included.block);
        let Some(address) = finished(&client, &mut deployment, &terms)? else {
            return Err(usage(
                "the contract's transaction is in a block, but there is no contract",
            ));
        };
        debug_assert_eq!(included.contract, Some(address));
        deployment.save(root)?;
    }
    let dry = outbox.dry();
    let (mut text, transactions) = outbox.finish();
    if !dry {
        text.push_str(&format!("\n{}", describe(&deployment, root)));
    }
    Ok(report(text, &deployment, false, transactions))
}

/// The keys by circuit number, in their order.
fn keys(args: &Deploy) -> Result<Vec<(u64, Key, PathBuf)>> {
    let mut keys = Vec::new();
    for path in &args.keys {
        let key = load_verifying_key(path)?;
        let number = key.circuit.as_ref().and_then(|c| circuit_number(key.vk.system(), &c.shape));
        let number = number.ok_or_else(|| {
            let path = path.display();
            usage(format!("{path}: the file names no shape: give it a number, --circuit N={path}"))
        })?;
        keys.push((number, key, path.clone()));
    }
    for (number, path) in &args.circuits {
        keys.push((*number, load_verifying_key(path)?, path.clone()));
    }
    keys.sort_by_key(|(number, ..)| *number);
    match keys.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        None => Ok(keys),
        Some(pair) => Err(usage(format!(
            "circuit {} has two keys, {} and {}: give one of them another number with --circuit",
            pair[0].0,
            pair[0].2.display(),
            pair[1].2.display()
        ))),
    }
}

/// The deployment that was begun, or a new one.
fn start(
    client: &Client,
    args: &Deploy,
    root: &Path,
    keys: &[(u64, Key, PathBuf)],
) -> Result<Deployment> {
    let entry = |(number, key, _): &(u64, Key, PathBuf)| {
        let name = key.circuit.as_ref().map(|circuit| circuit.name.clone());
        CircuitEntry::new(*number, name, &key.vk, Address::ZERO)
    };
    let file = Deployment::path(root);
    let Some(there) = Deployment::load(root)? else {
        let mut new = Deployment::new(client.chain_id(), args.token);
        new.circuits = keys.iter().map(entry).collect();
        return Ok(new);
    };
    client.demand_chain(there.chain_id, &file.display().to_string())?;
    let of = |c: &CircuitEntry| (c.number, c.key_id);
    let same = there.token == args.token
        && there.circuits.iter().map(of).eq(keys.iter().map(|key| of(&entry(key))));
    match same {
        true => Ok(there),
        false => Err(usage(format!(
            "{}: a deployment with another token or other keys; a project has one: move the file away \
             to deploy another contract",
            file.display()
        ))),
    }
}

/// Whether a circuit's verifier is there.
fn deployed(client: &Client, circuit: &CircuitEntry) -> Result<bool> {
    if circuit.verifier.is_zero() || !client.has_code(circuit.verifier)? {
        return Ok(false);
    }
    check_verifier(client, circuit)?;
    Ok(true)
}

/// The contract, if it is there; checked.
fn finished(
    client: &Client,
    deployment: &mut Deployment,
    terms: &Setup,
) -> Result<Option<Address>> {
    let Some(address) = deployment.contract else { return Ok(None) };
    if !client.has_code(address)? {
        return Ok(None);
    }
    let contract = Contract::open(client, address, "")?;
    check_settlement(&contract, terms, &deployment.circuits)?;
    Ok(Some(address))
}

/// Where the sender's next contract will be.
fn next_address(outbox: &Outbox<'_>) -> Result<Address> {
    let sender = outbox.sender();
    Ok(sender.address().create(sender.nonce()?))
}

fn describe(deployment: &Deployment, root: &Path) -> String {
    let contract = deployment.contract.unwrap_or_default();
    let mut text = format!(
        "Contract  {contract} on chain {}\n  token   {}\n",
        deployment.chain_id, deployment.token
    );
    for circuit in &deployment.circuits {
        let name = circuit.name.as_deref().unwrap_or("of a key without a name");
        text.push_str(&format!("  circuit {} ({name}) at {}\n", circuit.number, circuit.verifier));
    }
    text.push_str(&format!(
        "Written to {}\nProve with: meed -p {} prove --chain-id {} --contract {contract}",
        Deployment::path(root).display(),
        root.display(),
        deployment.chain_id,
    ));
    text
}

fn report(
    text: String,
    deployment: &Deployment,
    before: bool,
    transactions: serde_json::Value,
) -> Report {
    let circuits: Vec<_> = deployment
        .circuits
        .iter()
        .map(|c| json!({ "number": c.number, "verifier": c.verifier, "key_id": c.key_id }))
        .collect();
    let json = json!({
        "chain_id": deployment.chain_id,
        "contract": deployment.contract,
        "block": deployment.block,
        "token": deployment.token.to_string(),
        "circuits": circuits,
        "done_before": before,
        "transactions": transactions,
    });
    Report::new(text, json)
}
