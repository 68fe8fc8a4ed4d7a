//! What can be wrong with a key, a proof or its public inputs.

use core::fmt;
use meed_statement::words::WordsError;

/// One point of a proof or of a verifying key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Element {
    /// The proof's first G1 point.
    A,
    /// The proof's G2 point.
    B,
    /// The proof's second G1 point.
    C,
    /// The key's `alpha`, in G1.
    Alpha,
    /// The key's `beta`, in G2.
    Beta,
    /// The key's `gamma`, in G2.
    Gamma,
    /// The key's `delta`, in G2.
    Delta,
    /// The key's `IC_0`, in G1: what the constant 1 is multiplied by.
    Ic0,
    /// The key's `IC_1`, in G1: what `h` is multiplied by.
    Ic1,
    /// The key's `IC_2`, in G1: what the challenge `alpha` is multiplied by.
    Ic2,
    /// The key's `IC_3`, in G1: what `y` is multiplied by.
    Ic3,
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "proof point A",
            Self::B => "proof point B",
            Self::C => "proof point C",
            Self::Alpha => "key point alpha",
            Self::Beta => "key point beta",
            Self::Gamma => "key point gamma",
            Self::Delta => "key point delta",
            Self::Ic0 => "key point IC_0",
            Self::Ic1 => "key point IC_1",
            Self::Ic2 => "key point IC_2",
            Self::Ic3 => "key point IC_3",
        })
    }
}

/// Why something was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// The input has the wrong number of bytes.
    Length {
        /// Bytes that the format has.
        expected: usize,
        /// Bytes that there were.
        got: usize,
    },
    /// A coordinate is not below the base field's modulus q.
    NonCanonical {
        /// The point.
        element: Element,
    },
    /// The point is the identity, `(0, 0)`.
    Identity {
        /// The point.
        element: Element,
    },
    /// The coordinates are on no point of the curve.
    NotOnCurve {
        /// The point.
        element: Element,
    },
    /// The point is on the curve, outside the subgroup of order r. Only G2 has such points.
    NotInSubgroup {
        /// The point.
        element: Element,
    },
    /// The key's point is the group's generator or its negative: nobody contributed a secret.
    NoSecret {
        /// The point.
        element: Element,
    },
    /// The key has `gamma = delta` or `gamma = -delta`, so anybody can forge proofs.
    GammaDelta,
    /// A public input is not below the scalar field's modulus r.
    Input {
        /// 0 for `h`, 1 for `alpha`, 2 for `y`.
        index: usize,
    },
    /// The public words are not well formed.
    Words(WordsError),
    /// A batch without proofs says nothing, so it is not accepted.
    EmptyBatch,
    /// The pairing equation does not hold: the proof is not one of these public inputs.
    Rejected,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { expected, got } => write!(f, "expected {expected} bytes, got {got}"),
            Self::NonCanonical { element } => {
                write!(f, "{element}: expected coordinates below the base field's modulus")
            }
            Self::Identity { element } => write!(f, "{element}: got the identity"),
            Self::NotOnCurve { element } => write!(f, "{element}: not on the curve"),
            Self::NotInSubgroup { element } => {
                write!(f, "{element}: on the curve, but not in the subgroup of order r")
            }
            Self::NoSecret { element } => {
                write!(f, "{element}: got the group's generator, so the set-up has no secret")
            }
            Self::GammaDelta => {
                f.write_str("expected gamma and delta to be unrelated, got gamma = +-delta")
            }
            Self::Input { index } => {
                write!(f, "public input {index}: expected a value below the scalar field's modulus")
            }
            Self::Words(error) => write!(f, "public words: {error}"),
            Self::EmptyBatch => f.write_str("expected at least one proof in a batch, got none"),
            Self::Rejected => f.write_str("the proof does not prove these public inputs"),
        }
    }
}

impl core::error::Error for VerifyError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Words(error) => Some(error),
            _ => None,
        }
    }
}

impl From<WordsError> for VerifyError {
    fn from(error: WordsError) -> Self {
        Self::Words(error)
    }
}
