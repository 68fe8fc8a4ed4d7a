//! An epoch laid out in the slots of a shape: the prover's hints, as field elements.
//!
//! Unused slots are zero. Everything here is a hint: a lie that is told in the trace reaches the
//! circuit unchanged, and the constraints must refuse it. All circuits take their hints from here, so
//! that none can be right by a hint that the others do not get; what constrains them they do not
//! share.

use crate::roots::two_to;
use crate::settle::Trace;
use crate::shape::{Shape, Size};
use crate::types::{Account, Inputs, Payout, StateEntry};
use crate::units::{EDGES, SCORE_BITS};
use crate::words::{AMOUNT_BITS, HEADER_WORDS, VERSION};
use ark_bn254::Fr;
use ark_ff::PrimeField;
use ruint::aliases::U256;
use std::collections::HashMap;

/// An asset and what flows through it.
#[derive(Clone, Copy, Default)]
pub struct AssetSlot<F = Fr> {
    /// Whether there is an asset.
    pub active: bool,
    /// First half of the content hash, big-endian.
    pub key: F,
    /// Second half.
    pub low: F,
    /// Account of the owner.
    pub owner: F,
    /// Kind, as the registry numbers it.
    pub kind: F,
    /// Parent and share in bps of each edge.
    pub edges: [(F, F); EDGES],
    /// Penalty in bps.
    pub penalty_bps: F,
    /// Key of the asset at this place when keys are sorted.
    pub sorted_key: F,
    /// Records that name the asset.
    pub mentions: F,
    /// Direct credits.
    pub direct: F,
    /// Direct credits and what later assets pass up.
    pub inflow: F,
    /// Passed up each edge.
    pub passes: [F; EDGES],
    /// Penalty in credits.
    pub penalty: F,
    /// What is left for the owner.
    pub kept: F,
}

/// An event and its price.
#[derive(Clone, Copy, Default)]
pub struct EventSlot<F = Fr> {
    /// Whether there is an event.
    pub active: bool,
    /// Id, 16 bytes as a big-endian number.
    pub id: F,
    /// Fee in base units.
    pub fee: F,
    /// Asset that served.
    pub service: F,
    /// Asset that is the model.
    pub model: F,
    /// Sum of what its records count.
    pub points: F,
    /// Credits a point.
    pub price: F,
    /// Credits that the price leaves over.
    pub leftover: F,
}

/// A record; `score` is biased by 2^47, zero in an unused slot.
#[derive(Clone, Copy, Default)]
pub struct RecordSlot<F = Fr> {
    /// Its event.
    pub event: F,
    /// Its asset.
    pub asset: F,
    /// Biased score.
    pub score: F,
    /// What it counts.
    pub counted: F,
}

/// A row of the table of accounts.
#[derive(Clone, Copy, Default)]
pub struct AccountSlot<F = Fr> {
    /// Whether there is a row.
    pub active: bool,
    /// The account.
    pub account: F,
    /// Credits that waited.
    pub before: F,
    /// Credits earned.
    pub earned: F,
    /// Credits after the cap.
    pub credited: F,
    /// Paid, in base units.
    pub amount: F,
    /// Credits that wait now.
    pub after: F,
    /// Assets that the account owns.
    pub assets: F,
    /// Whether it is the platform's, the stakers', the remainder account.
    pub roles: [bool; 3],
}

/// The policy's numbers and accounts.
#[derive(Clone, Copy, Default)]
pub struct PolicySlot<F = Fr> {
    /// Shares in bps: platform, stakers, service, model, data.
    pub shares: [F; 5],
    /// Cap in bps of all fees.
    pub cap_bps: F,
    /// Least score that counts.
    pub threshold: F,
    /// Least payout in base units.
    pub min_payout: F,
    /// Bits of a score after the point.
    pub fraction_bits: F,
    /// Platform, stakers, remainder.
    pub accounts: [F; 3],
}

/// All hints of an epoch. Secrets: no `Debug`.
#[derive(Clone)]
pub struct Slots<F = Fr> {
    /// The shape.
    pub shape: Shape,
    /// Salt of the scores' root.
    pub salt: F,
    /// The policy.
    pub policy: PolicySlot<F>,
    /// Assets.
    pub assets: Vec<AssetSlot<F>>,
    /// Events.
    pub events: Vec<EventSlot<F>>,
    /// Records.
    pub records: Vec<RecordSlot<F>>,
    /// Rows of the table of accounts.
    pub accounts: Vec<AccountSlot<F>>,
    /// Account and credits that waited before the epoch.
    pub state_before: Vec<(F, F)>,
    /// The same after it.
    pub state_after: Vec<(F, F)>,
    /// Words of the payouts.
    pub payouts: Vec<F>,
    /// Credits of platform, stakers, remainder.
    pub roles: [F; 3],
    /// The cap in credits.
    pub cap: F,
    /// What the cap takes from all.
    pub excess: F,
    /// The header's words.
    pub header: [F; HEADER_WORDS],
    /// `h, alpha, y`.
    pub inputs: [F; 3],
}

