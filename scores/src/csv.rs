//! Scores in CSV: `event,asset,score`, in any order.
//!
//! An event is an id or a position from 0, an asset is a name, a score is a decimal number.

use std::path::{Path, PathBuf};

use crate::{Cell, Importer, Layout, ScoreSource, Value};
use meed_ledger::content::Progress;
use meed_ledger::decimal::Exact;
use meed_ledger::events::Events;
use meed_ledger::registry::Registry;
use meed_ledger::shown as quoted;
use meed_ledger::table::Table;
use meed_ledger::{At, Fault, LedgerError, Result};

const HEADER: &[&str] = &["event", "asset", "score"];

/// A CSV file of scores.
pub struct CsvSource<'a> {
    path: PathBuf,
    table: Table<'static>,
    length: u64,
    events: &'a Events,
    registry: &'a Registry,
}

impl std::fmt::Debug for CsvSource<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CsvSource").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<'a> CsvSource<'a> {
    /// Opens a file whose events and assets are these.
    ///
    /// # Errors
    /// [`LedgerError::Io`]; [`LedgerError::Input`] when the header is another.
    pub fn open(path: &Path, events: &'a Events, registry: &'a Registry) -> Result<Self> {
        let table = Table::open(path, HEADER)?;
        let length = std::fs::metadata(path).map_err(LedgerError::io("read", path))?.len();
        Ok(Self { path: path.to_owned(), table, length, events, registry })
    }
}

impl ScoreSource for CsvSource<'_> {
    fn format(&self) -> &'static str {
        "CSV"
    }

    fn layout(&self) -> Layout {
        Layout::Named
    }

    fn read(&mut self, importer: &mut Importer<'_>, progress: &mut Progress<'_>) -> Result<()> {
        importer.open(0..self.events.len() as u32);
        let mut rows = 0u64;
        loop {
            let read = self.table.bytes();
            let Some(row) = self.table.next_row()? else { break };
            rows += 1;
            if rows.is_multiple_of(4_096) && progress(read, self.length).is_break() {
                return Err(LedgerError::Cancelled);
            }
            let unknown = |what, field, hint| {
                row.fault(Fault::Unknown { what, name: quoted(row.get(field)), hint })
            };
            let event = self.events.index(row.get(0)).ok_or_else(|| {
                unknown("event", 0, "expected an id in events.csv, or a position there from 0")
            })?;
            let column = self.registry.index(row.get(1)).ok_or_else(|| {
                unknown("asset", 1, "expected the name of an asset in registry.csv")
            })?;
            let value: Exact = row.get(2).parse().map_err(|e| row.fault(Fault::Score(e)))?;
            let at = At::Line(row.line);
            importer.cell(Cell { event, column, value: Value::Exact(value), at })?;
        }
        importer.close()
    }
}

/// A dataset `d`, a model `m`, an adapter `a` and a service `s`, in this order.
#[cfg(test)]
pub(crate) fn test_registry() -> Registry {
    let header = "name,kind,owner,content_hash,penalty_bps,edges\n";
    let row = |name: &str, kind: &str, i: u32| {
        format!("{name},{kind},0x{:040x},{i:032x}{:032x},0,\n", 1, 0)
    };
    let rows = [
        row("d", "dataset", 1),
        row("m", "model", 2),
        row("a", "adapter", 3),
        row("s", "service", 4),
    ];
    let text = format!("{header}{}", rows.concat());
    Registry::parse(Path::new(meed_ledger::registry::FILE), text.as_bytes()).expect("well-formed")
}
