//! An epoch laid out in the slots of a shape: the prover's hints, as field elements.
//!
//! Unused slots are zero. Everything here is a hint: a lie that is told in the trace reaches the
//! circuit unchanged, and the constraints must refuse it.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, PrimeField};
use meed_statement::roots::two_to;
use meed_statement::settle::Trace;
use meed_statement::shape::{Shape, Size};
use meed_statement::types::{Inputs, Payout, StateEntry};
use meed_statement::units::{EDGES, SCORE_BITS};
use meed_statement::words::{AMOUNT_BITS, HEADER_WORDS, VERSION};
use ruint::aliases::U256;

/// An asset and what flows through it.
#[derive(Clone, Copy, Default)]
pub(crate) struct AssetSlot {
    pub(crate) active: bool,
    pub(crate) key: Fr,
    pub(crate) low: Fr,
    pub(crate) owner: Fr,
    pub(crate) kind: Fr,
    pub(crate) edges: [(Fr, Fr); EDGES],
    pub(crate) penalty_bps: Fr,
    /// Key of the asset at this place when keys are sorted.
    pub(crate) sorted_key: Fr,
    /// Records that name the asset.
    pub(crate) mentions: Fr,
    pub(crate) direct: Fr,
    pub(crate) inflow: Fr,
    pub(crate) passes: [Fr; EDGES],
    pub(crate) penalty: Fr,
    pub(crate) kept: Fr,
}

/// An event and its price.
#[derive(Clone, Copy, Default)]
pub(crate) struct EventSlot {
    pub(crate) active: bool,
    pub(crate) id: Fr,
    pub(crate) fee: Fr,
    pub(crate) service: Fr,
    pub(crate) model: Fr,
    pub(crate) points: Fr,
    pub(crate) price: Fr,
    pub(crate) leftover: Fr,
}

/// A record; `score` is biased by 2^47, zero in an unused slot.
#[derive(Clone, Copy, Default)]
pub(crate) struct RecordSlot {
    pub(crate) event: Fr,
    pub(crate) asset: Fr,
    pub(crate) score: Fr,
    pub(crate) counted: Fr,
}

/// A row of the table of accounts.
#[derive(Clone, Copy, Default)]
pub(crate) struct AccountSlot {
    pub(crate) active: bool,
    pub(crate) account: Fr,
    pub(crate) before: Fr,
    pub(crate) earned: Fr,
    pub(crate) credited: Fr,
    pub(crate) amount: Fr,
    pub(crate) after: Fr,
    /// Assets that the account owns.
    pub(crate) assets: Fr,
    /// Whether it is the platform's, the stakers', the remainder account.
    pub(crate) roles: [bool; 3],
}

/// The policy's numbers and accounts.
#[derive(Clone, Copy, Default)]
pub(crate) struct PolicySlot {
    pub(crate) shares: [Fr; 5],
    pub(crate) cap_bps: Fr,
    pub(crate) threshold: Fr,
    pub(crate) min_payout: Fr,
    pub(crate) fraction_bits: Fr,
    pub(crate) accounts: [Fr; 3],
}

/// All hints of an epoch. Secrets: no `Debug`.
#[derive(Clone)]
pub(crate) struct Slots {
    pub(crate) shape: Shape,
    pub(crate) salt: Fr,
    pub(crate) policy: PolicySlot,
    pub(crate) assets: Vec<AssetSlot>,
    pub(crate) events: Vec<EventSlot>,
    pub(crate) records: Vec<RecordSlot>,
    pub(crate) accounts: Vec<AccountSlot>,
    pub(crate) state_before: Vec<(Fr, Fr)>,
    pub(crate) state_after: Vec<(Fr, Fr)>,
    pub(crate) payouts: Vec<Fr>,
    /// Platform, stakers, remainder.
    pub(crate) roles: [Fr; 3],
    pub(crate) cap: Fr,
    pub(crate) excess: Fr,
    pub(crate) header: [Fr; HEADER_WORDS],
    pub(crate) inputs: [Fr; 3],
}

impl Slots {
    /// Slots without an epoch: for collecting a shape's constraints.
    pub(crate) fn empty(shape: Shape) -> Self {
        let mut header = [Fr::ZERO; HEADER_WORDS];
        header[0] = Fr::from(VERSION);
        Self {
            shape,
            salt: Fr::ZERO,
            policy: PolicySlot::default(),
            assets: vec![AssetSlot::default(); shape.assets],
            events: vec![EventSlot::default(); shape.events],
            records: vec![RecordSlot::default(); shape.records],
            accounts: vec![AccountSlot::default(); shape.accounts],
            state_before: vec![(Fr::ZERO, Fr::ZERO); shape.accounts],
            state_after: vec![(Fr::ZERO, Fr::ZERO); shape.accounts],
            payouts: vec![Fr::ZERO; shape.accounts],
            roles: [Fr::ZERO; 3],
            cap: Fr::ZERO,
            excess: Fr::ZERO,
            header,
            inputs: [Fr::ZERO; 3],
        }
    }

    /// Lays an epoch out. `None` if the shape does not hold it.
    pub(crate) fn new(
        shape: Shape,
        inputs: &Inputs,
        trace: &Trace,
        publics: [Fr; 3],
    ) -> Option<Self> {
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
        let mut owned = std::collections::HashMap::<Fr, u64>::new();
        for asset in &inputs.registry {
            *owned.entry(asset.owner.to_field()).or_default() += 1;
        }
        for (slot, row) in self.accounts.iter_mut().zip(&trace.accounts) {
            let account = row.account.to_field();
            *slot = AccountSlot {
                active: true,
                account,
                before: field(&row.accrued_before),
                earned: field(&row.earned),
                credited: field(&row.credited),
                amount: Fr::from(row.amount),
                after: field(&row.accrued_after),
                assets: Fr::from(owned.get(&account).copied().unwrap_or(0)),
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
}

/// Any integer as a field element: a lie may exceed every bound.
fn field(v: &U256) -> Fr {
    Fr::from_le_bytes_mod_order(&v.to_le_bytes::<32>())
}

pub(crate) fn payout_word(payout: &Payout) -> Fr {
    payout.account.to_field() * two_to(AMOUNT_BITS) + Fr::from(payout.amount)
}
