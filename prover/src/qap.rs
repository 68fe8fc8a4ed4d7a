//! The reduction from constraints to polynomials, as circom's tools define it.
//!
//! Groth16 (2016, section 3.2) leaves the basis of the quotient's points free. libsnark, and
//! arkworks by default, take powers of tau; snarkjs and rapidsnark take Lagrange polynomials on odd
//! roots. Keys of the two kinds are not interchangeable, and Meed's keys come from snarkjs.
//!
//! With `n` constraints and `p` public inputs the domain has `m = next_power_of_two(n + p + 1)`
//! points. Row `i < n` is constraint `i`. Row `n + i` has `A = z[i]` for instance column `i` (the
//! constant one is column 0), `B = C = 0`: it keeps the instance polynomials independent.
//! The prover sends `A * B - C` on the odd `2m`-th roots; the key's `h` points are the Lagrange
//! polynomials of those roots in the domain of `2m`, at tau, divided by delta. `A * B - C` is zero
//! on the even roots, so these `m` values determine it, and no division is needed.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, PrimeField};
use ark_groth16::r1cs_to_qap::{evaluate_constraint, LibsnarkReduction, R1CSToQAP};
use ark_poly::EvaluationDomain;
use ark_relations::gr1cs::{ConstraintSystemRef, Matrix, SynthesisError};
use meed_circuits::r1cs::matrix::Matrices;
use rayon::prelude::*;

use crate::engine::{domain, Domain, EngineError};

/// The domain of a system: `next_power_of_two(constraints + instance columns)` points.
///
/// # Errors
/// [`EngineError::Domain`] when the system exceeds `2^27` rows.
pub fn system_domain(matrices: &Matrices) -> Result<Domain, EngineError> {
    let rows = matrices.constraints() + matrices.instance;
    domain(rows.checked_next_power_of_two().unwrap_or(usize::MAX))
}

/// Values of the three polynomials on the domain.
pub struct Rows {
    /// `A`, one value a row.
    pub a: Vec<Fr>,
    /// `B`.
    pub b: Vec<Fr>,
    /// `C`, equal to `A * B` in every row.
    pub c: Vec<Fr>,
}

/// Evaluates all rows at `assignment` (all columns, `z[0] = 1`), checking each constraint.
///
/// # Errors
/// The index of the first constraint that `assignment` does not satisfy. snarkjs takes `C` to be
/// `A * B` without looking, and an unsatisfied witness then gives a proof that never verifies.
pub fn evaluate(matrices: &Matrices, domain: &Domain, assignment: &[Fr]) -> Result<Rows, usize> {
    let n = matrices.constraints();
    let size = domain.size();
    let mut rows =
        Rows { a: vec![Fr::ZERO; size], b: vec![Fr::ZERO; size], c: vec![Fr::ZERO; size] };
    let Rows { a, b, c } = &mut rows;
    let bad = a[..n]
        .par_iter_mut()
        .zip(&mut b[..n])
        .zip(&mut c[..n])
        .enumerate()
        .with_min_len(256)
        .map(|(i, ((a, b), c))| {
            *a = matrices.eval_row(&matrices.a, i, assignment);
            *b = matrices.eval_row(&matrices.b, i, assignment);
            *c = *a * *b;
            (*c != matrices.eval_row(&matrices.c, i, assignment)).then_some(i)
        })
        .find_first(Option::is_some)
        .flatten();
    if let Some(row) = bad {
        return Err(row);
    }
    a[n..n + matrices.instance].copy_from_slice(&assignment[..matrices.instance]);
    Ok(rows)
}

/// The same reduction for arkworks' own set-up and prover, which our keys are compared with.
///
/// Like snarkjs it takes `C` to be `A * B`: check the constraints first.
#[derive(Clone, Copy, Debug)]
pub struct CircomReduction;

impl R1CSToQAP for CircomReduction {
    fn instance_map_with_evaluation<F: PrimeField, D: EvaluationDomain<F>>(
        cs: ConstraintSystemRef<F>,
        t: &F,
    ) -> Result<(Vec<F>, Vec<F>, Vec<F>, F, usize, usize), SynthesisError> {
        // The two reductions differ in the quotient only.
        LibsnarkReduction::instance_map_with_evaluation::<F, D>(cs, t)
    }

