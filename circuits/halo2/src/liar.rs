//! A prover that lies about any value inside the circuit, and notes of which line demanded what.
//!
//! Tests use it to show that no constraint can be left out: a liar changes one value, computes all
//! that follows from it, and mends what else would give it away, until a single constraint is
//! violated. Outside of tests a builder has no liar.

use crate::builder::Var;
use crate::config::WIDTH;
use crate::field::Fr;
use crate::rounds::{Rounds, HALF_FULL};
use std::collections::{BTreeMap, HashMap};
use std::panic::Location;
use std::sync::{Arc, Mutex};

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The prover supplies it.
    Hint,
    /// The row in which it is placed first determines it.
    Computed,
    /// Within a permutation.
    Inside,
}

/// What a line of the circuit's description demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part {
    /// An arithmetic row with coefficients and products in these places, a bit each.
    #[cfg(test)]
    Row(u8),
    /// The first value of a row is 0 or 1.
    #[cfg(test)]
    Bit,
    /// A limb is in the table: of a value, or of what is left to its maximum.
    Limb(u8),
    /// The result of a permutation.
    Hash,
    /// The value in this place is the one that the line names: a copy.
    Copy(usize),
}

/// A line of the circuit's description and one of the things that it demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Site {
    pub(crate) at: &'static Location<'static>,
    pub(crate) part: Part,
}

/// Which line laid which row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    pub(crate) origins: Vec<Origin>,
    pub(crate) main: Vec<(&'static Location<'static>, [Option<Var>; WIDTH])>,
    /// The site of a limb and the number whose limb it is.
    pub(crate) range: Vec<(Site, Var)>,
    /// Copies, each a use of a value that has a cell.
    pub(crate) uses: Vec<Site>,
    /// Permutations, their results, and whether these are told otherwise.
    pub(crate) hashes: Vec<(Site, Var, bool)>,
}

/// What is told, and to whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Liar {
    /// Values in place of those that would be computed.
    pub(crate) told: BTreeMap<Var, Fr>,
    /// A use of a value that gets another one: its number, and what is added.
    pub(crate) split: Option<(usize, Fr)>,
    pub(crate) notes: Notes,
    /// Where permutations are looked up.
    pub(crate) permutations: Permutations,
}

/// Permutations that were computed before: most stay as they are from lie to lie.
#[derive(Clone, Debug, Default)]
pub(crate) struct Permutations(Arc<Mutex<HashMap<Vec<Fr>, Fr>>>);

impl Permutations {
    fn get(&self, state: &[Fr]) -> Fr {
        if let Some(value) = self.0.lock().expect("no panic").get(state) {
            return *value;
        }
        let value = permutation(state);
        self.0.lock().expect("no panic").insert(state.to_vec(), value);
        value
    }
}

fn permutation(state: &[Fr]) -> Fr {
    let rounds = Rounds::for_inputs(state.len() - 1);
    let mut values = state.to_vec();
    let (before, entering) = rounds.first.split_at(HALF_FULL - 1);
    for constants in before {
        values = rounds.full(&values, constants);
    }
    let boxes = Rounds::boxes(&values, &entering[0]);
    (_, values) = rounds.sequence(&boxes, 0);
    for constants in &rounds.last {
        values = rounds.full(&values, constants);
    }
    values[0]
}

impl Liar {
    pub(crate) fn tell(&mut self, var: Var, value: Fr, origin: Origin) -> Fr {
        self.notes.origins.push(origin);
        self.told.get(&var).copied().unwrap_or(value)
    }

    #[track_caller]
    pub(crate) fn split(&mut self, value: Fr, place: usize) -> Option<Fr> {
        let number = self.notes.uses.len();
        self.notes.uses.push(Site { at: Location::caller(), part: Part::Copy(place) });
        self.split.and_then(|(at, delta)| (at == number).then_some(value + delta))
    }

    #[track_caller]
    pub(crate) fn main(&mut self, vars: [Option<Var>; WIDTH]) {
        self.notes.main.push((Location::caller(), vars));
    }

    #[track_caller]
    pub(crate) fn range(&mut self, (var, part): (Var, Part)) {
        self.notes.range.push((Site { at: Location::caller(), part }, var));
    }

    #[track_caller]
    pub(crate) fn hash(&mut self, output: Var, otherwise: bool) {
        let site = Site { at: Location::caller(), part: Part::Hash };
        self.notes.hashes.push((site, output, otherwise));
    }

    /// First element of the permutation of a state.
    pub(crate) fn permuted(&mut self, state: &[Fr]) -> Fr {
        self.permutations.get(state)
    }
}

#[cfg(test)]
mod tests;
