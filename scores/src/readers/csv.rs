//! Scores in CSV, in any order: `event,asset,score` or `event_id,item,score`.
//!
//! An event is an id or a position from 0, an asset is a name of the registry, an item is an id or a
//! content hash, a score is a decimal number.

use std::path::{Path, PathBuf};

use meed_ledger::content::Progress;
use meed_ledger::decimal::Exact;
use meed_ledger::table::Table;
use meed_ledger::{At, Fault, LedgerError, Result};

use super::{About, Format, Layout, ScoreSource};
use crate::metadata::Metadata;
use crate::triples::Number;
use crate::Importer;

const OF_ASSETS: &[&str] = &["event", "asset", "score"];
const OF_ITEMS: &[&str] = &["event_id", "item", "score"];

/// A CSV file of scores.
#[derive(Debug)]
pub(super) struct CsvSource {
    path: PathBuf,
    about: About,
}

impl CsvSource {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let table = Self::table(path)?;
        let about = About {
            format: Format::Csv,
            dtype: "decimal".to_owned(),
            layout: Layout::Triples { assets: table.header() == OF_ASSETS },
            tensor: None,
            metadata: Metadata::default(),
            files: vec![path.to_owned()],
        };
        Ok(Self { path: path.to_owned(), about })
    }

    fn table(path: &Path) -> Result<Table<'static>> {
        Table::open_any(path, &[OF_ASSETS, OF_ITEMS])
    }
}

impl ScoreSource for CsvSource {
    fn about(&self) -> &About {
        &self.about
    }

    fn read(&mut self, importer: &mut Importer<'_>, progress: &mut Progress<'_>) -> Result<()> {
        let meta = std::fs::metadata(&self.path).map_err(LedgerError::io("read", &self.path))?;
        let mut table = Self::table(&self.path)?;
        let mut rows = 0u64;
        loop {
            let read = table.bytes();
            let Some(row) = table.next_row()? else { return Ok(()) };
            rows += 1;
            if rows.is_multiple_of(4_096) && progress(read, meta.len()).is_break() {
                return Err(LedgerError::Cancelled);
            }
            let value: Exact = row.get(2).parse().map_err(|e| row.fault(Fault::Score(e)))?;
            importer.triple(row.get(0), row.get(1), &Number::Exact(value), At::Line(row.line))?;
        }
    }
}
