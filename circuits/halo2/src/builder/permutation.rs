//! Permutations with gates of their own: a hash of eight elements.

use super::{Builder, Var};
use crate::config::{
    state_cell, Kind, AFTER_ROW, OUTPUT, PERMUTATION_ROWS, RATE, SEQUENCE_ROW, WIDTH,
};
use crate::field::Fr;
use crate::liar::Origin;
use crate::rounds::{Rounds, HALF_FULL};
use halo2_proofs::arithmetic::Field;

impl Builder {
    /// `hash(inputs)` of eight elements: one permutation.
    #[track_caller]
    pub(crate) fn hash8(&mut self, inputs: &[Var; RATE]) -> Var {
        let rounds = Rounds::for_inputs(RATE);
        let zero = self.constant(Fr::ZERO);
        let start = self.main.len();
        let mut inputs: Vec<Var> = [zero].iter().chain(inputs).copied().collect();
        for i in 0..inputs.len() {
            if inputs[..i].contains(&inputs[i]) {
                self.place(inputs[i]);
            }
            inputs[i] = self.used(inputs[i], i);
        }
        if let Some(liar) = &mut self.liar {
            // The inside of a permutation is one function here.
            let values: Vec<Fr> = inputs.iter().map(|v| self.values[v.0 as usize]).collect();
            let (value, number) = (liar.permuted(&values), self.values.len());
            for input in inputs {
                self.place(input);
            }
            let output = self.computed(value);
            let otherwise = self.values[number] != value;
            self.liar.as_mut().expect("a liar").hash(output, otherwise);
            self.place(output);
            return output;
        }
        let mut state: Vec<Option<Var>> = inputs.iter().copied().map(Some).collect();
        let mut values: Vec<Fr> = inputs.iter().map(|v| self.value(*v)).collect();

        for (round, constants) in rounds.first.iter().enumerate() {
            let enter = round + 1 == HALF_FULL;
            let kind = if enter { Kind::Enter } else { Kind::Full };
            self.state_rows(kind, &state, constants, None);
            if enter {
                values = Rounds::boxes(&values, constants);
            } else {
                values = rounds.full(&values, constants);
                state = self.fresh(&values);
            }
        }
        debug_assert_eq!(self.main.len(), start + SEQUENCE_ROW);
        values = self.sequence_rows(rounds, &values);
        debug_assert_eq!(self.main.len(), start + AFTER_ROW);
        for (round, constants) in rounds.last.iter().enumerate() {
            state = self.fresh(&values);
            let last = round + 1 == HALF_FULL;
            values = rounds.full(&values, constants);
            let output = last.then(|| self.computed(values[0]));
            let kind = if last { Kind::Last } else { Kind::Full };
            self.state_rows(kind, &state, constants, output);
            if let Some(output) = output {
                debug_assert_eq!(self.main.len(), start + PERMUTATION_ROWS);
                debug_assert_eq!(self.homes[output.0 as usize], Some((OUTPUT.1, start + OUTPUT.0)));
                return output;
            }
        }
        unreachable!("the last round returns")
    }

    /// The sequence of the partial rounds, from the S-boxes before them; returns the state after
    /// them. The sequence's first cell is left out: its rounds begin with a row.
    #[track_caller]
    fn sequence_rows(&mut self, rounds: &Rounds, boxes: &[Fr]) -> Vec<Fr> {
        let rows = AFTER_ROW - SEQUENCE_ROW;
        let (before, driven) = (rounds.t + 1, rounds.partial.len());
        let (v, after) = rounds.sequence(boxes, rows * WIDTH - before - driven);
        for row in 0..rows {
            let kind = match rows - row {
                1 => Kind::Tail,
                2 => Kind::Exit,
                3 => Kind::Remaining,
                _ if row < before / WIDTH => Kind::Before,
                _ => Kind::Partial,
            };
            let at = |column: usize| row * WIDTH + column;
            let w = std::array::from_fn(|c| at(c).checked_sub(1).map(|i| self.inside(v[i])));
            let q = std::array::from_fn(|c| {
                let round = at(c).checked_sub(before);
                round.and_then(|j| rounds.partial.get(j)).copied().unwrap_or(Fr::ZERO)
            });
            self.main_row(kind, w, q);
        }
        after
    }

    /// A value inside a permutation, which its gates and no others read.
    fn inside(&mut self, value: Fr) -> Var {
        self.variable(value, Origin::Inside)
    }

    fn fresh(&mut self, values: &[Fr]) -> Vec<Option<Var>> {
        values.iter().map(|v| Some(self.inside(*v))).collect()
    }

    #[track_caller]
    fn state_rows(
        &mut self,
        kind: Kind,
        state: &[Option<Var>],
        constants: &[Fr],
        spare: Option<Var>,
    ) {
        for row in 0..2 {
            let mut w = [None; WIDTH];
            let mut q = [Fr::ZERO; WIDTH];
            for (i, (var, constant)) in state.iter().zip(constants).enumerate() {
                let (r, c) = state_cell(i);
                if r == row {
                    (w[c], q[c]) = (*var, *constant);
                }
            }
            if row == 1 {
                w[WIDTH - 1] = spare;
            }
            self.main_row(if row == 0 { kind } else { Kind::State }, w, q);
        }
    }
}
