//! Hashes and trees, with the roots of the native code.
//!
//! Hashes of eight elements, of which an epoch has hundreds, have gates of their own
//! ([`Builder::hash8`]). The six others, at the tops, are arithmetic rows: a few hundred each.

use crate::builder::{fr, Builder, Term, Var};
use crate::config::RATE;
use crate::field::{to_halo2, Fr};
use crate::rounds::{Rounds, HALF_FULL};
use halo2_proofs::arithmetic::Field;
use meed_statement::poseidon::{tag, ARITY, DEPTH, ZEROS};

impl Builder {
    /// `hash(inputs)` for 3 to 8 inputs.
    #[track_caller]
    pub(crate) fn hash(&mut self, inputs: &[Var]) -> Var {
        match inputs.try_into() {
            Ok(inputs) => self.hash8(inputs),
            Err(_) => self.hash_by_rows(inputs),
        }
    }

    #[track_caller]
    fn hash_by_rows(&mut self, inputs: &[Var]) -> Var {
        let rounds = Rounds::for_inputs(inputs.len());
        let t = rounds.t;
        let mut state = vec![self.constant(Fr::ZERO)];
        state.extend(inputs);
        let (before, entering) = rounds.first.split_at(HALF_FULL - 1);
        for constants in before {
            state = self.full_round(&state, constants, rounds, t);
        }
        let boxes = self.boxes(&state, &entering[0]);
        let mut v: Vec<Var> = Vec::new();
        // The S-boxes' outputs; where nothing is driven, the v themselves.
        let mut x: Vec<Var> = Vec::new();
        for row in &rounds.enter {
            let next = match row[0] == Fr::ONE && row[1..].iter().all(|k| *k == Fr::ZERO) {
                true => boxes[0],
                false => self.weighed(row, &boxes),
            };
            v.push(next);
            x.push(next);
        }
        for j in 0..rounds.partial.len() + t {
            let mut terms: Vec<Term> = Vec::new();
            for (i, (a, b)) in rounds.recurrence.iter().enumerate() {
                if x[j + i] == v[j + i] {
                    terms.push((*a, v[j + i]));
                } else {
                    terms.extend([(*a - b, v[j + i]), (*b, x[j + i])]);
                }
            }
            let next = self.sum(&terms, Fr::ZERO);
            v.push(next);
            let constant = rounds.partial.get(j);
            let out = constant.map_or(next, |constant| self.sbox(next, constant));
            x.push(out);
        }
        let last = &v[v.len() - t..];
        state = rounds.exit(0).iter().map(|row| self.weighed(row, last)).collect();
        for (round, constants) in rounds.last.iter().enumerate() {
            let outputs = if round + 1 == rounds.last.len() { 1 } else { t };
            state = self.full_round(&state, constants, rounds, outputs);
        }
        state[0]
    }

    #[track_caller]
    fn full_round(
        &mut self,
        state: &[Var],
        constants: &[Fr],
        rounds: &Rounds,
        outputs: usize,
    ) -> Vec<Var> {
        let boxes = self.boxes(state, constants);
        rounds.mds[..outputs].iter().map(|row| self.weighed(row, &boxes)).collect()
    }

    #[track_caller]
    fn boxes(&mut self, state: &[Var], constants: &[Fr]) -> Vec<Var> {
        state.iter().zip(constants).map(|(v, c)| self.sbox(*v, c)).collect()
    }

    #[track_caller]
    fn weighed(&mut self, weights: &[Fr], vars: &[Var]) -> Var {
        let terms: Vec<Term> = weights.iter().copied().zip(vars.iter().copied()).collect();
        self.sum(&terms, Fr::ZERO)
    }

    /// `(v + c)^5`. Three rows.
    #[track_caller]
    fn sbox(&mut self, v: Var, c: &Fr) -> Var {
        let x2 = self.solve(&[(c.double(), v), (Fr::ZERO, v)], [1, 0], c.square());
        let x4 = self.product(x2, x2);
        self.solve(&[(*c, x4), (Fr::ZERO, v)], [1, 0], Fr::ZERO)
    }

    /// A domain tag.
    #[track_caller]
    pub(crate) fn tag(&mut self, text: &str) -> Var {
        self.constant(to_halo2(&tag(text)))
    }

    /// A short number as a constant.
    #[track_caller]
    pub(crate) fn number(&mut self, v: i64) -> Var {
        self.constant(fr(v))
    }

    /// The levels of an 8-ary tree over `leaves` up to one node; missing children are zero
    /// subtrees. Returns the node and its level.
    #[track_caller]
    fn tree(&mut self, leaves: &[Var]) -> (Var, usize) {
        let mut level = leaves.to_vec();
        let mut height = 0;
        while level.len() > 1 {
            let zero = self.constant(to_halo2(&ZEROS[height]));
            let mut above = Vec::with_capacity(level.len().div_ceil(ARITY));
            for chunk in level.chunks(ARITY) {
                let mut children = [zero; RATE];
                children[..chunk.len()].copy_from_slice(chunk);
                above.push(self.hash8(&children));
            }
            level = above;
            height += 1;
        }
        (level[0], height)
    }

    /// The root that [`meed_statement::poseidon::tree_root`] computes: lifted to the full depth
    /// with zero subtrees, so that it does not depend on the shape.
    #[track_caller]
    pub(crate) fn tree_root(&mut self, leaves: &[Var]) -> Var {
        let (mut node, height) = self.tree(leaves);
        for zero in &ZEROS[height..DEPTH] {
            let mut children = [self.constant(to_halo2(zero)); RATE];
            children[0] = node;
            node = self.hash8(&children);
        }
        node
    }

    /// A hash that fixes all of `items`; their number is the shape's. Not a root: it is not
    /// lifted.
    #[track_caller]
    pub(crate) fn digest(&mut self, items: &[Var]) -> Var {
        self.tree(items).0
    }

    /// A challenge from what must be fixed before it, at most seven elements.
    #[track_caller]
    pub(crate) fn challenge(&mut self, text: &str, from: &[Var]) -> Var {
        let mut inputs = [self.number(0); RATE];
        inputs[0] = self.tag(text);
        inputs[1..=from.len()].copy_from_slice(from);
        self.hash8(&inputs)
    }
}
