//! One byte, anywhere.

use super::{bundles, circuit, verify, verify_expecting};
use meed_ledger::bundle::{BundleError, Expected};
use meed_toys::bundles::Files;
use meed_verifier::{AnyVerifyingKey, System};

const NAMES: [&str; 6] =
    ["manifest.json", "payouts.csv", "payouts.json", "proof.bin", "public.json", "state.csv"];
/// The lowest and the highest bit, and the one between upper and lower case.
const MASKS: [u8; 3] = [0x01, 0x80, 0x20];

#[test]
fn a_change_of_any_byte_is_found() {
    bundles(1).into_iter().for_each(|(files, key)| found(&files, &key));
}

fn found(files: &Files, key: &AnyVerifyingKey) {
    verify(files, key).unwrap();
    let mut tried = 0;
    for name in NAMES {
        for position in 0..files.clone().get(name).len() {
            for mask in MASKS {
                let mut changed = files.clone();
                changed.get(name)[position] ^= mask;
                assert!(verify(&changed, key).is_err(), "{name}, byte {position} ^ {mask:#04x}");
                tried += 1;
            }
        }
    }
    assert!(tried > 10_000, "{tried}");
}

/// As above, but whoever changed the byte also wrote new sizes and digests into the manifest.
#[test]
fn a_change_of_any_byte_is_found_under_a_new_manifest() {
    bundles(1).into_iter().for_each(|(files, key)| found_under_a_new_manifest(&files, &key));
}

fn found_under_a_new_manifest(files: &Files, key: &AnyVerifyingKey) {
    let mut same = files.clone();
    same.reseal();
    assert_eq!(same.0, files.0, "resealing an honest bundle changes nothing");
    // The key does not tell its circuit's name and digest; see `Circuit`.
    let expected = Expected { circuit: Some(circuit()), ..Expected::default() };
    for name in NAMES {
        let mut restored = 0;
        // Each changed number in a proof of halo2 is a check of the whole proof.
        let masks = match (name, key.system()) {
            ("proof.bin", System::Halo2) => &MASKS[..1],
            _ => &MASKS[..],
        };
        for position in 0..files.clone().get(name).len() {
            for mask in masks {
                let mut changed = files.clone();
                changed.get(name)[position] ^= mask;
                changed.reseal();
                if changed.0 == files.0 {
                    restored += 1;
                    continue;
                }
                let verdict = verify_expecting(&changed, key, &expected);
                let error = verdict.expect_err(&format!("{name}, byte {position} ^ {mask:#04x}"));
                assert!(!matches!(error, BundleError::Io { .. } | BundleError::Write(_)));
            }
        }
        // Only what a reseal writes anew: sizes and digests in the manifest.
        assert_eq!(restored > 0, name == "manifest.json");
    }
}

#[test]
fn a_byte_more_or_less_is_found() {
    bundles(1).into_iter().for_each(|(files, key)| more_or_less(&files, &key));
}

fn more_or_less(files: &Files, key: &AnyVerifyingKey) {
    for name in NAMES {
        let length = files.clone().get(name).len();
        for position in 0..=length {
            for (inserts, resealed) in [(true, false), (false, false), (true, true), (false, true)]
            {
                let mut changed = files.clone();
                let bytes = changed.get(name);
                if inserts {
                    bytes.insert(position, if position % 2 == 0 { b' ' } else { b'0' });
                } else if position < length {
                    bytes.remove(position);
                } else {
                    continue;
                }
                if resealed {
                    changed.reseal();
                    if changed.0 == files.0 {
                        continue;
                    }
                }
                let expected = Expected { circuit: Some(circuit()), ..Expected::default() };
                let verdict = verify_expecting(&changed, key, &expected);
                assert!(verdict.is_err(), "{name}, at {position}, {inserts} {resealed}");
            }
        }
    }
}

#[test]
fn truncated_files_are_named_with_their_sizes() {
    bundles(1).into_iter().for_each(|(files, key)| truncated(&files, &key));
}

fn truncated(files: &Files, key: &AnyVerifyingKey) {
    for name in NAMES {
        let length = files.clone().get(name).len();
        for keep in 0..length {
            let mut changed = files.clone();
            changed.get(name).truncate(keep);
            let error = verify(&changed, key).unwrap_err();
            if name == "manifest.json" {
                let said = matches!(
                    error,
                    BundleError::Syntax { file: "manifest.json", .. }
                        | BundleError::Bytes { file: "manifest.json", .. }
                );
                assert!(said, "{error}");
            } else {
                let BundleError::Length { file, expected, got } = error else { panic!("{error}") };
                assert_eq!((file, expected, got), (name, length as u64, keep as u64));
            }
        }
    }
}

/// Nothing panics on noise, whatever the manifest says about it.
#[test]
fn noise_is_refused() {
    bundles(1).into_iter().for_each(|(files, key)| noise(&files, &key));
}

fn noise(files: &Files, key: &AnyVerifyingKey) {
    let mut source = meed_statement::synthetic::Source::new(11);
    for round in 0..2_000 {
        let mut changed = files.clone();
        let name = NAMES[round % NAMES.len()];
        let bytes = changed.get(name);
        let length = bytes.len() as u64;
        let (a, b) = (source.below(length) as usize, source.below(length) as usize);
        let range = a.min(b)..a.max(b);
        match source.below(4) {
            0 => bytes[range].iter_mut().for_each(|byte| *byte = source.next_u64() as u8),
            1 => drop(bytes.drain(range)),
            2 => bytes[range].reverse(),
            _ => {
                let part = bytes[range].to_vec();
                bytes.extend(part);
            }
        }
        changed.reseal();
        if changed.0 != files.0 {
            let expected = Expected { circuit: Some(circuit()), ..Expected::default() };
            assert!(verify_expecting(&changed, key, &expected).is_err(), "round {round}, {name}");
        }
    }
}
