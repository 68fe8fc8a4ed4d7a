//! The processor as an engine.

use std::fmt;
use std::sync::Arc;

use ark_bn254::{Fr, G1Projective, G2Projective};
use meed_engine::msm::{Prepared, Scalars};
use meed_engine::ntt::Transform;
use meed_engine::{EngineError, Level};
use zeroize::Zeroizing;

use super::{Engine, EngineKey, Pending, Query};
use crate::key::{KeyPoints, ProvingKey};
use crate::qap::Rows;

/// [`meed_engine`] in the current rayon pool, on one of its levels. [`Level::Ark`] is arkworks itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuEngine {
    level: Level,
}

impl CpuEngine {
    /// The fastest level that this processor has.
    #[must_use]
    pub fn best() -> Self {
        Self { level: Level::best() }
    }

    /// A level by choice.
    ///
    /// # Errors
    /// [`EngineError::Level`] when this processor lacks the instructions.
    pub fn new(level: Level) -> Result<Self, EngineError> {
        if level.is_available() {
            Ok(Self { level })
        } else {
            Err(EngineError::Level { level })
        }
    }

    /// Which instructions it uses.
    #[must_use]
    pub const fn level(self) -> Level {
        self.level
    }
}

impl Default for CpuEngine {
    fn default() -> Self {
        Self::best()
    }
}

impl Engine for CpuEngine {
    type Key = CpuKey;

    fn name(&self) -> &str {
        self.level.name()
    }

    fn load(&self, key: &ProvingKey) -> Result<CpuKey, EngineError> {
        let points = key.points().clone();
        let transform = Transform::new(self.level, points.h_query.len())?;
        Ok(CpuKey(Arc::new(Loaded { level: self.level, points, transform })))
    }
}

/// A key's points where they lie, in memory or in a mapped file, with the twiddle factors of its domain.
#[derive(Clone)]
pub struct CpuKey(Arc<Loaded>);

struct Loaded {
    level: Level,
    points: KeyPoints,
    transform: Transform,
}

impl fmt::Debug for CpuKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CpuKey").field("level", &self.0.level).finish_non_exhaustive()
    }
}

impl EngineKey for CpuKey {
    /// In order of length, once for all sums.
    type Scalars = Arc<Prepared>;

    fn witness(&self, assignment: &[Fr]) -> Result<Arc<Prepared>, EngineError> {
        Ok(Arc::new(Prepared::new(Scalars::Field(assignment))))
    }

    fn quotient(&self, Rows { a, b, c }: Rows) -> Pending<Arc<Prepared>> {
        let Self(key) = self.clone();
        Pending::spawn(move || {
            let values = Zeroizing::new(key.transform.quotient(a, b, c)?);
            Ok(Arc::new(Prepared::new(Scalars::Field(&values))))
        })
    }

    fn sum_g1(&self, query: Query, scalars: &Arc<Prepared>) -> Pending<G1Projective> {
        let (Self(key), scalars) = (self.clone(), Arc::clone(scalars));
        Pending::spawn(move || {
            let points = &key.points;
            let (first, bases) = match query {
                Query::A => (0, &points.a_query),
                Query::B => (0, &points.b_g1_query),
                Query::L => (scalars.len().saturating_sub(points.l_query.len()), &points.l_query),
                Query::H => (0, &points.h_query),
            };
            scalars.msm_g1(key.level, first, bases)
        })
    }

    fn sum_g2(&self, scalars: &Arc<Prepared>) -> Pending<G2Projective> {
        let (Self(key), scalars) = (self.clone(), Arc::clone(scalars));
        Pending::spawn(move || scalars.msm_g2(key.level, 0, &key.points.b_g2_query))
    }
}
