//! Rows as they are laid out, one after another, and the values in their cells.
//!
//! A [`Var`] is a value with one home: the first cell in which it is placed. Every later use is
//! another cell that a copy constraint ties to the home, so a value that has a cell is never
//! assigned again.

mod permutation;

use crate::config::{Kind, COLUMNS, LIMB, SQUARES, SUM, WIDTH};
use crate::field::{integer, two_to, wide, Fr};
use crate::liar::{Liar, Origin, Part};
use halo2_proofs::arithmetic::Field;
use halo2_proofs::halo2curves::ff::PrimeField;
use meed_statement::clause::Clause;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// A value and its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Var(pub(crate) u32);

/// Column among the advice columns, and row.
pub(crate) type Cell = (usize, usize);

/// The fixed cells of a row of the main track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MainRow {
    pub(crate) clause: Clause,
    pub(crate) kind: Kind,
    pub(crate) q: [Fr; WIDTH],
    pub(crate) product: [Fr; 2],
    pub(crate) constant: Fr,
}

/// The fixed cell of a row of the range track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RangeRow {
    pub(crate) clause: Clause,
    pub(crate) scale: Fr,
}

/// Everything of a circuit but the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) limb_bits: u32,
    pub(crate) main: Vec<MainRow>,
    pub(crate) range: Vec<RangeRow>,
    /// A home and the cell that holds the same value, with the clause that uses it.
    pub(crate) copies: Vec<(Cell, Cell, Clause)>,
    /// Cells that hold a value, by column.
    pub(crate) used: [Vec<bool>; COLUMNS],
}

/// The values of the advice columns. Secrets: no `Debug`.
#[derive(Clone)]
pub(crate) struct Grid {
    pub(crate) columns: [Vec<Fr>; COLUMNS],
}

/// Lays rows out. The rows must not depend on the values.
pub(crate) struct Builder {
    limb_bits: u32,
    clause: Clause,
    values: Vec<Fr>,
    homes: Vec<Option<Cell>>,
    constants: HashMap<[u8; 32], Var>,
    main: Vec<MainRow>,
    range: Vec<RangeRow>,
    copies: Vec<(Cell, Cell, Clause)>,
    used: [Vec<bool>; COLUMNS],
    columns: [Vec<Fr>; COLUMNS],
    /// Bits that no row has demanded to be bits yet.
    bits: HashSet<Var>,
    /// In tests, a prover that tells some values otherwise.
    liar: Option<Box<Liar>>,
}

