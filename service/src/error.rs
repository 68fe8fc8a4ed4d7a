//! What can go wrong in the service.

use std::path::PathBuf;

use meed_ledger::bundle::BundleError;
use meed_ledger::LedgerError;
use meed_prover::KeyError;

/// Why the service could not do something. Nothing here repeats a token, a key or a score.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// A setting is not what it should be.
    #[error("{what}: expected {expected}, got {got}")]
    Config {
        /// The setting.
        what: String,
        /// What it should be.
        expected: String,
        /// What it is.
        got: String,
    },
    /// The database did not do what it was asked.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The database was made by a later version.
    #[error(
        "database: expected schema version {expected} or older, got {got}: this program is older \
         than the database; install the newer one"
    )]
    NewerDatabase {
        /// The newest version that this program knows.
        expected: i64,
        /// The database's.
        got: i64,
    },
    /// The store of artefacts did not do what it was asked.
    #[error("artefacts: {0}")]
    Store(#[from] object_store::Error),
    /// An artefact is not what was put there.
    #[error("artefact {name}: {what}: expected {expected}, got {got}")]
    Artefact {
        /// Its name in the store.
        name: String,
        /// What differs.
        what: &'static str,
        /// What it should be.
        expected: String,
        /// What it is.
        got: String,
    },
    /// An encrypted witness cannot be opened.
    #[error("witness: expected {0}")]
    Sealed(&'static str),
    /// An epoch is not accepted.
    #[error(transparent)]
    Epoch(#[from] LedgerError),
    /// A bundle was not made.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A proving key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No proof came out.
    #[error("proof: {0}")]
    Proof(String),
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The system has no random bytes.
    #[error("no random bytes: {0}")]
    Random(String),
    /// Something is not there, or is there already.
    #[error("{what}: expected {expected}, got {got}")]
    Unknown {
        /// What was named.
        what: &'static str,
        /// What it should be.
        expected: &'static str,
        /// The name.
        got: String,
    },
}

/// Of this library.
pub type Result<T, E = ServiceError> = std::result::Result<T, E>;

impl ServiceError {
    pub(crate) fn config(
        what: impl Into<String>,
        expected: impl Into<String>,
        got: impl std::fmt::Display,
    ) -> Self {
        Self::Config { what: what.into(), expected: expected.into(), got: got.to_string() }
    }
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| ServiceError::Random(e.to_string()))?;
    Ok(bytes)
}
