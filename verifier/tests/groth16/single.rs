//! One proof: what is accepted, and every way of being almost right.

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_ec::{pairing::Pairing, AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, Field, PrimeField, UniformRand};
use meed_toys::groth16::{outside_subgroup, Setup, Toy};
use meed_verifier::{
    inputs_from_bytes, inputs_to_bytes, verify, verify_bytes, Element, Proof, VerifyError,
    INPUTS_BYTES, PROOF_BYTES,
};

#[test]
fn honest_proofs_verify_and_ark_groth16_agrees() {
    let mut setup = Setup::new(1);
    for _ in 0..8 {
        let (inputs, proof) = setup.random_proof();
        assert!(setup.verdict(&inputs, &proof));
        verify_bytes(&setup.pvk, &inputs_to_bytes(&inputs), &proof.to_bytes()).unwrap();
    }
}

#[test]
fn small_and_extreme_inputs_verify() {
    let mut setup = Setup::new(2);
    let max = -Fr::ONE;
    for (w, k, alpha) in [(Fr::ZERO, Fr::ZERO, Fr::ZERO), (max, max, max), (Fr::ONE, max, Fr::ONE)]
    {
        let (inputs, proof) = setup.prove(Toy { w, k, alpha });
        assert!(setup.verdict(&inputs, &proof));
    }
}

#[test]
fn a_change_of_any_byte_of_the_proof_is_rejected() {
    let mut setup = Setup::new(3);
    let (inputs, proof) = setup.random_proof();
    let bytes = proof.to_bytes();
    for position in 0..PROOF_BYTES {
        for mask in [0x01, 0x80, 0xff] {
            let mut changed = bytes;
            changed[position] ^= mask;
            let verdict =
                Proof::from_bytes(&changed).and_then(|proof| verify(&setup.pvk, &inputs, &proof));
            let element = match position {
                0..64 => Element::A,
                64..192 => Element::B,
                _ => Element::C,
            };
            // A changed coordinate leaves the curve: the other one has no such partner.
            assert!(
                verdict == Err(VerifyError::NotOnCurve { element })
                    || verdict == Err(VerifyError::NonCanonical { element }),
                "byte {position} ^ {mask:#04x}: {verdict:?}"
            );
        }
    }
}

#[test]
fn every_wrong_public_input_is_rejected() {
    let mut setup = Setup::new(4);
    let (inputs, proof) = setup.random_proof();
    for position in 0..3 {
        let random = Fr::rand(&mut setup.rng);
        for wrong in [inputs[position] + Fr::ONE, -inputs[position], Fr::ZERO, Fr::ONE, random] {
            let mut changed = inputs;
            changed[position] = wrong;
            assert!(!setup.verdict(&changed, &proof), "input {position}");
        }
    }
    let [h, alpha, y] = inputs;
    for order in [[alpha, h, y], [h, y, alpha], [y, alpha, h], [alpha, y, h], [y, h, alpha]] {
        assert!(!setup.verdict(&order, &proof));
    }
}

#[test]
fn an_input_and_the_same_input_plus_r_are_not_the_same() {
    let mut setup = Setup::new(5);
    let toy = Toy { w: Fr::from(2), k: Fr::from(3), alpha: Fr::from(5) };
    let (inputs, proof) = setup.prove(toy);
    let bytes = inputs_to_bytes(&inputs);
    verify_bytes(&setup.pvk, &bytes, &proof.to_bytes()).unwrap();
    for index in 0..3 {
        let mut changed = bytes;
        let slot = &mut changed[32 * index..32 * (index + 1)];
        add_be(slot, &be(Fr::MODULUS.0));
        assert_eq!(
            verify_bytes(&setup.pvk, &changed, &proof.to_bytes()),
            Err(VerifyError::Input { index })
        );
    }
    let mut largest = bytes;
    largest[..32].copy_from_slice(&be(Fr::MODULUS.0));
    assert_eq!(inputs_from_bytes(&largest), Err(VerifyError::Input { index: 0 }));
    largest[31] -= 1;
    assert_eq!(inputs_from_bytes(&largest).unwrap()[0], -Fr::ONE);
}

