//! Why there is no result.

/// Why the engine gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Two vectors that belong together differ in length.
    #[error("{what}: expected {expected} elements, got {got}")]
    Length {
        /// Which vector.
        what: &'static str,
        /// The length of its partner.
        expected: usize,
        /// Its own length.
        got: usize,
    },
    /// A base of a sum is not a point.
    #[error("base {index} of a sum: expected coordinates below the modulus")]
    Base {
        /// Its position.
        index: usize,
    },
    /// The field has no root of unity of this order.
    #[error("no evaluation domain of {size} elements: at most 2^{max_log} are possible")]
    Domain {
        /// The size asked for.
        size: usize,
        /// Logarithm of the largest size.
        max_log: u32,
    },
    /// This processor lacks the instructions.
    #[error("this processor has no instructions for level {level}")]
    Level {
        /// The level asked for.
        level: crate::Level,
    },
    /// The device failed.
    #[error("engine {name}: {reason}")]
    Device {
        /// The engine.
        name: String,
        /// What it reported.
        reason: String,
    },
}

/// Lengths are compared, never cut to the shorter one.
pub(crate) fn same_length(
    what: &'static str,
    expected: usize,
    got: usize,
) -> Result<(), EngineError> {
    if expected == got {
        Ok(())
    } else {
        Err(EngineError::Length { what, expected, got })
    }
}
