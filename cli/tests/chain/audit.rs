//! `meed audit` and `meed chain events` against a real node.

use std::fs;

use meed_chain::U256;
use serde_json::{json, Value};

use super::flow::{first_epoch, second_epoch};
use super::node::{Net, DEPLOY, HELPER_KEY, OPERATOR_KEY};
use super::skipped;
use super::world::{id, owner};

const KEYS: [&str; 2] = ["--keys", "keys"];

fn check<'a>(audit: &'a Value, name: &str, epoch: Option<u64>) -> &'a Value {
    let checks = audit["checks"].as_array().expect("checks");
    let found = checks.iter().find(|c| c["name"] == name && c["epoch"] == json!(epoch));
    found.unwrap_or_else(|| panic!("no check {name} of {epoch:?}: {audit:#}"))
}

impl Net {
    /// Runs `meed audit` on the project, with the node.
    fn audit(&self, args: &[&str]) -> super::world::Said {
        let all = [&["-p", "net", "audit"], &KEYS[..], args].concat();
        let mut command = self.world.command(env!("CARGO_BIN_EXE_meed"), &all);
        command.env("MEED_RPC", self.anvil.url());
        super::world::Said::of(command.output().expect("the program runs"))
    }

    fn set_code(&self, address: &str, code: &str) {
        self.anvil.rpc("anvil_setCode", json!([address, code]));
    }
}

#[test]
fn a_chain_is_audited_to_the_unit() {
    if skipped() {
        return;
    }
    let net = Net::new();
    let deployed = net.deploy("native", &["--claim-delay", "0"]);
    let contract = deployed["contract"].as_str().expect("an address").to_owned();
    let verifier = deployed["circuits"][0]["verifier"].as_str().expect("an address").to_owned();
    first_epoch(&net);
    net.done(&["deposit", "1600"]);
    net.done(&["commit"]);
    net.prove(&contract);

    // Nothing is settled yet; then one epoch is, and one payout claimed.
    let audit = net.audit(&["--json"]).expect(0, &[]).json();
    assert_eq!(audit["result"], "incomplete");
    assert_eq!(check(&audit, "settled", Some(1))["status"], "not_checked");
    assert_eq!(audit["chain"]["locked"], "1500");
    net.done(&["settle", "net/epochs/1/bundle"]);
    net.done(&["claim", "--account", &owner(0)]);
    second_epoch(&net);
    net.done(&["deposit", "1900"]);
    net.done(&["commit"]);
    net.prove(&contract);
    net.done(&["settle", "net/epochs/2/bundle", "--parts"]);
    net.done(&["claim", "--all"]);
    net.anvil.rpc("anvil_mine", json!(["0x100"]));

    let before = (net.anvil.blocks(), net.world.snapshot());
    let said = net.audit(&[]);
    said.expect(0, &["INSECURE KEY", "ok     code", "ok     claims", "has what it owes"]);
    let audit = net.audit(&["--json"]).expect(0, &[]).json();
    assert_eq!(audit["failed"], 0, "{audit:#}");
    for (name, epoch) in [
        ("code", None),
        ("verifiers", None),
        ("books", None),
        ("balance", None),
        ("settled", Some(1)),
        ("settled", Some(2)),
        ("claims", Some(1)),
        ("claims", Some(2)),
        ("settlement", Some(2)),
    ] {
        assert_eq!(check(&audit, name, epoch)["status"], "passed", "{name}: {audit:#}");
    }
    let chain = &audit["chain"];
    let released: u128 =
        [1, 2].iter().flat_map(|epoch| net.payouts(*epoch)).map(|(_, amount)| amount).sum();
    assert_eq!(chain["deposited"], "3500");
    assert_eq!(chain["released"], released.to_string());
    assert_eq!(chain["claimed"], released.to_string());
    assert_eq!((&chain["unclaimed"], &chain["owed"]), (&json!("0"), &chain["balance"]));
    assert!(before == (net.anvil.blocks(), net.world.snapshot()), "an audit changes nothing");

    // Without the project's chain.toml the contract's block is found by halving.
    let bundles = ["net/epochs/1/bundle", "net/epochs/2/bundle"];
    let url = net.anvil.url();
    let alone = |contract: &str| {
        let args = ["audit", bundles[0], bundles[1], "--rpc", &url, "--contract", contract];
        net.world.run(&[&args[..], &KEYS].concat())
    };
    alone(&contract).expect(0, &["ok     books", "ok     claims", "epoch 2"]);
    let block = audit["chain"]["from_block"].as_u64().expect("a block");
    let late = (block + 1).to_string();
    net.audit(&["--from-block", &late]).expect(0, &["does not begin with its creation"]);
    net.audit(&["--from-block", &late, "--strict"]).expect(1, &["could not be made"]);
    net.audit(&["--block", "99999999"]).expect(2, &["there is no block 99999999"]);
    // As of the block of the first settlement there is only that.
    let settled = chain["epochs"][0]["block"].as_u64().expect("a block").to_string();
    let then = net.audit(&["--block", &settled, "--json"]).expect(0, &[]).json();
    assert_eq!(then["chain"]["claimed"], "0");
    assert_eq!(check(&then, "settled", Some(2))["status"], "not_checked");

    // Another contract of the same kind.
    fs::create_dir(net.world.path("other")).unwrap();
    net.world.run(&["init", "other", "--platform", &owner(99)]).expect(0, &[]);
    let deploy = [&DEPLOY[..], &["--token", "native", "--yes", "--json"]].concat();
    let other = net.with_project("other", &deploy).expect(0, &[]).json();
    let other = other["contract"].as_str().expect("an address");
    alone(other).expect(1, &["WRONG  settled", "is proved for chain 31337"]);

    // Money that is not there, and code that is another.
    net.anvil.rpc("anvil_setBalance", json!([contract, "0x0"]));
    let said = net.audit(&["--json"]).expect(1, &[]).json();
    let finding = &check(&said, "balance", None)["findings"][0];
    assert_eq!(finding["difference"]["expected"], chain["owed"]);
    assert_eq!(finding["difference"]["got"], "0");
    let code = net.anvil.rpc("eth_getCode", json!([verifier, "latest"]));
    let code = code.as_str().expect("code");
    net.set_code(&verifier, &format!("{code}00"));
    net.audit(&[]).expect(1, &["WRONG  verifiers", "has other code"]);
    let code = net.anvil.rpc("eth_getCode", json!([contract, "latest"]));
    let code = code.as_str().expect("code");
    net.set_code(&contract, &format!("{code}00"));
    net.audit(&[]).expect(1, &["WRONG  code", "nothing that it tells can be relied on"]);
}

