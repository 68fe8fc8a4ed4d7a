//! Roots, words and bindings against committed vectors, `vectors/epoch.json`, which an
//! implementation that is not ours recomputes from the inputs: `vectors/roots.mjs`.
//!
//! `MEED_WRITE_GOLDEN=1 cargo test --release -p meed-statement --test roots` writes the vectors.

use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use meed_statement::lies::sample;
use meed_statement::poseidon::{tag, tree_root};
use meed_statement::roots::{
    record_elements, record_number, registry_root, scores_root, state_root, POLICY_TAG,
    REGISTRY_TAG, SCORES_TAG, STATE_TAG, WORDS_TAG,
};
use meed_statement::settle::settle;
use meed_statement::synthetic::{epoch, Spec};
use meed_statement::types::{Inputs, Record, StateEntry};
use meed_statement::words::{Binding, Domain};
use serde_json::{json, Value};
use std::path::Path;

const COMMAND: &str = "MEED_WRITE_GOLDEN=1 cargo test --release -p meed-statement --test roots";

/// More than one level of every tree, and counts that no power of eight divides.
const LARGER: Spec =
    Spec { assets: 30, events: 11, records: 151, owners: 17, state: 9, skew: 0.0, seed: 42 };

fn text(v: impl ToString) -> Value {
    Value::String(v.to_string())
}

fn state_json(state: &[StateEntry]) -> Value {
    state.iter().map(|e| json!([text(e.account), text(e.accrued)])).collect()
}

fn inputs_json(inputs: &Inputs) -> Value {
    let policy = &inputs.policy;
    let edges = |edges: &[meed_statement::types::Edge]| -> Value {
        edges.iter().map(|e| json!([e.parent, e.bps.get()])).collect()
    };
    json!({
        "epoch": inputs.epoch,
        "policy": {
            "shares": policy.shares().map(|s| s.get()),
            "accounts": policy.accounts().map(text),
            "threshold": text(policy.threshold),
            "cap_bps": policy.cap_bps.get(),
            "min_payout": text(policy.min_payout),
            "fraction_bits": policy.fraction_bits,
        },
        "registry": inputs.registry.iter().map(|a| json!({
            "content_hash": hex::encode(a.content_hash.0),
            "owner": text(a.owner),
            "kind": a.kind as u8,
            "edges": edges(&a.edges),
            "penalty": a.penalty.get(),
        })).collect::<Value>(),
        "salt": text(inputs.salt),
        "events": inputs.events.iter().map(|e| json!({
            "id": hex::encode(e.id),
            "fee": text(e.fee),
            "service": e.service,
            "model": e.model,
        })).collect::<Value>(),
        "records": inputs.records.iter()
            .map(|r| json!([r.event, r.asset, r.score])).collect::<Value>(),
        "state": state_json(&inputs.state),
    })
}

/// All that an epoch's inputs determine of its words, with two domains.
fn vector(inputs: &Inputs) -> Value {
    let trace = settle(inputs).unwrap();
    let words = trace.words();
    let evm = Domain::evm(31_337, [0xc0; 20]);
    let bindings = [("off-chain", Domain::OFF_CHAIN), ("evm", evm)].map(|(name, domain)| {
        let binding = Binding::derive(&domain, trace.h, &words);
        json!({
            "domain": name,
            "chain_id": hex::encode(domain.chain_id()),
            "contract": hex::encode(domain.contract()),
            "alpha": text(binding.alpha),
            "y": text(binding.y),
        })
    });
    json!({
        "inputs": inputs_json(inputs),
        "policy_hash": text(trace.header.policy_hash),
        "registry_root": text(trace.header.registry_root),
        "scores_root": text(trace.header.scores_root),
        "state_root_before": text(trace.header.state_root_before),
        "state_after": state_json(&trace.state_after),
        "state_root_after": text(trace.header.state_root_after),
        "words": words.iter().map(text).collect::<Value>(),
        "h": text(trace.h),
        "bindings": bindings,
    })
}

#[test]
fn vectors_are_the_committed_ones() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/epoch.json");
    let vectors = json!([vector(&sample()), vector(&epoch(&LARGER))]);
    if std::env::var_os("MEED_WRITE_GOLDEN").is_some() {
        let text = serde_json::to_string_pretty(&vectors).unwrap() + "\n";
        std::fs::write(&path, text).unwrap();
    }
    let file = std::fs::read_to_string(&path)
        .unwrap_or_else(|e| panic!("tests/vectors/epoch.json: {e}; this writes it: {COMMAND}"));
    let committed: Value = serde_json::from_str(&file).unwrap();
    for (index, (committed, now)) in
        committed.as_array().unwrap().iter().zip(vectors.as_array().unwrap()).enumerate()
    {
        for (field, value) in now.as_object().unwrap() {
            assert_eq!(
                &committed[field], value,
                "epoch {index}, {field}: differs from the committed vector; {COMMAND} rewrites it"
            );
        }
    }
    assert_eq!(committed, vectors, "{COMMAND} rewrites the vectors");
}

