//! Multi-scalar multiplications: `sum s_i P_i`.
//!
//! Pippenger's bucket method: scalars fall into signed digits, a digit says into which bucket of its
//! window the point goes, and windows are sums of buckets times their numbers. Points are sorted by
//! bucket; a bucket is added up as a tree, so that all additions of a level are independent and share
//! inversions. Bernstein, Doumen, Lange and Oosterwijk, *Faster batch forgery
//! identification* (INDOCRYPT 2012), section 4, describes the method; affine buckets are folklore.

pub(crate) mod batch;
mod buckets;
pub(crate) mod curve;
mod fixed;
mod scalars;
#[cfg(test)]
mod tests;

use ark_bn254::{G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup, PrimeGroup, VariableBaseMSM};
use ark_ff::AdditiveGroup;
use rayon::prelude::*;

use crate::error::{same_length, EngineError};
use crate::lanes::{Cpu, Stored};
use crate::level::{with_cpu, Level};
use curve::{Curve, G1, G2};
pub use fixed::{FixedBaseG1, FixedBaseG2};
pub use scalars::Scalars;
use scalars::{lengths, Plan, Prepared};

/// Points of G1 in memory.
pub trait BaseG1: Copy + Send + Sync {
    /// Montgomery limbs of `x` and `y`, lowest first; all zeros for the identity.
    fn limbs(&self) -> [[u64; 4]; 2];
}

/// Points of G2 in memory.
pub trait BaseG2: Copy + Send + Sync {
    /// Montgomery limbs of both parts of `x`, the real one first, then of `y`; all zeros for the
    /// identity.
    fn limbs(&self) -> [[u64; 4]; 4];
}

impl BaseG1 for G1Affine {
    #[inline(always)]
    fn limbs(&self) -> [Stored; 2] {
        if self.is_zero() {
            Default::default()
        } else {
            G1::limbs(self)
        }
    }
}

impl BaseG2 for G2Affine {
    #[inline(always)]
    fn limbs(&self) -> [Stored; 4] {
        if self.is_zero() {
            Default::default()
        } else {
            G2::limbs(self)
        }
    }
}

/// Where points come from.
///
/// Behind `dyn`: the kernels are compiled once, here, whatever the points' type is.
pub(crate) trait Source<K: Curve>: Sync {
    /// Limbs of a point; those of the identity are zeros.
    fn limbs(&self, i: usize) -> K::Point;

    fn is_identity(&self, i: usize) -> bool {
        self.limbs(i) == K::Point::default()
    }
}

/// Points of G1 and G2 as [`Source`]: types of their own, for coherence.
struct InG1<'a, P>(&'a [P]);
struct InG2<'a, P>(&'a [P]);

impl<P: BaseG1> Source<G1> for InG1<'_, P> {
    fn limbs(&self, i: usize) -> [Stored; 2] {
        self.0[i].limbs()
    }
}

impl<P: BaseG2> Source<G2> for InG2<'_, P> {
    fn limbs(&self, i: usize) -> [Stored; 4] {
        self.0[i].limbs()
    }
}

/// Points that are summed up at a time: bounds the memory, which is about 100 bytes a point in G1.
const CHUNK: usize = 1 << 21;

/// `sum scalars[i] * bases[i]` in G1.
///
/// Points must be on the curve; this is not checked, and others give a wrong sum. Scalars may be any
/// numbers, they count modulo the order. Works in the current rayon pool. Working memory is about 100
/// bytes a point, for at most `2^21` points at a time.
///
/// # Errors
/// [`EngineError::Length`] when the lengths differ, [`EngineError::Level`] when the processor lacks
/// the level's instructions, [`EngineError::Base`] when a coordinate is not below the modulus.
pub fn msm_g1<P: BaseG1>(
    level: Level,
    bases: &[P],
    scalars: Scalars<'_>,
) -> Result<G1Projective, EngineError> {
    same_length("scalars of a sum in G1", bases.len(), scalars.len())?;
    sum::<G1>(level, &InG1(bases), scalars)
}

/// `sum scalars[i] * bases[i]` in G2; as [`msm_g1`], with about 170 bytes a point.
///
/// # Errors
/// Those of [`msm_g1`].
pub fn msm_g2<P: BaseG2>(
    level: Level,
    bases: &[P],
    scalars: Scalars<'_>,
) -> Result<G2Projective, EngineError> {
    same_length("scalars of a sum in G2", bases.len(), scalars.len())?;
    sum::<G2>(level, &InG2(bases), scalars)
}

