//! An epoch laid out in the slots of a shape: the prover's hints, as field elements.
//!
//! Unused slots are zero. Everything here is a hint: a lie that is told in the trace reaches the
//! circuit unchanged, and the constraints must refuse it.

use crate::field::{to_halo2, two_to, wide, Fr};
use halo2_proofs::halo2curves::ff::PrimeField;
use meed_statement::settle::Trace;
use meed_statement::shape::{Shape, Size};
use meed_statement::types::{Account, Inputs, StateEntry};
use meed_statement::units::{EDGES, SCORE_BITS};
use meed_statement::words::{Binding, AMOUNT_BITS, HEADER_WORDS, VERSION};
use std::collections::HashMap;

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
    pub(crate) direct: Fr,
    pub(crate) inflow: Fr,
    /// Passed up each edge, and the penalty.
    pub(crate) passes: [Fr; EDGES + 1],
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
    /// `h, alpha, y`.
    pub(crate) publics: [Fr; 3],
}

fn account(a: &Account) -> Fr {
    to_halo2(&a.to_field())
}

impl Slots {
    /// Slots without an epoch: for laying a shape out.
    pub(crate) fn empty(shape: Shape) -> Self {
        let mut header = [Fr::zero(); HEADER_WORDS];
        header[0] = Fr::from(VERSION);
        Self {
            shape,
            salt: Fr::zero(),
            policy: PolicySlot::default(),
            assets: vec![AssetSlot::default(); shape.assets],
            events: vec![EventSlot::default(); shape.events],
            records: vec![RecordSlot::default(); shape.records],
            accounts: vec![AccountSlot::default(); shape.accounts],
            state_before: vec![Default::default(); shape.accounts],
            state_after: vec![Default::default(); shape.accounts],
            payouts: vec![Fr::zero(); shape.accounts],
            roles: [Fr::zero(); 3],
            cap: Fr::zero(),
            excess: Fr::zero(),
            header,
            publics: [Fr::zero(); 3],
        }
    }

    /// Lays an epoch out. `None` if the shape does not hold it.
    pub(crate) fn new(
        shape: Shape,
        inputs: &Inputs,
        trace: &Trace,
        binding: &Binding,
    ) -> Option<Self> {
        let lists = trace.payouts.len().max(trace.state_after.len()).max(inputs.state.len());
        if !shape.holds(&Size::of(inputs, trace)) || lists > shape.accounts {
            return None;
        }
        let mut slots = Self::empty(shape);
        let policy = &inputs.policy;
        slots.salt = to_halo2(&inputs.salt);
        slots.publics = binding.to_inputs().map(|x| to_halo2(&x));
        slots.header = trace.header.to_words().map(|x| to_halo2(&x));
        let roles = &trace.roles;
        slots.roles = [roles.platform, roles.stakers, roles.remainder].map(|v| wide(&v));
        slots.cap = wide(&trace.cap);
        slots.excess = wide(&trace.excess);
        slots.policy = PolicySlot {
            shares: policy.shares().map(|s| Fr::from(u64::from(s.get()))),
            cap_bps: Fr::from(u64::from(policy.cap_bps.get())),
            threshold: Fr::from(policy.threshold),
            min_payout: Fr::from_u128(policy.min_payout),
            fraction_bits: Fr::from(u64::from(policy.fraction_bits)),
            accounts: policy.accounts().map(|a| account(&a)),
        };
        slots.fill_assets(inputs, trace);
        slots.fill_ledger(inputs, trace);
        slots.fill_accounts(inputs, trace);
        Some(slots)
    }

    fn fill_assets(&mut self, inputs: &Inputs, trace: &Trace) {
        let mut keys: Vec<u128> = inputs.registry.iter().map(|a| a.content_hash.key()).collect();
        keys.sort_unstable();
        let items = inputs.registry.iter().zip(&trace.flows).zip(keys);
        for (slot, ((asset, flow), key)) in self.assets.iter_mut().zip(items) {
            let [p0, p1, p2, p3] = flow.passes.map(|p| wide(&p));
            let small = |v: u32| Fr::from(u64::from(v));
            *slot = AssetSlot {
                active: true,
                key: Fr::from_u128(asset.content_hash.key()),
                low: Fr::from_u128(asset.content_hash.low()),
                owner: account(&asset.owner),
                kind: Fr::from(asset.kind as u64),
                edges: asset.edge_slots().map(|(p, b)| (small(p), small(b))),
                penalty_bps: small(asset.penalty.get()),
                sorted_key: Fr::from_u128(key),
                direct: wide(&flow.direct),
                inflow: wide(&flow.inflow),
                passes: [p0, p1, p2, p3, wide(&flow.penalty)],
                kept: wide(&flow.kept),
            };
        }
    }

    fn fill_ledger(&mut self, inputs: &Inputs, trace: &Trace) {
        let events = inputs.events.iter().zip(&trace.prices);
        for (slot, (event, price)) in self.events.iter_mut().zip(events) {
            *slot = EventSlot {
                active: true,
                id: Fr::from_u128(u128::from_be_bytes(event.id)),
                fee: Fr::from_u128(event.fee),
                service: Fr::from(u64::from(event.service)),
                model: Fr::from(u64::from(event.model)),
                points: Fr::from_u128(price.points),
                price: wide(&price.price),
                leftover: wide(&price.leftover),
            };
        }
        let records = inputs.records.iter().zip(&trace.counted);
        for (slot, (record, counted)) in self.records.iter_mut().zip(records) {
            *slot = RecordSlot {
                event: Fr::from(u64::from(record.event)),
                asset: Fr::from(u64::from(record.asset)),
                score: crate::builder::fr(record.score) + two_to(SCORE_BITS),
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
                account: account(&row.account),
                before: wide(&row.accrued_before),
                earned: wide(&row.earned),
                credited: wide(&row.credited),
                amount: Fr::from_u128(row.amount),
                after: wide(&row.accrued_after),
                assets: Fr::from(owned.get(&row.account).copied().unwrap_or(0)),
                roles: inputs.policy.accounts().map(|a| a == row.account),
            };
        }
        let entry = |e: &StateEntry| (account(&e.account), wide(&e.accrued));
        for (slot, e) in self.state_before.iter_mut().zip(&inputs.state) {
            *slot = entry(e);
        }
        for (slot, e) in self.state_after.iter_mut().zip(&trace.state_after) {
            *slot = entry(e);
        }
        for (slot, payout) in self.payouts.iter_mut().zip(&trace.payouts) {
            *slot = account(&payout.account) * two_to(AMOUNT_BITS) + Fr::from_u128(payout.amount);
        }
    }
}
