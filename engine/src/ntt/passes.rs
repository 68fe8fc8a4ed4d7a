//! What is done with one tile in each pass: loading, transforms down a buffer, storing.
//!
//! All rows of a buffer have [`TILE`] values: one vector or more, side by side.

use ark_bn254::Fr;
use ark_ff::Field;

use super::network::{from_reversed, to_reversed, two, Vector};
use super::plan::{Plan, TILE};
use crate::lanes::{Cpu, Kernel, Lanes, Stored, MAX_LANES};

/// Vectors in a row.
const fn vectors<C: Cpu>() -> usize {
    TILE / C::LANES
}

/// A tile's buffer. It is overwritten in the end.
pub(super) struct Work<C: Cpu> {
    data: Vec<Vector<C>>,
    zero: Vector<C>,
}

impl<C: Cpu> Work<C> {
    /// `rows` times [`TILE`] values.
    pub(super) fn new(cpu: C, rows: usize) -> Self {
        let zero = cpu.run(Zero(cpu));
        Self { data: vec![zero; rows * vectors::<C>()], zero }
    }

    pub(super) fn data(&mut self) -> &mut [Vector<C>] {
        &mut self.data
    }
}

impl<C: Cpu> Drop for Work<C> {
    fn drop(&mut self) {
        self.data.fill(self.zero);
        std::hint::black_box(&self.data);
    }
}

struct Zero<C>(C);

impl<C: Cpu> Kernel for Zero<C> {
    type Out = Vector<C>;

    #[inline(always)]
    fn call(self) -> Vector<C> {
        Vector::<C>::splat(self.0, &[0; 4])
    }
}

/// What becomes of a transform's values before they are written.
pub(super) enum Finish<'a, C: Cpu> {
    /// Nothing.
    Plain,
    /// They are multiplied by a constant.
    Times(Vector<C>),
    /// They are taken from the products of two vectors' entries.
    ProductLess(&'a [Fr], &'a [Fr]),
}

impl<C: Cpu> Clone for Finish<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: Cpu> Copy for Finish<'_, C> {}

/// The first `n` binary digits of `i` in reverse, for `2^n` rows.
#[inline(always)]
fn reversed(i: usize, rows: usize) -> usize {
    i.reverse_bits() >> (rows.leading_zeros() + 1)
}

/// Multiplies a row by factors in the processor's form; it is reduced then.
#[inline(always)]
fn multiply<C: Cpu>(cpu: C, row: &mut [Vector<C>], factors: &[Stored]) {
    let mut factors = factors.chunks_exact(2 * C::LANES);
    let mut pairs = row.chunks_exact_mut(2);
    for (pair, factors) in pairs.by_ref().zip(factors.by_ref()) {
        let first = Vector::<C>::load(cpu, |l| &factors[l]);
        let second = Vector::<C>::load(cpu, |l| &factors[C::LANES + l]);
        let products = two::<C>([pair[0], pair[1]], [first, second]);
        (pair[0], pair[1]) = (products[0].reduce(), products[1].reduce());
    }
    // Where a row is one vector.
    for x in pairs.into_remainder() {
        *x = x.mul(Vector::<C>::load(cpu, |l| &factors.remainder()[l])).reduce();
    }
}

/// Writes canonical values, from bit-reversed rows.
#[inline(always)]
fn write<C: Cpu>(
    cpu: C,
    data: &[Vector<C>],
    mut to: Vec<&mut [Fr]>,
    finish: Finish<'_, C>,
    tile: usize,
    stride: usize,
) {
    let rows = to.len();
    for (k, to) in to.iter_mut().enumerate() {
        let row = &data[reversed(k, rows) * vectors::<C>()..][..vectors::<C>()];
        for (v, (x, to)) in row.iter().zip(to.chunks_exact_mut(C::LANES)).enumerate() {
            let x = match finish {
                Finish::Plain => *x,
                Finish::Times(factor) => x.mul(factor).reduce(),
                Finish::ProductLess(a, b) => {
                    let at = k * stride + tile * TILE + v * C::LANES;
                    let (a, b) = (&a[at..][..C::LANES], &b[at..][..C::LANES]);
                    let a = Vector::<C>::raw_load(cpu, |l| &a[l].0 .0);
                    let b = Vector::<C>::raw_load(cpu, |l| &b[l].0 .0);
                    a.mul(b).sub_reduced(*x)
                }
            };
            let mut slots = to.iter_mut();
            x.raw_store(|_| &mut slots.next().expect("a slot for every lane").0 .0);
        }
    }
}