#[test]
fn tags_are_distinct() {
    let tags = [REGISTRY_TAG, SCORES_TAG, STATE_TAG, POLICY_TAG, WORDS_TAG];
    let mut fields: Vec<Fr> = tags.map(tag).to_vec();
    fields.push(tag(core::str::from_utf8(meed_statement::words::ALPHA_TAG).unwrap()));
    fields.sort_unstable();
    fields.dedup();
    assert_eq!(fields.len(), tags.len() + 1);
    assert!(!fields.contains(&Fr::ZERO));
}

/// Every number of the inputs is in one of the roots.
#[test]
fn roots_tell_inputs_apart() {
    use meed_statement::roots::policy_hash;
    let honest = sample();
    let root = |inputs: &Inputs| {
        let registry = registry_root(&inputs.registry);
        [
            policy_hash(&inputs.policy),
            registry,
            scores_root(registry, inputs.salt, &inputs.events, &inputs.records),
            state_root(&inputs.state),
        ]
    };
    let of_honest = root(&honest);
    let differs = |index: usize, change: fn(&mut Inputs)| {
        let mut inputs = honest.clone();
        change(&mut inputs);
        let roots = root(&inputs);
        for (i, (now, then)) in roots.iter().zip(&of_honest).enumerate() {
            // The scores' root commits to the registry's, too.
            let depends = i == index || (index == 1 && i == 2);
            assert_eq!(now != then, depends, "root {i} after a change of {index}");
        }
    };
    differs(0, |i| i.policy.threshold ^= 1);
    differs(0, |i| i.policy.min_payout ^= 1 << 79);
    differs(0, |i| i.policy.fraction_bits ^= 1);
    differs(0, |i| core::mem::swap(&mut i.policy.cap_bps, &mut i.policy.data_bps));
    differs(0, |i| core::mem::swap(&mut i.policy.platform, &mut i.policy.remainder));
    differs(1, |i| i.registry[0].content_hash.0[0] ^= 0x80);
    differs(1, |i| i.registry[0].content_hash.0[31] ^= 1);
    differs(1, |i| i.registry[5].edges.swap(1, 2));
    differs(1, |i| i.registry[5].edges.swap(0, 3));
    differs(1, |i| i.registry[5].edges.truncate(3));
    differs(1, |i| i.registry.swap(0, 1));
    differs(1, |i| i.registry[7].penalty = meed_statement::types::Bps::default());
    differs(2, |i| i.events[0].id[15] ^= 1);
    differs(2, |i| i.events[0].fee ^= 1 << 79);
    differs(2, |i| i.events[0].service = i.events[0].model);
    differs(2, |i| i.events[0].model = i.events[0].service);
    differs(2, |i| i.records[0].score ^= 1);
    differs(2, |i| i.records[18].score = -i.records[18].score);
    differs(2, |i| i.records[18].asset += 1);
    differs(2, |i| i.records[18].event -= 1);
    differs(3, |i| i.state[0].accrued += ruint::aliases::U256::from(1));
    differs(3, |i| i.state[0].account = i.registry[0].owner);
    differs(3, |i| i.state.truncate(2));
}

/// What pads a tree is not content: the count stands beside it.
#[test]
fn padding_is_not_content() {
    let zeros = |n: usize| tree_root(&vec![Fr::ZERO; n]);
    assert_eq!(zeros(0), zeros(9));
    let honest = sample();
    // A record is never zero, whatever its numbers: the bias of the score sees to it.
    let least = Record { event: 0, asset: 0, score: -(1 << 47) + 1 };
    assert_eq!(record_number(&least), 1);
    assert_eq!(record_elements(&[least]), [Fr::from(1u64)]);
    let root = |records: &[Record]| scores_root(Fr::ZERO, Fr::ZERO, &honest.events, records);
    assert_ne!(root(&[]), root(&[least]));
    // An odd last record is not a pair.
    let next = Record { asset: 1, ..least };
    assert_ne!(root(&[least]), root(&[least, next]));
    assert_ne!(state_root(&[]), registry_root(&[]));
}
