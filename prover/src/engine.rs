//! The heavy arithmetic of a proof, behind a trait: multi-scalar multiplications and FFTs.
//!
//! A proof spends nearly all of its time here, so an engine for wider vector units or for a GPU
//! replaces these few functions and nothing else. An engine never decides what is proved: whatever
//! it returns, the proof is verified before it is handed out.

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, VariableBaseMSM};
use ark_ff::{FftField, PrimeField, Zero};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use rayon::prelude::*;

use crate::points::{unpack, Packed, PackedG1, PackedG2};

mod vector;

/// The multiplicative subgroup (or a coset of it) over which polynomials are evaluated.
pub type Domain = Radix2EvaluationDomain<Fr>;
/// A scalar in standard (not Montgomery) form, as multi-scalar multiplications take it.
pub type Scalar = <Fr as PrimeField>::BigInt;

pub use meed_engine::{EngineError, Level};
pub use vector::VectorEngine;

/// Multi-scalar multiplications and FFTs over BN254.
///
/// Bases come as a key's file has them, mapped or not: at any address, and the identity among them.
/// They are points of the curve as long as nobody changes the file under the map. After that they may
/// be any bytes, even others at each look: an engine may then fail or return a wrong sum, but must end.
pub trait Engine: Send + Sync {
    /// A short name for logs and benches.
    fn name(&self) -> &str;

    /// `sum scalars[i] * bases[i]` in G1. Scalars are below the modulus.
    ///
    /// # Errors
    /// [`EngineError::Length`] when the slices differ in length, [`EngineError::Base`] when a base that
    /// is looked at is not a point.
    fn msm_g1(&self, bases: &[PackedG1], scalars: &[Scalar]) -> Result<G1Projective, EngineError>;

    /// `sum scalars[i] * bases[i]` in G2. Scalars are below the modulus.
    ///
    /// # Errors
    /// [`EngineError::Length`] when the slices differ in length, [`EngineError::Base`] when a base that
    /// is looked at is not a point.
    fn msm_g2(&self, bases: &[PackedG2], scalars: &[Scalar]) -> Result<G2Projective, EngineError>;

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

    fn msm_g1(&self, bases: &[PackedG1], scalars: &[Scalar]) -> Result<G1Projective, EngineError> {
        same_length("scalars of a G1 sum", bases.len(), scalars.len())?;
        by_chunks(chunk::<G1Affine>(), bases, scalars, G1Projective::msm_bigint)
    }

    fn msm_g2(&self, bases: &[PackedG2], scalars: &[Scalar]) -> Result<G2Projective, EngineError> {
        same_length("scalars of a G2 sum", bases.len(), scalars.len())?;
        by_chunks(chunk::<G2Affine>(), bases, scalars, G2Projective::msm_bigint)
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

/// Bytes of points that are unpacked at a time for each thread of the pool: more than 2^19 points of
/// G1. arkworks cuts a sum into one part a thread; parts of a quarter of that take a tenth more time.
const PER_THREAD: usize = 40 << 20;

fn chunk<P>() -> usize {
    PER_THREAD / size_of::<P>() * rayon::current_num_threads()
}

/// A sum in chunks, so that no more of the bases than one is there in arkworks' form too.
fn by_chunks<P: Packed, G: Zero>(
    size: usize,
    bases: &[P],
    scalars: &[Scalar],
    sum: impl Fn(&[P::Affine], &[Scalar]) -> G,
) -> Result<G, EngineError> {
    let mut unpacked = vec![P::Affine::zero(); size.min(bases.len())];
    let mut total = G::zero();
    for (k, (bases, scalars)) in bases.chunks(size).zip(scalars.chunks(size)).enumerate() {
        let unpacked = &mut unpacked[..bases.len()];
        unpack(bases, unpacked).map_err(|i| EngineError::Base { index: k * size + i })?;
        total = total + sum(unpacked, scalars);
    }
    Ok(total)
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
    use ark_ec::{CurveGroup, PrimeGroup};
    use ark_ff::{AdditiveGroup, Field, UniformRand};
    use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

    #[test]
    fn lengths_are_checked() {
        let g = PackedG1::from(G1Affine::generator());
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
        let mut packed: Vec<PackedG1> = bases.iter().map(Packed::pack).collect();
        assert_eq!(CpuEngine.msm_g1(&packed, &ints).unwrap(), naive);
        packed[69] = PackedG1::from_bytes([0xff; 64]);
        assert_eq!(CpuEngine.msm_g1(&packed, &ints), Err(EngineError::Base { index: 69 }));
    }

    #[test]
    fn chunks_add_up() {
        let bases = vec![PackedG1::from(G1Affine::generator()); 25];
        let scalars: Vec<_> = (0..25u64).map(Scalar::from).collect();
        for size in [1, 9, 24, 25, 26] {
            let sum = by_chunks(size, &bases, &scalars, G1Projective::msm_bigint).unwrap();
            assert_eq!(sum, G1Projective::generator() * Fr::from(300u64));
        }
        let mut bases = bases;
        bases[20] = PackedG1::from_bytes([0xff; 64]);
        let got = by_chunks(9, &bases, &scalars, G1Projective::msm_bigint);
        assert_eq!(got, Err(EngineError::Base { index: 20 }));
        assert!(CpuEngine.msm_g2(&[], &[]).unwrap().is_zero());
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
