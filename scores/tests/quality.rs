//! Each warning on its limit, where it is silent, and just off it.

use std::path::Path;

use meed_ledger::registry::Registry;
use meed_scores::quality::{check, Limits, Warning};
use meed_statement::types::{Account, Bps, Event, Policy, Record};

fn account(i: u32) -> Account {
    format!("0x{i:040x}").parse().unwrap()
}

/// Datasets of these owners, then a service and a model of account 99.
fn registry(owners: &[u32]) -> Registry {
    let mut text = "name,kind,owner,content_hash,penalty_bps,edges\n".to_owned();
    let datasets = owners.iter().map(|owner| ("dataset", *owner));
    for (i, (kind, owner)) in datasets.chain([("service", 99), ("model", 99)]).enumerate() {
        text += &format!("a{i},{kind},{},{i:032x}{:032x},0,\n", account(owner), 0);
    }
    Registry::parse(Path::new("registry.csv"), text.as_bytes()).unwrap()
}

fn policy(threshold: u64) -> Policy {
    let bps = |n| Bps::new(n).unwrap();
    Policy {
        platform_bps: bps(1_000),
        stakers_bps: bps(0),
        service_bps: bps(0),
        model_bps: bps(0),
        data_bps: bps(9_000),
        platform: account(99),
        stakers: account(99),
        remainder: account(99),
        threshold,
        cap_bps: Bps::WHOLE,
        min_payout: 1,
        fraction_bits: 10,
    }
}

fn event(fee: u128) -> Event {
    Event { id: [0; 16], fee, service: 0, model: 0 }
}

/// An epoch: fees of events, scores by event and asset.
struct Epoch {
    owners: Vec<u32>,
    fees: Vec<u128>,
    threshold: u64,
    limits: Limits,
    scores: Vec<Vec<(u32, i64)>>,
}

impl Epoch {
    /// Every asset scores in each event; owners differ, and fees are 100.
    fn matrix(rows: &[&[i64]]) -> Self {
        let row = |row: &&[i64]| (0..).zip(row.iter().copied()).collect();
        let assets = rows.iter().map(|row| row.len()).max().unwrap_or(0) as u32;
        Self {
            owners: (1..=assets).collect(),
            fees: vec![100; rows.len()],
            threshold: 0,
            limits: Limits { most_share_bps: 10_000 },
            scores: rows.iter().map(row).collect(),
        }
    }

    fn records(&self) -> Vec<Record> {
        let event = |(event, scores): (u32, &Vec<(u32, i64)>)| {
            let record =
                move |(asset, score): &(u32, i64)| Record { event, asset: *asset, score: *score };
            scores.iter().map(record).collect::<Vec<_>>()
        };
        (0..).zip(&self.scores).flat_map(event).collect()
    }

    /// All warnings but of datasets that count nowhere, which most of these scores also have.
    fn check(&self) -> Vec<Warning> {
        let idle = |warning: &Warning| matches!(warning, Warning::IdleDatasets { .. });
        self.check_all().into_iter().filter(|warning| !idle(warning)).collect()
    }

    fn check_all(&self) -> Vec<Warning> {
        let events: Vec<Event> = self.fees.iter().map(|fee| event(*fee)).collect();
        let registry = registry(&self.owners);
        check(&self.records(), &registry, &events, &policy(self.threshold), &self.limits)
    }
}

#[track_caller]
fn quiet(rows: &[&[i64]]) {
    assert_eq!(Epoch::matrix(rows).check(), []);
}

#[test]
fn ordinary_scores_are_quiet() {
    quiet(&[&[5, 3, -2], &[1, 4, 6]]);
    assert_eq!(Epoch::matrix(&[]).check(), []);
}

#[test]
fn a_sign_the_wrong_way_round() {
    quiet(&[&[60, 40, -900]]);
    let epoch = Epoch::matrix(&[&[60, 40, -901], &[0, 0]]);
    let [Warning::MostlyNegative { share_bps, records, of }, ..] = &epoch.check()[..] else {
        panic!("{:?}", epoch.check())
    };
    assert_eq!((*share_bps, *records, *of), (9_001, 1, 5));

    let nothing = Epoch::matrix(&[&[-5, -3], &[-1, 0]]).check();
    assert_eq!(nothing, [Warning::NothingCounts { records: 4, with_the_other_sign: 3 }]);
    let mut high = Epoch::matrix(&[&[5, -7], &[1, 2]]);
    high.threshold = 6;
    assert_eq!(high.check(), [Warning::NothingCounts { records: 4, with_the_other_sign: 1 }]);
    high.threshold = 5;
    assert!(!matches!(high.check()[0], Warning::NothingCounts { .. }));
}

#[test]
fn the_same_number_everywhere() {
    assert_eq!(Epoch::matrix(&[&[7, 7], &[7, 7]]).check(), [Warning::AllEqual { records: 4 }]);
    assert_eq!(Epoch::matrix(&[&[7]]).check(), [], "one record is the same as itself");
    // Two of four is not most.
    quiet(&[&[7, 7], &[8, 8], &[1, 2], &[3, 4]]);
    let epoch = Epoch::matrix(&[&[7, 7], &[8, 8], &[9, 9], &[1, 2], &[5]]);
    assert_eq!(epoch.check(), [Warning::EqualInEvents { events: 3, of: 4 }]);
}

