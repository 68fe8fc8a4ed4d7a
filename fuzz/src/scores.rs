//! Scores from attribution tools.

use std::path::Path;

use meed_ledger::content::quiet;
use meed_scores::{
    import, Columns, CsvSource, Layout, NpySource, Options, Orientation, ScoreSource,
};

use crate::ledger::{events_of_seed, registry_of_seed};
use crate::sample::with_file;

/// Fraction bits of imported scores.
const FRACTION_BITS: u8 = 32;

/// A map of four columns to that registry.
pub const COLUMNS: &str = "column,asset\n0,d\n1,d\n2,e\n3,m\n";

/// Scores of those events and assets.
pub const SCORES: &str = "\
event,asset,score
0,d,0.125
878e4a6e159a8b4d36e1957ab2b9c525,m,-1e-3
2,e,32767.999999999
0,\"e\",3
1,d,0.5E+2
";

/// `columns.csv`.
pub fn columns(data: &[u8]) -> bool {
    with_file(data, |path| Columns::load(path, 4, &registry_of_seed()).is_ok())
}

/// Imports what `open` opens. Records come out in order, and the same again.
fn import_scores<S: ScoreSource>(
    path: &Path,
    columns: Option<&Columns>,
    open: impl Fn() -> meed_ledger::Result<S>,
) -> bool {
    let events = events_of_seed(&registry_of_seed()).len();
    let options = Options { fraction_bits: FRACTION_BITS, ..Options::default() };
    let once = || {
        let mut source = open()?;
        import(&mut source, path, columns, events, &options, &mut quiet)
    };
    let Ok(imported) = once() else { return false };
    let records = &imported.records;
    assert!(records.windows(2).all(|w| (w[0].event, w[0].asset) < (w[1].event, w[1].asset)));
    assert!(records.iter().all(|r| (r.event as usize) < events && r.score.abs() < 1 << 47));
    assert_eq!(once().expect("imported just now").records, *records);
    true
}

/// Scores in CSV.
pub fn scores_csv(data: &[u8]) -> bool {
    let registry = registry_of_seed();
    let events = events_of_seed(&registry);
    with_file(data, |path| import_scores(path, None, || CsvSource::open(path, &events, &registry)))
}

/// Scores in NPY, read both ways.
pub fn scores_npy(data: &[u8]) -> bool {
    let columns = Columns::identity(4);
    with_file(data, |path| {
        let read = |orientation| {
            import_scores(path, Some(&columns), || {
                let source = NpySource::open(path, orientation, 3)?;
                match source.layout() {
                    Layout::Matrix { columns: 4, .. } => Ok(source),
                    // The importer is for a matrix that goes with its map; the caller compares.
                    _ => Err(meed_ledger::LedgerError::Cancelled),
                }
            })
        };
        read(Orientation::TestXTrain) | read(Orientation::TrainXTest)
    })
}

/// Three events by four columns, and the other way round, in both precisions.
pub fn npy_seeds() -> Vec<Vec<u8>> {
    let npy = |kind: &str, shape: &str, body: Vec<u8>| {
        let mut header =
            format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
        while (10 + header.len() + 1) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.bytes());
        bytes.extend(body);
        bytes
    };
    let values = [0.5, -1.25, 1e-9, 0.0, 1024.0, -0.0, 3.5, 2.75, 1e3, 5e-324, 7.0, -8.125];
    vec![
        npy("<f8", "(3, 4)", values.iter().flat_map(|v: &f64| v.to_le_bytes()).collect()),
        npy("<f4", "(4, 3)", values.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect()),
    ]
}
