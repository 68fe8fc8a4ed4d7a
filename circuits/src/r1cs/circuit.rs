//! The whole circuit of a shape.

use super::accounts::{accounts, Money};
use super::cs::{Cs, Num, ShapeCs, WitnessCs};
use super::flow::{flows, prices};
use super::gadgets::evaluate;
use super::ledger::ledger;
use super::matrix::Matrices;
use super::policy::policy;
use super::poseidon::{hash, tag_num, tree_root};
use super::registry::registry;
use super::sums::{sums, Pair, Parts};
use ark_bn254::Fr;
use meed_statement::slots::Slots;

use meed_statement::clause::Clause;
use meed_statement::roots::{two_to, STATE_TAG, WORDS_TAG};
use meed_statement::settle::Trace;
use meed_statement::shape::{Shape, Size};
use meed_statement::types::Inputs;
use meed_statement::units::CREDIT_FRACTION_BITS;
use meed_statement::words::{Binding, Domain, VERSION};

/// Public inputs of every circuit: `h, alpha, y`.
pub const PUBLIC_INPUTS: usize = 3;

/// The constraints of one shape, each known by its clause.
#[derive(Clone, Debug)]
pub struct Circuit {
    shape: Shape,
    matrices: Matrices,
    clauses: Vec<(usize, Clause)>,
}

impl Circuit {
    /// Collects the constraints of `shape`.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        let mut cs = ShapeCs::new(PUBLIC_INPUTS);
        synthesize(&mut cs, &Slots::empty(shape));
        let (matrices, clauses) = cs.finish();
        Self { shape, matrices, clauses }
    }

    /// The shape.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The constraints.
    #[must_use]
    pub fn matrices(&self) -> &Matrices {
        &self.matrices
    }

    /// The clause that constraint `row` belongs to.
    #[must_use]
    pub fn clause_of(&self, row: usize) -> Clause {
        let run = self.clauses.partition_point(|(start, _)| *start <= row);
        self.clauses[run.saturating_sub(1)].1
    }

    /// Constraints of each clause.
    #[must_use]
    pub fn costs(&self) -> Vec<(Clause, usize)> {
        let mut costs = vec![0; Clause::ALL.len()];
        let ends = self.clauses.iter().skip(1).map(|(start, _)| *start);
        let ends = ends.chain([self.matrices.constraints()]);
        for ((start, clause), end) in self.clauses.iter().zip(ends) {
            costs[*clause as usize] += end - start;
        }
        Clause::ALL.into_iter().zip(costs).collect()
    }

    /// The clauses of all constraints that assignment `z` does not satisfy, in order of the rows.
    #[must_use]
    pub fn violated(&self, z: &[Fr]) -> Vec<(usize, Clause)> {
        use rayon::prelude::*;
        (0..self.matrices.constraints())
            .into_par_iter()
            .filter(|&row| !self.matrices.satisfied(row, z))
            .map(|row| (row, self.clause_of(row)))
            .collect()
    }
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

/// The assignment of an epoch in a shape, and the public inputs, for proofs valid in `domain`.
///
/// The trace is taken as it is: a false one gives an assignment that violates the circuit.
///
/// # Errors
/// [`AssignError::TooLarge`].
pub fn assign(
    shape: &Shape,
    inputs: &Inputs,
    trace: &Trace,
    domain: &Domain,
) -> Result<(Vec<Fr>, Binding), AssignError> {
    let binding = Binding::derive(domain, trace.h, &lenient_words(trace));
    assign_with(shape, inputs, trace, &binding).map(|z| (z, binding))
}

/// [`assign`] with public inputs of the caller's choice.
///
/// # Errors
/// [`AssignError::TooLarge`].
pub fn assign_with(
    shape: &Shape,
    inputs: &Inputs,
    trace: &Trace,
    binding: &Binding,
) -> Result<Vec<Fr>, AssignError> {
    let slots = Slots::new(*shape, inputs, trace, binding.to_inputs())
        .ok_or_else(|| AssignError::TooLarge { shape: *shape, size: Size::of(inputs, trace) })?;
    let mut cs = WitnessCs::default();
    synthesize(&mut cs, &slots);
    Ok(cs.finish())
}

/// The words of a trace that may be false: no bound is taken for granted.
fn lenient_words(trace: &Trace) -> Vec<Fr> {
    let payouts = trace.payouts.iter().map(meed_statement::slots::payout_word);
    trace.header.to_words().into_iter().chain(payouts).collect()
}

