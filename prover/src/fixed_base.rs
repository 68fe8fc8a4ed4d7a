//! Many multiples of one point, packed for a key.

use ark_bn254::{Fr, G1Affine, G2Affine};
use meed_engine::msm::{FixedBaseG1, FixedBaseG2};
use meed_engine::{EngineError, Level};

use crate::points::{Packed, PackedG1, PackedG2};

/// Scalars whose multiples are there in limbs, too.
const CHUNK: usize = 1 << 16;

/// Multiples of a point of G1.
pub(crate) struct TableG1(FixedBaseG1);

/// Multiples of a point of G2.
pub(crate) struct TableG2(FixedBaseG2);

impl TableG1 {
    /// A table for about `scalars` products, on the fastest level.
    pub(crate) fn new(base: G1Affine, scalars: usize) -> Result<Self, EngineError> {
        FixedBaseG1::new(Level::best(), base, scalars).map(Self)
    }

    /// Each scalar times the point, not packed.
    pub(crate) fn multiply_affine(&self, scalars: &[Fr]) -> Vec<G1Affine> {
        let point = |limbs| PackedG1::from_limbs(limbs).to_affine().expect("made of coordinates");
        self.0.multiply(scalars).iter().map(point).collect()
    }

    /// Each scalar times the point.
    pub(crate) fn multiply(&self, scalars: &[Fr]) -> Vec<PackedG1> {
        let mut out = Vec::with_capacity(scalars.len());
        for chunk in scalars.chunks(CHUNK) {
            out.extend(self.0.multiply(chunk).iter().map(PackedG1::from_limbs));
        }
        out
    }
}

impl TableG2 {
    /// A table for about `scalars` products, on the fastest level.
    pub(crate) fn new(base: G2Affine, scalars: usize) -> Result<Self, EngineError> {
        FixedBaseG2::new(Level::best(), base, scalars).map(Self)
    }

    /// Each scalar times the point.
    pub(crate) fn multiply(&self, scalars: &[Fr]) -> Vec<PackedG2> {
        let mut out = Vec::with_capacity(scalars.len());
        for chunk in scalars.chunks(CHUNK) {
            out.extend(self.0.multiply(chunk).iter().map(PackedG2::from_limbs));
        }
        out
    }
}
