//! An epoch for the contracts' tests: real words and a real proof, which a settlement contract that was never
//! used before has to accept.
//!
//! `contracts/test/data/epoch.json` is written by this test and replayed by `contracts/test/Conformance.t.sol`.
//! What the claim tree of its payouts is, `ledger/tests/contract.rs` writes beside it.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use ark_bn254::Fr;
use meed_circuits::r1cs::circuit::{assign, Circuit};
use meed_prover::{insecure_setup, prove, CircuitId, CpuEngine};
use meed_statement::roots::state_root;
use meed_statement::words::{list_hash, word_to_bytes, Binding, Domain};
use meed_statement::{lies::sample, settle::settle, shape::XS};
use meed_verifier::{verify, PreparedVerifyingKey, Proof, VerifyingKey};
use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};
use serde_json::{json, to_string_pretty, Value};

const COMMAND: &str = "MEED_WRITE_GOLDEN=1 cargo test --release -p meed-prover --test contract";
/// A local development chain, and the address to which the contracts' test moves a network.
const CHAIN: u64 = 31337;
const CONTRACT: [u8; 20] = *b"meed settlement test";

fn number(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn numbers(bytes: &[u8]) -> Vec<String> {
    bytes.chunks_exact(32).map(number).collect()
}

fn words(words: &[Fr]) -> Vec<String> {
    words.iter().map(|word| number(&word_to_bytes(word))).collect()
}

#[test]
fn the_contracts_epoch_is_the_sample_settled_first() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/test/data/epoch.json");
    let domain = Domain::evm(CHAIN, CONTRACT);
    let mut inputs = sample();
    (inputs.epoch, inputs.state) = (1, vec![]);
    let trace = settle(&inputs).unwrap();
    let (assignment, binding) = assign(&XS, &inputs, &trace, &domain).unwrap();
    let circuit = Circuit::new(XS);
    let id = CircuitId::new("contract", "XS", circuit.matrices());
    let key = insecure_setup(&id, circuit.matrices()).unwrap();
    // Fixed blinding: the file is the same each time. Nothing in it is a secret.
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let never = AtomicBool::new(false);
    let (proof, _) = prove(
        &key,
        circuit.matrices(),
        &assignment,
        &CpuEngine::best(),
        &mut rng,
        &mut |_, _| {},
        &never,
    )
    .unwrap();

    let all = trace.words();
    assert_eq!(Binding::derive(&domain, trace.h, &all), binding);
    let vk = key.verifying_key();
    let made = json!({
        "about": format!("written by {COMMAND}"),
        "chain_id": CHAIN,
        "contract": number(&CONTRACT),
        "empty_state_root": number(&word_to_bytes(&state_root(&[]))),
        "words": words(&all),
        "h": number(&word_to_bytes(&binding.h)),
        "alpha": number(&word_to_bytes(&binding.alpha)),
        "y": number(&word_to_bytes(&binding.y)),
        "list_hash": number(&list_hash(&all)),
        "proof": numbers(&proof.to_bytes()),
        "key": numbers(&vk.to_bytes()),
        "key_id": number(&vk.id()),
        "insecure": vk.is_insecure(),
    });
    let text = to_string_pretty(&made).unwrap() + "\n";
    if std::env::var_os("MEED_WRITE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path)
        .unwrap_or_else(|e| panic!("{}: {e}; to write it: {COMMAND}", path.display()));
    assert_eq!(golden, text, "to accept the change: {COMMAND}");

    // What the file says verifies, as its bytes.
    let file: Value = serde_json::from_str(&golden).unwrap();
    let bytes = |name: &str| -> Vec<u8> {
        let numbers = file[name].as_array().unwrap().iter();
        numbers.flat_map(|n| hex::decode(&n.as_str().unwrap()[2..]).unwrap()).collect()
    };
    let vk = VerifyingKey::from_bytes(&bytes("key")).unwrap();
    let proof = Proof::from_bytes(&bytes("proof")).unwrap();
    verify(&PreparedVerifyingKey::new(&vk), &binding.to_inputs(), &proof).unwrap();
}
