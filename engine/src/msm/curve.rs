//! The two groups, as the kernels see them: points in memory and the arithmetic of coordinates.

use std::sync::OnceLock;

use ark_bn254::{Fq, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::CurveGroup;
use bytemuck::Pod;

use super::KNOWN;
use crate::field::{Base, Modulus};
use crate::lanes::{Cpu, Lanes, Stored, MAX_LANES};

/// Coordinates of `C::LANES` points.
pub(crate) trait Coordinate<C: Cpu>: Copy + Send + Sync {
    /// The product of reduced values, products or differences.
    fn mul(self, other: Self) -> Self;
    /// Two products that have no part in common: see [`Lanes::mul_two`].
    fn mul_two(a: [Self; 2], b: [Self; 2]) -> [Self; 2];
    /// The square of a product.
    fn sqr(self) -> Self;
    /// The difference of reduced values.
    fn sub(self, other: Self) -> Self;
    /// The sum, reduced.
    fn add(self, other: Self) -> Self;
    /// `self - other`, reduced.
    fn sub_reduced(self, other: Self) -> Self;
    /// `self - a - b`, reduced.
    fn sub_sub(self, a: Self, b: Self) -> Self;
    /// Negated where `mask` has a one.
    fn negate(self, mask: u8) -> Self;
    /// `other` where `mask` has a one.
    fn select(self, other: Self, mask: u8) -> Self;
    /// One in each lane.
    fn one(cpu: C) -> Self;
    /// A number of the base field that is zero only if this difference is: what has to be inverted.
    fn norm(self) -> C::F<Base>;
    /// The inverse, from the inverse of the norm.
    fn inverse(self, norm: C::F<Base>) -> Self;
    /// The lanes that are zero, by comparing canonical forms: for rare cases.
    fn zeros(self) -> u8;
}

/// A group of points on a curve.
pub(crate) trait Curve: Copy + Send + Sync + 'static {
    /// An affine point in memory, in the form of some processor.
    type Point: Pod + Send + Sync + Default + PartialEq;
    /// Coordinates side by side.
    type Coordinate<C: Cpu>: Coordinate<C>;
    /// arkworks' affine points.
    type Affine: Copy + Send + Sync;
    /// arkworks' group.
    type Group: CurveGroup<Affine = Self::Affine, ScalarField = ark_bn254::Fr> + Send + Sync;

    /// Both coordinates of the points `at(0), at(1), ..`.
    fn load<'a, C: Cpu>(
        cpu: C,
        at: impl Fn(usize) -> &'a Self::Point,
    ) -> (Self::Coordinate<C>, Self::Coordinate<C>);
    /// Writes points with reduced coordinates.
    fn store<'a, C: Cpu>(
        x: Self::Coordinate<C>,
        y: Self::Coordinate<C>,
        to: impl FnMut(usize) -> &'a mut Self::Point,
    );
    /// Points of arkworks' Montgomery limbs, in the form of a processor; as many as lanes.
    fn import<C: Cpu>(cpu: C, points: &mut [Self::Point]);
    /// The reverse of [`Curve::import`].
    fn export<C: Cpu>(cpu: C, points: &mut [Self::Point]);
    /// Whether all coordinates are below the modulus.
    fn is_canonical(limbs: &Self::Point) -> bool;
    /// Whether all coordinates are zero: the identity, as it is in memory.
    fn is_zero(limbs: &Self::Point) -> bool;
    /// Montgomery limbs of a point that is not the identity.
    fn limbs(point: &Self::Affine) -> Self::Point;
    /// The identity.
    fn identity() -> Self::Affine;
    /// The opposite point.
    fn opposite(point: &Self::Affine) -> Self::Affine;
    /// A point from Montgomery limbs.
    fn affine(limbs: &Self::Point) -> Self::Affine;
    /// Different points, made once: see [`Helpers`](super::Helpers).
    fn known() -> &'static [Self::Affine];
}

fn known<G: CurveGroup<ScalarField = Fr>>() -> Vec<G::Affine> {
    // Multiples far from the small ones that set-ups of tests are made of.
    let start = G::generator() * Fr::from(0x6d65_6564_2d65_6e67_u64);
    let step = start.double() + G::generator();
    let sums = std::iter::successors(Some(start), |sum| Some(*sum + step));
    // One by one, since this runs while other threads wait for it: `normalize_batch` hands work to the pool, and
    // whoever waits for the pool may take up a sum that waits for these very points.
    sums.take(KNOWN).map(CurveGroup::into_affine).collect()
}

