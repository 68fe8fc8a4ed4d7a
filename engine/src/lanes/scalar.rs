//! One element at a time, in words of 64 bits: what every machine can do.
//!
//! Montgomery's factor is arkworks', `R = 2^256`, so that its limbs are ours; tests compare with its arithmetic.
//!
//! # Bounds
//!
//! | kind | below |
//! |---|---|
//! | raw, and what `reduce` gives | `p` |
//! | everything else | `2p` |
//!
//! A product of `a` and `b` is below `ab / R + p`; with both below `2p` that is `(1 + 4p/R) p`, and `4p < R`. So
//! no product ends in a subtraction. Sums and differences are brought back below `2p` by adding `2p` where a
//! subtraction borrowed, which is a mask and no branch: which way it goes is a coin's throw. (A choice between
//! two arrays would be no branch either, but is made by address, through memory.)

use core::marker::PhantomData;

use super::{Cpu, Kernel, Lanes, Stored};
use crate::field::{negative_inverse, power_of_two, Modulus};

/// Any processor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

impl Cpu for Portable {
    const LANES: usize = 1;
    type F<M: Modulus> = Scalar<M>;

    #[inline(always)]
    fn prefetch<T>(self, at: &T) {
        #[cfg(target_arch = "x86_64")]
        super::fma::prefetch(at);
        let _ = at;
    }

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Out {
        kernel.call()
    }
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalar<M: Modulus>(Stored, PhantomData<M>);

/// `a + b` and the carry.
#[inline(always)]
const fn plus(a: Stored, b: Stored) -> (Stored, bool) {
    let mut out = [0; 4];
    let mut carry = false;
    let mut i = 0;
    while i < 4 {
        let (sum, over) = a[i].overflowing_add(b[i]);
        let (sum, again) = sum.overflowing_add(carry as u64);
        out[i] = sum;
        carry = over | again;
        i += 1;
    }
    (out, carry)
}

/// `a - b` and the borrow.
#[inline(always)]
const fn minus(a: Stored, b: Stored) -> (Stored, bool) {
    let mut out = [0; 4];
    let mut borrow = false;
    let mut i = 0;
    while i < 4 {
        let (difference, under) = a[i].overflowing_sub(b[i]);
        let (difference, again) = difference.overflowing_sub(borrow as u64);
        out[i] = difference;
        borrow = under | again;
        i += 1;
    }
    (out, borrow)
}

/// `a - b`, and `modulus` more where that is negative.
#[inline(always)]
fn difference(a: Stored, b: Stored, modulus: Stored) -> Stored {
    let (less, borrow) = minus(a, b);
    let mask = u64::from(borrow).wrapping_neg();
    plus(less, modulus.map(|limb| limb & mask)).0
}

/// `a b + c + d`, which is below `2^128`: its lower and its upper half.
#[inline(always)]
const fn multiply_add(a: u64, b: u64, c: u64, d: u64) -> (u64, u64) {
    // Wrapping, since the compiler does not see that nothing wraps.
    let wide = (a as u128).wrapping_mul(b as u128).wrapping_add(c as u128).wrapping_add(d as u128);
    (wide as u64, (wide >> 64) as u64)
}

impl<M: Modulus> Scalar<M> {
    const TWICE: Stored = plus(M::P, M::P).0;
    /// `-1 / p mod 2^64`.
    const INVERSE: u64 = {
        // Another step of Newton's, since the shared function ends below 64 bits.
        let x = negative_inverse(M::P[0], 63).wrapping_neg();
        x.wrapping_mul(2u64.wrapping_sub(M::P[0].wrapping_mul(x))).wrapping_neg()
    };
    /// The bounds above.
    const BOUNDS: () =
        assert!(M::P[3] < 1 << 62 && M::P[0].wrapping_mul(Self::INVERSE) == u64::MAX);

    #[inline(always)]
    const fn new(limbs: Stored) -> Self {
        let () = Self::BOUNDS;
        Self(limbs, PhantomData)
    }

    /// `a - b` below `2p`.
    #[inline(always)]
    fn less(self, other: Self) -> Self {
        Self::new(difference(self.0, other.0, Self::TWICE))
    }

    /// Montgomery's reduction of `low + 2^256 high`, which is below `4 p^2`.
    #[inline(always)]
    fn from_wide(mut low: Stored, high: Stored) -> Self {
        for _ in 0..4 {
            let factor = low[0].wrapping_mul(Self::INVERSE);
            let (_, carry) = multiply_add(factor, M::P[0], low[0], 0);
            let (next, carry) = multiply_add(factor, M::P[1], low[1], carry);
            low[0] = next;
            let (next, carry) = multiply_add(factor, M::P[2], low[2], carry);
            low[1] = next;
            let (next, carry) = multiply_add(factor, M::P[3], low[3], carry);
            low[2] = next;
            low[3] = carry;
        }
        // Below `2p`, hence no carry.
        Self::new(plus(low, high).0)
    }
}

impl<M: Modulus> Lanes<M, Portable> for Scalar<M> {
    const FROM_ARK: Stored = power_of_two(256, M::P);
    const TO_ARK: Stored = power_of_two(256, M::P);
    const ONE: Stored = power_of_two(256, M::P);

