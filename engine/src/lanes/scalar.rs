//! One element at a time, by arkworks' field arithmetic: what every machine can do, and the twin
//! that the others are compared with.
//!
//! Every value is reduced, whatever its kind.

use ark_ff::Field;

use super::{Cpu, Kernel, Lanes, Stored};
use crate::field::Modulus;

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
pub(crate) struct Scalar<M: Modulus>(M::Ark);

impl<M: Modulus> Lanes<M, Portable> for Scalar<M> {
    // arkworks' Montgomery factor is this processor's.
    const FROM_ARK: Stored = crate::field::power_of_two(256, M::P);
    const TO_ARK: Stored = crate::field::power_of_two(256, M::P);
    const ONE: Stored = crate::field::power_of_two(256, M::P);

    #[inline(always)]
    fn load<'a>(_: Portable, at: impl Fn(usize) -> &'a Stored) -> Self {
        Self(M::from_limbs(*at(0)))
    }

    #[inline(always)]
    fn store<'a>(self, mut to: impl FnMut(usize) -> &'a mut Stored) {
        *to(0) = M::to_limbs(&self.0);
    }

    #[inline(always)]
    fn raw_load<'a>(cpu: Portable, at: impl Fn(usize) -> &'a Stored) -> Self {
        Self::load(cpu, at)
    }

    #[inline(always)]
    fn raw_store<'a>(self, to: impl FnMut(usize) -> &'a mut Stored) {
        self.store(to);
    }

    #[inline(always)]
    fn splat(_: Portable, x: &Stored) -> Self {
        Self(M::from_limbs(*x))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(self.0 * other.0)
    }

    #[inline(always)]
    fn sqr(self) -> Self {
        Self(self.0.square())
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }

    #[inline(always)]
    fn reduce(self) -> Self {
        self
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    #[inline(always)]
    fn sub_reduced(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }

    #[inline(always)]
    fn sub_sub(self, a: Self, b: Self) -> Self {
        Self(self.0 - a.0 - b.0)
    }

    #[inline(always)]
    fn negate(self, mask: u8) -> Self {
        self.select(Self(-self.0), mask)
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
        self.store(to);
    }
}
