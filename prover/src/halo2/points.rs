//! Points and scalars in the two libraries that meet here, by their Montgomery limbs: both files and both
//! libraries have them so.

use ark_bn254::{G1Affine as ArkG1, G2Affine as ArkG2};
use halo2_proofs::halo2curves::bn256::{Fr, G1Affine, G2Affine};
use halo2_proofs::halo2curves::serde::SerdeObject;
use rayon::prelude::*;

use crate::zkey::points::Point;

/// Bytes of a scalar.
pub(crate) const SCALAR: usize = 32;
/// Bytes of a point of G1.
pub(crate) const G1: usize = 64;
/// Bytes of a point of G2.
pub(crate) const G2: usize = 128;

/// A thing of a fixed number of bytes: 32 for each number, little-endian, in Montgomery form (times `2^256`).
pub(crate) trait Raw: SerdeObject + Copy + Send + Sync {
    /// Bytes of one.
    const BYTES: usize;
    /// What it should be, for errors.
    const EXPECTED: &'static str;
}

impl Raw for Fr {
    const BYTES: usize = SCALAR;
    const EXPECTED: &'static str = "a scalar below the modulus";
}

impl Raw for G1Affine {
    const BYTES: usize = G1;
    const EXPECTED: &'static str = "a point of G1, its coordinates below the modulus";
}

impl Raw for G2Affine {
    const BYTES: usize = G2;
    const EXPECTED: &'static str = "a point of the curve of G2, its coordinates below the modulus";
}

pub(crate) fn g1_to_halo2(point: &ArkG1) -> G1Affine {
    let mut bytes = [0; G1];
    point.encode(&mut bytes);
    G1Affine::from_raw_bytes(&bytes).expect("one curve in both libraries")
}

pub(crate) fn g1_to_ark(point: &G1Affine) -> ArkG1 {
    let bytes = point.to_raw_bytes();
    ArkG1::decode_unchecked(&bytes).ok().expect("one curve in both libraries")
}

pub(crate) fn g2_to_halo2(point: &ArkG2) -> G2Affine {
    let mut bytes = [0; G2];
    point.encode(&mut bytes);
    G2Affine::from_raw_bytes(&bytes).expect("one curve in both libraries")
}

pub(crate) fn g2_to_ark(point: &G2Affine) -> ArkG2 {
    let bytes = point.to_raw_bytes();
    ArkG2::decode_unchecked(&bytes).ok().expect("one curve in both libraries")
}

pub(crate) fn all_to_halo2(points: &[ArkG1]) -> Vec<G1Affine> {
    points.par_iter().map(g1_to_halo2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::{AffineRepr, CurveGroup};
    use halo2_proofs::halo2curves::group::{prime::PrimeCurveAffine, Curve};
    use meed_halo2::field::to_halo2;

    #[test]
    fn points_cross_unchanged() {
        for k in [1u64, 2, 3, 1 << 40, u64::MAX] {
            let k = ark_bn254::Fr::from(k);
            let (ark1, ark2) =
                ((ArkG1::generator() * k).into_affine(), (ArkG2::generator() * k).into_affine());
            let k = to_halo2(&k);
            let ours = (G1Affine::generator() * k).to_affine();
            assert_eq!((g1_to_halo2(&ark1), g1_to_ark(&ours)), (ours, ark1));
            let ours = (G2Affine::generator() * k).to_affine();
            assert_eq!((g2_to_halo2(&ark2), g2_to_ark(&ours)), (ours, ark2));
        }
        assert_eq!(g1_to_halo2(&ArkG1::identity()), G1Affine::identity());
        assert_eq!(g1_to_ark(&G1Affine::identity()), ArkG1::identity());
    }
}
