//! Exact sums of floats.
//!
//! Every float is a whole number times a power of two. A sum is a row of chunks, each a signed
//! 64-bit number that counts multiples of a power of `2^32`, from the smallest subnormal to 2^64
//! times the largest float. A float touches two or three neighbouring chunks and no carry runs on:
//! a chunk takes 2^30 floats before carries have to be settled. The idea is
//! Neal's small superaccumulator (*Fast exact summation using small and large superaccumulators*,
//! 2015). No order of adding and no splitting among threads changes the sum.

use num_bigint::BigUint;

use meed_ledger::decimal::Exact;
use meed_ledger::ScoreFault;

/// Floats that are added before carries are settled. A float changes a chunk by less than 2^32, so a
/// chunk stays below 2^63.
const MOST_ADDS: u64 = 1 << 30;
/// Chunks of the widest sum, and two limbs for what the highest of them carries.
const MOST_LIMBS: usize = 68;

/// Which range the numbers of a source have: how much room an exact sum of them takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Floats of up to 32 bits.
    Single,
    /// Floats of 64 bits.
    Double,
}

impl Precision {
    /// Chunks of a sum.
    #[must_use]
    pub const fn chunks(self) -> usize {
        match self {
            // A shift of 253 starts in chunk 7 and ends in chunk 8.
            Self::Single => 9,
            // A shift of 2,045 starts in chunk 63 and ends in chunk 65.
            Self::Double => 66,
        }
    }

    /// Bytes of a sum.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.chunks() * 8
    }

    /// The lowest bit is worth `2^lowest`: the smallest subnormal.
    const fn lowest(self) -> i64 {
        match self {
            Self::Single => -149,
            Self::Double => -1_074,
        }
    }
}

/// A float that can be added up.
pub trait Float: Copy {
    /// Its range.
    const PRECISION: Precision;

    /// Whether its sign bit is set.
    fn is_below(self) -> bool;

    /// Adds it to the chunks of a sum.
    ///
    /// # Errors
    /// [`ScoreFault::Nan`], [`ScoreFault::Infinite`]; the sum is then as it was.
    fn add_to(self, sum: &mut [i64]) -> Result<(), ScoreFault>;
}

#[cold]
fn not_finite(nan: bool) -> ScoreFault {
    if nan {
        ScoreFault::Nan
    } else {
        ScoreFault::Infinite
    }
}

impl Float for f32 {
    const PRECISION: Precision = Precision::Single;

    #[inline(always)]
    fn is_below(self) -> bool {
        self.is_sign_negative()
    }

    #[inline(always)]
    fn add_to(self, sum: &mut [i64]) -> Result<(), ScoreFault> {
        let bits = self.to_bits();
        let biased = bits >> 23 & 0xff;
        if biased == 0xff {
            return Err(not_finite(self.is_nan()));
        }
        let fraction = bits & 0x7f_ffff;
        let mantissa = i64::from(fraction | u32::from(biased != 0) << 23);
        let shift = biased.saturating_sub(1);
        // All ones for a negative number: `(x ^ sign) - sign` is then `-x`.
        let sign = i64::from(bits as i32 >> 31);
        // 24 + 31 bits.
        let value = ((mantissa << (shift & 31)) ^ sign) - sign;
        let at = (shift >> 5) as usize;
        let two: &mut [i64] = &mut sum[at..at + 2];
        // Below 2^63 by `MOST_ADDS`.
        two[0] = two[0].wrapping_add(value & 0xffff_ffff);
        two[1] = two[1].wrapping_add(value >> 32);
        Ok(())
    }
}

impl Float for f64 {
    const PRECISION: Precision = Precision::Double;

    #[inline(always)]
    fn is_below(self) -> bool {
        self.is_sign_negative()
    }

    #[inline(always)]
    fn add_to(self, sum: &mut [i64]) -> Result<(), ScoreFault> {
        let bits = self.to_bits();
        let biased = (bits >> 52 & 0x7ff) as u32;
        if biased == 0x7ff {
            return Err(not_finite(self.is_nan()));
        }
        let fraction = bits & ((1 << 52) - 1);
        let mantissa = i128::from(fraction | u64::from(biased != 0) << 52);
        let shift = biased.saturating_sub(1);
        let sign = i128::from(bits as i64 >> 63);
        // 53 + 31 bits.
        let value = ((mantissa << (shift & 31)) ^ sign) - sign;
        let at = (shift >> 5) as usize;
        let three: &mut [i64] = &mut sum[at..at + 3];
        three[0] = three[0].wrapping_add((value & 0xffff_ffff) as i64);
        three[1] = three[1].wrapping_add((value >> 32 & 0xffff_ffff) as i64);
        three[2] = three[2].wrapping_add((value >> 64) as i64);
        Ok(())
    }
}

/// A number that is known exactly: small ones without an allocation.
#[derive(Clone, Debug)]
pub enum Sum {
    /// `mantissa * 2^exp2`, or its negative.
    Small {
        /// Whether it is below zero.
        negative: bool,
        /// The mantissa.
        mantissa: u128,
        /// The exponent.
        exp2: i64,
    },
    /// Any other.
    Large(Exact),
}

