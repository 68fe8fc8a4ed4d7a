//! The columns and gates. Nothing here depends on the shape.
//!
//! Two tracks run side by side. The main track has five columns; a row of it is either one
//! arithmetic constraint or part of a Poseidon permutation. The range track has two: a limb, looked
//! up in a table of `2^b` values in every row, and what the limbs so far make.

use crate::builder::{Layout, MainRow, RangeRow};
use crate::field::Fr;
use crate::rounds::Rounds;
use halo2_proofs::arithmetic::Field;
use halo2_proofs::plonk::{
    Advice, Column, ConstraintSystem, Expression, Fixed, Instance, TableColumn,
};
use halo2_proofs::poly::Rotation;

/// Columns of the main track.
pub(crate) const WIDTH: usize = 5;
/// Index of the limbs' column among the advice columns.
pub(crate) const LIMB: usize = WIDTH;
/// Index of the column of what limbs make.
pub(crate) const SUM: usize = WIDTH + 1;
/// Advice columns.
pub(crate) const COLUMNS: usize = WIDTH + 2;
/// Degree of the widest gate: an S-box times a selector. Stated, because the library takes 5 for
/// anything above 5 unless told: a proof would be made that never verifies.
pub(crate) const DEGREE: usize = 6;
/// Elements that a permutation absorbs.
pub(crate) const RATE: usize = 8;
/// Rows of a permutation.
pub(crate) const PERMUTATION_ROWS: usize = 29;
/// Row of a permutation where the partial rounds begin.
pub(crate) const PARTIAL_ROW: usize = 8;
/// Row of the state after the partial rounds.
pub(crate) const AFTER_ROW: usize = 21;
/// Row and column of the hash.
pub(crate) const OUTPUT: (usize, usize) = (28, 4);

/// Which constraint begins at a row of the main track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// One arithmetic constraint.
    Arithmetic,
    /// A full round: this row and the next to the two after.
    Full,
    /// A full round, and the first `v` of the partial rounds.
    Enter,
    /// Five partial rounds.
    Partial,
    /// The state after the partial rounds.
    Exit,
    /// The last full round, element 0 alone.
    Last,
    /// Within a permutation, where no constraint begins.
    Inside,
}

/// The columns.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) advice: [Column<Advice>; COLUMNS],
    /// Coefficients of the main track's cells; in a permutation, what is added before an S-box.
    pub(crate) q: [Column<Fixed>; WIDTH],
    /// Coefficients of `w0 * w1`, of `w0 * w2`, and the constant.
    pub(crate) product: [Column<Fixed>; 2],
    pub(crate) constant: Column<Fixed>,
    /// Full, enter, partial, exit, last.
    pub(crate) selectors: [Column<Fixed>; 5],
    /// One in the rows of the range track: the library fills rows at the end with random values.
    pub(crate) ranged: Column<Fixed>,
    /// What the sum of the row above is multiplied by.
    pub(crate) scale: Column<Fixed>,
    pub(crate) table: TableColumn,
    pub(crate) instance: Column<Instance>,
}

/// A cell of the main track: rotation and column.
type Place = (usize, usize);

/// Where element `i` of a state lies, in rows from the state's first.
pub(crate) fn state_cell(i: usize) -> Place {
    (i / WIDTH, i % WIDTH)
}

impl Config {
    pub(crate) fn new(meta: &mut ConstraintSystem<Fr>) -> Self {
        let advice = [(); COLUMNS].map(|()| meta.advice_column());
        for (i, column) in advice.iter().enumerate() {
            if i != LIMB {
                meta.enable_equality(*column);
            }
        }
        let config = Self {
            advice,
            q: [(); WIDTH].map(|()| meta.fixed_column()),
            product: [(); 2].map(|()| meta.fixed_column()),
            constant: meta.fixed_column(),
            selectors: [(); 5].map(|()| meta.fixed_column()),
            ranged: meta.fixed_column(),
            scale: meta.fixed_column(),
            table: meta.lookup_table_column(),
            instance: meta.instance_column(),
        };
        config.arithmetic(meta);
        config.permutation(meta);
        config.range(meta);
        meta.set_minimum_degree(DEGREE);
        config
    }