/// Reads blocks of [`TILE`] rows of [`TILE`] columns: the columns become a buffer's rows.
#[inline(always)]
fn read_transposed<'a, C: Cpu>(
    cpu: C,
    data: &mut [Vector<C>],
    block: impl Fn(usize) -> &'a [Stored],
) {
    for (t, rows) in data.chunks_exact_mut(TILE * vectors::<C>()).enumerate() {
        let block = &block(t)[..TILE * TILE];
        for (w, row) in rows.chunks_exact_mut(vectors::<C>()).enumerate() {
            for (v, x) in row.iter_mut().enumerate() {
                *x = Vector::<C>::load(cpu, |l| &block[(v * C::LANES + l) * TILE + w]);
            }
        }
    }
}

/// Transforms of columns, to a block.
pub(super) struct Columns<'a, C: Cpu> {
    pub(super) plan: &'a Plan<C>,
    pub(super) tile: usize,
    pub(super) values: &'a [Fr],
    /// Whether value `j` is read at `-j`.
    pub(super) inverse: bool,
    pub(super) to: &'a mut [Stored],
    pub(super) data: &'a mut [Vector<C>],
}

impl<C: Cpu> Kernel for Columns<'_, C> {
    type Out = ();

    #[inline(always)]
    fn call(self) {
        let Self { plan, tile, values, inverse, to, data } = self;
        let (cpu, size) = (plan.cpu, values.len());
        for (j, row) in data.chunks_exact_mut(vectors::<C>()).enumerate() {
            for (v, x) in row.iter_mut().enumerate() {
                let first = j * plan.width + tile * TILE + v * C::LANES;
                *x = if inverse {
                    Vector::<C>::raw_load(cpu, |l| {
                        &values[size.wrapping_sub(first + l) & (size - 1)].0 .0
                    })
                } else {
                    let lanes = &values[first..][..C::LANES];
                    Vector::<C>::raw_load(cpu, |l| &lanes[l].0 .0)
                };
            }
        }
        to_reversed::<C>(data, vectors::<C>(), &plan.twiddles);
        let rows = plan.height;
        let table = &plan.between[tile * rows * TILE..][..rows * TILE];
        let lines = table.chunks_exact(TILE).zip(to.chunks_exact_mut(TILE));
        for (k, (factors, to)) in lines.enumerate() {
            let row = &mut data[reversed(k, rows) * vectors::<C>()..][..vectors::<C>()];
            multiply(cpu, row, factors);
            let mut slots = to.iter_mut();
            for x in row {
                x.store(|_| slots.next().expect("a slot for every lane"));
            }
        }
    }
}

/// Transforms of rows, from blocks to their places.
pub(super) struct Rows<'a, C: Cpu> {
    pub(super) plan: &'a Plan<C>,
    pub(super) tile: usize,
    pub(super) blocks: &'a [Stored],
    pub(super) finish: Finish<'a, C>,
    pub(super) to: Vec<&'a mut [Fr]>,
    pub(super) data: &'a mut [Vector<C>],
}

impl<C: Cpu> Kernel for Rows<'_, C> {
    type Out = ();

    #[inline(always)]
    fn call(self) {
        let Self { plan, tile, blocks, finish, to, data } = self;
        read_transposed(plan.cpu, data, |t| &blocks[(t * plan.height + tile * TILE) * TILE..]);
        to_reversed::<C>(data, vectors::<C>(), &plan.twiddles);
        write(plan.cpu, data, to, finish, tile, plan.height);
    }
}

