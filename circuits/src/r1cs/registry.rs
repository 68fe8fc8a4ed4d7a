//! S1 registry: the assets are well-formed, distinct, and those that `registry_root` commits to.

use super::cs::{Cs, Num};
use super::gadgets::{
    at_most, bit, new_bits, nonzero_hint, ones_then_zeros, product_to_bits, to_bits, zero_unless,
};
use super::poseidon::{hash, tag_num, tree_root};
use ark_bn254::Fr;
use meed_statement::clause::Clause;
use meed_statement::roots::{two_to, ASSET_ELEMENTS, EDGE_BITS, REGISTRY_TAG};
use meed_statement::slots::{AssetSlot, Slots};
use meed_statement::units::{ASSET_INDEX_BITS, BPS, BPS_BITS, EDGES};

/// Bits of a content key.
const KEY_BITS: usize = 128;

/// An asset in the circuit.
pub(crate) struct Asset<L> {
    pub(crate) active: Num<L>,
    /// First half of the content hash.
    pub(crate) key: Num<L>,
    pub(crate) owner: Num<L>,
    pub(crate) parents: [Num<L>; EDGES],
    /// Shares of the four edges and of the penalty.
    pub(crate) bps: [Num<L>; EDGES + 1],
    pub(crate) elements: [Num<L>; ASSET_ELEMENTS],
}

/// The registry in the circuit.
pub(crate) struct Registry<L> {
    pub(crate) assets: Vec<Asset<L>>,
    /// Number of assets.
    pub(crate) count: Num<L>,
    /// The keys in increasing order; zero in unused slots.
    pub(crate) sorted_keys: Vec<Num<L>>,
    pub(crate) root: Num<L>,
}

/// Bits of an asset's index in this shape.
pub(crate) fn index_bits(capacity: usize) -> usize {
    assert!(capacity.is_power_of_two(), "shapes have powers of two of assets and events");
    capacity.trailing_zeros() as usize
}

pub(crate) fn registry<C: Cs>(cs: &mut C, slots: &Slots) -> Registry<C::L> {
    cs.clause(Clause::Registry);
    let bits = index_bits(slots.shape.assets);
    let assets = cs.blocks(slots.assets.len(), |cs, i| asset(cs, i, bits, &slots.assets[i]));
    let active: Vec<_> = assets.iter().map(|a| a.active.clone()).collect();
    ones_then_zeros(cs, &active);
    let count = cs.column(&Num::sum(&active));
    let sorted_keys = sorted_keys(cs, slots, &active);
    let elements: Vec<_> = assets.iter().flat_map(|a| a.elements.clone()).collect();
    let tree = tree_root(cs, &elements);
    let root = hash(cs, &[tag_num(REGISTRY_TAG), count.clone(), tree]);
    Registry { assets, count, sorted_keys, root }
}

fn asset<C: Cs>(cs: &mut C, index: usize, index_bits: usize, slot: &AssetSlot) -> Asset<C::L> {
    let active = bit(cs, slot.active);
    let key = new_bits(cs, slot.key, KEY_BITS).num;
    let low = new_bits(cs, slot.low, KEY_BITS).num;
    let kind = new_bits(cs, slot.kind, 2).num;
    let owner = cs.alloc(slot.owner);
    let mut used = Vec::with_capacity(EDGES);
    let edges = slot.edges.map(|(parent, bps)| {
        let parent = new_bits(cs, parent, index_bits);
        let bps = new_bits(cs, bps, BPS_BITS as usize).num;
        match index.checked_sub(1) {
            // The first asset has nothing before it to owe: its edges are empty.
            None => cs.equal(&(&bps + &parent.num), &Num::zero()),
            Some(last) => {
                at_most(cs, &parent.bits, last as u64);
                // An edge of no share is an empty slot, so its parent is zero too.
                let flag = nonzero_hint(cs, &bps);
                let both = &bps + &(&parent.num * two_to(BPS_BITS));
                zero_unless(cs, &flag, &both);
                used.push(flag);
            }
        }
        (parent.num, bps)
    });
    // No empty slot before a used one: a root opens to one registry only.
    ones_then_zeros(cs, &used);
    let penalty = new_bits(cs, slot.penalty_bps, BPS_BITS as usize).num;
    let [e0, e1, e2, e3] = edges;
    let parents = [e0.0, e1.0, e2.0, e3.0];
    let bps = [e0.1, e1.1, e2.1, e3.1, penalty];
    // Each share is below 2^14, so the sum cannot wrap.
    let owed = Num::sum(&bps);
    to_bits(cs, &(&Num::constant(Fr::from(BPS)) - &owed), BPS_BITS as usize);

    let edge = |i: usize| &parents[i] + &(&bps[i] * two_to(ASSET_INDEX_BITS));
    let mut first = edge(0);
    first.add_scaled(&edge(1), &two_to(EDGE_BITS));
    first.add_scaled(&kind, &two_to(2 * EDGE_BITS));
    first.add_scaled(&bps[EDGES], &two_to(2 * EDGE_BITS + 2));
    first.add_scaled(&key, &two_to(2 * EDGE_BITS + 2 + BPS_BITS));
    let mut second = edge(2);
    second.add_scaled(&edge(3), &two_to(EDGE_BITS));
    second.add_scaled(&low, &two_to(2 * EDGE_BITS));
    let elements = [cs.column(&first), cs.column(&second), owner.clone()];
    // An unused slot is zero, as the native tree pads. The packing is injective, so all its
    // parts are zero.
    for element in &elements {
        zero_unless(cs, &active, element);
    }
    Asset { active, key, owner, parents, bps, elements }
}

/// The keys, strictly increasing. That they are the assets' keys is a sum by key, later; what must
/// hold before the challenge is here: they are integers below 2^160.
///
/// The first is below 2^128 and each step is, so with up to 2^24 steps none reaches 2^160.
fn sorted_keys<C: Cs>(cs: &mut C, slots: &Slots, active: &[Num<C::L>]) -> Vec<Num<C::L>> {
    let keys: Vec<_> = slots.assets.iter().map(|slot| cs.alloc(slot.sorted_key)).collect();
    cs.blocks(keys.len(), |cs, i| {
        zero_unless(cs, &active[i], &keys[i]);
        match i.checked_sub(1) {
            None => drop(to_bits(cs, &keys[0], KEY_BITS)),
            Some(last) => {
                let step = (&keys[i] - &keys[last]).plus(-Fr::from(1u64));
                product_to_bits(cs, &active[i], &step, KEY_BITS);
            }
        }
    });
    keys
}
