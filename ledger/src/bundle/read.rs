//! Where a bundle's files come from. Nothing is read before its size is known to be allowed.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::{
    BundleError, LISTED, MANIFEST, MOST_CIRCUIT_NAME, PAYOUTS_CSV, PAYOUTS_JSON, PROOF, PUBLIC,
};
use crate::error::shown;
use meed_statement::words::HEADER_WORDS;
use meed_verifier::{halo2, PROOF_BYTES};

/// Most bytes of a manifest, whatever the shape: about three times what it takes.
pub(super) const MOST_MANIFEST: u64 = 4_096;
const _: () = assert!(MOST_CIRCUIT_NAME < 256);

/// Bytes of the larger of the two systems' proofs.
const MOST_PROOF: usize = halo2::PROOF_BYTES;
const _: () = assert!(PROOF_BYTES < MOST_PROOF);

/// Most bytes of a listed file when the shape has room for `accounts`.
pub(super) fn limit(file: &str, accounts: usize) -> u64 {
    let accounts = accounts as u64;
    match file {
        PROOF => MOST_PROOF as u64,
        // A word takes a line of 74 bytes; h, alpha, y and the domain take under 600.
        PUBLIC => (HEADER_WORDS as u64 + accounts) * 74 + 600,
        // An index has at most 10 digits, an amount 28.
        PAYOUTS_CSV => 21 + accounts * (10 + 1 + 42 + 1 + 28 + 1),
        PAYOUTS_JSON => 200 + accounts * 170,
        // Credits that wait have at most 41 digits.
        _ => 16 + accounts * (42 + 1 + 41 + 1),
    }
}

/// A set of files. Implementations check that the names are exactly those of a bundle.
pub(super) trait Source {
    /// The bytes of a file that has at most `limit`, and `exact` if given.
    fn read(
        &self,
        file: &'static str,
        limit: u64,
        exact: Option<u64>,
    ) -> Result<Vec<u8>, BundleError>;
}

/// Fails unless a file of this size may be read.
fn check_size(
    file: &'static str,
    got: u64,
    limit: u64,
    exact: Option<u64>,
) -> Result<(), BundleError> {
    if got > limit {
        return Err(BundleError::TooLarge { file, limit, got });
    }
    match exact {
        Some(expected) if expected != got => Err(BundleError::Length { file, expected, got }),
        _ => Ok(()),
    }
}

/// Fails unless the names are those of a bundle, each once.
fn check_names<'a>(
    names: impl Iterator<Item = Result<std::borrow::Cow<'a, OsStr>, BundleError>>,
) -> Result<(), BundleError> {
    let mut missing: Vec<&'static str> = [MANIFEST].into_iter().chain(LISTED).collect();
    let mut extra: Option<String> = None;
    for name in names {
        let name = name?;
        if let Some(found) = missing.iter().position(|m| *name == **m) {
            missing.remove(found);
        } else if let Some(file) = extra {
            return Err(BundleError::Extra { file });
        } else {
            extra = Some(shown(&name.to_string_lossy()));
        }
    }
    match (missing.as_slice(), extra) {
        ([], None) => Ok(()),
        ([expected], Some(got)) => Err(BundleError::Renamed { expected, got }),
        (_, Some(file)) => Err(BundleError::Extra { file }),
        ([file, ..], None) => Err(BundleError::Missing { file }),
    }
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> BundleError {
    let path = path.to_owned();
    move |source| BundleError::Io { action, path, source }
}

/// A directory on disk.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Checks the names in the directory; a link to a directory will do.
    pub(super) fn open(path: &Path) -> Result<Self, BundleError> {
        let kind = fs::metadata(path).map_err(io("read", path))?.file_type();
        if !kind.is_dir() {
            return Err(BundleError::NotADirectory { path: path.to_owned(), got: name_of(kind) });
        }
        let entries = fs::read_dir(path).map_err(io("read", path))?;
        check_names(entries.map(|entry| match entry {
            Ok(entry) => Ok(entry.file_name().into()),
            Err(error) => Err(io("read", path)(error)),
        }))?;
        Ok(Self { path: path.to_owned() })
    }
}

impl Source for Folder {
    fn read(
        &self,
        file: &'static str,
        limit: u64,
        exact: Option<u64>,
    ) -> Result<Vec<u8>, BundleError> {
        let path = self.path.join(file);
        let meta = fs::symlink_metadata(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => BundleError::Missing { file },
            _ => io("read", &path)(error),
        })?;
        if !meta.is_file() {
            return Err(BundleError::NotAFile { file, got: name_of(meta.file_type()) });
        }
        check_size(file, meta.len(), limit, exact)?;
        // The file may have grown since: read no more than allowed, and look again.
        let handle = File::open(&path).map_err(io("open", &path))?;
        let mut bytes = Vec::new();
        handle.take(limit + 1).read_to_end(&mut bytes).map_err(io("read", &path))?;
        check_size(file, bytes.len() as u64, limit, exact)?;
        Ok(bytes)
    }
}

fn name_of(kind: fs::FileType) -> &'static str {
    if kind.is_symlink() {
        "a symbolic link"
    } else if kind.is_dir() {
        "a directory"
    } else if kind.is_file() {
        "an ordinary file"
    } else {
        "a special file"
    }
}

/// Files in memory.
#[derive(Debug)]
pub(super) struct Memory<'a> {
    files: &'a [(&'a str, &'a [u8])],
}

impl<'a> Memory<'a> {
    pub(super) fn new(files: &'a [(&'a str, &'a [u8])]) -> Result<Self, BundleError> {
        check_names(files.iter().map(|(name, _)| Ok(OsStr::new(*name).into())))?;
        Ok(Self { files })
    }
}

impl Source for Memory<'_> {
    fn read(
        &self,
        file: &'static str,
        limit: u64,
        exact: Option<u64>,
    ) -> Result<Vec<u8>, BundleError> {
        let found = self.files.iter().find(|(name, _)| *name == file);
        let (_, bytes) = found.ok_or(BundleError::Missing { file })?;
        check_size(file, bytes.len() as u64, limit, exact)?;
        Ok(bytes.to_vec())
    }
}
