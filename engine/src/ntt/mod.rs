//! Number-theoretic transforms over the scalar field, in natural order on both sides.
//!
//! A transform of `n = n1 * n2` points is made in two passes over memory (D. Bailey, *FFTs in external
//! or hierarchical memory*, 1990): transforms of `n1` points down the columns, twiddle factors, and
//! transforms of `n2` points along the rows. A pass works on a few columns or rows at a time, which
//! fit into a core's cache and lie side by side in the lanes of vectors; see `passes` and `network`.
//!
//! Transforms are linear, so values stay in arkworks' Montgomery form throughout. Only twiddle factors
//! are in the processor's own.

use std::fmt;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, FftField};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use rayon::prelude::*;

use crate::error::same_length;
use crate::level::with_cpu;
use crate::{EngineError, Level};

mod network;
mod passes;
mod plan;
#[cfg(test)]
mod tests;

use plan::{Plan, Transforms};

/// Logarithm of the largest size: the odd roots of twice the order are needed.
const MAX_LOG: u32 = Fr::TWO_ADICITY - 1;

/// Transforms of one size by one level's instructions, with their twiddle factors: 64 bytes a point.
///
/// It belongs to a key, and serves any number of transforms at the same time. Each of them runs in the
/// current rayon pool and needs working memory for another vector of the size. What is left of values in
/// that memory is overwritten.
pub struct Transform {
    level: Level,
    domain: Radix2EvaluationDomain<Fr>,
    /// None where arkworks does the work: at its level, and for a handful of points.
    plan: Option<Box<dyn Transforms>>,
}

impl fmt::Debug for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transform")
            .field("level", &self.level)
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

impl Transform {
    /// Computes the twiddle factors of transforms of `size` points.
    ///
    /// # Errors
    /// [`EngineError::Level`] when this processor lacks the level's instructions,
    /// [`EngineError::Domain`] unless `size` is a power of two of at most `2^27`.
    pub fn new(level: Level, size: usize) -> Result<Self, EngineError> {
        if !level.is_available() {
            return Err(EngineError::Level { level });
        }
        let fits = size.is_power_of_two() && size.trailing_zeros() <= MAX_LOG;
        let domain = fits
            .then(|| Radix2EvaluationDomain::new(size))
            .flatten()
            .ok_or(EngineError::Domain { size, max_log: MAX_LOG })?;
        let plan = (level != Level::Ark && size >= plan::MIN_SIZE).then(
            || with_cpu!(level, cpu => Box::new(Plan::new(cpu, size)) as Box<dyn Transforms>),
        );
        Ok(Self { level, domain, plan })
    }

    /// The number of points.
    #[must_use]
    pub fn size(&self) -> usize {
        self.domain.size()
    }

    /// The instructions that are used.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// Coefficients, the constant one first, to values: entry `i` is at `w^i`, with the root of unity `w`
    /// that arkworks has for the size.
    ///
    /// # Errors
    /// [`EngineError::Length`] unless there are [`Transform::size`] coefficients.
    pub fn ntt(&self, values: &mut Vec<Fr>) -> Result<(), EngineError> {
        same_length("coefficients of a transform", self.size(), values.len())?;
        match &self.plan {
            Some(plan) => plan.forward(values),
            None => self.domain.fft_in_place(values),
        }
        Ok(())
    }

    /// Values to coefficients: the inverse of [`Transform::ntt`].
    ///
    /// # Errors
    /// [`EngineError::Length`] unless there are [`Transform::size`] values.
    pub fn intt(&self, values: &mut Vec<Fr>) -> Result<(), EngineError> {
        same_length("values of an inverse transform", self.size(), values.len())?;
        match &self.plan {
            Some(plan) => plan.inverse(values),
            None => self.domain.ifft_in_place(values),
        }
        Ok(())
    }

    /// Coefficients to values: entry `i` is at `offset * w^i`.
    ///
    /// # Errors
    /// [`EngineError::Length`] unless there are [`Transform::size`] coefficients,
    /// [`EngineError::Domain`] when the offset is zero.
    pub fn coset_ntt(&self, offset: Fr, values: &mut Vec<Fr>) -> Result<(), EngineError> {
        same_length("coefficients of a transform", self.size(), values.len())?;
        let coset = self.coset(offset)?;
        match &self.plan {
            Some(plan) => {
                plan.scale_by_powers(offset, values);
                plan.forward(values);
            }
            None => coset.fft_in_place(values),
        }
        Ok(())
    }

    /// Values to coefficients: the inverse of [`Transform::coset_ntt`].
    ///
    /// # Errors
    /// [`EngineError::Length`] unless there are [`Transform::size`] values,
    /// [`EngineError::Domain`] when the offset is zero.
    pub fn coset_intt(&self, offset: Fr, values: &mut Vec<Fr>) -> Result<(), EngineError> {
        same_length("values of an inverse transform", self.size(), values.len())?;
        let coset = self.coset(offset)?;
        match &self.plan {
            Some(plan) => {
                plan.inverse(values);
                plan.scale_by_powers(coset.coset_offset_inv(), values);
            }
            None => coset.ifft_in_place(values),
        }
        Ok(())
    }

    /// `A * B - C` on the odd `2m`-th roots of unity, where `a`, `b` and `c` hold the values of three
    /// polynomials of degree below `m` on the `m`-th roots. Entry `i` is at `w^(2i+1)`, with the root of
    /// order `2m`. This is the quotient of circom's tools, without the division.
    ///
    /// # Errors
    /// [`EngineError::Length`] unless each vector has [`Transform::size`] values.
    pub fn quotient(
        &self,
        mut a: Vec<Fr>,
        mut b: Vec<Fr>,
        mut c: Vec<Fr>,
    ) -> Result<Vec<Fr>, EngineError> {
        for (what, values) in [("values of A", &a), ("values of B", &b), ("values of C", &c)] {
            same_length(what, self.size(), values.len())?;
        }
        match &self.plan {
            Some(plan) => plan.quotient(&mut a, &mut b, &mut c),
            None => {
                let odd = Fr::get_root_of_unity(2 * self.size() as u64)
                    .expect("a transform's size is half of an order at most");
                let odd = self.coset(odd)?;
                for values in [&mut a, &mut b, &mut c] {
                    self.domain.ifft_in_place(values);
                    odd.fft_in_place(values);
                }
                c.par_iter_mut().zip(&a).zip(&b).for_each(|((c, a), b)| *c = *a * b - *c);
            }
        }
        wipe(&mut a, Fr::ZERO);
        wipe(&mut b, Fr::ZERO);
        Ok(c)
    }

    fn coset(&self, offset: Fr) -> Result<Radix2EvaluationDomain<Fr>, EngineError> {
        let error = EngineError::Domain { size: self.size(), max_log: MAX_LOG };
        self.domain.get_coset(offset).ok_or(error)
    }
}

/// Overwrites what will not be read any more.
fn wipe<T: Copy + Send + Sync>(data: &mut [T], zero: T) {
    data.par_chunks_mut(1 << 14).for_each(|chunk| {
        chunk.fill(zero);
        // Otherwise the compiler may leave it out.
        std::hint::black_box(chunk);
    });
}
