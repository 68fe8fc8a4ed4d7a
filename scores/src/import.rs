//! From a file of scores to records.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use meed_ledger::content::Progress;
use meed_ledger::events::Events;
use meed_ledger::records::MOST_RECORDS;
use meed_ledger::registry::Registry;
use meed_ledger::{At, Fault, LedgerError, Result};
use meed_statement::types::Record;

use crate::binding::items::Items;
use crate::binding::{bind_events, bind_items, BoundItems, Naming};
use crate::finish::{Finish, Outcome};
use crate::manifest::{Chosen, FileDigest, Manifest, Parts, Reading};
use crate::matrix::{self, Grid};
use crate::metadata::agree;
use crate::readers::{self, About, Format, Layout, ScoreSource};
use crate::triples::{self, Number, Stop, Triples};
use crate::{ImportSummary, Imported, Options, Orientation, Polarity, SpanWeight, Unwritten};

/// What to import, and how to read it.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The file or folder of scores.
    pub scores: &'a Path,
    /// Its format, if not by its name.
    pub format: Option<Format>,
    /// The file of events, for the manifest.
    pub events: &'a Path,
    /// Which tensor, where a file may have several.
    pub tensor: Option<&'a str>,
    /// Whose the rows and columns are.
    pub naming: Naming<'a>,
    /// What a matrix has in its rows and columns, where the file does not say.
    pub orientation: Option<Orientation>,
    /// What a score above zero means, where the file does not say. Goes before the one of `options`.
    pub polarity: Option<Polarity>,
    /// The attribution method, where the file does not say.
    pub method: Option<String>,
    /// The model, where the file does not say.
    pub model: Option<String>,
    /// What to do about cells that were not written.
    pub unwritten: Unwritten,
    /// What a document of a span counts.
    pub span_weight: SpanWeight,
    /// Which key of a span's document is the item's id, with dots between keys of nested objects.
    pub document_key: Option<&'a str>,
    /// What to make of the scores.
    pub options: Options,
}

impl<'a> Request<'a> {
    /// A file with nothing said about it.
    #[must_use]
    pub fn new(scores: &'a Path, events: &'a Path, options: Options) -> Self {
        Self {
            scores,
            format: None,
            events,
            tensor: None,
            naming: Naming::default(),
            orientation: None,
            polarity: None,
            method: None,
            model: None,
            unwritten: Unwritten::default(),
            span_weight: SpanWeight::default(),
            document_key: None,
            options,
        }
    }
}

/// Imports scores.
///
/// # Errors
/// [`LedgerError::Input`] with the place for everything that is not as it should be: see `docs/scores.md`;
/// [`LedgerError::Io`]; [`LedgerError::Cancelled`].
pub fn import(
    request: &Request<'_>,
    registry: &Registry,
    events: &Events,
    progress: &mut Progress<'_>,
) -> Result<Imported> {
    let path = request.scores;
    let mut source = readers::open(request)?;
    let about = source.about().clone();
    let before = stamps(&about.files)?;
    let metadata = &about.metadata;
    let polarity = agree(path, "sign", metadata.polarity, request.polarity)?;
    let polarity_from = match (metadata.polarity, request.polarity) {
        (Some(_), _) => "file",
        (None, Some(_)) => "caller",
        (None, None) => "default",
    };
    let orientation = agree(path, "orientation", metadata.orientation, request.orientation)?;
    let method = agree(path, "method", metadata.method.clone(), request.method.clone())?;
    let model = agree(path, "model", metadata.model.clone(), request.model.clone())?;
    let options = Options { polarity: polarity.unwrap_or_default(), ..request.options.clone() };
    let finish = Finish::new(path, &options)?;
    let bound = bind(path, &about, request, orientation, registry, events)?;
    let naming = &request.naming;
    let maps = [
        ("items", naming.items),
        ("item_ids", naming.item_ids),
        ("columns", naming.columns),
        ("event_ids", naming.event_ids),
    ];

    let stop = AtomicBool::new(false);
    let (read, digests) = std::thread::scope(|scope| {
        let hash = scope.spawn(|| {
            let go_on = &mut |_, _| match stop.load(Ordering::Relaxed) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            };
            about.files.iter().map(|file| FileDigest::of(file, go_on)).collect::<Result<Vec<_>>>()
        });
        let read = read(source.as_mut(), path, &bound, events, &finish, request, progress);
        if read.is_err() {
            stop.store(true, Ordering::Relaxed);
        }
        (read, hash.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let Collected { records, mut summary } = read?;
    let digests = digests?;
    if stamps(&about.files)? != before {
        let fault = Fault::Syntax("expected files that nobody writes to meanwhile".to_owned());
        return Err(LedgerError::in_file(path, fault));
    }
    summary.format = about.format.name().to_owned();
    if let Bound::Matrix { items, .. } = &bound {
        summary.ignored_items = items.ignored;
    }
    let mut last = None;
    let with = records.iter().filter(|r| last.replace(r.event) != Some(r.event)).count();
    summary.events_without_records = (events.len() - with) as u64;
    let (items_by, events_by) = bound.by();
    let parts = Parts {
        scores: digests,
        events: FileDigest::of(request.events, &mut meed_ledger::content::quiet)?,
        maps: maps.into_iter().filter_map(|(o, p)| Some((o, p?.to_owned()))).collect(),
        reading: Reading {
            format: summary.format.clone(),
            dtype: about.dtype.clone(),
            shape: about.shape(),
            tensor: about.tensor.clone(),
            orientation: about.shape().map(|_| orientation.unwrap_or_default().name()),
            items_by,
            events_by,
            method,
            model,
            tool: metadata.tool.clone(),
        },
        options: Chosen {
            polarity: options.polarity.name(),
            polarity_from,
            normalise: options.normalise.name(),
            scale: options.scale.to_string(),
            fraction_bits: options.fraction_bits,
            top: options.top,
            drop_below: options.drop_below.as_ref().map(ToString::to_string),
            unwritten: match request.unwritten {
                Unwritten::Refuse => "refuse",
                Unwritten::Skip => "skip",
            },
            span_weight: (about.format == Format::Spans).then_some(match request.span_weight {
                SpanWeight::Tokens => "tokens",
                SpanWeight::One => "one",
            }),
            document_key: request.document_key.map(str::to_owned),
        },
    };
    let manifest = Manifest::new(parts, &summary)?;
    Ok(Imported { records, summary, manifest })
}

/// Length and time of change of each file.
fn stamps(files: &[PathBuf]) -> Result<Vec<(u64, Option<SystemTime>)>> {
    let stamp = |path: &PathBuf| {
        let meta = std::fs::metadata(path).map_err(LedgerError::io("read", path))?;
        Ok((meta.len(), meta.modified().ok()))
    };
    files.iter().map(stamp).collect()
}

/// Whose the scores of a source are.
enum Bound<'a> {
    Matrix {
        items: BoundItems,
        events: Vec<u32>,
        events_by: &'static str,
        orientation: Orientation,
    },
    Triples {
        naming: triples::Naming<'a>,
        by: &'static str,
    },
}

impl Bound<'_> {
    fn by(&self) -> (&'static str, &'static str) {
        match self {
            Self::Matrix { items, events_by, .. } => (items.by, events_by),
            Self::Triples { by, .. } => (by, "ids"),
        }
    }
}

