//! The page headers of a column, looked at before the library reads a page: it makes room for as many
//! bytes as a header says a page has when it is decompressed, and for as many entries as it says a
//! dictionary has.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use meed_ledger::{Fault, LedgerError, Result};

/// Most bytes of a page, decompressed. Writers make pages of 1 MB; DuckDB's are up to 100 MB.
const MOST_PAGE: u64 = 128 << 20;
/// Most bytes of a dictionary, decompressed. Writers stop at 1 or 2 MB.
const MOST_DICTIONARY: u64 = 32 << 20;
/// Longest page header: statistics may repeat two values.
const LONGEST_HEADER: u64 = 1 << 20;
/// Structures nest at most this deep in a page header.
const DEPTH: u32 = 8;

/// Fails if a column's pages do not fill its stretch of the file, or one is larger than is read.
pub(super) fn check(path: &Path, start: u64, length: u64) -> Result<()> {
    let fail = |fault| LedgerError::in_file(path, fault);
    let file = File::open(path).map_err(LedgerError::io("open", path))?;
    let mut input = BufReader::with_capacity(1 << 12, file);
    let mut at = start;
    let end = start + length;
    while at < end {
        input.seek(SeekFrom::Start(at)).map_err(LedgerError::io("read", path))?;
        let most = LONGEST_HEADER.min(end - at);
        let mut scan = Scan { input: (&mut input).take(most), read: 0 };
        let header = match scan.header() {
            Ok(header) => header,
            Err(Broken::Io(error)) if error.kind() != ErrorKind::UnexpectedEof => {
                return Err(LedgerError::io("read", path)(error))
            }
            Err(_) => {
                let what = format!("a whole page header at byte {at}");
                return Err(fail(Fault::value("page", what, "something else")));
            }
        };
        let (compressed, whole) = (header.compressed.max(0) as u64, header.whole.max(0) as u64);
        let most = if header.entries.is_some() { MOST_DICTIONARY } else { MOST_PAGE };
        if whole > most || header.compressed < 0 || header.whole < 0 {
            let got = format!("{} at byte {at}", header.whole);
            return Err(fail(Fault::value("bytes of a page", format!("at most {most}"), got)));
        }
        // An entry takes two bytes at least, that of a half float.
        if header.entries.is_some_and(|n| n < 0 || n as u64 > whole / 2) {
            let got = format!("{:?} at byte {at}", header.entries.unwrap_or(0));
            let expected = format!("at most {}, by its {whole} bytes", whole / 2);
            return Err(fail(Fault::value("entries of a dictionary", expected, got)));
        }
        at = at + scan.read + compressed;
        if at > end {
            let expected = format!("pages up to byte {end}");
            return Err(fail(Fault::value("length", expected, format!("a page up to byte {at}"))));
        }
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Header {
    whole: i64,
    compressed: i64,
    /// Of a dictionary.
    entries: Option<i64>,
}

enum Broken {
    Io(std::io::Error),
    Format,
}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

type Step<T> = std::result::Result<T, Broken>;

/// Thrift's compact protocol, as far as a page header needs it.
struct Scan<R> {
    input: R,
    read: u64,
}

impl<R: Read> Scan<R> {
    fn header(&mut self) -> Step<Header> {
        let mut header = Header::default();
        self.fields(0, &mut |scan, id, kind, depth| {
            match (id, kind) {
                (2, 5) => header.whole = scan.integer()?,
                (3, 5) => header.compressed = scan.integer()?,
                (7, 12) => {
                    let mut entries = 0;
                    scan.fields(depth + 1, &mut |scan, id, kind, depth| match (id, kind) {
                        (1, 5) => {
                            entries = scan.integer()?;
                            Ok(())
                        }
                        _ => scan.skip(kind, depth),
                    })?;
                    header.entries = Some(entries);
                }
                _ => scan.skip(kind, depth)?,
            }
            Ok(())
        })?;
        Ok(header)
    }

    fn fields(
        &mut self,
        depth: u32,
        each: &mut dyn FnMut(&mut Self, i64, u8, u32) -> Step<()>,
    ) -> Step<()> {
        if depth > DEPTH {
            return Err(Broken::Format);
        }
        let mut id = 0i64;
        loop {
            let byte = self.byte()?;
            let kind = byte & 0xf;
            if kind == 0 {
                return Ok(());
            }
            id = match byte >> 4 {
                0 => self.integer()?,
                delta => id.saturating_add(delta.into()),
            };
            each(self, id, kind, depth)?;
        }
    }

    fn skip(&mut self, kind: u8, depth: u32) -> Step<()> {
        match kind {
            // True and false are their own type.
            1 | 2 => Ok(()),
            3 => self.bytes(1),
            4..=6 => self.integer().map(|_| ()),
            7 => self.bytes(8),
            8 => {
                let length = self.unsigned()?;
                self.bytes(length)
            }
            12 => self.fields(depth + 1, &mut |scan, _, kind, depth| scan.skip(kind, depth)),
            // A page header has no lists and maps.
            _ => Err(Broken::Format),
        }
    }

    fn byte(&mut self) -> Step<u8> {
        let mut byte = [0];
        self.input.read_exact(&mut byte)?;
        self.read += 1;
        Ok(byte[0])
    }

    fn bytes(&mut self, count: u64) -> Step<()> {
        let got = std::io::copy(&mut (&mut self.input).take(count), &mut std::io::sink())?;
        self.read += got;
        if got == count {
            Ok(())
        } else {
            Err(Broken::Format)
        }
    }

    fn unsigned(&mut self) -> Step<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Broken::Format)
    }

    fn integer(&mut self) -> Step<i64> {
        let value = self.unsigned()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}
