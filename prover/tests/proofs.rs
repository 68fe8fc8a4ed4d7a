//! Proofs of toy systems: honest, unsatisfied, mismatched, cancelled, and compared with arkworks.

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;

use ark_bn254::{Bn254, Fr, G1Projective, G2Projective};
use ark_ec::PrimeGroup;
use ark_ff::{Field, PrimeField, UniformRand};
use ark_groth16::{prepare_verifying_key, Groth16};
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystem, R1CS_PREDICATE_LABEL};
use common::Toy;
use meed_circuits::r1cs::matrix::ArkCircuit;
use meed_prover::engine::{CpuKey, EngineError, Pending, Query};
use meed_prover::key::ark_verifying_key;
use meed_prover::qap::{CircomReduction, Rows};
use meed_prover::{
    insecure_setup, prove, CpuEngine, Engine, EngineKey, Level, LoadedKey, ProveError, ProvingKey,
    Stage,
};
use meed_verifier::{verify, PreparedVerifyingKey, Proof};
use rand::RngCore;
use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};
use sha3::{Digest, Keccak256};

type Circom = Groth16<Bn254, CircomReduction>;

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(5)
}

fn prove_with(key: &ProvingKey, toy: &Toy, engine: &impl Engine) -> Result<Proof, ProveError> {
    let never = AtomicBool::new(false);
    prove(key, &toy.matrices, &toy.assignment, engine, &mut rng(), &mut |_, _| {}, &never)
        .map(|(proof, _)| proof)
}

/// arkworks, which the other levels are compared with.
fn ark() -> CpuEngine {
    CpuEngine::new(Level::Ark).unwrap()
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
        let proof = prove_with(&key, &toy, &ark()).unwrap();
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
    let proof = prove_with(&key, &real, &ark()).unwrap();
    for level in Level::available() {
        // The same blinding: the proofs are the same bytes, and arkworks' verifies.
        let loaded = LoadedKey::new(&key, &CpuEngine::new(level).unwrap()).unwrap();
        let never = AtomicBool::new(false);
        for _ in 0..2 {
            let made =
                loaded.prove(&real.matrices, &real.assignment, &mut rng(), &mut |_, _| {}, &never);
            assert_eq!(made.unwrap().0, proof, "{level}");
        }
    }
}

#[test]
fn every_level_proves_systems_around_powers_of_two() {
    for size in [3, 9, 11, 13, 200, 1021] {
        let toy = Toy::new(size, 3);
        let key = insecure_setup(&toy.id(), &toy.matrices).unwrap();
        let proof = prove_with(&key, &toy, &ark()).unwrap();
        for level in Level::available() {
            let engine = CpuEngine::new(level).unwrap();
            assert_eq!(prove_with(&key, &toy, &engine).unwrap(), proof, "{size}, {level}");
        }
    }
    for level in Level::ALL.into_iter().filter(|level| !level.is_available()) {
        assert!(CpuEngine::new(level).is_err());
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
        assert_eq!(prove_with(&key, &toy, &ark()), Err(ProveError::Unsatisfied { row }));
    }
    toy.assignment = honest.clone();
    toy.assignment[0] = Fr::from(2u64);
    assert_eq!(prove_with(&key, &toy, &ark()), Err(ProveError::NotOne));
    toy.assignment = honest[1..].to_vec();
    let what = "values of the assignment";
    let (expected, got) = (honest.len(), honest.len() - 1);
    assert_eq!(prove_with(&key, &toy, &ark()), Err(ProveError::Shape { what, expected, got }));
}

