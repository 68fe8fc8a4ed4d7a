//! Halo2 proofs for the contracts' tests: of the epoch of `contract.rs`, with the keys of two shapes.
//!
//! `contracts/test/data/halo2.json` is written by this test and replayed by `contracts/test/Halo2*.t.sol`.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use meed_halo2::Circuit;
use meed_prover::halo2::{prove, Key, Params};
use meed_statement::shape::{Shape, S, XS};
use meed_statement::words::{word_to_bytes, Domain};
use meed_statement::{lies::sample, settle::settle};
use meed_verifier::halo2::{verify, Proof, VerifyingKey, PROOF_MAGIC};
use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};
use serde_json::{json, to_string_pretty, Value};
use sha3::{Digest, Keccak256};

const COMMAND: &str =
    "MEED_WRITE_GOLDEN=1 cargo test --release -p meed-prover --test contract_halo2";
/// As in `contract.rs`.
const CHAIN: u64 = 31337;
const CONTRACT: [u8; 20] = *b"meed settlement test";

fn number(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// Numbers of 32 bytes after a magic of 8.
fn numbers(bytes: &[u8]) -> Vec<String> {
    let (words, rest) = bytes[PROOF_MAGIC.len()..].as_chunks::<32>();
    assert!(rest.is_empty());
    words.iter().map(|word| number(word)).collect()
}

/// What the file has of a shape. The library's blinding is not the same each time even with the same seed: the
/// proof is made when the file is written, and otherwise the file's is verified.
fn entry(shape: Shape, written: Option<&Value>) -> Value {
    let mut inputs = sample();
    (inputs.epoch, inputs.state) = (1, vec![]);
    let trace = settle(&inputs).unwrap();
    let circuit = Circuit::new(shape);
    let (assignment, binding) =
        circuit.assign(&inputs, &trace, &Domain::evm(CHAIN, CONTRACT)).unwrap();
    let key = Key::new(Params::insecure(circuit.k()), &circuit).unwrap();
    let proof = match written {
        Some(file) => {
            let words = file["proof"].as_array().unwrap().iter();
            let words = words.flat_map(|word| hex::decode(&word.as_str().unwrap()[2..]).unwrap());
            Proof::from_bytes(&PROOF_MAGIC.into_iter().chain(words).collect::<Vec<_>>()).unwrap()
        }
        None => {
            let mut rng = ChaCha20Rng::seed_from_u64(1);
            let never = AtomicBool::new(false);
            prove(&key, &circuit, &assignment, &mut rng, &mut |_, _| {}, &never).unwrap().0
        }
    };
    // From the key's bytes alone.
    let vk = VerifyingKey::from_bytes(&key.verifying_key().to_bytes()).unwrap();
    verify(&vk, &binding.to_inputs(), &proof).unwrap();
    let publics = [binding.h, binding.alpha, binding.y].map(|x| number(&word_to_bytes(&x)));
    json!({
        "key": numbers(&vk.to_bytes()),
        "key_id": number(&vk.id()),
        "insecure": vk.is_insecure(),
        "inputs": publics,
        "proof": numbers(&proof.to_bytes()),
    })
}

#[test]
fn the_contracts_halo2_proofs_are_of_the_same_epoch() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/test/data/halo2.json");
    let write = std::env::var_os("MEED_WRITE_GOLDEN").is_some();
    let golden = (!write).then(|| {
        std::fs::read_to_string(&path)
            .unwrap_or_else(|e| panic!("{}: {e}; to write it: {COMMAND}", path.display()))
    });
    let file: Option<Value> = golden.as_deref().map(|text| serde_json::from_str(text).unwrap());
    let of = |shape: Shape| entry(shape, file.as_ref().map(|file| &file[shape.name]));
    let made = json!({
        "about": format!("written by {COMMAND}"),
        "tables": number(&Keccak256::digest(meed_halo2::tables())),
        "XS": of(XS),
        "S": of(S),
    });
    let text = to_string_pretty(&made).unwrap() + "\n";
    match golden {
        Some(golden) => assert_eq!(golden, text, "to accept the change: {COMMAND}"),
        None => std::fs::write(&path, &text).unwrap(),
    }

    let epoch = path.with_file_name("epoch.json");
    let epoch: Value = serde_json::from_slice(&std::fs::read(epoch).unwrap()).unwrap();
    for shape in ["XS", "S"] {
        assert_eq!(made[shape]["inputs"], json!([epoch["h"], epoch["alpha"], epoch["y"]]));
    }
}
