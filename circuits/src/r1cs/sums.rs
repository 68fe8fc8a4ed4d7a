//! The challenges, and the sums by key that they test.
//!
//! Each sum is an identity of rational functions, `sum value_i / (X - key_i) = sum total_k / (X - k)`
//! (Haboeck, "Multivariate lookups based on logarithmic derivatives", 2022), tested at a random `X`.
//! Two such functions with `n` poles in all agree at most at `n` points unless they are equal, and
//! they are equal only if for each key the values add up to the total. So a total is right, and
//! a value other than zero under a key that is not there cannot be balanced.
//!
//! The challenges come from one seed, `hash(tag, h, digest)`. `h` fixes every public word, so the
//! registry, the policy, events, records, both states and the payouts. The digest fixes the rest that
//! is tested and not determined by these: [`fixed`] lists it. Everything else in an identity
//! (prices, role credits, passes, kept, amounts) is determined by these values: each is the unique
//! solution of constraints in which no challenge occurs.

use super::accounts::{Row, ASSETS_SHIFT, ROLES_SHIFT};
use super::cs::{Cs, Num};
use super::flow::{Flow, Priced};
use super::gadgets::{evaluate, evaluate_flagged, new_bits, term, term_at, zero_unless};
use super::ledger::{Ledger, Record};
use super::policy::Policy;
use super::poseidon::{digest, hash, tag_num};
use super::registry::Registry;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, PrimeField};
use meed_statement::clause::Clause;
use meed_statement::roots::two_to;
use meed_statement::slots::Slots;
use meed_statement::words::AMOUNT_BITS;

/// Where a packed sorted key holds the number of records that name the asset of that index.
const MENTIONS_SHIFT: u32 = 160;

/// An entry of a state: account and what waits.
pub(crate) type Pair<L> = (Num<L>, Num<L>);

/// Everything that the sums speak of.
pub(crate) struct Parts<'a, L> {
    pub(crate) policy: &'a Policy<L>,
    pub(crate) registry: &'a Registry<L>,
    pub(crate) ledger: &'a Ledger<L>,
    pub(crate) prices: &'a [Priced<L>],
    pub(crate) flows: &'a [Flow<L>],
    /// Credits of platform, stakers and remainder.
    pub(crate) roles: &'a [Num<L>; 3],
    pub(crate) rows: &'a [Row<L>],
    pub(crate) state_before: &'a [Pair<L>],
    pub(crate) state_after: &'a [Pair<L>],
    pub(crate) payouts: &'a [Num<L>],
    pub(crate) h: &'a Num<L>,
}

pub(crate) fn sums<C: Cs>(cs: &mut C, slots: &Slots, parts: &Parts<'_, C::L>) {
    let mentions = mentions(cs, slots, parts.registry);
    cs.clause(Clause::Binding);
    let items = fixed(cs, parts, &mentions);
    let digest = digest(cs, &items);
    let seed = hash(cs, &[tag_num("meed.seed.v1"), parts.h.clone(), digest]);
    let x = hash(cs, &[tag_num("meed.x.v1"), seed.clone()]);
    distinct_keys(cs, &x, parts.registry);
    let by_asset = records_by_asset(cs, &x, &parts.ledger.records, &mentions);
    points(cs, &x, parts);
    credits(cs, &x, parts, &by_asset);
    passed_up(cs, &x, parts);
    earned(cs, &x, parts);
    lists(cs, &seed, parts);
}

/// How many records name each asset; only registered assets may have any.
fn mentions<C: Cs>(cs: &mut C, slots: &Slots, registry: &Registry<C::L>) -> Vec<Num<C::L>> {
    cs.clause(Clause::Counted);
    let bits = slots.shape.records.ilog2() as usize + 1;
    cs.blocks(slots.assets.len(), |cs, i| {
        let mentions = new_bits(cs, slots.assets[i].mentions, bits).num;
        zero_unless(cs, &registry.assets[i].active, &mentions);
        mentions
    })
}

/// The tested values that `h` does not fix: points; direct and inflow; sorted keys and mentions;
/// accounts, what waited, and the packed rows.
///
/// A packed value is taken apart in one way only, by ranges that hold whatever the challenge is.
fn fixed<C: Cs>(cs: &mut C, parts: &Parts<'_, C::L>, mentions: &[Num<C::L>]) -> Vec<Num<C::L>> {
    let mut items: Vec<_> = parts.prices.iter().map(|p| p.points.clone()).collect();
    items.extend(parts.flows.iter().flat_map(|f| [f.direct.clone(), f.inflow.clone()]));
    for (key, count) in parts.registry.sorted_keys.iter().zip(mentions) {
        items.push(cs.column(&(key + &(count * two_to(MENTIONS_SHIFT)))));
    }
    for row in parts.rows {
        items.extend([row.account.clone(), row.before.clone(), row.packed.clone()]);
    }
    items
}

