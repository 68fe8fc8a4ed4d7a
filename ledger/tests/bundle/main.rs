//! Bundles: what is accepted, and every way of being almost right.
#![allow(missing_docs)]

mod bytes;
mod disk;
mod lies;

use meed_ledger::bundle::{
    read_bundle, read_files, verify_bundle, verify_bundle_with, verify_files, write_bundle,
    BundleError, Expected, Outcome, Verified, INSECURE_WARNING,
};
use meed_ledger::receipt::Show;
use meed_ledger::report::{report, ReportError};
use meed_statement::shape::S;
use meed_statement::words::{word_to_bytes, Domain};
use meed_toys::bundles::{circuit, small_epoch, Content, Files, Setup};
use meed_verifier::{AnyVerifyingKey, System};

/// A bundle of a small epoch, and the key that it verifies under.
fn bundle(seed: u64) -> (Files, AnyVerifyingKey) {
    bundle_of(Setup::new(7, false), seed)
}

fn bundle_of(mut setup: Setup, seed: u64) -> (Files, AnyVerifyingKey) {
    let content = Content::new(&mut setup, small_epoch(seed).1, Domain::evm(31_337, [0x5e; 20]));
    (files_of(&content, &setup.key), setup.key)
}

/// Two bundles of one epoch, of both proof systems.
fn bundles(seed: u64) -> [(Files, AnyVerifyingKey); 2] {
    [bundle(seed), bundle_of(Setup::halo2(7, false), seed)]
}

/// Set-ups of both proof systems.
fn setups(seed: u64, insecure: bool) -> [Setup; 2] {
    [Setup::new(seed, insecure), Setup::halo2(seed, insecure)]
}

fn files_of(content: &Content, key: &AnyVerifyingKey) -> Files {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1");
    assert_eq!(content.with(key, |i| write_bundle(&path, i)).unwrap(), Outcome::Written);
    Files::load(&path)
}

fn verify(files: &Files, key: &AnyVerifyingKey) -> Result<Verified, BundleError> {
    verify_expecting(files, key, &Expected::default())
}

fn verify_expecting(
    files: &Files,
    key: &AnyVerifyingKey,
    expected: &Expected,
) -> Result<Verified, BundleError> {
    let list: Vec<(&str, &[u8])> =
        files.0.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    verify_files(&list, key, expected)
}

#[test]
fn an_honest_bundle_says_what_the_epoch_says() {
    setups(1, false).into_iter().for_each(says_what_the_epoch_says);
}

fn says_what_the_epoch_says(mut setup: Setup) {
    let domain = Domain::evm(8453, [0xab; 20]);
    let (inputs, trace) = small_epoch(4);
    assert!(!trace.payouts.is_empty() && !trace.state_after.is_empty());
    let content = Content::new(&mut setup, trace, domain);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("epoch-4");
    content.with(&setup.key, |i| write_bundle(&path, i)).unwrap();

    let verified = verify_bundle(&path, &setup.key, Some(domain)).unwrap();
    let trace = &content.trace;
    assert_eq!(verified.header, trace.header);
    assert_eq!(verified.words, trace.words());
    assert_eq!(verified.payouts, trace.payouts);
    assert_eq!(verified.state, trace.state_after);
    assert_eq!(verified.binding.h, trace.h);
    assert_eq!(verified.proof, content.proof);
    assert_eq!(verified.circuit, circuit());
    assert_eq!((verified.vk_id, verified.domain), (setup.key.id(), domain));
    assert!(!verified.insecure_key && verified.warning().is_none());
    assert!(!verified.to_string().contains("INSECURE"));

    // Neither the salt nor a score is in a bundle.
    let salt = hex::encode(word_to_bytes(&inputs.salt));
    let files = Files::load(&path);
    for (name, bytes) in &files.0 {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains(&salt), "{name}");
        for record in &inputs.records {
            let score = record.score.unsigned_abs().to_string();
            assert!(score.len() < 6 || !text.contains(&score), "{name}");
        }
    }
    // The same from memory, in any order.
    let mut reversed = files;
    reversed.0.reverse();
    assert_eq!(verify(&reversed, &setup.key).unwrap(), verified);
}

#[test]
fn an_insecure_key_is_told_everywhere() {
    setups(2, true).into_iter().for_each(is_told_everywhere);
}

fn is_told_everywhere(mut setup: Setup) {
    assert!(setup.key.is_insecure());
    let content = Content::new(&mut setup, small_epoch(1).1, Domain::OFF_CHAIN);
    let mut files = files_of(&content, &setup.key);
    let verified = verify(&files, &setup.key).unwrap();
    assert!(verified.insecure_key);
    assert_eq!(verified.warning(), Some(INSECURE_WARNING));
    assert!(verified.to_string().starts_with("!!! INSECURE KEY"));
    assert!(files.text("manifest.json").contains("INSECURE KEY"));

    // Neither the origin nor the warning can be talked away.
    let honest = files.clone();
    files.replace("manifest.json", "insecure-local", "ceremony");
    files.reseal();
    let error = verify(&files, &setup.key).unwrap_err();
    assert!(matches!(error, BundleError::Bytes { file: "manifest.json", .. }), "{error}");
    let mut files = honest;
    let warning = format!("  \"warning\": \"{INSECURE_WARNING}\",\n");
    files.replace("manifest.json", &warning, "");
    files.reseal();
    let error = verify(&files, &setup.key).unwrap_err();
    assert!(matches!(error, BundleError::Bytes { file: "manifest.json", .. }), "{error}");
}

