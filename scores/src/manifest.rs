//! `import.json`: what was imported, how it was read and what became of it. The same files and options
//! give the same bytes: no times, and of paths the names only.

use std::path::{Path, PathBuf};

use meed_ledger::content::{self, Progress};
use meed_ledger::decimal::fixed_to_decimal;
use meed_ledger::Result;
use serde::Serialize;

use crate::finish::Mass;
use crate::ImportSummary;

/// Version of the manifest.
pub(crate) const FORMAT: u32 = 2;

/// A file that went into an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileDigest {
    /// Its name, without its folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256.
    pub sha256: String,
}

impl FileDigest {
    pub(crate) fn of(path: &Path, progress: &mut Progress<'_>) -> Result<Self> {
        let bytes =
            std::fs::metadata(path).map_err(meed_ledger::LedgerError::io("read", path))?.len();
        let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        // Of what a link leads to: caches of models are full of links.
        let real = path.canonicalize().map_err(meed_ledger::LedgerError::io("read", path))?;
        let sha256 = format!("{:?}", content::hash(&real, progress)?);
        Ok(Self { name, bytes, sha256 })
    }
}

/// What an import says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// Version of the manifest.
    pub manifest: u32,
    /// Version of Meed.
    pub meed: &'static str,
    /// Every file of scores.
    pub scores: Vec<FileDigest>,
    /// The events.
    pub events: FileDigest,
    /// The files that say whose rows and columns are, by option.
    pub maps: Vec<Map>,
    /// How the scores were read.
    pub reading: Reading,
    /// What was made of them.
    pub options: Chosen,
    /// What became of them.
    pub result: Outcome,
}

/// A file that binds rows or columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Map {
    /// The option that named it.
    pub option: &'static str,
    /// The file.
    #[serde(flatten)]
    pub file: FileDigest,
}

/// How scores were read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// Format of the file.
    pub format: String,
    /// Type of its numbers.
    pub dtype: String,
    /// Rows and columns of a matrix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<[u64; 2]>,
    /// Name of the tensor, where the format has names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tensor: Option<String>,
    /// What a matrix has in its rows and columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orientation: Option<&'static str>,
    /// How items were bound to assets.
    pub items_by: &'static str,
    /// How rows were bound to events.
    pub events_by: &'static str,
    /// The attribution method, if anybody said.
    pub method: Option<String>,
    /// The model, if anybody said.
    pub model: Option<String>,
    /// The tool, if the file says.
    pub tool: Option<String>,
}

/// The options of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chosen {
    /// What a score above zero means.
    pub polarity: &'static str,
    /// Who said so: the file, the caller, or nobody.
    pub polarity_from: &'static str,
    /// What the scores of an event were divided by.
    pub normalise: &'static str,
    /// What they were multiplied by, as given.
    pub scale: String,
    /// Fraction bits of the records.
    pub fraction_bits: u8,
    /// Records of an event that were kept at most.
    pub top: Option<usize>,
    /// The bound below which records were dropped, as given.
    pub drop_below: Option<String>,
    /// What was done about cells that were not written.
    pub unwritten: &'static str,
    /// What a document of a span counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span_weight: Option<&'static str>,
    /// Which key of a span's document was the item's id, where it was not one of the usual ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_key: Option<String>,
}

/// What became of the scores. Masses are sums of magnitudes, exact, in the records' own units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// What is kept.
    pub kept: Weighed,
    /// What was below `drop_below`.
    pub dropped_below: Weighed,
    /// What was not among the highest.
    pub dropped_by_top: Weighed,
    /// What is nobody's by the map.
    pub ignored: Weighed,
}

/// Counts of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Numbers read.
    pub cells: u64,
    /// Numbers that were not written.
    pub unwritten: u64,
    /// Pairs of event and asset.
    pub pairs: u64,
    /// Pairs that were rounded.
    pub rounded: u64,
    /// Items that are nobody's, in a matrix.
    pub ignored_items: u64,
    /// Events without a record.
    pub events_without_records: u64,
    /// Events whose scores are all zero, where something had to be divided.
    pub events_all_zero: u64,
    /// Whether rows were sorted.
    pub sorted: bool,
}

