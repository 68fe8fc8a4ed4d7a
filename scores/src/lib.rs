//! Scores from attribution tools, and how they become records.
//!
//! A tool's file is a [`ScoreSource`]: a matrix of floats, or triples of event, item and number.
//! [`import`] binds its rows and columns to events and assets by what they are [called](binding), adds the
//! items of an asset up, divides by the event's total if it is [told to](Normalise), scales, and
//! rounds once, half to even, to the policy's fixed point. Sums are exact ([`sum`]), so neither the order
//! of the items nor the number of threads matters, and a record is at most half of `2^-fraction_bits`
//! away from what it stands for. A file of any size is read in bounded memory.
//!
//! Nothing is dropped unless the options say so, and then it is counted and weighed.

pub mod binding;
mod finish;
mod import;
mod manifest;
mod matrix;
mod metadata;
pub mod quality;
pub mod readers;
mod recipe;
mod running;
pub mod sum;
mod triples;
mod window;

pub use binding::Naming;
pub use finish::Mass;
pub use import::{import, Importer, Request};
pub use manifest::Manifest;
pub use matrix::{Dtype, Grid};
pub use metadata::Metadata;
pub use readers::{load_events, Format, ScoreSource};
pub use recipe::{Ingredient, Recipe};

use std::fmt;

use meed_ledger::decimal::{Exact, Scale};
use meed_statement::types::Record;
use serde::Serialize;

/// What a matrix has in its rows and columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orientation {
    /// A row is a test output (an event), a column is a piece of training data.
    #[default]
    TestXTrain,
    /// The other way round.
    TrainXTest,
}

impl Orientation {
    /// Its name in metadata, options and manifests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TestXTrain => "test_x_train",
            Self::TrainXTest => "train_x_test",
        }
    }
}

impl fmt::Display for Orientation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a tool means by a score above zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Polarity {
    /// The training data helped.
    #[default]
    PositiveHelps,
    /// It hurt: every score is negated.
    NegativeHelps,
}

impl Polarity {
    /// Its name in metadata, options and manifests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PositiveHelps => "positive_helps",
            Self::NegativeHelps => "negative_helps",
        }
    }
}

impl fmt::Display for Polarity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the scores of an event are divided by, exactly, before they are scaled and rounded. An event whose
/// scores are all zero keeps its zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Normalise {
    /// Nothing.
    #[default]
    None,
    /// Their sum, so that they add up to one. A sum of zero or less is an error.
    Sum,
    /// The greatest magnitude among them.
    Max,
    /// The sum of their magnitudes.
    L1,
}

impl Normalise {
    /// Its name in options and manifests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sum => "sum",
            Self::Max => "max",
            Self::L1 => "l1",
        }
    }
}

/// What to do about a cell that its tool did not write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unwritten {
    /// It is an error.
    #[default]
    Refuse,
    /// It counts nothing, and is counted.
    Skip,
}

/// What a document of a span counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpanWeight {
    /// The span's tokens.
    #[default]
    Tokens,
    /// One.
    One,
}

/// What to make of scores.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What a score above zero means.
    pub polarity: Polarity,
    /// What the scores of an event are divided by.
    pub normalise: Normalise,
    /// What every score is multiplied by, before rounding.
    pub scale: Scale,
    /// The policy's fraction bits.
    pub fraction_bits: u8,
    /// Drop records below this (in the scores' own units, after polarity, normalisation and scale).
    pub drop_below: Option<Exact>,
    /// Keep the highest records of each event, so many; of equal ones those of earlier assets.
    pub top: Option<usize>,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ImportSummary {
    /// Format of the source.
    pub format: String,
    /// Numbers read.
    pub cells: u64,
    /// Cells that were not written and were skipped.
    pub unwritten: u64,
    /// Pairs of event and asset that the numbers belong to.
    pub pairs: u64,
    /// Pairs whose score had to be rounded.
    pub rounded: u64,
    /// Items that the map says are nobody's.
    pub ignored_items: u64,
    /// Numbers of such items.
    pub ignored_cells: u64,
    /// What these weigh.
    pub ignored: Mass,
    /// Pairs dropped for being below `drop_below`.
    pub dropped_below: Mass,
    /// Pairs dropped for not being among the highest of their event.
    pub dropped_by_top: Mass,
    /// Records kept.
    pub kept: Mass,
    /// Events without any record.
    pub events_without_records: u64,
    /// Events whose scores are all zero, so that there was nothing to divide by.
    pub events_all_zero: u64,
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
    /// All of that for `import.json`.
    pub manifest: Manifest,
}

impl fmt::Debug for Imported {
    /// Scores are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Imported").field("summary", &self.summary).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod test_world {
    use meed_ledger::registry::Registry;

    /// A dataset `d`, a model `m`, an adapter `a` and a service `s`, in this order; the content hash of
    /// the first is 1 in its first half, and so on.
    pub(crate) fn registry() -> Registry {
        let mut text = "name,kind,owner,content_hash,penalty_bps,edges\n".to_owned();
        for (i, (name, kind)) in
            (1..).zip([("d", "dataset"), ("m", "model"), ("a", "adapter"), ("s", "service")])
        {
            text += &format!("{name},{kind},0x{:040x},{i:032x}{:032x},0,\n", 1, 0);
        }
        Registry::parse(std::path::Path::new("registry.csv"), text.as_bytes()).expect("well-formed")
    }
}
