//! What the committed polynomials are at the challenge `x` and around it.

use super::{COPIED, WIDTH};
use ark_bn254::Fr;
use ark_ff::AdditiveGroup;

/// Evaluations in a proof.
pub(crate) const EVALUATIONS: usize = 79;
/// Rows that gates see of the main track.
pub(crate) const CELL_ROWS: usize = 4;
/// Rows that gates see of the squares, and of what is added before an S-box.
pub(crate) const BOX_ROWS: usize = 3;

/// The evaluations. "The next row" is the polynomial at `omega x`, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Evaluations {
    /// The main track's columns in this row and the next three.
    pub(crate) w: [[Fr; WIDTH]; CELL_ROWS],
    /// The squares in this row and the next two.
    pub(crate) squares: [[Fr; WIDTH]; BOX_ROWS],
    /// The range track's limb.
    pub(crate) limb: Fr,
    /// The range track's sum in the row before and in this one.
    pub(crate) sum: [Fr; 2],
    /// The coefficients of the main track in this row and the next two.
    pub(crate) q: [[Fr; WIDTH]; BOX_ROWS],
    /// The other fixed columns: `m, n, c, p, g, s`, ranged, scale, table.
    pub(crate) fixed: [Fr; 9],
    /// The random polynomial, which hides the opened sum.
    pub(crate) random: Fr,
    /// Where the permutation takes each column.
    pub(crate) sigma: [Fr; COPIED],
    /// The permutation's first product: in this row, the next, and the last row in use.
    pub(crate) first: [Fr; 3],
    /// Its second: in this row and the next.
    pub(crate) second: [Fr; 2],
    /// The lookup's product in this row and the next.
    pub(crate) lookup: [Fr; 2],
    /// Its permuted input in this row and the one before.
    pub(crate) input: [Fr; 2],
    /// Its permuted table.
    pub(crate) table: Fr,
}

impl Evaluations {
    pub(crate) const ZERO: Self = Self {
        w: [[Fr::ZERO; WIDTH]; CELL_ROWS],
        squares: [[Fr::ZERO; WIDTH]; BOX_ROWS],
        limb: Fr::ZERO,
        sum: [Fr::ZERO; 2],
        q: [[Fr::ZERO; WIDTH]; BOX_ROWS],
        fixed: [Fr::ZERO; 9],
        random: Fr::ZERO,
        sigma: [Fr::ZERO; COPIED],
        first: [Fr::ZERO; 3],
        second: [Fr::ZERO; 2],
        lookup: [Fr::ZERO; 2],
        input: [Fr::ZERO; 2],
        table: Fr::ZERO,
    };

    /// The evaluations in the order of the proof: of the advice columns, the fixed ones, the random
    /// polynomial, the permutation, the lookup. In the first, the sum comes after the first row,
    /// since the circuit names the columns of the permutation before all else.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Fr> {
        let [row, rows @ ..] = &self.w;
        let [sum_before, sum] = &self.sum;
        let main = row.iter().chain([sum]).chain(rows.as_flattened());
        let advice = main.chain(self.squares.as_flattened()).chain([&self.limb, sum_before]);
        let fixed = self.q.as_flattened().iter().chain(&self.fixed);
        let products = self.first.iter().chain(&self.second).chain(&self.lookup);
        advice
            .chain(fixed)
            .chain([&self.random])
            .chain(&self.sigma)
            .chain(products)
            .chain(&self.input)
            .chain([&self.table])
    }

    /// [`Self::each`], to be filled.
    pub(crate) fn each_mut(&mut self) -> impl Iterator<Item = &mut Fr> {
        let [row, rows @ ..] = &mut self.w;
        let [sum_before, sum] = &mut self.sum;
        let main = row.iter_mut().chain([sum]).chain(rows.as_flattened_mut());
        let boxes = self.squares.as_flattened_mut();
        let advice = main.chain(boxes).chain([&mut self.limb, sum_before]);
        let fixed = self.q.as_flattened_mut().iter_mut().chain(&mut self.fixed);
        let products = self.first.iter_mut().chain(&mut self.second).chain(&mut self.lookup);
        advice
            .chain(fixed)
            .chain([&mut self.random])
            .chain(&mut self.sigma)
            .chain(products)
            .chain(&mut self.input)
            .chain([&mut self.table])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_order_and_it_leaves_nothing_out() {
        let mut evaluations = Evaluations::ZERO;
        let mut count = 0u64;
        for slot in evaluations.each_mut() {
            count += 1;
            *slot = Fr::from(count);
        }
        assert_eq!(usize::try_from(count), Ok(EVALUATIONS));
        assert!(evaluations.each().copied().eq((1..=count).map(Fr::from)));
        assert_eq!(size_of::<Evaluations>(), EVALUATIONS * size_of::<Fr>());
    }
}
