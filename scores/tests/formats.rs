//! Bergson's folders, spans in JSON, and Parquet: scores and events.

mod world;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use meed_scores::{load_events, Imported, Polarity, Request, SpanWeight, Unwritten};
use parquet::basic::Compression;
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType,
    FloatType, Int32Type, Int64Type,
};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use world::{hash, id, options, scores, world, Paths, World};

/// Rows of three items of two events, as Bergson lays them out; `None` was not written.
fn bergson(w: &World, format: &str, cells: &[[Option<f32>; 2]; 3]) {
    let size = match format {
        "float64" => 8,
        "float32" => 4,
        _ => 2,
    };
    let pair = size * 2;
    let mut bytes = Vec::new();
    for row in cells {
        let start = bytes.len();
        for cell in row {
            let value = cell.unwrap_or(f32::NAN);
            let number = match format {
                "float64" => f64::from(value).to_le_bytes().to_vec(),
                "float32" => value.to_le_bytes().to_vec(),
                "float16" => half::f16::from_f32(value).to_le_bytes().to_vec(),
                _ => half::bf16::from_f32(value).to_le_bytes().to_vec(),
            };
            bytes.extend(number);
            bytes.push(u8::from(cell.is_some()));
            bytes.resize(bytes.len().next_multiple_of(pair), 0xee);
        }
        bytes.resize(start + (2 * pair).next_multiple_of(8), 0xee);
    }
    w.file("run/scores.bin", bytes);
    let info = format!(
        "{{\"attribute_tokens\": false, \"num_items\": 3, \"num_rows\": 3, \"num_scores\": 2, \"dtype\": {{\
         \"names\": [\"score_0\", \"written_0\", \"score_1\", \"written_1\"], \
         \"formats\": [\"{format}\", \"bool\", \"{format}\", \"bool\"], \
         \"offsets\": [0, {size}, {pair}, {}], \"itemsize\": {}}}}}",
        pair + size,
        (2 * pair).next_multiple_of(8)
    );
    w.file("run/info.json", info);
}

fn read_bergson(
    w: &World,
    change: impl for<'a> FnOnce(&mut Request<'a>, &'a Paths),
) -> Result<Imported, String> {
    w.file("columns.csv", "column,asset\n0,a1\n1,a0\n2,a1\n");
    w.import_with("run", &options(2), |request, paths| {
        request.naming.columns = paths.columns();
        request.naming.events_in_order = true;
        change(request, paths);
    })
}

const WRITTEN: [[Option<f32>; 2]; 3] =
    [[Some(0.5), Some(8.0)], [Some(1.0), Some(16.0)], [Some(-2.0), Some(32.0)]];

#[test]
fn bergson_of_all_types() {
    let w = world(4, 2);
    for format in ["float16", "bfloat16", "float32", "float64"] {
        bergson(&w, format, &WRITTEN);
        let got = read_bergson(&w, |_, _| {}).unwrap();
        assert_eq!(scores(&got), [(0, 0, 4), (0, 1, -6), (1, 0, 64), (1, 1, 160)], "{format}");
        let manifest = serde_json::to_value(&got.manifest).unwrap();
        assert_eq!(manifest["scores"].as_array().unwrap().len(), 2);
        assert_eq!(manifest["reading"]["orientation"], "train_x_test");
    }
}

#[test]
fn what_bergson_did_not_write() {
    let w = world(4, 2);
    let mut cells = WRITTEN;
    cells[2][0] = None;
    bergson(&w, "float32", &cells);
    let error = read_bergson(&w, |_, _| {}).unwrap_err();
    assert!(
        error.contains(
            "run/scores.bin, row 2, column 0 (from 0): expected every score to be written"
        ),
        "{error}"
    );
    let got = read_bergson(&w, |request, _| request.unwritten = Unwritten::Skip).unwrap();
    assert_eq!(scores(&got), [(0, 0, 4), (0, 1, 2), (1, 0, 64), (1, 1, 160)]);
    assert_eq!(got.summary.unwritten, 1);
    // A flag that is neither.
    let path = w.path("run/scores.bin");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4] = 7;
    w.file("run/scores.bin", bytes);
    let error = read_bergson(&w, |request, _| request.unwritten = Unwritten::Skip).unwrap_err();
    assert!(
        error.contains("row 0, column 0 (from 0): written flag: expected 0 or 1, got \"7\""),
        "{error}"
    );
}