#[test]
fn empty_epochs_have_bundles() {
    let mut setup = Setup::new(3, false);
    // Nothing comes in and nothing waits: no payouts, no state.
    let (mut inputs, _) = small_epoch(1);
    inputs.events.clear();
    inputs.records.clear();
    inputs.state.clear();
    let trace = meed_statement::settle::settle(&inputs).unwrap();
    assert!(trace.payouts.is_empty() && trace.state_after.is_empty());
    let content = Content::new(&mut setup, trace, Domain::OFF_CHAIN);
    let files = files_of(&content, &setup.key);
    let verified = verify(&files, &setup.key).unwrap();
    assert!(verified.payouts.is_empty() && verified.state.is_empty());

    // Everything waits.
    let (mut inputs, _) = small_epoch(1);
    inputs.policy.min_payout = (1 << 80) - 1;
    let trace = meed_statement::settle::settle(&inputs).unwrap();
    assert!(trace.payouts.is_empty() && !trace.state_after.is_empty());
    let content = Content::new(&mut setup, trace, Domain::OFF_CHAIN);
    verify(&files_of(&content, &setup.key), &setup.key).unwrap();
}

#[test]
fn what_the_caller_expects_is_compared() {
    bundles(3).into_iter().for_each(|(files, key)| is_compared(&files, &key));
}

fn is_compared(files: &Files, key: &AnyVerifyingKey) {
    let expect = |expected: Expected| verify_expecting(files, key, &expected);
    let domain = Domain::evm(31_337, [0x5e; 20]);
    let all = Expected { domain: Some(domain), circuit: Some(circuit()), epoch: Some(3) };
    expect(all.clone()).unwrap();

    for domain in [Domain::OFF_CHAIN, Domain::evm(1, [0x5e; 20]), Domain::evm(31_337, [0x5f; 20])] {
        let error = expect(Expected { domain: Some(domain), ..all.clone() }).unwrap_err();
        assert!(matches!(error, BundleError::ForeignDomain { .. }), "{error}");
    }
    let error = expect(Expected { epoch: Some(4), ..all.clone() }).unwrap_err();
    assert_eq!(error.to_string(), "public.json: epoch: expected 4, got 3");
    let others = [
        meed_ledger::bundle::Circuit { name: "meed-toy-S".to_owned(), ..circuit() },
        meed_ledger::bundle::Circuit { shape: S, ..circuit() },
        meed_ledger::bundle::Circuit { digest: [0; 32], ..circuit() },
    ];
    for (other, field) in others.into_iter().zip(["name", "shape", "digest"]) {
        let error = expect(Expected { circuit: Some(other), ..all.clone() }).unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("manifest.json: circuit {field}")),
            "{error}"
        );
    }
    // On disk, too.
    let folder = tempfile::tempdir().unwrap();
    files.store(folder.path());
    verify_bundle_with(folder.path(), key, &all).unwrap();
    let error = verify_bundle(folder.path(), key, Some(Domain::OFF_CHAIN)).unwrap_err();
    assert!(matches!(error, BundleError::ForeignDomain { .. }), "{error}");
}

#[test]
fn another_key_is_named() {
    for (files, key) in bundles(3) {
        setups(8, false).iter().for_each(|other| is_named(&files, &key, &other.key));
    }
    // Of the same epoch, proved in the other system.
    let [(one, one_key), (two, two_key)] = bundles(3);
    is_named(&one, &one_key, &two_key);
    is_named(&two, &two_key, &one_key);
}

fn is_named(files: &Files, key: &AnyVerifyingKey, other: &AnyVerifyingKey) {
    let error = verify(files, other).unwrap_err();
    let BundleError::ForeignKey { expected, got, .. } = &error else { panic!("{error}") };
    assert_eq!(*expected, format!("0x{}", hex::encode(other.id())));
    assert_eq!(*got, format!("0x{}", hex::encode(key.id())));
}

#[test]
fn a_report_says_under_which_key_the_proof_is() {
    let show = Show::default();
    for insecure in [true, false] {
        let mut setup = Setup::new(2, insecure);
        let (inputs, trace) = small_epoch(1);
        let content = Content::new(&mut setup, trace, Domain::OFF_CHAIN);
        let verified = verify(&files_of(&content, &setup.key), &setup.key).unwrap();
        let text = report(&inputs, &content.trace, &[], Some(&verified), &show).unwrap();
        assert_eq!(text.matches(INSECURE_WARNING).count(), if insecure { 2 } else { 0 });
        assert!(text.contains(&hex::encode(setup.key.id())), "{text}");
        assert!(text.contains("circuit meed-toy-XS, shape XS, domain off-chain"), "{text}");
        assert!(!text.contains("Not proved"), "{text}");

        let (inputs, trace) = small_epoch(2);
        let error = report(&inputs, &trace, &[], Some(&verified), &show).unwrap_err();
        assert_eq!(error, ReportError::OtherBundle { expected: 2, got: 1 });
    }
}

