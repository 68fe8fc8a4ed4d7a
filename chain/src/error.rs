//! What can be wrong between a project and its contract.

use std::fmt;
use std::path::PathBuf;

use alloy::primitives::{Address, B256};
use meed_ledger::bundle::BundleError;
use meed_ledger::claims::ClaimError;
use meed_ledger::LedgerError;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, ChainError>;

/// Why something could not be done on the chain.
///
/// A node's address may hold an access key: errors name its host only. Passwords and private keys are
/// never repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// A node's address is none.
    #[error("--rpc: expected the URL of a node, such as http://127.0.0.1:8545; {0}")]
    Url(&'static str),
    /// A node cannot be reached, or answers with something else than expected.
    #[error("node {node}: cannot {action}: {reason}")]
    Node {
        /// Scheme, host and port.
        node: String,
        /// What was asked for.
        action: String,
        /// Why not.
        reason: String,
    },
    /// A node serves another chain.
    #[error("node {node} serves chain {got}; {place} says chain {expected}")]
    WrongChain {
        /// Scheme, host and port.
        node: String,
        /// The chain that is expected.
        expected: u64,
        /// The node's.
        got: u64,
        /// Who expects it.
        place: String,
    },
    /// No contract is there.
    #[error("chain {chain_id}: expected a {what} at {address}, there is no code{hint}")]
    NoCode {
        /// The chain.
        chain_id: u64,
        /// The address.
        address: Address,
        /// What should be there.
        what: &'static str,
        /// What to do about it.
        hint: String,
    },
    /// A contract is not what it should be.
    #[error("{address}: expected {expected}, got {got}")]
    Contract {
        /// The contract.
        address: Address,
        /// What it should be or say.
        expected: String,
        /// What it is or says.
        got: String,
    },
    /// A contract refused.
    #[error("{what}: the contract refuses: {reason}")]
    Refused {
        /// What was tried.
        what: String,
        /// In plain words.
        reason: String,
    },
    /// A transaction was included and failed.
    #[error("{what}: transaction {hash} is in block {block} and failed: {reason}")]
    Failed {
        /// What was tried.
        what: String,
        /// The transaction.
        hash: B256,
        /// Its block.
        block: u64,
        /// In plain words.
        reason: String,
    },
    /// A transaction is still not included.
    #[error(
        "{what}: transaction {hash} is sent and in no block after {seconds} s; run the command again \
         later: it looks at the chain first"
    )]
    Pending {
        /// What was tried.
        what: String,
        /// The transaction.
        hash: B256,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The command cannot be used so, or not yet.
    #[error("{0}")]
    Order(String),
    /// What was checked is not good.
    #[error("{0}")]
    Rejected(String),
    /// A file or a variable of the environment says something that is not accepted.
    #[error("{place}: expected {expected}")]
    Input {
        /// Which.
        place: String,
        /// What it should be. What it is may be a secret, and is not told.
        expected: String,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The caller asked to stop.
    #[error("interrupted")]
    Cancelled,
    /// A file of the project.
    #[error("{0}")]
    Ledger(#[from] LedgerError),
    /// A bundle.
    #[error("{0}")]
    Bundle(#[from] BundleError),
    /// A claim tree.
    #[error("{0}")]
    Claims(#[from] ClaimError),
}

/// What kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// What was checked is not good.
    Rejected,
    /// The command cannot be used so, or not yet.
    Usage,
    /// A file says something that is not accepted.
    Input,
    /// The operating system, the network or the node refused.
    Io,
    /// The caller asked to stop.
    Cancelled,
    /// That of the error it holds.
    Inner,
}

impl ChainError {
    /// What kind of error it is.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Rejected(_) => Class::Rejected,
            Self::Url(_)
            | Self::WrongChain { .. }
            | Self::NoCode { .. }
            | Self::Contract { .. }
            | Self::Refused { .. }
            | Self::Order(_) => Class::Usage,
            Self::Input { .. } => Class::Input,
            Self::Node { .. } | Self::Failed { .. } | Self::Pending { .. } | Self::Io { .. } => {
                Class::Io
            }
            Self::Cancelled => Class::Cancelled,
            Self::Ledger(_) | Self::Bundle(_) | Self::Claims(_) => Class::Inner,
        }
    }

    pub(crate) fn order(rule: impl Into<String>) -> Self {
        Self::Order(rule.into())
    }

    pub(crate) fn input(place: impl fmt::Display, expected: impl Into<String>) -> Self {
        Self::Input { place: place.to_string(), expected: expected.into() }
    }
}