/// The points over the base field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct G1;

/// The points over its quadratic extension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct G2;

/// `C::LANES` coordinates of G1.
pub(crate) struct Prime<C: Cpu>(C::F<Base>);

/// `C::LANES` coordinates of G2: `c0 + c1 u` with `u^2 = -1`.
pub(crate) struct Quadratic<C: Cpu>(C::F<Base>, C::F<Base>);

impl<C: Cpu> Clone for Prime<C> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: Cpu> Copy for Prime<C> {}

impl<C: Cpu> Clone for Quadratic<C> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: Cpu> Copy for Quadratic<C> {}

/// The lanes that are zero.
#[inline(always)]
fn zeros<C: Cpu>(x: C::F<Base>) -> u8 {
    let mut limbs = [[0; 4]; MAX_LANES];
    let mut slots = limbs.iter_mut();
    x.reduce().raw_store(|_| slots.next().expect("no more lanes than that"));
    (0..C::LANES).fold(0, |mask, i| mask | u8::from(limbs[i] == [0; 4]) << i)
}

impl<C: Cpu> Coordinate<C> for Prime<C> {
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(self.0.mul(other.0))
    }

    #[inline(always)]
    fn mul_two(a: [Self; 2], b: [Self; 2]) -> [Self; 2] {
        let [x, y] = C::F::<Base>::mul_two([a[0].0, a[1].0], [b[0].0, b[1].0]);
        [Self(x), Self(y)]
    }

    #[inline(always)]
    fn sqr(self) -> Self {
        Self(self.0.sqr())
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(self.0.sub(other.0))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.add(other.0))
    }

    #[inline(always)]
    fn sub_reduced(self, other: Self) -> Self {
        Self(self.0.sub_reduced(other.0))
    }

    #[inline(always)]
    fn sub_sub(self, a: Self, b: Self) -> Self {
        Self(self.0.sub_sub(a.0, b.0))
    }

    #[inline(always)]
    fn negate(self, mask: u8) -> Self {
        Self(self.0.negate(mask))
    }

    #[inline(always)]
    fn select(self, other: Self, mask: u8) -> Self {
        Self(self.0.select(other.0, mask))
    }

    #[inline(always)]
    fn one(cpu: C) -> Self {
        Self(C::F::<Base>::splat(cpu, &C::F::<Base>::ONE))
    }

    #[inline(always)]
    fn norm(self) -> C::F<Base> {
        self.0
    }

    #[inline(always)]
    fn inverse(self, norm: C::F<Base>) -> Self {
        Self(norm)
    }

    #[inline(always)]
    fn zeros(self) -> u8 {
        zeros::<C>(self.0)
    }
}

impl<C: Cpu> Coordinate<C> for Quadratic<C> {
    /// Karatsuba's three products.
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let [low, high] = C::F::<Base>::mul_two([self.0, self.1], [other.0, other.1]);
        let cross = self.0.add(self.1).mul(other.0.add(other.1));
        Self(low.sub_reduced(high), cross.sub_reduced(low.add(high)))
    }

    #[inline(always)]
    fn mul_two(a: [Self; 2], b: [Self; 2]) -> [Self; 2] {
        // Each has two that go together.
        [a[0].mul(b[0]), a[1].mul(b[1])]
    }

    /// `(c0 + c1) (c0 - c1)` and `2 c0 c1`.
    #[inline(always)]
    fn sqr(self) -> Self {
        let (sum, difference) = (self.0.add(self.1), self.0.sub_reduced(self.1));
        let [real, half] = C::F::<Base>::mul_two([sum, self.0], [difference, self.1]);
        Self(real.reduce(), half.add(half))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(self.0.sub(other.0), self.1.sub(other.1))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.add(other.0), self.1.add(other.1))
    }

    #[inline(always)]
    fn sub_reduced(self, other: Self) -> Self {
        Self(self.0.sub_reduced(other.0), self.1.sub_reduced(other.1))
    }

    #[inline(always)]
    fn sub_sub(self, a: Self, b: Self) -> Self {
        Self(self.0.sub_sub(a.0, b.0), self.1.sub_sub(a.1, b.1))
    }

    #[inline(always)]
    fn negate(self, mask: u8) -> Self {
        Self(self.0.negate(mask), self.1.negate(mask))
    }

    #[inline(always)]
    fn select(self, other: Self, mask: u8) -> Self {
        Self(self.0.select(other.0, mask), self.1.select(other.1, mask))
    }

    #[inline(always)]
    fn one(cpu: C) -> Self {
        Self(C::F::<Base>::splat(cpu, &C::F::<Base>::ONE), C::F::<Base>::splat(cpu, &[0; 4]))
    }

    /// `c0^2 + c1^2`: -1 is no square in the base field, so only zero has norm zero.
    #[inline(always)]
    fn norm(self) -> C::F<Base> {
        let (c0, c1) = (self.0.reduce(), self.1.reduce());
        c0.sqr().add(c1.sqr())
    }

    #[inline(always)]
    fn inverse(self, norm: C::F<Base>) -> Self {
        let [real, imaginary] = C::F::<Base>::mul_two([self.0, self.1], [norm, norm]);
        Self(real.reduce(), imaginary.reduce().negate(u8::MAX))
    }

    #[inline(always)]
    fn zeros(self) -> u8 {
        zeros::<C>(self.0) & zeros::<C>(self.1)
    }
}

