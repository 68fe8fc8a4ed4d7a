//! What is kept of a set: its MinHash, and a sample of it.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use serde::Serialize;

use super::words::mix;
use super::Element;

/// An estimate with its standard error, which is 0 where nothing had to be estimated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// From 0 to 1.
    pub value: f64,
    /// Standard error of the value.
    pub error: f64,
}

impl Estimate {
    /// A share that was found among `n` of a sample.
    fn binomial(share: f64, n: f64) -> Self {
        Self { value: share, error: (share * (1.0 - share) / n).sqrt() }
    }
}

/// How sketches are made: all of one comparison in the same way.
#[derive(Debug)]
pub(super) struct Scheme {
    /// Permutation i takes x to `a x + b` modulo 2^64, with odd `a`.
    permutations: Vec<(u64, u64)>,
    sample: usize,
}

impl Scheme {
    pub(super) fn new(permutations: usize, sample: usize) -> Self {
        let draw = |i: u64| mix(i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let permutations = (1..=permutations as u64).map(|i| (draw(2 * i) | 1, draw(2 * i + 1)));
        Self { permutations: permutations.collect(), sample }
    }
}

/// What is kept of a dataset.
#[derive(Debug)]
pub(super) struct Sketch {
    pub(super) rows: MinHash,
    pub(super) phrases: MinHash,
    pub(super) sample: Sample,
    pub(super) files: u64,
    pub(super) binary_files: u64,
    pub(super) bytes: u64,
}

impl Sketch {
    pub(super) fn new(scheme: &Scheme) -> Self {
        Self {
            rows: MinHash::new(scheme),
            phrases: MinHash::new(scheme),
            sample: Sample::new(scheme.sample),
            files: 0,
            binary_files: 0,
            bytes: 0,
        }
    }

    pub(super) fn add(&mut self, scheme: &Scheme, element: Element) {
        match element {
            Element::Row(hash) => {
                self.sample.add(hash);
                self.rows.add(scheme, hash);
            }
            Element::Phrase(hash) => self.phrases.add(scheme, hash),
        }
    }

    /// The sketch of both together.
    pub(super) fn merged(mut self, other: Self) -> Self {
        self.rows.merge(&other.rows);
        self.phrases.merge(&other.phrases);
        self.sample.merge(other.sample);
        self.files += other.files;
        self.binary_files += other.binary_files;
        self.bytes += other.bytes;
        self
    }
}

/// The least hash of a set under each permutation. Two sets have the same least hash with the
/// probability of their Jaccard similarity.
#[derive(Debug)]
pub(super) struct MinHash(Vec<u64>);

impl MinHash {
    fn new(scheme: &Scheme) -> Self {
        Self(vec![u64::MAX; scheme.permutations.len()])
    }

    fn add(&mut self, scheme: &Scheme, hash: u64) {
        for (least, (a, b)) in self.0.iter_mut().zip(&scheme.permutations) {
            *least = (*least).min(a.wrapping_mul(hash).wrapping_add(*b));
        }
    }

    fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a = (*a).min(*b));
    }

    /// The least hashes; `None` of an empty set.
    pub(super) fn get(&self) -> Option<&[u64]> {
        self.0.iter().any(|least| *least != u64::MAX).then_some(&self.0)
    }

    /// Estimates the Jaccard similarity; `None` where a set is empty.
    pub(super) fn jaccard(&self, other: &Self) -> Option<Estimate> {
        let (a, b) = (self.get()?, other.get()?);
        let same = a.iter().zip(b).filter(|(a, b)| a == b).count();
        Some(Estimate::binomial(same as f64 / a.len() as f64, a.len() as f64))
    }
}

/// The elements whose hashes begin with `level` zero bits: all at first, half as many each time that
/// they become too many. Which ones stay depends on nothing else, so samples can be compared.
#[derive(Debug)]
pub(super) struct Sample {
    most: usize,
    level: u32,
    hashes: HashSet<u64, BuildHasherDefault<Itself>>,
}

/// Hashes are hashed well enough.
#[derive(Debug, Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn write(&mut self, bytes: &[u8]) {
        // Never called for a u64; right all the same.
        bytes.iter().for_each(|b| self.0 = mix(self.0 ^ u64::from(*b)));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        // The table takes its bits from both ends, and of a sample the upper ones are zero.
        self.0.rotate_left(32)
    }
}

/// What two samples say of their sets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Common {
    pub(super) jaccard: Estimate,
    pub(super) first_in_second: Estimate,
    pub(super) second_in_first: Estimate,
}

impl Sample {
    fn new(most: usize) -> Self {
        Self { most, level: 0, hashes: HashSet::default() }
    }

    fn add(&mut self, hash: u64) {
        if hash.leading_zeros() >= self.level {
            self.hashes.insert(hash);
            while self.hashes.len() > self.most {
                self.level += 1;
                let level = self.level;
                self.hashes.retain(|hash| hash.leading_zeros() >= level);
            }
        }
    }

    fn merge(&mut self, other: Self) {
        self.level = self.level.max(other.level);
        let level = self.level;
        self.hashes.retain(|hash| hash.leading_zeros() >= level);
        other.hashes.into_iter().for_each(|hash| self.add(hash));
    }

    /// How many zero bits the hashes begin with.
    pub(super) fn level(&self) -> u32 {
        self.level
    }

