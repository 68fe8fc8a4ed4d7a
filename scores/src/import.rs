//! From cells to records.

use std::ops::Range;
use std::path::{Path, PathBuf};

use meed_statement::types::Record;

use crate::sum::Sums;
use crate::{
    Cell, Columns, ImportSummary, Imported, Layout, Options, Precision, ScoreSource, Sign, Value,
};
use meed_ledger::content::Progress;
use meed_ledger::decimal::{float_to_fixed, Exact, Fixed};
use meed_ledger::records::MOST_RECORDS;
use meed_ledger::{At, Fault, LedgerError, Location, Result, ScoreFault};

/// Memory for the sums, or the pairs, of the events that are open at once.
const WINDOW_BYTES: usize = 256 << 20;

/// Imports a source. `path` is for errors; `columns` is `None` exactly where the source names assets
/// itself.
///
/// # Errors
/// [`LedgerError::Input`] with the row for a score that is NaN, infinite or out of range, and for a
/// pair that is there twice; what the source returns.
///
/// # Panics
/// If `columns` does not go with the source's layout.
pub fn import(
    source: &mut dyn ScoreSource,
    path: &Path,
    columns: Option<&Columns>,
    events: usize,
    options: &Options,
    progress: &mut Progress<'_>,
) -> Result<Imported> {
    let precision = match source.layout() {
        Layout::Named => None,
        Layout::Matrix { precision, .. } => Some(precision),
    };
    assert_eq!(precision.is_some(), columns.is_some(), "a matrix has a map of its columns");
    let below = options.drop_below.as_ref().map(|b| b.to_fixed(options.fraction_bits));
    let below = below.transpose().map_err(|e| LedgerError::in_file(path, Fault::Score(e)))?;
    let mut importer = Importer {
        path: path.to_owned(),
        options,
        below: below.map(|b| b.value),
        pairs: match (precision, columns) {
            (Some(precision), Some(columns)) => {
                Pairs::Sums { columns, sums: Sums::new(0, precision), precision }
            }
            _ => Pairs::Each(Vec::new()),
        },
        events: 0..0,
        records: Vec::new(),
        summary: ImportSummary { format: source.format().to_owned(), ..Default::default() },
    };
    source.read(&mut importer, progress)?;
    let Importer { records, mut summary, .. } = importer;
    summary.kept = records.len() as u64;
    let mut last = None;
    let with = records.iter().filter(|r| last.replace(r.event) != Some(r.event)).count();
    summary.events_without_records = (events - with) as u64;
    Ok(Imported { records, summary })
}

/// Takes cells from a source and makes records of them.
pub struct Importer<'a> {
    path: PathBuf,
    options: &'a Options,
    below: Option<i64>,
    pairs: Pairs<'a>,
    events: Range<u32>,
    records: Vec<Record>,
    summary: ImportSummary,
}

enum Pairs<'a> {
    /// One cell is one pair; the place of each is kept to tell of a second.
    Each(Vec<(Record, At)>),
    /// The columns of an asset are added up.
    Sums { columns: &'a Columns, sums: Sums, precision: Precision },
}

