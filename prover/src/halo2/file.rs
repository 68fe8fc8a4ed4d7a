//! What the files of parameters and of keys have in common.
//!
//! Eight bytes of magic, the version (u32), then what the kind of file says, at last the SHA-256 of all before
//! it. Numbers are little-endian. Points and scalars are halo2's `RawBytes`: 32 bytes a number, in Montgomery
//! form; every number is below its modulus and every point on its curve, or the file is refused.

use std::io::{self, Read, Write};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::points::Raw;
use crate::error::{same, value, FormatError};
use crate::key::Hex32;

/// Bytes that are read, hashed and parsed at a time.
const CHUNK: usize = 1 << 22;
/// Bytes of SHA-256.
pub(crate) const HASH: usize = 32;
/// The longest description that is read.
pub(crate) const MOST_INFO: u32 = 1 << 16;
/// The most rows that a file may have: the field has a root of unity of order `2^28`.
pub(crate) const MOST_K: u32 = 28;

/// A file that is read to its end, once, and hashed on the way.
pub(crate) struct Source<R> {
    from: R,
    left: u64,
    hash: Sha256,
}

impl<R: Read> Source<R> {
    /// Reads a file of `bytes` bytes.
    pub(crate) fn new(from: R, bytes: u64) -> Self {
        Self { from, left: bytes, hash: Sha256::new() }
    }

    /// Fails unless a file of this kind and version starts here.
    pub(crate) fn head(
        &mut self,
        magic: &'static [u8; 8],
        version: u32,
    ) -> Result<(), FormatError> {
        let got = self.take(magic.len() as u64, "magic")?;
        if got != magic {
            return Err(value("magic", hex::encode(magic), hex::encode(got)));
        }
        same("format version", version, self.u32("format version")?)
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, FormatError> {
        let bytes = self.take(4, what)?;
        Ok(u32::from_le_bytes(bytes.try_into().expect("four bytes")))
    }

    /// A number of rows as its logarithm.
    pub(crate) fn k(&mut self) -> Result<u32, FormatError> {
        match self.u32("k")? {
            k @ 1..=MOST_K => Ok(k),
            k => Err(value("k", format!("1 to {MOST_K}"), k)),
        }
    }

    /// JSON behind its length.
    pub(crate) fn info(&mut self) -> Result<Vec<u8>, FormatError> {
        let length = self.u32("length of the description")?;
        if length > MOST_INFO {
            let expected = format!("at most {MOST_INFO}");
            return Err(value("length of the description", expected, length));
        }
        self.take(length.into(), "description")
    }

    /// The next bytes, which must be there before anything is allocated.
    pub(crate) fn take(&mut self, len: u64, what: &'static str) -> Result<Vec<u8>, FormatError> {
        self.claim(len, what)?;
        let mut bytes = vec![0; len as usize];
        self.from.read_exact(&mut bytes)?;
        self.hash.update(&bytes);
        Ok(bytes)
    }

    /// The next `count` points or scalars.
    pub(crate) fn list<T: Raw>(
        &mut self,
        count: usize,
        what: &'static str,
    ) -> Result<Vec<T>, FormatError> {
        self.claim((count as u64).saturating_mul(T::BYTES as u64), what)?;
        let mut list = Vec::with_capacity(count);
        let mut buffer = vec![0; CHUNK.min(count * T::BYTES)];
        while list.len() < count {
            let now = (count - list.len()).min(CHUNK / T::BYTES);
            let bytes = &mut buffer[..now * T::BYTES];
            self.from.read_exact(bytes)?;
            let (hash, first, bytes) = (&mut self.hash, list.len(), &*bytes);
            let ((), read): ((), Result<Vec<T>, FormatError>) = rayon::join(
                || hash.update(bytes),
                || {
                    let parse = |(i, bytes): (usize, &[u8])| {
                        T::from_raw_bytes(bytes).ok_or_else(|| {
                            let expected = format!("{} as number {}", T::EXPECTED, first + i);
                            value(what, expected, "other bytes")
                        })
                    };
                    bytes.par_chunks_exact(T::BYTES).enumerate().map(parse).collect()
                },
            );
            list.append(&mut read?);
        }
        Ok(list)
    }

    /// The hash at the end, which must be that of all before it; and that of the whole file.
    pub(crate) fn finish(mut self) -> Result<Hex32, FormatError> {
        let expected = Hex32::from(<[u8; HASH]>::from(self.hash.clone().finalize()));
        let got = self.take(HASH as u64, "SHA-256")?;
        let got = Hex32::from(<[u8; HASH]>::try_from(got).expect("its length was asked for"));
        same("SHA-256 of the content", expected, got)?;
        same("bytes after the end", 0, self.left)?;
        Ok(<[u8; HASH]>::from(self.hash.finalize()).into())
    }

    fn claim(&mut self, len: u64, what: &'static str) -> Result<(), FormatError> {
        match self.left.checked_sub(len) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(FormatError::Truncated { what, expected: len, got: self.left }),
        }
    }

    /// Fails unless this many bytes are left, the hash at the end among them.
    pub(crate) fn expect_left(&self, expected: u64) -> Result<(), FormatError> {
        same("bytes after the description", expected, self.left)
    }
}

/// A file that is written once, with the hash of its content at the end.
pub(crate) struct Sink<W> {
    to: W,
    hash: Sha256,
}

impl<W: Write> Sink<W> {
    /// Starts a file of this kind.
    pub(crate) fn new(to: W, magic: &[u8; 8], version: u32) -> io::Result<Self> {
        let mut sink = Self { to, hash: Sha256::new() };
        sink.put(magic)?;
        sink.u32(version)?;
        Ok(sink)
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    pub(crate) fn u32(&mut self, number: u32) -> io::Result<()> {
        self.put(&number.to_le_bytes())
    }

    /// JSON behind its length.
    pub(crate) fn info(&mut self, json: &[u8]) -> io::Result<()> {
        let length = u32::try_from(json.len()).ok().filter(|length| *length <= MOST_INFO);
        let length = length.ok_or_else(|| io::Error::other("the description is too long"))?;
        self.u32(length)?;
        self.put(json)
    }

    pub(crate) fn list<T: Raw>(&mut self, list: &[T]) -> io::Result<()> {
        for chunk in list.chunks(CHUNK / T::BYTES) {
            let mut bytes = Vec::with_capacity(chunk.len() * T::BYTES);
            for item in chunk {
                item.write_raw(&mut bytes)?;
            }
            self.put(&bytes)?;
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        let hash = self.hash.finalize();
        self.to.write_all(&hash)
    }
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
