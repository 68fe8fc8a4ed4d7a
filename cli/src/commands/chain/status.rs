//! `meed chain status`.

use std::path::Path;

use anyhow::Result;
use meed_chain::contract::{CircuitState, EpochState, Setup, State};
use meed_chain::{utc, B256, U256};
use serde_json::json;

use super::Place;
use crate::args::chain::Status;
use crate::ui::{table, Report, Ui};

pub(crate) fn run(args: &Status, root: &Path, ui: &Ui) -> Result<Report> {
    let place = Place::open(&args.contract, root, ui)?;
    let contract = place.contract()?;
    let (state, setup) = (contract.state()?, contract.setup()?);
    let block = place.client.last_block()?.header;
    let known = place.deployment.iter().flat_map(|d| d.circuits.iter().map(|c| c.number));
    let mut numbers: Vec<u64> = known.chain(1..=3).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut circuits = Vec::new();
    for number in numbers {
        circuits.extend(contract.circuit(number)?.map(|circuit| (number, circuit)));
    }
    let first = state.epoch.saturating_sub(args.epochs) + 1;
    let mut epochs = Vec::new();
    for number in first..=state.epoch {
        if let Some(epoch) = contract.epoch(number)? {
            let left = contract.unclaimed(number)?;
            epochs.push((epoch, left));
        }
    }

    let mut text = format!(
        "Contract {} on chain {}, block {} of {}\n",
        place.address,
        place.client.chain_id(),
        block.number,
        utc(block.timestamp)
    );
    text.push_str(&describe(&state, &setup));
    text.push_str(&circuit_table(&circuits, block.timestamp));
    text.push_str(&epoch_table(&epochs));
    let json = json!({
        "chain_id": place.client.chain_id(),
        "contract": place.address,
        "block": block.number,
        "time": block.timestamp,
        "epoch": state.epoch,
        "state_root": format!("{:#066x}", state.state_root),
        "pot": state.pot.to_string(),
        "locked": state.locked.to_string(),
        "accrued": state.accrued.to_string(),
        "commitment": state.commitment,
        "committed_time": state.committed_time,
        "paused": state.paused,
        "token": setup.token.to_string(),
        "owner": setup.owner,
        "operator": setup.operator,
        "guardian": setup.guardian,
        "treasury": setup.treasury,
        "claim_delay": setup.claim_delay,
        "sweep_delay": setup.sweep_delay,
        "timelock": setup.timelock,
        "circuits": circuits.iter().map(|(number, c)| json!({
            "number": number,
            "verifier": c.verifier,
            "key_id": c.key_id,
            "insecure": c.insecure,
            "active_from": c.active_from,
            "retired": c.retired,
        })).collect::<Vec<_>>(),
        "epochs": epochs.iter().map(|(e, left)| json!({
            "epoch": e.number,
            "claim_root": e.root,
            "payouts": e.payouts,
            "released": e.released.to_string(),
            "unclaimed": left.to_string(),
            "claimable_from": e.claimable_from,
            "swept": e.swept,
        })).collect::<Vec<_>>(),
    });
    Ok(Report::new(text, json))
}

fn describe(state: &State, setup: &Setup) -> String {
    let next = state.epoch + 1;
    let commitment = match state.commitment {
        B256::ZERO => format!("none for epoch {next}"),
        hash => format!("epoch {next}: {hash}, of {}", utc(state.committed_time)),
    };
    let rows = [
        ("settled epochs", state.epoch.to_string()),
        ("state root", format!("{:#066x}", state.state_root)),
        ("commitment", commitment),
        ("pot", format!("{} base units, for no epoch yet", state.pot)),
        ("locked", format!("{} base units, the committed epoch's fees", state.locked)),
        ("accrued", format!("{} base units, waiting in accounts", state.accrued)),
        ("paused", if state.paused { "YES" } else { "no" }.to_owned()),
        ("token", setup.token.to_string()),
        ("owner", setup.owner.to_string()),
        ("operator", setup.operator.to_string()),
        ("guardian", setup.guardian.to_string()),
        ("treasury", setup.treasury.to_string()),
        ("claim delay", format!("{} s", setup.claim_delay)),
        ("sweep delay", format!("{} s", setup.sweep_delay)),
        ("timelock", format!("{} s", setup.timelock)),
    ];
    rows.iter().map(|(name, value)| format!("  {name:15} {value}\n")).collect()
}

fn circuit_table(circuits: &[(u64, CircuitState)], now: u64) -> String {
    let row = |(number, circuit): &(u64, CircuitState)| {
        let mut state = match (circuit.retired, now < circuit.active_from) {
            (true, _) => "retired".to_owned(),
            (false, true) => format!("from {}", utc(circuit.active_from)),
            (false, false) => "active".to_owned(),
        };
        if circuit.insecure {
            state.push_str(", INSECURE KEY");
        }
        vec![number.to_string(), circuit.key_id.to_string(), circuit.verifier.to_string(), state]
    };
    let rows: Vec<Vec<String>> = circuits.iter().map(row).collect();
    format!("Circuits\n{}", table(&["number", "key", "verifier", "state"], &rows, &[0]))
}

fn epoch_table(epochs: &[(EpochState, U256)]) -> String {
    if epochs.is_empty() {
        return "No epoch is settled\n".to_owned();
    }
    let row = |(epoch, left): &(EpochState, U256)| {
        let claims = match epoch.swept {
            true => "swept".to_owned(),
            false => utc(epoch.claimable_from),
        };
        vec![
            epoch.number.to_string(),
            epoch.payouts.to_string(),
            epoch.released.to_string(),
            left.to_string(),
            claims,
        ]
    };
    let rows: Vec<Vec<String>> = epochs.iter().map(row).collect();
    let header = ["epoch", "payouts", "released", "unclaimed", "claimable from"];
    format!("Epochs, in base units\n{}", table(&header, &rows, &[0, 1, 2, 3]))
}
