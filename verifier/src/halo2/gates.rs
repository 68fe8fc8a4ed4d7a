//! The circuit's gates, by hand: what they are at the evaluations.
//!
//! Columns: `w` (the main track), squares, limb, sum; fixed `q`, `m, n, c, p, g, s`, ranged, scale,
//! table. `p` is 1 in a permutation, where `m, n, c` switch full rounds, partial rounds and enter on,
//! `g` says which columns have S-boxes, and `s` is 1 for exit and 2 for the last round. A test compares
//! each constraint with the circuit's own expression.

use super::evaluations::{Evaluations, BOX_ROWS};
use super::WIDTH;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field, MontFp, PrimeField};

/// Elements of a state.
const STATE: usize = 9;

/// The constants of the gates, in order: the MDS matrix by rows, what enters the partial rounds by
/// rows but the last one, two rows of the partial rounds, what leaves them by rows.
pub(super) static TABLES: &[u8; 252 * 32] = include_bytes!("tables.bin");

/// `1 / 2`.
pub(super) const HALF: Fr =
    MontFp!("10944121435919637611123202872628637544274182200208017171849102093287904247809");

type Row = [Fr; STATE];

/// Reads rows off the tables.
struct Rows(core::slice::ChunksExact<'static, u8>);

impl Rows {
    fn next(&mut self) -> Row {
        let mut row = [Fr::ZERO; STATE];
        // 28 rows are read of the 28 that there are.
        for (slot, word) in row.iter_mut().zip(&mut self.0) {
            *slot = Fr::from_be_bytes_mod_order(word);
        }
        row
    }
}

#[expect(clippy::arithmetic_side_effects, reason = "field operations are total")]
fn dot<'a>(row: &Row, values: impl IntoIterator<Item = &'a Fr>) -> Fr {
    row.iter().zip(values).map(|(a, b)| *a * b).sum()
}

/// Calls `each` with the value of every constraint, in the circuit's order.
#[expect(clippy::arithmetic_side_effects, reason = "field operations are total")]
pub(crate) fn gates(e: &Evaluations, instance: &Fr, mut each: impl FnMut(Fr)) {
    let [m, n, c, p, g, s, ranged, scale, _] = e.fixed;
    let [[w0, w1, w2, ..], [.., output], ..] = e.w;
    let [q, ..] = e.q;
    let outside = Fr::ONE - p;
    let two = Fr::ONE.double();

    // One arithmetic constraint, and the bit.
    let linear: Fr = e.w.as_flattened().iter().zip(&q).map(|(w, q)| *w * q).sum();
    each(outside * (m * w0 * w1 + n * w0 * w2 + linear + c + instance));
    each(outside * g * (w0.square() - w0));

    // What S-boxes take, `u`, and what they give, `x`, by way of the squares.
    let mut u = [[Fr::ZERO; WIDTH]; BOX_ROWS];
    let mut x = [[Fr::ZERO; WIDTH]; BOX_ROWS];
    let cells = e.w.as_flattened();
    let squares = e.squares.as_flattened();
    let taken = cells.iter().zip(e.q.as_flattened());
    for (u, (w, q)) in u.as_flattened_mut().iter_mut().zip(taken) {
        *u = *w + q;
    }
    for (x, (u, square)) in
        x.as_flattened_mut().iter_mut().zip(u.as_flattened().iter().zip(squares))
    {
        *x = square.square() * u;
    }
    let x = x.as_flattened();
    // Of 0, 1 and 2: 1 for 1 and 2, and 1 for 1 alone.
    let narrow = g * (two - g);
    let wide = g * (two + Fr::ONE - g) * HALF;
    let on = [wide, wide, wide, narrow, narrow];
    for ((on, square), u) in on.iter().zip(squares).zip(u.as_flattened()) {
        each(p * (*square - Fr::ONE - *on * (u.square() - Fr::ONE)));
    }

    let mut rows = Rows(TABLES.chunks_exact(32));
    let two_below = || cells.iter().skip(2 * WIDTH);
    // A full round.
    let mds: [Row; STATE] = core::array::from_fn(|_| rows.next());
    for (row, cell) in mds.iter().zip(two_below()) {
        each(p * m * (dot(row, x) - cell));
    }
    // The last one.
    let [first, ..] = mds;
    each(s * (s - Fr::ONE) * HALF * (dot(&first, x) - output));
    // A full round, and the sequence that partial rounds carry on. Its cell 0 is not used.
    let mut unit = [Fr::ZERO; STATE];
    let [one, ..] = &mut unit;
    *one = Fr::ONE;
    let last = core::iter::once(unit);
    let enter = core::iter::repeat_with(|| rows.next()).take(STATE - 1).chain(last);
    for (row, cell) in enter.zip(two_below().skip(1)) {
        each(p * c * (dot(&row, x) - cell));
    }
    // Five partial rounds: each cell from the nine before it.
    let (linear, driven) = (rows.next(), rows.next());
    let before = 2 * WIDTH - STATE;
    for (column, cell) in two_below().take(WIDTH).enumerate() {
        let skip = before.saturating_add(column);
        let sum = dot(&linear, cells.iter().skip(skip)) + dot(&driven, x.iter().skip(skip));
        each(p * n * (sum - cell));
    }
    // From the sequence to a state.
    for cell in two_below().take(STATE) {
        each(s * (two - s) * (dot(&rows.next(), cells) - cell));
    }
    // The range track.
    let [sum_before, sum] = e.sum;
    each(ranged * (scale * sum_before + e.limb - sum));
}
