//! From a deployment to claimed payouts, every balance compared with the native settlement.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use alloy::sol_types::SolCall;
use meed_chain::abi::MeedSettlement;
use meed_chain::{Address, Contract, Deployment, Route, Step, B256, U256};
use meed_ledger::bundle::verify_bundle;
use serde_json::{json, Value};

use super::node::{contracts, Net, DEPLOY, HELPER_KEY, OPERATOR};
use super::skipped;
use super::world::{id, owner, Said};

/// Credits in a base unit.
const UNIT: u128 = 10_000 << 40;
const SUPPLY: u128 = 1_000_000;

/// What Node's package makes of a bundle's payouts: the root, and a proof of each.
fn npm_tree(payouts: &Value) -> Value {
    let script = r#"
        import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
        import { readFileSync } from "node:fs";
        const { payouts } = JSON.parse(readFileSync(0, "utf8"));
        const values = payouts.map((p) => [p.index, p.account, p.amount]);
        const types = ["uint256", "address", "uint256"];
        const tree = StandardMerkleTree.of(values, types, { sortLeaves: false });
        const proofs = values.map((_, i) => tree.getProof(i));
        console.log(JSON.stringify({ root: tree.root, proofs }));
    "#;
    let mut child = Command::new("node")
        .args(["--input-type=module", "-e", script])
        .current_dir(contracts())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut stdin, payouts.to_string().as_bytes()).expect("node reads");
    drop(stdin);
    let said = Said::of(child.wait_with_output().expect("node ends"));
    said.expect(0, &[]).json()
}

fn bundle_payouts(net: &Net, epoch: u64) -> Value {
    let path = net.world.path(&format!("net/epochs/{epoch}/bundle/payouts.json"));
    serde_json::from_slice(&std::fs::read(path).expect("a bundle")).expect("JSON")
}

fn number(value: &Value) -> u128 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value}"))
}

/// The contract's books against the native state, and its money against its books.
fn check_books(net: &Net, token: Option<Address>, contract: &str, epoch: u64) {
    let status = net.status();
    let waiting: u128 = net.waiting(epoch).iter().map(|(_, credits)| credits).sum();
    assert_eq!(waiting % UNIT, 0);
    assert_eq!(number(&status["accrued"]), waiting / UNIT);
    let epochs = status["epochs"].as_array().expect("epochs");
    assert_eq!(epochs.len() as u64, epoch);
    for (settled, number_of) in epochs.iter().zip(1..) {
        let released: u128 = net.payouts(number_of).iter().map(|(_, amount)| amount).sum();
        assert_eq!(number(&settled["released"]), released);
    }
    let unclaimed: u128 = epochs.iter().map(|e| number(&e["unclaimed"])).sum();
    let booked = number(&status["pot"]) + number(&status["locked"]) + number(&status["accrued"]);
    assert_eq!(net.anvil.balance(token, contract), booked + unclaimed);
}

/// Scores by which `b` gets less than the minimum in the first epoch.
pub(crate) fn first_epoch(net: &Net) {
    net.world.events(&format!("{},1000,svc,mod\n{},500,svc,mod\n", id(1), id(2)));
    net.world.scores("0,a,10\n0,b,0.125\n1,a,2\n");
    net.world.import().expect(0, &["kept      3 records"]);
    net.world.net(&["commit"]).expect(0, &[]);
    net.world.net(&["settle"]).expect(0, &["all eleven clauses hold"]);
}

/// In the second, `b` gets more, and there is a new owner.
pub(crate) fn second_epoch(net: &Net) {
    net.world.file("data/c.txt", "c");
    net.world.assets(&format!("c,dataset,{},data/c.txt,0,\n", owner(4)));
    net.world.net(&["registry", "add", "--from", "assets.csv"]).expect(0, &["Added"]);
    net.world.events(&format!("{},2000,svc,mod\n", id(3)));
    net.world.scores("0,b,3\n0,c,5\n");
    net.world.import().expect(0, &["Imported epoch 2"]);
    net.world.net(&["commit"]).expect(0, &[]);
    net.world.net(&["settle"]).expect(0, &["all eleven clauses hold"]);
}

