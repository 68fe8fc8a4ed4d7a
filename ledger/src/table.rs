//! Reading CSV with a fixed header, so that every error names the line.
//!
//! Fields are separated by commas and may stand in double quotes (`""` for a quote inside); a field
//! never spans lines. Lines end with LF or CRLF; empty ones may stand at the end only, so that a row's
//! position and its line agree; a byte order mark at the start is skipped. A line is read into
//! bounded memory.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::error::{Fault, LedgerError, Result};

/// Longest line, in bytes.
const LONGEST: u64 = 1 << 16;

/// A CSV file with a fixed header, read row by row.
pub struct Table<'a> {
    path: PathBuf,
    input: Box<dyn BufRead + 'a>,
    header: &'static [&'static str],
    line: u64,
    text: Vec<u8>,
    fields: Vec<String>,
    read: u64,
    ended: bool,
}

/// A row of a table. Fields count from 0.
pub struct Row<'a> {
    /// The file.
    pub path: &'a Path,
    /// The line, from 1 with the header.
    pub line: u64,
    header: &'static [&'static str],
    fields: &'a [String],
}

impl<'a> Table<'a> {
    /// Opens a file.
    ///
    /// # Errors
    /// [`LedgerError::Io`]; [`LedgerError::Input`] when the header is another.
    pub fn open(path: &Path, header: &'static [&'static str]) -> Result<Self> {
        let file = File::open(path).map_err(LedgerError::io("open", path))?;
        Self::new(path, file, header)
    }

    /// Opens a file that has one of these headers; [`Table::header`] tells which.
    ///
    /// # Errors
    /// As [`Table::open`].
    ///
    /// # Panics
    /// Without a header to choose from.
    pub fn open_any(path: &Path, headers: &[&'static [&'static str]]) -> Result<Self> {
        let file = File::open(path).map_err(LedgerError::io("open", path))?;
        Self::new_any(path, file, headers)
    }

    /// Reads from anything; `path` is for errors.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn new(
        path: &Path,
        input: impl Read + 'a,
        header: &'static [&'static str],
    ) -> Result<Self> {
        Self::new_any(path, input, &[header])
    }

    fn new_any(
        path: &Path,
        input: impl Read + 'a,
        headers: &[&'static [&'static str]],
    ) -> Result<Self> {
        let mut table = Self {
            path: path.to_owned(),
            input: Box::new(BufReader::with_capacity(1 << 16, input)),
            header: headers[0],
            line: 0,
            text: Vec::new(),
            fields: Vec::new(),
            read: 0,
            ended: false,
        };
        let found = table.advance()?;
        let got = &table.fields[..];
        match headers.iter().find(|header| found && got == **header) {
            Some(header) => table.header = header,
            None => {
                let got = if found { got.join(",") } else { "an empty file".to_owned() };
                let expected: Vec<String> = headers.iter().map(|h| h.join(",")).collect();
                let fault = Fault::value("header", expected.join(" or "), got);
                return Err(LedgerError::at_line(path, table.line.max(1), fault));
            }
        }
        Ok(table)
    }

    /// The header that the file has.
    #[must_use]
    pub fn header(&self) -> &'static [&'static str] {
        self.header
    }

    /// Bytes read so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.read
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// [`LedgerError::Input`] with the line; [`LedgerError::Io`].
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>> {
        if !self.advance()? {
            return Ok(None);
        }
        let (expected, got) = (self.header.len(), self.fields.len());
        if expected != got {
            let expected = format!("{expected} ({})", self.header.join(","));
            return Err(self.fault(Fault::value("number of fields", expected, got)));
        }
        Ok(Some(Row {
            path: &self.path,
            line: self.line,
            header: self.header,
            fields: &self.fields,
        }))
    }

    fn fault(&self, fault: Fault) -> LedgerError {
        LedgerError::at_line(&self.path, self.line, fault)
    }

    /// Reads the next line that is not empty; false at the end.
    fn advance(&mut self) -> Result<bool> {
        loop {
            self.text.clear();
            let mut limited = (&mut self.input).take(LONGEST + 1);
            let n = limited
                .read_until(b'\n', &mut self.text)
                .map_err(LedgerError::io("read", &self.path))?;
            if n == 0 {
                return Ok(false);
            }
            self.line += 1;
            self.read += n as u64;
            if n as u64 > LONGEST {
                let fault = Fault::Syntax(format!("expected at most {LONGEST} bytes in a line"));
                return Err(self.fault(fault));
            }
            if self.text.ends_with(b"\n") {
                self.text.pop();
            }
            if self.text.ends_with(b"\r") {
                self.text.pop();
            }
            let mut bytes = &self.text[..];
            if self.line == 1 {
                bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            }
            if bytes.is_empty() {
                self.ended = true;
                continue;
            }
            if self.ended {
                let fault = Fault::Syntax("expected no empty line before this one".to_owned());
                return Err(self.fault(fault));
            }
            let split = match std::str::from_utf8(bytes) {
                Ok(line) => split(line, &mut self.fields),
                Err(_) => Err("expected UTF-8 text"),
            };
            return match split {
                Ok(()) => Ok(true),
                Err(rule) => Err(self.fault(Fault::Syntax(rule.to_owned()))),
            };
        }
    }
}

