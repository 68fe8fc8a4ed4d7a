//! How objects become field elements, and lists become roots.
//!
//! A root is `hash(tag, counts.., tree roots..)`. Trees are those of [`crate::poseidon`]: 8-ary,
//! 8 levels, zero-padded; the count beside the tree's root tells padding from content. Every
//! packing is injective given the bounds in [`crate::units`], which clauses S1 to S3 check.
//! Offsets are in bits from the least significant.

use crate::poseidon::{hash, tag, tree_root};
use crate::types::{Account, Asset, Event, Inputs, Policy, Record, StateEntry};
use crate::units::{ASSET_INDEX_BITS, BPS_BITS, EDGES, FEE_BITS, MIN_PAYOUT_BITS, SCORE_BITS};
use crate::words::Header;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field, PrimeField};
use ruint::aliases::U256;

/// Tag of the registry's root.
pub const REGISTRY_TAG: &str = "meed.registry.v1";
/// Tag of the scores' root.
pub const SCORES_TAG: &str = "meed.scores.v1";
/// Tag of a state root.
pub const STATE_TAG: &str = "meed.state.v1";
/// Tag of the public words' hash.
pub const WORDS_TAG: &str = "meed.words.v1";
/// Tag of the policy's hash.
pub const POLICY_TAG: &str = "meed.policy.v1";
/// Field elements of an asset.
pub const ASSET_ELEMENTS: usize = 3;
/// Field elements of an event.
pub const EVENT_ELEMENTS: usize = 2;
/// Field elements of a state entry.
pub const STATE_ELEMENTS: usize = 2;
/// Records in one field element.
pub const RECORDS_PER_ELEMENT: usize = 2;
/// Bits of a packed record.
pub const RECORD_BITS: u32 = 104;
/// Bits of an edge in an asset's elements.
pub const EDGE_BITS: u32 = ASSET_INDEX_BITS + BPS_BITS;

/// `2^bits` as a field element.
#[must_use]
pub fn two_to(bits: u32) -> Fr {
    Fr::from(2u64).pow([u64::from(bits)])
}

/// A wide integer as a field element; it is below the modulus wherever this is called.
#[must_use]
pub fn to_field(v: &U256) -> Fr {
    let limbs = *v.as_limbs();
    Fr::from_bigint(ark_ff::BigInt(limbs)).expect("every bound in units is below the modulus")
}

/// Packs (value, bits) from the least significant up.
fn pack(parts: &[(Fr, u32)]) -> Fr {
    let mut sum = Fr::ZERO;
    let mut shift = 0;
    for (value, bits) in parts {
        sum += two_to(shift) * value;
        shift += bits;
    }
    debug_assert!(shift <= 253, "a packing stays below the modulus");
    sum
}

/// The three elements of an asset:
/// `edge 0 | edge 1 | kind 2 | penalty 14 | first 16 bytes of the hash 128`,
/// `edge 2 | edge 3 | last 16 bytes of the hash 128`, and the owner; an edge is
/// `parent 32 | bps 14`.
#[must_use]
pub fn asset_elements(asset: &Asset) -> [Fr; ASSET_ELEMENTS] {
    let edge = asset.edge_slots().map(|(parent, bps)| {
        (Fr::from(u64::from(parent) | u64::from(bps) << ASSET_INDEX_BITS), EDGE_BITS)
    });
    [
        pack(&[
            edge[0],
            edge[1],
            (Fr::from(asset.kind as u64), 2),
            (Fr::from(asset.penalty.get()), BPS_BITS),
            (Fr::from(asset.content_hash.key()), 128),
        ]),
        pack(&[edge[2], edge[EDGES - 1], (Fr::from(asset.content_hash.low()), 128)]),
        asset.owner.to_field(),
    ]
}

/// Root of the registry: `hash(tag, count, tree of the assets' elements)`.
#[must_use]
pub fn registry_root(assets: &[Asset]) -> Fr {
    let elements: Vec<Fr> = assets.iter().flat_map(asset_elements).collect();
    hash(&[tag(REGISTRY_TAG), Fr::from(assets.len() as u64), tree_root(&elements)])
}

