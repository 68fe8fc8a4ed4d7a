//! One network with circuits of both proof systems, from the deployment to an audit.

use serde_json::json;

use super::flow::{first_epoch, second_epoch};
use super::node::{Net, DEPLOY};
use super::skipped;
use super::world::Said;

const VK: &str = "keys/meed-halo2-XS.vk.json";

#[test]
fn epochs_of_both_systems_are_settled() {
    if skipped() {
        return;
    }
    let net = Net::new();
    net.world.run(&["setup", "XS", "--insecure-local"]).expect(0, &[]);
    net.world
        .run(&["setup", "XS", "--insecure-local", "--system", "halo2"])
        .expect(0, &["INSECURE KEY"]);
    let deploy = [&DEPLOY[..], &["--key", VK, "--token", "native", "--claim-delay", "0"]].concat();
    let deployed = net.done(&deploy);
    assert_eq!(deployed["transactions"].as_array().map(Vec::len), Some(3));
    let numbers: Vec<_> = (deployed["circuits"].as_array().expect("circuits").iter())
        .map(|circuit| circuit["number"].as_u64())
        .collect();
    assert_eq!(numbers, [Some(1), Some(11)]);
    let contract = deployed["contract"].as_str().expect("an address").to_owned();
    assert_eq!(net.done(&deploy)["done_before"], true);

    // A proof is shown, then the epoch is settled with the fact.
    first_epoch(&net);
    net.done(&["deposit", "1600"]);
    net.done(&["commit"]);
    let domain = ["--chain-id", "31337", "--contract", &contract];
    let prove = [&["prove", "--system", "halo2"], &domain[..]].concat();
    net.world.net(&prove).expect(0, &["with halo2"]);
    let bundle = "net/epochs/1/bundle";
    net.chain(&["settle", bundle, "--dry-run"])
        .expect(0, &["Would show the proof of epoch 1", "Then settle epoch 1"]);
    let settled = net.done(&["settle", bundle]);
    assert_eq!(settled["circuit"], json!(11));
    assert_eq!(settled["transactions"].as_array().map(Vec::len), Some(2));
    net.chain(&["settle", bundle, "--yes"]).expect(0, &["Epoch 1 is settled"]);

    // The next epoch with Groth16; every payout of both.
    second_epoch(&net);
    net.done(&["deposit", "1900"]);
    net.done(&["commit"]);
    net.prove(&contract);
    assert_eq!(net.done(&["settle", "net/epochs/2/bundle"])["circuit"], json!(1));
    let mut expected = std::collections::BTreeMap::<String, u128>::new();
    for epoch in [1, 2] {
        net.done(&["claim", &format!("net/epochs/{epoch}/bundle"), "--all"]);
        for (account, amount) in net.payouts(epoch) {
            *expected.entry(account).or_default() += amount;
        }
    }
    for (account, amount) in expected {
        assert_eq!(net.anvil.balance(None, &account), amount, "{account}");
    }

    // The audit compares both verifiers' code with their keys.
    let audit = || {
        let mut command = net.world.command(
            env!("CARGO_BIN_EXE_meed"),
            &["-p", "net", "audit", "--keys", "keys", "--json"],
        );
        command.env("MEED_RPC", net.anvil.url());
        Said::of(command.output().expect("the program runs"))
    };
    let said = audit();
    let checks = said.expect(0, &[]).json()["checks"].clone();
    let verifiers = |checks: &serde_json::Value| {
        let mut checks = checks.as_array().expect("checks").iter();
        checks.find(|check| check["name"] == "verifiers").expect("the check")["status"].clone()
    };
    assert_eq!(verifiers(&checks), json!("passed"), "{checks:#}");
    let halo2 = deployed["circuits"][1]["verifier"].as_str().expect("an address");
    let code = net.anvil.rpc("eth_getCode", json!([halo2, "latest"]));
    let code = code.as_str().expect("code");
    let changed = format!("{}00", &code[..code.len() - 2]);
    net.anvil.rpc("anvil_setCode", json!([halo2, changed]));
    assert_eq!(verifiers(&audit().expect(1, &[]).json()["checks"]), json!("failed"));
}
