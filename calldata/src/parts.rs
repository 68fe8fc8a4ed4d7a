//! A list that does not fit a transaction: parts of whole groups, and what `settleDraft` needs at the end.

use ark_bn254::Fr;
use meed_statement::types::Payout;
use meed_statement::words::{
    challenge, check_words, list_hash, pack_payout, unpack_payout, word_to_bytes, Domain,
    WordsError, GROUP_WORDS, HEADER_WORDS,
};
use sha3::{Digest, Keccak256};

use crate::dense::{self, DenseError, Page};

/// 32 bytes: a word, or a hash.
pub type Word = [u8; 32];

/// Bytes of a transaction that nodes pass on.
const TRANSACTION: usize = 128 * 1024;
/// Bytes of it that are not the list: selector and arguments (at most 800, for `settle` and its header),
/// signature, fees, and their coding.
const OVERHEAD: usize = 2048;
/// Payouts in a part, at most: at 600 gas for each and 150 for its bytes, with what long memory costs
/// on top, below the 2^24 gas of a transaction (EIP-7825).
const PAYOUTS: usize = 16 * GROUP_WORDS;

/// How large a part may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the list in one transaction.
    pub bytes: usize,
    /// Payouts in one transaction.
    pub payouts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: TRANSACTION - OVERHEAD, payouts: PAYOUTS }
    }
}

/// One call of `addPart` or `addPartDense`; the whole list, for `settle` or `settleDense`, if there is one
/// part only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<T> {
    /// Index of the first payout, a multiple of 1,024.
    pub from: usize,
    /// How many payouts there are: whole groups, but for the last part.
    pub payouts: usize,
    /// The payouts, encoded.
    pub data: T,
}

/// Why a list cannot be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartError {
    /// A group alone is larger than a part may be.
    #[error("payouts {from} to {}: expected a part of at most {} bytes and {} payouts, got {bytes} bytes and {payouts} payouts", .from + .payouts - 1, .limits.bytes, .limits.payouts)]
    Limit {
        /// Index of the group's first payout.
        from: usize,
        /// How many payouts it has.
        payouts: usize,
        /// Bytes of its encoding.
        bytes: usize,
        /// What was allowed.
        limits: Limits,
    },
    /// The payouts cannot be encoded. Positions count from the list's first payout.
    #[error(transparent)]
    Dense(#[from] DenseError),
}

/// Cuts a list into parts of words, 32 bytes each.
///
/// # Errors
/// [`PartError::Limit`]; [`PartError::Dense`] when an amount is out of range.
pub fn words(payouts: &[Payout], limits: &Limits) -> Result<Vec<Part<Vec<Word>>>, PartError> {
    let encode = |part: &[Payout]| {
        let word = |(index, payout): (usize, &Payout)| {
            let word = pack_payout(payout.account.bytes(), payout.amount);
            word.map(|word| word_to_bytes(&word)).ok_or(DenseError::Amount { index })
        };
        part.iter().enumerate().map(word).collect::<Result<Vec<Word>, _>>()
    };
    cut(payouts, limits, encode, |words| words.len() * 32)
}

/// Cuts a list into parts in the [dense encoding](mod@crate::dense), given the contract's pages.
///
/// # Errors
/// [`PartError`].
pub fn dense(
    payouts: &[Payout],
    pages: &[Page],
    limits: &Limits,
) -> Result<Vec<Part<Vec<u8>>>, PartError> {
    cut(payouts, limits, |part| dense::encode(part, pages), Vec::len)
}

/// Each part takes as many groups as fit. A list without payouts has one part, too: a draft needs one.
fn cut<T>(
    payouts: &[Payout],
    limits: &Limits,
    encode: impl Fn(&[Payout]) -> Result<T, DenseError>,
    size: impl Fn(&T) -> usize,
) -> Result<Vec<Part<T>>, PartError> {
    let mut parts = Vec::new();
    let mut from = 0;
    while from < payouts.len() || parts.is_empty() {
        let rest = &payouts[from..];
        let mut part = None;
        for end in (GROUP_WORDS..).step_by(GROUP_WORDS) {
            let n = end.min(rest.len());
            let data = encode(&rest[..n]).map_err(|error| match error {
                DenseError::Amount { index } => DenseError::Amount { index: from + index },
                other => other,
            })?;
            let bytes = size(&data);
            if bytes > limits.bytes || n > limits.payouts {
                if part.is_none() {
                    return Err(PartError::Limit { from, payouts: n, bytes, limits: *limits });
                }
                break;
            }
            part = Some(Part { from, payouts: n, data });
            if n == rest.len() {
                break;
            }
        }
        let part = part.expect("one group fits, or it was an error");
        from += part.payouts;
        parts.push(part);
    }
    Ok(parts)
}

/// What the calls of a draft have in common, and what `settleDraft` needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The point that the whole list gives, in this domain.
    pub alpha: Fr,
    /// The eleven header words.
    pub header: [Word; HEADER_WORDS],
    /// keccak256 of the header: where the chain of hashes starts.
    pub header_hash: Word,
    /// Where the chain ends.
    pub list_hash: Word,
    /// The roots of the groups' claim trees, in order.
    pub roots: Vec<Word>,
}

impl Draft {
    /// Computes a draft from an epoch's public words and their hash `h`.
    ///
    /// # Errors
    /// [`WordsError`]: what is wrong with the words.
    pub fn new(domain: &Domain, h: &Fr, words: &[Fr]) -> Result<Self, WordsError> {
        let header = check_words(words)?.to_words();
        let payouts = words.get(HEADER_WORDS..).unwrap_or_default();
        Ok(Self {
            alpha: challenge(domain, h, words),
            header: header.map(|word| word_to_bytes(&word)),
            header_hash: list_hash(&header),
            list_hash: list_hash(words),
            roots: group_roots(payouts)?,
        })
    }
}

/// The roots of the groups' claim trees, from the payout words.
fn group_roots(payouts: &[Fr]) -> Result<Vec<Word>, WordsError> {
    let mut leaves = Vec::with_capacity(payouts.len());
    for (index, word) in payouts.iter().enumerate() {
        let bad = WordsError::Payout { index: HEADER_WORDS + index };
        let (account, amount) = unpack_payout(word).ok_or(bad)?;
        leaves.push(leaf(index, &account, amount));
    }
    Ok(leaves.chunks(GROUP_WORDS).map(|group| fold(group.to_vec())).collect())
}

/// `keccak256(keccak256(abi.encode(index, account, amount)))`.
fn leaf(index: usize, account: &[u8; 20], amount: u128) -> Word {
    let mut words = [0; 96];
    words[24..32].copy_from_slice(&(index as u64).to_be_bytes());
    words[44..64].copy_from_slice(account);
    words[80..96].copy_from_slice(&amount.to_be_bytes());
    Keccak256::digest(Keccak256::digest(words)).into()
}

/// The root over at least one node, as the contract folds them: nodes are paired from the front, and of an
/// odd number the last goes to the front of the next level.
fn fold(mut nodes: Vec<Word>) -> Word {
    while nodes.len() > 1 {
        let odd = if nodes.len().is_multiple_of(2) { None } else { nodes.pop() };
        let pairs = nodes.chunks_exact(2).map(|pair| {
            let (low, high) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
            Keccak256::new().chain_update(low).chain_update(high).finalize().into()
        });
        nodes = odd.into_iter().chain(pairs).collect();
    }
    nodes[0]
}
