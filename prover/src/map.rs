//! A key file in memory: mapped, not read, and its points used where they lie.
//!
//! # Why `unsafe`
//!
//! **The map.** It is memory that another process can change or, by shortening the file, take away.
//! Nothing here can prevent that; what can be done is done. Nobody of ours writes into a key file
//! that is there: a key is written beside it and takes its name when complete, and the old file lives
//! on for those who have it mapped. What is mapped is only ever read as bytes, or as points that are
//! arrays of bytes ([`Packed`]): every pattern of bits is a value of these types, whenever it is
//! looked at, and what is parsed (the table of sections, counts, JSON) is copied out first. What
//! remains:
//!
//! - A file that is *changed* after its digest was compared gives other points. Sums refuse
//!   coordinates that are not below the modulus, and every proof is verified before it is handed out,
//!   so a changed key costs time, not a wrong proof. But who can write key files at that moment can
//!   choose points under which a proof verifies and tells about the witness, as can whoever
//!   writes a key file and its sidecar beforehand: see [`ProvingKey::load`]. Keys belong to the user
//!   who proves, or to one whom he trusts, and are writable by nobody else.
//! - A file that is *shortened* ends the process by a signal (`SIGBUS`) when a page that is gone is
//!   read; so does a disk that cannot be read any more. Nothing was handed out then. Remove or replace
//!   key files (`mv`, not `cp` onto them); do not write into them.
//!
//! **The casts** between points and bytes: lengths are whole numbers of points, alignment is 1, and
//! [`Packed`] is sealed, its two types being transparent arrays of bytes.

#![allow(unsafe_code)]

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::sync::Arc;

use memmap2::Mmap;

use crate::points::Packed;

#[cfg(doc)]
use crate::key::ProvingKey;

/// A whole file, mapped for reading.
pub(crate) struct FileMap(Mmap);

impl FileMap {
    /// Maps the file as long as it is now.
    pub(crate) fn new(file: &File) -> io::Result<Self> {
        // SAFETY: see above.
        unsafe { Mmap::map(file) }.map(Self)
    }

    /// Lets go of the memory of a stretch that is not needed any more. It stays readable.
    pub(crate) fn release(&self, bytes: Range<usize>) {
        // The library looks at start and length one by one, not at their sum.
        if self.0.get(bytes.clone()).is_none() {
            return;
        }
        // SAFETY: the stretch is in the map, which is of a file and only read, so pages that are
        // dropped come back as they are in the file, which is what they were.
        #[cfg(unix)]
        let _ = unsafe {
            self.0.unchecked_advise_range(
                memmap2::UncheckedAdvice::DontNeed,
                bytes.start,
                bytes.len(),
            )
        };
        #[cfg(not(unix))]
        let _ = bytes;
    }
}

impl Deref for FileMap {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// The points that `bytes` hold; what is left of less than a point is left out.
fn as_points<P: Packed>(bytes: &[u8]) -> &[P] {
    const { assert!(size_of::<P>() > 0 && align_of::<P>() == 1) };
    let count = bytes.len() / size_of::<P>();
    // SAFETY: `count` points take no more than the bytes there are, at any address since their
    // alignment is 1; any bytes are a point; the result borrows `bytes`.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), count) }
}

/// The bytes of points, as a file or a device takes them.
#[must_use]
pub fn as_bytes<P: Packed>(points: &[P]) -> &[u8] {
    // SAFETY: points are arrays of bytes without padding; the result borrows `points`.
    unsafe { std::slice::from_raw_parts(points.as_ptr().cast(), size_of_val(points)) }
}

/// Points that do not change: in memory, or where they lie in a mapped file, which stays mapped as
/// long as they are there. A clone is another reference to the same.
#[derive(Clone)]
pub struct PointVec<P>(Held<P>);

#[derive(Clone)]
enum Held<P> {
    Owned(Arc<Vec<P>>),
    Mapped(Arc<FileMap>, Range<usize>),
}

impl<P: Packed> PointVec<P> {
    /// The points in these bytes of a file, if they are there and whole.
    pub(crate) fn mapped(file: &Arc<FileMap>, bytes: Range<usize>) -> Option<Self> {
        let held = file.get(bytes.clone())?;
        let whole = held.len() % size_of::<P>() == 0;
        whole.then(|| Self(Held::Mapped(Arc::clone(file), bytes)))
    }

