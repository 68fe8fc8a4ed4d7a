//! Points as `.zkey` files hold them.

use ark_bn254::{g1, g2, Fq, Fq2};
use ark_ec::short_weierstrass::Affine;
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, BigInt, PrimeField};

use crate::binfile::{limbs_at, put_limbs, ELEMENT};
use crate::points::{Packed, PackedG1, PackedG2};

/// What is wrong with the bytes of a point.
pub(crate) enum Fault {
    /// A coordinate is not below the modulus.
    NonCanonical,
    /// Not on the curve.
    OffCurve,
    /// Not in the subgroup of order r.
    OffSubgroup,
}

/// A point of G1 or G2 in affine coordinates.
// (Named by their curves: coherence does not see that the aliases `G1Affine`, `G2Affine` differ.)
pub(crate) trait Point: AffineRepr {
    /// The same, packed.
    type Packed: Packed<Affine = Self>;

    /// Bytes of a point.
    const BYTES: usize;

    /// Reads coordinates, each below the modulus; whether they are on the curve is not checked.
    fn decode_unchecked(bytes: &[u8]) -> Result<Self, Fault>;

    /// Whether the point is on its curve and in its subgroup.
    fn check_group(&self) -> Result<(), Fault>;

    /// Writes the point to `to`, which has [`Self::BYTES`] bytes.
    fn encode(&self, to: &mut [u8]);
}

/// Montgomery limbs as they are.
fn fq(bytes: &[u8]) -> Result<Fq, Fault> {
    let limbs: BigInt<4> = limbs_at(bytes);
    if limbs >= Fq::MODULUS {
        return Err(Fault::NonCanonical);
    }
    Ok(Fq::new_unchecked(limbs))
}

fn put_fq(to: &mut [u8], x: &Fq) {
    put_limbs(to, &x.0);
}

impl Point for Affine<g1::Config> {
    type Packed = PackedG1;

    const BYTES: usize = 2 * ELEMENT;

    fn decode_unchecked(bytes: &[u8]) -> Result<Self, Fault> {
        let (x, y) = bytes.split_at(ELEMENT);
        let (x, y) = (fq(x)?, fq(y)?);
        let identity = x == Fq::ZERO && y == Fq::ZERO;
        Ok(if identity { Self::identity() } else { Self::new_unchecked(x, y) })
    }

    fn check_group(&self) -> Result<(), Fault> {
        // G1 has cofactor 1: the curve is the subgroup.
        if self.is_on_curve() {
            Ok(())
        } else {
            Err(Fault::OffCurve)
        }
    }

    fn encode(&self, to: &mut [u8]) {
        match self.xy() {
            Some((x, y)) => {
                put_fq(&mut to[..ELEMENT], &x);
                put_fq(&mut to[ELEMENT..], &y);
            }
            None => to.fill(0),
        }
    }
}

impl Point for Affine<g2::Config> {
    type Packed = PackedG2;

    const BYTES: usize = 4 * ELEMENT;

    fn decode_unchecked(bytes: &[u8]) -> Result<Self, Fault> {
        let part = |i: usize| fq(&bytes[i * ELEMENT..(i + 1) * ELEMENT]);
        let (x, y) = (Fq2::new(part(0)?, part(1)?), Fq2::new(part(2)?, part(3)?));
        let identity = x == Fq2::ZERO && y == Fq2::ZERO;
        Ok(if identity { Self::identity() } else { Self::new_unchecked(x, y) })
    }

    fn check_group(&self) -> Result<(), Fault> {
        if !self.is_on_curve() {
            return Err(Fault::OffCurve);
        }
        if self.is_in_correct_subgroup_assuming_on_curve() {
            Ok(())
        } else {
            Err(Fault::OffSubgroup)
        }
    }

    fn encode(&self, to: &mut [u8]) {
        match self.xy() {
            Some((x, y)) => {
                for (to, part) in to.chunks_exact_mut(ELEMENT).zip([&x.c0, &x.c1, &y.c0, &y.c1]) {
                    put_fq(to, part);
                }
            }
            None => to.fill(0),
        }
    }
}
