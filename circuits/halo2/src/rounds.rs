//! Poseidon's rounds, worked out once for each width: what the chip's gates and rows need.
//!
//! The definition adds a vector of constants in every round. In a partial round only element 0
//! meets the S-box, so the other constants move through the matrix into the next round's: after
//! that, a partial round with state `s`, constant `c` and the MDS matrix `M` is
//!
//! ```text
//! x = (s[0] + c)^5,   s' = M (s + (x - s[0]) e0)
//! ```
//!
//! the same linear map in every round, driven by one number. Let `v_j` be `s[0]` before partial
//! round `j`, and `d_j = x_j - v_j`. By Cayley and Hamilton the `v` obey one recurrence,
//!
//! ```text
//! v_{j+t} = sum over i < t of (a_i v_{j+i} + b_i d_{j+i})
//! ```
//!
//! with the coefficients `a` of `M`'s characteristic polynomial. So a partial round costs one cell,
//! the state is not carried, and no constant but `c_j` changes from round to round.

use crate::field::{to_halo2, Fr};
use halo2_proofs::arithmetic::Field;
use light_poseidon::parameters::bn254_x5::get_poseidon_parameters;
use std::sync::LazyLock;

/// Full rounds on each side of the partial ones.
pub(crate) const HALF_FULL: usize = 4;

type Matrix = Vec<Vec<Fr>>;

/// The rounds of one width.
#[derive(Debug)]
pub(crate) struct Rounds {
    /// Width of the state.
    pub(crate) t: usize,
    /// Constants of the full rounds before the partial ones.
    pub(crate) first: Matrix,
    /// Element 0's constant in each partial round.
    pub(crate) partial: Vec<Fr>,
    /// Constants of the full rounds after the partial ones.
    pub(crate) last: Matrix,
    /// The MDS matrix.
    pub(crate) mds: Matrix,
    /// Row `j`: `v_j` from the state before partial round 0, if no S-box acted. `t + 1` rows.
    pub(crate) observe: Matrix,
    /// `impulse[k]`: what `d_j` adds to `v_{j+k}` while no recurrence is needed, from `k = 0`
    /// (nothing) to `t`.
    pub(crate) impulse: Vec<Fr>,
    /// Coefficients `a_i` and `b_i` of the recurrence.
    pub(crate) recurrence: Vec<(Fr, Fr)>,
    /// The state after the last partial round from the last `t` of `v` (the last of them is its
    /// element 0): row `i`, column `k` is the coefficient of the `k`-th `v`.
    pub(crate) exit_v: Matrix,
    /// The same, coefficients of the `t - 1` S-box outputs among them.
    pub(crate) exit_x: Matrix,
}

fn dot(a: &[Fr], b: &[Fr]) -> Fr {
    a.iter().zip(b).map(|(x, y)| *x * y).sum()
}

fn apply(m: &[Vec<Fr>], v: &[Fr]) -> Vec<Fr> {
    m.iter().map(|row| dot(row, v)).collect()
}

fn transposed(m: &[Vec<Fr>]) -> Matrix {
    (0..m[0].len()).map(|j| m.iter().map(|row| row[j]).collect()).collect()
}

/// Solves `m x = v` by elimination.
fn solve(m: &[Vec<Fr>], v: &[Fr]) -> Vec<Fr> {
    let n = v.len();
    let mut rows: Matrix =
        m.iter().zip(v).map(|(r, x)| r.iter().copied().chain([*x]).collect()).collect();
    for i in 0..n {
        let pivot = (i..n).find(|&r| rows[r][i] != Fr::ZERO).expect("the matrix is regular");
        rows.swap(i, pivot);
        let inverse = rows[i][i].invert().expect("the pivot is not zero");
        rows[i].iter_mut().for_each(|x| *x *= inverse);
        let pivot_row = rows[i].clone();
        for (r, row) in rows.iter_mut().enumerate() {
            let factor = row[i];
            if r != i {
                row.iter_mut().zip(&pivot_row).for_each(|(x, p)| *x -= factor * p);
            }
        }
    }
    rows.into_iter().map(|r| r[n]).collect()
}

/// `x^5`.
pub(crate) fn pow5(x: Fr) -> Fr {
    x.square().square() * x
}

impl Rounds {
    fn new(t: usize) -> Self {
        let raw = get_poseidon_parameters::<crate::field::ArkFr>(t as u8)
            .expect("circomlib defines this width");
        assert_eq!((raw.full_rounds, raw.width, raw.alpha), (2 * HALF_FULL, t, 5));
        let mds: Matrix = raw.mds.iter().map(|r| r.iter().map(to_halo2).collect()).collect();
        let constants: Matrix =
            raw.ark.chunks(t).map(|r| r.iter().map(to_halo2).collect()).collect();
        let count = raw.partial_rounds;

        let mut carried = vec![Fr::ZERO; t];
        let mut partial = Vec::with_capacity(count);
        for round in &constants[HALF_FULL..HALF_FULL + count] {
            let mut sum: Vec<Fr> = round.iter().zip(&carried).map(|(a, b)| *a + b).collect();
            partial.push(std::mem::replace(&mut sum[0], Fr::ZERO));
            carried = apply(&mds, &sum);
        }
        let mut last = constants[HALF_FULL + count..].to_vec();
        last[0].iter_mut().zip(&carried).for_each(|(a, b)| *a += b);

        // Row j of `observe` is row 0 of M^j; its first entry is what d_0 adds to v_j.
        let columns = transposed(&mds);
        let mut row = vec![Fr::ZERO; t];
        row[0] = Fr::ONE;
        let mut observe = Vec::with_capacity(t + 1);
        for _ in 0..=t {
            let next = apply(&columns, &row);
            observe.push(std::mem::replace(&mut row, next));
        }
        let mut impulse: Vec<Fr> = observe.iter().map(|r| r[0]).collect();
        impulse[0] = Fr::ZERO;

        let a = solve(&transposed(&observe[..t]), &observe[t]);
        let recurrence = (0..t)
            .map(|l| {
                let later: Fr = (l + 1..t).map(|i| a[i] * impulse[i - l]).sum();
                (a[l], impulse[t - l] - later)
            })
            .collect();

        let mut rounds = Self {
            t,
            first: constants[..HALF_FULL].to_vec(),
            partial,
            last,
            mds,
            observe,
            impulse,
            recurrence,
            exit_v: Vec::new(),
            exit_x: Vec::new(),
        };
        let unit = |n: usize, k: usize| -> Vec<Fr> {
            (0..n).map(|i| if i == k { Fr::ONE } else { Fr::ZERO }).collect()
        };
        let none = |n: usize| vec![Fr::ZERO; n];
        let by_v: Matrix = (0..t).map(|k| rounds.state(&unit(t, k), &none(t - 1))).collect();
        let by_x: Matrix = (0..t - 1).map(|k| rounds.state(&none(t), &unit(t - 1, k))).collect();
        rounds.exit_v = transposed(&by_v);
        rounds.exit_x = transposed(&by_x);
        rounds
    }

