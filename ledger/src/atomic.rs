//! Files and folders that are there whole or not at all.
//!
//! What is written goes to a hidden sibling first, is flushed to the disk, and takes its name by one
//! rename. An error, a full disk or a raised cancel flag leaves the target as it was and removes
//! the sibling. A killed process or a power cut may leave the hidden sibling behind, never a part
//! of the target.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::{LedgerError, Result};

/// Hidden siblings start with this.
pub const PREFIX: &str = ".meed-tmp-";

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever the umask allows.
    Public,
    /// Only its owner: mode 0600.
    Secret,
}

/// What to do about a folder that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Fail.
    Refuse,
    /// Put the new one in its place.
    Replace,
}

/// Writes a file whole or not at all.
///
/// # Errors
/// [`LedgerError::Io`]; the file is then as it was before.
pub fn write_file(
    path: &Path,
    access: Access,
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let at = LedgerError::io;
    let parent = parent(path);
    let temp = builder(access, false).tempfile_in(parent).map_err(at("write to", parent))?;
    fill(temp.as_file(), body).map_err(at("write", path))?;
    temp.as_file().sync_all().map_err(at("write", path))?;
    temp.persist(path).map_err(|e| at("replace", path)(e.error))?;
    sync_folder(parent)
}

/// Writes the bytes of a file whole or not at all.
///
/// # Errors
/// As [`write_file`].
pub fn write_bytes(path: &Path, access: Access, bytes: &[u8]) -> Result<()> {
    write_file(path, access, |out| out.write_all(bytes))
}

/// Buffers, writes and flushes; an error at the very end of a full disk is an error too.
fn fill(file: impl Write, body: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, file);
    body(&mut out)?;
    out.flush()
}

/// A folder that is being written. Dropped without [`Staging::commit`], it disappears.
#[derive(Debug)]
pub struct Staging {
    target: PathBuf,
    temp: tempfile::TempDir,
}

impl Staging {
    /// Starts a folder that will take the name `target`.
    ///
    /// # Errors
    /// [`LedgerError::Io`] when its parent cannot be written to.
    pub fn new(target: &Path, access: Access) -> Result<Self> {
        let parent = parent(target);
        let temp = builder(access, true)
            .tempdir_in(parent)
            .map_err(LedgerError::io("write to", parent))?;
        Ok(Self { target: target.to_owned(), temp })
    }

    /// Where the folder's files go until it has its name.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.temp.path()
    }

    /// Writes one file of the folder; `name` may have folders of its own.
    ///
    /// # Errors
    /// [`LedgerError::Io`].
    pub fn write(
        &self,
        name: &str,
        access: Access,
        body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<()> {
        let path = self.temp.path().join(name);
        fs::create_dir_all(parent(&path)).map_err(LedgerError::io("create a folder for", &path))?;
        write_file(&path, access, body)
    }

    /// Gives the folder its name.
    ///
    /// # Errors
    /// [`LedgerError::Io`]; the target is then as it was before.
    pub fn commit(self, existing: Existing) -> Result<()> {
        let at = LedgerError::io;
        let Self { target, temp } = self;
        sync_tree(temp.path())?;
        let there = fs::symlink_metadata(&target).is_ok();
        if there && existing == Existing::Refuse {
            let error = io::Error::from(io::ErrorKind::AlreadyExists);
            return Err(at("create", &target)(error));
        }
        let from = temp.keep();
        let named = if there { exchange(&from, &target) } else { fs::rename(&from, &target) };
        if let Err(error) = named {
            // Nothing has its name yet: what is left of it is in the way of nobody.
            let _ = fs::remove_dir_all(&from);
            return Err(at("create", &target)(error));
        }
        sync_folder(parent(&target))?;
        if there {
            fs::remove_dir_all(&from).map_err(at("remove the old", &from))?;
        }
        Ok(())
    }
}