fn bind<'a>(
    path: &Path,
    about: &About,
    request: &Request<'_>,
    orientation: Option<Orientation>,
    registry: &'a Registry,
    events: &Events,
) -> Result<Bound<'a>> {
    let naming = &request.naming;
    let refuse = |text: String| Err(LedgerError::in_file(path, Fault::Syntax(text)));
    let assets = match &about.layout {
        Layout::Matrix(grid) => {
            let orientation = orientation.unwrap_or_default();
            let [rows, columns] = grid.shape();
            let (tests, train) = match orientation {
                Orientation::TestXTrain => (rows, columns),
                Orientation::TrainXTest => (columns, rows),
            };
            // Events first: a matrix that is turned shows here, in fewer words.
            let (bound, events_by) = bind_events(path, tests, naming, &about.metadata, events)
                .map_err(|error| with_shape(error, grid, orientation))?;
            let items = bind_items(path, train, naming, &about.metadata, registry)?;
            return Ok(Bound::Matrix { items, events: bound, events_by, orientation });
        }
        Layout::Triples { assets } => *assets,
    };
    let given = [
        ("--columns", naming.columns.is_some()),
        ("--item-ids", naming.item_ids.is_some()),
        ("--event-ids", naming.event_ids.is_some()),
        ("--events-in-order", naming.events_in_order),
        ("--orientation", request.orientation.is_some()),
        ("--items", assets && naming.items.is_some()),
    ];
    if let Some((option, _)) = given.iter().find(|(_, given)| *given) {
        let what = if assets { "assets" } else { "items" };
        return refuse(format!(
            "{option} goes with a matrix: this file names events and {what} itself"
        ));
    }
    if assets {
        return Ok(Bound::Triples { naming: triples::Naming::Assets(registry), by: "asset names" });
    }
    let items = Items::load(naming.items, registry)?;
    let by = if items.has_map() { "items" } else { "content hashes" };
    Ok(Bound::Triples { naming: triples::Naming::Items(items), by })
}

/// Says of which matrix the number of events is wrong.
fn with_shape(error: LedgerError, grid: &Grid, orientation: Orientation) -> LedgerError {
    match error {
        LedgerError::Input { place, fault } => match *fault {
            Fault::Value { what: "events", expected, got } if place.path == grid.path => {
                let [rows, columns] = grid.shape();
                let got = format!(
                    "{} in a matrix of {rows} x {columns} ({orientation})",
                    got.trim_matches('"')
                );
                LedgerError::input(
                    *place,
                    Fault::value("shape", format!("events: {expected}"), got),
                )
            }
            fault => LedgerError::input(*place, fault),
        },
        error => error,
    }
}

struct Collected {
    records: Vec<Record>,
    summary: ImportSummary,
}