    #[inline(always)]
    fn load<'a>(_: Portable, at: impl Fn(usize) -> &'a Stored) -> Self {
        Self::new(*at(0))
    }

    #[inline(always)]
    fn store<'a>(self, mut to: impl FnMut(usize) -> &'a mut Stored) {
        *to(0) = self.0;
    }

    #[inline(always)]
    fn raw_load<'a>(cpu: Portable, at: impl Fn(usize) -> &'a Stored) -> Self {
        Self::load(cpu, at)
    }

    #[inline(always)]
    fn raw_store<'a>(self, to: impl FnMut(usize) -> &'a mut Stored) {
        self.reduce().store(to);
    }

    #[inline(always)]
    fn splat(_: Portable, x: &Stored) -> Self {
        Self::new(*x)
    }

    /// Koç, Acar and Kaliski, *Analyzing and comparing Montgomery multiplication algorithms* (IEEE Micro 1996): CIOS, where
    /// the upper word never carries, since those of `2p` and of `p` are below `2^63` and `2^62`.
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let (a, mut t) = (self.0, [0; 4]);
        for b in other.0 {
            let (low, over) = multiply_add(a[0], b, t[0], 0);
            let factor = low.wrapping_mul(Self::INVERSE);
            let (_, carry) = multiply_add(factor, M::P[0], low, 0);
            let (low, over) = multiply_add(a[1], b, t[1], over);
            let (next, carry) = multiply_add(factor, M::P[1], low, carry);
            t[0] = next;
            let (low, over) = multiply_add(a[2], b, t[2], over);
            let (next, carry) = multiply_add(factor, M::P[2], low, carry);
            t[1] = next;
            let (low, over) = multiply_add(a[3], b, t[3], over);
            let (next, carry) = multiply_add(factor, M::P[3], low, carry);
            t[2] = next;
            t[3] = over.wrapping_add(carry);
        }
        Self::new(t)
    }

    /// Ten products of words for the square, sixteen for its reduction.
    #[inline(always)]
    fn sqr(self) -> Self {
        let a = self.0;
        // What is there twice.
        let (r1, carry) = multiply_add(a[0], a[1], 0, 0);
        let (r2, carry) = multiply_add(a[0], a[2], carry, 0);
        let (r3, r4) = multiply_add(a[0], a[3], carry, 0);
        let (r3, carry) = multiply_add(a[1], a[2], r3, 0);
        let (r4, r5) = multiply_add(a[1], a[3], r4, carry);
        let (r5, r6) = multiply_add(a[2], a[3], r5, 0);
        let r7 = r6 >> 63;
        let r6 = r6 << 1 | r5 >> 63;
        let r5 = r5 << 1 | r4 >> 63;
        let r4 = r4 << 1 | r3 >> 63;
        let r3 = r3 << 1 | r2 >> 63;
        let r2 = r2 << 1 | r1 >> 63;
        let r1 = r1 << 1;
        let (s0, s1) = multiply_add(a[0], a[0], 0, 0);
        let (s2, s3) = multiply_add(a[1], a[1], 0, 0);
        let (s4, s5) = multiply_add(a[2], a[2], 0, 0);
        let (s6, s7) = multiply_add(a[3], a[3], 0, 0);
        let (low, carry) = plus([0, r1, r2, r3], [s0, s1, s2, s3]);
        let (high, _) = plus([r4, r5, r6, r7], [s4, s5, s6, s7]);
        Self::from_wide(low, plus(high, [u64::from(carry), 0, 0, 0]).0)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.less(other)
    }

    #[inline(always)]
    fn reduce(self) -> Self {
        Self::new(difference(self.0, M::P, M::P))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // Not below zero, since the other is below 2p.
        self.less(Self::new(minus(Self::TWICE, other.0).0))
    }

    #[inline(always)]
    fn sub_reduced(self, other: Self) -> Self {
        self.less(other)
    }

    #[inline(always)]
    fn sub_sub(self, a: Self, b: Self) -> Self {
        self.less(a).less(b)
    }

    #[inline(always)]
    fn negate(self, mask: u8) -> Self {
        self.select(Self::new([0; 4]).less(self), mask)
    }

    #[inline(always)]
    fn select(self, other: Self, mask: u8) -> Self {
        if mask & 1 == 0 {
            self
        } else {
            other
        }
    }

    #[inline(always)]
    fn load_ark<'a>(cpu: Portable, at: impl Fn(usize) -> &'a Stored) -> Self {
        Self::load(cpu, at)
    }

    #[inline(always)]
    fn store_ark<'a>(self, _: Portable, to: impl FnMut(usize) -> &'a mut Stored) {
        self.reduce().store(to);
    }
}

#[cfg(test)]
mod tests;
