//! Proofs of the halo2 circuit: real ones, and everything that is almost one.

mod decoding;
mod systems;

use ark_bn254::{Fr, G1Affine};
use ark_ec::AffineRepr;
use meed_halo2::field::to_ark;
use meed_statement::lies::sample;
use meed_statement::roots::Commitment;
use meed_statement::settle::settle_with;
use meed_statement::shape::XS;
use meed_statement::words::{Binding, Domain};
use meed_toys::halo2::Keys;
use meed_verifier::halo2::{self, Proof, VerifyingKey};
use meed_verifier::{inputs_to_bytes, VerifyError};
use std::sync::LazyLock;

/// Keys and an honest proof of the toy, which binds the words of an epoch.
struct Setup {
    keys: Keys,
    key: VerifyingKey,
    words: Vec<Fr>,
    binding: Binding,
    proof: Proof,
}

impl Setup {
    fn inputs(&self) -> [Fr; 3] {
        self.binding.to_inputs()
    }

    fn verdict(&self, inputs: &[Fr; 3], proof: &Proof) -> Result<(), VerifyError> {
        self.keys.verdict(inputs, proof)
    }
}

static SETUP: LazyLock<Setup> = LazyLock::new(|| {
    let inputs = sample();
    let trace = settle_with(&inputs, &Commitment::new(&inputs), |_, _| {});
    let words = trace.words();
    let binding = Binding::derive(&Domain::OFF_CHAIN, trace.h, &words);
    let inputs = binding.to_inputs();
    let keys = Keys::new(Some(1));
    let proof = keys.prove(&inputs, 0, &inputs, 2);
    Setup { key: keys.key.clone(), keys, words, binding, proof }
});

const MAGIC: usize = 8;
/// Points before the evaluations, evaluations, points after.
const PARTS: [usize; 3] = [22, 79, 2];
/// Byte of the first evaluation, and of the first point after all of them.
const EVALUATIONS: usize = MAGIC + PARTS[0] * 64;
const OPENING: usize = EVALUATIONS + PARTS[1] * 32;

/// Byte ranges of a proof's points.
fn points() -> impl Iterator<Item = std::ops::Range<usize>> {
    let before = (0..PARTS[0]).map(|i| MAGIC + i * 64);
    let after = (0..PARTS[2]).map(|i| OPENING + i * 64);
    before.chain(after).map(|at| at..at + 64)
}

/// Byte ranges of a proof's evaluations.
fn evaluations() -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..PARTS[1]).map(|i| EVALUATIONS + i * 32).map(|at| at..at + 32)
}

/// The generator's encoding.
fn generator() -> [u8; 64] {
    let mut bytes = [0; 64];
    (bytes[31], bytes[63]) = (1, 2);
    bytes
}

/// The real circuit, with an epoch that it settles.
#[test]
fn proofs_of_the_circuit_are_judged_as_the_library_judges_them() {
    let circuit = meed_halo2::Circuit::new(XS);
    let inputs = sample();
    let trace = settle_with(&inputs, &Commitment::new(&inputs), |_, _| {});
    let (honest, binding) = circuit.assign(&inputs, &trace, &Domain::OFF_CHAIN).unwrap();
    let keys = Keys::real(&circuit, Some(1));
    let inputs = binding.to_inputs();
    assert_eq!(honest.publics().map(|x| to_ark(&x)), inputs);
    let proof = keys.prove_real(&circuit, &honest, &inputs, 2);
    assert_eq!(keys.verdict(&inputs, &proof), Ok(()));
    for index in 0..3 {
        let mut wrong = inputs;
        wrong[index] += Fr::from(1);
        assert_eq!(keys.verdict(&wrong, &proof), Err(VerifyError::Rejected));
    }

    let mut changed = honest.clone();
    changed.change(circuit.cells().nth(1_000).unwrap(), 1.into());
    assert!(!circuit.violated(&changed).is_empty());
    let forged = keys.prove_real(&circuit, &changed, &inputs, 3);
    assert_eq!(keys.verdict(&inputs, &forged), Err(VerifyError::Rejected));
}

#[test]
fn an_honest_proof_is_accepted_and_others_are_not() {
    let setup = &*SETUP;
    let inputs = setup.inputs();
    assert_eq!(setup.verdict(&inputs, &setup.proof), Ok(()));
    let bytes = setup.proof.to_bytes();
    assert_eq!(halo2::verify_bytes(&setup.key, &inputs_to_bytes(&inputs), &bytes), Ok(()));

    // Other public inputs, a false assignment, and inputs that the cells are not.
    for index in 0..3 {
        let mut wrong = inputs;
        wrong[index] += Fr::from(1);
        assert_eq!(setup.verdict(&wrong, &setup.proof), Err(VerifyError::Rejected));
        let proof = setup.keys.prove(&inputs, 0, &wrong, 4);
        assert_eq!(setup.verdict(&wrong, &proof), Err(VerifyError::Rejected));
    }
    let forged = setup.keys.prove(&inputs, 1, &inputs, 3);
    assert_eq!(setup.verdict(&inputs, &forged), Err(VerifyError::Rejected));
}

