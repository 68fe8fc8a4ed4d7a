//! A liar's assignment, and a walk from lie to lie.

use super::super::{Liar, Notes, Origin, Part, Permutations, Site};
use crate::builder::{Layout, Var};
use crate::config::{Kind, LIMB};
use crate::field::{integer, inverse, two_to, Fr};
use crate::slots::Slots;
use crate::statement::lay_out_lying;
use halo2_proofs::arithmetic::Field;
use halo2_proofs::halo2curves::ff::PrimeField;
use meed_statement::clause::Clause;
use meed_statement::synthetic::Source;
use meed_statement::units::UNIT;
use meed_statement::words::AMOUNT_BITS;
use ruint::aliases::U256;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const LIMB_BITS: u32 = 14;

/// An assignment that was laid out.
pub(super) struct Laid {
    pub(super) layout: Layout,
    columns: Vec<Vec<Fr>>,
    pub(super) notes: Notes,
    values: Vec<Fr>,
}

/// What a violated constraint is, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Violation {
    pub(super) site: Site,
    pub(super) row: usize,
}

static PERMUTATIONS: LazyLock<Permutations> = LazyLock::new(Permutations::default);

pub(super) fn lay(base: &Slots, told: &BTreeMap<Var, Fr>, split: Option<(usize, Fr)>) -> Laid {
    let permutations = PERMUTATIONS.clone();
    let liar = Liar { told: told.clone(), split, notes: Notes::default(), permutations };
    let (layout, grid, liar, values) = lay_out_lying(base, LIMB_BITS, liar);
    Laid { layout, columns: grid.columns.into(), notes: liar.notes, values }
}

/// Which places of a row have a coefficient (five bits), and which products there are.
fn mask(layout: &Layout, row: usize) -> u8 {
    let row = &layout.main[row];
    let bits = row.q.iter().chain(&row.product).map(|k| u8::from(*k != Fr::ZERO));
    bits.rev().fold(0, |mask, bit| mask << 1 | bit)
}

impl Laid {
    fn residue(&self, row: usize) -> Fr {
        let w: Vec<Fr> = (0..5).map(|c| self.columns[c][row]).collect();
        let main = &self.layout.main[row];
        let linear: Fr = main.q.iter().zip(&w).map(|(q, w)| *q * w).sum();
        let [m, n] = main.product;
        linear + m * w[0] * w[1] + n * w[0] * w[2] + main.constant
    }

    /// By how much a row's residue changes if a variable does, where it does so in proportion.
    fn slope(&self, row: usize, var: Var) -> Option<Fr> {
        let main = &self.layout.main[row];
        let vars = self.notes.main[row].1;
        let at = |c: usize| self.columns[c][row];
        let [m, n] = main.product;
        let products = [m * at(1) + n * at(2), m * at(0), n * at(0), Fr::ZERO, Fr::ZERO];
        let here: Vec<usize> = (0..5).filter(|c| vars[*c] == Some(var)).collect();
        let squared = here.contains(&0)
            && ((m != Fr::ZERO && here.contains(&1)) || (n != Fr::ZERO && here.contains(&2)));
        let slope: Fr = here.iter().map(|c| main.q[*c] + products[*c]).sum();
        (!squared && slope != Fr::ZERO).then_some(slope)
    }

