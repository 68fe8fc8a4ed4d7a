//! Scores in: both formats, all options, and everything that is refused.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use meed_ledger::content::quiet;
use meed_ledger::events::Events;
use meed_ledger::registry::Registry;
use meed_ledger::LedgerError;
use meed_scores::{
    import, Columns, CsvSource, Imported, Layout, NpySource, Options, Orientation, ScoreSource,
    Sign,
};
use tempfile::TempDir;

struct World {
    folder: TempDir,
    registry: Registry,
    events: Events,
}

fn world(assets: usize, events: usize) -> World {
    let mut text = "name,kind,owner,content_hash,penalty_bps,edges\n".to_owned();
    for i in 0..assets {
        let kind = ["dataset", "service", "model"][i.max(assets - 3) - (assets - 3)];
        text += &format!("a{i},{kind},0x{:040x},{i:032x}{:032x},0,\n", 1, 0);
    }
    let registry = Registry::parse(Path::new("registry.csv"), text.as_bytes()).unwrap();
    let mut text = "id,fee,service,model\n".to_owned();
    for i in 0..events {
        text += &format!("{i:032x},1,a{},a{}\n", assets - 2, assets - 1);
    }
    let events = Events::parse(Path::new("events.csv"), text.as_bytes(), &registry).unwrap();
    World { folder: tempfile::tempdir().unwrap(), registry, events }
}

fn options(fraction_bits: u8) -> Options {
    Options { fraction_bits, ..Options::default() }
}

fn scores(imported: &Imported) -> Vec<(u32, u32, i64)> {
    imported.records.iter().map(|r| (r.event, r.asset, r.score)).collect()
}

impl World {
    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn csv(&self, rows: &str, options: &Options) -> Result<Imported, String> {
        let path = self.file("scores.csv", format!("event,asset,score\n{rows}").as_bytes());
        let run = || {
            let mut source = CsvSource::open(&path, &self.events, &self.registry)?;
            import(&mut source, &path, None, self.events.len(), options, &mut quiet)
        };
        run().map_err(|e| e.to_string())
    }

    fn npy(
        &self,
        file: &[u8],
        orientation: Orientation,
        columns: &str,
        options: &Options,
    ) -> Result<Imported, String> {
        let path = self.file("scores.npy", file);
        let map = self.file("columns.csv", format!("column,asset\n{columns}").as_bytes());
        let run = || {
            let mut source = NpySource::open(&path, orientation, self.events.len())?;
            let Layout::Matrix { columns, .. } = source.layout() else { panic!("a matrix") };
            let columns = Columns::load(&map, columns, &self.registry)?;
            import(&mut source, &path, Some(&columns), self.events.len(), options, &mut quiet)
        };
        run().map_err(|e| e.to_string())
    }
}

/// An NPY file as NumPy writes it.
fn npy(dict: &str, version: u8, numbers: &[u8]) -> Vec<u8> {
    let prefix = if version == 1 { 10 } else { 12 };
    let mut text = dict.to_owned();
    while !(text.len() + 1 + prefix).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let mut file = b"\x93NUMPY".to_vec();
    file.extend([version, 0]);
    match version {
        1 => file.extend((text.len() as u16).to_le_bytes()),
        _ => file.extend((text.len() as u32).to_le_bytes()),
    }
    file.extend(text.as_bytes());
    file.extend(numbers);
    file
}

fn dict(descr: &str, shape: &str) -> String {
    format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}")
}

