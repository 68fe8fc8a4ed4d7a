//! Datasets that are near-copies of each other, or hold each other, however they are named, ordered,
//! spaced or written in capitals.
//!
//! A dataset is a file or a folder, and is read once, as two sets:
//!
//! - its *rows*: lines of text as sequences of words (`words`), without the first line of a `.csv` or
//!   `.tsv`, since the same header says nothing of the data. A binary file counts by chunks that
//!   its content delimits (`chunks`), so that bytes in front move nothing;
//! - its *phrases*: each [`PHRASE`] words that follow each other in a row, so that a row that was lightly
//!   edited still agrees in most of them.
//!
//! Of each set a sketch is kept (`sketch`): MinHash (Broder, *On the resemblance and containment of
//! documents*, 1997), whose estimate of the Jaccard similarity `J` (common elements by all elements)
//! has a standard error of `sqrt(J (1 - J) / permutations)`; and, of rows, a sample by hash, which is
//! all of them up to some ten thousand, and from which both containments follow.
//!
//! Pairs worth an estimate are found by banding the MinHashes (locality-sensitive hashing: Indyk and
//! Motwani 1998; Leskovec, Rajaraman and Ullman, *Mining of Massive Datasets*, chapter 3) and by an index
//! over the samples (`pairs`). Nothing is compared with everything.
//!
//! All hashes have fixed keys and all results are in a fixed order: the same files give the same report
//! on every machine. Fixed keys also mean that somebody who wants to can craft files that are not
//! found; a tool for curators finds copies, it does not prove that there are none.

mod chunks;
mod pairs;
mod sketch;
mod words;

pub use sketch::Estimate;
pub use words::PHRASE;

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use serde::Serialize;

use crate::content;
use crate::error::{Fault, LedgerError, Result};
use chunks::Chunks;
use sketch::{Scheme, Sketch};
use words::Words;

/// Rows that samples keep together, 8 bytes each.
const SAMPLES: usize = 1 << 24;
/// Rows that the sample of one dataset keeps, at most and at least.
const SAMPLE: std::ops::RangeInclusive<usize> = 1 << 8..=1 << 17;
/// Most datasets at once: their sketches stay below some gigabytes.
pub const MOST_SETS: usize = 1 << 17;
/// Least and most permutations.
pub const PERMUTATIONS: std::ops::RangeInclusive<usize> = 16..=4096;
/// How much of a file is looked at to tell text from other bytes.
const HEAD: usize = 8 << 10;
const BLOCK: usize = 256 << 10;

/// Told how many bytes of how many are read, by several threads; answers whether to go on.
pub type Watch<'a> = dyn Fn(u64, u64) -> ControlFlow<()> + Sync + 'a;

/// What counts as similar.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Rows in common, as a share of all rows of both or of the rows of one of them, from which on a
    /// pair is reported. Above 0, at most 1.
    pub threshold: f64,
    /// The same for phrases, as a share of all phrases of both.
    pub phrases: f64,
    /// Permutations of a MinHash, in [`PERMUTATIONS`].
    pub permutations: usize,
}

impl Default for Options {
    /// A tenth of all words changed leaves half of the phrases.
    fn default() -> Self {
        Self { threshold: 0.8, phrases: 0.35, permutations: 128 }
    }
}

/// A dataset to compare.
#[derive(Clone, Debug)]
pub struct Source {
    /// What to call it.
    pub name: String,
    /// A file or folder.
    pub path: PathBuf,
    /// What it owes already: an earlier source and basis points.
    pub owes: Vec<(usize, u32)>,
}

/// What a dataset is made of.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Set {
    /// Its name.
    pub name: String,
    /// Files in it.
    pub files: u64,
    /// Of these, files that are not text and are compared by chunks of bytes.
    pub binary_files: u64,
    /// Bytes in it.
    pub bytes: u64,
    /// Different rows; counted, or estimated from a sample.
    pub rows: u64,
    /// The part of its rows that the sample keeps: 1, 1/2, 1/4 ..
    pub sampled: f64,
}

/// Two datasets that have much in common.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Pair {
    /// Index of the one that comes first among the sources.
    pub earlier: usize,
    /// Index of the other.
    pub later: usize,
    /// Common rows by all rows of both.
    pub rows: Estimate,
    /// Share of the later one's rows that the earlier one has.
    pub later_in_earlier: Estimate,
    /// Share of the earlier one's rows that the later one has.
    pub earlier_in_later: Estimate,
    /// Common phrases by all phrases of both; none where one has no text.
    pub phrases: Option<Estimate>,
    /// What a curator could have the later one owe the earlier, in basis points; see [`edge`].
    pub edge_bps: u32,
    /// What it owes the earlier one already.
    pub owed_bps: Option<u32>,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Similar {
    /// The datasets, in order of the sources.
    pub sets: Vec<Set>,
    /// Pairs at or above a threshold, those with most rows in common first.
    pub pairs: Vec<Pair>,
    /// Pairs that were looked at.
    pub candidates: u64,
}

