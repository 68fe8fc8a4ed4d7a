//! The project's own engine.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ark_bn254::{Fr, G1Projective, G2Projective};
use ark_poly::EvaluationDomain;
use meed_engine::msm::{msm_g1, msm_g2, Scalars};
use meed_engine::ntt::Transform;
use meed_engine::{EngineError, Level};

use super::{same_length, Domain, Engine, Scalar};
use crate::points::{PackedG1, PackedG2};

/// [`meed_engine`] on the processor's vector unit, in the current rayon pool.
///
/// Twiddle factors of the last size are kept, so that an engine that makes many proofs under one key
/// computes them once.
pub struct VectorEngine {
    level: Level,
    transform: Mutex<Option<Arc<Transform>>>,
}

impl VectorEngine {
    /// The fastest that this processor can do.
    #[must_use]
    pub fn best() -> Self {
        Self { level: Level::best(), transform: Mutex::new(None) }
    }

    /// A level by choice.
    ///
    /// # Errors
    /// [`EngineError::Level`] when this processor lacks the instructions.
    pub fn new(level: Level) -> Result<Self, EngineError> {
        if level.is_available() {
            Ok(Self { level, transform: Mutex::new(None) })
        } else {
            Err(EngineError::Level { level })
        }
    }

    /// Which instructions it uses.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    fn transform(&self, size: usize) -> Result<Arc<Transform>, EngineError> {
        // A thread that panicked left what was there before.
        let mut kept = self.transform.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(transform) = kept.as_ref().filter(|kept| kept.size() == size) {
            return Ok(Arc::clone(transform));
        }
        let transform = Arc::new(Transform::new(self.level, size)?);
        *kept = Some(Arc::clone(&transform));
        Ok(transform)
    }
}

impl Default for VectorEngine {
    fn default() -> Self {
        Self::best()
    }
}

impl fmt::Debug for VectorEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VectorEngine").field("level", &self.level).finish_non_exhaustive()
    }
}

impl Engine for VectorEngine {
    fn name(&self) -> &str {
        self.level.name()
    }

    fn msm_g1(&self, bases: &[PackedG1], scalars: &[Scalar]) -> Result<G1Projective, EngineError> {
        msm_g1(self.level, bases, Scalars::Standard(scalars))
    }

    fn msm_g2(&self, bases: &[PackedG2], scalars: &[Scalar]) -> Result<G2Projective, EngineError> {
        msm_g2(self.level, bases, Scalars::Standard(scalars))
    }

    fn fft(&self, domain: &Domain, values: &mut Vec<Fr>) -> Result<(), EngineError> {
        same_length("coefficients of an FFT", domain.size(), values.len())?;
        self.transform(domain.size())?.coset_ntt(domain.coset_offset(), values)
    }

    fn ifft(&self, domain: &Domain, values: &mut Vec<Fr>) -> Result<(), EngineError> {
        same_length("values of an inverse FFT", domain.size(), values.len())?;
        self.transform(domain.size())?.coset_intt(domain.coset_offset(), values)
    }

    fn quotient(
        &self,
        domain: &Domain,
        a: Vec<Fr>,
        b: Vec<Fr>,
        c: Vec<Fr>,
    ) -> Result<Vec<Fr>, EngineError> {
        self.transform(domain.size())?.quotient(a, b, c)
    }
}