#[test]
fn lengths_are_exact() {
    for got in [0, 1, PROOF_BYTES - 1, PROOF_BYTES + 1, 2 * PROOF_BYTES] {
        let error = VerifyError::Length { expected: PROOF_BYTES, got };
        assert_eq!(Proof::from_bytes(&vec![1; got]), Err(error));
    }
    for got in [0, 32, INPUTS_BYTES - 1, INPUTS_BYTES + 1] {
        let error = VerifyError::Length { expected: INPUTS_BYTES, got };
        assert_eq!(inputs_from_bytes(&vec![0; got]), Err(error));
    }
}

#[test]
fn coordinates_plus_q_are_rejected() {
    let mut setup = Setup::new(6);
    let (_, proof) = setup.random_proof();
    let elements = [Element::A, Element::B, Element::B, Element::C];
    let modulus = be(ark_bn254::Fq::MODULUS.0);
    for slot in 0..8 {
        let mut changed = proof.to_bytes();
        // q is below 2^254, so a coordinate plus q always fits its 32 bytes.
        assert!(!add_be(&mut changed[32 * slot..32 * (slot + 1)], &modulus));
        let element = elements[slot / 2];
        assert_eq!(Proof::from_bytes(&changed), Err(VerifyError::NonCanonical { element }));
    }
}

#[test]
fn points_that_are_none_are_named() {
    let mut setup = Setup::new(7);
    let (_, proof) = setup.random_proof();
    let (a, b, c) = (*proof.a(), *proof.b(), *proof.c());
    let off1 = G1Affine::new_unchecked(a.x, a.y + ark_bn254::Fq::ONE);
    let off2 = G2Affine::new_unchecked(b.x, b.y + ark_bn254::Fq2::ONE);
    let outside = outside_subgroup(8);
    let (zero1, zero2) = (G1Affine::zero(), G2Affine::zero());
    let cases = [
        ((off1, b, c), VerifyError::NotOnCurve { element: Element::A }),
        ((a, off2, c), VerifyError::NotOnCurve { element: Element::B }),
        ((a, b, off1), VerifyError::NotOnCurve { element: Element::C }),
        ((a, outside, c), VerifyError::NotInSubgroup { element: Element::B }),
        ((zero1, b, c), VerifyError::Identity { element: Element::A }),
        ((a, zero2, c), VerifyError::Identity { element: Element::B }),
        ((a, b, zero1), VerifyError::Identity { element: Element::C }),
    ];
    for ((a, b, c), error) in cases {
        assert_eq!(Proof::from_points(a, b, c), Err(error));
        assert_eq!(Proof::from_bytes(&unchecked_bytes(&a, &b, &c)), Err(error));
    }
    assert_eq!(
        Proof::from_bytes(&[0; PROOF_BYTES]),
        Err(VerifyError::Identity { element: Element::A })
    );
}

#[test]
fn b_plus_a_point_of_the_cofactors_order_is_rejected() {
    let mut setup = Setup::new(9);
    let (_, proof) = setup.random_proof();
    // r Q has an order that divides the cofactor. Many pairings would not see it in B.
    let torsion = outside_subgroup(10).mul_bigint(Fr::MODULUS);
    assert!(torsion != G2Affine::zero());
    let b = (torsion + proof.b()).into_affine();
    assert_eq!(
        Proof::from_points(*proof.a(), b, *proof.c()),
        Err(VerifyError::NotInSubgroup { element: Element::B })
    );
}