/// Coordinate `k` of some points.
#[inline(always)]
fn coordinate<const N: usize>(points: &[[Stored; N]], k: usize) -> [Stored; MAX_LANES] {
    let mut out = [[0; 4]; MAX_LANES];
    for (out, point) in out.iter_mut().zip(points) {
        *out = point[k];
    }
    out
}

#[inline(always)]
fn import<C: Cpu, const N: usize>(cpu: C, points: &mut [[Stored; N]]) {
    for k in 0..N {
        let from = coordinate(points, k);
        let x = C::F::<Base>::load_ark(cpu, |i| &from[i]);
        let mut to = points.iter_mut();
        x.store(|_| &mut to.next().expect("as many lanes as points")[k]);
    }
}

#[inline(always)]
fn export<C: Cpu, const N: usize>(cpu: C, points: &mut [[Stored; N]]) {
    for k in 0..N {
        let from = coordinate(points, k);
        let x = C::F::<Base>::load(cpu, |i| &from[i]);
        let mut to = points.iter_mut();
        x.store_ark(cpu, |_| &mut to.next().expect("as many lanes as points")[k]);
    }
}

#[inline(always)]
fn below(limbs: &Stored) -> bool {
    ark_ff::BigInt(*limbs) < <Fq as ark_ff::PrimeField>::MODULUS
}

fn limbs(x: &Fq) -> Stored {
    Base::to_limbs(x)
}

fn element(limbs: &Stored) -> Fq {
    Base::from_limbs(*limbs)
}

impl Curve for G1 {
    type Point = [Stored; 2];
    type Coordinate<C: Cpu> = Prime<C>;
    type Affine = G1Affine;
    type Group = G1Projective;

    #[inline(always)]
    fn load<'a, C: Cpu>(cpu: C, at: impl Fn(usize) -> &'a [Stored; 2]) -> (Prime<C>, Prime<C>) {
        let (x, y) = C::F::<Base>::load_pair(cpu, at);
        (Prime(x), Prime(y))
    }

    #[inline(always)]
    fn store<'a, C: Cpu>(x: Prime<C>, y: Prime<C>, to: impl FnMut(usize) -> &'a mut [Stored; 2]) {
        C::F::<Base>::store_pair(x.0, y.0, to);
    }

    #[inline(always)]
    fn import<C: Cpu>(cpu: C, points: &mut [[Stored; 2]]) {
        import(cpu, points);
    }

    #[inline(always)]
    fn export<C: Cpu>(cpu: C, points: &mut [[Stored; 2]]) {
        export(cpu, points);
    }

    #[inline(always)]
    fn is_canonical(limbs: &[Stored; 2]) -> bool {
        limbs.iter().all(below)
    }

    #[inline(always)]
    fn is_zero(limbs: &[Stored; 2]) -> bool {
        limbs.as_flattened().iter().fold(0, |any, limb| any | limb) == 0
    }

    fn limbs(point: &G1Affine) -> [Stored; 2] {
        [limbs(&point.x), limbs(&point.y)]
    }

    fn identity() -> G1Affine {
        G1Affine::identity()
    }

    fn opposite(point: &G1Affine) -> G1Affine {
        -*point
    }

    fn known() -> &'static [G1Affine] {
        static KNOWN: OnceLock<Vec<G1Affine>> = OnceLock::new();
        KNOWN.get_or_init(known::<G1Projective>)
    }

    fn affine([x, y]: &[Stored; 2]) -> G1Affine {
        G1Affine::new_unchecked(element(x), element(y))
    }
}

