//! Writing a bundle, whole or not at all.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::read::{Folder, Source};
use super::{check, BundleError, BundleInput};
use crate::atomic::{Access, Existing, Staging};

/// What a write did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The bundle is there now.
    Written,
    /// The very same bundle was there already; nothing was touched.
    Unchanged,
}

/// Checks the content as [`verify_bundle`](super::verify_bundle) would, the proof included, and writes
/// it to the directory `dest`, which takes its name in one step.
///
/// # Errors
/// Those of [`verify_bundle`](super::verify_bundle) about the content; [`BundleError::Exists`] when something
/// else is at `dest` (a new proof of the same epoch has other bytes, too), [`BundleError::Write`].
/// Nothing is changed on any error.
pub fn write_bundle(dest: &Path, input: &BundleInput<'_>) -> Result<Outcome, BundleError> {
    let files = check::render(input)?;
    if fs::symlink_metadata(dest).is_ok() {
        return compare(dest, &files).map(|()| Outcome::Unchanged).map_err(|difference| {
            BundleError::Exists { path: dest.to_owned(), difference: difference.to_string() }
        });
    }
    let staging = Staging::new(dest, Access::Public)?;
    for (name, bytes) in &files {
        staging.write(name, Access::Public, |out: &mut dyn Write| out.write_all(bytes))?;
    }
    staging.commit(Existing::Refuse)?;
    Ok(Outcome::Written)
}

/// The files of the bundle that [`write_bundle`] would write, by name, after the same checks.
///
/// # Errors
/// Those of [`verify_bundle`](super::verify_bundle) about the content.
pub fn render_bundle(input: &BundleInput<'_>) -> Result<Vec<(&'static str, Vec<u8>)>, BundleError> {
    Ok(check::render(input)?.into())
}

/// Fails with the first difference between a directory and the files that would be written.
fn compare(dest: &Path, files: &super::files::Files) -> Result<(), BundleError> {
    let folder = Folder::open(dest)?;
    for (file, expected) in files {
        let size = expected.len() as u64;
        let got = folder.read(file, size, Some(size))?;
        check::same_bytes(file, expected, &got)?;
    }
    Ok(())
}
