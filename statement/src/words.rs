//! The public words of an epoch, and the three field elements that stand for them in a proof.
//!
//! This module needs neither `std` nor an allocator: a verifier embeds it.
//!
//! The words are, in this order, each one canonical element of BN254's scalar field:
//! eleven header words ([`Header`]), then one word per payout, `account * 2^93 + amount`, strictly
//! increasing by account. Whoever has the words can derive `alpha` and `y`; see [`Binding`].
//! Bytes are big-endian, 32 to a word, as in calldata.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInt, BigInteger, PrimeField};
use sha3::{Digest, Keccak256};

/// Version of the statement; the first public word.
pub const VERSION: u64 = 1;
/// Payouts in a group, in [`list_hash`] and in the claim tree: what a contract takes in one part.
pub const GROUP_WORDS: usize = 1024;
/// Words before the payouts.
pub const HEADER_WORDS: usize = 11;
/// An amount takes the low 93 bits of a payout word.
pub const AMOUNT_BITS: u32 = 93;
/// An account takes the 160 bits above the amount.
pub const ACCOUNT_BITS: u32 = 160;

/// The tag in `alpha`'s preimage: `keccak256("meed.alpha.v1")`, computed where it is used.
pub const ALPHA_TAG: &[u8] = b"meed.alpha.v1";

/// What is wrong with a list of public words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WordsError {
    /// Word `index` is not below the field's modulus.
    NonCanonical {
        /// Position in the list, header included.
        index: usize,
    },
    /// Fewer words than the header has.
    TooFew {
        /// How many there were.
        got: usize,
    },
    /// The first word is not [`VERSION`].
    Version,
    /// Header word `n` is not the number of payout words that follow.
    Count,
    /// A header word exceeds its bound (`epoch` < 2^64, totals < 2^160).
    Range {
        /// Position in the list.
        index: usize,
    },
    /// Payout word `index` has no account, no amount, or bits above the account.
    Payout {
        /// Position in the list, header included.
        index: usize,
    },
    /// Payout word `index` does not come after the one before it.
    Order {
        /// Position in the list, header included.
        index: usize,
    },
    /// The amounts do not add up to `released_total`.
    Released,
}

impl core::fmt::Display for WordsError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NonCanonical { index } => {
                write!(f, "word {index} is not below the field modulus")
            }
            Self::TooFew { got } => write!(f, "expected at least {HEADER_WORDS} words, got {got}"),
            Self::Version => write!(f, "word 0: expected statement version {VERSION}"),
            Self::Count => write!(f, "word 10 (n) is not the number of payout words that follow"),
            Self::Range { index } => write!(f, "word {index} is out of its range"),
            Self::Payout { index } => {
                write!(f, "word {index}: expected account * 2^93 + amount, both above zero")
            }
            Self::Order { index } => {
                write!(f, "word {index}: accounts are not strictly increasing")
            }
            Self::Released => write!(f, "the amounts do not add up to released_total"),
        }
    }
}

impl core::error::Error for WordsError {}

/// The header of an epoch: what is public beside the payouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Number of the epoch, from 1.
    pub epoch: u64,
    /// Hash of the policy.
    pub policy_hash: Fr,
    /// Root of the registry.
    pub registry_root: Fr,
    /// Root of the events and records.
    pub scores_root: Fr,
    /// Root of the account state that the epoch starts from.
    pub state_root_before: Fr,
    /// Root of the account state that it leaves.
    pub state_root_after: Fr,
    /// Sum of the fees, base units.
    pub fees_total: u128,
    /// Sum of the payouts, base units.
    pub released_total: u128,
    /// Sum of what waits for later epochs, credits.
    pub accrued_total_after: Fr,
    /// Number of payouts.
    pub payouts: u32,
}

impl Header {
    /// The header as words, in their fixed order.
    #[must_use]
    pub fn to_words(&self) -> [Fr; HEADER_WORDS] {
        [
            Fr::from(VERSION),
            Fr::from(self.epoch),
            self.policy_hash,
            self.registry_root,
            self.scores_root,
            self.state_root_before,
            self.state_root_after,
            Fr::from(self.fees_total),
            Fr::from(self.released_total),
            self.accrued_total_after,
            Fr::from(self.payouts),
        ]
    }

