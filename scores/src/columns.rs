//! `columns.csv`: which asset each column of a matrix belongs to, `column,asset`.

use std::path::Path;

use meed_ledger::registry::Registry;
use meed_ledger::shown as quoted;
use meed_ledger::table::Table;
use meed_ledger::{Fault, LedgerError, Result};

const HEADER: &[&str] = &["column", "asset"];

/// Which asset each column belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// For each column, its asset's place in `assets`.
    slots: Vec<u32>,
    /// The assets that have columns, increasing.
    assets: Vec<u32>,
}

impl Columns {
    /// Reads the map of a matrix with so many columns: each, from 0, is there once, in any order.
    ///
    /// # Errors
    /// [`LedgerError::Input`] with the line; [`LedgerError::Io`].
    pub fn load(path: &Path, columns: u64, registry: &Registry) -> Result<Self> {
        let mut table = Table::open(path, HEADER)?;
        let mut rows: Vec<(u64, u32, u64)> = Vec::new();
        while let Some(row) = table.next_row()? {
            let most = u128::from(columns.saturating_sub(1));
            let column = row.integer(0, most)? as u64;
            let asset = registry.index(row.get(1)).ok_or_else(|| {
                row.fault(Fault::Unknown {
                    what: "asset",
                    name: quoted(row.get(1)),
                    hint: "expected the name of an asset in registry.csv",
                })
            })?;
            rows.push((column, asset, row.line));
        }
        rows.sort_unstable_by_key(|(column, _, line)| (*column, *line));
        for pair in rows.windows(2) {
            if pair[0].0 == pair[1].0 {
                let first = format!("on line {}", pair[0].2);
                let fault =
                    Fault::Duplicate { what: "column", value: pair[0].0.to_string(), first };
                return Err(LedgerError::at_line(path, pair[1].2, fault));
            }
        }
        if rows.len() as u64 != columns {
            let missing = rows.iter().zip(0u64..).find(|((column, ..), i)| column != i);
            let missing = missing.map_or(rows.len() as u64, |(_, i)| i);
            let expected = format!("all {columns}, from 0 (column {missing} is missing)");
            return Err(LedgerError::in_file(path, Fault::value("columns", expected, rows.len())));
        }
        Ok(Self::new(rows.into_iter().map(|(_, asset, _)| asset).collect()))
    }

    /// Column `i` is asset `i`.
    #[must_use]
    pub fn identity(columns: u32) -> Self {
        Self::new((0..columns).collect())
    }

    fn new(columns: Vec<u32>) -> Self {
        let mut assets = columns.clone();
        assets.sort_unstable();
        assets.dedup();
        let slot = |asset| assets.binary_search(&asset).expect("taken from the columns") as u32;
        Self { slots: columns.into_iter().map(slot).collect(), assets }
    }

    /// The place of a column's asset in [`Columns::assets`].
    #[must_use]
    pub fn slot(&self, column: u32) -> Option<u32> {
        self.slots.get(column as usize).copied()
    }

    /// The assets that have columns, increasing.
    #[must_use]
    pub fn assets(&self) -> &[u32] {
        &self.assets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn every_column_once() {
        let registry = crate::csv::test_registry();
        let load = |rows: &str| {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            write!(file, "column,asset\n{rows}").unwrap();
            Columns::load(file.path(), 3, &registry).map_err(|e| e.to_string())
        };
        let columns = load("2,d\n0,m\n1,d\n").unwrap();
        assert_eq!(columns.assets(), [0, 1]);
        assert_eq!([0, 1, 2].map(|c| columns.slot(c).unwrap()), [1, 0, 0]);
        for (rows, expected) in [
            ("0,d\n1,d\n", "columns: expected all 3, from 0 (column 2 is missing), got \"2\""),
            ("0,d\n2,d\n", "(column 1 is missing)"),
            ("0,d\n0,d\n1,d\n2,d\n", "line 3: column 0 is there twice: first on line 2"),
            ("3,d\n", "line 2: column: expected a whole number up to 2, got \"3\""),
            ("0,x\n", "line 2: asset \"x\" is unknown"),
        ] {
            let error = load(rows).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
