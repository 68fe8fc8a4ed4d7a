//! `meed settle`.

use std::path::Path;

use anyhow::Result;
use meed_ledger::project::{root_text, Epoch, Project};
use meed_ledger::receipt::Show;
use meed_statement::settle::{fee_share, AccountRow, Trace};
use meed_statement::shape::{Shape, Size};
use meed_statement::types::Account;
use meed_statement::units::credits;
use ruint::aliases::U256;
use serde_json::{json, Value};

use crate::args::Settle;
use crate::ui::{grouped, table, Report, Ui};

/// Rows of a table, unless all are asked for.
const SHOWN: usize = 20;

pub(crate) fn run(args: &Settle, root: &Path, ui: &Ui) -> Result<Report> {
    if args.policy.is_some() || args.registry.is_some() {
        return super::what_if::run(args, root, ui);
    }
    let (project, epoch, trace) = super::settled(Project::open(root)?, args.epoch, ui)?;
    let show = args.show.get()?;
    let mut text = explain(&epoch, &trace, &show, args.all);
    let mut saved = None;
    if epoch.committed {
        ui.go_on()?;
        let folder = project.save_settlement(epoch.inputs.epoch, &trace)?;
        text.push_str(&format!("\nPayouts and new state are in {}\n", folder.display()));
        if Shape::smallest(&Size::of(&epoch.inputs, &trace)).is_some() {
            text.push_str(&format!("Next: meed -p {} prove --keys KEYS", root.display()));
        }
        saved = Some(folder);
    } else {
        text.push_str("\nThis is a draft: the epoch is not committed, and nothing is saved.\n");
        text.push_str(&format!("Next: meed -p {} commit", root.display()));
    }
    let mut json = to_json(&epoch, &trace);
    json["saved"] = json!(saved);
    Ok(Report::new(text, json))
}

/// An amount for a table, whose heading names the unit: at most six digits after the point, and
/// `…` for what is cut off.
pub(super) fn bare(show: &Show, credits: U256) -> String {
    const DIGITS: usize = 6;
    let text = show.credits(credits);
    let text = text.trim_end_matches(show.symbol()).trim_end();
    match text.split_once('.') {
        Some((whole, fraction)) if fraction.chars().count() > DIGITS + 1 => {
            let kept: String = fraction.chars().take(DIGITS).collect();
            format!("{whole}.{kept}…")
        }
        _ => text.to_owned(),
    }
}

/// What an account is, in words: its assets and its roles.
pub(super) fn who(epoch: &Epoch, of: Account) -> String {
    let policy = &epoch.inputs.policy;
    let roles = ["platform", "stakers", "remainder"];
    let mut names: Vec<&str> = Vec::new();
    for (role, account) in roles.into_iter().zip(policy.accounts()) {
        if account == of {
            names.push(role);
        }
    }
    let owned = epoch.registry.assets().iter().zip(epoch.registry.names());
    names.extend(owned.filter(|(a, _)| a.owner == of).map(|(_, n)| n.as_str()));
    match names.len() {
        0 => "(from an earlier epoch)".to_owned(),
        1..=3 => names.join(", "),
        n => format!("{}, {} and {} more", names[0], names[1], n - 2),
    }
}

/// The settlement in words.
pub(crate) fn explain(epoch: &Epoch, trace: &Trace, show: &Show, all: bool) -> String {
    let inputs = &epoch.inputs;
    let policy = &inputs.policy;
    let header = &trace.header;
    let fees = header.fees_total;
    let mut text = format!(
        "Epoch {}: fees of {} from {} events. Amounts are in {}.\n\n",
        inputs.epoch,
        show.units(fees),
        inputs.events.len(),
        show.symbol()
    );
    let names = ["platform", "stakers", "service", "model", "data"];
    let shares: Vec<Vec<String>> = names
        .into_iter()
        .zip(policy.shares())
        .map(|(name, share)| {
            let amount = bare(show, fee_share(fees, share.get()));
            vec![name.to_owned(), grouped(share.get()), amount]
        })
        .collect();
    text.push_str(&table(&["role", "bps", "of the fees"], &shares, &[1, 2]));
    let counted = trace.counted.iter().filter(|c| **c > 0).count();
    let silent = trace.prices.iter().filter(|p| p.points == 0).count();
    text.push_str(&format!(
        "\n{} of {} records count (score at or above the threshold).\n",
        grouped(counted),
        grouped(inputs.records.len())
    ));
    if silent > 0 {
        text.push_str(&format!(
            "{silent} events have no counted score: their data share goes to the remainder account.\n"
        ));
    }
    text.push_str(
        "\nAssets: what they earned directly, what their children passed up, what they passed on\n",
    );
    text.push_str(&assets(epoch, trace, show, all));
    text.push_str("\nAccounts\n");
    text.push_str(&accounts(epoch, trace, show, all));
    if !trace.excess.is_zero() {
        text.push_str(&format!(
            "The cap of {} moved {} to the remainder account.\n",
            show.credits(trace.cap),
            show.credits(trace.excess)
        ));
    }
    let waiting = trace.state_after.iter().fold(U256::ZERO, |sum, e| sum + e.accrued);
    text.push_str(&format!(
        "\nPaid now: {} to {} accounts. Waiting for later epochs: {} of {} accounts.\n\
         Everything adds up (S10), and all eleven clauses hold.\n",
        show.units(header.released_total),
        header.payouts,
        show.credits(waiting),
        trace.state_after.len()
    ));
    let size = Size::of(inputs, trace);
    text.push_str(&match Shape::smallest(&size) {
        Some(shape) => format!("The epoch ({size}) fits shape {}.\n", shape.name),
        None => format!(
            "The epoch ({size}) is too large for the largest shape: it can be settled, not proved.\n"
        ),
    });
    text
}

