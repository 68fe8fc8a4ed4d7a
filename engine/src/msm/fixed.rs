//! Many multiples of one point: what a set-up consists of.
//!
//! A table has the multiples `k 2^(w c) P` for every window `w` and `1 <= k <= 2^(c-1)`. A scalar's digits
//! name one point of each window, and the sums of a slice of scalars go window by window, together,
//! so that they share inversions.

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, PrimeField, Zero};
use rayon::prelude::*;

use super::batch::Ref;
use super::buckets::{add_each, multiples, Export, Work};
use super::curve::{Curve, G1, G2};
use super::pairs::Import;
use super::scalars::{Plan, BITS};
use super::Helpers;
use crate::error::EngineError;
use crate::lanes::{Cpu, MAX_LANES};
use crate::level::{with_cpu, Level};

/// Scalars that share inversions.
const SLICE: usize = 1 << 11;

/// Multiples of one point of G1.
pub struct FixedBaseG1(Table<G1>);

/// Multiples of one point of G2.
pub struct FixedBaseG2(Table<G2>);

/// Multiples of one point, in the form of one level.
struct Table<K: Curve> {
    level: Level,
    plan: Plan,
    /// The helpers' first two, then window by window. None for the identity, whose multiples are itself.
    points: Vec<K::Point>,
}

/// The helpers at the beginning.
const PREFIX: usize = 2;
/// Most bytes of a table.
const LARGEST: usize = 20 << 20;

impl FixedBaseG1 {
    /// A table for about `scalars` products. It holds up to 18 MB.
    ///
    /// # Errors
    /// [`EngineError::Level`] when the processor lacks the level's instructions.
    pub fn new(level: Level, base: G1Affine, scalars: usize) -> Result<Self, EngineError> {
        Table::new(level, base, scalars).map(Self)
    }

    /// Each scalar times the point, as Montgomery limbs of `x` and `y`: zeros for the identity.
    #[must_use]
    pub fn multiply(&self, scalars: &[Fr]) -> Vec<[[u64; 4]; 2]> {
        self.0.multiply(scalars)
    }
}

impl FixedBaseG2 {
    /// A table for about `scalars` products. It holds up to 20 MB.
    ///
    /// # Errors
    /// [`EngineError::Level`] when the processor lacks the level's instructions.
    pub fn new(level: Level, base: G2Affine, scalars: usize) -> Result<Self, EngineError> {
        Table::new(level, base, scalars).map(Self)
    }

    /// Each scalar times the point, as Montgomery limbs of the parts of `x` and of `y`, the real ones
    /// first: zeros for the identity.
    #[must_use]
    pub fn multiply(&self, scalars: &[Fr]) -> Vec<[[u64; 4]; 4]> {
        self.0.multiply(scalars)
    }
}

impl<K: Curve> Table<K> {
    fn new(level: Level, base: K::Affine, scalars: usize) -> Result<Self, EngineError> {
        if !level.is_available() {
            return Err(EngineError::Level { level });
        }
        let plan = Self::plan(scalars as u64);
        let mut start: K::Group = base.into();
        if start.is_zero() {
            return Ok(Self { level, plan, points: Vec::new() });
        }
        let mut starts = Vec::with_capacity(plan.windows);
        for _ in 0..plan.windows {
            starts.push(start);
            for _ in 0..plan.width {
                start.double_in_place();
            }
        }
        let starts = K::Group::normalize_batch(&starts);
        let points = with_cpu!(level, cpu => Self::points(cpu, &starts, plan.buckets()));
        Ok(Self { level, plan, points })
    }

    /// The cheapest plan whose table stays in the processor's last cache: an addition for each window of
    /// a scalar, one and a half for a multiple in the table, whose batches are smaller.
    fn plan(scalars: u64) -> Plan {
        let plan = |width: usize| Plan { width, windows: BITS.div_ceil(width) };
        let bytes = |plan: &Plan| plan.windows * plan.buckets() * size_of::<K::Point>();
        let cost = |plan: &Plan| plan.windows as u64 * (2 * scalars + 3 * plan.buckets() as u64);
        let plans = (4..=16).map(plan).filter(|plan| bytes(plan) <= LARGEST);
        plans.min_by_key(cost).expect("the smallest tables fit")
    }

    /// The helpers and the multiples of each window's point.
    fn points<C: Cpu>(cpu: C, starts: &[K::Affine], buckets: usize) -> Vec<K::Point> {
        let mut points = Helpers::<K>::new(cpu).points;
        points.truncate(PREFIX);
        let windows: Vec<Vec<K::Point>> = starts
            .par_iter()
            .map(|start| {
                let mut own = [K::limbs(start); MAX_LANES];
                cpu.run(Import::<C, K>::new(cpu, &mut own));
                multiples::<K, C>(cpu, &points, own[0], buckets)
            })
            .collect();
        windows.iter().for_each(|window| points.extend_from_slice(window));
        points
    }