impl<F: Copy + Default + From<u64>> Slots<F> {
    /// Slots without an epoch: for collecting a shape's constraints.
    #[must_use]
    pub fn empty(shape: Shape) -> Self {
        let mut header = [F::default(); HEADER_WORDS];
        header[0] = F::from(VERSION);
        Self {
            shape,
            salt: F::default(),
            policy: PolicySlot::default(),
            assets: vec![AssetSlot::default(); shape.assets],
            events: vec![EventSlot::default(); shape.events],
            records: vec![RecordSlot::default(); shape.records],
            accounts: vec![AccountSlot::default(); shape.accounts],
            state_before: vec![Default::default(); shape.accounts],
            state_after: vec![Default::default(); shape.accounts],
            payouts: vec![F::default(); shape.accounts],
            roles: [F::default(); 3],
            cap: F::default(),
            excess: F::default(),
            header,
            inputs: [F::default(); 3],
        }
    }
}

impl Slots {
    /// Lays an epoch out. `None` if the shape does not hold it.
    #[must_use]
    pub fn new(shape: Shape, inputs: &Inputs, trace: &Trace, publics: [Fr; 3]) -> Option<Self> {
        let lists = trace.payouts.len().max(trace.state_after.len()).max(inputs.state.len());
        if !shape.holds(&Size::of(inputs, trace)) || lists > shape.accounts {
            return None;
        }
        let mut slots = Self::empty(shape);
        slots.salt = inputs.salt;
        slots.inputs = publics;
        slots.header = trace.header.to_words();
        slots.roles =
            [trace.roles.platform, trace.roles.stakers, trace.roles.remainder].map(|v| field(&v));
        slots.cap = field(&trace.cap);
        slots.excess = field(&trace.excess);
        slots.fill_policy(inputs);
        slots.fill_assets(inputs, trace);
        slots.fill_ledger(inputs, trace);
        slots.fill_accounts(inputs, trace);
        Some(slots)
    }

    fn fill_policy(&mut self, inputs: &Inputs) {
        let policy = &inputs.policy;
        self.policy = PolicySlot {
            shares: policy.shares().map(|s| Fr::from(s.get())),
            cap_bps: Fr::from(policy.cap_bps.get()),
            threshold: Fr::from(policy.threshold),
            min_payout: Fr::from(policy.min_payout),
            fraction_bits: Fr::from(policy.fraction_bits),
            accounts: policy.accounts().map(|a| a.to_field()),
        };
    }

    fn fill_assets(&mut self, inputs: &Inputs, trace: &Trace) {
        let mut keys: Vec<u128> = inputs.registry.iter().map(|a| a.content_hash.key()).collect();
        keys.sort_unstable();
        let mut mentions = vec![0u64; inputs.registry.len()];
        for record in &inputs.records {
            if let Some(count) = mentions.get_mut(record.asset as usize) {
                *count += 1;
            }
        }
        let items = inputs.registry.iter().zip(&trace.flows).zip(keys).zip(mentions);
        for (slot, (((asset, flow), key), mentions)) in self.assets.iter_mut().zip(items) {
            *slot = AssetSlot {
                active: true,
                key: Fr::from(asset.content_hash.key()),
                low: Fr::from(asset.content_hash.low()),
                owner: asset.owner.to_field(),
                kind: Fr::from(asset.kind as u64),
                edges: asset.edge_slots().map(|(p, b)| (Fr::from(p), Fr::from(b))),
                penalty_bps: Fr::from(asset.penalty.get()),
                sorted_key: Fr::from(key),
                mentions: Fr::from(mentions),
                direct: field(&flow.direct),
                inflow: field(&flow.inflow),
                passes: flow.passes.map(|p| field(&p)),
                penalty: field(&flow.penalty),
                kept: field(&flow.kept),
            };
        }
    }

    fn fill_ledger(&mut self, inputs: &Inputs, trace: &Trace) {
        let events = inputs.events.iter().zip(&trace.prices);
        for (slot, (event, price)) in self.events.iter_mut().zip(events) {
            *slot = EventSlot {
                active: true,
                id: Fr::from(u128::from_be_bytes(event.id)),
                fee: Fr::from(event.fee),
                service: Fr::from(event.service),
                model: Fr::from(event.model),
                points: Fr::from(price.points),
                price: field(&price.price),
                leftover: field(&price.leftover),
            };
        }
        let records = inputs.records.iter().zip(&trace.counted);
        for (slot, (record, counted)) in self.records.iter_mut().zip(records) {
            *slot = RecordSlot {
                event: Fr::from(record.event),
                asset: Fr::from(record.asset),
                score: Fr::from(record.score) + Fr::from(1u64 << SCORE_BITS),
                counted: Fr::from(*counted),
            };
        }
    }

