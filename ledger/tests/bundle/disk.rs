//! Names, kinds of files, sizes, and writing.

use std::fs;
use std::path::Path;

use super::{bundle, verify};
use meed_ledger::bundle::{verify_bundle, write_bundle, BundleError, Outcome, LISTED, MANIFEST};
use meed_statement::words::Domain;
use meed_toys::bundles::{small_epoch, Content, Files, Setup};

fn names() -> impl Iterator<Item = &'static str> {
    LISTED.into_iter().chain([MANIFEST])
}

/// Stores a bundle, lets `change` work on the directory, and gives the error.
fn error_after(files: &Files, change: impl FnOnce(&Path)) -> BundleError {
    let key = Setup::new(7, false).key;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b");
    files.store(&path);
    verify_bundle(&path, &key, None).unwrap();
    change(&path);
    verify_bundle(&path, &key, None).unwrap_err()
}

#[test]
fn missing_extra_and_renamed_files_are_named() {
    let (files, _) = bundle(1);
    for name in names() {
        let error = error_after(&files, |b| fs::remove_file(b.join(name)).unwrap());
        assert!(matches!(error, BundleError::Missing { file } if file == name), "{error}");

        let other = name.to_uppercase();
        let error = error_after(&files, |b| fs::rename(b.join(name), b.join(&other)).unwrap());
        let text = format!("expected a file {name}, got \"{other}\" instead");
        assert_eq!(error.to_string(), text);
    }
    for extra in ["x", ".hidden", "payouts.csv~", "Manifest.json", "state.csv ", "a\u{1b}[2Jb"] {
        let error = error_after(&files, |b| fs::write(b.join(extra), "").unwrap());
        let BundleError::Extra { file } = error else { panic!("{error}") };
        assert!(!file.contains('\u{1b}'), "{file}");
    }
    let error = error_after(&files, |b| fs::create_dir(b.join("more")).unwrap());
    assert!(matches!(error, BundleError::Extra { .. }), "{error}");
    // Two names changed places.
    let error = error_after(&files, |b| {
        fs::rename(b.join("payouts.csv"), b.join("t")).unwrap();
        fs::rename(b.join("state.csv"), b.join("payouts.csv")).unwrap();
        fs::rename(b.join("t"), b.join("state.csv")).unwrap();
    });
    assert!(matches!(error, BundleError::Length { file: "payouts.csv", .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_name_that_is_not_unicode_is_an_extra_file() {
    use std::os::unix::ffi::OsStrExt;
    let (files, _) = bundle(1);
    let name = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    let error = error_after(&files, |b| fs::write(b.join(name), "").unwrap());
    assert!(matches!(error, BundleError::Extra { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn only_ordinary_files_are_read() {
    let (files, _) = bundle(1);
    for name in names() {
        let is = |error: BundleError, what: &str| {
            let BundleError::NotAFile { file, got } = error else { panic!("{error}") };
            assert_eq!((file, got), (name, what));
        };
        let error = error_after(&files, |b| {
            // A link to the very same content.
            let elsewhere = b.parent().unwrap().join("elsewhere");
            fs::rename(b.join(name), &elsewhere).unwrap();
            std::os::unix::fs::symlink(&elsewhere, b.join(name)).unwrap();
        });
        is(error, "a symbolic link");
        let error = error_after(&files, |b| {
            fs::remove_file(b.join(name)).unwrap();
            fs::create_dir(b.join(name)).unwrap();
        });
        is(error, "a directory");
        let error = error_after(&files, |b| {
            fs::remove_file(b.join(name)).unwrap();
            drop(std::os::unix::net::UnixListener::bind(b.join(name)).unwrap());
        });
        is(error, "a special file");
    }
}

#[test]
fn large_files_are_not_read() {
    let (files, _) = bundle(1);
    for name in names() {
        // 1 TiB, of which none is on the disk.
        let error = error_after(&files, |b| {
            fs::File::options().write(true).open(b.join(name)).unwrap().set_len(1 << 40).unwrap();
        });
        let BundleError::TooLarge { file, limit, got } = error else { panic!("{error}") };
        assert_eq!((file, got), (name, 1 << 40));
        assert!(limit < 1 << 14, "{limit}");
    }
    // Also when the manifest says so.
    let (mut files, key) = bundle(1);
    let size = files.get("state.csv").len();
    files.replace(MANIFEST, &format!("\"bytes\": {size}"), &format!("\"bytes\": {}", 1u64 << 40));
    files.get("state.csv").resize(1 << 20, b'0');
    let error = verify(&files, &key).unwrap_err();
    assert!(matches!(error, BundleError::Digest { file: MANIFEST, .. }), "{error}");
    files.reseal();
    let error = verify(&files, &key).unwrap_err();
    assert!(matches!(error, BundleError::TooLarge { file: "state.csv", .. }), "{error}");
}

#[test]
fn a_bundle_is_a_directory() {
    let key = Setup::new(7, false).key;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b");
    let error = verify_bundle(&path, &key, None).unwrap_err();
    assert!(matches!(&error, BundleError::Io { .. }) && error.to_string().contains("read"));
    fs::write(&path, "").unwrap();
    let error = verify_bundle(&path, &key, None).unwrap_err();
    assert!(matches!(error, BundleError::NotADirectory { .. }), "{error}");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let error = verify_bundle(&path, &key, None).unwrap_err();
    assert!(matches!(error, BundleError::Missing { file: MANIFEST }), "{error}");
}

#[test]
fn the_same_bundle_twice_is_fine_and_another_is_refused() {
    let mut setup = Setup::new(7, false);
    let content = Content::new(&mut setup, small_epoch(1).1, Domain::OFF_CHAIN);
    let again = Content::new(&mut setup, small_epoch(1).1, Domain::OFF_CHAIN);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1");
    let write = |content: &Content| content.with(&setup.key, |i| write_bundle(&path, i));
    assert_eq!(write(&content).unwrap(), Outcome::Written);
    let before = Files::load(&path);
    assert_eq!(write(&content).unwrap(), Outcome::Unchanged);

    // Another proof of the same epoch is another bundle.
    let error = write(&again).unwrap_err();
    assert!(matches!(error, BundleError::Exists { .. }), "{error}");
    assert!(error.to_string().contains("proof.bin"), "{error}");
    assert!(before.0 == Files::load(&path).0);

    // Nor is anything else replaced: a damaged bundle, a file, an empty directory.
    fs::write(path.join("state.csv"), "mine").unwrap();
    assert!(matches!(write(&content).unwrap_err(), BundleError::Exists { .. }));
    assert_eq!(fs::read(path.join("state.csv")).unwrap(), b"mine");
    fs::remove_dir_all(&path).unwrap();
    fs::write(&path, "mine").unwrap();
    assert!(matches!(write(&content).unwrap_err(), BundleError::Exists { .. }));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(write(&content).unwrap_err(), BundleError::Exists { .. }));
    assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no leftovers");

    // The parent must exist.
    let error = content.with(&setup.key, |i| write_bundle(&folder.path().join("no/such"), i));
    assert!(matches!(error.unwrap_err(), BundleError::Write(_)));
}

#[test]
fn what_would_not_verify_is_not_written() {
    let mut setup = Setup::new(7, false);
    let content = Content::new(&mut setup, small_epoch(1).1, Domain::OFF_CHAIN);
    let other = Content::new(&mut setup, small_epoch(2).1, Domain::OFF_CHAIN);
    let other_key = Setup::new(8, false).key;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1");
    let refused = |result: Result<Outcome, BundleError>, text: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    };
    content.with(&setup.key, |input| {
        let mut bad = *input;
        bad.proof = &other.proof;
        refused(write_bundle(&path, &bad), "proof.bin: the proof does not prove");
        let mut bad = *input;
        bad.domain = Domain::evm(1, [1; 20]);
        refused(write_bundle(&path, &bad), "proof.bin: the proof does not prove");
        let mut bad = *input;
        bad.key = &other_key;
        refused(write_bundle(&path, &bad), "proof.bin: the proof does not prove");
        let mut bad = *input;
        bad.state = &other.trace.state_after;
        refused(write_bundle(&path, &bad), "state.csv: expected ");
        let mut bad = *input;
        bad.words = &input.words[..10];
        refused(write_bundle(&path, &bad), "public.json: expected at least 11 words, got 10");
        let mut circuit = input.circuit.clone();
        for name in ["", "a b", "a\"b", "é", &"x".repeat(65)] {
            circuit.name = name.to_owned();
            let mut bad = *input;
            bad.circuit = &circuit;
            refused(write_bundle(&path, &bad), "manifest.json: circuit name");
        }
        write_bundle(&path, input).unwrap();
    });
}
