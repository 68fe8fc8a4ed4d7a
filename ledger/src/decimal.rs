//! Exact numbers on their way to fixed point: decimals as written, floats as what they are.
//!
//! A number is `mantissa * 2^a * 10^b` with a whole mantissa, so nothing is lost before the one
//! rounding, to the nearest fixed-point number and on a tie to the even one.

use std::fmt;
use std::str::FromStr;

use meed_statement::units::SCORE_BITS;
use num_bigint::BigUint;

use crate::error::ScoreFault;

/// Digits of a decimal, leading zeros included. An f64 written out in full has 1,074 at most.
const MOST_DIGITS: usize = 1_200;
/// Exponents are cut off here: with [`MOST_DIGITS`] digits, everything beyond is too large or
/// rounds to zero, as it does at the limit.
const MOST_EXPONENT: i64 = 100_000;

/// A number that is known exactly; zero by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exact {
    negative: bool,
    mantissa: BigUint,
    exp2: i64,
    exp10: i64,
}

/// A number in fixed point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// Times `2^fraction_bits`.
    pub value: i64,
    /// Whether nothing was rounded.
    pub exact: bool,
}

impl Exact {
    /// A whole number times a power of two.
    #[must_use]
    pub fn dyadic(negative: bool, mantissa: BigUint, exp2: i64) -> Self {
        Self { negative, mantissa, exp2, exp10: 0 }
    }

    /// A whole number times `2^exp2 * 10^exp10`.
    #[must_use]
    pub fn new(negative: bool, mantissa: BigUint, exp2: i64, exp10: i64) -> Self {
        Self { negative, mantissa, exp2, exp10 }
    }

    /// Its sign (whether it is written with a minus), mantissa, and exponents of 2 and 10.
    #[must_use]
    pub fn parts(&self) -> (bool, &BigUint, i64, i64) {
        (self.negative, &self.mantissa, self.exp2, self.exp10)
    }

    /// What a float stands for.
    ///
    /// # Errors
    /// [`ScoreFault::Nan`], [`ScoreFault::Infinite`].
    pub fn from_f64(value: f64) -> Result<Self, ScoreFault> {
        let (negative, mantissa, exp2) = parts(value)?;
        Ok(Self::dyadic(negative, BigUint::from(mantissa), exp2.into()))
    }

    /// Its negative.
    #[must_use]
    pub fn negated(mut self) -> Self {
        self.negative = !self.negative;
        self
    }

