//! R1CS matrices in compressed rows, with interned coefficients.
//!
//! A circuit repeats a few thousand coefficients in millions of terms, so a term is two `u32`.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field, PrimeField};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, SynthesisError, Variable,
};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

/// One of the three matrices. Row `i` holds terms `(column, coefficient index)`, sorted by column,
/// each column once, no zero coefficient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sparse {
    ends: Vec<u32>,
    terms: Vec<(u32, u32)>,
}

impl Sparse {
    pub(crate) fn push_row(&mut self, terms: impl IntoIterator<Item = (u32, u32)>) {
        self.terms.extend(terms);
        self.ends.push(u32::try_from(self.terms.len()).expect("a matrix has under 2^32 terms"));
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.ends.len()
    }

    /// Number of terms in all rows.
    #[must_use]
    pub fn terms(&self) -> usize {
        self.terms.len()
    }

    /// The terms of row `i` as (column, index into [`Matrices::coeffs`]).
    #[must_use]
    pub fn row(&self, i: usize) -> &[(u32, u32)] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] as usize };
        &self.terms[start..self.ends[i] as usize]
    }
}

/// The constraint system `A z * B z = C z` of one circuit shape.
///
/// Columns: 0 is the constant one, then the public inputs, then the witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrices {
    /// Columns of the instance: the constant one and the public inputs.
    pub instance: usize,
    /// Columns of the witness.
    pub witness: usize,
    /// Left factors.
    pub a: Sparse,
    /// Right factors.
    pub b: Sparse,
    /// Products.
    pub c: Sparse,
    /// The distinct coefficients that the terms name.
    pub coeffs: Vec<Fr>,
}

impl Matrices {
    /// Number of constraints.
    #[must_use]
    pub fn constraints(&self) -> usize {
        self.a.rows()
    }

    /// Number of columns, the constant one included.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.instance + self.witness
    }

    /// Row `i` of `matrix` as field elements.
    pub fn row<'a>(
        &'a self,
        matrix: &'a Sparse,
        i: usize,
    ) -> impl Iterator<Item = (Fr, usize)> + 'a {
        matrix.row(i).iter().map(|&(col, k)| (self.coeffs[k as usize], col as usize))
    }

    /// The value of row `i` of `matrix` at assignment `z`.
    #[must_use]
    pub fn eval_row(&self, matrix: &Sparse, i: usize, z: &[Fr]) -> Fr {
        matrix.row(i).iter().fold(Fr::ZERO, |sum, &(col, k)| {
            // Coefficients 0 and 1 of the table are 1 and -1: most terms cost no product.
            match k {
                0 => sum + z[col as usize],
                1 => sum - z[col as usize],
                _ => sum + self.coeffs[k as usize] * z[col as usize],
            }
        })
    }

    /// The product of `matrix` with assignment `z`, in parallel.
    #[must_use]
    pub fn eval(&self, matrix: &Sparse, z: &[Fr]) -> Vec<Fr> {
        (0..matrix.rows()).into_par_iter().map(|i| self.eval_row(matrix, i, z)).collect()
    }

    /// The first constraint that assignment `z` does not satisfy.
    #[must_use]
    pub fn first_unsatisfied(&self, z: &[Fr]) -> Option<usize> {
        (0..self.constraints()).into_par_iter().find_first(|&i| !self.satisfied(i, z))
    }

    /// Whether assignment `z` satisfies constraint `i`.
    #[must_use]
    pub fn satisfied(&self, i: usize, z: &[Fr]) -> bool {
        self.eval_row(&self.a, i, z) * self.eval_row(&self.b, i, z) == self.eval_row(&self.c, i, z)
    }

    /// SHA-256 of the whole system: identifies the circuit that a key belongs to.
    ///
    /// Over `"meed.r1cs.v1"`, the counts as u64 and every row as (number of terms, then column and
    /// coefficient of each), all little-endian.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let coeffs: Vec<[u8; 32]> = self
            .coeffs
            .iter()
            .map(|c| {
                let mut bytes = [0; 32];
                for (to, limb) in bytes.chunks_exact_mut(8).zip(c.into_bigint().0) {
                    to.copy_from_slice(&limb.to_le_bytes());
                }
                bytes
            })
            .collect();
        let mut hash = Sha256::new();
        hash.update(b"meed.r1cs.v1");
        for count in [self.instance, self.witness, self.constraints()] {
            hash.update((count as u64).to_le_bytes());
        }
        for matrix in [&self.a, &self.b, &self.c] {
            for i in 0..matrix.rows() {
                let row = matrix.row(i);
                hash.update((row.len() as u32).to_le_bytes());
                for &(col, k) in row {
                    hash.update(col.to_le_bytes());
                    hash.update(coeffs[k as usize]);
                }
            }
        }
        hash.finalize().into()
    }
}

