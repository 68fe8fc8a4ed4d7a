//! halo2 proofs.

use anyhow::Result;
use meed_prover::halo2::{prove, Key, Stage};
use rand::rngs::OsRng;

use super::{Made, Proved, Task};
use crate::keys::{build_halo2, bundle_circuit_halo2};
use crate::ui::Ui;

pub(super) fn make(task: &Task<'_>, ui: &Ui) -> Result<Made> {
    let (circuit, id) = build_halo2(task.shape, ui)?;
    let (load, circuit_id) = (task.key.to_owned(), id.clone());
    let key = ui.wait("loading the key", move || Key::load(&load, &circuit_id))??;
    let step = ui.step("computing the witness");
    let (assignment, binding) = circuit.assign(&task.epoch.inputs, task.trace, &task.domain)?;
    debug_assert_eq!(binding.h, task.trace.h);
    step.done();
    ui.go_on()?;
    let step = ui.step("proving");
    let mut progress = |stage: Stage, part: f64| {
        step.at(stage.name());
        step.part(part);
    };
    let (proof, timings) =
        prove(&key, &circuit, &assignment, &mut OsRng, &mut progress, ui.stop())?;
    step.done();
    Ok(Made {
        circuit: bundle_circuit_halo2(&id)?,
        key: key.verifying_key().clone().into(),
        proof: proof.into(),
        proved: Proved {
            engine: None,
            stages: timings.stages().iter().map(|(stage, time)| (stage.name(), *time)).collect(),
            total: timings.total(),
        },
    })
}
