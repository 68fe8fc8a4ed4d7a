//! Exact sums of floats.
//!
//! Every float is a whole number times a power of two, so a fixed-point number that is wide enough
//! for the smallest and the largest holds any sum without rounding (Kulisch's accumulator). 384
//! bits do for 2^64 floats of 32 bits, 2,176 for as many of 64 bits.

use num_bigint::BigUint;

use crate::Precision;
use meed_ledger::decimal::{parts, Exact};
use meed_ledger::ScoreFault;

/// A row of sums, in two's complement, least significant limb first.
#[derive(Clone, Debug)]
pub struct Sums {
    limbs: usize,
    /// Weight of the lowest bit is `2^lowest`.
    lowest: i32,
    data: Vec<u64>,
}

impl Precision {
    /// 64-bit limbs of a sum: from the smallest subnormal to 2^64 times the largest number, and a
    /// sign.
    #[must_use]
    pub const fn limbs(self) -> usize {
        match self {
            // 149 + 128 + 64 + 1 = 342 bits.
            Self::Single => 6,
            // 1,074 + 1,024 + 64 + 1 = 2,163 bits.
            Self::Double => 34,
        }
    }

    const fn lowest(self) -> i32 {
        match self {
            Self::Single => -149,
            Self::Double => -1_074,
        }
    }
}

impl Sums {
    /// So many sums, all zero.
    #[must_use]
    pub fn new(count: usize, precision: Precision) -> Self {
        let limbs = precision.limbs();
        Self { limbs, lowest: precision.lowest(), data: vec![0; count * limbs] }
    }

    /// Sets all sums to zero, and their number to `count`.
    pub fn reset(&mut self, count: usize) {
        self.data.clear();
        self.data.resize(count * self.limbs, 0);
    }

    /// Adds a number to a sum, or its negative.
    ///
    /// # Errors
    /// [`ScoreFault::Nan`], [`ScoreFault::Infinite`].
    ///
    /// # Panics
    /// If there is no such sum, or the number is not of the row's precision.
    pub fn add(&mut self, index: usize, value: f64, negate: bool) -> Result<(), ScoreFault> {
        let (negative, mantissa, exponent) = parts(value)?;
        if mantissa == 0 {
            return Ok(());
        }
        let shift = u32::try_from(exponent - self.lowest).expect("a float of this precision");
        let (limb, bit) = ((shift / 64) as usize, shift % 64);
        let wide = u128::from(mantissa) << bit;
        let words = [wide as u64, (wide >> 64) as u64];
        let sum = &mut self.data[index * self.limbs..(index + 1) * self.limbs];
        let subtract = negative != negate;
        let mut carry = false;
        for (i, limb) in sum[limb..].iter_mut().enumerate() {
            if i >= 2 && !carry {
                break;
            }
            let word = words.get(i).copied().unwrap_or(0);
            let step = if subtract { u64::overflowing_sub } else { u64::overflowing_add };
            let (first, a) = step(*limb, word);
            let (second, b) = step(first, u64::from(carry));
            *limb = second;
            carry = a || b;
        }
        Ok(())
    }

    /// A sum.
    ///
    /// # Panics
    /// If there is no such sum.
    #[must_use]
    pub fn get(&self, index: usize) -> Exact {
        let sum = &self.data[index * self.limbs..(index + 1) * self.limbs];
        let negative = sum.last().is_some_and(|limb| limb >> 63 == 1);
        let mut carry = true;
        let mut bytes = Vec::with_capacity(self.limbs * 8);
        for limb in sum {
            let limb = if negative {
                let (negated, over) = (!limb).overflowing_add(u64::from(carry));
                carry = over;
                negated
            } else {
                *limb
            };
            bytes.extend_from_slice(&limb.to_le_bytes());
        }
        Exact::dyadic(negative, BigUint::from_bytes_le(&bytes), self.lowest.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigInt;
    use num_rational::BigRational;
    use proptest::prelude::*;

    fn rounded(sums: &Sums, fraction_bits: u8) -> Result<i64, ScoreFault> {
        sums.get(0).to_fixed(fraction_bits).map(|f| f.value)
    }

    #[test]
    fn what_floats_lose_is_kept() {
        for precision in [Precision::Single, Precision::Double] {
            let mut sums = Sums::new(2, precision);
            for value in [1e30f32, 1.0, -1e30, f32::from_bits(1), -f32::from_bits(1), 0.5] {
                sums.add(0, value.into(), false).unwrap();
            }
            assert_eq!(rounded(&sums, 1), Ok(3));
            assert!(sums.get(1).is_zero());
            sums.add(0, 2.0, true).unwrap();
            assert_eq!(rounded(&sums, 1), Ok(-1));
            assert_eq!(sums.add(0, f64::NAN, false), Err(ScoreFault::Nan));
            sums.reset(1);
            assert_eq!(rounded(&sums, 1), Ok(0));
        }
    }

    #[test]
    fn one_rounding_after_the_sum() {
        let mut sums = Sums::new(1, Precision::Double);
        (0..4).for_each(|_| sums.add(0, 0.25, false).unwrap());
        // Rounded one by one, four times zero.
        assert_eq!(rounded(&sums, 0), Ok(1));
    }

    #[test]
    fn the_extremes_fit() {
        let mut sums = Sums::new(1, Precision::Double);
        for _ in 0..3 {
            sums.add(0, f64::MAX, false).unwrap();
            sums.add(0, f64::from_bits(1), true).unwrap();
        }
        assert_eq!(rounded(&sums, 0), Err(ScoreFault::OutOfRange { fraction_bits: 0 }));
        (0..3).for_each(|_| sums.add(0, f64::MAX, true).unwrap());
        assert!(sums.get(0).is_negative());
        assert_eq!(rounded(&sums, 46), Ok(0));
    }

    proptest! {
        /// Against big rationals, which share no code with this module.
        #[test]
        fn sums_are_those_of_rationals(values in prop::collection::vec(any::<f32>(), 1..40), bits in 0u8..=46) {
            let finite: Vec<f32> = values.into_iter().filter(|v| v.is_finite()).collect();
            // Half of them small, so that sums are often in range.
            let values = finite.iter().enumerate().map(|(i, v)| if i % 2 == 0 { v % 4.0 } else { v % 1e6 });
            let mut single = Sums::new(1, Precision::Single);
            let mut double = Sums::new(1, Precision::Double);
            let mut naive = BigRational::from_integer(BigInt::from(0));
            for value in values {
                single.add(0, value.into(), false).unwrap();
                double.add(0, value.into(), false).unwrap();
                naive += BigRational::from_float(value).unwrap();
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
            prop_assert_eq!(rounded(&single, bits).ok(), expected);
            prop_assert_eq!(rounded(&double, bits).ok(), expected);
        }
    }
}