impl std::fmt::Debug for Importer<'_> {
    /// Scores are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Importer").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Importer<'_> {
    /// How many events of a matrix may be open at once.
    #[must_use]
    pub fn window(&self) -> usize {
        match &self.pairs {
            Pairs::Each(_) => usize::MAX,
            Pairs::Sums { columns, precision, .. } => {
                let bytes = (columns.assets().len() * precision.limbs() * 8).max(1);
                (WINDOW_BYTES / bytes).max(1)
            }
        }
    }

    /// Starts a range of events.
    pub fn open(&mut self, events: Range<u32>) {
        if let Pairs::Sums { columns, sums, .. } = &mut self.pairs {
            sums.reset(events.len() * columns.assets().len());
        }
        self.events = events;
    }

    /// Takes a cell of an event in the open range.
    ///
    /// # Errors
    /// [`LedgerError::Input`] for a number that cannot be a score.
    ///
    /// # Panics
    /// If the event is not in the open range, or the column has no asset.
    pub fn cell(&mut self, cell: Cell) -> Result<()> {
        let Cell { event, column, value, at } = cell;
        assert!(self.events.contains(&event), "cells belong to the open range");
        self.summary.cells += 1;
        let negate = self.options.sign == Sign::NegativeHelps;
        let fail = |path: &Path, fault| {
            let place = Location { path: path.to_owned(), at };
            LedgerError::input(place, Fault::Score(fault))
        };
        match (&mut self.pairs, value) {
            (Pairs::Sums { columns, sums, .. }, Value::Float(value)) => {
                let slot = columns.slot(column).expect("every column has an asset");
                let event = (event - self.events.start) as usize;
                let index = event * columns.assets().len() + slot as usize;
                sums.add(index, value, negate).map_err(|e| fail(&self.path, e))
            }
            (Pairs::Sums { .. }, Value::Exact(_)) => {
                unreachable!("the layout says that the numbers are floats")
            }
            (Pairs::Each(pairs), value) => {
                let fixed = fixed(value, self.options).map_err(|e| fail(&self.path, e))?;
                self.summary.rounded += u64::from(!fixed.exact);
                let score = if negate { -fixed.value } else { fixed.value };
                pairs.push((Record { event, asset: column, score }, at));
                Ok(())
            }
        }
    }

    /// Ends the range: its pairs become records.
    ///
    /// # Errors
    /// [`LedgerError::Input`] for a sum out of range and a pair that is there twice.
    pub fn close(&mut self) -> Result<()> {
        let mut open: Vec<Record> = match &mut self.pairs {
            Pairs::Each(pairs) => {
                let key = |(r, _): &(Record, At)| (r.event, r.asset);
                if !pairs.is_sorted_by_key(key) {
                    self.summary.sorted = true;
                    // Stable, so that of two equal pairs the first stays first.
                    pairs.sort_by_key(key);
                }
                if let Some(twice) = pairs.windows(2).find(|w| key(&w[0]) == key(&w[1])) {
                    return Err(duplicate(&self.path, &twice[0], twice[1].1));
                }
                std::mem::take(pairs).into_iter().map(|(record, _)| record).collect()
            }
            Pairs::Sums { columns, sums, .. } => {
                let mut open = Vec::with_capacity(self.events.len() * columns.assets().len());
                let assets = columns.assets();
                for (i, event) in self.events.clone().enumerate() {
                    for (slot, asset) in assets.iter().enumerate() {
                        let sum = sums.get(i * assets.len() + slot);
                        let fixed = scale(sum, self.options).map_err(|fault| {
                            let at = At::Pair { event, asset: *asset };
                            let place = Location { path: self.path.clone(), at };
                            LedgerError::input(place, Fault::Score(fault))
                        })?;
                        self.summary.rounded += u64::from(!fixed.exact);
                        open.push(Record { event, asset: *asset, score: fixed.value });
                    }
                }
                open
            }
        };
        self.summary.pairs += open.len() as u64;
        if let Some(below) = self.below {
            let before = open.len();
            open.retain(|r| r.score >= below);
            self.summary.dropped_below += (before - open.len()) as u64;
        }
        for event in open.chunk_by(|a, b| a.event == b.event) {
            self.keep(event)?;
        }
        self.events = 0..0;
        Ok(())
    }

    /// Takes the records of one event, which are in order.
    fn keep(&mut self, event: &[Record]) -> Result<()> {
        let most = self.options.top.unwrap_or(usize::MAX);
        if event.len() <= most {
            self.records.extend_from_slice(event);
        } else {
            let mut highest: Vec<Record> = event.to_vec();
            highest.sort_unstable_by_key(|r| (std::cmp::Reverse(r.score), r.asset));
            highest.truncate(most);
            highest.sort_unstable_by_key(|r| r.asset);
            self.summary.dropped_by_top += (event.len() - highest.len()) as u64;
            self.records.extend(highest);
        }
        if self.records.len() <= MOST_RECORDS {
            return Ok(());
        }
        let fault = Fault::value("records", format!("at most {MOST_RECORDS}"), "more");
        Err(LedgerError::in_file(&self.path, fault))
    }
}

fn fixed(value: Value, options: &Options) -> std::result::Result<Fixed, ScoreFault> {
    match (value, options.scale.power_of_two()) {
        (Value::Float(value), Some(shift)) => float_to_fixed(value, shift, options.fraction_bits),
        (Value::Float(value), None) => scale(Exact::from_f64(value)?, options),
        (Value::Exact(value), _) => scale(value, options),
    }
}

fn scale(value: Exact, options: &Options) -> std::result::Result<Fixed, ScoreFault> {
    value.scaled(&options.scale).to_fixed(options.fraction_bits)
}

fn duplicate(path: &Path, (record, first): &(Record, At), second: At) -> LedgerError {
    let first = match first {
        At::Line(line) => format!("on line {line}"),
        _ => "before".to_owned(),
    };
    let value = format!("(event {}, asset {})", record.event, record.asset);
    let place = Location { path: path.to_owned(), at: second };
    LedgerError::input(place, Fault::Duplicate { what: "pair", value, first })
}
