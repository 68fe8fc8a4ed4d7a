//! Proofs: Groth16 (2016, section 3.2) in the notation of that paper, with circom's quotient.
//!
//! `A = alpha + sum z_i A_i + r delta`, `B = beta + sum z_i B_i + s delta`,
//! `C = sum_(i in witness) z_i L_i + sum h_j H_j + s A + r B - r s delta`.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ark_bn254::{Fr, G1Projective};
use ark_ec::CurveGroup;
use ark_ff::{Field, PrimeField, UniformRand};
use meed_circuits::r1cs::matrix::Matrices;
use meed_verifier::{verify, PreparedVerifyingKey, Proof, INPUTS};
use rand::{CryptoRng, RngCore};
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::engine::{Engine, Scalar};
use crate::error::ProveError;
use crate::key::ProvingKey;
use crate::points::Packed;
use crate::qap;

/// The parts of a proof's work, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Evaluating and checking the constraints.
    Evaluate,
    /// The quotient's FFTs.
    Fft,
    /// `sum h_j H_j`.
    MsmH,
    /// `sum z_i L_i`.
    MsmL,
    /// `sum z_i A_i`.
    MsmA,
    /// `sum z_i B_i` in G1.
    MsmB1,
    /// `sum z_i B_i` in G2.
    MsmB2,
    /// Verifying the finished proof.
    Verify,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Self; 8] = [
        Self::Evaluate,
        Self::Fft,
        Self::MsmH,
        Self::MsmL,
        Self::MsmA,
        Self::MsmB1,
        Self::MsmB2,
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
            Self::Fft => 0.02,
            Self::MsmH => 0.12,
            Self::MsmL => 0.37,
            Self::MsmA => 0.50,
            Self::MsmB1 => 0.63,
            Self::MsmB2 => 0.72,
            Self::Verify => 0.99,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How long each stage took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timings<S = Stage> {
    stages: Vec<(S, Duration)>,
}

impl<S> Default for Timings<S> {
    fn default() -> Self {
        Self { stages: Vec::new() }
    }
}

impl<S> Timings<S> {
    /// Stage and wall time, in order.
    #[must_use]
    pub fn stages(&self) -> &[(S, Duration)] {
        &self.stages
    }

    /// The sum.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.stages.iter().map(|(_, time)| *time).sum()
    }

    pub(crate) fn push(&mut self, stage: S, time: Duration) {
        self.stages.push((stage, time));
    }
}

/// Follows a proof through its stages: reports, measures, and stops between them when asked to.
struct Run<'a> {
    progress: &'a mut dyn FnMut(Stage, f64),
    cancel: &'a AtomicBool,
    timings: Timings,
}

impl Run<'_> {
    fn stage<T>(
        &mut self,
        stage: Stage,
        work: impl FnOnce() -> Result<T, ProveError>,
    ) -> Result<T, ProveError> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(ProveError::Cancelled { stage: stage.name() });
        }
        (self.progress)(stage, stage.start());
        let start = Instant::now();
        let result = work()?;
        self.timings.push(stage, start.elapsed());
        Ok(result)
    }
}

/// Proves that `assignment` satisfies `matrices`, and verifies the proof before returning it.
///
/// `assignment` has all columns: the constant one, the three public inputs, the witness. `rng`
/// blinds the proof and must be the operating system's (or seeded by it): whoever knows the two
/// blinding factors can test guesses about the witness. `progress` is called when a stage starts,
/// with the part of the whole that is over, and at the end with 1. `cancel` is looked at before
/// each stage.
///
/// Beside the key about `32 * (4 m + n)` bytes are held, and what the engine's sums need, for `m`
/// points of the domain and `n` columns.
///
/// # Errors
/// [`ProveError`]; [`ProveError::Unsatisfied`] names the first constraint that does not hold.
pub fn prove(
    key: &ProvingKey,
    matrices: &Matrices,
    assignment: &[Fr],
    engine: &dyn Engine,
    rng: &mut (impl RngCore + CryptoRng),
    progress: &mut dyn FnMut(Stage, f64),
    cancel: &AtomicBool,
) -> Result<(Proof, Timings), ProveError> {
    let domain = qap::system_domain(matrices)?;
    let inputs = check_shape(key, matrices, assignment, ark_poly::EvaluationDomain::size(&domain))?;
    let (points, vk) = (key.points(), key.verifying_key());
    let mut run = Run { progress, cancel, timings: Timings::default() };

    let rows = run.stage(Stage::Evaluate, || {
        qap::evaluate(matrices, &domain, assignment).map_err(|row| ProveError::Unsatisfied { row })
    })?;
    let h = run.stage(Stage::Fft, || {
        let values = Zeroizing::new(engine.quotient(&domain, rows.a, rows.b, rows.c)?);
        Ok(standard_form(&values))
    })?;
    let h = run.stage(Stage::MsmH, || Ok(engine.msm_g1(&points.h_query, &h)?))?;

    let z = standard_form(assignment);
    let l =
        run.stage(Stage::MsmL, || Ok(engine.msm_g1(&points.l_query, &z[matrices.instance..])?))?;
    let a = run.stage(Stage::MsmA, || {
        let z = without_identities(&z, &points.a_query);
        Ok(engine.msm_g1(&points.a_query, &z)?)
    })?;
    // A column has a B point in both groups or in none.
    let z_b = without_identities(&z, &points.b_g1_query);
    drop(z);
    let b1 = run.stage(Stage::MsmB1, || Ok(engine.msm_g1(&points.b_g1_query, &z_b)?))?;
    let b2 = run.stage(Stage::MsmB2, || Ok(engine.msm_g2(&points.b_g2_query, &z_b)?))?;
    drop(z_b);

    let proof = run.stage(Stage::Verify, || {
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
    (run.progress)(Stage::Verify, 1.0);
    Ok((proof, run.timings))
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

/// Out of Montgomery form.
fn standard_form(values: &[Fr]) -> Zeroizing<Vec<Scalar>> {
    Zeroizing::new(values.par_iter().map(|v| v.into_bigint()).collect())
}

/// Zero where the base is the identity: engines skip zero scalars before any other work.
fn without_identities<P: Packed>(scalars: &[Scalar], bases: &[P]) -> Zeroizing<Vec<Scalar>> {
    let kept = |(s, b): (&Scalar, &P)| if b.is_identity() { Scalar::default() } else { *s };
    Zeroizing::new(scalars.par_iter().zip(bases).map(kept).collect())
}
