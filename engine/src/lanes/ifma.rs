//! Eight elements at a time with AVX-512 IFMA: products of 52-bit limbs in integers.
//!
//! An element is five words that hold the digits of an integer to the base `2^52`, and stands for
//! `v / R mod p` with `R = 2^260 > 84 p`. An instruction adds the low or the high half of a product
//! of two words' low 52 bits to a 64-bit word, so columns of a product are summed up without carries:
//! each has fewer than 30 halves and a carry, which stays below `2^57`.
//!
//! # Kinds of values
//!
//! All limbs are digits, in `[0, 2^52)`: the multiplier would not see more, or a sign.
//!
//! | kind | value |
//! |---|---|
//! | raw | `[0, p)` |
//! | reduced | `[0, 5/3 p)` |
//! | negated | `[0, 2 p]` |
//! | product | `[0, 4/3 p)` |
//! | difference | `[0, 4 p]` |
//!
//! A difference is `a - b + 2 p`, and what is negated is `2 p - a`. In memory a reduced value is its
//! integer, which is below `2^256`, more than `5 p`.
//!
//! # Products
//!
//! With `J = -1 / p mod 2^52`, the number `N = (1 + p J) / 2^52` is `2^-52 mod p`. So a column of `t`
//! is removed by `t -> (t - t mod 2^52) / 2^52 + (t mod 2^52) N`, and the next one is known after one
//! multiplication rather than two. It leaves values up to `2^52 N`, so the fifth column is removed in
//! Montgomery's way: `t -> (t + q p) / 2^52`, with `q = t J mod 2^52`. There the lowest column becomes
//! a multiple of `2^52`, hence its carry is its own, rounded up, and needs no product.
//!
//! Of factors `a` and `b` the product is therefore below `a b / R + N (1 + 2^-50) + p`. `N` is below
//! `0.13 p` in both fields, as the constants assert, and differences are the largest factors:
//! `4^2 / 84 + 0.13 + 1 < 4/3`.
//!
//! # Reduction
//!
//! Sums of up to three values lie between `-4 p` and `8 p`, and `2^253` is about `0.66 p`. A table names
//! the multiple of `p` that is taken away, for each `s = floor(v / 2^253)`: the largest that leaves
//! nothing negative. The highest limb tells `s`. As lower limbs have not been carried, it errs by up to
//! `2^210`, which the table allows for; less than `p + 2^253 + 2^211 < 5/3 p` remains. The table has 16
//! entries, and as many values of `s` are in the reach of each operation: `|v| <= 4 p` in those that
//! subtract, and `[0, 8 p]` in those that add.
//!
//! # Costs
//!
//! Instructions for eight elements, without loads, stores and setting registers to zero:
//!
//! | | multiplier | others |
//! |---|---|---|
//! | `mul` | 100 | 31 |
//! | `sqr` | 80 | 39 |
//! | `sub`, `negate` | | 22 |
//! | `reduce` | | 23 |
//! | `add`, `sub_reduced` | | 28 |
//! | `sub_sub` | | 33 |
//!
//! So a product takes at least 8.2 cycles an element where two ports take all of these, and 12.5 where
//! one multiplication starts a cycle; a square 7.4 and 10. Signed limbs would save carries, but the
//! multiplier knows no sign. Four masks of a product serve sums only; leaving them to the sums moves
//! the work to where both operands need them.

use core::marker::PhantomData;

use super::{Cpu, Kernel, Lanes, Stored};
use crate::field::{digits, negative_inverse, power_of_two, Modulus};

#[cfg(test)]
mod tests;
mod words;

#[cfg(target_arch = "x86_64")]
pub(crate) use words::Avx512;
#[cfg(test)]
pub(crate) use words::Plain;
use words::{Words, MASK};

/// Bits of a limb.
const BITS: u32 = 52;
/// Where the highest limb has the bits of `floor(v / 2^253)`.
const STEP: u32 = 253 - 4 * BITS;

/// A row of words for each limb.
type Table = [[u64; 16]; 5];

/// What is known about a prime.
struct Constants<M>(PhantomData<M>);

