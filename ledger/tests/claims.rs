//! The claim tree against dumps of the npm package.
//!
//! `ledger/tests/openzeppelin/golden` was written by `generate.mjs` there: `npm ci && node generate.mjs`.
#![allow(missing_docs)]

use std::path::Path;

use meed_ledger::claims::{check_claim, leaf, ClaimError, ClaimTree, Node};
use meed_statement::types::{Account, Payout};
use serde::Deserialize;
use sha2::Sha256;
use sha3::{Digest, Keccak256};

const SIZES: [usize; 9] = [1, 2, 3, 7, 8, 33, 1_024, 1_025, 2_500];
/// Larger goldens have some proofs only, and no dump.
const WHOLE: usize = 33;

#[derive(Deserialize)]
struct Golden {
    root: String,
    proofs: Vec<Claim>,
    sha256: String,
    dump: Option<String>,
}

#[derive(Deserialize)]
struct Claim {
    index: usize,
    proof: Vec<String>,
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
    const LARGEST: u128 = (1 << 93) - 1;
    (0..n)
        .map(|i| Payout {
            account: account(i),
            amount: if i + 1 == n {
                LARGEST
            } else {
                1 + i as u128 * 1_000_000_007 * (n as u128).pow(i as u32 % 7) % LARGEST
            },
        })
        .collect()
}

fn account(i: usize) -> Account {
    let bytes = (i as u16 + 1).to_be_bytes().repeat(10);
    Account::new(bytes.try_into().unwrap()).unwrap()
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
        let json = tree.to_json();
        assert_eq!(golden.dump.is_some(), n <= WHOLE);
        if let Some(dump) = golden.dump {
            assert_eq!(json, dump, "n = {n}");
        }
        assert_eq!(hex::encode(Sha256::digest(&json)), golden.sha256, "n = {n}");
        assert!(n > WHOLE || golden.proofs.len() == n);
        for Claim { index, proof } in golden.proofs {
            let ours: Vec<String> = tree.proof(index).unwrap().iter().map(hex_0x).collect();
            assert_eq!(ours, proof, "n = {n}, payout {index}");
        }
    }
}

/// Nodes are paired from the front; of an odd number the last goes to the front of the next level. That
/// is how the contract folds.
fn fold(mut nodes: Vec<Node>) -> Node {
    while nodes.len() > 1 {
        let odd = (nodes.len() % 2 == 1).then(|| nodes.pop().unwrap());
        let pairs = nodes.chunks(2).map(|pair| {
            let (low, high) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
            Node::from(Keccak256::digest([low, high].concat()))
        });
        nodes = odd.into_iter().chain(pairs).collect();
    }
    nodes[0]
}

#[test]
fn trees_are_the_contracts() {
    for n in (1..=70).chain([1_023, 1_024, 1_025, 2_047, 2_048, 2_049, 5_000]) {
        let payouts = payouts(n);
        let leaves: Vec<Node> = payouts.iter().enumerate().map(|(i, p)| leaf(i, p)).collect();
        let roots: Vec<Node> = leaves.chunks(1_024).map(|group| fold(group.to_vec())).collect();
        let tree = ClaimTree::new(&payouts).unwrap();
        assert_eq!(tree.group_roots(), roots, "n = {n}");
        assert_eq!(tree.root(), fold(roots), "n = {n}");
    }
}

#[test]
fn proofs_hold_for_their_payout_only() {
    for n in SIZES {
        let payouts = payouts(n);
        let tree = ClaimTree::new(&payouts).unwrap();
        let root = tree.root();
        for (index, payout) in payouts.iter().enumerate() {
            // Of the long lists, payouts at the edges of groups.
            if n > WHOLE && (2..n - 2).contains(&index) && (index + 2) % 1_024 > 4 {
                continue;
            }
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
