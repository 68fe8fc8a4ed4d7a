//! S2 ledger and S3 counted: the events and records are those that `scores_root` commits to, and each
//! record counts what the threshold lets it.

use super::cs::{Cs, Num};
use super::gadgets::{
    at_least, bit, new_bits, nonzero_hint, ones_then_zeros, product_to_bits, zero_unless,
};
use super::poseidon::{hash, tag_num, tree_root};
use super::registry::{index_bits, Registry};
use ark_bn254::Fr;
use meed_statement::clause::Clause;
use meed_statement::roots::{two_to, RECORDS_PER_ELEMENT, RECORD_BITS, SCORES_TAG};
use meed_statement::slots::{EventSlot, RecordSlot, Slots};
use meed_statement::units::{ASSET_INDEX_BITS, FEE_BITS, SCORE_BITS};

/// An event in the circuit.
pub(crate) struct Event<L> {
    pub(crate) fee: Num<L>,
    pub(crate) service: Num<L>,
    pub(crate) model: Num<L>,
    active: Num<L>,
    elements: [Num<L>; 2],
}

/// A record in the circuit.
pub(crate) struct Record<L> {
    pub(crate) active: Num<L>,
    pub(crate) event: Num<L>,
    pub(crate) asset: Num<L>,
    pub(crate) counted: Num<L>,
    word: Num<L>,
}

/// Events and records.
pub(crate) struct Ledger<L> {
    pub(crate) events: Vec<Event<L>>,
    pub(crate) records: Vec<Record<L>>,
    pub(crate) root: Num<L>,
}

pub(crate) fn ledger<C: Cs>(
    cs: &mut C,
    slots: &Slots,
    registry: &Registry<C::L>,
    threshold: &Num<C::L>,
) -> Ledger<C::L> {
    cs.clause(Clause::Ledger);
    let asset_bits = index_bits(slots.shape.assets);
    let event_bits = index_bits(slots.shape.events);
    let events = cs.blocks(slots.events.len(), |cs, i| {
        event(cs, &slots.events[i], asset_bits, &registry.count)
    });
    let active: Vec<_> = events.iter().map(|e| e.active.clone()).collect();
    ones_then_zeros(cs, &active);
    let event_count = cs.column(&Num::sum(&active));

    let records = cs.blocks(slots.records.len(), |cs, i| {
        record(cs, &slots.records[i], event_bits, asset_bits, threshold)
    });
    cs.clause(Clause::Ledger);
    let active: Vec<_> = records.iter().map(|r| r.active.clone()).collect();
    ones_then_zeros(cs, &active);
    let record_count = cs.column(&Num::sum(&active));
    increasing(cs, &records, event_bits, asset_bits);
    let root = root(cs, slots, registry, &events, &event_count, &records, &record_count);
    events_exist(cs, &records, &event_count, event_bits);
    Ledger { events, records, root }
}

fn event<C: Cs>(
    cs: &mut C,
    slot: &EventSlot,
    asset_bits: usize,
    assets: &Num<C::L>,
) -> Event<C::L> {
    let active = bit(cs, slot.active);
    let id = cs.alloc(slot.id);
    let fee = new_bits(cs, slot.fee, FEE_BITS as usize).num;
    let fee = cs.column(&fee);
    let mut packed = fee.clone();
    let mut shift = FEE_BITS;
    let [service, model] = [slot.service, slot.model].map(|hint| {
        let index = new_bits(cs, hint, asset_bits).num;
        // Both are below the shape's capacity, so the difference cannot wrap.
        let room = (assets - &index).plus(-Fr::from(1u64));
        product_to_bits(cs, &active, &room, asset_bits);
        packed.add_scaled(&index, &two_to(shift));
        shift += ASSET_INDEX_BITS;
        index
    });
    let elements = [id, cs.column(&packed)];
    for element in &elements {
        zero_unless(cs, &active, element);
    }
    Event { fee, service, model, active, elements }
}

fn record<C: Cs>(
    cs: &mut C,
    slot: &RecordSlot,
    event_bits: usize,
    asset_bits: usize,
    threshold: &Num<C::L>,
) -> Record<C::L> {
    cs.clause(Clause::Ledger);
    let event = new_bits(cs, slot.event, event_bits).num;
    let asset = new_bits(cs, slot.asset, asset_bits).num;
    let biased = new_bits(cs, slot.score, SCORE_BITS as usize + 1).num;
    let mut word = biased.clone();
    word.add_scaled(&asset, &two_to(SCORE_BITS + 1));
    word.add_scaled(&event, &two_to(SCORE_BITS + 1 + ASSET_INDEX_BITS));
    // A used slot's biased score is not zero: a score is above -2^47. An unused slot's word is zero,
    // and with it all its parts, the biased score too; so this makes `active` exact.
    let active = nonzero_hint(cs, &biased);
    zero_unless(cs, &active, &word);

    // An unused slot's score reads as -2^47, below every threshold: it counts nothing.
    cs.clause(Clause::Counted);
    let score = biased.plus(-two_to(SCORE_BITS));
    let counts = at_least(cs, &score, threshold, SCORE_BITS as usize + 1);
    let counted = cs.alloc(slot.counted);
    cs.enforce(&counts, &score, &counted);
    Record { active, event, asset, counted, word }
}

/// Records are strictly increasing by (event, asset).
fn increasing<C: Cs>(cs: &mut C, records: &[Record<C::L>], event_bits: usize, asset_bits: usize) {
    let key = |r: &Record<C::L>| &r.asset + &(&r.event * two_to(asset_bits as u32));
    cs.blocks(records.len() - 1, |cs, i| {
        let (last, next) = (&records[i], &records[i + 1]);
        let step = (&key(next) - &key(last)).plus(-Fr::from(1u64));
        product_to_bits(cs, &next.active, &step, event_bits + asset_bits);
    });
}

#[allow(clippy::too_many_arguments)]
fn root<C: Cs>(
    cs: &mut C,
    slots: &Slots,
    registry: &Registry<C::L>,
    events: &[Event<C::L>],
    event_count: &Num<C::L>,
    records: &[Record<C::L>],
    record_count: &Num<C::L>,
) -> Num<C::L> {
    let elements: Vec<_> = events.iter().flat_map(|e| e.elements.clone()).collect();
    let event_tree = tree_root(cs, &elements);
    let elements = cs.blocks(records.len() / RECORDS_PER_ELEMENT, |cs, i| {
        let mut pair = records[2 * i].word.clone();
        pair.add_scaled(&records[2 * i + 1].word, &two_to(RECORD_BITS));
        cs.column(&pair)
    });
    let record_tree = tree_root(cs, &elements);
    let salt = cs.alloc(slots.salt);
    hash(
        cs,
        &[
            tag_num(SCORES_TAG),
            registry.root.clone(),
            salt,
            event_count.clone(),
            event_tree,
            record_count.clone(),
            record_tree,
        ],
    )
}

/// Records name events that exist. They are sorted by event, so the last one decides.
fn events_exist<C: Cs>(
    cs: &mut C,
    records: &[Record<C::L>],
    event_count: &Num<C::L>,
    event_bits: usize,
) {
    cs.clause(Clause::Counted);
    let mut last = Num::zero();
    for (i, record) in records.iter().enumerate() {
        let is_last = match records.get(i + 1) {
            Some(next) => &record.active - &next.active,
            None => record.active.clone(),
        };
        last = &last + &cs.product(&is_last, &record.event);
    }
    let room = (event_count - &last).plus(-Fr::from(1u64));
    product_to_bits(cs, &records[0].active, &room, event_bits);
}
