//! Which verifying keys are refused, why, and how a development key is recognised.

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{Field, UniformRand};
use ark_groth16::{prepare_verifying_key, Groth16};
use meed_toys::groth16::{key_of, outside_subgroup, rng, Setup};
use meed_verifier::{
    insecure_alpha, Element, PreparedVerifyingKey, VerifyError, VerifyingKey, VERIFYING_KEY_BYTES,
};

type ArkKey = ark_groth16::VerifyingKey<Bn254>;

const G1_SLOTS: [Element; 5] =
    [Element::Alpha, Element::Ic0, Element::Ic1, Element::Ic2, Element::Ic3];
const G2_SLOTS: [Element; 3] = [Element::Beta, Element::Gamma, Element::Delta];

fn g1_slot(vk: &mut ArkKey, slot: Element) -> &mut G1Affine {
    match slot {
        Element::Alpha => &mut vk.alpha_g1,
        Element::Ic0 => &mut vk.gamma_abc_g1[0],
        Element::Ic1 => &mut vk.gamma_abc_g1[1],
        Element::Ic2 => &mut vk.gamma_abc_g1[2],
        _ => &mut vk.gamma_abc_g1[3],
    }
}

fn g2_slot(vk: &mut ArkKey, slot: Element) -> &mut G2Affine {
    match slot {
        Element::Beta => &mut vk.beta_g2,
        Element::Gamma => &mut vk.gamma_g2,
        _ => &mut vk.delta_g2,
    }
}

/// Byte range of a point in the encoding.
fn range(slot: Element) -> core::ops::Range<usize> {
    let (start, bytes) = match slot {
        Element::Alpha => (0, 64),
        Element::Beta => (64, 128),
        Element::Gamma => (192, 128),
        Element::Delta => (320, 128),
        Element::Ic0 => (448, 64),
        Element::Ic1 => (512, 64),
        Element::Ic2 => (576, 64),
        _ => (640, 64),
    };
    start..start + bytes
}

#[test]
fn an_honest_key_survives_its_encoding() {
    let setup = Setup::new(1);
    let bytes = setup.key.to_bytes();
    assert_eq!(VerifyingKey::from_bytes(&bytes), Ok(setup.key));
    assert_eq!(setup.pvk.key(), &setup.key);
    assert_eq!(setup.pvk.id(), &setup.key.id());
    assert_ne!(setup.key.id(), Setup::new(2).key.id());
    for got in [0, 448, VERIFYING_KEY_BYTES - 1, VERIFYING_KEY_BYTES + 1] {
        let error = VerifyError::Length { expected: VERIFYING_KEY_BYTES, got };
        assert_eq!(VerifyingKey::from_bytes(&vec![0; got]), Err(error));
    }
}

#[test]
fn a_change_of_any_byte_of_the_key_is_rejected() {
    let bytes = Setup::new(3).key.to_bytes();
    for position in 0..VERIFYING_KEY_BYTES {
        let mut changed = bytes;
        changed[position] ^= 1;
        let got = VerifyingKey::from_bytes(&changed);
        let slots = G1_SLOTS.into_iter().chain(G2_SLOTS);
        let element = slots.into_iter().find(|slot| range(*slot).contains(&position)).unwrap();
        assert!(
            got == Err(VerifyError::NotOnCurve { element })
                || got == Err(VerifyError::NonCanonical { element }),
            "byte {position}: {got:?}"
        );
    }
}

#[test]
fn the_identity_is_refused_in_every_slot() {
    let setup = Setup::new(4);
    for element in G1_SLOTS.into_iter().chain(G2_SLOTS) {
        let mut bytes = setup.key.to_bytes();
        bytes[range(element)].fill(0);
        assert_eq!(VerifyingKey::from_bytes(&bytes), Err(VerifyError::Identity { element }));
    }
    for element in G1_SLOTS {
        let mut vk = setup.pk.vk.clone();
        *g1_slot(&mut vk, element) = G1Affine::zero();
        assert_eq!(key_of(&vk), Err(VerifyError::Identity { element }));
    }
    for element in G2_SLOTS {
        let mut vk = setup.pk.vk.clone();
        *g2_slot(&mut vk, element) = G2Affine::zero();
        assert_eq!(key_of(&vk), Err(VerifyError::Identity { element }));
    }
}

