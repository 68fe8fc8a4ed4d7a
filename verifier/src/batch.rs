//! Many proofs under one key.

use crate::error::VerifyError;
use crate::key::PreparedVerifyingKey;
use crate::proof::Proof;
use crate::verify::{inputs_to_bytes, verify, INPUTS};
use ark_bn254::{Bn254, Fr, G1Affine, G1Projective};
use ark_ec::pairing::{MillerLoopOutput, Pairing};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, Field, PrimeField};
use sha3::{Digest, Keccak256};

/// First part of the preimage of a batch's coefficients.
const TAG: &[u8] = b"meed.batch.v1";

/// Pairs in one Miller loop: bounds the memory of a batch (about 20 kB a pair), whatever its size.
const CHUNK: usize = 32;

/// Checks that every proof proves its public inputs, in one final exponentiation.
///
/// With coefficients `t_i` it checks
/// `prod e(t_i A_i, B_i) = e(alpha, beta)^(sum t_i) * e(sum t_i L_i, gamma) * e(sum t_i C_i, delta)`,
/// where `L_i = IC_0 + sum_j x_ij IC_j`: n + 2 Miller loops and one power in the target group.
///
/// # Soundness
/// All points are in groups of prime order r, so the defect `d_i` of item `i` (left side over right
/// side of its own equation) is in the group of order r, and the batch is accepted exactly when
/// `prod d_i^(t_i) = 1`. If some `d_j` is not 1, then whatever the other coefficients are, one residue
/// `t_j` mod r at most satisfies that; `t_j` takes 128-bit values, so that chance is at most
/// `2^-127` (one value stands for both 0 and 1). The coefficients are
/// `t_i = keccak256(keccak256(tag | key id | n | all inputs and proofs) | i)`, 16 bytes of it, so
/// they exist only after every item is fixed: errors cannot be made to cancel, and each attempt at
/// luck costs a hash of the whole batch.
///
/// # Errors
/// [`VerifyError::Rejected`] when at least one proof is bad, without saying which: see
/// [`find_rejected`]. [`VerifyError::EmptyBatch`] for no items: "all of nothing" is true, but a caller
/// that lost its list should not read it as a success.
pub fn verify_batch(
    key: &PreparedVerifyingKey,
    items: &[([Fr; INPUTS], Proof)],
) -> Result<(), VerifyError> {
    if items.is_empty() {
        return Err(VerifyError::EmptyBatch);
    }
    let seed = seed(key, items);
    let mut sums = Sums::default();
    let mut product = <Bn254 as Pairing>::TargetField::ONE;
    let mut indices = 0u64..;
    for chunk in items.chunks(CHUNK) {
        let mut left = [G1Affine::identity(); CHUNK];
        for ((slot, (inputs, proof)), index) in left.iter_mut().zip(chunk).zip(&mut indices) {
            *slot = sums.add(coefficient(&seed, index), inputs, proof);
        }
        let left = left.into_iter().take(chunk.len());
        let right = chunk.iter().map(|(_, proof)| *proof.b());
        multiply(&mut product, Bn254::multi_miller_loop(left, right));
    }
    let statement = key.combine_ic(&sums.one, &sums.inputs).into_affine();
    multiply(
        &mut product,
        Bn254::multi_miller_loop(
            [statement, sums.c.into_affine()],
            [key.neg_gamma.clone(), key.neg_delta.clone()],
        ),
    );
    sums.accept(key, MillerLoopOutput(product))
}

/// The first item that does not verify by itself, by its position; `None` when all do.
///
/// One [`verify`] for each item: for after [`verify_batch`] failed.
#[must_use]
pub fn find_rejected(key: &PreparedVerifyingKey, items: &[([Fr; INPUTS], Proof)]) -> Option<usize> {
    items.iter().position(|(inputs, proof)| verify(key, inputs, proof).is_err())
}

/// What the items share, weighted by their coefficients.
struct Sums {
    one: Fr,
    inputs: [Fr; INPUTS],
    c: G1Projective,
}

impl Default for Sums {
    fn default() -> Self {
        Self { one: Fr::ZERO, inputs: [Fr::ZERO; INPUTS], c: G1Projective::ZERO }
    }
}

#[expect(clippy::arithmetic_side_effects, reason = "field and group operations are total")]
impl Sums {
    /// Adds an item; returns its `t A`.
    fn add(&mut self, t: u128, inputs: &[Fr; INPUTS], proof: &Proof) -> G1Affine {
        let scalar = Fr::from(t);
        self.one += scalar;
        for (sum, input) in self.inputs.iter_mut().zip(inputs) {
            *sum += scalar * input;
        }
        let limbs = scalar.into_bigint();
        self.c += proof.c().mul_bigint(limbs);
        proof.a().mul_bigint(limbs).into_affine()
    }

    fn accept(
        &self,
        key: &PreparedVerifyingKey,
        product: MillerLoopOutput<Bn254>,
    ) -> Result<(), VerifyError> {
        match Bn254::final_exponentiation(product) {
            Some(product) if product == key.alpha_beta * self.one => Ok(()),
            _ => Err(VerifyError::Rejected),
        }
    }
}

#[expect(clippy::arithmetic_side_effects, reason = "field operations are total")]
fn multiply(product: &mut <Bn254 as Pairing>::TargetField, factor: MillerLoopOutput<Bn254>) {
    *product *= factor.0;
}

fn seed(key: &PreparedVerifyingKey, items: &[([Fr; INPUTS], Proof)]) -> [u8; 32] {
    let mut hash = Keccak256::new().chain_update(TAG).chain_update(key.id());
    // The length is implied by the fixed size of items; hashing it costs nothing.
    hash.update(u64::try_from(items.len()).unwrap_or(u64::MAX).to_be_bytes());
    for (inputs, proof) in items {
        hash.update(inputs_to_bytes(inputs));
        hash.update(proof.to_bytes());
    }
    hash.finalize().into()
}

/// 128 bits, not zero: a zero would leave the item unchecked.
fn coefficient(seed: &[u8; 32], index: u64) -> u128 {
    let digest: [u8; 32] =
        Keccak256::new().chain_update(seed).chain_update(index.to_be_bytes()).finalize().into();
    let high = digest.first_chunk::<16>().map_or(1, |bytes| u128::from_be_bytes(*bytes));
    high.max(1)
}
