//! A real proof: an epoch of shape XS, settled and proved by `meed`. `make-fixture.sh` made it.

/// Verifying key of shape XS from the local set-up: a development key. 704 bytes.
pub const KEY: &[u8] = include_bytes!("../fixture/key.bin");
/// The proof, 256 bytes.
pub const PROOF: &[u8] = include_bytes!("../fixture/proof.bin");
/// Chain id and contract, 32 bytes each.
pub const DOMAIN: &[u8] = include_bytes!("../fixture/domain.bin");
/// `h`, 32 bytes.
pub const H: &[u8] = include_bytes!("../fixture/h.bin");
/// The public words, 32 bytes each: eleven of the header, then the payouts.
pub const WORDS: &[u8] = include_bytes!("../fixture/words.bin");

/// The message for [`crate::Export::VerifyWords`].
#[must_use]
pub fn message() -> Vec<u8> {
    [KEY, PROOF, DOMAIN, H, WORDS].concat()
}
