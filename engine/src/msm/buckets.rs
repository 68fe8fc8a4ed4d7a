//! Windows: buckets as trees, and their weighted sum.

use ark_ec::CurveGroup;
use ark_ff::AdditiveGroup;
use rayon::prelude::*;

use super::batch::{AddPairs, Points, Ref, Scratch, FILL};
use super::curve::Curve;
use super::pairs::{Import, Pairs};
use super::{Helpers, SEGMENTS};
use crate::lanes::{Cpu, Kernel, MAX_LANES};

/// Points whose additions are a task of their own: their sums stay in the processor's cache.
const GROUP: usize = 1 << 15;
/// Points of a bucket that is more than one task.
const LARGE: usize = 1 << 14;
/// Points that are a task of a large bucket.
const PART: usize = 1 << 13;

/// What a bucket holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Empty,
    Point,
    /// The opposite of the point that is kept.
    Opposite,
}

/// What a task needs room for.
pub(super) struct Work<C: Cpu, K: Curve> {
    scratch: Scratch<C, K>,
    sums: Vec<K::Point>,
    pairs: Vec<[Ref; 2]>,
    current: Vec<Ref>,
    next: Vec<Ref>,
    /// How many points each bucket still has, and had a level before.
    counts: Vec<usize>,
    before: Vec<usize>,
    cancelled: Vec<usize>,
}

impl<C: Cpu, K: Curve> Work<C, K> {
    pub(super) fn new() -> Self {
        Self {
            scratch: Scratch::new(),
            sums: Vec::new(),
            pairs: Vec::new(),
            current: Vec::new(),
            next: Vec::new(),
            counts: Vec::new(),
            before: Vec::new(),
            cancelled: Vec::new(),
        }
    }

    /// Adds `pairs` up into `sums` from `top` on. Which are sums of opposite points is in `cancelled`.
    fn add(&mut self, cpu: C, bases: &[K::Point], top: usize) {
        // Two known points, different ones.
        let filler = [Ref::base(0, false), Ref::base(1, false)];
        self.pairs.resize(self.pairs.len().next_multiple_of(FILL), filler);
        self.sums.resize(self.sums.len().max(top + self.pairs.len()), K::Point::default());
        let (sums, out) = self.sums.split_at_mut(top);
        self.cancelled.clear();
        cpu.run(AddPairs {
            cpu,
            points: Points { bases, sums },
            pairs: &self.pairs,
            out: &mut out[..self.pairs.len()],
            scratch: &mut self.scratch,
            substitute: &bases[0],
            cancelled: &mut self.cancelled,
        });
    }

    /// Adds buckets up: `current` has their points one after the other, `counts` of each. Leaves one
    /// point a bucket or none. Returns how often, weighted with `weight`, the first known point
    /// was put in the place of a sum of opposite points.
    fn trees(&mut self, cpu: C, bases: &[K::Point], weight: impl Fn(usize) -> u64) -> u64 {
        let mut correction = 0;
        let mut top = 0;
        loop {
            self.pairs.clear();
            self.next.clear();
            self.before.clone_from(&self.counts);
            let mut points = &self.current[..];
            for count in &mut self.counts {
                let (bucket, rest) = points.split_at(*count);
                points = rest;
                let pairs = bucket.chunks_exact(2);
                let left = pairs.remainder();
                for pair in pairs {
                    self.next.push(Ref::sum((top + self.pairs.len()) as u32));
                    self.pairs.push([pair[0], pair[1]]);
                }
                self.next.extend_from_slice(left);
                *count -= *count / 2;
            }
            if self.pairs.is_empty() {
                return correction;
            }
            let pairs = self.pairs.len();
            self.add(cpu, bases, top);
            let (mut bucket, mut end) = (0, 0);
            for index in &self.cancelled {
                while end <= *index {
                    end += self.before[bucket] / 2;
                    bucket += 1;
                }
                correction += weight(bucket - 1);
            }
            top += pairs;
            std::mem::swap(&mut self.current, &mut self.next);
        }
    }

    /// A point that is left, and whether its opposite is meant.
    pub(super) fn resolve(&self, bases: &[K::Point], at: Ref) -> (K::Point, State) {
        let point = *Points::<K> { bases, sums: &self.sums }.get(at);
        (point, if at.is_negative() { State::Opposite } else { State::Point })
    }

    /// The same as arkworks' points, in one go; the identity where there is none.
    fn values(&self, cpu: C, bases: &[K::Point], at: &[Option<Ref>]) -> Vec<K::Affine> {
        let there: Vec<_> = at.iter().flatten().map(|at| self.resolve(bases, *at)).collect();
        let mut points: Vec<_> = there.iter().map(|(point, _)| *point).collect();
        points.resize(points.len().next_multiple_of(C::LANES), bases[0]);
        cpu.run(Export::<C, K>::new(cpu, &mut points));
        let mut values = points.iter().zip(&there).map(|(point, (_, state))| {
            let point = K::affine(point);
            if *state == State::Opposite {
                K::opposite(&point)
            } else {
                point
            }
        });
        let mut value = || values.next().expect("as many as there are");
        at.iter().map(|at| at.map_or(K::identity(), |_| value())).collect()
    }
}

