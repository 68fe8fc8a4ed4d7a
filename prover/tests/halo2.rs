//! Real proofs of the halo2 circuit: what `MockProver` accepts is not yet a proof that verifies (a gate of a
//! higher degree than the library was told of passes the one and fails the other).

use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::LazyLock;

use meed_halo2::field::Fr;
use meed_halo2::{Assignment, Circuit};
use meed_prover::halo2::{
    prove, prove_unchecked, verify_by_library, Key, LibraryError, Params, ProveError, Stage,
};
use meed_statement::lies::{lies, sample};
use meed_statement::roots::Commitment;
use meed_statement::settle::{settle_with, Trace};
use meed_statement::shape::XS;
use meed_statement::types::Inputs;
use meed_statement::words::{Binding, Domain};
use meed_verifier::halo2::{verify, Proof, PROOF_MAGIC, VERIFYING_KEY_BYTES};
use meed_verifier::VerifyError;
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha20Rng;

static CIRCUIT: LazyLock<Circuit> = LazyLock::new(|| Circuit::new(XS));
static KEY: LazyLock<Key> =
    LazyLock::new(|| Key::new(Params::insecure(CIRCUIT.k()), &CIRCUIT).unwrap());

fn assignment(inputs: &Inputs, trace: &Trace) -> (Assignment, Binding) {
    CIRCUIT.assign(inputs, trace, &Domain::OFF_CHAIN).unwrap()
}

fn settle_unchecked(inputs: &Inputs) -> Trace {
    settle_with(inputs, &Commitment::new(inputs), |_, _| {})
}

/// Both verifiers.
fn accepted(binding: &Binding, proof: &[u8]) -> bool {
    let ours = Proof::from_bytes(proof)
        .and_then(|proof| verify(KEY.verifying_key(), &binding.to_inputs(), &proof));
    let theirs = verify_by_library(&KEY, binding, proof);
    match (&ours, &theirs) {
        (Ok(()), Ok(())) => true,
        (Err(VerifyError::Rejected), Err(LibraryError::Rejected)) => false,
        // Lengths and encodings.
        (Err(_), Err(LibraryError::Malformed(_))) => false,
        _ => panic!("ours: {ours:?}, the library's: {theirs:?}"),
    }
}

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// `MEED_WRITE_GOLDEN=1 cargo test --release -p meed-prover --test halo2` writes the file anew.
#[test]
fn the_sample_is_proved() {
    let inputs = sample();
    let trace = settle_unchecked(&inputs);
    let (honest, binding) = assignment(&inputs, &trace);
    let mut seen = Vec::new();
    let mut progress = |stage, part| seen.push((stage, part));
    let never = AtomicBool::new(false);
    let (proof, timings) =
        prove(&KEY, &CIRCUIT, &honest, &mut rng(1), &mut progress, &never).unwrap();
    let proof = proof.to_bytes();
    assert!(accepted(&binding, &proof));
    let stages: Vec<_> = timings.stages().iter().map(|(stage, _)| *stage).collect();
    assert_eq!(stages, Stage::ALL);
    assert!(seen.windows(2).all(|pair| pair[0].1 < pair[1].1), "{seen:?}");
    assert_eq!(seen.last(), Some(&(Stage::Verify, 1.0)));

    // Another public input, or chain: no.
    let one = ark_bn254::Fr::from(1u64);
    for wrong in [
        Binding { h: binding.h + one, ..binding },
        Binding { alpha: binding.alpha + one, ..binding },
        Binding { y: binding.y + one, ..binding },
        Binding::derive(&Domain::evm(1, [7; 20]), trace.h, &trace.words()),
    ] {
        assert!(!accepted(&wrong, &proof));
    }
    // Another byte, in a point, a scalar, the opening; in each byte of the magic.
    let len = proof.len();
    for at in (0..8).chain([8, 40, 500, len / 2, len - 129, len - 128, len - 1]) {
        let mut wrong = proof;
        wrong[at] ^= 1;
        assert!(!accepted(&binding, &wrong), "byte {at}");
    }
    let malformed = |proof: &[u8], expected: &str| {
        assert!(!accepted(&binding, proof));
        let got = verify_by_library(&KEY, &binding, proof).unwrap_err().to_string();
        assert!(got.contains(expected), "expected {expected:?}, got {got:?}");
    };
    malformed(&proof[..len - 1], "expected 32 bytes of a coordinate, got 31");
    malformed(&proof[..8], "byte 8: expected 32 bytes");
    malformed(&[&proof[..], &[0]].concat(), "1 more bytes");
    malformed(&proof[8..], "that start with ff6d656564683270");
    malformed(&[0; 256], "that start with");
    malformed(&[], "that start with");
    let with = |at: usize, bytes: &[u8]| {
        let mut wrong = proof;
        wrong[at..at + bytes.len()].copy_from_slice(bytes);
        wrong
    };
    malformed(&with(8, &[0; 64]), "byte 8: expected a point on the curve, not the identity");
    malformed(&with(8, &[0xff; 32]), "byte 8: expected a coordinate below the modulus");
    malformed(&with(len - 160, &[0xff; 32]), "expected a scalar below the modulus");

    let mut text = format!("proof: {len} bytes\n");
    writeln!(text, "circuit: {}", KEY.circuit().digest).unwrap();
    let id = hex::encode(KEY.verifying_key().id());
    writeln!(text, "verifying key of the insecure parameters: {id}").unwrap();
    golden("halo2-XS.txt", &text);
    assert!(proof.starts_with(&PROOF_MAGIC) && KEY.verifying_key().is_insecure());
    assert_eq!((proof.len(), VERIFYING_KEY_BYTES), (4_072, 1_512), "as contracts have them");
}

