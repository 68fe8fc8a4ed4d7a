//! Coordinated lies: the manifest, and whatever else a liar can compute, is made to fit.

use super::{bundle, files_of, setups, verify};
use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};
use meed_ledger::bundle::{hex_0x, write_bundle, BundleError, LISTED, MANIFEST};
use meed_statement::roots::words_hash;
use meed_statement::types::StateEntry;
use meed_statement::words::{
    check_words, word_to_bytes, Binding, Domain, WordsError, HEADER_WORDS,
};
use meed_toys::bundles::{small_epoch, Content, Files, Setup};
use ruint::aliases::U256;

fn word(word: &Fr) -> String {
    hex_0x(&word_to_bytes(word))
}

#[test]
fn files_of_another_bundle_are_refused() {
    setups(7, false).into_iter().for_each(of_another_bundle);
}

fn of_another_bundle(mut setup: Setup) {
    let mut content = |seed| Content::new(&mut setup, small_epoch(seed).1, Domain::OFF_CHAIN);
    let (one, two, again) = (content(1), content(2), content(1));
    let key = setup.key;
    let [one, mut two, mut again] = [one, two, again].map(|c| files_of(&c, &key));
    for name in LISTED.into_iter().chain([MANIFEST]) {
        for resealed in [false, true] {
            let mut mixed = one.clone();
            *mixed.get(name) = two.get(name).clone();
            if resealed {
                mixed.reseal();
            }
            let error = verify(&mixed, &key).unwrap_err();
            assert!(!matches!(error, BundleError::ForeignKey { .. }), "{error}");
        }
    }
    // A proof of the same words is no lie, only another bundle.
    let mut mixed = one.clone();
    *mixed.get("proof.bin") = again.get("proof.bin").clone();
    let error = verify(&mixed, &key).unwrap_err();
    assert!(matches!(error, BundleError::Digest { file: "proof.bin", .. }), "{error}");
    mixed.reseal();
    assert_eq!(mixed.0, again.0);
    verify(&mixed, &key).unwrap();
    let _ = verify(&one, &key).unwrap();
}

#[test]
fn other_spellings_are_refused() {
    let (files, key) = bundle(1);
    let refused = |name: &'static str, text: String| {
        let mut changed = files.clone();
        assert_ne!(changed.text(name), text);
        *changed.get(name) = text.into_bytes();
        changed.reseal();
        let error = verify(&changed, &key).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    };
    for name in LISTED.into_iter().filter(|name| *name != "proof.bin") {
        let text = files.text(name);
        refused(name, text.replace('\n', "\r\n"));
        refused(name, format!("\u{feff}{text}"));
        refused(name, format!("{text}\n"));
        refused(name, text.trim_end().to_owned());
        refused(name, text.replace('a', "A"));
        refused(name, text.replacen(',', ", ", 1));
        refused(name, text.replacen("0x", "0X", 1));
        if name.ends_with(".json") {
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            refused(name, serde_json::to_string(&value).unwrap());
            refused(name, text.replacen("{\n", "{\n  \"more\": 1,\n", 1));
            refused(name, text.replacen(": \"", ": \"\\u0030", 1));
        }
    }
    // A duplicate key, an escape for a letter, reordered keys.
    let text = files.text("public.json");
    let h = text.lines().find(|line| line.starts_with("  \"h\"")).unwrap().to_owned() + "\n";
    refused("public.json", text.replace(&h, &format!("{h}{h}")));
    refused("public.json", text.replace("\"h\"", "\"\\u0068\""));
    refused(
        "public.json",
        text.replace(&h, "").replace("{\n  \"words\"", &format!("{{\n{h}  \"words\"")),
    );
    // The manifest's own spelling.
    for (from, to) in [("\": \"", "\":\""), ("\"vk_id\": \"0x", "\"vk_id\": \""), ("\n", "\n\n")] {
        let mut changed = files.clone();
        changed.replace(MANIFEST, from, to);
        changed.reseal();
        let error = verify(&changed, &key).unwrap_err();
        assert!(error.to_string().contains(MANIFEST), "{error}");
    }
}

/// A word plus the modulus is the same field element, with another payee.
#[test]
fn a_word_above_the_modulus_is_refused() {
    let (files, key) = bundle(1);
    let verified = verify(&files, &key).unwrap();
    for (index, value) in verified.words.iter().enumerate() {
        let mut sum = value.into_bigint();
        sum.add_with_carry(&Fr::MODULUS);
        let mut changed = files.clone();
        let bytes: Vec<u8> = sum.to_bytes_be();
        changed.replace("public.json", &word(value), &hex_0x(&bytes));
        changed.reseal();
        let error = verify(&changed, &key).unwrap_err();
        let first = verified.words.iter().position(|w| w == value) == Some(index);
        let named = matches!(&error,
            BundleError::Words { source: WordsError::NonCanonical { index: i }, .. } if *i == index);
        assert!(named || !first, "{error}");
    }
}

