//! Receipts: they add up, for every account, to the credit; and they say why.
#![allow(missing_docs)]

mod epochs;
mod words;

use epochs::{story, synthetic, LATE};
use meed_ledger::receipt::{receipt, Number, Receipt, ReceiptError, Receipts, Show};
use meed_statement::roots::to_field;
use meed_statement::settle::{fee_share, settle, Trace};
use meed_statement::types::{Account, Inputs};
use meed_statement::units::credits;
use ruint::aliases::U256;
use serde_json::Value;

fn all(inputs: &Inputs, trace: &Trace) -> Vec<Receipt> {
    let receipts = Receipts::new(inputs, trace, &[]).unwrap();
    let list: Vec<Receipt> = receipts.accounts().map(|a| receipts.of(&a).unwrap()).collect();
    assert_eq!(list.len(), trace.accounts.len());
    list
}

#[test]
fn every_receipt_of_every_epoch_adds_up() {
    for (inputs, trace) in synthetic() {
        for receipt in all(&inputs, &trace) {
            receipt.check().unwrap();
        }
    }
}

#[test]
fn all_receipts_together_are_the_epochs_totals() {
    for (inputs, trace) in synthetic() {
        let list = all(&inputs, &trace);
        let total = |f: &dyn Fn(&Receipt) -> U256| {
            list.iter().fold(U256::ZERO, |sum, receipt| sum.checked_add(f(receipt)).unwrap())
        };
        let header = &trace.header;
        let fees = credits(header.fees_total);
        assert_eq!(total(&|r| r.totals.earned.0), fees);
        assert_eq!(total(&|r| r.totals.credited.0 + r.totals.cap_excess.0), fees);
        let before = inputs.state.iter().fold(U256::ZERO, |sum, e| sum + e.accrued);
        assert_eq!(total(&|r| r.totals.carried_in.0), before);
        assert_eq!(total(&|r| r.totals.paid.0), U256::from(header.released_total));
        let waits = total(&|r| r.totals.waits.0);
        assert_eq!(to_field(&waits), header.accrued_total_after);
        assert_eq!(before + fees, waits + credits(header.released_total));
        assert_eq!(total(&|r| r.totals.over_cap.0), trace.excess);
        assert_eq!(total(&|r| r.totals.cap_excess.0), trace.excess);

        // By role: each share of the fees is in the receipts, whole.
        let assets = |f: &dyn Fn(&meed_ledger::receipt::AssetPart) -> Number| {
            total(&|r| r.assets.iter().fold(U256::ZERO, |sum, asset| sum + f(asset).0))
        };
        let of = |share: meed_statement::types::Bps| fee_share(header.fees_total, share.get());
        let policy = &inputs.policy;
        assert_eq!(assets(&|a| a.from_service), of(policy.service_bps));
        assert_eq!(assets(&|a| a.from_model), of(policy.model_bps));
        let left =
            total(&|r| r.roles.remainder.as_ref().map_or(U256::ZERO, |p| p.leftovers_total.0));
        assert_eq!(assets(&|a| a.from_records) + left, of(policy.data_bps));
        let role = |f: &dyn Fn(&Receipt) -> Option<Number>| total(&|r| f(r).unwrap_or_default().0);
        let platform = role(&|r| r.roles.platform.as_ref().map(|p| p.credit));
        let stakers = role(&|r| r.roles.stakers.as_ref().map(|p| p.credit));
        assert_eq!((platform, stakers), (of(policy.platform_bps), of(policy.stakers_bps)));

        // By edge: what is passed arrives.
        let passed = total(&|r| {
            let passes = r.assets.iter().flat_map(|asset| &asset.passes);
            passes.fold(U256::ZERO, |sum, pass| sum + pass.credit.0)
        });
        assert_eq!(assets(&|a| a.received_total), passed);
        let penalties =
            total(&|r| r.roles.remainder.as_ref().map_or(U256::ZERO, |p| p.penalties_total.0));
        assert_eq!(assets(&|a| a.penalty), penalties);
        // Every record and every asset is in one receipt.
        assert_eq!(list.iter().map(|r| r.assets.len()).sum::<usize>(), inputs.registry.len());
        let records = list.iter().flat_map(|r| &r.assets).map(|asset| asset.records.len());
        assert_eq!(records.sum::<usize>(), inputs.records.len());
        // And what a receipt says is what is paid.
        for (receipt, row) in list.iter().zip(&trace.accounts) {
            assert_eq!(receipt.account, row.account);
            assert_eq!(receipt.totals.paid, Number::from(row.amount));
            assert_eq!(receipt.totals.waits.0, row.accrued_after);
        }
    }
}

