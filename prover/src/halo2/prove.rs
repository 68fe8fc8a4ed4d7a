//! Proofs of the halo2 circuit.

use std::fmt;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use halo2_proofs::halo2curves::bn256::{Bn256, Fr};
use halo2_proofs::plonk::{create_proof, verify_proof};
use halo2_proofs::poly::kzg::commitment::KZGCommitmentScheme;
use halo2_proofs::poly::kzg::multiopen::{ProverSHPLONK, VerifierSHPLONK};
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use meed_halo2::field::{to_ark, to_halo2};
use meed_halo2::{Assignment, Circuit, Failure};
use meed_statement::words::Binding;
use meed_verifier::halo2::{Proof, PROOF_MAGIC};
use meed_verifier::VerifyError;
use rand_core::CryptoRngCore;

use super::key::Key;
use super::transcript::{Event, Reader, Stopped, Writer};
use crate::prove::Timings;

type Scheme = KZGCommitmentScheme<Bn256>;

/// The parts of a proof's work, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Checking the constraints.
    Check,
    /// Commitments to the columns.
    Columns,
    /// Commitments to the lookup's columns, sorted.
    Lookup,
    /// Commitments to the products that compare copies and lookups.
    Products,
    /// The quotient of all constraints, and commitments to it.
    Quotient,
    /// Evaluations, and their opening.
    Open,
    /// Verifying the finished proof.
    Verify,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Self; 7] = [
        Self::Check,
        Self::Columns,
        Self::Lookup,
        Self::Products,
        Self::Quotient,
        Self::Open,
        Self::Verify,
    ];

    /// A short name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Columns => "columns",
            Self::Lookup => "lookup",
            Self::Products => "products",
            Self::Quotient => "quotient",
            Self::Open => "open",
            Self::Verify => "verify",
        }
    }

    /// The part of the whole time that is usually over when the stage starts.
    const fn start(self) -> f64 {
        match self {
            Self::Check => 0.0,
            Self::Columns => 0.03,
            Self::Lookup => 0.15,
            Self::Products => 0.165,
            Self::Quotient => 0.25,
            Self::Open => 0.94,
            Self::Verify => 0.995,
        }
    }

    /// The stage after so many challenges of the protocol: theta; beta, gamma; y; x.
    const fn after(challenges: usize) -> Self {
        match challenges {
            0 => Self::Columns,
            1 => Self::Lookup,
            2 | 3 => Self::Products,
            4 => Self::Quotient,
            _ => Self::Open,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why no proof came out. Nothing here tells a value of the witness.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The key is another circuit's.
    #[error("the key is for {expected}, the circuit is {got}")]
    Circuit {
        /// Name of the key's circuit.
        expected: String,
        /// Name of the circuit.
        got: String,
    },
    /// The assignment violates the circuit.
    #[error("the epoch violates {} in row {} ({:?})", .0.clause, .0.row, .0.part)]
    Violated(Failure),
    /// The caller raised the cancel flag.
    #[error("cancelled in stage {stage}")]
    Cancelled {
        /// The stage that was not finished.
        stage: &'static str,
    },
    /// The library refused.
    #[error("halo2: {0}")]
    Library(String),
    /// The proof does not verify: the key belongs to another circuit, or the library computed wrongly. It is not
    /// handed out.
    #[error("the finished proof does not verify ({0}): the key or the prover is faulty")]
    Faulty(VerifyError),
    /// Our verifier accepts the proof and the library's does not. It is not handed out.
    #[error("the finished proof verifies, but not by halo2's own verifier ({0})")]
    Disputed(LibraryError),
}

/// Why halo2's own verifier does not accept a proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// The bytes are no proof of this system.
    #[error("no halo2 proof: {0}")]
    Malformed(String),
    /// They are one, but not of these public inputs under this key.
    #[error("the proof does not hold")]
    Rejected,
}

/// Follows a proof through its stages.
struct Run<'a> {
    progress: &'a mut dyn FnMut(Stage, f64),
    cancel: &'a AtomicBool,
    timings: Timings<Stage>,
    now: Option<(Stage, Instant)>,
}

impl Run<'_> {
    /// Ends the stage before and starts this one.
    fn enter(&mut self, stage: Stage) -> Result<(), ProveError> {
        self.leave();
        if self.cancelled() {
            return Err(ProveError::Cancelled { stage: stage.name() });
        }
        (self.progress)(stage, stage.start());
        self.now = Some((stage, Instant::now()));
        Ok(())
    }

    fn leave(&mut self) {
        if let Some((stage, start)) = self.now.take() {
            self.timings.push(stage, start.elapsed());
        }
    }

    fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }
}

