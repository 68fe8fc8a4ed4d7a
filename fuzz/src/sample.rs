//! One honest example of everything: a key, a proof, an epoch, a bundle.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::OnceLock;

use ark_bn254::Fr;
use ark_ff::Field;
use meed_circuits::r1cs::matrix::{Matrices, MatrixBuilder};
use meed_ledger::bundle::{write_bundle, BundleInput, Circuit};
use meed_prover::{insecure_setup, prove, CircuitId, CpuEngine, ProvingKey};
use meed_statement::settle::{settle, Trace};
use meed_statement::shape::XS;
use meed_statement::synthetic::{epoch, Spec};
use meed_statement::types::Inputs;
use meed_statement::words::{Binding, Domain};
use meed_verifier::{PreparedVerifyingKey, Proof};
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha20Rng;

/// The example.
pub struct Sample {
    /// A toy system with the three public inputs; every choice of them has a proof.
    pub matrices: Matrices,
    /// Its description.
    pub id: CircuitId,
    /// Its assignment for `binding`.
    pub assignment: Vec<Fr>,
    /// A key.
    pub key: ProvingKey,
    /// The key's file.
    pub zkey: Vec<u8>,
    /// The file beside it.
    pub sidecar: Vec<u8>,
    /// The verifying key, prepared.
    pub vk: PreparedVerifyingKey,
    /// An epoch.
    pub inputs: Inputs,
    /// Its settlement.
    pub trace: Trace,
    /// The binding of its words.
    pub binding: Binding,
    /// A proof of it.
    pub proof: Proof,
    /// The files of its bundle, by name, sorted.
    pub bundle: Vec<(String, Vec<u8>)>,
}

/// The example, made once.
pub fn get() -> &'static Sample {
    static SAMPLE: OnceLock<Sample> = OnceLock::new();
    SAMPLE.get_or_init(make)
}

fn make() -> Sample {
    let spec = Spec { assets: 5, events: 3, records: 9, owners: 3, state: 2, skew: 0.5, seed: 1 };
    let mut inputs = epoch(&spec);
    // High enough for some accounts to wait.
    inputs.policy.min_payout = 1 << 52;
    let trace = settle(&inputs).expect("the generator makes well-formed epochs");
    let binding = Binding::derive(&Domain::OFF_CHAIN, trace.h, &trace.words());

    // Secret w and k with w = h and alpha k = y.
    let [h, alpha, y] = binding.to_inputs();
    let one = Fr::ONE;
    let mut builder = MatrixBuilder::new(4);
    let (w, k) = (builder.new_witness(), builder.new_witness());
    builder.enforce(&[(w, one)], &[(0, one)], &[(1, one)]);
    builder.enforce(&[(2, one)], &[(k, one)], &[(3, one)]);
    let matrices = builder.finish();
    let assignment = vec![one, h, alpha, y, h, y * alpha.inverse().expect("alpha is a hash")];
    let id = CircuitId::new("toy", "XS", &matrices);
    let key = insecure_setup(&id, &matrices).expect("the toy is small");
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let never = AtomicBool::new(false);
    let (proof, _) =
        prove(&key, &matrices, &assignment, &CpuEngine::best(), &mut rng, &mut |_, _| {}, &never)
            .expect("the assignment satisfies the toy");

    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("toy.zkey");
    key.save(&matrices, &path).expect("there is room for a key");
    let bundle = bundle(&folder.path().join("bundle"), &key, &trace, &proof);
    let read = |path: &Path| std::fs::read(path).expect("written just now");
    Sample {
        zkey: read(&path),
        sidecar: read(&meed_prover::zkey::sidecar_path(&path)),
        vk: PreparedVerifyingKey::new(key.verifying_key()),
        bundle,
        matrices,
        id,
        assignment,
        key,
        inputs,
        trace,
        binding,
        proof,
    }
}

/// What the sample's bundle says of its circuit.
#[must_use]
pub fn circuit() -> Circuit {
    Circuit { name: "toy".to_owned(), shape: XS, digest: [7; 32] }
}

fn bundle(path: &Path, key: &ProvingKey, trace: &Trace, proof: &Proof) -> Vec<(String, Vec<u8>)> {
    let input = BundleInput {
        circuit: &circuit(),
        key: &(*key.verifying_key()).into(),
        domain: Domain::OFF_CHAIN,
        words: &trace.words(),
        proof: &(*proof).into(),
        state: &trace.state_after,
    };
    write_bundle(path, &input).expect("the epoch is honest");
    let mut files: Vec<_> = std::fs::read_dir(path)
        .expect("written just now")
        .map(|entry| {
            let entry = entry.expect("written just now");
            let name = entry.file_name().into_string().expect("bundles have plain names");
            (name, std::fs::read(entry.path()).expect("written just now"))
        })
        .collect();
    files.sort();
    files
}

/// Calls `then` with a file that holds `bytes`.
pub fn with_file<T>(bytes: &[u8], then: impl FnOnce(&Path) -> T) -> T {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), bytes).expect("there is room for an input");
    then(file.path())
}
