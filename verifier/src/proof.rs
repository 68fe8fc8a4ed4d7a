//! The proof: three points.

use crate::coding::{check_g1, check_g2, Reader, Writer, G1_BYTES, G2_BYTES};
use crate::error::{Element, VerifyError};
use crate::halo2;
use crate::system::System;
use ark_bn254::{G1Affine, G2Affine};

/// Bytes of a proof.
pub const PROOF_BYTES: usize = G1_BYTES + G2_BYTES + G1_BYTES;

/// A Groth16 proof `(A, B, C)`: points on their curves, in their subgroups, none the identity.
///
/// The identity is refused although no forgery by it is known (Groth16's soundness covers every
/// group element). It costs nothing: an honest prover's A and B are uniform, and C follows from them,
/// so that one is the identity with probability under `2^-251`, and to aim for it is to solve a
/// discrete logarithm. It gains that an all-zero buffer is named for what it is, and that the
/// acceptance of a proof does not hang on how a pairing library treats its special case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    a: G1Affine,
    b: G2Affine,
    c: G1Affine,
}

impl Proof {
    /// Checks three points and takes them as a proof.
    ///
    /// # Errors
    /// [`VerifyError::Identity`], [`VerifyError::NotOnCurve`], [`VerifyError::NotInSubgroup`].
    pub fn from_points(a: G1Affine, b: G2Affine, c: G1Affine) -> Result<Self, VerifyError> {
        Ok(Self {
            a: check_g1(a, Element::A)?,
            b: check_g2(b, Element::B)?,
            c: check_g1(c, Element::C)?,
        })
    }

    /// Decodes [`PROOF_BYTES`] bytes: `A.x A.y B.x.c1 B.x.c0 B.y.c1 B.y.c0 C.x C.y`, each 32 bytes,
    /// big-endian (EIP-197's coding).
    ///
    /// # Errors
    /// [`VerifyError::System`] for a halo2 proof, [`VerifyError::Length`],
    /// [`VerifyError::NonCanonical`], and those of [`Proof::from_points`], for the first point that is
    /// wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VerifyError> {
        if bytes.starts_with(&halo2::PROOF_MAGIC) {
            return Err(VerifyError::System { expected: System::Groth16, got: System::Halo2 });
        }
        let mut reader = Reader::new(bytes, PROOF_BYTES)?;
        Ok(Self { a: reader.g1(Element::A)?, b: reader.g2(Element::B)?, c: reader.g1(Element::C)? })
    }

    /// Encodes the proof as [`Proof::from_bytes`] reads it.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; PROOF_BYTES] {
        let mut bytes = [0; PROOF_BYTES];
        let mut writer = Writer::new(&mut bytes);
        writer.g1(&self.a);
        writer.g2(&self.b);
        writer.g1(&self.c);
        bytes
    }

    /// `A`.
    pub const fn a(&self) -> &G1Affine {
        &self.a
    }

    /// `B`.
    pub const fn b(&self) -> &G2Affine {
        &self.b
    }

    /// `C`.
    pub const fn c(&self) -> &G1Affine {
        &self.c
    }
}