/// A number as a field element.
pub(crate) fn fr(v: i64) -> Fr {
    let magnitude = Fr::from(v.unsigned_abs());
    if v < 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// Coefficient and value.
pub(crate) type Term = (Fr, Var);

impl Builder {
    pub(crate) fn new(limb_bits: u32) -> Self {
        Self {
            limb_bits,
            clause: Clause::Binding,
            values: Vec::new(),
            homes: Vec::new(),
            constants: HashMap::new(),
            main: Vec::new(),
            range: Vec::new(),
            copies: Vec::new(),
            used: Default::default(),
            columns: Default::default(),
            bits: HashSet::new(),
            liar: None,
        }
    }

    /// Lays out what `liar` tells. [`Self::finish_lying`] gives it back, with its notes.
    #[cfg(test)]
    pub(crate) fn lying(limb_bits: u32, liar: Liar) -> Self {
        Self { liar: Some(Box::new(liar)), ..Self::new(limb_bits) }
    }

    /// Layout and cells, the liar, and the values of all variables.
    #[cfg(test)]
    pub(crate) fn finish_lying(mut self) -> (Layout, Grid, Liar, Vec<Fr>) {
        let liar = self.liar.take().expect("a builder that lies");
        let values = std::mem::take(&mut self.values);
        let (layout, grid) = self.finish();
        (layout, grid, *liar, values)
    }

    pub(crate) fn finish(self) -> (Layout, Grid) {
        let Self { limb_bits, main, range, copies, used, columns, bits, .. } = self;
        assert!(bits.is_empty(), "a bit is never the first cell of an arithmetic row");
        (Layout { limb_bits, main, range, copies, used }, Grid { columns })
    }

    /// Bits of a limb.
    pub(crate) fn limb_bits(&self) -> u32 {
        self.limb_bits
    }

    /// The clause that the rows from here on belong to.
    pub(crate) fn clause(&mut self, clause: Clause) {
        self.clause = clause;
    }

    /// A new value that the prover supplies. It has no cell until it is placed.
    pub(crate) fn witness(&mut self, value: Fr) -> Var {
        self.variable(value, Origin::Hint)
    }

    /// A new value that follows from others by the row that it is placed in.
    fn computed(&mut self, value: Fr) -> Var {
        self.variable(value, Origin::Computed)
    }

    fn variable(&mut self, value: Fr, origin: Origin) -> Var {
        let var = Var(self.values.len() as u32);
        let value = match &mut self.liar {
            Some(liar) => liar.tell(var, value, origin),
            None => value,
        };
        self.values.push(value);
        self.homes.push(None);
        var
    }

    /// The variable for a use of `var`: itself, but for a liar who gives this use another value.
    #[track_caller]
    fn used(&mut self, var: Var, place: usize) -> Var {
        let (value, home) = (self.value(var), self.homes[var.0 as usize]);
        let (Some(liar), Some(_)) = (&mut self.liar, home) else { return var };
        // Implied by the others: see the clause's rows.
        if self.clause == Clause::Conservation {
            return var;
        }
        match liar.split(value, place) {
            Some(value) => self.computed(value),
            None => var,
        }
    }

    /// Gives a value a cell outside of the layout, where a liar's permutations have none.
    fn place(&mut self, var: Var) {
        if self.liar.is_some() {
            self.homes[var.0 as usize].get_or_insert((0, 0));
        }
    }

    /// A new value that is 0 or 1. The first arithmetic row that has it as its first cell demands
    /// it: every bit must be in one.
    pub(crate) fn bit(&mut self, hint: bool) -> Var {
        let bit = self.witness(Fr::from(u64::from(hint)));
        self.bits.insert(bit);
        bit
    }

    /// The value.
    pub(crate) fn value(&self, var: Var) -> Fr {
        self.values[var.0 as usize]
    }

    /// Puts a value into the next free cell of a column, and returns its row.
    fn push(&mut self, column: usize, var: Option<Var>) -> usize {
        let row = self.columns[column].len();
        let value = var.map_or(Fr::ZERO, |v| self.value(v));
        self.columns[column].push(value);
        self.used[column].push(var.is_some());
        if let Some(Var(i)) = var {
            match self.homes[i as usize] {
                Some(home) => self.copies.push((home, (column, row), self.clause)),
                None => self.homes[i as usize] = Some((column, row)),
            }
        }
        row
    }

    #[track_caller]
    fn main_row(&mut self, kind: Kind, w: [Option<Var>; WIDTH], q: [Fr; WIDTH]) -> &mut MainRow {
        let row = self.main.len();
        if let Some(liar) = &mut self.liar {
            liar.main(w);
        }
        for (column, var) in w.into_iter().enumerate() {
            self.push(column, var);
        }
        if kind.is_inside() {
            for (column, q) in q.iter().enumerate() {
                let square = match kind.has_box(column) {
                    true => (self.columns[column][row] + q).square(),
                    false => Fr::ONE,
                };
                self.columns[SQUARES + column].push(square);
                self.used[SQUARES + column].push(true);
            }
        } else {
            for column in SQUARES..COLUMNS {
                self.columns[column].push(Fr::ZERO);
                self.used[column].push(false);
            }
        }
        let zero = Fr::ZERO;
        let clause = self.clause;
        self.main.push(MainRow { clause, kind, q, product: [zero; 2], constant: zero });
        self.main.last_mut().expect("a row was pushed")
    }

    /// Demands `sum q_i w_i + m w0 w1 + n w0 w2 + c = 0`, at most five terms.
    #[track_caller]
    pub(crate) fn assert(&mut self, terms: &[Term], [m, n]: [i64; 2], c: Fr) {
        self.assert_with(terms, [fr(m), fr(n)], c);
    }

    /// [`Self::assert`] with coefficients of any size.
    #[track_caller]
    pub(crate) fn assert_with(&mut self, terms: &[Term], product: [Fr; 2], c: Fr) {
        assert!(terms.len() <= WIDTH, "a row holds five terms");
        let terms = self.used_terms(terms);
        self.arithmetic_row(std::array::from_fn(|i| terms.get(i).copied()), product, c);
    }

    /// `sum q_i w_i + m w0 w1 + n w0 w2 + c` as a new value, at most four terms.
    #[track_caller]
    pub(crate) fn solve(&mut self, terms: &[Term], [m, n]: [i64; 2], c: Fr) -> Var {
        self.solve_with(terms, [fr(m), fr(n)], c)
    }

    /// [`Self::solve`] with coefficients of any size.
    #[track_caller]
    pub(crate) fn solve_with(&mut self, terms: &[Term], product: [Fr; 2], c: Fr) -> Var {
        assert!(terms.len() < WIDTH, "four terms and the result");
        let terms = &self.used_terms(terms)[..];
        let mut value = c;
        for (k, var) in terms {
            value += *k * self.value(*var);
        }
        for (k, i) in product.iter().zip([1, 2]) {
            if *k != Fr::ZERO {
                value += *k * self.value(terms[0].1) * self.value(terms[i].1);
            }
        }
        let out = self.computed(value);
        let mut row = [None; WIDTH];
        for (cell, term) in row.iter_mut().zip(terms) {
            *cell = Some(*term);
        }
        row[WIDTH - 1] = Some((-Fr::ONE, out));
        self.arithmetic_row(row, product, c);
        out
    }

    #[track_caller]
    fn used_terms<'a>(&mut self, terms: &'a [Term]) -> Cow<'a, [Term]> {
        if self.liar.is_none() {
            return Cow::Borrowed(terms);
        }
        let mut used = Vec::with_capacity(terms.len());
        for (i, (k, var)) in terms.iter().enumerate() {
            // The second use in one row is a copy, too.
            if terms[..i].iter().any(|(_, earlier)| earlier == var) {
                self.place(*var);
            }
            let use_of = self.used(*var, i);
            // A bit's row demands that of the value that it has there.
            if use_of != *var && i == 0 && self.bits.remove(var) {
                self.bits.insert(use_of);
            }
            used.push((*k, use_of));
        }
        Cow::Owned(used)
    }

    #[track_caller]
    fn arithmetic_row(&mut self, terms: [Option<Term>; WIDTH], product: [Fr; 2], c: Fr) {
        let flag = terms[0].is_some_and(|(_, var)| self.bits.remove(&var));
        let kind = if flag { Kind::Flag } else { Kind::Arithmetic };
        let q = terms.map(|t| t.map_or(Fr::ZERO, |(k, _)| k));
        let row = self.main_row(kind, terms.map(|t| t.map(|(_, var)| var)), q);
        row.product = product;
        row.constant = c;
    }

    /// `x * y`.
    #[track_caller]
    pub(crate) fn product(&mut self, x: Var, y: Var) -> Var {
        self.solve(&[(Fr::ZERO, x), (Fr::ZERO, y)], [1, 0], Fr::ZERO)
    }

    /// The sum of any number of terms and a constant.
    #[track_caller]
    pub(crate) fn sum(&mut self, terms: &[Term], c: Fr) -> Var {
        let (last, constant) = self.fold(terms, WIDTH - 1, c);
        self.solve(&last, [0, 0], constant)
    }

    /// Demands that a sum of any number of terms and a constant is zero.
    #[track_caller]
    pub(crate) fn assert_zero(&mut self, terms: &[Term], c: Fr) {
        let (last, constant) = self.fold(terms, WIDTH, c);
        self.assert(&last, [0, 0], constant);
    }

    /// Sums terms, four a row, until at most `most` are left.
    #[track_caller]
    fn fold(&mut self, terms: &[Term], most: usize, c: Fr) -> (Vec<Term>, Fr) {
        let mut terms = terms.to_vec();
        let mut constant = c;
        while terms.len() > most {
            let rest = terms.split_off(WIDTH - 1);
            let partial = self.solve(&terms, [0, 0], constant);
            constant = Fr::ZERO;
            terms = vec![(Fr::ONE, partial)];
            terms.extend(rest);
        }
        (terms, constant)
    }

    /// The sum of values.
    #[track_caller]
    pub(crate) fn total(&mut self, vars: &[Var]) -> Var {
        let terms: Vec<Term> = vars.iter().map(|v| (Fr::ONE, *v)).collect();
        self.sum(&terms, Fr::ZERO)
    }

    /// Demands that two values are equal.
    #[track_caller]
    pub(crate) fn equal(&mut self, a: Var, b: Var) {
        self.assert(&[(Fr::ONE, a), (-Fr::ONE, b)], [0, 0], Fr::ZERO);
    }

    /// A constant; one row for each that occurs.
    #[track_caller]
    pub(crate) fn constant(&mut self, value: Fr) -> Var {
        let key = value.to_repr();
        if let Some(var) = self.constants.get(&key) {
            return *var;
        }
        let var = self.witness(value);
        self.assert(&[(Fr::ONE, var)], [0, 0], -value);
        self.constants.insert(key, var);
        var
    }

    /// Public input number `i`, in row `i`: these come first.
    #[track_caller]
    pub(crate) fn public(&mut self, i: usize, value: Fr) -> Var {
        assert_eq!(self.main.len(), i, "public inputs take the first rows");
        let var = self.witness(value);
        self.assert(&[(-Fr::ONE, var)], [0, 0], Fr::ZERO);
        var
    }

    #[track_caller]
    fn range_row(&mut self, limb: Fr, sum: Var, scale: Fr, of: (Var, Part)) {
        if let Some(liar) = &mut self.liar {
            liar.range(of);
        }
        self.columns[LIMB].push(limb);
        self.used[LIMB].push(true);
        self.push(SUM, Some(sum));
        self.range.push(RangeRow { clause: self.clause, scale });
    }

    /// Demands `0 <= x < 2^n`.
    ///
    /// Limbs from the top. If the top limb is narrower than others, a second row looks up
    /// `limb * 2^(b - n')` too: `sum = (1 - 2^(b - n')) * sum + that` leaves the sum as it is
    /// exactly if the limb of this row is that multiple, so the two sums are one value, copied.
    #[track_caller]
    pub(crate) fn range(&mut self, x: Var, n: u32) {
        let b = self.limb_bits;
        let limbs = n.div_ceil(b);
        let top_bits = n - (limbs - 1) * b;
        let x = self.used(x, 0);
        let value = integer(&self.value(x));
        let mask = (1u64 << b) - 1;
        let limb = |i: u32| Fr::from(value.wrapping_shr((i * b) as usize).as_limbs()[0] & mask);
        // What is too large shows in the top limb.
        let top = wide(&value.wrapping_shr(((limbs - 1) * b) as usize));
        let mut sum = if limbs == 1 { x } else { self.computed(top) };
        self.range_row(top, sum, Fr::ZERO, (x, Part::Limb(0)));
        if top_bits < b {
            let shift = two_to(b - top_bits);
            self.range_row(top * shift, sum, Fr::ONE - shift, (x, Part::Limb(0)));
        }
        for i in (0..limbs - 1).rev() {
            let next = self.value(sum) * two_to(b) + limb(i);
            sum = if i == 0 { x } else { self.computed(next) };
            self.range_row(limb(i), sum, two_to(b), (x, Part::Limb(0)));
        }
    }

    /// Demands `0 <= x < 2^m`, where `m` is the least multiple of a limb's bits that is at least
    /// `n`: cheaper than [`Self::range`], where the bound only has to be far from the modulus.
    #[track_caller]
    pub(crate) fn range_at_least(&mut self, x: Var, n: u32) {
        let m = n.div_ceil(self.limb_bits) * self.limb_bits;
        assert!(m <= 252, "an integer far from the modulus");
        self.range(x, m);
    }

    /// Demands `0 <= x <= max`, both below `2^b`: the limbs `x` and `max - x` make `max`.
    #[track_caller]
    pub(crate) fn at_most(&mut self, x: Var, max: Var) {
        let (x, max) = (self.used(x, 0), self.used(max, 1));
        let (value, room) = (self.value(x), self.value(max) - self.value(x));
        self.range_row(value, x, Fr::ZERO, (x, Part::Limb(0)));
        self.range_row(room, max, Fr::ONE, (x, Part::Limb(1)));
    }
}