/// Pays one account a unit more, and makes everything fit but the proof.
#[test]
fn another_payout_needs_another_proof() {
    setups(7, false).into_iter().for_each(needs_another_proof);
}

fn needs_another_proof(mut setup: Setup) {
    let content = Content::new(&mut setup, small_epoch(1).1, Domain::OFF_CHAIN);
    let mut lie = Content {
        circuit: content.circuit.clone(),
        domain: content.domain,
        trace: content.trace.clone(),
        proof: content.proof.clone(),
    };
    lie.trace.payouts[0].amount += 1;
    lie.trace.header.released_total += 1;
    check_words(&lie.trace.words()).unwrap();
    // `render` refuses it, so a bundle of it is made under a forged proof, whose proof is then put back.
    lie.trace.h = words_hash(&lie.trace.header, &lie.trace.payout_words());
    lie.proof = setup.prove(&Binding::derive(&lie.domain, lie.trace.h, &lie.trace.words()));
    let mut files = files_of(&lie, &setup.key);
    *files.get("proof.bin") = content.proof.to_vec();
    files.reseal();
    let error = verify(&files, &setup.key).unwrap_err();
    assert_eq!(error.to_string(), "proof.bin: the proof does not prove these public inputs");
}

/// Another domain, with alpha and y derived for it, needs another proof too.
#[test]
fn a_proof_is_for_one_domain() {
    setups(7, false).into_iter().for_each(is_for_one_domain);
}

fn is_for_one_domain(mut setup: Setup) {
    let here = Content::new(&mut setup, small_epoch(1).1, Domain::evm(1, [1; 20]));
    let there = Content::new(&mut setup, small_epoch(1).1, Domain::evm(1, [2; 20]));
    let mut files = files_of(&there, &setup.key);
    *files.get("proof.bin") = here.proof.to_vec();
    files.reseal();
    let error = verify(&files, &setup.key).unwrap_err();
    assert!(matches!(error, BundleError::Proof { .. }), "{error}");
}

#[test]
fn h_alpha_and_y_are_those_of_the_words() {
    let (files, key) = bundle(1);
    let binding = verify(&files, &key).unwrap().binding;
    for (name, value) in [("h", binding.h), ("alpha", binding.alpha), ("y", binding.y)] {
        let mut changed = files.clone();
        changed.replace("public.json", &word(&value), &word(&(value + Fr::from(1u64))));
        changed.reseal();
        let error = verify(&changed, &key).unwrap_err().to_string();
        assert!(error.starts_with(&format!("public.json: {name}: expected 0x")), "{error}");
    }
}

/// Writes a state file as a liar would.
fn with_state(files: &Files, state: &[StateEntry]) -> Files {
    let mut changed = files.clone();
    let rows: String = state.iter().map(|e| format!("{},{}\n", e.account, e.accrued)).collect();
    *changed.get("state.csv") = format!("account,accrued\n{rows}").into_bytes();
    changed.reseal();
    changed
}

#[test]
fn another_state_is_refused() {
    let (files, key) = bundle(1);
    let state = verify(&files, &key).unwrap().into_contents().state;
    assert!(state.len() >= 2);
    let error = |state: &[StateEntry]| verify(&with_state(&files, state), &key).unwrap_err();

    // One credit moves from one account to another: the sum stays.
    let mut moved = state.clone();
    moved[0].accrued += U256::from(1);
    moved[1].accrued -= U256::from(1);
    assert!(matches!(error(&moved), BundleError::StateRoot { file: "state.csv", .. }));
    let mut more = state.clone();
    more[0].accrued += U256::from(1);
    assert!(matches!(error(&more), BundleError::StateTotal { file: "state.csv", .. }));
    assert!(matches!(error(&state[1..]), BundleError::StateTotal { .. }));
    assert!(matches!(error(&[]), BundleError::StateTotal { .. }));

    // The rules of its own.
    let text = |state: &[StateEntry]| error(state).to_string();
    let mut bad = state.clone();
    bad.swap(0, 1);
    assert!(text(&bad).contains("entry 1: expected accounts strictly increasing"));
    let mut bad = state.clone();
    bad.insert(0, state[0]);
    assert!(text(&bad).contains("entry 1: expected accounts strictly increasing"));
    for accrued in [U256::ZERO, U256::from(1) << 134] {
        let mut bad = state.clone();
        bad[1].accrued = accrued;
        assert!(text(&bad).contains("entry 1: expected more than 0 and less than 2^134"));
    }
    // Sums that wrap around or exceed the field.
    let mut bad = state.clone();
    bad[0].accrued = U256::MAX;
    assert!(text(&bad).contains("entry 0"));
}

