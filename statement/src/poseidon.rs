//! Poseidon over BN254's scalar field with circomlib's parameters.
//!
//! Grassi et al., "Poseidon: A New Hash Function for Zero-Knowledge Proof Systems" (2021), x^5,
//! eight full rounds; partial rounds and constants as circomlib has them, taken from the crate
//! `light-poseidon`. A hash of `n` elements uses width `t = n + 1`, capacity element 0 first,
//! and returns element 0.
//!
//! The permutation follows the paper's appendix B: constants of the partial rounds are moved to
//! element 0 and each partial round's matrix is sparse, which makes it about four times faster than
//! the definition. Tests hold it against the definition.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use light_poseidon::parameters::bn254_x5::get_poseidon_parameters;
use rayon::prelude::*;
use std::sync::LazyLock;

/// Elements under one node of a tree.
pub const ARITY: usize = 8;
/// Levels of every tree: 8^8 elements, whatever the size of the epoch, so a root does not
/// depend on the circuit's shape.
pub const DEPTH: usize = 8;
/// Most elements a tree holds.
pub const TREE_CAPACITY: usize = ARITY.pow(DEPTH as u32);
/// Full rounds, half of them before the partial ones.
pub const FULL_ROUNDS: usize = 8;

/// A matrix that is the identity but for its first row and column.
#[derive(Debug)]
struct SparseMatrix {
    row: Vec<Fr>,
    column: Vec<Fr>,
}

/// Parameters of one width, prepared for fast evaluation.
#[derive(Debug)]
pub struct Params {
    width: usize,
    mds: Vec<Vec<Fr>>,
    /// Constants of the full rounds before the partial ones, `width` each.
    first: Vec<Vec<Fr>>,
    /// Element 0's constant and the sparse matrix of each partial round.
    partial: Vec<(Fr, SparseMatrix)>,
    /// What the sparse matrices leave to be done once: acts on elements 1.. only.
    residue: Vec<Vec<Fr>>,
    /// Constants of the full rounds after the partial ones.
    last: Vec<Vec<Fr>>,
}

fn mat_vec(m: &[Vec<Fr>], v: &[Fr]) -> Vec<Fr> {
    m.iter().map(|row| row.iter().zip(v).map(|(a, b)| *a * b).sum()).collect()
}

fn mat_mul(a: &[Vec<Fr>], b: &[Vec<Fr>]) -> Vec<Vec<Fr>> {
    let n = b.len();
    a.iter()
        .map(|row| (0..n).map(|j| row.iter().zip(b).map(|(x, r)| *x * r[j]).sum()).collect())
        .collect()
}

/// Solves `m x = v` by elimination; the matrices here are minors of MDS matrices, so regular.
fn solve(m: &[Vec<Fr>], v: &[Fr]) -> Vec<Fr> {
    let n = v.len();
    let mut rows: Vec<Vec<Fr>> =
        m.iter().zip(v).map(|(r, x)| r.iter().copied().chain([*x]).collect()).collect();
    for i in 0..n {
        let pivot = (i..n).find(|&r| rows[r][i] != Fr::ZERO).expect("minors of an MDS are regular");
        rows.swap(i, pivot);
        let inverse = rows[i][i].inverse().expect("the pivot is not zero");
        rows[i].iter_mut().for_each(|x| *x *= inverse);
        let pivot_row = rows[i].clone();
        for (r, row) in rows.iter_mut().enumerate() {
            let factor = row[i];
            if r != i && factor != Fr::ZERO {
                row.iter_mut().zip(&pivot_row).for_each(|(x, p)| *x -= factor * p);
            }
        }
    }
    rows.into_iter().map(|r| r[n]).collect()
}

impl Params {
    /// Prepares the parameters of width `t` (3 to 13).
    fn new(t: usize) -> Self {
        let raw = get_poseidon_parameters::<Fr>(t as u8).expect("circomlib defines this width");
        assert_eq!((raw.full_rounds, raw.width, raw.alpha), (FULL_ROUNDS, t, 5));
        let constants: Vec<Vec<Fr>> = raw.ark.chunks(t).map(<[Fr]>::to_vec).collect();
        let half = FULL_ROUNDS / 2;
        let mds = raw.mds;

        // Constants of elements 1.. do not meet an S-box in a partial round, so they move through
        // the matrix into the next round's constants.
        let mut carried = vec![Fr::ZERO; t];
        let mut scalars = Vec::with_capacity(raw.partial_rounds);
        for round in &constants[half..half + raw.partial_rounds] {
            let mut sum: Vec<Fr> = round.iter().zip(&carried).map(|(a, b)| *a + b).collect();
            scalars.push(sum[0]);
            sum[0] = Fr::ZERO;
            carried = mat_vec(&mds, &sum);
        }
        let mut last = constants[half + raw.partial_rounds..].to_vec();
        last[0].iter_mut().zip(&carried).for_each(|(a, b)| *a += b);

        // M * R = R' * S with R' = diag(1, .) and S sparse; R' commutes with the S-box on element 0.
        let mut residue: Vec<Vec<Fr>> =
            (0..t).map(|i| (0..t).map(|j| Fr::from(i == j)).collect()).collect();
        let mut partial = Vec::with_capacity(raw.partial_rounds);
        for scalar in scalars {
            let m = mat_mul(&mds, &residue);
            let minor: Vec<Vec<Fr>> = m[1..].iter().map(|r| r[1..].to_vec()).collect();
            let below: Vec<Fr> = m[1..].iter().map(|r| r[0]).collect();
            let sparse = SparseMatrix { row: m[0].clone(), column: solve(&minor, &below) };
            for (i, row) in minor.into_iter().enumerate() {
                residue[i + 1][1..].copy_from_slice(&row);
            }
            partial.push((scalar, sparse));
        }
        Self { width: t, mds, first: constants[..half].to_vec(), partial, residue, last }
    }

