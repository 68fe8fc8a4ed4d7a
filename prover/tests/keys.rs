//! Key files: round trips, maps, sidecars, and whose key a file is.

mod common;

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use common::saved::{says, sections, Saved};
use common::Toy;
use meed_prover::engine::EngineError;
use meed_prover::zkey::sidecar_path;
use meed_prover::{
    insecure_setup, prove, CircuitId, CpuEngine, Origin, ProveError, ProvingKey, Sidecar,
};
use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};
use sha2::{Digest, Sha256};

#[test]
fn what_is_saved_is_loaded() {
    let saved = Saved::new();
    assert_eq!(saved.load().unwrap(), saved.key);
    assert_eq!(saved.load_checked().unwrap(), saved.key);
    let sidecar = Sidecar::load(&sidecar_path(&saved.path())).unwrap();
    assert_eq!(sidecar, saved.sidecar);
    assert_eq!(sidecar.verifying_key().unwrap(), *saved.key.verifying_key());
    assert_eq!(sidecar.key.origin, Origin::InsecureLocal);
    let names: Vec<_> =
        fs::read_dir(saved.folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "no temporary file is left: {names:?}");

    let loaded = saved.load().unwrap();
    let never = AtomicBool::new(false);
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let z = &saved.toy.assignment;
    prove(&loaded, &saved.toy.matrices, z, &CpuEngine::best(), &mut rng, &mut |_, _| {}, &never)
        .unwrap();
}

#[test]
fn set_up_and_file_are_deterministic() {
    let (first, second) = (Saved::new(), Saved::new());
    assert_eq!(first.sidecar, second.sidecar);
    assert_eq!(fs::read(first.path()).unwrap(), fs::read(second.path()).unwrap());
    // Pinned: a key that somebody made yesterday is the one that is made today.
    let pinned = [first.sidecar.zkey_sha256, first.sidecar.vk_id].map(|d| d.to_string());
    assert_eq!(
        pinned,
        [
            "7adf99a13293b14bd83e44130cc9a0263b00c40b0dae2a86745b1b1d95c361e0",
            "b345b1dff7b2c72f438c48b2f4a683e7cff147280cc41aa1a744ac1e68ec15ad"
        ]
    );
}

#[test]
fn absurd_counts_are_errors() {
    let saved = Saved::new();
    for change in [
        (|id| id.constraints = usize::MAX) as fn(&mut CircuitId),
        |id| id.witness = usize::MAX,
        |id| id.instance = usize::MAX,
        |id| (id.instance, id.witness) = (4, 0),
    ] {
        let mut id = saved.id.clone();
        change(&mut id);
        let beside = sidecar_path(&saved.path());
        let mut sidecar = saved.sidecar.clone();
        sidecar.key.circuit = id.clone();
        fs::write(&beside, serde_json::to_string(&sidecar).unwrap()).unwrap();
        says(&ProvingKey::load(&saved.path(), &id).unwrap_err(), &["toy.zkey", "expected", "got"]);
    }
}

#[test]
fn keys_of_other_circuits_are_named() {
    let saved = Saved::new();
    let mut other = saved.id.clone();
    other.digest = [7; 32].into();
    let error = ProvingKey::load(&saved.path(), &other).unwrap_err();
    let (want, got) = (other.digest.to_string(), saved.id.digest.to_string());
    says(&error, &["toy.vk.json", "circuit digest: expected", &want, &got]);
    let error = ProvingKey::load_checked(&saved.path(), &other, &saved.toy.matrices).unwrap_err();
    says(&error, &["toy.zkey", "circuit digest: expected", &want, &got]);
    let mut other = saved.id.clone();
    other.shape = "S".into();
    let error = ProvingKey::load(&saved.path(), &other).unwrap_err();
    says(&error, &["circuit shape: expected S, got T"]);
    let larger = Toy::new(42, 3);
    let error = ProvingKey::load(&saved.path(), &larger.id()).unwrap_err();
    says(&error, &["toy.vk.json", "expected", "got"]);
    let error = saved.key.save(&larger.matrices, &saved.path()).unwrap_err();
    says(&error, &["constraint system: witness columns: expected"]);
}