/// Compares with a golden file, or writes it where `MEED_WRITE_GOLDEN` is set.
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("goldens").join(name);
    if std::env::var_os("MEED_WRITE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path)
        .unwrap_or_else(|e| panic!("{}: {e}; MEED_WRITE_GOLDEN=1 writes it", path.display()));
    assert_eq!(text, golden, "the circuit changed; its keys are no longer valid");
}

#[test]
fn a_lie_is_not_proved() {
    let inputs = sample();
    let never = AtomicBool::new(false);
    // An epoch that is another throughout satisfies the circuit; its public inputs are others.
    for lie in lies().into_iter().filter(|lie| lie.name != "the epoch is another") {
        let (lying, _) = assignment(&inputs, &lie.told(&inputs).unwrap());
        let refused = prove(&KEY, &CIRCUIT, &lying, &mut rng(2), &mut |_, _| {}, &never);
        match refused {
            Err(ProveError::Violated(failure)) => {
                assert_eq!(failure.clause, lie.clause, "{}", lie.name);
                assert!(ProveError::Violated(failure)
                    .to_string()
                    .contains(&lie.clause.to_string()));
            }
            other => panic!("{}: {:?}", lie.name, other.map(|_| ())),
        }
    }
    // A prover that does not look makes a proof that does not verify.
    let (mut changed, binding) = assignment(&inputs, &settle_unchecked(&inputs));
    changed.change(CIRCUIT.cells().nth(1_000).unwrap(), Fr::one());
    assert!(!CIRCUIT.violated(&changed).is_empty());
    let forged = prove_unchecked(&KEY, &CIRCUIT, &changed, &mut rng(3)).unwrap();
    assert!(!accepted(&binding, &forged.to_bytes()));
}

#[test]
fn a_proof_stops_in_each_stage() {
    let inputs = sample();
    let (honest, _) = assignment(&inputs, &settle_unchecked(&inputs));
    for at in Stage::ALL {
        let stop = AtomicBool::new(false);
        let mut progress = |stage, _| stop.store(stage == at, Ordering::Relaxed);
        let stopped = prove(&KEY, &CIRCUIT, &honest, &mut rng(4), &mut progress, &stop);
        // The check and the verification are not interrupted: the next stage does not start, or the proof is done.
        match (at, stopped) {
            (Stage::Check, Err(ProveError::Cancelled { stage })) => assert_eq!(stage, "columns"),
            (Stage::Verify, Ok(_)) => {}
            (_, Err(ProveError::Cancelled { stage })) => assert_eq!(stage, at.name()),
            (at, other) => panic!("{at}: {:?}", other.map(|_| ())),
        }
    }
    let stop = AtomicBool::new(true);
    let stopped = prove(&KEY, &CIRCUIT, &honest, &mut rng(5), &mut |_, _| {}, &stop);
    assert_eq!(stopped.unwrap_err(), ProveError::Cancelled { stage: "check" });
}

#[test]
fn two_proofs_of_one_epoch_differ() {
    let inputs = sample();
    let (honest, binding) = assignment(&inputs, &settle_unchecked(&inputs));
    let make = |seed| prove_unchecked(&KEY, &CIRCUIT, &honest, &mut rng(seed)).unwrap().to_bytes();
    let (one, two) = (make(6), make(7));
    // Each commitment is blinded.
    assert!(one[8..].chunks(64).zip(two[8..].chunks(64)).all(|(a, b)| a != b));
    assert!(accepted(&binding, &one) && accepted(&binding, &two));
}
