//! Toy circuits with the three public inputs, one for each proof system, real keys and proofs of them, and
//! bundles of real epochs under them.

#[path = "../../../verifier/tests/halo2/library.rs"]
mod library;
#[path = "../../../verifier/tests/halo2/toy.rs"]
mod rows;

use std::path::Path;

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{Field, UniformRand};
use ark_groth16::{Groth16, ProvingKey};
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, SynthesisError, Variable};
use ark_relations::lc;
use meed_ledger::bundle::{BundleInput, Circuit};
use meed_statement::settle::{settle, Trace};
use meed_statement::shape::XS;
use meed_statement::synthetic::{epoch, Spec};
use meed_statement::types::Inputs;
use meed_statement::words::{Binding, Domain};
use meed_verifier::{insecure_alpha, AnyProof, AnyVerifyingKey, Proof, VerifyingKey};
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};

use library::Keys;

/// Public `h, alpha, y`; secret `w, k` with `w = h` and `alpha k = y`: any inputs have a proof.
#[derive(Clone, Copy)]
struct Toy([Fr; 3]);

impl ConstraintSynthesizer<Fr> for Toy {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let [h, alpha, y] = self.0;
        let k = y * alpha.inverse().ok_or(SynthesisError::DivisionByZero)?;
        let w = cs.new_witness_variable(|| Ok(h))?;
        let h = cs.new_input_variable(|| Ok(h))?;
        let alpha = cs.new_input_variable(|| Ok(alpha))?;
        let y = cs.new_input_variable(|| Ok(y))?;
        let k = cs.new_witness_variable(|| Ok(k))?;
        cs.enforce_r1cs_constraint(|| lc!() + w, || lc!() + Variable::One, || lc!() + h)?;
        cs.enforce_r1cs_constraint(|| lc!() + alpha, || lc!() + k, || lc!() + y)
    }
}

enum Proving {
    Groth16(Box<ProvingKey<Bn254>>),
    Halo2(Box<Keys>),
}

pub(crate) struct Setup {
    proving: Proving,
    pub(crate) key: AnyVerifyingKey,
    rng: ChaCha20Rng,
}

impl Setup {
    /// Secrets from `seed`; alpha that of the insecure set-up if asked for.
    pub(crate) fn new(seed: u64, insecure: bool) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut draw = || Fr::rand(&mut rng);
        let alpha = if insecure { insecure_alpha() } else { draw() };
        let (beta, delta) = (draw(), draw());
        let pk = Groth16::<Bn254>::generate_parameters_with_qap(
            Toy([Fr::ONE; 3]),
            alpha,
            beta,
            Fr::ONE,
            delta,
            G1Affine::generator().into(),
            G2Affine::generator().into(),
            &mut rng,
        )
        .unwrap();
        let vk = &pk.vk;
        let ic = vk.gamma_abc_g1.as_slice().try_into().unwrap();
        let key = VerifyingKey::from_points(vk.alpha_g1, vk.beta_g2, vk.gamma_g2, vk.delta_g2, ic);
        Self { key: key.unwrap().into(), proving: Proving::Groth16(Box::new(pk)), rng }
    }

    /// The same in the other proof system.
    pub(crate) fn halo2(seed: u64, insecure: bool) -> Self {
        let circuit = rows::toy(&[Fr::ONE; 3]);
        let keys = Keys::new(rows::LOG_ROWS, &circuit, (!insecure).then_some(seed));
        let rng = ChaCha20Rng::seed_from_u64(seed);
        Self { key: keys.key.clone().into(), proving: Proving::Halo2(Box::new(keys)), rng }
    }

    pub(crate) fn prove(&mut self, binding: &Binding) -> AnyProof {
        let inputs = binding.to_inputs();
        match &self.proving {
            Proving::Groth16(pk) => {
                let (toy, rng) = (Toy(inputs), &mut self.rng);
                let proof =
                    Groth16::<Bn254>::create_random_proof_with_reduction(toy, pk, rng).unwrap();
                Proof::from_points(proof.a, proof.b, proof.c).unwrap().into()
            }
            Proving::Halo2(keys) => {
                keys.prove(rows::toy(&inputs), &inputs, self.rng.next_u64()).into()
            }
        }
    }
}

