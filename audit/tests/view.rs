//! A view against the receipts of the same epoch, which are built and checked elsewhere.

use meed_audit::page;
use meed_audit::view::{TrendRow, View, ViewError};
use meed_ledger::receipt::{Number, Receipts, Show};
use meed_statement::settle::{settle, Trace};
use meed_statement::synthetic::{epoch, Spec};
use meed_statement::types::Inputs;
use meed_statement::words::word_to_bytes;
use ruint::aliases::U256;

fn sample() -> (Inputs, Trace, Vec<String>) {
    let spec =
        Spec { assets: 50, events: 12, records: 300, owners: 17, state: 25, skew: 0.7, seed: 11 };
    let inputs = epoch(&spec);
    let trace = settle(&inputs).unwrap();
    let names = (0..50).map(|i| format!("set-{i}")).collect();
    (inputs, trace, names)
}

fn view() -> View {
    let (inputs, trace, names) = sample();
    View::operator(&inputs, &trace, &names, None, &Show::default()).unwrap()
}

#[test]
fn accounts_and_assets_are_those_of_the_receipts() {
    let (inputs, trace, names) = sample();
    let view = view();
    let operator = view.operator.unwrap();
    let receipts = Receipts::new(&inputs, &trace, &names).unwrap();
    let mut assets = 0;
    for (row, account) in receipts.accounts().enumerate() {
        let receipt = receipts.of(&account).unwrap();
        let table = &operator.accounts;
        assert_eq!(table.account[row], account.to_string());
        let totals = &receipt.totals;
        assert_eq!(
            [
                table.before[row],
                table.earned[row],
                table.credited[row],
                table.paid[row],
                table.after[row]
            ],
            [totals.carried_in, totals.earned, totals.credited, totals.paid, totals.waits],
        );
        for part in &receipt.assets {
            let (list, i) = (&operator.assets, part.index as usize);
            assert_eq!((&list.name[i], list.kind[i]), (&part.name, part.kind.as_str()));
            assert_eq!((list.owner[i], &list.content[i]), (row, &part.content_hash));
            assert_eq!(
                [
                    list.records[i],
                    list.service[i],
                    list.model[i],
                    list.inflow[i],
                    list.penalty[i],
                    list.kept[i]
                ],
                [
                    part.from_records,
                    part.from_service,
                    part.from_model,
                    part.inflow,
                    part.penalty,
                    part.kept
                ],
            );
            let edges = operator.edges.from.iter().enumerate().filter(|(_, from)| **from == i);
            let edges = edges.map(|(e, _)| {
                (operator.edges.to[e] as u32, operator.edges.bps[e], operator.edges.credit[e])
            });
            assert!(edges.eq(part.passes.iter().map(|pass| (pass.to, pass.bps, pass.credit))));
            assets += 1;
        }
        if let Some(remainder) = &receipt.roles.remainder {
            assert_eq!(operator.leftovers, remainder.leftovers_total);
            assert_eq!(operator.excess, remainder.cap_excess_total);
        }
    }
    assert_eq!(assets, inputs.registry.len());
}

/// Every number of the inputs that is a secret is looked for in the page, in each way to write it.
#[test]
fn a_view_holds_no_score_and_no_salt() {
    let (inputs, trace, _) = sample();
    let text = serde_json::to_string(&view()).unwrap();
    let salt = word_to_bytes(&inputs.salt);
    assert!(!text.contains(&hex::encode(salt)));
    assert!(!text.contains(&U256::from_be_bytes(salt).to_string()));
    let numbers: std::collections::HashSet<&str> =
        text.split(|c: char| !c.is_ascii_digit()).collect();
    for (record, counted) in inputs.records.iter().zip(&trace.counted) {
        for secret in [record.score.unsigned_abs(), *counted] {
            // Small numbers occur by chance: counts, positions, shares.
            assert!(secret < 100_000 || !numbers.contains(secret.to_string().as_str()), "{secret}");
        }
    }
    for price in trace.prices.iter().filter(|price| price.points > 100_000) {
        assert!(!numbers.contains(price.points.to_string().as_str()));
        assert!(!numbers.contains(price.price.to_string().as_str()));
    }
}

#[test]
fn the_same_view_gives_the_same_page() {
    let page = page::render(&view()).unwrap();
    assert_eq!(page, page::render(&view()).unwrap());
    assert!(page.contains("default-src 'none'"));
    assert!(!page.contains("http://") || page.contains("http://www.w3.org/2000/svg"));
}

#[test]
fn a_trace_of_other_inputs_is_refused() {
    let (inputs, mut trace, names) = sample();
    trace.flows.pop();
    let error = View::operator(&inputs, &trace, &names, None, &Show::default()).unwrap_err();
    assert_eq!(error, ViewError::Trace { what: "flows", expected: 50, got: 49 });
}

#[test]
fn the_trend_is_in_order_and_keeps_the_pages_own_row() {
    let (_, trace, _) = sample();
    let row = |epoch: u64| TrendRow { epoch: epoch.into(), ..TrendRow::new(&trace.header, true) };
    let view = view().with_trend([row(3), row(1), row(2)]);
    let epochs: Vec<Number> = view.trend.iter().map(|row| row.epoch).collect();
    assert_eq!(epochs, [Number::from(1u64), 2u64.into(), 3u64.into()]);
    assert!(!view.trend[0].proved, "the view's own row is of an epoch without a proof");
}
