//! Points beside the digits of their scalars.
//!
//! Points at infinity are dropped here, and coordinates that are not below the modulus are refused:
//! kernels are only given what their bounds allow.

use rayon::prelude::*;
use zeroize::Zeroizing;

use super::batch::Ref;
use super::curve::Curve;
use super::memory::Room;
use super::scalars::{bits, sum, Block, Plan, BITS, BLOCK, MAX_WINDOWS, SIGN};
use super::Part;
use crate::error::EngineError;
use crate::lanes::{Cpu, Kernel, MAX_LANES};

/// Points and their scalars, in blocks.
pub(super) struct Pairs<K: Curve> {
    pub(super) plan: Plan,
    /// The points in the form of the processor, after those of a prefix.
    pub(super) bases: Room<K::Point>,
    blocks: Vec<Digits>,
}

/// The scalars of a block whose points are no identities, the longest first.
struct Digits {
    /// Where their points begin.
    first: usize,
    /// Signs and sizes; later with the plan's offset.
    scalars: Zeroizing<Vec<[u64; 4]>>,
    /// How many there are of each length.
    lengths: Box<[u16; BITS + 1]>,
    /// How many may have a digit in each window.
    reach: [u16; MAX_WINDOWS],
}

impl<K: Curve> Pairs<K> {
    /// Takes the points of these scalars; nothing if all are identities or there is none.
    pub(super) fn gather<C: Cpu>(
        cpu: C,
        bases: &Part<'_, K>,
        scalars: &[Block],
        prefix: &[K::Point],
    ) -> Result<Option<Self>, EngineError> {
        // Whole vectors, so that blocks are brought into the processor's form by themselves.
        let room = |block: &Block| block.scalars.len().next_multiple_of(MAX_LANES);
        let mut points = Room::new(prefix.len() + scalars.iter().map(room).sum::<usize>());
        points[..prefix.len()].copy_from_slice(prefix);
        let mut rest = &mut points[prefix.len()..];
        let mut first = prefix.len();
        let mut tasks = Vec::with_capacity(scalars.len());
        for (k, block) in scalars.iter().enumerate() {
            let (these, others) = rest.split_at_mut(room(block));
            tasks.push((k, first, block, these));
            first += room(block);
            rest = others;
        }
        let mut blocks = tasks
            .into_par_iter()
            .map(|(k, first, block, points)| {
                let (scalars, lengths) = take(cpu, bases, k * BLOCK, block, points)?;
                Ok(Digits { first, scalars, lengths, reach: [0; MAX_WINDOWS] })
            })
            .collect::<Result<Vec<_>, EngineError>>()?;
        let mut lengths = [0; BITS + 1];
        for block in &blocks {
            lengths.iter_mut().zip(&block.lengths[..]).for_each(|(n, more)| *n += u64::from(*more));
        }
        if lengths.iter().all(|n| *n == 0) {
            return Ok(None);
        }
        let plan = Plan::cheapest(&lengths);
        let offset = plan.offset();
        blocks.par_iter_mut().for_each(|block| block.cut(&plan, &offset));
        Ok(Some(Self { plan, bases: points, blocks }))
    }

    /// The points of a window, sorted by bucket, and where each bucket ends.
    pub(super) fn sort(&self, window: usize) -> (Vec<Ref>, Vec<u32>) {
        // One bucket more, for zeros: it is the first.
        let mut ends = vec![0u32; self.plan.buckets() + 2];
        self.each(window, |digit, _| ends[digit.unsigned_abs() as usize + 1] += 1);
        ends[1] = 0;
        for k in 1..ends.len() {
            ends[k] += ends[k - 1];
        }
        let total = ends[ends.len() - 1] as usize;
        let mut sorted = vec![Ref::base(0, false); total];
        // Where each bucket begins becomes where it ends.
        self.each(window, |digit, at| {
            if digit != 0 {
                let next = &mut ends[digit.unsigned_abs() as usize];
                sorted[*next as usize] = at;
                *next += 1;
            }
        });
        ends.remove(0);
        ends.pop();
        (sorted, ends)
    }

    /// Each digit of a window with its point; the sign of both is the point's.
    #[inline(always)]
    fn each(&self, window: usize, mut f: impl FnMut(i32, Ref)) {
        for block in &self.blocks {
            let scalars = &block.scalars[..usize::from(block.reach[window])];
            for (i, limbs) in scalars.iter().enumerate() {
                let mut value = *limbs;
                let negative = value[3] & SIGN != 0;
                value[3] &= !SIGN;
                let digit = self.plan.digit(&value, window);
                f(digit, Ref::base((block.first + i) as u32, negative != (digit < 0)));
            }
        }
    }
}

impl Digits {
    /// Adds the offset that makes windows independent, and counts how far the scalars reach.
    fn cut(&mut self, plan: &Plan, offset: &[u64; 4]) {
        for limbs in self.scalars.iter_mut() {
            // The sum stays below the sign.
            *limbs = sum(limbs, offset);
        }
        for (w, reach) in self.reach.iter_mut().enumerate().take(plan.windows) {
            // A carry reaches one bit further.
            let from = (w * plan.width).saturating_sub(1).min(BITS);
            *reach = self.lengths[from..].iter().sum();
        }
    }
}

/// The scalars of a block whose points are no identities, and how many there are of each length; their
/// points go to `points`. The block's first scalar is number `start`.
#[allow(clippy::type_complexity, reason = "two parts of a value that is made at once")]
fn take<K: Curve, C: Cpu>(
    cpu: C,
    bases: &Part<'_, K>,
    start: usize,
    block: &Block,
    points: &mut [K::Point],
) -> Result<(Zeroizing<Vec<[u64; 4]>>, Box<[u16; BITS + 1]>), EngineError> {
    let mut scalars = Zeroizing::new(Vec::with_capacity(block.scalars.len()));
    let mut lengths = Box::new([0; BITS + 1]);
    for (limbs, place) in block.scalars.iter().zip(&block.places) {
        // What is not there is overwritten by the next, or lies behind the last.
        if !bases.read(start + usize::from(*place), &mut points[scalars.len()])? {
            continue;
        }
        scalars.push(*limbs);
        let mut size = *limbs;
        size[3] &= !SIGN;
        lengths[bits(&size)] += 1;
    }
    let whole = scalars.len().next_multiple_of(C::LANES);
    cpu.run(Import::<C, K>::new(cpu, &mut points[..whole]));
    Ok((scalars, lengths))
}

/// Brings points of arkworks' limbs into the processor's form, a multiple of its lanes.
pub(crate) struct Import<'a, C: Cpu, K: Curve> {
    cpu: C,
    points: &'a mut [K::Point],
}

impl<'a, C: Cpu, K: Curve> Import<'a, C, K> {
    pub(crate) fn new(cpu: C, points: &'a mut [K::Point]) -> Self {
        Self { cpu, points }
    }
}

impl<C: Cpu, K: Curve> Kernel for Import<'_, C, K> {
    type Out = ();

    #[inline(always)]
    fn call(self) {
        for points in self.points.chunks_exact_mut(C::LANES) {
            K::import(self.cpu, points);
        }
    }
}
