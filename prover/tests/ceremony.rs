//! A real ceremony, end to end, with snarkjs run as a separate program.
//!
//! Needs node and `npm ci` in `prover/tests/ceremony`. Where they are missing the tests fail, unless
//! `MEED_SKIP_SNARKJS=1` says to skip them.
#![allow(clippy::print_stderr, reason = "tells that tests were skipped")]

mod common;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::AtomicBool;

use common::Toy;
use meed_prover::circom::{write_r1cs, write_wtns};
use meed_prover::{export, import_ceremony, insecure_setup, prove, CpuEngine, Origin, ProvingKey};
use meed_verifier::{verify, PreparedVerifyingKey, Proof};
use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};

const INSTALL: &str = "cd prover/tests/ceremony && npm ci";

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ceremony")
}

/// Whether to run. Fails when it should but cannot.
fn ready() -> bool {
    let node = Command::new("node").arg("--version").output().is_ok_and(|o| o.status.success());
    let snarkjs = scripts().join("node_modules/snarkjs/build/cli.cjs").exists();
    if node && snarkjs {
        return true;
    }
    let missing = if node { "snarkjs" } else { "node" };
    if std::env::var_os("MEED_SKIP_SNARKJS").is_some_and(|v| v == "1") {
        eprintln!("SKIPPED: {missing} is missing and MEED_SKIP_SNARKJS=1");
        return false;
    }
    panic!(
        "{missing} is missing. Install node 20 or later, then: {INSTALL}. Or MEED_SKIP_SNARKJS=1"
    );
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{text}\n{errors}");
    output
}

fn snarkjs<'a>(args: impl IntoIterator<Item = &'a Path>) -> Output {
    run(Command::new("node").arg(scripts().join("node_modules/snarkjs/build/cli.cjs")).args(args))
}

