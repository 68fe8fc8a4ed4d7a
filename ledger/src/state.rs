//! `state.csv`: what waits in accounts from one epoch to the next, `account,accrued` in credits,
//! strictly increasing by account.

use std::io::{self, Write};
use std::path::Path;

use meed_statement::types::{Account, StateEntry};
use meed_statement::units::ACCRUED_BITS;
use ruint::aliases::U256;

use crate::error::{Fault, Result};
use crate::table::Table;

/// Name of the file.
pub const FILE: &str = "state.csv";
const HEADER: &[&str] = &["account", "accrued"];

/// Reads a state.
///
/// # Errors
/// [`LedgerError::Input`](crate::LedgerError::Input) with the line; [`LedgerError::Io`](crate::LedgerError::Io).
pub fn load(path: &Path) -> Result<Vec<StateEntry>> {
    read(Table::open(path, HEADER)?)
}

/// Reads a state from bytes; `path` is for errors.
///
/// # Errors
/// As [`load`].
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Vec<StateEntry>> {
    read(Table::new(path, bytes, HEADER)?)
}

fn read(mut table: Table<'_>) -> Result<Vec<StateEntry>> {
    let mut state: Vec<StateEntry> = Vec::new();
    while let Some(row) = table.next_row()? {
        let account: Account =
            row.get(0).parse().map_err(|error| row.expected(0, format!("an account ({error})")))?;
        if let Some(last) = state.last().filter(|last| last.account >= account) {
            let expected = format!("accounts strictly increasing, above {}", last.account);
            return Err(row.fault(Fault::value("account", expected, account)));
        }
        let accrued = credits(row.get(1)).filter(|c| !c.is_zero()).filter(in_range);
        let expected = "a whole number of credits, above zero and below 2^134";
        let accrued = accrued.ok_or_else(|| row.expected(1, expected))?;
        state.push(StateEntry { account, accrued });
    }
    Ok(state)
}

fn in_range(accrued: &U256) -> bool {
    accrued.bit_len() as u32 <= ACCRUED_BITS
}

/// A whole number of base ten below 2^256.
#[must_use]
pub fn credits(text: &str) -> Option<U256> {
    let digits = !text.is_empty() && text.len() <= 78 && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| U256::from_str_radix(text, 10).ok()).flatten()
}

/// Writes a state in the form that [`load`] reads.
///
/// # Errors
/// What the writer returns.
pub fn write(state: &[StateEntry], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", HEADER.join(","))?;
    state.iter().try_for_each(|e| writeln!(out, "{},{}", e.account, e.accrued))
}

#[cfg(test)]
mod tests {
    use super::*;
    use meed_statement::synthetic::{epoch, Spec};

    #[test]
    fn a_state_survives_its_file() {
        let spec =
            Spec { assets: 4, events: 1, records: 1, owners: 3, state: 9, skew: 0.0, seed: 4 };
        let state = epoch(&spec).state;
        let mut out = Vec::new();
        write(&state, &mut out).unwrap();
        assert_eq!(parse(Path::new(FILE), &out).unwrap(), state);
    }

    #[test]
    fn errors_name_the_line() {
        let a = format!("0x{:040x}", 5);
        let read = |rows: String| {
            parse(Path::new(FILE), format!("account,accrued\n{rows}").as_bytes())
                .unwrap_err()
                .to_string()
        };
        let error = read(format!("{a},1\n{a},1\n"));
        assert!(error.starts_with("state.csv, line 3: account: expected accounts strictly"));
        let over: U256 = U256::from(1) << 134;
        for bad in ["0", "-1", "1.0", "", &over.to_string(), &"9".repeat(78)] {
            let error = read(format!("{a},{bad}\n"));
            assert!(error.starts_with("state.csv, line 2: accrued: expected a whole"), "{error}");
        }
        assert!(read("0x0,1\n".to_owned()).contains("line 2: account: expected an account"));
    }
}
