//! What all scenarios need, made once: a key of shape XS and some epochs of one network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use meed_ledger::bundle::{verify_files, Expected};
use meed_prover::Sidecar;
use meed_verifier::AnyVerifyingKey;
use serde_json::Value;

/// As many epochs in a row.
pub(crate) const EPOCHS: usize = 6;

pub(crate) struct Lab {
    folder: tempfile::TempDir,
    /// Folder of the keys.
    pub(crate) keys: PathBuf,
    /// Bodies of submissions, epoch 1 first, to network `net`.
    bodies: Vec<Value>,
    /// Those of another history of it.
    fork: Vec<Value>,
    key: AnyVerifyingKey,
}

/// Runs the program and gives what it printed.
pub(crate) fn meed(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}");
    String::from_utf8(output.stdout).expect("the program writes UTF-8")
}

/// The lab, and the right to use the machine: scenarios go one after the other, since they are about time.
pub(crate) fn lab() -> (&'static Lab, MutexGuard<'static, ()>) {
    static LAB: OnceLock<Lab> = OnceLock::new();
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    (LAB.get_or_init(Lab::new), alone)
}

/// A project with so many epochs, whose first score is this, and the bodies of their submissions.
fn project(root: &Path, name: &str, first: &str, epochs: usize) -> Vec<Value> {
    let run = |args: &[&str]| {
        meed(Command::new(env!("CARGO_BIN_EXE_meed")).current_dir(root).args(args));
    };
    let net = |args: &[&str]| run(&[&["-p", name], args].concat());
    let owner = |i: usize| format!("0x{:040x}", 0xa000 + i);
    run(&["init", name, "--platform", &owner(99), "--min-payout", "100"]);
    let mut rows = "name,kind,owner,path,penalty_bps,edges\n".to_owned();
    for (i, (name, kind, edges)) in [
        ("a", "dataset", ""),
        ("b", "dataset", "a:3000"),
        ("svc", "service", ""),
        ("mod", "model", "b:500"),
    ]
    .into_iter()
    .enumerate()
    {
        fs::write(root.join("data").join(name), name).expect("a file");
        rows.push_str(&format!("{name},{kind},{},data/{name},0,{edges}\n", owner(i)));
    }
    fs::write(root.join("assets.csv"), rows).expect("a file");
    net(&["registry", "add", "--from", "assets.csv"]);
    let body = |epoch: usize| {
        let events = format!(
            "id,fee,service,model\n{:032x},100000,svc,mod\n{:032x},50001,svc,mod\n",
            2 * epoch,
            2 * epoch + 1
        );
        fs::write(root.join("events.csv"), events).expect("a file");
        let scores = format!("event,asset,score\n0,a,{first}\n0,b,0.{epoch}\n1,b,2\n");
        fs::write(root.join("scores.csv"), scores).expect("a file");
        net(&["scores", "import", "scores.csv", "--events", "events.csv"]);
        net(&["commit"]);
        net(&["settle"]);
        let (number, out) = (epoch.to_string(), format!("{name}-{epoch}.json"));
        let pack = ["service", "pack", "--network", name, "--epoch", &number, "--out", &out];
        net(&pack);
        serde_json::from_slice(&fs::read(root.join(out)).expect("a file")).expect("JSON")
    };
    (1..=epochs).map(body).collect()
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::create_dir(root.join("data")).expect("a folder");
        let bodies = project(root, "net", "1.5", EPOCHS);
        let fork = project(root, "fork", "4.5", 2);
        meed(Command::new(env!("CARGO_BIN_EXE_meed")).current_dir(root).args([
            "setup",
            "XS",
            "--insecure-local",
        ]));
        let keys = root.join("keys");
        let sidecar = Sidecar::load(&keys.join("meed-groth16-XS.vk.json")).expect("a sidecar");
        let key = sidecar.verifying_key().expect("a key").into();
        Self { keys, bodies, fork, key, folder }
    }

    /// The project `net`, all of whose epochs are committed and settled.
    pub(crate) fn project(&self) -> PathBuf {
        self.folder.path().join("net")
    }

    /// The verifying key's file.
    pub(crate) fn verifying_key(&self) -> String {
        self.keys.join("meed-groth16-XS.vk.json").display().to_string()
    }

    /// As [`Self::body`], of another history: its first epoch leaves another state.
    pub(crate) fn forked(&self, network: &str, epoch: usize) -> Value {
        let mut body = self.fork[epoch - 1].clone();
        body["network"] = network.into();
        body
    }

    /// The body of a submission of an epoch, from 1 on, to a network.
    pub(crate) fn body(&self, network: &str, epoch: usize) -> Value {
        let mut body = self.bodies[epoch - 1].clone();
        body["network"] = network.into();
        body
    }

    /// Fails unless an archive is a bundle of this epoch, valid under the key.
    pub(crate) fn verify(&self, archive: &[u8], epoch: u64) {
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        let mut rest = archive;
        while rest.len() > 512 && rest[0] != 0 {
            let text = |from: usize, to: usize| {
                let field = &rest[from..to];
                let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
                String::from_utf8(field[..end].to_vec()).expect("ASCII")
            };
            let name = text(0, 100).strip_prefix("bundle/").expect("the folder").to_owned();
            let length = usize::from_str_radix(&text(124, 136), 8).expect("a length");
            files.push((name, rest[512..512 + length].to_vec()));
            rest = &rest[512 + length.next_multiple_of(512)..];
        }
        let files: Vec<(&str, &[u8])> = files.iter().map(|(n, b)| (n.as_str(), &b[..])).collect();
        let expected = Expected { epoch: Some(epoch), ..Expected::default() };
        verify_files(&files, &self.key, &expected).expect("a valid bundle");
    }
}
