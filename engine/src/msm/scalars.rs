//! Scalars, and the digits that they fall into.
//!
//! Many scalars of a real proof are small, or the negatives of small ones: bits, counts, limbs. A
//! scalar above half of the order is taken as the negative of its complement, with the opposite
//! point; then what counts is its length. Digits are signed, `-2^(c-1) <= d < 2^(c-1)`. Adding half a
//! digit's range to every digit at once turns them into plain groups of bits, each minus that half,
//! so that windows are independent of each other. A window looks at no scalar that ends below it:
//! blocks keep theirs in order of length, which is done once for all sums over the same scalars.

use ark_bn254::Fr;
use ark_ff::{BigInt, PrimeField};
use rayon::prelude::*;
use zeroize::Zeroize;

/// Bits of the order's half, and one more.
pub(crate) const BITS: usize = 255;
/// Scalars that are prepared and kept in order together.
pub(super) const BLOCK: usize = 1 << 12;
/// Windows of the narrowest digits.
pub(super) const MAX_WINDOWS: usize = BITS.div_ceil(MIN_WIDTH);
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

/// What a column may consist of.
pub trait Number: Copy + Send + Sync + Zeroize {
    /// The column as scalars.
    fn scalars(column: &[Self]) -> Scalars<'_>;
}

macro_rules! numbers {
    ($($number:ty: $variant:ident),*) => {
        $(impl Number for $number {
            fn scalars(column: &[Self]) -> Scalars<'_> {
                Scalars::$variant(column)
            }
        })*
    };
}

numbers!(BigInt<4>: Standard, Fr: Field, u16: U16, u32: U32, u64: U64);

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
}

/// The length of a number.
#[inline(always)]
pub(super) fn bits(limbs: &[u64; 4]) -> usize {
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
pub(super) const SIGN: u64 = 1 << 63;

/// Scalars that are ready for any number of sums, on any level: sizes and signs, in order of length.
///
/// The sums of a proof that have the witness for scalars share one. It takes 34 bytes for each scalar
/// that is not zero, and is wiped when it is dropped.
pub struct Prepared {
    len: usize,
    pub(super) blocks: Vec<Block>,
}

/// Up to [`BLOCK`] scalars, without zeros, the longest first.
pub(super) struct Block {
    /// Sizes with [`SIGN`].
    pub(super) scalars: Vec<[u64; 4]>,
    /// Where in the block each of them was.
    pub(super) places: Vec<u16>,
}

impl Drop for Block {
    fn drop(&mut self) {
        self.scalars.zeroize();
        self.places.zeroize();
    }
}

// Scalars are witnesses: only their number is shown.
impl core::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Prepared").field("len", &self.len).finish_non_exhaustive()
    }
}

impl Prepared {
    /// Prepares scalars, in the current rayon pool.
    #[must_use]
    pub fn new(scalars: Scalars<'_>) -> Self {
        let len = scalars.len();
        let starts: Vec<usize> = (0..len).step_by(BLOCK).collect();
        let block = |kept: &mut Kept, start| kept.block(scalars, start..(start + BLOCK).min(len));
        Self { len, blocks: starts.into_par_iter().map_init(Kept::default, block).collect() }
    }

    /// How many, zeros included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Room for a block before it is in order.
#[derive(Default)]
struct Kept(Vec<(u8, u16, [u64; 4])>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Kept {
    fn block(&mut self, from: Scalars<'_>, range: core::ops::Range<usize>) -> Block {
        self.0.clear();
        // A scalar is shorter than 256 bits.
        let mut next = [0u16; BITS + 1];
        for (place, i) in (0..).zip(range) {
            let Magnitude { mut limbs, negative } = from.get(i);
            let bits = bits(&limbs);
            if bits > 0 {
                next[bits] += 1;
                limbs[3] |= if negative { SIGN } else { 0 };
                self.0.push((bits as u8, place, limbs));
            }
        }
        // Behind all longer ones.
        let mut longer = 0;
        for next in next.iter_mut().rev() {
            longer += std::mem::replace(next, longer);
        }
        let mut scalars = vec![[0; 4]; self.0.len()];
        let mut places = vec![0; self.0.len()];
        for (bits, place, limbs) in &self.0 {
            let next = &mut next[usize::from(*bits)];
            scalars[usize::from(*next)] = *limbs;
            places[usize::from(*next)] = *place;
            *next += 1;
        }
        Block { scalars, places }
    }
}

impl Block {
    /// The scalars in standard form, in their places.
    pub(super) fn standard(&self, to: &mut [BigInt<4>]) {
        for (limbs, place) in self.scalars.iter().zip(&self.places) {
            let mut size = *limbs;
            size[3] &= !SIGN;
            to[usize::from(*place)] = if limbs[3] & SIGN == 0 {
                BigInt(size)
            } else {
                difference(&Fr::MODULUS, &BigInt(size))
            };
        }
    }
}
