//! S1 registry: the assets are well-formed, distinct, and those that `registry_root` commits to;
//! and the policy, whose numbers belong to the clauses that use them.

use crate::builder::{fr, Builder, Term, Var};
use crate::field::{two_to, Fr};
use crate::slots::{AssetSlot, PolicySlot, Slots};
use halo2_proofs::arithmetic::Field;
use meed_statement::clause::Clause;
use meed_statement::roots::{EDGE_BITS, POLICY_TAG, REGISTRY_TAG};
use meed_statement::units::{
    ASSET_INDEX_BITS, BPS, BPS_BITS, EDGES, MAX_FRACTION_BITS, MIN_PAYOUT_BITS, SCORE_BITS,
};

/// Bits of a content key.
const KEY_BITS: u32 = 128;
const ONE: Fr = Fr::ONE;
const ZERO: Fr = Fr::ZERO;

/// The policy in the circuit.
pub(crate) struct Policy {
    /// Platform, stakers, service, model, data.
    pub(crate) shares: [Var; 5],
    pub(crate) cap_bps: Var,
    pub(crate) threshold: Var,
    /// `max(min_payout, 1)`.
    pub(crate) least: Var,
    /// Platform, stakers, remainder.
    pub(crate) accounts: [Var; 3],
    pub(crate) hash: Var,
}

pub(crate) fn policy(b: &mut Builder, slot: &PolicySlot) -> Policy {
    // Five shares below 2^14 cannot wrap, and a sum of 10,000 bounds each.
    b.clause(Clause::Credit);
    let shares = slot.shares.map(|s| {
        let share = b.witness(s);
        b.range(share, BPS_BITS);
        share
    });
    b.assert_zero(&shares.map(|s| (ONE, s)), -fr(BPS.into()));

    b.clause(Clause::Cap);
    let cap_bps = b.witness(slot.cap_bps);
    let whole = b.number(BPS.into());
    b.at_most(cap_bps, whole);

    b.clause(Clause::Counted);
    let threshold = b.witness(slot.threshold);
    b.range(threshold, SCORE_BITS);
    let fraction = b.witness(slot.fraction_bits);
    let most = b.number(MAX_FRACTION_BITS.into());
    b.at_most(fraction, most);

    b.clause(Clause::Release);
    let min_payout = b.witness(slot.min_payout);
    b.range(min_payout, MIN_PAYOUT_BITS);
    let some = b.is_nonzero(min_payout);
    let least = b.sum(&[(ONE, min_payout), (-ONE, some)], ONE);

    b.clause(Clause::Binding);
    let mut terms: Vec<Term> = Vec::new();
    let mut shift = 0;
    let parts = shares.into_iter().chain([cap_bps]).map(|v| (v, BPS_BITS));
    let rest = [(threshold, SCORE_BITS), (min_payout, MIN_PAYOUT_BITS), (fraction, 8)];
    for (var, bits) in parts.chain(rest) {
        terms.push((two_to(shift), var));
        shift += bits;
    }
    let packed = b.sum(&terms, ZERO);
    // That these are accounts follows from S7: each is found in the table.
    let accounts = slot.accounts.map(|a| b.witness(a));
    let [platform, stakers, remainder] = accounts;
    let tag = b.tag(POLICY_TAG);
    let hash = b.hash(&[tag, packed, platform, stakers, remainder]);
    Policy { shares, cap_bps, threshold, least, accounts, hash }
}

/// An asset in the circuit.
pub(crate) struct Asset {
    pub(crate) active: Var,
    /// First half of the content hash.
    pub(crate) key: Var,
    pub(crate) owner: Var,
    pub(crate) parents: [Var; EDGES],
    /// Shares of the four edges and of the penalty.
    pub(crate) bps: [Var; EDGES + 1],
    elements: [Var; 3],
}

/// The registry in the circuit.
pub(crate) struct Registry {
    pub(crate) assets: Vec<Asset>,
    /// Number of assets.
    pub(crate) count: Var,
    /// The keys in increasing order; any value in unused slots.
    pub(crate) sorted_keys: Vec<Var>,
    pub(crate) root: Var,
}

