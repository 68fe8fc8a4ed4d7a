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

fn proof_of(shape: Shape) -> Value {
    let mut inputs = sample();
    (inputs.epoch, inputs.state) = (1, vec![]);
    let trace = settle(&inputs).unwrap();
    let circuit = Circuit::new(shape);
    let (assignment, binding) =
        circuit.assign(&inputs, &trace, &Domain::evm(CHAIN, CONTRACT)).unwrap();
    let key = Key::new(Params::insecure(circuit.k()), &circuit).unwrap();
    // Fixed blinding: the file is the same each time. Nothing in it is a secret.
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let never = AtomicBool::new(false);
    let (proof, _) = prove(&key, &circuit, &assignment, &mut rng, &mut |_, _| {}, &never).unwrap();
    // From the bytes alone.
    let vk = VerifyingKey::from_bytes(&key.verifying_key().to_bytes()).unwrap();
    let proof = Proof::from_bytes(&proof.to_bytes()).unwrap();
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
    let made = json!({
        "about": format!("written by {COMMAND}"),
        "tables": number(&Keccak256::digest(meed_halo2::tables())),
        "XS": proof_of(XS),
        "S": proof_of(S),
    });
    let text = to_string_pretty(&made).unwrap() + "\n";
    if std::env::var_os("MEED_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path)
        .unwrap_or_else(|e| panic!("{}: {e}; to write it: {COMMAND}", path.display()));
    assert_eq!(golden, text, "to accept the change: {COMMAND}");

    let epoch = path.with_file_name("epoch.json");
    let epoch: Value = serde_json::from_slice(&std::fs::read(epoch).unwrap()).unwrap();
    for shape in ["XS", "S"] {
        assert_eq!(made[shape]["inputs"], json!([epoch["h"], epoch["alpha"], epoch["y"]]));
    }
}