fn sum<K: Curve>(
    level: Level,
    bases: &dyn Source<K>,
    scalars: Scalars<'_>,
) -> Result<K::Group, EngineError> {
    if !level.is_available() {
        return Err(EngineError::Level { level });
    }
    let mut total = K::Group::ZERO;
    for start in (0..scalars.len()).step_by(CHUNK) {
        let end = (start + CHUNK).min(scalars.len());
        let part = Part { source: bases, start };
        let scalars = scalars.slice(start..end);
        total += if level == Level::Ark {
            by_arkworks::<K>(&part, scalars)?
        } else {
            with_cpu!(level, cpu => by_buckets::<K, _>(cpu, &part, scalars))?
        };
    }
    Ok(total)
}

/// Points from one on.
pub(crate) struct Part<'a, K: Curve> {
    source: &'a dyn Source<K>,
    start: usize,
}

impl<K: Curve> Part<'_, K> {
    fn limbs(&self, i: usize) -> K::Point {
        self.source.limbs(self.start + i)
    }

    fn is_identity(&self, i: usize) -> bool {
        self.source.is_identity(self.start + i)
    }
}

fn by_arkworks<K: Curve>(
    bases: &Part<'_, K>,
    scalars: Scalars<'_>,
) -> Result<K::Group, EngineError> {
    let point = |i: usize| {
        let limbs = bases.limbs(i);
        if limbs == K::Point::default() {
            Ok(K::identity())
        } else if K::is_canonical(&limbs) {
            Ok(K::affine(&limbs))
        } else {
            Err(EngineError::Base { index: bases.start + i })
        }
    };
    let points: Vec<K::Affine> =
        (0..scalars.len()).into_par_iter().map(point).collect::<Result<_, _>>()?;
    Ok(K::Group::msm_bigint(&points, &scalars.to_standard()))
}

fn by_buckets<K: Curve, C: Cpu>(
    cpu: C,
    bases: &Part<'_, K>,
    scalars: Scalars<'_>,
) -> Result<K::Group, EngineError> {
    let lengths = lengths(scalars);
    if lengths.iter().all(|n| *n == 0) {
        return Ok(K::Group::ZERO);
    }
    let helpers = Helpers::<K>::new(cpu);
    let plan = Plan::cheapest(&lengths);
    let prepared = Prepared::new(cpu, plan, bases, scalars, &helpers.points[..2])?;
    let windows: Vec<K::Group> = (0..plan.windows)
        .into_par_iter()
        .map(|w| buckets::window(cpu, &prepared, w, &helpers))
        .collect();
    Ok(windows.into_iter().rev().fold(K::Group::ZERO, |mut total, window| {
        for _ in 0..plan.width {
            total.double_in_place();
        }
        total + window
    }))
}

/// Segments of a window's buckets that are added up side by side.
const SEGMENTS: usize = 256;

/// Known points that make affine additions complete: two for filling up vectors, of which the first
/// stands in for sums of opposite points, and one for each segment to start its sum with, so that it
/// never meets its own double. What they add is taken away in the end.
pub(crate) struct Helpers<K: Curve> {
    /// In the form of the processor.
    pub(crate) points: Vec<K::Point>,
    /// The same.
    pub(crate) known: Vec<K::Affine>,
}

impl<K: Curve> Helpers<K> {
    fn new<C: Cpu>(cpu: C) -> Self {
        // Multiples far from the small ones that set-ups of tests are made of.
        let start = K::Group::generator() * ark_bn254::Fr::from(0x6d65_6564_2d65_6e67_u64);
        let step = start.double() + K::Group::generator();
        let sums: Vec<K::Group> = std::iter::successors(Some(start), |sum| Some(*sum + step))
            .take(2 + SEGMENTS)
            .collect();
        let known = K::Group::normalize_batch(&sums);
        let mut points: Vec<K::Point> = known.iter().map(K::limbs).collect();
        let count = points.len();
        points.resize(count.next_multiple_of(crate::lanes::MAX_LANES), points[0]);
        cpu.run(scalars::Import::<C, K>::new(cpu, &mut points));
        points.truncate(count);
        Self { points, known }
    }

    /// What stood in for sums of opposite points, times a weight.
    fn substitutes(&self, weight: u64) -> K::Group {
        let point: K::Group = self.known[0].into();
        point * ark_bn254::Fr::from(weight)
    }
}
