//! Lists of ids: one a line, or a JSON array of strings. Read as a stream: a list of millions is never
//! held as text.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

use meed_ledger::{Fault, LedgerError, Location, Result};

/// Longest id, in bytes.
pub(crate) const LONGEST_ID: usize = 1_024;

/// What takes ids, one after the other, with their place in the list from 0.
pub(crate) type Take<'a> = &'a mut dyn FnMut(u64, &str) -> std::result::Result<(), Fault>;

/// Gives every id of a file to `take`. Returns how many there are.
pub(crate) fn read(path: &Path, take: Take<'_>) -> Result<u64> {
    let file = File::open(path).map_err(LedgerError::io("open", path))?;
    let mut input = BufReader::with_capacity(1 << 16, file);
    let start = input.fill_buf().map_err(LedgerError::io("read", path))?;
    let json = start.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[');
    if json {
        return array(path, &mut serde_json::Deserializer::from_reader(input), take);
    }
    lines(path, input, take)
}

/// Gives every id of a JSON array of strings to `take`; `path` is for errors.
pub(crate) fn read_json(path: &Path, text: &str, take: Take<'_>) -> Result<u64> {
    array(path, &mut serde_json::Deserializer::from_str(text), take)
}

fn lines(path: &Path, mut input: impl BufRead, take: Take<'_>) -> Result<u64> {
    let mut line = Vec::new();
    let mut count = 0u64;
    loop {
        line.clear();
        let mut limited = (&mut input).take(LONGEST_ID as u64 + 3);
        let read = limited.read_until(b'\n', &mut line).map_err(LedgerError::io("read", path))?;
        if read == 0 {
            return Ok(count);
        }
        let fail = |fault| LedgerError::at_line(path, count + 1, fault);
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let id = std::str::from_utf8(text).ok().filter(|id| !id.is_empty());
        let id = id.filter(|id| id.len() <= LONGEST_ID).ok_or_else(|| {
            let expected = format!("an id of 1 to {LONGEST_ID} bytes of UTF-8 on each line");
            fail(Fault::Syntax(format!("expected {expected}")))
        })?;
        take(count, id).map_err(fail)?;
        count += 1;
    }
}

fn array<'de, R: serde_json::de::Read<'de>>(
    path: &Path,
    json: &mut serde_json::Deserializer<R>,
    take: Take<'_>,
) -> Result<u64> {
    let mut failed = None;
    let done = Ids { take, failed: &mut failed }.deserialize(&mut *json);
    if let Some((index, fault)) = failed {
        return Err(LedgerError::input(Location::row(path, index), fault));
    }
    let syntax = |e: serde_json::Error| {
        LedgerError::in_file(path, Fault::Syntax(format!("expected a JSON array of ids: {e}")))
    };
    let count = done.map_err(syntax)?;
    json.end().map_err(syntax)?;
    Ok(count)
}

struct Ids<'a, 'b> {
    take: Take<'a>,
    failed: &'b mut Option<(u64, Fault)>,
}

impl<'de> DeserializeSeed<'de> for Ids<'_, '_> {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<u64, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Ids<'_, '_> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<u64, A::Error> {
        let mut count = 0;
        while list
            .next_element_seed(Id { index: count, take: self.take, failed: self.failed })?
            .is_some()
        {
            count += 1;
        }
        Ok(count)
    }
}

struct Id<'a, 'b> {
    index: u64,
    take: &'a mut dyn FnMut(u64, &str) -> std::result::Result<(), Fault>,
    failed: &'b mut Option<(u64, Fault)>,
}

impl<'de> DeserializeSeed<'de> for Id<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<(), D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Id<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id as a string")
    }

    fn visit_str<E: serde::de::Error>(self, id: &str) -> std::result::Result<(), E> {
        let long = || Fault::Syntax(format!("expected an id of 1 to {LONGEST_ID} bytes"));
        let fine = (1..=LONGEST_ID).contains(&id.len());
        let done = if fine { (self.take)(self.index, id) } else { Err(long()) };
        done.map_err(|fault| {
            *self.failed = Some((self.index, fault));
            E::custom("refused")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &[u8]) -> std::result::Result<Vec<String>, String> {
        let file = tempfile::Builder::new().prefix("ids").tempfile().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut ids = Vec::new();
        let count = read(file.path(), &mut |index, id| {
            assert_eq!(index, ids.len() as u64);
            if id == "bad" {
                return Err(Fault::value("item", "a good one", id));
            }
            ids.push(id.to_owned());
            Ok(())
        });
        let count =
            count.map_err(|e| e.to_string().replace(&file.path().display().to_string(), "ids"))?;
        assert_eq!(count, ids.len() as u64);
        Ok(ids)
    }

    #[test]
    fn lines_and_json_are_read() {
        assert_eq!(list(b"a\nb c\r\n\"d\"").unwrap(), ["a", "b c", "\"d\""]);
        assert_eq!(list(b" [\"a\", \"\\u00e9\"]\n").unwrap(), ["a", "\u{e9}"]);
        assert!(list(b"").unwrap().is_empty());
        assert!(list(b"[]").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let long = format!("ok\n{}", "x".repeat(2_000));
        let long_json = format!("[\"{}\"]", "x".repeat(2_000));
        for (text, expected) in [
            (&b"a\n\nb\n"[..], "ids, line 2: expected an id of 1 to 1024 bytes"),
            (b"a\n\xff\n", "ids, line 2: expected an id"),
            (long.as_bytes(), "ids, line 2: expected an id"),
            (long_json.as_bytes(), "ids, row 0 (from 0): expected an id of 1 to 1024 bytes"),
            (b"a\nbad\n", "ids, line 2: item: expected a good one, got \"bad\""),
            (b"[\"a\",\"bad\"]", "ids, row 1 (from 0): item: expected a good one"),
            (b"[\"a\"", "ids: expected a JSON array of ids: EOF while parsing a list"),
            (b"[\"a\", 1]", "expected a JSON array of ids: invalid type: integer"),
            (b"[\"a\"] x", "expected a JSON array of ids: trailing characters"),
            (b"[\"\"]", "ids, row 0 (from 0): expected an id"),
        ] {
            let error = list(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let deep = "[".repeat(1_000_000);
        assert!(list(deep.as_bytes()).is_err());
    }
}
