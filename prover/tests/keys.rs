//! Key files: round trips, and every kind of damage with the error that names it.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use common::Toy;
use meed_prover::engine::EngineError;
use meed_prover::zkey::sidecar_path;
use meed_prover::{
    insecure_setup, prove, CircuitId, CpuEngine, KeyError, Origin, ProveError, ProvingKey, Sidecar,
};
use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};
use sha2::{Digest, Sha256};

struct Saved {
    toy: Toy,
    id: CircuitId,
    key: ProvingKey,
    sidecar: Sidecar,
    folder: tempfile::TempDir,
}

impl Saved {
    fn new() -> Self {
        let toy = Toy::new(40, 3);
        let id = toy.id();
        let key = insecure_setup(&id, &toy.matrices).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let sidecar = key.save(&toy.matrices, &folder.path().join("toy.zkey")).unwrap();
        Self { toy, id, key, sidecar, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("toy.zkey")
    }

    fn load(&self) -> Result<ProvingKey, KeyError> {
        ProvingKey::load(&self.path(), &self.id)
    }

    fn load_checked(&self) -> Result<ProvingKey, KeyError> {
        ProvingKey::load_checked(&self.path(), &self.id, &self.toy.matrices)
    }
}

#[track_caller]
fn says(error: &KeyError, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}

/// Start, id and length of each section.
fn sections(bytes: &[u8]) -> Vec<(usize, u32, usize)> {
    let mut at = 12;
    let mut sections = vec![];
    while at < bytes.len() {
        let id = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let len = u64::from_le_bytes(bytes[at + 4..at + 12].try_into().unwrap()) as usize;
        sections.push((at + 12, id, len));
        at += 12 + len;
    }
    sections
}

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
    prove(&loaded, &saved.toy.matrices, z, &CpuEngine, &mut rng, &mut |_, _| {}, &never).unwrap();
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
fn every_truncation_is_named() {
    let saved = Saved::new();
    let whole = fs::read(saved.path()).unwrap();
    let mut cuts = vec![0, 3, 4, 8, 11, 12];
    for (start, _, len) in sections(&whole) {
        cuts.extend([start - 12, start - 11, start - 1, start, start + len / 2, start + len - 1]);
    }
    for cut in cuts {
        fs::write(saved.path(), &whole[..cut]).unwrap();
        says(&saved.load().unwrap_err(), &["toy.zkey", "expected", &cut.to_string()]);
        let error = saved.load_checked().unwrap_err();
        says(&error, &["toy.zkey: ", "expected", "got"]);
    }
    let mut longer = whole.clone();
    longer.push(0);
    fs::write(saved.path(), &longer).unwrap();
    says(&saved.load().unwrap_err(), &["toy.zkey", "expected"]);
    says(&saved.load_checked().unwrap_err(), &["toy.zkey", "end of the last section"]);
}

#[test]
fn every_flipped_byte_is_noticed() {
    let saved = Saved::new();
    let whole = fs::read(saved.path()).unwrap();
    let mut places: Vec<usize> = (0..whole.len()).step_by(whole.len() / 300).collect();
    places.extend(0..12);
    for (start, _, len) in sections(&whole) {
        places.extend(start - 12..start + 4);
        places.extend([start + len - 1, start + len / 2]);
    }
    let mut unseen_by_checks = 0;
    for place in places {
        for bit in [0, 7] {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << bit;
            fs::write(saved.path(), &bytes).unwrap();
            says(&saved.load().unwrap_err(), &["toy.zkey: SHA-256 of the file's chunks: expected"]);
            // Without the digest only what has rules of its own is seen.
            match saved.load_checked() {
                Err(error) => says(&error, &["toy.zkey: "]),
                Ok(_) => unseen_by_checks += 1,
            }
        }
    }
    // Those in the ceremony's transcript, which nothing here relies on.
    assert!(unseen_by_checks < 20, "{unseen_by_checks}");
}

#[test]
fn foreign_files_are_named() {
    let saved = Saved::new();
    let whole = fs::read(saved.path()).unwrap();
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = whole.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        fs::write(saved.path(), changed).unwrap();
        saved.load_checked().unwrap_err()
    };
    says(
        &with(0, b"r1cs"),
        &["toy.zkey", "expected a file that starts with \"zkey\", got \"r1cs\""],
    );
    says(&with(4, &[2]), &["format version: expected 1, got 2"]);
    says(&with(8, &[0xff; 4]), &["sections: expected at most 64"]);
    // Protocol 2 is PLONK.
    says(&with(24, &[2]), &["protocol: expected 1, got 2"]);
    let header = sections(&whole)[1].0;
    says(
        &with(header + 4, &[0xff]),
        &["base field: expected 218882428718392752222464057452572750886963"],
    );
    says(&with(header + 40, &[0xff]), &["scalar field: expected"]);
    says(&with(header + 72, &[0xff; 4]), &["wires: expected", "got 4294967295"]);
    says(&with(header + 76, &[4]), &["public inputs: expected 3, got 4"]);
    says(&with(header + 80, &[0, 0, 0, 0x80]), &["domain size: expected 64, got 2147483648"]);
    let text: &[u8] = b"PK\x03\x04 something else";
    fs::write(saved.path(), text).unwrap();
    says(&saved.load_checked().unwrap_err(), &["starts with \"zkey\""]);
    fs::remove_file(saved.path()).unwrap();
    says(&saved.load().unwrap_err(), &["toy.zkey", "No such file"]);
}