    /// The elements, in no order.
    pub(super) fn hashes(&self) -> impl Iterator<Item = u64> + '_ {
        self.hashes.iter().copied()
    }

    /// Elements that begin with this many zero bits.
    pub(super) fn count(&self, level: u32) -> usize {
        if level <= self.level {
            return self.hashes.len();
        }
        self.hashes.iter().filter(|hash| hash.leading_zeros() >= level).count()
    }

    /// The part of the set that is kept.
    pub(super) fn part(&self) -> f64 {
        (-f64::from(self.level)).exp2()
    }

    /// Elements of the set: counted, or estimated.
    pub(super) fn distinct(&self) -> u64 {
        (self.hashes.len() as u64).saturating_mul(1u64.checked_shl(self.level).unwrap_or(u64::MAX))
    }

    /// Compares the parts that both samples have. Of an empty part nothing is known: then every
    /// value is 0 with an error of 1; of an empty set every value is 0.
    pub(super) fn against(&self, other: &Self) -> Common {
        let level = self.level.max(other.level);
        let (small, large) =
            if self.hashes.len() <= other.hashes.len() { (self, other) } else { (other, self) };
        let common = small
            .hashes
            .iter()
            .filter(|h| h.leading_zeros() >= level && large.hashes.contains(h))
            .count();
        let (first, second) = (self.count(level), other.count(level));
        let share = |of: usize| match of {
            0 => Estimate { value: 0.0, error: if level > 0 { 1.0 } else { 0.0 } },
            _ if level == 0 => Estimate { value: common as f64 / of as f64, error: 0.0 },
            _ => Estimate::binomial(common as f64 / of as f64, of as f64),
        };
        Common {
            jaccard: share(first + second - common),
            first_in_second: share(first),
            second_in_first: share(second),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sketch(scheme: &Scheme, elements: impl Iterator<Item = u64>) -> Sketch {
        let mut sketch = Sketch::new(scheme);
        for i in elements {
            sketch.add(scheme, Element::Row(mix(i + 1)));
            sketch.add(scheme, Element::Phrase(mix(i + 1)));
        }
        sketch
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Six standard errors: one case in 10^9 would fail by chance, and the cases are fixed by
        /// the elements, not drawn anew by each permutation.
        #[test]
        fn estimates_are_near_the_truth(
            start in 0u64..1 << 40, only_a in 0u64..3_000, both in 1u64..3_000, only_b in 0u64..3_000,
            permutations in 64usize..512, most in 300usize..10_000,
        ) {
            let scheme = Scheme::new(permutations, most);
            let a = sketch(&scheme, start..start + only_a + both);
            let b = sketch(&scheme, start + only_a..start + only_a + both + only_b);
            let (n, both) = ((only_a + both + only_b) as f64, both as f64);
            let check = |estimate: Estimate, truth: f64, of: f64| {
                let allowed = 6.0 * (truth * (1.0 - truth) / of).sqrt() + 6.0 / of;
                prop_assert!((estimate.value - truth).abs() <= allowed, "{estimate:?} {truth}");
                Ok(())
            };
            for estimate in [a.phrases.jaccard(&b.phrases), a.rows.jaccard(&b.rows)] {
                check(estimate.unwrap(), both / n, permutations as f64)?;
            }
            let common = a.sample.against(&b.sample);
            let part = a.sample.part().min(b.sample.part());
            check(common.jaccard, both / n, (n * part).max(1.0))?;
            let (in_a, in_b) = (only_a as f64 + both, only_b as f64 + both);
            check(common.first_in_second, both / in_a, (in_a * part).max(1.0))?;
            check(common.second_in_first, both / in_b, (in_b * part).max(1.0))?;
            if part == 1.0 {
                prop_assert_eq!(common.jaccard, Estimate { value: both / n, error: 0.0 });
                prop_assert_eq!(a.sample.distinct() as f64, in_a);
            }
            prop_assert!(a.sample.hashes.len() <= most);
            let rows = a.sample.distinct() as f64;
            prop_assert!((rows / in_a - 1.0).abs() < 6.0 / (in_a * a.sample.part()).sqrt());
        }

        #[test]
        fn merging_is_reading_together(
            a in prop::collection::vec(0u64..5_000, 0..2_000), b in prop::collection::vec(0u64..5_000, 0..2_000),
            most in 20usize..5_000,
        ) {
            let scheme = Scheme::new(32, most);
            let merged = sketch(&scheme, a.iter().copied()).merged(sketch(&scheme, b.iter().copied()));
            let together = sketch(&scheme, a.into_iter().chain(b));
            prop_assert_eq!(&merged.rows.0, &together.rows.0);
            prop_assert_eq!(merged.sample.level, together.sample.level);
            prop_assert_eq!(merged.sample.hashes, together.sample.hashes);
        }
    }

    #[test]
    fn an_empty_set_is_like_nothing() {
        let scheme = Scheme::new(16, 10);
        let (empty, some) = (sketch(&scheme, 0..0), sketch(&scheme, 0..5));
        assert!(empty.phrases.jaccard(&some.phrases).is_none());
        assert_eq!(empty.sample.against(&empty.sample).jaccard.value, 0.0);
        let common = empty.sample.against(&some.sample);
        assert_eq!((common.first_in_second.value, common.second_in_first.value), (0.0, 0.0));
    }
}