/// Demands that two sums of terms agree.
fn balance<C: Cs>(cs: &mut C, left: &[Num<C::L>], right: &[Num<C::L>]) {
    cs.equal(&Num::sum(left), &Num::sum(right));
}

/// S1: the sorted keys are the assets' keys, so these are distinct.
fn distinct_keys<C: Cs>(cs: &mut C, x: &Num<C::L>, registry: &Registry<C::L>) {
    cs.clause(Clause::Registry);
    let keys = cs.blocks(registry.assets.len(), |cs, i| {
        let asset = &registry.assets[i];
        let own = term(cs, x, &asset.key, &asset.active);
        (own, term(cs, x, &registry.sorted_keys[i], &asset.active))
    });
    let (own, sorted): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
    balance(cs, &own, &sorted);
}

/// S3: records name registered assets. Returns `counted / (x - asset)` of each record.
fn records_by_asset<C: Cs>(
    cs: &mut C,
    x: &Num<C::L>,
    records: &[Record<C::L>],
    mentions: &[Num<C::L>],
) -> Vec<Num<C::L>> {
    cs.clause(Clause::Counted);
    let terms = cs.blocks(records.len(), |cs, i| {
        let record = &records[i];
        let presence = term(cs, x, &record.asset, &record.active);
        // An unused slot counts nothing, so the product is the weighted term.
        (cs.product(&presence, &record.counted), presence)
    });
    let (weighted, presence): (Vec<_>, Vec<_>) = terms.into_iter().unzip();
    let totals = cs.blocks(mentions.len(), |cs, k| term_at(cs, x, k, &mentions[k]));
    balance(cs, &presence, &totals);
    weighted
}

/// S4: an event's points are the sum of what its records count.
fn points<C: Cs>(cs: &mut C, x: &Num<C::L>, parts: &Parts<'_, C::L>) {
    cs.clause(Clause::Price);
    let records = &parts.ledger.records;
    let terms =
        cs.blocks(records.len(), |cs, i| term(cs, x, &records[i].event, &records[i].counted));
    let totals = cs.blocks(parts.prices.len(), |cs, e| term_at(cs, x, e, &parts.prices[e].points));
    balance(cs, &terms, &totals);
}

/// S5: direct credits.
///
/// A record's credit is `price of its event * counted`. Looking the price up would cost a hashed
/// value a record. Instead the records' terms by asset are summed by event first: with
/// `g_e = sum over e's records of counted / (X - asset)`, the assets' side is `sum price_e * g_e`. The
/// `g_e` depend on X, so a second challenge, drawn after them, tests that they are those sums.
fn credits<C: Cs>(cs: &mut C, x: &Num<C::L>, parts: &Parts<'_, C::L>, by_asset: &[Num<C::L>]) {
    cs.clause(Clause::Credit);
    let records = &parts.ledger.records;
    let mut hints = vec![Fr::ZERO; parts.prices.len()];
    for (record, term) in records.iter().zip(by_asset) {
        let event = record.event.value.into_bigint().0[0] as usize;
        if let Some(hint) = hints.get_mut(event) {
            *hint += term.value;
        }
    }
    let by_event: Vec<_> = hints.into_iter().map(|hint| cs.alloc(hint)).collect();
    let digest = digest(cs, &by_event);
    let y = hash(cs, &[tag_num("meed.y.v1"), x.clone(), digest]);
    let terms = cs.blocks(records.len(), |cs, i| term(cs, &y, &records[i].event, &by_asset[i]));
    let totals = cs.blocks(by_event.len(), |cs, e| term_at(cs, &y, e, &by_event[e]));
    balance(cs, &terms, &totals);

    let credits = cs.blocks(parts.prices.len(), |cs, e| {
        let (event, priced) = (&parts.ledger.events[e], &parts.prices[e]);
        let data = cs.product(&priced.price, &by_event[e]);
        let service = term(cs, x, &event.service, &priced.service_credit);
        &(&data + &service) + &term(cs, x, &event.model, &priced.model_credit)
    });
    let totals = cs.blocks(parts.flows.len(), |cs, k| term_at(cs, x, k, &parts.flows[k].direct));
    balance(cs, &credits, &totals);
}