#[test]
fn json_reads_back_the_same() {
    for (inputs, trace) in synthetic().into_iter().take(12) {
        for receipt in all(&inputs, &trace) {
            let text = receipt.to_json();
            assert_eq!(serde_json::from_str::<Receipt>(&text).unwrap(), receipt);
            assert!(!text.contains(&inputs.salt.to_string()));
        }
    }
    let (inputs, trace, names) = story();
    let text = receipt(&inputs, &trace, &names, &trace.accounts[0].account).unwrap().to_json();
    for (from, to) in [
        ("\"fees_total\": \"3000\"", "\"fees_total\": 3000"),
        ("\"fees_total\": \"3000\"", "\"fees_total\": \"03000\""),
        ("\"fees_total\": \"3000\"", "\"fees_total\": \"-3000\""),
        ("\"score\": \"16\"", "\"score\": \"+16\""),
        ("\"account\": \"0x11", "\"account\": \"11"),
        ("\"epoch\"", "\"more\": 1, \"epoch\""),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(serde_json::from_str::<Receipt>(&text.replacen(from, to, 1)).is_err(), "{to}");
    }
}

/// Calls `visit` with every place in a JSON value that holds a decimal number as a string.
fn numbers(value: &Value, path: &mut Vec<String>, visit: &mut impl FnMut(&[String], &str)) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            path.push(key.clone());
            numbers(value, path, visit);
            path.pop();
        }),
        Value::Array(list) => list.iter().enumerate().for_each(|(index, value)| {
            path.push(index.to_string());
            numbers(value, path, visit);
            path.pop();
        }),
        Value::String(text)
            if text.strip_prefix('-').unwrap_or(text).chars().all(|c| c.is_ascii_digit()) =>
        {
            visit(path, text);
        }
        _ => {}
    }
}

fn with(value: &Value, path: &[String], text: String) -> Receipt {
    let mut changed = value.clone();
    *changed.pointer_mut(&format!("/{}", path.join("/"))).unwrap() = Value::String(text);
    serde_json::from_value(changed).unwrap()
}

/// Numbers that a change by one need not contradict: the epoch is compared with the bundle, thresholds and
/// scores that do not count are inequalities, and `floor` swallows a credit of a penalised inflow.
fn is_loose(path: &[String], value: &Value, receipt: &Receipt, text: &str) -> bool {
    let last = path.last().unwrap().as_str();
    let threshold = receipt.policy.threshold.0.to::<i64>();
    match last {
        "epoch" | "threshold" | "min_payout" | "content_hash" => true,
        "inflow" => path.iter().any(|key| key == "penalties"),
        // Without points there is no price to tell the fee from.
        "fee" => {
            let record = format!("/{}", path[..path.len() - 1].join("/"));
            value.pointer(&record).unwrap()["points"] == "0"
        }
        "score" => text.parse::<i64>().unwrap() < threshold,
        _ => false,
    }
}

