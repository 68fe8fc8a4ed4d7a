//! `records.csv`: the scores of an epoch in fixed point, `event,asset,score`.
//!
//! Event and asset are positions from 0 in `events.csv` and `registry.csv`; a score is a whole
//! number, the multiple of `2^-fraction_bits` that the policy fixes. Rows are strictly increasing by
//! event and asset. The file is a secret of the operator, and no error repeats a score of it.

use std::io::{self, Write};
use std::path::Path;

use meed_statement::roots::RECORDS_PER_ELEMENT;
use meed_statement::types::Record;
use meed_statement::units::SCORE_BITS;

use crate::error::{Fault, Result};
use crate::table::{integer, Table};

/// Name of the file in an epoch's folder.
pub const FILE: &str = "records.csv";
const HEADER: &[&str] = &["event", "asset", "score"];
/// As many records as their tree takes: 8^8 elements, two records an element.
pub const MOST_RECORDS: usize = RECORDS_PER_ELEMENT << 24;

/// Reads the records of an epoch with so many events and assets.
///
/// # Errors
/// [`LedgerError::Input`](crate::LedgerError::Input) with the line; [`LedgerError::Io`](crate::LedgerError::Io).
pub fn load(path: &Path, events: usize, assets: usize) -> Result<Vec<Record>> {
    read(Table::open(path, HEADER)?, events, assets)
}

/// Reads records from bytes; `path` is for errors.
///
/// # Errors
/// As [`load`].
pub fn parse(path: &Path, bytes: &[u8], events: usize, assets: usize) -> Result<Vec<Record>> {
    read(Table::new(path, bytes, HEADER)?, events, assets)
}

fn read(mut table: Table<'_>, events: usize, assets: usize) -> Result<Vec<Record>> {
    let mut records: Vec<Record> = Vec::new();
    while let Some(row) = table.next_row()? {
        let index = |field: usize, count: usize| {
            let index = integer(row.get(field)).filter(|i| *i < count as u128);
            let index = index.and_then(|i| u32::try_from(i).ok());
            index.ok_or_else(|| row.expected(field, format!("an index below {count}")))
        };
        let (event, asset) = (index(0, events)?, index(1, assets)?);
        if let Some(last) = records.last().filter(|r| (r.event, r.asset) >= (event, asset)) {
            let expected =
                format!("pairs strictly increasing, above {},{}", last.event, last.asset);
            return Err(row.fault(Fault::value("pair", expected, format!("{event},{asset}"))));
        }
        if records.len() == MOST_RECORDS {
            let fault = Fault::value("records", format!("at most {MOST_RECORDS}"), "one more");
            return Err(row.fault(fault));
        }
        let score = score(row.get(2)).ok_or_else(|| {
            let expected = "a whole number of magnitude below 2^47".to_owned();
            row.fault(Fault::Secret { what: "score", expected })
        })?;
        records.push(Record { event, asset, score });
    }
    Ok(records)
}

fn score(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let magnitude = integer(digits).filter(|m| m >> SCORE_BITS == 0)? as i64;
    Some(if negative { -magnitude } else { magnitude })
}

/// Writes records in the form that [`load`] reads.
///
/// # Errors
/// What the writer returns.
pub fn write(records: &[Record], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", HEADER.join(","))?;
    records
        .iter()
        .try_for_each(|Record { event, asset, score }| writeln!(out, "{event},{asset},{score}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: &str) -> std::result::Result<Vec<Record>, String> {
        let text = format!("event,asset,score\n{rows}");
        parse(Path::new(FILE), text.as_bytes(), 2, 3).map_err(|e| e.to_string())
    }

    #[test]
    fn records_survive_their_file() {
        let most = (1i64 << 47) - 1;
        let records = read(&format!("0,0,{most}\n0,2,-{most}\n1,1,0\n")).unwrap();
        let mut out = Vec::new();
        write(&records, &mut out).unwrap();
        assert_eq!(parse(Path::new(FILE), &out, 2, 3).unwrap(), records);
        assert_eq!(records[1].score, -most);
    }

    #[test]
    fn errors_name_the_line_and_keep_the_score() {
        for (bad, expected) in [
            ("0,1,1\n", "pair: expected pairs strictly increasing, above 0,1, got \"0,1\""),
            ("0,0,1\n", "pair: expected pairs strictly increasing"),
            ("2,0,1\n", "event: expected an index below 2, got \"2\""),
            ("1,3,1\n", "asset: expected an index below 3, got \"3\""),
            ("1,0,140737488355328\n", "score: expected a whole number of magnitude below 2^47"),
            ("1,0,-140737488355328\n", "score: expected"),
            ("1,0,1.5\n", "score: expected"),
        ] {
            let error = read(&format!("0,1,5\n{bad}")).unwrap_err();
            assert!(error.starts_with("records.csv, line 3: "), "{error}");
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("14073") && !error.contains("1.5"), "{error}");
        }
    }
}
