//! Proofs of toy systems: honest, unsatisfied, mismatched, cancelled, and compared with arkworks.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Mutex;

use ark_bn254::{Bn254, Fr, G1Projective, G2Projective};
use ark_ec::PrimeGroup;
use ark_ff::{Field, PrimeField, UniformRand};
use ark_groth16::{prepare_verifying_key, Groth16};
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystem, R1CS_PREDICATE_LABEL};
use common::Toy;
use meed_circuits::r1cs::matrix::ArkCircuit;
use meed_prover::engine::{Domain, EngineError, Scalar};
use meed_prover::key::ark_verifying_key;
use meed_prover::qap::CircomReduction;
use meed_prover::{
    insecure_setup, prove, CpuEngine, Engine, Level, PackedG1, PackedG2, ProveError, ProvingKey,
    Stage, VectorEngine,
};
use meed_verifier::{verify, PreparedVerifyingKey, Proof};
use rand::RngCore;
use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};
use sha3::{Digest, Keccak256};

type Circom = Groth16<Bn254, CircomReduction>;

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(5)
}

fn prove_with(key: &ProvingKey, toy: &Toy, engine: &dyn Engine) -> Result<Proof, ProveError> {
    let never = AtomicBool::new(false);
    prove(key, &toy.matrices, &toy.assignment, engine, &mut rng(), &mut |_, _| {}, &never)
        .map(|(proof, _)| proof)
}

fn matrices_for_ark(toy: &Toy) -> Vec<Vec<Vec<(Fr, usize)>>> {
    let cs = ConstraintSystem::new_ref();
    let circuit = ArkCircuit { matrices: &toy.matrices, assignment: Some(&toy.assignment) };
    circuit.generate_constraints(cs.clone()).unwrap();
    cs.finalize();
    cs.to_matrices().unwrap()[R1CS_PREDICATE_LABEL].clone()
}

#[test]
fn honest_proofs_verify_here_and_in_arkworks() {
    // Sizes around a power of two: constraints + 4 rows against the domain.
    for size in [3, 9, 11, 13, 200, 1021] {
        let toy = Toy::new(size, 3);
        let key = insecure_setup(&toy.id(), &toy.matrices).unwrap();
        let proof = prove_with(&key, &toy, &CpuEngine).unwrap();
        let vk = PreparedVerifyingKey::new(key.verifying_key());
        verify(&vk, &toy.inputs(), &proof).unwrap();
        assert!(key.verifying_key().is_insecure());

        let ark_vk = prepare_verifying_key(&ark_verifying_key(key.verifying_key()));
        let ark = ark_groth16::Proof { a: *proof.a(), b: *proof.b(), c: *proof.c() };
        assert!(Circom::verify_proof(&ark_vk, &ark, &toy.inputs()).unwrap());
        let mut wrong = toy.inputs();
        wrong[2] += Fr::ONE;
        assert!(verify(&vk, &wrong, &proof).is_err());
    }
}

#[test]
fn the_smallest_real_circuit_is_proved_and_alike_on_every_level() {
    let real = Toy::xs();
    let key = insecure_setup(&real.id(), &real.matrices).unwrap();
    let proof = prove_with(&key, &real, &CpuEngine).unwrap();
    for level in Level::available() {
        // The same blinding: the proofs are the same bytes, and arkworks' verifies.
        let engine = VectorEngine::new(level).unwrap();
        assert_eq!(prove_with(&key, &real, &engine).unwrap(), proof, "{level}");
        let twice = prove_with(&key, &real, &engine).unwrap();
        assert_eq!(twice, proof, "{level}, with what the engine kept");
    }
}

#[test]
fn every_level_proves_systems_around_powers_of_two() {
    for size in [3, 9, 11, 13, 200, 1021] {
        let toy = Toy::new(size, 3);
        let key = insecure_setup(&toy.id(), &toy.matrices).unwrap();
        let proof = prove_with(&key, &toy, &CpuEngine).unwrap();
        for level in Level::available() {
            let engine = VectorEngine::new(level).unwrap();
            assert_eq!(prove_with(&key, &toy, &engine).unwrap(), proof, "{size}, {level}");
        }
    }
    for level in Level::ALL.into_iter().filter(|level| !level.is_available()) {
        assert!(VectorEngine::new(level).is_err());
    }
}

