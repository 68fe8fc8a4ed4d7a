//! Memory for points that are read in any order.
//!
//! Buckets take points from all over a chunk, 64 or 128 bytes at a time. In pages of 4 KiB nearly each of
//! them costs a walk through the page tables, and where an allocator puts its own words before an array each
//! point lies across two cache lines. Anonymous maps begin with a page, and Linux is asked for large ones.

use core::ops::{Deref, DerefMut};

use bytemuck::Pod;
use memmap2::MmapMut;

/// Bytes from which a map of its own is worth its system calls.
const LARGE: usize = 1 << 20;

/// An array of zeros at first.
pub(super) enum Room<T> {
    Small(Vec<T>),
    Large { map: MmapMut, len: usize },
}

impl<T: Pod> Room<T> {
    pub(super) fn new(len: usize) -> Self {
        let bytes = len.saturating_mul(size_of::<T>());
        if bytes >= LARGE && align_of::<T>() <= 64 {
            // Without memory for a map there is none for an array either, whose failure says so.
            if let Ok(map) = MmapMut::map_anon(bytes) {
                // Only advice: a kernel without large pages is slower and no less right.
                #[cfg(target_os = "linux")]
                let _ = map.advise(memmap2::Advice::HugePage);
                return Self::Large { map, len };
            }
        }
        Self::Small(vec![T::zeroed(); len])
    }
}

impl<T: Pod> Deref for Room<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Small(array) => array,
            Self::Large { map, len } => &bytemuck::cast_slice(map)[..*len],
        }
    }
}

impl<T: Pod> DerefMut for Room<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::Small(array) => array,
            Self::Large { map, len } => &mut bytemuck::cast_slice_mut(map)[..*len],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_of_any_size_hold_what_is_put_into_them() {
        for len in [0, 1, 1000, LARGE / 64 - 1, LARGE / 64, LARGE / 64 + 1, LARGE / 8 + 3] {
            let mut room = Room::<[[u64; 4]; 2]>::new(len);
            assert_eq!(room.len(), len);
            assert!(room.iter().all(|point| *point == [[0; 4]; 2]));
            for (i, point) in (0..).zip(room.iter_mut()) {
                *point = [[i; 4], [i + 1; 4]];
            }
            assert!((0..).zip(&*room).all(|(i, point)| *point == [[i; 4], [i + 1; 4]]));
            let large = len * 64 >= LARGE;
            assert!(matches!(room, Room::Large { .. }) == large);
            assert!(!large || (room.as_ptr() as usize).is_multiple_of(4096));
        }
    }
}
