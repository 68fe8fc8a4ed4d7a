//! `meed settle --policy`: an epoch under other rules. Nothing is saved.

use std::cmp::Ordering;
use std::path::Path;

use anyhow::Result;
use meed_audit::{Change, Crossing, WhatIf};
use meed_ledger::project::{Epoch, Project};
use meed_ledger::receipt::Show;
use meed_ledger::registry::Registry;
use meed_ledger::{policy, shown};
use meed_statement::types::{Account, Inputs};
use meed_statement::units::credits;
use ruint::aliases::U256;
use serde_json::{json, Value};

use super::settle::{bare, hint, largest, who};
use crate::args::Settle;
use crate::failure::input;
use crate::ui::{table, Report, Ui};

pub(crate) fn run(args: &Settle, root: &Path, ui: &Ui) -> Result<Report> {
    let show = args.show.get()?;
    let project = Project::open_to_read(root)?;
    let (_, epoch, trace) = super::settled(project, args.epoch, ui)?;
    let (other, registry) = other(args, &epoch)?;
    let (inputs, number) = (epoch.inputs.clone(), epoch.inputs.epoch);
    let what_if =
        ui.wait("settling under the other rules", move || WhatIf::new(&inputs, &trace, &other))?;
    let place = args.policy.as_ref().or(args.registry.as_ref());
    let place = place.map(|path| path.display().to_string()).unwrap_or_default();
    let what_if = what_if.map_err(|violation| input(format!("{place}: {violation}")))?;
    let text = explain(&epoch, &registry, &what_if, &show, args.all);
    Ok(Report::new(text, to_json(number, &what_if)))
}

/// The epoch's inputs under the other rules, and the registry with which they are computed.
fn other(args: &Settle, epoch: &Epoch) -> Result<(Inputs, Registry)> {
    let mut other = epoch.inputs.clone();
    if let Some(path) = &args.policy {
        let rules = policy::load(path)?;
        let (expected, got) = (other.policy.fraction_bits, rules.fraction_bits);
        if expected != got {
            return Err(input(format!(
                "{}: fraction_bits: expected {expected}, as the epoch's scores have, got {got}",
                path.display()
            )));
        }
        other.policy = rules;
    }
    let mut registry = epoch.registry.clone();
    if let Some(path) = &args.registry {
        registry = Registry::load(path)?;
        // Events and records name assets by their position.
        let names = registry.names();
        for (i, expected) in epoch.registry.names().iter().enumerate() {
            let got = names.get(i).map_or_else(|| "none".to_owned(), |name| shown(name));
            if names.get(i) != Some(expected) {
                return Err(input(format!(
                    "{}, asset {i} (from 0): expected {}, as in the epoch's registry, got {got}",
                    path.display(),
                    shown(expected)
                )));
            }
        }
        other.registry = registry.assets().to_vec();
    }
    Ok((other, registry))
}

/// An amount with its sign.
fn signed(show: &Show, (sign, amount): (Ordering, U256)) -> String {
    let text = bare(show, amount);
    match sign {
        Ordering::Less => format!("-{text}"),
        Ordering::Equal => text,
        Ordering::Greater => format!("+{text}"),
    }
}

/// Millionths as a percentage.
fn percent(millionths: u64) -> String {
    format!("{}.{:02} %", millionths / 10_000, millionths % 10_000 / 100)
}