    /// Reads the header from the first words of a list.
    ///
    /// # Errors
    /// [`WordsError`] when there are too few words, or one exceeds its range.
    pub fn from_words(words: &[Fr]) -> Result<Self, WordsError> {
        let Some(
            [version, epoch, policy, registry, scores, before, after, fees, released, accrued, n],
        ) = words.get(..HEADER_WORDS)
        else {
            return Err(WordsError::TooFew { got: words.len() });
        };
        if *version != Fr::from(VERSION) {
            return Err(WordsError::Version);
        }
        let epoch = small(epoch).and_then(|v| u64::try_from(v).ok());
        let payouts = small(n).and_then(|v| u32::try_from(v).ok());
        Ok(Self {
            epoch: epoch.ok_or(WordsError::Range { index: 1 })?,
            policy_hash: *policy,
            registry_root: *registry,
            scores_root: *scores,
            state_root_before: *before,
            state_root_after: *after,
            fees_total: small(fees).ok_or(WordsError::Range { index: 7 })?,
            released_total: small(released).ok_or(WordsError::Range { index: 8 })?,
            accrued_total_after: *accrued,
            payouts: payouts.ok_or(WordsError::Range { index: 10 })?,
        })
    }
}

/// The element as an integer, if it is below 2^128.
fn small(word: &Fr) -> Option<u128> {
    let [a, b, c, d] = word.into_bigint().0;
    (c == 0 && d == 0).then(|| u128::from(a) | u128::from(b) << 64)
}

/// Packs a payout. `None` if the account or the amount is zero, or the amount is not below 2^93.
#[must_use]
pub fn pack_payout(account: &[u8; 20], amount: u128) -> Option<Fr> {
    if account == &[0; 20] || amount == 0 || amount >> AMOUNT_BITS != 0 {
        return None;
    }
    let account = Fr::from_be_bytes_mod_order(account);
    Some(account * two_to_93() + Fr::from(amount))
}

fn two_to_93() -> Fr {
    Fr::from(1u128 << AMOUNT_BITS)
}

/// Takes a payout word apart into account and amount (base units).
#[must_use]
pub fn unpack_payout(word: &Fr) -> Option<([u8; 20], u128)> {
    let v = word.into_bigint();
    if v.num_bits() > ACCOUNT_BITS + AMOUNT_BITS {
        return None;
    }
    let [a, b, _, _] = v.0;
    let amount = (u128::from(a) | u128::from(b) << 64) & ((1 << AMOUNT_BITS) - 1);
    let high = v >> AMOUNT_BITS;
    let [a, b, c, _] = high.0;
    let mut account = [0u8; 20];
    let bytes = (c as u32).to_be_bytes().into_iter().chain(b.to_be_bytes()).chain(a.to_be_bytes());
    for (to, from) in account.iter_mut().zip(bytes) {
        *to = from;
    }
    (account != [0; 20] && amount != 0).then_some((account, amount))
}

/// Reads one word: 32 bytes, big-endian, below the modulus. `index` is for the error.
///
/// # Errors
/// [`WordsError::NonCanonical`]. Without this check another payee could be paid: `w` and
/// `w + r` evaluate alike.
pub fn word_from_bytes(bytes: &[u8; 32], index: usize) -> Result<Fr, WordsError> {
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.chunks_exact(8)) {
        for byte in chunk {
            *limb = *limb << 8 | u64::from(*byte);
        }
    }
    Fr::from_bigint(BigInt(limbs)).ok_or(WordsError::NonCanonical { index })
}

/// Writes one word as 32 bytes, big-endian.
#[must_use]
pub fn word_to_bytes(word: &Fr) -> [u8; 32] {
    let limbs = word.into_bigint().0;
    let mut bytes = [0u8; 32];
    for (chunk, limb) in bytes.chunks_exact_mut(8).zip(limbs.iter().rev()) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    bytes
}

/// Checks everything about a list of words that can be seen without a proof: version, count,
/// ranges, order, and that the amounts add up to `released_total`.
///
/// # Errors
/// The first [`WordsError`] in the order of the words.
pub fn check_words(words: &[Fr]) -> Result<Header, WordsError> {
    let header = Header::from_words(words)?;
    let payouts = words.get(HEADER_WORDS..).unwrap_or_default();
    if usize::try_from(header.payouts) != Ok(payouts.len()) {
        return Err(WordsError::Count);
    }
    let mut sum = 0u128;
    let mut last = [0u8; 20];
    for (index, word) in (HEADER_WORDS..).zip(payouts) {
        let (account, amount) = unpack_payout(word).ok_or(WordsError::Payout { index })?;
        if account <= last {
            return Err(WordsError::Order { index });
        }
        last = account;
        sum = sum.checked_add(amount).ok_or(WordsError::Released)?;
    }
    if sum != header.released_total {
        return Err(WordsError::Released);
    }
    Ok(header)
}