#[test]
fn a_key_of_another_system_is_noticed() {
    let toy = Toy::new(60, 3);
    let larger = Toy::new(62, 3);
    let key = insecure_setup(&larger.id(), &larger.matrices).unwrap();
    assert!(matches!(prove_with(&key, &toy, &ark()), Err(ProveError::Shape { .. })));
    // Same counts, other coefficients: noticed by the check of the finished proof.
    let other = OtherCoefficients::of(60);
    let key = insecure_setup(&other.id(), &other.matrices).unwrap();
    assert!(matches!(prove_with(&key, &toy, &ark()), Err(ProveError::Faulty(_))));
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
        &CpuEngine::best(),
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
    assert!(timings.total() > timings.stages()[0].1);

    for stop in Stage::ALL {
        let cancel = AtomicBool::new(false);
        let mut last = None;
        let got = prove(
            &key,
            &toy.matrices,
            &toy.assignment,
            &CpuEngine::best(),
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
        prove(
            &key,
            &toy.matrices,
            &toy.assignment,
            &CpuEngine::best(),
            &mut rng,
            &mut |_, _| {},
            &never,
        )
        .unwrap()
        .0
    };
    let (first, second) = (once(), once());
    assert_ne!(first.a(), second.a());
    assert_ne!(first.b(), second.b());
    assert_ne!(first.c(), second.c());
}

/// An engine that lies in one call.
#[derive(Clone)]
struct Liar {
    lie_at: usize,
    calls: Arc<AtomicUsize>,
}

struct LiarsKey(Liar, CpuKey);

impl Liar {
    fn new(lie_at: usize) -> Self {
        Self { lie_at, calls: Arc::default() }
    }

    fn lies(&self) -> bool {
        self.calls.fetch_add(1, Ordering::SeqCst) == self.lie_at
    }

    fn sum<G: PrimeGroup>(&self, honest: Pending<G>) -> Pending<G> {
        let lies = self.lies();
        honest.map(move |sum| if lies { sum + G::generator() } else { sum })
    }
}

impl Engine for Liar {
    type Key = LiarsKey;

    fn name(&self) -> &str {
        "liar"
    }

    fn load(&self, key: &ProvingKey) -> Result<LiarsKey, EngineError> {
        Ok(LiarsKey(self.clone(), CpuEngine::best().load(key)?))
    }
}

impl EngineKey for LiarsKey {
    type Scalars = <CpuKey as EngineKey>::Scalars;

    fn witness(&self, assignment: &[Fr]) -> Result<Self::Scalars, EngineError> {
        let mut assignment = assignment.to_vec();
        if self.0.lies() {
            assignment[4] += Fr::ONE;
        }
        self.1.witness(&assignment)
    }

    fn quotient(&self, mut rows: Rows) -> Pending<Self::Scalars> {
        if self.0.lies() {
            rows.c[0] += Fr::ONE;
        }
        self.1.quotient(rows)
    }

    fn sum_g1(&self, query: Query, scalars: &Self::Scalars) -> Pending<G1Projective> {
        self.0.sum(self.1.sum_g1(query, scalars))
    }

    fn sum_g2(&self, scalars: &Self::Scalars) -> Pending<G2Projective> {
        self.0.sum(self.1.sum_g2(scalars))
    }
}

#[test]
fn what_a_faulty_engine_computes_is_not_handed_out() {
    let toy = Toy::new(30, 3);
    let key = insecure_setup(&toy.id(), &toy.matrices).unwrap();
    // The witness, the quotient, then the five sums.
    for lie_at in 0..7 {
        let got = prove_with(&key, &toy, &Liar::new(lie_at));
        assert!(matches!(got, Err(ProveError::Faulty(_))), "{lie_at}");
    }
    let honest = Liar::new(7);
    prove_with(&key, &toy, &honest).unwrap();
    assert_eq!(honest.calls.load(Ordering::SeqCst), 7);
}

#[test]
fn proofs_are_made_in_pools_of_any_size() {
    let toy = Toy::new(200, 3);
    let key = insecure_setup(&toy.id(), &toy.matrices).unwrap();
    let proof = prove_with(&key, &toy, &ark()).unwrap();
    for threads in [1, 2, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let made = pool.install(|| prove_with(&key, &toy, &CpuEngine::best()));
        assert_eq!(made.unwrap(), proof, "{threads}");
    }
}

#[test]
fn scalars_of_another_sum_are_refused() {
    let toy = Toy::new(40, 3);
    let key = insecure_setup(&toy.id(), &toy.matrices).unwrap();
    for level in Level::available() {
        let loaded = CpuEngine::new(level).unwrap().load(&key).unwrap();
        let z = loaded.witness(&toy.assignment).unwrap();
        let short = loaded.witness(&toy.assignment[1..]).unwrap();
        for got in [
            loaded.sum_g1(Query::H, &z).wait(),
            loaded.sum_g1(Query::A, &short).wait(),
            loaded.sum_g1(Query::B, &short).wait(),
        ] {
            assert!(matches!(got, Err(EngineError::Length { .. })), "{level}");
        }
        assert!(loaded.sum_g2(&short).wait().is_err(), "{level}");
        let rows = || Rows { a: vec![Fr::ONE; 3], b: vec![Fr::ONE; 3], c: vec![Fr::ONE; 3] };
        assert!(loaded.quotient(rows()).wait().is_err(), "{level}");
        let text = format!("{z:?} {loaded:?}");
        assert!(!text.contains("77"), "{text}");
    }
}

#[test]
fn debug_output_has_no_points() {
    let toy = Toy::new(30, 3);
    let key = insecure_setup(&toy.id(), &toy.matrices).unwrap();
    let text = format!("{key:?}");
    assert!(text.contains("InsecureLocal") && text.len() < 600, "{text}");
}
