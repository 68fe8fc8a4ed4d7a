//! A size's twiddle factors, and the passes over memory that make up a transform.
//!
//! With `n = n1 * n2`, `j = j1 n2 + j2` and `k = k1 + n1 k2`,
//! `X[k] = sum_j2 w_n2^(j2 k2) * w_n^(j2 k1) * sum_j1 w_n1^(j1 k1) x[j]`:
//! columns of `n1` values, then rows of `n2`. In between, values are in blocks of [`TILE`] columns:
//! `[j2 / TILE][k1][j2 % TILE]`.
//!
//! An inverse transform reads its input at `-j mod n` and divides by `n`.
//!
//! From values on the roots to values on the odd roots of twice the order there are three passes and not
//! four. After the rows of the inverse transform one tile has coefficients `k1 + n1 k2` for some `k1` and
//! every `k2`. These are columns of the next transform, if that one is taken as `n = n2 * n1`. Between
//! the two transforms of `n2` points in this middle pass coefficients are multiplied by the powers of
//! `g = w_2n`, which shift the roots: by `g^(n1 k2) = w_2n2^k2` in between and by `g^k1` together with the
//! twiddle factors afterwards.

use ark_bn254::Fr;
use ark_ff::{FftField, Field};
use rayon::prelude::*;

use super::network::Vector;
use super::passes::{Columns, Finish, LastColumns, Middle, Rows, ScaleByPowers, Work};
use super::wipe;
use crate::field::{Modulus, Scalars};
use crate::lanes::{Cpu, Kernel, Lanes, Stored, MAX_LANES};

/// Columns or rows in a tile: 256 bytes side by side in memory, and at least one vector.
pub(super) const TILE: usize = MAX_LANES;

/// Fewer points do not fill a tile in each direction.
pub(super) const MIN_SIZE: usize = TILE * TILE;

/// How many values are multiplied by running powers at a time.
const POWERS: usize = 1 << 10;

/// A plan for any processor. Vectors are of the plan's size.
pub(super) trait Transforms: Send + Sync {
    /// Coefficients to values.
    fn forward(&self, values: &mut [Fr]);
    /// Values to coefficients.
    fn inverse(&self, values: &mut [Fr]);
    /// Multiplies value `i` by `ratio^i`.
    fn scale_by_powers(&self, ratio: Fr, values: &mut [Fr]);
    /// Values of polynomials on the roots to those of `A * B - C` on the odd roots of twice the order,
    /// in `c`.
    fn quotient(&self, a: &mut [Fr], b: &mut [Fr], c: &mut [Fr]);
}

/// What is computed once for a size.
pub(super) struct Plan<C: Cpu> {
    pub(super) cpu: C,
    /// `n1`.
    pub(super) height: usize,
    /// `n2`.
    pub(super) width: usize,
    /// For `network`.
    pub(super) twiddles: Vec<Vector<C>>,
    /// `w_n^(j2 k1)`, in the order of blocks of columns.
    pub(super) between: Vec<Stored>,
    /// `w_2n^(k1 (2 k + 1))`, for row `k` of `n2` after the middle pass: `[k1 / TILE][k][k1 % TILE]`.
    pub(super) shifted: Vec<Stored>,
    /// `w_2n2^k2 / n`, in bit-reversed order.
    shift: Vec<Vector<C>>,
    /// The same for `B`, with a factor that the product of two values in arkworks' form needs.
    shift_b: Vec<Vector<C>>,
    /// `1 / n`.
    size_inverse: Vector<C>,
}

