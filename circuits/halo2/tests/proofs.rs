//! Real proofs: what `MockProver` accepts is not yet a proof that verifies (a gate of a higher degree
//! than the library was told of passes the one and fails the other).

mod common;

use common::{assignment, settle_unchecked, CIRCUIT_XS};
use meed_halo2::field::Fr;
use meed_halo2::prove::{insecure_params, Keys, ProveError};
use meed_statement::lies::{lies, sample};
use meed_statement::words::{Binding, Domain};
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// `MEED_WRITE_GOLDEN=1 cargo test --release -p meed-halo2 --test proofs` writes the file anew.
#[test]
fn the_sample_is_proved() {
    let circuit = &*CIRCUIT_XS;
    let keys = Keys::new(insecure_params(circuit.k()), circuit).unwrap();
    let inputs = sample();
    let trace = settle_unchecked(&inputs);
    let (honest, binding) = circuit.assign(&inputs, &trace, &Domain::OFF_CHAIN).unwrap();
    let proof = keys.prove(circuit, &honest, ChaCha20Rng::seed_from_u64(1)).unwrap();
    keys.verify(&binding, &proof).unwrap();

    // Another public input, chain, or byte: no.
    let one = ark_bn254::Fr::from(1u64);
    for wrong in [
        Binding { h: binding.h + one, ..binding },
        Binding { alpha: binding.alpha + one, ..binding },
        Binding { y: binding.y + one, ..binding },
        Binding::derive(&Domain::evm(1, [7; 20]), trace.h, &trace.words()),
    ] {
        keys.verify(&wrong, &proof).unwrap_err();
    }
    for at in [0, proof.len() / 2, proof.len() - 1] {
        let mut wrong = proof.clone();
        wrong[at] ^= 1;
        keys.verify(&binding, &wrong).unwrap_err();
    }
    keys.verify(&binding, &proof[..proof.len() - 1]).unwrap_err();
    let longer = [&proof[..], &[0]].concat();
    assert!(matches!(keys.verify(&binding, &longer), Err(ProveError::Trailing(1))));

    // A lie is not proved, and a prover that does not look makes a proof that does not verify.
    let lie = &lies()[7];
    let lying = assignment(&inputs, &lie.told(&inputs).unwrap());
    let refused = keys.prove(circuit, &lying, ChaCha20Rng::seed_from_u64(2)).unwrap_err();
    assert!(refused.to_string().contains(&lie.clause.to_string()), "{refused}");
    let mut changed = honest.clone();
    let cell = circuit.cells().nth(1_000).unwrap();
    changed.change(cell, Fr::one());
    assert!(!circuit.violated(&changed).is_empty());
    let forged = keys.prove_unchecked(circuit, &changed, ChaCha20Rng::seed_from_u64(3)).unwrap();
    keys.verify(&binding, &forged).unwrap_err();

    let mut text = format!("proof: {} bytes\n", proof.len());
    let digest = Sha256::digest(keys.describe());
    let digest: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    writeln!(text, "verifying key of the insecure parameters: {digest}").unwrap();
    common::golden("XS-proof.txt", &text);
}
