//! Toy systems with three public inputs, in the shape of the real ones: squarings over full field
//! elements, bits, and a public input that depends on all of them.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use meed_circuits::r1cs::matrix::{Matrices, MatrixBuilder};
use meed_prover::CircuitId;

pub mod saved;

/// Constraints, and an assignment that satisfies them.
pub struct Toy {
    pub matrices: Matrices,
    pub assignment: Vec<Fr>,
}

impl Toy {
    /// About `size` constraints, half of them bits.
    pub fn new(size: usize, seed: u64) -> Self {
        let (h, alpha) = (Fr::from(seed + 7), Fr::from(seed + 11).pow([1 << 20, 3]));
        let mut builder = MatrixBuilder::new(4);
        let mut z = vec![Fr::ONE, h, alpha, Fr::ZERO];
        let one = Fr::ONE;
        let x0 = builder.new_witness();
        z.push(Fr::from(seed) + alpha);
        let mut last = x0;
        let mut sum = vec![];
        for i in 0..size.saturating_sub(3) as u64 / 2 {
            // last^2 = next - x0
            let next = builder.new_witness();
            z.push(z[last as usize].square() + z[x0 as usize]);
            builder.enforce(&[(last, one)], &[(last, one)], &[(next, one), (x0, -one)]);
            last = next;
            // bit * (1 - bit) = 0
            let bit = builder.new_witness();
            z.push(Fr::from((seed >> (i % 64)) & 1));
            builder.enforce(&[(bit, one)], &[(0, one), (bit, -one)], &[]);
            sum.push((bit, Fr::from(1u64 << (i % 32))));
        }
        sum.truncate(64);
        // sum of weighted bits = total, with a constant factor on both sides
        let total = builder.new_witness();
        z.push(sum.iter().map(|(bit, w)| z[*bit as usize] * w).sum());
        builder.enforce(&sum, &[(0, Fr::from(3u64))], &[(total, Fr::from(3u64))]);
        // h * alpha = y - last - total
        builder.enforce(&[(1, one)], &[(2, one)], &[(3, one), (last, -one), (total, -one)]);
        z[3] = h * alpha + z[last as usize] + z[total as usize];
        let matrices = builder.finish();
        assert_eq!(matrices.first_unsatisfied(&z), None);
        Self { matrices, assignment: z }
    }

    /// The real circuit in its smallest shape, with the sample epoch.
    pub fn xs() -> Self {
        use meed_circuits::r1cs::circuit::{assign, Circuit};
        use meed_statement::{lies::sample, settle::settle, shape::XS, words::Domain};
        let inputs = sample();
        let trace = settle(&inputs).unwrap();
        let (assignment, _) = assign(&XS, &inputs, &trace, &Domain::OFF_CHAIN).unwrap();
        let matrices = Circuit::new(XS).matrices().clone();
        assert_eq!(matrices.first_unsatisfied(&assignment), None);
        Self { matrices, assignment }
    }

    pub fn id(&self) -> CircuitId {
        CircuitId::new("toy", "T", &self.matrices)
    }

    pub fn inputs(&self) -> [Fr; 3] {
        [self.assignment[1], self.assignment[2], self.assignment[3]]
    }

    /// The same counts, with another weight in the sum of bits.
    pub fn with_another_coefficient(&self) -> Self {
        let m = &self.matrices;
        let mut builder = MatrixBuilder::new(4);
        for _ in 0..m.witness {
            builder.new_witness();
        }
        for i in 0..m.constraints() {
            let row = |s| m.row(s, i).map(|(k, c)| (c as u32, k)).collect::<Vec<_>>();
            let mut a = row(&m.a);
            if i == m.constraints() - 2 {
                a[0].1 += Fr::from(5u64);
            }
            builder.enforce(&a, &row(&m.b), &row(&m.c));
        }
        Self { matrices: builder.finish(), assignment: self.assignment.clone() }
    }
}