/// Reads datasets and finds those that are alike.
///
/// # Errors
/// [`LedgerError::Input`] for what [`content::hash`] refuses and for too many datasets or pairs;
/// [`LedgerError::Io`]; [`LedgerError::Cancelled`].
///
/// # Panics
/// If an option is out of its range.
pub fn compare(sources: &[Source], options: &Options, watch: &Watch<'_>) -> Result<Similar> {
    assert!(PERMUTATIONS.contains(&options.permutations), "a number of permutations");
    assert!(options.threshold > 0.0 && options.threshold <= 1.0, "a share");
    assert!(options.phrases > 0.0 && options.phrases <= 1.0, "a share");
    if sources.len() > MOST_SETS {
        let fault = Fault::value("datasets", format!("at most {MOST_SETS}"), sources.len());
        return Err(LedgerError::in_file(&sources[MOST_SETS].path, fault));
    }
    let sample = (SAMPLES / sources.len().max(1)).clamp(*SAMPLE.start(), *SAMPLE.end());
    let scheme = Scheme::new(options.permutations, sample);
    let files = sources.iter().map(|s| content::files(&s.path)).collect::<Result<Vec<_>>>()?;
    let total = files.iter().flatten().fold(0u64, |sum, (_, len)| sum.saturating_add(*len));
    let reading = Reading { scheme: &scheme, done: AtomicU64::new(0), total, watch };
    let sketches = files
        .par_iter()
        .map(|files| {
            // Merging is the same in any order, so it does not matter who reads what.
            files
                .par_iter()
                .try_fold(
                    || Sketch::new(&scheme),
                    |mut sketch, (file, _)| reading.file(file, &mut sketch).map(|()| sketch),
                )
                .try_reduce(|| Sketch::new(&scheme), |a, b| Ok(a.merged(b)))
        })
        .collect::<Result<Vec<Sketch>>>()?;
    let sets = sources
        .iter()
        .zip(&sketches)
        .map(|(source, sketch)| Set {
            name: source.name.clone(),
            files: sketch.files,
            binary_files: sketch.binary_files,
            bytes: sketch.bytes,
            rows: sketch.sample.distinct(),
            sampled: sketch.sample.part(),
        })
        .collect();
    let go_on = || watch(total, total).is_continue();
    let found = pairs::find(&sketches, options, &go_on)?;
    let candidates = found.len() as u64;
    let mut pairs: Vec<Pair> = found
        .into_iter()
        .filter_map(|(earlier, later)| pair(earlier, later, &sketches, options))
        .collect();
    for pair in &mut pairs {
        let owes = sources[pair.later].owes.iter().find(|(parent, _)| *parent == pair.earlier);
        pair.owed_bps = owes.map(|(_, bps)| *bps);
    }
    let most = |pair: &Pair| {
        pair.rows.value.max(pair.later_in_earlier.value).max(pair.earlier_in_later.value)
    };
    pairs.sort_by(|a, b| {
        most(b).total_cmp(&most(a)).then((a.later, a.earlier).cmp(&(b.later, b.earlier)))
    });
    Ok(Similar { sets, pairs, candidates })
}

/// Estimates a pair; `None` where it is below every threshold.
fn pair(earlier: usize, later: usize, sketches: &[Sketch], options: &Options) -> Option<Pair> {
    let (a, b) = (&sketches[earlier], &sketches[later]);
    let rows = a.sample.against(&b.sample);
    let phrases = a.phrases.jaccard(&b.phrases);
    let alike = [rows.jaccard, rows.first_in_second, rows.second_in_first]
        .iter()
        .any(|estimate| estimate.value >= options.threshold)
        || phrases.is_some_and(|estimate| estimate.value >= options.phrases);
    alike.then(|| Pair {
        earlier,
        later,
        rows: rows.jaccard,
        later_in_earlier: rows.second_in_first,
        earlier_in_later: rows.first_in_second,
        phrases,
        edge_bps: edge(rows.jaccard, rows.second_in_first, phrases, options),
        owed_bps: None,
    })
}

