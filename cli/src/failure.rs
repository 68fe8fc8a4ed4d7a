//! Errors as exit codes.

use std::process::ExitCode;

use meed_audit::view::ViewError;
use meed_chain::{ChainError, Class};
use meed_circuits::r1cs::circuit::AssignError;
use meed_ledger::bundle::BundleError;
use meed_ledger::claims::ClaimError;
use meed_ledger::receipt::ReceiptError;
use meed_ledger::report::ReportError;
use meed_ledger::LedgerError;
use meed_prover::{halo2, FormatError, KeyError, ProveError};
use meed_service::ServiceError;

/// What went wrong, as the process's exit code. The help text documents these numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// The thing that was checked is not good.
    Rejected = 1,
    /// The command cannot be used so, or not yet.
    Usage = 2,
    /// A file says something that is not accepted.
    Input = 3,
    /// The operating system refused.
    Io = 4,
    /// A fault of this program, a key or the machine.
    Internal = 5,
    /// Ctrl-C.
    Interrupted = 130,
}

/// An error of this tool itself, with its code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    pub(crate) code: Code,
    message: String,
}

/// The command cannot be used so.
pub(crate) fn usage(message: impl Into<String>) -> anyhow::Error {
    Failure { code: Code::Usage, message: message.into() }.into()
}

/// A file says something that is not accepted.
pub(crate) fn input(message: impl Into<String>) -> anyhow::Error {
    Failure { code: Code::Input, message: message.into() }.into()
}

/// What was checked is not good.
pub(crate) fn rejected(message: impl Into<String>) -> anyhow::Error {
    Failure { code: Code::Rejected, message: message.into() }.into()
}

/// Ctrl-C.
pub(crate) fn interrupted() -> anyhow::Error {
    LedgerError::Cancelled.into()
}

/// The code of an error: that of the first cause that has one.
pub(crate) fn code(error: &anyhow::Error) -> Code {
    error.chain().find_map(code_of).unwrap_or(Code::Internal)
}

fn code_of(error: &(dyn std::error::Error + 'static)) -> Option<Code> {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return Some(failure.code);
    }
    if let Some(error) = error.downcast_ref::<LedgerError>() {
        return Some(of_ledger(error));
    }
    if let Some(error) = error.downcast_ref::<BundleError>() {
        return Some(match error {
            BundleError::Io { .. } => Code::Io,
            BundleError::NotADirectory { .. } => Code::Input,
            BundleError::Exists { .. } => Code::Usage,
            BundleError::Write(error) => of_ledger(error),
            _ => Code::Rejected,
        });
    }
    if let Some(error) = error.downcast_ref::<ChainError>() {
        return match error.class() {
            Class::Rejected => Some(Code::Rejected),
            Class::Usage => Some(Code::Usage),
            Class::Input => Some(Code::Input),
            Class::Io => Some(Code::Io),
            Class::Cancelled => Some(Code::Interrupted),
            // The cause has one.
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref::<KeyError>() {
        return Some(of_key(error));
    }
    if let Some(error) = error.downcast_ref::<ServiceError>() {
        return Some(of_service(error));
    }
    if let Some(error) = error.downcast_ref::<FormatError>() {
        return Some(if matches!(error, FormatError::Io(_)) { Code::Io } else { Code::Input });
    }
    if let Some(error) = error.downcast_ref::<ProveError>() {
        let cancelled = matches!(error, ProveError::Cancelled { .. });
        return Some(if cancelled { Code::Interrupted } else { Code::Internal });
    }
    if let Some(error) = error.downcast_ref::<halo2::ProveError>() {
        let cancelled = matches!(error, halo2::ProveError::Cancelled { .. });
        return Some(if cancelled { Code::Interrupted } else { Code::Internal });
    }
    if let Some(error) = error.downcast_ref::<ReceiptError>() {
        let unknown = matches!(error, ReceiptError::UnknownAccount { .. });
        return Some(if unknown { Code::Usage } else { Code::Internal });
    }
    if let Some(error) = error.downcast_ref::<ReportError>() {
        let other = matches!(error, ReportError::OtherBundle { .. });
        return Some(if other { Code::Rejected } else { Code::Internal });
    }
    if let Some(error) = error.downcast_ref::<ViewError>() {
        let other = matches!(error, ViewError::OtherBundle { .. });
        return Some(if other { Code::Rejected } else { Code::Internal });
    }
    if error.is::<AssignError>() || error.is::<ClaimError>() {
        return Some(Code::Input);
    }
    error.is::<std::io::Error>().then_some(Code::Io)
}

fn of_key(error: &KeyError) -> Code {
    match error {
        KeyError::File { source: FormatError::Io(_), .. } => Code::Io,
        KeyError::File { .. } => Code::Input,
        _ => Code::Internal,
    }
}

fn of_service(error: &ServiceError) -> Code {
    match error {
        ServiceError::Artefact { .. } => Code::Rejected,
        ServiceError::Config { .. } => Code::Input,
        ServiceError::Unknown { .. } | ServiceError::NewerDatabase { .. } => Code::Usage,
        ServiceError::Database(_) | ServiceError::Store(_) | ServiceError::Io { .. } => Code::Io,
        ServiceError::Epoch(error) => of_ledger(error),
        ServiceError::Key(error) => of_key(error),
        _ => Code::Internal,
    }
}

fn of_ledger(error: &LedgerError) -> Code {
    match error {
        LedgerError::Io { .. } | LedgerError::Busy { .. } => Code::Io,
        LedgerError::Input { .. } | LedgerError::Clause { .. } => Code::Input,
        LedgerError::Order { .. } => Code::Usage,
        LedgerError::Cancelled => Code::Interrupted,
        _ => Code::Internal,
    }
}

/// The message with its causes, each once: many errors here name their cause themselves.
fn message(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Tells of an error and gives its exit code.
pub(crate) fn print(error: &anyhow::Error, json: bool) -> ExitCode {
    let (code, message) = (code(error), message(error));
    if json {
        let error = serde_json::json!({ "error": message, "code": code as u8 });
        println!("{error:#}");
    }
    match code {
        Code::Interrupted => eprintln!("meed: interrupted; what was not finished left no files"),
        _ => eprintln!("meed: error: {message}"),
    }
    ExitCode::from(code as u8)
}