/// Buckets of a window that are a task.
struct Task<'a, K: Curve> {
    first: usize,
    /// The points, and where each bucket ends among all.
    refs: &'a [Ref],
    start: usize,
    ends: &'a [u32],
    points: &'a mut [K::Point],
    states: &'a mut [State],
}

/// The sum of a window: its buckets, times their numbers, which begin with 1.
pub(crate) fn window<K: Curve, C: Cpu>(
    cpu: C,
    pairs: &Pairs<K>,
    window: usize,
    helpers: &Helpers<K>,
) -> K::Group {
    let (sorted, mut ends) = pairs.sort(window);
    // Buckets behind the last that has a point are left out.
    let last = ends.iter().rposition(|end| (*end as usize) < sorted.len());
    ends.truncate(last.map_or(1, |k| k + 2));
    if sorted.is_empty() {
        return K::Group::ZERO;
    }
    let prefix = helpers.points.len();
    let mut points = vec![K::Point::default(); prefix + ends.len()];
    points[..prefix].copy_from_slice(&helpers.points);
    let mut states = vec![State::Empty; ends.len()];

    let tasks = tasks::<K>(&sorted, &ends, &mut points[prefix..], &mut states);
    let bases = &pairs.bases[..];
    let correction: u64 = tasks
        .into_par_iter()
        .map_init(Work::<C, K>::new, |work, task| run(cpu, bases, helpers, work, task))
        .sum();
    drop(sorted);
    let sum = weighted_sum(cpu, &points, &states, helpers);
    sum - helpers.substitutes(correction)
}

/// Cuts a window into tasks of about [`GROUP`] points, whole buckets each.
fn tasks<'a, K: Curve>(
    sorted: &'a [Ref],
    ends: &'a [u32],
    mut points: &'a mut [K::Point],
    mut states: &'a mut [State],
) -> Vec<Task<'a, K>> {
    let mut tasks = Vec::new();
    let (mut first, mut start) = (0, 0);
    while first < ends.len() {
        // Whole buckets; a large one goes alone.
        let (mut count, mut end) = (0, start);
        for next in &ends[first..] {
            let next = *next as usize;
            if count > 0 && (next - start > GROUP || next - end > LARGE) {
                break;
            }
            (count, end) = (count + 1, next);
            if end - start > LARGE && count == 1 {
                break;
            }
        }
        let (these, rest) = points.split_at_mut(count);
        points = rest;
        let (those, rest) = states.split_at_mut(count);
        states = rest;
        tasks.push(Task {
            first,
            refs: &sorted[start..end],
            start,
            ends: &ends[first..first + count],
            points: these,
            states: those,
        });
        first += count;
        start = end;
    }
    tasks
}

fn run<K: Curve, C: Cpu>(
    cpu: C,
    bases: &[K::Point],
    helpers: &Helpers<K>,
    work: &mut Work<C, K>,
    task: Task<'_, K>,
) -> u64 {
    if task.ends.len() == 1 && task.refs.len() > LARGE {
        return large(cpu, bases, helpers, task);
    }
    work.current.clear();
    work.current.extend_from_slice(task.refs);
    work.counts.clear();
    let mut start = task.start;
    for end in task.ends {
        work.counts.push(*end as usize - start);
        start = *end as usize;
    }
    let correction = work.trees(cpu, bases, |bucket| (task.first + bucket + 1) as u64);
    let mut left = work.current.iter();
    for (i, count) in work.counts.iter().enumerate() {
        if *count == 1 {
            let at = left.next().expect("one reference for each bucket with a point");
            (task.points[i], task.states[i]) = work.resolve(bases, *at);
        }
    }
    correction
}

/// A bucket so large that it is several tasks: a column of ones, for example.
fn large<K: Curve, C: Cpu>(
    cpu: C,
    bases: &[K::Point],
    helpers: &Helpers<K>,
    task: Task<'_, K>,
) -> u64 {
    let part = |work: &mut Work<C, K>, refs: &[Ref]| {
        work.current.clear();
        work.current.extend_from_slice(refs);
        work.counts.clear();
        work.counts.push(refs.len());
        let correction = work.trees(cpu, bases, |_| 1);
        let sum: K::Group = work.values(cpu, bases, &[Some(work.current[0])])[0].into();
        sum - helpers.substitutes(correction)
    };
    let sum: K::Group = task
        .refs
        .par_chunks(PART)
        .map_init(Work::new, part)
        .reduce(|| K::Group::ZERO, |a, b| a + b);
    if sum != K::Group::ZERO {
        let mut points = [K::limbs(&sum.into_affine()); MAX_LANES];
        cpu.run(Import::<C, K>::new(cpu, &mut points));
        task.points[0] = points[0];
        task.states[0] = State::Point;
    }
    0
}

