//! Bits, comparisons, flags, sums by key and lists.
//!
//! Numbers taken apart into bits are integers: each doc says which bound makes that true. "Hint"
//! means a value that the prover supplies; constraints, not hints, decide.

use super::cs::{Cs, Linear, Num};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use meed_statement::roots::two_to;

/// Bits of a number, least significant first, and their sum as a linear combination.
#[derive(Clone, Debug)]
pub struct Bits<L> {
    /// Each zero or one.
    pub bits: Vec<Num<L>>,
    /// `sum bits[i] * 2^i`, an integer below `2^bits.len()`.
    pub num: Num<L>,
}

impl<L: Linear> Bits<L> {
    /// The number that the bits from `from` on make.
    #[must_use]
    pub fn high(&self, from: usize) -> Num<L> {
        weigh(&self.bits[from..])
    }
}

fn weigh<L: Linear>(bits: &[Num<L>]) -> Num<L> {
    let mut sum = Num::zero();
    let mut weight = Fr::ONE;
    for bit in bits {
        sum.add_scaled(bit, &weight);
        weight.double_in_place();
    }
    sum
}

/// A new bit.
pub fn bit<C: Cs>(cs: &mut C, hint: bool) -> Num<C::L> {
    let b = cs.alloc(Fr::from(hint));
    cs.enforce(&b, &b.not(), &Num::zero());
    b
}

/// A new number of `n` bits, from the low bits of the hint. `n` constraints.
pub fn new_bits<C: Cs>(cs: &mut C, hint: Fr, n: usize) -> Bits<C::L> {
    let hint = hint.into_bigint();
    let bits: Vec<_> = (0..n).map(|i| bit(cs, hint.get_bit(i))).collect();
    let num = weigh(&bits);
    Bits { bits, num }
}

/// Demands `0 <= x < 2^n` and returns the bits. `n + 1` constraints; `n <= 252`, so the bits are
/// unique.
pub fn to_bits<C: Cs>(cs: &mut C, x: &Num<C::L>, n: usize) -> Bits<C::L> {
    let bits = new_bits(cs, x.value, n);
    cs.equal(&bits.num, x);
    bits
}

/// Demands that the bits make a number of at most `max`.
///
/// From the top: a bit above a zero of `max` must be zero while all bits before it equal those of
/// `max`. Runs of ones share one product each.
pub fn at_most<C: Cs>(cs: &mut C, bits: &[Num<C::L>], max: u64) {
    // `equal` is 1 while the bits so far equal those of max; None stands for the constant one.
    let mut equal: Option<Num<C::L>> = None;
    let mut i = bits.len();
    let top = u64::BITS as usize;
    assert!(bits.len() <= top && (bits.len() == top || max >> bits.len() == 0));
    let one = |k: usize| max >> k & 1 == 1;
    while i > 0 {
        i -= 1;
        if one(i) {
            if (0..i).all(one) {
                break; // max ends in ones: nothing below can exceed it.
            }
            equal = Some(match equal {
                None => bits[i].clone(),
                Some(e) => cs.product(&e, &bits[i]),
            });
        } else {
            // A run of zeros in max: their bits' sum is zero while the prefix is equal. The
            // prefix then stays equal through the run.
            let from = (0..=i).rev().take_while(|k| !one(*k)).last().unwrap_or(i);
            let sum = Num::sum(&bits[from..=i]);
            let prefix = equal.clone().unwrap_or_else(Num::one);
            cs.enforce(&prefix, &sum, &Num::zero());
            i = from;
        }
    }
}

/// Demands `0 <= a * b < 2^n`. `n + 1` constraints.
pub fn product_to_bits<C: Cs>(cs: &mut C, a: &Num<C::L>, b: &Num<C::L>, n: usize) {
    let bits = new_bits(cs, a.value * b.value, n);
    cs.enforce(a, b, &bits.num);
}