#[test]
fn points_off_the_curve_or_the_subgroup_are_refused_in_every_slot() {
    let setup = Setup::new(5);
    for element in G1_SLOTS {
        let mut vk = setup.pk.vk.clone();
        g1_slot(&mut vk, element).y += ark_bn254::Fq::ONE;
        assert_eq!(key_of(&vk), Err(VerifyError::NotOnCurve { element }));
    }
    for element in G2_SLOTS {
        let mut vk = setup.pk.vk.clone();
        g2_slot(&mut vk, element).y += ark_bn254::Fq2::ONE;
        assert_eq!(key_of(&vk), Err(VerifyError::NotOnCurve { element }));
        *g2_slot(&mut vk, element) = outside_subgroup(6);
        assert_eq!(key_of(&vk), Err(VerifyError::NotInSubgroup { element }));
    }
}

/// Why the refusal: under such keys ark-groth16 accepts a proof of inputs drawn at random.
#[test]
fn gamma_equal_to_plus_or_minus_delta_is_refused_since_it_forges() {
    let setup = Setup::new(7);
    for negate in [false, true] {
        let mut vk = setup.pk.vk.clone();
        vk.delta_g2 = if negate { -vk.gamma_g2 } else { vk.gamma_g2 };
        assert_eq!(key_of(&vk), Err(VerifyError::GammaDelta));
        let mut bytes = setup.key.to_bytes();
        if !negate {
            bytes.copy_within(range(Element::Gamma), range(Element::Delta).start);
            assert_eq!(VerifyingKey::from_bytes(&bytes), Err(VerifyError::GammaDelta));
        }

        let inputs: [Fr; 3] = core::array::from_fn(|i| Fr::rand(&mut rng(i as u64)));
        let mut sum = vk.gamma_abc_g1[0].into_group();
        for (point, input) in vk.gamma_abc_g1[1..].iter().zip(&inputs) {
            sum += *point * input;
        }
        let c = if negate { sum } else { -sum }.into_affine();
        let forged = ark_groth16::Proof { a: vk.alpha_g1, b: vk.beta_g2, c };
        let accepted =
            Groth16::<Bn254>::verify_proof(&prepare_verifying_key(&vk), &forged, &inputs);
        assert!(accepted.unwrap(), "the forgery shows what the check is for");
    }
}

#[test]
fn keys_of_a_ceremony_without_contributions_are_refused() {
    let setup = Setup::new(8);
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    for point in [g1, -g1] {
        let mut vk = setup.pk.vk.clone();
        vk.alpha_g1 = point;
        assert_eq!(key_of(&vk), Err(VerifyError::NoSecret { element: Element::Alpha }));
    }
    for point in [g2, -g2] {
        for element in [Element::Beta, Element::Delta] {
            let mut vk = setup.pk.vk.clone();
            *g2_slot(&mut vk, element) = point;
            assert_eq!(key_of(&vk), Err(VerifyError::NoSecret { element }));
        }
    }
    // What snarkjs leaves before the second phase: gamma = delta = 1.
    let mut vk = setup.pk.vk.clone();
    (vk.gamma_g2, vk.delta_g2) = (g2, g2);
    assert_eq!(key_of(&vk), Err(VerifyError::GammaDelta));
}

#[test]
fn gamma_may_be_the_generator() {
    let mut setup = Setup::with_secrets(Fr::from(3), Fr::ONE, Fr::from(7));
    assert_eq!(setup.key.gamma(), &G2Affine::generator());
    let (inputs, proof) = setup.random_proof();
    assert!(setup.verdict(&inputs, &proof));
}

#[test]
fn development_keys_are_recognised_from_their_points_alone() {
    let mut setup = Setup::insecure();
    assert!(setup.key.is_insecure() && setup.pvk.is_insecure());
    let read_back = VerifyingKey::from_bytes(&setup.key.to_bytes()).unwrap();
    assert!(read_back.is_insecure());
    // It verifies nevertheless: what it may be used for is the caller's to say.
    let (inputs, proof) = setup.random_proof();
    assert!(setup.verdict(&inputs, &proof));

    // Without the mark the proofs are lost, too.
    let unmarked = VerifyingKey::from_points(
        (*setup.key.alpha() * Fr::from(2)).into_affine(),
        *setup.key.beta(),
        *setup.key.gamma(),
        *setup.key.delta(),
        *setup.key.ic(),
    )
    .unwrap();
    assert!(!unmarked.is_insecure());
    let unmarked = PreparedVerifyingKey::from(&unmarked);
    assert_eq!(meed_verifier::verify(&unmarked, &inputs, &proof), Err(VerifyError::Rejected));

    for seed in 0..4 {
        assert!(!Setup::new(seed).key.is_insecure());
    }
    assert!(!Setup::with_secrets(-insecure_alpha(), Fr::ONE, Fr::from(5)).key.is_insecure());
}
