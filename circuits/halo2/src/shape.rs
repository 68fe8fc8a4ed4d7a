//! A shape's circuit: laid out once, assigned for each epoch.

use crate::builder::{Cell, Grid, Layout};
use crate::check::{Checker, Failure, Part};
use crate::circuit::Laid;
use crate::config::Config;
use crate::field::{to_halo2, ArkFr, Fr};
use crate::slots::Slots;
use crate::statement::lay_out;
use halo2_proofs::plonk::ConstraintSystem;
use meed_statement::clause::Clause;
use meed_statement::settle::Trace;
use meed_statement::shape::{Shape, Size};
use meed_statement::slots::{self, payout_word};
use meed_statement::types::Inputs;
use meed_statement::words::{Binding, Domain};
use std::sync::{Arc, OnceLock};

/// Bits of a limb in every shape: a share in bps is one limb, and the table has room from 2^15
/// rows on.
const LIMB_BITS: u32 = 14;

/// The circuit of one shape.
pub struct Circuit {
    shape: Shape,
    k: u32,
    layout: Arc<Layout>,
    checker: OnceLock<Checker>,
}

impl std::fmt::Debug for Circuit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Circuit").field("shape", &self.shape).field("k", &self.k).finish()
    }
}

/// An epoch's values in a circuit, and its public inputs. Secrets: no `Debug`.
#[derive(Clone)]
pub struct Assignment {
    grid: Arc<Grid>,
    publics: [Fr; 3],
}

/// Rows of a circuit, by track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Rows of the main track that are one arithmetic constraint each.
    pub arithmetic: usize,
    /// Rows of the main track in Poseidon permutations.
    pub poseidon: usize,
    /// Rows of the range track: limbs.
    pub range: usize,
}

/// What a proof of a circuit is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimensions {
    /// Advice columns.
    pub advice: usize,
    /// Fixed columns.
    pub fixed: usize,
    /// Columns with copies.
    pub copied: usize,
    /// Lookup arguments.
    pub lookups: usize,
    /// Degree of the widest gate.
    pub degree: usize,
    /// Constraints of all gates.
    pub constraints: usize,
    /// Copy constraints.
    pub copies: usize,
}

/// Why there is no assignment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AssignError {
    /// The shape is too small.
    #[error("shape {shape} does not hold {size}", shape = shape.name)]
    TooLarge {
        /// The shape.
        shape: Shape,
        /// What the epoch needs.
        size: Size,
    },
}

