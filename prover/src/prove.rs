//! Proofs: Groth16 (2016, section 3.2) in the notation of that paper, with circom's quotient.
//!
//! `A = alpha + sum z_i A_i + r delta`, `B = beta + sum z_i B_i + s delta`,
//! `C = sum_(i in witness) z_i L_i + sum h_j H_j + s A + r B - r s delta`.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ark_bn254::{Fr, G1Projective};
use ark_ec::CurveGroup;
use ark_ff::{Field, UniformRand};
use meed_circuits::r1cs::matrix::Matrices;
use meed_verifier::{verify, PreparedVerifyingKey, Proof, INPUTS};
use rand_core::CryptoRngCore;
use zeroize::Zeroizing;

use crate::engine::{Engine, EngineError, EngineKey, Pending, Query};
use crate::error::ProveError;
use crate::key::ProvingKey;
use crate::qap;

/// The parts of a proof's work, in the order in which they start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Evaluating and checking the constraints, and handing the witness to the engine.
    Evaluate,
    /// The quotient's FFTs.
    Fft,
    /// `sum z_i B_i` in G2.
    MsmB2,
    /// `sum h_j H_j`.
    MsmH,
    /// `sum z_i A_i`.
    MsmA,
    /// `sum z_i L_i`.
    MsmL,
    /// `sum z_i B_i` in G1.
    MsmB1,
    /// Verifying the finished proof.
    Verify,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Self; 8] = [
        Self::Evaluate,
        Self::Fft,
        Self::MsmB2,
        Self::MsmH,
        Self::MsmA,
        Self::MsmL,
        Self::MsmB1,
        Self::Verify,
    ];

    /// A short name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Evaluate => "evaluate",
            Self::Fft => "fft",
            Self::MsmH => "msm h",
            Self::MsmL => "msm l",
            Self::MsmA => "msm a",
            Self::MsmB1 => "msm b1",
            Self::MsmB2 => "msm b2",
            Self::Verify => "verify",
        }
    }

    /// The part of the whole time that is usually over when the stage starts.
    const fn start(self) -> f64 {
        match self {
            Self::Evaluate => 0.0,
            Self::Fft => 0.03,
            Self::MsmB2 => 0.04,
            Self::MsmH => 0.15,
            Self::MsmA => 0.40,
            Self::MsmL => 0.60,
            Self::MsmB1 => 0.80,
            Self::Verify => 0.99,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How long each stage took, and all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timings<S = Stage> {
    stages: Vec<(S, Duration)>,
    total: Duration,
}

impl<S> Default for Timings<S> {
    fn default() -> Self {
        Self { stages: Vec::new(), total: Duration::ZERO }
    }
}

impl<S> Timings<S> {
    /// Stage and wall time, in order. Stages that run side by side slow each other down.
    #[must_use]
    pub fn stages(&self) -> &[(S, Duration)] {
        &self.stages
    }

    /// Wall time from the beginning to the end: less than the sum where stages ran side by side.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.total
    }

    /// A stage that ran alone.
    pub(crate) fn push(&mut self, stage: S, time: Duration) {
        self.stages.push((stage, time));
        self.total += time;
    }
}

/// Follows a proof through its stages: reports, measures, and stops between them when asked to.
struct Run<'a> {
    progress: &'a mut dyn FnMut(Stage, f64),
    cancel: &'a AtomicBool,
    begin: Instant,
    times: [Duration; Stage::ALL.len()],
}

impl Run<'_> {
    /// Called when a stage starts.
    fn start(&mut self, stage: Stage) -> Result<(), ProveError> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(ProveError::Cancelled { stage: stage.name() });
        }
        (self.progress)(stage, stage.start());
        Ok(())
    }

    /// A stage on this thread.
    fn here<T>(
        &mut self,
        stage: Stage,
        work: impl FnOnce() -> Result<T, ProveError>,
    ) -> Result<T, ProveError> {
        self.start(stage)?;
        let start = Instant::now();
        let result = work()?;
        self.times[stage as usize] = start.elapsed();
        Ok(result)
    }

    /// Waits for a stage of the engine.
    fn wait<T: Send + 'static>(
        &mut self,
        stage: Stage,
        pending: Pending<T>,
    ) -> Result<T, ProveError> {
        let (value, time) = pending.wait()?;
        self.times[stage as usize] = time;
        Ok(value)
    }

    fn finish(self) -> Timings {
        (self.progress)(Stage::Verify, 1.0);
        let stages = Stage::ALL.into_iter().zip(self.times).collect();
        Timings { stages, total: self.begin.elapsed() }
    }
}

/// A key in an engine, for any number of proofs.
///
/// On a processor the key's points stay where they are, and 64 bytes for each point of the domain are
/// added.
pub struct LoadedKey<E: Engine> {
    key: ProvingKey,
    engine: E::Key,
}

impl<E: Engine> fmt::Debug for LoadedKey<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedKey").field("key", &self.key).finish_non_exhaustive()
    }
}