fn read(
    source: &mut dyn ScoreSource,
    path: &Path,
    bound: &Bound<'_>,
    events: &Events,
    finish: &Finish<'_>,
    request: &Request<'_>,
    progress: &mut Progress<'_>,
) -> Result<Collected> {
    let mut keep_all = false;
    loop {
        let mode = match bound {
            Bound::Matrix { items, events, orientation, .. } => Mode::Matrix {
                items,
                events,
                orientation: *orientation,
                unwritten: request.unwritten,
            },
            Bound::Triples { naming, .. } => {
                Mode::Triples(Triples::new(path, events, naming, finish, keep_all))
            }
        };
        let mut importer = Importer {
            mode,
            finish,
            records: Vec::new(),
            summary: ImportSummary::default(),
            ungrouped: false,
        };
        let done = source.read(&mut importer, progress);
        if importer.ungrouped {
            keep_all = true;
            continue;
        }
        done?;
        return importer.end();
    }
}

/// Takes what a source reads and makes records of it.
pub struct Importer<'a> {
    mode: Mode<'a>,
    finish: &'a Finish<'a>,
    records: Vec<Record>,
    summary: ImportSummary,
    ungrouped: bool,
}

enum Mode<'a> {
    Matrix {
        items: &'a BoundItems,
        events: &'a [u32],
        orientation: Orientation,
        unwritten: Unwritten,
    },
    Triples(Triples<'a>),
}

impl std::fmt::Debug for Importer<'_> {
    /// Scores are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Importer").field("path", &self.finish.path).finish_non_exhaustive()
    }
}

impl Importer<'_> {
    /// Takes a whole matrix.
    ///
    /// # Errors
    /// [`LedgerError::Input`] with row and column for a number that cannot be a score, with event and asset for
    /// a sum that cannot; [`LedgerError::Io`]; [`LedgerError::Cancelled`].
    ///
    /// # Panics
    /// If the source said that it has none.
    pub fn matrix(&mut self, grid: &Grid, progress: &mut Progress<'_>) -> Result<()> {
        let Mode::Matrix { items, events, orientation, unwritten } = self.mode else {
            panic!("the source said that it has triples");
        };
        let events_outer = (orientation == Orientation::TestXTrain) != grid.turned;
        let reading = matrix::Reading { grid, items, events, finish: self.finish, unwritten };
        let skipped = reading.read(events_outer, &mut |outcome| self.take(outcome), progress)?;
        self.summary.unwritten = skipped;
        self.summary.cells = grid.outer * grid.inner;
        self.summary.ignored_cells = items.ignored * events.len() as u64;
        Ok(())
    }

    /// Takes a row of a file that names events and items itself.
    ///
    /// # Errors
    /// [`LedgerError::Input`] at `at`. A source returns what it gets: an import may have to start over, and
    /// then [`ScoreSource::read`] is called again.
    ///
    /// # Panics
    /// If the source said that it has a matrix.
    pub fn triple(&mut self, event: &str, item: &str, number: &Number, at: At) -> Result<()> {
        let Mode::Triples(triples) = &mut self.mode else {
            panic!("the source said that it has a matrix");
        };
        match triples.add(event, item, number, at) {
            Ok(()) => {}
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::Ungrouped) => {
                self.ungrouped = true;
                return Err(LedgerError::Cancelled);
            }
        }
        let outcomes = std::mem::take(&mut triples.outcomes);
        outcomes.into_iter().try_for_each(|outcome| self.take(outcome))
    }

    fn take(&mut self, outcome: Outcome) -> Result<()> {
        let Outcome { records, pairs, rounded, ignored, below, top, kept, all_zero } = outcome;
        self.records.extend_from_slice(&records);
        let summary = &mut self.summary;
        summary.pairs += pairs;
        summary.rounded += rounded;
        summary.ignored.join(ignored);
        summary.dropped_below.join(below);
        summary.dropped_by_top.join(top);
        summary.kept.join(kept);
        summary.events_all_zero += u64::from(all_zero);
        if self.records.len() <= MOST_RECORDS {
            return Ok(());
        }
        let expected = format!("at most {MOST_RECORDS}; keep the highest of each event with --top");
        Err(LedgerError::in_file(self.finish.path, Fault::value("records", expected, "more")))
    }

    fn end(mut self) -> Result<Collected> {
        if let Mode::Triples(triples) = &mut self.mode {
            triples.close()?;
            let outcomes = std::mem::take(&mut triples.outcomes);
            self.summary.cells = triples.cells;
            self.summary.ignored_cells = triples.ignored;
            self.summary.sorted = triples.unsorted;
            outcomes.into_iter().try_for_each(|outcome| self.take(outcome))?;
        }
        self.summary.ignored.count = self.summary.ignored_cells;
        let Self { mut records, summary, .. } = self;
        let key = |record: &Record| (record.event, record.asset);
        if !records.is_sorted_by_key(key) {
            records.sort_unstable_by_key(key);
        }
        Ok(Collected { records, summary })
    }
}
