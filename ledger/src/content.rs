//! The content hash of an asset: one SHA-256 for a file or a folder of any size.
//!
//! A file's hash is the SHA-256 of its bytes, as `sha256sum FILE` prints it. A folder's is the
//! SHA-256 of one line `<hex>  <relative/path>\n` for each regular file below it, in byte order of
//! the paths, so inside the folder anybody can compute it with
//!
//! ```text
//! find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
//! ```
//!
//! Empty folders do not count. Links and special files are refused: what they lead to is not what
//! is hashed. So are paths that are not UTF-8 or have a backslash or a line break, because
//! `sha256sum` writes those in another way.

use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use meed_statement::types::ContentHash;
use sha2::{Digest, Sha256};

use crate::error::{Fault, LedgerError, Result};

/// Told how many bytes of how many are done; answers whether to go on.
pub type Progress<'a> = dyn FnMut(u64, u64) -> ControlFlow<()> + 'a;

/// Goes on without telling anybody.
pub fn quiet(_: u64, _: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Folders nest at most this deep.
const DEPTH: usize = 128;

/// Hashes a file or a folder, reading it once.
///
/// # Errors
/// [`LedgerError::Input`] for links, special files, an empty folder, paths that cannot be written
/// in a line, and files that change while they are read; [`LedgerError::Io`];
/// [`LedgerError::Cancelled`].
pub fn hash(path: &Path, progress: &mut Progress<'_>) -> Result<ContentHash> {
    let at = LedgerError::io;
    let meta = fs::symlink_metadata(path).map_err(at("read", path))?;
    if meta.is_file() {
        let mut done = Done { bytes: 0, total: meta.len(), progress };
        return hash_file(path, meta.len(), &mut done).map(ContentHash);
    }
    let files = below(path)?;
    let total = files.iter().fold(0u64, |sum, (_, _, len)| sum.saturating_add(*len));
    let mut done = Done { bytes: 0, total, progress };
    let mut lines = Sha256::new();
    for (name, file, len) in files {
        let digest = hash_file(&file, len, &mut done)?;
        lines.update(format!("{}  {name}\n", hex::encode(digest)));
    }
    Ok(ContentHash(lines.finalize().into()))
}

struct Done<'a, 'b> {
    bytes: u64,
    total: u64,
    progress: &'a mut Progress<'b>,
}

impl Done<'_, '_> {
    fn add(&mut self, bytes: u64) -> Result<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        match (self.progress)(self.bytes, self.total) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(LedgerError::Cancelled),
        }
    }
}

/// The regular files of an asset with their lengths: a file itself, or all below a folder, in order of
/// their paths.
///
/// # Errors
/// As [`hash`].
pub(crate) fn files(path: &Path) -> Result<Vec<(PathBuf, u64)>> {
    let meta = fs::symlink_metadata(path).map_err(LedgerError::io("read", path))?;
    if meta.is_file() {
        return Ok(vec![(path.to_owned(), meta.len())]);
    }
    Ok(below(path)?.into_iter().map(|(_, path, len)| (path, len)).collect())
}

/// All regular files of a folder, at least one, in byte order of their relative paths.
fn below(folder: &Path) -> Result<Vec<(String, PathBuf, u64)>> {
    let mut files = Vec::new();
    list(folder, String::new(), 0, &mut files)?;
    if files.is_empty() {
        let fault = Fault::value("content", "at least one file", "an empty folder");
        return Err(LedgerError::in_file(folder, fault));
    }
    files.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    Ok(files)
}

/// All regular files below `folder` as (relative path, path, length).
fn list(
    folder: &Path,
    below: String,
    depth: usize,
    files: &mut Vec<(String, PathBuf, u64)>,
) -> Result<()> {
    let at = LedgerError::io;
    let meta = fs::symlink_metadata(folder).map_err(at("read", folder))?;
    let refuse = |path: &Path, expected: &str, got: &str| {
        LedgerError::in_file(path, Fault::value("content", expected, got))
    };
    if !meta.is_dir() {
        let got = if meta.is_symlink() { "a symbolic link" } else { "a special file" };
        return Err(refuse(folder, "a regular file or a folder", got));
    }
    if depth == DEPTH {
        return Err(refuse(folder, "at most 128 folders in each other", "more"));
    }
    for entry in fs::read_dir(folder).map_err(at("read", folder))? {
        let entry = entry.map_err(at("read", folder))?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_str().filter(|n| !n.contains(['\n', '\r', '\\'])).ok_or_else(|| {
            refuse(&path, "a name in UTF-8 without backslash or line break", "another name")
        })?;
        let name = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
        let meta = fs::symlink_metadata(&path).map_err(at("read", &path))?;
        if meta.is_file() {
            files.push((name, path, meta.len()));
        } else {
            list(&path, name, depth + 1, files)?;
        }
    }
    Ok(())
}

fn hash_file(path: &Path, len: u64, done: &mut Done<'_, '_>) -> Result<[u8; 32]> {
    let at = LedgerError::io;
    let mut file = File::open(path).map_err(at("open", path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0u8; 1 << 20];
    let mut read = 0u64;
    loop {
        let n = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(at("read", path)(e)),
        };
        hash.update(&buffer[..n]);
        read += n as u64;
        done.add(n as u64)?;
    }
    if read == len {
        return Ok(hash.finalize().into());
    }
    let fault = Fault::value("content", format!("{len} bytes, as at the start"), read);
    Err(LedgerError::in_file(path, fault))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn tree() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("b", "two"), ("a/z", "one"), ("a.txt", ""), ("a/b c/é", "three")] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::create_dir(folder.path().join("empty")).unwrap();
        folder
    }

    #[test]
    fn a_file_has_its_sha256() {
        let folder = tree();
        let hash = hash(&folder.path().join("a.txt"), &mut quiet).unwrap();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(format!("{hash:?}"), empty);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_agrees_with_the_shell() {
        let folder = tree();
        let ours = hash(folder.path(), &mut quiet).unwrap();
        let command = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum \
                       | sha256sum";
        let shell =
            Command::new("sh").arg("-c").arg(command).current_dir(&folder).output().unwrap();
        assert!(shell.status.success());
        assert!(String::from_utf8(shell.stdout).unwrap().starts_with(&format!("{ours:?} ")));
    }

    #[test]
    fn progress_ends_at_the_total_and_can_stop() {
        let folder = tree();
        let mut last = (0, 0);
        hash(folder.path(), &mut |done, total| {
            last = (done, total);
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(last, (11, 11));
        let stopped = hash(folder.path(), &mut |_, _| ControlFlow::Break(()));
        assert!(matches!(stopped, Err(LedgerError::Cancelled)));
    }

    #[cfg(unix)]
    #[test]
    fn links_and_empty_folders_are_refused() {
        let folder = tree();
        let link = folder.path().join("a/link");
        std::os::unix::fs::symlink("z", &link).unwrap();
        for path in [folder.path(), &link] {
            let error = hash(path, &mut quiet).unwrap_err().to_string();
            assert!(
                error.contains("a/link: content: expected a regular file or a folder"),
                "{error}"
            );
        }
        let error = hash(&folder.path().join("empty"), &mut quiet).unwrap_err().to_string();
        assert!(error.contains("an empty folder"), "{error}");
        assert!(matches!(
            hash(&folder.path().join("none"), &mut quiet),
            Err(LedgerError::Io { .. })
        ));
    }
}