impl<C: Cpu> Plan<C> {
    /// `size` is a power of two between [`MIN_SIZE`] and half of the largest order.
    pub(super) fn new(cpu: C, size: usize) -> Self {
        let log = size.trailing_zeros();
        let (height, width) = (1 << (log / 2), 1 << log.div_ceil(2));
        let root = |order: usize| {
            Fr::get_root_of_unity(order as u64).expect("twice the size is an order at most")
        };
        let (w, g) = (root(size), root(2 * size));
        // Digits are reversed: one more digit of the index is one more of the fraction.
        let mut twiddles = vec![Fr::ONE];
        while twiddles.len() < width {
            let next = root(4 * twiddles.len());
            twiddles.extend(twiddles.clone().into_iter().map(|x| x * next));
        }
        let size_inverse = Fr::from(size as u64).inverse().expect("a power of two is not zero");
        // These are the powers of w_2n2, too.
        let shift: Vec<Fr> = twiddles.iter().map(|x| *x * size_inverse).collect();
        twiddles.truncate(width / 2);
        // Products divide by the processor's factor, and both values have arkworks'.
        let factor = Scalars::from_limbs(Vector::<C>::ONE);
        let shift_b: Vec<Fr> = shift.iter().map(|x| *x * factor).collect();
        let table = |rows: usize, first: Fr, step: Fr| {
            powers_table(cpu, size, rows, move |tile| {
                let column = (tile * TILE) as u64;
                Powers { first: first.pow([column]), row: step.pow([column]), ratio: first, step }
            })
        };
        Self {
            cpu,
            height,
            width,
            twiddles: cpu.run(Splat { cpu, values: twiddles }),
            between: table(height, Fr::ONE, w),
            shifted: table(width, g, w),
            shift_b: cpu.run(Splat { cpu, values: shift_b }),
            shift: cpu.run(Splat { cpu, values: shift }),
            size_inverse: cpu.run(Splat { cpu, values: vec![size_inverse] })[0],
        }
    }

    fn size(&self) -> usize {
        self.height * self.width
    }

    /// A buffer for a tile of `rows` rows, a vector or more each.
    fn work(&self, rows: usize) -> Work<C> {
        Work::new(self.cpu, rows)
    }
}

impl<C: Cpu> Plan<C>
where
    Vector<C>: Send + Sync,
{
    /// Columns of `n1` values, to blocks.
    fn columns(&self, values: &[Fr], inverse: bool, blocks: &mut [Stored]) {
        blocks.par_chunks_mut(self.height * TILE).enumerate().for_each_init(
            || self.work(self.height),
            |work, (tile, to)| {
                self.cpu.run(Columns { plan: self, tile, values, inverse, to, data: work.data() });
            },
        );
    }

    /// Rows of `n2` values, from blocks to their places.
    fn rows(&self, blocks: &[Stored], finish: Finish<'_, C>, values: &mut [Fr]) {
        split(values, TILE, self.height / TILE).into_par_iter().enumerate().for_each_init(
            || self.work(self.width),
            |work, (tile, to)| {
                self.cpu.run(Rows { plan: self, tile, blocks, finish, to, data: work.data() });
            },
        );
    }

    /// From values on the roots to values on the odd roots of twice the order.
    fn to_odd(
        &self,
        values: &mut [Fr],
        shift: &[Vector<C>],
        finish: Finish<'_, C>,
        blocks: &mut [Stored],
    ) {
        self.columns(values, true, blocks);
        split(blocks, TILE * TILE, self.height / TILE).into_par_iter().enumerate().for_each_init(
            || self.work(self.width),
            |work, (tile, blocks)| {
                self.cpu.run(Middle { plan: self, tile, shift, blocks, data: work.data() });
            },
        );
        let blocks = &*blocks;
        split(values, TILE, self.width / TILE).into_par_iter().enumerate().for_each_init(
            || self.work(self.height),
            |work, (tile, to)| {
                self.cpu.run(LastColumns {
                    plan: self,
                    tile,
                    blocks,
                    finish,
                    to,
                    data: work.data(),
                });
            },
        );
    }
}

