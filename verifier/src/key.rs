//! Verifying keys, plain and prepared.

use crate::coding::{check_g1, check_g2, Reader, Writer, G1_BYTES, G2_BYTES};
use crate::error::{Element, VerifyError};
use crate::halo2;
use crate::insecure;
use crate::system::System;
use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::pairing::{Pairing, PairingOutput};
use ark_ec::AffineRepr;
use ark_ff::PrimeField;
use core::ops::Neg;
use sha3::{Digest, Keccak256};

/// Points `IC_0..IC_3`: one for the constant 1, one for each public input.
pub(crate) const IC_POINTS: usize = 4;

/// Bytes of a verifying key.
pub const VERIFYING_KEY_BYTES: usize = G1_BYTES + 3 * G2_BYTES + IC_POINTS * G1_BYTES;

/// First part of the preimage of [`VerifyingKey::id`].
const ID_TAG: &[u8] = b"meed.vk.v1";

type G2Prepared = <Bn254 as Pairing>::G2Prepared;

/// A Groth16 verifying key for three public inputs, checked:
///
/// - every point is on its curve, in its subgroup, and not the identity (an identity `IC_j` would
///   leave the input `x_j` free, an identity `delta` or `gamma` would drop a term of the equation);
/// - `gamma != +-delta`. Otherwise `(alpha, beta, -+(IC_0 + sum x_j IC_j))` is a proof of anything;
///   a ceremony's second phase that nobody took part in leaves such a key;
/// - `alpha`, `beta` and `delta` are not the generators or their negatives, which is what a
///   ceremony without any contribution leaves. (`gamma` is the generator in keys by snarkjs.)
///
/// That its secrets were destroyed, and that it belongs to the right circuit, no check of the points
/// can tell: compare [`VerifyingKey::id`] with a published one, and see
/// [`VerifyingKey::is_insecure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    alpha: G1Affine,
    beta: G2Affine,
    gamma: G2Affine,
    delta: G2Affine,
    ic: [G1Affine; IC_POINTS],
}

impl VerifyingKey {
    /// Checks the points of a key. `ic` is in the order of the constant 1, `h`, `alpha`, `y`.
    ///
    /// # Errors
    /// [`VerifyError::Identity`], [`VerifyError::NotOnCurve`], [`VerifyError::NotInSubgroup`],
    /// [`VerifyError::NoSecret`], [`VerifyError::GammaDelta`].
    pub fn from_points(
        alpha: G1Affine,
        beta: G2Affine,
        gamma: G2Affine,
        delta: G2Affine,
        ic: [G1Affine; IC_POINTS],
    ) -> Result<Self, VerifyError> {
        let [ic0, ic1, ic2, ic3] = ic;
        Self {
            alpha: check_g1(alpha, Element::Alpha)?,
            beta: check_g2(beta, Element::Beta)?,
            gamma: check_g2(gamma, Element::Gamma)?,
            delta: check_g2(delta, Element::Delta)?,
            ic: [
                check_g1(ic0, Element::Ic0)?,
                check_g1(ic1, Element::Ic1)?,
                check_g1(ic2, Element::Ic2)?,
                check_g1(ic3, Element::Ic3)?,
            ],
        }
        .check_relations()
    }