impl Curve for G2 {
    type Point = [Stored; 4];
    type Coordinate<C: Cpu> = Quadratic<C>;
    type Affine = G2Affine;
    type Group = G2Projective;

    #[inline(always)]
    fn load<'a, C: Cpu>(
        cpu: C,
        at: impl Fn(usize) -> &'a [Stored; 4],
    ) -> (Quadratic<C>, Quadratic<C>) {
        let x0 = C::F::<Base>::load(cpu, |i| &at(i)[0]);
        let x1 = C::F::<Base>::load(cpu, |i| &at(i)[1]);
        let y0 = C::F::<Base>::load(cpu, |i| &at(i)[2]);
        let y1 = C::F::<Base>::load(cpu, |i| &at(i)[3]);
        (Quadratic(x0, x1), Quadratic(y0, y1))
    }

    #[inline(always)]
    fn store<'a, C: Cpu>(
        x: Quadratic<C>,
        y: Quadratic<C>,
        mut to: impl FnMut(usize) -> &'a mut [Stored; 4],
    ) {
        let mut parts = [[[0; 4]; MAX_LANES]; 4];
        for (part, value) in parts.iter_mut().zip([x.0, x.1, y.0, y.1]) {
            let mut slots = part.iter_mut();
            value.store(|_| slots.next().expect("no more lanes than that"));
        }
        for i in 0..C::LANES {
            *to(i) = parts.map(|part| part[i]);
        }
    }

    #[inline(always)]
    fn import<C: Cpu>(cpu: C, points: &mut [[Stored; 4]]) {
        import(cpu, points);
    }

    #[inline(always)]
    fn export<C: Cpu>(cpu: C, points: &mut [[Stored; 4]]) {
        export(cpu, points);
    }

    #[inline(always)]
    fn is_canonical(limbs: &[Stored; 4]) -> bool {
        limbs.iter().all(below)
    }

    #[inline(always)]
    fn is_zero(limbs: &[Stored; 4]) -> bool {
        limbs.as_flattened().iter().fold(0, |any, limb| any | limb) == 0
    }

    fn limbs(point: &G2Affine) -> [Stored; 4] {
        [limbs(&point.x.c0), limbs(&point.x.c1), limbs(&point.y.c0), limbs(&point.y.c1)]
    }

    fn identity() -> G2Affine {
        G2Affine::identity()
    }

    fn opposite(point: &G2Affine) -> G2Affine {
        -*point
    }

    fn known() -> &'static [G2Affine] {
        static KNOWN: OnceLock<Vec<G2Affine>> = OnceLock::new();
        KNOWN.get_or_init(known::<G2Projective>)
    }

    fn affine([x0, x1, y0, y1]: &[Stored; 4]) -> G2Affine {
        let x = ark_bn254::Fq2::new(element(x0), element(x1));
        G2Affine::new_unchecked(x, ark_bn254::Fq2::new(element(y0), element(y1)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;
    use std::sync::{Arc, Barrier};
    use std::time::Duration;

    use super::*;

    /// What is made once must not be made with the pool's help: its threads may be waiting for it.
    #[test]
    fn known_points_are_made_while_all_threads_of_the_pool_wait() {
        let threads = rayon::current_num_threads();
        let waiting = Arc::new(AtomicUsize::new(0));
        let released = Arc::new(Barrier::new(threads + 1));
        let (here, there) = (Arc::clone(&waiting), Arc::clone(&released));
        rayon::spawn_broadcast(move |_| {
            here.fetch_add(1, Ordering::SeqCst);
            there.wait();
        });
        while waiting.load(Ordering::SeqCst) < threads {
            std::thread::yield_now();
        }
        let (done, wait) = channel();
        std::thread::spawn(move || {
            let count = known::<G1Projective>().len() + known::<G2Projective>().len();
            done.send(count).expect("the test waits");
        });
        // Far more than a busy machine needs. The pool is let go before anything fails.
        let made = wait.recv_timeout(Duration::from_secs(60));
        released.wait();
        assert_eq!(made, Ok(2 * KNOWN), "they wait for the pool");
    }
}