/// Lets two folders swap names: in one step where the system can, else in two renames.
fn exchange(new: &Path, old: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use rustix::fs::{renameat_with, RenameFlags, CWD};
        match renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE) {
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {}
            done => return done.map_err(Into::into),
        }
    }
    let aside = new.with_extension("old");
    fs::rename(old, &aside)?;
    if let Err(error) = fs::rename(new, old) {
        fs::rename(&aside, old)?;
        return Err(error);
    }
    fs::rename(&aside, new)
}

/// Removes the hidden siblings that killed processes left in a folder. The caller holds the lock
/// that keeps others from writing there.
pub(crate) fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            // A leftover that cannot be removed does no harm.
            let _ = match entry.file_type() {
                Ok(kind) if kind.is_dir() => fs::remove_dir_all(entry.path()),
                _ => fs::remove_file(entry.path()),
            };
        }
    }
}

fn builder(access: Access, folder: bool) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = match (access, folder) {
            (Access::Secret, true) => 0o700,
            (Access::Secret, false) => 0o600,
            (Access::Public, true) => 0o777,
            (Access::Public, false) => 0o666,
        };
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = (access, folder);
    builder
}

/// The folder that a path is in.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Makes names durable.
fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        let at = LedgerError::io;
        let folder_file = File::open(folder).map_err(at("open", folder))?;
        folder_file.sync_all().map_err(at("write", folder))?;
    }
    Ok(())
}

fn sync_tree(folder: &Path) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(LedgerError::io("read", folder))?;
    for entry in entries {
        let entry = entry.map_err(LedgerError::io("read", folder))?;
        if entry.file_type().map_err(LedgerError::io("read", folder))?.is_dir() {
            sync_tree(&entry.path())?;
        }
    }
    sync_folder(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_failing_body_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        write_bytes(&path, Access::Public, b"old").unwrap();
        let error = write_file(&path, Access::Public, |out| {
            out.write_all(&vec![7; 1 << 20])?;
            Err(io::Error::other("injected"))
        });
        assert!(error.unwrap_err().to_string().contains("injected"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.csv"]);
    }

    /// The error comes only when the buffer is flushed, which a drop would swallow.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_even_for_a_few_bytes() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let error = fill(&full, |out| out.write_all(b"few")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn a_failing_folder_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("1");
        for round in 0..2 {
            let staging = Staging::new(&target, Access::Public).unwrap();
            staging.write("a", Access::Public, |out| out.write_all(b"a")).unwrap();
            let failed =
                staging.write("b", Access::Public, |_| Err(io::ErrorKind::StorageFull.into()));
            assert!(failed.is_err());
            drop(staging);
            assert_eq!(names(folder.path()).len(), round);
            let staging = Staging::new(&target, Access::Public).unwrap();
            staging.write("sub/c", Access::Public, |out| write!(out, "{round}")).unwrap();
            staging.commit(Existing::Replace).unwrap();
            assert_eq!(names(folder.path()), ["1"]);
            assert_eq!(fs::read_to_string(target.join("sub/c")).unwrap(), round.to_string());
        }
        let staging = Staging::new(&target, Access::Public).unwrap();
        assert!(staging.commit(Existing::Refuse).is_err());
        assert_eq!(names(folder.path()), ["1"]);
        assert_eq!(names(&target), ["sub"]);
    }

    #[cfg(unix)]
    #[test]
    fn secrets_are_for_their_owner() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("salt.hex");
        write_bytes(&path, Access::Secret, b"x").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let staging = Staging::new(&folder.path().join("1"), Access::Secret).unwrap();
        staging.commit(Existing::Refuse).unwrap();
        let mode = fs::metadata(folder.path().join("1")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn leftovers_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".meed-tmp-a")).unwrap();
        fs::write(folder.path().join(".meed-tmp-a/x"), "").unwrap();
        fs::write(folder.path().join(".meed-tmp-b"), "").unwrap();
        fs::write(folder.path().join("kept"), "").unwrap();
        sweep(folder.path());
        assert_eq!(names(folder.path()), ["kept"]);
    }
}
