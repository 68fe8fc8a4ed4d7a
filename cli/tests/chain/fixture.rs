//! The real fixture, in shape S: what `meed demo` proves, settled on a chain.

use super::node::{Net, DEPLOY};
use super::skipped;

#[test]
#[ignore = "minutes; `cargo xtask chain` runs it"]
fn the_digits_are_settled_and_claimed() {
    if skipped() {
        return;
    }
    let net = Net::new();
    net.world.run(&["demo"]).expect(0, &["Proved and verified"]);
    let chain = |args: &[&str]| net.with_project("out/project", args);
    let deploy = ["--key", "out/keys/meed-groth16-S.vk.json"];
    let deploy = [&[DEPLOY[0]], &deploy[..], &DEPLOY[3..]].concat();
    let options = ["--token", "native", "--claim-delay", "0", "--yes", "--json"];
    let deployed = chain(&[&deploy[..], &options].concat()).expect(0, &[]).json();
    let contract = deployed["contract"].as_str().expect("an address").to_owned();
    let project = net.world.path("out/project/epochs/1");
    let read = |name: &str| std::fs::read_to_string(project.join(name)).expect("a file");
    let commit: serde_json::Value = serde_json::from_str(&read("commit.json")).expect("JSON");
    let fees = commit["fees_total"].as_str().expect("digits");
    chain(&["deposit", fees, "--yes"]).expect(0, &[]);
    chain(&["commit", "--yes"]).expect(0, &["Commit to epoch 1"]);
    let prove = ["-p", "out/project", "prove", "--keys", "out/keys", "--chain-id", "31337"];
    net.world.run(&[&prove[..], &["--contract", &contract]].concat()).expect(0, &["shape S"]);
    let settled = chain(&["settle", "out/project/epochs/1/bundle", "--yes", "--json"]);
    let settled = settled.expect(0, &[]).json();
    eprintln!(
        "settling {} payouts: {} gas",
        settled["payouts"], settled["transactions"][0]["gas_used"]
    );
    assert_eq!(settled["circuit"], 2);
    let claimed = chain(&["claim", "--all", "--yes", "--json"]).expect(0, &[]).json();
    assert_eq!(claimed["refused"], serde_json::json!([]));
    let mut paid = 0u128;
    for row in read("settlement/payouts.csv").lines().skip(1) {
        let (account, amount) = row.split_once(',').expect("two fields");
        let amount: u128 = amount.parse().expect("an amount");
        assert_eq!(net.anvil.balance(None, account), amount, "{account}");
        paid += amount;
    }
    let fees: u128 = fees.parse().expect("a number");
    assert_eq!(net.anvil.balance(None, &contract), fees - paid);
    eprintln!("paid {paid} of {fees}");
}