pub(super) fn largest<T>(rows: Vec<T>, all: bool) -> (Vec<T>, usize) {
    let count = rows.len();
    let shown: Vec<T> = rows.into_iter().take(if all { count } else { SHOWN }).collect();
    let hidden = count - shown.len();
    (shown, hidden)
}

pub(super) fn hint(hidden: usize) -> String {
    if hidden == 0 {
        return String::new();
    }
    format!("  .. and {hidden} more (--all shows them)\n")
}

fn assets(epoch: &Epoch, trace: &Trace, show: &Show, all: bool) -> String {
    let mut order: Vec<usize> = (0..trace.flows.len()).collect();
    order.sort_by_key(|i| (std::cmp::Reverse(trace.flows[*i].inflow), *i));
    let (order, hidden) = largest(order, all);
    let rows: Vec<Vec<String>> = order
        .into_iter()
        .map(|i| {
            let flow = &trace.flows[i];
            let passed = flow.passes.iter().fold(U256::ZERO, |sum, p| sum + *p);
            vec![
                epoch.registry.names()[i].clone(),
                bare(show, flow.direct),
                bare(show, flow.inflow - flow.direct),
                bare(show, passed),
                bare(show, flow.penalty),
                bare(show, flow.kept),
            ]
        })
        .collect();
    let header = ["asset", "direct", "from children", "passed up", "penalty", "kept for owner"];
    table(&header, &rows, &[1, 2, 3, 4, 5]) + &hint(hidden)
}

fn accounts(epoch: &Epoch, trace: &Trace, show: &Show, all: bool) -> String {
    let mut order: Vec<&AccountRow> = trace.accounts.iter().collect();
    order.sort_by_key(|r| (std::cmp::Reverse((r.amount, r.earned)), r.account));
    let (order, hidden) = largest(order, all);
    let rows: Vec<Vec<String>> = order
        .into_iter()
        .map(|row| {
            vec![
                row.account.to_string(),
                who(epoch, row.account),
                bare(show, row.earned),
                bare(show, credits(row.amount)),
                bare(show, row.accrued_after),
            ]
        })
        .collect();
    table(&["account", "of", "earned", "paid now", "waits"], &rows, &[2, 3, 4]) + &hint(hidden)
}

fn to_json(epoch: &Epoch, trace: &Trace) -> Value {
    let header = &trace.header;
    let accounts: Vec<Value> = trace
        .accounts
        .iter()
        .map(|row| {
            json!({
                "account": row.account.to_string(),
                "accrued_before": row.accrued_before.to_string(),
                "earned": row.earned.to_string(),
                "credited": row.credited.to_string(),
                "amount": row.amount.to_string(),
                "accrued_after": row.accrued_after.to_string(),
            })
        })
        .collect();
    let assets: Vec<Value> = trace
        .flows
        .iter()
        .zip(epoch.registry.names())
        .map(|(flow, name)| {
            json!({
                "name": name,
                "direct": flow.direct.to_string(),
                "inflow": flow.inflow.to_string(),
                "penalty": flow.penalty.to_string(),
                "kept": flow.kept.to_string(),
            })
        })
        .collect();
    let size = Size::of(&epoch.inputs, trace);
    json!({
        "epoch": header.epoch,
        "committed": epoch.committed,
        "fees_total": header.fees_total.to_string(),
        "released_total": header.released_total.to_string(),
        "payouts": header.payouts,
        "counted": trace.counted.iter().filter(|c| **c > 0).count(),
        "events_without_points": trace.prices.iter().filter(|p| p.points == 0).count(),
        "state_root_before": root_text(&header.state_root_before),
        "state_root_after": root_text(&header.state_root_after),
        "shape": Shape::smallest(&size).map(|s| s.name),
        "assets": assets,
        "accounts": accounts,
    })
}
