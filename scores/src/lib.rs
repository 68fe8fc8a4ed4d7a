//! Scores from attribution tools, and how they become records.
//!
//! A tool's file is a [`ScoreSource`]: it streams cells, each an event, a column and a number that is
//! known exactly. [`import`] turns cells into records: a column belongs to an asset, the columns of
//! an asset are added up, the sum is scaled and rounded once, half to even, to the policy's fixed
//! point. Sums are exact ([`sum`]), so neither the order of the columns nor the machine matters, and
//! a record is at most half of `2^-fraction_bits` away from the scaled sum of what the tool wrote.
//!
//! Nothing is dropped unless the options say so, and then it is counted.

#![forbid(unsafe_code)]

mod columns;
mod csv;
mod import;
mod npy;
pub mod quality;
pub mod sum;

pub use columns::Columns;
pub use csv::CsvSource;
pub use import::{import, Importer};
pub use npy::NpySource;

use meed_statement::types::Record;
use serde::Serialize;

use meed_ledger::content::Progress;
use meed_ledger::decimal::{Exact, Scale};
use meed_ledger::{At, Result};

/// What a matrix has in its rows and columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orientation {
    /// A row is a test output (an event), a column is a piece of training data.
    #[default]
    TestXTrain,
    /// The other way round.
    TrainXTest,
}

/// What a tool means by a score above zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sign {
    /// The training data helped.
    #[default]
    PositiveHelps,
    /// It hurt: every score is negated.
    NegativeHelps,
}

/// What to make of scores.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What a score above zero means.
    pub sign: Sign,
    /// What every score is multiplied by, before rounding.
    pub scale: Scale,
    /// The policy's fraction bits.
    pub fraction_bits: u8,
    /// Drop records below this (in the scores' own units, after sign and scale).
    pub drop_below: Option<Exact>,
    /// Keep the highest records of each event, so many; of equal ones those of earlier assets.
    pub top: Option<usize>,
}

/// A number, exactly.
#[derive(Clone, Debug)]
pub enum Value {
    /// A float of at most 64 bits.
    Float(f64),
    /// A decimal.
    Exact(Exact),
}

/// One number of a source.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Index of the event.
    pub event: u32,
    /// Index of the column; of the asset, where the source names assets.
    pub column: u32,
    /// The number.
    pub value: Value,
    /// Where it stands, for errors.
    pub at: At,
}

/// Which range the numbers of a source have: how much room an exact sum of them takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats.
    Single,
    /// 64-bit floats.
    Double,
}

/// What the columns of a source are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The source names assets itself, in any order.
    Named,
    /// A matrix of so many columns, whose numbers are floats.
    Matrix {
        /// Columns, in the sense of training data, whatever the orientation.
        columns: u64,
        /// The floats.
        precision: Precision,
    },
}

/// A file of scores in some format.
pub trait ScoreSource {
    /// Name of the format.
    fn format(&self) -> &'static str;

    /// What its columns are.
    fn layout(&self) -> Layout;

    /// Gives every cell to the importer, once, between [`Importer::open`] and [`Importer::close`]
    /// of a range of events. Ranges follow one another from event 0 to the last. Of a matrix, a
    /// range has at most [`Importer::window`] events.
    ///
    /// # Errors
    /// What reading the file gives, and what the importer returns.
    fn read(&mut self, importer: &mut Importer<'_>, progress: &mut Progress<'_>) -> Result<()>;
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ImportSummary {
    /// Format of the source.
    pub format: String,
    /// Numbers read.
    pub cells: u64,
    /// Pairs of event and asset that they belong to.
    pub pairs: u64,
    /// Pairs whose score had to be rounded.
    pub rounded: u64,
    /// Pairs dropped for being below `drop_below`.
    pub dropped_below: u64,
    /// Pairs dropped for not being among the highest of their event.
    pub dropped_by_top: u64,
    /// Records kept.
    pub kept: u64,
    /// Events without any record.
    pub events_without_records: u64,
    /// Whether rows had to be sorted.
    pub sorted: bool,
}

/// Records, and how they came about.
#[derive(Clone, PartialEq, Eq)]
pub struct Imported {
    /// Strictly increasing by event and asset.
    pub records: Vec<Record>,
    /// What was done.
    pub summary: ImportSummary,
}

impl std::fmt::Debug for Imported {
    /// Scores are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Imported").field("summary", &self.summary).finish_non_exhaustive()
    }
}
