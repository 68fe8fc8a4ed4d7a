//! The exported verifier: it stands alone, holds the key, and the compiler takes it.
#![allow(missing_docs, clippy::print_stderr)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::PrimeField;
use meed_calldata::source::{constructor_words, verifier_source, Circuit, SourceError};
use meed_verifier::{insecure_alpha, VerifyingKey};

fn key(alpha: Fr) -> VerifyingKey {
    let g1 = |n: u64| (G1Affine::generator() * Fr::from(n)).into_affine();
    let g2 = |n: u64| (G2Affine::generator() * Fr::from(n)).into_affine();
    let alpha = G1Affine::generator().mul_bigint(alpha.into_bigint()).into_affine();
    let ic = [g1(6), g1(7), g1(8), g1(9)];
    VerifyingKey::from_points(alpha, g2(3), g2(4), g2(5), ic).unwrap()
}

fn circuit() -> Circuit<'static> {
    Circuit { name: "meed-groth16-XS", shape: "XS", digest: &[0x1d; 32] }
}

#[test]
fn the_words_are_the_keys_bytes() {
    let key = key(Fr::from(2u64));
    assert_eq!(constructor_words(&key).as_flattened(), key.to_bytes());
}

#[test]
fn the_file_stands_alone_and_holds_the_key() {
    let key = key(Fr::from(2u64));
    let file = verifier_source(&key, "Verifier_1", Some(&circuit())).unwrap();
    let count = |part: &str| file.matches(part).count();
    assert!(file.starts_with("// SPDX-License-Identifier: MIT OR Apache-2.0\npragma solidity ^0.8"));
    assert_eq!((count("SPDX"), count("pragma "), count("import ")), (1, 1, 0));
    assert_eq!(count("interface IMeedVerifier {"), 1);
    assert_eq!(count("contract MeedVerifier is IMeedVerifier {"), 1);
    assert_eq!(count("contract Verifier_1 is MeedVerifier {"), 1);
    assert!(file.contains(&format!("// key id:  0x{}\n", hex::encode(key.id()))));
    assert!(file.contains("// circuit: meed-groth16-XS, shape XS\n"));
    assert!(file.contains(&format!("// digest:  {}\n", "1d".repeat(32))));
    // The key's words, in their order, and nothing else of their length after them.
    let (_, contract) = file.split_once("contract Verifier_1").unwrap();
    let digits: Vec<&str> = contract.split("0x").skip(1).map(|rest| &rest[..64]).collect();
    assert_eq!(digits.concat(), hex::encode(key.to_bytes()));
    assert!(!file.contains("INSECURE"));
    let unknown = verifier_source(&key, "V", None).unwrap();
    assert!(unknown.contains("// circuit: the key's file does not say\n"));
}

#[test]
fn an_insecure_key_says_so() {
    let key = key(insecure_alpha());
    assert!(key.is_insecure());
    let file = verifier_source(&key, "Verifier", None).unwrap();
    let (before, _) = file.split_once("interface IMeedVerifier").unwrap();
    assert!(before.contains("INSECURE KEY"), "at the top of the file");
}

#[test]
fn names_that_are_none_are_refused() {
    let key = key(Fr::from(2u64));
    let long = "V".repeat(65);
    for name in [
        "",
        "verifier",
        "1V",
        "_V",
        "V V",
        "V-1",
        "V{}",
        "V\n",
        "É",
        "contract",
        "MeedVerifier",
        "IMeedVerifier",
        &long,
    ] {
        let error = SourceError::Name { got: name.to_owned() };
        assert_eq!(verifier_source(&key, name, None), Err(error));
    }
    assert!(verifier_source(&key, &"V".repeat(64), None).is_ok());
    // A key's file cannot put code where a comment is expected.
    for name in ["", "x\ncontract Evil {}", "a b", &long] {
        let error = SourceError::Circuit { got: name.to_owned() };
        let named = Circuit { name, ..circuit() };
        assert_eq!(verifier_source(&key, "V", Some(&named)), Err(error.clone()));
        let shaped = Circuit { shape: name, ..circuit() };
        assert_eq!(verifier_source(&key, "V", Some(&shaped)), Err(error));
    }
}

/// A setting in contracts/foundry.toml.
fn setting(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/foundry.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let line = text.lines().find(|line| line.starts_with(&format!("{name} = "))).unwrap();
    line.split_once(" = ").unwrap().1.replace(['"', '_'], "")
}

/// The compiler of contracts/, as forge calls it.
#[test]
fn the_compiler_takes_the_file() {
    if std::env::var_os("MEED_SKIP_NODE").is_some_and(|v| v == "1") {
        eprintln!("skipped: MEED_SKIP_NODE is 1, so the exported verifier is not compiled");
        return;
    }
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts");
    assert!(
        contracts.join("node_modules/solc").is_dir(),
        "contracts/node_modules/solc is missing: cargo xtask test node, or npm ci in contracts"
    );
    let key = key(insecure_alpha());
    let source = verifier_source(&key, "Verifier", Some(&circuit())).unwrap();
    let input = serde_json::json!({
        "language": "Solidity",
        "sources": { "Verifier.sol": { "content": source } },
        "settings": {
            "optimizer": { "enabled": true, "runs": setting("optimizer_runs").parse::<u32>().unwrap() },
            "viaIR": setting("via_ir") == "true",
            "evmVersion": setting("evm_version"),
            "outputSelection": { "*": { "*": ["evm.bytecode.object", "abi"] } },
        },
    });
    let mut child = Command::new("node")
        .args(["tools/solc", "--standard-json"])
        .current_dir(contracts)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let output: serde_json::Value = serde_json::from_slice(&output.stdout).expect("solc's answer");
    // No error, and no warning.
    assert!(output.get("errors").is_none(), "{:#}", output["errors"]);
    let compiled = &output["contracts"]["Verifier.sol"]["Verifier"];
    let code = compiled["evm"]["bytecode"]["object"].as_str().unwrap();
    let code = hex::decode(code).expect("linked creation code");
    // The limit of EIP-3860.
    assert!((2_000..49_152).contains(&code.len()), "{} bytes", code.len());
    // The key is in the code, and the constructor wants nothing.
    for word in constructor_words(&key) {
        assert!(code.windows(32).any(|w| w == word), "{}", hex::encode(word));
    }
    let abi = compiled["abi"].as_array().unwrap();
    let constructor = abi.iter().find(|item| item["type"] == "constructor").unwrap();
    assert_eq!(constructor["inputs"], serde_json::json!([]));
}
