//! The circuit as halo2 takes it: a layout and, for a proof, the values.

use crate::builder::{Grid, Layout};
use crate::config::{Config, COLUMNS};
use crate::field::Fr;
use halo2_proofs::arithmetic::Field;
use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Circuit, ConstraintSystem, Error};
use std::sync::Arc;

/// A laid out circuit, with values or without.
#[derive(Clone)]
pub(crate) struct Laid {
    pub(crate) layout: Arc<Layout>,
    pub(crate) grid: Option<Arc<Grid>>,
}

impl Circuit<Fr> for Laid {
    type Config = Config;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self { layout: Arc::clone(&self.layout), grid: None }
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Config {
        Config::new(meta)
    }

    /// Assigns everything at its absolute row. The library's floor planner begins every region at
    /// row 0, so regions here are names: one for each run of rows of the same clause.
    fn synthesize(&self, config: Config, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        let layout = &self.layout;
        layouter.assign_table(
            || "range table",
            |mut table| {
                for i in 0..1usize << layout.limb_bits {
                    let value = || Value::known(Fr::from(i as u64));
                    table.assign_cell(|| "value", config.table, i, value)?;
                }
                Ok(())
            },
        )?;
        let mut from = 0;
        for run in layout.main.chunk_by(|a, b| a.clause == b.clause) {
            layouter.assign_region(
                || run[0].clause.to_string(),
                |mut region| {
                    config.main_fixed(run, from, |column, row, value| {
                        region.assign_fixed(column, row, value);
                    });
                    Ok(())
                },
            )?;
            from += run.len();
        }
        let mut from = 0;
        for run in layout.range.chunk_by(|a, b| a.clause == b.clause) {
            layouter.assign_region(
                || run[0].clause.to_string(),
                |mut region| {
                    config.range_fixed(run, from, |column, row, value| {
                        region.assign_fixed(column, row, value);
                    });
                    Ok(())
                },
            )?;
            from += run.len();
        }
        layouter.assign_region(
            || "values",
            |mut region| {
                let cells: [Vec<_>; COLUMNS] = std::array::from_fn(|c| {
                    (0..layout.used[c].len())
                        .map(|row| {
                            let value = self.grid.as_ref().map(|g| g.columns[c][row]);
                            let value = value.map_or(Value::known(Fr::ZERO), Value::known);
                            region.assign_advice(config.advice[c], row, value).cell()
                        })
                        .collect()
                });
                for (home, copy, _) in &layout.copies {
                    region.constrain_equal(cells[home.0][home.1], cells[copy.0][copy.1]);
                }
                Ok(())
            },
        )
    }
}
