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
//!
//! The sequence begins before the first partial round and ends after the last one, with rounds that
//! drive nothing (`d = 0`): `t` such `v` in a row are the state seen through an invertible matrix.
//! So the sequence is entered and left by one linear map each.

use crate::config::{RATE, SKIPPED};
use crate::field::{to_halo2, Fr};
use halo2_proofs::arithmetic::Field;
use halo2_proofs::halo2curves::ff::PrimeField;
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
    /// Row `j`: `v_{j-t}` from the S-boxes of the full round before the partial ones, if no round
    /// before partial round 0 drove anything. `t` rows; the last is `e0`.
    pub(crate) enter: Matrix,
    /// Coefficients `a_i` and `b_i` of the recurrence.
    pub(crate) recurrence: Vec<(Fr, Fr)>,
    /// Row `j`: `e0 M^j`, which gives `v_{R+j}` from the state after the last partial round `R - 1`
    /// if no later round drives anything. `t` rows.
    observe: Matrix,
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

fn unit(n: usize, k: usize) -> Vec<Fr> {
    (0..n).map(|i| if i == k { Fr::ONE } else { Fr::ZERO }).collect()
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

        let columns = transposed(&mds);
        let mut observe = vec![unit(t, 0)];
        for j in 0..t {
            observe.push(apply(&columns, &observe[j]));
        }
        let beyond = observe.pop().expect("t + 1 rows");
        let a = solve(&transposed(&observe), &beyond);
        // observe[j][0] is what d_0 adds to v_j.
        let recurrence = (0..t)
            .map(|l| {
                let of = |k: usize| if k == t { beyond[0] } else { observe[k][0] };
                let later: Fr = (l + 1..t).map(|i| a[i] * of(i - l)).sum();
                (a[l], of(t - l) - later)
            })
            .collect();
        let mut enter = vec![unit(t, 0)];
        for _ in 1..t {
            enter.push(solve(&columns, &enter[enter.len() - 1]));
        }
        enter.reverse();
        Self {
            t,
            first: constants[..HALF_FULL].to_vec(),
            partial,
            last,
            mds,
            enter,
            recurrence,
            observe,
        }
    }

    /// The state after the last partial round `R - 1` from `v_{R+skip} .. v_{R+skip+t-1}`, where
    /// no round from `R` on drives anything: row `i` gives element `i`.
    pub(crate) fn exit(&self, skip: usize) -> Matrix {
        let columns = transposed(&self.mds);
        let mut seen = self.observe.clone();
        for _ in 0..skip {
            seen = seen.iter().map(|row| apply(&columns, row)).collect();
        }
        let by_v: Matrix = (0..self.t).map(|k| solve(&seen, &unit(self.t, k))).collect();
        transposed(&by_v)
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
        apply(&self.mds, &Self::boxes(state, constants))
    }

    /// The S-boxes of a state after adding constants.
    pub(crate) fn boxes(state: &[Fr], constants: &[Fr]) -> Vec<Fr> {
        state.iter().zip(constants).map(|(s, c)| pow5(*s + c)).collect()
    }

    /// `v_{-t}` to `v_{R+after-1}` for the S-boxes of the full round before the partial ones, where
    /// rounds before 0 and from `R` on drive nothing. Also the state after round `R - 1`.
    pub(crate) fn sequence(&self, boxes: &[Fr], after: usize) -> (Vec<Fr>, Vec<Fr>) {
        let mut v: Vec<Fr> = self.enter.iter().map(|row| dot(row, boxes)).collect();
        let mut state = apply(&self.mds, boxes);
        for constant in &self.partial {
            v.push(state[0]);
            state[0] = pow5(state[0] + constant);
            state = apply(&self.mds, &state);
        }
        v.extend(self.observe.iter().map(|row| dot(row, &state)).take(after));
        let mut later = state.clone();
        for j in 0..after {
            if j >= self.t {
                v.push(later[0]);
            }
            later = apply(&self.mds, &later);
        }
        (v, state)
    }
}

/// The constants of the gates of a permutation of width 9, for verifiers: the MDS matrix by rows
/// (81 elements); what enters the partial rounds but its last row, which is `e0` (72); of the
/// recurrence, `a_i - b_i` (9) and `b_i` (9); what leaves the partial rounds, by rows (81). Each
/// element is 32 bytes, big-endian.
#[must_use]
pub fn tables() -> Vec<u8> {
    let rounds = Rounds::for_inputs(RATE);
    let enter = &rounds.enter[..rounds.t - 1];
    let linear = rounds.recurrence.iter().map(|(a, b)| *a - b);
    let driven = rounds.recurrence.iter().map(|(_, b)| *b);
    let all = rounds.mds.iter().chain(enter).flatten().copied().chain(linear).chain(driven);
    all.chain(rounds.exit(SKIPPED).into_iter().flatten())
        .flat_map(|x| {
            let mut bytes = x.to_repr();
            bytes.as_mut().reverse();
            bytes.as_ref().to_vec()
        })
        .collect()
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
            let (before, entering) = rounds.first.split_at(HALF_FULL - 1);
            for c in before {
                state = rounds.full(&state, c);
            }
            // What the gates say of the sequence: how it starts, goes on and ends.
            let boxes = Rounds::boxes(&state, &entering[0]);
            let (t, skip) = (rounds.t, 2);
            let (v, after) = rounds.sequence(&boxes, t + skip);
            for (j, row) in rounds.enter.iter().enumerate() {
                assert_eq!(v[j], dot(row, &boxes));
            }
            let driven = |j: usize| j.checked_sub(t).and_then(|j| rounds.partial.get(j));
            for j in 0..v.len() - t {
                let next = (0..t).map(|i| {
                    let (a, b) = rounds.recurrence[i];
                    let v = v[j + i];
                    a * v + b * driven(j + i).map_or(Fr::ZERO, |c| pow5(v + c) - v)
                });
                assert_eq!(v[j + t], next.sum::<Fr>());
            }
            for skip in [0, skip] {
                let from = t + rounds.partial.len() + skip;
                for (value, row) in after.iter().zip(rounds.exit(skip)) {
                    assert_eq!(*value, dot(&row, &v[from..from + t]));
                }
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