    /// Whether it is below zero; zero is not.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.negative && !self.is_zero()
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.mantissa.bits() == 0
    }

    /// The product with a scale.
    #[must_use]
    pub fn scaled(mut self, scale: &Scale) -> Self {
        self.mantissa *= &scale.0.mantissa;
        self.exp2 += scale.0.exp2;
        self.exp10 += scale.0.exp10;
        self
    }

    /// Rounds to fixed point, half to even.
    ///
    /// # Errors
    /// [`ScoreFault::OutOfRange`] unless the result's magnitude is below 2^47.
    pub fn to_fixed(&self, fraction_bits: u8) -> Result<Fixed, ScoreFault> {
        self.over(None, fraction_bits)
    }

    /// Divides and rounds to fixed point, half to even, once.
    ///
    /// # Errors
    /// As [`Exact::to_fixed`].
    ///
    /// # Panics
    /// If the divisor is zero.
    pub fn div_to_fixed(&self, divisor: &Self, fraction_bits: u8) -> Result<Fixed, ScoreFault> {
        assert!(!divisor.is_zero(), "the caller looked");
        self.over(Some(divisor), fraction_bits)
    }

    fn over(&self, divisor: Option<&Self>, fraction_bits: u8) -> Result<Fixed, ScoreFault> {
        let out_of_range = ScoreFault::OutOfRange { fraction_bits };
        let negative = self.negative != divisor.is_some_and(|d| d.negative);
        let (magnitude, exact) =
            self.round(divisor, fraction_bits, SCORE_BITS).ok_or(out_of_range)?;
        let magnitude = u64::try_from(magnitude).map_err(|_| out_of_range)?;
        signed(negative, magnitude, fraction_bits).map(|value| Fixed { value, exact })
    }

    /// Divides, where there is something to divide by, and rounds to a multiple of
    /// `2^-fraction_bits`, half to even, beyond the range of a score; `None` from a magnitude of
    /// 2^100 on.
    ///
    /// # Panics
    /// If the divisor is zero.
    #[must_use]
    pub fn to_wide(&self, divisor: Option<&Self>, fraction_bits: u8) -> Option<i128> {
        assert!(!divisor.is_some_and(Self::is_zero), "the caller looked");
        let (magnitude, _) = self.round(divisor, fraction_bits, 100)?;
        let magnitude = i128::try_from(magnitude).ok().filter(|m| m >> 100 == 0)?;
        let negative = self.negative != divisor.is_some_and(|d| d.negative);
        Some(if negative { -magnitude } else { magnitude })
    }

    /// The magnitude in fixed point, and whether nothing was rounded; `None` if it is clear that it
    /// has more than `most_bits` bits.
    fn round(
        &self,
        divisor: Option<&Self>,
        fraction_bits: u8,
        most_bits: u32,
    ) -> Option<(u128, bool)> {
        if self.is_zero() {
            return Some((0, true));
        }
        let exp2 = self.exp2 - divisor.map_or(0, |d| d.exp2) + i64::from(fraction_bits);
        let exp10 = self.exp10 - divisor.map_or(0, |d| d.exp10);
        // log2(10) is between 3.3219 and 3.3220: bounds of the result's length in bits.
        let (low, high) = (exp10 * 33_219, exp10 * 33_220);
        let bits = self.mantissa.bits() as i64 - divisor.map_or(1, |d| d.mantissa.bits() as i64)
            + 1
            + exp2;
        if bits + low.min(high).div_euclid(10_000) > i64::from(most_bits) + 3 {
            return None;
        }
        if bits + low.max(high).div_euclid(10_000) < -3 {
            return Some((0, false));
        }
        let mut above = self.mantissa.clone();
        let mut below = divisor.map_or_else(|| BigUint::from(1u32), |d| d.mantissa.clone());
        let ten = BigUint::from(10u32).pow(exp10.unsigned_abs() as u32);
        if exp10 >= 0 {
            above *= ten;
        } else {
            below *= ten;
        }
        if exp2 >= 0 {
            above <<= exp2;
        } else {
            below <<= -exp2;
        }
        let quotient = &above / &below;
        let rest = above - &quotient * &below;
        let exact = rest.bits() == 0;
        let mut magnitude = u128::try_from(quotient).ok()?;
        let up = match (rest << 1u32).cmp(&below) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => magnitude & 1 == 1,
            std::cmp::Ordering::Greater => true,
        };
        magnitude += u128::from(up);
        Some((magnitude, exact))
    }
}

impl fmt::Display for Exact {
    /// A decimal as it is read again, such as `-12e-3`; a power of two as in `2^-10`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { negative, mantissa, exp2, exp10 } = self;
        let sign = if *negative { "-" } else { "" };
        match (exp2, exp10) {
            (0, 0) => write!(f, "{sign}{mantissa}"),
            (0, _) => write!(f, "{sign}{mantissa}e{exp10}"),
            (_, 0) if mantissa.bits() == 1 => write!(f, "{sign}2^{exp2}"),
            _ => write!(f, "{sign}{mantissa}e{exp10}*2^{exp2}"),
        }
    }
}

impl FromStr for Exact {
    type Err = ScoreFault;

