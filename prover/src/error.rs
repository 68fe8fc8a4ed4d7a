//! What can go wrong with files, keys and proofs.

use std::path::{Path, PathBuf};

use meed_verifier::VerifyError;

use crate::engine::EngineError;

/// Bytes or JSON that are not what their format asks for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The first four bytes name another format.
    #[error("expected a file that starts with {expected:?}, got {got:?}")]
    Magic {
        /// The format's own magic.
        expected: &'static str,
        /// What the file starts with.
        got: String,
    },
    /// A field has a value that is not supported or not consistent with the others.
    #[error("{what}: expected {expected}, got {got}")]
    Value {
        /// The field.
        what: &'static str,
        /// What it should be.
        expected: String,
        /// What it is.
        got: String,
    },
    /// The bytes end before what they announce.
    #[error("{what}: expected {expected} bytes, got {got}")]
    Truncated {
        /// The part that is cut.
        what: &'static str,
        /// Bytes announced.
        expected: u64,
        /// Bytes left.
        got: u64,
    },
    /// A section has the wrong length.
    #[error("section {id}: expected {expected} bytes, got {got}")]
    SectionLength {
        /// The section.
        id: u32,
        /// Bytes that the header's counts ask for.
        expected: u64,
        /// Bytes that it has.
        got: u64,
    },
    /// A section does not occur exactly once.
    #[error("section {id}: expected once, got {got} times")]
    SectionCount {
        /// The section.
        id: u32,
        /// How often it occurs.
        got: usize,
    },
    /// A field element is not below its modulus.
    #[error("{what}, element {index}: expected a value below the modulus")]
    NonCanonical {
        /// What the element belongs to.
        what: &'static str,
        /// Its position there.
        index: u64,
    },
    /// A point is not on its curve, or not in its subgroup.
    #[error("section {id}, point {index}: expected a point {expected}")]
    Point {
        /// The section.
        id: u32,
        /// Its position there.
        index: u64,
        /// What it should be.
        expected: &'static str,
    },
    /// Not the JSON that was expected.
    #[error("JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Points that do not form a proof or a verifying key.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

/// Expected and got, as text.
pub(crate) fn value(
    what: &'static str,
    expected: impl std::fmt::Display,
    got: impl std::fmt::Display,
) -> FormatError {
    FormatError::Value { what, expected: expected.to_string(), got: got.to_string() }
}

/// Fails unless `got` is what is `expected`.
pub(crate) fn same<T: PartialEq + std::fmt::Display>(
    what: &'static str,
    expected: T,
    got: T,
) -> Result<(), FormatError> {
    if expected == got {
        Ok(())
    } else {
        Err(value(what, expected, got))
    }
}

/// Why a key could not be made, read, written or imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A file is not a key, or not this one.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: FormatError,
    },
    /// The constraint system is not one that a key can be made for.
    #[error("constraint system: {0}")]
    Circuit(FormatError),
    /// The system is too large.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl KeyError {
    /// Names the file that an error belongs to.
    pub(crate) fn at<E: Into<FormatError>>(path: &Path) -> impl FnOnce(E) -> Self + '_ {
        move |source| Self::File { path: path.to_owned(), source: source.into() }
    }
}

/// Why no proof came out. Nothing here tells anything about the witness, but for the number of the
/// constraint that it does not satisfy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The key, the constraints and the assignment do not belong together.
    #[error("{what}: expected {expected}, got {got}")]
    Shape {
        /// What was counted.
        what: &'static str,
        /// What the key has.
        expected: usize,
        /// What there is.
        got: usize,
    },
    /// Column 0 of the assignment is not the constant one.
    #[error("assignment: expected 1 in column 0, got another value")]
    NotOne,
    /// The assignment breaks a constraint.
    #[error("the assignment does not satisfy constraint {row} (the first one of those it breaks)")]
    Unsatisfied {
        /// Index of the constraint.
        row: usize,
    },
    /// The caller raised the cancel flag.
    #[error("cancelled before stage {stage}")]
    Cancelled {
        /// The stage that did not start.
        stage: &'static str,
    },
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The proof does not verify: the key belongs to other constraints, or the engine computed
    /// wrongly. It is not handed out.
    #[error("the finished proof does not verify ({0}): the key or the engine is faulty")]
    Faulty(VerifyError),
}