#[test]
fn points_in_wrong_places_are_rejected() {
    let mut setup = Setup::new(11);
    let (inputs, proof) = setup.random_proof();
    let (_, other) = setup.random_proof();
    let (a, b, c) = (*proof.a(), *proof.b(), *proof.c());
    let double = |p: G1Affine| (p + p).into_affine();
    let cases = [
        (c, b, a),
        (a, b, a),
        (c, b, c),
        (-a, b, c),
        (a, -b, c),
        (a, b, -c),
        (double(a), b, c),
        (a, b, double(c)),
        (*other.a(), b, c),
        (a, *other.b(), c),
        (a, b, *other.c()),
        (*other.a(), *other.b(), *other.c()),
        (setup.pk.vk.alpha_g1, setup.pk.vk.beta_g2, c),
        (G1Affine::generator(), G2Affine::generator(), G1Affine::generator()),
    ];
    for (case, (a, b, c)) in cases.into_iter().enumerate() {
        let proof = Proof::from_points(a, b, c).unwrap();
        assert!(!setup.verdict(&inputs, &proof), "case {case}");
        assert_eq!(verify(&setup.pvk, &inputs, &proof), Err(VerifyError::Rejected));
    }
}

#[test]
fn a_proof_under_another_key_is_rejected() {
    let mut one = Setup::new(12);
    let other = Setup::new(13);
    let (inputs, proof) = one.random_proof();
    assert!(one.verdict(&inputs, &proof));
    assert!(!other.verdict(&inputs, &proof));
}

/// Anybody can make other bytes of a proof of the same statement; so proofs are no identifiers.
#[test]
fn groth16_proofs_are_malleable() {
    let mut setup = Setup::new(14);
    let (inputs, proof) = setup.random_proof();
    let t = Fr::rand(&mut setup.rng);
    let a = (*proof.a() * t.inverse().unwrap()).into_affine();
    let b = (*proof.b() * t).into_affine();
    let scaled = Proof::from_points(a, b, *proof.c()).unwrap();
    assert!(scaled != proof && setup.verdict(&inputs, &scaled));

    let both_negated = Proof::from_points(-*proof.a(), -*proof.b(), *proof.c()).unwrap();
    assert!(setup.verdict(&inputs, &both_negated));

    // B + s delta, C + s A: the other freedom of section 3.2.
    let s = Fr::rand(&mut setup.rng);
    let b = (*setup.key.delta() * s + proof.b()).into_affine();
    let c = (*proof.a() * s + proof.c()).into_affine();
    let shifted = Proof::from_points(*proof.a(), b, c).unwrap();
    assert!(shifted != proof && setup.verdict(&inputs, &shifted));
}

/// The equation as the paper writes it, from four separate pairings.
#[test]
fn the_equation_is_the_papers() {
    let mut setup = Setup::new(15);
    let (inputs, proof) = setup.random_proof();
    let key = setup.key;
    let mut sum = key.ic()[0].into_group();
    for (point, input) in key.ic()[1..].iter().zip(&inputs) {
        sum += *point * input;
    }
    let right = Bn254::pairing(key.alpha(), key.beta())
        + Bn254::pairing(sum, key.gamma())
        + Bn254::pairing(proof.c(), key.delta());
    assert_eq!(Bn254::pairing(proof.a(), proof.b()), right);
    verify(&setup.pvk, &inputs, &proof).unwrap();
}

fn be(limbs: [u64; 4]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (chunk, limb) in bytes.chunks_exact_mut(8).zip(limbs.iter().rev()) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    bytes
}

/// Adds big-endian numbers; whether it overflowed.
fn add_be(to: &mut [u8], add: &[u8; 32]) -> bool {
    let mut carry = 0u16;
    for (to, add) in to.iter_mut().zip(add).rev() {
        let sum = u16::from(*to) + u16::from(*add) + carry;
        *to = sum as u8;
        carry = sum >> 8;
    }
    carry != 0
}

/// A second writer of the format, for points that the types refuse.
fn unchecked_bytes(a: &G1Affine, b: &G2Affine, c: &G1Affine) -> [u8; PROOF_BYTES] {
    let coordinates = [a.x, a.y, b.x.c1, b.x.c0, b.y.c1, b.y.c0, c.x, c.y];
    let mut bytes = [0; PROOF_BYTES];
    for (chunk, value) in bytes.chunks_exact_mut(32).zip(coordinates) {
        chunk.copy_from_slice(&be(value.into_bigint().0));
    }
    bytes
}