/// Proves that `assignment` satisfies `circuit`, and verifies the proof before returning it, with our verifier and
/// with the library's.
///
/// `rng` blinds the proof and must be the operating system's (or seeded by it). `progress` is called when a stage
/// starts, with the part of the whole that is over, and at the end with 1. `cancel` is looked at before each
/// stage and whenever the prover has committed to something; the longest time between two looks is the stage of
/// the quotient. Where panics abort instead of unwinding, raising it while the library works ends the process.
///
/// # Errors
/// [`ProveError`]; [`ProveError::Violated`] names the first clause that does not hold.
pub fn prove(
    key: &Key,
    circuit: &Circuit,
    assignment: &Assignment,
    rng: &mut dyn CryptoRngCore,
    progress: &mut dyn FnMut(Stage, f64),
    cancel: &AtomicBool,
) -> Result<(Proof, Timings<Stage>), ProveError> {
    let mut run = Run { progress, cancel, timings: Timings::default(), now: None };
    run.enter(Stage::Check)?;
    check_circuit(key, circuit)?;
    if let Some(failure) = circuit.violated(assignment).into_iter().min() {
        return Err(ProveError::Violated(failure));
    }
    let bytes = create(key, circuit, assignment, rng, &mut run)?;
    run.enter(Stage::Verify)?;
    let publics = assignment.publics();
    let verify = || {
        let proof = Proof::from_bytes(&bytes)?;
        meed_verifier::halo2::verify(key.verifying_key(), &publics.map(|x| to_ark(&x)), &proof)?;
        Ok(proof)
    };
    let proof = verify().map_err(ProveError::Faulty)?;
    check(key, publics, &bytes).map_err(ProveError::Disputed)?;
    run.leave();
    (run.progress)(Stage::Verify, 1.0);
    Ok((proof, run.timings))
}

/// [`prove()`] without the checks: a false assignment gives a proof that does not verify. For tests and
/// measurements.
///
/// # Errors
/// [`ProveError::Circuit`], [`ProveError::Library`], [`ProveError::Faulty`].
#[doc(hidden)]
pub fn prove_unchecked(
    key: &Key,
    circuit: &Circuit,
    assignment: &Assignment,
    rng: &mut dyn CryptoRngCore,
) -> Result<Proof, ProveError> {
    check_circuit(key, circuit)?;
    let (never, mut quiet) = (AtomicBool::new(false), |_, _| {});
    let mut run =
        Run { progress: &mut quiet, cancel: &never, timings: Timings::default(), now: None };
    let bytes = create(key, circuit, assignment, rng, &mut run)?;
    Proof::from_bytes(&bytes).map_err(ProveError::Faulty)
}

/// By name and size: the digest was compared when the key was read or made, and the proof is verified.
fn check_circuit(key: &Key, circuit: &Circuit) -> Result<(), ProveError> {
    let expected = key.circuit();
    if expected.shape == circuit.shape().name && expected.k == circuit.k() {
        return Ok(());
    }
    let got = format!("meed-halo2-{}", circuit.shape().name);
    Err(ProveError::Circuit { expected: expected.name.clone(), got })
}

fn create(
    key: &Key,
    circuit: &Circuit,
    assignment: &Assignment,
    rng: &mut dyn CryptoRngCore,
    run: &mut Run<'_>,
) -> Result<Vec<u8>, ProveError> {
    run.enter(Stage::Columns)?;
    let mut stage = Stage::Columns;
    let mut challenges = 0;
    let mut watch = |event| {
        if event == Event::Drew {
            challenges += 1;
            let next = Stage::after(challenges);
            if next != stage {
                stage = next;
                return run.enter(next).is_ok();
            }
        }
        !run.cancelled()
    };
    let id = key.verifying_key().id();
    let mut writer = Writer::new(&id, &PROOF_MAGIC, &mut watch);
    let laid = circuit.to_halo2(Some(assignment));
    let publics: &[&[Fr]] = &[assignment.publics()];
    let made = catch_unwind(AssertUnwindSafe(|| {
        create_proof::<Scheme, ProverSHPLONK<'_, Bn256>, _, _, _, _>(
            key.kzg(),
            key.pk(),
            &[laid],
            &[publics],
            rng,
            &mut writer,
        )
    }));
    let proof = writer.finish();
    match made {
        Ok(Ok(())) => Ok(proof),
        Ok(Err(error)) => Err(ProveError::Library(error.to_string())),
        Err(payload) if payload.is::<Stopped>() => {
            Err(ProveError::Cancelled { stage: stage.name() })
        }
        Err(payload) => resume_unwind(payload),
    }
}

/// Verifies the bytes of a proof of these public inputs with the library's own verifier. Verifiers have
/// [`meed_verifier::halo2::verify`]; this one is its twin, for the prover and for tests.
///
/// # Errors
/// [`LibraryError`].
pub fn verify_by_library(key: &Key, binding: &Binding, proof: &[u8]) -> Result<(), LibraryError> {
    check(key, &binding.to_inputs().map(|x| to_halo2(&x)), proof)
}

fn check(key: &Key, publics: &[Fr; 3], proof: &[u8]) -> Result<(), LibraryError> {
    if !proof.starts_with(&PROOF_MAGIC) {
        let got = hex::encode(&proof[..proof.len().min(PROOF_MAGIC.len())]);
        let expected = hex::encode(PROOF_MAGIC);
        let message = format!("expected bytes that start with {expected}, got {got}");
        return Err(LibraryError::Malformed(message));
    }
    let mut reader = Reader::new(&key.verifying_key().id(), proof, PROOF_MAGIC.len());
    let verified = verify_proof::<Scheme, VerifierSHPLONK<'_, Bn256>, _, _, _>(
        key.kzg(),
        key.pk().get_vk(),
        SingleStrategy::new(key.kzg()),
        &[&[publics]],
        &mut reader,
    );
    if let Some(fault) = reader.fault() {
        return Err(LibraryError::Malformed(fault));
    }
    verified.map_err(|_| LibraryError::Rejected)?;
    match reader.left() {
        0 => Ok(()),
        more => Err(LibraryError::Malformed(format!("expected the end, got {more} more bytes"))),
    }
}