#[test]
fn bergson_says_what_helps() {
    let w = world(4, 2);
    bergson(&w, "float32", &WRITTEN);
    let config = |higher: &str| {
        let text = format!(
            "steps:\n- score:\n    index_cfg:\n      higher_is_better: maybe\n    score_cfg:\n      query_path: q\n{higher}    \
             preprocess_cfg:\n      higher_is_better: maybe\nmetadata:\n  bergson_version: 2.5.1\n"
        );
        w.file("run/config.yaml", text);
        read_bergson(&w, |_, _| {})
    };
    let got = config("      higher_is_better: false\n").unwrap();
    assert_eq!(scores(&got), [(0, 0, -4), (0, 1, 6), (1, 0, -64), (1, 1, -160)]);
    let manifest = serde_json::to_value(&got.manifest).unwrap();
    assert_eq!(manifest["options"]["polarity_from"], "file");
    assert_eq!(manifest["scores"].as_array().unwrap().len(), 3);
    for higher in ["      higher_is_better: true\n", ""] {
        assert_eq!(scores(&config(higher).unwrap())[0], (0, 0, 4));
    }
    let error = read_bergson(&w, |r, _| r.polarity = Some(Polarity::NegativeHelps)).unwrap_err();
    assert!(error.contains("sign: expected positive_helps, as the file says"), "{error}");
    let error = config("      higher_is_better: perhaps\n").unwrap_err();
    assert!(
        error.contains("run/config.yaml, line 7: higher_is_better: expected true or false"),
        "{error}"
    );
}

