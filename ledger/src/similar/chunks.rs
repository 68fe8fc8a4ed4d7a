//! Bytes in chunks whose ends depend on the bytes just before them, so that what is inserted or cut
//! somewhere changes the chunks there only (Muthitacharoen et al., *A low-bandwidth network file
//! system*, 2001; the rolling sum is the gear hash of Xia et al., *FastCDC*, 2016).

use super::words::{hash, mix};
use super::Element;

/// A chunk has at least this many bytes, unless the file ends.
const LEAST: usize = 2 << 10;
/// At most this many.
const MOST: usize = 64 << 10;
/// A chunk ends where these bits of the sum are zero: after 8 KiB more, on average.
const END: u64 = 0xfff8_0000_0000_0000;

/// Random numbers, one a byte.
const GEAR: [u64; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        // As `mix`, which is not const.
        let x = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        table[i] = x ^ (x >> 31);
        i += 1;
    }
    table
};

/// Takes bytes apart as they come.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    chunk: Vec<u8>,
    sum: u64,
}

impl Chunks {
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut impl FnMut(Element)) {
        for byte in bytes {
            self.chunk.push(*byte);
            // A byte has left the upper bits after 64 more.
            self.sum = (self.sum << 1).wrapping_add(GEAR[usize::from(*byte)]);
            let n = self.chunk.len();
            if (n >= LEAST && self.sum & END == 0) || n == MOST {
                self.finish(out);
            }
        }
    }

    /// Ends the chunk, if there is one.
    pub(super) fn finish(&mut self, out: &mut impl FnMut(Element)) {
        if !self.chunk.is_empty() {
            // Never the hash of a row of text.
            out(Element::Row(mix(!hash(&self.chunk))));
            self.chunk.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn rows(bytes: &[u8], block: usize) -> HashSet<u64> {
        let (mut chunks, mut rows) = (Chunks::default(), HashSet::new());
        let mut out = |e| {
            if let Element::Row(row) = e {
                rows.insert(row);
            }
        };
        bytes.chunks(block).for_each(|b| chunks.push(b, &mut out));
        chunks.finish(&mut out);
        rows
    }

    #[test]
    fn what_is_put_in_front_changes_the_first_chunks_only() {
        let bytes: Vec<u8> = (0..1u64 << 20).map(|i| mix(i) as u8).collect();
        let whole = rows(&bytes, 1 << 20);
        assert!((64..256).contains(&whole.len()), "{} chunks of a MiB", whole.len());
        assert_eq!(rows(&bytes, 77), whole, "blocks do not matter");
        let moved = rows(&[b"something", &bytes[..]].concat(), 1 << 20);
        assert!(whole.intersection(&moved).count() + 3 >= whole.len());
    }

    #[test]
    fn zeros_have_chunks_of_the_longest_size() {
        let mut count = 0;
        let mut chunks = Chunks::default();
        chunks.push(&vec![0; 10 * MOST], &mut |_| count += 1);
        assert_eq!(count, 10);
    }
}