    /// The arithmetic rows. S10 is left out: every lie about money violates it, too.
    fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        // The public inputs are what the liar says they are.
        (3..self.layout.main.len()).filter(|row| {
            let row = &self.layout.main[*row];
            !row.kind.is_inside() && row.clause != Clause::Conservation
        })
    }

    fn row_site(&self, row: usize) -> Site {
        Site { at: self.notes.main[row].0, part: Part::Row(mask(&self.layout, row)) }
    }

    fn bit_site(&self, row: usize) -> Option<Site> {
        let flag = self.layout.main[row].kind == Kind::Flag;
        flag.then(|| Site { at: self.notes.main[row].0, part: Part::Bit })
    }

    pub(super) fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        for row in self.rows() {
            if self.residue(row) != Fr::ZERO {
                found.push(Violation { site: self.row_site(row), row });
            }
            let first = self.columns[0][row];
            if let Some(site) = self.bit_site(row).filter(|_| first != first.square()) {
                found.push(Violation { site, row });
            }
        }
        for (row, (site, _)) in self.notes.range.iter().enumerate() {
            if integer(&self.columns[LIMB][row]) >> LIMB_BITS as usize != U256::ZERO {
                found.push(Violation { site: *site, row });
            }
        }
        let hashes =
            self.notes.hashes.iter().enumerate().filter(|(_, (_, _, otherwise))| *otherwise);
        found.extend(hashes.map(|(row, (site, ..))| Violation { site: *site, row }));
        found
    }

    /// Everything that the circuit demands, with the rows (uses, hashes) that demand it.
    pub(super) fn demands(&self) -> BTreeMap<Site, Vec<usize>> {
        let mut demands: BTreeMap<Site, Vec<usize>> = BTreeMap::new();
        for row in self.rows() {
            demands.entry(self.row_site(row)).or_default().push(row);
            if let Some(site) = self.bit_site(row) {
                demands.entry(site).or_default().push(row);
            }
        }
        for (row, (site, _)) in self.notes.range.iter().enumerate() {
            demands.entry(*site).or_default().push(row);
        }
        for (row, site) in self.notes.uses.iter().enumerate() {
            demands.entry(*site).or_default().push(row);
        }
        for (row, (site, ..)) in self.notes.hashes.iter().enumerate() {
            demands.entry(*site).or_default().push(row);
        }
        demands
    }

    /// Variables of a row that a liar can choose, and whether it is a hint: the others are
    /// computed, so a lie about one violates the row that computes it.
    fn choices(&self, row: usize) -> Vec<(Var, bool)> {
        let vars = self.notes.main[row].1.into_iter().flatten();
        let mut choices: Vec<(Var, bool)> = vars
            .filter(|var| *var != ALPHA)
            .filter_map(|var| match self.notes.origins[var.0 as usize] {
                Origin::Hint => Some((var, true)),
                Origin::Computed => Some((var, false)),
                Origin::Inside => None,
            })
            .collect();
        choices.dedup();
        choices
    }
}

/// A public input that is drawn after all others are fixed.
const ALPHA: Var = Var(1);

fn delta(source: &mut Source) -> Fr {
    const POWERS: [u32; 16] = [0, 1, 8, 13, 14, 16, 20, 24, 40, 47, 48, 54, 64, 80, 128, 160];
    let size = match source.next_u64() % 6 {
        0 | 1 => Fr::one(),
        2 => Fr::from(10_000),
        3 => Fr::from_u128(UNIT),
        _ => two_to(POWERS[source.next_u64() as usize % POWERS.len()]),
    };
    if source.next_u64().is_multiple_of(2) {
        size
    } else {
        -size
    }
}

pub(super) struct Walk<'a> {
    pub(super) base: &'a Slots,
    pub(super) told: BTreeMap<Var, Fr>,
    pub(super) split: Option<(usize, Fr)>,
    pub(super) source: Source,
}

