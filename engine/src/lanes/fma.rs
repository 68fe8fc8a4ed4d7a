//! Four elements at a time with AVX2 and FMA: products of 51-bit limbs in double precision.
//!
//! The technique is N. Emmart's, F. Zheng's and C. Weems's (*Faster modular exponentiation using double
//! precision floating point arithmetic on the GPU*, ARITH 2018), with rounding to nearest in place of
//! rounding to zero, and therefore with signed limbs.
//!
//! An element is five doubles that hold integers, `v = sum l_i 2^(51 i)`, and stands for
//! `v / R mod p` with `R = 2^255 > 2.64 p`.
//!
//! # Products of limbs
//!
//! For integers `|a b| < 2^102`, with `C1 = 1.5 * 2^103` and `C2 = 1.5 * 2^52`:
//! `hi = fma(a, b, C1)` lies between `2^103` and `2^104`, where doubles are multiples of `2^51`, so
//! `hi = C1 + H 2^51` for the integer `H` nearest to `a b / 2^51`, and its bits are those of `C1` plus
//! `H`. `C1 + C2 - hi = C2 - H 2^51` is exact (a multiple of `2^51` below `2^103`), and
//! `lo = fma(a, b, C2 - H 2^51) = C2 + L` with `L = a b - H 2^51`, `|L| <= 2^50`, is exact again: doubles
//! between `2^52` and `2^53` are the integers, and the bits are those of `C2` plus `L`. So bits are
//! added up as 64-bit integers, and the constants' bits are taken away beforehand, all at once.
//! Sums of ten `H` and ten `L` and a carry stay below `2^56`.
//!
//! # Kinds of values
//!
//! | kind | value | limbs |
//! |---|---|---|
//! | raw | `[0, p)` | `[0, 2^51)` |
//! | reduced | `[0, p + 2^208)` | `[-2^50, 2^50]` |
//! | product | `|v| < 1.5 p` | `[-2^50, 2^50]` |
//! | difference | `|v| < 2 p + 2^209` | `[-2^51, 2^51]` |
//!
//! In memory a reduced value is `v` plus `2^50` in each of the four lower limbs, whose digits are
//! therefore limbs plus `2^50`.
//!
//! Negating changes signs and nothing else, so a difference of values one of which was negated may
//! be as large as `2 p`; otherwise it is below `p + 2^208`.
//!
//! A product of `a` and `b` is `(a b + q p) / R` with `q = sum q_i 2^(51 i)`, `|q_i| <= 2^50`, so
//! `|q p / R| < 0.501 p`, and it is below `|a b| / (2.64 p) + 0.501 p`. Without negated differences among
//! the factors, and theirs, this stays below `1.25 p`. A negated difference may be multiplied with
//! such a product or a reduced value, which gives less than `1.5 p`, and the result with anything
//! else again. The highest limb is below `2^51` by far. (At `|a b| = 2^102` itself the sum with `C1` is
//! a power of two, and all of the above still holds.)
//!
//! Sums that are reduced have limbs of at most `5 * 2^50` and lie between `-3 p` and `4 p`. With `|k| <= 4`
//! the multiple `k p` that is taken away leaves integers below `2^53`, which doubles hold exactly: the
//! limbs of `p` leave the room, as the constants assert.

use core::marker::PhantomData;

use super::{Cpu, Kernel, Lanes, Stored};
use crate::field::{digits, negative_inverse, power_of_two, reduce_once, Modulus};

mod words;

#[cfg(test)]
pub(crate) use words::Plain;
use words::Words;
#[cfg(target_arch = "x86_64")]
pub(crate) use words::{prefetch, Avx2};

