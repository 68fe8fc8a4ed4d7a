//! Digests of a file: SHA-256, and SHA-256 in two levels, which all processors can check at once.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::key::Hex32;

/// Bytes of a chunk; the last one may be shorter.
pub(crate) const CHUNK: usize = 1 << 22;

/// What is known of a file that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digests {
    /// SHA-256.
    pub(crate) sha256: Hex32,
    /// See [`of_chunks`].
    pub(crate) chunks_sha256: Hex32,
    /// Its length.
    pub(crate) bytes: u64,
}

/// SHA-256 of the SHA-256 of each [`CHUNK`], one after the other. Together with the length it pins
/// every byte as the plain digest does.
pub(crate) fn of_chunks(bytes: &[u8]) -> Hex32 {
    let leaves: Vec<_> = bytes.par_chunks(CHUNK).map(Sha256::digest).collect();
    let mut root = Sha256::new();
    leaves.iter().for_each(|leaf| root.update(leaf));
    <[u8; 32]>::from(root.finalize()).into()
}

/// SHA-256, on one processor.
pub(crate) fn plain(bytes: &[u8]) -> Hex32 {
    <[u8; 32]>::from(Sha256::digest(bytes)).into()
}

/// Both digests of bytes that come piece by piece.
pub(crate) struct Hasher {
    plain: Sha256,
    root: Sha256,
    chunk: Sha256,
    /// Bytes that the current chunk still takes.
    left: usize,
    bytes: u64,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        Self {
            plain: Sha256::new(),
            root: Sha256::new(),
            chunk: Sha256::new(),
            left: CHUNK,
            bytes: 0,
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let Self { plain, root, chunk, left, .. } = self;
        let by_chunks = || {
            let mut bytes = bytes;
            while !bytes.is_empty() {
                let (now, later) = bytes.split_at(bytes.len().min(*left));
                chunk.update(now);
                *left -= now.len();
                if *left == 0 {
                    root.update(chunk.finalize_reset());
                    *left = CHUNK;
                }
                bytes = later;
            }
        };
        rayon::join(|| plain.update(bytes), by_chunks);
    }

    pub(crate) fn finish(mut self) -> Digests {
        if self.left < CHUNK {
            self.root.update(self.chunk.finalize());
        }
        let hex = |hash: Sha256| <[u8; 32]>::from(hash.finalize()).into();
        Digests { sha256: hex(self.plain), chunks_sha256: hex(self.root), bytes: self.bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_give_the_digests_of_the_whole() {
        let bytes: Vec<u8> =
            (0..2 * CHUNK as u32 + 77).map(|i| (i.wrapping_mul(i) >> 5) as u8).collect();
        for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, bytes.len()] {
            let whole = &bytes[..len];
            let hash = |bytes: &[u8]| <[u8; 32]>::from(Sha256::digest(bytes));
            let leaves: Vec<u8> = whole.chunks(CHUNK).flat_map(hash).collect();
            let want = Digests {
                sha256: hash(whole).into(),
                chunks_sha256: hash(&leaves).into(),
                bytes: len as u64,
            };
            assert_eq!((plain(whole), of_chunks(whole)), (want.sha256, want.chunks_sha256));
            for piece in [999_983, CHUNK, 3 * CHUNK] {
                let mut hasher = Hasher::new();
                whole.chunks(piece).for_each(|piece| hasher.update(piece));
                assert_eq!(hasher.finish(), want);
            }
        }
    }
}