/// What a later dataset could owe an earlier one, in basis points: all, where it has little of its own
/// (a copy, or a part); all, where phrases have far more in common than rows (a copy that was edited
/// throughout); else the share of its rows that the earlier one has, to the next percent.
#[must_use]
pub fn edge(
    rows: Estimate,
    later_in_earlier: Estimate,
    phrases: Option<Estimate>,
    options: &Options,
) -> u32 {
    /// Rows that are taken as they are have about as many phrases in common as rows; a few more by
    /// chance.
    const EDITED: f64 = 3.0;
    let edited = phrases.is_some_and(|phrases| {
        phrases.value >= options.phrases && phrases.value > EDITED * rows.value
    });
    if edited || rows.value >= options.threshold || later_in_earlier.value >= options.threshold {
        return 10_000;
    }
    match (later_in_earlier.value * 10_000.0).round() as u32 {
        small @ 0..100 => small.max(1),
        bps => (bps + 50) / 100 * 100,
    }
}

struct Reading<'a> {
    scheme: &'a Scheme,
    done: AtomicU64,
    total: u64,
    watch: &'a Watch<'a>,
}

impl Reading<'_> {
    fn file(&self, path: &Path, sketch: &mut Sketch) -> Result<()> {
        let mut file = File::open(path).map_err(LedgerError::io("open", path))?;
        let mut buffer = vec![0; BLOCK];
        let mut kind = None;
        loop {
            let n = fill(&mut file, &mut buffer).map_err(LedgerError::io("read", path))?;
            let block = &buffer[..n];
            let kind = kind.get_or_insert_with(|| Kind::of(path, block));
            sketch.bytes += n as u64;
            kind.push(block, &mut |element| sketch.add(self.scheme, element));
            let done = self.done.fetch_add(n as u64, Ordering::Relaxed) + n as u64;
            if (self.watch)(done, self.total.max(done)).is_break() {
                return Err(LedgerError::Cancelled);
            }
            if n < buffer.len() {
                break;
            }
        }
        sketch.files += 1;
        if let Some(mut kind) = kind {
            sketch.binary_files += u64::from(matches!(kind, Kind::Binary(_)));
            kind.finish(&mut |element| sketch.add(self.scheme, element));
        }
        Ok(())
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut n = 0;
    while n < buffer.len() {
        match file.read(&mut buffer[n..]) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(n)
}

/// An element of one of the two sets, hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Row(u64),
    Phrase(u64),
}

/// How a file is taken apart.
enum Kind {
    Text(Words),
    Binary(Chunks),
}

impl Kind {
    /// Text is UTF-8 without a zero byte, as far as its first block tells.
    fn of(path: &Path, block: &[u8]) -> Self {
        let head = &block[..block.len().min(HEAD)];
        let cut = |e: std::str::Utf8Error| e.error_len().is_none() && head.len() == HEAD;
        let text = !head.contains(&0) && std::str::from_utf8(head).map_or_else(cut, |_| true);
        if text {
            let kind = path.extension().unwrap_or_default();
            let tabular = ["csv", "tsv"].iter().any(|k| kind.eq_ignore_ascii_case(k));
            Self::Text(Words::new(tabular))
        } else {
            Self::Binary(Chunks::default())
        }
    }

    fn push(&mut self, bytes: &[u8], out: &mut impl FnMut(Element)) {
        match self {
            Self::Text(words) => words.push(bytes, out),
            Self::Binary(chunks) => chunks.push(bytes, out),
        }
    }

    fn finish(&mut self, out: &mut impl FnMut(Element)) {
        match self {
            Self::Text(words) => words.finish(out),
            Self::Binary(chunks) => chunks.finish(out),
        }
    }
}

/// The elements of bytes that come in blocks, for fuzzing: how they are divided must not matter, and the
/// bytes may be anything. `text` says how they are taken apart. Returns how many rows and phrases there
/// are, and a digest of them.
#[doc(hidden)]
#[must_use]
pub fn elements_digest(blocks: &[&[u8]], text: bool) -> (u64, u64, u64) {
    let mut kind =
        if text { Kind::Text(Words::new(false)) } else { Kind::Binary(Chunks::default()) };
    let (mut rows, mut phrases, mut digest) = (0u64, 0u64, 0u64);
    let mut out = |element| {
        let (count, hash) = match element {
            Element::Row(hash) => (&mut rows, hash),
            Element::Phrase(hash) => (&mut phrases, !hash),
        };
        *count += 1;
        digest = words::mix(digest ^ hash);
    };
    blocks.iter().for_each(|block| kind.push(block, &mut out));
    kind.finish(&mut out);
    (rows, phrases, digest)
}
