//! Scores from attribution tools.

use std::path::Path;
use std::sync::Arc;

use meed_ledger::content::quiet;
use meed_scores::binding::{columns, items};
use meed_scores::{
    import, load_events, Format, Naming, Options, Orientation, Request, SpanWeight, Unwritten,
};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::ledger::{events_of_seed, registry_of_seed, EVENTS};
use crate::sample::with_file;

/// Fraction bits of imported scores.
const FRACTION_BITS: u8 = 32;

/// A map of four columns to that registry.
pub const COLUMNS: &str = "column,asset\n0,d\n1,d\n2,e\n3,m\n";

/// A map of items to that registry.
pub const ITEMS: &str = "item,asset\nw,d\nx,d\n\"y\",e\nz,-\n";

/// Scores of those events and assets.
pub const SCORES: &str = "\
event,asset,score
0,d,0.125
878e4a6e159a8b4d36e1957ab2b9c525,m,-1e-3
2,e,32767.999999999
0,\"e\",3
1,d,0.5E+2
";

/// Scores of those events and items.
pub const TRIPLES: &str = "\
event_id,item,score
0,w,0.125
0,x,0.125
878e4a6e159a8b4d36e1957ab2b9c525,y,-1e-3
0,z,3
1,z,0.5E+2
";

/// `columns.csv`.
pub fn columns(data: &[u8]) -> bool {
    with_file(data, |path| columns::load(path, 4, &registry_of_seed()).is_ok())
}

/// `items.csv`.
pub fn items(data: &[u8]) -> bool {
    with_file(data, |path| items::Items::load(Some(path), &registry_of_seed()).is_ok())
}

/// Imports a file. Records come out in order, and the same again; nothing is lost on the way.
fn imports(scores: &Path, change: impl for<'a> Fn(&mut Request<'a>, &'a Beside)) -> bool {
    let registry = registry_of_seed();
    let events = events_of_seed(&registry);
    let beside = Beside::get();
    let options = Options { fraction_bits: FRACTION_BITS, ..Options::default() };
    let mut request = Request::new(scores, &beside.events, options);
    change(&mut request, beside);
    let once = || import(&request, &registry, &events, &mut quiet);
    let Ok(imported) = once() else { return false };
    let records = &imported.records;
    assert!(records.windows(2).all(|w| (w[0].event, w[0].asset) < (w[1].event, w[1].asset)));
    assert!(records.iter().all(|r| (r.event as usize) < events.len() && r.score.abs() < 1 << 47));
    let whole: i128 = records.iter().map(|r| i128::from(r.score.abs())).sum();
    assert_eq!(imported.summary.whole() - imported.summary.ignored.magnitude(), whole);
    let again = once().expect("imported just now");
    assert!(again.records == *records && again.manifest == imported.manifest);
    true
}

/// Files that imports need beside the one under test; written once.
struct Beside {
    _folder: tempfile::TempDir,
    events: std::path::PathBuf,
    columns: std::path::PathBuf,
    items: std::path::PathBuf,
}

impl Beside {
    fn get() -> &'static Self {
        static BESIDE: std::sync::OnceLock<Beside> = std::sync::OnceLock::new();
        BESIDE.get_or_init(|| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let write = |name: &str, text: &str| {
                let path = folder.path().join(name);
                std::fs::write(&path, text).expect("a file");
                path
            };
            let [events, columns, items] =
                [("events.csv", EVENTS), ("columns.csv", COLUMNS), ("items.csv", ITEMS)]
                    .map(|(name, text)| write(name, text));
            Self { _folder: folder, events, columns, items }
        })
    }
}

/// Scores of assets in CSV.
pub fn scores_csv(data: &[u8]) -> bool {
    with_file(data, |path| imports(path, |request, _| request.format = Some(Format::Csv)))
}

/// Scores of items in CSV.
pub fn triples_csv(data: &[u8]) -> bool {
    with_file(data, |path| {
        imports(path, |request, beside| {
            request.format = Some(Format::Csv);
            request.naming.items = Some(&beside.items);
        })
    })
}