/// Bits of a limb.
const BITS: u32 = 51;
const MASK: u64 = (1 << BITS) - 1;
const HALF: u64 = 1 << (BITS - 1);
/// `1.5 * 2^103` and `1.5 * 2^52`.
const C1: f64 = f64::from_bits(((1023 + 103) << 52) | (1 << 51));
const C2: f64 = f64::from_bits(((1023 + 52) << 52) | (1 << 51));
/// `2^52`: the bits of a double that is an integer below `2^52` and this, together.
const MAGIC: f64 = f64::from_bits((1023 + 52) << 52);
/// `1.5 * 2^(52 + 51)`: added and taken away again, it rounds to a multiple of `2^51`.
const ROUND: f64 = C1;
/// `2^-51`.
const DOWN: f64 = f64::from_bits((1023 - 51) << 52);

/// What is known about a prime.
struct Constants<M>(PhantomData<M>);

impl<M: Modulus> Constants<M> {
    /// The limbs of `p`, each between `-2^50` and `2^50`.
    const P: [f64; 5] = signed_digits(M::P);
    /// `-1 / p mod 2^51`.
    const INVERSE: f64 = negative_inverse(M::P[0], BITS) as f64;
    /// `2^204 / p`, rounded.
    const QUOTIENT: f64 = 1.0 / Self::TOP;
    /// `p / 2^204`, rounded.
    const TOP: f64 = {
        let limbs = digits(M::P, BITS as usize);
        limbs[4] as f64 + limbs[3] as f64 * DOWN
    };
    /// See above: `5 * 2^50 + 3 |p_i|` and a carry stay below `2^53`.
    const ROOM: () = {
        let mut i = 0;
        while i < 4 {
            let limb = if Self::P[i] < 0.0 { -Self::P[i] } else { Self::P[i] };
            assert!(limb * 3.0 + 5.0 * HALF as f64 + 64.0 < (1u64 << 53) as f64);
            i += 1;
        }
    };
    /// What the columns of a product start with, so that the bits of constants cancel. Column `c` gets
    /// two sums of products: low halves of those of limbs `i + j = c`, high halves of `i + j = c - 1`.
    const START: [u64; 10] = {
        let mut out = [0u64; 10];
        let mut c = 0;
        while c < 10 {
            let high = if c == 0 { 0 } else { products(c - 1) };
            // The last low half of a column that is reduced is corrected with its carry.
            let low = 2 * products(c) - (c < 5) as u64;
            let mut bits =
                C1.to_bits().wrapping_mul(2 * high).wrapping_add(C2.to_bits().wrapping_mul(low));
            if c > 0 {
                bits = bits.wrapping_add(LIFT >> BITS);
            }
            if c == 9 {
                bits = bits.wrapping_sub(C2.to_bits());
            }
            out[c] = bits.wrapping_neg();
            c += 1;
        }
        out
    };

    /// The same for a square, where pairs of unequal limbs come once, with one of them doubled.
    const SQUARE_START: [u64; 10] = {
        let mut out = Self::START;
        let mut c = 0;
        while c < 10 {
            let high = if c == 0 { 0 } else { products(c - 1) / 2 };
            let bits = C1.to_bits().wrapping_mul(high);
            let bits = bits.wrapping_add(C2.to_bits().wrapping_mul(products(c) / 2));
            out[c] = out[c].wrapping_add(bits);
            c += 1;
        }
        out
    };
}

/// Limbs of which all but the highest are between `-2^50` and `2^50`.
const fn signed_digits(x: [u64; 4]) -> [f64; 5] {
    let digits = digits(x, BITS as usize);
    let mut out = [0.0; 5];
    let mut carry = 0;
    let mut i = 0;
    while i < 5 {
        let mut limb = digits[i] as i64 + carry;
        carry = (i < 4 && limb > HALF as i64) as i64;
        limb -= carry << BITS;
        out[i] = limb as f64;
        i += 1;
    }
    out
}

/// Makes columns positive before they are shifted.
const LIFT: u64 = 1 << 62;

/// How many pairs of limbs have indices that add up to `c`.
const fn products(c: usize) -> u64 {
    match c {
        0..=4 => c as u64 + 1,
        5..=8 => 9 - c as u64,
        _ => 0,
    }
}

/// A processor with the instructions behind `W`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FmaCpu<W: Words>(W::Token);