/// The same constraint system for arkworks: its set-up, its prover, its satisfaction check.
///
/// `assignment` is the full one (`z[0] = 1`); without it only a set-up can be made.
#[derive(Clone, Copy, Debug)]
pub struct ArkCircuit<'a> {
    /// The constraints.
    pub matrices: &'a Matrices,
    /// Values of all columns, where there are any.
    pub assignment: Option<&'a [Fr]>,
}

impl ConstraintSynthesizer<Fr> for ArkCircuit<'_> {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let m = self.matrices;
        let value = |i: usize| {
            self.assignment.and_then(|z| z.get(i).copied()).ok_or(SynthesisError::AssignmentMissing)
        };
        let mut columns = Vec::with_capacity(m.columns());
        columns.push(Variable::One);
        for i in 1..m.instance {
            columns.push(cs.new_input_variable(|| value(i))?);
        }
        for i in m.instance..m.columns() {
            columns.push(cs.new_witness_variable(|| value(i))?);
        }
        let lc = |matrix: &Sparse, i: usize| {
            LinearCombination(m.row(matrix, i).map(|(k, col)| (k, columns[col])).collect())
        };
        for i in 0..m.constraints() {
            cs.enforce_r1cs_constraint(|| lc(&m.a, i), || lc(&m.b, i), || lc(&m.c, i))?;
        }
        Ok(())
    }
}

/// Builds [`Matrices`] row by row. Coefficients 1 and -1 have indices 0 and 1.
#[derive(Debug)]
pub struct MatrixBuilder {
    matrices: Matrices,
    index: std::collections::HashMap<Fr, u32>,
}

impl MatrixBuilder {
    /// A system with `instance` columns (the constant one included) and no constraint yet.
    #[must_use]
    pub fn new(instance: usize) -> Self {
        let coeffs = vec![Fr::ONE, -Fr::ONE];
        let index = coeffs.iter().copied().zip(0..).collect();
        let empty = Sparse::default;
        Self {
            matrices: Matrices { instance, witness: 0, a: empty(), b: empty(), c: empty(), coeffs },
            index,
        }
    }

    /// Adds a witness column and returns its index.
    pub fn new_witness(&mut self) -> u32 {
        let column = self.matrices.columns();
        self.matrices.witness += 1;
        u32::try_from(column).expect("a circuit has under 2^32 columns")
    }

    /// Number of constraints so far.
    #[must_use]
    pub fn constraints(&self) -> usize {
        self.matrices.constraints()
    }

    /// Adds the constraint `a * b = c`. Terms are (column, coefficient), in any order, columns may
    /// repeat: they are merged, and zeros dropped.
    pub fn enforce(&mut self, a: &[(u32, Fr)], b: &[(u32, Fr)], c: &[(u32, Fr)]) {
        let rows = [a, b, c].map(|terms| self.intern(terms));
        let [a, b, c] = rows;
        self.matrices.a.push_row(a);
        self.matrices.b.push_row(b);
        self.matrices.c.push_row(c);
    }

    fn intern(&mut self, terms: &[(u32, Fr)]) -> Vec<(u32, u32)> {
        let mut terms = terms.to_vec();
        terms.sort_unstable_by_key(|t| t.0);
        terms.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        terms.retain(|t| t.1 != Fr::ZERO);
        let Self { matrices, index } = self;
        terms
            .into_iter()
            .map(|(col, k)| {
                let id = *index.entry(k).or_insert_with(|| {
                    matrices.coeffs.push(k);
                    u32::try_from(matrices.coeffs.len() - 1).expect("under 2^32 coefficients")
                });
                (col, id)
            })
            .collect()
    }

    /// The finished system.
    #[must_use]
    pub fn finish(self) -> Matrices {
        self.matrices
    }
}
