//! Scores in NumPy's NPY: a matrix of f32 or f64, little-endian, in C order, versions 1 to 3.
//!
//! The format is that of NumPy Enhancement Proposal 1. Objects (pickles) are not read. Nothing is
//! allocated by what the header claims before the file's length confirms it.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::{Cell, Importer, Layout, Orientation, Precision, ScoreSource, Value};
use meed_ledger::content::Progress;
use meed_ledger::{At, Fault, LedgerError, Result};

/// Longest header, in bytes; NumPy itself reads no longer one unless told to.
const LONGEST_HEADER: usize = 10_000;

/// An NPY file of scores.
#[derive(Debug)]
pub struct NpySource {
    path: PathBuf,
    file: BufReader<File>,
    header: Header,
    /// Where the numbers start.
    start: u64,
    orientation: Orientation,
}

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    precision: Precision,
    rows: u64,
    columns: u64,
}

impl Precision {
    const fn bytes(self) -> u64 {
        match self {
            Self::Single => 4,
            Self::Double => 8,
        }
    }
}

impl NpySource {
    /// Opens a file and checks its header against its length and against the number of events.
    ///
    /// # Errors
    /// [`LedgerError::Io`]; [`LedgerError::Input`] with what was expected.
    pub fn open(path: &Path, orientation: Orientation, events: usize) -> Result<Self> {
        let io = |action| LedgerError::io(action, path);
        let mut file = BufReader::with_capacity(1 << 18, File::open(path).map_err(io("open"))?);
        let length = file.get_ref().metadata().map_err(io("read"))?.len();
        let (header, start) = read_header(&mut file, path)?;
        let Header { precision, rows, columns } = header;
        let numbers = rows.checked_mul(columns).and_then(|n| n.checked_mul(precision.bytes()));
        let expected = numbers.and_then(|n| n.checked_add(start));
        if expected != Some(length) {
            let expected = expected.map_or("fewer numbers".to_owned(), |n| format!("{n} bytes"));
            let expected = format!("{expected} by its header");
            return Err(LedgerError::in_file(path, Fault::value("length", expected, length)));
        }
        let source = Self { path: path.to_owned(), file, header, start, orientation };
        let got = source.events();
        if got == events as u64 {
            return Ok(source);
        }
        let what = match orientation {
            Orientation::TestXTrain => "rows, one per event (test_x_train)",
            Orientation::TrainXTest => "columns, one per event (train_x_test)",
        };
        let expected = format!("{events} {what}");
        let got = format!("{got} in a matrix of {rows} x {columns}");
        Err(LedgerError::in_file(path, Fault::value("shape", expected, got)))
    }

    fn events(&self) -> u64 {
        match self.orientation {
            Orientation::TestXTrain => self.header.rows,
            Orientation::TrainXTest => self.header.columns,
        }
    }

    /// Gives a stretch of a row, whose first number is in column `from`, to `each`.
    fn stretch(
        &mut self,
        row: u64,
        from: u64,
        count: u64,
        each: &mut dyn FnMut(u64, f64) -> Result<()>,
    ) -> Result<()> {
        let size = self.header.precision.bytes();
        let mut buffer = [0u8; 1 << 12];
        let mut column = from;
        let end = from + count;
        while column < end {
            let n = (end - column).min(buffer.len() as u64 / size);
            let bytes = &mut buffer[..(n * size) as usize];
            self.file.read_exact(bytes).map_err(LedgerError::io("read", &self.path))?;
            for number in bytes.chunks_exact(size as usize) {
                each(column, float(number))?;
                column += 1;
            }
        }
        debug_assert!(row < self.header.rows);
        Ok(())
    }

    fn seek(&mut self, row: u64, column: u64) -> Result<()> {
        let Header { precision, columns, .. } = self.header;
        let at = self.start + (row * columns + column) * precision.bytes();
        self.file.seek(SeekFrom::Start(at)).map(|_| ()).map_err(LedgerError::io("read", &self.path))
    }
}

fn float(bytes: &[u8]) -> f64 {
    match bytes.try_into() {
        Ok(bytes) => f64::from_le_bytes(bytes),
        Err(_) => f32::from_le_bytes(bytes.try_into().expect("four or eight bytes")).into(),
    }
}

impl ScoreSource for NpySource {
    fn format(&self) -> &'static str {
        "NPY"
    }

    fn layout(&self) -> Layout {
        let columns = match self.orientation {
            Orientation::TestXTrain => self.header.columns,
            Orientation::TrainXTest => self.header.rows,
        };
        Layout::Matrix { columns, precision: self.header.precision }
    }

    fn read(&mut self, importer: &mut Importer<'_>, progress: &mut Progress<'_>) -> Result<()> {
        let Header { rows, columns, .. } = self.header;
        let total = rows.saturating_mul(columns);
        let mut done = 0u64;
        let mut go_on = |numbers: u64| {
            done += numbers;
            match progress(done, total).is_break() {
                true => Err(LedgerError::Cancelled),
                false => Ok(()),
            }
        };
        let cell = |event: u64, column: u64, value, row, at_column| Cell {
            event: event as u32,
            column: column as u32,
            value: Value::Float(value),
            at: At::Cell { row, column: at_column },
        };
        self.seek(0, 0)?;
        match self.orientation {
            Orientation::TestXTrain => {
                for row in 0..rows {
                    importer.open(row as u32..row as u32 + 1);
                    self.stretch(row, 0, columns, &mut |column, value| {
                        importer.cell(cell(row, column, value, row, column))
                    })?;
                    importer.close()?;
                    go_on(columns)?;
                }
            }
            Orientation::TrainXTest => {
                let window = (importer.window() as u64).min(columns).max(1);
                let mut from = 0;
                while from < columns {
                    let count = window.min(columns - from);
                    importer.open(from as u32..(from + count) as u32);
                    for row in 0..rows {
                        if count < columns {
                            self.seek(row, from)?;
                        }
                        self.stretch(row, from, count, &mut |column, value| {
                            importer.cell(cell(column, row, value, row, column))
                        })?;
                        go_on(count)?;
                    }
                    importer.close()?;
                    from += count;
                }
            }
        }
        Ok(())
    }
}

