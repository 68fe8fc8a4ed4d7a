//! The columns and gates. Nothing here depends on the shape.
//!
//! Two tracks run side by side. The main track has five columns; a row of it is either one
//! arithmetic constraint or part of a Poseidon permutation, whose S-boxes have their squares in five
//! more columns. The range track has two: a limb, looked up in a table of `2^b` values in every row,
//! and what the limbs so far make.

use crate::builder::{Layout, MainRow, RangeRow};
use crate::field::Fr;
use crate::rounds::Rounds;
use halo2_proofs::arithmetic::Field;
use halo2_proofs::plonk::{
    Advice, Column, ConstraintSystem, Expression, Fixed, Instance, TableColumn, VirtualCells,
};
use halo2_proofs::poly::Rotation;

/// Columns of the main track.
pub(crate) const WIDTH: usize = 5;
/// Index of the limbs' column among the advice columns.
pub(crate) const LIMB: usize = WIDTH;
/// Index of the column of what limbs make.
pub(crate) const SUM: usize = WIDTH + 1;
/// Index of the first column of squares.
pub(crate) const SQUARES: usize = WIDTH + 2;
/// Advice columns.
pub(crate) const COLUMNS: usize = SQUARES + WIDTH;
/// Degree of the widest gate. The library evaluates all gates on four times the rows up to degree
/// 5, and on eight times from there: an S-box in one cell would be of degree 6 with its selector, so
/// it has two. Stated, because the library silently takes 5 for anything above 5.
pub(crate) const DEGREE: usize = 5;
/// Elements that a permutation absorbs.
pub(crate) const RATE: usize = 8;
/// Rows of a permutation.
pub(crate) const PERMUTATION_ROWS: usize = 33;
/// Row of a permutation where the sequence of the partial rounds begins.
pub(crate) const SEQUENCE_ROW: usize = 8;
/// Row of the state after the partial rounds.
pub(crate) const AFTER_ROW: usize = 25;
/// Row of the last state.
const LAST_ROW: usize = 31;
/// Row and column of the hash, in a cell that a state of nine leaves over.
pub(crate) const OUTPUT: (usize, usize) = (32, 4);
/// Cells of the sequence after the last round that exits do not look at: they fill its row.
pub(crate) const SKIPPED: usize = 2;

/// What a row of the main track is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// One arithmetic constraint.
    Arithmetic,
    /// The same, and its first cell is a bit.
    Flag,
    /// A state, of which a full round makes the one two rows below.
    Full,
    /// A state, of which a full round makes the sequence's beginning two rows below.
    Enter,
    /// A state, of which the last round makes the hash.
    Last,
    /// The second row of a state.
    State,
    /// Of the sequence, before the first partial round: no S-boxes.
    Before,
    /// Of the sequence, five partial rounds.
    Partial,
    /// Of the sequence, the last three partial rounds.
    Remaining,
    /// Of the sequence, after the last round, which makes the state two rows below. No S-boxes.
    Exit,
    /// The row after that.
    Tail,
}

impl Kind {
    /// Whether the row is part of a permutation.
    pub(crate) fn is_inside(self) -> bool {
        !matches!(self, Self::Arithmetic | Self::Flag)
    }

    /// Which columns have S-boxes: 0 none, 1 all, 2 the first three. Outside of permutations 1 is
    /// for a bit.
    fn boxes(self) -> u64 {
        match self {
            Self::Arithmetic | Self::Before | Self::Exit | Self::Tail => 0,
            Self::Remaining => 2,
            _ => 1,
        }
    }

    /// Whether the cell in this column has an S-box.
    pub(crate) fn has_box(self, column: usize) -> bool {
        self.is_inside() && (self.boxes() == 1 || (self.boxes() == 2 && column < 3))
    }

    /// The columns `m`, `n`, `c` as switches of full rounds, partial rounds, enter.
    fn switches(self) -> [bool; 3] {
        [
            self == Self::Full,
            matches!(self, Self::Before | Self::Partial | Self::Remaining),
            self == Self::Enter,
        ]
    }

    /// 1 for exit, 2 for the last round.
    fn leaves(self) -> u64 {
        match self {
            Self::Exit => 1,
            Self::Last => 2,
            _ => 0,
        }
    }
}