    fn multiply(&self, scalars: &[Fr]) -> Vec<K::Point> {
        let mut out = vec![K::Point::default(); scalars.len()];
        if self.points.is_empty() {
            return out;
        }
        let slices = out.par_chunks_mut(SLICE).zip(scalars.par_chunks(SLICE));
        slices.for_each(|(out, scalars)| {
            with_cpu!(self.level, cpu => self.slice(cpu, out, scalars));
        });
        out
    }

    fn slice<C: Cpu>(&self, cpu: C, out: &mut [K::Point], scalars: &[Fr]) {
        let offset = self.plan.offset();
        let digits: Vec<[u64; 4]> =
            scalars.iter().map(|s| super::scalars::sum(&s.into_bigint().0, &offset)).collect();
        let mut work = Work::<C, K>::new();
        let mut owners = Vec::with_capacity(scalars.len());
        let mut sums: Vec<Option<Ref>> = vec![None; scalars.len()];
        let mut top = 0;
        for w in 0..self.plan.windows {
            let start = PREFIX + w * self.plan.buckets();
            let named = |limbs: &[u64; 4]| {
                let digit = self.plan.digit(limbs, w);
                let index = start + (digit.unsigned_abs() as usize).checked_sub(1)?;
                Some(Ref::base(index as u32, digit < 0))
            };
            let named: Vec<Option<Ref>> = digits.iter().map(named).collect();
            add_each(cpu, &self.points, &mut work, &mut owners, &mut top, &mut sums, &named);
        }
        // Back to arkworks' form, whole vectors at a time; what is the identity stays zero.
        let (mut places, mut points) = (Vec::new(), Vec::new());
        for (i, sum) in sums.iter().enumerate() {
            if let Some(sum) = sum {
                places.push((i, sum.is_negative()));
                points.push(work.resolve(&self.points, *sum).0);
            }
        }
        let Some(first) = points.first().copied() else { return };
        points.resize(points.len().next_multiple_of(C::LANES), first);
        cpu.run(Export::<C, K>::new(cpu, &mut points));
        for ((i, negative), point) in places.into_iter().zip(points) {
            out[i] = if negative { K::limbs(&K::opposite(&K::affine(&point))) } else { point };
        }
    }
}

impl core::fmt::Debug for FixedBaseG1 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FixedBaseG1").field("level", &self.0.level).finish_non_exhaustive()
    }
}

impl core::fmt::Debug for FixedBaseG2 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FixedBaseG2").field("level", &self.0.level).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::AffineRepr;
    use ark_ff::{Field, UniformRand};
    use rand_chacha::rand_core::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn scalars(width: u64) -> Vec<Fr> {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let edge = |i: u64| {
            let power = Fr::from(2u64).pow([i / 4 * width]);
            [power, -power, power - Fr::ONE, power * Fr::from(3u64)][i as usize % 4]
        };
        let mut list: Vec<Fr> = (0..160).map(edge).collect();
        list.extend((0..8u64).flat_map(|i| [Fr::from(i), -Fr::from(i)]));
        list.push(Fr::from(0u64));
        list.extend((0..200).map(|_| Fr::rand(&mut rng)));
        list
    }

    #[test]
    fn multiples_of_the_identity_are_the_identity() {
        for level in Level::available() {
            let scalars = scalars(4);
            let g1 = FixedBaseG1::new(level, G1Affine::identity(), 10).unwrap();
            assert!(g1.multiply(&scalars).iter().all(|p| *p == [[0; 4]; 2]), "{level}");
            let g2 = FixedBaseG2::new(level, G2Affine::identity(), 10).unwrap();
            assert!(g2.multiply(&scalars).iter().all(|p| *p == [[0; 4]; 4]), "{level}");
        }
    }

    #[test]
    fn multiples_agree_with_the_definition() {
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        let base = (G1Affine::generator() * Fr::rand(&mut rng)).into_affine();
        for level in Level::available() {
            for expected in [0, 1 << 9, 1 << 12] {
                let table = FixedBaseG1::new(level, base, expected).unwrap();
                let scalars = scalars(table.0.plan.width as u64);
                let got = table.multiply(&scalars);
                for (got, scalar) in got.iter().zip(&scalars) {
                    let want = (base * scalar).into_affine();
                    assert_eq!(*got, super::super::BaseG1::limbs(&want), "{level}, {scalar}");
                }
                assert!(table.multiply(&[]).is_empty());
            }
        }
    }

    #[test]
    fn multiples_in_the_second_group() {
        let base = G2Affine::generator();
        for level in Level::available() {
            let table = FixedBaseG2::new(level, base, 1 << 9).unwrap();
            let scalars = scalars(5);
            for (got, scalar) in table.multiply(&scalars).iter().zip(&scalars) {
                let want = (base * scalar).into_affine();
                assert_eq!(*got, super::super::BaseG2::limbs(&want), "{level}, {scalar}");
            }
        }
    }

    #[test]
    fn tables_show_no_points() {
        let table = FixedBaseG1::new(Level::Portable, G1Affine::generator(), 1).unwrap();
        assert_eq!(format!("{table:?}"), "FixedBaseG1 { level: Portable, .. }");
    }
}
