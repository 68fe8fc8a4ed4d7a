//! Matrices of floats: read in windows, added up by all threads, in memory that does not depend on their
//! size.
//!
//! Rows of the file that are events are added up one after the other, each in a set of sums, one an asset.
//! Where the file's rows are training data, all events are open at once: the events are taken in as many
//! passes as it takes for their sums to fit [`SUMS_BYTES`], and a pass reads its own columns only.

use std::path::PathBuf;

use half::{bf16, f16};
use rayon::prelude::*;

use meed_ledger::content::Progress;
use meed_ledger::{At, Fault, LedgerError, Location, Result, ScoreFault};

use crate::binding::BoundItems;
use crate::finish::{Finish, Outcome};
use crate::sum::{Float, Precision, Sums};
use crate::window::Windows;
use crate::Unwritten;

/// Bytes of a file that are mapped at once.
const WINDOW_BYTES: u64 = 16 << 20;
/// Bytes of the sums that are open at once.
const SUMS_BYTES: usize = 64 << 20;

/// The type of a matrix's numbers, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// IEEE 754, 16 bits.
    F16,
    /// The upper half of an IEEE 754 float of 32 bits.
    Bf16,
    /// IEEE 754, 32 bits.
    F32,
    /// IEEE 754, 64 bits.
    F64,
}

impl Dtype {
    /// Bytes of a number.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Its name in manifests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F16 => "float16",
            Self::Bf16 => "bfloat16",
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }

    const fn precision(self) -> Precision {
        match self {
            Self::F64 => Precision::Double,
            _ => Precision::Single,
        }
    }
}

/// Where the numbers of a matrix stand in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// The file.
    pub path: PathBuf,
    /// First byte of the first number.
    pub start: u64,
    /// Rows, as they lie in the file.
    pub outer: u64,
    /// Numbers of a row.
    pub inner: u64,
    /// Bytes from a row to the next.
    pub row_stride: u64,
    /// The numbers.
    pub dtype: Dtype,
    /// Whether a number is followed by a byte that says whether it was written (1) or not (0), and padding:
    /// 4 bytes a number of 16 bits, 8 of 32, 16 of 64.
    pub flagged: bool,
    /// Whether what lies in the file as rows are the matrix's columns (Fortran's order).
    pub turned: bool,
}

impl Grid {
    /// Bytes from a number to the next.
    #[must_use]
    pub const fn cell_stride(&self) -> u64 {
        match self.flagged {
            true => self.dtype.bytes() * 2,
            false => self.dtype.bytes(),
        }
    }

    /// Rows and columns of the matrix, as its tool sees it.
    #[must_use]
    pub const fn shape(&self) -> [u64; 2] {
        match self.turned {
            true => [self.inner, self.outer],
            false => [self.outer, self.inner],
        }
    }

    /// Fails unless every number lies in the file, before anything is computed with the numbers of a header.
    ///
    /// # Errors
    /// [`LedgerError::Input`].
    pub fn check(&self, length: u64) -> Result<()> {
        let row = self.inner.checked_mul(self.cell_stride());
        let fits = row.is_some_and(|row| row <= self.row_stride);
        let end = self.outer.checked_mul(self.row_stride).and_then(|n| n.checked_add(self.start));
        if fits && end.is_some_and(|end| end <= length) {
            return Ok(());
        }
        let expected = end.map_or("fewer numbers".to_owned(), |end| format!("{end} bytes"));
        let fault = Fault::value("length", format!("{expected} by its header"), length);
        Err(LedgerError::in_file(&self.path, fault))
    }

    fn at(&self, outer: u64, inner: u64) -> At {
        match self.turned {
            true => At::Cell { row: inner, column: outer },
            false => At::Cell { row: outer, column: inner },
        }
    }
}

/// A number as it lies in a file.
trait Cell {
    type Wide: Float + Send;

    fn read(bytes: &[u8]) -> Self::Wide;
}

macro_rules! cell {
    ($type:ty, $wide:ty, $bytes:literal, $to:expr) => {
        impl Cell for $type {
            type Wide = $wide;

            #[inline(always)]
            fn read(bytes: &[u8]) -> $wide {
                let bytes: [u8; $bytes] = bytes[..$bytes].try_into().expect("a whole number");
                $to(<$type>::from_le_bytes(bytes))
            }
        }
    };
}