impl<W: Words> FmaCpu<W> {
    /// Where there is one.
    pub(crate) fn detect() -> Option<Self> {
        W::detect().map(Self)
    }
}

impl<W: Words> Cpu for FmaCpu<W> {
    const LANES: usize = 4;
    type F<M: Modulus> = Fma<M, W>;

    #[inline(always)]
    fn prefetch<T>(self, at: &T) {
        W::prefetch(self.0, at);
    }

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Out {
        W::run(self.0, kernel)
    }
}

/// Four elements.
#[derive(Clone, Copy)]
pub(crate) struct Fma<M, W> {
    limbs: [W; 5],
    modulus: PhantomData<M>,
}

/// The array of an expression for each index. (`array::from_fn` and `map` may be left as calls, and what
/// they call is then compiled without the processor's instructions.)
macro_rules! each {
    ($i:ident => $x:expr) => {
        each!($i => $x; 0, 1, 2, 3, 4)
    };
    ($i:ident => $x:expr; $($at:literal),+) => {
        [$({
            let $i = $at;
            $x
        }),+]
    };
}

impl<M: Modulus, W: Words> Fma<M, W> {
    #[inline(always)]
    fn new(limbs: [W; 5]) -> Self {
        let () = Constants::<M>::ROOM;
        Self { limbs, modulus: PhantomData }
    }

    /// Columns of the product of limbs.
    #[inline(always)]
    fn product(self, other: Self) -> [W; 10] {
        let like = self.limbs[0];
        let (c1, c12) = (like.double(C1), like.double(C1 + C2));
        let mut t = Self::columns(like);
        for x in 0..5 {
            for y in 0..5 {
                let (a, b) = (self.limbs[x], other.limbs[y]);
                let high = a.fma(b, c1);
                let low = a.fma(b, c12.fsub(high));
                t[x + y + 1] = t[x + y + 1].iadd(high);
                t[x + y] = t[x + y].iadd(low);
            }
        }
        t
    }

    /// Columns of the product of limbs to the product over `R`.
    #[inline(always)]
    fn montgomery(mut t: [W; 10]) -> Self {
        for x in 0..5 {
            Self::remove_column(&mut t, x);
        }
        Self::upper(t)
    }

    /// Makes the value a multiple of `2^(51 (x + 1))`.
    #[inline(always)]
    fn remove_column(t: &mut [W; 10], x: usize) {
        let like = t[0];
        let (c1, c12) = (like.double(C1), like.double(C1 + C2));
        let magic = like.double(MAGIC);
        let low = t[x].and(like.bits(MASK)).or(magic).fsub(magic);
        let inverse = like.double(Constants::<M>::INVERSE);
        let high = low.fma(inverse, c1);
        let q = low.fma(inverse, c12.fsub(high)).fsub(like.double(C2));
        for y in 0..5 {
            let p = like.double(Constants::<M>::P[y]);
            let high = q.fma(p, c1);
            let low = q.fma(p, c12.fsub(high));
            t[x + y + 1] = t[x + y + 1].iadd(high);
            t[x + y] = t[x + y].iadd(low);
        }
        let lifted = t[x].iadd(like.bits(LIFT.wrapping_sub(C2.to_bits())));
        t[x + 1] = t[x + 1].iadd(lifted.shr::<BITS_I32>());
    }

    /// What is left after five columns.
    #[inline(always)]
    fn upper(mut t: [W; 10]) -> Self {
        let like = t[0];
        let (mask, magic) = (like.bits(MASK), like.double(MAGIC));
        let lift = like.bits(LIFT + HALF);
        let down = like.double(MAGIC + HALF as f64);
        let mut limbs = [like; 5];
        for x in 5..9 {
            let lifted = t[x].iadd(lift);
            t[x + 1] = t[x + 1].iadd(lifted.shr::<BITS_I32>());
            limbs[x - 5] = lifted.and(mask).or(magic).fsub(down);
        }
        limbs[4] = t[9].fsub(like.double(C2));
        Self::new(limbs)
    }

