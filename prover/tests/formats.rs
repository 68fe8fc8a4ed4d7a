//! `.r1cs`, `.wtns` and the formats of proofs and keys: round trips and damage.

mod common;

use std::sync::atomic::AtomicBool;

use ark_bn254::Fr;
use ark_ff::{BigInt, Field, PrimeField};
use common::Toy;
use meed_prover::circom::{read_r1cs, read_wtns, write_r1cs, write_wtns};
use meed_prover::{export, insecure_setup, prove, CpuEngine};
use meed_verifier::Proof;
use proptest::prelude::*;
use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};

fn r1cs(toy: &Toy) -> Vec<u8> {
    let mut bytes = vec![];
    write_r1cs(&toy.matrices, &mut bytes).unwrap();
    bytes
}

fn wtns(toy: &Toy) -> Vec<u8> {
    let mut bytes = vec![];
    write_wtns(&toy.assignment, &mut bytes).unwrap();
    bytes
}

fn proof(toy: &Toy) -> (Proof, meed_verifier::VerifyingKey) {
    let key = insecure_setup(&toy.id(), &toy.matrices).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let never = AtomicBool::new(false);
    let z = &toy.assignment;
    let (proof, _) =
        prove(&key, &toy.matrices, z, &CpuEngine::best(), &mut rng, &mut |_, _| {}, &never)
            .unwrap();
    (proof, *key.verifying_key())
}

#[test]
fn round_trips() {
    for size in [3, 40, 500] {
        let toy = Toy::new(size, 5);
        let read = read_r1cs(&r1cs(&toy)).unwrap();
        assert_eq!(read.digest(), toy.matrices.digest());
        assert_eq!(read_wtns(&wtns(&toy)).unwrap(), toy.assignment);
    }
}

#[test]
fn r1cs_bytes_are_those_of_the_specification() {
    // 1 * (z4 - 2 z1) = z2 over wires 0..=4.
    let mut builder = meed_circuits::r1cs::matrix::MatrixBuilder::new(4);
    let w = builder.new_witness();
    let one = Fr::ONE;
    builder.enforce(
        &[(0, one)],
        &[(w, one), (1, -one), (1, -one)],
        &[(2, one), (3, one), (3, -one)],
    );
    let mut bytes = vec![];
    write_r1cs(&builder.finish(), &mut bytes).unwrap();
    let prime = "010000f093f5e1439170b97948e833285d588181b64550b829a031e1724e6430";
    let minus_two = "ffffffef93f5e1439170b97948e833285d588181b64550b829a031e1724e6430";
    let one = "0100000000000000000000000000000000000000000000000000000000000000";
    let want = [
        "72316373 01000000 03000000",
        "01000000 4000000000000000 20000000",
        prime,
        "05000000 00000000 03000000 01000000 0500000000000000 01000000",
        "02000000 9c00000000000000",
        "01000000 00000000",
        one,
        "02000000 01000000",
        minus_two,
        "04000000",
        one,
        "01000000 02000000",
        one,
        "03000000 2800000000000000",
        "0000000000000000 0100000000000000 0200000000000000 0300000000000000 0400000000000000",
    ];
    assert_eq!(hex::encode(bytes), want.concat().replace(' ', ""));
}

#[test]
fn r1cs_damage_is_named() {
    let toy = Toy::new(10, 5);
    let whole = r1cs(&toy);
    for cut in 0..whole.len() {
        assert!(read_r1cs(&whole[..cut]).is_err(), "cut at {cut}");
    }
    let with = |at: usize, with: &[u8]| {
        let mut bytes = whole.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        read_r1cs(&bytes).unwrap_err().to_string()
    };
    let says = |text: String, part: &str| assert!(text.contains(part), "{text}");
    says(with(0, b"zkey"), "expected a file that starts with \"r1cs\", got \"zkey\"");
    says(with(4, &[2]), "format version: expected 1, got 2");
    says(with(24, &[48]), "bytes of a field element: expected 32, got 48");
    says(with(28, &[2]), "field: expected 2188");
    says(with(60, &[0xff; 4]), "section 3: expected 34359738360 bytes");
    says(with(60, &[1, 0, 0, 0]), "wires: expected at least");
    says(with(84, &[0xff; 4]), "expected 51539607540 bytes");
    // The first constraint's first term: count, wire, coefficient.
    says(with(100, &[0xff; 4]), "terms of a constraint: expected 154618822620 bytes");
    says(with(104, &[0xff; 4]), "wire of a term: expected below");
    says(with(108, &[0xff; 32]), "coefficients of constraint, element 0");
    // The C row of constraint 0 has two wires: name the first twice.
    let c = 88 + 12 + 40 + 40;
    let first = whole[c + 4..c + 8].to_vec();
    says(with(c + 40, &first), "wire of a term: expected each wire once in a row");
}