#[test]
fn a_bundle_can_be_read_before_its_key_is_known() {
    fn list(files: &Files) -> Vec<(&str, &[u8])> {
        files.0.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect()
    }
    let mut setup = Setup::new(2, true);
    let content = Content::new(&mut setup, small_epoch(3).1, Domain::OFF_CHAIN);
    let files = files_of(&content, &setup.key);
    let read = read_files(&list(&files)).unwrap();
    assert_eq!((read.vk_id, read.insecure_key), (setup.key.id(), true));
    assert_eq!(read.clone().verify(&setup.key).unwrap(), verify(&files, &setup.key).unwrap());
    let folder = tempfile::tempdir().unwrap();
    files.store(folder.path());
    assert_eq!(read_bundle(folder.path()).unwrap(), read);
    let error = read.verify(&Setup::new(8, false).key).unwrap_err();
    assert!(matches!(error, BundleError::ForeignKey { .. }), "{error}");

    // What it says of its key is believed until there is a key, and no longer.
    let warning = format!("  \"warning\": \"{INSECURE_WARNING}\",\n");
    let mut lying = files.clone();
    lying.replace("manifest.json", &warning, "");
    lying.replace("manifest.json", "insecure-local", "ceremony");
    lying.reseal();
    let read = read_files(&list(&lying)).unwrap();
    assert!(!read.insecure_key);
    let error = read.verify(&setup.key).unwrap_err().to_string();
    assert_eq!(error, "manifest.json: key origin: expected insecure-local, got ceremony");
    let mut lying = files.clone();
    lying.replace("manifest.json", "insecure-local", "trusted");
    lying.reseal();
    let error = read_files(&list(&lying)).unwrap_err().to_string();
    let expected = "key origin: expected ceremony or insecure-local, got \"trusted\"";
    assert_eq!(error, format!("manifest.json: {expected}"));

    // A proof of something else is found with the key only; every other file without.
    let mut other = files.clone();
    let foreign = Content::new(&mut setup, small_epoch(4).1, Domain::OFF_CHAIN);
    *other.get("proof.bin") = foreign.proof.to_vec();
    other.reseal();
    let error = read_files(&list(&other)).unwrap().verify(&setup.key).unwrap_err();
    assert!(matches!(error, BundleError::Proof { .. }), "{error}");
    let mut other = files;
    other.replace("payouts.csv", "0,0x", "1,0x");
    other.reseal();
    let error = read_files(&list(&other)).unwrap_err();
    assert!(matches!(error, BundleError::Bytes { file: "payouts.csv", .. }), "{error}");
}

/// A circuit's name, the proof and the key must be of one system.
#[test]
fn systems_are_not_mixed() {
    let names = ["meed-groth16-XS", "meed-halo2-XS"];
    for (mut setup, own) in setups(7, false).into_iter().zip(names) {
        let system = setup.key.system();
        let mut content = Content::new(&mut setup, small_epoch(1).1, Domain::OFF_CHAIN);
        for name in names {
            name.clone_into(&mut content.circuit.name);
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("1");
            let written = content.with(&setup.key, |input| write_bundle(&path, input));
            if name == own {
                assert_eq!(written.unwrap(), Outcome::Written);
                let verified = verify(&Files::load(&path), &setup.key).unwrap();
                assert_eq!(verified.proof.system(), system);
                continue;
            }
            let error = written.unwrap_err().to_string();
            let expected = format!("expected {}.. for a proof of {system}", &own[..own.len() - 2]);
            let said = format!("manifest.json: circuit name: {expected}, got \"{name}\"");
            assert_eq!(error, said);
            assert!(!path.exists());
        }
        // A liar writes it into the manifest of an honest bundle.
        own.clone_into(&mut content.circuit.name);
        let mut files = files_of(&content, &setup.key);
        let other = names.into_iter().find(|name| *name != own).unwrap();
        files.replace("manifest.json", own, other);
        files.reseal();
        let error = verify(&files, &setup.key).unwrap_err().to_string();
        assert!(error.starts_with("manifest.json: circuit name: expected meed-"), "{error}");
    }

    // The other system's proof of the very same words, under a name that says no system.
    let [(one, key), (mut two, two_key)] = bundles(1);
    assert_eq!((key.system(), two_key.system()), (System::Groth16, System::Halo2));
    let mut mixed = one.clone();
    mixed.get("proof.bin").clone_from(two.get("proof.bin"));
    mixed.reseal();
    let error = verify(&mixed, &key).unwrap_err().to_string();
    assert_eq!(error, "proof.bin: expected Groth16, got halo2");
    two.get("proof.bin").clone_from(one.clone().get("proof.bin"));
    two.reseal();
    let error = verify(&two, &two_key).unwrap_err().to_string();
    assert_eq!(error, "proof.bin: expected halo2, got Groth16");
}