/// The one description of the circuit.
fn synthesize<C: Cs>(cs: &mut C, slots: &Slots) {
    let [h, alpha, y] = [0, 1, 2].map(|i| cs.public(i, slots.inputs[i]));
    let mut words: Vec<Num<C::L>> = vec![Num::constant(Fr::from(VERSION))];
    words.extend(slots.header[1..].iter().map(|w| cs.alloc(*w)));

    let policy = policy(cs, &slots.policy);
    cs.equal(&words[2], &policy.hash);
    let registry = registry(cs, slots);
    let ledger = ledger(cs, slots, &registry, &policy.threshold);
    cs.clause(Clause::Binding);
    cs.equal(&words[3], &registry.root);
    cs.equal(&words[4], &ledger.root);
    cs.clause(Clause::Ledger);
    let fees_total = words[7].clone();
    cs.equal(&fees_total, &Num::sum(ledger.events.iter().map(|e| &e.fee)));
    let prices = prices(cs, slots, &ledger.events, &policy);
    let flows = flows(cs, slots, &registry.assets);
    let roles = role_credits(cs, slots, &policy, &fees_total, &prices, &flows);
    let money = Money {
        policy: &policy,
        fees_total: &fees_total,
        released_total: &words[8],
        waiting_total: &words[9],
    };
    let rows = accounts(cs, slots, &money);

    cs.clause(Clause::Binding);
    let entry = |cs: &mut C, e: &(Fr, Fr)| (cs.alloc(e.0), cs.alloc(e.1));
    let state_before: Vec<_> = slots.state_before.iter().map(|e| entry(cs, e)).collect();
    let state_after: Vec<_> = slots.state_after.iter().map(|e| entry(cs, e)).collect();
    let payouts: Vec<_> = slots.payouts.iter().map(|w| cs.alloc(*w)).collect();
    let root = state_root(cs, &state_before, &Num::sum(rows.iter().map(|r| &r.has_before)));
    cs.equal(&words[5], &root);
    let root = state_root(cs, &state_after, &Num::sum(rows.iter().map(|r| &r.has_after)));
    cs.equal(&words[6], &root);
    cs.equal(&words[8], &Num::sum(rows.iter().map(|r| &r.amount)));
    cs.equal(&words[9], &Num::sum(rows.iter().map(|r| &r.after)));
    cs.equal(&words[10], &Num::sum(rows.iter().map(|r| &r.paid)));

    let inner = hash(cs, &words[..8]);
    let tree = tree_root(cs, &payouts);
    let [released, waiting, count] = [8, 9, 10].map(|i| words[i].clone());
    let all = hash(cs, &[tag_num(WORDS_TAG), inner, released, waiting, count, tree]);
    cs.equal(&h, &all);
    words.extend(payouts.iter().cloned());
    let value = evaluate(cs, &alpha, &words);
    cs.equal(&y, &value);

    let parts = Parts {
        policy: &policy,
        registry: &registry,
        ledger: &ledger,
        prices: &prices,
        flows: &flows,
        roles: &roles,
        rows: &rows,
        state_before: &state_before,
        state_after: &state_after,
        payouts: &payouts,
        h: &h,
    };
    sums(cs, slots, &parts);
}

/// Credits of platform and stakers (S5) and of the remainder account (S6).
fn role_credits<C: Cs>(
    cs: &mut C,
    slots: &Slots,
    policy: &super::policy::Policy<C::L>,
    fees_total: &Num<C::L>,
    prices: &[super::flow::Priced<C::L>],
    flows: &[super::flow::Flow<C::L>],
) -> [Num<C::L>; 3] {
    let [platform, stakers, remainder] = slots.roles.map(|r| cs.alloc(r));
    cs.clause(Clause::Credit);
    let credits = fees_total * two_to(CREDIT_FRACTION_BITS);
    cs.enforce(&credits, &policy.shares[0], &platform);
    cs.enforce(&credits, &policy.shares[1], &stakers);
    cs.clause(Clause::Flow);
    let leftovers = Num::sum(prices.iter().map(|p| &p.leftover));
    let penalties = Num::sum(flows.iter().map(|f| &f.penalty));
    cs.equal(&remainder, &(&leftovers + &penalties));
    [platform, stakers, remainder]
}

fn state_root<C: Cs>(cs: &mut C, entries: &[Pair<C::L>], count: &Num<C::L>) -> Num<C::L> {
    let count = cs.column(count);
    let elements: Vec<_> = entries.iter().flat_map(|(a, v)| [a.clone(), v.clone()]).collect();
    let tree = tree_root(cs, &elements);
    hash(cs, &[tag_num(STATE_TAG), count, tree])
}