fn read_header(file: &mut impl Read, path: &Path) -> Result<(Header, u64)> {
    let fault = |fault| LedgerError::in_file(path, fault);
    let short = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            fault(Fault::value("length", "a whole NPY header", "less"))
        }
        _ => LedgerError::io("read", path)(error),
    };
    let mut magic = [0u8; 8];
    file.read_exact(&mut magic).map_err(short)?;
    if &magic[..6] != b"\x93NUMPY" {
        let got = String::from_utf8_lossy(&magic[..6]);
        return Err(fault(Fault::value("magic", "an NPY file (\\x93NUMPY)", got)));
    }
    let (prefix, length) = match magic[6] {
        1 => {
            let mut length = [0u8; 2];
            file.read_exact(&mut length).map_err(short)?;
            (10, usize::from(u16::from_le_bytes(length)))
        }
        2 | 3 => {
            let mut length = [0u8; 4];
            file.read_exact(&mut length).map_err(short)?;
            (12, u32::from_le_bytes(length) as usize)
        }
        version => return Err(fault(Fault::value("NPY version", "1, 2 or 3", version))),
    };
    if length > LONGEST_HEADER {
        let expected = format!("at most {LONGEST_HEADER} bytes");
        return Err(fault(Fault::value("NPY header", expected, length)));
    }
    let mut text = vec![0u8; length];
    file.read_exact(&mut text).map_err(short)?;
    let text = String::from_utf8_lossy(&text);
    let header = parse_header(&text).map_err(fault)?;
    Ok((header, (prefix + length) as u64))
}

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
fn parse_header(text: &str) -> std::result::Result<Header, Fault> {
    let mut scan = Scan { rest: text };
    let (mut precision, mut order, mut shape) = (None, None, None);
    scan.expect("{")?;
    while !scan.take("}") {
        let key = scan.string()?;
        scan.expect(":")?;
        let again = match key {
            "descr" => precision.replace(scan.precision()?).is_some(),
            "fortran_order" => order.replace(scan.c_order()?).is_some(),
            "shape" => shape.replace(scan.shape()?).is_some(),
            _ => true,
        };
        if again {
            let expected = "descr, fortran_order and shape, each once";
            return Err(Fault::value("NPY header key", expected, key));
        }
        if !scan.take(",") {
            scan.expect("}")?;
            break;
        }
    }
    match (precision, order, shape) {
        (Some(precision), Some(()), Some((rows, columns))) if scan.rest.trim().is_empty() => {
            Ok(Header { precision, rows, columns })
        }
        _ => Err(Fault::value("NPY header", "descr, fortran_order and shape", text)),
    }
}

struct Scan<'a> {
    rest: &'a str,
}

impl<'a> Scan<'a> {
    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        let after = rest.strip_prefix(token);
        self.rest = after.unwrap_or(rest);
        after.is_some()
    }

    fn expect(&mut self, token: &'static str) -> std::result::Result<(), Fault> {
        match self.take(token) {
            true => Ok(()),
            false => Err(Fault::value("NPY header", token, self.rest)),
        }
    }

    fn string(&mut self) -> std::result::Result<&'a str, Fault> {
        let quote = if self.take("'") { '\'' } else { '"' };
        if quote == '"' {
            self.expect("\"")?;
        }
        let wrong = Fault::value("NPY header", "a closing quote", self.rest);
        let (text, rest) = self.rest.split_once(quote).ok_or(wrong)?;
        self.rest = rest;
        Ok(text)
    }

    fn precision(&mut self) -> std::result::Result<Precision, Fault> {
        let wrong = |got: &str| {
            Fault::value("dtype", "'<f4' or '<f8' (little-endian float32 or float64)", got)
        };
        if self.rest.trim_start().starts_with('[') {
            return Err(wrong(self.rest));
        }
        match self.string()? {
            "<f4" => Ok(Precision::Single),
            "<f8" => Ok(Precision::Double),
            other => Err(wrong(other)),
        }
    }

    fn c_order(&mut self) -> std::result::Result<(), Fault> {
        if self.take("False") {
            return Ok(());
        }
        let expected = "False: save numpy.ascontiguousarray(scores)";
        Err(Fault::value("fortran_order", expected, self.rest))
    }

    fn shape(&mut self) -> std::result::Result<(u64, u64), Fault> {
        let wrong = Fault::value("shape", "two dimensions", self.rest);
        self.expect("(")?;
        let (inside, rest) = self.rest.split_once(')').ok_or_else(|| wrong.clone())?;
        self.rest = rest;
        let inside = inside.trim();
        let inside = inside.strip_suffix(',').unwrap_or(inside);
        let size = |text: &str| {
            meed_ledger::table::integer(text.trim()).and_then(|n| u64::try_from(n).ok())
        };
        let mut sizes = inside.split(',').map(size);
        match (sizes.next(), sizes.next(), sizes.next()) {
            (Some(Some(rows)), Some(Some(columns)), None) => Ok((rows, columns)),
            _ => Err(wrong),
        }
    }
}