    /// Reads `[+-]digits[.digits][e[+-]digits]`; NaN and infinities are told apart from other text.
    fn from_str(text: &str) -> Result<Self, ScoreFault> {
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if unsigned.eq_ignore_ascii_case("nan") {
            return Err(ScoreFault::Nan);
        }
        if unsigned.eq_ignore_ascii_case("inf") || unsigned.eq_ignore_ascii_case("infinity") {
            return Err(ScoreFault::Infinite);
        }
        let (number, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent_of(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let count = whole.len() + fraction.len();
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if count == 0 || count > MOST_DIGITS || !digits(whole) || !digits(fraction) {
            return Err(ScoreFault::NotDecimal);
        }
        let fold = |sum: Option<u64>, s: &str| {
            s.bytes().try_fold(sum?, |sum, b| sum.checked_mul(10)?.checked_add(u64::from(b - b'0')))
        };
        let mantissa = match fold(fold(Some(0), whole), fraction) {
            Some(small) => BigUint::from(small),
            None => format!("{whole}{fraction}").parse().map_err(|_| ScoreFault::NotDecimal)?,
        };
        let exp10 = exponent - fraction.len() as i64;
        Ok(Self { negative, mantissa, exp2: 0, exp10 })
    }
}

fn exponent_of(text: &str) -> Result<i64, ScoreFault> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ScoreFault::NotDecimal);
    }
    let magnitude = digits.parse::<i64>().unwrap_or(MOST_EXPONENT).min(MOST_EXPONENT);
    Ok(if text.starts_with('-') { -magnitude } else { magnitude })
}

/// What scores are multiplied by: above zero, a decimal or a power of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scale(Exact);

