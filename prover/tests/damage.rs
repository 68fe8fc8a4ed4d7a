//! Key files: every kind of damage, with the error that names it.

mod common;

use std::fs;

use common::saved::{says, sections, Saved};
use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};

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