/// The two elements of an event: the id, and `fee 80 | service 32 | model 32`.
#[must_use]
pub fn event_elements(event: &Event) -> [Fr; EVENT_ELEMENTS] {
    [
        Fr::from(u128::from_be_bytes(event.id)),
        pack(&[
            (Fr::from(event.fee), FEE_BITS),
            (Fr::from(event.service), ASSET_INDEX_BITS),
            (Fr::from(event.model), ASSET_INDEX_BITS),
        ]),
    ]
}

/// A record as a number below 2^104: `score + 2^47 48 | asset 32 | event 24`. Never zero.
#[must_use]
pub fn record_number(record: &Record) -> u128 {
    let biased = (record.score + (1i64 << SCORE_BITS)) as u128;
    biased | u128::from(record.asset) << 48 | u128::from(record.event) << 80
}

/// The elements of the records, two to an element, the first in the low bits.
#[must_use]
pub fn record_elements(records: &[Record]) -> Vec<Fr> {
    let shift = two_to(RECORD_BITS);
    records
        .chunks(RECORDS_PER_ELEMENT)
        .map(|pair| {
            let mut numbers = pair.iter().map(|r| Fr::from(record_number(r)));
            let low = numbers.next().unwrap_or_default();
            low + numbers.next().unwrap_or_default() * shift
        })
        .collect()
}

/// Root of the scores:
/// `hash(tag, registry root, salt, events, tree of events, records, tree of records)`.
#[must_use]
pub fn scores_root(registry_root: Fr, salt: Fr, events: &[Event], records: &[Record]) -> Fr {
    let event_leaves: Vec<Fr> = events.iter().flat_map(event_elements).collect();
    hash(&[
        tag(SCORES_TAG),
        registry_root,
        salt,
        Fr::from(events.len() as u64),
        tree_root(&event_leaves),
        Fr::from(records.len() as u64),
        tree_root(&record_elements(records)),
    ])
}

/// Root of an account state: `hash(tag, count, tree of account, accrued, account, ..)`.
#[must_use]
pub fn state_root(entries: &[StateEntry]) -> Fr {
    let elements: Vec<Fr> =
        entries.iter().flat_map(|e| [e.account.to_field(), to_field(&e.accrued)]).collect();
    hash(&[tag(STATE_TAG), Fr::from(entries.len() as u64), tree_root(&elements)])
}

/// Hash of the policy: `hash(tag, packed, platform, stakers, remainder)`, where packed is the five
/// shares 14 each, `cap 14 | threshold 47 | min_payout 80 | fraction bits 8`.
#[must_use]
pub fn policy_hash(policy: &Policy) -> Fr {
    let mut parts: Vec<(Fr, u32)> =
        policy.shares().iter().map(|s| (Fr::from(s.get()), BPS_BITS)).collect();
    parts.extend([
        (Fr::from(policy.cap_bps.get()), BPS_BITS),
        (Fr::from(policy.threshold), SCORE_BITS),
        (Fr::from(policy.min_payout), MIN_PAYOUT_BITS),
        (Fr::from(policy.fraction_bits), 8),
    ]);
    let [platform, stakers, remainder] = policy.accounts().map(|a: Account| a.to_field());
    hash(&[tag(POLICY_TAG), pack(&parts), platform, stakers, remainder])
}

/// `h`, the hash of all public words:
/// `hash(tag, hash(words 0..8), words 8..11, tree of the payout words)`.
#[must_use]
pub fn words_hash(header: &Header, payouts: &[Fr]) -> Fr {
    let words = header.to_words();
    let inner = hash(&words[..8]);
    hash(&[tag(WORDS_TAG), inner, words[8], words[9], words[10], tree_root(payouts)])
}

/// The roots that a network locks before it settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// Hash of the policy.
    pub policy_hash: Fr,
    /// Root of the registry.
    pub registry_root: Fr,
    /// Root of the events and records, blinded by the salt.
    pub scores_root: Fr,
}

impl Commitment {
    /// Commits to the inputs of an epoch.
    #[must_use]
    pub fn new(inputs: &Inputs) -> Self {
        let registry_root = registry_root(&inputs.registry);
        Self {
            policy_hash: policy_hash(&inputs.policy),
            registry_root,
            scores_root: scores_root(registry_root, inputs.salt, &inputs.events, &inputs.records),
        }
    }
}