/// The columns.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) advice: [Column<Advice>; COLUMNS],
    /// Coefficients of the main track's cells; in a permutation, what is added before an S-box.
    pub(crate) q: [Column<Fixed>; WIDTH],
    /// Coefficients of `w0 * w1`, of `w0 * w2`, and the constant; in a permutation, switches.
    pub(crate) product: [Column<Fixed>; 2],
    pub(crate) constant: Column<Fixed>,
    /// One in a permutation.
    pub(crate) inside: Column<Fixed>,
    /// Which columns have S-boxes, and where `w0` is a bit: [`Kind::boxes`].
    pub(crate) boxes: Column<Fixed>,
    /// Exit and last round: [`Kind::leaves`].
    pub(crate) leaves: Column<Fixed>,
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
            if i < WIDTH || i == SUM {
                meta.enable_equality(*column);
            }
        }
        let config = Self {
            advice,
            q: [(); WIDTH].map(|()| meta.fixed_column()),
            product: [(); 2].map(|()| meta.fixed_column()),
            constant: meta.fixed_column(),
            inside: meta.fixed_column(),
            boxes: meta.fixed_column(),
            leaves: meta.fixed_column(),
            ranged: meta.fixed_column(),
            scale: meta.fixed_column(),
            table: meta.lookup_table_column(),
            instance: meta.instance_column(),
        };
        config.arithmetic(meta);
        config.squares(meta);
        config.full_rounds(meta);
        config.partial_rounds(meta);
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
        for (at, row) in (from..).zip(rows) {
            for (column, value) in self.q.iter().zip(row.q) {
                assign(*column, at, value);
            }
            let [m, n, c] = if row.kind.is_inside() {
                row.kind.switches().map(|on| Fr::from(u64::from(on)))
            } else {
                [row.product[0], row.product[1], row.constant]
            };
            for (column, value) in [
                (self.product[0], m),
                (self.product[1], n),
                (self.constant, c),
                (self.inside, Fr::from(u64::from(row.kind.is_inside()))),
                (self.boxes, Fr::from(row.kind.boxes())),
                (self.leaves, Fr::from(row.kind.leaves())),
            ] {
                assign(column, at, value);
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

    fn cells(&self, meta: &mut VirtualCells<'_, Fr>) -> Cells {
        let main = &self.advice[..WIDTH];
        let squares = &self.advice[SQUARES..];
        Cells {
            w: [0, 1, 2, 3]
                .map(|r| [0, 1, 2, 3, 4].map(|i| meta.query_advice(main[i], Rotation(r)))),
            s: [0, 1, 2]
                .map(|r| [0, 1, 2, 3, 4].map(|i| meta.query_advice(squares[i], Rotation(r)))),
            q: [0, 1, 2].map(|r| self.q.map(|q| meta.query_fixed(q, Rotation(r)))),
        }
    }

    /// `sum q_i w_i + m w0 w1 + n w0 w2 + c + public = 0` outside of permutations, and `w0` is 0 or
    /// 1 where it is said to be a bit.
    fn arithmetic(&self, meta: &mut ConstraintSystem<Fr>) {
        meta.create_gate("arithmetic", |meta| {
            // Here all queries of the main track are made: their order is that of the evaluations
            // in a proof.
            let Cells { w: [w, ..], q: [q, ..], .. } = self.cells(meta);
            let [m, n] = self.product.map(|q| meta.query_fixed(q, Rotation::cur()));
            let c = meta.query_fixed(self.constant, Rotation::cur());
            let outside = one() - meta.query_fixed(self.inside, Rotation::cur());
            let public = meta.query_instance(self.instance, Rotation::cur());
            let mut sum = m * w[0].clone() * w[1].clone() + n * w[0].clone() * w[2].clone();
            for (q, w) in q.into_iter().zip(w) {
                sum = sum + q * w;
            }
            [("arithmetic", outside * (sum + c + public))]
        });
        meta.create_gate("bit", |meta| {
            let outside = one() - meta.query_fixed(self.inside, Rotation::cur());
            let bit = meta.query_fixed(self.boxes, Rotation::cur());
            let w = meta.query_advice(self.advice[0], Rotation::cur());
            [("bit", outside * bit * (w.clone() * w.clone() - w))]
        });
    }

    /// In a permutation `s = (w + q)^2` where there is an S-box, else `s = 1`, which makes
    /// `s^2 (w + q)` what drives nothing.
    fn squares(&self, meta: &mut ConstraintSystem<Fr>) {
        meta.create_gate("Poseidon squares", |meta| {
            let cells = self.cells(meta);
            let inside = meta.query_fixed(self.inside, Rotation::cur());
            let g = meta.query_fixed(self.boxes, Rotation::cur());
            // Of 0, 1 and 2: 1 for 1 and 2, and 1 for 1 alone.
            let half = Fr::from(2).invert().expect("2 is not 0");
            let three = Expression::Constant(Fr::from(3)) - g.clone();
            let first = g.clone() * three * half;
            let others = g.clone() * (Expression::Constant(Fr::from(2)) - g);
            (0..WIDTH)
                .map(|i| {
                    let on = if i < 3 { first.clone() } else { others.clone() };
                    let u = cells.u((0, i));
                    let square = cells.s[0][i].clone() - one();
                    ("square", inside.clone() * (square - on * (u.clone() * u - one())))
                })
                .collect::<Vec<_>>()
        });
    }

    /// Full rounds, each at the row where its state begins.
    fn full_rounds(&self, meta: &mut ConstraintSystem<Fr>) {
        let rounds = Rounds::for_inputs(RATE);
        let t = rounds.t;
        self.gate(meta, "Poseidon full round", self.product[0], |cells| {
            (0..t)
                .map(|i| {
                    let (row, column) = state_cell(i);
                    cells.boxes(&rounds.mds[i]) - cells.cell((row + 2, column))
                })
                .collect()
        });
        meta.create_gate("Poseidon last round", |meta| {
            let cells = self.cells(meta);
            let s = meta.query_fixed(self.leaves, Rotation::cur());
            // 1 for 2, 0 for 0 and 1.
            let half = Fr::from(2).invert().expect("2 is not 0");
            let on = s.clone() * (s - one()) * half;
            let output = (OUTPUT.0 - LAST_ROW, OUTPUT.1);
            [("Poseidon last round", on * (cells.boxes(&rounds.mds[0]) - cells.cell(output)))]
        });
        self.gate(meta, "Poseidon enter partial rounds", self.constant, |cells| {
            // The sequence's cell 0 is unused.
            (0..t)
                .map(|j| {
                    let sum = match j + 1 == t {
                        // The last row of the matrix is e0.
                        true => cells.sbox((0, 0)),
                        false => cells.boxes(&rounds.enter[j]),
                    };
                    sum - cells.cell(sequence_cell(2, j + 1))
                })
                .collect()
        });
    }

    /// Partial rounds, and what makes the state after them.
    fn partial_rounds(&self, meta: &mut ConstraintSystem<Fr>) {
        let rounds = Rounds::for_inputs(RATE);
        let t = rounds.t;
        self.gate(meta, "Poseidon partial rounds", self.product[1], |cells| {
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
        meta.create_gate("Poseidon exit partial rounds", |meta| {
            let cells = self.cells(meta);
            let s = meta.query_fixed(self.leaves, Rotation::cur());
            // 1 for 1, 0 for 0 and 2.
            let on = s.clone() * (Expression::Constant(Fr::from(2)) - s);
            let exit = rounds.exit(SKIPPED);
            (0..t)
                .map(|i| {
                    let (row, column) = state_cell(i);
                    let mut sum = -cells.cell((row + 2, column));
                    for (k, v) in exit[i].iter().enumerate() {
                        sum = sum + cells.cell(sequence_cell(0, k)) * *v;
                    }
                    ("Poseidon exit partial rounds", on.clone() * sum)
                })
                .collect::<Vec<_>>()
        });
    }

    /// A gate that is on in permutations where `switch` is 1.
    fn gate(
        &self,
        meta: &mut ConstraintSystem<Fr>,
        name: &'static str,
        switch: Column<Fixed>,
        constraints: impl FnOnce(&Cells) -> Vec<Expression<Fr>>,
    ) {
        meta.create_gate(name, |meta| {
            let cells = self.cells(meta);
            let inside = meta.query_fixed(self.inside, Rotation::cur());
            let on = inside * meta.query_fixed(switch, Rotation::cur());
            let sums = constraints(&cells);
            sums.into_iter().map(|sum| (name, on.clone() * sum)).collect::<Vec<_>>()
        });
    }

    /// `sum = scale * sum of the row above + limb`, and every limb is in the table.
    fn range(&self, meta: &mut ConstraintSystem<Fr>) {
        let (limb, sum) = (self.advice[LIMB], self.advice[SUM]);
        meta.create_gate("range", |meta| {
            let limb = meta.query_advice(limb, Rotation::cur());
            let before = meta.query_advice(sum, Rotation::prev());
            let sum = meta.query_advice(sum, Rotation::cur());
            let ranged = meta.query_fixed(self.ranged, Rotation::cur());
            let scale = meta.query_fixed(self.scale, Rotation::cur());
            [("range", ranged * (scale * before + limb - sum))]
        });
        meta.lookup("range", |meta| vec![(meta.query_advice(limb, Rotation::cur()), self.table)]);
    }
}

fn one() -> Expression<Fr> {
    Expression::Constant(Fr::ONE)
}

/// Where number `j` of a sequence of `v` lies that begins at a row.
pub(crate) fn sequence_cell(row: usize, j: usize) -> Place {
    (row + j / WIDTH, j % WIDTH)
}

/// The main track's cells from a row on, as far as gates reach.
struct Cells {
    w: [[Expression<Fr>; WIDTH]; 4],
    s: [[Expression<Fr>; WIDTH]; 3],
    q: [[Expression<Fr>; WIDTH]; 3],
}

impl Cells {
    fn cell(&self, (row, column): Place) -> Expression<Fr> {
        self.w[row][column].clone()
    }

    /// What an S-box takes.
    fn u(&self, (row, column): Place) -> Expression<Fr> {
        self.w[row][column].clone() + self.q[row][column].clone()
    }

    /// What an S-box gives, by way of its square.
    fn sbox(&self, place: Place) -> Expression<Fr> {
        let s = &self.s[place.0][place.1];
        s.clone() * s.clone() * self.u(place)
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
