//! The dense encoding of a list of payouts: what `settleDense` and `addPartDense` take.
//!
//! All numbers are big-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | bytes of an index, 0 to 4 |
//! | 1 | bytes of an amount, 1 to 12 |
//! | 1 | number of pages |
//! | 3 each | the pages, by number |
//! | 2 | number of accounts given here |
//! | 20 each | these accounts |
//! | the rest | the payouts: index, amount |
//!
//! An index counts the pages' accounts first, in the order in which the pages are named, then those given
//! here. Indexes of 0 bytes count up from 0. One list has many encodings and nothing depends on which it
//! was: a proof is about the words.

mod decode;
mod encode;

pub use decode::decode;
pub use encode::{calldata_gas, encode};

/// Accounts that a page holds at most.
pub const PAGE_ACCOUNTS: usize = 1024;
/// Bytes before the pages.
const FIXED: usize = 3;
/// Bytes of a page's number.
const NUMBER: usize = 3;
/// Bytes of an account.
const ACCOUNT: usize = 20;
/// The widest index, bytes.
const MOST_INDEX: usize = 4;
/// The widest amount, bytes.
const MOST_AMOUNT: usize = 12;

/// A registered page of accounts: the contract's `addPage` takes any, and a page never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its number in the contract.
    pub number: u32,
    /// Its accounts, in their order.
    pub accounts: Vec<[u8; 20]>,
}

/// Why a list cannot be encoded, or bytes are no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DenseError {
    /// The payout's amount is not above zero and below 2^93.
    #[error("payout {index}: expected an amount above 0 and below 2^93")]
    Amount {
        /// Position in the list.
        index: usize,
    },
    /// A page that no contract has.
    #[error("page {number}: expected a number below 2^24 and 1 to 1024 accounts, got {accounts}")]
    Page {
        /// Its number.
        number: u32,
        /// How many accounts it was said to have.
        accounts: usize,
    },
    /// More accounts are in no page than an encoding can carry.
    #[error("dense list: expected at most {most} accounts outside pages, got {got}")]
    Accounts {
        /// How many there may be.
        most: usize,
        /// How many there are.
        got: usize,
    },
    /// The bytes end too early.
    #[error("dense list: expected at least {expected} bytes, got {got}")]
    Length {
        /// Bytes that the beginning announces.
        expected: usize,
        /// Bytes that there are.
        got: usize,
    },
    /// The index is too wide.
    #[error("dense list, byte 0: expected an index of 0 to 4 bytes, got {got}")]
    IndexBytes {
        /// What the byte says.
        got: u8,
    },
    /// The amount has no byte or too many.
    #[error("dense list, byte 1: expected an amount of 1 to 12 bytes, got {got}")]
    AmountBytes {
        /// What the byte says.
        got: u8,
    },
    /// The page is not among the ones that are known.
    #[error("dense list: page {number} is not known")]
    PageUnknown {
        /// Its number.
        number: u32,
    },
    /// The payouts do not end where the bytes do.
    #[error("dense list: expected a multiple of {width} bytes of payouts, got {got}")]
    Entries {
        /// Bytes of a payout.
        width: usize,
        /// Bytes after the accounts.
        got: usize,
    },
    /// The index is beyond the accounts.
    #[error("dense list, payout {entry}: expected an index below {accounts}, got {got}")]
    Index {
        /// Position in the list.
        entry: usize,
        /// How many accounts there are.
        accounts: usize,
        /// The index.
        got: usize,
    },
    /// The payout has the zero address or no amount.
    #[error("dense list, payout {entry}: expected an account and an amount, both above zero")]
    Payout {
        /// Position in the list.
        entry: usize,
    },
}
