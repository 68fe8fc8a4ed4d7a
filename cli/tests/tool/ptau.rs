//! A file of a ceremony of 2^15 powers, as snarkjs's `powersoftau prepare phase2` writes it, of a tau that
//! this test knows; and halo2's key of shape XS from it.

use std::fs;

use ark_bn254::{Fq, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup, ScalarMul};
use ark_ff::{Field, PrimeField};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};

use super::world::World;

const POWER: u32 = 15;
const N: usize = 1 << POWER;

/// Montgomery form, little-endian.
fn coordinate(x: &Fq) -> impl Iterator<Item = u8> + '_ {
    x.0 .0.iter().flat_map(|limb| limb.to_le_bytes())
}

fn multiples(scalars: &[Fr]) -> Vec<u8> {
    let points = G1Affine::generator().into_group().batch_mul(scalars);
    points
        .iter()
        .flat_map(|p| coordinate(&p.x).chain(coordinate(&p.y)).collect::<Vec<_>>())
        .collect()
}

/// Sections that are not read are zero: the upper powers, G2 beyond tau, smaller domains, alpha and beta.
fn ceremony(tau: Fr) -> Vec<u8> {
    let powers: Vec<Fr> =
        std::iter::successors(Some(Fr::ONE), |x| Some(*x * tau)).take(N).collect();
    let domain = Radix2EvaluationDomain::<Fr>::new(N).unwrap();
    let mut g1 = multiples(&powers);
    g1.resize((2 * N - 1) * 64, 0);
    let g2 = [G2Affine::generator(), (G2Affine::generator() * tau).into_affine()];
    let mut g2: Vec<u8> = g2
        .iter()
        .flat_map(|p| [p.x.c0, p.x.c1, p.y.c0, p.y.c1])
        .flat_map(|x| coordinate(&x).collect::<Vec<_>>())
        .collect();
    g2.resize(N * 128, 0);
    let mut lagrange = vec![0; (N - 1) * 64];
    lagrange.extend(multiples(&domain.evaluate_all_lagrange_coefficients(tau)));
    lagrange.resize((4 * N - 1) * 64, 0);

    let mut header = 32u32.to_le_bytes().to_vec();
    header.extend(Fq::MODULUS.0.iter().flat_map(|limb| limb.to_le_bytes()));
    header.extend([POWER.to_le_bytes(), POWER.to_le_bytes()].concat());
    let mut contributions = 1u32.to_le_bytes().to_vec();
    contributions.extend([0; 448 + 768 + 216]);
    contributions.extend([9; 64]);
    // No beacon; parameters: a name of five letters.
    contributions.extend([0, 0, 0, 0, 7, 0, 0, 0, 1, 5]);
    contributions.extend(b"alice");

    let sections = [(1, header), (2, g1), (3, g2), (7, contributions), (12, lagrange)];
    let mut file = b"ptau".to_vec();
    file.extend([1u32.to_le_bytes(), (sections.len() as u32).to_le_bytes()].concat());
    for (id, content) in &sections {
        file.extend(u32::to_le_bytes(*id));
        file.extend((content.len() as u64).to_le_bytes());
        file.extend(content);
    }
    file
}

#[test]
fn a_ceremony_gives_a_key_that_proves() {
    let w = World::new();
    w.scores("0,a,1.5\n0,b,0.5\n1,b,2\n");
    w.import().expect(0, &[]);
    w.net(&["commit"]).expect(0, &[]);
    let file = ceremony(Fr::from(0x6d656564u64));
    w.file("own.ptau", &file);
    let setup = ["setup", "XS", "--system", "halo2", "--ptau", "own.ptau"];
    let said = w.run(&setup);
    said.expect(0, &["2^15 rows", "alice", "BLAKE2b"]);
    assert!(!said.out.contains("INSECURE"), "{}", said.out);
    w.run(&["keys"]).expect(0, &["meed-halo2-XS", "2^15 rows", "ready"]);

    w.net(&["prove", "--system", "halo2"]).expect(0, &[]);
    let vk = "keys/meed-halo2-XS.vk.json";
    let verified = w.run(&["verify", "net/epochs/1/bundle", "--key", vk]);
    assert!(!verified.expect(0, &["the proof is valid"]).out.contains("INSECURE"));

    // One power that is none, told by its place; nothing is written.
    let folder = w.path("keys");
    fs::remove_dir_all(&folder).unwrap();
    let start = 12 + (12 + 44) + 12;
    let (from, to) = (start + 64 * 700, start + 64 * 900);
    let mut bad = file;
    bad.copy_within(from..from + 64, to);
    w.file("own.ptau", &bad);
    let before = w.snapshot();
    w.run(&setup)
        .expect(3, &["own.ptau", "section 2, point 900: expected a point that is tau times"]);
    assert!(before == w.snapshot());
}
