//! What an assignment violates, by clause: before a proof is made, and in tests.
//!
//! The library's own `MockProver` answers the same question about the whole circuit. This is the
//! same set of gates, taken from the same constraint system, but it names the clause of every
//! failure, runs on all cores, and can look at a few rows alone.

use crate::builder::{Cell, Grid, Layout};
use crate::config::{Config, Kind, LIMB};
use crate::field::{integer, Fr};
use halo2_proofs::arithmetic::Field;
use halo2_proofs::plonk::{ConstraintSystem, Expression};
use meed_statement::clause::Clause;
use ruint::aliases::U256;
use std::collections::HashMap;

/// What failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Part {
    /// A constraint of the gate of this name.
    Gate(&'static str),
    /// A limb is not in the range table.
    Lookup,
    /// Two cells that are one value differ.
    Copy,
}

/// A part of the circuit that an assignment violates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Failure {
    /// The clause that the part belongs to.
    pub clause: Clause,
    /// The part.
    pub part: Part,
    /// The row.
    pub row: usize,
}

/// The gates and fixed columns of a layout, ready to be evaluated.
pub(crate) struct Checker {
    cs: ConstraintSystem<Fr>,
    fixed: Vec<Vec<Fr>>,
    rows: usize,
    copies: HashMap<Cell, Vec<usize>>,
}

const NAMES: [&str; 9] = [
    "arithmetic",
    "bit",
    "Poseidon squares",
    "Poseidon full round",
    "Poseidon last round",
    "Poseidon enter partial rounds",
    "Poseidon partial rounds",
    "Poseidon exit partial rounds",
    "range",
];

