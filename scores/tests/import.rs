//! CSV and what all formats share: options, masses, the manifest, interruption, and the real fixture.

mod world;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use meed_ledger::content::quiet;
use meed_ledger::events::Events;
use meed_ledger::registry::Registry;
use meed_ledger::LedgerError;
use meed_scores::{
    import, Imported, Ingredient, Naming, Normalise, Options, Polarity, Recipe, Request,
};
use world::{dict, f4, hash, id, npy, options, scores, world, World};

fn csv(w: &World, rows: &str, options: &Options) -> Result<Imported, String> {
    w.file("scores.csv", format!("event,asset,score\n{rows}"));
    w.import_with("scores.csv", options, |_, _| {})
}

/// Rows of items, with a map.
fn items(w: &World, rows: &str, map: &str, options: &Options) -> Result<Imported, String> {
    w.file("scores.csv", format!("event_id,item,score\n{rows}"));
    w.file("items.csv", format!("item,asset\n{map}"));
    w.import_with("scores.csv", options, |request, paths| request.naming.items = paths.items())
}

#[test]
fn csv_by_id_and_by_position() {
    let w = world(4, 2);
    let got = csv(&w, &format!("0,a0,0.5\n0,a3,-1.25\n{},a1,1e-1\n", id(1)), &options(8)).unwrap();
    assert_eq!(scores(&got), [(0, 0, 128), (0, 3, -320), (1, 1, 26)]);
    assert_eq!(got.summary.rounded, 1);
    assert!(!got.summary.sorted);
    assert_eq!((got.summary.cells, got.summary.kept.count), (3, 3));
}

#[test]
fn unsorted_rows_are_sorted_and_that_is_said() {
    let w = world(4, 3);
    let got = csv(&w, "2,a0,1\n0,a3,2\n0,a1,3\n", &options(0)).unwrap();
    assert_eq!(scores(&got), [(0, 1, 3), (0, 3, 2), (2, 0, 1)]);
    assert!(got.summary.sorted);
    assert_eq!(got.summary.events_without_records, 1);
}

#[test]
fn items_of_an_asset_are_added_up_whatever_their_order() {
    let w = world(4, 3);
    // 0.1 + 0.2 of decimals is 0.3; a content hash of the registry needs no map.
    let rows = [
        format!("{},x,0.1\n", id(1)),
        format!("{},y,0.2\n", id(1)),
        format!("{},{},5\n", id(1), hash(1)),
        format!("{},z,-7.5\n", id(1)),
        format!("{},z,0.5\n", id(0)),
        format!("{},x,1\n", id(0)),
    ];
    let map = "x,a0\ny,a0\nz,-\n";
    let mut options = options(1);
    options.scale = "10".parse().unwrap();
    let expected = [(0, 0, 20), (1, 0, 6), (1, 1, 100)];
    let grouped = items(&w, &rows.concat(), map, &options).unwrap();
    assert_eq!(scores(&grouped), expected);
    // Rows of an event apart: the file is read twice, and the result is the same.
    let mut apart = rows.clone();
    apart.swap(1, 5);
    let apart = items(&w, &apart.concat(), map, &options).unwrap();
    assert_eq!(scores(&apart), expected);
    for got in [grouped, apart] {
        let summary = &got.summary;
        assert_eq!((summary.cells, summary.pairs, summary.ignored_cells), (6, 3, 2));
        assert_eq!((summary.ignored.above, summary.ignored.below), (10, -150));
    }
}

