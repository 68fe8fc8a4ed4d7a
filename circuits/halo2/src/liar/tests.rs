//! For every constraint there is a lie that violates it, and for most one that violates nothing else:
//! these cannot be left out. The liar that looks for them starts from an honest epoch, from one of the
//! tables' lies or from malformed inputs, falsifies what the constraint demands, and mends every other
//! constraint that its lie violates, by other lies.

#[path = "../../../tests/cases/mod.rs"]
mod cases;
mod walk;

use super::Site;
use crate::field::to_halo2;
use crate::slots::Slots;
use cases::{taken_away, BOUNDARY, MALFORMED, TAKEN_AWAY};
use meed_statement::lies::{lies, sample};
use meed_statement::roots::Commitment;
use meed_statement::settle::{settle_with, Trace};
use meed_statement::shape::XS;
use meed_statement::slots;
use meed_statement::synthetic::Source;
use meed_statement::types::Inputs;
use meed_statement::words::{Binding, Domain};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use walk::{lay, Laid, Violation, Walk};

/// Walks for one constraint before it counts as not reached.
const WALKS: usize = 6;
/// First lies from which these are chosen.
const TRIES: usize = 40;
/// Lies on one walk.
const STEPS: usize = 12;

fn slots_of(inputs: &Inputs, trace: &Trace) -> Option<Slots> {
    let payouts = trace.payouts.iter().map(slots::payout_word);
    let words: Vec<_> = trace.header.to_words().into_iter().chain(payouts).collect();
    let binding = Binding::derive(&Domain::OFF_CHAIN, trace.h, &words);
    let slots = slots::Slots::new(XS, inputs, trace, binding.to_inputs())?;
    Some(slots.map(to_halo2))
}

fn bases() -> Vec<(String, Slots)> {
    let settle = |inputs: &Inputs| settle_with(inputs, &Commitment::new(inputs), |_, _| {});
    let mut bases = Vec::new();
    let mut add = |name: &str, inputs: &Inputs, trace: &Trace| {
        bases.extend(slots_of(inputs, trace).map(|slots| (name.to_owned(), slots)));
    };
    let honest = sample();
    add("the sample", &honest, &settle(&honest));
    for (name, change) in BOUNDARY {
        let mut inputs = sample();
        change(&mut inputs);
        add(name, &inputs, &settle(&inputs));
    }
    for lie in lies() {
        add(lie.name, &honest, &lie.told(&honest).expect("every lie applies to the sample"));
    }
    for (name, _, change) in MALFORMED {
        let mut inputs = sample();
        change(&mut inputs);
        add(name, &inputs, &settle(&inputs));
    }
    for (name, _, take) in TAKEN_AWAY {
        let (inputs, trace) = taken_away(*take);
        add(name, &inputs, &trace);
    }
    bases
}

/// How a constraint is violated: all that a walk depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Recipe {
    base: usize,
    row: usize,
    seed: u64,
    /// Lies after the first.
    steps: usize,
    /// Kinds of other constraints that are violated as well.
    others: usize,
}

impl Recipe {
    fn walk<'a>(&self, bases: &'a [(String, Slots)]) -> Walk<'a> {
        Walk {
            base: &bases[self.base].1,
            told: BTreeMap::new(),
            split: None,
            source: Source::new(self.seed),
        }
    }

    /// Kinds of constraints that are violated beside the target, nothing if that is not.
    fn told(&self, bases: &[(String, Slots)], honest: &Laid, target: Site) -> Option<usize> {
        let mut walk = self.walk(bases);
        walk.begin(honest, target, self.row)?;
        for _ in 0..self.steps {
            let (laid, others) = walk.others(target);
            let violation = walk.pick(&others?)?;
            walk.mend(&laid, violation)?;
        }
        Some(kinds(&walk.others(target).1?))
    }
}

fn kinds(violations: &[Violation]) -> usize {
    violations.iter().map(|v| v.site).collect::<BTreeSet<_>>().len()
}

