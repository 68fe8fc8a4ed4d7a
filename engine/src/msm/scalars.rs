//! Scalars, and the digits that they fall into.
//!
//! Many scalars of a real proof are small, or the negatives of small ones: bits, counts, limbs. A
//! scalar above half of the order is taken as the negative of its complement, with the opposite
//! point; then what counts is its length. Digits are signed, `-2^(c-1) <= d < 2^(c-1)`. Adding half a
//! digit's range to every digit at once turns them into plain groups of bits, each minus that half,
//! so that windows are independent of each other. A window looks at no scalar that ends below it:
//! blocks keep theirs in order of length. Zeros and points at infinity are dropped here, and coordinates
//! that are not below the modulus are refused: kernels are only given what their bounds allow.

use ark_bn254::Fr;
use ark_ff::{BigInt, PrimeField};
use rayon::prelude::*;

use super::batch::Ref;
use super::curve::Curve;
use super::Part;
use crate::error::EngineError;
use crate::lanes::{Cpu, Kernel};

/// Bits of the order's half, and one more.
pub(crate) const BITS: usize = 255;
/// Scalars that are prepared and kept in order together.
const BLOCK: usize = 1 << 12;
/// Windows of the narrowest digits.
const MAX_WINDOWS: usize = BITS.div_ceil(MIN_WIDTH);
/// The narrowest and the widest digits.
const MIN_WIDTH: usize = 2;
const MAX_WIDTH: usize = 16;