impl Sum {
    /// The number.
    #[must_use]
    pub fn exact(self) -> Exact {
        match self {
            Self::Small { negative, mantissa, exp2 } => {
                Exact::dyadic(negative, BigUint::from(mantissa), exp2)
            }
            Self::Large(exact) => exact,
        }
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Small { mantissa, .. } => *mantissa == 0,
            Self::Large(exact) => exact.is_zero(),
        }
    }
}

/// Sums, side by side.
#[derive(Clone)]
pub struct Sums {
    precision: Precision,
    data: Vec<i64>,
    /// No sum took more floats than this since carries were settled.
    adds: u64,
}

impl std::fmt::Debug for Sums {
    /// Scores are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sums").field("precision", &self.precision).finish_non_exhaustive()
    }
}

impl Sums {
    /// So many sums, all zero.
    #[must_use]
    pub fn new(count: usize, precision: Precision) -> Self {
        Self { precision, data: vec![0; count * precision.chunks()], adds: 0 }
    }

    /// Sets all sums to zero.
    pub fn clear(&mut self) {
        self.data.fill(0);
        self.adds = 0;
    }

    /// Makes room for so many more floats in any of the sums.
    ///
    /// # Panics
    /// If they are more than 2^30.
    pub fn expect(&mut self, floats: u64) {
        assert!(floats <= MOST_ADDS, "the caller adds a stretch at a time");
        if self.adds + floats > MOST_ADDS {
            self.settle();
        }
        self.adds += floats;
    }

    /// Adds a float to a sum. [`Sums::expect`] was called for it.
    ///
    /// # Errors
    /// [`ScoreFault::Nan`], [`ScoreFault::Infinite`].
    ///
    /// # Panics
    /// If there is no such sum.
    #[inline(always)]
    pub fn add<F: Float>(&mut self, index: usize, value: F) -> Result<(), ScoreFault> {
        let chunks = F::PRECISION.chunks();
        debug_assert_eq!(F::PRECISION, self.precision);
        let at = index * chunks;
        value.add_to(&mut self.data[at..at + chunks])
    }

    /// Adds the sums of another, of the same number.
    ///
    /// # Panics
    /// If their numbers differ.
    pub fn merge(&mut self, other: &mut Self) {
        assert_eq!(self.data.len(), other.data.len(), "sums of the same things");
        self.settle();
        other.settle();
        for (chunk, more) in self.data.iter_mut().zip(&other.data) {
            *chunk += more;
        }
        self.adds = 2;
    }

    /// Carries: every chunk but the highest becomes a number from 0 to 2^32.
    fn settle(&mut self) {
        for sum in self.data.chunks_exact_mut(self.precision.chunks()) {
            let mut carry = 0;
            let last = sum.len() - 1;
            for chunk in &mut sum[..last] {
                let value = *chunk + carry;
                *chunk = value & 0xffff_ffff;
                carry = value >> 32;
            }
            sum[last] += carry;
        }
        self.adds = 1;
    }

