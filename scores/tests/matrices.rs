//! Matrices: NPY and safetensors, bound by ids and by position, and everything that is refused.

mod world;

use meed_scores::{Imported, Orientation, Request};
use world::{bf16, dict, f2, f4, f8, hash, id, npy, options, scores, world, Paths, World};

const ROWS: [f32; 6] = [0.5, 1.0, -2.0, 8.0, 16.0, 32.0];
/// The sums of [`ROWS`] by [`COLUMNS`], with two fraction bits.
const EXPECTED: [(u32, u32, i64); 4] = [(0, 0, 4), (0, 1, -6), (1, 0, 64), (1, 1, 160)];
const COLUMNS: &str = "column,asset\n0,a1\n1,a0\n2,a1\n";

fn turned(rows: &[f32; 6]) -> [f32; 6] {
    std::array::from_fn(|i| rows[i % 2 * 3 + i / 2])
}

/// By position.
fn in_order<'a>(request: &mut Request<'a>, paths: &'a Paths) {
    request.naming.columns = paths.columns();
    request.naming.events_in_order = true;
}

fn positions(
    w: &World,
    file: &[u8],
    orientation: Orientation,
    columns: &str,
) -> Result<Imported, String> {
    w.file("scores.npy", file);
    w.file("columns.csv", columns);
    w.import_with("scores.npy", &options(2), |request, paths| {
        in_order(request, paths);
        request.orientation = Some(orientation);
    })
}

#[test]
fn all_types_orders_orientations_and_versions() {
    let w = world(4, 2);
    type Write = fn(&[f32]) -> Vec<u8>;
    let types: [(&str, Write); 3] = [("<f2", f2), ("<f4", f4), ("<f8", f8)];
    for (descr, write) in types {
        for version in 1..=3 {
            let by_event = write(&ROWS);
            let by_item = write(&turned(&ROWS));
            for (bytes, fortran, shape, orientation) in [
                (&by_event, false, "2, 3", Orientation::TestXTrain),
                (&by_item, true, "2, 3", Orientation::TestXTrain),
                (&by_item, false, "3, 2", Orientation::TrainXTest),
                (&by_event, true, "3, 2", Orientation::TrainXTest),
            ] {
                let file = npy(&dict(descr, fortran, shape), version, bytes);
                let got = positions(&w, &file, orientation, COLUMNS).unwrap();
                assert_eq!(scores(&got), EXPECTED, "{descr} {shape} {fortran}");
                assert_eq!((got.summary.cells, got.summary.pairs), (6, 4));
            }
        }
    }
}

#[test]
fn what_is_nobodys_is_left_out_and_weighed() {
    let w = world(4, 2);
    for (bytes, shape, orientation) in [
        (f4(&ROWS), "2, 3", Orientation::TestXTrain),
        (f4(&turned(&ROWS)), "3, 2", Orientation::TrainXTest),
    ] {
        let file = npy(&dict("<f4", false, shape), 1, &bytes);
        let columns = "column,asset\n0,-\n1,a0\n2,-\n";
        let got = positions(&w, &file, orientation, columns).unwrap();
        assert_eq!(scores(&got), [(0, 0, 4), (1, 0, 64)]);
        let summary = &got.summary;
        assert_eq!((summary.ignored_items, summary.ignored_cells), (2, 4));
        // 0.5 + 8 + 32 above zero, -2 below, in quarters.
        assert_eq!((summary.ignored.above, summary.ignored.below), (162, -8));
    }
}

