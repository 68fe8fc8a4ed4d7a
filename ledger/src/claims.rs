//! The claim tree of an epoch, as `@openzeppelin/merkle-tree` 1.0 builds and dumps it when told not to sort
//! leaves, and as the settlement contract computes it from a list.
//!
//! The payouts are cut into groups of 1,024; only the last may be shorter. Each group has a tree, and a tree
//! over the groups' roots stands on top. So a contract that takes a list in parts can build it, and a list of
//! one group has the package's `StandardMerkleTree`: the tree on top is the group's root alone.
//!
//! A leaf is `keccak256(keccak256(abi.encode(index, account, amount)))`: three words of 32 bytes,
//! big-endian, where `index` is the position in the list of all payouts and `amount` is in base units. A
//! node is `keccak256(smaller child | larger child)`, so that a proof needs no directions. A tree of n leaves
//! is an array of `2 n - 1` nodes: the root first, the children of node `i` at `2 i + 1` and `2 i + 2`, the
//! leaves at the end in reverse order. A claim's proof is the group's proof and then the one of the group's
//! root on top; OpenZeppelin's `MerkleProof.verify` accepts it. A leaf's preimage is 32 bytes and a node's
//! 64, so that no node passes for a leaf.
//!
//! An epoch that pays nobody has no claim tree: the npm package refuses an empty list, and so does
//! [`ClaimTree::new`]. There is nothing to claim then, and no root stands for that.

use meed_statement::types::{Account, Payout};
use meed_statement::words::GROUP_WORDS;
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
    /// The tree of each group of [`GROUP_WORDS`] payouts, root first.
    groups: Vec<Vec<Node>>,
    /// The tree whose leaves are the groups' roots, root first.
    top: Vec<Node>,
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
        let leaves: Vec<Node> = payouts.iter().enumerate().map(|(i, p)| leaf(i, p)).collect();
        let groups: Vec<Vec<Node>> = leaves.chunks(GROUP_WORDS).map(tree).collect();
        let top = tree(&groups.iter().map(|group| group[0]).collect::<Vec<_>>());
        Ok(Self { payouts: payouts.to_vec(), groups, top })
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Node {
        self.top[0]
    }

    /// The roots of the groups' trees, in order.
    #[must_use]
    pub fn group_roots(&self) -> Vec<Node> {
        self.groups.iter().map(|group| group[0]).collect()
    }

    /// The payouts, by index.
    #[must_use]
    pub fn payouts(&self) -> &[Payout] {
        &self.payouts
    }

    /// The siblings on the way from a payout's leaf to the root, leaf first. Empty in a tree of one.
    ///
    /// # Errors
    /// [`ClaimError::Index`].
    pub fn proof(&self, index: usize) -> Result<Vec<Node>, ClaimError> {
        let count = self.payouts.len();
        if index >= count {
            return Err(ClaimError::Index { count, index });
        }
        let group = index / GROUP_WORDS;
        let mut proof = siblings(&self.groups[group], index % GROUP_WORDS);
        proof.extend(siblings(&self.top, group));
        Ok(proof)
    }

    /// The tree as JSON, as `JSON.stringify(.., null, 2)` writes it, with a newline at the end. A list of one
    /// group gives what `StandardMerkleTree.dump()` gives, and `StandardMerkleTree.load` reads it. A
    /// longer list gives `{format: "meed-groups-v1", groups, top}`: such a dump for each group, and
    /// `SimpleMerkleTree.dump()` of the tree over their roots.
    #[must_use]
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Groups {
            format: &'static str,
            groups: Vec<Standard>,
            top: Simple,
        }
        let payouts = self.payouts.chunks(GROUP_WORDS);
        let firsts = (0..).step_by(GROUP_WORDS);
        let mut groups: Vec<Standard> = payouts
            .zip(firsts)
            .zip(&self.groups)
            .map(|((payouts, first), nodes)| standard(first, payouts, nodes))
            .collect();
        let text = if self.groups.len() == 1 {
            serde_json::to_string_pretty(&groups.remove(0))
        } else {
            let top = Simple {
                format: "simple-v1",
                tree: self.top.iter().map(hex_0x).collect(),
                values: values(self.group_roots().iter().map(hex_0x), self.top.len()),
            };
            serde_json::to_string_pretty(&Groups { format: "meed-groups-v1", groups, top })
        };
        let mut text = text.expect("strings and numbers are JSON");
        text.push('\n');
        text
    }
}

/// A dump of `StandardMerkleTree`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Standard {
    format: &'static str,
    leaf_encoding: [&'static str; 3],
    tree: Vec<String>,
    values: Vec<Value<[String; 3]>>,
}

/// A dump of `SimpleMerkleTree`.
#[derive(Serialize)]
struct Simple {
    format: &'static str,
    tree: Vec<String>,
    values: Vec<Value<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Value<T> {
    value: T,
    tree_index: usize,
}

/// The dump of a group whose first payout has index `first`.
fn standard(first: usize, payouts: &[Payout], nodes: &[Node]) -> Standard {
    let rows = (first..).zip(payouts).map(|(index, payout)| {
        [index.to_string(), payout.account.to_string(), payout.amount.to_string()]
    });
    Standard {
        format: "standard-v1",
        leaf_encoding: LEAF_ENCODING,
        tree: nodes.iter().map(hex_0x).collect(),
        values: values(rows, nodes.len()),
    }
}

/// The values of a tree with so many nodes: the first one's leaf is the last node.
fn values<T>(rows: impl Iterator<Item = T>, nodes: usize) -> Vec<Value<T>> {
    rows.zip((0..nodes).rev()).map(|(value, tree_index)| Value { value, tree_index }).collect()
}

/// The nodes over the leaves, of which there is at least one.
fn tree(leaves: &[Node]) -> Vec<Node> {
    let inner = leaves.len() - 1;
    let mut nodes = vec![[0; 32]; inner];
    nodes.extend(leaves.iter().rev());
    for i in (0..inner).rev() {
        nodes[i] = parent(&nodes[2 * i + 1], &nodes[2 * i + 2]);
    }
    nodes
}

/// The siblings on the way from a leaf to the root of its tree, leaf first.
fn siblings(nodes: &[Node], leaf: usize) -> Vec<Node> {
    let mut at = nodes.len() - 1 - leaf;
    let mut siblings = Vec::new();
    while at > 0 {
        siblings.push(nodes[if at.is_multiple_of(2) { at - 1 } else { at + 1 }]);
        at = (at - 1) / 2;
    }
    siblings
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
