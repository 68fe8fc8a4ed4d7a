//! The domain: `2^k` roots of unity, points around the challenge, and Lagrange's polynomials there.

use super::BLINDING;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field, MontFp};

/// `7^((r - 1) / 2^28)`, of order `2^28`: the root that halo2's domains are made from.
const ROOT: Fr =
    MontFp!("1748695177688661943023146337482803886740723238769601073607632802312037301404");
const LOG_ORDER: u32 = 28;

/// Rows from the last one in use to the last public input.
const ROWS: usize = BLINDING + 4;

/// What the check needs of the domain at `x`.
pub(crate) struct At {
    /// `x^n - 1`, inverted.
    pub(crate) vanishing_inverse: Fr,
    /// `x^n`.
    pub(crate) power: Fr,
    /// 1 in the first row, 0 in all others.
    pub(crate) first: Fr,
    /// 1 in the row after those in use.
    pub(crate) last: Fr,
    /// 1 in the rows in use.
    pub(crate) active: Fr,
    /// The column of public inputs.
    pub(crate) instance: Fr,
    pub(crate) points: Points,
}

/// `x` and its neighbours.
#[derive(Clone, Copy)]
pub(crate) struct Points {
    pub(crate) here: Fr,
    pub(crate) next: Fr,
    pub(crate) second: Fr,
    pub(crate) third: Fr,
    pub(crate) before: Fr,
    /// `x` in the row after those in use, counted from the end.
    pub(crate) last: Fr,
}

/// A generator of the domain with `2^log_rows` elements.
pub(crate) fn generator(log_rows: u32) -> Fr {
    let mut root = ROOT;
    for _ in log_rows..LOG_ORDER {
        root.square_in_place();
    }
    root
}

#[expect(clippy::arithmetic_side_effects, reason = "field operations are total")]
impl At {
    /// `None` for an `x` in the domain, where a polynomial that vanishes there says nothing.
    pub(crate) fn new(log_rows: u32, x: Fr, inputs: &[Fr; 3]) -> Option<Self> {
        let omega = generator(log_rows);
        let mut power = x;
        for _ in 0..log_rows {
            power.square_in_place();
        }
        let mut rows = Fr::ONE;
        for _ in 0..log_rows {
            rows.double_in_place();
        }
        // omega^i for i from -(BLINDING + 1) to 2, l_i(x) = omega^i (x^n - 1) / (n (x - omega^i)).
        let before = omega.inverse()?;
        let first_root = core::iter::repeat_n(before, BLINDING + 1).product();
        let mut roots = [first_root; ROWS];
        let mut root = first_root;
        for slot in &mut roots {
            *slot = root;
            root *= omega;
        }
        let mut l = roots.map(|root| rows * (x - root));
        let vanishing = power - Fr::ONE;
        let mut vanishing_inverse = [vanishing];
        invert(&mut l)?;
        invert(&mut vanishing_inverse)?;
        for (l, root) in l.iter_mut().zip(&roots) {
            *l *= vanishing * root;
        }
        let [last, blind @ .., first, second, third] = l;
        let blind: [Fr; BLINDING] = blind;
        let [h, alpha, y] = inputs;
        Some(Self {
            vanishing_inverse: vanishing_inverse.into_iter().sum(),
            power,
            first,
            last,
            active: Fr::ONE - last - blind.iter().sum::<Fr>(),
            instance: first * h + second * alpha + third * y,
            points: Points {
                here: x,
                next: x * omega,
                second: x * omega.square(),
                third: x * omega.square() * omega,
                before: x * before,
                last: x * first_root,
            },
        })
    }
}

/// Inverts all of the values; `None` if one is zero.
#[expect(clippy::arithmetic_side_effects, reason = "field operations are total")]
pub(crate) fn invert<const N: usize>(values: &mut [Fr; N]) -> Option<()> {
    let mut before = [Fr::ZERO; N];
    let mut product = Fr::ONE;
    for (before, value) in before.iter_mut().zip(values.iter()) {
        *before = product;
        product *= value;
    }
    let mut inverse = product.inverse()?;
    for (before, value) in before.iter().zip(values.iter_mut()).rev() {
        let next = inverse * *value;
        *value = inverse * before;
        inverse = next;
    }
    Some(())
}