impl Circuit {
    /// Lays the circuit of `shape` out.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        let (layout, _) = lay_out(&Slots::empty(shape), LIMB_BITS);
        let mut cs = ConstraintSystem::default();
        Config::new(&mut cs);
        let rows = layout.main.len().max(layout.range.len()).max(1 << LIMB_BITS);
        let rows = rows + cs.blinding_factors() + 1;
        let k = rows.next_power_of_two().ilog2();
        Self { shape, k, layout: Arc::new(layout), checker: OnceLock::new() }
    }

    /// The shape.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The circuit has `2^k` rows.
    #[must_use]
    pub fn k(&self) -> u32 {
        self.k
    }

    /// Rows of each clause.
    #[must_use]
    pub fn costs(&self) -> Vec<(Clause, Rows)> {
        let mut costs = Clause::ALL.map(|clause| (clause, Rows::default()));
        for row in &self.layout.main {
            let cost = &mut costs[row.clause as usize].1;
            match row.kind {
                kind if kind.is_inside() => cost.poseidon += 1,
                _ => cost.arithmetic += 1,
            }
        }
        for row in &self.layout.range {
            costs[row.clause as usize].1.range += 1;
        }
        costs.into()
    }

    /// Columns, gates and copies.
    #[must_use]
    pub fn dimensions(&self) -> Dimensions {
        let mut cs = ConstraintSystem::default();
        Config::new(&mut cs);
        Dimensions {
            advice: cs.num_advice_columns(),
            fixed: cs.num_fixed_columns(),
            copied: cs.permutation().get_columns().len(),
            lookups: cs.lookups().len(),
            degree: cs.degree(),
            constraints: cs.gates().iter().map(|g| g.polynomials().len()).sum(),
            copies: self.layout.copies.len(),
        }
    }

    /// The values of an epoch, and the public inputs, for proofs valid in `domain`.
    ///
    /// The trace is taken as it is: a false one gives an assignment that violates the circuit.
    ///
    /// # Errors
    /// [`AssignError::TooLarge`].
    pub fn assign(
        &self,
        inputs: &Inputs,
        trace: &Trace,
        domain: &Domain,
    ) -> Result<(Assignment, Binding), AssignError> {
        let payouts = trace.payouts.iter().map(payout_word);
        let words: Vec<ArkFr> = trace.header.to_words().into_iter().chain(payouts).collect();
        let binding = Binding::derive(domain, trace.h, &words);
        self.assign_with(inputs, trace, &binding).map(|a| (a, binding))
    }

    /// [`Self::assign`] with public inputs of the caller's choice.
    ///
    /// # Errors
    /// [`AssignError::TooLarge`].
    pub fn assign_with(
        &self,
        inputs: &Inputs,
        trace: &Trace,
        binding: &Binding,
    ) -> Result<Assignment, AssignError> {
        let publics = binding.to_inputs();
        let slots = slots::Slots::new(self.shape, inputs, trace, publics).ok_or_else(|| {
            AssignError::TooLarge { shape: self.shape, size: Size::of(inputs, trace) }
        })?;
        let (layout, grid) = lay_out(&slots.map(to_halo2), LIMB_BITS);
        debug_assert!(layout == *self.layout, "rows do not depend on values");
        Ok(Assignment { grid: Arc::new(grid), publics: publics.map(|x| to_halo2(&x)) })
    }

    /// Everything that an assignment violates, in order of the rows, copies last.
    #[must_use]
    pub fn violated(&self, assignment: &Assignment) -> Vec<Failure> {
        let checker = self.checker();
        let mut found = Vec::new();
        for row in 0..checker.rows() {
            checker.row(&self.layout, &assignment.grid, &assignment.publics, row, &mut found);
        }
        checker.copies(&self.layout, &assignment.grid, &mut found);
        found
    }

    /// What is violated if one cell is changed by `delta` in an assignment that violates nothing.
    #[must_use]
    pub fn violated_by_cell(
        &self,
        assignment: &mut Assignment,
        cell: (usize, usize),
        delta: Fr,
    ) -> Vec<Failure> {
        let checker = self.checker();
        let grid = Arc::make_mut(&mut assignment.grid);
        grid.columns[cell.0][cell.1] += delta;
        let mut found = Vec::new();
        // Gates reach from one row back to three ahead.
        for row in cell.1.saturating_sub(3)..=cell.1 + 1 {
            checker.row(&self.layout, grid, &assignment.publics, row, &mut found);
        }
        checker.copies_of(&self.layout, grid, cell, &mut found);
        grid.columns[cell.0][cell.1] -= delta;
        found
    }

    /// Whether a cell is the inverse of a zero, which decides nothing.
    #[must_use]
    pub fn is_idle_inverse(&self, assignment: &Assignment, cell: (usize, usize)) -> bool {
        crate::check::is_idle_inverse(&self.layout, &assignment.grid, cell)
    }

    /// The cells that hold a value: column among the advice columns, and row. All others are zero
    /// and no gate reads them.
    pub fn cells(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.layout.used.iter().enumerate().flat_map(|(column, used)| {
            let rows = used.iter().enumerate().filter(|(_, used)| **used);
            rows.map(move |(row, _)| -> Cell { (column, row) })
        })
    }

    /// The clause of a row in its track: the range track's for a lookup, else the main track's.
    #[must_use]
    pub fn clause_of(&self, part: Part, row: usize) -> Option<Clause> {
        match part {
            Part::Lookup | Part::Gate("range") => self.layout.range.get(row).map(|r| r.clause),
            _ => self.layout.main.get(row).map(|r| r.clause),
        }
    }

    /// Every part of the circuit that there is: which gate, lookup or copy serves which clause.
    #[must_use]
    pub fn parts(&self) -> Vec<(Clause, Part)> {
        crate::check::parts(&self.layout)
    }

    /// The circuit as halo2 takes it, with an assignment or without: for `MockProver`.
    #[must_use]
    pub fn to_halo2(
        &self,
        assignment: Option<&Assignment>,
    ) -> impl halo2_proofs::plonk::Circuit<Fr> + Clone {
        self.laid(assignment)
    }

    /// Identifies the circuit that a key belongs to: changes whenever a column, a gate, a fixed cell or a
    /// copy does.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        crate::digest::digest(self.k, &self.laid(None))
    }

    /// The columns, gates and arguments: those of every shape.
    #[must_use]
    pub fn constraint_system() -> ConstraintSystem<Fr> {
        crate::digest::constraints::<Laid>().0
    }

    pub(crate) fn laid(&self, assignment: Option<&Assignment>) -> Laid {
        Laid { layout: Arc::clone(&self.layout), grid: assignment.map(|a| Arc::clone(&a.grid)) }
    }

    fn checker(&self) -> &Checker {
        self.checker.get_or_init(|| Checker::new(&self.layout))
    }
}

impl Assignment {
    /// `h, alpha, y`.
    #[must_use]
    pub fn publics(&self) -> &[Fr; 3] {
        &self.publics
    }

    /// Changes one cell: for tests.
    pub fn change(&mut self, (column, row): (usize, usize), delta: Fr) {
        Arc::make_mut(&mut self.grid).columns[column][row] += delta;
    }
}