fn explain(epoch: &Epoch, registry: &Registry, what_if: &WhatIf, show: &Show, all: bool) -> String {
    let mut text = format!(
        "Epoch {} under other rules: fees of {}. Amounts are in {}; earned is before and after.\n\n",
        epoch.inputs.epoch,
        show.units(what_if.fees_total),
        show.symbol()
    );
    let changed: Vec<&Change> =
        what_if.accounts.iter().filter(|change| change.before != change.after).collect();
    if changed.is_empty() {
        text.push_str("Nobody would get anything else.\n");
    } else {
        let count = changed.len();
        let (shown, hidden) = largest(changed, all);
        let owners = |account: Account| {
            let known = who(epoch, account);
            match registry.assets().iter().position(|asset| asset.owner == account) {
                Some(at) if known.starts_with('(') => registry.names()[at].clone(),
                _ => known,
            }
        };
        let rows: Vec<Vec<String>> =
            shown.into_iter().map(|change| row(change, what_if, show, &owners)).collect();
        let header = [
            "account",
            "of",
            "earned",
            "would earn",
            "difference",
            "share",
            "would be",
            "paid",
            "",
        ];
        text.push_str(&table(&header, &rows, &[2, 3, 4, 5, 6, 7]));
        text.push_str(&hint(hidden));
        let same = what_if.accounts.len() - count;
        text.push_str(&format!("{count} accounts would get something else, {same} the same.\n"));
    }
    let moved = what_if.accounts.iter().map(Change::difference);
    let moved = moved.filter(|(sign, _)| *sign == Ordering::Greater);
    let moved = moved.fold(U256::ZERO, |sum, (_, amount)| sum + amount);
    let count = |crossing| what_if.accounts.iter().filter(|c| c.crosses == Some(crossing)).count();
    let rows = [
        ("moves between accounts", show.credits(moved)),
        (
            "paid now",
            format!("{} -> {}", show.units(what_if.paid_before), show.units(what_if.paid_after)),
        ),
        (
            "waits for later",
            format!(
                "{} -> {}",
                show.credits(what_if.waits_before),
                show.credits(what_if.waits_after)
            ),
        ),
        (
            "taken by the cap",
            format!(
                "{} -> {}",
                show.credits(what_if.capped_before),
                show.credits(what_if.capped_after)
            ),
        ),
        ("would be paid, not wait", format!("{} accounts", count(Crossing::IsPaid))),
        ("would wait, not be paid", format!("{} accounts", count(Crossing::Waits))),
    ];
    text.push('\n');
    text.extend(rows.iter().map(|(name, value)| format!("  {name:24} {value}\n")));
    text.push_str("\nNothing was saved.");
    text
}

fn row(
    change: &Change,
    what_if: &WhatIf,
    show: &Show,
    who: &dyn Fn(Account) -> String,
) -> Vec<String> {
    let Change { account, before, after, crosses } = change;
    let mut remark = match crosses {
        Some(Crossing::IsPaid) => "would be paid, not wait".to_owned(),
        Some(Crossing::Waits) => "would wait, not be paid".to_owned(),
        None => String::new(),
    };
    if before.capped.is_zero() != after.capped.is_zero() {
        let text = if after.capped.is_zero() { "not capped any more" } else { "capped" };
        remark = [remark.as_str(), text]
            .into_iter()
            .filter(|t| !t.is_empty())
            .collect::<Vec<_>>()
            .join("; ");
    }
    let paid = match before.paid == after.paid {
        true => bare(show, credits(after.paid)),
        false => {
            format!("{} -> {}", bare(show, credits(before.paid)), bare(show, credits(after.paid)))
        }
    };
    vec![
        account.to_string(),
        who(*account),
        bare(show, before.credited),
        bare(show, after.credited),
        signed(show, change.difference()),
        percent(what_if.millionths(before.credited)),
        percent(what_if.millionths(after.credited)),
        paid,
        remark,
    ]
}

/// As the struct says, with the sign of each difference and shares in millionths of the fees.
fn to_json(epoch: u64, what_if: &WhatIf) -> Value {
    let mut json = json!(what_if);
    json["epoch"] = json!(epoch);
    json["saved"] = Value::Null;
    let rows = json["accounts"].as_array_mut().into_iter().flatten();
    for (row, change) in rows.zip(&what_if.accounts) {
        let (sign, amount) = change.difference();
        let minus = if sign == Ordering::Less { "-" } else { "" };
        row["difference"] = json!(format!("{minus}{amount}"));
        row["share_before"] = json!(what_if.millionths(change.before.credited));
        row["share_after"] = json!(what_if.millionths(change.after.credited));
    }
    json
}