    fn fill_accounts(&mut self, inputs: &Inputs, trace: &Trace) {
        let mut owned = HashMap::<Account, u64>::new();
        for asset in &inputs.registry {
            *owned.entry(asset.owner).or_default() += 1;
        }
        for (slot, row) in self.accounts.iter_mut().zip(&trace.accounts) {
            *slot = AccountSlot {
                active: true,
                account: row.account.to_field(),
                before: field(&row.accrued_before),
                earned: field(&row.earned),
                credited: field(&row.credited),
                amount: Fr::from(row.amount),
                after: field(&row.accrued_after),
                assets: Fr::from(owned.get(&row.account).copied().unwrap_or(0)),
                roles: inputs.policy.accounts().map(|a| a == row.account),
            };
        }
        let entry = |e: &StateEntry| (e.account.to_field(), field(&e.accrued));
        for (slot, e) in self.state_before.iter_mut().zip(&inputs.state) {
            *slot = entry(e);
        }
        for (slot, e) in self.state_after.iter_mut().zip(&trace.state_after) {
            *slot = entry(e);
        }
        for (slot, payout) in self.payouts.iter_mut().zip(&trace.payouts) {
            *slot = payout_word(payout);
        }
    }

    /// The same slots in another representation of the field.
    #[must_use]
    pub fn map<G: Copy>(&self, f: impl Fn(&Fr) -> G) -> Slots<G> {
        let pair = |(a, b): &(Fr, Fr)| (f(a), f(b));
        Slots {
            shape: self.shape,
            salt: f(&self.salt),
            policy: PolicySlot {
                shares: self.policy.shares.each_ref().map(&f),
                cap_bps: f(&self.policy.cap_bps),
                threshold: f(&self.policy.threshold),
                min_payout: f(&self.policy.min_payout),
                fraction_bits: f(&self.policy.fraction_bits),
                accounts: self.policy.accounts.each_ref().map(&f),
            },
            assets: self
                .assets
                .iter()
                .map(|a| AssetSlot {
                    active: a.active,
                    key: f(&a.key),
                    low: f(&a.low),
                    owner: f(&a.owner),
                    kind: f(&a.kind),
                    edges: a.edges.each_ref().map(pair),
                    penalty_bps: f(&a.penalty_bps),
                    sorted_key: f(&a.sorted_key),
                    mentions: f(&a.mentions),
                    direct: f(&a.direct),
                    inflow: f(&a.inflow),
                    passes: a.passes.each_ref().map(&f),
                    penalty: f(&a.penalty),
                    kept: f(&a.kept),
                })
                .collect(),
            events: self
                .events
                .iter()
                .map(|e| EventSlot {
                    active: e.active,
                    id: f(&e.id),
                    fee: f(&e.fee),
                    service: f(&e.service),
                    model: f(&e.model),
                    points: f(&e.points),
                    price: f(&e.price),
                    leftover: f(&e.leftover),
                })
                .collect(),
            records: self
                .records
                .iter()
                .map(|r| RecordSlot {
                    event: f(&r.event),
                    asset: f(&r.asset),
                    score: f(&r.score),
                    counted: f(&r.counted),
                })
                .collect(),
            accounts: self
                .accounts
                .iter()
                .map(|a| AccountSlot {
                    active: a.active,
                    account: f(&a.account),
                    before: f(&a.before),
                    earned: f(&a.earned),
                    credited: f(&a.credited),
                    amount: f(&a.amount),
                    after: f(&a.after),
                    assets: f(&a.assets),
                    roles: a.roles,
                })
                .collect(),
            state_before: self.state_before.iter().map(pair).collect(),
            state_after: self.state_after.iter().map(pair).collect(),
            payouts: self.payouts.iter().map(&f).collect(),
            roles: self.roles.each_ref().map(&f),
            cap: f(&self.cap),
            excess: f(&self.excess),
            header: self.header.each_ref().map(&f),
            inputs: self.inputs.each_ref().map(&f),
        }
    }
}

/// Any integer as a field element: a lie may exceed every bound.
fn field(v: &U256) -> Fr {
    Fr::from_le_bytes_mod_order(&v.to_le_bytes::<32>())
}

/// The public word of a payout: `account * 2^93 + amount`.
#[must_use]
pub fn payout_word(payout: &Payout) -> Fr {
    payout.account.to_field() * two_to(AMOUNT_BITS) + Fr::from(payout.amount)
}