impl<C: Cpu> Transforms for Plan<C>
where
    Vector<C>: Send + Sync,
{
    fn forward(&self, values: &mut [Fr]) {
        let mut blocks = vec![[0; 4]; self.size()];
        self.columns(values, false, &mut blocks);
        self.rows(&blocks, Finish::Plain, values);
        wipe(&mut blocks, [0; 4]);
    }

    fn inverse(&self, values: &mut [Fr]) {
        let mut blocks = vec![[0; 4]; self.size()];
        self.columns(values, true, &mut blocks);
        self.rows(&blocks, Finish::Times(self.size_inverse), values);
        wipe(&mut blocks, [0; 4]);
    }

    fn scale_by_powers(&self, ratio: Fr, values: &mut [Fr]) {
        values.par_chunks_mut(POWERS).enumerate().for_each(|(i, values)| {
            let first = ratio.pow([(i * POWERS) as u64]);
            self.cpu.run(ScaleByPowers { cpu: self.cpu, first, ratio, values });
        });
    }

    fn quotient(&self, a: &mut [Fr], b: &mut [Fr], c: &mut [Fr]) {
        let mut blocks = vec![[0; 4]; self.size()];
        self.to_odd(a, &self.shift, Finish::Plain, &mut blocks);
        self.to_odd(b, &self.shift_b, Finish::Plain, &mut blocks);
        self.to_odd(c, &self.shift, Finish::ProductLess(a, b), &mut blocks);
        wipe(&mut blocks, [0; 4]);
    }
}

/// Deals pieces of `width` elements out to `tiles` hands, in turn: what a tile writes is not in one piece,
/// and this way the compiler sees that tiles do not overlap.
fn split<T>(data: &mut [T], width: usize, tiles: usize) -> Vec<Vec<&mut [T]>> {
    let each = data.len() / (width * tiles);
    let mut hands: Vec<_> = (0..tiles).map(|_| Vec::with_capacity(each)).collect();
    for (i, piece) in data.chunks_exact_mut(width).enumerate() {
        hands[i % tiles].push(piece);
    }
    hands
}

/// Entry `i` of row `j` is `first * row^j * (ratio * step^j)^i`.
struct Powers {
    first: Fr,
    row: Fr,
    ratio: Fr,
    step: Fr,
}

/// Tiles of `rows` rows in the processor's form.
fn powers_table<C: Cpu>(
    cpu: C,
    size: usize,
    rows: usize,
    tile: impl Fn(usize) -> Powers + Sync,
) -> Vec<Stored> {
    let mut table = vec![[0; 4]; size];
    table.par_chunks_mut(rows * TILE).enumerate().for_each(|(t, to)| {
        let Powers { mut first, row, mut ratio, step } = tile(t);
        let mut powers = Vec::with_capacity(to.len());
        for _ in 0..rows {
            let mut power = first;
            for _ in 0..TILE {
                powers.push(power);
                power *= ratio;
            }
            first *= row;
            ratio *= step;
        }
        cpu.run(ToOwnForm { cpu, values: powers, to });
    });
    table
}

/// Turns values into the processor's form.
struct ToOwnForm<'a, C> {
    cpu: C,
    values: Vec<Fr>,
    to: &'a mut [Stored],
}

impl<C: Cpu> Kernel for ToOwnForm<'_, C> {
    type Out = ();

    #[inline(always)]
    fn call(self) {
        let lanes = self.values.chunks_exact(C::LANES);
        for (from, to) in lanes.zip(self.to.chunks_exact_mut(C::LANES)) {
            let mut slots = to.iter_mut();
            let x = Vector::<C>::load_ark(self.cpu, |l| &from[l].0 .0);
            x.store(|_| slots.next().expect("a slot for every lane"));
        }
    }
}

/// Turns each value into a vector, in the processor's form.
struct Splat<C> {
    cpu: C,
    values: Vec<Fr>,
}

impl<C: Cpu> Kernel for Splat<C> {
    type Out = Vec<Vector<C>>;

    #[inline(always)]
    fn call(self) -> Vec<Vector<C>> {
        let mut out = Vec::with_capacity(self.values.len());
        for x in &self.values {
            // Through memory, since a twiddle factor is a constant to the lanes.
            let mut limbs = [[0; 4]; MAX_LANES];
            let mut slots = limbs.iter_mut();
            let x = Vector::<C>::load_ark(self.cpu, |_| &x.0 .0);
            x.raw_store(|_| slots.next().expect("a slot for every lane"));
            out.push(Vector::<C>::splat(self.cpu, &limbs[0]));
        }
        out
    }
}
