//! Groth16 proofs.

use anyhow::Result;
use meed_circuits::r1cs::circuit::assign;
use meed_prover::{prove, ProveError, ProvingKey, Stage, VectorEngine};
use rand::rngs::OsRng;

use super::{Made, Task};
use crate::keys::{build_circuit, bundle_circuit};
use crate::ui::Ui;

pub(super) fn make(task: &Task<'_>, ui: &Ui) -> Result<Made> {
    let (circuit, id) = build_circuit(task.shape, ui)?;
    let (load, circuit_id) = (task.key.to_owned(), id.clone());
    let key = ui.wait("loading the key", move || ProvingKey::load(&load, &circuit_id))??;
    let step = ui.step("computing the witness");
    let (assignment, binding) = assign(&task.shape, &task.epoch.inputs, task.trace, &task.domain)?;
    debug_assert_eq!(binding.h, task.trace.h);
    step.done();
    ui.go_on()?;
    let step = ui.step("proving");
    let mut progress = |stage: Stage, part: f64| {
        step.at(stage.name());
        step.part(part);
    };
    let made = prove(
        &key,
        circuit.matrices(),
        &assignment,
        &VectorEngine::best(),
        &mut OsRng,
        &mut progress,
        ui.stop(),
    );
    let (proof, timings) = made.map_err(|error| match error {
        ProveError::Unsatisfied { row } => anyhow::Error::new(error)
            .context(format!("the circuit refuses clause {}", circuit.clause_of(row))),
        other => other.into(),
    })?;
    step.done();
    Ok(Made {
        circuit: bundle_circuit(&id)?,
        key: (*key.verifying_key()).into(),
        proof: proof.into(),
        stages: timings.stages().iter().map(|(stage, time)| (stage.name(), *time)).collect(),
    })
}