#[test]
fn sidecars_are_checked() {
    let saved = Saved::new();
    let beside = sidecar_path(&saved.path());
    let text = fs::read_to_string(&beside).unwrap();
    let replaced = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        fs::write(&beside, text.replacen(from, to, 1)).unwrap();
        saved.load().unwrap_err()
    };
    let sha = saved.sidecar.zkey_chunks_sha256.unwrap().to_string();
    let error = replaced(&sha, &"5".repeat(64));
    says(&error, &["toy.zkey", "SHA-256 of the file's chunks: expected 5555", &sha]);
    says(&replaced("\"zkey_chunks_sha256\"", "\"zkey_hunks_sha256\""), &["JSON: unknown field"]);
    let error = replaced(&saved.sidecar.zkey_bytes.to_string(), "17");
    says(&error, &["toy.zkey: bytes of the file: expected 17, got"]);
    says(
        &replaced("insecure-local", "ceremony"),
        &["toy.vk.json", "origin: expected insecure-local"],
    );
    says(&replaced("\"format\": 1", "\"format\": 2"), &["metadata format: expected 1, got 2"]);
    says(&replaced("\"format\"", "\"fermat\""), &["JSON: unknown field `fermat`"]);
    says(&replaced(&saved.sidecar.vk_id.to_string(), &"0".repeat(64)), &["vk_id: expected"]);
    says(
        &replaced("\"name\": \"toy\"", "\"name\": \"boy\""),
        &["circuit name: expected toy, got boy"],
    );
    says(&replaced("{", "["), &["toy.vk.json: JSON:"]);
    // The plain digest is for people: where there is one of chunks it is not computed again.
    let plain = saved.sidecar.zkey_sha256.to_string();
    fs::write(&beside, text.replacen(&plain, &"5".repeat(64), 1)).unwrap();
    assert_eq!(saved.load().unwrap(), saved.key);
    fs::write(&beside, vec![b' '; 1 << 17]).unwrap();
    says(&saved.load().unwrap_err(), &["sidecar: expected at most 65536 bytes"]);
    fs::remove_file(&beside).unwrap();
    says(&saved.load().unwrap_err(), &["toy.vk.json", "No such file"]);
}

#[test]
fn sidecars_without_a_digest_of_chunks_give_the_plain_one() {
    let saved = Saved::new();
    let beside = sidecar_path(&saved.path());
    let mut sidecar = Sidecar { zkey_chunks_sha256: None, ..saved.sidecar.clone() };
    let text = serde_json::to_string(&sidecar).unwrap();
    assert!(!text.contains("chunks"), "as earlier versions wrote it: {text}");
    fs::write(&beside, text).unwrap();
    assert_eq!(saved.load().unwrap(), saved.key);

    let whole = fs::read(saved.path()).unwrap();
    for (start, _, len) in sections(&whole) {
        let mut bytes = whole.clone();
        bytes[start + len - 1] ^= 1;
        fs::write(saved.path(), &bytes).unwrap();
        says(&saved.load().unwrap_err(), &["toy.zkey: SHA-256 of the file: expected"]);
    }
    fs::write(saved.path(), &whole).unwrap();
    sidecar.zkey_sha256 = [0x55; 32].into();
    fs::write(&beside, serde_json::to_string(&sidecar).unwrap()).unwrap();
    let sha = saved.sidecar.zkey_sha256.to_string();
    says(&saved.load().unwrap_err(), &["SHA-256 of the file: expected 5555", &sha]);
}

#[test]
fn a_loaded_key_is_mapped_and_equals_the_one_in_memory() {
    let saved = Saved::new();
    let (owned, mapped) = (saved.key.points(), saved.load().unwrap());
    let points = mapped.points();
    for (owned, mapped) in [
        (&owned.a_query, &points.a_query),
        (&owned.b_g1_query, &points.b_g1_query),
        (&owned.h_query, &points.h_query),
        (&owned.l_query, &points.l_query),
    ] {
        assert!(mapped.is_mapped() && !owned.is_mapped());
        assert_eq!(mapped, owned);
    }
    assert!(points.b_g2_query.is_mapped());
    assert_eq!(points, owned);
    assert!(mapped.to_ark().unwrap() == saved.key.to_ark().unwrap());
    assert!(!saved.load_checked().unwrap().points().a_query.is_mapped(), "checked is what is used");
    // Written again it is the same file.
    let path = saved.folder.path().join("again.zkey");
    assert_eq!(mapped.save(&saved.toy.matrices, &path).unwrap(), saved.sidecar);
    assert_eq!(fs::read(path).unwrap(), fs::read(saved.path()).unwrap());
}

#[test]
fn a_key_that_is_replaced_stays_mapped() {
    let saved = Saved::new();
    let loaded = saved.load().unwrap();
    let other = insecure_setup(&Toy::new(42, 3).id(), &Toy::new(42, 3).matrices).unwrap();
    other.save(&Toy::new(42, 3).matrices, &saved.path()).unwrap();
    assert_eq!(loaded, saved.key);
    fs::remove_file(saved.path()).unwrap();
    assert_eq!(loaded, saved.key);
}

