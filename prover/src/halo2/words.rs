//! Scalars and points as verifiers and contracts have them: words of 32 bytes, big-endian.

use std::io;

use halo2_proofs::halo2curves::bn256::{Fq, Fr, G1Affine};
use halo2_proofs::halo2curves::ff::PrimeField;
use halo2_proofs::halo2curves::group::prime::PrimeCurveAffine;
use halo2_proofs::halo2curves::CurveAffine;

/// Bytes of a scalar, and of a coordinate.
pub(crate) const WORD: usize = 32;
/// Bytes of a point of G1.
pub(crate) const POINT: usize = 2 * WORD;

fn word<F: PrimeField<Repr: Into<[u8; WORD]>>>(element: &F) -> [u8; WORD] {
    let mut bytes: [u8; WORD] = element.to_repr().into();
    bytes.reverse();
    bytes
}

pub(crate) fn scalar_bytes(scalar: &Fr) -> [u8; WORD] {
    word(scalar)
}

/// `x` and `y`. Fails for the identity, which has no coordinates.
pub(crate) fn point_bytes(point: &G1Affine) -> io::Result<[u8; POINT]> {
    if bool::from(point.is_identity()) {
        return Err(invalid("a point: expected one with coordinates, got the identity"));
    }
    let mut bytes = [0; POINT];
    for (to, from) in bytes.chunks_exact_mut(WORD).zip([&point.x, &point.y]) {
        to.copy_from_slice(&word(from));
    }
    Ok(bytes)
}

fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.into())
}

/// Reads words, one after the other; errors name the byte.
pub(crate) struct Words<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Words<'a> {
    /// Reads from `at` on.
    pub(crate) const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// Bytes that were not read.
    pub(crate) const fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    fn next(&mut self, what: &str) -> io::Result<[u8; WORD]> {
        let at = self.at;
        let Some(word) = self.bytes.get(at..).and_then(|rest| rest.first_chunk::<WORD>()) else {
            let left = self.left();
            return Err(invalid(format!("byte {at}: expected {WORD} bytes of {what}, got {left}")));
        };
        self.at += WORD;
        Ok(*word)
    }

    fn element<F: PrimeField<Repr: From<[u8; WORD]>>>(&mut self, what: &str) -> io::Result<F> {
        let at = self.at;
        let mut bytes = self.next(what)?;
        bytes.reverse();
        Option::from(F::from_repr(bytes.into()))
            .ok_or_else(|| invalid(format!("byte {at}: expected {what} below the modulus")))
    }

    pub(crate) fn scalar(&mut self) -> io::Result<Fr> {
        self.element("a scalar")
    }

    /// A point of G1, not the identity.
    pub(crate) fn point(&mut self) -> io::Result<G1Affine> {
        let at = self.at;
        let (x, y) = (self.element::<Fq>("a coordinate")?, self.element("a coordinate")?);
        let point: Option<G1Affine> = G1Affine::from_xy(x, y).into();
        let point = point.filter(|point| !bool::from(point.is_identity()));
        point.ok_or_else(|| {
            invalid(format!("byte {at}: expected a point on the curve, not the identity"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{BigInteger, PrimeField as _};

    #[test]
    fn what_is_not_canonical_is_refused() {
        let refused = |bytes: &[u8], expected: &str| {
            let error = Words::new(bytes, 0).point().unwrap_err().to_string();
            assert!(error.contains(expected), "expected {expected:?}, got {error:?}");
        };
        let generator = point_bytes(&G1Affine::generator()).unwrap();
        assert_eq!(Words::new(&generator, 0).point().unwrap(), G1Affine::generator());
        refused(&[0; 64], "byte 0: expected a point on the curve, not the identity");
        refused(&[0xff; 64], "byte 0: expected a coordinate below the modulus");
        refused(&generator[..63], "byte 32: expected 32 bytes of a coordinate, got 31");
        let mut off = generator;
        off[63] ^= 1;
        refused(&off, "byte 0: expected a point on the curve");
        let modulus = ark_bn254::Fr::MODULUS.to_bytes_be();
        let error = Words::new(&modulus, 0).scalar().unwrap_err().to_string();
        assert!(error.contains("a scalar below the modulus"), "{error}");
        point_bytes(&G1Affine::identity()).unwrap_err();
    }
}