    /// The fixed cells of rows of the main track, the first of which is row `from`.
    pub(crate) fn main_fixed(
        &self,
        rows: &[MainRow],
        from: usize,
        mut assign: impl FnMut(Column<Fixed>, usize, Fr),
    ) {
        let selected = [Kind::Full, Kind::Enter, Kind::Partial, Kind::Exit, Kind::Last];
        for (at, row) in (from..).zip(rows) {
            let fixed = self.q.iter().zip(row.q).chain(self.product.iter().zip(row.product));
            for (column, value) in fixed.chain([(&self.constant, row.constant)]) {
                assign(*column, at, value);
            }
            for (column, kind) in self.selectors.iter().zip(selected) {
                assign(*column, at, Fr::from(u64::from(row.kind == kind)));
            }
        }
    }

    /// The fixed cells of rows of the range track, the first of which is row `from`.
    pub(crate) fn range_fixed(
        &self,
        rows: &[RangeRow],
        from: usize,
        mut assign: impl FnMut(Column<Fixed>, usize, Fr),
    ) {
        for (at, row) in (from..).zip(rows) {
            assign(self.ranged, at, Fr::ONE);
            assign(self.scale, at, row.scale);
        }
    }

    /// All fixed cells but the table.
    pub(crate) fn each_fixed(
        &self,
        layout: &Layout,
        mut assign: impl FnMut(Column<Fixed>, usize, Fr),
    ) {
        self.main_fixed(&layout.main, 0, &mut assign);
        self.range_fixed(&layout.range, 0, &mut assign);
    }

    /// `sum q_i w_i + m w0 w1 + n w0 w2 + c + public = 0` outside of permutations.
    fn arithmetic(&self, meta: &mut ConstraintSystem<Fr>) {
        meta.create_gate("arithmetic", |meta| {
            let w = [0, 1, 2, 3, 4].map(|i| meta.query_advice(self.advice[i], Rotation::cur()));
            let q = self.q.map(|q| meta.query_fixed(q, Rotation::cur()));
            let [m, n] = self.product.map(|q| meta.query_fixed(q, Rotation::cur()));
            let c = meta.query_fixed(self.constant, Rotation::cur());
            let public = meta.query_instance(self.instance, Rotation::cur());
            // The rows with constants of a permutation: where a constraint begins, and the row
            // after if the next one begins two rows later.
            let [full, enter, partial, exit, last] = self.selectors;
            let mut inside = Expression::Constant(Fr::ZERO);
            for column in [full, enter, partial, exit, last] {
                inside = inside + meta.query_fixed(column, Rotation::cur());
            }
            for column in [full, enter, exit, last] {
                inside = inside + meta.query_fixed(column, Rotation::prev());
            }
            let outside = Expression::Constant(Fr::ONE) - inside;
            let mut sum = m * w[0].clone() * w[1].clone() + n * w[0].clone() * w[2].clone();
            for (q, w) in q.into_iter().zip(w) {
                sum = sum + q * w;
            }
            [("arithmetic", outside * (sum + c + public))]
        });
    }

