//! Many additions of affine points at once: one inversion serves them all (Montgomery's trick), so that
//! an addition costs six products in G1 where the usual mixed one costs eleven.
//!
//! The affine formula does not hold for equal and for opposite points. Both make a denominator zero,
//! and then the product of all denominators is zero: this is looked at once a batch, and only then is
//! the batch gone through for them. Equal points are doubled. Opposite ones have no affine sum; the
//! batch puts a fixed point in its place and says so, and the caller takes it away in the end.

use ark_bn254::Fq;
use ark_ff::{AdditiveGroup, Field};

use super::curve::{Coordinate, Curve};
use crate::field::{Base, Modulus};
use crate::lanes::{Cpu, Kernel, Lanes, MAX_LANES};

/// A point that is named: its index, in which array, and whether its opposite is meant. Arrays are far
/// shorter than `2^30`: a sum takes its points in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ref(u32);

impl Ref {
    const NEGATIVE: u32 = 1 << 31;
    const SUM: u32 = 1 << 30;

    /// A point of the first array.
    #[inline(always)]
    pub(crate) const fn base(index: u32, negative: bool) -> Self {
        Self(index | (negative as u32) << 31)
    }

    /// A point of the second array.
    #[inline(always)]
    pub(crate) const fn sum(index: u32) -> Self {
        Self(index | Self::SUM)
    }

    #[inline(always)]
    pub(crate) const fn is_negative(self) -> bool {
        self.0 & Self::NEGATIVE != 0
    }

    #[inline(always)]
    pub(crate) const fn is_sum(self) -> bool {
        self.0 & Self::SUM != 0
    }

    #[inline(always)]
    pub(crate) const fn index(self) -> usize {
        (self.0 & !(Self::NEGATIVE | Self::SUM)) as usize
    }
}

/// Additions that share an inversion.
pub(crate) const BATCH: usize = 2048;
/// Chains of products that are independent of each other, so that the processor has work while it
/// waits for one. Vectors, not lanes.
const CHAINS: usize = 4;
/// How many additions ahead points are asked for.
const AHEAD: usize = 32;

/// Room for one batch.
pub(crate) struct Scratch<C: Cpu, K: Curve> {
    dx: Vec<K::Coordinate<C>>,
    dy: Vec<K::Coordinate<C>>,
    /// The product of the chain's norms before this one.
    before: Vec<C::F<Base>>,
}

impl<C: Cpu, K: Curve> Scratch<C, K> {
    pub(crate) fn new() -> Self {
        Self { dx: Vec::new(), dy: Vec::new(), before: Vec::new() }
    }

    /// Makes room for so many vectors.
    #[inline(always)]
    fn grow(&mut self, cpu: C, vectors: usize) {
        if self.before.len() < vectors {
            let one = K::Coordinate::<C>::one(cpu);
            self.dx.resize(vectors, one);
            self.dy.resize(vectors, one);
            self.before.resize(vectors, C::F::<Base>::splat(cpu, &C::F::<Base>::ONE));
        }
    }
}

/// The points that additions name.
#[derive(Clone, Copy)]
pub(crate) struct Points<'a, K: Curve> {
    /// What [`Ref::base`] names.
    pub(crate) bases: &'a [K::Point],
    /// What [`Ref::sum`] names.
    pub(crate) sums: &'a [K::Point],
}

impl<'a, K: Curve> Points<'a, K> {
    #[inline(always)]
    pub(crate) fn get(&self, at: Ref) -> &'a K::Point {
        if at.is_sum() {
            &self.sums[at.index()]
        } else {
            &self.bases[at.index()]
        }
    }
}

/// `out[i] = pairs[i][0] + pairs[i][1]`, for a multiple of [`FILL`] pairs. `cancelled` gets the indices of
/// pairs of opposite points, in order; what is put in the place of their sum is `substitute`.
pub(crate) struct AddPairs<'a, C: Cpu, K: Curve> {
    pub(crate) cpu: C,
    pub(crate) points: Points<'a, K>,
    pub(crate) pairs: &'a [[Ref; 2]],
    pub(crate) out: &'a mut [K::Point],
    pub(crate) scratch: &'a mut Scratch<C, K>,
    pub(crate) substitute: &'a K::Point,
    pub(crate) cancelled: &'a mut Vec<usize>,
}

/// Pairs come in multiples of this.
pub(crate) const FILL: usize = MAX_LANES * CHAINS;