/// Numbers that points are multiplied with.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Scalars<'a> {
    /// Integers in standard form, not Montgomery's.
    Standard(&'a [BigInt<4>]),
    /// Field elements.
    Field(&'a [Fr]),
    /// A column of small numbers.
    U16(&'a [u16]),
    /// A column of small numbers.
    U32(&'a [u32]),
    /// A column of small numbers.
    U64(&'a [u64]),
}

// Scalars are witnesses: only their number is shown.
impl core::fmt::Debug for Scalars<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Scalars").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<'a> Scalars<'a> {
    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Standard(s) => s.len(),
            Self::Field(s) => s.len(),
            Self::U16(s) => s.len(),
            Self::U32(s) => s.len(),
            Self::U64(s) => s.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A part of them.
    pub(crate) fn slice(&self, range: core::ops::Range<usize>) -> Self {
        match self {
            Self::Standard(s) => Self::Standard(&s[range]),
            Self::Field(s) => Self::Field(&s[range]),
            Self::U16(s) => Self::U16(&s[range]),
            Self::U32(s) => Self::U32(&s[range]),
            Self::U64(s) => Self::U64(&s[range]),
        }
    }

    /// Integers in standard form.
    pub(crate) fn to_standard(self) -> Vec<BigInt<4>> {
        let standard = |i| {
            let Magnitude { limbs, negative } = self.get(i);
            let size = BigInt(limbs);
            if negative {
                difference(&Fr::MODULUS, &size)
            } else {
                size
            }
        };
        (0..self.len()).into_par_iter().map(standard).collect()
    }

    /// Size and sign of one of them.
    #[inline(always)]
    fn get(&self, i: usize) -> Magnitude {
        let small = |limb| Magnitude { limbs: [limb, 0, 0, 0], negative: false };
        match self {
            Self::Standard(s) => Magnitude::new(s[i]),
            Self::Field(s) => Magnitude::new(s[i].into_bigint()),
            Self::U16(s) => small(s[i].into()),
            Self::U32(s) => small(s[i].into()),
            Self::U64(s) => small(s[i]),
        }
    }
}

/// A scalar between minus and plus half of the order.
#[derive(Clone, Copy)]
struct Magnitude {
    limbs: [u64; 4],
    negative: bool,
}

/// `(r - 1) / 2`.
const HALF: BigInt<4> = Fr::MODULUS_MINUS_ONE_DIV_TWO;

impl Magnitude {
    #[inline(always)]
    fn new(mut scalar: BigInt<4>) -> Self {
        while scalar >= Fr::MODULUS {
            scalar = difference(&scalar, &Fr::MODULUS);
        }
        if scalar > HALF {
            Self { limbs: difference(&Fr::MODULUS, &scalar).0, negative: true }
        } else {
            Self { limbs: scalar.0, negative: false }
        }
    }

    #[inline(always)]
    fn bits(&self) -> usize {
        bits(&self.limbs)
    }
}

#[inline(always)]
fn bits(limbs: &[u64; 4]) -> usize {
    let zeros = limbs.iter().rev().position(|limb| *limb != 0);
    zeros.map_or(0, |k| (4 - k) * 64 - limbs[3 - k].leading_zeros() as usize)
}

/// `a - b`, where `b` is not the larger one.
#[inline(always)]
fn difference(a: &BigInt<4>, b: &BigInt<4>) -> BigInt<4> {
    let mut out = *a;
    ark_ff::BigInteger::sub_with_borrow(&mut out, b);
    out
}

#[inline(always)]
pub(super) fn sum(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
    let mut out = BigInt(*a);
    ark_ff::BigInteger::add_with_carry(&mut out, &BigInt(*b));
    out.0
}

/// How scalars are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Bits of a digit.
    pub(crate) width: usize,
    /// Digits of the longest scalar.
    pub(crate) windows: usize,
}

impl Plan {
    /// `2^(c-1)`: digits are at most as large.
    pub(crate) const fn buckets(&self) -> usize {
        1 << (self.width - 1)
    }

    /// The cheapest plan for scalars of these lengths: `lengths[b]` have `b` bits.
    ///
    /// What is counted are additions: one for each digit that is not zero, two for each bucket that
    /// anything may fall into. Those of buckets come in smaller batches.
    pub(crate) fn cheapest(lengths: &[u64; BITS + 1]) -> Self {
        let longest = lengths.iter().rposition(|n| *n > 0).unwrap_or(0);
        let plan = |width: usize| Self { width, windows: (longest + 1).div_ceil(width).max(1) };
        let cost = |plan: &Self| {
            (0..plan.windows).fold(0, |cost, w| {
                let reach = |from: usize| lengths.iter().skip(from).sum::<u64>();
                let digits = reach(w * plan.width + 1);
                // The last window holds what is left of the longest ones.
                let width = (longest + 1 - w * plan.width).min(plan.width);
                cost + 2 * digits + 5 * (1u64 << (width - 1)) + 400
            })
        };
        let widths = (MIN_WIDTH..=MAX_WIDTH).map(plan);
        widths.min_by_key(cost).unwrap_or(Self { width: MIN_WIDTH, windows: 1 })
    }

    /// What is added to a scalar so that all digits but the last become positive.
    pub(super) fn offset(&self) -> [u64; 4] {
        (1..self.windows).fold([0; 4], |mut offset, w| {
            let bit = w * self.width - 1;
            offset[bit / 64] |= 1 << (bit % 64);
            offset
        })
    }

    /// Digit `w` of a scalar to which the offset was added.
    #[inline(always)]
    pub(super) fn digit(&self, limbs: &[u64; 4], w: usize) -> i32 {
        let start = w * self.width;
        let (word, shift) = (start / 64, start % 64);
        let mut bits = limbs[word] >> shift;
        if shift + self.width > 64 && word < 3 {
            bits |= limbs[word + 1] << (64 - shift);
        }
        let bits = (bits & ((1 << self.width) - 1)) as i32;
        if w + 1 < self.windows {
            bits - (1 << (self.width - 1))
        } else {
            bits
        }
    }
}

/// The highest bit of a prepared scalar: its sign. The scalar itself is shorter.
const SIGN: u64 = 1 << 63;

/// Scalars and points, in blocks.
pub(crate) struct Prepared<K: Curve> {
    pub(crate) plan: Plan,
    /// The points in the form of the processor, after those of `prefix`.
    pub(crate) bases: Vec<K::Point>,
    prefix: usize,
    scalars: Vec<[u64; 4]>,
    blocks: Vec<Reach>,
}

/// How many scalars of a block have a digit in each window.
#[derive(Clone)]
struct Reach([u16; MAX_WINDOWS]);

/// How many scalars there are of each length.
pub(crate) fn lengths(scalars: Scalars<'_>) -> [u64; BITS + 1] {
    let starts: Vec<usize> = (0..scalars.len()).step_by(BLOCK).collect();
    let count = |start: usize| {
        let mut lengths = [0; BITS + 1];
        for i in start..(start + BLOCK).min(scalars.len()) {
            lengths[scalars.get(i).bits()] += 1;
        }
        // Zeros cost nothing.
        lengths[0] = 0;
        lengths
    };
    starts.into_par_iter().map(count).reduce(
        || [0; BITS + 1],
        |mut a, b| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        },
    )
}

impl<K: Curve> Prepared<K> {
    pub(crate) fn new<C: Cpu>(
        cpu: C,
        plan: Plan,
        bases: &Part<'_, K>,
        scalars: Scalars<'_>,
        prefix: &[K::Point],
    ) -> Result<Self, EngineError> {
        let n = scalars.len();
        let slots = n.div_ceil(BLOCK) * BLOCK;
        let mut points = vec![K::Point::default(); prefix.len() + slots];
        points[..prefix.len()].copy_from_slice(prefix);
        let mut ordered = vec![[0; 4]; slots];
        let offset = plan.offset();
        let blocks = points[prefix.len()..]
            .par_chunks_mut(BLOCK)
            .zip(ordered.par_chunks_mut(BLOCK))
            .enumerate()
            .map(|(k, (points, ordered))| {
                let range = k * BLOCK..((k + 1) * BLOCK).min(n);
                block::<K, C>(cpu, &plan, &offset, bases, scalars, range, points, ordered)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { plan, bases: points, prefix: prefix.len(), scalars: ordered, blocks })
    }

    /// The points of a window, sorted by bucket, and where each bucket ends.
    pub(crate) fn sort(&self, window: usize) -> (Vec<Ref>, Vec<u32>) {
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
        for (k, reach) in self.blocks.iter().enumerate() {
            let start = k * BLOCK;
            let scalars = &self.scalars[start..start + usize::from(reach.0[window])];
            for (i, limbs) in scalars.iter().enumerate() {
                let mut value = *limbs;
                let negative = value[3] & SIGN != 0;
                value[3] &= !SIGN;
                let digit = self.plan.digit(&value, window);
                let index = (self.prefix + start + i) as u32;
                f(digit, Ref::base(index, negative != (digit < 0)));
            }
        }
    }
}

/// Prepares a block: scalars by length, the longest first, and their points beside them.
#[allow(clippy::too_many_arguments)]
fn block<K: Curve, C: Cpu>(
    cpu: C,
    plan: &Plan,
    offset: &[u64; 4],
    bases: &Part<'_, K>,
    scalars: Scalars<'_>,
    range: core::ops::Range<usize>,
    points: &mut [K::Point],
    ordered: &mut [[u64; 4]],
) -> Result<Reach, EngineError> {
    let mut reach = Reach([0; MAX_WINDOWS]);
    let mut kept: Vec<(u16, u16, [u64; 4])> = Vec::with_capacity(range.len());
    for i in range.clone() {
        let Magnitude { limbs, negative } = scalars.get(i);
        if limbs == [0; 4] || bases.is_identity(i) {
            continue;
        }
        let mut limbs = sum(&limbs, offset);
        let last = (0..plan.windows).rev().find(|w| plan.digit(&limbs, *w) != 0).unwrap_or(0);
        limbs[3] |= if negative { SIGN } else { 0 };
        reach.0[last] += 1;
        kept.push((last as u16, (i - range.start) as u16, limbs));
    }
    for w in (1..plan.windows).rev() {
        reach.0[w - 1] += reach.0[w];
    }
    // Where those that end in a window go: behind all longer ones.
    let mut next: Vec<usize> = (0..plan.windows)
        .map(|w| if w + 1 < plan.windows { reach.0[w + 1].into() } else { 0 })
        .collect();
    for (last, i, limbs) in &kept {
        let to = next[usize::from(*last)];
        next[usize::from(*last)] += 1;
        ordered[to] = *limbs;
        let index = range.start + usize::from(*i);
        let limbs = bases.limbs(index);
        // Points may lie in a mapped file that somebody changes: what was looked at before says nothing.
        if !K::is_canonical(&limbs) || limbs == K::Point::default() {
            return Err(EngineError::Base { index: bases.start + index });
        }
        points[to] = limbs;
    }
    let whole = kept.len().next_multiple_of(C::LANES).min(points.len());
    cpu.run(Import::<C, K>::new(cpu, &mut points[..whole]));
    Ok(reach)
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
