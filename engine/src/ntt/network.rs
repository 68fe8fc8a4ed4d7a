//! Transforms down a cache-resident buffer: rows of vectors, every lane a transform of its own.
//!
//! Both networks take their twiddle factors from one table, whatever the number of rows: entry `b` is
//! the power of `-1` whose exponent is the binary fraction `0.b0 b1 b2 ..`, the digits of `b` with the
//! lowest first. A block of rows is a polynomial modulo `x^len - z^2`, and becomes two,
//! modulo `x^(len/2) - z` and `x^(len/2) + z`; block `b` of any layer has `z = twiddles[b]`. All rows of
//! a block have the same factor, and that of the first block, which is one, is left out.
//!
//! Two layers are made at a time, so that the buffer is read half as often. With an odd number of layers
//! the one whose only block is the first is made alone.

use crate::field::Scalars;
use crate::lanes::{Cpu, Lanes};

/// Scalars side by side.
pub(super) type Vector<C> = <C as Cpu>::F<Scalars>;

/// Four quarters of a block.
#[inline(always)]
fn quarters<T>(block: &mut [T]) -> impl Iterator<Item = [&mut T; 4]> {
    let (low, high) = block.split_at_mut(block.len() / 2);
    let (x0, x1) = low.split_at_mut(low.len() / 2);
    let (x2, x3) = high.split_at_mut(high.len() / 2);
    x0.iter_mut().zip(x1).zip(x2.iter_mut().zip(x3)).map(|((x0, x1), (x2, x3))| [x0, x1, x2, x3])
}

/// Two products. They have no part in common, so a processor may work on both at the same time.
#[inline(always)]
pub(super) fn two<C: Cpu>(a: [Vector<C>; 2], b: [Vector<C>; 2]) -> [Vector<C>; 2] {
    Vector::<C>::mul_two(a, b)
}

/// The layer with one block.
#[inline(always)]
fn halves<C: Cpu>(data: &mut [Vector<C>]) {
    let (low, high) = data.split_at_mut(data.len() / 2);
    for (x, y) in low.iter_mut().zip(high) {
        (*x, *y) = (x.add(*y), x.sub_reduced(*y));
    }
}

/// Sums over all rows `j` of `w^(j k) data[j]`, with the root of unity `w` of as many points as rows.
/// Row `k` goes to the place with the reverse of `k`'s digits. The number of rows, of `width` vectors
/// each, is a power of two and at least two.
///
/// Values may be of any kind but differences, and are reduced then.
#[inline(always)]
pub(super) fn to_reversed<C: Cpu>(data: &mut [Vector<C>], width: usize, twiddles: &[Vector<C>]) {
    let mut len = data.len();
    if (len / width).trailing_zeros() % 2 == 1 {
        halves::<C>(data);
        len /= 2;
    }
    while len > width {
        let mut blocks = data.chunks_exact_mut(len);
        let i = twiddles[1];
        let first = blocks.next().expect("there is a block");
        for [x0, x1, x2, x3] in quarters(first) {
            let (y0, y2) = (x0.add(*x2), x0.sub_reduced(*x2));
            let (y1, y3) = (x1.add(*x3), x1.sub_reduced(*x3).mul(i));
            (*x0, *x1) = (y0.add(y1), y0.sub_reduced(y1));
            (*x2, *x3) = (y2.add(y3), y2.sub_reduced(y3));
        }
        for (block, b) in blocks.zip(1..) {
            let (z, left, right) = (twiddles[b], twiddles[2 * b], twiddles[2 * b + 1]);
            for [x0, x1, x2, x3] in quarters(block) {
                let [t2, t3] = two::<C>([*x2, *x3], [z, z]);
                let (y0, y2) = (x0.add(t2), x0.sub_reduced(t2));
                let [y1, y3] = two::<C>([x1.add(t3), x1.sub_reduced(t3)], [left, right]);
                (*x0, *x1) = (y0.add(y1), y0.sub_reduced(y1));
                (*x2, *x3) = (y2.add(y3), y2.sub_reduced(y3));
            }
        }
        len /= 4;
    }
}

/// The same sums where row `j` comes from the place with the reverse of `j`'s digits, and row `k` goes
/// to its own.
///
/// Values may be reduced or products, and become so.
#[inline(always)]
pub(super) fn from_reversed<C: Cpu>(data: &mut [Vector<C>], width: usize, twiddles: &[Vector<C>]) {
    let mut len = 4 * width;
    while len <= data.len() {
        let mut blocks = data.chunks_exact_mut(len);
        let i = twiddles[1];
        let first = blocks.next().expect("there is a block");
        for [x0, x1, x2, x3] in quarters(first) {
            let (y0, y1) = (x0.add(*x1), x0.sub_reduced(*x1));
            let (y2, y3) = (x2.add(*x3), x2.sub_reduced(*x3).mul(i));
            (*x0, *x2) = (y0.add(y2), y0.sub_reduced(y2));
            (*x1, *x3) = (y1.add(y3), y1.sub_reduced(y3));
        }
        for (block, b) in blocks.zip(1..) {
            let (z, left, right) = (twiddles[b], twiddles[2 * b], twiddles[2 * b + 1]);
            for [x0, x1, x2, x3] in quarters(block) {
                let (y0, y2) = (x0.add(*x1), x2.add(*x3));
                let differences = [x0.sub_reduced(*x1), x2.sub_reduced(*x3)];
                let [y1, y3] = two::<C>(differences, [left, right]);
                (*x0, *x1) = (y0.add(y2), y1.add(y3));
                [*x2, *x3] = two::<C>([y0.sub(y2), y1.sub_reduced(y3)], [z, z]);
            }
        }
        len *= 4;
    }
    if len == 2 * data.len() {
        halves::<C>(data);
    }
}