/// `1` if `x >= y`, else `0`, for `|x - y| < 2^n`: the top bit of `x - y + 2^n`.
pub fn at_least<C: Cs>(cs: &mut C, x: &Num<C::L>, y: &Num<C::L>, n: usize) -> Num<C::L> {
    let shifted = (x - y).plus(two_to(n as u32));
    let mut bits = to_bits(cs, &shifted, n + 1).bits;
    bits.pop().expect("n + 1 bits")
}

/// `1` if `x != 0`, else `0`. Two constraints: `x * inverse = flag` makes the flag 0 at 0, and
/// `(1 - flag) * x = 0` makes it 1 elsewhere, so it needs no bit check.
pub fn is_nonzero<C: Cs>(cs: &mut C, x: &Num<C::L>) -> Num<C::L> {
    let flag = nonzero_hint(cs, x);
    cs.enforce(&flag.not(), x, &Num::zero());
    flag
}

/// The half of [`is_nonzero`] that makes the flag 0 at 0; the caller demands
/// `(1 - flag) * x = 0`, alone or within a larger sum of non-negative parts.
pub fn nonzero_hint<C: Cs>(cs: &mut C, x: &Num<C::L>) -> Num<C::L> {
    let inverse = cs.alloc(x.value.inverse().unwrap_or_default());
    let flag = cs.alloc(Fr::from(x.value != Fr::ZERO));
    cs.enforce(x, &inverse, &flag);
    flag
}

/// Demands `x = 0` where `flag` is 0.
pub fn zero_unless<C: Cs>(cs: &mut C, flag: &Num<C::L>, x: &Num<C::L>) {
    cs.enforce(&flag.not(), x, &Num::zero());
}

/// Demands that flags are ones followed by zeros: `next * (1 - flag) = 0`.
pub fn ones_then_zeros<C: Cs>(cs: &mut C, flags: &[Num<C::L>]) {
    for pair in flags.windows(2) {
        cs.enforce(&pair[1], &pair[0].not(), &Num::zero());
    }
}

/// `value / (x - key)`: one term of a sum by key. One constraint.
///
/// The caller argues why `x` is a challenge drawn after value and key were fixed; then `x = key`
/// happens with chance `1/r` a term and the quotient is unique.
pub fn term<C: Cs>(cs: &mut C, x: &Num<C::L>, key: &Num<C::L>, value: &Num<C::L>) -> Num<C::L> {
    let difference = x - key;
    let quotient = cs.alloc(value.value * difference.value.inverse().unwrap_or_default());
    cs.enforce(&quotient, &difference, value);
    quotient
}

/// [`term`] with a constant key.
pub fn term_at<C: Cs>(cs: &mut C, x: &Num<C::L>, key: usize, value: &Num<C::L>) -> Num<C::L> {
    term(cs, x, &Num::constant(Fr::from(key as u64)), value)
}

/// `sum items[j] * x^j` by Horner's rule. One constraint an item.
pub fn evaluate<C: Cs>(cs: &mut C, x: &Num<C::L>, items: &[Num<C::L>]) -> Num<C::L> {
    let mut sum = Num::zero();
    for item in items.iter().rev() {
        sum = &cs.product(&sum, x) + item;
    }
    sum
}

/// `sum item * x^position` over the items whose flag (a bit) is 1, where position counts these
/// items alone: [`evaluate`] of the list with the others left out. Two constraints an item.
pub fn evaluate_flagged<C: Cs>(
    cs: &mut C,
    x: &Num<C::L>,
    flags: &[Num<C::L>],
    items: &[Num<C::L>],
) -> Num<C::L> {
    let mut sum = Num::<C::L>::zero();
    for (flag, item) in flags.iter().zip(items).rev() {
        let shifted = cs.product(&sum, x);
        let step = &(&shifted + item) - &sum;
        // A column of its own, so that the running sum stays one term.
        let next = cs.alloc(sum.value + flag.value * step.value);
        cs.enforce(flag, &step, &(&next - &sum));
        sum = next;
    }
    sum
}
