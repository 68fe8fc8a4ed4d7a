//! Scores in NumPy's NPY: a matrix of floats of 16, 32 or 64 bits, little-endian, in C or Fortran order,
//! versions 1 to 3.
//!
//! The format is that of NumPy Enhancement Proposal 1. Objects (pickles) are not read. Nothing is
//! allocated by what the header claims before the file's length confirms it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use meed_ledger::{Fault, LedgerError, Result};

use super::{About, Format, Layout};
use crate::matrix::{Dtype, Grid};
use crate::metadata::Metadata;

/// Longest header, in bytes; NumPy itself reads no longer one unless told to.
const LONGEST_HEADER: usize = 10_000;

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    dtype: Dtype,
    fortran: bool,
    rows: u64,
    columns: u64,
}

/// Opens a file and checks its header against its length.
///
/// # Errors
/// [`LedgerError::Io`]; [`LedgerError::Input`] with what was expected.
pub(super) fn open(path: &Path) -> Result<About> {
    let io = |action| LedgerError::io(action, path);
    let mut file = BufReader::new(File::open(path).map_err(io("open"))?);
    let length = file.get_ref().metadata().map_err(io("read"))?.len();
    let (Header { dtype, fortran, rows, columns }, start) = read_header(&mut file, path)?;
    let (outer, inner) = if fortran { (columns, rows) } else { (rows, columns) };
    let row_stride = inner.saturating_mul(dtype.bytes());
    let grid = Grid {
        path: path.to_owned(),
        start,
        outer,
        inner,
        row_stride,
        dtype,
        flagged: false,
        turned: fortran,
    };
    grid.check(length)?;
    let end = start + outer * row_stride;
    if end != length {
        let fault = Fault::value("length", format!("{end} bytes by its header"), length);
        return Err(LedgerError::in_file(path, fault));
    }
    Ok(About {
        format: Format::Npy,
        dtype: dtype.name().to_owned(),
        layout: Layout::Matrix(grid),
        tensor: None,
        metadata: Metadata::default(),
        files: vec![path.to_owned()],
    })
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
    let (mut dtype, mut order, mut shape) = (None, None, None);
    scan.expect("{")?;
    while !scan.take("}") {
        let key = scan.string()?;
        scan.expect(":")?;
        let again = match key {
            "descr" => dtype.replace(scan.dtype()?).is_some(),
            "fortran_order" => order.replace(scan.fortran()?).is_some(),
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
    match (dtype, order, shape) {
        (Some(dtype), Some(fortran), Some((rows, columns))) if scan.rest.trim().is_empty() => {
            Ok(Header { dtype, fortran, rows, columns })
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

    fn dtype(&mut self) -> std::result::Result<Dtype, Fault> {
        let wrong = |got: &str| {
            let expected = "'<f2', '<f4' or '<f8' (little-endian floats of 16, 32 or 64 bits)";
            Fault::value("dtype", expected, got)
        };
        if self.rest.trim_start().starts_with('[') {
            return Err(wrong(self.rest));
        }
        match self.string()? {
            "<f2" => Ok(Dtype::F16),
            "<f4" => Ok(Dtype::F32),
            "<f8" => Ok(Dtype::F64),
            other => Err(wrong(other)),
        }
    }

    fn fortran(&mut self) -> std::result::Result<bool, Fault> {
        if self.take("True") {
            return Ok(true);
        }
        if self.take("False") {
            return Ok(false);
        }
        Err(Fault::value("fortran_order", "True or False", self.rest))
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
