//! Batches: as good as their members, whatever those try together.

use ark_bn254::{Bn254, Fr, G1Affine};
use ark_ec::{pairing::Pairing, AffineRepr, CurveGroup};
use ark_ff::{Field, PrimeField, UniformRand};
use meed_toys::groth16::Setup;
use meed_verifier::{
    find_rejected, verify, verify_batch, PreparedVerifyingKey, Proof, VerifyError,
};

type Item = ([Fr; 3], Proof);

#[test]
fn honest_batches_verify() {
    let mut setup = Setup::new(1);
    // 33 and 65 cross the boundaries of the chunks.
    for n in [1, 2, 17, 32, 33, 65] {
        let items = setup.random_proofs(n);
        assert_eq!(verify_batch(&setup.pvk, &items), Ok(()), "{n} proofs");
        assert_eq!(find_rejected(&setup.pvk, &items), None);
    }
}

#[test]
fn an_empty_batch_is_an_error() {
    let setup = Setup::new(2);
    assert_eq!(verify_batch(&setup.pvk, &[]), Err(VerifyError::EmptyBatch));
    assert_eq!(find_rejected(&setup.pvk, &[]), None);
}

#[test]
fn one_proof_twice_is_fine() {
    let mut setup = Setup::new(3);
    let item = setup.random_proof();
    assert_eq!(verify_batch(&setup.pvk, &[item, item, item]), Ok(()));
}

#[test]
fn one_bad_proof_anywhere_is_enough() {
    let mut setup = Setup::new(4);
    let items = setup.random_proofs(34);
    for position in 0..items.len() {
        let mut changed = items.clone();
        let (inputs, proof) = &mut changed[position];
        match position % 4 {
            0 => inputs[position % 3] += Fr::ONE,
            1 => *proof = with_c(proof, -*proof.c()),
            2 => *proof = with_c(proof, G1Affine::generator()),
            _ => *proof = items[(position + 1) % items.len()].1,
        }
        assert_eq!(verify_batch(&setup.pvk, &changed), Err(VerifyError::Rejected), "{position}");
        assert_eq!(find_rejected(&setup.pvk, &changed), Some(position));
    }
}

#[test]
fn a_batch_of_one_agrees_with_the_single_check() {
    let mut setup = Setup::new(5);
    let (inputs, proof) = setup.random_proof();
    let mut wrong = inputs;
    wrong[2] += Fr::ONE;
    for item in [(inputs, proof), (wrong, proof), (inputs, with_c(&proof, -*proof.c()))] {
        assert_eq!(verify_batch(&setup.pvk, &[item]), verify(&setup.pvk, &item.0, &item.1));
    }
}

#[test]
fn errors_that_cancel_with_equal_coefficients_are_caught() {
    let mut setup = Setup::new(6);
    let items = setup.random_proofs(3);
    let error = G1Affine::generator() * Fr::rand(&mut setup.rng);

    // C_1 + P and C_2 - P.
    let mut shifted = items.clone();
    shifted[0].1 = with_c(&items[0].1, (error + items[0].1.c()).into_affine());
    shifted[1].1 = with_c(&items[1].1, (-error + items[1].1.c()).into_affine());
    // The inputs of two proofs, exchanged.
    let mut exchanged = items.clone();
    (exchanged[0].0, exchanged[2].0) = (items[2].0, items[0].0);
    // One input more by what the other is less.
    let mut moved = items.clone();
    moved[1].0[2] += Fr::ONE;
    moved[2].0[2] -= Fr::ONE;
    // The third cancels what two others did: C_1 + P, C_2 + P, C_3 - 2P.
    let mut three = items.clone();
    for (item, times) in three.iter_mut().zip([Fr::ONE, Fr::ONE, -Fr::from(2)]) {
        item.1 = with_c(&item.1, (error * times + item.1.c()).into_affine());
    }

    for (name, attack) in
        [("shifted", shifted), ("exchanged", exchanged), ("moved", moved), ("three", three)]
    {
        assert!(accepts_with_equal_coefficients(&setup.pvk, &attack), "{name} is an attack");
        assert_eq!(verify_batch(&setup.pvk, &attack), Err(VerifyError::Rejected), "{name}");
        assert!(find_rejected(&setup.pvk, &attack).is_some(), "{name}");
    }
}

/// The coefficients depend on every item, so an error that fits one batch's fits no other's: here
/// the errors are tuned to the coefficients of the batch before the change.
#[test]
fn errors_that_cancel_under_the_coefficients_of_the_honest_batch_are_caught() {
    use sha3::{Digest, Keccak256};
    let mut setup = Setup::new(7);
    let items = setup.random_proofs(2);
    let mut hash = Keccak256::new()
        .chain_update(b"meed.batch.v1")
        .chain_update(setup.key.id())
        .chain_update(2u64.to_be_bytes());
    for (inputs, proof) in &items {
        hash.update(meed_verifier::inputs_to_bytes(inputs));
        hash.update(proof.to_bytes());
    }
    let seed = hash.finalize();
    let t: Vec<Fr> = [0u64, 1]
        .iter()
        .map(|i| {
            let digest =
                Keccak256::new().chain_update(seed).chain_update(i.to_be_bytes()).finalize();
            Fr::from_be_bytes_mod_order(&digest[..16])
        })
        .collect();
    let error = G1Affine::generator() * Fr::rand(&mut setup.rng);
    let mut tuned = items.clone();
    tuned[0].1 = with_c(&items[0].1, (error * t[1] + items[0].1.c()).into_affine());
    tuned[1].1 = with_c(&items[1].1, (error * -t[0] + items[1].1.c()).into_affine());
    assert!(accepts_with(&setup.pvk, &tuned, &t), "fits the old coefficients");
    assert_eq!(verify_batch(&setup.pvk, &tuned), Err(VerifyError::Rejected));
}

#[test]
fn a_batch_under_another_key_is_rejected() {
    let mut setup = Setup::new(8);
    let items = setup.random_proofs(2);
    assert_eq!(verify_batch(&Setup::new(9).pvk, &items), Err(VerifyError::Rejected));
}

fn with_c(proof: &Proof, c: G1Affine) -> Proof {
    Proof::from_points(*proof.a(), *proof.b(), c).unwrap()
}

fn accepts_with_equal_coefficients(key: &PreparedVerifyingKey, items: &[Item]) -> bool {
    accepts_with(key, items, &vec![Fr::ONE; items.len()])
}

/// The batched equation with coefficients of one's choice: what an attacker would aim at.
fn accepts_with(key: &PreparedVerifyingKey, items: &[Item], coefficients: &[Fr]) -> bool {
    let key = key.key();
    let mut left = <Bn254 as Pairing>::pairing(G1Affine::zero(), key.beta());
    let mut right = left;
    for ((inputs, proof), t) in items.iter().zip(coefficients) {
        let mut sum = key.ic()[0].into_group();
        for (point, input) in key.ic()[1..].iter().zip(inputs) {
            sum += *point * input;
        }
        left += Bn254::pairing(*proof.a() * t, proof.b());
        right += Bn254::pairing(*key.alpha() * t, key.beta());
        right += Bn254::pairing(sum * t, key.gamma());
        right += Bn254::pairing(*proof.c() * t, key.delta());
    }
    left == right
}