#[test]
fn two_epochs_in_a_token() {
    if skipped() {
        return;
    }
    let net = Net::new();
    let token = net.anvil.token(SUPPLY);
    let text = token.to_string();
    let balance = |account: &str| net.anvil.balance(Some(token), account);

    // A trial sends nothing and writes nothing.
    net.world.run(&["setup", "XS", "--insecure-local"]).expect(0, &[]);
    let before = (net.anvil.blocks(), net.world.snapshot());
    let trial = [&DEPLOY[..], &["--token", &text, "--dry-run"]].concat();
    net.chain(&trial)
        .expect(0, &["Would create the verifier", "tried without", "Nothing was sent"]);
    assert!(before == (net.anvil.blocks(), net.world.snapshot()));

    let deployed = net.deploy(&text, &["--claim-delay", "1000"]);
    let contract = deployed["contract"].as_str().expect("an address").to_owned();
    assert_eq!(deployed["transactions"].as_array().map(Vec::len), Some(2));
    let blocks = net.anvil.blocks();
    let again = net.deploy(&text, &["--claim-delay", "1000"]);
    assert_eq!(again["done_before"], true);
    assert_eq!(again["contract"], deployed["contract"]);
    let other = [&DEPLOY[..], &["--token", "native", "--yes"]].concat();
    net.chain(&other).expect(2, &["chain.toml: a deployment with another token"]);
    let other = [&DEPLOY[..], &["--token", &text, "--claim-delay", "9", "--yes"]].concat();
    net.chain(&other).expect(2, &["expected claim delay 9, got 1000"]);
    assert_eq!(blocks, net.anvil.blocks());

    // The operator's side, in the wrong order first.
    net.chain(&["commit", "--yes"]).expect(2, &["expected epoch 1 to be committed"]);
    first_epoch(&net);
    net.chain(&["commit", "--yes"]).expect(2, &["fees of 1500 and 0 are deposited"]);
    net.chain(&["deposit", "1600"]).expect(2, &["expected --yes or --dry-run"]);
    net.chain(&["deposit", "1600", "--dry-run"])
        .expect(0, &["let the contract take", "Then deposit"]);
    net.chain(&["deposit", "9999999", "--yes"]).expect(2, &["has 1000000", "9999999"]);
    let deposit = net.done(&["deposit", "1600", "--memo", "0xabcd"]);
    assert_eq!(deposit["pot"], "1600");
    assert_eq!(balance(&contract), 1600);
    net.prove(&contract);
    let bundle = "net/epochs/1/bundle";
    net.chain(&["settle", bundle, "--yes"]).expect(2, &["epoch 1 is not committed"]);
    assert_eq!(net.done(&["commit"])["done_before"], false);
    let again = net.chain(&["commit", "--yes"]);
    again.expect(0, &["Epoch 1 is committed, with these roots and fees"]);
    assert_eq!(net.status()["locked"], "1500");

    net.world.net(&["prove", "--out", "off-chain"]).expect(0, &[]);
    net.chain(&["settle", "off-chain", "--yes"]).expect(
        1,
        &[
            "proved for off-chain, not for chain 31337",
            "meed prove --epoch 1 --chain-id 31337 --contract 0x",
        ],
    );
    let changed = |file: &str, from: &str, to: &str| {
        let folder = net.world.path("changed");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        for entry in std::fs::read_dir(net.world.path(bundle)).unwrap().flatten() {
            std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        assert!(text.contains(from), "{file}: {text}");
        std::fs::write(folder.join(file), text.replacen(from, to, 1)).unwrap();
    };
    changed("manifest.json", "\"vk_id\": \"0x", "\"vk_id\": \"0xabc");
    net.chain(&["settle", "changed", "--yes"]).expect(3, &["expected a key's vk_id"]);
    let key_id = deployed["circuits"][0]["key_id"].as_str().expect("an id");
    changed("manifest.json", key_id, &format!("0x{:064}", 7));
    net.chain(&["settle", "changed", "--yes"]).expect(1, &["which is none of the contract's"]);
    changed("payouts.csv", "0,0x", "0,0X");
    net.chain(&["settle", "changed", "--yes"]).expect(1, &["payouts.csv"]);
    net.chain(&["settle", bundle, "--dry-run"]).expect(0, &["Would settle epoch 1"]);
    let settled = net.done(&["settle", bundle]);
    assert_eq!((&settled["circuit"], &settled["insecure_key"]), (&json!(1), &json!(true)));
    let blocks = net.anvil.blocks();
    let again = net.chain(&["settle", bundle, "--yes"]);
    again.expect(0, &["Epoch 1 is settled, with this bundle's payouts"]);
    let again = net.chain(&["commit", "--epoch", "1", "--yes"]);
    again.expect(0, &["Epoch 1 is settled, with the project's payouts"]);
    assert_eq!(blocks, net.anvil.blocks());
    check_books(&net, Some(token), &contract, 1);

    // Claims. One account waits below the minimum, so it has no payout.
    let first: BTreeMap<String, u128> = net.payouts(1).into_iter().collect();
    assert!(!first.contains_key(&owner(1)) && net.waiting(1).iter().any(|(a, _)| *a == owner(1)));
    let payout = &bundle_payouts(&net, 1)["payouts"][0]["amount"];
    let payout = payout.as_str().expect("an amount");
    let quoted = format!("\"amount\": \"{payout}\"");
    changed("payouts.json", &quoted, &format!("\"amount\": \"{payout}0\""));
    net.chain(&["claim", "changed", "--all", "--yes"]).expect(1, &["settled with other payouts"]);
    let helper = Net { key: HELPER_KEY, ..net };
    let net = &helper;
    let one = owner(0);
    net.chain(&["claim", "--account", &one, "--yes"]).expect(2, &["can be claimed from"]);
    net.anvil.pass(1000);
    let claimed = net.done(&["claim", "--account", &one]);
    assert_eq!(claimed["paid"][0]["amount"], first[&one].to_string());
    assert_eq!(net.anvil.balance(Some(token), &one), first[&one]);
    let again = net.chain(&["claim", "--account", &one, "--yes"]);
    again.expect(0, &["Claimed before"]);
    assert_eq!(net.anvil.balance(Some(token), &one), first[&one]);
    net.chain(&["claim", "--account", &owner(50), "--yes"]).expect(2, &["no payout to"]);

    // Node's package makes the same tree, and its proof claims.
    let payouts = bundle_payouts(net, 1);
    let tree = npm_tree(&payouts);
    assert_eq!(tree["root"], net.status()["epochs"][0]["claim_root"]);
    let (index, two) = (0..first.len())
        .map(|i| (i, &payouts["payouts"][i]))
        .find(|(_, payout)| payout["account"] == owner(2))
        .expect("a payout");
    let proof = tree["proofs"][index].as_array().expect("a proof");
    let call = MeedSettlement::claimCall {
        epoch: U256::from(1),
        index: U256::from(index),
        account: owner(2).parse().expect("an address"),
        amount: U256::from(number(&two["amount"])),
        proof: proof.iter().map(|n| n.as_str().unwrap().parse::<B256>().unwrap()).collect(),
    };
    net.anvil.transact(Some(contract.parse().unwrap()), &call.abi_encode());
    assert_eq!(net.anvil.balance(Some(token), &owner(2)), first[&owner(2)]);
    // A contributor needs a bundle and the contract's address, no project.
    let alone = ["claim", "../net/epochs/1/bundle", "--contract", &contract, "--all", "--yes"];
    std::fs::create_dir(net.world.path("empty")).unwrap();
    let bundle = net.world.path("net/epochs/1/bundle").display().to_string();
    let alone = [&alone[..1], &[bundle.as_str()], &alone[2..]].concat();
    net.with_project("empty", &alone).expect(0, &["Claimed before", "Paid"]);
    for (account, amount) in &first {
        assert_eq!(net.anvil.balance(Some(token), account), *amount, "{account}");
    }
    check_books(net, Some(token), &contract, 1);

    // The second epoch starts from what waited.
    let helper = Net { key: super::node::OPERATOR_KEY, ..helper };
    let net = &helper;
    second_epoch(net);
    assert_eq!(net.done(&["deposit", "1900"])["pot"], "2000");
    net.done(&["commit"]);
    net.prove(&contract);
    // A dense list without pages would do, too; with them it is shorter.
    assert_eq!(net.done(&["page"])["transactions"].as_array().map(Vec::len), Some(1));
    net.chain(&["page", "--yes"]).expect(0, &["All 8 accounts are in the contract's pages"]);
    net.done(&["settle", "net/epochs/2/bundle", "--dense"]);
    net.chain(&["settle", "net/epochs/1/bundle", "--yes"]).expect(0, &["Epoch 1 is settled"]);
    net.chain(&["push", "--yes"]).expect(2, &["can be claimed from"]);
    net.anvil.pass(1000);
    let pushed = net.done(&["push"]);
    assert_eq!(pushed["refused"], json!([]));
    net.chain(&["push", "--yes"]).expect(0, &["Claimed before"]);
    let mut expected = first.clone();
    for (account, amount) in net.payouts(2) {
        *expected.entry(account).or_default() += amount;
    }
    assert!(expected.contains_key(&owner(1)) && expected.contains_key(&owner(4)));
    for (account, amount) in &expected {
        assert_eq!(net.anvil.balance(Some(token), account), *amount, "{account}");
    }
    check_books(net, Some(token), &contract, 2);
    let paid: u128 = expected.values().sum();
    let left = net.anvil.balance(Some(token), &contract);
    assert_eq!(net.anvil.balance(Some(token), OPERATOR) + paid + left, SUPPLY);
    net.chain(&["status"]).expect(0, &["settled epochs  2", "INSECURE KEY", "claimable from"]);
}

/// The first transaction of a settlement in parts.
fn first_part(net: &Net, contract: &str) -> Vec<u8> {
    let (client, root) = (net.anvil.client(), net.world.path("net"));
    let deployment = Deployment::load(&root).expect("a file").expect("a deployment");
    let circuit = &deployment.circuits[0];
    let key = circuit.verifying_key().expect("a key");
    let bundle = verify_bundle(&root.join("epochs/1/bundle"), &key, None).expect("a bundle");
    let contract = Contract::open(&client, contract.parse().unwrap(), "").expect("a contract");
    let route = Route { parts: true, dense: true };
    let sender = OPERATOR.parse().unwrap();
    let done =
        contract.check_bundle(circuit.number, &bundle).expect("the bundle is the contract's");
    assert!(done.is_none(), "settled: {done:?}");
    let step = contract.settle(circuit.number, &bundle, sender, route).expect("a step");
    let Step::Send(calls) = step else { panic!("settled: {step:?}") };
    assert_eq!(calls.len(), 2, "{calls:?}");
    calls[0].data.to_vec()
}

#[test]
fn one_epoch_in_the_chains_own_coin() {
    if skipped() {
        return;
    }
    let net = Net::new();
    let deployed = net.deploy("native", &["--claim-delay", "0"]);
    let contract = deployed["contract"].as_str().expect("an address").to_owned();
    first_epoch(&net);
    // The key comes from a keystore.
    let secret = hex::decode(net.key).unwrap();
    let folder = net.world.path("");
    eth_keystore::encrypt_key(folder, &mut rand::thread_rng(), secret, "open up", Some("ks"))
        .expect("a keystore");
    net.world.file("password", "open up\n");
    net.world.file("wrong", "let me in");
    let with = |password: &str, more: &[&str]| {
        let keystore = ["--keystore", "ks", "--password-file", password, "--yes"];
        let mut command = net.world.command(
            env!("CARGO_BIN_EXE_meed"),
            &[&["-p", "net", "chain"], more, &keystore[..]].concat(),
        );
        command.env("MEED_RPC", net.anvil.url()).env_remove("MEED_PRIVATE_KEY");
        let said = Said::of(command.output().expect("the program runs"));
        assert!(!format!("{said:?}").contains("let me in"), "{said:#?}");
        said
    };
    with("wrong", &["deposit", "1500"]).expect(3, &["ks: expected another password"]);
    with("password", &["deposit", "1500"]).expect(0, &["The pot holds 1500"]);
    with("password", &["commit"]).expect(0, &["Commit to epoch 1: block"]);
    net.prove(&contract);
    // A settlement in parts that breaks off after the first part goes on there.
    let settle = ["settle", "net/epochs/1/bundle", "--parts"];
    net.anvil.transact(Some(contract.parse().unwrap()), &first_part(&net, &contract));
    let said = with("password", &settle);
    said.expect(0, &["Settle epoch 1 with the draft: block"]);
    assert!(!said.out.contains("Add payouts"), "{said:#?}");
    check_books(&net, None, &contract, 1);
    let claimed = net.done(&["claim", "--all"]);
    assert_eq!(claimed["paid"].as_array().map(Vec::len), Some(net.payouts(1).len()));
    for (account, amount) in net.payouts(1) {
        assert_eq!(net.anvil.balance(None, &account), amount, "{account}");
    }
    check_books(&net, None, &contract, 1);
    net.chain(&["claim", "--all", "--yes"]).expect(0, &["Claimed before"]);
}