    #[inline(always)]
    fn columns(like: W) -> [W; 10] {
        each!(c => like.bits(Constants::<M>::START[c]); 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    }

    /// Any sum within the bounds above, reduced.
    #[inline(always)]
    fn reduce_limbs(mut limbs: [W; 5]) -> Self {
        let like = limbs[0];
        let quotient = Constants::<M>::QUOTIENT;
        // Four less, since lower limbs may be negative: the quotient is never too large.
        let k = limbs[4].fma(like.double(quotient), like.double(-4.0 * quotient)).floor();
        for (limb, p) in limbs.iter_mut().zip(Constants::<M>::P) {
            *limb = k.fma(like.double(-p), *limb);
        }
        let round = like.double(ROUND);
        for i in 0..4 {
            let carry = limbs[i].fadd(round).fsub(round);
            limbs[i] = limbs[i].fsub(carry);
            limbs[i + 1] = carry.fma(like.double(DOWN), limbs[i + 1]);
        }
        Self::new(limbs)
    }

    /// Digits of numbers in memory.
    #[inline(always)]
    fn gather<'a>(cpu: FmaCpu<W>, at: impl Fn(usize) -> &'a Stored) -> [W; 5] {
        let w = W::gather(cpu.0, at);
        let mask = w[0].bits(MASK);
        [
            w[0].and(mask),
            w[0].shr::<51>().or(w[1].shl::<13>()).and(mask),
            w[1].shr::<38>().or(w[2].shl::<26>()).and(mask),
            w[2].shr::<25>().or(w[3].shl::<39>()).and(mask),
            w[3].shr::<12>(),
        ]
    }

    /// The words of the number that integer limbs add up to: not negative, and below `2^255`.
    #[inline(always)]
    fn words(mut d: [W; 5]) -> [W; 4] {
        let like = d[0];
        let mask = like.bits(MASK);
        for i in 0..4 {
            let lifted = d[i].iadd(like.bits(LIFT));
            d[i + 1] = d[i + 1].iadd(lifted.shr::<BITS_I32>()).isub(like.bits(LIFT >> BITS));
            d[i] = d[i].and(mask);
        }
        [
            d[0].or(d[1].shl::<51>()),
            d[1].shr::<13>().or(d[2].shl::<38>()),
            d[2].shr::<26>().or(d[3].shl::<25>()),
            d[3].shr::<39>().or(d[4].shl::<12>()),
        ]
    }

    /// Words of the form in memory.
    #[inline(always)]
    fn stored(self) -> [W; 4] {
        let like = self.limbs[0];
        let c2 = like.double(C2);
        let lower = like.double(C2 + HALF as f64);
        let mut limbs = each!(i => self.limbs[i].fadd(lower).isub(c2));
        limbs[4] = self.limbs[4].fadd(c2).isub(c2);
        Self::words(limbs)
    }
}

/// For shifts, which want this type.
const BITS_I32: i32 = BITS as i32;

impl<M: Modulus, W: Words> Lanes<M, FmaCpu<W>> for Fma<M, W> {
    // Products divide by 2^255, and arkworks' form is times 2^256.
    const FROM_ARK: Stored = power_of_two(254, M::P);
    const TO_ARK: Stored = power_of_two(256, M::P);
    const ONE: Stored = power_of_two(255, M::P);

