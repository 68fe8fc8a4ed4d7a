//! Parameters of snarkjs's file, of one that is made here in a real size, and insecure ones.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use ark_bn254::{G1Affine as ArkG1, G2Affine as ArkG2};
use ark_ec::CurveGroup;
use ark_ff::{BigInt, PrimeField};
use halo2_proofs::halo2curves::serde::SerdeObject;
use meed_halo2::Circuit;
use meed_statement::lies::sample;
use meed_statement::settle::settle;
use meed_statement::shape::XS;
use meed_statement::words::Domain;
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};
use tempfile::{tempdir, TempDir};

use super::*;
use crate::halo2::{prove, verify_by_library, Key, Sidecar};
use crate::zkey::sidecar_path;

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

fn fixture() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/powers-of-tau/tau_4.ptau")
}

fn cut(path: &Path, k: u32) -> Result<(Params, Vec<Contribution>), KeyError> {
    let never = AtomicBool::new(false);
    Params::from_ptau(path, k, &mut rng(), &never).map(|cut| cut.expect("nobody asked to stop"))
}

fn bytes(params: &Params) -> Vec<u8> {
    let mut bytes = Vec::new();
    params.write(&mut bytes).unwrap();
    bytes
}

fn read(bytes: &[u8], k: u32) -> Result<Params, FormatError> {
    Params::read(bytes, bytes.len() as u64, k, &mut rng())
}

/// With the right hash at its end.
fn hashed(mut bytes: Vec<u8>) -> Vec<u8> {
    let content = bytes.len() - HASH;
    let hash = Sha256::digest(&bytes[..content]);
    bytes[content..].copy_from_slice(&hash);
    bytes
}

/// The library's own Lagrange polynomials of the same powers.
fn by_the_library(kzg: &ParamsKZG<Bn256>) -> Vec<u8> {
    let g = kzg.get_g().to_vec();
    let other = kzg.from_parts(kzg.k(), g, None, kzg.g2(), kzg.s_g2());
    let mut bytes = Vec::new();
    write_kzg(&mut bytes, &other).unwrap();
    bytes
}

fn same_as_the_library(kzg: &ParamsKZG<Bn256>) {
    let mut ours = Vec::new();
    write_kzg(&mut ours, kzg).unwrap();
    assert!(ours == by_the_library(kzg), "k = {}", kzg.k());
    assert_eq!(ours.len() as u64, kzg_bytes(kzg.k()));
}

#[test]
fn a_ceremonys_file_is_cut_to_each_size() {
    for k in 1..=4 {
        let (params, contributions) = cut(&fixture(), k).unwrap();
        same_as_the_library(params.kzg());
        let ceremony = params.provenance().ceremony.as_ref().unwrap();
        assert_eq!((ceremony.file.as_str(), ceremony.contributions), ("tau_4.ptau", 2));
        assert_eq!(ceremony.last_name.as_deref(), Some("fixture beacon"));
        assert_eq!(*ceremony.last_challenge.as_bytes(), contributions[1].next_challenge);
        let whole = blake2b_simd::blake2b(&fs::read(fixture()).unwrap());
        assert_eq!(ceremony.blake2b.to_string(), whole.to_hex().as_str());
    }
    let error = cut(&fixture(), 5).unwrap_err().to_string();
    assert!(error.contains("tau_4.ptau: power: expected at least 5"), "{error}");
    let stop = AtomicBool::new(true);
    assert!(Params::from_ptau(&fixture(), 4, &mut rng(), &stop).unwrap().is_none());
}

#[test]
fn the_roots_of_the_two_libraries_are_powers_of_each_other() {
    for k in [1, 2, 4, 15, 16, 19, 28] {
        let theirs = ArkFr::get_root_of_unity(1 << k).unwrap();
        assert_eq!(theirs.pow([exponent(k) as u64]), to_ark(&root(k)), "k = {k}");
        assert_eq!(exponent(k) % 2, 1, "a permutation");
    }
    assert_ne!(exponent(16), 1, "the two libraries agree by now: nothing to permute");
    let domain = EvaluationDomain::<Fr>::new(2, 15);
    assert_eq!(domain.get_omega(), root(15));
}

