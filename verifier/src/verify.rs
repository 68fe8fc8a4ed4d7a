//! One proof.

use crate::error::VerifyError;
use crate::key::PreparedVerifyingKey;
use crate::proof::Proof;
use ark_bn254::{Bn254, Fr};
use ark_ec::pairing::Pairing;
use ark_ec::CurveGroup;
use ark_ff::AdditiveGroup;
use meed_statement::words::{check_words, word_from_bytes, word_to_bytes, Binding, Domain, Header};

/// Public inputs of a proof: `h, alpha, y`.
pub const INPUTS: usize = 3;
/// Bytes of the public inputs.
pub const INPUTS_BYTES: usize = INPUTS * INPUT;
const INPUT: usize = 32;

/// Decodes public inputs: `h, alpha, y`, each 32 bytes, big-endian, below r.
///
/// # Errors
/// [`VerifyError::Length`]; [`VerifyError::Input`] for the first that is not below r. Without this
/// check `x` and `x + r` would be two names of one statement.
pub fn inputs_from_bytes(bytes: &[u8]) -> Result<[Fr; INPUTS], VerifyError> {
    if bytes.len() != INPUTS_BYTES {
        return Err(VerifyError::Length { expected: INPUTS_BYTES, got: bytes.len() });
    }
    let mut inputs = [Fr::ZERO; INPUTS];
    let (chunks, _) = bytes.as_chunks::<INPUT>();
    for (index, (input, chunk)) in inputs.iter_mut().zip(chunks).enumerate() {
        *input = word_from_bytes(chunk, index).map_err(|_| VerifyError::Input { index })?;
    }
    Ok(inputs)
}

/// Encodes public inputs as [`inputs_from_bytes`] reads them.
#[must_use]
pub fn inputs_to_bytes(inputs: &[Fr; INPUTS]) -> [u8; INPUTS_BYTES] {
    let mut bytes = [0; INPUTS_BYTES];
    for (chunk, input) in bytes.chunks_exact_mut(INPUT).zip(inputs) {
        chunk.copy_from_slice(&word_to_bytes(input));
    }
    bytes
}

/// Checks a proof of the public inputs `h, alpha, y` (see [`Binding::to_inputs`]).
///
/// Whoever takes the inputs from elsewhere must derive `alpha` and `y` from the words and the domain
/// himself, or the proof says nothing about them: [`verify_words`] does.
///
/// # Errors
/// [`VerifyError::Rejected`] when the pairing equation does not hold.
pub fn verify(
    key: &PreparedVerifyingKey,
    inputs: &[Fr; INPUTS],
    proof: &Proof,
) -> Result<(), VerifyError> {
    use ark_ff::Field;
    let statement = key.combine_ic(&Fr::ONE, inputs).into_affine();
    let loops = Bn254::multi_miller_loop(
        [*proof.a(), statement, *proof.c()],
        [(*proof.b()).into(), key.neg_gamma.clone(), key.neg_delta.clone()],
    );
    match Bn254::final_exponentiation(loops) {
        Some(product) if product == key.alpha_beta => Ok(()),
        _ => Err(VerifyError::Rejected),
    }
}

/// [`verify`] from the bytes of the inputs ([`INPUTS_BYTES`]) and of the proof.
///
/// # Errors
/// Those of [`inputs_from_bytes`], [`Proof::from_bytes`] and [`verify`].
pub fn verify_bytes(
    key: &PreparedVerifyingKey,
    inputs: &[u8],
    proof: &[u8],
) -> Result<(), VerifyError> {
    verify(key, &inputs_from_bytes(inputs)?, &Proof::from_bytes(proof)?)
}

/// Checks that `proof` proves the epoch whose public words are `words`, for use in `domain`.
///
/// The words' own rules come first ([`check_words`]), then `alpha` and `y` are derived from them
/// and from the `h` that came with the proof, then the proof is checked. `h` needs no trust: the
/// circuit computes it from its words.
///
/// # Errors
/// [`VerifyError::Words`]; [`VerifyError::Rejected`] also when the proof is one for other words,
/// another `h` or another domain.
pub fn verify_words(
    key: &PreparedVerifyingKey,
    domain: &Domain,
    words: &[Fr],
    h: Fr,
    proof: &Proof,
) -> Result<Header, VerifyError> {
    let header = check_words(words)?;
    verify(key, &Binding::derive(domain, h, words).to_inputs(), proof)?;
    Ok(header)
}
