//! Synthetic epochs of any size and skew, for tests and benches. Deterministic in the seed.

use crate::types::{
    Account, Asset, Bps, ContentHash, Edge, Event, Inputs, Kind, Policy, Record, StateEntry,
};
use crate::units::{ACCRUED_BITS, SCORE_BITS};
use ark_bn254::Fr;
use ruint::aliases::U256;
use sha3::{Digest, Keccak256};

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Assets; at least one when there are events.
    pub assets: usize,
    /// Events.
    pub events: usize,
    /// Records, spread evenly over the events; at most `events * assets`.
    pub records: usize,
    /// Owners of assets.
    pub owners: usize,
    /// Entries of the state that the epoch starts from.
    pub state: usize,
    /// Exponent of a Zipf law by which scores fall with an asset's rank; 0 is flat.
    pub skew: f64,
    /// Seed.
    pub seed: u64,
}

/// A small counter-mode generator over Keccak: the same numbers on every machine.
#[derive(Debug)]
pub struct Source {
    seed: u64,
    counter: u64,
    pool: Vec<u64>,
}

impl Source {
    /// A generator.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: 0, pool: Vec::new() }
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        if self.pool.is_empty() {
            let mut hash = Keccak256::new();
            hash.update(self.seed.to_be_bytes());
            hash.update(self.counter.to_be_bytes());
            self.counter += 1;
            let digest: [u8; 32] = hash.finalize().into();
            self.pool = digest
                .chunks_exact(8)
                .map(|c| u64::from_be_bytes(c.try_into().expect("eight bytes")))
                .collect();
        }
        self.pool.pop().expect("the pool was refilled")
    }

    /// A number below `bound` (above zero); the bias of a 64-bit modulus does not matter here.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next_u64() % bound
    }

    /// An account.
    pub fn account(&mut self) -> Account {
        loop {
            let mut bytes = [0; 20];
            for chunk in bytes.chunks_mut(8) {
                chunk.copy_from_slice(&self.next_u64().to_be_bytes()[..chunk.len()]);
            }
            if let Some(account) = Account::new(bytes) {
                return account;
            }
        }
    }
}

fn bps(v: u64) -> Bps {
    Bps::new(v as u32).expect("the generator stays within 10,000")
}

/// A policy with all parts in use: 5% platform, 5% stakers, 10% service, 20% model, 60% data.
#[must_use]
pub fn policy(source: &mut Source) -> Policy {
    Policy {
        platform_bps: bps(500),
        stakers_bps: bps(500),
        service_bps: bps(1_000),
        model_bps: bps(2_000),
        data_bps: bps(6_000),
        platform: source.account(),
        stakers: source.account(),
        remainder: source.account(),
        threshold: 1_000,
        cap_bps: bps(2_500),
        min_payout: 1_000,
        fraction_bits: 32,
    }
}

/// Generates an epoch.
///
/// # Panics
/// If the spec asks for more records than pairs, or for events without assets.
#[must_use]
pub fn epoch(spec: &Spec) -> Inputs {
    assert!(spec.records <= spec.events * spec.assets, "at most one record a pair");
    assert!(spec.events == 0 || spec.assets > 0, "an event names assets");
    let mut source = Source::new(spec.seed);
    let policy = policy(&mut source);
    let owners: Vec<Account> = (0..spec.owners.max(1)).map(|_| source.account()).collect();
    let registry = (0..spec.assets).map(|i| asset(i, &owners, &mut source)).collect();
    let events = (0..spec.events)
        .map(|i| Event {
            id: (i as u128 + 1).to_be_bytes(),
            fee: u128::from(source.next_u64() >> 8),
            service: source.below(spec.assets as u64) as u32,
            model: source.below(spec.assets as u64) as u32,
        })
        .collect();
    let mut state: Vec<StateEntry> = (0..spec.state)
        .map(|i| StateEntry {
            account: if i < owners.len() { owners[i] } else { source.account() },
            accrued: (U256::from(source.next_u64()) << (ACCRUED_BITS as usize - 64 - 2))
                + U256::from(1),
        })
        .collect();
    state.sort_unstable_by_key(|e| e.account);
    let records = records(spec, &mut source);
    Inputs { epoch: 1, policy, registry, salt: Fr::from(source.next_u64()), events, records, state }
}

fn asset(index: usize, owners: &[Account], source: &mut Source) -> Asset {
    let edges = if index == 0 { 0 } else { source.below(5) };
    let edges = (0..edges)
        .map(|_| Edge {
            parent: source.below(index as u64) as u32,
            bps: bps(1 + source.below(2_400)),
        })
        .collect();
    Asset {
        content_hash: ContentHash(Keccak256::digest(source.next_u64().to_be_bytes()).into()),
        owner: owners[source.below(owners.len() as u64) as usize],
        kind: Kind::NAMES[source.below(4) as usize].0,
        edges,
        penalty: if source.below(8) == 0 { bps(source.below(400)) } else { bps(0) },
    }
}

fn records(spec: &Spec, source: &mut Source) -> Vec<Record> {
    let mut records = Vec::with_capacity(spec.records);
    for event in 0..spec.events {
        // Spread evenly: event i takes the records up to its share of the whole.
        let upto = |i: usize| spec.records * i / spec.events;
        let count = upto(event + 1) - upto(event);
        // `count` distinct assets, increasing: one from each of `count` equal slices.
        for k in 0..count {
            let (from, to) = (spec.assets * k / count, spec.assets * (k + 1) / count);
            let asset = from + source.below((to - from) as u64) as usize;
            let top = (1u64 << SCORE_BITS) as f64 / 2.0;
            let scale = (top / ((asset + 1) as f64).powf(spec.skew)).max(2.0) as u64;
            let magnitude = source.below(scale) as i64;
            let score = if source.below(4) == 0 { -magnitude } else { magnitude };
            records.push(Record { event: event as u32, asset: asset as u32, score });
        }
    }
    records
}
