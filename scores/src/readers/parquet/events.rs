//! Events in Parquet: `id`, `fee`, `service` and `model`, as in `events.csv`.

use std::path::Path;

use meed_ledger::events::{Builder, Events, MOST_FEE};
use meed_ledger::registry::Registry;
use meed_ledger::table::integer;
use meed_ledger::{Fault, LedgerError, Location, Result};

use super::{Numbers, Table, Text, Value, BATCH};

/// Reads events.
pub(crate) fn load_events(path: &Path, registry: &Registry) -> Result<Events> {
    let table = Table::open(path)?;
    let names = ["id", "fee", "service", "model"];
    let mut columns = [0; 4];
    for (column, name) in columns.iter_mut().zip(names) {
        *column = table.column(&[name])?;
    }
    table.check(&columns)?;
    let mut builder = Builder::new(registry);
    let [mut ids, mut fees, mut services, mut models] = [const { Vec::new() }; 4];
    let mut values = Vec::new();
    let mut first = 0u64;
    for group in 0..table.groups() {
        let mut left = table.group_rows(group);
        let text =
            |i: usize, fixed: &[i32]| Text::open(&table, group, columns[i], names[i], fixed, false);
        let mut id = text(0, &[16])?;
        // Digits, or a whole number of some type.
        let mut fee = match text(1, &[]) {
            Ok(text) => Err(text),
            Err(_) => Ok(Numbers::open(&table, group, columns[1], names[1])?),
        };
        let (mut service, mut model) = (text(2, &[])?, text(3, &[])?);
        while left > 0 {
            let count = (BATCH as u64).min(left) as usize;
            id.next(path, names[0], first, count, &mut ids)?;
            service.next(path, names[2], first, count, &mut services)?;
            model.next(path, names[3], first, count, &mut models)?;
            match &mut fee {
                Err(text) => text.next(path, names[1], first, count, &mut fees)?,
                Ok(numbers) => {
                    numbers.next(path, names[1], first, count, &mut values)?;
                    fees.resize_with(count, String::new);
                    for (text, value) in fees.iter_mut().zip(&values) {
                        *text = match value {
                            Value::Decimal(digits, 0) => digits.to_string(),
                            Value::Decimal(..) => "a decimal with a fraction".to_owned(),
                            Value::Float(_) => "a float".to_owned(),
                        };
                    }
                }
            }
            for i in 0..count {
                let row = first + i as u64;
                let fail = |fault| LedgerError::input(Location::row(path, row), fault);
                let fee = integer(&fees[i]).filter(|fee| *fee <= MOST_FEE).ok_or_else(|| {
                    let expected = format!("a whole number up to {MOST_FEE}");
                    fail(Fault::value("fee", expected, &fees[i]))
                })?;
                let first = |first: u32| format!("in row {first} (from 0)");
                builder.push(&ids[i], fee, &services[i], &models[i], first).map_err(fail)?;
            }
            first += count as u64;
            left -= count as u64;
        }
    }
    Ok(builder.finish())
}