impl Checker {
    pub(crate) fn new(layout: &Layout) -> Self {
        let mut cs = ConstraintSystem::default();
        let config = Config::new(&mut cs);
        // Beyond the last row, gates must be at rest too: one more than they reach back.
        let rows = layout.main.len().max(layout.range.len()) + 1;
        let mut fixed = vec![vec![Fr::ZERO; rows]; cs.num_fixed_columns()];
        config.each_fixed(layout, |column, row, value| fixed[column.index()][row] = value);
        let mut copies: HashMap<Cell, Vec<usize>> = HashMap::new();
        for (i, (home, copy, _)) in layout.copies.iter().enumerate() {
            copies.entry(*home).or_default().push(i);
            copies.entry(*copy).or_default().push(i);
        }
        Self { cs, fixed, rows, copies }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The violations of gates and lookups in one row.
    pub(crate) fn row(
        &self,
        layout: &Layout,
        grid: &Grid,
        publics: &[Fr],
        row: usize,
        found: &mut Vec<Failure>,
    ) {
        for gate in self.cs.gates() {
            let name =
                NAMES.into_iter().find(|n| *n == gate.name()).expect("every gate has a name");
            let failed = gate
                .polynomials()
                .iter()
                .any(|p| self.evaluate(p, grid, publics, row as i64) != Fr::ZERO);
            if failed {
                let clause = if name == "range" {
                    layout.range.get(row).map(|r| r.clause)
                } else {
                    layout.main.get(row).map(|r| r.clause)
                };
                let clause = clause.unwrap_or(Clause::Binding);
                found.push(Failure { clause, part: Part::Gate(name), row });
            }
        }
        if let (Some(limb), Some(range)) = (grid.columns[LIMB].get(row), layout.range.get(row)) {
            if integer(limb) >= U256::ONE << layout.limb_bits as usize {
                found.push(Failure { clause: range.clause, part: Part::Lookup, row });
            }
        }
    }

    /// All violated copies.
    pub(crate) fn copies(&self, layout: &Layout, grid: &Grid, found: &mut Vec<Failure>) {
        for (home, copy, clause) in &layout.copies {
            if grid.columns[home.0][home.1] != grid.columns[copy.0][copy.1] {
                found.push(Failure { clause: *clause, part: Part::Copy, row: copy.1 });
            }
        }
    }

    /// The violated copies that a cell takes part in.
    pub(crate) fn copies_of(
        &self,
        layout: &Layout,
        grid: &Grid,
        cell: Cell,
        found: &mut Vec<Failure>,
    ) {
        for i in self.copies.get(&cell).into_iter().flatten() {
            let (home, copy, clause) = layout.copies[*i];
            if grid.columns[home.0][home.1] != grid.columns[copy.0][copy.1] {
                found.push(Failure { clause, part: Part::Copy, row: copy.1 });
            }
        }
    }

    fn evaluate(&self, p: &Expression<Fr>, grid: &Grid, publics: &[Fr], row: i64) -> Fr {
        // A cell before the first row or beyond the last is one of the random ones at the end:
        // no gate that is switched on reads it.
        let at = |column: &[Fr], rotation: i32| {
            let row = usize::try_from(row + i64::from(rotation)).ok();
            row.and_then(|r| column.get(r)).copied().unwrap_or(Fr::ZERO)
        };
        // Most gates are switched off in most rows.
        if let Expression::Product(switch, _) = p {
            if let Expression::Fixed(q) = **switch {
                if at(&self.fixed[q.column_index()], q.rotation().0) == Fr::ZERO {
                    return Fr::ZERO;
                }
            }
        }
        p.evaluate_lazy(
            &|x| x,
            &|_| unreachable!("no selectors, only fixed columns"),
            &|q| at(&self.fixed[q.column_index()], q.rotation().0),
            &|q| at(&grid.columns[q.column_index()], q.rotation().0),
            &|q| at(publics, q.rotation().0),
            &|_| unreachable!("no challenges"),
            &|x| -x,
            &|a, b| a + b,
            &|a, b| a * b,
            &|a, k| a * k,
            &Fr::ZERO,
        )
    }
}

/// A cell that decides nothing: the inverse of a zero, in the row that makes the flag of a zero.
/// Whatever it holds, every other cell must hold what it holds now.
pub(crate) fn is_idle_inverse(layout: &Layout, grid: &Grid, (column, row): Cell) -> bool {
    let main = &layout.main[row.min(layout.main.len() - 1)];
    column == 1
        && !main.kind.is_inside()
        && main.product == [Fr::ONE, Fr::ZERO]
        && main.q[..4] == [Fr::ZERO; 4]
        && grid.columns[0][row] == Fr::ZERO
        && layout.copies.iter().all(|(a, b, _)| ![*a, *b].contains(&(column, row)))
}

/// Which gate, lookup or copy serves which clause, each once.
pub(crate) fn parts(layout: &Layout) -> Vec<(Clause, Part)> {
    let gates = |kind: Kind| -> Vec<&'static str> {
        let own = match kind {
            Kind::Arithmetic => return vec!["arithmetic"],
            Kind::Flag => return vec!["arithmetic", "bit"],
            Kind::Full => Some("Poseidon full round"),
            Kind::Last => Some("Poseidon last round"),
            Kind::Enter => Some("Poseidon enter partial rounds"),
            Kind::Before | Kind::Partial | Kind::Remaining => Some("Poseidon partial rounds"),
            Kind::Exit => Some("Poseidon exit partial rounds"),
            Kind::State | Kind::Tail => None,
        };
        own.into_iter().chain(["Poseidon squares"]).collect()
    };
    let main = layout.main.iter();
    let main = main.flat_map(|r| gates(r.kind).into_iter().map(|g| (r.clause, Part::Gate(g))));
    let range = layout.range.iter().map(|r| r.clause);
    let range = range.flat_map(|c| [(c, Part::Gate("range")), (c, Part::Lookup)]);
    let copies = layout.copies.iter().map(|(_, _, c)| (*c, Part::Copy));
    let mut parts: Vec<_> = main.chain(range).chain(copies).collect();
    parts.sort_unstable();
    parts.dedup();
    parts
}