/// A matrix by position, read both ways.
fn matrix(data: &[u8], format: Format) -> bool {
    with_file(data, |path| {
        let read = |orientation| {
            imports(path, |request, beside| {
                request.format = Some(format);
                request.orientation = orientation;
                request.naming = Naming {
                    columns: Some(&beside.columns),
                    events_in_order: true,
                    ..Naming::default()
                };
            })
        };
        read(None) | read(Some(Orientation::TrainXTest))
    })
}

/// Scores in NPY.
pub fn scores_npy(data: &[u8]) -> bool {
    matrix(data, Format::Npy)
}

/// Scores in safetensors, by position and by the ids in their metadata.
pub fn scores_safetensors(data: &[u8]) -> bool {
    let named = with_file(data, |path| {
        imports(path, |request, beside| {
            request.format = Some(Format::Safetensors);
            request.naming.items = Some(&beside.items);
        })
    });
    named | matrix(data, Format::Safetensors)
}

/// A folder of Bergson: `info.json`, `config.yaml` and `scores.bin`, the first two behind their lengths.
pub fn scores_bergson(data: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut rest = data;
    for name in ["info.json", "config.yaml"] {
        let Some((length, after)) = rest.split_at_checked(2) else { return false };
        let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
        let Some((content, after)) = after.split_at_checked(length) else { return false };
        std::fs::write(folder.path().join(name), content).expect("a file");
        rest = after;
    }
    std::fs::write(folder.path().join("scores.bin"), rest).expect("a file");
    imports(folder.path(), |request, beside| {
        request.unwritten = Unwritten::Skip;
        request.naming =
            Naming { columns: Some(&beside.columns), events_in_order: true, ..Naming::default() };
    })
}

/// Four items of three events, in two types.
pub fn bergson_seeds() -> Vec<Vec<u8>> {
    let seed = |format: &str, size: usize, config: &str, body: &[u8]| {
        let list = |each: &dyn Fn(usize) -> String| (0..3).map(each).collect::<Vec<_>>().join(", ");
        let names = list(&|i| format!("\"score_{i}\", \"written_{i}\""));
        let formats = list(&|_| format!("\"{format}\", \"bool\""));
        let offsets = list(&|i| format!("{}, {}", i * size * 2, i * size * 2 + size));
        let row = (6 * size).next_multiple_of(8);
        let info = format!(
            "{{\"attribute_tokens\": false, \"num_items\": 4, \"num_rows\": 4, \"num_scores\": 3, \"dtype\": \
             {{\"names\": [{names}], \"formats\": [{formats}], \"offsets\": [{offsets}], \"itemsize\": {row}}}}}"
        );
        let mut bytes = Vec::new();
        for text in [info.as_str(), config] {
            bytes.extend((text.len() as u16).to_le_bytes());
            bytes.extend(text.bytes());
        }
        for numbers in body.chunks_exact(3 * size) {
            let start = bytes.len();
            for number in numbers.chunks_exact(size) {
                bytes.extend(number);
                bytes.push(1);
                bytes.resize(bytes.len() + size - 1, 0);
            }
            bytes.resize(start + row, 0);
        }
        bytes
    };
    let config = "steps:\n- score:\n    score_cfg:\n      higher_is_better: false\n";
    vec![seed("float32", 4, config, &narrow()), seed("float64", 8, "", &wide())]
}

/// Spans in JSON.
pub fn scores_spans(data: &[u8]) -> bool {
    with_file(data, |path| {
        let read = |weight| {
            imports(path, |request, beside| {
                request.format = Some(Format::Spans);
                request.span_weight = weight;
                request.naming.items = Some(&beside.items);
            })
        };
        read(SpanWeight::Tokens) | read(SpanWeight::One)
    })
}

