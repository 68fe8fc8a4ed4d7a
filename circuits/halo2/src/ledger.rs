//! S2 ledger and S3 counted: the events and records are those that `scores_root` commits to, and
//! each record counts what the threshold lets it.

use crate::builder::{Builder, Var};
use crate::field::{two_to, Fr};
use crate::registry::Registry;
use crate::slots::{EventSlot, RecordSlot, Slots};
use halo2_proofs::arithmetic::Field;
use meed_statement::clause::Clause;
use meed_statement::roots::{RECORDS_PER_ELEMENT, RECORD_BITS, SCORES_TAG};
use meed_statement::units::{ASSET_INDEX_BITS, FEE_BITS, SCORE_BITS};

const ONE: Fr = Fr::ONE;
const ZERO: Fr = Fr::ZERO;

/// An event in the circuit.
pub(crate) struct Event {
    pub(crate) fee: Var,
    pub(crate) service: Var,
    pub(crate) model: Var,
    active: Var,
    elements: [Var; 2],
}

/// A record in the circuit.
pub(crate) struct Record {
    pub(crate) event: Var,
    pub(crate) asset: Var,
    pub(crate) counted: Var,
    active: Var,
    word: Var,
}

/// Events and records.
pub(crate) struct Ledger {
    pub(crate) events: Vec<Event>,
    pub(crate) records: Vec<Record>,
    pub(crate) root: Var,
}

pub(crate) fn ledger(
    b: &mut Builder,
    slots: &Slots,
    registry: &Registry,
    threshold: Var,
) -> Ledger {
    b.clause(Clause::Ledger);
    let events: Vec<Event> =
        slots.events.iter().map(|slot| event(b, slot, registry.count)).collect();
    let active: Vec<Var> = events.iter().map(|e| e.active).collect();
    b.ones_then_zeros(&active);
    let event_count = b.total(&active);

    // Scores are compared with their bias on, so the threshold has it, too.
    b.clause(Clause::Counted);
    let threshold = b.sum(&[(ONE, threshold)], two_to(SCORE_BITS));
    let records: Vec<Record> =
        slots.records.iter().map(|slot| record(b, slot, registry.count, threshold)).collect();
    b.clause(Clause::Ledger);
    let active: Vec<Var> = records.iter().map(|r| r.active).collect();
    b.ones_then_zeros(&active);
    let record_count = b.total(&active);
    increasing(b, &records);
    let root = root(b, slots, registry.root, &events, event_count, &records, record_count);
    events_exist(b, &records, event_count);
    Ledger { events, records, root }
}

/// `active * (count - 1 - index)` is a limb: a used slot names one that exists. The count and the
/// index are below `2^b`, so the difference cannot wrap.
fn exists(b: &mut Builder, active: Var, count: Var, index: Var) {
    let room = b.solve(&[(-ONE, active), (ZERO, count), (ZERO, index)], [1, -1], ZERO);
    let bits = b.limb_bits();
    b.range(room, bits);
}

fn event(b: &mut Builder, slot: &EventSlot, assets: Var) -> Event {
    let bits = b.limb_bits();
    let active = b.bit(slot.active);
    let [id, fee, service, model] =
        [slot.id, slot.fee, slot.service, slot.model].map(|v| b.witness(v));
    b.range(fee, FEE_BITS);
    for index in [service, model] {
        b.range(index, bits);
        exists(b, active, assets, index);
    }
    let packed = b.sum(
        &[(ONE, fee), (two_to(FEE_BITS), service), (two_to(FEE_BITS + ASSET_INDEX_BITS), model)],
        ZERO,
    );
    for element in [id, packed] {
        b.zero_unless(active, element);
    }
    Event { fee, service, model, active, elements: [id, packed] }
}

fn record(b: &mut Builder, slot: &RecordSlot, assets: Var, threshold: Var) -> Record {
    b.clause(Clause::Ledger);
    let bits = b.limb_bits();
    let [event, asset, biased] = [slot.event, slot.asset, slot.score].map(|v| b.witness(v));
    b.range(event, bits);
    b.range(asset, bits);
    b.range(biased, SCORE_BITS + 1);
    let word = b.sum(
        &[
            (ONE, biased),
            (two_to(SCORE_BITS + 1), asset),
            (two_to(SCORE_BITS + 1 + ASSET_INDEX_BITS), event),
        ],
        ZERO,
    );
    // A used slot's biased score is not zero: a score is above -2^47. An unused slot's word is zero,
    // and with it all its parts, the biased score too; so this makes `active` exact.
    let active = b.nonzero_hint(biased);
    b.zero_unless(active, word);

    // An unused slot's score reads as -2^47, below every threshold: it counts nothing.
    b.clause(Clause::Counted);
    let counts = b.at_least(biased, threshold, SCORE_BITS + 1);
    let counted = b.witness(slot.counted);
    b.assert(&[(-two_to(SCORE_BITS), counts), (ZERO, biased), (-ONE, counted)], [1, 0], ZERO);
    exists(b, active, assets, asset);
    Record { event, asset, counted, active, word }
}

/// Records are strictly increasing by (event, asset): two limbs, the upper the event.
fn increasing(b: &mut Builder, records: &[Record]) {
    let bits = b.limb_bits();
    let keys: Vec<Var> =
        records.iter().map(|r| b.sum(&[(two_to(bits), r.event), (ONE, r.asset)], ZERO)).collect();
    for i in 1..records.len() {
        b.above(records[i].active, keys[i], keys[i - 1], 2 * bits);
    }
}

fn root(
    b: &mut Builder,
    slots: &Slots,
    registry: Var,
    events: &[Event],
    event_count: Var,
    records: &[Record],
    record_count: Var,
) -> Var {
    let elements: Vec<Var> = events.iter().flat_map(|e| e.elements).collect();
    let event_tree = b.tree_root(&elements);
    let elements: Vec<Var> = records
        .chunks(RECORDS_PER_ELEMENT)
        .map(|pair| b.sum(&[(ONE, pair[0].word), (two_to(RECORD_BITS), pair[1].word)], ZERO))
        .collect();
    let record_tree = b.tree_root(&elements);
    let salt = b.witness(slots.salt);
    let tag = b.tag(SCORES_TAG);
    b.hash(&[tag, registry, salt, event_count, event_tree, record_count, record_tree])
}

/// Records name events that exist. They are sorted by event, so the last one decides: the sum of
/// `event * (active - active of the next)` is its event.
fn events_exist(b: &mut Builder, records: &[Record], event_count: Var) {
    b.clause(Clause::Counted);
    let zero = b.number(0);
    let mut last = zero;
    for (i, record) in records.iter().enumerate() {
        let next = records.get(i + 1).map_or(zero, |r| r.active);
        let terms = [(ZERO, record.event), (ZERO, record.active), (ZERO, next), (ONE, last)];
        last = b.solve(&terms, [1, -1], ZERO);
    }
    exists(b, records[0].active, event_count, last);
}