#[test]
fn arkworks_proves_with_our_key_and_we_with_its() {
    let toy = Toy::new(300, 9);
    let key = insecure_setup(&toy.id(), &toy.matrices).unwrap();
    let matrices = matrices_for_ark(&toy);
    let proof = Circom::create_proof_with_reduction_and_matrices(
        &key.to_ark().unwrap(),
        Fr::rand(&mut rng()),
        Fr::rand(&mut rng()),
        &matrices,
        toy.matrices.instance,
        toy.matrices.constraints(),
        &toy.assignment,
    )
    .unwrap();
    let proof = Proof::from_points(proof.a, proof.b, proof.c).unwrap();
    let vk = PreparedVerifyingKey::new(key.verifying_key());
    verify(&vk, &toy.inputs(), &proof).unwrap();
}

/// arkworks draws tau itself: from this, it draws the one that it is given.
struct Draws(Fr, usize);

impl RngCore for Draws {
    fn next_u32(&mut self) -> u32 {
        unreachable!("a field element is drawn as four u64")
    }

    fn next_u64(&mut self) -> u64 {
        self.1 += 1;
        self.0 .0 .0[(self.1 - 1) % 4]
    }

    fn fill_bytes(&mut self, _: &mut [u8]) {
        unreachable!("a field element is drawn as four u64")
    }

    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), rand::Error> {
        unreachable!("a field element is drawn as four u64")
    }
}

#[test]
fn set_up_agrees_with_arkworks_generator() {
    for size in [3, 100, 500] {
        let toy = Toy::new(size, 1);
        let ours = insecure_setup(&toy.id(), &toy.matrices).unwrap();
        let secret = |tag: &str| {
            let preimage = [tag.as_bytes(), &toy.matrices.digest()].concat();
            Fr::from_be_bytes_mod_order(&Keccak256::digest(preimage))
        };
        let theirs = Circom::generate_parameters_with_qap(
            ArkCircuit { matrices: &toy.matrices, assignment: None },
            meed_verifier::insecure_alpha(),
            secret("meed.insecure.beta.v1"),
            Fr::ONE,
            secret("meed.insecure.delta.v1"),
            G1Projective::generator(),
            G2Projective::generator(),
            &mut Draws(secret("meed.insecure.tau.v1"), 0),
        )
        .unwrap();
        assert!(ours.to_ark().unwrap() == theirs, "{size}");
    }
}

#[test]
fn unsatisfied_assignments_name_the_first_row() {
    let mut toy = Toy::new(60, 3);
    let key = insecure_setup(&toy.id(), &toy.matrices).unwrap();
    let honest = toy.assignment.clone();
    for column in 4..honest.len() {
        toy.assignment = honest.clone();
        toy.assignment[column] += Fr::from(2u64);
        let row = toy.matrices.first_unsatisfied(&toy.assignment).unwrap();
        assert_eq!(prove_with(&key, &toy, &CpuEngine), Err(ProveError::Unsatisfied { row }));
    }
    toy.assignment = honest.clone();
    toy.assignment[0] = Fr::from(2u64);
    assert_eq!(prove_with(&key, &toy, &CpuEngine), Err(ProveError::NotOne));
    toy.assignment = honest[1..].to_vec();
    let what = "values of the assignment";
    let (expected, got) = (honest.len(), honest.len() - 1);
    assert_eq!(prove_with(&key, &toy, &CpuEngine), Err(ProveError::Shape { what, expected, got }));
}

#[test]
fn a_key_of_another_system_is_noticed() {
    let toy = Toy::new(60, 3);
    let larger = Toy::new(62, 3);
    let key = insecure_setup(&larger.id(), &larger.matrices).unwrap();
    assert!(matches!(prove_with(&key, &toy, &CpuEngine), Err(ProveError::Shape { .. })));
    // Same counts, other coefficients: noticed by the check of the finished proof.
    let other = OtherCoefficients::of(60);
    let key = insecure_setup(&other.id(), &other.matrices).unwrap();
    assert!(matches!(prove_with(&key, &toy, &CpuEngine), Err(ProveError::Faulty(_))));
}

/// [`Toy::new`] with seed 3 and its rows in another order.
struct OtherCoefficients;

impl OtherCoefficients {
    fn of(size: usize) -> Toy {
        let toy = Toy::new(size, 3);
        let m = &toy.matrices;
        let mut builder = meed_circuits::r1cs::matrix::MatrixBuilder::new(4);
        for _ in 0..m.witness {
            builder.new_witness();
        }
        for i in (0..m.constraints()).rev() {
            let row = |s| m.row(s, i).map(|(k, c)| (c as u32, k)).collect::<Vec<_>>();
            builder.enforce(&row(&m.a), &row(&m.b), &row(&m.c));
        }
        Toy { matrices: builder.finish(), assignment: toy.assignment }
    }
}