#[test]
fn rows_and_columns_are_bound_by_ids() {
    let w = world(4, 3);
    w.file("scores.npy", npy(&dict("<f4", false, "2, 3"), 1, &f4(&ROWS)));
    w.file("items.csv", format!("item,asset\ndoc 1,a1\n\"doc,2\",sha256:{}\ndoc 3,a1\n", hash(0)));
    let by_ids = |items: &str, events: &str| {
        w.file("items.txt", items);
        w.file("events.txt", events);
        w.import_with("scores.npy", &options(2), |request, paths| {
            request.naming.items = paths.items();
            request.naming.item_ids = paths.item_ids();
            request.naming.event_ids = paths.event_ids();
        })
    };
    // The matrix has the events the other way round, and one of three has no row.
    let events = format!("{}\n{}\n", id(2), id(0));
    let expected = [(0, 0, 64), (0, 1, 160), (2, 0, 4), (2, 1, -6)];
    let got = by_ids("doc 1\ndoc,2\ndoc 3\n", &events).unwrap();
    assert_eq!(scores(&got), expected);
    assert_eq!(got.summary.events_without_records, 1);
    let json = format!("[\"{}\", \"{}\"]", id(2), id(0));
    let got = by_ids("[\"doc 1\", \"doc,2\", \"doc 3\"]", &json).unwrap();
    assert_eq!(scores(&got), expected);
    let fine = "doc 1\ndoc,2\ndoc 3\n";
    for (items, events, expected) in [
        (
            "doc 1\ndoc,2\n",
            &events[..],
            "items.txt: items: expected 3, one for each in the matrix, got \"2\"",
        ),
        ("doc 1\ndoc,2\ndoc 3\nx\n", &events, "items.txt, line 4: items: expected 3, one for each"),
        (
            "doc 1\ndoc,2\nzebra\n",
            &events,
            "items.txt, line 3: item \"zebra\" is unknown: expected an item of the map",
        ),
        (
            "doc 1\ndoc,2\ndoc 1\n",
            &events,
            "items.txt, line 3: item \"doc 1\" is there twice: first in place 0",
        ),
        (fine, &id(0), "events.txt: events: expected 2, one for each in the matrix, got \"1\""),
        (fine, &format!("{0}\n{0}\n", id(1)), "events.txt, line 2: event"),
        (
            fine,
            &format!("{}\n{}\n", id(1), id(7)),
            "events.txt, line 2: event \"0000000000000000000000000000e007\" is unknown",
        ),
        (fine, "x\ny\n", "events.txt, line 1: event \"x\" is unknown"),
    ] {
        let error = by_ids(items, events).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn content_hashes_need_no_map() {
    let w = world(4, 2);
    w.file("scores.npy", npy(&dict("<f4", false, "2, 3"), 1, &f4(&ROWS)));
    w.file("items.txt", [hash(1), hash(0), hash(3)].join("\n"));
    let got = w.import_with("scores.npy", &options(2), |request, paths| {
        request.naming.item_ids = paths.item_ids();
        request.naming.events_in_order = true;
    });
    assert_eq!(
        scores(&got.unwrap()),
        [(0, 0, 4), (0, 1, 2), (0, 3, -8), (1, 0, 64), (1, 1, 32), (1, 3, 128)]
    );
}

#[test]
fn nothing_is_bound_by_silent_position() {
    let w = world(4, 2);
    w.file("scores.npy", npy(&dict("<f4", false, "2, 4"), 1, &f4(&[1.0; 8])));
    w.file("columns.csv", "column,asset\n0,a0\n1,a1\n2,a2\n3,a3\n");
    let error = w.import_with("scores.npy", &options(2), |_, _| {}).unwrap_err();
    assert!(
        error.contains("nothing says which events the scores are of: give --event-ids"),
        "{error}"
    );
    let error = w.import_with("scores.npy", &options(2), |r, _| r.naming.events_in_order = true);
    let error = error.unwrap_err();
    assert!(error.contains("nothing says whose the scores are: give --columns FILE"), "{error}");
    assert!(w.import_with("scores.npy", &options(2), in_order).is_ok());
}

/// More events than fit the memory for sums: the matrix is read in several passes. And rows that are
/// longer than a window, which the threads share.
#[test]
fn passes_and_long_rows_give_the_same() {
    const EVENTS: usize = 3_000;
    const ITEMS: usize = 1_400;
    let w = world(60, EVENTS);
    let value = |event: usize, item: usize| ((event * 31 + item * 17) % 1_001) as f64 - 500.0;
    let columns: String = (0..ITEMS).map(|i| format!("{i},a{}\n", i % 60)).collect();
    let numbers: Vec<u8> = (0..ITEMS)
        .flat_map(|item| (0..EVENTS).map(move |event| value(event, item)))
        .flat_map(f64::to_le_bytes)
        .collect();
    let file = npy(&dict("<f8", false, &format!("{ITEMS}, {EVENTS}")), 1, &numbers);
    let columns = format!("column,asset\n{columns}");
    let got = positions(&w, &file, Orientation::TrainXTest, &columns).unwrap();
    assert_eq!(got.records.len(), EVENTS * 60);
    for record in &got.records {
        let items = (record.asset as usize..ITEMS).step_by(60);
        let sum: f64 = items.map(|item| value(record.event as usize, item)).sum();
        assert_eq!(record.score as f64, sum * 4.0);
    }
    // Two rows of two and a half million items each.
    const LONG: usize = 2_500_000;
    let w = world(5, 2);
    let columns: String = (0..LONG).map(|i| format!("{i},a{}\n", i % 3)).collect();
    let long = |event: usize, item: usize| ((event * 7 + item) % 9) as f32 - 3.0;
    let numbers: Vec<f32> = (0..2).flat_map(|e| (0..LONG).map(move |i| long(e, i))).collect();
    let mut file = npy(&dict("<f4", false, &format!("2, {LONG}")), 1, &f4(&numbers));
    let columns = format!("column,asset\n{columns}");
    let got = positions(&w, &file, Orientation::TestXTrain, &columns).unwrap();
    assert_eq!(got.records.len(), 6);
    for record in &got.records {
        let items = (record.asset as usize..LONG).step_by(3);
        let sum: f64 = items.map(|item| f64::from(long(record.event as usize, item))).sum();
        assert_eq!(record.score as f64, sum * 4.0);
    }
    // The last number of the second row is none.
    let end = file.len();
    file[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    let error = positions(&w, &file, Orientation::TestXTrain, &columns).unwrap_err();
    assert!(error.contains("row 1, column 2499999 (from 0): score: expected a number"), "{error}");
}

#[test]
fn npy_refuses_what_it_cannot_read() {
    let w = world(4, 2);
    let numbers = f4(&[1.0; 6]);
    let good = npy(&dict("<f4", false, "2, 3"), 1, &numbers);
    let columns = "column,asset\n0,a0\n1,a1\n2,a2\n";
    let with = |dict: &str| npy(dict, 1, &numbers);
    let shape = |shape: &str| npy(&dict("<f4", false, shape), 1, &numbers);
    let typed = |descr: &str| npy(&dict(descr, false, "2, 3"), 1, &numbers);
    let of = |values: [f32; 6]| npy(&dict("<f4", false, "2, 3"), 1, &f4(&values));
    let mut version = good.clone();
    version[6] = 4;
    let mut long = good.clone();
    long[8..10].copy_from_slice(&20_000u16.to_le_bytes());
    let mut enormous = npy(&dict("<f4", false, "2, 3"), 2, &numbers);
    enormous[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (of([1.0, 1.0, 1.0, 1.0, f32::NAN, 1.0]), "scores.npy, row 1, column 1 (from 0): score: expected a number, got NaN"),
        (of([f32::NEG_INFINITY, 1.0, 1.0, 1.0, 1.0, 1.0]), "scores.npy, row 0, column 0 (from 0): score: expected a finite number"),
        (of([1.0, 1.0, 1.0, 1.0, 1e30, 1.0]), "scores.npy, sum of event 1 and asset 1 (from 0): score: out of range"),
        (b"not a numpy file".to_vec(), "magic: expected an NPY file"),
        (good[..7].to_vec(), "length: expected a whole NPY header, got \"less\""),
        (good[..40].to_vec(), "length: expected a whole NPY header"),
        (good[..good.len() - 1].to_vec(), "length: expected 152 bytes by its header, got \"151\""),
        ([&good[..], b"x"].concat(), "length: expected 152 bytes by its header, got \"153\""),
        (version, "NPY version: expected 1, 2 or 3, got \"4\""),
        (long, "NPY header: expected at most 10000 bytes, got \"20000\""),
        (enormous, "NPY header: expected at most 10000 bytes, got \"4294967295\""),
        (shape("3, 2"), "shape: expected events: at most 2"),
        (shape("6,"), "shape: expected two dimensions"),
        (shape("1, 2, 3"), "shape: expected two dimensions"),
        (shape("-2, 3"), "shape: expected two dimensions"),
        (shape("18446744073709551615, 18446744073709551615"), "length: expected fewer numbers by its header"),
        (typed(">f4"), "dtype: expected '<f2', '<f4' or '<f8' (little-endian floats of 16, 32 or 64 bits), got \">f4\""),
        (typed("|O"), "dtype: expected '<f2', '<f4'"),
        (with("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3)}"), "dtype: expected"),
        (with("{'descr': '<f4', 'fortran_order': 1, 'shape': (2, 3)}"), "fortran_order: expected True or False"),
        (with("{'descr': '<f4', 'shape': (2, 3)}"), "NPY header: expected descr, fortran_order and shape"),
        (with("{'descr': '<f4', 'descr': '<f4'}"), "NPY header key: expected descr, fortran_order and shape, each once"),
        (with("{'descr': '<f4', 'evil': 1}"), "NPY header key"),
        (with("{'descr': '<f4"), "NPY header: expected a closing quote"),
        (with(""), "NPY header: expected {"),
        (with(&format!("{}x", dict("<f4", false, "2, 3"))), "NPY header: expected descr"),
    ];
    w.file("events.txt", format!("{}\n{}\n", id(0), id(1)));
    w.file("columns.csv", columns);
    for (file, expected) in cases {
        w.file("scores.npy", file);
        let error = w.import_with("scores.npy", &options(2), |request, paths| {
            request.naming.columns = paths.columns();
            request.naming.event_ids = paths.event_ids();
        });
        let error = error.unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    let error = positions(&w, &good, Orientation::TrainXTest, columns).unwrap_err();
    assert!(
        error.contains("shape: expected events: 2, one for each event (--events-in-order), got \"3 in a matrix of 2 x 3 (train_x_test)\""),
        "{error}"
    );
    let empty = world(4, 0);
    let file = npy(&dict("<f4", false, "0, 3"), 1, &[]);
    let got = positions(&empty, &file, Orientation::TestXTrain, columns).unwrap();
    assert!(got.records.is_empty());
}

/// A safetensors file with this header.
fn tensors(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

fn safetensors(w: &World, file: &[u8]) -> Result<Imported, String> {
    w.file("scores.safetensors", file);
    w.file("columns.csv", COLUMNS);
    w.import_with("scores.safetensors", &options(2), in_order)
}

#[test]
fn safetensors_of_all_types() {
    let w = world(4, 2);
    type Write = fn(&[f32]) -> Vec<u8>;
    let types: [(&str, Write); 4] = [("F16", f2), ("BF16", bf16), ("F32", f4), ("F64", f8)];
    for (dtype, write) in types {
        let data = write(&ROWS);
        let header = format!(
            "{{\"all_modules\":{{\"dtype\":\"{dtype}\",\"shape\":[2,3],\"data_offsets\":[0,{}]}}}}   ",
            data.len()
        );
        let got = safetensors(&w, &tensors(&header, &data)).unwrap();
        assert_eq!(scores(&got), EXPECTED, "{dtype}");
        assert_eq!(
            serde_json::to_value(&got.manifest).unwrap()["reading"]["tensor"],
            "all_modules"
        );
    }
}

/// As the format's own implementation writes it, with several tensors.
#[test]
fn safetensors_by_its_own_crate() {
    use safetensors::tensor::{serialize, Dtype, TensorView};
    let w = world(4, 2);
    let data = f4(&ROWS);
    let view = |shape: &[usize]| TensorView::new(Dtype::F32, shape.to_vec(), &data).unwrap();
    let file = serialize(
        [("scores", view(&[2, 3])), ("flat", view(&[6])), ("cube", view(&[1, 2, 3]))],
        None,
    );
    let got = safetensors(&w, &file.unwrap()).unwrap();
    assert_eq!(scores(&got), EXPECTED);
    let two = serialize([("a", view(&[2, 3])), ("b", view(&[3, 2]))], None).unwrap();
    let error = safetensors(&w, &two).unwrap_err();
    assert!(
        error.contains("tensors: expected one of two dimensions, or --tensor NAME, got \"a, b\""),
        "{error}"
    );
    w.file("scores.safetensors", &two);
    let by_name = |name: &'static str| {
        w.import_with("scores.safetensors", &options(2), |request, paths| {
            in_order(request, paths);
            request.tensor = Some(name);
        })
    };
    assert_eq!(scores(&by_name("a").unwrap()), EXPECTED);
    assert!(by_name("c")
        .unwrap_err()
        .contains("--tensor: expected one of the file's tensors (a, b), got \"c\""));
    let none = serialize([("flat", view(&[6]))], None).unwrap();
    assert!(safetensors(&w, &none)
        .unwrap_err()
        .contains("tensors: expected one of two dimensions, got \"flat\""));
}

#[test]
fn safetensors_bring_their_own_names() {
    let w = world(4, 2);
    let data = f4(&turned(&ROWS));
    let write = |more: &str| {
        let items = "[\\\"x\\\",\\\"y\\\",\\\"z\\\"]";
        let events = format!("[\\\"{}\\\",\\\"{}\\\"]", id(0), id(1));
        let header = format!(
            "{{\"__metadata__\":{{\"meed.format\":\"1\",\"meed.method\":\"ekfac\",\"meed.tool\":\"kronfluence 1.0\",\
             \"meed.polarity\":\"negative_helps\",\"meed.orientation\":\"train_x_test\",\
             \"meed.items\":\"{items}\",\"meed.events\":\"{events}\"{more}}},\
             \"s\":{{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]}}}}"
        );
        w.file("scores.safetensors", tensors(&header, &data));
    };
    w.file("items.csv", "item,asset\nx,a1\ny,a0\nz,a1\n");
    let run = |change: &dyn for<'a> Fn(&mut Request<'a>, &'a Paths)| {
        w.import_with("scores.safetensors", &options(2), |request, paths| {
            request.naming.items = paths.items();
            change(request, paths);
        })
    };
    write("");
    let got = run(&|_, _| {}).unwrap();
    let negated: Vec<_> = EXPECTED.iter().map(|(e, a, s)| (*e, *a, -s)).collect();
    assert_eq!(scores(&got), negated);
    let manifest = serde_json::to_value(&got.manifest).unwrap();
    assert_eq!(manifest["reading"]["method"], "ekfac");
    assert_eq!(manifest["reading"]["tool"], "kronfluence 1.0");
    assert_eq!(manifest["options"]["polarity_from"], "file");
    assert_eq!(manifest["reading"]["items_by"], "item ids in the metadata");
    // The caller may agree, and must not contradict.
    assert!(run(&|r, _| r.polarity = Some(meed_scores::Polarity::NegativeHelps)).is_ok());
    for (change, expected) in [
        (
            (&|r: &mut Request<'_>| r.polarity = Some(meed_scores::Polarity::PositiveHelps))
                as &dyn Fn(&mut Request<'_>),
            "sign: expected negative_helps, as the file says, got \"positive_helps\"",
        ),
        (
            &|r| r.orientation = Some(Orientation::TestXTrain),
            "orientation: expected train_x_test, as the file says",
        ),
        (&|r| r.method = Some("tracin".to_owned()), "method: expected ekfac, as the file says"),
    ] {
        let error = run(&|request, _| change(request)).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    w.file("items.txt", "x\ny\nz\n");
    assert!(run(&|r, p| r.naming.item_ids = p.item_ids()).is_ok());
    w.file("items.txt", "x\nz\ny\n");
    let error = run(&|r, p| r.naming.item_ids = p.item_ids()).unwrap_err();
    assert!(error.contains("items.txt: items: expected the ids in the metadata"), "{error}");
    w.file("columns.csv", COLUMNS);
    let error = run(&|r, p| {
        r.naming.items = None;
        r.naming.columns = p.columns();
    });
    assert!(error.unwrap_err().contains("the file names its items itself"));
    // Hashes in place of a map, and a map that contradicts them.
    let hashes = [hash(1), hash(0), hash(2)].map(|h| format!("\\\"{h}\\\"")).join(",");
    write(&format!(",\"meed.item_hashes\":\"[{hashes}]\""));
    let got = run(&|r, _| r.naming.items = None).unwrap();
    assert_eq!(got.records.len(), 6);
    let error = run(&|_, _| {}).unwrap_err();
    assert!(
        error.contains("item: expected one asset for an item's id and its content hash, got \"z\""),
        "{error}"
    );
    write(",\"meed.item_hashes\":\"[]\"");
    assert!(run(&|_, _| {}).unwrap_err().contains("meed.item_hashes: expected 3, one an item"));
    write(",\"meed.events\":\"[]\"");
    assert!(run(&|_, _| {}).unwrap_err().contains("metadata key: expected each key once"));
}

#[test]
fn safetensors_refuses_what_says_two_things() {
    let w = world(4, 2);
    let data = f4(&ROWS);
    let one = |fields: &str| tensors(&format!("{{\"s\":{{{fields}}}}}"), &data);
    let good = one("\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]");
    assert!(safetensors(&w, &good).is_ok());
    let mut enormous = good.clone();
    enormous[..8].copy_from_slice(&(1u64 << 60).to_le_bytes());
    let mut beyond = good.clone();
    beyond[..8].copy_from_slice(&90_000_000u64.to_le_bytes());
    let overlap = "{\"s\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},\
                    \"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[16,24]}}";
    let gap = "{\"s\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[8,24]}}";
    let twice = "{\"s\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},\
                  \"s\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}";
    let deep = format!("{{\"s\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let many: String = (0..70_000)
        .map(|i| format!("\"{i}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}},"))
        .collect();
    let many = format!("{{{}}}", many.trim_end_matches(','));
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (tensors(&many, b""), "expected at most 65536 tensors"),
        (b"".to_vec(), "length: expected a safetensors file of 8 bytes"),
        (good[..7].to_vec(), "length: expected a safetensors file of 8 bytes"),
        (good[..20].to_vec(), "length: expected a header of"),
        (enormous, "header: expected at most 100000000 bytes, got \"1152921504606846976\""),
        (beyond, "length: expected a header of 90000000 bytes"),
        (
            good[..good.len() - 1].to_vec(),
            "data_offsets: expected offsets of tensor \"s\" within 23 bytes",
        ),
        (
            [&good[..], b"x"].concat(),
            "length: expected 24 bytes of tensors by the header, got \"25\"",
        ),
        (
            tensors(overlap, &data),
            "data_offsets: expected the data of tensor \"t\" from byte 24 on, without overlap",
        ),
        (tensors(gap, &data), "data_offsets: expected the data of tensor \"s\" from byte 0 on"),
        (tensors(twice, &data), "\"s\" is there twice"),
        (
            tensors("{\"__metadata__\":{},\"__metadata__\":{}}", b""),
            "\"__metadata__\" is there twice",
        ),
        (tensors(&deep, &data), "expected a safetensors header in JSON"),
        (tensors("[]", b""), "expected a safetensors header in JSON"),
        (tensors("{}", b""), "tensors: expected one of two dimensions"),
        (
            one("\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[24,0]"),
            "data_offsets: expected offsets",
        ),
        (
            one("\"dtype\":\"F32\",\"shape\":[2,4],\"data_offsets\":[0,24]"),
            "shape: expected a shape of tensor \"s\" that fits its 24 bytes",
        ),
        (
            one("\"dtype\":\"F32\",\"shape\":[18446744073709551615,3],\"data_offsets\":[0,24]"),
            "shape: expected a shape",
        ),
        (
            one("\"dtype\":\"I32\",\"shape\":[2,3],\"data_offsets\":[0,24]"),
            "dtype: expected F16, BF16, F32 or F64, got \"I32\"",
        ),
        (
            one("\"dtype\":\"F99\",\"shape\":[2,3],\"data_offsets\":[0,24]"),
            "dtype: expected a type that safetensors has",
        ),
        (
            one("\"dtype\":\"F32\",\"shape\":[-2,3],\"data_offsets\":[0,24]"),
            "expected a safetensors header in JSON",
        ),
        (
            one("\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24],\"more\":1"),
            "unknown field `more`",
        ),
    ];
    for (file, expected) in cases {
        let error = safetensors(&w, &file).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}
