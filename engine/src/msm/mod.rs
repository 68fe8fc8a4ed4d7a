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
mod memory;
mod pairs;
mod scalars;
mod stream;
#[cfg(test)]
mod tests;

use ark_bn254::{G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, VariableBaseMSM};
use ark_ff::{AdditiveGroup, BigInt};
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::error::{same_length, EngineError};
use crate::lanes::{Cpu, Stored};
use crate::level::{with_cpu, Level};
use curve::{Curve, G1, G2};
pub use fixed::{FixedBaseG1, FixedBaseG2};
use pairs::{Import, Pairs};
use scalars::{Block, BLOCK};
pub use scalars::{Number, Prepared, Scalars};
pub use stream::{msm_g1_chunks, msm_g2_chunks};

/// Points of G1 in memory.
pub trait BaseG1: Send + Sync {
    /// Montgomery limbs of `x` and `y`, lowest first; all zeros for the identity.
    fn limbs(&self) -> [[u64; 4]; 2];
}

/// Points of G2 in memory.
pub trait BaseG2: Send + Sync {
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
pub(crate) trait Source<K: Curve>: Sync {
    /// Limbs of a point; those of the identity are zeros.
    fn limbs(&self, i: usize) -> K::Point;
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
/// The same for arkworks, for each thread: it cuts a sum into one part a thread, and smaller parts take
/// more time.
const CHUNK_OF_ARK: usize = 1 << 19;

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
    sum_g1(level, &InG1(bases), scalars)
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
    sum_g2(level, &InG2(bases), scalars)
}

impl Prepared {
    /// `sum scalars[first + i] * bases[i]` in G1; as [`msm_g1`]. There is a base for each scalar from
    /// `first` on.
    ///
    /// # Errors
    /// Those of [`msm_g1`].
    pub fn msm_g1<P: BaseG1>(
        &self,
        level: Level,
        first: usize,
        bases: &[P],
    ) -> Result<G1Projective, EngineError> {
        same_length("scalars of a sum in G1", bases.len(), self.len().saturating_sub(first))?;
        self.sum_g1(level, first, &InG1(bases))
    }

    /// [`Prepared::msm_g1`] in G2.
    ///
    /// # Errors
    /// Those of [`msm_g1`].
    pub fn msm_g2<P: BaseG2>(
        &self,
        level: Level,
        first: usize,
        bases: &[P],
    ) -> Result<G2Projective, EngineError> {
        same_length("scalars of a sum in G2", bases.len(), self.len().saturating_sub(first))?;
        self.sum_g2(level, first, &InG2(bases))
    }

    #[inline(never)]
    fn sum_g1(
        &self,
        level: Level,
        first: usize,
        source: &dyn Source<G1>,
    ) -> Result<G1Projective, EngineError> {
        self.sum(level, first, source)
    }

    #[inline(never)]
    fn sum_g2(
        &self,
        level: Level,
        first: usize,
        source: &dyn Source<G2>,
    ) -> Result<G2Projective, EngineError> {
        self.sum(level, first, source)
    }

    fn sum<K: Curve>(
        &self,
        level: Level,
        first: usize,
        source: &dyn Source<K>,
    ) -> Result<K::Group, EngineError> {
        let mut total = K::Group::ZERO;
        let chunk = chunk(level) / BLOCK;
        for (k, blocks) in self.blocks.chunks(chunk).enumerate() {
            let part = Part { source, start: k * chunk * BLOCK, skipped: first };
            total += part.sum(level, blocks)?;
        }
        Ok(total)
    }
}

// Not generic, and behind `dyn`: what is generic is compiled in each crate that uses it, and the kernels take
// minutes.
#[inline(never)]
fn sum_g1(
    level: Level,
    source: &dyn Source<G1>,
    scalars: Scalars<'_>,
) -> Result<G1Projective, EngineError> {
    sum(level, source, scalars)
}

#[inline(never)]
fn sum_g2(
    level: Level,
    source: &dyn Source<G2>,
    scalars: Scalars<'_>,
) -> Result<G2Projective, EngineError> {
    sum(level, source, scalars)
}

fn sum<K: Curve>(
    level: Level,
    source: &dyn Source<K>,
    scalars: Scalars<'_>,
) -> Result<K::Group, EngineError> {
    let mut total = K::Group::ZERO;
    let chunk = chunk(level);
    for start in (0..scalars.len()).step_by(chunk) {
        let end = (start + chunk).min(scalars.len());
        let prepared = Prepared::new(scalars.slice(start..end));
        total += Part { source, start, skipped: 0 }.sum(level, &prepared.blocks)?;
    }
    Ok(total)
}

/// Points that are summed up at a time: whole blocks.
fn chunk(level: Level) -> usize {
    match level {
        Level::Ark => CHUNK.min(CHUNK_OF_ARK * rayon::current_num_threads()),
        _ => CHUNK,
    }
}

/// The points that belong to scalars from number `start` on; those of the first `skipped` scalars are
/// not there.
pub(crate) struct Part<'a, K: Curve> {
    source: &'a dyn Source<K>,
    start: usize,
    skipped: usize,
}

