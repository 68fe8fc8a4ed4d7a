//! One proof.

use super::key::VerifyingKey;
use super::lagrange::At;
use super::proof::Proof;
use super::transcript::Transcript;
use super::{argument, gates, shplonk};
use crate::error::VerifyError;
use crate::verify::{inputs_from_bytes, INPUTS};
use ark_bn254::{Bn254, Fr, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, Field};
use core::ops::Neg;

/// Checks a proof of the public inputs `h, alpha, y`, as [`verify`](crate::verify()) does for the
/// other system: one sum of 45 points, and one check of two pairings.
///
/// # Errors
/// [`VerifyError::Rejected`].
pub fn verify(key: &VerifyingKey, inputs: &[Fr; INPUTS], proof: &Proof) -> Result<(), VerifyError> {
    verify_named(key, &key.id(), inputs, proof)
}

/// [`verify`] with the key's id, which is of this key.
#[expect(clippy::arithmetic_side_effects, reason = "field operations are total")]
pub(crate) fn verify_named(
    key: &VerifyingKey,
    id: &[u8; 32],
    inputs: &[Fr; INPUTS],
    proof: &Proof,
) -> Result<(), VerifyError> {
    let mut transcript = Transcript::new(id);
    transcript.scalar(&key.digest);
    for input in inputs {
        transcript.scalar(input);
    }
    transcript.points(&proof.advice);
    // Compresses lookups of several columns; here there is one.
    let _theta = transcript.challenge();
    transcript.points(&proof.permuted);
    let challenges =
        argument::Challenges { beta: transcript.challenge(), gamma: transcript.challenge() };
    transcript.points(&proof.products);
    transcript.points([&proof.lookup, &proof.random]);
    let y = transcript.challenge();
    transcript.points(&proof.pieces);
    let x = transcript.challenge();
    for evaluation in proof.evaluations.each() {
        transcript.scalar(evaluation);
    }
    let (opening_y, opening_v) = (transcript.challenge(), transcript.challenge());
    let [w, w_next] = &proof.opening;
    transcript.point(w);
    let opening = shplonk::Challenges { y: opening_y, v: opening_v, u: transcript.challenge() };

    let at = At::new(key.log_rows, x, inputs).ok_or(VerifyError::Rejected)?;
    let evaluations = &proof.evaluations;
    let mut constraints = Fr::ZERO;
    let mut each = |value: Fr| constraints = constraints * y + value;
    gates::gates(evaluations, &at.instance, &mut each);
    argument::permutation(evaluations, &at, &challenges, &mut each);
    argument::lookup(evaluations, &at, &challenges, &mut each);
    let quotient = constraints * at.vanishing_inverse;

    let opened = shplonk::fold(key, proof, &at, quotient, &opening)?.into_affine();
    let loops = Bn254::multi_miller_loop([*w_next, opened], [key.tau, G2Affine::generator().neg()]);
    match Bn254::final_exponentiation(loops) {
        Some(product) if product.0 == <Bn254 as Pairing>::TargetField::ONE => Ok(()),
        _ => Err(VerifyError::Rejected),
    }
}

/// [`verify`] from the bytes of the inputs ([`INPUTS_BYTES`](crate::INPUTS_BYTES)) and of the proof.
///
/// # Errors
/// Those of [`inputs_from_bytes`], [`Proof::from_bytes`] and [`verify`].
pub fn verify_bytes(key: &VerifyingKey, inputs: &[u8], proof: &[u8]) -> Result<(), VerifyError> {
    verify(key, &inputs_from_bytes(inputs)?, &Proof::from_bytes(proof)?)
}