    /// Whether they are in a file.
    #[must_use]
    pub const fn is_mapped(&self) -> bool {
        matches!(self.0, Held::Mapped(..))
    }
}

impl<P: Packed> Deref for PointVec<P> {
    type Target = [P];

    fn deref(&self) -> &[P] {
        match &self.0 {
            Held::Owned(points) => points,
            // Checked when it was made; files do not shrink in their map.
            Held::Mapped(file, bytes) => as_points(&file[bytes.clone()]),
        }
    }
}

impl<P: Packed> From<Vec<P>> for PointVec<P> {
    fn from(points: Vec<P>) -> Self {
        Self(Held::Owned(Arc::new(points)))
    }
}

impl<P: Packed> Default for PointVec<P> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<P: Packed> PartialEq for PointVec<P> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<P: Packed> Eq for PointVec<P> {}

/// How many, and where: keys are too long to be printed.
impl<P: Packed> fmt::Debug for PointVec<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.is_mapped() { "mapped" } else { "owned" };
        write!(f, "PointVec({} points, {place})", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::{PackedG1, PackedG2};
    use std::io::Write;

    fn file(bytes: &[u8]) -> (tempfile::NamedTempFile, Arc<FileMap>) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let map = FileMap::new(file.as_file()).unwrap();
        (file, Arc::new(map))
    }

    fn bytes(len: u32) -> Vec<u8> {
        (0..len).map(|i| ((i * i) >> 3) as u8).collect()
    }

    /// The safe twin: points taken out of bytes by copying them.
    fn copied(bytes: &[u8]) -> Vec<PackedG1> {
        bytes.as_chunks().0.iter().map(|point| PackedG1::from_bytes(*point)).collect()
    }

    #[test]
    fn mapped_points_are_those_of_the_file_at_any_address() {
        let content = bytes(10_000);
        let (_file, map) = file(&content);
        assert_eq!(map[..], content);
        for start in [0, 1, 7, 12, 63, 4_096] {
            for count in [0, 1, 50] {
                let range = start..start + 64 * count;
                let points = PointVec::<PackedG1>::mapped(&map, range.clone()).unwrap();
                assert!(points.is_mapped());
                assert_eq!(*points, copied(&content[range.clone()]));
                assert_eq!(as_bytes(&points), &content[range]);
                assert_eq!(points, PointVec::from(points.to_vec()));
            }
        }
    }

    #[test]
    fn what_is_released_stays_readable() {
        let content = bytes(20_000);
        let (_file, map) = file(&content);
        assert_eq!(map[..], content);
        for range in [0..20_000, 5_000..9_000, 19_999..20_000, 7..7, 5_000..25_000] {
            map.release(range);
            assert_eq!(map[..], content);
        }
    }

    #[test]
    fn only_whole_points_within_the_file_are_mapped() {
        let (_file, map) = file(&bytes(1_000));
        assert!(PointVec::<PackedG1>::mapped(&map, 0..960).is_some());
        assert!(PointVec::<PackedG2>::mapped(&map, 0..960).is_none(), "seven and a half");
        assert!(PointVec::<PackedG1>::mapped(&map, 0..961).is_none());
        assert!(PointVec::<PackedG1>::mapped(&map, 41..1_001).is_none());
        let (start, end) = (1_064, 1_000);
        assert!(PointVec::<PackedG1>::mapped(&map, start..end).is_none());
        assert!(PointVec::<PackedG1>::mapped(&map, usize::MAX - 63..usize::MAX).is_none());
        let (_file, map) = file(&[]);
        assert!(PointVec::<PackedG1>::mapped(&map, 0..0).unwrap().is_empty());
    }

    #[test]
    fn the_file_stays_mapped_as_long_as_its_points() {
        let content = bytes(6_400);
        let (file, map) = file(&content);
        let points = PointVec::<PackedG1>::mapped(&map, 0..6_400).unwrap();
        drop((file, map));
        let clone = points.clone();
        drop(points);
        assert_eq!(*clone, copied(&content));
    }

    #[test]
    fn debug_output_has_no_points() {
        let points = PointVec::from(vec![PackedG2::IDENTITY; 3]);
        assert_eq!(format!("{points:?}"), "PointVec(3 points, owned)");
        let (_file, map) = file(&bytes(128));
        let points = PointVec::<PackedG1>::mapped(&map, 0..128).unwrap();
        assert_eq!(format!("{points:?}"), "PointVec(2 points, mapped)");
    }
}