/// S6: an inflow is the direct credit and what later assets passed up.
fn passed_up<C: Cs>(cs: &mut C, x: &Num<C::L>, parts: &Parts<'_, C::L>) {
    cs.clause(Clause::Flow);
    let terms = cs.blocks(parts.flows.len(), |cs, k| {
        let flow = &parts.flows[k];
        let parents = &parts.registry.assets[k].parents;
        let passes = parents.iter().zip(&flow.passes);
        let up: Vec<_> = passes.map(|(parent, pass)| term(cs, x, parent, pass)).collect();
        (Num::sum(&up), term_at(cs, x, k, &(&flow.inflow - &flow.direct)))
    });
    let (up, totals): (Vec<_>, Vec<_>) = terms.into_iter().unzip();
    balance(cs, &up, &totals);
}

/// S7: what accounts earned; every owner and policy account is in the table.
///
/// Each asset weighs `kept + 2^200` and each role its credits and a flag, so that an owner whose assets
/// kept nothing must be in the table as well.
fn earned<C: Cs>(cs: &mut C, x: &Num<C::L>, parts: &Parts<'_, C::L>) {
    cs.clause(Clause::Owners);
    let mut terms = cs.blocks(parts.flows.len(), |cs, k| {
        let asset = &parts.registry.assets[k];
        let weight = &parts.flows[k].kept + &(&asset.active * two_to(ASSETS_SHIFT));
        term(cs, x, &asset.owner, &weight)
    });
    for (i, (account, credit)) in parts.policy.accounts.iter().zip(parts.roles).enumerate() {
        let weight = credit.clone().plus(two_to(ROLES_SHIFT + i as u32));
        terms.push(term(cs, x, account, &weight));
    }
    let totals = cs.blocks(parts.rows.len(), |cs, a| {
        let row = &parts.rows[a];
        term(cs, x, &row.account, &row.packed)
    });
    balance(cs, &terms, &totals);
}

/// S7 and S11: the states and the payouts are the table's rows that have something, in order.
///
/// A list is a polynomial in `b` whose coefficients are its entries (an entry of two numbers is a
/// polynomial in `c`); the table's side skips rows without. Equal at random points, the polynomials
/// are equal, so length and order are too, and slots beyond the last entry are zero.
fn lists<C: Cs>(cs: &mut C, seed: &Num<C::L>, parts: &Parts<'_, C::L>) {
    cs.clause(Clause::Binding);
    let b = hash(cs, &[tag_num("meed.b.v1"), seed.clone()]);
    let c = hash(cs, &[tag_num("meed.c.v1"), seed.clone()]);
    let rows = parts.rows;

    cs.clause(Clause::Owners);
    let before: Vec<_> = rows.iter().map(|r| (r.account.clone(), r.before.clone())).collect();
    let flags: Vec<_> = rows.iter().map(|r| r.has_before.clone()).collect();
    entries(cs, &b, &c, &flags, &before, parts.state_before);

    cs.clause(Clause::Binding);
    let after: Vec<_> = rows.iter().map(|r| (r.account.clone(), r.after.clone())).collect();
    let flags: Vec<_> = rows.iter().map(|r| r.has_after.clone()).collect();
    entries(cs, &b, &c, &flags, &after, parts.state_after);

    let words: Vec<_> =
        rows.iter().map(|r| &(&r.account * two_to(AMOUNT_BITS)) + &r.amount).collect();
    let flags: Vec<_> = rows.iter().map(|r| r.paid.clone()).collect();
    let table = evaluate_flagged(cs, &b, &flags, &words);
    let list = evaluate(cs, &b, parts.payouts);
    cs.equal(&table, &list);
}

fn entries<C: Cs>(
    cs: &mut C,
    b: &Num<C::L>,
    c: &Num<C::L>,
    flags: &[Num<C::L>],
    table: &[Pair<C::L>],
    list: &[Pair<C::L>],
) {
    let mut fold = |pairs: &[Pair<C::L>]| -> Vec<Num<C::L>> {
        cs.blocks(pairs.len(), |cs, i| &pairs[i].0 + &cs.product(&pairs[i].1, c))
    };
    let (table, list) = (fold(table), fold(list));
    let table = evaluate_flagged(cs, b, flags, &table);
    let list = evaluate(cs, b, &list);
    cs.equal(&table, &list);
}
