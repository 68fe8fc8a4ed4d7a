//! Near-copies on disk: what is found, what is not, and what is said of it.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use meed_ledger::registry::read_list;
use meed_ledger::similar::{compare, Options, Pair, Similar, Source};
use meed_ledger::LedgerError;
use proptest::prelude::*;
use rand_chacha::rand_core::{RngCore, SeedableRng};

fn go_on(_: u64, _: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

struct World {
    folder: tempfile::TempDir,
    sources: Vec<Source>,
}

impl World {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), sources: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), content).unwrap();
    }

    /// Adds a file or folder that was written to what is compared.
    fn source(&mut self, name: &str) {
        let path = self.path(name);
        self.sources.push(Source { name: name.to_owned(), path, owes: vec![] });
    }

    fn add(&mut self, name: &str, content: impl AsRef<[u8]>) {
        self.write(name, content);
        self.source(name);
    }

    fn compare(&self) -> Similar {
        compare(&self.sources, &Options::default(), &go_on).unwrap()
    }

    /// Names of the pairs that are found, earlier first.
    fn found(&self) -> Vec<(String, String)> {
        let name = |i: usize| self.sources[i].name.clone();
        self.compare().pairs.iter().map(|p| (name(p.earlier), name(p.later))).collect()
    }
}

/// Row `i` of some data: twenty words that no other row has together.
fn row(i: u64) -> Vec<String> {
    let word = |j: u64| (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(j as u32) >> 52;
    (0..20).map(|j| format!("w{:x}", word(j * 3))).collect()
}

fn text(rows: impl IntoIterator<Item = u64>) -> String {
    rows.into_iter().map(|i| row(i).join(",") + "\n").collect()
}

fn only(similar: &Similar) -> &Pair {
    assert_eq!(similar.pairs.len(), 1, "{similar:#?}");
    &similar.pairs[0]
}

#[test]
fn identical_sets_are_alike_and_others_are_not() {
    let mut w = World::new();
    w.add("a", text(0..500));
    w.add("b", text(500..1_000));
    w.add("c", text(0..500));
    let similar = w.compare();
    let pair = only(&similar);
    assert_eq!((pair.earlier, pair.later), (0, 2));
    assert_eq!((pair.rows.value, pair.rows.error), (1.0, 0.0));
    assert_eq!((pair.later_in_earlier.value, pair.earlier_in_later.value), (1.0, 1.0));
    assert_eq!(pair.phrases.unwrap().value, 1.0);
    assert_eq!((pair.edge_bps, pair.owed_bps), (10_000, None));
    assert_eq!(similar.candidates, 1, "nothing else was even looked at");
    assert_eq!((similar.sets[1].rows, similar.sets[1].files), (500, 1));
}

#[test]
fn disguises_do_not_help() {
    let mut w = World::new();
    w.add("plain.csv", format!("a,header\n{}", text(0..300)));
    w.add("reordered", text((0..300).rev()));
    w.add("shouting.txt", text(0..300).to_uppercase());
    w.add("spaced.tsv", format!("\nA\tHEADER\n{}", text(0..300).replace(',', " \t ")));
    w.add("windows.md", text(0..300).replace('\n', "\r\n"));
    let quoted: String = (0..300).map(|i| format!("[\"{}\"]\n\n", row(i).join("\", \""))).collect();
    w.add("quoted.jsonl", quoted);
    for (i, part) in [0..100, 100..250, 250..300].into_iter().enumerate() {
        w.write(&format!("parts/{i}/rows.txt"), text(part));
    }
    w.source("parts");
    let similar = w.compare();
    assert_eq!(similar.pairs.len(), 7 * 6 / 2);
    for pair in &similar.pairs {
        assert_eq!(pair.rows.value, 1.0, "{pair:?}");
        assert_eq!(pair.phrases.unwrap().value, 1.0, "{pair:?}");
    }
    assert_eq!(similar.sets[6].files, 3);
}

#[test]
fn a_tenth_of_the_rows_or_of_the_words_changed_is_found() {
    let mut w = World::new();
    w.add("a", text(0..1_000));
    w.add("rows", text((0..1_000).map(|i| if i % 10 == 0 { i + 5_000 } else { i })));
    let edited: String = (0..1_000)
        .map(|i| {
            let mut words = row(i);
            // Two of twenty, somewhere else in each row.
            // One row in ten stays as it is.
            for word in [i % 20, (i * 7 + 3) % 20] {
                if i % 10 > 0 {
                    words[word as usize] = format!("new{i}");
                }
            }
            words.join(" ") + "\n"
        })
        .collect();
    w.add("words", edited);
    w.add("other", text(2_000..3_000));
    let similar = w.compare();
    let of = |earlier: usize, later: usize| {
        let found = similar.pairs.iter().find(|p| (p.earlier, p.later) == (earlier, later));
        found.unwrap_or_else(|| panic!("({earlier}, {later}): {similar:#?}"))
    };
    let rows = of(0, 1);
    assert!((rows.rows.value - 900.0 / 1_100.0).abs() < 1e-9);
    assert!((rows.later_in_earlier.value - 0.9).abs() < 1e-9);
    let words = of(0, 2);
    assert!((words.later_in_earlier.value - 0.1).abs() < 1e-9);
    assert!(words.phrases.unwrap().value > 0.35 && words.phrases.unwrap().error > 0.0);
    assert_eq!(words.edge_bps, 10_000);
    assert!(similar.pairs.iter().all(|p| p.later != 3), "{similar:#?}");
}

#[test]
fn a_small_copy_in_a_large_set_is_found_whichever_comes_first() {
    let mut w = World::new();
    w.add("large", text(0..20_000));
    w.add("part", text(700..760));
    w.add("more", text((10_000..10_090).chain(30_000..30_010)));
    w.add("none", text(40_000..40_060));
    assert_eq!(
        w.found(),
        [("large".to_owned(), "part".to_owned()), ("large".to_owned(), "more".to_owned())]
    );
    let similar = w.compare();
    assert_eq!(similar.pairs[0].later_in_earlier.value, 1.0);
    assert!((similar.pairs[1].later_in_earlier.value - 0.9).abs() < 1e-9);
    assert_eq!(similar.pairs[1].edge_bps, 10_000, "little of its own");
    w.sources.reverse();
    let similar = w.compare();
    let pair = &similar.pairs[0];
    assert_eq!(pair.earlier_in_later.value, 1.0);
    assert_eq!((pair.later_in_earlier.value, pair.edge_bps), (60.0 / 20_000.0, 30));
}

#[test]
fn what_takes_a_part_owes_a_part() {
    let mut w = World::new();
    w.add("small", text(0..270));
    w.add("larger", text((0..270).chain(5_000..5_630)));
    let similar = w.compare();
    let pair = only(&similar);
    assert!((pair.later_in_earlier.value - 0.3).abs() < 1e-9);
    assert_eq!((pair.earlier_in_later.value, pair.edge_bps), (1.0, 3_000));
}

#[test]
fn binary_files_are_compared_by_chunks() {
    let noise = |seed: u64| {
        let mut bytes = vec![0; 400_000];
        rand_chacha::ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
        bytes
    };
    let mut w = World::new();
    let image = noise(1);
    w.add("a.bin", &image);
    w.add("b.bin", [&b"\0header"[..], &image].concat());
    w.add("c.bin", noise(2));
    let similar = w.compare();
    let pair = only(&similar);
    assert_eq!((pair.earlier, pair.later), (0, 1));
    assert!(pair.rows.value > 0.8 && pair.phrases.is_none(), "{pair:?}");
    assert_eq!(similar.sets[0].binary_files, 1);
}

#[test]
fn sets_that_say_nothing_are_like_nothing() {
    let mut w = World::new();
    w.add("empty", "");
    w.add("blank", "\n , ; \n");
    w.add("row", "x\n");
    let similar = w.compare();
    assert!(similar.pairs.is_empty(), "{similar:#?}");
    assert_eq!(similar.sets[1].rows, 0);
}

#[test]
fn the_stories_of_the_digits_are_found() {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/digits/assets.csv");
    let sources: Vec<Source> = read_list(&list)
        .unwrap()
        .into_iter()
        .map(|asset| Source { name: asset.new.name, path: asset.path, owes: vec![] })
        .collect();
    assert_eq!(sources.len(), 49);
    let similar = compare(&sources, &Options::default(), &go_on).unwrap();
    let found: Vec<(&str, &str, u32)> = similar
        .pairs
        .iter()
        .map(|p| (&*sources[p.earlier].name, &*sources[p.later].name, p.edge_bps))
        .collect();
    // As the registry says, by hand.
    assert_eq!(found, [("alder", "copycat", 10_000), ("linden", "blend", 3_000)]);
}

#[test]
fn nothing_depends_on_threads() {
    let mut w = World::new();
    for i in 0..40u64 {
        w.add(&format!("set{i}"), text(i * 30..i * 30 + 100 + i));
    }
    let once = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        serde_json::to_string(&pool.install(|| w.compare())).unwrap()
    };
    assert_eq!(once(1), once(4));
}

