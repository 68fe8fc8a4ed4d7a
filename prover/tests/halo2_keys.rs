//! Files of halo2 keys: the round trip, and everything that is refused.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use meed_halo2::Circuit;
use meed_prover::halo2::{
    key_path, prove, sample_key, verify_by_library, CircuitId, Key, Params, Sidecar, SYSTEM,
};
use meed_prover::zkey::sidecar_path;
use meed_prover::{FormatError, Origin};
use meed_statement::lies::sample;
use meed_statement::settle::settle;
use meed_statement::shape::{S, XS};
use meed_statement::words::Domain;
use meed_verifier::halo2::VERIFYING_KEY_BYTES;
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// A small key, the bytes of its file and its circuit.
struct Small {
    folder: TempDir,
    bytes: Vec<u8>,
    circuit: CircuitId,
}

impl Small {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = sample_key(4).unwrap();
        key.save(&folder.path().join("small.key")).unwrap();
        let bytes = fs::read(folder.path().join("small.key")).unwrap();
        Self { folder, bytes, circuit: key.circuit().clone() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("small.key")
    }

    fn read(&self, bytes: &[u8]) -> Result<Key, FormatError> {
        Key::read(bytes, bytes.len() as u64, &self.circuit).map(|(key, _)| key)
    }

    /// What is said of the file with bytes replaced, and the hash at its end made right again.
    fn refused(&self, at: usize, to: &[u8], expected: &str) {
        let mut bytes = self.bytes.clone();
        bytes[at..at + to.len()].copy_from_slice(to);
        let error = self.read(&hashed(bytes)).unwrap_err().to_string();
        assert!(error.contains(expected), "expected {expected:?}, got {error:?}");
    }

    /// Where the verifying key starts.
    fn vk(&self) -> usize {
        28 + u32::from_le_bytes(self.bytes[24..28].try_into().unwrap()) as usize
    }
}

/// With the right hash at its end.
fn hashed(mut bytes: Vec<u8>) -> Vec<u8> {
    let content = bytes.len() - 32;
    let hash = Sha256::digest(&bytes[..content]);
    bytes[content..].copy_from_slice(&hash);
    bytes
}