/// So many numbers, and what they weigh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Weighed {
    /// Numbers.
    pub count: u64,
    /// Sum of the magnitudes.
    pub mass: String,
    /// Sum of those above zero.
    pub above_zero: String,
    /// Sum of those below zero.
    pub below_zero: String,
    /// Its part of all magnitudes, rounded down to a millionth.
    pub share: String,
}

impl Weighed {
    fn new(mass: Mass, all: i128, fraction_bits: u8) -> Self {
        let decimal = |value: i128| fixed_to_decimal(value, fraction_bits);
        Self {
            count: mass.count,
            mass: decimal(mass.magnitude()),
            above_zero: decimal(mass.above),
            below_zero: decimal(mass.below),
            share: share(mass.magnitude(), all),
        }
    }
}

/// A part of a whole in millionths, rounded down; 0 of nothing.
pub(crate) fn share(part: i128, whole: i128) -> String {
    let millionths = match u128::try_from(whole) {
        Ok(whole) if whole > 0 => {
            // Magnitudes are below 2^124; a whole that is cut to 100 bits is exact to far more than a millionth.
            let cut = (128 - whole.leading_zeros()).saturating_sub(100);
            (part.unsigned_abs() >> cut) * 1_000_000 / (whole >> cut)
        }
        _ => 0,
    };
    format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
}

impl ImportSummary {
    /// The sum of all magnitudes: kept, dropped and ignored.
    #[must_use]
    pub fn whole(&self) -> i128 {
        [self.kept, self.dropped_below, self.dropped_by_top, self.ignored]
            .iter()
            .map(Mass::magnitude)
            .sum()
    }

    /// What a part of it weighs: the exact decimal, and the share.
    #[must_use]
    pub fn weigh(&self, mass: &Mass, fraction_bits: u8) -> Weighed {
        Weighed::new(*mass, self.whole(), fraction_bits)
    }

    pub(crate) fn outcome(&self, fraction_bits: u8) -> Outcome {
        let weigh = |mass: &Mass| self.weigh(mass, fraction_bits);
        Outcome {
            counts: Counts {
                cells: self.cells,
                unwritten: self.unwritten,
                pairs: self.pairs,
                rounded: self.rounded,
                ignored_items: self.ignored_items,
                events_without_records: self.events_without_records,
                events_all_zero: self.events_all_zero,
                sorted: self.sorted,
            },
            kept: weigh(&self.kept),
            dropped_below: weigh(&self.dropped_below),
            dropped_by_top: weigh(&self.dropped_by_top),
            ignored: weigh(&self.ignored),
        }
    }
}

/// What goes into a manifest beside the summary.
pub(crate) struct Parts {
    pub(crate) scores: Vec<FileDigest>,
    pub(crate) events: FileDigest,
    pub(crate) maps: Vec<(&'static str, PathBuf)>,
    pub(crate) reading: Reading,
    pub(crate) options: Chosen,
}

impl Manifest {
    pub(crate) fn new(parts: Parts, summary: &ImportSummary) -> Result<Self> {
        let digest = |(option, path): (&'static str, PathBuf)| {
            Ok(Map { option, file: FileDigest::of(&path, &mut content::quiet)? })
        };
        let fraction_bits = parts.options.fraction_bits;
        Ok(Self {
            manifest: FORMAT,
            meed: env!("CARGO_PKG_VERSION"),
            scores: parts.scores,
            events: parts.events,
            maps: parts.maps.into_iter().map(digest).collect::<Result<_>>()?,
            reading: parts.reading,
            options: parts.options,
            result: summary.outcome(fraction_bits),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_down() {
        assert_eq!(share(1, 3), "0.333333");
        assert_eq!(share(3, 3), "1.000000");
        assert_eq!(share(0, 0), "0.000000");
        assert_eq!(share(1 << 123, 1 << 124), "0.500000");
    }
}