impl<M: Modulus> Constants<M> {
    const P: [u64; 5] = digits(M::P, BITS as usize);
    /// `J` above.
    const INVERSE: u64 = negative_inverse(M::P[0], BITS);
    /// `N` above.
    const DOWN: [u64; 5] = {
        // p J + 1: its lowest digit is zero.
        let mut carry = 1;
        let mut sum = [0; 6];
        let mut i = 0;
        while i < 5 {
            carry += Self::P[i] as u128 * Self::INVERSE as u128;
            sum[i] = carry as u64 & MASK;
            carry >>= BITS;
            i += 1;
        }
        sum[5] = carry as u64;
        assert!(sum[0] == 0);
        // Below 0.13 p: the highest limb of p has 46 bits.
        assert!(sum[5] * 100 < Self::P[4] * 13 - 100);
        [sum[1], sum[2], sum[3], sum[4], sum[5]]
    };
    /// The digits of `2 p`.
    const TWICE: [u64; 5] = {
        let p = M::P;
        digits(
            [p[0] << 1, p[1] << 1 | p[0] >> 63, p[2] << 1 | p[1] >> 63, p[3] << 1 | p[2] >> 63],
            BITS as usize,
        )
    };
    /// For values between `-2^256` and `2^256`.
    const AROUND_ZERO: Table = Self::multiples(-8);
    /// For values below `2^257`.
    const FROM_ZERO: Table = Self::multiples(0);

    /// Multiples of `-p` for `s` from `first` on, at `s mod 16`. Their limbs have signs and no carries.
    const fn multiples(first: i128) -> Table {
        let mut out = [[0; 16]; 5];
        let mut s = first;
        while s < first + 16 {
            // In units of 2^192, of which 2^18 are the highest limb's error.
            let (from, to) = ((s << 61) - (1 << 18), ((s + 1) << 61) + (1 << 18));
            let p = M::P[3] as i128;
            let k = from.div_euclid(p + (s > 0) as i128);
            assert!(k * p <= from && k * (p + 1) <= from, "nothing negative is left");
            assert!((to - k * p) * 3 < 5 * p, "what is left is reduced");
            assert!(-10 < k && k < 12, "limbs stay below 2^56");
            let mut i = 0;
            while i < 5 {
                out[i][s.rem_euclid(16) as usize] = (-k * Self::P[i] as i128) as u64;
                i += 1;
            }
            s += 1;
        }
        out
    }
}

/// A processor with the instructions behind `W`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IfmaCpu<W: Words>(W::Token);

impl<W: Words> IfmaCpu<W> {
    /// Where there is one.
    pub(crate) fn detect() -> Option<Self> {
        W::detect().map(Self)
    }
}

impl<W: Words> Cpu for IfmaCpu<W> {
    const LANES: usize = 8;
    type F<M: Modulus> = Ifma<M, W>;

    #[inline(always)]
    fn prefetch<T>(self, at: &T) {
        W::prefetch(self.0, at);
    }

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Out {
        W::run(self.0, kernel)
    }
}

/// Eight elements.
#[derive(Clone, Copy)]
pub(crate) struct Ifma<M, W> {
    limbs: [W; 5],
    modulus: PhantomData<M>,
}

/// Columns of a product: `low[c]` and `high[c - 1]` belong to column `c`. Two sums are ready sooner
/// than one.
struct Columns<W> {
    low: [W; 9],
    high: [W; 9],
}

// Loops over limbs are written out: a closure that the compiler does not inline is compiled without
// the processor's instructions.
#[allow(clippy::needless_range_loop)]
impl<M: Modulus, W: Words> Ifma<M, W> {
    #[inline(always)]
    fn new(limbs: [W; 5]) -> Self {
        Self { limbs, modulus: PhantomData }
    }

    /// Digits of a sum that is not negative, whose limbs may be.
    #[inline(always)]
    fn carried(mut limbs: [W; 5]) -> Self {
        let mask = limbs[0].bits(MASK);
        for i in 0..4 {
            limbs[i + 1] = limbs[i + 1].add(limbs[i].sar::<BITS>());
            limbs[i] = limbs[i].and(mask);
        }
        Self::new(limbs)
    }

    /// Any sum within the table's bounds, reduced.
    #[inline(always)]
    fn reduce_limbs(mut limbs: [W; 5], table: &Table) -> Self {
        let step = limbs[4].shr::<STEP>();
        for i in 0..5 {
            limbs[i] = limbs[i].add(step.look_up(&table[i]));
        }
        Self::carried(limbs)
    }

    /// `self - other` without carries.
    #[inline(always)]
    fn minus(mut self, other: Self) -> [W; 5] {
        for i in 0..5 {
            self.limbs[i] = self.limbs[i].sub(other.limbs[i]);
        }
        self.limbs
    }

