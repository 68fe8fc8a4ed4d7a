//! Flags, comparisons, terms of sums by key and lists, each with its rows.
//!
//! "Hint" means a value that the prover supplies: constraints, not hints, decide.

use crate::builder::{Builder, Term, Var};
use crate::field::{integer, inverse, Fr};
use halo2_proofs::arithmetic::Field;

const ZERO: Fr = Fr::ZERO;
const ONE: Fr = Fr::ONE;

impl Builder {
    /// A flag that is 0 at `x = 0`. The caller demands `(1 - flag) x = 0`, alone or within a sum
    /// of parts that are not negative, which makes it 1 elsewhere. One row.
    #[track_caller]
    pub(crate) fn nonzero_hint(&mut self, x: Var) -> Var {
        let inverse = inverse(&self.value(x));
        let inverse = self.witness(inverse);
        self.product(x, inverse)
    }

    /// `1` if `x != 0`, else `0`. Two rows.
    #[track_caller]
    pub(crate) fn is_nonzero(&mut self, x: Var) -> Var {
        let flag = self.nonzero_hint(x);
        self.zero_unless(flag, x);
        flag
    }

    /// Demands `x = 0` where `flag` is 0. One row.
    #[track_caller]
    pub(crate) fn zero_unless(&mut self, flag: Var, x: Var) {
        self.assert(&[(ZERO, flag), (ONE, x)], [-1, 0], ZERO);
    }

    /// Demands that `x` and `y`, neither of them negative as an integer, are 0 where `flag` is 0.
    /// One row.
    #[track_caller]
    pub(crate) fn both_zero_unless(&mut self, flag: Var, x: Var, y: Var) {
        self.assert(&[(ZERO, flag), (ONE, x), (ONE, y)], [-1, -1], ZERO);
    }

    /// Demands that flags are ones followed by zeros. One row a pair.
    #[track_caller]
    pub(crate) fn ones_then_zeros(&mut self, flags: &[Var]) {
        for pair in flags.windows(2) {
            self.zero_unless(pair[0], pair[1]);
        }
    }

    /// `1` if `x >= y`, else `0`, for integers with `|x - y| < 2^n`. Two rows and a range.
    ///
    /// With the bit `c`, `x - y` or else `y - x - 1` is demanded to be an integer far below the
    /// modulus, whichever `c` claims to be not negative.
    #[track_caller]
    pub(crate) fn at_least(&mut self, x: Var, y: Var, n: u32) -> Var {
        let difference = integer(&(self.value(x) - self.value(y)));
        let c = self.bit(difference <= integer(&-ONE) >> 1);
        let claimed = self.solve(&[(ONE, c), (-ONE, x), (ONE, y)], [2, -2], -ONE);
        self.range_at_least(claimed, n);
        c
    }

    /// `flag * (high - low - 1)` is in `[0, 2^n)`: where the flag is set, `high > low`. One row
    /// and a range.
    #[track_caller]
    pub(crate) fn above(&mut self, flag: Var, high: Var, low: Var, n: u32) {
        let step = self.solve(&[(-ONE, flag), (ZERO, high), (ZERO, low)], [1, -1], ZERO);
        self.range(step, n);
    }

    /// `value / (x - key)`: one term of a sum by key, of a value of up to two terms. One row.
    ///
    /// The caller argues why `x` is a challenge drawn after value and key were fixed; then
    /// `x = key` happens with chance `1/r` a term and the quotient is unique.
    #[track_caller]
    pub(crate) fn term(&mut self, x: Var, key: Var, value: &[Term]) -> Var {
        let quotient = self.quotient(value, self.value(x) - self.value(key));
        let mut terms = vec![(ZERO, quotient), (ZERO, x), (ZERO, key)];
        terms.extend(value.iter().map(|(k, v)| (-*k, *v)));
        self.assert(&terms, [1, -1], ZERO);
        quotient
    }

    /// [`Self::term`] with a constant key, of a value of up to three terms.
    #[track_caller]
    pub(crate) fn term_at(&mut self, x: Var, key: usize, value: &[Term]) -> Var {
        let key = Fr::from(key as u64);
        let quotient = self.quotient(value, self.value(x) - key);
        let mut terms = vec![(-key, quotient), (ZERO, x)];
        terms.extend(value.iter().map(|(k, v)| (-*k, *v)));
        self.assert(&terms, [1, 0], ZERO);
        quotient
    }

    fn quotient(&mut self, value: &[Term], by: Fr) -> Var {
        let value: Fr = value.iter().map(|(k, v)| *k * self.value(*v)).sum();
        self.witness(value * inverse(&by))
    }

    /// Demands that two sums agree.
    #[track_caller]
    pub(crate) fn balance(&mut self, left: &[Var], right: &[Var]) {
        let terms = left.iter().map(|v| (ONE, *v)).chain(right.iter().map(|v| (-ONE, *v)));
        let terms: Vec<Term> = terms.collect();
        self.assert_zero(&terms, ZERO);
    }

    /// `sum items[j] x^j` by Horner's rule. One row an item.
    #[track_caller]
    pub(crate) fn evaluate(&mut self, x: Var, items: &[Var]) -> Var {
        let mut sum = self.constant(ZERO);
        for item in items.iter().rev() {
            sum = self.solve(&[(ZERO, sum), (ZERO, x), (ONE, *item)], [1, 0], ZERO);
        }
        sum
    }

    /// `sum item x^position` over the items whose flag is 1, where position counts these items
    /// alone: [`Self::evaluate`] of the list with the others left out. Two rows an item.
    #[track_caller]
    pub(crate) fn evaluate_flagged(&mut self, x: Var, items: &[(Var, Var)]) -> Var {
        let mut sum = self.constant(ZERO);
        for (flag, item) in items.iter().rev() {
            let with = self.solve(&[(ZERO, sum), (ZERO, x), (ONE, *item)], [1, 0], ZERO);
            sum = self.solve(&[(ZERO, *flag), (ZERO, with), (ONE, sum)], [1, -1], ZERO);
        }
        sum
    }
}