impl Row<'_> {
    /// A field.
    ///
    /// # Panics
    /// If the header has no such field.
    #[must_use]
    pub fn get(&self, field: usize) -> &str {
        &self.fields[field]
    }

    /// An error about this row.
    #[must_use]
    pub fn fault(&self, fault: Fault) -> LedgerError {
        LedgerError::at_line(self.path, self.line, fault)
    }

    /// An error about a field that is not what it should be.
    #[must_use]
    pub fn expected(&self, field: usize, expected: impl Into<String>) -> LedgerError {
        self.fault(Fault::value(self.header[field], expected, self.get(field)))
    }

    /// A whole number of base ten, up to `most`.
    ///
    /// # Errors
    /// [`LedgerError::Input`] with the line.
    pub fn integer(&self, field: usize, most: u128) -> Result<u128> {
        integer(self.get(field))
            .filter(|v| *v <= most)
            .ok_or_else(|| self.expected(field, format!("a whole number up to {most}")))
    }
}

/// A whole number of base ten: digits only, no sign, no separators.
#[must_use]
pub fn integer(text: &str) -> Option<u128> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Splits a line into `fields`, keeping their buffers.
fn split(line: &str, fields: &mut Vec<String>) -> std::result::Result<(), &'static str> {
    let mut count = 0;
    let mut rest = Some(line);
    while let Some(text) = rest {
        if fields.len() == count {
            fields.push(String::new());
        }
        let field = &mut fields[count];
        field.clear();
        count += 1;
        rest = match text.strip_prefix('"') {
            Some(quoted) => unquote(quoted, field)?,
            None => {
                let (plain, rest) = match text.split_once(',') {
                    Some((plain, rest)) => (plain, Some(rest)),
                    None => (text, None),
                };
                if plain.contains('"') {
                    return Err("expected a quote only around a whole field");
                }
                field.push_str(plain);
                rest
            }
        };
    }
    fields.truncate(count);
    Ok(())
}

/// Reads a quoted field from after its first quote; returns what follows the next comma.
fn unquote<'a>(
    mut text: &'a str,
    field: &mut String,
) -> std::result::Result<Option<&'a str>, &'static str> {
    loop {
        let (part, rest) = text.split_once('"').ok_or("expected a closing quote in the line")?;
        field.push_str(part);
        match rest.as_bytes().first() {
            None => return Ok(None),
            Some(b',') => return Ok(Some(&rest[1..])),
            Some(b'"') => {
                field.push('"');
                text = &rest[1..];
            }
            Some(_) => return Err("expected a comma after a closing quote"),
        }
    }
}

/// Reads a whole small file as text.
pub(crate) fn read_text(path: &Path, most: u64) -> Result<String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(most + 1).read_to_end(&mut bytes))
        .map_err(LedgerError::io("read", path))?;
    if bytes.len() as u64 > most {
        let fault = Fault::Syntax(format!("expected a file of at most {most} bytes"));
        return Err(LedgerError::in_file(path, fault));
    }
    String::from_utf8(bytes)
        .map_err(|_| LedgerError::in_file(path, Fault::Syntax("expected UTF-8 text".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<(u64, Vec<String>)>> {
        let mut table = Table::new(Path::new("t.csv"), text.as_bytes(), &["a", "b"])?;
        let mut rows = Vec::new();
        while let Some(row) = table.next_row()? {
            rows.push((row.line, row.fields.to_vec()));
        }
        Ok(rows)
    }

    #[test]
    fn fields_may_be_quoted() {
        let got = rows("\u{feff}a,b\r\n1,\n\"x,\"\"y\"\"\",\"\"\r\n\n\n").unwrap();
        let field = |s: &str| s.to_owned();
        assert_eq!(got[0], (2, vec![field("1"), field("")]));
        assert_eq!(got[1], (3, vec![field("x,\"y\""), field("")]));
        assert_eq!(got.len(), 2);
    }

    #[test]
    fn errors_name_the_line() {
        for (text, expected) in [
            ("", "t.csv, line 1: header: expected a,b, got \"an empty file\""),
            ("a,c\n", "t.csv, line 1: header: expected a,b, got \"a,c\""),
            ("a,b\n1\n", "t.csv, line 2: number of fields: expected 2 (a,b), got \"1\""),
            ("a,b\n1,2,3\n", "t.csv, line 2: number of fields: expected 2 (a,b), got \"3\""),
            ("a,b\n\n1,2\n", "t.csv, line 3: expected no empty line before this one"),
            ("a,b\n\"1,2\n", "t.csv, line 2: expected a closing quote in the line"),
            ("a,b\n\"1\"x,2\n", "t.csv, line 2: expected a comma after a closing quote"),
            ("a,b\n1\"x,2\n", "t.csv, line 2: expected a quote only around a whole field"),
        ] {
            assert_eq!(rows(text).unwrap_err().to_string(), expected);
        }
        let mut table = Table::new(Path::new("t.csv"), &b"a,b\n\xff,1\n"[..], &["a", "b"]).unwrap();
        let error = table.next_row().err().unwrap().to_string();
        assert_eq!(error, "t.csv, line 2: expected UTF-8 text");
    }

    #[test]
    fn a_line_without_end_is_not_read_whole() {
        let endless = std::io::repeat(b'x').take(1 << 30);
        let error = Table::new(Path::new("t.csv"), endless, &["a"]).err().unwrap().to_string();
        assert_eq!(error, "t.csv, line 1: expected at most 65536 bytes in a line");
    }

    #[test]
    fn integers_are_digits_only() {
        assert_eq!(integer("0018"), Some(18));
        for bad in ["", "+1", "-1", "1.0", "1_0", "0x1", &"9".repeat(40)] {
            assert_eq!(integer(bad), None, "{bad}");
        }
    }
}