    #[inline(always)]
    fn load<'a>(cpu: FmaCpu<W>, at: impl Fn(usize) -> &'a Stored) -> Self {
        let digits = Self::gather(cpu, at);
        let like = digits[0];
        let (lower, top) = (like.double(MAGIC + HALF as f64), like.double(MAGIC));
        let mut limbs = each!(i => digits[i].or(top).fsub(lower));
        limbs[4] = digits[4].or(top).fsub(top);
        Self::new(limbs)
    }

    #[inline(always)]
    fn store<'a>(self, mut to: impl FnMut(usize) -> &'a mut Stored) {
        W::scatter(self.stored(), [to(0), to(1), to(2), to(3)]);
    }

    #[inline(always)]
    fn store_pair<'a>(x: Self, y: Self, mut to: impl FnMut(usize) -> &'a mut [Stored; 2]) {
        let [a, b, c, d] = [to(0), to(1), to(2), to(3)];
        W::scatter(x.stored(), [&mut a[0], &mut b[0], &mut c[0], &mut d[0]]);
        W::scatter(y.stored(), [&mut a[1], &mut b[1], &mut c[1], &mut d[1]]);
    }

    #[inline(always)]
    fn raw_load<'a>(cpu: FmaCpu<W>, at: impl Fn(usize) -> &'a Stored) -> Self {
        let magic = W::zero(cpu.0).double(MAGIC);
        let digits = Self::gather(cpu, at);
        Self::new(each!(i => digits[i].or(magic).fsub(magic)))
    }

    #[inline(always)]
    fn raw_store<'a>(self, mut to: impl FnMut(usize) -> &'a mut Stored) {
        let c2 = self.limbs[0].double(C2);
        let limbs = each!(i => self.limbs[i].fadd(c2).isub(c2));
        let mut stored = [[0; 4]; 4];
        W::scatter(Self::words(limbs), stored.each_mut());
        for (i, x) in stored.into_iter().enumerate() {
            *to(i) = reduce_once(x, M::P);
        }
    }

    #[inline(always)]
    fn splat(cpu: FmaCpu<W>, x: &Stored) -> Self {
        let like = W::zero(cpu.0);
        let limbs = signed_digits(*x);
        Self::new(each!(i => like.double(limbs[i])))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self::montgomery(self.product(other))
    }

    #[inline(always)]
    fn mul_two(a: [Self; 2], b: [Self; 2]) -> [Self; 2] {
        let (mut s, mut t) = (a[0].product(b[0]), a[1].product(b[1]));
        for x in 0..5 {
            Self::remove_column(&mut s, x);
            Self::remove_column(&mut t, x);
        }
        [Self::upper(s), Self::upper(t)]
    }

    #[inline(always)]
    fn sqr(self) -> Self {
        let like = self.limbs[0];
        let (c1, c12) = (like.double(C1), like.double(C1 + C2));
        let start = Constants::<M>::SQUARE_START;
        let mut t = each!(c => like.bits(start[c]); 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        for x in 0..5 {
            let double = self.limbs[x].fadd(self.limbs[x]);
            for y in x..5 {
                let (a, b) = (if x == y { self.limbs[x] } else { double }, self.limbs[y]);
                let high = a.fma(b, c1);
                let low = a.fma(b, c12.fsub(high));
                t[x + y + 1] = t[x + y + 1].iadd(high);
                t[x + y] = t[x + y].iadd(low);
            }
        }
        Self::montgomery(t)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self::new(each!(i => self.limbs[i].fsub(other.limbs[i])))
    }

    #[inline(always)]
    fn reduce(self) -> Self {
        Self::reduce_limbs(self.limbs)
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self::reduce_limbs(each!(i => self.limbs[i].fadd(other.limbs[i])))
    }

    #[inline(always)]
    fn sub_reduced(self, other: Self) -> Self {
        Self::reduce_limbs(each!(i => self.limbs[i].fsub(other.limbs[i])))
    }

    #[inline(always)]
    fn sub_sub(self, a: Self, b: Self) -> Self {
        Self::reduce_limbs(each!(i => self.limbs[i].fsub(a.limbs[i]).fsub(b.limbs[i])))
    }

    #[inline(always)]
    fn negate(self, mask: u8) -> Self {
        let like = self.limbs[0];
        let sign = like.bits(0).select(like.bits(1 << 63), mask);
        Self::new(each!(i => self.limbs[i].xor(sign)))
    }

    #[inline(always)]
    fn select(self, other: Self, mask: u8) -> Self {
        Self::new(each!(i => self.limbs[i].select(other.limbs[i], mask)))
    }
}