#[test]
fn clipped_scores() {
    // Ten records with 200 others: 5 %.
    let with = |clipped: usize, others: usize| {
        let scores: Vec<i64> =
            (0..others as i64).map(|i| i + 1).chain(vec![-1_000; clipped]).collect();
        Epoch::matrix(&[&scores]).check()
    };
    assert_eq!(
        with(9, 0),
        [
            Warning::NothingCounts { records: 9, with_the_other_sign: 9 },
            Warning::AllEqual { records: 9 }
        ]
    );
    assert_eq!(with(10, 190), [Warning::Saturated { records: 10, of: 200 }]);
    assert_eq!(with(10, 191), []);
    assert_eq!(with(9, 100), []);
}

#[test]
fn the_end_of_a_type_of_number() {
    let half = 65_504 << 10;
    let at = |records, limit| Warning::AtLimit { records, limit };
    let warnings = Epoch::matrix(&[&[half, -half, half / 2]]).check();
    assert_eq!(warnings, [at(2, "65504, the most that a 16-bit float holds")]);
    let most = (1 << 47) - 1;
    let warnings = Epoch::matrix(&[&[most, most / 2]]).check();
    assert_eq!(warnings, [at(1, "the most that a record holds")]);
    quiet(&[&[half - 1, half / 2], &[most - 1, most / 2]]);
}

#[test]
fn one_score_that_leaves_nothing() {
    quiet(&[&[90, 10], &[90, 10], &[90, 10]]);
    quiet(&[&[91, 9], &[50, 50]]);
    quiet(&[&[91], &[92]]);
    let epoch = Epoch::matrix(&[&[91, 9], &[95, 5], &[50, 51]]);
    assert_eq!(epoch.check(), [Warning::Dominated { events: 2, of: 3 }]);
}

#[test]
fn an_account_that_takes_nearly_everything() {
    let mut epoch = Epoch::matrix(&[&[25, 25, 50], &[25, 25, 49]]);
    epoch.owners = vec![1, 1, 2];
    epoch.fees = vec![1 << 79, 0];
    epoch.limits = Limits::default();
    assert_eq!(epoch.check(), [], "half is not more than half");
    epoch.fees = vec![1 << 79, 1 << 79];
    let share = |account_of: u32, share_bps, assets| Warning::Concentrated {
        account: account(account_of),
        share_bps,
        limit_bps: epoch.limits.most_share_bps,
        assets,
    };
    assert_eq!(epoch.check(), [share(1, 5_026, 2)]);
    // By fee, not by the size of scores: an event's scores share what it pays.
    let mut epoch = Epoch::matrix(&[&[1_000_000, 999_999], &[1, 9]]);
    epoch.limits.most_share_bps = 6_000;
    epoch.fees = vec![10, 90];
    let share = Warning::Concentrated {
        account: account(2),
        share_bps: 8_600,
        limit_bps: 6_000,
        assets: 1,
    };
    assert_eq!(epoch.check(), [share]);
    // Nothing paid: events weigh the same.
    epoch.fees = vec![0, 0];
    assert!(matches!(epoch.check()[..], [Warning::Concentrated { share_bps: 7_000, .. }]));
    epoch.limits.most_share_bps = 7_000;
    assert_eq!(epoch.check(), []);
}

#[test]
fn events_and_datasets_that_get_nothing() {
    let mut epoch = Epoch::matrix(&[&[5, 7], &[], &[4, 2], &[]]);
    assert_eq!(epoch.check(), [Warning::EventsWithoutRecords { events: 2, of: 4 }]);
    epoch.threshold = 5;
    let without = Warning::EventsWithoutRecords { events: 2, of: 4 };
    assert_eq!(
        epoch.check(),
        [without.clone(), Warning::EventsBelowThreshold { events: 1, of: 4 }]
    );
    epoch.threshold = 4;
    assert_eq!(epoch.check(), [without]);

    let mut epoch = Epoch::matrix(&[&[5, 0, 3], &[4, -1, 6]]);
    let idle = Warning::IdleDatasets { names: vec!["a1".to_owned()], of: 3 };
    assert_eq!(epoch.check_all(), [idle]);
    epoch.scores[0][1].1 = 1;
    assert_eq!(epoch.check_all(), [], "the service and the model are no data");
}

#[test]
fn messages_say_how_much_and_no_score() {
    let secret = 123_456_789;
    let mut epoch = Epoch::matrix(&[&[-secret, 1, 0], &[-secret, 2, 0], &[]]);
    epoch.limits = Limits::default();
    let warnings = epoch.check_all();
    let text: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        text,
        [
            "100 % of all magnitude is below zero (2 of 6 records): is --sign right?",
            "in 2 of 2 events with several records one score has more than 90 % of the points",
            "1 of 3 events have no record: what scores pay there goes to the remainder account",
            "0x0000000000000000000000000000000000000002 has 100 % of what scores pay, with 1 assets; \
             the limit is 50 %",
            "2 of 3 datasets count in no event: a0, a2",
        ]
    );
    let json = serde_json::to_string(&warnings).unwrap();
    assert!(json.starts_with(r#"[{"kind":"mostly_negative","share_bps":10000,"records":2,"of":6}"#));
    assert!(!json.contains("123456789") && !text.concat().contains("123456789"), "{json}");
}
