//! Why an audit could not go on. What it finds wrong is no error.

use meed_ledger::bundle::BundleError;
use meed_ledger::LedgerError;

/// Result of this crate.
pub(crate) type Result<T> = std::result::Result<T, AuditError>;

/// The operating system refused, or something that was named is not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// A bundle cannot be read at all.
    #[error("{0}")]
    Bundle(#[from] BundleError),
    /// A file of the project cannot be read at all.
    #[error("{0}")]
    Ledger(#[from] LedgerError),
}