impl<K: Curve> Part<'_, K> {
    /// Reads the point of a scalar, if it is there; whether it is, and not the identity.
    fn read(&self, scalar: usize, to: &mut K::Point) -> Result<bool, EngineError> {
        let Some(index) = (self.start + scalar).checked_sub(self.skipped) else { return Ok(false) };
        // Looked at once: points may lie in a mapped file that somebody changes.
        *to = self.source.limbs(index);
        if K::is_canonical(to) {
            Ok(!K::is_zero(to))
        } else {
            Err(EngineError::Base { index })
        }
    }

    fn sum(&self, level: Level, scalars: &[Block]) -> Result<K::Group, EngineError> {
        match level {
            _ if !level.is_available() => Err(EngineError::Level { level }),
            Level::Ark => self.by_arkworks(scalars),
            _ => with_cpu!(level, cpu => self.by_buckets(cpu, scalars)),
        }
    }

    fn by_arkworks(&self, scalars: &[Block]) -> Result<K::Group, EngineError> {
        let mut standard = Zeroizing::new(vec![BigInt::default(); scalars.len() * BLOCK]);
        let mut points = vec![K::identity(); standard.len()];
        standard
            .par_chunks_mut(BLOCK)
            .zip(points.par_chunks_mut(BLOCK))
            .zip(scalars)
            .enumerate()
            .try_for_each(|(k, ((standard, points), block))| {
            block.standard(standard);
            for place in &block.places {
                let place = usize::from(*place);
                let mut limbs = K::Point::default();
                if self.read(k * BLOCK + place, &mut limbs)? {
                    points[place] = K::affine(&limbs);
                }
            }
            Ok(())
        })?;
        Ok(K::Group::msm_bigint(&points, &standard))
    }

    fn by_buckets<C: Cpu>(&self, cpu: C, scalars: &[Block]) -> Result<K::Group, EngineError> {
        let helpers = Helpers::<K>::new(cpu);
        let Some(pairs) = Pairs::gather(cpu, self, scalars, &helpers.points[..2])? else {
            return Ok(K::Group::ZERO);
        };
        let windows: Vec<K::Group> = (0..pairs.plan.windows)
            .into_par_iter()
            .map(|w| buckets::window(cpu, &pairs, w, &helpers))
            .collect();
        Ok(windows.into_iter().rev().fold(K::Group::ZERO, |mut total, window| {
            for _ in 0..pairs.plan.width {
                total.double_in_place();
            }
            total + window
        }))
    }
}

/// Segments of a window's buckets that are added up side by side.
const SEGMENTS: usize = 256;
/// Known points.
const KNOWN: usize = 2 + SEGMENTS;

/// Known points that make affine additions complete: two for filling up vectors, of which the first
/// stands in for sums of opposite points, and one for each segment to start its sum with, so that it
/// never meets its own double. What they add is taken away in the end.
pub(crate) struct Helpers<K: Curve> {
    /// In the form of the processor.
    pub(crate) points: Vec<K::Point>,
    /// The same.
    pub(crate) known: &'static [K::Affine],
}

impl<K: Curve> Helpers<K> {
    fn new<C: Cpu>(cpu: C) -> Self {
        let known = K::known();
        let mut points: Vec<K::Point> = known.iter().map(K::limbs).collect();
        let count = points.len();
        points.resize(count.next_multiple_of(crate::lanes::MAX_LANES), points[0]);
        cpu.run(Import::<C, K>::new(cpu, &mut points));
        points.truncate(count);
        Self { points, known }
    }

    /// What stood in for sums of opposite points, times a weight.
    fn substitutes(&self, weight: u64) -> K::Group {
        if weight == 0 {
            return K::Group::ZERO;
        }
        let point: K::Group = self.known[0].into();
        point * ark_bn254::Fr::from(weight)
    }
}
