//! Which pairs to look at, without looking at all.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::sketch::{MinHash, Sketch};
use super::words::mix;
use super::Options;
use crate::error::{Fault, LedgerError, Result};

/// Most pairs: as many as 2,000 copies of one dataset have.
const MOST_PAIRS: usize = 2_000_000;
/// A row in more datasets than this says little of each: a header, a licence's text.
const COMMON: usize = 256;
/// A pair at the threshold is missed less often than this.
const MISS: f64 = 0.001;

type Pairs = BTreeSet<(usize, usize)>;

/// Pairs (earlier, later) that are probably at or above a threshold.
///
/// # Errors
/// [`LedgerError::Input`] for too many pairs; [`LedgerError::Cancelled`].
pub(super) fn find(
    sketches: &[Sketch],
    options: &Options,
    go_on: &(impl Fn() -> bool + Sync),
) -> Result<Pairs> {
    let mut pairs = Pairs::new();
    let rows: Vec<&MinHash> = sketches.iter().map(|s| &s.rows).collect();
    banded(&rows, options.threshold, &mut pairs, go_on)?;
    let phrases: Vec<&MinHash> = sketches.iter().map(|s| &s.phrases).collect();
    banded(&phrases, options.phrases, &mut pairs, go_on)?;
    contained(sketches, options.threshold, &mut pairs, go_on)?;
    Ok(pairs)
}

fn insert(pairs: &mut Pairs, pair: (usize, usize)) -> Result<()> {
    pairs.insert(pair);
    if pairs.len() <= MOST_PAIRS {
        return Ok(());
    }
    let expected = format!("at most {MOST_PAIRS} pairs that may be alike; compare fewer at once");
    Err(LedgerError::in_file("datasets".as_ref(), Fault::value("pairs", expected, "more")))
}

/// Bands of so many hashes: as many hashes as still let hardly a pair at the threshold pass by, so
/// that few pairs below it come along.
pub(super) fn width(permutations: usize, threshold: f64) -> usize {
    let missed = |width: usize| {
        let band = 1.0 - threshold.powi(width as i32);
        band.powi((permutations / width) as i32)
    };
    (1..=permutations).take_while(|width| missed(*width) <= MISS).last().unwrap_or(1)
}

/// Pairs whose MinHashes agree in a band.
fn banded(
    hashes: &[&MinHash],
    threshold: f64,
    pairs: &mut Pairs,
    go_on: &impl Fn() -> bool,
) -> Result<()> {
    let some: Vec<(usize, &[u64])> =
        hashes.iter().enumerate().filter_map(|(i, h)| Some((i, h.get()?))).collect();
    let Some((_, first)) = some.first() else { return Ok(()) };
    let width = width(first.len(), threshold);
    for band in 0..first.len() / width {
        if !go_on() {
            return Err(LedgerError::Cancelled);
        }
        let key = |least: &[u64]| {
            least[band * width..][..width].iter().fold(0, |key, hash| mix(key ^ hash))
        };
        let mut keys: Vec<(u64, usize)> = some.iter().map(|(i, least)| (key(least), *i)).collect();
        keys.sort_unstable();
        for bucket in keys.chunk_by(|a, b| a.0 == b.0) {
            for (at, (_, later)) in bucket.iter().enumerate() {
                for (_, earlier) in &bucket[..at] {
                    insert(pairs, (*earlier, *later))?;
                }
            }
        }
    }
    Ok(())
}

/// Pairs of which one's sampled rows are mostly in the other, however large that is.
fn contained(
    sketches: &[Sketch],
    threshold: f64,
    pairs: &mut Pairs,
    go_on: &(impl Fn() -> bool + Sync),
) -> Result<()> {
    let mut index: Vec<(u64, u32)> = (0u32..)
        .zip(sketches)
        .flat_map(|(i, sketch)| sketch.sample.hashes().map(move |hash| (hash, i)))
        .collect();
    index.par_sort_unstable();
    // Rows that tell datasets from each other, with the datasets that have them.
    let shared: Vec<&[(u64, u32)]> = index
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|same| (2..=COMMON).contains(&same.len()))
        .collect();
    let mut of_set: Vec<Vec<u32>> = vec![Vec::new(); sketches.len()];
    for (row, same) in (0u32..).zip(&shared) {
        same.iter().for_each(|(_, set)| of_set[*set as usize].push(row));
    }
    let found = of_set
        .par_iter()
        .enumerate()
        .map(|(later, rows)| {
            if !go_on() {
                return Err(LedgerError::Cancelled);
            }
            let mut counts = vec![0u32; later];
            for row in rows {
                for (_, set) in shared[*row as usize] {
                    if let Some(count) = counts.get_mut(*set as usize) {
                        *count += 1;
                    }
                }
            }
            let enough = |earlier: usize, count: u32| {
                let (a, b) = (&sketches[earlier].sample, &sketches[later].sample);
                let level = a.level().max(b.level());
                let least = a.count(level).min(b.count(level));
                f64::from(count) >= threshold * least as f64
            };
            let counts = counts.into_iter().enumerate();
            Ok(counts
                .filter(|(earlier, count)| *count > 0 && enough(*earlier, *count))
                .map(|(earlier, _)| (earlier, later))
                .collect::<Vec<_>>())
        })
        .collect::<Result<Vec<_>>>()?;
    found.into_iter().flatten().try_for_each(|pair| insert(pairs, pair))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_as_wide_as_the_threshold_allows() {
        for (permutations, threshold, expected) in
            [(128, 0.8, 5), (128, 0.35, 2), (128, 0.1, 1), (128, 1.0, 128), (16, 0.5, 1)]
        {
            assert_eq!(width(permutations, threshold), expected, "{permutations}, {threshold}");
        }
    }
}