#[test]
fn wtns_damage_is_named() {
    let toy = Toy::new(10, 5);
    let whole = wtns(&toy);
    for cut in 0..whole.len() {
        assert!(read_wtns(&whole[..cut]).is_err(), "cut at {cut}");
    }
    let with = |at: usize, with: &[u8]| {
        let mut bytes = whole.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        read_wtns(&bytes).unwrap_err().to_string()
    };
    let says = |text: String, part: &str| assert!(text.contains(part), "{text}");
    says(with(4, &[1]), "format version: expected 2, got 1");
    says(with(60, &[0xff; 4]), "section 2: expected 137438953440 bytes");
    says(with(76, &[2]), "first value: expected 1, got another");
    says(with(76 + 32, &[0xff; 32]), "witness, element 1: expected a value below the modulus");
}

#[test]
fn snarkjs_and_arkworks_formats_round_trip() {
    let toy = Toy::new(20, 5);
    let (proof, vk) = proof(&toy);
    let inputs = toy.inputs();
    assert_eq!(export::proof_from_snarkjs(&export::proof_to_snarkjs(&proof)).unwrap(), proof);
    assert_eq!(export::inputs_from_snarkjs(&export::inputs_to_snarkjs(&inputs)).unwrap(), inputs);
    let text = export::verifying_key_to_snarkjs(&vk);
    assert_eq!(export::verifying_key_from_snarkjs(&text).unwrap(), vk);
    let bytes = export::proof_to_ark(&proof);
    assert_eq!(bytes.len(), 128);
    assert_eq!(export::proof_from_ark(&bytes).unwrap(), proof);
    let bytes = export::verifying_key_to_ark(&vk);
    assert_eq!(export::verifying_key_from_ark(&bytes).unwrap(), vk);
    for cut in 0..bytes.len() {
        assert!(export::verifying_key_from_ark(&bytes[..cut]).is_err());
    }
    let longer = [bytes, vec![0]].concat();
    assert!(export::verifying_key_from_ark(&longer).is_err());

    let data = export::solidity_calldata(&proof, &inputs);
    assert_eq!(data.len(), 4 + 11 * 32);
    assert_eq!(data[4..4 + 256], proof.to_bytes());
    assert!(export::solidity_calldata_hex(&proof, &inputs).starts_with("0x11479fea"));
}

#[test]
fn snarkjs_json_is_checked() {
    let toy = Toy::new(20, 5);
    let (proof, vk) = proof(&toy);
    let text = export::proof_to_snarkjs(&proof);
    let x = proof.a().x.into_bigint().to_string();
    let refused = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        export::proof_from_snarkjs(&text.replacen(from, to, 1)).unwrap_err().to_string()
    };
    let says = |text: String, part: &str| assert!(text.contains(part), "{text}");
    says(refused("groth16", "plonk"), "protocol: expected groth16, got plonk");
    says(refused("bn128", "bls12381"), "curve: expected bn128, got bls12381");
    says(refused(&x, "1"), "not on the curve");
    says(refused(&x, "-1"), "number: expected a decimal string");
    let mut above: BigInt<4> = proof.a().x.into_bigint();
    ark_ff::BigInteger::add_with_carry(&mut above, &ark_bn254::Fq::MODULUS);
    says(refused(&x, &above.to_string()), "below the modulus");
    says(refused("\"1\"", "\"2\""), "z of a point: expected 1, got 2");
    says(refused("{", "["), "JSON");

    let mut inputs = export::inputs_to_snarkjs(&toy.inputs());
    inputs = inputs.replacen('"', &format!("\"{}", Fr::MODULUS), 1);
    assert!(export::inputs_from_snarkjs(&inputs).is_err());
    assert!(export::inputs_from_snarkjs("[\"1\",\"2\"]").is_err());
    let text =
        export::verifying_key_to_snarkjs(&vk).replacen("\"nPublic\": 3", "\"nPublic\": 4", 1);
    assert!(export::verifying_key_from_snarkjs(&text).is_err());
}

proptest! {
    #[test]
    fn arb_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_r1cs(&bytes);
        let _ = read_wtns(&bytes);
        let _ = export::proof_from_ark(&bytes);
        let _ = export::verifying_key_from_ark(&bytes);
        let _ = meed_prover::Sidecar::from_json(&bytes);
        let _ = export::proof_from_snarkjs(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn arb_damage_does_not_panic(
        at in any::<prop::sample::Index>(),
        with in any::<[u8; 4]>(),
    ) {
        let toy = Toy::new(10, 5);
        for (mut bytes, is_r1cs) in [(r1cs(&toy), true), (wtns(&toy), false)] {
            let at = at.index(bytes.len() - 4);
            bytes[at..at + 4].copy_from_slice(&with);
            if is_r1cs {
                let _ = read_r1cs(&bytes);
            } else {
                let _ = read_wtns(&bytes);
            }
        }
    }
}