/// The liar's best way to violate `target`. It tries one lie on many bases, then walks from where
/// the fewest other constraints were violated.
fn search(
    bases: &[(String, Slots)],
    laid: &[Laid],
    target: Site,
    rows: &[usize],
    seed: u64,
) -> Option<Recipe> {
    let mut source = Source::new(seed);
    let mut best: Option<Recipe> = None;
    let mut starts = Vec::new();
    let mut better = |recipe: Recipe| {
        if best.as_ref().is_none_or(|b| recipe.others < b.others) {
            best = Some(recipe);
        }
        best.as_ref().is_some_and(|b| b.others == 0)
    };
    for n in 0..TRIES {
        let base = if n % 3 == 0 { 0 } else { source.next_u64() as usize % bases.len() };
        let row = rows[source.next_u64() as usize % rows.len()];
        let mut recipe =
            Recipe { base, row, seed: source.next_u64() >> 32, steps: 0, others: usize::MAX };
        let mut walk = recipe.walk(bases);
        let Some(()) = walk.begin(&laid[base], target, row) else { continue };
        let Some(others) = walk.others(target).1 else { continue };
        recipe.others = kinds(&others);
        if better(recipe.clone()) {
            return best;
        }
        starts.push((others.len(), n, recipe, walk));
    }
    starts.sort_by_key(|(others, n, ..)| (*others, *n));
    for (.., mut recipe, mut walk) in starts.into_iter().take(WALKS) {
        for step in 0..STEPS {
            let (laid, Some(others)) = walk.others(target) else { break };
            recipe = Recipe { steps: step, others: kinds(&others), ..recipe };
            if better(recipe.clone()) {
                return best;
            }
            let violation = walk.pick(&others).expect("others are violated");
            if walk.mend(&laid, violation).is_none() {
                break;
            }
        }
    }
    best
}

/// Does `work` for every index, on all cores.
fn on_all_cores<T: Send>(n: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= n {
                    return;
                }
                let result = work(i);
                done.lock().expect("no panic").push((i, result));
            });
        }
    });
    let mut done = done.into_inner().expect("no panic");
    done.sort_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, result)| result).collect()
}

/// A site by the text of its line, which stays when lines above it come and go. Texts that occur
/// more than once are numbered.
fn names(sites: &[&Site]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files: HashMap<&str, String> = HashMap::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut name = |site: &Site| {
        let file = site.at.file();
        let text = files
            .entry(file)
            .or_insert_with(|| std::fs::read_to_string(root.join(file)).expect("a source file"));
        let line = text.lines().nth(site.at.line() as usize - 1).expect("a line").trim();
        let file = Path::new(file).file_stem().expect("a file").to_string_lossy();
        let name = format!("{file} | {line} | {:?}", site.part);
        let n = seen.entry(name.clone()).or_default();
        *n += 1;
        format!("{name} | {n}")
    };
    sites.iter().map(|site| name(site)).collect()
}

/// The recipes are kept in a file: to follow one takes a moment, to find it minutes.
/// `MEED_WRITE_GOLDEN=1` looks for them again.
#[test]
fn every_constraint_is_violated_by_a_lie_and_most_of_them_alone() {
    let bases = bases();
    let laid: Vec<Laid> =
        bases.iter().map(|(_, slots)| lay(slots, &BTreeMap::new(), None)).collect();
    assert_eq!(laid[0].violations(), []);
    let demands = laid[0].demands();
    let sites: Vec<&Site> = demands.keys().collect();
    let names = names(&sites);

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("goldens/XS.lies");
    if std::env::var_os("MEED_WRITE_GOLDEN").is_some() {
        let found = on_all_cores(sites.len(), |i| {
            search(&bases, &laid, *sites[i], &demands[sites[i]], i as u64)
        });
        let mut text = String::new();
        for (name, recipe) in names.iter().zip(found) {
            let recipe = recipe.unwrap_or_else(|| panic!("no lie violates {name}"));
            let Recipe { base, row, seed, steps, others } = recipe;
            let base = &bases[base].0;
            writeln!(text, "{name} | {others} | {base} | {row} {seed} {steps}").expect("a string");
        }
        std::fs::write(&path, text).expect("written");
    }

    let text = std::fs::read_to_string(&path).expect("MEED_WRITE_GOLDEN=1 writes the lies");
    let listed: Vec<(&str, Recipe)> = text.lines().map(|line| parse(line, &bases)).collect();
    let known: Vec<&str> = listed.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, known, "constraints without a lie, or lies about none: MEED_WRITE_GOLDEN=1");
    let told = on_all_cores(sites.len(), |i| {
        let recipe = &listed[i].1;
        recipe.told(&bases, &laid[recipe.base], *sites[i])
    });
    let expected: Vec<Option<usize>> = listed.iter().map(|(_, r)| Some(r.others)).collect();
    for (name, (told, expected)) in names.iter().zip(told.iter().zip(&expected)) {
        assert_eq!(told, expected, "{name}");
    }
}

fn parse<'a>(line: &'a str, bases: &[(String, Slots)]) -> (&'a str, Recipe) {
    let mut fields = line.rsplitn(4, " | ");
    let mut next = || fields.next().expect("a field");
    let numbers: Vec<u64> = next().split(' ').map(|n| n.parse().expect("a number")).collect();
    let base = next();
    let others = next().parse().expect("a number");
    let base = bases.iter().position(|(name, _)| name == base).expect("a base of this name");
    let [row, seed, steps] = numbers[..] else { panic!("three numbers: {line}") };
    (next(), Recipe { base, row: row as usize, seed, steps: steps as usize, others })
}
