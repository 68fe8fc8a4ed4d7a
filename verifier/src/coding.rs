//! EIP-197's coding of points, with every check that makes a point safe to pair.

use crate::error::{Element, VerifyError};
use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInt, PrimeField};

/// Bytes of a coordinate.
const COORDINATE: usize = 32;
/// Bytes of a G1 point.
pub(crate) const G1_BYTES: usize = 64;
/// Bytes of a G2 point.
pub(crate) const G2_BYTES: usize = 128;

/// Takes values off the front of a byte string whose length was checked.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    expected: usize,
    got: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the front of `bytes`, which must be `expected` long.
    pub(crate) fn new(bytes: &'a [u8], expected: usize) -> Result<Self, VerifyError> {
        if bytes.len() != expected {
            return Err(VerifyError::Length { expected, got: bytes.len() });
        }
        Ok(Self { rest: bytes, expected, got: bytes.len() })
    }

    /// The next `N` bytes as they are.
    pub(crate) fn bytes<const N: usize>(&mut self) -> Result<&'a [u8; N], VerifyError> {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(VerifyError::Length { expected: self.expected, got: self.got });
        };
        self.rest = rest;
        Ok(head)
    }

    fn fq(&mut self, element: Element) -> Result<Fq, VerifyError> {
        let head = self.bytes::<COORDINATE>()?;
        Fq::from_bigint(limbs(head)).ok_or(VerifyError::NonCanonical { element })
    }

    /// Reads a scalar below r; `error` for others.
    pub(crate) fn fr(&mut self, error: VerifyError) -> Result<Fr, VerifyError> {
        Fr::from_bigint(limbs(self.bytes::<COORDINATE>()?)).ok_or(error)
    }

    /// Reads a word that holds a small number; those that do not fit in 32 bits give `u32::MAX`.
    pub(crate) fn number(&mut self) -> Result<u32, VerifyError> {
        let [low, high @ ..] = limbs(self.bytes::<COORDINATE>()?).0;
        Ok(match high {
            [0, 0, 0] => u32::try_from(low).unwrap_or(u32::MAX),
            _ => u32::MAX,
        })
    }

    /// Reads `N` G1 points; the `i`-th is named `element(i)`.
    pub(crate) fn g1s<const N: usize>(
        &mut self,
        element: impl Fn(usize) -> Element,
    ) -> Result<[G1Affine; N], VerifyError> {
        let mut points = [G1Affine::identity(); N];
        for (index, point) in points.iter_mut().enumerate() {
            *point = self.g1(element(index))?;
        }
        Ok(points)
    }

    fn fq2(&mut self, element: Element) -> Result<Fq2, VerifyError> {
        let c1 = self.fq(element)?;
        let c0 = self.fq(element)?;
        Ok(Fq2::new(c0, c1))
    }

    /// Reads a G1 point and checks it.
    pub(crate) fn g1(&mut self, element: Element) -> Result<G1Affine, VerifyError> {
        let x = self.fq(element)?;
        let y = self.fq(element)?;
        check_g1(G1Affine::new_unchecked(x, y), element)
    }

    /// Reads a G2 point and checks it.
    pub(crate) fn g2(&mut self, element: Element) -> Result<G2Affine, VerifyError> {
        let x = self.fq2(element)?;
        let y = self.fq2(element)?;
        check_g2(G2Affine::new_unchecked(x, y), element)
    }
}

/// Writes coordinates and scalars in a row.
pub(crate) struct Writer<'a> {
    slots: core::slice::ChunksExactMut<'a, u8>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(bytes: &'a mut [u8]) -> Self {
        Self { slots: bytes.chunks_exact_mut(COORDINATE) }
    }

    fn limbs(&mut self, value: BigInt<4>) {
        // The callers' arrays have a slot for each value; the tests pin their layout.
        if let Some(slot) = self.slots.next() {
            for (chunk, limb) in slot.chunks_exact_mut(8).zip(value.0.iter().rev()) {
                chunk.copy_from_slice(&limb.to_be_bytes());
            }
        }
    }

    fn fq(&mut self, value: &Fq) {
        self.limbs(value.into_bigint());
    }

    pub(crate) fn fr(&mut self, value: &Fr) {
        self.limbs(value.into_bigint());
    }

    pub(crate) fn number(&mut self, value: u32) {
        self.limbs(BigInt::from(value));
    }

    pub(crate) fn g1(&mut self, point: &G1Affine) {
        self.fq(&point.x);
        self.fq(&point.y);
    }

    pub(crate) fn g2(&mut self, point: &G2Affine) {
        for coordinate in [&point.x, &point.y] {
            self.fq(&coordinate.c1);
            self.fq(&coordinate.c0);
        }
    }
}

fn limbs(bytes: &[u8; COORDINATE]) -> BigInt<4> {
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.chunks_exact(8)) {
        for byte in chunk {
            *limb = *limb << 8 | u64::from(*byte);
        }
    }
    BigInt(limbs)
}

/// A G1 point on the curve is in the group: its cofactor is 1.
pub(crate) fn check_g1(point: G1Affine, element: Element) -> Result<G1Affine, VerifyError> {
    if point.is_zero() {
        return Err(VerifyError::Identity { element });
    }
    if !point.is_on_curve() {
        return Err(VerifyError::NotOnCurve { element });
    }
    Ok(point)
}

/// The twist has a large cofactor; a point outside the subgroup would make the pairing, and with it
/// the soundness of single and batched checks, meaningless.
pub(crate) fn check_g2(point: G2Affine, element: Element) -> Result<G2Affine, VerifyError> {
    if point.is_zero() {
        return Err(VerifyError::Identity { element });
    }
    if !point.is_on_curve() {
        return Err(VerifyError::NotOnCurve { element });
    }
    if !point.is_in_correct_subgroup_assuming_on_curve() {
        return Err(VerifyError::NotInSubgroup { element });
    }
    Ok(point)
}