    fn witness_map_from_matrices<F: PrimeField, D: EvaluationDomain<F>>(
        matrices: &[Matrix<F>],
        num_inputs: usize,
        num_constraints: usize,
        full_assignment: &[F],
    ) -> Result<Vec<F>, SynthesisError> {
        let too_large = SynthesisError::PolynomialDegreeTooLarge;
        let [a_rows, b_rows, ..] = matrices else { return Err(SynthesisError::Unsatisfiable) };
        let domain = D::new(num_constraints + num_inputs).ok_or(too_large)?;
        let size = domain.size();
        let root = F::get_root_of_unity(2 * size as u64)
            .ok_or(SynthesisError::PolynomialDegreeTooLarge)?;
        let odd = domain.get_coset(root).ok_or(SynthesisError::PolynomialDegreeTooLarge)?;

        let values = |rows: &Matrix<F>| {
            let mut values: Vec<F> =
                rows.par_iter().map(|row| evaluate_constraint(row, full_assignment)).collect();
            values.resize(size, F::zero());
            values
        };
        let mut a = values(a_rows);
        let mut b = values(b_rows);
        a[num_constraints..num_constraints + num_inputs]
            .copy_from_slice(&full_assignment[..num_inputs]);
        let mut c: Vec<F> = a.par_iter().zip(&b).map(|(a, b)| *a * b).collect();
        for values in [&mut a, &mut b, &mut c] {
            domain.ifft_in_place(values);
            odd.fft_in_place(values);
        }
        a.par_iter_mut().zip(b).zip(c).for_each(|((a, b), c)| *a = *a * b - c);
        Ok(a)
    }

    fn h_query_scalars<F: PrimeField, D: EvaluationDomain<F>>(
        max_power: usize,
        t: F,
        _zt: F,
        delta_inverse: F,
    ) -> Result<Vec<F>, SynthesisError> {
        odd_lagrange(max_power + 1, t, delta_inverse)
            .ok_or(SynthesisError::PolynomialDegreeTooLarge)
    }
}

/// `scale` times the Lagrange polynomials of the odd `2m`-th roots `w^(2i+1)`, at `tau`:
/// `(tau^(2m) - 1) * w^j / (2m * (tau - w^j))` with `j = 2i + 1`.
///
/// `None` when `m` is not a power of two, the field has no such root, or tau is one of them.
pub fn odd_lagrange<F: PrimeField>(m: usize, tau: F, scale: F) -> Option<Vec<F>> {
    let order = (m as u64).checked_mul(2)?;
    let root = m.is_power_of_two().then(|| F::get_root_of_unity(order)).flatten()?;
    let vanishing = tau.pow([order]) - F::ONE;
    let factor = vanishing * scale * F::from(order).inverse()?;
    let square = root.square();
    let chunk = 1 << 12;
    let mut out = vec![F::ZERO; m];
    let ok = out
        .par_chunks_mut(chunk)
        .enumerate()
        .map(|(k, out)| {
            let mut power = root * square.pow([(k * chunk) as u64]);
            let mut powers = Vec::with_capacity(out.len());
            for value in &mut *out {
                *value = tau - power;
                powers.push(power);
                power *= square;
            }
            if out.iter().any(F::is_zero) {
                return false;
            }
            ark_ff::fields::serial_batch_inversion_and_mul(out, &factor);
            out.iter_mut().zip(powers).for_each(|(value, power)| *value *= power);
            true
        })
        .reduce(|| true, |a, b| a && b);
    ok.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{FftField, Field, UniformRand};
    use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

    #[test]
    fn odd_lagrange_agrees_with_arkworks() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for m in [1usize, 2, 8, 1 << 13] {
            let (tau, scale) = (Fr::rand(&mut rng), Fr::rand(&mut rng));
            let all = Domain::new(2 * m).unwrap().evaluate_all_lagrange_coefficients(tau);
            let want: Vec<Fr> = all.iter().skip(1).step_by(2).map(|l| *l * scale).collect();
            assert_eq!(odd_lagrange(m, tau, scale).unwrap(), want);
        }
        let root = Fr::get_root_of_unity(16).unwrap();
        assert_eq!(odd_lagrange(8, root.pow([3u64]), Fr::ONE), None);
        assert_eq!(odd_lagrange(7, Fr::from(5u64), Fr::ONE), None);
    }
}