    /// The gates of a permutation, each at the row where its inputs begin.
    fn permutation(&self, meta: &mut ConstraintSystem<Fr>) {
        let rounds = Rounds::for_inputs(RATE);
        let t = rounds.t;
        let [full, enter, partial, exit, last] = self.selectors;

        self.gate(meta, "Poseidon full round", full, |cells| {
            (0..t)
                .map(|i| {
                    let (row, column) = state_cell(i);
                    cells.boxes(&rounds.mds[i]) - cells.cell((row + 2, column))
                })
                .collect()
        });
        self.gate(meta, "Poseidon last round", last, |cells| {
            vec![cells.boxes(&rounds.mds[0]) - cells.cell((OUTPUT.0 - AFTER_ROW - 6, OUTPUT.1))]
        });
        self.gate(meta, "Poseidon enter partial rounds", enter, |cells| {
            // v_j = (observe_j M) boxes + what the v before it drive.
            (0..=t)
                .map(|j| {
                    let through: Vec<Fr> = (0..t)
                        .map(|k| {
                            (0..t).map(|i| rounds.observe[j][i] * rounds.mds[i][k]).sum::<Fr>()
                        })
                        .collect();
                    let mut sum = cells.boxes(&through) - cells.cell(sequence_cell(2, j));
                    for i in 0..j {
                        sum = sum + cells.drive(sequence_cell(2, i)) * rounds.impulse[j - i];
                    }
                    sum
                })
                .collect()
        });
        self.gate(meta, "Poseidon partial rounds", partial, |cells| {
            (0..WIDTH)
                .map(|column| {
                    // The cell (2, column) is number 2 * WIDTH + column from this row's first.
                    let mut sum = -cells.cell((2, column));
                    for (i, (a, b)) in rounds.recurrence.iter().enumerate() {
                        let place = sequence_cell(0, 2 * WIDTH + column - t + i);
                        sum = sum + cells.cell(place) * (*a - b) + cells.sbox(place) * *b;
                    }
                    sum
                })
                .collect()
        });
        self.gate(meta, "Poseidon exit partial rounds", exit, |cells| {
            (0..t)
                .map(|i| {
                    let (row, column) = state_cell(i);
                    let mut sum = -cells.cell((row + 2, column));
                    for (k, v) in rounds.exit_v[i].iter().enumerate() {
                        sum = sum + cells.cell(sequence_cell(0, k)) * *v;
                    }
                    for (k, x) in rounds.exit_x[i].iter().enumerate() {
                        sum = sum + cells.sbox(sequence_cell(0, k)) * *x;
                    }
                    sum
                })
                .collect()
        });
    }

    fn gate(
        &self,
        meta: &mut ConstraintSystem<Fr>,
        name: &'static str,
        selector: Column<Fixed>,
        constraints: impl FnOnce(&Cells) -> Vec<Expression<Fr>>,
    ) {
        meta.create_gate(name, |meta| {
            let cells = Cells {
                w: [0, 1, 2, 3].map(|r| {
                    [0, 1, 2, 3, 4].map(|i| meta.query_advice(self.advice[i], Rotation(r)))
                }),
                q: [0, 1, 2, 3].map(|r| self.q.map(|q| meta.query_fixed(q, Rotation(r)))),
            };
            let selector = meta.query_fixed(selector, Rotation::cur());
            let sums = constraints(&cells);
            sums.into_iter().map(|sum| (name, selector.clone() * sum)).collect::<Vec<_>>()
        });
    }

    /// `sum = scale * sum of the row above + limb`, and every limb is in the table.
    fn range(&self, meta: &mut ConstraintSystem<Fr>) {
        let (limb, sum) = (self.advice[LIMB], self.advice[SUM]);
        meta.create_gate("range", |meta| {
            let limb = meta.query_advice(limb, Rotation::cur());
            let before = meta.query_advice(sum, Rotation::prev());
            let sum = meta.query_advice(sum, Rotation::cur());
            let scale = meta.query_fixed(self.scale, Rotation::cur());
            let ranged = meta.query_fixed(self.ranged, Rotation::cur());
            [("range", ranged * (scale * before + limb - sum))]
        });
        meta.lookup("range", |meta| vec![(meta.query_advice(limb, Rotation::cur()), self.table)]);
    }
}

/// Where number `j` of a sequence of `v` lies that begins at a row.
pub(crate) fn sequence_cell(row: usize, j: usize) -> Place {
    (row + j / WIDTH, j % WIDTH)
}

/// The main track's cells from a row on, as far as gates reach.
struct Cells {
    w: [[Expression<Fr>; WIDTH]; 4],
    q: [[Expression<Fr>; WIDTH]; 4],
}

impl Cells {
    fn cell(&self, (row, column): Place) -> Expression<Fr> {
        self.w[row][column].clone()
    }

    fn sbox(&self, place: Place) -> Expression<Fr> {
        let x = self.cell(place) + self.q[place.0][place.1].clone();
        let x2 = x.clone() * x.clone();
        x2.clone() * x2 * x
    }

    /// What a partial round adds to element 0.
    fn drive(&self, place: Place) -> Expression<Fr> {
        self.sbox(place) - self.cell(place)
    }

    /// The S-boxes of the state that begins here, weighed.
    fn boxes(&self, weights: &[Fr]) -> Expression<Fr> {
        weights
            .iter()
            .enumerate()
            .map(|(i, k)| self.sbox(state_cell(i)) * *k)
            .reduce(|a, b| a + b)
            .expect("a state has elements")
    }
}
