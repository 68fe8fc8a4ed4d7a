//! Scores in a folder of Bergson (checked against version 2.5.1): `info.json` and `scores.bin`, and its
//! `config.yaml` where there is one.
//!
//! `scores.bin` has a row for each piece of training data, of a number and a byte for each query: the byte
//! says whether the number was written. A number and its byte take the next power of two of bytes, a
//! row a multiple of 8. `info.json` repeats this layout as a NumPy type, which must say just that.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use meed_ledger::{shown, Fault, LedgerError, Location, Result};

use super::{About, Format, Layout};
use crate::matrix::{Dtype, Grid};
use crate::metadata::Metadata;
use crate::{Orientation, Polarity};

/// Longest `info.json`: it has four entries a query.
const LONGEST_INFO: u64 = 64 << 20;
/// Longest `config.yaml`.
const LONGEST_CONFIG: u64 = 1 << 20;
const INFO: &str = "info.json";
const SCORES: &str = "scores.bin";
const CONFIG: &str = "config.yaml";

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    attribute_tokens: bool,
    num_items: u64,
    num_rows: Option<u64>,
    num_scores: u64,
    dtype: Struct,
    higher_is_better: Option<bool>,
}

/// A NumPy type of named fields.
#[derive(Deserialize)]
struct Struct {
    names: Vec<String>,
    formats: Vec<String>,
    offsets: Vec<u64>,
    itemsize: u64,
}

/// Opens a folder and checks that its files say the same.
pub(super) fn open(folder: &Path) -> Result<About> {
    let info_path = folder.join(INFO);
    let fail = |fault| LedgerError::in_file(&info_path, fault);
    let text = read(&info_path, LONGEST_INFO)?;
    let info: Info = serde_json::from_slice(&text)
        .map_err(|e| fail(Fault::Syntax(format!("expected Bergson's info.json: {e}"))))?;
    drop(text);
    if info.attribute_tokens {
        let expected =
            "false: scores of tokens have no training data of their own; score documents";
        return Err(fail(Fault::value("attribute_tokens", expected, true)));
    }
    let rows = info.num_rows.unwrap_or(info.num_items);
    if rows != info.num_items {
        return Err(fail(Fault::value("num_rows", info.num_items.to_string(), rows)));
    }
    let candidates = folder.join("candidates.npy");
    if candidates.exists() {
        let fault =
            Fault::Syntax("expected scores of all items, got those of candidates".to_owned());
        return Err(LedgerError::in_file(&candidates, fault));
    }
    let dtype = layout(&info).map_err(fail)?;
    let path = folder.join(SCORES);
    let length = std::fs::metadata(&path).map_err(LedgerError::io("read", &path))?.len();
    let grid = Grid {
        path: path.clone(),
        start: 0,
        outer: rows,
        inner: info.num_scores,
        row_stride: info.dtype.itemsize,
        dtype,
        flagged: true,
        turned: false,
    };
    grid.check(length)?;
    if rows * info.dtype.itemsize != length {
        let expected = format!("{} bytes by {INFO}", rows * info.dtype.itemsize);
        return Err(LedgerError::in_file(&path, Fault::value("length", expected, length)));
    }
    let mut files: Vec<PathBuf> = vec![info_path.clone(), path];
    let config = folder.join(CONFIG);
    let mut better = info.higher_is_better;
    if config.exists() {
        let by_config = higher_is_better(&config)?;
        if let (Some(a), Some(b)) = (better, by_config) {
            if a != b {
                let fault = Fault::value("higher_is_better", format!("{a}, as in {INFO}"), b);
                return Err(LedgerError::in_file(&config, fault));
            }
        }
        better = better.or(by_config);
        files.push(config);
    }
    let polarity = better.map(|better| match better {
        true => Polarity::PositiveHelps,
        false => Polarity::NegativeHelps,
    });
    let metadata = Metadata {
        polarity,
        orientation: Some(Orientation::TrainXTest),
        tool: Some("bergson".to_owned()),
        ..Metadata::default()
    };
    Ok(About {
        format: Format::Bergson,
        dtype: dtype.name().to_owned(),
        layout: Layout::Matrix(grid),
        tensor: None,
        metadata,
        files,
    })
}

fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(most + 1).read_to_end(&mut bytes))
        .map_err(LedgerError::io("read", path))?;
    if bytes.len() as u64 > most {
        let fault = Fault::Syntax(format!("expected a file of at most {most} bytes"));
        return Err(LedgerError::in_file(path, fault));
    }
    Ok(bytes)
}

/// The type of the numbers, if the fields are as Bergson lays them out.
fn layout(info: &Info) -> std::result::Result<Dtype, Fault> {
    let Struct { names, formats, offsets, itemsize } = &info.dtype;
    let fields = info
        .num_scores
        .checked_mul(2)
        .ok_or_else(|| Fault::value("num_scores", "a number of queries", info.num_scores))?;
    for (what, got) in [
        ("dtype.names", names.len()),
        ("dtype.formats", formats.len()),
        ("dtype.offsets", offsets.len()),
    ] {
        if got as u64 != fields {
            return Err(Fault::value(what, format!("{fields}, two a query"), got));
        }
    }
    let format = formats.first().map_or("float32", String::as_str);
    let dtype = match format {
        "float16" | "<f2" => Dtype::F16,
        "bfloat16" => Dtype::Bf16,
        "float32" | "<f4" => Dtype::F32,
        "float64" | "<f8" => Dtype::F64,
        other => {
            return Err(Fault::value(
                "dtype.formats",
                "float16, bfloat16, float32 or float64",
                other,
            ))
        }
    };
    let pair = dtype.bytes() * 2;
    for (i, query) in (0..).zip(0..info.num_scores) {
        let at = query * pair;
        let expected = [
            (format!("score_{query}"), format, at),
            (format!("written_{query}"), "bool", at + dtype.bytes()),
        ];
        for (field, (name, format, offset)) in (2 * i..).zip(expected) {
            if names[field] != name || formats[field] != format || offsets[field] != offset {
                let expected = format!("field {field} to be {name}, {format}, at byte {offset}");
                let got =
                    format!("{}, {}, at byte {}", names[field], formats[field], offsets[field]);
                return Err(Fault::value("dtype", expected, got));
            }
        }
    }
    let row = (info.num_scores * pair).next_multiple_of(8);
    if *itemsize != row {
        return Err(Fault::value("dtype.itemsize", row.to_string(), itemsize));
    }
    Ok(dtype)
}

/// What the first `score_cfg` of a run's configuration says; Bergson's default is that higher is better.
/// The file is what PyYAML writes: a key a line, blocks by indentation.
fn higher_is_better(path: &Path) -> Result<Option<bool>> {
    let text = read(path, LONGEST_CONFIG)?;
    let text = String::from_utf8_lossy(&text);
    let mut block = None;
    for (number, line) in (1..).zip(text.lines()) {
        let bare = line.trim_start_matches([' ', '-']);
        let indent = line.len() - bare.len();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let (key, value) = bare.split_once(':').unwrap_or((bare, ""));
        let value = value.trim();
        match block {
            None if key == "score_cfg" && value.is_empty() => block = Some(indent),
            None if key == "score_cfg" && value == "null" => {}
            None if key == "score_cfg" => {
                let place = Location::line(path, number);
                let fault = Fault::value("score_cfg", "a block of keys, one a line", shown(value));
                return Err(LedgerError::input(place, fault));
            }
            Some(outer) if indent <= outer => return Ok(Some(true)),
            Some(_) if key == "higher_is_better" => {
                return match value {
                    "true" => Ok(Some(true)),
                    "false" => Ok(Some(false)),
                    other => {
                        let place = Location::line(path, number);
                        Err(LedgerError::input(
                            place,
                            Fault::value("higher_is_better", "true or false", other),
                        ))
                    }
                }
            }
            _ => {}
        }
    }
    Ok(block.map(|_| true))
}
