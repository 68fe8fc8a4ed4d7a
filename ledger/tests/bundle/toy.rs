//! A toy circuit with the three public inputs, real keys and proofs of it, and bundles of real epochs
//! under them.

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
use meed_verifier::{insecure_alpha, Proof, VerifyingKey};
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};

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

pub(crate) struct Setup {
    pk: ProvingKey<Bn254>,
    pub(crate) key: VerifyingKey,
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
        Self { key: key.unwrap(), pk, rng }
    }

    pub(crate) fn prove(&mut self, binding: &Binding) -> Proof {
        let toy = Toy(binding.to_inputs());
        let proof =
            Groth16::<Bn254>::create_random_proof_with_reduction(toy, &self.pk, &mut self.rng)
                .unwrap();
        Proof::from_points(proof.a, proof.b, proof.c).unwrap()
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
    pub(crate) proof: Proof,
}

impl Content {
    pub(crate) fn new(setup: &mut Setup, trace: Trace, domain: Domain) -> Self {
        let proof = setup.prove(&Binding::derive(&domain, trace.h, &trace.words()));
        Self { circuit: circuit(), domain, trace, proof }
    }

    /// Calls `then` with the input of a bundle.
    pub(crate) fn with<T>(
        &self,
        key: &VerifyingKey,
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