#[test]
fn bergson_refuses_what_does_not_fit() {
    let w = world(4, 2);
    bergson(&w, "float32", &WRITTEN);
    let info = std::fs::read_to_string(w.path("run/info.json")).unwrap();
    for (from, to, expected) in [
        (
            "\"attribute_tokens\": false",
            "\"attribute_tokens\": true",
            "info.json: attribute_tokens: expected false",
        ),
        ("\"num_rows\": 3", "\"num_rows\": 9", "info.json: num_rows: expected 3, got \"9\""),
        (
            "\"num_items\": 3, \"num_rows\": 3",
            "\"num_items\": 2",
            "scores.bin: length: expected 32 bytes by info.json, got \"48\"",
        ),
        (
            "\"num_items\": 3, \"num_rows\": 3",
            "\"num_items\": 4",
            "scores.bin: length: expected 64 bytes",
        ),
        (
            "\"num_items\": 3, \"num_rows\": 3",
            "\"num_items\": 18446744073709551615",
            "scores.bin: length: expected fewer numbers",
        ),
        (
            "\"num_scores\": 2",
            "\"num_scores\": 3",
            "dtype.names: expected 6, two a query, got \"4\"",
        ),
        (
            "\"num_scores\": 2",
            "\"num_scores\": 9223372036854775809",
            "num_scores: expected a number of queries",
        ),
        (
            "\"float32\", \"bool\", \"float32\"",
            "\"float32\", \"bool\", \"float64\"",
            "dtype: expected field 2 to be score_1, float32, at byte 8",
        ),
        (
            "\"float32\"",
            "\"int32\"",
            "dtype.formats: expected float16, bfloat16, float32 or float64, got \"int32\"",
        ),
        (
            "[0, 4, 8, 12]",
            "[0, 4, 4, 12]",
            "dtype: expected field 2 to be score_1, float32, at byte 8",
        ),
        ("\"itemsize\": 16", "\"itemsize\": 24", "dtype.itemsize: expected 16, got \"24\""),
        ("\"written_1\"", "\"score_1\"", "dtype: expected field 3 to be written_1"),
        ("{", "", "expected Bergson's info.json"),
    ] {
        assert!(info.contains(from), "{from}");
        w.file("run/info.json", info.replacen(from, to, if from == "\"float32\"" { 9 } else { 1 }));
        let error = read_bergson(&w, |_, _| {}).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    w.file("run/info.json", &info);
    w.file("run/candidates.npy", "x");
    assert!(read_bergson(&w, |_, _| {}).unwrap_err().contains("got those of candidates"));
    std::fs::remove_file(w.path("run/candidates.npy")).unwrap();
    let bytes = std::fs::read(w.path("run/scores.bin")).unwrap();
    w.file("run/scores.bin", &bytes[..47]);
    assert!(read_bergson(&w, |_, _| {})
        .unwrap_err()
        .contains("scores.bin: length: expected 48 bytes"));
}

fn spans(
    w: &World,
    text: &str,
    weight: SpanWeight,
    key: Option<&'static str>,
) -> Result<Imported, String> {
    w.file("spans.jsonl", text);
    w.file("items.csv", "item,asset\n17,a0\n18,a1\ncc,a1\nwiki,a0\n");
    w.import_with("spans.jsonl", &options(0), |request, paths| {
        request.naming.items = paths.items();
        request.span_weight = weight;
        request.document_key = key;
    })
}

/// As infini-gram's attribution answers, with the event's id put in.
fn answer(event: usize) -> String {
    format!(
        "{{\"index\":\"v4\",\"event\":\"{}\",\"inputTokens\":[\"a\",\" \\\"b\"],\"spans\":[\
         {{\"left\":0,\"right\":5,\"length\":5,\"count\":2,\"text\":\"x\",\"tokenIds\":[1,2],\"documents\":[\
         {{\"documentIndex\":17,\"text\":\"..\",\"metadata\":{{\"source\":\"cc\",\"n\":[1,{{}}]}}}},\
         {{\"documentIndex\":18,\"metadata\":{{\"source\":\"wiki\"}}}}]}},\
         {{\"documents\":[{{\"documentIndex\":17,\"count\":3,\"metadata\":{{\"source\":\"wiki\"}}}}],\"left\":7,\"right\":9}}]}}",
        id(event)
    )
}

#[test]
fn spans_count_tokens_or_themselves() {
    let w = world(4, 2);
    let lines =
        format!("{}\n{{\"event\":\"{}\",\"counts\":{{\"17\":4,\"cc\":9}}}}\n", answer(1), id(0));
    let array = format!("[{}]", lines.trim_end().replacen('\n', ",", 1));
    for text in [&lines, &array] {
        let got = spans(&w, text, SpanWeight::Tokens, None).unwrap();
        // Item 17: 5 tokens, and three times 2.
        assert_eq!(scores(&got), [(0, 0, 4), (0, 1, 9), (1, 0, 11), (1, 1, 5)]);
        let got = spans(&w, text, SpanWeight::One, None).unwrap();
        assert_eq!(scores(&got)[2..], [(1, 0, 4), (1, 1, 1)]);
        let got = spans(&w, text, SpanWeight::Tokens, Some("metadata.source")).unwrap();
        assert_eq!(scores(&got)[2..], [(1, 0, 11), (1, 1, 5)]);
    }
    let got = spans(&w, &lines, SpanWeight::One, Some("metadata.source")).unwrap();
    assert_eq!(scores(&got)[2..], [(1, 0, 4), (1, 1, 1)]);
    assert_eq!(serde_json::to_value(&got.manifest).unwrap()["options"]["span_weight"], "one");
}

#[test]
fn bombs_and_other_spans_are_refused() {
    let w = world(4, 2);
    let good = answer(0);
    let event = |rest: &str| format!("{{\"event\":\"{}\",{rest}}}", id(0));
    let span = |rest: &str| event(&format!("\"spans\":[{{{rest}}}]"));
    let members: String = (0..1 << 20).map(|i| format!("\"k{i}\":0,")).collect();
    let cases = [
        (
            format!("{{\"x\":{}", "[".repeat(1_000_000)),
            "expected at most 32 objects and lists in each other",
        ),
        (
            format!("{{\"x\":\"{}\"}}", "y".repeat(2 << 20)),
            "expected at most 1048576 bytes in a string or number",
        ),
        (
            format!("{{\"x\":{}}}", "1".repeat(2 << 20)),
            "expected at most 1048576 bytes in a string or number",
        ),
        (format!("{{{members}\"x\":0}}"), "expected at most 1048576 members of an object"),
        (good[..good.len() - 1].to_owned(), "expected spans in JSON: EOF while parsing an object"),
        (
            format!("{good}\n{good}"),
            "row 1 (from 0): pair (event 0, this item) is there twice: first in row 0",
        ),
        ("7".to_owned(), "expected an object for an event, or a list of such objects"),
        ("{\"spans\":[]}".to_owned(), "expected an event with its id"),
        (event("\"x\":1"), "expected an event with spans or counts"),
        (event("\"event\":\"e\",\"spans\":[]"), "event is there twice in an event"),
        (event("\"counts\":{\"17\":1,\"17\":2}"), "item \"17\" is there twice in an event"),
        (event("\"counts\":{\"17\":-1}"), "invalid value: integer `-1`, expected u64"),
        (event("\"counts\":{\"17\":1.5}"), "invalid type: floating point"),
        (event("\"counts\":{\"17\":9999999999999}"), "expected a count up to"),
        (event("\"counts\":{\"99\":1}"), "row 0 (from 0): item \"99\" is unknown"),
        (
            span("\"left\":5,\"right\":2,\"documents\":[]"),
            "expected a span with left and right, or its length",
        ),
        (
            span("\"left\":0,\"right\":2,\"length\":3,\"documents\":[]"),
            "expected a span with left and right",
        ),
        (span("\"left\":0,\"right\":2"), "expected a span with documents"),
        (
            span("\"length\":2,\"documents\":[{}]"),
            "expected a document with its id (item, documentIndex or doc_ix)",
        ),
        (
            span("\"length\":2,\"documents\":[{\"item\":null}]"),
            "expected an id: text or a whole number",
        ),
        (
            span("\"length\":18446744073709551615,\"documents\":[{\"item\":\"17\",\"count\":2}]"),
            "expected a count up to",
        ),
    ];
    for (text, expected) in cases {
        let error = spans(&w, &text, SpanWeight::Tokens, None).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    let error = spans(&w, &good, SpanWeight::Tokens, Some("metadata.path")).unwrap_err();
    assert!(error.contains("expected a document with its id (metadata.path)"), "{error}");
    let error = spans(&w, &good, SpanWeight::Tokens, Some("a..b")).unwrap_err();
    assert!(error.contains("--document-key: expected keys with dots"), "{error}");
}

type Write<'a> = &'a dyn Fn(&mut parquet::file::writer::SerializedColumnWriter<'_>, usize);

/// A file with this schema, whose columns are written by these, a row group for each of `groups`.
fn table(path: &Path, schema: &str, columns: &[Write<'_>], groups: usize, pairs: &[(&str, &str)]) {
    let pairs = pairs.iter().map(|(k, v)| KeyValue::new((*k).to_owned(), (*v).to_owned()));
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(Some(pairs.collect()))
        .build();
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let file = File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    for group in 0..groups {
        let mut rows = writer.next_row_group().unwrap();
        for write in columns {
            let mut column = rows.next_column().unwrap().unwrap();
            write(&mut column, group);
            column.close().unwrap();
        }
        rows.close().unwrap();
    }
    writer.close().unwrap();
}

fn write<T: DataType>(
    column: &mut parquet::file::writer::SerializedColumnWriter<'_>,
    values: &[T::T],
) {
    column.typed::<T>().write_batch(values, None, None).unwrap();
}

fn texts(values: &[String]) -> Vec<ByteArray> {
    values.iter().map(|v| ByteArray::from(v.as_str())).collect()
}

fn fixed(values: &[Vec<u8>]) -> Vec<FixedLenByteArray> {
    values.iter().map(|v| ByteArray::from(v.clone()).into()).collect()
}

const MAP: &str = "item,asset\nx,a0\ny,a0\n7,a1\n8,a0\nz,-\n";

fn read_parquet(w: &World) -> Result<Imported, String> {
    w.file("items.csv", MAP);
    w.import_with("scores.parquet", &options(2), |request, paths| {
        request.naming.items = paths.items();
    })
}

#[test]
fn parquet_of_all_types() {
    let w = world(4, 2);
    let events = |_: usize| texts(&[id(0), id(0), id(1)]);
    let text_items = |_: usize| texts(&["x".into(), "y".into(), "z".into()]);
    let expected = [(0, 0, 3)];
    let by_text = |score: &str, write_scores: Write<'_>| {
        let schema = format!(
            "message m {{ REQUIRED BYTE_ARRAY event_id (UTF8); REQUIRED BYTE_ARRAY item (UTF8); REQUIRED {score}; }}"
        );
        let columns: [Write<'_>; 3] = [
            &|c, g| write::<ByteArrayType>(c, &events(g)),
            &|c, g| write::<ByteArrayType>(c, &text_items(g)),
            write_scores,
        ];
        table(&w.path("scores.parquet"), &schema, &columns, 1, &[]);
        read_parquet(&w).unwrap()
    };
    let half = |v: f32| half::f16::from_f32(v).to_le_bytes().to_vec();
    let big = |v: i64| i128::from(v).to_be_bytes().to_vec();
    let kinds: [(&str, Write<'_>); 7] = [
        ("FLOAT score", &|c, _| write::<FloatType>(c, &[0.5, 0.25, -9.0])),
        ("DOUBLE score", &|c, _| write::<DoubleType>(c, &[0.5, 0.25, -9.0])),
        ("INT32 score (DECIMAL(9,2))", &|c, _| write::<Int32Type>(c, &[50, 25, -900])),
        ("INT64 score (DECIMAL(18,3))", &|c, _| write::<Int64Type>(c, &[500, 250, -9_000])),
        ("FIXED_LEN_BYTE_ARRAY(16) score (DECIMAL(38,2))", &|c, _| {
            write::<FixedLenByteArrayType>(c, &fixed(&[big(50), big(25), big(-900)]));
        }),
        ("BYTE_ARRAY score (DECIMAL(5,2))", &|c, _| {
            let short = |v: i64| ByteArray::from(big(v)[13..].to_vec());
            write::<ByteArrayType>(c, &[short(50), short(25), short(-900)]);
        }),
        ("FIXED_LEN_BYTE_ARRAY(2) score (FLOAT16)", &|c, _| {
            write::<FixedLenByteArrayType>(c, &fixed(&[half(0.5), half(0.25), half(-9.0)]));
        }),
    ];
    for (kind, write_scores) in kinds {
        let got = by_text(kind, write_scores);
        assert_eq!(scores(&got), expected, "{kind}");
        assert_eq!((got.summary.ignored.above, got.summary.ignored.below), (0, -36), "{kind}");
    }
    let got = by_text("INT64 score", &|c, _| write::<Int64Type>(c, &[1, 2, 3]));
    assert_eq!(scores(&got), [(0, 0, 12)]);
    let got = by_text("INT32 score (UINT_32)", &|c, _| write::<Int32Type>(c, &[1, 2, -1]));
    assert_eq!(got.summary.ignored.above, i128::from(u32::MAX) * 4);
}

/// Binary ids, content hashes and whole numbers as items, several row groups with nulls allowed, and the
/// exporter's metadata.
#[test]
fn parquet_with_other_ids_and_metadata() {
    let w = world(4, 2);
    let path = w.path("scores.parquet");
    let bytes = |hex: &str| hex::decode(hex).unwrap();
    let schema = "message m { REQUIRED FIXED_LEN_BYTE_ARRAY(16) event_id; OPTIONAL FIXED_LEN_BYTE_ARRAY(32) item; \
                  OPTIONAL DOUBLE score; REQUIRED INT32 rank; }";
    let columns: [Write<'_>; 4] = [
        &|c, g| write::<FixedLenByteArrayType>(c, &fixed(&[bytes(&id(g)), bytes(&id(g))])),
        &|c, _| {
            let items = fixed(&[bytes(&hash(0)), bytes(&hash(3))]);
            c.typed::<FixedLenByteArrayType>().write_batch(&items, Some(&[1, 1]), None).unwrap();
        },
        &|c, g| {
            c.typed::<DoubleType>().write_batch(&[g as f64, 2.0], Some(&[1, 1]), None).unwrap();
        },
        &|c, _| write::<Int32Type>(c, &[1, 2]),
    ];
    let pairs = [
        ("ARROW:schema", "other"),
        ("meed.format", "1"),
        ("meed.polarity", "negative_helps"),
        ("meed.method", "trak"),
    ];
    table(&path, schema, &columns, 2, &pairs);
    let got = w.import_with("scores.parquet", &options(2), |_, _| {}).unwrap();
    assert_eq!(scores(&got), [(0, 0, 0), (0, 3, -8), (1, 0, -4), (1, 3, -8)]);
    let manifest = serde_json::to_value(&got.manifest).unwrap();
    assert_eq!(manifest["reading"]["method"], "trak");
    assert_eq!(manifest["reading"]["items_by"], "content hashes");

    let schema = "message m { REQUIRED BYTE_ARRAY event (UTF8); REQUIRED INT64 item; REQUIRED FLOAT score; }";
    let columns: [Write<'_>; 3] = [
        &|c, _| write::<ByteArrayType>(c, &texts(&[id(1), id(1)])),
        &|c, _| write::<Int64Type>(c, &[7, 8]),
        &|c, _| write::<FloatType>(c, &[1.0, 2.0]),
    ];
    table(&path, schema, &columns, 1, &[]);
    assert_eq!(scores(&read_parquet(&w).unwrap()), [(1, 0, 8), (1, 1, 4)]);

    // The same rows in a second row group are there twice.
    table(&path, schema, &columns, 2, &[]);
    let error = read_parquet(&w).unwrap_err();
    assert!(error.contains("scores.parquet, row 2 (from 0): pair (event 1, this item) is there twice: first in row 0"), "{error}");

    let schema = "message m { REQUIRED BYTE_ARRAY event_id (UTF8); REQUIRED BYTE_ARRAY item (UTF8); OPTIONAL FLOAT score; }";
    let columns: [Write<'_>; 3] = [
        &|c, _| write::<ByteArrayType>(c, &texts(&[id(1), id(0)])),
        &|c, _| write::<ByteArrayType>(c, &texts(&["x".into(), "y".into()])),
        &|c, _| {
            c.typed::<FloatType>().write_batch(&[1.0], Some(&[1, 0]), None).unwrap();
        },
    ];
    table(&path, schema, &columns, 1, &[]);
    let error = read_parquet(&w).unwrap_err();
    assert!(
        error.contains("row 1 (from 0): score: expected a value in every row, got \"none\""),
        "{error}"
    );
}

#[test]
fn parquet_refuses_what_does_not_fit() {
    let w = world(4, 2);
    let path = w.path("scores.parquet");
    let event: Write<'_> = &|c, _| write::<ByteArrayType>(c, &texts(&[id(1)]));
    let item: Write<'_> = &|c, _| write::<ByteArrayType>(c, &texts(&["x".into()]));
    let score: Write<'_> = &|c, _| write::<FloatType>(c, &[1.0]);
    let nan: Write<'_> = &|c, _| write::<FloatType>(c, &[f32::NAN]);
    let names = |event: &str, item: &str, score: &str| {
        format!("message m {{ REQUIRED BYTE_ARRAY {event} (UTF8); REQUIRED BYTE_ARRAY {item} (UTF8); REQUIRED {score}; }}")
    };
    let good = names("event_id", "item", "FLOAT score");
    let text_score = names("event_id", "item", "BYTE_ARRAY score (UTF8)");
    let bad_item: Write<'_> = &|c, _| write::<ByteArrayType>(c, &[ByteArray::from(vec![0xff])]);
    for (schema, columns, expected) in [
        (
            &good,
            [event, item, nan],
            "scores.parquet, row 0 (from 0): score: expected a number, got NaN",
        ),
        (&good, [event, bad_item, score], "row 0 (from 0): item: expected UTF-8 text"),
        (&good, [item, item, score], "row 0 (from 0): event \"x\" is unknown"),
        (
            &good,
            [event, event, score],
            "row 0 (from 0): item \"0000000000000000000000000000e001\" is unknown",
        ),
        (
            &names("event_id", "doc", "FLOAT score"),
            [event, item, score],
            "columns: expected one named item, got \"event_id, doc, score\"",
        ),
        (
            &text_score,
            [event, item, item],
            "type: expected floats of 16, 32 or 64 bits, integers or decimals",
        ),
    ] {
        table(&path, schema, &columns, 1, &[]);
        let error = read_parquet(&w).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    table(&path, &good, &[event, item, score], 1, &[("meed.format", "9")]);
    assert!(read_parquet(&w).unwrap_err().contains("meed.format: expected 1"));
    table(&path, &good, &[event, item, score], 1, &[]);
    assert!(read_parquet(&w).is_ok());
    let whole = std::fs::read(&path).unwrap();
    for cut in 0..whole.len() {
        w.file("scores.parquet", &whole[..cut]);
        assert!(read_parquet(&w).is_err(), "cut at {cut}");
    }
    w.file("scores.parquet", &whole[..whole.len() / 2]);
    let error = read_parquet(&w).unwrap_err();
    assert!(error.contains("magic: expected PAR1 at both ends"), "{error}");
    let mut enormous = whole.clone();
    let at = enormous.len() - 8;
    enormous[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    w.file("scores.parquet", &enormous);
    let error = read_parquet(&w).unwrap_err();
    assert!(error.contains("bytes of the footer: expected at most"), "{error}");
}

/// A page header that promises two gigabytes.
#[test]
fn parquet_pages_are_looked_at_before_room_is_made() {
    let w = world(4, 2);
    let path = w.path("scores.parquet");
    let schema = "message m { REQUIRED BYTE_ARRAY event_id (UTF8); REQUIRED BYTE_ARRAY item (UTF8); REQUIRED FLOAT score; }";
    let columns: [Write<'_>; 3] = [
        &|c, _| write::<ByteArrayType>(c, &texts(&[id(1)])),
        &|c, _| write::<ByteArrayType>(c, &texts(&["x".into()])),
        &|c, _| write::<FloatType>(c, &[1.0]),
    ];
    table(&path, schema, &columns, 1, &[]);
    let mut bytes = std::fs::read(&path).unwrap();
    // The first page: field 1 (type), field 2 (bytes, decompressed): 0x15 tag, zigzag.
    assert_eq!((bytes[4], bytes[6]), (0x15, 0x15));
    let length = bytes[7];
    assert!(length < 0x80);
    // Five bytes of length in place of one would move the rest: 0x7f is 64 more, still fine, and 2^31 needs all.
    bytes.splice(7..8, [0xfe, 0xff, 0xff, 0xff, 0x0f]);
    w.file("scores.parquet", &bytes);
    let error = read_parquet(&w).unwrap_err();
    assert!(
        error.contains("bytes of a page: expected at most")
            || error.contains("page: expected")
            || error.contains("length"),
        "{error}"
    );
}

#[test]
fn events_in_parquet_are_those_in_csv() {
    let w = world(4, 2);
    let path = w.path("events.parquet");
    let schema = |fee: &str| {
        format!(
            "message m {{ REQUIRED BYTE_ARRAY id (UTF8); REQUIRED {fee}; REQUIRED BYTE_ARRAY service (UTF8); \
             REQUIRED BYTE_ARRAY model (UTF8); }}"
        )
    };
    let fee16 = |v: i128| v.to_be_bytes().to_vec();
    let all: Write<'_> = &|c, _| write::<ByteArrayType>(c, &texts(&[id(0), id(1)]));
    let service: Write<'_> = &|c, _| write::<ByteArrayType>(c, &texts(&["a2".into(), "a2".into()]));
    let model: Write<'_> = &|c, _| write::<ByteArrayType>(c, &texts(&["a3".into(), "a3".into()]));
    let read = |fee: &str, fees: Write<'_>| {
        table(&path, &schema(fee), &[all, fees, service, model], 1, &[]);
        load_events(&path, &w.registry).map_err(|e| e.to_string())
    };
    let kinds: [(&str, Write<'_>); 4] = [
        ("INT64 fee", &|c, _| write::<Int64Type>(c, &[1, 1])),
        ("INT32 fee", &|c, _| write::<Int32Type>(c, &[1, 1])),
        ("BYTE_ARRAY fee (UTF8)", &|c, _| {
            write::<ByteArrayType>(c, &texts(&["1".into(), "1".into()]))
        }),
        ("FIXED_LEN_BYTE_ARRAY(16) fee (DECIMAL(38,0))", &|c, _| {
            write::<FixedLenByteArrayType>(c, &fixed(&[fee16(1), fee16(1)]));
        }),
    ];
    for (fee, fees) in kinds {
        assert_eq!(read(fee, fees).unwrap(), w.events, "{fee}");
    }
    let large = 1i128 << 79;
    let got = read("FIXED_LEN_BYTE_ARRAY(16) fee (DECIMAL(38,0))", &|c, _| {
        write::<FixedLenByteArrayType>(c, &fixed(&[fee16(large), fee16(2)]));
    });
    assert_eq!(got.unwrap().as_slice()[0].fee, large as u128);
    for (fee, fees, expected) in [
        ("INT64 fee", (&|c: &mut parquet::file::writer::SerializedColumnWriter<'_>, _| write::<Int64Type>(c, &[1, -1])) as Write<'_>, "row 1 (from 0): fee: expected a whole number up to 1208925819614629174706175, got \"-1\""),
        ("FLOAT fee", &|c, _| write::<FloatType>(c, &[1.0, 1.0]), "row 0 (from 0): fee: expected a whole number up to 1208925819614629174706175, got \"a float\""),
        ("INT64 fee (DECIMAL(18,2))", &|c, _| write::<Int64Type>(c, &[1, 1]), "fee: expected a whole number"),
        ("BYTE_ARRAY fee (UTF8)", &|c, _| write::<ByteArrayType>(c, &texts(&["1".into(), "1e3".into()])), "row 1 (from 0): fee: expected a whole number"),
    ] {
        let error = read(fee, fees).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    table(
        &path,
        &schema("INT64 fee"),
        &[all, &|c, _| write::<Int64Type>(c, &[1, 1]), model, model],
        1,
        &[],
    );
    let error = load_events(&path, &w.registry).unwrap_err().to_string();
    assert!(
        error.contains(
            "row 0 (from 0): service: expected an asset of kind service, got \"a3, a model\""
        ),
        "{error}"
    );
}
