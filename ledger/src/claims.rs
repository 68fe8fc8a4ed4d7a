//! The claim tree of an epoch, as `@openzeppelin/merkle-tree` 1.0 builds and dumps it.
//!
//! A leaf is `keccak256(keccak256(abi.encode(index, account, amount)))`: three words of 32 bytes,
//! big-endian, where `index` is the position in the list of payouts and `amount` is in base units. Leaves
//! are sorted by hash. A node is `keccak256(smaller child | larger child)`, so that a proof needs no
//! directions. The tree is an array of `2 n - 1` nodes: the root first, the children of node `i` at
//! `2 i + 1` and `2 i + 2`, the sorted leaves at the end in reverse order. OpenZeppelin's
//! `MerkleProof.verify` accepts the proofs. A leaf's preimage is 32 bytes and a node's 64, so that no
//! node passes for a leaf.
//!
//! An epoch that pays nobody has no claim tree: the npm package refuses an empty list, and so does
//! [`ClaimTree::new`]. There is nothing to claim then, and no root stands for that.

use meed_statement::types::{Account, Payout};
use serde::Serialize;
use sha3::{Digest, Keccak256};

/// The types in a leaf, in the words of the npm package.
pub const LEAF_ENCODING: [&str; 3] = ["uint256", "address", "uint256"];

/// A hash in the tree.
pub type Node = [u8; 32];

/// Why there is no tree, or no valid claim.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// Nobody is paid.
    #[error("claim tree: expected at least one payout, got none")]
    Empty,
    /// The payouts are not strictly increasing by account.
    #[error(
        "claim tree: expected strictly increasing accounts, payout {index} ({account}) is not"
    )]
    Order {
        /// Position of the first payout that is not after the one before it.
        index: usize,
        /// Its account.
        account: Account,
    },
    /// There is no payout with this index.
    #[error("claim tree: expected an index below {count}, got {index}")]
    Index {
        /// Number of payouts.
        count: usize,
        /// The index that was asked for.
        index: usize,
    },
    /// A proof leads to another root.
    #[error("claim: expected root {}, got {}", hex_0x(.expected), hex_0x(.got))]
    Root {
        /// The root that was given.
        expected: Node,
        /// Where the proof leads.
        got: Node,
    },
}

/// The claim tree of a list of payouts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimTree {
    payouts: Vec<Payout>,
    /// Root first.
    nodes: Vec<Node>,
    /// Position in `nodes` of each payout's leaf.
    leaves: Vec<usize>,
}

impl ClaimTree {
    /// Builds the tree of an epoch's payouts, in the order of the public words.
    ///
    /// # Errors
    /// [`ClaimError::Empty`]; [`ClaimError::Order`] when they are not strictly increasing by account.
    pub fn new(payouts: &[Payout]) -> Result<Self, ClaimError> {
        if payouts.is_empty() {
            return Err(ClaimError::Empty);
        }
        let unsorted = payouts.windows(2).position(|p| p[0].account >= p[1].account);
        if let Some(before) = unsorted {
            let index = before + 1;
            return Err(ClaimError::Order { index, account: payouts[index].account });
        }
        let mut sorted: Vec<(Node, usize)> =
            payouts.iter().enumerate().map(|(i, p)| (leaf(i, p), i)).collect();
        sorted.sort_unstable();
        let size = 2 * payouts.len() - 1;
        let mut nodes = vec![[0; 32]; size];
        let mut leaves = vec![0; payouts.len()];
        for (rank, (hash, index)) in sorted.into_iter().enumerate() {
            nodes[size - 1 - rank] = hash;
            leaves[index] = size - 1 - rank;
        }
        for i in (0..size - payouts.len()).rev() {
            nodes[i] = parent(&nodes[2 * i + 1], &nodes[2 * i + 2]);
        }
        Ok(Self { payouts: payouts.to_vec(), nodes, leaves })
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Node {
        self.nodes[0]
    }

    /// The payouts, by index.
    #[must_use]
    pub fn payouts(&self) -> &[Payout] {
        &self.payouts
    }

    /// The siblings of a payout's leaf, leaf first. Empty in a tree of one.
    ///
    /// # Errors
    /// [`ClaimError::Index`].
    pub fn proof(&self, index: usize) -> Result<Vec<Node>, ClaimError> {
        let count = self.payouts.len();
        let mut at = *self.leaves.get(index).ok_or(ClaimError::Index { count, index })?;
        let mut siblings = Vec::new();
        while at > 0 {
            siblings.push(self.nodes[if at % 2 == 0 { at - 1 } else { at + 1 }]);
            at = (at - 1) / 2;
        }
        Ok(siblings)
    }

    /// What `StandardMerkleTree.dump()` gives for this tree, as `JSON.stringify(.., null, 2)` writes
    /// it, with a newline at the end. `StandardMerkleTree.load` reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Dump {
            format: &'static str,
            leaf_encoding: [&'static str; 3],
            tree: Vec<String>,
            values: Vec<Value>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Value {
            value: [String; 3],
            tree_index: usize,
        }
        let value = |(index, (payout, leaf)): (usize, (&Payout, &usize))| Value {
            value: [index.to_string(), payout.account.to_string(), payout.amount.to_string()],
            tree_index: *leaf,
        };
        let dump = Dump {
            format: "standard-v1",
            leaf_encoding: LEAF_ENCODING,
            tree: self.nodes.iter().map(hex_0x).collect(),
            values: self.payouts.iter().zip(&self.leaves).enumerate().map(value).collect(),
        };
        let mut text = serde_json::to_string_pretty(&dump).expect("strings and numbers are JSON");
        text.push('\n');
        text
    }
}

/// Checks that a payout is the one with this index in the tree with this root.
/// `siblings` are leaf first.
///
/// # Errors
/// [`ClaimError::Root`].
pub fn check_claim(
    root: &Node,
    index: usize,
    payout: &Payout,
    siblings: &[Node],
) -> Result<(), ClaimError> {
    let got = siblings.iter().fold(leaf(index, payout), |node, sibling| parent(&node, sibling));
    if got == *root {
        Ok(())
    } else {
        Err(ClaimError::Root { expected: *root, got })
    }
}

/// `keccak256(keccak256(abi.encode(index, account, amount)))`.
#[must_use]
pub fn leaf(index: usize, payout: &Payout) -> Node {
    let mut words = [0; 96];
    words[24..32].copy_from_slice(&(index as u64).to_be_bytes());
    words[44..64].copy_from_slice(payout.account.bytes());
    words[80..96].copy_from_slice(&payout.amount.to_be_bytes());
    Keccak256::digest(Keccak256::digest(words)).into()
}

/// Hash of two nodes, in either order.
fn parent(a: &Node, b: &Node) -> Node {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    Keccak256::new().chain_update(low).chain_update(high).finalize().into()
}

fn hex_0x(node: &Node) -> String {
    format!("0x{}", hex::encode(node))
}
