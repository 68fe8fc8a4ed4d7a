//! What a decoder must do with any bytes: return a value or an error, in time and memory that the
//! input's length justifies. And what it accepts, it writes again as it was. Beside the decoders, the
//! engine's sums: on all levels the same.
//!
//! [`TARGETS`] serves cargo-fuzz (`fuzz_targets/`) and the smoke run on a stable compiler
//! (`smoke.rs`) alike.
#![forbid(unsafe_code)]

pub mod calldata;
pub mod engine;
pub mod halo2;
pub mod ledger;
pub mod mutate;
pub mod page;
pub mod prover;
pub mod sample;
pub mod scores;
pub mod similar;
pub mod verifier;

/// A decoder under test.
#[derive(Clone, Copy)]
pub struct Target {
    /// As in `fuzz_targets/`.
    pub name: &'static str,
    /// Feeds it; panics when something is wrong. Returns whether the input was accepted.
    pub run: fn(&[u8]) -> bool,
    /// Inputs to start from. They are accepted, but for those of `ceremony`.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

macro_rules! targets {
    ($($module:ident::$name:ident: $seeds:expr;)*) => {
        &[$(Target { name: stringify!($name), run: $module::$name, seeds: || $seeds },)*]
    };
}

/// All decoders.
pub const TARGETS: &[Target] = targets! {
    verifier::verifying_key: vec![sample::get().key.verifying_key().to_bytes().to_vec()];
    verifier::proof: vec![sample::get().proof.to_bytes().to_vec()];
    verifier::verify: vec![verifier::verify_seed()];
    verifier::halo2_vk: vec![verifier::golden("key")];
    verifier::halo2_proof: vec![verifier::golden("proof")];
    verifier::verify_any: verifier::verify_any_seeds();
    verifier::words: vec![verifier::words_seed()];
    prover::zkey: vec![sample::get().zkey.clone()];
    prover::ceremony: vec![prover::ceremony_seed()];
    prover::ptau: vec![prover::ptau_seed()];
    prover::sidecar: vec![sample::get().sidecar.clone()];
    halo2::halo2_params: vec![halo2::params_seed()];
    halo2::halo2_key: vec![halo2::key_seed()];
    halo2::halo2_sidecar: vec![halo2::sidecar_seed()];
    prover::r1cs: vec![prover::r1cs_seed()];
    prover::wtns: vec![prover::wtns_seed()];
    prover::snarkjs: prover::snarkjs_seeds();
    prover::arkworks: prover::arkworks_seeds();
    ledger::policy: vec![ledger::policy_seed()];
    ledger::registry: vec![ledger::REGISTRY.into()];
    ledger::events: vec![ledger::EVENTS.into()];
    ledger::requests: vec![ledger::REQUESTS.into()];
    scores::columns: vec![scores::COLUMNS.into()];
    scores::scores_csv: vec![scores::SCORES.into()];
    scores::items: vec![scores::ITEMS.into()];
    scores::triples_csv: vec![scores::TRIPLES.into()];
    scores::scores_npy: scores::npy_seeds();
    scores::scores_safetensors: scores::safetensors_seeds();
    scores::scores_bergson: scores::bergson_seeds();
    scores::scores_spans: vec![scores::SPANS.into()];
    scores::scores_parquet: scores::parquet_seeds();
    scores::events_parquet: vec![scores::events_parquet_seed()];
    ledger::decimal: ledger::decimal_seeds();
    ledger::records: vec![ledger::records_seed()];
    ledger::state: vec![ledger::state_seed()];
    ledger::bundle: ledger::bundle_seeds();
    ledger::claims: vec![ledger::claims_seed()];
    calldata::dense: calldata::dense_seeds();
    similar::similar: similar::similar_seeds();
    page::page_message: page::page_seeds();
    engine::sums: engine::sums_seeds();
};