#[test]
fn insecure_parameters_are_those_of_the_published_tau() {
    let tau = insecure_tau();
    for k in [1, 5] {
        let params = Params::insecure(k);
        same_as_the_library(params.kzg());
        let generator = ark_bn254::G1Affine::generator();
        let mut power = ArkFr::ONE;
        for g in params.kzg().get_g() {
            assert_eq!(g1_to_ark(g), generator * power);
            power *= tau;
        }
        assert_eq!(g2_to_ark(&params.kzg().s_g2()), ark_bn254::G2Affine::generator() * tau);
        check_powers(params.kzg(), &mut rng()).unwrap();
    }
}

#[test]
fn files_are_written_and_read_again() {
    let folder = tempdir().unwrap();
    let (ceremony, _) = cut(&fixture(), 3).unwrap();
    for (params, name) in [
        (ceremony, "meed-tau-3-3d3c386d49812a7a.params"),
        (Params::insecure(3), "meed-tau-3-insecure.params"),
    ] {
        let path = params.save(folder.path()).unwrap();
        assert_eq!(path, folder.path().join(name));
        let read = Params::load(&path, 3, &mut rng()).unwrap();
        assert_eq!(read.provenance(), params.provenance());
        assert!(bytes(&read) == bytes(&params));
        let error = Params::load(&path, 4, &mut rng()).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("k: expected 4, got 3"), "{error}");
    }
}

#[test]
fn a_ceremonys_file_is_cut_once() {
    let folder = tempdir().unwrap();
    let never = AtomicBool::new(false);
    let of = |k| Params::of_ceremony(folder.path(), &fixture(), k, &mut rng(), &never);
    let (cut, contributions) = of(2).unwrap().unwrap();
    assert_eq!(contributions.len(), 2);
    let kept = params_path(folder.path(), 2, cut.provenance());
    let written = fs::metadata(&kept).unwrap().modified().unwrap();
    let (again, _) = of(2).unwrap().unwrap();
    assert!(bytes(&again) == bytes(&cut));
    assert_eq!(fs::metadata(&kept).unwrap().modified().unwrap(), written, "it was read");
    of(3).unwrap().unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    // A damaged one is told of, not replaced.
    fs::write(&kept, &bytes(&cut)[..100]).unwrap();
    let error = of(2).unwrap_err().to_string();
    assert!(error.contains("meed-tau-2-3d3c386d49812a7a.params"), "{error}");
}

/// Files list the contributions that they like: here, of two secrets, the same.
#[test]
fn a_copied_list_of_contributions_reaches_no_other_secret() {
    let folder = tempdir().unwrap();
    let never = AtomicBool::new(false);
    let keys = tempdir().unwrap();
    let of = |tau: u64| {
        let path = ptau(&folder, 3, ArkFr::from(tau));
        let cut = Params::of_ceremony(keys.path(), &path, 3, &mut rng(), &never);
        cut.unwrap().unwrap().0
    };
    let (first, second) = (of(77_777), of(88_888));
    let told = |params: &Params| params.provenance().ceremony.clone().unwrap();
    assert_eq!(told(&first).last_challenge, told(&second).last_challenge);
    assert_ne!(told(&first).blake2b, told(&second).blake2b);
    assert!(bytes(&first) != bytes(&second), "each file its own secret");
    let again = of(77_777);
    assert!(bytes(&again) == bytes(&first), "and again");
    // A kept file under the name of another is refused.
    let kept = |params: &Params| params_path(keys.path(), 3, params.provenance());
    fs::copy(kept(&second), kept(&first)).unwrap();
    let path = ptau(&folder, 3, ArkFr::from(77_777u64));
    let error = Params::of_ceremony(keys.path(), &path, 3, &mut rng(), &never).unwrap_err();
    assert!(error.to_string().contains("BLAKE2b"), "{error}");
}

