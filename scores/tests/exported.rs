//! What attribution tools really computed, through the Python exporter: `fixtures/exported`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use meed_ledger::content::quiet;
use meed_ledger::registry::Registry;
use meed_scores::{import, load_events, Imported, Naming, Options, Orientation, Request};
use serde_json::Value;

mod world;

const FRACTION_BITS: u8 = 30;
const ROWS: usize = 132;
const EVENTS: usize = 8;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name)
}

fn exported(name: &str) -> PathBuf {
    fixture("exported").join(name)
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.add_list(&fixture("digits/assets.csv"), &mut quiet).unwrap();
    registry
}

fn read(name: &str, change: impl for<'a> FnOnce(&mut Request<'a>, &'a Ids)) -> Imported {
    let registry = registry();
    let (scores, events) = (exported(name), exported("events.csv"));
    let ids = Ids {
        items: exported("items.csv"),
        item_ids: exported("item-ids.txt"),
        event_ids: exported("event-ids.txt"),
    };
    let options = Options { fraction_bits: FRACTION_BITS, ..Options::default() };
    let mut request = Request::new(&scores, &events, options);
    request.naming = Naming { items: Some(&ids.items), ..Naming::default() };
    change(&mut request, &ids);
    let events = load_events(&events, &registry).unwrap();
    let imported = import(&request, &registry, &events, &mut quiet).unwrap();
    world::again(&imported, &request, &registry, &events);
    imported
}

struct Ids {
    items: PathBuf,
    item_ids: PathBuf,
    event_ids: PathBuf,
}

/// Header and numbers of a safetensors file with one tensor of 32-bit floats, read without any of the
/// code under test.
fn tensor(name: &str) -> (Value, Vec<f32>) {
    let bytes = fs::read(exported(name)).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let numbers = bytes[8 + length..].chunks_exact(4);
    (header, numbers.map(|n| f32::from_le_bytes(n.try_into().unwrap())).collect())
}

/// What each event and asset must get: sums of the scores of the asset's rows, in units.
fn sums(score: impl Fn(usize, usize) -> f64) -> BTreeMap<(u32, u32), f64> {
    let registry = registry();
    let items = fs::read_to_string(exported("items.csv")).unwrap();
    let assets: Vec<u32> = items
        .lines()
        .skip(1)
        .map(|line| registry.index(line.split_once(',').unwrap().1).unwrap())
        .collect();
    assert_eq!(assets.len(), ROWS);
    let mut sums = BTreeMap::new();
    for event in 0..EVENTS {
        for (row, asset) in assets.iter().enumerate() {
            let unit = f64::from(1u32 << FRACTION_BITS);
            *sums.entry((event as u32, *asset)).or_default() += score(event, row) * unit;
        }
    }
    sums
}

/// Records are the sums, to a unit: the sums above are of floats, which round at other places.
fn agree(imported: &Imported, expected: &BTreeMap<(u32, u32), f64>) {
    assert_eq!(imported.records.len(), expected.len());
    for record in &imported.records {
        let sum = expected[&(record.event, record.asset)];
        assert!((record.score as f64 - sum).abs() <= 1.0, "event {}", record.event);
    }
}

#[test]
fn dattri_is_read_as_it_was_exported() {
    let imported = read("dattri.safetensors", |_, _| {});
    let (header, numbers) = tensor("dattri.safetensors");
    assert_eq!(header["scores"]["shape"], serde_json::json!([ROWS, EVENTS]));
    agree(&imported, &sums(|event, row| f64::from(numbers[row * EVENTS + event])));
    let manifest = serde_json::to_string(&imported.manifest).unwrap();
    for said in ["IFAttributorExplicit", "train_x_test", "positive_helps", "digits-small"] {
        assert!(manifest.contains(said), "{manifest}");
    }
}

#[test]
fn kronfluence_is_read_from_the_exporter_and_from_its_own_file_alike() {
    let imported = read("kronfluence.safetensors", |_, _| {});
    let (header, numbers) = tensor("kronfluence.safetensors");
    assert_eq!(header["scores"]["shape"], serde_json::json!([EVENTS, ROWS]));
    agree(&imported, &sums(|event, row| f64::from(numbers[event * ROWS + row])));
    let own = read("pairwise_scores.safetensors", |request, ids| {
        request.naming.item_ids = Some(&ids.item_ids);
        request.naming.event_ids = Some(&ids.event_ids);
        request.orientation = Some(Orientation::TestXTrain);
    });
    assert_eq!(own.records, imported.records);
}

#[test]
fn pydvl_is_read_from_triples() {
    let imported = read("pydvl.parquet", |_, _| {});
    assert_eq!((imported.summary.cells, imported.records.len()), (1_056, EVENTS * 44));
    // Shapley values add up to the worth of all data: the share of the five nearest rows that have the
    // label of the event, less nothing. So each event's scores add up to fifths.
    for event in imported.records.chunk_by(|a, b| a.event == b.event) {
        let sum: i64 = event.iter().map(|record| record.score).sum();
        let fifths = sum as f64 / f64::from(1u32 << FRACTION_BITS) * 5.0;
        assert!((fifths - fifths.round()).abs() < 1e-6, "event {}", event[0].event);
        assert!((0.0..=5.0).contains(&fifths.round()), "event {}", event[0].event);
    }
}