    /// Columns of the product of integers to the product over `R`.
    #[inline(always)]
    fn montgomery(Columns { mut low, mut high }: Columns<W>) -> Self {
        let zero = low[0].bits(0);
        let mask = zero.bits(MASK);
        for i in 0..4 {
            let t = low[i];
            for j in 0..5 {
                let down = zero.bits(Constants::<M>::DOWN[j]);
                low[i + 1 + j] = low[i + 1 + j].madd_low(t, down);
                high[i + 1 + j] = high[i + 1 + j].madd_high(t, down);
            }
            low[i + 1] = low[i + 1].add(high[i].add(t.shr::<BITS>()));
        }
        let q = zero.madd_low(low[4], zero.bits(Constants::<M>::INVERSE));
        for j in 0..5 {
            let p = zero.bits(Constants::<M>::P[j]);
            high[4 + j] = high[4 + j].madd_high(q, p);
            if j > 0 {
                low[4 + j] = low[4 + j].madd_low(q, p);
            }
        }
        let mut carry = low[4].add(mask).shr::<BITS>();
        let mut limbs = [zero; 5];
        for i in 0..4 {
            let t = low[5 + i].add(high[4 + i]).add(carry);
            limbs[i] = t.and(mask);
            carry = t.shr::<BITS>();
        }
        limbs[4] = high[8].add(carry);
        Self::new(limbs)
    }

    /// Digits of numbers in memory.
    #[inline(always)]
    fn split(w: [W; 4]) -> Self {
        let mask = w[0].bits(MASK);
        Self::new([
            w[0].and(mask),
            w[0].shr::<52>().or(w[1].shl::<12>()).and(mask),
            w[1].shr::<40>().or(w[2].shl::<24>()).and(mask),
            w[2].shr::<28>().or(w[3].shl::<36>()).and(mask),
            w[3].shr::<16>(),
        ])
    }

    /// The reverse, for numbers below `2^256`.
    #[inline(always)]
    fn join(self) -> [W; 4] {
        let d = self.limbs;
        [
            d[0].or(d[1].shl::<52>()),
            d[1].shr::<12>().or(d[2].shl::<40>()),
            d[2].shr::<24>().or(d[3].shl::<28>()),
            d[3].shr::<36>().or(d[4].shl::<16>()),
        ]
    }
}

#[allow(clippy::needless_range_loop)]
impl<M: Modulus, W: Words> Lanes<M, IfmaCpu<W>> for Ifma<M, W> {
    // Products divide by 2^260, and arkworks' form is times 2^256.
    const FROM_ARK: Stored = power_of_two(264, M::P);
    const TO_ARK: Stored = power_of_two(256, M::P);
    const ONE: Stored = power_of_two(260, M::P);

