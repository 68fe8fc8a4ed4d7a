//! Points in the bytes of key files: what a proving key holds and an [`Engine`](crate::Engine) takes.
//!
//! A key's points are most of its file, and are used where they lie: [`PointVec`] is a vector of
//! them or a stretch of a mapped file, and no byte of either is moved before a sum reads it.

use std::fmt;

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use meed_engine::msm::{BaseG1, BaseG2};
use rayon::prelude::*;

use crate::zkey::points::Point;

pub use crate::map::{as_bytes, PointVec};

mod sealed {
    pub trait Sealed {}
}

/// A point in affine coordinates as snarkjs's `.zkey` files hold it: coordinates in Montgomery form
/// (times `2^256`), limbs little-endian, `x` before `y`, in G2 the real part before the imaginary
/// one; the identity is all zeros.
///
/// Every pattern of bytes is a value of the type. That the coordinates are below the modulus and
/// the point on its curve is known of the points of a key that was computed, checked or pinned by a
/// digest; nothing in the type says it.
///
/// Sealed: implemented by [`PackedG1`] and [`PackedG2`], which are arrays of bytes and nothing else,
/// so that bytes are points and points bytes, at any address.
pub trait Packed: Copy + Eq + fmt::Debug + Send + Sync + sealed::Sealed + 'static {
    /// The point for calculations.
    type Affine: AffineRepr;

    /// The identity.
    const IDENTITY: Self;

    /// Packs a point.
    fn pack(point: &Self::Affine) -> Self;

    /// The point for calculations, or nothing if a coordinate is not below the modulus. Whether it
    /// is on the curve is not looked at.
    fn to_affine(&self) -> Option<Self::Affine>;

    /// Whether it is the identity.
    fn is_identity(&self) -> bool {
        *self == Self::IDENTITY
    }
}

/// Unpacks as many points as there is room for, in the current rayon pool; fails with the index of
/// one that has a coordinate not below the modulus.
pub(crate) fn unpack<P: Packed>(points: &[P], to: &mut [P::Affine]) -> Result<(), usize> {
    to.par_iter_mut().zip(points).enumerate().with_min_len(1 << 10).try_for_each(
        |(index, (to, point))| {
            *to = point.to_affine().ok_or(index)?;
            Ok(())
        },
    )
}

macro_rules! packed {
    ($(#[$doc:meta])* $name:ident, $affine:ty, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(transparent)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// A point from its bytes, whatever they are.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl sealed::Sealed for $name {}

        impl Packed for $name {
            type Affine = $affine;

            const IDENTITY: Self = Self([0; $bytes]);

            fn pack(point: &$affine) -> Self {
                let mut bytes = [0; $bytes];
                point.encode(&mut bytes);
                Self(bytes)
            }

            fn to_affine(&self) -> Option<$affine> {
                Point::decode_unchecked(&self.0).ok()
            }
        }

        impl From<$affine> for $name {
            fn from(point: $affine) -> Self {
                Self::pack(&point)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), hex::encode(self.0))
            }
        }
    };
}

packed! {
    /// A point of G1.
    PackedG1, G1Affine, 64
}
packed! {
    /// A point of G2.
    PackedG2, G2Affine, 128
}

/// Limbs as they lie, whatever they are.
fn limbs<const N: usize>(bytes: &[u8]) -> [[u64; 4]; N] {
    let mut out = [[0; 4]; N];
    for (limb, bytes) in out.as_flattened_mut().iter_mut().zip(bytes.chunks_exact(8)) {
        *limb = u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    }
    out
}

/// The reverse of [`limbs`].
fn bytes<const N: usize, const BYTES: usize>(limbs: &[[u64; 4]; N]) -> [u8; BYTES] {
    let mut out = [0; BYTES];
    for (bytes, limb) in out.chunks_exact_mut(8).zip(limbs.as_flattened()) {
        bytes.copy_from_slice(&limb.to_le_bytes());
    }
    out
}

impl BaseG1 for PackedG1 {
    fn limbs(&self) -> [[u64; 4]; 2] {
        limbs(&self.0)
    }
}

impl BaseG2 for PackedG2 {
    fn limbs(&self) -> [[u64; 4]; 4] {
        limbs(&self.0)
    }
}

impl PackedG1 {
    /// A point from the limbs that the engine gives.
    pub(crate) fn from_limbs(limbs: &[[u64; 4]; 2]) -> Self {
        Self(bytes(limbs))
    }
}

impl PackedG2 {
    /// A point from the limbs that the engine gives.
    pub(crate) fn from_limbs(limbs: &[[u64; 4]; 4]) -> Self {
        Self(bytes(limbs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::{Fq, Fr};
    use ark_ec::CurveGroup;
    use ark_ff::{AdditiveGroup, Field, PrimeField};

    fn there_and_back<P: Packed>()
    where
        P::Affine: AffineRepr<ScalarField = Fr>,
    {
        for k in [Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::from(5u64).pow([77])] {
            let point = (P::Affine::generator() * k).into_affine();
            let packed = P::pack(&point);
            assert_eq!(packed.to_affine(), Some(point));
            assert_eq!(packed.is_identity(), k == Fr::ZERO);
        }
        assert_eq!(P::IDENTITY.to_affine(), Some(P::Affine::zero()));
    }

    #[test]
    fn points_are_packed_and_unpacked() {
        there_and_back::<PackedG1>();
        there_and_back::<PackedG2>();
    }

    #[test]
    fn bytes_are_montgomery_limbs_in_the_order_of_the_files() {
        let g = G2Affine::generator();
        let limbs = [g.x.c0, g.x.c1, g.y.c0, g.y.c1].map(|c| c.0 .0.map(u64::to_le_bytes));
        assert_eq!(PackedG2::from(g).as_bytes()[..], limbs.concat().concat());
        let one = Fq::ONE.0 .0.map(u64::to_le_bytes).concat();
        assert_eq!(PackedG1::from(G1Affine::generator()).as_bytes()[..32], one);
    }

    #[test]
    fn coordinates_not_below_the_modulus_are_no_point() {
        let modulus = Fq::MODULUS.0.map(u64::to_le_bytes).concat();
        for at in [0, 32] {
            let mut bytes = *PackedG1::from(G1Affine::generator()).as_bytes();
            bytes[at..at + 32].copy_from_slice(&modulus);
            assert_eq!(PackedG1::from_bytes(bytes).to_affine(), None);
        }
        for at in [0, 32, 64, 96] {
            let mut bytes = [0; 128];
            bytes[at..at + 32].copy_from_slice(&modulus);
            let packed = PackedG2::from_bytes(bytes);
            assert_eq!(packed.to_affine(), None);
            assert!(!packed.is_identity());
        }
    }
}