impl<E: Engine> LoadedKey<E> {
    /// Hands a key over.
    ///
    /// # Errors
    /// [`EngineError`], when the engine cannot take it.
    pub fn new(key: &ProvingKey, engine: &E) -> Result<Self, EngineError> {
        Ok(Self { key: key.clone(), engine: engine.load(key)? })
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &ProvingKey {
        &self.key
    }

    /// Proves that `assignment` satisfies `matrices`, and verifies the proof before returning it.
    ///
    /// `assignment` has all columns: the constant one, the three public inputs, the witness. `rng`
    /// blinds the proof and must be the operating system's (or seeded by it): whoever knows the two
    /// blinding factors can test guesses about the witness. `progress` is called when a stage starts,
    /// with the part of the whole that is over, and at the end with 1. `cancel` is looked at before
    /// each stage.
    ///
    /// The constraints are checked first, alone: an assignment that breaks one costs no sum. After
    /// that two stages at a time are under way, the quotient and its sum beside those of the witness.
    /// Two keep every thread busy while one stage ends on few of them; more would take more memory.
    ///
    /// # Errors
    /// [`ProveError`]; [`ProveError::Unsatisfied`] names the first constraint that does not hold.
    pub fn prove(
        &self,
        matrices: &Matrices,
        assignment: &[Fr],
        rng: &mut dyn CryptoRngCore,
        progress: &mut dyn FnMut(Stage, f64),
        cancel: &AtomicBool,
    ) -> Result<(Proof, Timings), ProveError> {
        let Self { key, engine } = self;
        let domain = qap::system_domain(matrices)?;
        let size = ark_poly::EvaluationDomain::size(&domain);
        let inputs = check_shape(key, matrices, assignment, size)?;
        let times = [Duration::ZERO; Stage::ALL.len()];
        let mut run = Run { progress, cancel, begin: Instant::now(), times };

        let (rows, z) = run.here(Stage::Evaluate, || {
            let rows = qap::evaluate(matrices, &domain, assignment)
                .map_err(|row| ProveError::Unsatisfied { row })?;
            Ok((rows, engine.witness(assignment)?))
        })?;
        run.start(Stage::Fft)?;
        let h = engine.quotient(rows);
        run.start(Stage::MsmB2)?;
        let b2 = engine.sum_g2(&z);
        let h = run.wait(Stage::Fft, h)?;
        run.start(Stage::MsmH)?;
        let sum_h = engine.sum_g1(Query::H, &h);
        drop(h);
        let b2 = run.wait(Stage::MsmB2, b2)?;
        let mut sum = |stage, query| {
            run.start(stage)?;
            run.wait(stage, engine.sum_g1(query, &z))
        };
        let a = sum(Stage::MsmA, Query::A)?;
        let l = sum(Stage::MsmL, Query::L)?;
        let b1 = sum(Stage::MsmB1, Query::B)?;
        drop(z);
        let h = run.wait(Stage::MsmH, sum_h)?;

        let (points, vk) = (key.points(), key.verifying_key());
        let proof = run.here(Stage::Verify, || {
            let r = Zeroizing::new(Fr::rand(rng));
            let s = Zeroizing::new(Fr::rand(rng));
            let a = a + vk.alpha() + points.delta_g1 * *r;
            let b1: G1Projective = b1 + points.beta_g1 + points.delta_g1 * *s;
            let b2 = b2 + vk.beta() + *vk.delta() * *s;
            let c = l + h + a * *s + b1 * *r - points.delta_g1 * (*r * *s);
            let proof = Proof::from_points(a.into_affine(), b2.into_affine(), c.into_affine())
                .map_err(ProveError::Faulty)?;
            let vk = PreparedVerifyingKey::new(vk);
            verify(&vk, &inputs, &proof).map_err(ProveError::Faulty)?;
            Ok(proof)
        })?;
        Ok((proof, run.finish()))
    }
}

/// One proof: [`LoadedKey::prove`] with a key that is handed over for it alone.
///
/// # Errors
/// Those of [`LoadedKey::prove`].
pub fn prove<E: Engine>(
    key: &ProvingKey,
    matrices: &Matrices,
    assignment: &[Fr],
    engine: &E,
    rng: &mut dyn CryptoRngCore,
    progress: &mut dyn FnMut(Stage, f64),
    cancel: &AtomicBool,
) -> Result<(Proof, Timings), ProveError> {
    LoadedKey::new(key, engine)?.prove(matrices, assignment, rng, progress, cancel)
}

/// Fails unless key, constraints and assignment have the same counts. Returns the public inputs.
fn check_shape(
    key: &ProvingKey,
    matrices: &Matrices,
    assignment: &[Fr],
    domain: usize,
) -> Result<[Fr; INPUTS], ProveError> {
    let points = key.points();
    let columns = matrices.columns();
    for (what, expected, got) in [
        ("instance columns of the constraints", INPUTS + 1, matrices.instance),
        ("constraints", key.circuit().constraints, matrices.constraints()),
        ("columns of the constraints", points.a_query.len(), columns),
        ("values of the assignment", columns, assignment.len()),
        ("b points of the key", columns, points.b_g1_query.len()),
        ("b points in G2 of the key", columns, points.b_g2_query.len()),
        ("l points of the key", columns - matrices.instance, points.l_query.len()),
        ("h points of the key", domain, points.h_query.len()),
    ] {
        if expected != got {
            return Err(ProveError::Shape { what, expected, got });
        }
    }
    match assignment {
        [one, h, alpha, y, ..] if *one == Fr::ONE => Ok([*h, *alpha, *y]),
        _ => Err(ProveError::NotOne),
    }
}