/// Transforms of rows, to coefficients, and back to values, in place.
pub(super) struct Middle<'a, C: Cpu> {
    pub(super) plan: &'a Plan<C>,
    pub(super) tile: usize,
    pub(super) shift: &'a [Vector<C>],
    pub(super) blocks: Vec<&'a mut [Stored]>,
    pub(super) data: &'a mut [Vector<C>],
}

impl<C: Cpu> Kernel for Middle<'_, C> {
    type Out = ();

    #[inline(always)]
    fn call(self) {
        let Self { plan, tile, shift, mut blocks, data } = self;
        let cpu = plan.cpu;
        read_transposed(cpu, data, |t| &*blocks[t]);
        to_reversed::<C>(data, vectors::<C>(), &plan.twiddles);
        for (row, factor) in data.chunks_exact_mut(vectors::<C>()).zip(shift) {
            for x in row {
                *x = x.mul(*factor);
            }
        }
        from_reversed::<C>(data, vectors::<C>(), &plan.twiddles);
        let rows = plan.width;
        let table = &plan.shifted[tile * rows * TILE..][..rows * TILE];
        let lines = table.chunks_exact(TILE).zip(data.chunks_exact_mut(vectors::<C>()));
        for (k, (factors, row)) in lines.enumerate() {
            let mut slots = blocks[k / TILE].iter_mut().skip(k % TILE).step_by(TILE);
            multiply(cpu, row, factors);
            for x in row {
                x.store(|_| slots.next().expect("a slot for every lane"));
            }
        }
    }
}

/// Transforms of the columns that the middle pass left, to their places.
pub(super) struct LastColumns<'a, C: Cpu> {
    pub(super) plan: &'a Plan<C>,
    pub(super) tile: usize,
    pub(super) blocks: &'a [Stored],
    pub(super) finish: Finish<'a, C>,
    pub(super) to: Vec<&'a mut [Fr]>,
    pub(super) data: &'a mut [Vector<C>],
}

impl<C: Cpu> Kernel for LastColumns<'_, C> {
    type Out = ();

    #[inline(always)]
    fn call(self) {
        let Self { plan, tile, blocks, finish, to, data } = self;
        let block = &blocks[tile * plan.height * TILE..][..plan.height * TILE];
        for (x, lanes) in data.iter_mut().zip(block.chunks_exact(C::LANES)) {
            *x = Vector::<C>::load(plan.cpu, |l| &lanes[l]);
        }
        to_reversed::<C>(data, vectors::<C>(), &plan.twiddles);
        write(plan.cpu, data, to, finish, tile, plan.width);
    }
}

/// Multiplies value `i` by `first * ratio^i`.
pub(super) struct ScaleByPowers<'a, C> {
    pub(super) cpu: C,
    pub(super) first: Fr,
    pub(super) ratio: Fr,
    pub(super) values: &'a mut [Fr],
}

impl<C: Cpu> Kernel for ScaleByPowers<'_, C> {
    type Out = ();

    #[inline(always)]
    fn call(self) {
        let Self { cpu, first, ratio, values } = self;
        let mut powers = [first; MAX_LANES];
        for l in 1..MAX_LANES {
            powers[l] = powers[l - 1] * ratio;
        }
        let step = ratio.pow([C::LANES as u64]);
        let step = Vector::<C>::load_ark(cpu, |_| &step.0 .0);
        let mut power = Vector::<C>::load_ark(cpu, |l| &powers[l].0 .0);
        for lanes in values.chunks_exact_mut(C::LANES) {
            let x = Vector::<C>::raw_load(cpu, |l| &lanes[l].0 .0).mul(power).reduce();
            let mut slots = lanes.iter_mut();
            x.raw_store(|_| &mut slots.next().expect("a slot for every lane").0 .0);
            power = power.mul(step);
        }
    }
}
