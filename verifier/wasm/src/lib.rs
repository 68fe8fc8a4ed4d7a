//! The Meed verifier for WebAssembly hosts: bytes in, a number out.
//!
//! The host asks for memory with [`meed_alloc`], writes one message into it, and calls a function with
//! the message's address and length. Formats are those of `meed-verifier` (EIP-197's coding,
//! big-endian). Results: 0 accepted, 1 wrong length, 2 bad key, 3 bad public inputs or words, 4 bad
//! proof, 5 rejected.
//!
//! The crate has its own panic handler, so that it compiles at all shows that nothing below it links
//! `std`: the compiler refuses a second one.
#![no_std]

extern crate alloc;

mod host;

use alloc::vec::Vec;
use meed_statement::words::{word_from_bytes, Domain};
use meed_verifier::{
    inputs_from_bytes, verify, verify_words, PreparedVerifyingKey, Proof, VerifyingKey,
    INPUTS_BYTES, PROOF_BYTES, VERIFYING_KEY_BYTES,
};

const LENGTH: u32 = 1;
const KEY: u32 = 2;
const WORDS: u32 = 3;
const PROOF: u32 = 4;
const REJECTED: u32 = 5;

/// `key (704) | inputs (96) | proof (256)`.
fn check_inputs(message: &[u8]) -> Result<(), u32> {
    let (key, rest) = message.split_first_chunk::<VERIFYING_KEY_BYTES>().ok_or(LENGTH)?;
    let (inputs, rest) = rest.split_first_chunk::<INPUTS_BYTES>().ok_or(LENGTH)?;
    let proof: &[u8; PROOF_BYTES] = rest.try_into().map_err(|_| LENGTH)?;
    let key = VerifyingKey::from_bytes(key).map_err(|_| KEY)?;
    let inputs = inputs_from_bytes(inputs).map_err(|_| WORDS)?;
    let proof = Proof::from_bytes(proof).map_err(|_| PROOF)?;
    verify(&PreparedVerifyingKey::new(&key), &inputs, &proof).map_err(|_| REJECTED)
}

/// `key (704) | proof (256) | chain id (32) | contract (32) | h (32) | words (32 each)`.
fn check_words(message: &[u8]) -> Result<(), u32> {
    let (key, rest) = message.split_first_chunk::<VERIFYING_KEY_BYTES>().ok_or(LENGTH)?;
    let (proof, rest) = rest.split_first_chunk::<PROOF_BYTES>().ok_or(LENGTH)?;
    let (words, []) = rest.as_chunks::<32>() else { return Err(LENGTH) };
    let [chain_id, contract, h, words @ ..] = words else { return Err(LENGTH) };
    let key = VerifyingKey::from_bytes(key).map_err(|_| KEY)?;
    let proof = Proof::from_bytes(proof).map_err(|_| PROOF)?;
    let h = word_from_bytes(h, 0).map_err(|_| WORDS)?;
    let words = words.iter().enumerate().map(|(index, word)| word_from_bytes(word, index));
    let words = words.collect::<Result<Vec<_>, _>>().map_err(|_| WORDS)?;
    let domain = Domain::raw(*chain_id, *contract);
    match verify_words(&PreparedVerifyingKey::new(&key), &domain, &words, h, &proof) {
        Ok(_) => Ok(()),
        Err(meed_verifier::VerifyError::Words(_)) => Err(WORDS),
        Err(_) => Err(REJECTED),
    }
}

/// `key (704)`: 0 when the key is not a development key, 5 when it is.
fn check_key(message: &[u8]) -> Result<(), u32> {
    let key = VerifyingKey::from_bytes(message).map_err(|_| KEY)?;
    if key.is_insecure() {
        return Err(REJECTED);
    }
    Ok(())
}
