//! `meed service settle`, on a real development chain (anvil).

use std::fs;
use std::process::Stdio;
use std::sync::MutexGuard;
use std::time::Duration;

use alloy::sol_types::SolEvent;
use meed_chain::abi::MeedSettlement::Settled;
use serde_json::{json, Value};

use super::lab::{lab, Lab, EPOCHS};
use super::node::{Anvil, DEPLOY, HELPER_KEY, OPERATOR, OPERATOR_KEY};
use super::processes::{wait, Client, Deployment, Process};
use super::world::Said;

/// A service with its worker, a chain, and a contract on it.
struct Scene {
    lab: &'static Lab,
    d: Deployment,
    c: Client,
    anvil: Anvil,
    contract: String,
    _serve: Process,
    _alone: MutexGuard<'static, ()>,
}

fn scene() -> Option<Scene> {
    if std::env::var_os("MEED_SKIP_NODE").is_some_and(|value| value == "1") {
        eprintln!("skipped: MEED_SKIP_NODE=1");
        return None;
    }
    let (lab, alone) = lab();
    let d = Deployment::new(lab, None);
    let token = d.token("acme", "submit,read");
    let mut serve = d.start("serve", &[]);
    let c = Client { address: serve.address(), token };
    let (anvil, contract) = (Anvil::start(31_337), String::new());
    let mut scene = Scene { lab, d, c, anvil, contract, _serve: serve, _alone: alone };
    scene.contract = scene.deploy("net");
    scene
        .run(&["-p", "net", "chain", "deposit", "900006", "--yes"])
        .expect(0, &["The pot holds 900006"]);
    Some(scene)
}

impl Scene {
    fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = self.d.command(args);
        command.env("MEED_RPC", self.anvil.url()).env("MEED_PRIVATE_KEY", OPERATOR_KEY);
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Said {
        Said::of(self.command(args).output().expect("the program runs"))
    }

    /// A new project with a contract for the lab's key.
    fn deploy(&self, project: &str) -> String {
        self.run(&["init", project, "--platform", OPERATOR]).expect(0, &[]);
        let key = self.lab.verifying_key();
        let deploy = [&["-p", project, "chain", DEPLOY[0], "--key", &key], &DEPLOY[3..]].concat();
        let terms = ["--token", "native", "--claim-delay", "0", "--yes", "--json"];
        let deployed = self.run(&[&deploy[..], &terms].concat()).expect(0, &[]).json();
        deployed["contract"].as_str().expect("an address").to_owned()
    }

    /// Has an epoch proved for the contract.
    fn prove(&self, mut body: Value) -> String {
        body["domain"] = json!({"chain_id": 31_337, "contract": self.contract});
        let commit: Value =
            serde_json::from_str(body["files"]["commit"].as_str().expect("text")).expect("JSON");
        let key = format!("{}-{}", body["network"].as_str().expect("a name"), commit["epoch"]);
        self.c.queue(&key, &body)
    }

    fn settle_args<'a>(network: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let args = ["-p", "net", "service", "settle", "--tenant", "acme", "--network", network];
        [&args[..], &["--out", out], more].concat()
    }

    fn settle(&self, network: &str, more: &[&str]) -> Said {
        self.run(&Self::settle_args(network, &format!("bundles-{network}"), more))
    }

    /// Starts it without waiting for its end.
    fn begin(&self, network: &str, more: &[&str]) -> Process {
        let out = format!("bundles-{network}");
        self.d.begin("settle", self.command(&Self::settle_args(network, &out, more)))
    }

    /// The epochs that the contract told of as settled, in order.
    fn settled(&self) -> Vec<u64> {
        let filter = json!([{"fromBlock": "0x0", "address": self.contract,
            "topics": [Settled::SIGNATURE_HASH]}]);
        let logs = self.anvil.rpc("eth_getLogs", filter);
        let epoch = |log: &Value| {
            let topic = log["topics"][1].as_str().expect("an epoch");
            u64::from_str_radix(topic.trim_start_matches("0x"), 16).expect("a number")
        };
        logs.as_array().expect("logs").iter().map(epoch).collect()
    }

    /// How many transactions the operator's account has in blocks.
    fn sent(&self) -> u64 {
        let count = self.anvil.rpc("eth_getTransactionCount", json!([OPERATOR, "latest"]));
        let digits = count.as_str().expect("a number").trim_start_matches("0x");
        u64::from_str_radix(digits, 16).expect("a number")
    }

    fn mine(&self) {
        self.anvil.rpc("evm_mine", json!([]));
    }
}