#[test]
fn other_files_are_refused() {
    let whole = bytes(&cut(&fixture(), 2).unwrap().0);
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        assert!(read(&changed, 2).is_err(), "byte {at}");
        assert!(read(&whole[..at], 2).is_err(), "the first {at} bytes");
    }
    read(&[&whole[..], &[0]].concat(), 2).unwrap_err();

    // With the right hash at the end: what only the points can tell.
    let refused = |change: &dyn Fn(&mut Vec<u8>), expected: &str| {
        let mut changed = whole.clone();
        change(&mut changed);
        let error = read(&hashed(changed), 2).unwrap_err().to_string();
        assert!(error.contains(expected), "expected {expected:?}, got {error:?}");
    };
    let points = whole.len() - HASH - kzg_bytes(2) as usize;
    let (g, lagrange) = (points + 4, points + 4 + 4 * G1);
    let (g2, tau_g2) = (lagrange + 4 * G1, lagrange + 4 * G1 + G2);
    let swap = |a: usize, b: usize, len: usize| {
        move |bytes: &mut Vec<u8>| (0..len).for_each(|i| bytes.swap(a + i, b + i))
    };
    let overwrite = |at: usize, to: Vec<u8>| {
        move |bytes: &mut Vec<u8>| bytes[at..at + to.len()].copy_from_slice(&to)
    };
    refused(&|b| b[0] = 0, "magic: expected ff6d656564683275, got 006d656564683275");
    refused(&|b| b[7] = b'f', "magic");
    refused(&|b| b[8] = 2, "format version: expected 1, got 2");
    refused(&|b| b[12] = 29, "k: expected 1 to 28, got 29");
    refused(&|b| b[12] = 3, "k: expected 2, got 3");
    refused(&|b| b[19] = 1, "length of the description: expected at most 65536");
    refused(&|b| b[20] = b'[', "JSON");
    refused(&|b| b[points] = 3, "k of the points: expected 2, got 3");
    refused(&swap(g, g + G1, G1), "the generator of G1 at first");
    refused(&swap(g + 2 * G1, g + 3 * G1, G1), "each in the ratio of tau");
    refused(&swap(lagrange, lagrange + G1, G1), "those of halo2's domain");
    refused(&swap(lagrange + 2 * G1, lagrange + 3 * G1, G1), "those of halo2's domain");
    refused(&swap(g2, tau_g2, G2), "the generator at first");
    refused(&overwrite(tau_g2, G2Affine::generator().to_raw_bytes()), "tau neither 0, 1 nor -1");
    let minus = -G2Affine::generator();
    refused(&overwrite(tau_g2, minus.to_raw_bytes()), "tau neither 0, 1 nor -1");
    refused(&overwrite(tau_g2, vec![0; G2]), "tau neither 0, 1 nor -1");
    let other = (minus * Fr::from(5)).to_affine().to_raw_bytes();
    refused(&overwrite(tau_g2, other), "each in the ratio of tau");
    refused(&overwrite(g, vec![0xff; 32]), "powers of tau: expected a point of G1");
    refused(&overwrite(g + G1, vec![1]), "powers of tau: expected a point of G1");
    // On the curve of G2, but not in the subgroup.
    let outside = (1u64..)
        .filter_map(|x| ArkG2::get_point_from_x_unchecked(ark_bn254::Fq2::from(x), true))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .unwrap();
    let mut encoded = vec![0; G2];
    outside.encode(&mut encoded);
    refused(&overwrite(tau_g2, encoded), "the subgroup of order r");
    // The same points called insecure, and insecure ones called a ceremony's.
    let (mine, insecure) = (read(&whole, 2).unwrap(), Params::insecure(2));
    let lie = |kzg: ParamsKZG<Bn256>, provenance: &Provenance, expected: &str| {
        let told = bytes(&Params { kzg, provenance: provenance.clone() });
        let error = read(&told, 2).unwrap_err().to_string();
        assert!(error.contains(expected), "expected {expected:?}, got {error:?}");
    };
    lie(mine.kzg.clone(), insecure.provenance(), "expected ceremony (by its tau)");
    lie(insecure.kzg.clone(), mine.provenance(), "expected insecure-local (by its tau)");
    let nameless = Provenance { origin: Origin::Ceremony, ceremony: None };
    lie(mine.kzg.clone(), &nameless, "origin without a ceremony");
    let mut terminal = mine.provenance().clone();
    terminal.ceremony.as_mut().unwrap().file.push('\u{1b}');
    lie(mine.kzg.clone(), &terminal, "without control characters");
    let mut empty = mine.provenance().clone();
    empty.ceremony.as_mut().unwrap().contributions = 0;
    lie(mine.kzg.clone(), &empty, "contributions: expected at least one");
}

#[test]
fn names_are_printable() {
    assert_eq!(printable("a\u{1b}[31mb\n"), "a[31mb");
    assert_eq!(printable(&"é".repeat(200)).len(), 254);
}

