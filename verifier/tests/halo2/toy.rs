//! A circuit of 64 rows with the columns and gates of ours, whose keys and proofs take milliseconds, and
//! which has a proof of any public inputs.
#![allow(dead_code, missing_docs, unreachable_pub)]

use ark_bn254::Fr;
use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::halo2curves::bn256;
use halo2_proofs::plonk::{Advice, Circuit, Column, ConstraintSystem, Error, Fixed};
use meed_halo2::field::to_halo2;
use std::marker::PhantomData;

/// The logarithm of its number of rows.
pub const LOG_ROWS: u32 = 6;

/// `C` is the circuit whose columns and gates it has.
pub struct Toy<C> {
    inputs: [bn256::Fr; 3],
    /// Added to the first cell: any other value than 0 makes it false.
    lie: bn256::Fr,
    circuit: PhantomData<C>,
}

/// The toy with these inputs.
pub fn toy(inputs: &[Fr; 3]) -> impl Circuit<bn256::Fr> {
    lying(inputs, 0)
}

/// The toy with these inputs and a cell that is wrong by `lie`.
pub fn lying(inputs: &[Fr; 3], lie: u64) -> impl Circuit<bn256::Fr> {
    fn like<C>(_: impl Fn(&meed_halo2::Circuit) -> C) -> PhantomData<C> {
        PhantomData
    }
    let circuit = like(|circuit| circuit.to_halo2(None));
    Toy { inputs: inputs.map(|x| to_halo2(&x)), lie: lie.into(), circuit }
}

/// The columns, in order.
#[derive(Clone)]
pub struct Columns {
    advice: Vec<Column<Advice>>,
    fixed: Vec<Column<Fixed>>,
}

impl<C: Circuit<bn256::Fr>> Circuit<bn256::Fr> for Toy<C> {
    type Config = Columns;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self { inputs: [0.into(); 3], lie: 0.into(), circuit: PhantomData }
    }

    fn configure(meta: &mut ConstraintSystem<bn256::Fr>) -> Columns {
        C::configure(meta);
        let mut advice: Vec<_> = meta.advice_queries().iter().map(|query| query.0).collect();
        advice.sort_by_key(Column::index);
        advice.dedup();
        let mut fixed: Vec<_> = meta.fixed_queries().iter().map(|query| query.0).collect();
        fixed.sort_by_key(Column::index);
        fixed.dedup();
        assert_eq!((advice.len(), fixed.len()), (12, 14));
        Columns { advice, fixed }
    }

    /// Rows 0 to 2 hold the public inputs; row 3 is one constraint `m w0 w1 + n w0 w2 + c - w3 = 0`; in
    /// rows 4 and 5, limbs make a sum; row 6 is in a permutation and switches nothing on; row 7 goes
    /// from a sequence of zeros to a state of zeros; row 12 has a bit. So no fixed column is zero everywhere.
    fn synthesize(
        &self,
        columns: Columns,
        mut layouter: impl Layouter<bn256::Fr>,
    ) -> Result<(), Error> {
        let one = bn256::Fr::from(1);
        // Column, row, value. Fixed: q0..q4, m, n, c, p, g, s, ranged, scale, table.
        let mut fixed = vec![
            (5, 3, one),
            (6, 3, one),
            (7, 3, one),
            (3, 3, -one),
            (11, 4, one),
            (11, 5, one),
            (12, 5, bn256::Fr::from(4)),
            (8, 6, one),
            (10, 7, one),
            // A bit, and coefficients of cells that are 0.
            (9, 12, one),
            (1, 12, one),
            (2, 12, one),
            (4, 12, one),
        ];
        fixed.extend((0..3).map(|row| (0, row, -one)));
        fixed.extend((0..4).map(|i| (13, i as usize, bn256::Fr::from(i))));
        // Advice: w0..w4, limb, sum, squares.
        let small = |x: u64| bn256::Fr::from(x);
        let mut advice = vec![
            (0, 3, small(3)),
            (1, 3, small(5)),
            (2, 3, small(7)),
            (3, 3, small(3 * 5 + 3 * 7 + 1)),
            (5, 4, small(3)),
            (6, 4, small(3)),
            (5, 5, small(2)),
            (6, 5, small(14)),
            (0, 12, one),
        ];
        advice.extend((7..12).map(|square| (square, 6, one)));
        advice.extend(self.inputs.iter().enumerate().map(|(row, input)| (0, row, *input)));
        advice[0].2 += self.lie;
        layouter.assign_region(
            || "toy",
            |mut region| {
                for (column, row, value) in &fixed {
                    region.assign_fixed(columns.fixed[*column], *row, *value);
                }
                let cells: Vec<_> = advice
                    .iter()
                    .map(|(column, row, value)| {
                        region
                            .assign_advice(columns.advice[*column], *row, Value::known(*value))
                            .cell()
                    })
                    .collect();
                // w0 of row 3 and the limb's sum in row 4 are both 3.
                region.constrain_equal(cells[0], cells[5]);
                Ok(())
            },
        )
    }
}