impl Scale {
    /// The exponent, if it is a power of two and written as one.
    #[must_use]
    pub fn power_of_two(&self) -> Option<i64> {
        (self.0.mantissa.bits() == 1 && self.0.exp10 == 0).then_some(self.0.exp2)
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Default for Scale {
    /// One.
    fn default() -> Self {
        Self(Exact::dyadic(false, BigUint::from(1u32), 0))
    }
}

impl FromStr for Scale {
    type Err = &'static str;

    /// Reads a decimal such as `0.001`, or a power of two such as `2^-10`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected a number above zero such as 0.001 or 1e-3, or 2^-10";
        if let Some(exponent) = text.strip_prefix("2^") {
            let exp2: i64 = exponent.parse().map_err(|_| EXPECTED)?;
            if exp2.unsigned_abs() > 4_096 {
                return Err("expected an exponent of magnitude 4,096 or less");
            }
            return Ok(Self(Exact::dyadic(false, BigUint::from(1u32), exp2)));
        }
        let scale: Exact = text.parse().map_err(|_| EXPECTED)?;
        if scale.negative || scale.is_zero() {
            return Err(EXPECTED);
        }
        Ok(Self(scale))
    }
}

/// Sign, mantissa and exponent of a float: `mantissa * 2^exponent`, the mantissa odd or zero.
///
/// # Errors
/// [`ScoreFault::Nan`], [`ScoreFault::Infinite`].
pub fn parts(value: f64) -> Result<(bool, u64, i32), ScoreFault> {
    let bits = value.to_bits();
    let negative = bits >> 63 == 1;
    let biased = (bits >> 52 & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) = match biased {
        0x7ff if fraction != 0 => return Err(ScoreFault::Nan),
        0x7ff => return Err(ScoreFault::Infinite),
        0 => (fraction, -1_074),
        _ => (fraction | 1 << 52, biased - 1_075),
    };
    if mantissa == 0 {
        return Ok((negative, 0, 0));
    }
    let zeros = mantissa.trailing_zeros();
    Ok((negative, mantissa >> zeros, exponent + zeros as i32))
}

/// A float times `2^shift` in fixed point, the same as by way of [`Exact`], but fast.
///
/// # Errors
/// As [`Exact::from_f64`] and [`Exact::to_fixed`].
pub fn float_to_fixed(value: f64, shift: i64, fraction_bits: u8) -> Result<Fixed, ScoreFault> {
    let (negative, mantissa, exponent) = parts(value)?;
    dyadic_to_fixed(negative, mantissa.into(), i64::from(exponent) + shift, fraction_bits)
}

/// `mantissa * 2^exponent` in fixed point, the same as by way of [`Exact`], but fast.
///
/// # Errors
/// As [`Exact::to_fixed`].
pub fn dyadic_to_fixed(
    negative: bool,
    mantissa: u128,
    exponent: i64,
    fraction_bits: u8,
) -> Result<Fixed, ScoreFault> {
    let up = exponent + i64::from(fraction_bits);
    let length = 128 - i64::from(mantissa.leading_zeros());
    if mantissa == 0 {
        return Ok(Fixed { value: 0, exact: true });
    }
    if length + up > i64::from(SCORE_BITS) {
        // Not quite too late for one: rounding never shortens a number.
        return Err(ScoreFault::OutOfRange { fraction_bits });
    }
    if up >= 0 {
        let value = signed(negative, (mantissa << up) as u64, fraction_bits)?;
        return Ok(Fixed { value, exact: true });
    }
    let down = -up;
    if down > length + 1 {
        return Ok(Fixed { value: 0, exact: false });
    }
    // The mantissa may have all 128 bits, so `down` may be 129.
    let quotient = mantissa.checked_shr(down as u32).unwrap_or(0);
    let rest = mantissa - quotient.checked_shl(down as u32).unwrap_or(0);
    let round_up = match 1u128.checked_shl(down as u32 - 1) {
        Some(half) => rest > half || rest == half && quotient & 1 == 1,
        None => false,
    };
    let value = signed(negative, (quotient + u128::from(round_up)) as u64, fraction_bits)?;
    Ok(Fixed { value, exact: rest == 0 })
}

fn signed(negative: bool, magnitude: u64, fraction_bits: u8) -> Result<i64, ScoreFault> {
    if magnitude >> SCORE_BITS != 0 {
        return Err(ScoreFault::OutOfRange { fraction_bits });
    }
    let value = magnitude as i64;
    Ok(if negative { -value } else { value })
}

/// A fixed-point number as a decimal, in full.
#[must_use]
pub fn fixed_to_decimal(value: impl Into<i128>, fraction_bits: u8) -> String {
    let value = value.into();
    let sign = if value < 0 { "-" } else { "" };
    let magnitude = value.unsigned_abs();
    let whole = magnitude >> fraction_bits;
    let mut rest = magnitude & ((1u128 << fraction_bits) - 1);
    let mut text = format!("{sign}{whole}");
    if rest != 0 {
        text.push('.');
    }
    while rest != 0 {
        rest *= 10;
        text.push(char::from(b'0' + (rest >> fraction_bits) as u8));
        rest &= (1u128 << fraction_bits) - 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fixed(text: &str, fraction_bits: u8) -> Result<Fixed, ScoreFault> {
        text.parse::<Exact>()?.to_fixed(fraction_bits)
    }

    fn exactly(value: i64) -> Result<Fixed, ScoreFault> {
        Ok(Fixed { value, exact: true })
    }

    fn rounded(value: i64) -> Result<Fixed, ScoreFault> {
        Ok(Fixed { value, exact: false })
    }

    #[test]
    fn decimals_convert_exactly() {
        for (text, bits, value) in [
            ("0", 0, 0),
            ("-0.0", 46, 0),
            ("1", 8, 256),
            ("-1.5", 1, -3),
            (".5", 1, 1),
            ("5.", 0, 5),
            ("+25e-2", 2, 1),
            ("0.0000125E+5", 2, 5),
            ("140737488355327", 0, (1 << 47) - 1),
            ("0e99999999999999999999", 3, 0),
        ] {
            assert_eq!(fixed(text, bits), exactly(value), "{text}");
        }
    }

    #[test]
    fn ties_go_to_even() {
        for (text, value) in
            [("0.5", 0), ("1.5", 2), ("2.5", 2), ("-0.5", 0), ("-1.5", -2), ("2.500000001", 3)]
        {
            assert_eq!(fixed(text, 0), rounded(value), "{text}");
        }
        let third = format!("0.{}", "3".repeat(1_000));
        assert_eq!(fixed(&third, 40), rounded((1i64 << 40) / 3));
    }

    #[test]
    fn what_is_no_score() {
        for text in ["", "-", ".", "e5", "1e", "1e+", "1.2.3", "0x10", "1_000", " 1", "1,5", "١"] {
            assert_eq!(fixed(text, 0), Err(ScoreFault::NotDecimal), "{text}");
        }
        assert_eq!(fixed(&"1".repeat(1_201), 0), Err(ScoreFault::NotDecimal));
        for text in ["nan", "NaN", "-nan"] {
            assert_eq!(fixed(text, 0), Err(ScoreFault::Nan), "{text}");
        }
        for text in ["inf", "-Inf", "Infinity"] {
            assert_eq!(fixed(text, 0), Err(ScoreFault::Infinite), "{text}");
        }
        let out = Err(ScoreFault::OutOfRange { fraction_bits: 8 });
        for text in ["549755813888", "-549755813888", "1e20", "1e99999999999999999999"] {
            assert_eq!(fixed(text, 8), out, "{text}");
        }
        // Rounds up to the bound.
        assert_eq!(fixed("549755813887.9999999", 8), out);
        assert_eq!(fixed("1e-99999999999999999999", 46), rounded(0));
    }

    #[test]
    fn floats_convert_exactly() {
        assert_eq!(float_to_fixed(-0.75, 0, 2), exactly(-3));
        assert_eq!(float_to_fixed(0.1, 0, 10), rounded(102));
        assert_eq!(float_to_fixed(f64::MIN_POSITIVE, 0, 46), rounded(0));
        assert_eq!(float_to_fixed(5e-324, 1_074, 0), exactly(1));
        assert_eq!(float_to_fixed(f64::NAN, 0, 0), Err(ScoreFault::Nan));
        assert_eq!(float_to_fixed(f64::NEG_INFINITY, 0, 0), Err(ScoreFault::Infinite));
        let most = (1i64 << 47) - 1;
        assert_eq!(float_to_fixed(most as f64, 0, 0), exactly(most));
        let out = Err(ScoreFault::OutOfRange { fraction_bits: 0 });
        assert_eq!(float_to_fixed(most as f64 + 1.0, 0, 0), out);
        assert_eq!(float_to_fixed(most as f64 + 0.5, 0, 0), out);
        assert_eq!(float_to_fixed(f64::MAX, 0, 0), out);
    }

    #[test]
    fn scales() {
        let scale = |s: &str| s.parse::<Scale>();
        assert_eq!(scale("2^-10").unwrap().power_of_two(), Some(-10));
        assert_eq!(Scale::default().power_of_two(), Some(0));
        for bad in ["0", "-1", "x", "2^x", "2^5000", "2^-5000", "2^-9223372036854775808", "nan"] {
            assert!(scale(bad).is_err(), "{bad}");
        }
        let score = "12.5".parse::<Exact>().unwrap().scaled(&scale("1e-1").unwrap());
        assert_eq!(score.to_fixed(2), exactly(5));
    }

    proptest! {
        /// A float's own decimal digits, the fast way and the exact way agree.
        #[test]
        fn three_ways_agree(bits: u64, fraction_bits in 0u8..=46, shift in -80i64..80) {
            let value = f64::from_bits(bits);
            // Numbers near one are the interesting ones.
            let near = f64::from_bits(bits >> 63 << 63 | (1_023 - 60 + (bits >> 52) % 110) << 52 | bits << 12 >> 12);
            for value in [value, near] {
                let fast = float_to_fixed(value, shift, fraction_bits);
                let scale: Scale = format!("2^{shift}").parse().unwrap();
                let slow = Exact::from_f64(value).and_then(|e| e.scaled(&scale).to_fixed(fraction_bits));
                prop_assert_eq!(fast, slow);
                if value.is_finite() {
                    let text = format!("{value:.1074}");
                    if text.len() < 1_190 {
                        let parsed = text.parse::<Exact>().unwrap().scaled(&scale);
                        prop_assert_eq!(parsed.to_fixed(fraction_bits), fast);
                    }
                }
            }
        }

        #[test]
        fn fixed_point_prints_in_full(value in -(1i64 << 47) + 1..1i64 << 47, bits in 0u8..=46) {
            prop_assert_eq!(fixed(&fixed_to_decimal(value, bits), bits), exactly(value));
        }
    }
}
