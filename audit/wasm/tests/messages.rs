//! The messages, natively: honest ones, changed ones, and nonsense. The roots are held against those of
//! `meed-statement`.

use meed_page_wasm::{code, message};
use meed_statement::roots::{policy_hash, registry_root, state_root};
use meed_statement::synthetic::{epoch, Source, Spec};
use meed_statement::types::{Inputs, StateEntry};
use meed_statement::words::word_to_bytes;
use meed_verifier::AnyVerifyingKey;

/// The verifier's golden files, one for each proof system.
const GOLDEN: [&str; 2] = [
    include_str!("../../../verifier/tests/golden/proof.txt"),
    include_str!("../../../verifier/tests/golden/halo2.txt"),
];

fn golden(text: &str, name: &str) -> Vec<u8> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let digits = line.expect("the golden file names it").as_bytes();
    let digit = |c: u8| char::from(c).to_digit(16).expect("hexadecimal") as u8;
    digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn proof_message(text: &str) -> Vec<u8> {
    let golden = |name| golden(text, name);
    let h = golden("inputs")[..32].to_vec();
    [golden("key"), golden("proof"), golden("domain"), h, golden("words")].concat()
}

#[test]
fn the_golden_proof_is_accepted_and_changed_ones_are_not() {
    for text in GOLDEN {
        let honest = proof_message(text);
        assert_eq!(message::proof(&mut honest.clone()), Ok(()));
        for at in (0..honest.len()).step_by(5) {
            let mut changed = honest.clone();
            changed[at] ^= 1;
            assert!(message::proof(&mut changed).is_err(), "byte {at}");
        }
        for (cut, expected) in [(1, code::LENGTH), (32, code::WORDS_COUNT)] {
            let mut short = honest[..honest.len() - cut].to_vec();
            assert_eq!(message::proof(&mut short), Err(expected));
        }
    }
}

#[test]
fn a_proof_of_the_other_system_is_named() {
    for (one, other) in [(GOLDEN[0], GOLDEN[1]), (GOLDEN[1], GOLDEN[0])] {
        let rest = |name| golden(other, name);
        let h = rest("inputs")[..32].to_vec();
        let mixed = [golden(one, "key"), rest("proof"), rest("domain"), h, rest("words")];
        assert_eq!(message::proof(&mut mixed.concat()), Err(code::SYSTEM));
    }
    let mut rows = golden(GOLDEN[1], "key");
    rows[8 + 63] = 40;
    assert_eq!(message::key(&mut rows), Err(code::KEY_HEAD));
}

#[test]
fn a_key_tells_its_id_and_that_it_is_for_development() {
    for text in GOLDEN {
        let mut bytes = golden(text, "key");
        let id = AnyVerifyingKey::from_bytes(&bytes).unwrap().id();
        assert_eq!(message::key(&mut bytes), Err(code::KEY_DEVELOPMENT));
        assert_eq!(bytes[..32], id);
        assert!(message::key(&mut bytes).is_err());
    }
    assert_eq!(message::key(&mut [0; 703]), Err(code::LENGTH));
}

fn inputs() -> Inputs {
    epoch(&Spec { assets: 60, events: 4, records: 100, owners: 9, state: 30, skew: 1.0, seed: 3 })
}

fn state_message(entries: &[StateEntry]) -> Vec<u8> {
    let mut bytes = vec![0; 32];
    for entry in entries {
        bytes.extend(entry.account.bytes());
        bytes.extend(entry.accrued.to_be_bytes::<32>());
    }
    bytes
}

#[test]
fn a_states_root_is_the_statements() {
    let entries = inputs().state;
    for list in [&entries[..], &entries[..1], &[]] {
        let mut bytes = state_message(list);
        assert_eq!(message::state(&mut bytes), Ok(()));
        assert_eq!(bytes[..32], word_to_bytes(&state_root(list)));
    }
    let mut swapped = entries.clone();
    swapped.swap(3, 4);
    assert_eq!(message::state(&mut state_message(&swapped)), Err(code::WORDS_ORDER));
    for accrued in ["0", "21778071482940061661655974875633165533184"] {
        let mut wrong = entries.clone();
        wrong[0].accrued = accrued.parse().unwrap();
        assert_eq!(message::state(&mut state_message(&wrong)), Err(code::WORDS_PAYOUT));
    }
    assert_eq!(message::state(&mut [0; 31]), Err(code::LENGTH));
    assert_eq!(message::state(&mut [0; 33]), Err(code::LENGTH));
}

fn policy_message(inputs: &Inputs) -> Vec<u8> {
    let policy = &inputs.policy;
    let mut bytes = vec![0; 32];
    policy.accounts().iter().for_each(|account| bytes.extend(account.bytes()));
    policy.shares().iter().for_each(|share| bytes.extend(share.get().to_be_bytes()));
    bytes.extend(policy.cap_bps.get().to_be_bytes());
    bytes.extend(u32::from(policy.fraction_bits).to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(policy.threshold.to_be_bytes());
    bytes.extend(policy.min_payout.to_be_bytes());
    bytes
}

#[test]
fn a_policys_hash_is_the_statements() {
    let inputs = inputs();
    let honest = policy_message(&inputs);
    let mut bytes = honest.clone();
    assert_eq!(message::policy(&mut bytes), Ok(()));
    let expected = word_to_bytes(&policy_hash(&inputs.policy));
    assert_eq!(bytes[..32], expected);
    for at in 32..honest.len() {
        let mut changed = honest.clone();
        changed[at] ^= 1;
        assert!(message::policy(&mut changed).is_err() || changed[..32] != expected, "byte {at}");
    }
    assert_eq!(message::policy(&mut honest[..honest.len() - 1].to_vec()), Err(code::LENGTH));
}

fn registry_message(inputs: &Inputs) -> Vec<u8> {
    let mut bytes = vec![0; 32];
    for asset in &inputs.registry {
        bytes.extend(asset.content_hash.0);
        bytes.extend(asset.owner.bytes());
        bytes.extend((asset.kind as u16).to_be_bytes());
        bytes.extend((asset.penalty.get() as u16).to_be_bytes());
        for (parent, bps) in asset.edge_slots() {
            bytes.extend(parent.to_be_bytes());
            bytes.extend(bps.to_be_bytes());
        }
    }
    bytes
}

#[test]
fn a_registrys_root_is_the_statements() {
    let inputs = inputs();
    let honest = registry_message(&inputs);
    let mut bytes = honest.clone();
    assert_eq!(message::registry(&mut bytes), Ok(()));
    let expected = word_to_bytes(&registry_root(&inputs.registry));
    assert_eq!(bytes[..32], expected);
    for at in (32..honest.len()).step_by(3) {
        let mut changed = honest.clone();
        changed[at] ^= 1;
        assert!(message::registry(&mut changed).is_err() || changed[..32] != expected, "{at}");
    }
    assert_eq!(message::registry(&mut honest[..honest.len() - 1].to_vec()), Err(code::LENGTH));
}

#[test]
fn nonsense_is_refused_without_a_panic() {
    let functions =
        [message::proof, message::key, message::state, message::policy, message::registry];
    let mut source = Source::new(5);
    for length in [0, 1, 31, 32, 84, 88, 140, 704, 1056, 1088, 4000] {
        for function in functions {
            let mut bytes: Vec<u8> = (0..length).map(|_| source.next_u64() as u8).collect();
            // Whether it is refused depends on the length; that it returns is the point.
            let _ = function(&mut bytes);
            let _ = function(&mut vec![0; length]);
            let _ = function(&mut vec![255; length]);
        }
    }
}
