//! What can be wrong with a key, a proof or its public inputs.

use crate::system::System;
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
    /// Of a halo2 key: the commitment to the fixed column with this index.
    Fixed(usize),
    /// Of a halo2 key: the commitment to where the permutation takes the column with this index.
    Sigma(usize),
    /// Of a halo2 key: `[tau]`, in G2.
    Tau,
    /// Of a halo2 proof: the commitment to the advice column with this index.
    Advice(usize),
    /// Of a halo2 proof: the lookup's permuted input (0) and table (1).
    Permuted(usize),
    /// Of a halo2 proof: the permutation's product with this index.
    Product(usize),
    /// Of a halo2 proof: the lookup's product.
    LookupProduct,
    /// Of a halo2 proof: the commitment to the random polynomial.
    Random,
    /// Of a halo2 proof: the quotient's piece with this index.
    Quotient(usize),
    /// Of a halo2 proof: the opening's point with this index.
    Opening(usize),
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indexed =
            |f: &mut fmt::Formatter<'_>, name: &str, index: &usize| write!(f, "{name} {index}");
        f.write_str(match self {
            Self::Fixed(index) => return indexed(f, "key's fixed column", index),
            Self::Sigma(index) => return indexed(f, "key's permutation column", index),
            Self::Advice(index) => return indexed(f, "proof's advice column", index),
            Self::Permuted(index) => return indexed(f, "proof's permuted lookup column", index),
            Self::Product(index) => return indexed(f, "proof's permutation product", index),
            Self::Quotient(index) => return indexed(f, "proof's quotient piece", index),
            Self::Opening(index) => return indexed(f, "proof's opening point", index),
            Self::Tau => "key point [tau]G2",
            Self::LookupProduct => "proof's lookup product",
            Self::Random => "proof's random polynomial",
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
    /// The bytes are of the other proof system.
    System {
        /// What was to be read, or the system of the key that a proof came with.
        expected: System,
        /// What the bytes are, or the system of that proof.
        got: System,
    },
    /// The bytes have the length of a halo2 key or proof, but do not begin with its magic.
    Magic,
    /// A halo2 key of another version of the format.
    Version {
        /// The version that this crate reads.
        expected: u32,
        /// The version in the key; `u32::MAX` stands for all that are larger.
        got: u32,
    },
    /// A halo2 key for `2^got` rows, which no circuit of this kind has.
    Rows {
        /// The logarithm; `u32::MAX` stands for all that are larger.
        got: u32,
    },
    /// A halo2 key's digest of its circuit is not below the scalar field's modulus r.
    Digest,
    /// An evaluation in a halo2 proof is not below the scalar field's modulus r.
    Evaluation {
        /// Its index among the evaluations.
        index: usize,
    },
    /// A public input is not below the scalar field's modulus r.
    Input {
        /// 0 for `h`, 1 for `alpha`, 2 for `y`.
        index: usize,
    },
    /// The public words are not well formed.
    Words(WordsError),
    /// A batch without proofs says nothing, so it is not accepted.
    EmptyBatch,
    /// The equations do not hold: the proof is not one of these public inputs.
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
            Self::System { expected, got } => write!(f, "expected {expected}, got {got}"),
            Self::Magic => f.write_str("expected the magic of a halo2 key or proof at the start"),
            Self::Version { expected, got } => {
                write!(f, "expected version {expected} of the halo2 key, got {got}")
            }
            Self::Rows { got } => write!(
                f,
                "expected a halo2 key for 2^{} to 2^{} rows, got 2^{got}",
                crate::halo2::MIN_LOG_ROWS,
                crate::halo2::MAX_LOG_ROWS
            ),
            Self::Digest => f.write_str(
                "key's digest of the circuit: expected a value below the scalar field's modulus",
            ),
            Self::Evaluation { index } => write!(
                f,
                "proof's evaluation {index}: expected a value below the scalar field's modulus"
            ),
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