#[test]
fn sections_lie_at_any_address_and_in_any_order() {
    let saved = Saved::new();
    let whole = fs::read(saved.path()).unwrap();
    for shift in [0, 1, 3, 62] {
        // An unknown section of some bytes before each, the last one first.
        let mut bytes = whole[..12].to_vec();
        bytes[8..12].copy_from_slice(&(2 * sections(&whole).len() as u32).to_le_bytes());
        for (start, _, len) in sections(&whole).into_iter().rev() {
            bytes.extend(77u32.to_le_bytes());
            bytes.extend((shift as u64).to_le_bytes());
            bytes.extend(vec![7; shift]);
            bytes.extend(&whole[start - 12..start + len]);
        }
        fs::write(saved.path(), &bytes).unwrap();
        let hash = |bytes: &[u8]| <[u8; 32]>::from(Sha256::digest(bytes));
        let sidecar = Sidecar {
            zkey_sha256: hash(&bytes).into(),
            zkey_chunks_sha256: Some(hash(&hash(&bytes)).into()),
            zkey_bytes: bytes.len() as u64,
            ..saved.sidecar.clone()
        };
        fs::write(sidecar_path(&saved.path()), serde_json::to_string(&sidecar).unwrap()).unwrap();
        let loaded = saved.load().unwrap();
        assert_eq!(loaded, saved.key);
        assert_eq!(saved.load_checked().unwrap(), saved.key);
        let never = AtomicBool::new(false);
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (matrices, z) = (&saved.toy.matrices, &saved.toy.assignment);
        prove(&loaded, matrices, z, &CpuEngine::best(), &mut rng, &mut |_, _| {}, &never).unwrap();
    }
}

/// What the digest cannot prevent: nobody but us writes this file, and while it is mapped.
#[test]
#[cfg(unix)]
fn a_key_that_is_changed_while_it_is_mapped_gives_no_proof() {
    use std::os::unix::fs::FileExt;
    let saved = Saved::new();
    let whole = fs::read(saved.path()).unwrap();
    let file = fs::OpenOptions::new().write(true).open(saved.path()).unwrap();
    let loaded = saved.load().unwrap();
    let never = AtomicBool::new(false);
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut attempt = || {
        let (matrices, z) = (&saved.toy.matrices, &saved.toy.assignment);
        prove(&loaded, matrices, z, &CpuEngine::best(), &mut rng, &mut |_, _| {}, &never)
    };
    attempt().unwrap();
    let (start, ..) = sections(&whole).into_iter().find(|s| s.1 == 9).unwrap();
    file.write_all_at(&whole[start + 64..start + 128], start as u64).unwrap();
    assert!(matches!(attempt(), Err(ProveError::Faulty(_))));
    file.write_all_at(&[0xff; 64], start as u64).unwrap();
    assert_eq!(attempt(), Err(ProveError::Engine(EngineError::Base { index: 0 })));
    assert!(loaded.to_ark().unwrap_err().to_string().contains("section 9, point 0: expected"));
    file.write_all_at(&whole[start..start + 64], start as u64).unwrap();
    attempt().unwrap();
}

#[test]
fn sidecar_of_another_key_is_noticed() {
    let saved = Saved::new();
    // The same circuit under another name has the same points and other metadata.
    let mut id = saved.id.clone();
    id.name = "other".into();
    let other = insecure_setup(&id, &saved.toy.matrices).unwrap();
    let path = saved.folder.path().join("other.zkey");
    other.save(&saved.toy.matrices, &path).unwrap();
    fs::copy(sidecar_path(&path), sidecar_path(&saved.path())).unwrap();
    let error = ProvingKey::load(&saved.path(), &id).unwrap_err();
    says(&error, &["toy.zkey", "expected", "got"]);
}

#[test]
fn a_local_key_cannot_be_imported_as_a_ceremony() {
    let saved = Saved::new();
    let import = |from: &Path| {
        let dest = saved.folder.path().join("imported.zkey");
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let got =
            meed_prover::import_ceremony(from, &saved.id, &saved.toy.matrices, &dest, &mut rng);
        assert!(!dest.exists(), "nothing is written");
        got.unwrap_err()
    };
    says(&import(&saved.path()), &["source: expected a file as snarkjs left it"]);

    // Strip the metadata, then forge contributions: alpha still tells.
    let whole = fs::read(saved.path()).unwrap();
    let all = sections(&whole);
    let mut bare = whole[..all[10].0 - 12].to_vec();
    bare[8] = 10;
    let path = saved.folder.path().join("bare.zkey");
    fs::write(&path, &bare).unwrap();
    says(&import(&path), &["bare.zkey: contributions: expected at least 1, got 0"]);
    let contributions = all[9].0 + 64;
    bare[contributions] = 1;
    fs::write(&path, &bare).unwrap();
    says(&import(&path), &["origin: expected insecure-local (by its alpha), got ceremony"]);

    // And a point of B that differs between the groups, or a used column without a point.
    let b1 = all.iter().find(|s| s.1 == 6).unwrap().0;
    let mut swapped = bare.clone();
    let used: Vec<usize> = (0..saved.id.witness + 4)
        .filter(|i| swapped[b1 + 64 * i..b1 + 64 * (i + 1)].iter().any(|b| *b != 0))
        .collect();
    let (i, j) = (b1 + 64 * used[1], b1 + 64 * used[2]);
    for k in 0..64 {
        swapped.swap(i + k, j + k);
    }
    fs::write(&path, &swapped).unwrap();
    says(&import(&path), &["points of B: expected the same in G1 and in G2"]);
    let mut emptied = bare.clone();
    emptied[i..i + 64].fill(0);
    fs::write(&path, &emptied).unwrap();
    says(&import(&path), &["section 6, point", "other than the identity"]);
}
