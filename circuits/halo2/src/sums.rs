//! The challenges, and the sums by key and lists that they test.
//!
//! The identities are those of the statement. The challenges come from one seed,
//! `hash(tag, h, digest)`. `h` fixes every public word, so the registry, the policy, events,
//! records, both states and the payouts. The digest fixes the rest that is tested and not
//! determined by these: [`fixed`] lists it. Everything else in an identity (counted, prices, role
//! credits, passes, kept, amounts) is the unique solution of constraints in which no challenge
//! occurs.

use crate::accounts::{Row, ASSETS_SHIFT, ROLES_SHIFT};
use crate::builder::{Builder, Var};
use crate::field::{integer, two_to, Fr};
use crate::flow::{Flow, Priced};
use crate::ledger::Ledger;
use crate::registry::{Policy, Registry};
use halo2_proofs::arithmetic::Field;
use meed_statement::clause::Clause;
use meed_statement::words::AMOUNT_BITS;

const ONE: Fr = Fr::ONE;
const ZERO: Fr = Fr::ZERO;

/// An entry of a state: account and what waits.
pub(crate) type Pair = (Var, Var);

/// Everything that the sums speak of.
pub(crate) struct Parts<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) registry: &'a Registry,
    pub(crate) ledger: &'a Ledger,
    pub(crate) prices: &'a [Priced],
    pub(crate) flows: &'a [Flow],
    /// Credits of platform, stakers and remainder.
    pub(crate) roles: &'a [Var; 3],
    pub(crate) rows: &'a [Row],
    pub(crate) state_before: &'a [Pair],
    pub(crate) state_after: &'a [Pair],
    pub(crate) payouts: &'a [Var],
    pub(crate) h: Var,
}

pub(crate) fn sums(b: &mut Builder, parts: &Parts<'_>) {
    b.clause(Clause::Binding);
    let items = fixed(parts);
    let digest = b.digest(&items);
    let seed = b.challenge("meed.halo2.seed.v1", &[parts.h, digest]);
    let x = b.challenge("meed.halo2.x.v1", &[seed]);
    distinct_keys(b, x, parts.registry);
    points(b, x, parts);
    credits(b, x, parts);
    passed_up(b, x, parts);
    earned(b, x, parts);
    lists(b, seed, parts);
}

/// The tested values that `h` does not fix: points; direct and inflow; sorted keys; accounts, what
/// waited, and the packed rows.
///
/// A packed row is taken apart in one way only, by ranges that hold whatever the challenge is.
fn fixed(parts: &Parts<'_>) -> Vec<Var> {
    let mut items: Vec<Var> = parts.prices.iter().map(|p| p.points).collect();
    items.extend(parts.flows.iter().flat_map(|f| [f.direct, f.inflow]));
    items.extend(&parts.registry.sorted_keys);
    items.extend(parts.rows.iter().flat_map(|r| [r.account, r.before, r.packed]));
    items
}

/// S1: the sorted keys are the assets' keys, so these are distinct.
fn distinct_keys(b: &mut Builder, x: Var, registry: &Registry) {
    b.clause(Clause::Registry);
    let (mut own, mut sorted) = (Vec::new(), Vec::new());
    for (asset, key) in registry.assets.iter().zip(&registry.sorted_keys) {
        own.push(b.term(x, asset.key, &[(ONE, asset.active)]));
        sorted.push(b.term(x, *key, &[(ONE, asset.active)]));
    }
    b.balance(&own, &sorted);
}

/// S4: an event's points are the sum of what its records count.
fn points(b: &mut Builder, x: Var, parts: &Parts<'_>) {
    b.clause(Clause::Price);
    let records = &parts.ledger.records;
    let terms: Vec<Var> = records.iter().map(|r| b.term(x, r.event, &[(ONE, r.counted)])).collect();
    let totals: Vec<Var> = (parts.prices.iter().enumerate())
        .map(|(e, p)| b.term_at(x, e, &[(ONE, p.points)]))
        .collect();
    b.balance(&terms, &totals);
}