impl<C: Cpu, K: Curve> Kernel for AddPairs<'_, C, K> {
    type Out = ();

    #[inline(always)]
    fn call(self) {
        let Self { cpu, points, pairs, out, scratch, substitute, cancelled } = self;
        assert!(pairs.len() == out.len() && pairs.len() % (C::LANES * CHAINS) == 0);
        for (k, (pairs, out)) in pairs.chunks(BATCH).zip(out.chunks_mut(BATCH)).enumerate() {
            let batch = Batch::<C, K> { cpu, points, pairs };
            let mut products = batch.forward(scratch);
            let mut opposite = Vec::new();
            let inverses = match inverses::<C>(cpu, &products) {
                Some(inverses) => inverses,
                None => {
                    opposite = batch.repair(scratch);
                    products = batch.chain(scratch);
                    // Nothing is zero any more, unless points are not on the curve: then any sum will do.
                    inverses::<C>(cpu, &products).unwrap_or(products)
                }
            };
            batch.backward(scratch, inverses, out);
            for index in opposite {
                out[index] = *substitute;
                cancelled.push(k * BATCH + index);
            }
        }
    }
}

/// The inverses of the chains' products, by one inversion; `None` if one of them is zero.
#[inline(always)]
fn inverses<C: Cpu>(cpu: C, products: &[C::F<Base>; CHAINS]) -> Option<[C::F<Base>; CHAINS]> {
    let mut values = [Fq::ZERO; CHAINS * MAX_LANES];
    for (product, values) in products.iter().zip(values.chunks_exact_mut(C::LANES)) {
        let mut limbs = [[0; 4]; MAX_LANES];
        let mut slots = limbs.iter_mut();
        product.store_ark(cpu, |_| slots.next().expect("no more lanes than that"));
        for (value, limbs) in values.iter_mut().zip(limbs) {
            *value = Base::from_limbs(limbs);
        }
    }
    let values = &mut values[..CHAINS * C::LANES];
    if values.contains(&Fq::ZERO) {
        return None;
    }
    invert(values);
    let mut inverses = *products;
    for (inverse, values) in inverses.iter_mut().zip(values.chunks_exact(C::LANES)) {
        let mut limbs = [[0; 4]; MAX_LANES];
        for (limbs, value) in limbs.iter_mut().zip(values) {
            *limbs = Base::to_limbs(value);
        }
        *inverse = C::F::<Base>::load_ark(cpu, |i| &limbs[i]);
    }
    Some(inverses)
}

#[inline(never)]
fn invert(values: &mut [Fq]) {
    let mut before = [Fq::ONE; CHAINS * MAX_LANES];
    let mut product = Fq::ONE;
    for (before, value) in before.iter_mut().zip(&*values) {
        *before = product;
        product *= value;
    }
    let mut inverse = product.inverse().expect("no value is zero");
    for (value, before) in values.iter_mut().zip(before).rev() {
        let this = inverse * before;
        inverse *= *value;
        *value = this;
    }
}

struct Batch<'a, C: Cpu, K: Curve> {
    cpu: C,
    points: Points<'a, K>,
    pairs: &'a [[Ref; 2]],
}