#[test]
fn stages_are_reported_and_can_be_cancelled() {
    let toy = Toy::new(60, 3);
    let key = insecure_setup(&toy.id(), &toy.matrices).unwrap();
    let mut seen = vec![];
    let never = AtomicBool::new(false);
    let (_, timings) = prove(
        &key,
        &toy.matrices,
        &toy.assignment,
        &CpuEngine,
        &mut rng(),
        &mut |stage, part| seen.push((stage, part)),
        &never,
    )
    .unwrap();
    assert!(seen.windows(2).all(|w| w[0].1 < w[1].1), "{seen:?}");
    assert_eq!(seen.last(), Some(&(Stage::Verify, 1.0)));
    seen.pop();
    assert!(seen.iter().map(|s| s.0).eq(Stage::ALL));
    assert!(timings.stages().iter().map(|s| s.0).eq(Stage::ALL));

    for stop in Stage::ALL {
        let cancel = AtomicBool::new(false);
        let mut last = None;
        let got = prove(
            &key,
            &toy.matrices,
            &toy.assignment,
            &CpuEngine,
            &mut rng(),
            &mut |stage, _| {
                last = Some(stage);
                if stage == stop {
                    cancel.store(true, Ordering::Relaxed);
                }
            },
            &cancel,
        );
        if stop == Stage::Verify {
            assert!(got.is_ok(), "raised after the last look");
        } else {
            assert!(matches!(got, Err(ProveError::Cancelled { .. })));
            assert_eq!(last, Some(stop), "nothing starts after the flag is up");
        }
    }
}

#[test]
fn proofs_are_blinded() {
    let toy = Toy::new(30, 3);
    let key = insecure_setup(&toy.id(), &toy.matrices).unwrap();
    let never = AtomicBool::new(false);
    let mut rng = rng();
    let mut once = || {
        prove(&key, &toy.matrices, &toy.assignment, &CpuEngine, &mut rng, &mut |_, _| {}, &never)
            .unwrap()
            .0
    };
    let (first, second) = (once(), once());
    assert_ne!(first.a(), second.a());
    assert_ne!(first.b(), second.b());
    assert_ne!(first.c(), second.c());
}

/// An engine that lies in one call.
struct Liar {
    lie_at: usize,
    calls: Mutex<usize>,
}

impl Liar {
    fn lies(&self) -> bool {
        let mut calls = self.calls.lock().unwrap();
        *calls += 1;
        *calls - 1 == self.lie_at
    }
}

impl Engine for Liar {
    fn name(&self) -> &str {
        "liar"
    }

    fn msm_g1(&self, bases: &[PackedG1], scalars: &[Scalar]) -> Result<G1Projective, EngineError> {
        let honest = CpuEngine.msm_g1(bases, scalars)?;
        Ok(if self.lies() { honest + G1Projective::generator() } else { honest })
    }

    fn msm_g2(&self, bases: &[PackedG2], scalars: &[Scalar]) -> Result<G2Projective, EngineError> {
        let honest = CpuEngine.msm_g2(bases, scalars)?;
        Ok(if self.lies() { honest + G2Projective::generator() } else { honest })
    }

    fn fft(&self, domain: &Domain, values: &mut Vec<Fr>) -> Result<(), EngineError> {
        CpuEngine.fft(domain, values)?;
        if self.lies() {
            values[0] += Fr::ONE;
        }
        Ok(())
    }

    fn ifft(&self, domain: &Domain, values: &mut Vec<Fr>) -> Result<(), EngineError> {
        CpuEngine.ifft(domain, values)
    }
}

#[test]
fn what_a_faulty_engine_computes_is_not_handed_out() {
    let toy = Toy::new(30, 3);
    let key = insecure_setup(&toy.id(), &toy.matrices).unwrap();
    // Three FFTs, then the five sums.
    for lie_at in 0..8 {
        let engine = Liar { lie_at, calls: Mutex::new(0) };
        assert!(matches!(prove_with(&key, &toy, &engine), Err(ProveError::Faulty(_))), "{lie_at}");
    }
    let honest = Liar { lie_at: 8, calls: Mutex::new(0) };
    prove_with(&key, &toy, &honest).unwrap();
}

#[test]
fn debug_output_has_no_points() {
    let toy = Toy::new(30, 3);
    let key = insecure_setup(&toy.id(), &toy.matrices).unwrap();
    let text = format!("{key:?}");
    assert!(text.contains("InsecureLocal") && text.len() < 600, "{text}");
}