/// Brings points of the processor's form into arkworks', a multiple of its lanes.
pub(super) struct Export<'a, C: Cpu, K: Curve> {
    cpu: C,
    points: &'a mut [K::Point],
}

impl<'a, C: Cpu, K: Curve> Export<'a, C, K> {
    pub(super) fn new(cpu: C, points: &'a mut [K::Point]) -> Self {
        Self { cpu, points }
    }
}

impl<C: Cpu, K: Curve> Kernel for Export<'_, C, K> {
    type Out = ();

    #[inline(always)]
    fn call(self) {
        for points in self.points.chunks_exact_mut(C::LANES) {
            K::export(self.cpu, points);
        }
    }
}

/// `sum (j + 1) B_j`. The buckets are cut into segments of equal length; each has a running sum, from
/// its end on, and the sum of these, and all segments go one step at a time, together.
///
/// `points` begin with the known ones, and `states` are those of the others.
fn weighted_sum<K: Curve, C: Cpu>(
    cpu: C,
    points: &[K::Point],
    states: &[State],
    helpers: &Helpers<K>,
) -> K::Group {
    let prefix = points.len() - states.len();
    let length = states.len().div_ceil(SEGMENTS);
    let segments = states.len().div_ceil(length);
    let mut running: Vec<Option<Ref>> = vec![None; segments];
    // They start with different known points, so that they never meet their own double.
    let mut total: Vec<Option<Ref>> =
        (0..segments).map(|s| Some(Ref::base((2 + s) as u32, false))).collect();
    let mut work = Work::<C, K>::new();
    let mut owners = Vec::with_capacity(segments);
    let mut top = 0;
    for step in (0..length).rev() {
        let bucket = |s: usize| {
            let j = s * length + step;
            let negative = match states.get(j)? {
                State::Empty => return None,
                state => *state == State::Opposite,
            };
            Some(Ref::base((prefix + j) as u32, negative))
        };
        let buckets: Vec<Option<Ref>> = (0..segments).map(bucket).collect();
        add_each(cpu, points, &mut work, &mut owners, &mut top, &mut running, &buckets);
        add_each(cpu, points, &mut work, &mut owners, &mut top, &mut total, &running);
    }
    let mut sum = K::Group::ZERO;
    for (total, known) in work.values(cpu, points, &total).iter().zip(&helpers.known[2..]) {
        sum += total;
        sum -= known;
    }
    // Segment s is s * length further on than its buckets' own numbers say.
    let (mut from_end, mut shifted) = (K::Group::ZERO, K::Group::ZERO);
    for running in work.values(cpu, points, &running).iter().skip(1).rev() {
        from_end += running;
        shifted += from_end;
    }
    sum + shifted * ark_bn254::Fr::from(length as u64)
}

/// `to[s] += what[s]` for each `s` where there is something.
pub(super) fn add_each<K: Curve, C: Cpu>(
    cpu: C,
    bases: &[K::Point],
    work: &mut Work<C, K>,
    owners: &mut Vec<usize>,
    top: &mut usize,
    to: &mut [Option<Ref>],
    what: &[Option<Ref>],
) {
    work.pairs.clear();
    owners.clear();
    for (s, (to, what)) in to.iter_mut().zip(what).enumerate() {
        match (*to, *what) {
            (Some(a), Some(b)) => {
                work.pairs.push([a, b]);
                owners.push(s);
            }
            (None, what) => *to = what,
            (Some(_), None) => {}
        }
    }
    if owners.is_empty() {
        return;
    }
    work.add(cpu, bases, *top);
    for (i, s) in owners.iter().enumerate() {
        to[*s] = Some(Ref::sum((*top + i) as u32));
    }
    for i in &work.cancelled {
        to[owners[*i]] = None;
    }
    *top += owners.len();
}

/// The multiples `1 .. count` of a point, twice as many at each step; `known` are two other points.
pub(super) fn multiples<K: Curve, C: Cpu>(
    cpu: C,
    known: &[K::Point],
    point: K::Point,
    count: usize,
) -> Vec<K::Point> {
    let mut points = known.to_vec();
    points.push(point);
    let mut work = Work::<C, K>::new();
    while points.len() < known.len() + count {
        let name = |i: usize| Ref::base(i as u32, false);
        let last = points.len() - 1;
        let more = (points.len() - known.len()).min(known.len() + count - points.len());
        work.pairs.clear();
        work.pairs.extend((known.len()..known.len() + more).map(|i| [name(i), name(last)]));
        work.add(cpu, &points, 0);
        points.extend_from_slice(&work.sums[..more]);
    }
    points.split_off(known.len())
}