fn f4(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

#[test]
fn csv_by_id_and_by_position() {
    let w = world(4, 2);
    let id = format!("{:032x}", 1);
    let got = w.csv(&format!("0,a0,0.5\n0,a3,-1.25\n{id},a1,1e-1\n"), &options(8)).unwrap();
    assert_eq!(scores(&got), [(0, 0, 128), (0, 3, -320), (1, 1, 26)]);
    assert_eq!(got.summary.rounded, 1);
    assert!(!got.summary.sorted);
    assert_eq!((got.summary.cells, got.summary.kept), (3, 3));
}

#[test]
fn unsorted_rows_are_sorted_and_that_is_said() {
    let w = world(4, 3);
    let got = w.csv("2,a0,1\n0,a3,2\n0,a1,3\n", &options(0)).unwrap();
    assert_eq!(scores(&got), [(0, 1, 3), (0, 3, 2), (2, 0, 1)]);
    assert!(got.summary.sorted);
    assert_eq!(got.summary.events_without_records, 1);
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
        ("1,a0,1\n0,a0,1\n00000000000000000000000000000001,a0,2\n", "scores.csv, line 4: pair (event 1, asset 0) is there twice: first on line 2"),
        ("0,a0\n", "scores.csv, line 2: number of fields: expected 3"),
    ] {
        let error = w.csv(rows, &options(8)).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn errors_do_not_repeat_scores() {
    let w = world(4, 2);
    for rows in ["0,a0,123456789012345678\n", "0,a0,12345678x\n", "0,a0,1\n0,a0,12345678\n"] {
        let error = w.csv(rows, &options(8)).unwrap_err();
        assert!(!error.contains("12345678"), "{error}");
    }
}

#[test]
fn sign_scale_drop_and_top() {
    let w = world(6, 2);
    let rows = "0,a0,1\n0,a1,-2\n0,a2,-3\n0,a3,-2\n1,a0,4\n";
    let mut options = options(0);
    options.sign = Sign::NegativeHelps;
    options.scale = "2^1".parse().unwrap();
    let got = w.csv(rows, &options).unwrap();
    assert_eq!(scores(&got), [(0, 0, -2), (0, 1, 4), (0, 2, 6), (0, 3, 4), (1, 0, -8)]);
    options.top = Some(2);
    let got = w.csv(rows, &options).unwrap();
    // Of two equal scores, that of the earlier asset stays.
    assert_eq!(scores(&got), [(0, 1, 4), (0, 2, 6), (1, 0, -8)]);
    assert_eq!(got.summary.dropped_by_top, 2);
    options.drop_below = Some("0".parse().unwrap());
    let got = w.csv(rows, &options).unwrap();
    assert_eq!(scores(&got), [(0, 1, 4), (0, 2, 6)]);
    let summary = &got.summary;
    assert_eq!((summary.dropped_below, summary.dropped_by_top, summary.pairs), (2, 1, 5));
    assert_eq!(summary.events_without_records, 1);
    options.scale = "0.25".parse().unwrap();
    options.drop_below = None;
    options.top = None;
    let got = w.csv(rows, &options).unwrap();
    assert_eq!(scores(&got), [(0, 0, 0), (0, 1, 0), (0, 2, 1), (0, 3, 0), (1, 0, -1)]);
}

#[test]
fn matrices_of_both_kinds_in_both_orientations_and_all_versions() {
    let w = world(4, 2);
    let rows = [0.5f32, 1.0, -2.0, 8.0, 16.0, 32.0];
    let columns = "0,a1\n1,a0\n2,a1\n";
    let expected = [(0, 0, 4), (0, 1, -6), (1, 0, 64), (1, 1, 160)];
    for version in 1..=3 {
        let file = npy(&dict("<f4", "2, 3"), version, &f4(&rows));
        let got = w.npy(&file, Orientation::TestXTrain, columns, &options(2)).unwrap();
        assert_eq!(scores(&got), expected);
        assert_eq!((got.summary.cells, got.summary.pairs), (6, 4));
    }
    let wide: Vec<u8> = rows.iter().flat_map(|v| f64::from(*v).to_le_bytes()).collect();
    let got =
        w.npy(&npy(&dict("<f8", "2, 3"), 1, &wide), Orientation::TestXTrain, columns, &options(2));
    assert_eq!(scores(&got.unwrap()), expected);
    let turned: Vec<f32> = (0..6).map(|i| rows[i % 2 * 3 + i / 2]).collect();
    let file = npy(&dict("<f4", "3, 2"), 1, &f4(&turned));
    let got = w.npy(&file, Orientation::TrainXTest, columns, &options(2)).unwrap();
    assert_eq!(scores(&got), expected);
}

/// More events than fit the memory for sums: the matrix is read in several passes.
#[test]
fn a_matrix_in_passes_gives_the_same() {
    const EVENTS: usize = 2_000;
    const ASSETS: usize = 700;
    let w = world(ASSETS, EVENTS);
    let value = |event: usize, asset: usize| ((event * 31 + asset * 17) % 1_001) as f64 - 500.0;
    let columns: String = (0..ASSETS).map(|i| format!("{i},a{i}\n")).collect();
    let numbers: Vec<u8> = (0..ASSETS)
        .flat_map(|asset| (0..EVENTS).map(move |event| value(event, asset)))
        .flat_map(f64::to_le_bytes)
        .collect();
    let file = npy(&dict("<f8", &format!("{ASSETS}, {EVENTS}")), 1, &numbers);
    let got = w.npy(&file, Orientation::TrainXTest, &columns, &options(0)).unwrap();
    assert_eq!(got.records.len(), EVENTS * ASSETS);
    let right = |(event, asset, score): (u32, u32, i64)| {
        value(event as usize, asset as usize) == score as f64
    };
    assert!(scores(&got).into_iter().all(right));
}

#[test]
fn npy_refuses_what_it_cannot_read() {
    let w = world(4, 2);
    let numbers = f4(&[1.0; 6]);
    let good = npy(&dict("<f4", "2, 3"), 1, &numbers);
    let columns = "0,a0\n1,a1\n2,a2\n";
    let with = |dict: &str| npy(dict, 1, &numbers);
    let nan = npy(&dict("<f4", "2, 3"), 1, &f4(&[1.0, 1.0, 1.0, 1.0, f32::NAN, 1.0]));
    let inf = npy(&dict("<f4", "2, 3"), 1, &f4(&[f32::NEG_INFINITY, 1.0, 1.0, 1.0, 1.0, 1.0]));
    let large = npy(&dict("<f4", "2, 3"), 1, &f4(&[1.0, 1.0, 1.0, 1.0, 1e30, 1.0]));
    let mut version = good.clone();
    version[6] = 4;
    let mut long = good.clone();
    long[8..10].copy_from_slice(&20_000u16.to_le_bytes());
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (nan, "scores.npy, row 1, column 1 (from 0): score: expected a number, got NaN"),
        (inf, "scores.npy, row 0, column 0 (from 0): score: expected a finite number"),
        (large, "scores.npy, sum of event 1 and asset 1 (from 0): score: out of range"),
        (b"PK\x03\x04notnumpy".to_vec(), "magic: expected an NPY file"),
        (good[..7].to_vec(), "length: expected a whole NPY header, got \"less\""),
        (good[..40].to_vec(), "length: expected a whole NPY header"),
        (good[..good.len() - 1].to_vec(), "length: expected 152 bytes by its header, got \"151\""),
        ([&good[..], b"x"].concat(), "length: expected 152 bytes by its header, got \"153\""),
        (version, "NPY version: expected 1, 2 or 3, got \"4\""),
        (long, "NPY header: expected at most 10000 bytes, got \"20000\""),
        (
            with(&dict("<f4", "3, 2")),
            "shape: expected 2 rows, one per event (test_x_train), got \"3 in a matrix of 3 x 2\"",
        ),
        (with(&dict("<f4", "6,")), "shape: expected two dimensions"),
        (with(&dict("<f4", "1, 2, 3")), "shape: expected two dimensions"),
        (with(&dict("<f4", "-2, 3")), "shape: expected two dimensions"),
        (
            with(&dict("<f4", "18446744073709551615, 18446744073709551615")),
            "length: expected fewer numbers by its header",
        ),
        (
            with(&dict(">f4", "2, 3")),
            "dtype: expected '<f4' or '<f8' (little-endian float32 or float64), got \">f4\"",
        ),
        (with(&dict("|O", "2, 3")), "dtype: expected '<f4' or '<f8'"),
        (
            with("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3)}"),
            "dtype: expected",
        ),
        (
            with("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}"),
            "fortran_order: expected False: save numpy.ascontiguousarray(scores)",
        ),
        (
            with("{'descr': '<f4', 'shape': (2, 3)}"),
            "NPY header: expected descr, fortran_order and shape",
        ),
        (
            with("{'descr': '<f4', 'descr': '<f4'}"),
            "NPY header key: expected descr, fortran_order and shape, each once",
        ),
        (with("{'descr': '<f4', 'evil': 1}"), "NPY header key"),
        (with("{'descr': '<f4"), "NPY header: expected a closing quote"),
        (with(""), "NPY header: expected {"),
        (with(&format!("{}x", dict("<f4", "2, 3"))), "NPY header: expected descr"),
    ];
    for (file, expected) in cases {
        let error = w.npy(&file, Orientation::TestXTrain, columns, &options(2)).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    let error = w.npy(&good, Orientation::TrainXTest, columns, &options(2)).unwrap_err();
    assert!(error.contains("expected 2 columns, one per event (train_x_test), got \"3"), "{error}");
    let empty = world(4, 0);
    let file = npy(&dict("<f4", "0, 3"), 1, &[]);
    let got = empty.npy(&file, Orientation::TestXTrain, columns, &options(2)).unwrap();
    assert!(got.records.is_empty());
}

#[test]
fn an_import_can_be_stopped() {
    let w = world(4, 2);
    let path = w.file("scores.npy", &npy(&dict("<f4", "2, 4"), 1, &f4(&[1.0; 8])));
    let mut source = NpySource::open(&path, Orientation::TestXTrain, 2).unwrap();
    let columns = Columns::identity(4);
    let mut stop = |_, _| ControlFlow::Break(());
    let got = import(&mut source, &path, Some(&columns), 2, &options(0), &mut stop);
    assert!(matches!(got, Err(LedgerError::Cancelled)));
}

/// The real fixture: its README says what has to come out.
#[test]
fn the_digits_fixture() {
    let digits = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/digits");
    let mut registry = Registry::default();
    registry.add_list(&digits.join("assets.csv"), &mut quiet).unwrap();
    let events = Events::load(&digits.join("events.csv"), &registry).unwrap();
    assert_eq!(events.len(), 64);
    let path = digits.join("scores.npy");
    let mut source = NpySource::open(&path, Orientation::TestXTrain, 64).unwrap();
    let columns = Columns::load(&digits.join("columns.csv"), 1_528, &registry).unwrap();
    let mut options = options(35);
    let all = import(&mut source, &path, Some(&columns), 64, &options, &mut quiet).unwrap();
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
    options.top = Some(16);
    let top = import(&mut source, &path, Some(&columns), 64, &options, &mut quiet).unwrap();
    assert_eq!(top.records.len(), 1_024);
    assert_eq!(top.summary.dropped_by_top, 64 * 28);
    assert!(top.records.iter().all(|r| r.score > 0));
}
