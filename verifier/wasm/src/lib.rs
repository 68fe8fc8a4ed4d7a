//! The Meed verifier for WebAssembly hosts: bytes in, a number out.
//!
//! The host asks for memory with `meed_alloc`, writes one message into it, and calls a function with the
//! message's address and length. Formats are those of `meed-verifier` (EIP-197's coding, big-endian). What
//! a function returns is one of the numbers in `code.rs`. Whatever the message holds, no function traps:
//! `examples/wasm-host` runs the module and tests that.
//!
//! The crate has its own panic handler, so that it compiles at all shows that nothing below it links
//! `std`: the compiler refuses a second one.
#![no_std]

extern crate alloc;

mod code;
mod host;

use alloc::vec::Vec;
use meed_statement::words::{self, word_from_bytes, Domain, WordsError};
use meed_verifier::{
    inputs_from_bytes, verify, verify_words, Fr, PreparedVerifyingKey, Proof, VerifyError,
    VerifyingKey, INPUTS_BYTES, PROOF_BYTES, VERIFYING_KEY_BYTES,
};

/// What the pairing needs at most beside the words, bytes: the line coefficients of four points (about
/// 20 kB each), twice while they are cloned.
const WORKING_BYTES: usize = 256 * 1024;

/// `key (704) | inputs (96) | proof (256)`.
fn check_inputs(message: &[u8], development: bool) -> Result<(), u32> {
    let (key, rest) = message.split_first_chunk::<VERIFYING_KEY_BYTES>().ok_or(code::LENGTH)?;
    let (inputs, rest) = rest.split_first_chunk::<INPUTS_BYTES>().ok_or(code::LENGTH)?;
    let proof: &[u8; PROOF_BYTES] = rest.try_into().map_err(|_| code::LENGTH)?;
    reserve::<u8>(WORKING_BYTES)?;
    let key = read_key(key, development)?;
    let inputs = inputs_from_bytes(inputs).map_err(|_| code::WORD_RANGE)?;
    let proof = Proof::from_bytes(proof).map_err(|_| code::PROOF_POINT)?;
    verify(&PreparedVerifyingKey::new(&key), &inputs, &proof).map_err(code_of)
}

/// `key (704) | proof (256) | chain id (32) | contract (32) | h (32) | words (32 each)`.
fn check_words(message: &[u8], development: bool) -> Result<(), u32> {
    let (key, rest) = message.split_first_chunk::<VERIFYING_KEY_BYTES>().ok_or(code::LENGTH)?;
    let (proof, rest) = rest.split_first_chunk::<PROOF_BYTES>().ok_or(code::LENGTH)?;
    let (words, []) = rest.as_chunks::<32>() else { return Err(code::LENGTH) };
    let [chain_id, contract, h, bytes @ ..] = words else { return Err(code::LENGTH) };
    let mut words = reserve::<Fr>(bytes.len())?;
    reserve::<u8>(WORKING_BYTES)?;
    // What is cheap to refuse comes first.
    let h = word_from_bytes(h, 0).map_err(|_| code::WORD_RANGE)?;
    for (index, word) in bytes.iter().enumerate() {
        words.push(word_from_bytes(word, index).map_err(|_| code::WORD_RANGE)?);
    }
    words::check_words(&words).map_err(|error| code_of(error.into()))?;
    let proof = Proof::from_bytes(proof).map_err(|_| code::PROOF_POINT)?;
    let key = read_key(key, development)?;
    let domain = Domain::raw(*chain_id, *contract);
    let key = PreparedVerifyingKey::new(&key);
    verify_words(&key, &domain, &words, h, &proof).map(|_| ()).map_err(code_of)
}

/// `key (704)`.
fn check_key(message: &[u8], development: bool) -> Result<(), u32> {
    read_key(message, development).map(|_| ())
}

fn read_key(bytes: &[u8], development: bool) -> Result<VerifyingKey, u32> {
    let key = VerifyingKey::from_bytes(bytes).map_err(|error| match error {
        VerifyError::Length { .. } => code::LENGTH,
        VerifyError::NoSecret { .. } | VerifyError::GammaDelta => code::KEY_DEGENERATE,
        _ => code::KEY_POINT,
    })?;
    if key.is_insecure() && !development {
        return Err(code::KEY_DEVELOPMENT);
    }
    Ok(key)
}

/// Room for `len` values, or the code that says there is none. The allocations of the pairing cannot
/// fail without a trap; asking for as much beforehand, and giving it back, makes sure that they do not.
fn reserve<T>(len: usize) -> Result<Vec<T>, u32> {
    let mut room = Vec::new();
    room.try_reserve_exact(len).map_err(|_| code::MEMORY)?;
    Ok(room)
}

fn code_of(error: VerifyError) -> u32 {
    match error {
        VerifyError::Rejected => code::REJECTED,
        VerifyError::Words(error) => match error {
            WordsError::NonCanonical { .. } => code::WORD_RANGE,
            WordsError::TooFew { .. } | WordsError::Version | WordsError::Range { .. } => {
                code::WORDS_HEADER
            }
            WordsError::Count => code::WORDS_COUNT,
            WordsError::Payout { .. } => code::WORDS_PAYOUT,
            WordsError::Order { .. } => code::WORDS_ORDER,
            WordsError::Released => code::WORDS_RELEASED,
            _ => code::OTHER,
        },
        _ => code::OTHER,
    }
}