/// Spans of two events.
pub const SPANS: &str = "\
{\"event\":\"0\",\"spans\":[{\"left\":0,\"right\":5,\"length\":5,\"text\":\"a\\n\\u00e9\",\"documents\":[{\"item\":\"w\",\"metadata\":{\"a\":[1.5e3,null]}},{\"item\":\"z\",\"count\":2}]}]}
{\"counts\":{\"x\":4,\"y\":0},\"event_id\":\"878e4a6e159a8b4d36e1957ab2b9c525\"}
";

/// Triples in Parquet.
pub fn scores_parquet(data: &[u8]) -> bool {
    with_file(data, |path| {
        imports(path, |request, beside| {
            request.format = Some(Format::Parquet);
            request.naming.items = Some(&beside.items);
        })
    })
}

/// Events in Parquet, or in CSV.
pub fn events_parquet(data: &[u8]) -> bool {
    let registry = registry_of_seed();
    with_file(data, |path| load_events(path, &registry).is_ok())
}

/// Columns of text, but for one of numbers where there is a dash.
fn parquet(compression: Compression, schema: &str, columns: &[&[&str]]) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_key_value_metadata(Some(vec![KeyValue::new("meed.format".into(), "1".to_owned())]))
        .build();
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties)).expect("a writer");
    let mut rows = writer.next_row_group().expect("a row group");
    for values in columns {
        let mut column = rows.next_column().expect("a column").expect("a column");
        match values.split_first() {
            Some((&"-", numbers)) => {
                let numbers: Vec<f64> =
                    numbers.iter().map(|n| n.parse().expect("a number")).collect();
                column.typed::<DoubleType>().write_batch(&numbers, None, None).expect("written");
            }
            _ => {
                let texts: Vec<ByteArray> = values.iter().map(|v| ByteArray::from(*v)).collect();
                column.typed::<ByteArrayType>().write_batch(&texts, None, None).expect("written");
            }
        }
        column.close().expect("written");
    }
    rows.close().expect("written");
    writer.close().expect("written");
    bytes
}

/// Not compressed, so that mutations reach the values, and compressed.
pub fn parquet_seeds() -> Vec<Vec<u8>> {
    let schema = "message m { REQUIRED BYTE_ARRAY event_id (UTF8); REQUIRED BYTE_ARRAY item (UTF8); REQUIRED DOUBLE score; }";
    let columns: [&[&str]; 3] = [&["0", "0", "2"], &["w", "y", "z"], &["-", "0.5", "-1.25", "3"]];
    [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(Default::default())]
        .map(|compression| parquet(compression, schema, &columns))
        .to_vec()
}

/// The seed's events.
pub fn events_parquet_seed() -> Vec<u8> {
    let schema = "message m { REQUIRED BYTE_ARRAY id (UTF8); REQUIRED BYTE_ARRAY fee (UTF8); \
                  REQUIRED BYTE_ARRAY service (UTF8); REQUIRED BYTE_ARRAY model (UTF8); }";
    let rows: Vec<Vec<&str>> = EVENTS.lines().skip(1).map(|l| l.split(',').collect()).collect();
    let column = |i: usize| rows.iter().map(|row| row[i]).collect::<Vec<_>>();
    let columns = [0, 1, 2, 3].map(column);
    parquet(Compression::UNCOMPRESSED, schema, &columns.each_ref().map(Vec::as_slice))
}

const VALUES: [f64; 12] =
    [0.5, -1.25, 1e-9, 0.0, 1024.0, -0.0, 3.5, 2.75, 1e3, 5e-324, 7.0, -8.125];

fn wide() -> Vec<u8> {
    VALUES.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn narrow() -> Vec<u8> {
    VALUES.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect()
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
    vec![npy("<f8", "(3, 4)", wide()), npy("<f4", "(4, 3)", narrow())]
}

/// By position, and by ids.
pub fn safetensors_seeds() -> Vec<Vec<u8>> {
    let file = |header: &str, body: Vec<u8>| {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &body].concat()
    };
    let ids: Vec<String> = EVENTS
        .lines()
        .skip(1)
        .map(|l| format!("\\\"{}\\\"", &l[..l.find(',').unwrap_or(0)]))
        .collect();
    let metadata = format!(
        r#"{{"__metadata__":{{"meed.format":"1","meed.polarity":"negative_helps","meed.orientation":"train_x_test","meed.items":"[\"w\",\"x\",\"y\",\"z\"]","meed.events":"[{}]"}},"s":{{"dtype":"F32","shape":[4,3],"data_offsets":[0,48]}}}}"#,
        ids.join(",")
    );
    let plain = r#"{"s":{"dtype":"F64","shape":[3,4],"data_offsets":[0,96]}}"#;
    vec![file(plain, wide()), file(&metadata, narrow())]
}