#[test]
fn a_credit_more_or_less_is_found_anywhere() {
    let (inputs, trace, names) = story();
    let receipts = Receipts::new(&inputs, &trace, &names).unwrap();
    let mut tried = 0;
    for account in receipts.accounts() {
        let receipt = receipts.of(&account).unwrap();
        let value = serde_json::to_value(&receipt).unwrap();
        let mut places = Vec::new();
        numbers(&value, &mut Vec::new(), &mut |path, text| {
            places.push((path.to_vec(), text.to_owned()));
        });
        for (path, text) in places.into_iter().filter(|(p, t)| !is_loose(p, &value, &receipt, t)) {
            for up in [true, false] {
                let changed =
                    if let Ok(score) = text.parse::<i64>().map(|s| s + if up { 1 } else { -1 }) {
                        if score < 0 {
                            continue;
                        } else {
                            score.to_string()
                        }
                    } else {
                        let number: U256 = text.parse().unwrap();
                        let one = U256::from(1);
                        if up { number + one } else { number - one }.to_string()
                    };
                let changed = with(&value, &path, changed);
                let error = changed.check();
                assert!(error.is_err(), "{account}: {} {up}", path.join("."));
                tried += 1;
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

#[test]
fn absurd_numbers_do_not_panic() {
    let (inputs, trace, names) = story();
    let receipts = Receipts::new(&inputs, &trace, &names).unwrap();
    for account in receipts.accounts() {
        let value = serde_json::to_value(receipts.of(&account).unwrap()).unwrap();
        let mut paths = Vec::new();
        numbers(&value, &mut Vec::new(), &mut |path, _| paths.push(path.to_vec()));
        for path in paths {
            let is_score = path.last().unwrap() == "score";
            let absurd = if is_score { i64::MIN.to_string() } else { U256::MAX.to_string() };
            let changed = with(&value, &path, absurd);
            let _ = changed.check();
            assert!(!changed.to_text(&Show::default()).is_empty());
        }
        // Shares above the whole, and an asset that receives from itself.
        let mut receipt = receipts.of(&account).unwrap();
        receipt.policy.data_bps = u32::MAX;
        assert!(receipt.check().is_err());
        let _ = receipt.to_text(&Show::token(18, "T").unwrap());
    }
}

#[test]
fn made_up_structure_is_found() {
    let (inputs, trace, names) = story();
    let base = receipt(&inputs, &trace, &names, &epochs::account(epochs::BASE)).unwrap();
    base.check().unwrap();
    let fails = |change: &dyn Fn(&mut Receipt), said: &str| {
        let mut receipt = base.clone();
        change(&mut receipt);
        let error = receipt.check().unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    };
    fails(&|r| r.format.push('x'), "expected format meed-receipt version 1");
    fails(&|r| r.version = 2, "version 2");
    fails(&|r| r.assets.push(r.assets[0].clone()), "one entry");
    fails(&|r| drop(r.assets.pop()), "totals: kept");
    fails(&|r| drop(r.sources.pop()), "its inflow among the sources");
    fails(&|r| r.assets[0].received[0].from = 0, "a later asset");
    fails(&|r| drop(r.assets[0].records.pop()), "from records");
    fails(&|r| r.assets[1].records[0].event_id.push('0'), "event 1");
    fails(&|r| r.totals.cap_exempt = true, "cap_exempt");
    fails(&|r| r.totals.why = meed_ledger::receipt::Why::Nothing, "why");
    fails(&|r| r.policy.cap_bps = 20_000, "cap_bps");
    fails(&|r| r.policy.data_bps += 1, "the five shares");
}

/// What one of the account's assets passes to another of them cannot be dropped, sums and all.
#[test]
fn income_between_ones_own_assets_arrives() {
    let (mut inputs, _, names) = story();
    let owner = epochs::account(epochs::BASE);
    inputs.registry[1].owner = owner;
    let trace = settle(&inputs).unwrap();
    let mut receipt = receipt(&inputs, &trace, &names, &owner).unwrap();
    receipt.check().unwrap();
    let lost = receipt.assets[0].received.remove(0).credit.0;
    assert!(receipt.totals.over_cap.0 > lost, "above the cap, so that no sum tells");
    let (asset, totals) = (&mut receipt.assets[0], &mut receipt.totals);
    for number in [
        &mut asset.received_total,
        &mut asset.inflow,
        &mut asset.kept,
        &mut totals.kept,
        &mut totals.earned,
        &mut totals.over_cap,
    ] {
        number.0 -= lost;
    }
    let error = receipt.check().unwrap_err().to_string();
    assert!(error.contains("asset 0 received from asset 1: expected"), "{error}");
}

/// Nobody has more of an event's points than there are, sums and all.
#[test]
fn a_record_is_at_most_all_points_of_its_event() {
    let (mut inputs, _, names) = story();
    inputs.records.insert(7, meed_statement::types::Record { event: 1, asset: 3, score: 16 });
    inputs.records.swap(6, 7);
    inputs.policy.cap_bps = epochs::bps(10_000);
    let trace = settle(&inputs).unwrap();
    let owner = epochs::account(epochs::IDLE);
    let mut receipt = receipt(&inputs, &trace, &names, &owner).unwrap();
    receipt.check().unwrap();
    let record = &mut receipt.assets[0].records[0];
    // 8 points of which this record counts 16: twice the event's data share, 1,200 units.
    record.points = Number::from(8u64);
    record.price = (credits(600) / U256::from(8)).into();
    record.credit = credits(1_200).into();
    let (asset, totals) = (&mut receipt.assets[0], &mut receipt.totals);
    for number in [
        &mut asset.from_records,
        &mut asset.direct,
        &mut asset.inflow,
        &mut asset.kept,
        &mut totals.kept,
        &mut totals.earned,
        &mut totals.credited,
        &mut totals.total,
    ] {
        *number = credits(1_200).into();
    }
    totals.paid = Number::from(1_200u64);
    totals.waits = Number::default();
    totals.why = meed_ledger::receipt::Why::AllPaid;
    let error = receipt.check().unwrap_err().to_string();
    assert!(error.contains("at least what the record counts, got 8"), "{error}");
}

#[test]
fn unknown_accounts_and_foreign_traces_are_errors() {
    let (inputs, trace, names) = story();
    let stranger = Account::new([0x99; 20]).unwrap();
    let error = receipt(&inputs, &trace, &names, &stranger).unwrap_err();
    assert_eq!(error, ReceiptError::UnknownAccount { account: stranger, epoch: 3 });
    assert!(error.to_string().starts_with("account 0x9999"));
    let mut short = trace.clone();
    short.counted.pop();
    let error = Receipts::new(&inputs, &short, &names).unwrap_err();
    assert_eq!(error, ReceiptError::Trace { what: "counts", expected: 8, got: 7 });
    // One who only waits is known.
    let late = receipt(&inputs, &trace, &names, &epochs::account(LATE)).unwrap();
    late.check().unwrap();
}