impl Walk<'_> {
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        let i = self.source.next_u64() as usize;
        (!items.is_empty()).then(|| items[i % items.len()])
    }

    /// Begins with a lie about what a row demands.
    pub(super) fn begin(&mut self, honest: &Laid, target: Site, row: usize) -> Option<()> {
        match target.part {
            Part::Copy(_) => {
                self.split = Some((row, delta(&mut self.source)));
                return Some(());
            }
            Part::Hash => {
                let output = honest.notes.hashes[row].1;
                self.told
                    .insert(output, honest.values[output.0 as usize] + delta(&mut self.source));
                return Some(());
            }
            _ => {}
        }
        let var = match target.part {
            Part::Limb(_) => honest.notes.range[row].1,
            Part::Bit => honest.notes.main[row].1[0]?,
            _ => {
                let choices: Vec<Var> = (honest.choices(row).into_iter())
                    .filter(|(var, _)| honest.slope(row, *var).is_some())
                    .map(|(var, _)| var)
                    .collect();
                self.pick(&choices)?
            }
        };
        let old = honest.values[var.0 as usize];
        // Now and then the flag of the other value, not any number.
        let flip = old == old.square() && self.source.next_u64().is_multiple_of(2);
        let new = match target.part {
            // Out of range whatever it was.
            Part::Limb(_) if !flip && self.source.next_u64().is_multiple_of(2) => -Fr::one(),
            _ if flip => Fr::one() - old,
            _ => old + delta(&mut self.source),
        };
        self.told.insert(var, new);
        Some(())
    }

    /// Mends one violation by another lie.
    pub(super) fn mend(&mut self, laid: &Laid, violation: Violation) -> Option<()> {
        let Violation { site, row } = violation;
        match site.part {
            Part::Hash => {
                self.told.remove(&laid.notes.hashes[row].1);
            }
            Part::Bit => {
                let var = laid.notes.main[row].1[0]?;
                let bit = self.source.next_u64() % 2;
                self.told.insert(var, Fr::from(bit));
            }
            Part::Limb(_) => {
                let var = laid.notes.range[row].1;
                self.told.remove(&var)?;
            }
            Part::Row(_) | Part::Copy(_) => {
                let residue = laid.residue(row);
                let mut ways = Vec::new();
                for (var, hint) in laid.choices(row) {
                    let Some(slope) = laid.slope(row, var) else { continue };
                    let value = laid.values[var.0 as usize] - residue * inverse(&slope);
                    ways.extend(std::iter::repeat_n((var, Some(value)), if hint { 6 } else { 1 }));
                    if !hint && self.told.contains_key(&var) {
                        ways.push((var, None));
                    }
                }
                // A row of computed values, as where two lists are compared: the same lie elsewhere.
                if ways.iter().all(|(var, _)| laid.notes.origins[var.0 as usize] != Origin::Hint) {
                    for (var, value) in self.twins(laid) {
                        ways.extend(std::iter::repeat_n((var, Some(value)), 3));
                    }
                }
                match self.pick(&ways)? {
                    (var, Some(value)) => self.told.insert(var, value),
                    (var, None) => self.told.remove(&var),
                };
            }
        }
        Some(())
    }

    /// Hints that had the value of one that is told otherwise, alone or as a payout's amount, with the
    /// same lie about them.
    fn twins(&self, laid: &Laid) -> Vec<(Var, Fr)> {
        let honest = lay(self.base, &BTreeMap::new(), self.split);
        let low = |x: &Fr| integer(x) & ((U256::ONE << AMOUNT_BITS as usize) - U256::ONE);
        let hints = (0..honest.values.len()).map(|i| Var(i as u32));
        let untold: Vec<Var> = hints
            .filter(|v| laid.notes.origins[v.0 as usize] == Origin::Hint)
            .filter(|v| *v != ALPHA && !self.told.contains_key(v))
            .collect();
        let mut twins = Vec::new();
        for (var, told) in &self.told {
            let old = honest.values[var.0 as usize];
            if laid.notes.origins[var.0 as usize] != Origin::Hint || old == old.square() {
                continue;
            }
            for other in &untold {
                let value = laid.values[other.0 as usize];
                if value == old || (low(&value) == integer(&old)) {
                    twins.push((*other, value + told - old));
                }
            }
        }
        twins
    }

    /// What is violated beside the target; nothing if that is not.
    pub(super) fn others(&self, target: Site) -> (Laid, Option<Vec<Violation>>) {
        let laid = lay(self.base, &self.told, self.split);
        let all = laid.violations();
        let others: Vec<_> = all.iter().copied().filter(|v| v.site != target).collect();
        let violated = self.split.is_some() || others.len() < all.len();
        (laid, violated.then_some(others))
    }
}
