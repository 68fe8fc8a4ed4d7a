//! A real halo2 proof on a development chain: `contracts/test/data/halo2.json`, which `prover/tests/contract_halo2.rs`
//! wrote.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use alloy::signers::local::PrivateKeySigner;
use ark_bn254::Fr;
use meed_chain::deploy::{check_key, check_key_id, verifier};
use meed_chain::facts::{is_proved, show};
use meed_chain::{Call, Client, Included, Sender, Wait, B256};
use meed_statement::words::{word_from_bytes, Binding};
use meed_verifier::halo2::{self, Proof, VerifyingKey, KEY_MAGIC, PROOF_MAGIC};
use meed_verifier::AnyVerifyingKey;
use serde_json::Value;

/// The first account of anvil's well-known mnemonic.
const KEY: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

static GO_ON: AtomicBool = AtomicBool::new(false);

fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("contracts")
}

/// A running anvil; it ends with this value.
struct Anvil {
    child: Child,
    url: String,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Anvil {
    fn start() -> Self {
        let folder = contracts().join("node_modules/@foundry-rs");
        let entries = std::fs::read_dir(&folder)
            .unwrap_or_else(|e| panic!("{}: {e}: run `npm ci` in contracts/", folder.display()));
        let program = entries
            .flatten()
            .map(|entry| entry.path().join("bin/anvil"))
            .find(|path| path.exists())
            .unwrap_or_else(|| panic!("no anvil below {}", folder.display()));
        let mut child = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", "0", "--accounts", "1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let place = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("Listening on ").map(|at| at.trim().to_owned()));
        // Anvil goes on writing: the pipe must be read to its end.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: format!("http://{}", place.unwrap()) }
    }
}

/// Words of 32 bytes after a magic.
fn bytes(magic: &[u8], words: &Value) -> Vec<u8> {
    let words = words.as_array().unwrap().iter();
    let words = words.flat_map(|word| hex::decode(&word.as_str().unwrap()[2..]).unwrap());
    magic.iter().copied().chain(words).collect()
}

fn send(sender: &Sender<'_>, call: &Call) -> Included {
    let wait = Wait { most: Duration::from_secs(30), confirmations: 1 };
    let quote = sender.quote(call).unwrap();
    sender.send(call, &quote, &wait, &mut |_| {}).unwrap()
}

#[test]
fn a_proof_is_shown_once_and_remembered() {
    let path = contracts().join("test/data/halo2.json");
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let file = &file["XS"];
    let key = VerifyingKey::from_bytes(&bytes(&KEY_MAGIC, &file["key"])).unwrap();
    let proof = Proof::from_bytes(&bytes(&PROOF_MAGIC, &file["proof"])).unwrap();
    let [h, alpha, y]: [Fr; 3] = bytes(&[], &file["inputs"])
        .chunks_exact(32)
        .zip(0..)
        .map(|(word, index)| word_from_bytes(word.try_into().unwrap(), index).unwrap())
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    let binding = Binding { h, alpha, y };
    halo2::verify(&key, &binding.to_inputs(), &proof).unwrap();

    let anvil = Anvil::start();
    let client = Client::connect(&anvil.url, &GO_ON).unwrap();
    let sender = Sender::new(&client, KEY.parse::<PrivateKeySigner>().unwrap());
    let any: AnyVerifyingKey = key.clone().into();
    check_key(&any, "XS", client.chain_id()).unwrap();
    let refused = check_key(&any, "XS", 1).unwrap_err();
    assert!(refused.to_string().contains("anybody can forge proofs"), "{refused}");
    let verifier = send(&sender, &verifier(&any, "XS")).contract.unwrap();
    check_key_id(&client, verifier, B256::from(key.id())).unwrap();
    check_key_id(&client, verifier, B256::repeat_byte(1)).unwrap_err();

    // Another public input: no.
    let other = Binding { y: binding.y + Fr::from(1u64), ..binding };
    let refused = sender.try_call(&show(verifier, &other, &proof, 1)).unwrap_err();
    assert!(refused.to_string().contains("the proof is not valid"), "{refused}");

    assert!(!is_proved(&client, verifier, &binding).unwrap());
    let first = send(&sender, &show(verifier, &binding, &proof, 1));
    assert!((500_000..600_000).contains(&first.gas_used), "{}", first.gas_used);
    assert_eq!(first.logs.len(), 1);
    assert!(is_proved(&client, verifier, &binding).unwrap());
    assert!(!is_proved(&client, verifier, &other).unwrap());
    let again = send(&sender, &show(verifier, &binding, &proof, 1));
    assert!(again.gas_used < 200_000, "{}", again.gas_used);
    assert!(again.logs.is_empty());
}