/// A settled synthetic epoch that fits shape XS.
pub(crate) fn small_epoch(seed: u64) -> (Inputs, Trace) {
    let spec = Spec { assets: 5, events: 3, records: 9, owners: 3, state: 2, skew: 0.5, seed };
    let mut inputs = epoch(&spec);
    inputs.policy.min_payout = 1 << 52;
    inputs.epoch = seed;
    let trace = settle(&inputs).unwrap();
    (inputs, trace)
}

pub(crate) fn circuit() -> Circuit {
    Circuit { name: "meed-toy-XS".to_owned(), shape: XS, digest: [0xc1; 32] }
}

/// Everything that a bundle is made from, owned.
pub(crate) struct Content {
    pub(crate) circuit: Circuit,
    pub(crate) domain: Domain,
    pub(crate) trace: Trace,
    pub(crate) proof: AnyProof,
}

impl Content {
    pub(crate) fn new(setup: &mut Setup, trace: Trace, domain: Domain) -> Self {
        let proof = setup.prove(&Binding::derive(&domain, trace.h, &trace.words()));
        Self { circuit: circuit(), domain, trace, proof }
    }

    /// Calls `then` with the input of a bundle.
    pub(crate) fn with<T>(
        &self,
        key: &AnyVerifyingKey,
        then: impl FnOnce(&BundleInput<'_>) -> T,
    ) -> T {
        let words = self.trace.words();
        then(&BundleInput {
            circuit: &self.circuit,
            key,
            domain: self.domain,
            words: &words,
            proof: &self.proof,
            state: &self.trace.state_after,
        })
    }
}

/// The files of a bundle, in memory.
#[derive(Clone)]
pub(crate) struct Files(pub(crate) Vec<(String, Vec<u8>)>);

impl Files {
    pub(crate) fn load(folder: &Path) -> Self {
        let entry = |entry: std::io::Result<std::fs::DirEntry>| {
            let entry = entry.unwrap();
            let bytes = std::fs::read(entry.path()).unwrap();
            (entry.file_name().into_string().unwrap(), bytes)
        };
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(entry).collect();
        files.sort();
        Self(files)
    }

    pub(crate) fn store(&self, folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        for (name, bytes) in &self.0 {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }

    pub(crate) fn get(&mut self, name: &str) -> &mut Vec<u8> {
        &mut self.0.iter_mut().find(|(file, _)| file == name).unwrap().1
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.clone().get(name).clone()).unwrap()
    }

    /// Replaces text in a file, which must hold it.
    pub(crate) fn replace(&mut self, name: &str, from: &str, to: &str) {
        let text = self.text(name);
        assert!(text.contains(from), "{name} does not hold {from}");
        *self.get(name) = text.replacen(from, to, 1).into_bytes();
    }

    /// Writes sizes and digests into the manifest, as a liar would. The manifest is edited as text,
    /// line by line, so that everything else in it stays as it is.
    pub(crate) fn reseal(&mut self) {
        let manifest = self.clone().get("manifest.json").clone();
        let Ok(manifest) = String::from_utf8(manifest) else { return };
        let mut lines: Vec<String> = manifest.lines().map(str::to_owned).collect();
        for (name, bytes) in &self.0 {
            let named = format!("\"name\": \"{name}\"");
            let Some(at) = lines.iter().position(|line| line.contains(&named)) else { continue };
            if let [_, size, digest, ..] = &mut lines[at..] {
                *size = format!("      \"bytes\": {},", bytes.len());
                *digest = format!("      \"sha256\": \"{}\"", sha256(bytes));
            }
        }
        let digest_line = |digest: &str| format!("  \"digest\": \"{digest}\"");
        if let Some(at) = lines.iter().rposition(|line| line.starts_with("  \"digest\": ")) {
            lines[at] = digest_line(&"0".repeat(64));
            lines[at] = digest_line(&sha256((lines.join("\n") + "\n").as_bytes()));
        }
        *self.get("manifest.json") = (lines.join("\n") + "\n").into_bytes();
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
