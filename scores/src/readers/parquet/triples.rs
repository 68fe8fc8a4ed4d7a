//! Scores in Parquet: `event_id`, `item` and `score`, in any order.

use std::path::{Path, PathBuf};

use meed_ledger::content::Progress;
use meed_ledger::{At, LedgerError, Result};

use super::super::{About, Format, Layout, ScoreSource};
use super::{Numbers, Table, Text, Value, BATCH};
use crate::metadata::Metadata;
use crate::triples::Number;
use crate::Importer;

const EVENT: &[&str] = &["event_id", "event"];
const ITEM: &[&str] = &["item"];
const SCORE: &[&str] = &["score"];

/// A Parquet file of scores.
#[derive(Debug)]
pub(crate) struct ParquetSource {
    path: PathBuf,
    columns: [usize; 3],
    about: About,
}

impl ParquetSource {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let table = Table::open(path)?;
        let columns = [table.column(EVENT)?, table.column(ITEM)?, table.column(SCORE)?];
        table.check(&columns)?;
        let descriptor = table.descriptor(columns[2]);
        let dtype = match super::is_decimal(&descriptor) {
            true => format!("decimal of scale {}", descriptor.type_scale()),
            false => descriptor.physical_type().to_string().to_ascii_lowercase(),
        };
        let about = About {
            format: Format::Parquet,
            dtype,
            layout: Layout::Triples { assets: false },
            tensor: None,
            metadata: Metadata::of_pairs(path, table.pairs())?,
            files: vec![path.to_owned()],
        };
        Ok(Self { path: path.to_owned(), columns, about })
    }
}

impl ScoreSource for ParquetSource {
    fn about(&self) -> &About {
        &self.about
    }

    fn read(&mut self, importer: &mut Importer<'_>, progress: &mut Progress<'_>) -> Result<()> {
        let table = Table::open(&self.path)?;
        let [event, item, score] = self.columns;
        let (mut events, mut items, mut scores) = (Vec::new(), Vec::new(), Vec::new());
        let mut first = 0u64;
        for group in 0..table.groups() {
            let mut left = table.group_rows(group);
            let mut event = Text::open(&table, group, event, EVENT[0], &[16], false)?;
            let mut item = Text::open(&table, group, item, ITEM[0], &[32], true)?;
            let mut score = Numbers::open(&table, group, score, SCORE[0])?;
            while left > 0 {
                let count = (BATCH as u64).min(left) as usize;
                event.next(&self.path, EVENT[0], first, count, &mut events)?;
                item.next(&self.path, ITEM[0], first, count, &mut items)?;
                score.next(&self.path, SCORE[0], first, count, &mut scores)?;
                for (i, value) in (0..).zip(&scores) {
                    let number = match value {
                        Value::Float(value) => Number::Float(*value),
                        Value::Decimal(mantissa, exp10) => {
                            Number::Decimal { mantissa: *mantissa, exp10: *exp10 }
                        }
                    };
                    importer.triple(&events[i], &items[i], &number, At::Row(first + i as u64))?;
                }
                first += count as u64;
                left -= count as u64;
                if progress(first, table.rows()).is_break() {
                    return Err(LedgerError::Cancelled);
                }
            }
        }
        Ok(())
    }
}
