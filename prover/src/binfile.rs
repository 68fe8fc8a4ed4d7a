//! iden3's container for `.r1cs`, `.wtns` and `.zkey`.
//!
//! Four bytes of magic, version (u32), number of sections (u32); then each section as id (u32),
//! length in bytes (u64), content. Everything is little-endian; sections come in any order.
//! Source: <https://github.com/iden3/r1csfile/blob/master/doc/r1cs_bin_format.md>.

use std::io::{self, Read, Seek, SeekFrom, Write};

use ark_ff::{BigInt, PrimeField};

use crate::error::{same, value, FormatError};

/// More sections than any known file has.
const MAX_SECTIONS: u32 = 64;
/// Bytes of a field element, base or scalar field.
pub(crate) const ELEMENT: usize = 32;

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) id: u32,
    /// From the start of the file to the content.
    pub(crate) start: u64,
    /// Bytes of content.
    pub(crate) len: u64,
}

/// The sections of a file, in the order in which they lie in it.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) sections: Vec<Section>,
}

impl Table {
    /// Reads the table. Every section lies within the file, and nothing follows the last.
    pub(crate) fn read(
        file: &mut (impl Read + Seek),
        magic: &'static str,
        version: u32,
    ) -> Result<Self, FormatError> {
        let end = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
        let mut head = [0; 12];
        read_exact(file, &mut head, "file header", end)?;
        if head[..4] != *magic.as_bytes() {
            let got = String::from_utf8_lossy(&head[..4]).into_owned();
            return Err(FormatError::Magic { expected: magic, got });
        }
        same("format version", version, u32_at(&head, 4))?;
        let count = u32_at(&head, 8);
        if count > MAX_SECTIONS {
            return Err(value("sections", format!("at most {MAX_SECTIONS}"), count));
        }
        let mut sections = Vec::new();
        let mut start = head.len() as u64;
        for _ in 0..count {
            let mut head = [0; 12];
            read_exact(file, &mut head, "section header", end.saturating_sub(start))?;
            start += head.len() as u64;
            let (id, len) = (u32_at(&head, 0), u64_at(&head, 4));
            let left = end.saturating_sub(start);
            if len > left {
                return Err(FormatError::Truncated { what: name(id), expected: len, got: left });
            }
            sections.push(Section { id, start, len });
            start += len;
            file.seek(SeekFrom::Start(start))?;
        }
        if start != end {
            return Err(value("end of the last section", end, start));
        }
        Ok(Self { sections })
    }

    /// The only section with this id.
    pub(crate) fn only(&self, id: u32) -> Result<Section, FormatError> {
        let mut found = self.sections.iter().filter(|s| s.id == id);
        match (found.next(), found.count()) {
            (Some(section), 0) => Ok(*section),
            (None, _) => Err(FormatError::SectionCount { id, got: 0 }),
            (_, more) => Err(FormatError::SectionCount { id, got: more + 1 }),
        }
    }

    /// The only section with this id, which must have `len` bytes.
    pub(crate) fn exact(&self, id: u32, len: u64) -> Result<Section, FormatError> {
        let section = self.only(id)?;
        check_len(id, len, section.len)?;
        Ok(section)
    }
}

/// For errors: a section whose length runs past the end of the file.
const fn name(id: u32) -> &'static str {
    match id {
        1 => "section 1",
        2 => "section 2",
        3 => "section 3",
        4 => "section 4",
        5 => "section 5",
        6 => "section 6",
        7 => "section 7",
        8 => "section 8",
        9 => "section 9",
        10 => "section 10",
        11 => "section 11",
        12 => "section 12",
        13 => "section 13",
        14 => "section 14",
        15 => "section 15",
        _ => "section",
    }
}

pub(crate) fn check_len(id: u32, expected: u64, got: u64) -> Result<(), FormatError> {
    if expected == got {
        Ok(())
    } else {
        Err(FormatError::SectionLength { id, expected, got })
    }
}