    /// A sum.
    ///
    /// # Panics
    /// If there is no such sum.
    #[must_use]
    pub fn get(&self, index: usize) -> Sum {
        let chunks = self.precision.chunks();
        let sum = &self.data[index * chunks..(index + 1) * chunks];
        if sum.iter().all(|chunk| *chunk == 0) {
            return Sum::Small { negative: false, mantissa: 0, exp2: 0 };
        }
        let mut limbs = [0u32; MOST_LIMBS];
        let mut carry = 0i128;
        for (limb, chunk) in limbs.iter_mut().zip(sum.iter().chain(&[0, 0])) {
            let value = i128::from(*chunk) + carry;
            *limb = value as u32;
            carry = value >> 32;
        }
        let limbs = &mut limbs[..chunks + 2];
        let negative = carry < 0;
        if negative {
            let mut over = true;
            for limb in limbs.iter_mut() {
                (*limb, over) = (!*limb).overflowing_add(u32::from(over));
            }
        }
        let lowest = self.precision.lowest();
        let Some(first) = limbs.iter().position(|limb| *limb != 0) else {
            return Sum::Small { negative: false, mantissa: 0, exp2: 0 };
        };
        let last = limbs.iter().rposition(|limb| *limb != 0).expect("one is not zero");
        let exp2 = lowest + 32 * first as i64;
        let used = &limbs[first..=last];
        if used.len() <= 4 {
            let mantissa = used.iter().rev().fold(0, |sum, limb| sum << 32 | u128::from(*limb));
            return Sum::Small { negative, mantissa, exp2 };
        }
        Sum::Large(Exact::dyadic(negative, BigUint::new(used.to_vec()), exp2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigInt;
    use num_rational::BigRational;
    use proptest::prelude::*;

    fn sum<F: Float>(values: &[F]) -> Sums {
        let mut sums = Sums::new(2, F::PRECISION);
        sums.expect(values.len() as u64);
        values.iter().for_each(|v| sums.add(1, *v).unwrap());
        sums
    }

    fn rounded(sums: &Sums, bits: u8) -> Result<i64, ScoreFault> {
        sums.get(1).exact().to_fixed(bits).map(|f| f.value)
    }

    #[test]
    fn what_floats_lose_is_kept() {
        let values = [1e30f32, 1.0, -1e30, f32::from_bits(1), -f32::from_bits(1), 0.5];
        assert_eq!(rounded(&sum(&values), 1), Ok(3));
        let wide = values.map(f64::from);
        let mut sums = sum(&wide);
        assert_eq!(rounded(&sums, 1), Ok(3));
        assert!(sums.get(0).is_zero());
        sums.add(1, -2.0).unwrap();
        assert_eq!(rounded(&sums, 1), Ok(-1));
        assert_eq!(sums.add(1, f64::NAN), Err(ScoreFault::Nan));
        assert_eq!(sums.add(1, f64::NEG_INFINITY), Err(ScoreFault::Infinite));
        sums.clear();
        assert_eq!(rounded(&sums, 1), Ok(0));
    }

    #[test]
    fn one_rounding_after_the_sum() {
        // Rounded one by one, four times zero.
        assert_eq!(rounded(&sum(&[0.25f64; 4]), 0), Ok(1));
    }

    #[test]
    fn the_extremes_fit() {
        let few = [f64::MAX, -f64::from_bits(1)];
        let mut sums = sum(&[few, few, few].concat());
        assert_eq!(rounded(&sums, 0), Err(ScoreFault::OutOfRange { fraction_bits: 0 }));
        (0..3).for_each(|_| sums.add(1, -f64::MAX).unwrap());
        assert!(sums.get(1).exact().is_negative());
        assert_eq!(rounded(&sums, 46), Ok(0));
        let sums = sum(&[f32::MAX, f32::MAX, -f32::from_bits(1)]);
        assert_eq!(rounded(&sums, 0), Err(ScoreFault::OutOfRange { fraction_bits: 0 }));
    }

    /// As many floats as it takes for the first carry that has to be settled.
    #[test]
    fn carries_are_settled_in_time() {
        let mut sums = Sums::new(1, Precision::Single);
        // The most that a float adds to a chunk: all ones, shifted so that it fills the low half.
        let value = f32::from_bits(0x3f7f_ffff);
        let one = {
            let mut one = Sums::new(1, Precision::Single);
            one.expect(1);
            one.add(0, value).unwrap();
            one.get(0).exact()
        };
        let times = 3u64 << 30;
        for _ in 0..3 {
            sums.expect(1 << 30);
            // What 2^30 adds do to the chunks, at once.
            let mut single = [0i64; 9];
            value.add_to(&mut single).unwrap();
            for (chunk, once) in sums.data.iter_mut().zip(single) {
                *chunk += once << 30;
            }
        }
        let (_, mantissa, exp2, _) = one.parts();
        let expected = Exact::dyadic(false, mantissa * times, exp2);
        let got = sums.get(0).exact();
        let (_, a, e, _) = got.parts();
        let (_, b, f, _) = expected.parts();
        let low = e.min(f);
        assert_eq!(a << (e - low), b << (f - low));
    }

    proptest! {
        /// Against big rationals, which share no code with this module; in one piece and in two.
        #[test]
        fn sums_are_those_of_rationals(
            values in prop::collection::vec(any::<f32>(), 1..40), bits in 0u8..=46, cut in 0usize..40,
        ) {
            let finite: Vec<f32> = values.into_iter().filter(|v| v.is_finite()).collect();
            // Half of them small, so that sums are often in range.
            let values: Vec<f32> =
                finite.iter().enumerate().map(|(i, v)| if i % 2 == 0 { v % 4.0 } else { v % 1e6 }).collect();
            let wide: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
            let mut naive = BigRational::from_integer(BigInt::from(0));
            for value in &values {
                naive += BigRational::from_float(*value).unwrap();
            }
            let scaled = naive * BigInt::from(1u64 << bits);
            let floor = scaled.floor().to_integer();
            let twice = (scaled - &floor) * BigInt::from(2);
            let one = BigRational::from_integer(BigInt::from(1));
            let odd = &floor % 2 != BigInt::from(0);
            let up = twice > one || (twice == one && odd);
            let expected = i64::try_from(floor + BigInt::from(i32::from(up)))
                .ok()
                .filter(|v| v.unsigned_abs() >> 47 == 0);
            let cut = cut.min(values.len());
            let mut halves = sum(&values[..cut]);
            halves.merge(&mut sum(&values[cut..]));
            prop_assert_eq!(rounded(&sum(&values), bits).ok(), expected);
            prop_assert_eq!(rounded(&sum(&wide), bits).ok(), expected);
            prop_assert_eq!(rounded(&halves, bits).ok(), expected);
        }
    }
}
