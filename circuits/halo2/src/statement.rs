//! The whole circuit of a shape.

use crate::accounts::{accounts, Money};
use crate::builder::{Builder, Grid, Layout, Term, Var};
use crate::field::Fr;
use crate::flow::{flows, prices, role_credits};
use crate::ledger::ledger;
use crate::registry::{policy, registry};
use crate::slots::Slots;
use crate::sums::{sums, Pair, Parts};
use halo2_proofs::arithmetic::Field;
use meed_statement::clause::Clause;
use meed_statement::roots::{STATE_TAG, WORDS_TAG};
use meed_statement::words::VERSION;

const ONE: Fr = Fr::ONE;

/// Lays the circuit out, with the values of `slots` in it.
pub(crate) fn lay_out(slots: &Slots, limb_bits: u32) -> (Layout, Grid) {
    let mut b = Builder::new(limb_bits);
    statement(&mut b, slots);
    b.finish()
}

/// [`lay_out`] by a liar, who is returned with notes and the values of all variables.
#[cfg(test)]
pub(crate) fn lay_out_lying(
    slots: &Slots,
    limb_bits: u32,
    liar: crate::liar::Liar,
) -> (Layout, Grid, crate::liar::Liar, Vec<Fr>) {
    let mut b = Builder::lying(limb_bits, liar);
    statement(&mut b, slots);
    b.finish_lying()
}

/// The one description of the circuit.
fn statement(b: &mut Builder, slots: &Slots) {
    b.clause(Clause::Binding);
    let [h, alpha, y] = [0, 1, 2].map(|i| b.public(i, slots.inputs[i]));
    let mut words: Vec<Var> = vec![b.number(VERSION as i64)];
    words.extend(slots.header[1..].iter().map(|w| b.witness(*w)));

    let policy = policy(b, &slots.policy);
    b.equal(words[2], policy.hash);
    let registry = registry(b, slots);
    let ledger = ledger(b, slots, &registry, policy.threshold);
    b.clause(Clause::Binding);
    b.equal(words[3], registry.root);
    b.equal(words[4], ledger.root);
    b.clause(Clause::Ledger);
    let fees_total = words[7];
    total(b, fees_total, ledger.events.iter().map(|e| e.fee));
    let prices = prices(b, slots, &ledger.events, &policy);
    let flows = flows(b, slots, &registry.assets);
    let roles = role_credits(b, slots, &policy, fees_total, &prices, &flows);
    let money =
        Money { policy: &policy, fees_total, released_total: words[8], waiting_total: words[9] };
    let rows = accounts(b, slots, &money);

    b.clause(Clause::Binding);
    let mut entry = |e: &(Fr, Fr)| (b.witness(e.0), b.witness(e.1));
    let state_before: Vec<Pair> = slots.state_before.iter().map(&mut entry).collect();
    let state_after: Vec<Pair> = slots.state_after.iter().map(&mut entry).collect();
    let payouts: Vec<Var> = slots.payouts.iter().map(|w| b.witness(*w)).collect();
    for (word, entries, flags) in [
        (words[5], &state_before, rows.iter().map(|r| r.has_before).collect::<Vec<_>>()),
        (words[6], &state_after, rows.iter().map(|r| r.has_after).collect()),
    ] {
        let count = b.total(&flags);
        let root = state_root(b, entries, count);
        b.equal(word, root);
    }
    total(b, words[8], rows.iter().map(|r| r.amount));
    total(b, words[9], rows.iter().map(|r| r.after));
    total(b, words[10], rows.iter().map(|r| r.paid));

    let inner = b.hash(&words[..8]);
    let tree = b.tree_root(&payouts);
    let tag = b.tag(WORDS_TAG);
    let all = b.hash(&[tag, inner, words[8], words[9], words[10], tree]);
    b.equal(h, all);
    words.extend(&payouts);
    let value = b.evaluate(alpha, &words);
    b.equal(y, value);

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
        h,
    };
    sums(b, &parts);
}

/// Demands that `total` is the sum of `parts`.
fn total(b: &mut Builder, total: Var, parts: impl Iterator<Item = Var>) {
    let mut terms: Vec<Term> = vec![(-ONE, total)];
    terms.extend(parts.map(|v| (ONE, v)));
    b.assert_zero(&terms, Fr::ZERO);
}

fn state_root(b: &mut Builder, entries: &[Pair], count: Var) -> Var {
    let elements: Vec<Var> = entries.iter().flat_map(|(a, v)| [*a, *v]).collect();
    let tree = b.tree_root(&elements);
    let tag = b.tag(STATE_TAG);
    b.hash(&[tag, count, tree])
}
