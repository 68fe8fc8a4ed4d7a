//! Exact sums of few numbers each, decimals and floats alike: `mantissa * 2^exp2 * 10^exp10`, the
//! mantissa in 128 bits for as long as it fits.

use num_bigint::{BigInt, BigUint, Sign};

use meed_ledger::decimal::Exact;
use meed_ledger::ScoreFault;

/// Numbers whose exponents are further apart are not added: the sum would have more digits than
/// anybody wrote. Floats of 64 bits are up to 2,098 powers of two apart.
const MOST_APART: i64 = 2_400;

/// A sum.
#[derive(Clone)]
pub(crate) struct Running {
    value: Value,
    exp2: i32,
    exp10: i32,
}

#[derive(Clone)]
enum Value {
    Small(i128),
    Large(Box<BigInt>),
}

impl std::fmt::Debug for Running {
    /// Scores are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").finish_non_exhaustive()
    }
}

impl Default for Running {
    fn default() -> Self {
        Self { value: Value::Small(0), exp2: 0, exp10: 0 }
    }
}

impl Running {
    /// Adds a number.
    ///
    /// # Errors
    /// [`ScoreFault::TooFarApart`].
    pub(crate) fn add(&mut self, number: &Exact) -> Result<(), ScoreFault> {
        let (negative, mantissa, exp2, exp10) = number.parts();
        let fits = |e: i64| i32::try_from(e).map_err(|_| ScoreFault::TooFarApart);
        let (exp2, exp10) = (fits(exp2)?, fits(exp10)?);
        let value = match i128::try_from(mantissa) {
            Ok(small) => Value::Small(if negative { -small } else { small }),
            Err(_) => {
                let sign = if negative { Sign::Minus } else { Sign::Plus };
                Value::Large(Box::new(BigInt::from_biguint(sign, mantissa.clone())))
            }
        };
        self.add_value(Self { value, exp2, exp10 })
    }

    /// Adds `mantissa * 10^exp10`.
    ///
    /// # Errors
    /// [`ScoreFault::TooFarApart`].
    pub(crate) fn add_decimal(&mut self, mantissa: i128, exp10: i32) -> Result<(), ScoreFault> {
        self.add_value(Self { value: Value::Small(mantissa), exp2: 0, exp10 })
    }

    fn add_value(&mut self, mut other: Self) -> Result<(), ScoreFault> {
        if matches!(other.value, Value::Small(0)) {
            return Ok(());
        }
        if matches!(self.value, Value::Small(0)) {
            *self = other;
            return Ok(());
        }
        let exp2 = self.exp2.min(other.exp2);
        let exp10 = self.exp10.min(other.exp10);
        self.lower(exp2, exp10)?;
        other.lower(exp2, exp10)?;
        if let (Value::Small(a), Value::Small(b)) = (&self.value, &other.value) {
            if let Some(sum) = a.checked_add(*b) {
                self.value = Value::Small(sum);
                return Ok(());
            }
        }
        let zero = Value::Small(0);
        let sum = std::mem::replace(&mut self.value, zero).wide() + other.value.wide();
        self.value = Value::Large(Box::new(sum));
        Ok(())
    }

    /// Brings the exponents down to these.
    fn lower(&mut self, exp2: i32, exp10: i32) -> Result<(), ScoreFault> {
        let twos = i64::from(self.exp2) - i64::from(exp2);
        let tens = i64::from(self.exp10) - i64::from(exp10);
        if twos > MOST_APART || tens > MOST_APART {
            return Err(ScoreFault::TooFarApart);
        }
        (self.exp2, self.exp10) = (exp2, exp10);
        if twos == 0 && tens == 0 {
            return Ok(());
        }
        if let Value::Small(value) = self.value {
            let shifted = (twos < 127).then(|| value.checked_mul(1 << twos)).flatten();
            let ten = 10i128.checked_pow(tens as u32);
            if let Some(small) = shifted.and_then(|v| v.checked_mul(ten?)) {
                self.value = Value::Small(small);
                return Ok(());
            }
        }
        let wide = std::mem::replace(&mut self.value, Value::Small(0)).wide();
        let factor = BigInt::from(10).pow(tens as u32);
        self.value = Value::Large(Box::new((wide << twos) * factor));
        Ok(())
    }

    /// The sum.
    pub(crate) fn get(&self) -> Exact {
        let (negative, mantissa) = match &self.value {
            Value::Small(value) => (*value < 0, BigUint::from(value.unsigned_abs())),
            Value::Large(value) => (value.sign() == Sign::Minus, value.magnitude().clone()),
        };
        Exact::new(negative, mantissa, self.exp2.into(), self.exp10.into())
    }
}

impl Value {
    fn wide(self) -> BigInt {
        match self {
            Self::Small(value) => BigInt::from(value),
            Self::Large(value) => *value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_rational::BigRational;
    use proptest::prelude::*;

    fn rational(number: &Exact) -> BigRational {
        let (negative, mantissa, exp2, exp10) = number.parts();
        let power = |base: u32, exponent: i64| {
            let power =
                BigRational::from_integer(BigInt::from(base).pow(exponent.unsigned_abs() as u32));
            if exponent < 0 {
                power.recip()
            } else {
                power
            }
        };
        let magnitude = BigRational::from_integer(BigInt::from(mantissa.clone()));
        let value = magnitude * power(2, exp2) * power(10, exp10);
        if negative {
            -value
        } else {
            value
        }
    }

    proptest! {
        #[test]
        fn sums_are_those_of_rationals(
            floats in prop::collection::vec(any::<f64>(), 0..8),
            decimals in prop::collection::vec((any::<i64>(), -300i64..300), 0..8),
        ) {
            let mut running = Running::default();
            let mut naive = BigRational::from_integer(0.into());
            for float in floats.into_iter().filter(|f| f.is_finite()) {
                let exact = Exact::from_f64(float).unwrap();
                running.add(&exact).unwrap();
                naive += rational(&exact);
            }
            for (digits, exponent) in decimals {
                let exact: Exact = format!("{digits}e{exponent}").parse().unwrap();
                running.add(&exact).unwrap();
                naive += rational(&exact);
            }
            prop_assert_eq!(rational(&running.get()), naive);
        }
    }

    #[test]
    fn numbers_too_far_apart_are_not_added() {
        let mut running = Running::default();
        running.add(&"1e-90000".parse().unwrap()).unwrap();
        assert_eq!(running.get(), "1e-90000".parse().unwrap());
        assert_eq!(running.add(&"1".parse().unwrap()), Err(ScoreFault::TooFarApart));
        running.add(&"0".parse().unwrap()).unwrap();
        let mut running = Running::default();
        running.add(&Exact::from_f64(1.5).unwrap()).unwrap();
        running.add_decimal(-15, -1).unwrap();
        assert!(running.get().is_zero());
    }
}
