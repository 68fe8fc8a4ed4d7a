//! Many multiples of one point, for the local set-up.
//!
//! Signed windows, and all scalars of a slice in step: each adds its point of a window's table in
//! affine coordinates, and one inversion serves the whole slice (Montgomery's trick). An addition
//! takes six products where the usual mixed one takes eleven, and nothing is left to normalise.

use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, BigInt, Field, PrimeField};
use rayon::prelude::*;

/// Scalars that share an inversion.
const SLICE: usize = 1 << 11;
/// Bits of the scalar field's modulus, and one for the last carry.
const BITS: usize = 255;

/// Multiples of a point by `k * 2^(w * window)`, `1 <= k <= 2^(window - 1)`, for every window `w`.
pub(crate) struct Table<P: SWCurveConfig> {
    window: usize,
    multiples: Vec<Vec<Affine<P>>>,
}

impl<P: SWCurveConfig> Table<P>
where
    P::ScalarField: PrimeField<BigInt = BigInt<4>>,
{
    /// A table for about `scalars` products.
    pub(crate) fn new(base: Affine<P>, scalars: usize) -> Self {
        // Large enough to pay for itself, small enough to stay in the processor's cache.
        let window = (scalars.max(1).ilog2() as usize).saturating_sub(4).clamp(4, 13);
        let mut start: Projective<P> = base.into_group();
        let starts: Vec<_> = (0..BITS.div_ceil(window))
            .map(|_| {
                let now = start;
                (0..window).for_each(|_| start = start.double());
                now
            })
            .collect();
        let multiples = starts
            .into_par_iter()
            .map(|start| {
                let step = start.into_affine();
                let sums: Vec<_> = std::iter::successors(Some(start), |sum| Some(*sum + step))
                    .take(1 << (window - 1))
                    .collect();
                Projective::normalize_batch(&sums)
            })
            .collect();
        Self { window, multiples }
    }

    /// Each scalar times the base.
    pub(crate) fn multiply(&self, scalars: &[P::ScalarField]) -> Vec<Affine<P>> {
        let mut points = vec![Affine::identity(); scalars.len()];
        points
            .par_chunks_mut(SLICE)
            .zip(scalars.par_chunks(SLICE))
            .for_each(|(points, scalars)| self.slice(points, scalars));
        points
    }

    fn slice(&self, points: &mut [Affine<P>], scalars: &[P::ScalarField]) {
        let mut scalars: Vec<_> = scalars.iter().map(|s| Digits::new(s.into_bigint())).collect();
        let mut batch = Batch::default();
        for table in &self.multiples {
            for (index, scalar) in scalars.iter_mut().enumerate() {
                let digit = scalar.next(self.window);
                if digit != 0 {
                    let point = table[digit.unsigned_abs() as usize - 1];
                    let point = if digit < 0 { -point } else { point };
                    batch.add(points, index, point);
                }
            }
            batch.finish(points);
        }
    }
}

/// The signed digits of a scalar, lowest first.
struct Digits {
    left: BigInt<4>,
    carry: u64,
}

impl Digits {
    const fn new(scalar: BigInt<4>) -> Self {
        Self { left: scalar, carry: 0 }
    }

    /// The next digit, between `-2^(window - 1)` and `2^(window - 1)`.
    fn next(&mut self, window: usize) -> i64 {
        let digit = (self.left.0[0] & ((1 << window) - 1)) + self.carry;
        self.left >>= window as u32;
        self.carry = u64::from(digit > 1 << (window - 1));
        digit as i64 - ((self.carry as i64) << window)
    }
}

/// Additions to different points that wait for a common inversion.
struct Batch<P: SWCurveConfig> {
    /// Which point is added to, what is added, and the product of all denominators before.
    waiting: Vec<(usize, Affine<P>, P::BaseField)>,
    product: P::BaseField,
}

impl<P: SWCurveConfig> Default for Batch<P> {
    fn default() -> Self {
        Self { waiting: Vec::new(), product: P::BaseField::ONE }
    }
}

impl<P: SWCurveConfig> Batch<P> {
    /// Adds `point`, which is not the identity, to `points[index]`.
    fn add(&mut self, points: &mut [Affine<P>], index: usize, point: Affine<P>) {
        let to = points[index];
        if to.is_zero() {
            points[index] = point;
        } else if to.x == point.x {
            // A doubling, or opposite points: rare, and the general formula knows them.
            points[index] = (to + point).into_affine();
        } else {
            self.waiting.push((index, point, self.product));
            self.product *= point.x - to.x;
        }
    }

    /// Carries the additions out. No two are to the same point.
    fn finish(&mut self, points: &mut [Affine<P>]) {
        let product = std::mem::replace(&mut self.product, P::BaseField::ONE);
        let mut inverse = product.inverse().expect("only factors other than zero were multiplied");
        for (index, point, before) in self.waiting.drain(..).rev() {
            let to = points[index];
            let dx = point.x - to.x;
            let slope = (point.y - to.y) * before * inverse;
            inverse *= dx;
            let x = slope.square() - to.x - point.x;
            let y = slope * (to.x - x) - to.y;
            points[index] = Affine::new_unchecked(x, y);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::{g1, g2, Fr};
    use ark_ff::UniformRand;
    use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

    fn agrees<P: SWCurveConfig<ScalarField = Fr>>(scalars: usize) {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let base = (Affine::<P>::generator() * Fr::rand(&mut rng)).into_affine();
        let table = Table::new(base, scalars);
        let edge = |i: u64| {
            let power = Fr::from(2u64).pow([i / 2 * table.window as u64]);
            [power, -power, power - Fr::ONE, power * Fr::from(3u64)][i as usize % 4]
        };
        let mut list: Vec<Fr> = (0..160).map(edge).collect();
        list.extend((0..8u64).flat_map(|i| [Fr::from(i), -Fr::from(i)]));
        list.extend((0..40).map(|_| Fr::rand(&mut rng)));
        let want: Vec<_> = list.iter().map(|s| (base * s).into_affine()).collect();
        assert_eq!(table.multiply(&list), want);
        assert!(table.multiply(&[]).is_empty());
    }

    #[test]
    fn multiples_agree_with_the_definition() {
        for scalars in [0, 1, 1 << 10, 1 << 12, 1 << 17, 1 << 22] {
            agrees::<g1::Config>(scalars);
        }
        agrees::<g2::Config>(1 << 9);
    }

    #[test]
    fn doublings_and_opposites_are_handled() {
        let g = Affine::<g1::Config>::generator();
        let mut points = [g, g, g];
        let mut batch = Batch::default();
        let other = (g + g).into_affine();
        for (index, point) in [g, -g, other].into_iter().enumerate() {
            batch.add(&mut points, index, point);
        }
        batch.finish(&mut points);
        assert_eq!(points, [other, Affine::identity(), (g + other).into_affine()]);
    }
}
