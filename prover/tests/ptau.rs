//! Powers of tau that snarkjs made, and everything that is refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::One;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use meed_prover::ptau::{Powers, PtauFile};
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha20Rng;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/powers-of-tau/tau_4.ptau")
}

fn powers(path: &Path, k: u32) -> Result<Powers, String> {
    let mut file = PtauFile::open(path).map_err(|e| e.to_string())?;
    let (mut rng, never) = (ChaCha20Rng::seed_from_u64(1), AtomicBool::new(false));
    let powers = file.powers(k, &mut rng, &never).map_err(|e| e.to_string())?;
    Ok(powers.expect("nobody asked to stop"))
}

/// Where the content of a section starts.
fn section(bytes: &[u8], id: u32) -> usize {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let mut at = 12;
    while number(at) != id {
        at += 12 + u64::from_le_bytes(bytes[at + 4..at + 12].try_into().unwrap()) as usize;
    }
    at + 12
}

fn changed(change: impl FnOnce(&mut Vec<u8>)) -> tempfile::NamedTempFile {
    let mut bytes = fs::read(fixture()).unwrap();
    change(&mut bytes);
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    file
}

#[test]
fn every_size_is_a_set_up() {
    for k in 1..=4 {
        let Powers { g1, lagrange, g2, .. } = powers(&fixture(), k).unwrap();
        assert_eq!((g1.len(), lagrange.len()), (1 << k, 1 << k));
        // One by one, without any random combination.
        for pair in g1.windows(2) {
            assert_eq!(Bn254::pairing(pair[1], g2[0]), Bn254::pairing(pair[0], g2[1]));
        }
        let domain = Radix2EvaluationDomain::<Fr>::new(1 << k).unwrap();
        for (i, got) in lagrange.iter().enumerate() {
            let mut values = vec![Fr::from(0u64); 1 << k];
            values[i] = Fr::one();
            let coefficients = domain.ifft(&values);
            let expected = G1Projective::msm_unchecked(&g1, &coefficients).into_affine();
            assert_eq!(*got, expected, "k = {k}, i = {i}");
        }
    }
}

#[test]
fn contributions_are_told() {
    let mut file = PtauFile::open(&fixture()).unwrap();
    assert_eq!(file.power(), 4);
    let contributions = file.contributions().unwrap();
    let names: Vec<_> = contributions.iter().map(|c| (c.name.as_deref(), c.beacon)).collect();
    assert_eq!(names, [(Some("fixture"), false), (Some("fixture beacon"), true)]);
    // As `snarkjs powersoftau verify` prints it.
    let last = hex::encode(contributions[1].next_challenge);
    assert!(last.starts_with("bc729413931649b4f2d084f9375fa6bd"), "{last}");
    assert!(last.ends_with("e6c9b7b2de4ba166b8232b9f130cebd0"), "{last}");
}

#[test]
fn stopping_gives_nothing() {
    let (mut rng, stop) = (ChaCha20Rng::seed_from_u64(1), AtomicBool::new(true));
    let mut file = PtauFile::open(&fixture()).unwrap();
    assert_eq!(file.powers(4, &mut rng, &stop).unwrap(), None);
}

#[test]
fn other_files_are_refused() {
    let refused = |change: &dyn Fn(&mut Vec<u8>), expected: &str| {
        let file = changed(|bytes| change(bytes));
        let error = powers(file.path(), 4).unwrap_err();
        assert!(error.contains(expected), "expected {expected:?}, got {error:?}");
        assert!(error.contains(&file.path().display().to_string()), "{error}");
    };
    let header = section(&fs::read(fixture()).unwrap(), 1);
    refused(&|b| b[0] = b'z', "expected a file that starts with \"ptau\"");
    refused(&|b| b.truncate(b.len() - 1), "bytes, got");
    refused(&|b| b.truncate(7), "file header");
    refused(&|b| b.push(0), "end of the last section");
    // BLS12-381, say.
    refused(&|b| b[header + 4] ^= 1, "base field");
    refused(&|b| b[header + 36] = 3, "section 2: expected 960 bytes, got 1984");
    refused(&|b| b[header + 36] = 200, "power: expected 1 to 28");
    // Sections 12 to 15 get other names: as before `prepare phase2`.
    refused(
        &|b| {
            let at = section(b, 12) - 12;
            b[at] = 99;
        },
        "prepare phase2",
    );
    let error = powers(&fixture(), 5).unwrap_err();
    assert!(error.contains("power: expected at least 5"), "{error}");
    let error = powers(&fixture(), 0).unwrap_err();
    assert!(error.contains("power"), "{error}");
}

#[test]
fn points_that_do_not_belong_are_refused() {
    let refused = |id: u32, at: usize, point: &[u8], expected: &str| {
        let file = changed(|bytes| {
            let start = section(bytes, id) + at;
            bytes[start..start + point.len()].copy_from_slice(point);
        });
        let error = powers(file.path(), 4).unwrap_err();
        assert!(error.contains(expected), "expected {expected:?}, got {error:?}");
    };
    let bytes = fs::read(fixture()).unwrap();
    let g1 = |i: usize| &bytes[section(&bytes, 2) + 64 * i..][..64];
    let g2 = |i: usize| &bytes[section(&bytes, 3) + 128 * i..][..128];
    refused(2, 64 * 3, &[0xff; 32], "section 2, point 3: expected a point with coordinates below");
    refused(2, 64 * 3, &[1; 1], "section 2, point 3: expected a point on its curve");
    refused(2, 0, g1(1), "that is the generator of G1");
    refused(3, 0, g2(1), "that is the generator of G2");
    refused(3, 128, g2(0), "tau neither 0 nor 1");
    refused(3, 128, &[0; 128], "tau neither 0 nor 1");
    // Another power, at each place.
    for i in 1..16 {
        refused(2, 64 * i, g1(16), &format!("section 2, point {i}: expected a point that is tau"));
    }
    refused(3, 128, g2(2), "section 2, point 1: expected a point that is tau times the one before");
    // Each Lagrange polynomial of the domain of 16, after those of 1, 2, 4 and 8.
    for i in 0..16 {
        let expected = format!("section 12, point {}: expected a point that is a Lagrange", 15 + i);
        refused(12, 64 * (15 + i), g1(1), &expected);
    }
    // The point at infinity is on the curve, and no power.
    refused(2, 64 * 5, &[0; 64], "section 2, point 5: expected a point that is tau times");
}

#[test]
fn contributions_are_bounded() {
    let refused = |at: usize, number: u32, expected: &str| {
        let file = changed(|bytes| {
            let start = section(bytes, 7) + at;
            bytes[start..start + 4].copy_from_slice(&number.to_le_bytes());
        });
        let mut file = PtauFile::open(file.path()).unwrap();
        let error = file.contributions().unwrap_err().to_string();
        assert!(error.contains(expected), "expected {expected:?}, got {error:?}");
    };
    refused(0, u32::MAX, "number of contributions: expected at most 2");
    refused(0, 1, "bytes left");
    let kind = 4 + 448 + 768 + 216 + 64;
    refused(kind, 2, "kind of a contribution");
    refused(kind + 4, u32::MAX, "parameters of a contribution");
    refused(kind + 4, 4_000, "bytes, got");
}

#[test]
fn the_generators_are_the_curves() {
    let powers = powers(&fixture(), 1).unwrap();
    assert_eq!((powers.g1[0], powers.g2[0]), (G1Affine::generator(), G2Affine::generator()));
}