    /// The state whose element 0 is the last of `v`, given `t` consecutive `v` and the S-box
    /// outputs of all but the last.
    fn state(&self, v: &[Fr], x: &[Fr]) -> Vec<Fr> {
        let t = self.t;
        let d: Vec<Fr> = x.iter().zip(v).map(|(x, v)| *x - v).collect();
        let free: Vec<Fr> =
            (0..t).map(|i| v[i] - (0..i).map(|l| self.impulse[i - l] * d[l]).sum::<Fr>()).collect();
        let mut state = solve(&self.observe[..t], &free);
        for d in d {
            state[0] += d;
            state = apply(&self.mds, &state);
        }
        state
    }

    /// The rounds for hashes of `n` elements, 3 to 8.
    ///
    /// # Panics
    /// For any other `n`: widths are chosen in code, never by input.
    pub(crate) fn for_inputs(n: usize) -> &'static Self {
        static TABLE: [LazyLock<Rounds>; 6] = [
            LazyLock::new(|| Rounds::new(4)),
            LazyLock::new(|| Rounds::new(5)),
            LazyLock::new(|| Rounds::new(6)),
            LazyLock::new(|| Rounds::new(7)),
            LazyLock::new(|| Rounds::new(8)),
            LazyLock::new(|| Rounds::new(9)),
        ];
        &TABLE[n - 3]
    }

    /// `M` times the S-boxes of a state after adding constants.
    pub(crate) fn full(&self, state: &[Fr], constants: &[Fr]) -> Vec<Fr> {
        let boxes: Vec<Fr> = state.iter().zip(constants).map(|(s, c)| pow5(*s + c)).collect();
        apply(&self.mds, &boxes)
    }

    /// `v_0, v_1, ..` for a state before the partial rounds, `count` of them; rounds beyond the last
    /// have the constant zero. Also the state after the last partial round.
    pub(crate) fn sequence(&self, state: &[Fr], count: usize) -> (Vec<Fr>, Vec<Fr>) {
        let mut state = state.to_vec();
        let mut after = state.clone();
        let mut v = Vec::with_capacity(count);
        for j in 0..count {
            if j == self.partial.len() {
                after.clone_from(&state);
            }
            v.push(state[0]);
            state[0] = pow5(state[0] + self.partial.get(j).copied().unwrap_or(Fr::ZERO));
            state = apply(&self.mds, &state);
        }
        (v, after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::to_ark;
    use meed_statement::poseidon;

    #[test]
    fn rounds_are_those_of_the_native_hash() {
        for n in 3..=8 {
            let rounds = Rounds::for_inputs(n);
            let inputs: Vec<Fr> = (0..n as u64).map(|i| Fr::from(i * i + 7)).collect();
            let mut state = vec![Fr::ZERO];
            state.extend(&inputs);
            for c in &rounds.first {
                state = rounds.full(&state, c);
            }
            let count = rounds.partial.len() + 2;
            let (v, after) = rounds.sequence(&state, count);
            // What the gates say of the sequence: how it starts, goes on and ends.
            let t = rounds.t;
            let x: Vec<Fr> = (0..count)
                .map(|j| pow5(v[j] + rounds.partial.get(j).copied().unwrap_or(Fr::ZERO)))
                .collect();
            for j in 0..=t {
                let driven: Fr = (0..j).map(|i| rounds.impulse[j - i] * (x[i] - v[i])).sum();
                assert_eq!(v[j], dot(&rounds.observe[j], &state) + driven);
            }
            for j in 0..count - t {
                let next = (0..t).map(|i| {
                    let (a, b) = rounds.recurrence[i];
                    a * v[j + i] + b * (x[j + i] - v[j + i])
                });
                assert_eq!(v[j + t], next.sum::<Fr>());
            }
            let from = rounds.partial.len() + 1 - t;
            for (i, value) in after.iter().enumerate() {
                let got = dot(&rounds.exit_v[i], &v[from..from + t])
                    + dot(&rounds.exit_x[i], &x[from..from + t - 1]);
                assert_eq!(*value, got);
            }
            state = after;
            for c in &rounds.last {
                state = rounds.full(&state, c);
            }
            let inputs: Vec<_> = inputs.iter().map(to_ark).collect();
            assert_eq!(to_ark(&state[0]), poseidon::hash(&inputs));
        }
    }
}