    // The trait's `load_pair` does this twice, which takes fewer shuffles than whole lines would.
    #[inline(always)]
    fn load<'a>(cpu: IfmaCpu<W>, at: impl Fn(usize) -> &'a Stored) -> Self {
        Self::split(W::gather(cpu.0, at))
    }

    #[inline(always)]
    fn store<'a>(self, to: impl FnMut(usize) -> &'a mut Stored) {
        W::scatter(self.join(), eight(to));
    }

    #[inline(always)]
    fn store_pair<'a>(x: Self, y: Self, to: impl FnMut(usize) -> &'a mut [Stored; 2]) {
        let mut pairs = eight(to);
        W::scatter(x.join(), pairs.each_mut().map(|pair| &mut pair[0]));
        W::scatter(y.join(), pairs.each_mut().map(|pair| &mut pair[1]));
    }

    #[inline(always)]
    fn raw_load<'a>(cpu: IfmaCpu<W>, at: impl Fn(usize) -> &'a Stored) -> Self {
        Self::load(cpu, at)
    }

    #[inline(always)]
    fn raw_store<'a>(self, to: impl FnMut(usize) -> &'a mut Stored) {
        // Below 2 p, so that p is taken away once or not at all.
        let mut less = self.limbs;
        for i in 0..5 {
            less[i] = less[i].sub(less[i].bits(Constants::<M>::P[i]));
        }
        let mut canonical = Self::carried(less).limbs;
        let sign = canonical[4];
        for i in 0..5 {
            canonical[i] = canonical[i].where_negative(sign, self.limbs[i]);
        }
        Self::new(canonical).store(to);
    }

    #[inline(always)]
    fn splat(cpu: IfmaCpu<W>, x: &Stored) -> Self {
        let mut limbs = [W::zero(cpu.0); 5];
        let digits = digits(*x, BITS as usize);
        for i in 0..5 {
            limbs[i] = limbs[i].bits(digits[i]);
        }
        Self::new(limbs)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let zero = self.limbs[0].bits(0);
        let Columns { mut low, mut high } = Columns { low: [zero; 9], high: [zero; 9] };
        for i in 0..5 {
            for j in 0..5 {
                let (a, b) = (self.limbs[i], other.limbs[j]);
                low[i + j] = low[i + j].madd_low(a, b);
                high[i + j] = high[i + j].madd_high(a, b);
            }
        }
        Self::montgomery(Columns { low, high })
    }

    #[inline(always)]
    fn sqr(self) -> Self {
        let zero = self.limbs[0].bits(0);
        let Columns { mut low, mut high } = Columns { low: [zero; 9], high: [zero; 9] };
        for i in 0..5 {
            for j in i + 1..5 {
                let (a, b) = (self.limbs[i], self.limbs[j]);
                low[i + j] = low[i + j].madd_low(a, b);
                low[i + j + 1] = low[i + j + 1].madd_high(a, b);
            }
        }
        // Doubled limbs would not fit the multiplier: columns are doubled.
        for c in 1..9 {
            low[c] = low[c].add(low[c]);
        }
        // Squares of limbs need not wait for that: they are all that the other sum has.
        for i in 0..5 {
            let a = self.limbs[i];
            let column = if i == 0 { &mut low[0] } else { &mut high[2 * i - 1] };
            *column = column.madd_low(a, a);
            high[2 * i] = high[2 * i].madd_high(a, a);
        }
        Self::montgomery(Columns { low, high })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let mut limbs = self.minus(other);
        for i in 0..5 {
            limbs[i] = limbs[i].add(limbs[i].bits(Constants::<M>::TWICE[i]));
        }
        Self::carried(limbs)
    }

    #[inline(always)]
    fn reduce(self) -> Self {
        Self::reduce_limbs(self.limbs, const { &Constants::<M>::AROUND_ZERO })
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let mut limbs = self.limbs;
        for i in 0..5 {
            limbs[i] = limbs[i].add(other.limbs[i]);
        }
        Self::reduce_limbs(limbs, const { &Constants::<M>::FROM_ZERO })
    }

    #[inline(always)]
    fn sub_reduced(self, other: Self) -> Self {
        Self::reduce_limbs(self.minus(other), const { &Constants::<M>::AROUND_ZERO })
    }

    #[inline(always)]
    fn sub_sub(self, a: Self, b: Self) -> Self {
        let limbs = Self::new(self.minus(a)).minus(b);
        Self::reduce_limbs(limbs, const { &Constants::<M>::AROUND_ZERO })
    }

    #[inline(always)]
    fn negate(self, mask: u8) -> Self {
        let mut limbs = self.limbs;
        for i in 0..5 {
            limbs[i] = limbs[i].bits(Constants::<M>::TWICE[i]).sub(limbs[i]);
        }
        self.select(Self::carried(limbs), mask)
    }

    #[inline(always)]
    fn select(self, other: Self, mask: u8) -> Self {
        let mut limbs = self.limbs;
        for i in 0..5 {
            limbs[i] = limbs[i].select(other.limbs[i], mask);
        }
        Self::new(limbs)
    }

    // What `load_ark` and `store_ark` reduce is a product, which is within the bounds of reduced
    // values already.
    #[inline(always)]
    fn load_ark<'a>(cpu: IfmaCpu<W>, at: impl Fn(usize) -> &'a Stored) -> Self {
        Self::raw_load(cpu, at).mul(Self::splat(cpu, &Self::FROM_ARK))
    }

    #[inline(always)]
    fn store_ark<'a>(self, cpu: IfmaCpu<W>, to: impl FnMut(usize) -> &'a mut Stored) {
        self.mul(Self::splat(cpu, &Self::TO_ARK)).raw_store(to);
    }
}

/// Where eight lanes go.
#[inline(always)]
fn eight<'a, T>(mut to: impl FnMut(usize) -> &'a mut T) -> [&'a mut T; 8] {
    [to(0), to(1), to(2), to(3), to(4), to(5), to(6), to(7)]
}