cell!(f32, f32, 4, |v| v);
cell!(f64, f64, 8, |v| v);
cell!(f16, f32, 2, f16_to_f32);
cell!(bf16, f32, 2, bf16::to_f32);

/// `f16::to_f32` asks the processor each time what it can do; this does not, and vectorises.
#[inline(always)]
fn f16_to_f32(value: f16) -> f32 {
    let bits = u32::from(value.to_bits());
    let (sign, exponent, fraction) = (bits >> 15 << 31, bits >> 10 & 0x1f, bits & 0x3ff);
    match exponent {
        // Subnormal: the fraction is a number of 2^-24.
        0 => {
            let magnitude = fraction as f32 * f32::from_bits((127 - 24) << 23);
            f32::from_bits(magnitude.to_bits() | sign)
        }
        0x1f => f32::from_bits(sign | 0xff << 23 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

/// What is wrong with a number.
enum Wrong {
    Score(ScoreFault),
    Unwritten,
    Flag(u8),
}

/// Counts of what was added.
#[derive(Clone, Copy, Default)]
struct Counts {
    unwritten: u64,
}

/// A number that is wrong, and its place.
type Fail = (u64, u64, Wrong);

/// Adds a stretch of cells to sums; `place` says which sum the i-th cell goes to, above zero or below.
#[inline(always)]
fn add_cells<C: Cell, const STRIDE: usize, const FLAGGED: bool>(
    bytes: &[u8],
    skip: bool,
    sums: &mut Sums,
    place: impl Fn(usize, bool) -> usize,
) -> std::result::Result<Counts, (u64, Wrong)> {
    let mut counts = Counts::default();
    for (i, cell) in bytes.chunks_exact(STRIDE).enumerate() {
        let value = C::read(cell);
        if FLAGGED {
            match cell[STRIDE / 2] {
                1 => {}
                0 if skip => {
                    counts.unwritten += 1;
                    continue;
                }
                0 => return Err((i as u64, Wrong::Unwritten)),
                flag => return Err((i as u64, Wrong::Flag(flag))),
            }
        }
        if let Err(fault) = sums.add(place(i, value.is_below()), value) {
            return Err((i as u64, Wrong::Score(fault)));
        }
    }
    Ok(counts)
}

/// What reading a matrix needs.
pub(crate) struct Reading<'a> {
    pub(crate) grid: &'a Grid,
    pub(crate) items: &'a BoundItems,
    /// For each event of the matrix, its index.
    pub(crate) events: &'a [u32],
    pub(crate) finish: &'a Finish<'a>,
    pub(crate) unwritten: Unwritten,
}

/// What takes the events' records, in the matrix's order.
pub(crate) type Take<'a> = dyn FnMut(Outcome) -> Result<()> + 'a;

impl Reading<'_> {
    /// Reads the matrix. Returns how many numbers were not written. Whether the file's rows are events follows
    /// from `events_outer`.
    pub(crate) fn read(
        &self,
        events_outer: bool,
        take: &mut Take<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<u64> {
        macro_rules! typed {
            ($($dtype:ident, $flagged:literal => $type:ty, $stride:literal;)*) => {
                match (self.grid.dtype, self.grid.flagged) {
                    $((Dtype::$dtype, $flagged) => match events_outer {
                        true => self.across::<$type, $stride, $flagged>(take, progress),
                        false => self.along::<$type, $stride, $flagged>(take, progress),
                    },)*
                }
            };
        }
        typed! {
            F16, false => f16, 2;
            F16, true => f16, 4;
            Bf16, false => bf16, 2;
            Bf16, true => bf16, 4;
            F32, false => f32, 4;
            F32, true => f32, 8;
            F64, false => f64, 8;
            F64, true => f64, 16;
        }
    }

    /// Sets of sums that may be open at once, of so many each.
    fn lanes(&self, width: usize) -> usize {
        let bytes = width * self.grid.dtype.precision().bytes();
        (SUMS_BYTES / bytes.max(1)).clamp(1, rayon::current_num_threads())
    }

    fn fail(&self, (outer, inner, wrong): Fail) -> LedgerError {
        let fault = match wrong {
            Wrong::Score(fault) => Fault::Score(fault),
            Wrong::Unwritten => Fault::Syntax(
                "expected every score to be written, got one that is not; skip them with --unwritten skip".to_owned(),
            ),
            Wrong::Flag(flag) => Fault::value("written flag", "0 or 1", flag),
        };
        let at = self.grid.at(outer, inner);
        LedgerError::input(Location { path: self.grid.path.clone(), at }, fault)
    }

    /// An event's sums, as records.
    fn close(&self, event: u64, sums: &Sums, place: impl Fn(usize) -> usize) -> Result<Outcome> {
        let assets = &self.items.assets;
        let pairs = assets.iter().enumerate().map(|(slot, asset)| (*asset, sums.get(place(slot))));
        let ignored = [0, 1].map(|i| sums.get(place(assets.len() + i)));
        self.finish.event(self.events[event as usize], pairs.collect(), ignored)
    }

    /// The file's rows are events.
    fn across<C: Cell, const STRIDE: usize, const FLAGGED: bool>(
        &self,
        take: &mut Take<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<u64> {
        let Grid { start, outer, inner, row_stride, .. } = *self.grid;
        let windows = Windows::open(&self.grid.path)?;
        let (slots, nobody) = (&self.items.slots[..], self.items.assets.len() as u32);
        let skip = self.unwritten == Unwritten::Skip;
        let width = self.items.width();
        let lanes = self.lanes(width);
        let mut sets = vec![Sums::new(width, C::Wide::PRECISION); lanes];
        let stride = STRIDE as u64;
        let total = outer.saturating_mul(inner);
        let mut unwritten = 0;
        let add = |bytes: &[u8], first: usize, sums: &mut Sums| {
            let slots = &slots[first..first + bytes.len() / STRIDE];
            sums.expect(slots.len() as u64);
            add_cells::<C, STRIDE, FLAGGED>(bytes, skip, sums, |i, below| {
                let slot = slots[i];
                (slot + u32::from(slot == nobody && below)) as usize
            })
        };
        if row_stride.saturating_mul(lanes as u64) <= WINDOW_BYTES {
            let most = (WINDOW_BYTES / row_stride.max(1)).clamp(1, 1 << 16);
            let mut first = 0;
            while first < outer {
                let count = most.min(outer - first);
                let length = (count - 1) * row_stride + inner * stride;
                let each = count.div_ceil(lanes as u64);
                let read = |bytes: &[u8]| -> Vec<Result<(Vec<Outcome>, u64)>> {
                    let part = |(lane, sums): (usize, &mut Sums)| {
                        let rows = lane as u64 * each..count.min((lane as u64 + 1) * each);
                        let mut outcomes = Vec::new();
                        let mut unwritten = 0;
                        for row in rows {
                            let at = (row * row_stride) as usize;
                            sums.clear();
                            let bytes = &bytes[at..at + (inner * stride) as usize];
                            let counts = add(bytes, 0, sums)
                                .map_err(|(i, wrong)| self.fail((first + row, i, wrong)))?;
                            unwritten += counts.unwritten;
                            outcomes.push(self.close(first + row, sums, |slot| slot)?);
                        }
                        Ok((outcomes, unwritten))
                    };
                    sets.par_iter_mut().enumerate().map(part).collect()
                };
                for part in windows.with(start + first * row_stride, length, read)? {
                    let (outcomes, skipped) = part?;
                    unwritten += skipped;
                    outcomes.into_iter().try_for_each(&mut *take)?;
                }
                first += count;
                go_on(progress, first * inner, total)?;
            }
            windows.same()?;
            return Ok(unwritten);
        }
        // Rows so long that the threads share each.
        for row in 0..outer {
            sets.iter_mut().for_each(Sums::clear);
            let mut from = 0;
            while from < inner {
                let count = (WINDOW_BYTES / stride).min(inner - from);
                let each = count.div_ceil(lanes as u64);
                let read = |bytes: &[u8]| -> Vec<std::result::Result<Counts, Fail>> {
                    let part = |(sums, (lane, bytes)): (&mut Sums, (usize, &[u8]))| {
                        let first = from + lane as u64 * each;
                        add(bytes, first as usize, sums)
                            .map_err(|(i, wrong)| (row, first + i, wrong))
                    };
                    let parts: Vec<_> =
                        bytes.chunks((each * stride) as usize).enumerate().collect();
                    sets.par_iter_mut().zip(parts).map(part).collect()
                };
                let at = start + row * row_stride + from * stride;
                for part in windows.with(at, count * stride, read)? {
                    unwritten += part.map_err(|fail| self.fail(fail))?.unwritten;
                }
                from += count;
                go_on(progress, row * inner + from, total)?;
            }
            let (all, others) = sets.split_first_mut().expect("there is a lane");
            others.iter_mut().for_each(|other| all.merge(other));
            take(self.close(row, all, |slot| slot)?)?;
        }
        windows.same()?;
        Ok(unwritten)
    }

    /// The file's rows are items.
    fn along<C: Cell, const STRIDE: usize, const FLAGGED: bool>(
        &self,
        take: &mut Take<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<u64> {
        let Grid { start, outer, inner, row_stride, .. } = *self.grid;
        let windows = Windows::open(&self.grid.path)?;
        let (slots, nobody) = (&self.items.slots[..], self.items.assets.len());
        let skip = self.unwritten == Unwritten::Skip;
        let width = self.items.width();
        let stride = STRIDE as u64;
        let total = outer.saturating_mul(inner);
        let most = (SUMS_BYTES / (width * C::Wide::PRECISION.bytes()).max(1)).max(1) as u64;
        let (mut from, mut done, mut unwritten) = (0, 0u64, 0);
        while from < inner {
            let count = most.min(inner - from);
            let each = count.div_ceil(rayon::current_num_threads() as u64);
            // Each thread has a range of events, and all their sums.
            let mut parts: Vec<(u64, u64, Sums)> = (from..from + count)
                .step_by(each as usize)
                .map(|first| (first, each.min(from + count - first)))
                .map(|(first, len)| {
                    (first, len, Sums::new(width * len as usize, C::Wide::PRECISION))
                })
                .collect();
            let rows = (WINDOW_BYTES / row_stride.max(1)).max(1);
            let mut first_row = 0;
            while first_row < outer {
                let n = rows.min(outer - first_row);
                let length = (n - 1) * row_stride + count * stride;
                let read = |bytes: &[u8]| -> Vec<std::result::Result<Counts, Fail>> {
                    let part = |(first, len, sums): &mut (u64, u64, Sums)| {
                        let mut counts = Counts::default();
                        // A sum takes at most one number a row, or all of them where an asset has all rows.
                        sums.expect(n);
                        for row in 0..n {
                            let slot = slots[(first_row + row) as usize] as usize;
                            let at = (row * row_stride + (*first - from) * stride) as usize;
                            let bytes = &bytes[at..at + (*len * stride) as usize];
                            let base = slot * *len as usize;
                            let other = if slot == nobody { *len as usize } else { 0 };
                            let place =
                                |i: usize, below: bool| base + i + if below { other } else { 0 };
                            let got = add_cells::<C, STRIDE, FLAGGED>(bytes, skip, sums, place)
                                .map_err(|(i, wrong)| (first_row + row, *first + i, wrong))?;
                            counts.unwritten += got.unwritten;
                        }
                        Ok(counts)
                    };
                    parts.par_iter_mut().map(part).collect()
                };
                let at = start + first_row * row_stride + from * stride;
                let got = windows.with(at, length, read)?;
                // Of what is wrong, what comes first in the file.
                let mut failed: Option<Fail> = None;
                for part in got {
                    match part {
                        Ok(counts) => unwritten += counts.unwritten,
                        Err(fail)
                            if failed.as_ref().is_some_and(|f| (f.0, f.1) <= (fail.0, fail.1)) => {}
                        Err(fail) => failed = Some(fail),
                    }
                }
                if let Some(fail) = failed {
                    return Err(self.fail(fail));
                }
                first_row += n;
                done += n * count;
                go_on(progress, done, total)?;
            }
            for (first, len, sums) in &parts {
                let close =
                    |i: u64| self.close(first + i, sums, |slot| slot * *len as usize + i as usize);
                // A stretch at a time, so that few events' records wait.
                for stretch in (0..*len).collect::<Vec<_>>().chunks(256) {
                    let outcomes: Vec<Result<Outcome>> =
                        stretch.par_iter().map(|i| close(*i)).collect();
                    for outcome in outcomes {
                        take(outcome?)?;
                    }
                    go_on(progress, done, total)?;
                }
            }
            from += count;
        }
        windows.same()?;
        Ok(unwritten)
    }
}

fn go_on(progress: &mut Progress<'_>, done: u64, total: u64) -> Result<()> {
    match progress(done, total).is_break() {
        true => Err(LedgerError::Cancelled),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_floats_are_what_the_crate_says() {
        for bits in 0..=u16::MAX {
            let (ours, theirs) = (f16_to_f32(f16::from_bits(bits)), f16::from_bits(bits).to_f32());
            assert!(
                ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan(),
                "{bits:x}"
            );
        }
    }
}
