//! The whole path with a real key: a project of one's own, the circuit's `.r1cs`, a ceremony with
//! snarkjs, the import, a proof, and snarkjs's own opinion of it. Everything through `meed`.
//!
//! Needs node and `npm ci` in `prover/tests/ceremony`; see `prover/tests/ceremony.rs`.
//! `cargo xtask ceremony` runs it.
#![allow(clippy::print_stderr, reason = "tells that the test was skipped")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../prover/tests/ceremony")
}

fn snarkjs_cli() -> PathBuf {
    scripts().join("node_modules/snarkjs/build/cli.cjs")
}

fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// A small network: two datasets of which one copies the other, a model, a service, two events.
struct Network(tempfile::TempDir);

impl Network {
    fn new() -> Self {
        let network = Self(tempfile::tempdir().unwrap());
        let write = |name: &str, text: &str| fs::write(network.path(name), text).unwrap();
        write("poems.txt", "roses are red\n");
        write("again.txt", "roses are red,\n");
        write("model.txt", "weights\n");
        write("chat.txt", "a service\n");
        let owner = |n: u8| format!("0x{}", format!("{n:02x}").repeat(20));
        let assets = [
            format!("poems,dataset,{},poems.txt,0,", owner(0x11)),
            format!("again,dataset,{},again.txt,0,poems:10000", owner(0x22)),
            format!("model,model,{},model.txt,0,poems:1000", owner(0x33)),
            format!("chat,service,{},chat.txt,0,", owner(0x44)),
        ];
        write(
            "assets.csv",
            &format!("name,kind,owner,path,penalty_bps,edges\n{}\n", assets.join("\n")),
        );
        let id = |n: u8| format!("{n:02x}").repeat(16);
        write(
            "events.csv",
            &format!(
                "id,fee,service,model\n{},1000000000000000000,chat,model\n{},77,chat,model\n",
                id(1),
                id(2)
            ),
        );
        write(
            "scores.csv",
            &format!(
                "event,asset,score\n{0},poems,0.75\n{0},again,0.25\n{1},poems,-1\n",
                id(1),
                id(2)
            ),
        );
        network.meed(&format!("init @net --platform {} --min-payout 100", owner(0x99)));
        network.meed("-p @net registry add --from @assets.csv");
        network.meed("-p @net scores import @scores.csv --events @events.csv");
        network.meed("-p @net commit");
        network.meed("-p @net settle");
        network
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs a line of words; `@name` is a path of this network.
    fn words(&self, command: &mut Command, line: &str) -> String {
        run(command.args(line.split(' ').map(|word| match word.strip_prefix('@') {
            Some(name) => self.path(name),
            None => word.into(),
        })))
    }

    fn meed(&self, line: &str) -> String {
        self.words(&mut Command::new(env!("CARGO_BIN_EXE_meed")), line)
    }

    fn snarkjs(&self, line: &str) -> String {
        self.words(Command::new("node").arg(snarkjs_cli()), line)
    }
}

#[test]
#[ignore = "minutes: makes 2^16 powers of tau once, then keeps them under target/tmp"]
fn a_network_settles_under_a_ceremonys_key() {
    let node = Command::new("node").arg("--version").output().is_ok_and(|o| o.status.success());
    if !node || !snarkjs_cli().exists() {
        if std::env::var_os("MEED_SKIP_SNARKJS").is_some_and(|v| v == "1") {
            eprintln!("SKIPPED: snarkjs is missing and MEED_SKIP_SNARKJS=1");
            return;
        }
        panic!("snarkjs is missing: cd prover/tests/ceremony && npm ci, or MEED_SKIP_SNARKJS=1");
    }
    let network = Network::new();
    network.meed("export r1cs XS --out @XS.r1cs");
    network.meed("-p @net export wtns --out @epoch.wtns");
    network.snarkjs("wtns check @XS.r1cs @epoch.wtns");

    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("powers-of-tau");
    run(Command::new("node").arg(scripts().join("ceremony.mjs")).args([
        network.path("XS.r1cs"),
        network.path("ceremony"),
        cache,
    ]));
    network.meed("setup XS --import-zkey @ceremony/final.zkey --keys @keys");
    network.meed("-p @net prove --keys @keys --out @bundle");
    let vk = "@keys/meed-groth16-XS.vk.json";
    let told = network.meed(&format!("verify @bundle --key {vk}"));
    assert!(told.contains("(ceremony)") && !told.contains("INSECURE"), "{told}");
    // snarkjs's own export of the key is as good as ours.
    network.meed("verify @bundle --key @ceremony/verification_key.json");

    network.meed(&format!("export snarkjs @bundle --key {vk} --out @snarkjs"));
    let verdict = network.snarkjs(
        "groth16 verify @snarkjs/verification_key.json @snarkjs/public.json @snarkjs/proof.json",
    );
    assert!(verdict.contains("OK"), "{verdict}");
    let verdict = network.snarkjs(
        "groth16 verify @ceremony/verification_key.json @snarkjs/public.json @snarkjs/proof.json",
    );
    assert!(verdict.contains("OK"), "{verdict}");
}