#[test]
fn a_key_is_written_and_read_again() {
    let circuit = Circuit::new(XS);
    let id = CircuitId::new(&circuit);
    let made = Key::new(Params::insecure(circuit.k()), &circuit).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = key_path(folder.path(), &XS);
    assert!(path.ends_with("meed-halo2-XS.key"));
    let sidecar = made.save(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!(sidecar.key_bytes, bytes.len() as u64);
    assert_eq!(sidecar.key_sha256.as_bytes()[..], Sha256::digest(&bytes)[..]);
    assert_eq!(sidecar, Sidecar::load(&sidecar_path(&path)).unwrap());
    assert!(sidecar.verifying_key().unwrap().is_insecure());
    assert_eq!(sidecar.key.parameters.origin, Origin::InsecureLocal);
    assert_eq!((sidecar.key.system.as_str(), sidecar.key.circuit.k), (SYSTEM, circuit.k()));
    assert_eq!(sidecar.verifying_key().unwrap(), *made.verifying_key());
    assert_eq!(*sidecar.vk_id.as_bytes(), made.verifying_key().id());

    let read = Key::load(&path, &id).unwrap();
    assert!(read.library_bytes() == made.library_bytes(), "what was read is what keygen made");
    assert_eq!(read.verifying_key(), made.verifying_key());
    // A proof by the one is a proof for the other.
    let inputs = sample();
    let trace = settle(&inputs).unwrap();
    let (assignment, binding) = circuit.assign(&inputs, &trace, &Domain::OFF_CHAIN).unwrap();
    let (mut rng, never) = (ChaCha20Rng::seed_from_u64(1), AtomicBool::new(false));
    let (proof, _) = prove(&read, &circuit, &assignment, &mut rng, &mut |_, _| {}, &never).unwrap();
    verify_by_library(&made, &binding, &proof.to_bytes()).unwrap();
    // Written again, it is the same file.
    let again = folder.path().join("again.key");
    assert_eq!(read.save(&again).unwrap(), sidecar);
    assert!(fs::read(&again).unwrap() == bytes);

    // Another shape, another version of the circuit.
    let other = CircuitId::new(&Circuit::new(S));
    let error = Key::load(&path, &other).unwrap_err().to_string();
    assert!(error.contains("circuit name: expected meed-halo2-S, got meed-halo2-XS"), "{error}");
    let newer = CircuitId { digest: [7; 32].into(), ..id.clone() };
    let error = Key::load(&path, &newer).unwrap_err().to_string();
    assert!(error.contains("(this version of meed-halo2-XS), got"), "{error}");
    assert!(error.contains("meed-halo2-XS.vk.json: circuit digest"), "{error}");
    let error = Key::new(Params::insecure(4), &circuit).unwrap_err().to_string();
    assert!(error.contains("k of the parameters: expected 15, got 4"), "{error}");
}

#[test]
fn a_key_of_the_other_system_is_named() {
    let says = |error: FormatError, expected: &str, got: &str| {
        let expected = format!("proof system of the key: expected {expected}, got {got}");
        assert_eq!(error.to_string(), expected);
    };
    let groth16 = br#"{"key":{"format":1},"vk":""}"#;
    says(Sidecar::from_json(groth16).unwrap_err(), "halo2-kzg-bn254", "groth16");
    let halo2 = br#"{"key":{"format":1,"system":"halo2-kzg-bn254"},"vk":""}"#;
    says(meed_prover::Sidecar::from_json(halo2).unwrap_err(), "groth16", "halo2-kzg-bn254");
}

#[test]
fn no_changed_byte_passes() {
    let small = Small::new();
    small.read(&small.bytes).unwrap();
    let mut bytes = small.bytes.clone();
    // Each of the head, and some of each part behind it.
    let head = small.vk() + 200;
    for at in (0..head).chain((head..bytes.len()).step_by(37)) {
        bytes[at] ^= 1;
        small.read(&bytes).unwrap_err();
        bytes[at] ^= 1;
    }
}

#[test]
fn no_cut_file_passes() {
    let small = Small::new();
    let len = small.bytes.len();
    let head = small.vk() + 100;
    for cut in (0..head).chain((head..len).step_by(101)).chain(len - 40..len) {
        let error = small.read(&small.bytes[..cut]).unwrap_err().to_string();
        assert!(error.contains("expected"), "{error}");
        // A file that is shorter than what was said of it.
        let error = Key::read(&small.bytes[..cut], len as u64, &small.circuit).unwrap_err();
        assert!(matches!(error, FormatError::Io(_)), "{error}");
    }
    let longer = [&small.bytes[..], &[0]].concat();
    let error = small.read(&longer).unwrap_err().to_string();
    assert!(error.contains("bytes after the description"), "{error}");
}

#[test]
fn each_field_is_checked() {
    let small = Small::new();
    let vk = small.vk();
    let kzg = vk + VERIFYING_KEY_BYTES;
    let columns = kzg + 4 + 128 * 16 + 256;
    small.refused(0, b"z", "magic: expected ff6d656564683266, got 7a6d656564683266");
    small.refused(7, b"k", "magic");
    small.refused(8, &[2], "format version: expected 1, got 2");
    small.refused(12, &[5], "k: expected 4, got 5");
    small.refused(12, &[0], "k: expected 1 to 28, got 0");
    small.refused(12, &[200], "k: expected 1 to 28, got 200");
    small.refused(12, &[0xff; 4], "k: expected 1 to 28");
    small.refused(16, &[3], "fixed columns: expected 14, got 3");
    small.refused(20, &[9], "columns with copies: expected 6, got 9");
    small.refused(24, &[0xff; 4], "length of the description: expected at most 65536");
    small.refused(24, &[0xff, 0xff, 0, 0], "description: expected 65535 bytes");
    small.refused(28, b"[", "JSON");
    let text = String::from_utf8_lossy(&small.bytes[28..vk]).into_owned();
    let field = |name: &str| 28 + text.find(name).unwrap() + name.len();
    small.refused(field("\"format\":"), b"2", "metadata format: expected 1, got 2");
    small.refused(field("\"system\":\""), b"X", "proof system: expected halo2-kzg-bn254");
    small.refused(field("\"name\":\""), b"X", "circuit name: expected sample, got Xample");
    small.refused(field("\"shape\":\""), b"X", "circuit shape");
    small.refused(field("\"digest\":\""), b"0000", "circuit digest");
    small.refused(field("\"k\":"), b"5", "k: expected 4, got 5");
    small.refused(field("\"origin\":\""), b"ceremony\"     ", "JSON");
    small.refused(vk, b"z", "the magic of a halo2 key");
    small.refused(vk + 8, &[1], "expected version 1");
    small.refused(vk + 39, &[2], "expected version 1 of the halo2 key, got 2");
    small.refused(vk + 71, &[5], "k of the verifying key: expected 4, got 5");
    small.refused(vk + 72, &[0xff], "digest of the circuit: expected a value below");
    let last = small.bytes[vk + 103] ^ 1;
    small.refused(vk + 103, &[last], "library's digest of the circuit");
    small.refused(vk + 104, &[0; 64], "fixed column 0: got the identity");
    small.refused(vk + 104, &[0; 32], "fixed column 0: not on the curve");
    let another = small.bytes[vk + 104 + 64..][..64].to_vec();
    small.refused(vk + 104, &another, "library's digest of the circuit");
    small.refused(kzg - 128, &[0; 128], "[tau]G2: got the identity");
    small.refused(kzg - 128, &[0xff; 32], "[tau]G2: expected coordinates below");
    small.refused(kzg, &[5], "k of the points: expected 4, got 5");
    small.refused(kzg + 4 + 64 * 3, &[0xff; 32], "powers of tau: expected a point of G1");
    small.refused(kzg + 4 + 64 * 16, &[1], "Lagrange polynomials: expected a point of G1");
    small.refused(columns - 256, &[1], "points of G2");
    let g2 = small.bytes[columns - 256..columns - 128].to_vec();
    small.refused(columns - 128, &g2, "tau neither 0, 1 nor -1");
    small.refused(columns, &[0xff; 32], "columns: expected a scalar below the modulus as number 0");
    // Values that are others: the library's digest does not see them, only the hash of the file.
    let mut bytes = small.bytes.clone();
    bytes[columns] ^= 1;
    let error = small.read(&bytes).unwrap_err().to_string();
    assert!(error.contains("SHA-256 of the content"), "{error}");
    assert!(small.read(&hashed(bytes)).is_ok(), "the sidecar's hash is what refuses it");
}

#[test]
fn the_two_files_belong_to_each_other() {
    let small = Small::new();
    let (path, beside) = (small.path(), sidecar_path(&small.path()));
    let load = || Key::load(&path, &small.circuit).map_err(|e| e.to_string());
    load().unwrap();
    let text = fs::read_to_string(&beside).unwrap();
    let refused = |content: &[u8], expected: &str, named: &Path| {
        let error = load().unwrap_err();
        assert!(error.contains(expected), "expected {expected:?}, got {error:?}");
        assert!(error.contains(&named.display().to_string()), "{error}");
        fs::write(&path, content).unwrap();
        fs::write(&beside, &text).unwrap();
    };
    // A file with another value, and the right hash at its end.
    let mut bytes = small.bytes.clone();
    let last = bytes.len() - 33;
    bytes[last] ^= 1;
    bytes[last - 10] ^= 1;
    fs::write(&path, hashed(bytes)).unwrap();
    refused(&small.bytes, "SHA-256 of the file: expected", &path);
    fs::write(&path, &small.bytes[..500]).unwrap();
    refused(&small.bytes, "bytes of the file: expected", &path);
    fs::write(&beside, text.replace("\"format\": 1", "\"format\": 2")).unwrap();
    refused(&small.bytes, "metadata format", &beside);
    fs::write(&beside, text.replace("insecure-local", "ceremony")).unwrap();
    refused(&small.bytes, "origin: expected insecure-local (by its tau), got ceremony", &beside);
    fs::write(&beside, text.replace("\"k\": 4", "\"k\": 5")).unwrap();
    refused(&small.bytes, "expected 5, got 4", &beside);
    let id = text.find("\"vk_id\": \"").unwrap() + 10;
    let mut other = text.clone().into_bytes();
    other[id] = if other[id] == b'0' { b'1' } else { b'0' };
    fs::write(&beside, other).unwrap();
    refused(&small.bytes, "vk_id: expected", &beside);
    fs::write(&beside, "{}").unwrap();
    refused(&small.bytes, "JSON", &beside);
    fs::write(&beside, vec![b' '; 1 << 17]).unwrap();
    refused(&small.bytes, "at most 65536 bytes", &beside);
    fs::remove_file(&beside).unwrap();
    refused(&small.bytes, "No such file", &beside);
    load().unwrap();
}

#[test]
fn sidecars_of_the_other_system_are_refused() {
    let text = br#"{"key":{"format":1,"circuit":{"name":"meed-groth16-XS","shape":"XS","digest":"00","constraints":1,"instance":4,"witness":1},"origin":"insecure-local"},"vk":"","vk_id":"","zkey_sha256":"","zkey_bytes":1}"#;
    Sidecar::from_json(text).unwrap_err();
}