/// Waits until a process has said something so often.
fn said(process: &Process, what: &str, times: usize) {
    wait(what, 60, || (process.log().matches(what).count() >= times).then_some(()));
}

#[test]
fn epochs_are_settled_once_however_often_it_is_killed() {
    let Some(s) = scene() else { return };
    let ids: Vec<String> = (1..=EPOCHS).map(|epoch| s.prove(s.lab.body("net", epoch))).collect();
    for id in &ids {
        s.c.until(id, "done", 120);
    }
    let last = format!("Then settle epoch {EPOCHS}; ");
    let before = (s.anvil.blocks(), s.sent());
    s.settle("net", &["--yes"]).expect(2, &["epoch 1 is not committed"]);
    s.settle("net", &["--commit"]).expect(2, &["expected --yes or --dry-run"]);
    s.settle("net", &["--commit", "--dry-run"]).expect(
        0,
        &["Would commit to epoch 1", "Then settle epoch 1; ", &last, "Nothing was sent"],
    );
    assert_eq!(before, (s.anvil.blocks(), s.sent()));

    // Blocks come when they are told to: killed with a settlement on its way, then with a commitment.
    s.anvil.rpc("evm_setAutomine", json!([false]));
    let first = s.begin("net", &["--commit", "--yes"]);
    said(&first, "sent as", 1);
    s.mine();
    said(&first, "sent as", 2);
    first.kill();
    let second = s.begin("net", &["--commit", "--yes"]);
    said(&second, "on their way: waiting", 1);
    s.mine();
    said(&second, "Epoch 1 is settled, with this bundle's payouts", 1);
    said(&second, "sent as", 1);
    assert_eq!(s.settled(), [1]);
    second.kill();
    s.mine();
    s.anvil.rpc("evm_setAutomine", json!([true]));

    // Killed a little later each time, until one comes to its end.
    let mut kills = 2;
    let mut patience = Duration::from_millis(40);
    let log = loop {
        let mut run = s.begin("net", &["--commit", "--yes"]);
        if let Some(status) = run.ended_within(patience) {
            assert!(status.success(), "{}", run.log());
            break run.log();
        }
        run.kill();
        kills += 1;
        patience += Duration::from_millis(60);
    };
    assert!(log.contains("6 bundles of network net are valid"), "{log}");
    assert_eq!(s.settled(), (1..=EPOCHS as u64).collect::<Vec<_>>());
    // A verifier, the contract, a deposit; then two for each epoch.
    assert_eq!(s.sent(), 3 + 2 * EPOCHS as u64);
    eprintln!("settle killed {kills} times: {EPOCHS} epochs, each committed and settled once");

    let before = (s.anvil.blocks(), s.sent());
    let again = s.settle("net", &["--commit", "--yes", "--json"]).expect(0, &[]).json();
    assert_eq!((&again["settled"], &again["new"]), (&json!(0), &json!(0)), "{again:#}");
    let epochs = again["epochs"].as_array().expect("epochs");
    assert_eq!(epochs.len(), EPOCHS);
    assert!(epochs.iter().all(|e| e["done_before"] == true && e["transactions"] == json!([])));
    // What is settled needs no key to be found so.
    let mut command = s.command(&Scene::settle_args("net", "bundles-net", &[]));
    let said = Said::of(command.env_remove("MEED_PRIVATE_KEY").output().expect("it runs"));
    said.expect(0, &["6 epochs of network net are settled on 0x", "0 of them by this run"]);
    assert_eq!(before, (s.anvil.blocks(), s.sent()));
}