#[test]
fn it_can_be_stopped_and_says_what_it_cannot_read() {
    let mut w = World::new();
    w.add("a", text(0..10));
    let stopped = compare(&w.sources, &Options::default(), &|_, _| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(LedgerError::Cancelled)));
    w.source("missing");
    let error = compare(&w.sources, &Options::default(), &go_on).unwrap_err();
    assert!(matches!(error, LedgerError::Io { .. }), "{error}");
    fs::create_dir(w.path("hollow")).unwrap();
    w.sources.pop();
    w.source("hollow");
    let error = compare(&w.sources, &Options::default(), &go_on).unwrap_err().to_string();
    assert!(error.contains("at least one file, got \"an empty folder\""), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Overlaps of any size: what is told is the truth, since all rows are kept, and what is at the
    /// threshold or above is found.
    #[test]
    fn rows_in_common_are_counted(
        only_a in 0u64..200, both in 0u64..200, only_b in 0u64..200, threshold in 0.05f64..=1.0,
    ) {
        let mut w = World::new();
        w.add("a", text(0..only_a + both));
        w.add("b", text(only_a..only_a + both + only_b));
        let options = Options { threshold, phrases: 1.0, permutations: 128 };
        let similar = compare(&w.sources, &options, &go_on).unwrap();
        let share = |of: u64| if of == 0 { 0.0 } else { both as f64 / of as f64 };
        let shares = [share(only_a + both + only_b), share(both + only_b), share(only_a + both)];
        let expected = shares.iter().any(|share| *share >= threshold);
        prop_assert_eq!(similar.pairs.len(), usize::from(expected));
        for pair in similar.pairs {
            let got = [pair.rows, pair.later_in_earlier, pair.earlier_in_later];
            prop_assert_eq!(got.map(|e| e.value), shares);
        }
    }
}
