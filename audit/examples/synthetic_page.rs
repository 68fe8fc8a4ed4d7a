//! Writes the page of a synthetic epoch without a proof: `synthetic_page ACCOUNTS FILE`.

use std::error::Error;

use meed_audit::page;
use meed_audit::view::View;
use meed_ledger::receipt::Show;
use meed_statement::settle::settle;
use meed_statement::synthetic::{epoch, Spec};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [accounts, file] = arguments.as_slice() else {
        return Err("expected a number of accounts and a file".into());
    };
    let accounts: usize = accounts.parse()?;
    let inputs = epoch(&Spec {
        assets: accounts,
        events: 64,
        records: 4 * accounts.min(1 << 17),
        owners: accounts,
        state: accounts,
        skew: 0.8,
        seed: 7,
    });
    let names: Vec<String> = (0..inputs.registry.len()).map(|i| format!("dataset-{i}")).collect();
    let view = View::operator(&inputs, &settle(&inputs)?, &names, None, &Show::default())?;
    std::fs::write(file, page::render(&view)?)?;
    Ok(())
}