/// A folder with the files of a system.
struct Bench {
    toy: Toy,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(toy: Toy) -> Self {
        let bench = Self { toy, folder: tempfile::tempdir().unwrap() };
        let create = |name| File::create(bench.path(name)).unwrap();
        write_r1cs(&bench.toy.matrices, create("toy.r1cs")).unwrap();
        write_wtns(&bench.toy.assignment, create("toy.wtns")).unwrap();
        fs::write(bench.path("public.json"), export::inputs_to_snarkjs(&bench.toy.inputs()))
            .unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn snarkjs(&self, command: &str) -> String {
        // Words with a dot are files of the bench.
        let args: Vec<PathBuf> = command
            .split(' ')
            .map(|word| if word.contains('.') { self.path(word) } else { word.into() })
            .collect();
        let output = snarkjs(args.iter().map(PathBuf::as_path));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn ceremony(&self) {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("powers-of-tau");
        run(Command::new("node").arg(scripts().join("ceremony.mjs")).args([
            self.path("toy.r1cs"),
            self.folder.path().into(),
            cache,
        ]));
    }

    fn prove(&self, key: &ProvingKey) -> Proof {
        let never = AtomicBool::new(false);
        let mut rng = ChaCha20Rng::seed_from_u64(8);
        let z = &self.toy.assignment;
        prove(key, &self.toy.matrices, z, &CpuEngine::best(), &mut rng, &mut |_, _| {}, &never)
            .unwrap()
            .0
    }
}

/// Runs the ceremony, imports its key, proves with it, and has snarkjs check everything.
fn goes_through_a_ceremony(bench: &Bench) {
    bench.ceremony();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let (id, matrices) = (bench.toy.id(), &bench.toy.matrices);
    let dest = bench.path("toy.zkey");
    let imported =
        import_ceremony(&bench.path("final.zkey"), &id, matrices, &dest, &mut rng).unwrap();
    assert_eq!(imported.contributions, 2, "one contribution and the beacon");
    assert_eq!(imported.sidecar.key.origin, Origin::Ceremony);
    assert!(!imported.key.verifying_key().is_insecure());

    let key = ProvingKey::load(&dest, &id).unwrap();
    assert_eq!(key, imported.key);
    assert_eq!(ProvingKey::load_checked(&dest, &id, matrices).unwrap(), key);
    let theirs = fs::read_to_string(bench.path("verification_key.json")).unwrap();
    assert_eq!(export::verifying_key_from_snarkjs(&theirs).unwrap(), *key.verifying_key());

    fs::write(bench.path("proof.json"), export::proof_to_snarkjs(&bench.prove(&key))).unwrap();
    let ours = export::verifying_key_to_snarkjs(key.verifying_key());
    fs::write(bench.path("ours.json"), ours).unwrap();
    bench.snarkjs("groth16 verify verification_key.json public.json proof.json");
    bench.snarkjs("groth16 verify ours.json public.json proof.json");

    // The imported file is still the ceremony's: snarkjs skips our section.
    let ptau = PathBuf::from(fs::read_to_string(bench.path("ptau.path")).unwrap());
    let words = [Path::new("zkey"), Path::new("verify")];
    snarkjs(words.into_iter().chain([&*bench.path("toy.r1cs"), &*ptau, &*dest]));
    bench.snarkjs("groth16 prove toy.zkey toy.wtns theirs.json public2.json");
    let proof = fs::read_to_string(bench.path("theirs.json")).unwrap();
    let proof = export::proof_from_snarkjs(&proof).unwrap();
    let vk = PreparedVerifyingKey::new(key.verifying_key());
    verify(&vk, &bench.toy.inputs(), &proof).unwrap();
}

#[test]
fn a_ceremonys_key_is_imported_and_its_proofs_verify_in_snarkjs() {
    if ready() {
        let bench = Bench::new(Toy::new(100, 21));
        goes_through_a_ceremony(&bench);
        refuses_what_is_no_finished_ceremony(&bench);
    }
}

#[test]
#[ignore = "minutes: makes 2^16 powers of tau once, then keeps them under target/tmp"]
fn the_smallest_real_circuit_goes_through_a_ceremony() {
    if ready() {
        goes_through_a_ceremony(&Bench::new(Toy::xs()));
    }
}

fn refuses_what_is_no_finished_ceremony(bench: &Bench) {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let dest = bench.path("refused.zkey");
    let mut import = |source: &str, toy: &Toy| {
        let got = import_ceremony(&bench.path(source), &toy.id(), &toy.matrices, &dest, &mut rng);
        assert!(!dest.exists());
        got.unwrap_err().to_string()
    };
    let text = import("initial.zkey", &bench.toy);
    assert!(text.contains("contributions: expected at least 1, got 0"), "{text}");
    let text = import("final.zkey", &Toy::new(98, 21));
    assert!(text.contains("wires: expected"), "{text}");
    // The same counts, one coefficient of A different.
    let text = import("final.zkey", &bench.toy.with_another_coefficient());
    assert!(text.contains("coefficient: expected matrix 0 row 96"), "{text}");
    // With a contribution that the file only claims.
    let mut bytes = fs::read(bench.path("initial.zkey")).unwrap();
    let count = bytes.len() - 4;
    bytes[count] = 1;
    fs::write(bench.path("claims.zkey"), bytes).unwrap();
    let text = import("claims.zkey", &bench.toy);
    assert!(text.contains("gamma"), "{text}");
}

#[test]
fn snarkjs_reads_what_we_write_and_proves_with_our_key() {
    if ready() {
        snarkjs_proves_with_our_key(&Bench::new(Toy::new(50, 21)));
        snarkjs_proves_with_our_key(&Bench::new(Toy::xs()));
    }
}

fn snarkjs_proves_with_our_key(bench: &Bench) {
    let info = bench.snarkjs("r1cs info toy.r1cs");
    let constraints = format!("# of Constraints: {}", bench.toy.matrices.constraints());
    assert!(info.contains("bn-128") && info.contains(&constraints), "{info}");
    bench.snarkjs("wtns check toy.r1cs toy.wtns");

    let key = insecure_setup(&bench.toy.id(), &bench.toy.matrices).unwrap();
    key.save(&bench.toy.matrices, &bench.path("toy.zkey")).unwrap();
    bench.snarkjs("zkey export verificationkey toy.zkey vk.json");
    let vk = fs::read_to_string(bench.path("vk.json")).unwrap();
    assert_eq!(export::verifying_key_from_snarkjs(&vk).unwrap(), *key.verifying_key());

    bench.snarkjs("groth16 prove toy.zkey toy.wtns proof.json public2.json");
    let read = |name| fs::read_to_string(bench.path(name)).unwrap();
    let inputs = export::inputs_from_snarkjs(&read("public2.json")).unwrap();
    assert_eq!(inputs, bench.toy.inputs());
    let proof = export::proof_from_snarkjs(&read("proof.json")).unwrap();
    verify(&PreparedVerifyingKey::new(key.verifying_key()), &inputs, &proof).unwrap();

    let ours = export::proof_to_snarkjs(&bench.prove(&key));
    fs::write(bench.path("proof.json"), ours).unwrap();
    bench.snarkjs("groth16 verify vk.json public.json proof.json");

    // Calldata, as snarkjs lays it out.
    let proof = export::proof_from_snarkjs(&read("proof.json")).unwrap();
    let theirs = bench.snarkjs("zkey export soliditycalldata public.json proof.json");
    let words: String =
        theirs.split("0x").skip(1).map(|word| word.split('"').next().unwrap()).collect();
    let ours = export::solidity_calldata_hex(&proof, &inputs);
    assert_eq!(ours[2 + 8..], words);
}