#[test]
fn csv_refuses_and_names_the_row() {
    let w = world(4, 2);
    for (rows, expected) in [
        ("0,a0,1\n0,a1,NaN\n", "scores.csv, line 3: score: expected a number, got NaN"),
        ("0,a0,-inf\n", "scores.csv, line 2: score: expected a finite number, got an infinite one"),
        ("0,a0,1e99\n", "scores.csv, line 2: score: out of range: with 8 fraction bits a score's magnitude must stay below 2^39"),
        ("0,a0,549755813888\n", "scores.csv, line 2: score: out of range"),
        ("0,a0,abc\n", "scores.csv, line 2: score: expected a decimal number"),
        ("0,a0,\n", "scores.csv, line 2: score: expected a decimal number"),
        ("0,zz,1\n", "scores.csv, line 2: asset \"zz\" is unknown: expected the name of an asset"),
        ("2,a0,1\n", "scores.csv, line 2: event \"2\" is unknown: expected an id in events.csv"),
        ("ffffffffffffffffffffffffffffffff,a0,1\n", "line 2: event \"ffffffffffffffffffffffffffffffff\" is unknown"),
        ("1,a0,1\n0,a0,1\n0000000000000000000000000000e001,a0,2\n", "scores.csv, line 4: pair (event 1, asset 0) is there twice: first on line 2"),
        ("1,a0,1\n1,a1,1\n1,a0,2\n", "scores.csv, line 4: pair (event 1, asset 0) is there twice: first on line 2"),
        ("0,a0\n", "scores.csv, line 2: number of fields: expected 3"),
    ] {
        let error = csv(&w, rows, &options(8)).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    for (rows, map, expected) in [
        (
            "0,x,1\n",
            "y,a0\n",
            "line 2: item \"x\" is unknown: expected an item of the map (--items)",
        ),
        (
            "0,x,1\n1,x,1\n0,x,2\n",
            "x,-\n",
            "line 4: pair (event 0, this item) is there twice: first on line 2",
        ),
        (
            "0,x,1e-90000\n0,y,1\n",
            "x,a0\ny,a0\n",
            "line 3: score: expected exponents at most 2400 apart",
        ),
    ] {
        let error = items(&w, rows, map, &options(8)).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    w.file("scores.csv", "event,item,score\n");
    let error = w.import_with("scores.csv", &options(8), |_, _| {}).unwrap_err();
    assert!(error.contains("header: expected event,asset,score or event_id,item,score"), "{error}");
}

#[test]
fn options_of_a_matrix_do_not_go_with_triples() {
    let w = world(4, 2);
    w.file("scores.csv", "event,asset,score\n0,a0,1\n");
    w.file("items.csv", "item,asset\nx,a0\n");
    let error = w.import_with("scores.csv", &options(8), |r, _| r.naming.events_in_order = true);
    assert!(error.unwrap_err().contains("--events-in-order goes with a matrix"));
    let error = w.import_with("scores.csv", &options(8), |r, p| r.naming.items = p.items());
    assert!(error
        .unwrap_err()
        .contains("--items goes with a matrix: this file names events and assets"));
    let error = w.import_with("scores.csv", &options(8), |r, _| r.tensor = Some("t"));
    assert!(error.unwrap_err().contains("--tensor: expected scores in safetensors, got \"csv\""));
}

#[test]
fn errors_do_not_repeat_scores() {
    let w = world(4, 2);
    for rows in ["0,a0,123456789012345678\n", "0,a0,12345678x\n", "0,a0,1\n0,a0,12345678\n"] {
        let error = csv(&w, rows, &options(8)).unwrap_err();
        assert!(!error.contains("12345678"), "{error}");
    }
}

#[test]
fn polarity_scale_drop_and_top() {
    let w = world(6, 2);
    let rows = "0,a0,1\n0,a1,-2\n0,a2,-3\n0,a3,-2\n1,a0,4\n";
    let mut options = options(0);
    options.scale = "2^1".parse().unwrap();
    let run = |options: &Options| {
        w.file("scores.csv", format!("event,asset,score\n{rows}"));
        let negative = Some(Polarity::NegativeHelps);
        w.import_with("scores.csv", options, |request, _| request.polarity = negative).unwrap()
    };
    let got = run(&options);
    assert_eq!(scores(&got), [(0, 0, -2), (0, 1, 4), (0, 2, 6), (0, 3, 4), (1, 0, -8)]);
    options.top = Some(2);
    let got = run(&options);
    // Of two equal scores, that of the earlier asset stays.
    assert_eq!(scores(&got), [(0, 1, 4), (0, 2, 6), (1, 0, -8)]);
    let top = got.summary.dropped_by_top;
    assert_eq!((top.count, top.above, top.below), (2, 4, -2));
    options.drop_below = Some("0".parse().unwrap());
    let got = run(&options);
    assert_eq!(scores(&got), [(0, 1, 4), (0, 2, 6)]);
    let summary = &got.summary;
    let (below, top) = (summary.dropped_below, summary.dropped_by_top);
    assert_eq!((below.count, below.above, below.below), (2, 0, -10));
    assert_eq!((top.count, top.above, top.below), (1, 4, 0));
    assert_eq!((summary.pairs, summary.events_without_records), (5, 1));
    // Nothing is lost: every magnitude is kept, dropped or ignored.
    assert_eq!(summary.whole(), 2 + 4 + 6 + 4 + 8);
    let manifest = serde_json::to_value(&got.manifest).unwrap();
    assert_eq!(manifest["result"]["dropped_below"]["mass"], "10");
    assert_eq!(manifest["result"]["dropped_below"]["share"], "0.416666");
    assert_eq!(manifest["options"]["polarity"], "negative_helps");
    assert_eq!(manifest["options"]["polarity_from"], "caller");
    options.scale = "0.25".parse().unwrap();
    (options.drop_below, options.top) = (None, None);
    assert_eq!(scores(&run(&options)), [(0, 0, 0), (0, 1, 0), (0, 2, 1), (0, 3, 0), (1, 0, -1)]);
}

#[test]
fn scores_are_divided_exactly_and_rounded_once() {
    let w = world(5, 3);
    let rows = "0,a0,1\n0,a1,2\n1,a0,3\n1,a1,-1\n2,a0,0\n2,a1,0\n";
    let run = |normalise| {
        let mut options = options(2);
        options.normalise = normalise;
        options.scale = "6".parse().unwrap();
        csv(&w, rows, &options).map(|got| {
            assert_eq!(got.summary.events_all_zero, u64::from(normalise != Normalise::None));
            got.records.iter().map(|r| r.score).collect::<Vec<_>>()
        })
    };
    assert_eq!(run(Normalise::None).unwrap(), [24, 48, 72, -24, 0, 0]);
    // Quarters: 6/3, 12/3; 18/2, -6/2.
    assert_eq!(run(Normalise::Sum).unwrap(), [8, 16, 36, -12, 0, 0]);
    assert_eq!(run(Normalise::Max).unwrap(), [12, 24, 24, -8, 0, 0]);
    // 18/4 and -6/4 of quarters.
    assert_eq!(run(Normalise::L1).unwrap(), [8, 16, 18, -6, 0, 0]);
    let mut options = options(0);
    options.normalise = Normalise::Sum;
    for rows in ["1,a0,1\n1,a1,-1\n", "1,a0,1\n1,a1,-3\n"] {
        let error = csv(&w, rows, &options).unwrap_err();
        let expected =
            "scores.csv, event 1 (from 0): score: expected a total above zero to divide by";
        assert!(error.contains(expected), "{error}");
    }
    // With losses, a total below zero is what one wants.
    w.file("scores.csv", "event,asset,score\n1,a0,1\n1,a1,-3\n");
    let negative = Some(Polarity::NegativeHelps);
    options.fraction_bits = 1;
    let got = w.import_with("scores.csv", &options, |r, _| r.polarity = negative).unwrap();
    assert_eq!(scores(&got), [(1, 0, -1), (1, 1, 3)]);
    // A third is rounded once: 0.333.. of 2^40.
    options.fraction_bits = 40;
    let got = csv(&w, "0,a0,0.1\n0,a1,0.2\n", &options).unwrap();
    let third = (1i64 << 40) / 3;
    assert_eq!(scores(&got), [(0, 0, third), (0, 1, 2 * third + 1)]);
}

#[test]
fn the_same_import_gives_the_same_manifest() {
    let w = world(4, 2);
    let run = || items(&w, "0,x,0.5\n0,y,1\n1,x,2\n", "x,a0\ny,-\n", &options(8)).unwrap();
    let (one, two) = (run(), run());
    let text = serde_json::to_string(&one.manifest).unwrap();
    assert_eq!(text, serde_json::to_string(&two.manifest).unwrap());
    assert!(!text.contains(&w.path("").display().to_string()), "{text}");
    let value = serde_json::to_value(&one.manifest).unwrap();
    assert_eq!(value["scores"][0]["name"], "scores.csv");
    assert_eq!(value["scores"][0]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(value["maps"][0]["option"], "items");
    assert_eq!(value["reading"]["items_by"], "items");
    assert_eq!(value["result"]["ignored"]["mass"], "1");
    assert_eq!(value["result"]["ignored"]["share"], "0.285714");
}

#[test]
fn a_manifest_that_no_import_wrote_is_refused() {
    let w = world(4, 2);
    let done = items(&w, "0,x,0.5\n0,y,1\n1,x,2\n", "x,a0\ny,-\n", &options(8)).unwrap();
    let honest = serde_json::to_value(&done.manifest).unwrap();
    let run = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut about = honest.clone();
        change(&mut about);
        let path = Path::new("import.json");
        let recipe = Recipe::parse(path, &about).map_err(|e| e.to_string())?;
        let find = |file: &Ingredient| w.path(&file.name);
        let events = w.path("events.csv");
        let with = (&*events, &w.events);
        let got = recipe.import(path, find, &w.registry, with, &mut quiet);
        got.map(|got| assert!(got.records == done.records)).map_err(|e| e.to_string())
    };
    run(&|_| {}).unwrap();
    let text = |value: &str| serde_json::Value::from(value);
    for (key, field, value, expected) in [
        ("manifest", "", 3.into(), "manifest: expected 2, got \"3\""),
        ("manifest", "", text("2"), "about: invalid type"),
        ("scores", "", serde_json::json!([]), "scores: expected at least one file"),
        ("reading", "format", text("pickle"), "format: expected one that this program reads"),
        ("reading", "orientation", text("north"), "orientation: expected what an import writes"),
        ("options", "polarity", text("neutral"), "polarity: expected what an import writes"),
        ("options", "polarity", text("negative_helps"), "polarity: expected positive_helps"),
        ("options", "normalise", text("l2"), "normalise: expected what an import writes"),
        ("options", "scale", text("0"), "scale: expected what an import writes"),
        ("options", "drop_below", text("x"), "drop_below: expected what an import writes"),
        ("options", "unwritten", text("guess"), "unwritten: expected what an import writes"),
        ("options", "fraction_bits", 300.into(), "about: invalid value"),
    ] {
        let error = run(&|about| match field {
            "" => about[key] = value.clone(),
            _ => about[key][field] = value.clone(),
        });
        let error = error.unwrap_err();
        assert!(error.contains(expected), "expected {expected:?}, got {error:?}");
    }
    let other = text(&"0".repeat(64));
    let error = run(&|about| about["scores"][0]["sha256"] = other.clone()).unwrap_err();
    assert!(error.contains("files: expected those that the manifest names"), "{error}");
}

#[test]
fn pickles_are_never_read() {
    let w = world(4, 2);
    for (name, content) in [
        ("scores.pt", &b"anything"[..]),
        ("scores.pkl", b""),
        ("scores.npy", b"\x80\x04\x95hello"),
        ("scores.csv", b"PK\x03\x04rest"),
    ] {
        w.file(name, content);
        let error = w.import_with(name, &options(8), |_, _| {}).unwrap_err();
        assert!(error.contains("format: expected a format that holds numbers only"), "{error}");
        assert!(error.contains("tools/meed-export"), "{error}");
    }
    w.file("scores.txt", "1");
    let error = w.import_with("scores.txt", &options(8), |_, _| {}).unwrap_err();
    assert!(error.contains("format: expected a name that ends in .csv"), "{error}");
}

#[test]
fn an_import_can_be_stopped() {
    let w = world(4, 2);
    w.file("scores.npy", npy(&dict("<f4", false, "2, 3"), 1, &f4(&[1.0; 6])));
    let columns = w.file("columns.csv", "column,asset\n0,a0\n1,a1\n2,a1\n");
    let (path, events) = (w.path("scores.npy"), w.path("events.csv"));
    let mut request = Request::new(&path, &events, options(0));
    request.naming = Naming { columns: Some(&columns), events_in_order: true, ..Naming::default() };
    let mut stop = |_, _| ControlFlow::Break(());
    let got = import(&request, &w.registry, &w.events, &mut stop);
    assert!(matches!(got, Err(LedgerError::Cancelled)));
}

/// The real fixture: its README says what has to come out.
#[test]
fn the_digits_fixture() {
    let digits = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/digits");
    let mut registry = Registry::default();
    registry.add_list(&digits.join("assets.csv"), &mut quiet).unwrap();
    let event_file = digits.join("events.csv");
    let events = Events::load(&event_file, &registry).unwrap();
    assert_eq!(events.len(), 64);
    let (path, columns) = (digits.join("scores.npy"), digits.join("columns.csv"));
    let run = |top| {
        let options = Options { top, ..options(35) };
        let mut request = Request::new(&path, &event_file, options);
        request.naming =
            Naming { columns: Some(&columns), events_in_order: true, ..Naming::default() };
        import(&request, &registry, &events, &mut quiet).unwrap()
    };
    let all = run(None);
    assert_eq!((all.records.len(), all.summary.cells), (64 * 44, 64 * 1_528));
    // summary.csv has the sums of each dataset over the events, with six decimals.
    let summary = fs::read_to_string(digits.join("summary.csv")).unwrap();
    for row in summary.lines().skip(1) {
        let fields: Vec<&str> = row.split(',').collect();
        let asset = registry.index(fields[0]).unwrap();
        let of_asset = all.records.iter().filter(|r| r.asset == asset);
        let net: i64 = of_asset.map(|r| r.score).sum();
        let expected: f64 = fields[2].parse().unwrap();
        assert!((net as f64 / (1u64 << 35) as f64 - expected).abs() < 1e-5, "{row}");
    }
    let top = run(Some(16));
    assert_eq!(top.records.len(), 1_024);
    assert_eq!(top.summary.dropped_by_top.count, 64 * 28);
    assert!(top.records.iter().all(|r| r.score > 0));
    assert_eq!(top.summary.whole(), all.summary.whole());
}