#[test]
fn sections_occur_once_and_have_their_length() {
    let saved = Saved::new();
    let whole = fs::read(saved.path()).unwrap();
    for (k, (start, id, len)) in sections(&whole).into_iter().enumerate() {
        // Renamed: the section is missing, and unknown ones are skipped.
        let mut bytes = whole.clone();
        bytes[start - 12..start - 8].copy_from_slice(&77u32.to_le_bytes());
        fs::write(saved.path(), &bytes).unwrap();
        let error = saved.load_checked().unwrap_err();
        if k == 10 {
            says(&error, &["metadata: expected Meed's own section, got none"]);
        } else {
            says(&error, &[&format!("section {id}: expected once, got 0 times")]);
        }
        // Twice.
        let mut bytes = whole.clone();
        bytes[8] += 1;
        bytes.extend(&whole[start - 12..start + len]);
        fs::write(saved.path(), &bytes).unwrap();
        says(&saved.load_checked().unwrap_err(), &[&format!("section {id}: expected once, got 2")]);
        // One byte more, announced and there.
        if k < 9 {
            let mut bytes = whole.clone();
            bytes[start - 8..start].copy_from_slice(&(len as u64 + 1).to_le_bytes());
            bytes.insert(start + len, 0);
            fs::write(saved.path(), &bytes).unwrap();
            let text = format!("section {id}: expected {len} bytes, got {}", len + 1);
            says(&saved.load_checked().unwrap_err(), &[&text]);
        }
        // Lengths that overflow.
        let mut bytes = whole.clone();
        bytes[start - 8..start].copy_from_slice(&[0xff; 8]);
        fs::write(saved.path(), &bytes).unwrap();
        says(&saved.load_checked().unwrap_err(), &["expected 18446744073709551615 bytes"]);
    }
}

#[test]
fn points_and_coefficients_are_checked_when_the_digest_is_not() {
    let saved = Saved::new();
    let whole = fs::read(saved.path()).unwrap();
    let find = |id| sections(&whole).into_iter().find(|s| s.1 == id).unwrap();
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = whole.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        fs::write(saved.path(), changed).unwrap();
        saved.load_checked().unwrap_err()
    };
    for id in [3, 5, 6, 7, 8, 9] {
        let (start, _, len) = find(id);
        let size = if id == 7 { 128 } else { 64 };
        let last = len / size - 1;
        let at = start + last * size;
        let point = format!("section {id}, point {last}: expected a point");
        says(&with(at, &[0xff; 32]), &[&point, "below the modulus"]);
        let mut off = whole[at..at + size].to_vec();
        off[0] ^= 1;
        says(&with(at, &off), &[&point, "on the curve"]);
    }
    let (start, _, _) = find(4);
    says(&with(start + 4 + 12, &[1]), &["coefficient: expected matrix 0 row 0 wire 4", "got"]);
    says(&with(start + 4 + 8, &[9]), &["got matrix 0 row 0 wire 9"]);
    says(&with(start, &[9]), &["coefficients: expected"]);
}

#[test]
fn g2_points_outside_the_subgroup_are_refused() {
    use ark_bn254::{Fq2, G2Affine};
    use ark_ff::UniformRand;
    let saved = Saved::new();
    let whole = fs::read(saved.path()).unwrap();
    let (start, ..) = sections(&whole).into_iter().find(|s| s.1 == 7).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    let point = std::iter::repeat_with(|| Fq2::rand(&mut rng))
        .find_map(|x| G2Affine::get_point_from_x_unchecked(x, true))
        .unwrap();
    assert!(!point.is_in_correct_subgroup_assuming_on_curve());
    let mut bytes = whole.clone();
    let coordinates = [point.x.c0, point.x.c1, point.y.c0, point.y.c1];
    for (to, x) in
        bytes[start..start + 128].chunks_exact_mut(8).zip(coordinates.iter().flat_map(|c| c.0 .0))
    {
        to.copy_from_slice(&x.to_le_bytes());
    }
    fs::write(saved.path(), &bytes).unwrap();
    let error = saved.load_checked().unwrap_err();
    says(&error, &["section 7, point 0: expected a point in the subgroup of order r"]);
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
        prove(&loaded, matrices, z, &CpuEngine, &mut rng, &mut |_, _| {}, &never).unwrap();
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
        prove(&loaded, matrices, z, &CpuEngine, &mut rng, &mut |_, _| {}, &never)
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