#[test]
fn state_rows_are_parsed_strictly() {
    let (files, key) = bundle(1);
    let first = verify(&files, &key).unwrap().state[0];
    let row = format!("{},{}", first.account, first.accrued);
    let account = first.account.to_string();
    for (bad, said) in [
        (account.clone(), "expected account,accrued"),
        (format!("{account},+1"), "expected credits in decimal digits"),
        (format!("{account},01"), "expected credits in decimal digits"),
        (format!("{account},1,2"), "expected credits in decimal digits"),
        (format!("{account},\u{1b}[31m"), "got \"\\u{1b}[31m\""),
        (format!("{},1", &account[..41]), "expected 0x and 40 hex digits"),
        (format!("0x{},1", "0".repeat(40)), "zero address"),
        (String::new(), "expected account,accrued"),
    ] {
        let mut changed = files.clone();
        changed.replace("state.csv", &row, &bad);
        changed.reseal();
        let error = verify(&changed, &key).unwrap_err();
        assert!(matches!(error, BundleError::Syntax { file: "state.csv", line: 2, .. }), "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    let mut changed = files.clone();
    changed.replace("state.csv", "account,accrued\n", "account,amount\n");
    changed.reseal();
    assert!(verify(&changed, &key)
        .unwrap_err()
        .to_string()
        .contains("line 1: expected the header"));
    let mut changed = files.clone();
    changed.get("state.csv").pop();
    changed.reseal();
    assert!(verify(&changed, &key).unwrap_err().to_string().contains("expected a newline"));
}

#[test]
fn the_manifest_is_parsed_strictly() {
    let (files, key) = bundle(1);
    for (from, to, said) in [
        ("meed-bundle", "meed-bundel", "format: expected meed-bundle"),
        ("\"version\": 1", "\"version\": 2", "version: expected 1, got 2"),
        ("\"version\": 1", "\"version\": -1", "line 3"),
        ("\"version\": 1", "\"version\": 1.0", "line 3"),
        ("\"shape\": \"XS\"", "\"shape\": \"xs\"", "circuit shape: expected one of XS, S, M"),
        ("\"shape\": \"XS\"", "\"shape\": \"XL\"", "circuit shape: expected one of XS, S, M"),
        ("meed-toy-XS", "meed toy", "circuit name: expected 1 to 64"),
        ("c1c1", "C1c1", "circuit digest: expected 64 hex digits, lower case"),
        ("\"name\": \"proof.bin\"", "\"name\": \"proof2.bin\"", "name of proof.bin"),
        ("\"name\": \"proof.bin\"", "\"name\": \"../proof.bin\"", "name of proof.bin"),
        ("\"epoch\": \"1\"", "\"epoch\": \"2\"", "manifest.json, byte"),
        ("\"epoch\": \"1\"", "\"epoch\": 1", "line 4"),
        ("\"origin\": \"ceremony\"", "\"origin\": \"trusted\"", "manifest.json, byte"),
        ("\"chain_id\": \"0x00", "\"chain_id\": \"0x01", "manifest.json, byte"),
        ("\"epoch\"", "\"digest\": \"\",\n  \"epoch\"", "duplicate field"),
        ("\"epoch\"", "\"comment\": \"\\u001b\",\n  \"epoch\"", "unknown field"),
    ] {
        let mut changed = files.clone();
        changed.replace(MANIFEST, from, to);
        changed.reseal();
        let error = verify(&changed, &key).unwrap_err().to_string();
        assert!(error.starts_with("manifest.json") && error.contains(said), "{error}");
    }
}

/// More payouts than the shape has rows for cannot be proved, whatever a key says.
#[test]
fn a_bundle_fits_its_shape() {
    let mut setup = Setup::new(7, false);
    let (_, mut trace) = small_epoch(1);
    trace.payouts = (1..=9u8)
        .map(|i| meed_statement::types::Payout {
            account: meed_statement::types::Account::new([i; 20]).unwrap(),
            amount: 1,
        })
        .collect();
    (trace.header.payouts, trace.header.released_total) = (9, 9);
    trace.h = words_hash(&trace.header, &trace.payout_words());
    let content = Content::new(&mut setup, trace, Domain::OFF_CHAIN);
    assert_eq!(content.trace.words().len(), HEADER_WORDS + 9);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b");
    let error = content.with(&setup.key, |input| write_bundle(&path, input)).unwrap_err();
    let said = "public.json: payouts: expected at most 8 in shape XS, got 9";
    assert_eq!(error.to_string(), said);
}
