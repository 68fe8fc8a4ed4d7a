//! The halo2 circuit's proof: 24 points and the evaluations.

use super::evaluations::{Evaluations, EVALUATIONS};
use super::{ADVICE, PIECES, PRODUCTS};
use crate::coding::{Reader, G1_BYTES};
use crate::error::{Element, VerifyError};
use crate::system::{self, System};
use ark_bn254::G1Affine;

/// First bytes of a proof's encoding. A Groth16 proof begins with a byte below `0x31`.
pub const PROOF_MAGIC: [u8; 8] = *b"\xffmeedh2p";

/// Points of a proof.
const POINTS: usize = ADVICE + 2 + PRODUCTS + 1 + 1 + PIECES + 2;

const SCALAR: usize = 32;

/// Bytes of a proof.
pub const PROOF_BYTES: usize = PROOF_MAGIC.len() + POINTS * G1_BYTES + EVALUATIONS * SCALAR;

/// A proof: points on the curve, none the identity, and canonical scalars.
///
/// The identity is refused as in the other system: an honest prover's commitments are blinded (the
/// pieces of the quotient and the opening are not, and are still as good as random), and every
/// reader, the contract's precompiles among them, sees the same set of points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub(crate) advice: [G1Affine; ADVICE],
    pub(crate) permuted: [G1Affine; 2],
    pub(crate) products: [G1Affine; PRODUCTS],
    pub(crate) lookup: G1Affine,
    pub(crate) random: G1Affine,
    pub(crate) pieces: [G1Affine; PIECES],
    pub(crate) evaluations: Evaluations,
    pub(crate) opening: [G1Affine; 2],
}

impl Proof {
    /// Decodes [`PROOF_BYTES`] bytes: [`PROOF_MAGIC`], then what the prover said, in order. A point
    /// is `x | y`, a scalar one word, each word 32 bytes, big-endian:
    /// 12 advice columns, the lookup's permuted input and table, 2 products of the permutation, the
    /// lookup's product, the random polynomial, 4 pieces of the quotient; the evaluations; 2 points
    /// of the opening.
    ///
    /// # Errors
    /// [`VerifyError::System`] for a Groth16 proof, [`VerifyError::Length`],
    /// [`VerifyError::Magic`], [`VerifyError::NonCanonical`], [`VerifyError::Identity`],
    /// [`VerifyError::NotOnCurve`], [`VerifyError::Evaluation`], for what is wrong first.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VerifyError> {
        if !bytes.starts_with(&PROOF_MAGIC) && bytes.len() == crate::PROOF_BYTES {
            return Err(VerifyError::System { expected: System::Halo2, got: System::Groth16 });
        }
        let mut reader = Reader::new(bytes, PROOF_BYTES)?;
        system::magic(&mut reader, &PROOF_MAGIC)?;
        Ok(Self {
            advice: reader.g1s(Element::Advice)?,
            permuted: reader.g1s(Element::Permuted)?,
            products: reader.g1s(Element::Product)?,
            lookup: reader.g1(Element::LookupProduct)?,
            random: reader.g1(Element::Random)?,
            pieces: reader.g1s(Element::Quotient)?,
            evaluations: read_evaluations(&mut reader)?,
            opening: reader.g1s(Element::Opening)?,
        })
    }

    /// Encodes the proof as [`Proof::from_bytes`] reads it.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; PROOF_BYTES] {
        let mut bytes = [0; PROOF_BYTES];
        let mut writer = system::envelope(&mut bytes, &PROOF_MAGIC);
        let committed = self.advice.iter().chain(&self.permuted).chain(&self.products);
        for point in committed.chain([&self.lookup, &self.random]).chain(&self.pieces) {
            writer.g1(point);
        }
        for evaluation in self.evaluations.each() {
            writer.fr(evaluation);
        }
        for point in &self.opening {
            writer.g1(point);
        }
        bytes
    }
}

fn read_evaluations(reader: &mut Reader<'_>) -> Result<Evaluations, VerifyError> {
    let mut evaluations = Evaluations::ZERO;
    for (index, slot) in evaluations.each_mut().enumerate() {
        *slot = reader.fr(VerifyError::Evaluation { index })?;
    }
    Ok(evaluations)
}