    /// The parameters for hashes of `n` elements, 2 to 8.
    ///
    /// # Panics
    /// For any other `n`: widths are chosen in code, never by input.
    #[must_use]
    pub fn for_inputs(n: usize) -> &'static Self {
        static TABLE: [LazyLock<Params>; 7] = [
            LazyLock::new(|| Params::new(3)),
            LazyLock::new(|| Params::new(4)),
            LazyLock::new(|| Params::new(5)),
            LazyLock::new(|| Params::new(6)),
            LazyLock::new(|| Params::new(7)),
            LazyLock::new(|| Params::new(8)),
            LazyLock::new(|| Params::new(9)),
        ];
        &TABLE[n - 2]
    }

    /// Width of the state.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// S-boxes in one permutation.
    #[must_use]
    pub fn sboxes(&self) -> usize {
        FULL_ROUNDS * self.width + self.partial.len()
    }

    /// Runs the permutation on `state`, calling `sbox` for every S-box in a fixed order (rounds in
    /// order, elements in order). Generic, so that the circuit's template runs the very same code.
    pub fn permute<T: Linear>(&self, state: &mut Vec<T>, sbox: &mut impl FnMut(T) -> T) {
        assert_eq!(state.len(), self.width);
        let full = |state: &mut Vec<T>, constants: &[Fr], sbox: &mut dyn FnMut(T) -> T| {
            for (x, c) in state.iter_mut().zip(constants) {
                let mut v = core::mem::replace(x, T::zero());
                v.add_constant(c);
                *x = sbox(v);
            }
        };
        for constants in &self.first {
            full(state, constants, sbox);
            *state = apply(&self.mds, state);
        }
        for (constant, sparse) in &self.partial {
            let mut head = core::mem::replace(&mut state[0], T::zero());
            head.add_constant(constant);
            let head = sbox(head);
            let mut top = T::zero();
            top.add_scaled(&head, &sparse.row[0]);
            for (x, k) in state[1..].iter().zip(&sparse.row[1..]) {
                top.add_scaled(x, k);
            }
            for (x, k) in state[1..].iter_mut().zip(&sparse.column) {
                x.add_scaled(&head, k);
            }
            state[0] = top;
        }
        *state = apply(&self.residue, state);
        for constants in &self.last {
            full(state, constants, sbox);
            *state = apply(&self.mds, state);
        }
    }
}

fn apply<T: Linear>(m: &[Vec<Fr>], state: &[T]) -> Vec<T> {
    m.iter()
        .map(|row| {
            let mut sum = T::zero();
            for (x, k) in state.iter().zip(row) {
                if *k != Fr::ZERO {
                    sum.add_scaled(x, k);
                }
            }
            sum
        })
        .collect()
}

/// What the permutation's linear layers need: field elements natively, linear combinations in a
/// circuit.
pub trait Linear: Sized {
    /// The neutral element.
    fn zero() -> Self;
    /// Adds `k * other`.
    fn add_scaled(&mut self, other: &Self, k: &Fr);
    /// Adds a constant.
    fn add_constant(&mut self, k: &Fr);
}

impl Linear for Fr {
    fn zero() -> Self {
        Self::ZERO
    }
    #[inline]
    fn add_scaled(&mut self, other: &Self, k: &Fr) {
        *self += *other * k;
    }
    #[inline]
    fn add_constant(&mut self, k: &Fr) {
        *self += k;
    }
}

/// `x^5`.
#[inline]
#[must_use]
pub fn pow5(x: Fr) -> Fr {
    let x2 = x.square();
    x2.square() * x
}

/// Hashes 2 to 8 elements.
///
/// # Panics
/// For any other number of elements: it is chosen in code, never by input.
#[must_use]
pub fn hash(inputs: &[Fr]) -> Fr {
    let mut state = Vec::with_capacity(inputs.len() + 1);
    state.push(Fr::ZERO);
    state.extend_from_slice(inputs);
    Params::for_inputs(inputs.len()).permute(&mut state, &mut pow5);
    state[0]
}

/// Roots of trees that hold only zeros, by level: `0, H(0 x 8), ...`.
pub static ZEROS: LazyLock<[Fr; DEPTH + 1]> = LazyLock::new(|| {
    let mut zeros = [Fr::ZERO; DEPTH + 1];
    for level in 0..DEPTH {
        zeros[level + 1] = hash(&[zeros[level]; ARITY]);
    }
    zeros
});

/// Root of the 8-ary tree of depth 8 over `leaves`, padded with zeros. The number of leaves is not
/// bound here: whoever uses the root hashes it together with the count.
///
/// # Panics
/// With more than 8^8 leaves: callers bound their lists first.
#[must_use]
pub fn tree_root(leaves: &[Fr]) -> Fr {
    assert!(leaves.len() <= TREE_CAPACITY, "a tree holds at most 8^8 elements");
    let mut level = leaves.to_vec();
    for zero in &ZEROS[..DEPTH] {
        level = level
            .par_chunks(ARITY)
            .with_min_len(16)
            .map(|chunk| {
                let mut node = [*zero; ARITY];
                node[..chunk.len()].copy_from_slice(chunk);
                hash(&node)
            })
            .collect();
    }
    level.first().copied().unwrap_or(ZEROS[DEPTH])
}

/// A short text as a domain tag: its bytes as a big-endian number.
#[must_use]
pub fn tag(text: &str) -> Fr {
    use ark_ff::PrimeField;
    assert!(text.len() <= 31, "a tag fits a field element");
    Fr::from_be_bytes_mod_order(text.as_bytes())
}