/// A file of power `p` as snarkjs writes it, of a tau that this test knows: the sections that are read.
fn ptau(folder: &TempDir, power: u32, tau: ArkFr) -> std::path::PathBuf {
    let n = 1usize << power;
    let powers: Vec<ArkFr> =
        std::iter::successors(Some(ArkFr::ONE), |x| Some(*x * tau)).take(2 * n - 1).collect();
    let mut lagrange = Vec::new();
    for k in 0..=power + 1 {
        use ark_poly::{EvaluationDomain as _, Radix2EvaluationDomain};
        let domain = Radix2EvaluationDomain::<ArkFr>::new(1 << k).unwrap();
        lagrange.extend(domain.evaluate_all_lagrange_coefficients(tau));
    }
    fn list<A>(scalars: &[ArkFr]) -> Vec<u8>
    where
        A: Point + ark_ec::AffineRepr<ScalarField = ArkFr>,
    {
        let points: Vec<A> = ark_ec::ScalarMul::batch_mul(A::generator().into_group(), scalars);
        let size = A::BYTES;
        let mut bytes = vec![0; points.len() * size];
        for (to, point) in bytes.chunks_exact_mut(size).zip(&points) {
            point.encode(to);
        }
        bytes
    }
    let modulus: BigInt<4> = ark_bn254::Fq::MODULUS;
    let mut header = 32u32.to_le_bytes().to_vec();
    header.extend(modulus.0.iter().flat_map(|limb| limb.to_le_bytes()));
    header.extend(power.to_le_bytes());
    header.extend(power.to_le_bytes());
    let mut contributions = 1u32.to_le_bytes().to_vec();
    contributions.extend(vec![0; 448 + 768 + 216]);
    contributions.extend([9; 64]);
    contributions.extend([0; 8]);
    let sections = [
        (1, header),
        (2, list::<ark_bn254::G1Affine>(&powers)),
        (3, list::<ark_bn254::G2Affine>(&powers[..n])),
        (7, contributions),
        (12, list::<ark_bn254::G1Affine>(&lagrange)),
    ];
    let mut file = b"ptau".to_vec();
    file.extend(1u32.to_le_bytes());
    file.extend((sections.len() as u32).to_le_bytes());
    for (id, content) in &sections {
        file.extend((*id as u32).to_le_bytes());
        file.extend((content.len() as u64).to_le_bytes());
        file.extend(content);
    }
    let path = folder.path().join("own.ptau");
    fs::write(&path, file).unwrap();
    path
}

#[test]
fn a_real_size_serves_the_smallest_circuit() {
    let folder = tempdir().unwrap();
    let tau = ArkFr::from_be_bytes_mod_order(&Sha256::digest(b"a test's tau"));
    let path = ptau(&folder, 15, tau);
    let (params, contributions) = cut(&path, 15).unwrap();
    assert_eq!(contributions.len(), 1);
    assert_eq!(g1_to_ark(&params.kzg().get_g()[1]), (ArkG1::generator() * tau).into_affine());
    // The cut file is as good.
    let kept = params.save(folder.path()).unwrap();
    let hash = params.provenance().ceremony.as_ref().unwrap().blake2b.to_string();
    let name = format!("meed-tau-15-{}.params", &hash[..16]);
    assert!(kept.ends_with(name), "{}", kept.display());
    let params = Params::load(&kept, 15, &mut rng()).unwrap();

    let circuit = Circuit::new(XS);
    let key = Key::new(params, &circuit).unwrap();
    let place = folder.path().join("of-a-ceremony.key");
    key.save(&place).unwrap();
    let sidecar = Sidecar::load(&sidecar_path(&place)).unwrap();
    assert!(!sidecar.verifying_key().unwrap().is_insecure());
    assert_eq!(sidecar.key.parameters.ceremony.as_ref().unwrap().file, "own.ptau");
    let inputs = sample();
    let trace = settle(&inputs).unwrap();
    let (assignment, binding) = circuit.assign(&inputs, &trace, &Domain::OFF_CHAIN).unwrap();
    let never = AtomicBool::new(false);
    let (proof, _) =
        prove(&key, &circuit, &assignment, &mut rng(), &mut |_, _| {}, &never).unwrap();
    let proof = proof.to_bytes();
    // Under parameters of another tau it is none.
    let other = Key::new(Params::insecure(15), &circuit).unwrap();
    verify_by_library(&other, &binding, &proof).unwrap_err();
}