pub(crate) fn registry(b: &mut Builder, slots: &Slots) -> Registry {
    b.clause(Clause::Registry);
    let assets: Vec<Asset> =
        slots.assets.iter().enumerate().map(|(i, slot)| asset(b, i, slot)).collect();
    let active: Vec<Var> = assets.iter().map(|a| a.active).collect();
    b.ones_then_zeros(&active);
    let count = b.total(&active);
    let sorted_keys = sorted_keys(b, slots, &active);
    let elements: Vec<Var> = assets.iter().flat_map(|a| a.elements).collect();
    let tree = b.tree_root(&elements);
    let tag = b.tag(REGISTRY_TAG);
    let root = b.hash(&[tag, count, tree]);
    Registry { assets, count, sorted_keys, root }
}

fn asset(b: &mut Builder, index: usize, slot: &AssetSlot) -> Asset {
    let active = b.bit(slot.active);
    let [key, low, kind, owner, penalty] =
        [slot.key, slot.low, slot.kind, slot.owner, slot.penalty_bps].map(|v| b.witness(v));
    b.range(key, KEY_BITS);
    b.range(low, KEY_BITS);
    b.range(kind, 2);
    b.range(penalty, BPS_BITS);
    let edges = slot.edges.map(|(parent, bps)| (b.witness(parent), b.witness(bps)));
    edges_fit(b, index, &edges);
    let [e0, e1, e2, e3] = edges;
    let parents = [e0.0, e1.0, e2.0, e3.0];
    let bps = [e0.1, e1.1, e2.1, e3.1, penalty];
    // Each share is below 2^14, so the sum cannot wrap.
    let room = b.sum(&bps.map(|v| (-ONE, v)), fr(BPS.into()));
    b.range(room, BPS_BITS);

    let edge = |i: usize, shift: u32| {
        [(two_to(shift), parents[i]), (two_to(shift + ASSET_INDEX_BITS), bps[i])]
    };
    let mut first: Vec<Term> = [edge(0, 0), edge(1, EDGE_BITS)].concat();
    first.extend([
        (two_to(2 * EDGE_BITS), kind),
        (two_to(2 * EDGE_BITS + 2), penalty),
        (two_to(2 * EDGE_BITS + 2 + BPS_BITS), key),
    ]);
    let first = b.sum(&first, ZERO);
    let mut second: Vec<Term> = [edge(2, 0), edge(3, EDGE_BITS)].concat();
    second.push((two_to(2 * EDGE_BITS), low));
    let second = b.sum(&second, ZERO);
    // An unused slot is zero, as the native tree pads. The packing is injective, so all its
    // parts are zero.
    b.both_zero_unless(active, first, second);
    b.zero_unless(active, owner);
    Asset { active, key, owner, parents, bps, elements: [first, second, owner] }
}

/// Parents come earlier; an edge of no share is an empty slot, so its parent is zero too; no empty
/// slot before a used one: a root opens to one registry only.
fn edges_fit(b: &mut Builder, index: usize, edges: &[(Var, Var); EDGES]) {
    let Some(last) = index.checked_sub(1) else {
        // The first asset has nothing before it to owe: its edges are empty.
        for (parent, bps) in edges {
            b.assert(&[(ONE, *parent)], [0, 0], ZERO);
            b.assert(&[(ONE, *bps)], [0, 0], ZERO);
        }
        return;
    };
    let last = b.number(last as i64);
    let used: Vec<Var> = edges
        .iter()
        .map(|(parent, bps)| {
            b.at_most(*parent, last);
            b.range(*bps, BPS_BITS);
            let flag = b.nonzero_hint(*bps);
            // Neither is negative, so the sum is zero only if both are.
            b.both_zero_unless(flag, *bps, *parent);
            flag
        })
        .collect();
    b.ones_then_zeros(&used);
}

/// The keys, strictly increasing. That they are the assets' keys is a sum by key, later; what must
/// hold before the challenge is here: they are integers below 2^160.
///
/// The first is below 2^128 and each step is, so with up to 2^24 steps none reaches 2^160.
fn sorted_keys(b: &mut Builder, slots: &Slots, active: &[Var]) -> Vec<Var> {
    let keys: Vec<Var> = slots.assets.iter().map(|slot| b.witness(slot.sorted_key)).collect();
    b.range(keys[0], KEY_BITS);
    for i in 1..keys.len() {
        b.above(active[i], keys[i], keys[i - 1], KEY_BITS);
    }
    keys
}
