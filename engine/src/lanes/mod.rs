//! Field elements side by side, and the processors that work on them.
//!
//! An algorithm is written once, over [`Cpu`] and [`Lanes`], and compiled for every kind of
//! processor. [`Cpu::run`] is the only door: inside of it the instructions of that processor may be
//! used, so a [`Kernel`]'s `call` and everything that it calls on lanes is `#[inline(always)]`.
//!
//! # Kinds of values
//!
//! Values are lazily reduced. What may be done with one depends on how it came about:
//!
//! | kind | from | may go into |
//! |---|---|---|
//! | raw | `raw_load` | `mul`, `reduce`, `add`, `sub_reduced` |
//! | reduced | `load`, `load_ark`, `splat`, `reduce`, `add`, `sub_reduced`, `sub_sub` | everything |
//! | product | `mul`, `sqr` | everything but `sub`, `store` and `raw_store` |
//! | difference | `sub` of two reduced values | `mul`, `reduce`, `add`, `sub_reduced` |
//!
//! Each processor's file says which bounds these kinds have there and why they hold.

use crate::field::Modulus;

pub(crate) mod fma;
pub(crate) mod ifma;
pub(crate) mod scalar;
#[cfg(test)]
mod tests;

/// Lanes of the widest vectors.
pub(crate) const MAX_LANES: usize = 8;

/// Limbs as they lie in memory.
pub(crate) type Stored = [u64; 4];

/// A processor's vector unit. Having a value of the type means that the instructions are there.
pub(crate) trait Cpu: Copy + Send + Sync + 'static {
    /// Elements in a vector.
    const LANES: usize;
    /// Vectors of a field's elements.
    type F<M: Modulus>: Lanes<M, Self>;

    /// Asks for a cache line that will be needed soon.
    #[inline(always)]
    fn prefetch<T>(self, _: &T) {}

    /// Runs a kernel with the processor's instructions.
    fn run<K: Kernel>(self, kernel: K) -> K::Out;
}

/// Work that is compiled for a processor. `call` must be `#[inline(always)]`.
pub(crate) trait Kernel {
    /// The result.
    type Out;
    /// Does the work.
    fn call(self) -> Self::Out;
}

/// `C::LANES` elements of a field, side by side.
pub(crate) trait Lanes<M: Modulus, C: Cpu>: Copy + Send + Sync {
    /// Reads what `store` wrote: lane `i` from `at(i)`.
    fn load<'a>(cpu: C, at: impl Fn(usize) -> &'a Stored) -> Self;

    /// [`Lanes::load`] of two that lie one after the other: a point's coordinates.
    #[inline(always)]
    fn load_pair<'a>(cpu: C, at: impl Fn(usize) -> &'a [Stored; 2]) -> (Self, Self) {
        (Self::load(cpu, |i| &at(i)[0]), Self::load(cpu, |i| &at(i)[1]))
    }

    /// Writes reduced values in a form of this processor's own: lane `i` to `to(i)`.
    fn store<'a>(self, to: impl FnMut(usize) -> &'a mut Stored);

    /// [`Lanes::store`] of two, one after the other.
    #[inline(always)]
    fn store_pair<'a>(x: Self, y: Self, mut to: impl FnMut(usize) -> &'a mut [Stored; 2]) {
        let (mut xs, mut ys) = ([[0; 4]; MAX_LANES], [[0; 4]; MAX_LANES]);
        let (mut to_x, mut to_y) = (xs.iter_mut(), ys.iter_mut());
        x.store(|_| to_x.next().expect("no more lanes than that"));
        y.store(|_| to_y.next().expect("no more lanes than that"));
        for i in 0..C::LANES {
            *to(i) = [xs[i], ys[i]];
        }
    }

    /// Reads canonical limbs as integers.
    fn raw_load<'a>(cpu: C, at: impl Fn(usize) -> &'a Stored) -> Self;

    /// Writes canonical limbs.
    fn raw_store<'a>(self, to: impl FnMut(usize) -> &'a mut Stored);

    /// The same in each lane: canonical limbs, as an integer.
    fn splat(cpu: C, x: &Stored) -> Self;

    /// The product over `R`, the processor's own Montgomery factor.
    fn mul(self, other: Self) -> Self;

    /// [`Lanes::mul`] of two pairs that have no part in common. One product is a chain of steps that wait
    /// for each other; two at a time fill the gaps.
    #[inline(always)]
    fn mul_two(a: [Self; 2], b: [Self; 2]) -> [Self; 2] {
        [a[0].mul(b[0]), a[1].mul(b[1])]
    }

    /// The square over `R`, of a reduced value or a product.
    fn sqr(self) -> Self;

    /// The difference of two reduced values, not reduced.
    fn sub(self, other: Self) -> Self;

    /// The same value, reduced.
    fn reduce(self) -> Self;

    /// `self + other`, reduced.
    fn add(self, other: Self) -> Self;

    /// `self - other`, reduced.
    fn sub_reduced(self, other: Self) -> Self;

    /// `self - a - b`, reduced: a product or reduced value less two reduced ones.
    fn sub_sub(self, a: Self, b: Self) -> Self;

    /// A reduced value, negated in the lanes whose bit of `mask` is set. It is reduced again, but for its
    /// sign: it may go into everything but `store` and `raw_store`. A difference of it is larger than others,
    /// and may not be multiplied with another such difference.
    #[inline(always)]
    fn negate(self, mask: u8) -> Self {
        let zero = self.sub_reduced(self);
        self.select(zero.sub_reduced(self), mask)
    }

    /// Lane by lane, `other` where `mask` has a one.
    fn select(self, other: Self, mask: u8) -> Self;

    /// A product with this turns arkworks' Montgomery form into the processor's own.
    const FROM_ARK: Stored;
    /// A product with this is the way back.
    const TO_ARK: Stored;
    /// One, in this processor's Montgomery form.
    const ONE: Stored;

    /// Reads arkworks' Montgomery limbs.
    #[inline(always)]
    fn load_ark<'a>(cpu: C, at: impl Fn(usize) -> &'a Stored) -> Self {
        Self::raw_load(cpu, at).mul(Self::splat(cpu, &Self::FROM_ARK)).reduce()
    }

    /// Writes arkworks' Montgomery limbs.
    #[inline(always)]
    fn store_ark<'a>(self, cpu: C, to: impl FnMut(usize) -> &'a mut Stored) {
        self.mul(Self::splat(cpu, &Self::TO_ARK)).reduce().raw_store(to);
    }
}