#[test]
fn what_is_wrong_is_said_before_anything_is_sent() {
    let Some(s) = scene() else { return };
    let net = [s.prove(s.lab.body("net", 1)), s.prove(s.lab.body("net", 2))];
    let fork = s.prove(s.lab.forked("fork", 1));
    let mut late = s.lab.body("late", 4);
    late["first"] = true.into();
    let late = s.prove(late);
    for id in net.iter().chain([&fork, &late]) {
        s.c.until(id, "done", 120);
    }
    let before = (s.anvil.blocks(), s.sent());
    let run = |more: &[&str], code: i32, parts: &[&str]| {
        s.settle("net", &[&["--commit", "--yes"], more].concat()).expect(code, parts);
        assert_eq!(before, (s.anvil.blocks(), s.sent()), "{more:?} sent something");
    };

    // An epoch whose bundle was damaged in the store, or is gone: epoch 1 is not settled either.
    let sha256 = s.c.job(&net[1])["bundle_sha256"].as_str().expect("a digest").to_owned();
    let path = s.d.stored().into_iter().find(|p| p.ends_with(&sha256)).expect("a bundle");
    let bytes = fs::read(&path).expect("a file");
    let mut bad = bytes.clone();
    bad[700] ^= 1;
    fs::write(&path, bad).expect("a file");
    run(&[], 1, &["epoch 2: artefact bundle/", "SHA-256: expected"]);
    fs::remove_file(&path).expect("a file");
    run(&[], 4, &["epoch 2", "artefacts:"]);
    fs::write(&path, &bytes).expect("a file");

    // Another contract: none, one that proofs are for, another of this kind.
    let circuit = format!("1={}", s.lab.verifying_key());
    let nobody = "0x00000000000000000000000000000000000000f1";
    run(&["--contract", nobody, "--circuit", &circuit], 2, &["there is no code"]);
    run(&["--contract", nobody], 2, &["there is no code"]);
    // Another key than proofs were made with, and none.
    let setup = ["setup", "XS", "--insecure-local", "--system", "halo2", "--keys", "other"];
    s.run(&setup).expect(0, &[]);
    let other = "1=other/meed-halo2-XS.vk.json";
    run(&["--circuit", other], 2, &["expected done jobs of domain 31337:0x", "under key 0x"]);
    // A number that is not the contract's.
    run(&["--circuit", &circuit.replace("1=", "7=")], 2, &["expected circuit 7"]);

    // Accounts that cannot: no key, no money, not the operator.
    let with = |key: Option<&str>, code: i32, parts: &[&str]| {
        let mut command =
            s.command(&Scene::settle_args("net", "bundles-net", &["--commit", "--yes"]));
        match key {
            Some(key) => command.env("MEED_PRIVATE_KEY", key),
            None => command.env_remove("MEED_PRIVATE_KEY"),
        };
        Said::of(command.output().expect("it runs")).expect(code, parts);
        assert_eq!(before, (s.anvil.blocks(), s.sent()));
    };
    with(None, 2, &["use --keystore FILE or the variable MEED_PRIVATE_KEY"]);
    with(Some("0xzz"), 3, &["expected a private key"]);
    with(Some(&"11".repeat(32)), 2, &["the contract refuses"]);
    with(Some(HELPER_KEY), 2, &["the contract refuses"]);

    // A contract elsewhere has none of these proofs.
    let second = s.deploy("net2");
    let elsewhere = ["--contract", &second, "--circuit", &circuit, "--yes"];
    let none = format!("expected done jobs of domain 31337:{}", second.to_ascii_lowercase());
    s.settle("net", &elsewhere).expect(2, &[&none]);

    s.settle("net", &["--commit", "--yes"]).expect(0, &["2 of them by this run"]);
    assert_eq!(s.settled(), [1, 2]);
    let before = (s.anvil.blocks(), s.sent());
    // Another epoch 1, and a gap.
    s.settle("fork", &["--commit", "--yes"])
        .expect(1, &["epoch 1 is settled with other payouts: expected claim root 0x", ", got 0x"]);
    s.settle("late", &["--commit", "--yes"])
        .expect(2, &["expects epoch 3 next, got epoch 4: there is no bundle of epoch 3"]);
    let mixed = Scene::settle_args("fork", "bundles-net", &["--yes"]);
    s.run(&mixed).expect(2, &["bundles-net/1 is there already and is another bundle"]);
    let error = s.settle("fork", &["--yes", "--json"]).expect(1, &[]).json();
    assert_eq!(error["code"], 1);
    assert_eq!(before, (s.anvil.blocks(), s.sent()));
}
