//! The arguments that cells are copies of each other, and that limbs are in the table.

use super::evaluations::Evaluations;
use super::lagrange::At;
use ark_bn254::Fr;
use ark_ff::{Field, MontFp};

/// `7^(2^28)`: its powers name the columns of the permutation.
pub(super) const DELTA: Fr =
    MontFp!("4131629893567559867359510883348571134090853742863529169391034518566172092834");

/// The challenges of both arguments.
pub(crate) struct Challenges {
    pub(crate) beta: Fr,
    pub(crate) gamma: Fr,
}

/// Calls `each` with the value of every constraint of the permutation, in the protocol's order.
#[expect(clippy::arithmetic_side_effects, reason = "field operations are total")]
pub(crate) fn permutation(
    e: &Evaluations,
    at: &At,
    Challenges { beta, gamma }: &Challenges,
    mut each: impl FnMut(Fr),
) {
    let [first, first_next, first_last] = e.first;
    let [second, second_next] = e.second;
    each(at.first * (Fr::ONE - first));
    each(at.last * (second.square() - second));
    each(at.first * (second - first_last));

    let [[w0, w1, w2, w3, w4], ..] = e.w;
    let [_, sum] = e.sum;
    let [s0, s1, s2, s3, s4, s5] = e.sigma;
    // Both sides' factors begin with the product; the identity's go by powers of delta.
    let mut name = *beta * at.points.here;
    for (next, product, columns) in [
        (first_next, first, [(w0, s0), (w1, s1), (w2, s2)]),
        (second_next, second, [(w3, s3), (w4, s4), (sum, s5)]),
    ] {
        let (mut left, mut right) = (next, product);
        for (value, sigma) in columns {
            left *= value + *beta * sigma + gamma;
            right *= value + name + gamma;
            name *= DELTA;
        }
        each((left - right) * at.active);
    }
}

/// Calls `each` with the value of every constraint of the lookup, in the protocol's order.
#[expect(clippy::arithmetic_side_effects, reason = "field operations are total")]
pub(crate) fn lookup(
    e: &Evaluations,
    at: &At,
    Challenges { beta, gamma }: &Challenges,
    mut each: impl FnMut(Fr),
) {
    let [product, next] = e.lookup;
    let [input, input_before] = e.input;
    let [.., table] = e.fixed;
    each(at.first * (Fr::ONE - product));
    each(at.last * (product.square() - product));
    let left = next * (input + beta) * (e.table + gamma);
    let right = product * (e.limb + beta) * (table + gamma);
    each((left - right) * at.active);
    each(at.first * (input - e.table));
    each((input - e.table) * (input - input_before) * at.active);
}
