//! A small circuit with three public inputs, real keys and proofs of it.
#![allow(dead_code, unreachable_pub, missing_docs)]

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{Field, UniformRand};
use ark_groth16::{Groth16, ProvingKey};
use ark_relations::{
    gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, SynthesisError},
    lc,
};
use meed_statement::words::{pack_payout, Binding, Domain, Header};
use meed_verifier::{insecure_alpha, verify, PreparedVerifyingKey, Proof, VerifyingKey};
use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};

/// Public `h, alpha, y`; secret `w, k` with `w w = h` and `alpha k = y`. It stands for the circuits of
/// an epoch: `h` comes from a secret, `alpha` is anything, `y` anything that the prover wants.
#[derive(Clone, Copy)]
pub struct Toy {
    pub w: Fr,
    pub k: Fr,
    pub alpha: Fr,
}

impl Toy {
    pub fn random(rng: &mut ChaCha20Rng) -> Self {
        Self { w: Fr::rand(rng), k: Fr::rand(rng), alpha: Fr::rand(rng) }
    }

    /// Reaches a given `alpha` and `y`.
    pub fn reaching(w: Fr, alpha: Fr, y: Fr) -> Self {
        Self { w, k: y * alpha.inverse().expect("a challenge is not zero"), alpha }
    }

    pub fn inputs(&self) -> [Fr; 3] {
        [self.w * self.w, self.alpha, self.alpha * self.k]
    }
}

impl ConstraintSynthesizer<Fr> for Toy {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let [h, alpha, y] = self.inputs();
        let h = cs.new_input_variable(|| Ok(h))?;
        let alpha = cs.new_input_variable(|| Ok(alpha))?;
        let y = cs.new_input_variable(|| Ok(y))?;
        let w = cs.new_witness_variable(|| Ok(self.w))?;
        let k = cs.new_witness_variable(|| Ok(self.k))?;
        cs.enforce_r1cs_constraint(|| lc!() + w, || lc!() + w, || lc!() + h)?;
        cs.enforce_r1cs_constraint(|| lc!() + alpha, || lc!() + k, || lc!() + y)
    }
}

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// Keys of the toy circuit, with their secrets drawn from `seed`.
pub struct Setup {
    pub pk: ProvingKey<Bn254>,
    pub key: VerifyingKey,
    pub pvk: PreparedVerifyingKey,
    pub rng: ChaCha20Rng,
}

impl Setup {
    pub fn new(seed: u64) -> Self {
        let mut rng = rng(seed);
        let toy = Toy::random(&mut rng);
        let pk = Groth16::<Bn254>::generate_random_parameters_with_reduction(toy, &mut rng)
            .expect("the toy circuit has a key");
        Self::from_key(pk, rng)
    }

    /// On the standard generators, with `gamma = 1` as in keys by snarkjs.
    pub fn with_secrets(alpha: Fr, gamma: Fr, delta: Fr) -> Self {
        let mut rng = rng(77);
        let toy = Toy::random(&mut rng);
        let beta = Fr::rand(&mut rng);
        let pk = Groth16::<Bn254>::generate_parameters_with_qap(
            toy,
            alpha,
            beta,
            gamma,
            delta,
            G1Affine::generator().into(),
            G2Affine::generator().into(),
            &mut rng,
        )
        .expect("the toy circuit has a key");
        Self::from_key(pk, rng)
    }

    pub fn insecure() -> Self {
        Self::with_secrets(insecure_alpha(), Fr::ONE, Fr::from(5))
    }

    fn from_key(pk: ProvingKey<Bn254>, rng: ChaCha20Rng) -> Self {
        let key = key_of(&pk.vk).expect("an honest key is well formed");
        Self { pvk: PreparedVerifyingKey::new(&key), key, pk, rng }
    }

    pub fn prove(&mut self, toy: Toy) -> ([Fr; 3], Proof) {
        let proof =
            Groth16::<Bn254>::create_random_proof_with_reduction(toy, &self.pk, &mut self.rng)
                .expect("the toy circuit is satisfied");
        let proof = Proof::from_points(proof.a, proof.b, proof.c).expect("an honest proof");
        (toy.inputs(), proof)
    }

    pub fn random_proof(&mut self) -> ([Fr; 3], Proof) {
        let toy = Toy::random(&mut self.rng);
        self.prove(toy)
    }

    pub fn random_proofs(&mut self, n: usize) -> Vec<([Fr; 3], Proof)> {
        (0..n).map(|_| self.random_proof()).collect()
    }

    /// Our verdict, after comparing it with ark-groth16's.
    pub fn verdict(&self, inputs: &[Fr; 3], proof: &Proof) -> bool {
        let ours = verify(&self.pvk, inputs, proof).is_ok();
        let theirs = Groth16::<Bn254>::verify_proof(
            &ark_groth16::prepare_verifying_key(&self.pk.vk),
            &ark_groth16::Proof { a: *proof.a(), b: *proof.b(), c: *proof.c() },
            inputs,
        );
        assert_eq!(Ok(ours), theirs.map_err(|_| ()), "verdicts differ");
        ours
    }
}

pub fn key_of(
    vk: &ark_groth16::VerifyingKey<Bn254>,
) -> Result<VerifyingKey, meed_verifier::VerifyError> {
    let ic = vk.gamma_abc_g1.as_slice().try_into().expect("three public inputs");
    VerifyingKey::from_points(vk.alpha_g1, vk.beta_g2, vk.gamma_g2, vk.delta_g2, ic)
}

/// A point of the twist that is not in the subgroup of order r.
pub fn outside_subgroup(seed: u64) -> G2Affine {
    let mut rng = rng(seed);
    loop {
        let x = ark_bn254::Fq2::rand(&mut rng);
        let Some(point) = G2Affine::get_point_from_x_unchecked(x, true) else { continue };
        assert!(point.is_on_curve());
        if !point.is_in_correct_subgroup_assuming_on_curve() {
            return point;
        }
    }
}

pub const AMOUNTS: [u128; 3] = [10, 1, 1 << 92];

/// The words of an epoch with three payouts.
pub fn words() -> Vec<Fr> {
    let header = Header {
        epoch: 7,
        policy_hash: Fr::from(11),
        registry_root: Fr::from(12),
        scores_root: Fr::from(13),
        state_root_before: Fr::from(14),
        state_root_after: Fr::from(15),
        fees_total: AMOUNTS.iter().sum(),
        released_total: AMOUNTS.iter().sum(),
        accrued_total_after: Fr::from(16),
        payouts: 3,
    };
    let payouts = (1u8..).zip(AMOUNTS).map(|(i, amount)| pack_payout(&[i; 20], amount).unwrap());
    header.to_words().into_iter().chain(payouts).collect()
}

/// A proof of the words, and its `h`.
pub fn prove_words(setup: &mut Setup, domain: &Domain, words: &[Fr]) -> (Fr, Proof) {
    let w = Fr::rand(&mut setup.rng);
    let h = w * w;
    let binding = Binding::derive(domain, h, words);
    let (inputs, proof) = setup.prove(Toy::reaching(w, binding.alpha, binding.y));
    assert_eq!(inputs, binding.to_inputs());
    (h, proof)
}
