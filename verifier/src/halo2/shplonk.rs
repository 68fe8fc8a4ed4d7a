//! One opening of all commitments at all of their points.
//!
//! Commitments that are opened at the same points form a set. For set `i` with points `p_k`, let
//! `Z_i(X) = prod (X - p_k)`, and `r_ij` the polynomial of least degree with the evaluations of
//! commitment `C_ij`. With `W, W'` of the proof, the check at the challenge `u` is
//! `e(W', [tau]G2) = e(E, G2)` for
//!
//! ```text
//! E = sum over i of v^i Z_0(u)/Z_i(u) sum over j of y^j (C_ij - r_ij(u) G) - Z_0(u) W + u W'
//! ```

use super::key::VerifyingKey;
use super::lagrange::{invert, At, Points};
use super::msm::Sum;
use super::proof::Proof;
use super::{PIECES, WIDTH};
use crate::error::VerifyError;
use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, Field};

/// The challenges of the opening.
pub(crate) struct Challenges {
    pub(crate) y: Fr,
    pub(crate) v: Fr,
    pub(crate) u: Fr,
}

/// What is opened.
enum Commitment<'a> {
    Point(&'a G1Affine),
    /// Pieces of the quotient: the `i`-th times the `i`-th power of `x^n`.
    Pieces(&'a [G1Affine; PIECES], Fr),
}

use Commitment::{Pieces, Point};

/// `E`, where the quotient is `h` at `x`.
///
/// # Errors
/// [`VerifyError::Rejected`] if `u` is one of the points.
pub(crate) fn fold(
    key: &VerifyingKey,
    proof: &Proof,
    at: &At,
    h: Fr,
    challenges: &Challenges,
) -> Result<G1Projective, VerifyError> {
    let Points { here, next, second, third, before, last } = at.points;
    let e = &proof.evaluations;
    let [w0, w1, w2, w3, w4, limb, sum, squares @ ..] = &proof.advice;
    let [q0, q1, q2, q3, q4, fixed @ ..] = &key.fixed;
    let [permuted_input, permuted_table] = &proof.permuted;
    let [first, second_product] = &proof.products;
    let [sum_before, sum_here] = e.sum;
    let [input, input_before] = e.input;

    // Sets, and the commitments in each, are in the order in which the protocol names them first.
    let mut fold = Fold::new(challenges, &[here, next, second, third]);
    let main = [w0, w1, w2, w3, w4].into_iter().zip(columns(e.w));
    fold.set([here, next, second, third], main.map(point))?;
    let backwards = [(sum, [sum_here, sum_before]), (permuted_input, [input, input_before])];
    fold.set([here, before], backwards.into_iter().map(point))?;
    let boxes = squares.iter().zip(columns(e.squares));
    let boxes = boxes.chain([q0, q1, q2, q3, q4].into_iter().zip(columns(e.q)));
    fold.set([here, next, second], boxes.map(point))?;
    let alone = [(limb, e.limb), (permuted_table, e.table)].into_iter();
    let alone = alone.chain(fixed.iter().zip(e.fixed)).chain(key.sigma.iter().zip(e.sigma));
    let alone = alone
        .map(|(commitment, value)| (Point(commitment), [value]))
        .chain([(Pieces(&proof.pieces, at.power), [h]), (Point(&proof.random), [e.random])]);
    fold.set([here], alone)?;
    fold.set([here, next, last], [(Point(first), e.first)])?;
    let products = [(second_product, e.second), (&proof.lookup, e.lookup)];
    fold.set([here, next], products.into_iter().map(point))?;
    fold.finish(&proof.opening)
}

fn point<const N: usize>((commitment, values): (&G1Affine, [Fr; N])) -> (Commitment<'_>, [Fr; N]) {
    (Point(commitment), values)
}

/// Rows of evaluations, by columns.
fn columns<const R: usize>(rows: [[Fr; WIDTH]; R]) -> [[Fr; R]; WIDTH] {
    [
        rows.map(|[value, ..]| value),
        rows.map(|[_, value, ..]| value),
        rows.map(|[_, _, value, ..]| value),
        rows.map(|[.., value, _]| value),
        rows.map(|[.., value]| value),
    ]
}

struct Fold<'a> {
    challenges: &'a Challenges,
    /// `Z_0(u)`.
    z0: Fr,
    power_of_v: Fr,
    /// What the generator is multiplied by, negated.
    value: Fr,
    sum: Sum,
}

#[expect(clippy::arithmetic_side_effects, reason = "field operations are total")]
impl<'a> Fold<'a> {
    fn new(challenges: &'a Challenges, first: &[Fr]) -> Self {
        let z0 = first.iter().map(|p| challenges.u - p).product();
        Self { challenges, z0, power_of_v: Fr::ONE, value: Fr::ZERO, sum: Sum::new() }
    }

    /// Adds a set: commitments with their evaluations at `points`.
    fn set<'c, const N: usize>(
        &mut self,
        points: [Fr; N],
        members: impl IntoIterator<Item = (Commitment<'c>, [Fr; N])>,
    ) -> Result<(), VerifyError> {
        let Challenges { y, v, u } = self.challenges;
        // Lagrange's polynomial of p_k is Z_i(u) / d_k at u, with
        // d_k = (u - p_k) prod over m != k of (p_k - p_m).
        let mut weights = points;
        for (k, (weight, point)) in weights.iter_mut().zip(&points).enumerate() {
            let others = points.iter().enumerate().filter(|(m, _)| *m != k);
            *weight = others.fold(*u - point, |product, (_, other)| product * (*point - other));
        }
        let mut zi = [points.iter().map(|point| *u - point).product::<Fr>()];
        invert(&mut weights).ok_or(VerifyError::Rejected)?;
        invert(&mut zi).ok_or(VerifyError::Rejected)?;
        let [zi] = zi;
        // What the commitments and their values are multiplied by, before the powers of y.
        let mut scale = self.power_of_v * self.z0;
        let weights = weights.map(|weight| weight * scale);
        scale *= zi;
        let mut power_of_y = Fr::ONE;
        for (commitment, values) in members {
            let value: Fr = weights.iter().zip(&values).map(|(weight, e)| *weight * e).sum();
            self.value += power_of_y * value;
            let mut scalar = power_of_y * scale;
            match commitment {
                Point(point) => self.sum.add(scalar, point)?,
                Pieces(pieces, power) => {
                    for piece in pieces {
                        self.sum.add(scalar, piece)?;
                        scalar *= power;
                    }
                }
            }
            power_of_y *= y;
        }
        self.power_of_v *= v;
        Ok(())
    }

    fn finish(mut self, [w, w_next]: &[G1Affine; 2]) -> Result<G1Projective, VerifyError> {
        self.sum.add(-self.value, &G1Affine::generator())?;
        self.sum.add(-self.z0, w)?;
        self.sum.add(self.challenges.u, w_next)?;
        Ok(self.sum.total())
    }
}
