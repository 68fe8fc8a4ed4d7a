//! Groth16 proofs.

use anyhow::Result;
use meed_circuits::r1cs::circuit::assign;
use meed_prover::{LoadedKey, ProveError, ProvingKey, Stage};
use rand::rngs::OsRng;

use super::{Made, Proved, Task};
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
    let level = task.engine.level();
    let step = ui.step(&format!("proving on {level}"));
    let mut progress = |stage: Stage, part: f64| {
        step.at(stage.name());
        step.part(part);
    };
    let loaded = LoadedKey::new(&key, &task.engine)?;
    let matrices = circuit.matrices();
    let made = loaded.prove(matrices, &assignment, &mut OsRng, &mut progress, ui.stop());
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
        proved: Proved {
            engine: Some(level),
            stages: timings.stages().iter().map(|(stage, time)| (stage.name(), *time)).collect(),
            total: timings.total(),
        },
    })
}
