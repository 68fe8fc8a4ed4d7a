//! The heavy arithmetic of a proof, behind a trait: multi-scalar multiplications and FFTs.
//!
//! A proof spends nearly all of its time here, so an engine for wider vector units or for a GPU
//! replaces these few functions and nothing else. An engine never decides what is proved: whatever
//! it returns, the proof is verified before it is handed out.

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::VariableBaseMSM;
use ark_ff::{FftField, PrimeField};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use rayon::prelude::*;

/// The multiplicative subgroup (or a coset of it) over which polynomials are evaluated.
pub type Domain = Radix2EvaluationDomain<Fr>;
/// A scalar in standard (not Montgomery) form, as multi-scalar multiplications take it.
pub type Scalar = <Fr as PrimeField>::BigInt;

/// Why an engine gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Two vectors that belong together differ in length.
    #[error("{what}: expected {expected} elements, got {got}")]
    Length {
        /// Which vector.
        what: &'static str,
        /// The length of its partner.
        expected: usize,
        /// Its own length.
        got: usize,
    },
    /// The field has no root of unity of this order.
    #[error("no evaluation domain of {size} elements: at most 2^{max_log} are possible")]
    Domain {
        /// The size asked for.
        size: usize,
        /// Logarithm of the largest size.
        max_log: u32,
    },
    /// The device failed.
    #[error("engine {name}: {reason}")]
    Device {
        /// The engine.
        name: String,
        /// What it reported.
        reason: String,
    },
}

/// Multi-scalar multiplications and FFTs over BN254.
pub trait Engine: Send + Sync {
    /// A short name for logs and benches.
    fn name(&self) -> &str;

    /// `sum scalars[i] * bases[i]` in G1. Scalars are below the modulus.
    ///
    /// # Errors
    /// [`EngineError::Length`] when the slices differ in length.
    fn msm_g1(&self, bases: &[G1Affine], scalars: &[Scalar]) -> Result<G1Projective, EngineError>;

    /// `sum scalars[i] * bases[i]` in G2. Scalars are below the modulus.
    ///
    /// # Errors
    /// [`EngineError::Length`] when the slices differ in length.
    fn msm_g2(&self, bases: &[G2Affine], scalars: &[Scalar]) -> Result<G2Projective, EngineError>;

    /// Coefficients to values on `domain` (a coset, if it has an offset), in place, natural order.
    ///
    /// # Errors
    /// [`EngineError::Length`] unless there are exactly as many coefficients as points.
    fn fft(&self, domain: &Domain, values: &mut Vec<Fr>) -> Result<(), EngineError>;

    /// Values on `domain` to coefficients, in place, natural order.
    ///
    /// # Errors
    /// [`EngineError::Length`] unless there are exactly as many values as points.
    fn ifft(&self, domain: &Domain, values: &mut Vec<Fr>) -> Result<(), EngineError>;

    /// `A * B - C` on the odd `2m`-th roots of unity, where `a`, `b` and `c` hold the values of
    /// three polynomials of degree below `m` on the `m`-th roots. Entry `i` is at `w^(2i+1)`.
    ///
    /// An engine that keeps vectors on a device overrides this, so that they cross once.
    ///
    /// # Errors
    /// [`EngineError`] when the lengths differ or are not `domain`'s.
    fn quotient(
        &self,
        domain: &Domain,
        mut a: Vec<Fr>,
        mut b: Vec<Fr>,
        mut c: Vec<Fr>,
    ) -> Result<Vec<Fr>, EngineError> {
        let odd = odd_coset(domain)?;
        for values in [&mut a, &mut b, &mut c] {
            self.ifft(domain, values)?;
            self.fft(&odd, values)?;
        }
        a.par_iter_mut().zip(&b).zip(&c).for_each(|((a, b), c)| *a = *a * b - c);
        zeroize::Zeroize::zeroize(&mut b);
        zeroize::Zeroize::zeroize(&mut c);
        Ok(a)
    }
}

/// The subgroup of `size` elements.
///
/// # Errors
/// [`EngineError::Domain`] when `size` is not a power of two or its double exceeds the field's
/// two-adicity (the prover needs the odd `2 * size`-th roots).
pub fn domain(size: usize) -> Result<Domain, EngineError> {
    let max_log = Fr::TWO_ADICITY - 1;
    let fits = size.is_power_of_two() && size.trailing_zeros() <= max_log;
    fits.then(|| Domain::new(size)).flatten().ok_or(EngineError::Domain { size, max_log })
}

