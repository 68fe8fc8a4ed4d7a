//! What can be wrong with the files of a project, told with the file, the row, and what was
//! expected and got.
//!
//! A score and a salt are secrets: no error repeats one.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use meed_statement::clause::Violation;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, LedgerError>;

/// Why something could not be read, written or accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
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
    /// A file says something that is not accepted.
    #[error("{place}: {fault}")]
    Input {
        /// Where.
        place: Box<Location>,
        /// What.
        fault: Box<Fault>,
    },
    /// Files that are each well-formed break a clause of the statement together.
    #[error("{}: {violation}", path.display())]
    Clause {
        /// The folder of the epoch.
        path: PathBuf,
        /// The clause.
        violation: Box<Violation>,
    },
    /// The project is not in the state that the step asks for.
    #[error("{}: {rule}", path.display())]
    Order {
        /// The folder.
        path: PathBuf,
        /// What has to be the case, and how to get there.
        rule: String,
    },
    /// Another process works on the project.
    #[error("{}: another meed process is at work here", path.display())]
    Busy {
        /// The project.
        path: PathBuf,
    },
    /// The caller asked to stop.
    #[error("interrupted")]
    Cancelled,
    /// The operating system has no randomness to give.
    #[error("no randomness from the operating system: {0}")]
    Random(String),
}

impl LedgerError {
    /// Makes an error of what the operating system said.
    pub fn io<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    /// An error at a place.
    #[must_use]
    pub fn input(place: Location, fault: Fault) -> Self {
        Self::Input { place: Box::new(place), fault: Box::new(fault) }
    }

    /// An error about a file as a whole.
    #[must_use]
    pub fn in_file(path: &Path, fault: Fault) -> Self {
        Self::input(Location::file(path), fault)
    }

    /// An error about a line of a file.
    #[must_use]
    pub fn at_line(path: &Path, line: u64, fault: Fault) -> Self {
        Self::input(Location::line(path, line), fault)
    }
}

/// A place in a file. Lines count from 1 with the header; rows and columns of a matrix from 0, as
/// the tools that write them count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub path: PathBuf,
    /// Where in it.
    pub at: At,
}

/// A place within a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The file as a whole.
    File,
    /// A line of text, from 1.
    Line(u64),
    /// A row of a table without lines, or an entry of a list, from 0.
    Row(u64),
    /// A cell of a matrix, from 0.
    Cell {
        /// Row.
        row: u64,
        /// Column.
        column: u64,
    },
    /// The scores of an event, from 0.
    Event(u32),
    /// What is added up for an asset in an event, both from 0.
    Pair {
        /// Event.
        event: u32,
        /// Asset.
        asset: u32,
    },
}

impl Location {
    /// The file as a whole.
    #[must_use]
    pub fn file(path: &Path) -> Self {
        Self { path: path.to_owned(), at: At::File }
    }

    /// A row of it, from 0.
    #[must_use]
    pub fn row(path: &Path, row: u64) -> Self {
        Self { path: path.to_owned(), at: At::Row(row) }
    }

    /// A line of it, from 1.
    #[must_use]
    pub fn line(path: &Path, line: u64) -> Self {
        Self { path: path.to_owned(), at: At::Line(line) }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        match self.at {
            At::File => Ok(()),
            At::Line(line) => write!(f, ", line {line}"),
            At::Row(row) => write!(f, ", row {row} (from 0)"),
            At::Event(event) => write!(f, ", event {event} (from 0)"),
            At::Cell { row, column } => write!(f, ", row {row}, column {column} (from 0)"),
            At::Pair { event, asset } => {
                write!(f, ", sum of event {event} and asset {asset} (from 0)")
            }
        }
    }
}

/// What is wrong at a place in a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A value is not what it should be.
    #[error("{what}: expected {expected}, got {got}")]
    Value {
        /// The field.
        what: &'static str,
        /// What it should be.
        expected: String,
        /// What it is, shortened and escaped.
        got: String,
    },
    /// A secret value is not what it should be; it is not repeated.
    #[error("{what}: expected {expected}")]
    Secret {
        /// The field.
        what: &'static str,
        /// What it should be.
        expected: String,
    },
    /// A score cannot be a record.
    #[error("score: {0}")]
    Score(#[from] ScoreFault),
    /// A name that is not in the registry, or an id that is not among the events.
    #[error("{what} {name} is unknown: {hint}")]
    Unknown {
        /// What is named.
        what: &'static str,
        /// The name.
        name: String,
        /// Where it should be.
        hint: &'static str,
    },
    /// The same thing twice.
    #[error("{what} {value} is there twice: first {first}")]
    Duplicate {
        /// What.
        what: &'static str,
        /// Which.
        value: String,
        /// Where the first is.
        first: String,
    },
    /// Not the text format that was expected.
    #[error("{0}")]
    Syntax(String),
}

/// Why a score cannot be a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreFault {
    /// Not a number.
    #[error("expected a number, got NaN")]
    Nan,
    /// Infinite.
    #[error("expected a finite number, got an infinite one")]
    Infinite,
    /// Not a decimal number at all.
    #[error("expected a decimal number such as -0.25 or 1.5e-3, got other text")]
    NotDecimal,
    /// Exponents that cannot meet in one sum.
    #[error("expected exponents at most 2400 apart in numbers that are added up")]
    TooFarApart,
    /// A total that others cannot be parts of.
    #[error("expected a total above zero to divide by; use --normalise l1 or max, or none")]
    NoTotal,
    /// Too large for the policy's fraction bits.
    #[error(
        "out of range: with {fraction_bits} fraction bits a score's magnitude must stay below 2^{}; \
         use --scale or a policy with fewer fraction bits",
        47 - i32::from(*fraction_bits)
    )]
    OutOfRange {
        /// The policy's fraction bits.
        fraction_bits: u8,
    },
}

impl Fault {
    /// A value that is not what it should be; `got` is shortened and escaped.
    #[must_use]
    pub fn value(what: &'static str, expected: impl Into<String>, got: impl fmt::Display) -> Self {
        Self::Value { what, expected: expected.into(), got: shown(&got.to_string()) }
    }
}

/// Text from a file as an error may repeat it: escaped, quoted, not too long.
#[must_use]
pub fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let mut short: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() {
        short.push_str("..");
    }
    format!("\"{short}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_files_is_escaped_and_clipped() {
        assert_eq!(shown("a\u{1b}[2J"), "\"a\\u{1b}[2J\"");
        assert_eq!(shown(&"x".repeat(1_000)).len(), 64);
    }

    #[test]
    fn errors_name_file_and_line() {
        let fault = Fault::value("fee", "a whole number", "-1");
        let error = LedgerError::at_line(Path::new("events.csv"), 7, fault);
        let text = error.to_string();
        assert_eq!(text, "events.csv, line 7: fee: expected a whole number, got \"-1\"");
    }

    #[test]
    fn the_range_follows_the_fraction_bits() {
        let text = ScoreFault::OutOfRange { fraction_bits: 46 }.to_string();
        assert!(text.contains("below 2^1;"), "{text}");
    }
}