/// S5: direct credits.
///
/// A record's credit is `price of its event * counted`. With
/// `g_e = sum over e's records of counted / (X - asset)`, the assets' side is `sum price_e * g_e`.
/// The `g_e` depend on X, so a second challenge, drawn after them, tests that they are those sums.
fn credits(b: &mut Builder, x: Var, parts: &Parts<'_>) {
    b.clause(Clause::Credit);
    let records = &parts.ledger.records;
    let weighted: Vec<Var> =
        records.iter().map(|r| b.term(x, r.asset, &[(ONE, r.counted)])).collect();
    let mut hints = vec![ZERO; parts.prices.len()];
    for (record, term) in records.iter().zip(&weighted) {
        let event = integer(&b.value(record.event)).as_limbs()[0] as usize;
        if let Some(hint) = hints.get_mut(event) {
            *hint += b.value(*term);
        }
    }
    let by_event: Vec<Var> = hints.into_iter().map(|hint| b.witness(hint)).collect();
    let digest = b.digest(&by_event);
    let y = b.challenge("meed.halo2.y.v1", &[x, digest]);
    let terms: Vec<Var> = records
        .iter()
        .zip(&weighted)
        .map(|(r, term)| b.term(y, r.event, &[(ONE, *term)]))
        .collect();
    let totals: Vec<Var> =
        by_event.iter().enumerate().map(|(e, g)| b.term_at(y, e, &[(ONE, *g)])).collect();
    b.balance(&terms, &totals);

    let mut credits = Vec::new();
    for ((event, priced), g) in parts.ledger.events.iter().zip(parts.prices).zip(&by_event) {
        credits.push(b.product(priced.price, *g));
        credits.push(b.term(x, event.service, &[(ONE, priced.service_credit)]));
        credits.push(b.term(x, event.model, &[(ONE, priced.model_credit)]));
    }
    let totals: Vec<Var> = (parts.flows.iter().enumerate())
        .map(|(k, flow)| b.term_at(x, k, &[(ONE, flow.direct)]))
        .collect();
    b.balance(&credits, &totals);
}

/// S6: an inflow is the direct credit and what later assets passed up.
fn passed_up(b: &mut Builder, x: Var, parts: &Parts<'_>) {
    b.clause(Clause::Flow);
    let (mut up, mut totals) = (Vec::new(), Vec::new());
    for (k, (asset, flow)) in parts.registry.assets.iter().zip(parts.flows).enumerate() {
        for (parent, pass) in asset.parents.iter().zip(&flow.passes) {
            up.push(b.term(x, *parent, &[(ONE, *pass)]));
        }
        totals.push(b.term_at(x, k, &[(ONE, flow.inflow), (-ONE, flow.direct)]));
    }
    b.balance(&up, &totals);
}

/// S7: what accounts earned; every owner and policy account is in the table.
///
/// Each asset weighs `kept + 2^200` and each role its credits and a flag, so that an owner whose
/// assets kept nothing must be in the table as well.
fn earned(b: &mut Builder, x: Var, parts: &Parts<'_>) {
    b.clause(Clause::Owners);
    let mut terms = Vec::new();
    for (asset, flow) in parts.registry.assets.iter().zip(parts.flows) {
        let weight = [(ONE, flow.kept), (two_to(ASSETS_SHIFT), asset.active)];
        terms.push(b.term(x, asset.owner, &weight));
    }
    let one = b.number(1);
    for (i, (account, credit)) in (0u32..).zip(parts.policy.accounts.iter().zip(parts.roles)) {
        let weight = [(ONE, *credit), (two_to(ROLES_SHIFT + i), one)];
        terms.push(b.term(x, *account, &weight));
    }
    let totals: Vec<Var> =
        parts.rows.iter().map(|row| b.term(x, row.account, &[(ONE, row.packed)])).collect();
    b.balance(&terms, &totals);
}

/// S7 and S11: the states and the payouts are the table's rows that have something, in order.
///
/// A list is a polynomial in `p` whose coefficients are its entries (an entry of two numbers is a
/// polynomial in `c`); the table's side skips rows without. Equal at random points, the polynomials
/// are equal, so length and order are too, and slots beyond the last entry are zero.
fn lists(b: &mut Builder, seed: Var, parts: &Parts<'_>) {
    b.clause(Clause::Binding);
    let p = b.challenge("meed.halo2.b.v1", &[seed]);
    let c = b.challenge("meed.halo2.c.v1", &[seed]);
    let rows = parts.rows;

    b.clause(Clause::Owners);
    let table: Vec<_> = rows.iter().map(|r| (r.has_before, (r.account, r.before))).collect();
    entries(b, p, c, &table, parts.state_before);

    b.clause(Clause::Binding);
    let table: Vec<_> = rows.iter().map(|r| (r.has_after, (r.account, r.after))).collect();
    entries(b, p, c, &table, parts.state_after);

    let table: Vec<_> = rows
        .iter()
        .map(|r| (r.paid, b.sum(&[(two_to(AMOUNT_BITS), r.account), (ONE, r.amount)], ZERO)))
        .collect();
    let table = b.evaluate_flagged(p, &table);
    let list = b.evaluate(p, parts.payouts);
    b.equal(table, list);
}

fn entries(b: &mut Builder, p: Var, c: Var, table: &[(Var, Pair)], list: &[Pair]) {
    let mut fold =
        |(account, waits): Pair| b.solve(&[(ZERO, c), (ZERO, waits), (ONE, account)], [1, 0], ZERO);
    let table: Vec<_> = table.iter().map(|(flag, pair)| (*flag, fold(*pair))).collect();
    let list: Vec<_> = list.iter().map(|pair| fold(*pair)).collect();
    let table = b.evaluate_flagged(p, &table);
    let list = b.evaluate(p, &list);
    b.equal(table, list);
}