fn read_exact(
    file: &mut impl Read,
    to: &mut [u8],
    what: &'static str,
    left: u64,
) -> Result<(), FormatError> {
    file.read_exact(to).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            FormatError::Truncated { what, expected: to.len() as u64, got: left }
        }
        _ => error.into(),
    })
}

/// Reads the content of a section that is known to be small.
pub(crate) fn read_small(
    file: &mut (impl Read + Seek),
    section: Section,
) -> Result<Vec<u8>, FormatError> {
    /// The largest of these is the header of a key, 660 bytes, and metadata.
    const LIMIT: u64 = 1 << 16;
    if section.len > LIMIT {
        let expected = format!("at most {LIMIT}");
        return Err(value("length of a small section", expected, section.len));
    }
    file.seek(SeekFrom::Start(section.start))?;
    let mut bytes = Vec::new();
    file.by_ref().take(section.len).read_to_end(&mut bytes)?;
    check_len(section.id, section.len, bytes.len() as u64)?;
    Ok(bytes)
}

/// Takes numbers off the front of a slice; every read is checked.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    what: &'static str,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { bytes, what }
    }

    pub(crate) const fn left(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], FormatError> {
        let Some((head, tail)) = self.bytes.split_at_checked(len) else {
            let (expected, got) = (len as u64, self.bytes.len() as u64);
            return Err(FormatError::Truncated { what: self.what, expected, got });
        };
        self.bytes = tail;
        Ok(head)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, FormatError> {
        Ok(u32_at(self.take(4)?, 0))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, FormatError> {
        Ok(u64_at(self.take(8)?, 0))
    }

    pub(crate) fn limbs(&mut self) -> Result<BigInt<4>, FormatError> {
        Ok(limbs_at(self.take(ELEMENT)?))
    }

    /// A field's description: element length (u32), modulus.
    pub(crate) fn field<F: PrimeField<BigInt = BigInt<4>>>(
        &mut self,
        what: &'static str,
    ) -> Result<(), FormatError> {
        same("bytes of a field element", ELEMENT as u32, self.u32()?)?;
        same(what, F::MODULUS, self.limbs()?)
    }

    pub(crate) fn finish(self) -> Result<(), FormatError> {
        same("bytes left", 0, self.bytes.len())
    }
}

/// `bytes[at..at + 4]`; the caller took the slice by its length.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

/// 32 bytes as four limbs, lowest first.
pub(crate) fn limbs_at(bytes: &[u8]) -> BigInt<4> {
    let mut limbs = BigInt::zero();
    for (limb, chunk) in limbs.0.iter_mut().zip(bytes.chunks_exact(8)) {
        *limb = u64_at(chunk, 0);
    }
    limbs
}

/// Four limbs as 32 bytes, lowest first.
pub(crate) fn put_limbs(to: &mut [u8], limbs: &BigInt<4>) {
    for (chunk, limb) in to.chunks_exact_mut(8).zip(limbs.0) {
        chunk.copy_from_slice(&limb.to_le_bytes());
    }
}

/// Writes the header of a file.
pub(crate) fn write_head(
    to: &mut impl Write,
    magic: &'static str,
    version: u32,
    sections: u32,
) -> io::Result<()> {
    to.write_all(magic.as_bytes())?;
    to.write_all(&version.to_le_bytes())?;
    to.write_all(&sections.to_le_bytes())
}

/// Writes the header of a section of `len` bytes.
pub(crate) fn write_section(to: &mut impl Write, id: u32, len: u64) -> io::Result<()> {
    to.write_all(&id.to_le_bytes())?;
    to.write_all(&len.to_le_bytes())
}

/// Writes a field's description: element length (u32), modulus.
pub(crate) fn write_field<F: PrimeField<BigInt = BigInt<4>>>(
    to: &mut impl Write,
) -> io::Result<()> {
    let mut bytes = [0; 4 + ELEMENT];
    bytes[..4].copy_from_slice(&(ELEMENT as u32).to_le_bytes());
    put_limbs(&mut bytes[4..], &F::MODULUS);
    to.write_all(&bytes)
}
