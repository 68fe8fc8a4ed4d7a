//! `columns.csv`: which asset each item of a matrix belongs to, by position, `column,asset`.
//!
//! A column counts from 0, in the sense of training data, whatever the orientation. The asset is written as
//! in [`items.csv`](super::items).

use std::path::Path;

use meed_ledger::registry::Registry;
use meed_ledger::table::Table;
use meed_ledger::{Fault, LedgerError, Result};

use super::items::{target, Target};

const HEADER: &[&str] = &["column", "asset"];

/// Reads the map of a matrix with so many columns: each, from 0, is there once, in any order.
///
/// # Errors
/// [`LedgerError::Input`] with the line; [`LedgerError::Io`].
pub fn load(path: &Path, columns: u64, registry: &Registry) -> Result<Vec<Target>> {
    let mut table = Table::open(path, HEADER)?;
    // The map's own length bounds what is kept: a matrix without rows may claim any number of columns.
    let mut rows: Vec<(u32, Target, u32)> = Vec::new();
    let most = columns.saturating_sub(1).min(u64::from(u32::MAX));
    while let Some(row) = table.next_row()? {
        let column = row.integer(0, most.into())? as u32;
        let line = u32::try_from(row.line).unwrap_or(u32::MAX);
        rows.push((column, target(&row, 1, registry)?, line));
    }
    rows.sort_unstable_by_key(|(column, _, line)| (*column, *line));
    for pair in rows.windows(2) {
        if pair[0].0 == pair[1].0 {
            let first = format!("on line {}", pair[0].2);
            let fault = Fault::Duplicate { what: "column", value: pair[0].0.to_string(), first };
            return Err(LedgerError::at_line(path, pair[1].2.into(), fault));
        }
    }
    if rows.len() as u64 != columns {
        let missing = rows.iter().zip(0u64..).find(|((column, ..), i)| u64::from(*column) != *i);
        let missing = missing.map_or(rows.len() as u64, |(_, i)| i);
        let expected = format!("all {columns}, from 0 (column {missing} is missing)");
        return Err(LedgerError::in_file(path, Fault::value("columns", expected, rows.len())));
    }
    Ok(rows.into_iter().map(|(_, target, _)| target).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn every_column_once() {
        let registry = crate::test_world::registry();
        let load = |rows: &str| {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            write!(file, "column,asset\n{rows}").unwrap();
            load(file.path(), 3, &registry).map_err(|e| e.to_string())
        };
        let (d, m) = (Target::Asset(0), Target::Asset(1));
        assert_eq!(load("2,d\n0,m\n1,d\n").unwrap(), [m, d, d]);
        let hash = format!("sha256:{:032x}{:032x}", 2, 0);
        assert_eq!(load(&format!("2,-\n0,{hash}\n1,d\n")).unwrap(), [m, d, Target::Nobody]);
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