#[test]
fn deposits_become_events() {
    if skipped() {
        return;
    }
    let net = Net::new();
    let token = net.anvil.token(1_000_000);
    let deployed = net.deploy(&token.to_string(), &["--claim-delay", "0"]);
    let contract = deployed["contract"].as_str().expect("an address").to_owned();
    let requests = |rows: &str| net.world.file("requests.csv", format!("id,service,model\n{rows}"));
    let row = |i: usize| format!("{},svc,mod\n", id(i));
    let events = |more: &[&str]| {
        let args = ["events", "--requests", "requests.csv", "--out", "events.new"];
        net.chain(&[&args[..], more].concat())
    };
    net.done(&["deposit", "600", "--memo", &id(1)]);
    net.done(&["deposit", "400", "--memo", &format!("0x{}", id(1))]);
    net.done(&["deposit", "500", "--memo", &id(2)]);
    net.done(&["deposit", "33", "--memo", "abcd"]);

    requests(&[row(1), row(2), row(3)].concat());
    events(&[]).expect(3, &["requests.csv, line 4: expected a deposit for request", &id(3)]);
    assert!(!net.world.path("events.new").exists());
    let json = events(&["--unfunded", "skip", "--json"]).expect(0, &[]).json();
    assert_eq!(json["unfunded"], json!([id(3)]));
    assert_eq!((&json["fees_total"], &json["unmatched_total"]), (&json!("1500"), &json!("33")));
    let mut memo = U256::from(0xabcd);
    memo <<= 240;
    assert_eq!(json["unmatched"][0]["memo"], format!("{memo:#066x}"));
    let text = fs::read_to_string(net.world.path("events.new")).unwrap();
    let expected = format!("id,fee,service,model\n{},1000,svc,mod\n{},500,svc,mod\n", id(1), id(2));
    assert_eq!(text, expected);
    events(&["--unfunded", "skip"]).expect(2, &["events.new is there already"]);

    // The events go through the epoch, and their deposits are spent.
    fs::rename(net.world.path("events.new"), net.world.path("events.csv")).unwrap();
    net.world.scores("0,a,10\n1,a,2\n");
    net.world.import().expect(0, &[]);
    net.world.net(&["commit"]).expect(0, &[]);
    net.world.net(&["settle"]).expect(0, &[]);
    net.done(&["commit"]);
    assert_eq!(net.status()["pot"], "33");
    net.prove(&contract);
    net.done(&["settle", "net/epochs/1/bundle"]);
    let net = Net { key: HELPER_KEY, ..net };
    net.audit(&[]).expect(0, &["ok     books", "are unclaimed"]);
    let net = Net { key: OPERATOR_KEY, ..net };
    net.world.file("requests.csv", format!("id,service,model\n{}", row(2)));
    let args = ["events", "--requests", "requests.csv", "--out", "events.new"];
    net.chain(&args).expect(3, &["requests.csv, line 2: id: expected a new event"]);
    net.done(&["deposit", "7", "--memo", &id(4)]);
    net.world.file("requests.csv", format!("id,service,model\n{}", row(4)));
    let said = net.chain(&args);
    said.expect(
        0,
        &[
            "Wrote 1 events with fees of 7",
            "3 of them are for events of earlier epochs",
            "33 of 0x",
        ],
    );
}
