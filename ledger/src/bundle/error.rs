//! What can be wrong with a bundle.

use std::io;
use std::path::PathBuf;

use meed_statement::words::WordsError;
use meed_verifier::VerifyError;

use crate::error::LedgerError;

/// Why a bundle is not valid, or could not be written. Texts from files are escaped and clipped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The bundle itself is no directory.
    #[error("{}: expected a directory, got {got}", path.display())]
    NotADirectory {
        /// The bundle.
        path: PathBuf,
        /// What it is.
        got: &'static str,
    },
    /// A file is not there.
    #[error("{file}: expected this file, got none")]
    Missing {
        /// Its name.
        file: &'static str,
    },
    /// Something is there that no bundle has.
    #[error("{file}: expected no such file in a bundle")]
    Extra {
        /// Its name.
        file: String,
    },
    /// One file is missing and one is there that no bundle has.
    #[error("expected a file {expected}, got {got} instead")]
    Renamed {
        /// The missing one.
        expected: &'static str,
        /// The other one.
        got: String,
    },
    /// A name is there, but it is no ordinary file.
    #[error("{file}: expected an ordinary file, got {got}")]
    NotAFile {
        /// Its name.
        file: &'static str,
        /// What it is.
        got: &'static str,
    },
    /// A file is larger than its content can be. It was not read.
    #[error("{file}: expected at most {limit} bytes, got {got}")]
    TooLarge {
        /// Its name.
        file: &'static str,
        /// Most bytes.
        limit: u64,
        /// Its size.
        got: u64,
    },
    /// A file does not have the size that the manifest says, for example because it was cut off.
    #[error("{file}: expected {expected} bytes, got {got}")]
    Length {
        /// Its name.
        file: &'static str,
        /// Size in the manifest.
        expected: u64,
        /// Its size.
        got: u64,
    },
    /// A file does not have the SHA-256 that the manifest says.
    #[error("{file}: expected sha256 {expected}, got {got}")]
    Digest {
        /// Its name.
        file: &'static str,
        /// 64 hexadecimal digits in the manifest.
        expected: String,
        /// 64 hexadecimal digits of the file.
        got: String,
    },
    /// A file cannot be parsed.
    #[error("{file}, line {line}: {reason}")]
    Syntax {
        /// Its name.
        file: &'static str,
        /// From 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A field or row does not say what it must.
    #[error("{file}: {field}: expected {expected}, got {got}")]
    Field {
        /// The file's name.
        file: &'static str,
        /// Which field, or which row.
        field: String,
        /// What it must be.
        expected: String,
        /// What it is.
        got: String,
    },
    /// A file says the right thing in other bytes, or something that nothing else confirms.
    #[error("{file}, byte {offset} (line {line}): expected {expected}, got {got}")]
    Bytes {
        /// The file's name.
        file: &'static str,
        /// Position of the first difference, from 0.
        offset: usize,
        /// Its line, from 1.
        line: usize,
        /// What the rest of the bundle gives there, quoted.
        expected: String,
        /// What is there, quoted.
        got: String,
    },
    /// The bundle was made under another key.
    #[error("{file}: the bundle is for another key: expected id {expected}, got {got}")]
    ForeignKey {
        /// The file's name.
        file: &'static str,
        /// Id of the key that was given.
        expected: String,
        /// Id in the manifest.
        got: String,
    },
    /// The proof is for another chain or contract than the caller expects.
    #[error("{file}: the bundle is for another domain: expected {expected}, got {got}")]
    ForeignDomain {
        /// The file's name.
        file: &'static str,
        /// What the caller expects.
        expected: String,
        /// What the bundle says.
        got: String,
    },
    /// The public words break a rule of their own.
    #[error("{file}: {source}")]
    Words {
        /// The file's name.
        file: &'static str,
        /// Which rule.
        source: WordsError,
    },
    /// The proof cannot be decoded, or does not prove the words.
    #[error("{file}: {source}")]
    Proof {
        /// The file's name.
        file: &'static str,
        /// Why.
        source: VerifyError,
    },
    /// The state is not the one that the words commit to.
    #[error("{file}: expected state root {expected}, got {got}")]
    StateRoot {
        /// The file's name.
        file: &'static str,
        /// `state_root_after` of the words.
        expected: String,
        /// Root of the state.
        got: String,
    },
    /// The state does not add up to what the words say.
    #[error("{file}: expected {expected} credits in all, got {got}")]
    StateTotal {
        /// The file's name.
        file: &'static str,
        /// `accrued_total_after` of the words.
        expected: String,
        /// Sum of the state.
        got: String,
    },
    /// The target of a write exists and holds something else. Nothing was changed.
    #[error(
        "{}: something else is there already ({difference}); remove it or choose another name",
        path.display()
    )]
    Exists {
        /// The target.
        path: PathBuf,
        /// The first difference.
        difference: String,
    },
    /// The bundle could not be written. Nothing is left of it.
    #[error(transparent)]
    Write(#[from] LedgerError),
}

impl BundleError {
    pub(super) fn field(
        file: &'static str,
        field: impl Into<String>,
        expected: impl ToString,
        got: impl ToString,
    ) -> Self {
        let (expected, got) = (expected.to_string(), got.to_string());
        Self::Field { file, field: field.into(), expected, got }
    }
}
