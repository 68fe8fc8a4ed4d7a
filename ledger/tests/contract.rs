//! The claim tree of the contracts' epoch, for their tests.
//!
//! `contracts/test/data/claims.json` is written by this test from `epoch.json` there (which
//! `prover/tests/contract.rs` writes), and replayed by `contracts/test/Conformance.t.sol`.
#![allow(missing_docs)]

use std::path::{Path, PathBuf};

use meed_ledger::claims::{ClaimTree, Node};
use meed_statement::types::{Account, Payout};
use meed_statement::words::{unpack_payout, word_from_bytes, HEADER_WORDS};
use serde_json::{json, to_string_pretty, Value};

const COMMAND: &str = "MEED_WRITE_GOLDEN=1 cargo test --release -p meed-ledger --test contract";

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/test/data").join(name)
}

fn read(name: &str) -> String {
    let path = data(name);
    std::fs::read_to_string(&path)
        .unwrap_or_else(|e| panic!("{}: {e}; to write it: {COMMAND}", path.display()))
}

fn payouts() -> Vec<Payout> {
    let epoch: Value = serde_json::from_str(&read("epoch.json")).unwrap();
    let words = epoch["words"].as_array().unwrap().iter().enumerate().skip(HEADER_WORDS);
    words
        .map(|(index, word)| {
            let bytes = hex::decode(&word.as_str().unwrap()[2..]).unwrap();
            let word = word_from_bytes(&bytes.try_into().unwrap(), index).unwrap();
            let (account, amount) = unpack_payout(&word).unwrap();
            Payout { account: Account::new(account).unwrap(), amount }
        })
        .collect()
}

fn hex_0x(node: &Node) -> String {
    format!("0x{}", hex::encode(node))
}

#[test]
fn the_claims_of_the_contracts_epoch() {
    let payouts = payouts();
    let tree = ClaimTree::new(&payouts).unwrap();
    let proofs: Vec<Vec<String>> = (0..payouts.len())
        .map(|index| tree.proof(index).unwrap().iter().map(hex_0x).collect())
        .collect();
    let made = json!({
        "about": format!("written by {COMMAND}"),
        "root": hex_0x(&tree.root()),
        "proofs": proofs,
    });
    let text = to_string_pretty(&made).unwrap() + "\n";
    if std::env::var_os("MEED_WRITE_GOLDEN").is_some() {
        std::fs::write(data("claims.json"), &text).unwrap();
    }
    assert_eq!(read("claims.json"), text, "to accept the change: {COMMAND}");
}