/// The odd `2m`-th roots of unity, as a coset of the `m`-th roots `domain`.
///
/// # Errors
/// [`EngineError::Domain`] when the field has no such roots.
pub fn odd_coset(domain: &Domain) -> Result<Domain, EngineError> {
    let size = domain.size();
    Fr::get_root_of_unity(2 * size as u64)
        .and_then(|root| domain.get_coset(root))
        .ok_or(EngineError::Domain { size, max_log: Fr::TWO_ADICITY - 1 })
}

/// arkworks on the processor, in the current rayon pool.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuEngine;

impl Engine for CpuEngine {
    fn name(&self) -> &str {
        "arkworks-cpu"
    }

    fn msm_g1(&self, bases: &[G1Affine], scalars: &[Scalar]) -> Result<G1Projective, EngineError> {
        same_length("scalars of a G1 sum", bases.len(), scalars.len())?;
        Ok(G1Projective::msm_bigint(bases, scalars))
    }

    fn msm_g2(&self, bases: &[G2Affine], scalars: &[Scalar]) -> Result<G2Projective, EngineError> {
        same_length("scalars of a G2 sum", bases.len(), scalars.len())?;
        Ok(G2Projective::msm_bigint(bases, scalars))
    }

    fn fft(&self, domain: &Domain, values: &mut Vec<Fr>) -> Result<(), EngineError> {
        same_length("coefficients of an FFT", domain.size(), values.len())?;
        domain.fft_in_place(values);
        Ok(())
    }

    fn ifft(&self, domain: &Domain, values: &mut Vec<Fr>) -> Result<(), EngineError> {
        same_length("values of an inverse FFT", domain.size(), values.len())?;
        domain.ifft_in_place(values);
        Ok(())
    }
}

/// Lengths are compared, never cut to the shorter one.
fn same_length(what: &'static str, expected: usize, got: usize) -> Result<(), EngineError> {
    if expected == got {
        Ok(())
    } else {
        Err(EngineError::Length { what, expected, got })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
    use ark_ff::{AdditiveGroup, Field, UniformRand};
    use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

    #[test]
    fn lengths_are_checked() {
        let g = G1Affine::generator();
        let got = CpuEngine.msm_g1(&[g, g], &[Scalar::from(1u64)]);
        let what = "scalars of a G1 sum";
        assert_eq!(got, Err(EngineError::Length { what, expected: 2, got: 1 }));
        assert!(CpuEngine.msm_g2(&[], &[Scalar::from(1u64)]).is_err());
        let d = domain(8).unwrap();
        assert!(CpuEngine.fft(&d, &mut vec![Fr::ZERO; 7]).is_err());
        assert!(CpuEngine.ifft(&d, &mut vec![Fr::ZERO; 9]).is_err());
        assert!(domain(7).is_err());
        assert!(domain(1 << 28).is_err(), "leaves no odd roots");
    }

    #[test]
    fn sums_agree_with_the_definition() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let scalars: Vec<Fr> = (0..70u64)
            .map(|i| match i % 4 {
                0 => Fr::from(i),
                1 => -Fr::from(i),
                2 => Fr::rand(&mut rng),
                _ => Fr::ZERO,
            })
            .collect();
        let g = G1Projective::generator();
        let bases: Vec<G1Affine> =
            (0..70u64).map(|i| (g * Fr::from(i / 3 * 5)).into_affine()).collect();
        let ints: Vec<Scalar> = scalars.iter().map(|s| s.into_bigint()).collect();
        let naive: G1Projective = bases.iter().zip(&scalars).map(|(b, s)| *b * s).sum();
        assert_eq!(CpuEngine.msm_g1(&bases, &ints).unwrap(), naive);
    }

    #[test]
    fn quotient_is_taken_on_odd_roots() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let d = domain(8).unwrap();
        let [a, b, c] = [0; 3].map(|_| (0..8).map(|_| Fr::rand(&mut rng)).collect::<Vec<_>>());
        let got = CpuEngine.quotient(&d, a.clone(), b.clone(), c.clone()).unwrap();
        let root = Fr::get_root_of_unity(16).unwrap();
        let at = |values: &[Fr], x: Fr| {
            let lagrange = d.evaluate_all_lagrange_coefficients(x);
            values.iter().zip(lagrange).map(|(v, l)| *v * l).sum::<Fr>()
        };
        for (i, got) in (0u64..).zip(got) {
            let x = root.pow([2 * i + 1]);
            assert_eq!(got, at(&a, x) * at(&b, x) - at(&c, x));
        }
    }
}