#[test]
fn edge_inputs_and_other_keys() {
    let setup = &*SETUP;
    for inputs in [[Fr::from(0); 3], [-Fr::from(1); 3]] {
        let proof = setup.keys.prove(&inputs, 0, &inputs, 5);
        assert_eq!(setup.verdict(&inputs, &proof), Ok(()));
    }
    // Another secret, and the published one.
    for (seed, insecure) in [(Some(2), false), (None, true)] {
        let keys = Keys::new(seed);
        assert_eq!(keys.key.is_insecure(), insecure);
        assert_eq!(keys.verdict(&setup.inputs(), &setup.proof), Err(VerifyError::Rejected));
        let proof = keys.prove(&setup.inputs(), 0, &setup.inputs(), 6);
        assert_eq!(keys.verdict(&setup.inputs(), &proof), Ok(()));
    }
}

/// What decodes is refused by the check, here and in the library.
#[test]
fn another_point_or_evaluation_anywhere_is_rejected() {
    let setup = &*SETUP;
    let (inputs, bytes) = (setup.inputs(), setup.proof.to_bytes());
    let replaced = |range: std::ops::Range<usize>, with: &[u8]| {
        let mut changed = bytes;
        changed[range].copy_from_slice(with);
        Proof::from_bytes(&changed).unwrap()
    };
    for range in points() {
        let changed = replaced(range.clone(), &generator());
        assert_eq!(setup.verdict(&inputs, &changed), Err(VerifyError::Rejected), "{range:?}");
    }
    for range in evaluations() {
        let mut value = [0; 32];
        value.copy_from_slice(&bytes[range.clone()]);
        value[31] ^= 1;
        let changed = replaced(range.clone(), &value);
        assert_eq!(setup.verdict(&inputs, &changed), Err(VerifyError::Rejected), "{range:?}");
    }
    // Neighbours swapped.
    for (one, other) in
        points().zip(points().skip(1)).chain(evaluations().zip(evaluations().skip(1)))
    {
        if bytes[one.clone()] != bytes[other.clone()] {
            let mut changed = bytes;
            changed[one.clone()].copy_from_slice(&bytes[other.clone()]);
            changed[other.clone()].copy_from_slice(&bytes[one.clone()]);
            let changed = Proof::from_bytes(&changed);
            let verdict = changed.and_then(|p| halo2::verify(&setup.key, &inputs, &p));
            assert!(verdict.is_err(), "{one:?}");
        }
    }
}

#[test]
fn a_change_of_any_byte_of_the_proof_is_refused() {
    let setup = &*SETUP;
    let (inputs, bytes) = (setup.inputs(), setup.proof.to_bytes());
    for at in 0..bytes.len() {
        let mut changed = bytes;
        changed[at] ^= 1 << (at % 8);
        let verdict = Proof::from_bytes(&changed)
            .and_then(|proof| halo2::verify(&setup.key, &inputs, &proof));
        assert!(verdict.is_err(), "byte {at}");
    }
}

#[test]
fn a_change_of_any_byte_of_the_key_is_refused() {
    let setup = &*SETUP;
    let (inputs, bytes) = (setup.inputs(), setup.key.to_bytes());
    for at in 0..bytes.len() {
        let mut changed = bytes;
        changed[at] ^= 1;
        let key = VerifyingKey::from_bytes(&changed);
        // Only the number of rows and the circuit's digest have neighbours that decode.
        assert!(key.is_err() || (MAGIC + 32..MAGIC + 96).contains(&at), "byte {at}");
        let verdict = key.and_then(|key| halo2::verify(&key, &inputs, &setup.proof));
        assert!(verdict.is_err(), "byte {at}");
    }
    // Other points that decode.
    for at in 0..20 {
        let at = MAGIC + 96 + at * 64;
        let mut changed = bytes;
        changed[at..at + 64].copy_from_slice(&generator());
        let key = VerifyingKey::from_bytes(&changed).unwrap();
        assert_ne!(key.id(), setup.key.id());
        let verdict = halo2::verify(&key, &inputs, &setup.proof);
        assert_eq!(verdict, Err(VerifyError::Rejected));
    }
    let other = VerifyingKey::from_parts(
        setup.key.log_rows(),
        *setup.key.digest(),
        *setup.key.fixed(),
        *setup.key.sigma(),
        (ark_bn254::G2Affine::generator() * halo2::insecure_tau()).into(),
    )
    .unwrap();
    assert!(other.is_insecure() && !setup.key.is_insecure());
    let verdict = halo2::verify(&other, &inputs, &setup.proof);
    assert_eq!(verdict, Err(VerifyError::Rejected));
    assert_eq!(setup.key.fixed().len() + setup.key.sigma().len(), 20);
    assert!(setup.key.fixed().iter().all(|p| *p != G1Affine::identity()));
}