/// Where a proof may be used: it is good for one chain and one contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Domain {
    chain_id: [u8; 32],
    contract: [u8; 32],
}

impl Domain {
    /// No chain: for bundles that are checked by `meed verify` alone.
    pub const OFF_CHAIN: Self = Self { chain_id: [0; 32], contract: [0; 32] };

    /// An EVM chain and the settlement contract on it.
    #[must_use]
    pub fn evm(chain_id: u64, contract: [u8; 20]) -> Self {
        let mut domain = Self::OFF_CHAIN;
        let id = chain_id.to_be_bytes();
        for (to, from) in domain.chain_id.iter_mut().rev().zip(id.iter().rev()) {
            *to = *from;
        }
        for (to, from) in domain.contract.iter_mut().rev().zip(contract.iter().rev()) {
            *to = *from;
        }
        domain
    }

    /// Any other host: 32 bytes for the network, 32 for the program.
    #[must_use]
    pub const fn raw(chain_id: [u8; 32], contract: [u8; 32]) -> Self {
        Self { chain_id, contract }
    }

    /// Network identifier, big-endian.
    #[must_use]
    pub const fn chain_id(&self) -> &[u8; 32] {
        &self.chain_id
    }

    /// Contract or program, left-padded with zeros.
    #[must_use]
    pub const fn contract(&self) -> &[u8; 32] {
        &self.contract
    }
}

/// The three public inputs of a proof, `h, alpha, y`, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Hash of all words, computed inside the circuit; fixes them before `alpha` exists.
    pub h: Fr,
    /// The point at which the words are compared.
    pub alpha: Fr,
    /// `sum words[i] * alpha^i`.
    pub y: Fr,
}

impl Binding {
    /// Derives the binding of `words` to `domain`, given the `h` that the prover claims.
    #[must_use]
    pub fn derive(domain: &Domain, h: Fr, words: &[Fr]) -> Self {
        let alpha = challenge(domain, &h, words);
        Self { h, alpha, y: evaluate(words, &alpha) }
    }

    /// The inputs in the order in which every backend takes them.
    #[must_use]
    pub const fn to_inputs(&self) -> [Fr; 3] {
        [self.h, self.alpha, self.y]
    }
}

/// Hash of the whole list: a chain over the header and the payouts in groups of [`GROUP_WORDS`], of
/// which only the last may be shorter. `H = keccak256(header)`, then `H = keccak256(H | group)` for
/// each group. So a contract can take a long list in parts and need not see it twice.
#[must_use]
pub fn list_hash(words: &[Fr]) -> [u8; 32] {
    let (header, payouts) = words.split_at(HEADER_WORDS.min(words.len()));
    let absorb = |mut hasher: Keccak256, words: &[Fr]| -> [u8; 32] {
        for word in words {
            hasher.update(word_to_bytes(word));
        }
        hasher.finalize().into()
    };
    payouts.chunks(GROUP_WORDS).fold(absorb(Keccak256::new(), header), |hash, group| {
        absorb(Keccak256::new().chain_update(hash), group)
    })
}

/// `alpha = keccak256(keccak256(tag) | chain id | contract | h | list hash) mod r`,
/// each part 32 bytes, as Solidity's `abi.encode` lays them out.
#[must_use]
pub fn challenge(domain: &Domain, h: &Fr, words: &[Fr]) -> Fr {
    let digest = Keccak256::new()
        .chain_update(Keccak256::digest(ALPHA_TAG))
        .chain_update(domain.chain_id)
        .chain_update(domain.contract)
        .chain_update(word_to_bytes(h))
        .chain_update(list_hash(words))
        .finalize();
    Fr::from_be_bytes_mod_order(&digest)
}

/// `sum words[i] * alpha^i`.
#[must_use]
pub fn evaluate(words: &[Fr], alpha: &Fr) -> Fr {
    words.iter().rev().fold(Fr::ZERO, |acc, word| acc * alpha + word)
}
