//! The claim tree against dumps of the npm package.
//!
//! `ledger/tests/openzeppelin/golden` was written by `generate.mjs` there: `npm ci && node generate.mjs`.
#![allow(missing_docs)]

use std::path::Path;

use meed_ledger::claims::{check_claim, ClaimError, ClaimTree, Node};
use meed_statement::types::{Account, Payout};
use serde::Deserialize;

const SIZES: [usize; 6] = [1, 2, 3, 7, 8, 33];

#[derive(Deserialize)]
struct Golden {
    root: String,
    proofs: Vec<Vec<String>>,
    dump: String,
}

fn golden(n: usize) -> Golden {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/openzeppelin/golden/{n}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| {
        panic!(
            "{}: {e}; to write it: cd ledger/tests/openzeppelin && npm ci && node generate.mjs",
            path.display()
        )
    });
    serde_json::from_str(&text).unwrap()
}

/// The same function of n and i as in `generate.mjs`.
fn payouts(n: usize) -> Vec<Payout> {
    (0..n)
        .map(|i| Payout {
            account: Account::new([i as u8 + 1; 20]).unwrap(),
            amount: if i + 1 == n {
                (1 << 93) - 1
            } else {
                1 + i as u128 * 1_000_000_007 * (n as u128).pow(i as u32 % 7)
            },
        })
        .collect()
}

fn hex_0x(node: &Node) -> String {
    format!("0x{}", hex::encode(node))
}

#[test]
fn trees_are_the_npm_packages() {
    for n in SIZES {
        let golden = golden(n);
        let tree = ClaimTree::new(&payouts(n)).unwrap();
        assert_eq!(hex_0x(&tree.root()), golden.root, "n = {n}");
        assert_eq!(tree.to_json(), golden.dump, "n = {n}");
        assert_eq!(golden.proofs.len(), n);
        for (index, expected) in golden.proofs.iter().enumerate() {
            let proof = tree.proof(index).unwrap();
            assert_eq!(&proof.iter().map(hex_0x).collect::<Vec<_>>(), expected, "n = {n}");
        }
    }
}

#[test]
fn proofs_hold_for_their_payout_only() {
    for n in SIZES {
        let payouts = payouts(n);
        let tree = ClaimTree::new(&payouts).unwrap();
        let root = tree.root();
        for (index, payout) in payouts.iter().enumerate() {
            let proof = tree.proof(index).unwrap();
            check_claim(&root, index, payout, &proof).unwrap();
            let rejected = |index: usize, payout: &Payout, proof: &[Node]| {
                let error = check_claim(&root, index, payout, proof).unwrap_err();
                assert!(matches!(error, ClaimError::Root { expected, .. } if expected == root));
            };
            rejected(index + 1, payout, &proof);
            rejected(index, &Payout { amount: payout.amount ^ 1, ..*payout }, &proof);
            let other = payouts[(index + 1) % n].account;
            if other != payout.account {
                rejected(index, &Payout { account: other, ..*payout }, &proof);
            }
            let mut longer = proof.clone();
            longer.push([7; 32]);
            rejected(index, payout, &longer);
            for level in 0..proof.len() {
                let mut changed = proof.clone();
                changed[level][31] ^= 1;
                rejected(index, payout, &changed);
            }
            if let Some((_, shorter)) = proof.split_last() {
                rejected(index, payout, shorter);
            }
        }
    }
}

#[test]
fn lists_without_a_tree_are_refused() {
    assert_eq!(ClaimTree::new(&[]), Err(ClaimError::Empty));
    let mut list = payouts(3);
    list.swap(1, 2);
    let account = list[2].account;
    assert_eq!(ClaimTree::new(&list), Err(ClaimError::Order { index: 2, account }));
    let twice = [list[0], list[0]];
    assert!(matches!(ClaimTree::new(&twice), Err(ClaimError::Order { index: 1, .. })));
    let tree = ClaimTree::new(&payouts(3)).unwrap();
    assert_eq!(tree.proof(3), Err(ClaimError::Index { count: 3, index: 3 }));
    assert_eq!(tree.payouts().len(), 3);
}