impl<C: Cpu, K: Curve> Batch<'_, C, K> {
    /// The points of one side of a vector of pairs.
    #[inline(always)]
    fn load(&self, vector: usize, side: usize) -> (K::Coordinate<C>, K::Coordinate<C>) {
        let refs = &self.pairs[vector * C::LANES..(vector + 1) * C::LANES];
        let (x, y) = K::load(self.cpu, |i| self.points.get(refs[i][side]));
        let mut negative = 0;
        for (i, pair) in refs.iter().enumerate() {
            negative |= u8::from(pair[side].is_negative()) << i;
        }
        // Nearly always: only the first additions of a bucket name bases.
        let y = if negative == 0 { y } else { y.negate(negative) };
        (x, y)
    }

    #[inline(always)]
    fn prefetch(&self, vector: usize) {
        let start = vector * C::LANES + AHEAD;
        if let Some(refs) = self.pairs.get(start..start + C::LANES) {
            for [a, b] in refs {
                self.cpu.prefetch(self.points.get(*a));
                self.cpu.prefetch(self.points.get(*b));
            }
        }
    }

    /// Differences of coordinates, and the products of norms by chains.
    #[inline(always)]
    fn forward(&self, scratch: &mut Scratch<C, K>) -> [C::F<Base>; CHAINS] {
        let vectors = self.pairs.len() / C::LANES;
        let one = C::F::<Base>::splat(self.cpu, &C::F::<Base>::ONE);
        scratch.grow(self.cpu, vectors);
        let Scratch { dx, dy, before } = scratch;
        let (dx, dy, before) = (&mut dx[..vectors], &mut dy[..vectors], &mut before[..vectors]);
        let mut chains = [one; CHAINS];
        for start in (0..vectors).step_by(CHAINS) {
            for i in start..start + CHAINS {
                self.prefetch(i);
                let (x1, y1) = self.load(i, 0);
                let (x2, y2) = self.load(i, 1);
                dx[i] = x2.sub(x1);
                dy[i] = y2.sub(y1);
            }
            before[start..start + CHAINS].copy_from_slice(&chains);
            for k in (0..CHAINS).step_by(2) {
                let norms = [dx[start + k].norm(), dx[start + k + 1].norm()];
                [chains[k], chains[k + 1]] =
                    C::F::<Base>::mul_two([chains[k], chains[k + 1]], norms);
            }
        }
        chains
    }

    /// The products again.
    #[inline(always)]
    fn chain(&self, scratch: &mut Scratch<C, K>) -> [C::F<Base>; CHAINS] {
        let mut chains = [C::F::<Base>::splat(self.cpu, &C::F::<Base>::ONE); CHAINS];
        for i in 0..self.pairs.len() / C::LANES {
            let chain = &mut chains[i % CHAINS];
            scratch.before[i] = *chain;
            *chain = chain.mul(scratch.dx[i].norm());
        }
        chains
    }

    /// Makes the slopes of equal points tangents, and those of opposite ones anything; the latter's
    /// indices.
    #[inline(always)]
    fn repair(&self, scratch: &mut Scratch<C, K>) -> Vec<usize> {
        let mut opposite = Vec::new();
        for vector in 0..self.pairs.len() / C::LANES {
            let (dx, dy) = (scratch.dx[vector], scratch.dy[vector]);
            let same_x = dx.zeros();
            if same_x == 0 {
                continue;
            }
            let (x, y) = self.load(vector, 0);
            let equal = same_x & dy.zeros();
            let cancelled = same_x & !equal;
            // 3 x^2 over 2 y. There are no points with y = 0: the order of the groups is odd.
            let one = K::Coordinate::<C>::one(self.cpu);
            let zero = one.sub_reduced(one);
            let square = zero.add(x.mul(x));
            let tangent = square.add(square).add(square);
            let y = zero.add(y);
            scratch.dx[vector] = dx.select(one, cancelled).select(y.add(y), equal);
            scratch.dy[vector] = dy.select(tangent, equal);
            for i in 0..C::LANES {
                if cancelled >> i & 1 == 1 {
                    opposite.push(vector * C::LANES + i);
                }
            }
        }
        opposite
    }

    /// The sums, from the inverses of the chains' products.
    #[inline(always)]
    fn backward(
        &self,
        scratch: &Scratch<C, K>,
        mut chains: [C::F<Base>; CHAINS],
        out: &mut [K::Point],
    ) {
        let vectors = self.pairs.len() / C::LANES;
        for start in (0..vectors).step_by(CHAINS).rev() {
            for k in (0..CHAINS).step_by(2) {
                let (i, j) = (start + k, start + k + 1);
                let dx = [scratch.dx[i], scratch.dx[j]];
                let now = [chains[k], chains[k + 1]];
                let norms = C::F::<Base>::mul_two(now, [scratch.before[i], scratch.before[j]]);
                [chains[k], chains[k + 1]] =
                    C::F::<Base>::mul_two(now, [dx[0].norm(), dx[1].norm()]);
                let inverses = [dx[0].inverse(norms[0]), dx[1].inverse(norms[1])];
                let slopes = K::Coordinate::<C>::mul_two([scratch.dy[i], scratch.dy[j]], inverses);
                let (first, second) = (self.load(i, 0), self.load(j, 0));
                let x = [
                    slopes[0].sqr().sub_sub(first.0, self.load(i, 1).0),
                    slopes[1].sqr().sub_sub(second.0, self.load(j, 1).0),
                ];
                let steps = [first.0.sub(x[0]), second.0.sub(x[1])];
                let y = K::Coordinate::<C>::mul_two(slopes, steps);
                let y = [y[0].sub_reduced(first.1), y[1].sub_reduced(second.1)];
                for (k, i) in [(0, i), (1, j)] {
                    let mut slots = out[i * C::LANES..(i + 1) * C::LANES].iter_mut();
                    K::store(x[k], y[k], |_| slots.next().expect("as many as lanes"));
                }
            }
        }
    }
}