    /// Decodes [`VERIFYING_KEY_BYTES`] bytes: `alpha, beta, gamma, delta, IC_0, IC_1, IC_2, IC_3`.
    ///
    /// # Errors
    /// [`VerifyError::System`] for a halo2 key, [`VerifyError::Length`],
    /// [`VerifyError::NonCanonical`], and those of [`VerifyingKey::from_points`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VerifyError> {
        if bytes.starts_with(&halo2::KEY_MAGIC) {
            return Err(VerifyError::System { expected: System::Groth16, got: System::Halo2 });
        }
        let mut reader = Reader::new(bytes, VERIFYING_KEY_BYTES)?;
        Self {
            alpha: reader.g1(Element::Alpha)?,
            beta: reader.g2(Element::Beta)?,
            gamma: reader.g2(Element::Gamma)?,
            delta: reader.g2(Element::Delta)?,
            ic: [
                reader.g1(Element::Ic0)?,
                reader.g1(Element::Ic1)?,
                reader.g1(Element::Ic2)?,
                reader.g1(Element::Ic3)?,
            ],
        }
        .check_relations()
    }

    /// What goes beyond single points.
    fn check_relations(self) -> Result<Self, VerifyError> {
        let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
        if self.alpha == g1 || self.alpha == g1.neg() {
            return Err(VerifyError::NoSecret { element: Element::Alpha });
        }
        if self.beta == g2 || self.beta == g2.neg() {
            return Err(VerifyError::NoSecret { element: Element::Beta });
        }
        if self.gamma == self.delta || self.gamma == self.delta.neg() {
            return Err(VerifyError::GammaDelta);
        }
        if self.delta == g2 || self.delta == g2.neg() {
            return Err(VerifyError::NoSecret { element: Element::Delta });
        }
        Ok(self)
    }

    /// Encodes the key as [`VerifyingKey::from_bytes`] reads it.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; VERIFYING_KEY_BYTES] {
        let mut bytes = [0; VERIFYING_KEY_BYTES];
        let mut writer = Writer::new(&mut bytes);
        writer.g1(&self.alpha);
        writer.g2(&self.beta);
        writer.g2(&self.gamma);
        writer.g2(&self.delta);
        for point in &self.ic {
            writer.g1(point);
        }
        bytes
    }

    /// The key's name: `keccak256("meed.vk.v1" | to_bytes())`, 10 + 704 bytes hashed.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        Keccak256::new().chain_update(ID_TAG).chain_update(self.to_bytes()).finalize().into()
    }

    /// Whether the local development set-up made this key, so that anybody can forge proofs under it.
    ///
    /// Read from the point `alpha`, which [`insecure_alpha`](crate::insecure_alpha) fixes, not from
    /// metadata. `false` does not mean that a key is safe.
    #[must_use]
    pub fn is_insecure(&self) -> bool {
        insecure::is_insecure(&self.alpha)
    }

    /// `alpha`.
    pub const fn alpha(&self) -> &G1Affine {
        &self.alpha
    }

    /// `beta`.
    pub const fn beta(&self) -> &G2Affine {
        &self.beta
    }

    /// `gamma`.
    pub const fn gamma(&self) -> &G2Affine {
        &self.gamma
    }

    /// `delta`.
    pub const fn delta(&self) -> &G2Affine {
        &self.delta
    }

    /// `IC_0..IC_3`: for the constant 1, `h`, `alpha`, `y`.
    pub const fn ic(&self) -> &[G1Affine; IC_POINTS] {
        &self.ic
    }
}

/// A verifying key with what does not depend on the proof computed once: `e(alpha, beta)` and the
/// line coefficients of `-gamma` and `-delta` (about 40 kB on the heap).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedVerifyingKey {
    key: VerifyingKey,
    id: [u8; 32],
    pub(crate) alpha_beta: PairingOutput<Bn254>,
    pub(crate) neg_gamma: G2Prepared,
    pub(crate) neg_delta: G2Prepared,
}

impl PreparedVerifyingKey {
    /// Prepares a key: one pairing.
    #[must_use]
    pub fn new(key: &VerifyingKey) -> Self {
        Self {
            key: *key,
            id: key.id(),
            alpha_beta: Bn254::pairing(key.alpha, key.beta),
            neg_gamma: key.gamma.neg().into(),
            neg_delta: key.delta.neg().into(),
        }
    }

    /// The key that was prepared.
    #[must_use]
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// [`VerifyingKey::id`], computed once.
    #[must_use]
    pub const fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// [`VerifyingKey::is_insecure`].
    #[must_use]
    pub fn is_insecure(&self) -> bool {
        self.key.is_insecure()
    }

    /// `one IC_0 + sum inputs[j] IC_(j+1)`.
    pub(crate) fn combine_ic(&self, one: &Fr, inputs: &[Fr; IC_POINTS - 1]) -> G1Projective {
        let scalars = core::iter::once(one).chain(inputs);
        self.key.ic.iter().zip(scalars).map(|(p, s)| p.mul_bigint(s.into_bigint())).sum()
    }
}

impl From<&VerifyingKey> for PreparedVerifyingKey {
    fn from(key: &VerifyingKey) -> Self {
        Self::new(key)
    }
}
