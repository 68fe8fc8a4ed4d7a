//! The one large sum of the check: points times scalars.

use crate::error::VerifyError;
use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ff::{AdditiveGroup, BigInteger, PrimeField};

/// Terms of the sum: 38 commitments, four pieces of the quotient, the generator and two points of
/// the opening.
pub(super) const TERMS: usize = 45;

/// A point and the digits of its scalar in non-adjacent form: where they are 1, and where -1.
#[derive(Clone, Copy)]
struct Term {
    point: G1Affine,
    plus: [u64; 4],
    minus: [u64; 4],
}

/// A sum of points times scalars, without an allocation.
pub(crate) struct Sum {
    terms: [Term; TERMS],
    used: usize,
}

impl Sum {
    pub(crate) fn new() -> Self {
        let empty = Term { point: G1Affine::identity(), plus: [0; 4], minus: [0; 4] };
        Self { terms: [empty; TERMS], used: 0 }
    }

    /// Adds a term. There is room for those of one proof: an error cannot happen for any bytes.
    pub(crate) fn add(&mut self, scalar: Fr, point: &G1Affine) -> Result<(), VerifyError> {
        let slot = self.terms.get_mut(self.used).ok_or(VerifyError::Rejected)?;
        // Digit i of the non-adjacent form of x is bit i + 1 of 3x less bit i + 1 of x. Three times a
        // scalar has 256 bits at most.
        let x = scalar.into_bigint();
        let mut x3 = x;
        x3.mul2();
        x3.add_with_carry(&x);
        let (mut plus, mut minus) = (x3.0, x.0);
        for (p, m) in plus.iter_mut().zip(&mut minus) {
            (*p, *m) = (*p & !*m, *m & !*p);
        }
        *slot = Term { point: *point, plus, minus };
        self.used = self.used.saturating_add(1);
        Ok(())
    }

    /// The sum: 255 doublings, and an addition for a third of all digits.
    #[expect(clippy::arithmetic_side_effects, reason = "group operations are total")]
    pub(crate) fn total(&self) -> G1Projective {
        let mut total = G1Projective::ZERO;
        for limb in (0..4).rev() {
            for bit in (0..64).rev() {
                // Bit 0 of all has no digit: digits begin at bit 1.
                if limb != 0 || bit != 0 {
                    total.double_in_place();
                }
                let mask = 1u64 << bit;
                for term in self.terms.iter().take(self.used) {
                    if term.plus.get(limb).is_some_and(|digits| digits & mask != 0) {
                        total += &term.point;
                    } else if term.minus.get(limb).is_some_and(|digits| digits & mask != 0) {
                        total -= &term.point;
                    }
                }
            }
        }
        total
    }
}
