//! A file in windows of memory: a matrix is mapped a stretch at a time and let go again, so that no more
//! of it is resident than a window.
//!
//! # Why `unsafe`
//!
//! A map is memory that another process can change or, by shortening the file, take away. Nothing here
//! can prevent that; what can be done is done: the file's length is looked at again before each
//! window, a window never reaches beyond it, its bytes are only ever read as numbers, every pattern
//! of bits of which is one, and no reference into it outlives the closure that it is lent to. A file
//! that is cut within the microseconds between the look and the read ends the process by a signal
//! (`SIGBUS`) before anything was written; one that is cut at any other time is an error, and so is
//! one whose length or time of change differs at the end.

#![allow(unsafe_code)]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use meed_ledger::{Fault, LedgerError, Result};
use memmap2::{Mmap, MmapOptions};

/// A file that is read in windows.
#[derive(Debug)]
pub(crate) struct Windows {
    path: PathBuf,
    file: File,
    length: u64,
    changed: Option<SystemTime>,
}

impl Windows {
    /// Opens a file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(LedgerError::io("open", path))?;
        let meta = file.metadata().map_err(LedgerError::io("read", path))?;
        let changed = meta.modified().ok();
        Ok(Self { path: path.to_owned(), file, length: meta.len(), changed })
    }

    /// Lends a stretch of the file.
    pub(crate) fn with<T>(
        &self,
        start: u64,
        length: u64,
        work: impl FnOnce(&[u8]) -> T,
    ) -> Result<T> {
        self.same()?;
        let end = start.checked_add(length).filter(|end| *end <= self.length);
        let (Some(_), Ok(size)) = (end, usize::try_from(length)) else {
            let expected = format!("{length} bytes from byte {start} on");
            let got = format!("a file of {}", self.length);
            return Err(LedgerError::in_file(&self.path, Fault::value("length", expected, got)));
        };
        if size == 0 {
            return Ok(work(&[]));
        }
        let mut options = MmapOptions::new();
        options.offset(start).len(size);
        // SAFETY: see above.
        let map: Mmap = unsafe { options.map(&self.file) }
            .map_err(LedgerError::io("map into memory", &self.path))?;
        Ok(work(&map))
    }

    /// Fails if the file is not what it was when it was opened, as far as its length and its time of
    /// change tell.
    pub(crate) fn same(&self) -> Result<()> {
        let meta = self.file.metadata().map_err(LedgerError::io("read", &self.path))?;
        if meta.len() != self.length {
            let expected = format!("{} bytes, as at the start", self.length);
            let fault = Fault::value("length", expected, meta.len());
            return Err(LedgerError::in_file(&self.path, fault));
        }
        if meta.modified().ok() != self.changed {
            let fault = Fault::Syntax("expected a file that nobody writes to meanwhile".to_owned());
            return Err(LedgerError::in_file(&self.path, fault));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// The safe twin: every window is what a read gives.
    #[test]
    fn a_window_is_what_a_read_gives() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let bytes: Vec<u8> = (0..20_000u32).map(|i| ((i * i) >> 3) as u8).collect();
        file.write_all(&bytes).unwrap();
        let windows = Windows::open(file.path()).unwrap();
        for (start, length) in
            [(0, 0), (0, 20_000), (1, 1), (4_095, 2), (4_096, 4_096), (19_999, 1), (20_000, 0)]
        {
            let got = windows.with(start, length, <[u8]>::to_vec).unwrap();
            assert_eq!(got, bytes[start as usize..(start + length) as usize]);
        }
        for (start, length) in [(0, 20_001), (20_000, 1), (u64::MAX, 2), (1, u64::MAX)] {
            let error = windows.with(start, length, |_| ()).unwrap_err().to_string();
            assert!(error.contains("length: expected"), "{error}");
        }
    }

    #[test]
    fn a_file_that_shrinks_or_changes_is_an_error() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&[7; 10_000]).unwrap();
        let windows = Windows::open(file.path()).unwrap();
        file.as_file().set_len(5_000).unwrap();
        let error = windows.with(0, 10, |_| ()).unwrap_err().to_string();
        assert!(
            error.contains("length: expected 10000 bytes, as at the start, got \"5000\""),
            "{error}"
        );
        file.as_file().set_len(10_000).unwrap();
        let later = SystemTime::now() + std::time::Duration::from_secs(5);
        file.as_file().set_modified(later).unwrap();
        let error = windows.same().unwrap_err().to_string();
        assert!(error.contains("nobody writes to"), "{error}");
    }
}
