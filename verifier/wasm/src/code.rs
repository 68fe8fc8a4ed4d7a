//! What the functions return. Only 0 is an acceptance; the tens tell which part is wrong.
//!
//! A file of its own, so that a host can include it.
#![allow(unreachable_pub, reason = "public where a host includes it")]

/// The proof is good for the words, the domain and the key.
pub const ACCEPTED: u32 = 0;
/// The message is cut short, too long, or ends within a word.
pub const LENGTH: u32 = 1;
/// The address is null, or the message reaches beyond the module's memory.
pub const ADDRESS: u32 = 2;
/// There is not enough memory for as many words.
pub const MEMORY: u32 = 3;
/// A point of the key is not canonical, not on its curve, not in its subgroup, or the identity.
pub const KEY_POINT: u32 = 10;
/// The key has no secret, or `gamma = +-delta`: anybody can forge proofs under it.
pub const KEY_DEGENERATE: u32 = 11;
/// The key is one of the local set-up's, and the caller did not ask for those.
pub const KEY_DEVELOPMENT: u32 = 12;
/// The version, the number of rows or the circuit's digest in a halo2 key is out of bounds.
pub const KEY_HEAD: u32 = 13;
/// A word, `h` or a public input is not below the modulus: `w + r` in place of `w`.
pub const WORD_RANGE: u32 = 20;
/// The header is too short, of another version, or has a number beyond its bound.
pub const WORDS_HEADER: u32 = 21;
/// The header announces another number of payouts than there are.
pub const WORDS_COUNT: u32 = 22;
/// A payout has no account or no amount, or bits above the account.
pub const WORDS_PAYOUT: u32 = 23;
/// The accounts are not strictly increasing.
pub const WORDS_ORDER: u32 = 24;
/// The amounts do not add up to the header's total.
pub const WORDS_RELEASED: u32 = 25;
/// A point of the proof is not canonical, not on its curve, not in its subgroup, or the identity; or a number
/// of it is not below the modulus.
pub const PROOF_POINT: u32 = 30;
/// The proof is of another proof system than the key.
pub const SYSTEM: u32 = 31;
/// Everything is well formed, and the proof is not one of these words for this domain under this key.
pub const REJECTED: u32 = 40;
/// A refusal that this module has no number for.
pub const OTHER: u32 = 99;
