//! `meed prove`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use meed_circuits::r1cs::circuit::assign;
use meed_ledger::bundle::{
    verify_bundle_with, write_bundle, BundleInput, Expected, Outcome, Verified,
};
use meed_ledger::project::{Epoch, Project};
use meed_prover::{prove, CpuEngine, ProvingKey, Timings};
use meed_statement::settle::Trace;
use meed_statement::shape::{Shape, Size};
use meed_statement::words::Domain;
use rand::rngs::OsRng;
use serde_json::json;

use crate::args::Prove;
use crate::failure::{input, usage};
use crate::keys::{
    build_circuit, bundle_circuit, key_path, load_verifying_key, verifying_key_path,
};
use crate::ui::{Report, Ui};

pub(crate) fn run(args: &Prove, root: &Path, ui: &Ui) -> Result<Report> {
    let project = Project::open(root)?;
    let number = match args.epoch {
        Some(epoch) => epoch,
        None => project.last_epoch()?,
    };
    let dest = args.out.clone().unwrap_or_else(|| project.epoch_dir(number).join("bundle"));
    let domain = args.domain.get().unwrap_or(Domain::OFF_CHAIN);
    let job = Job { project, epoch: number, keys: &args.keys, dest: dest.clone(), domain };
    let done = job.run(args.shape, ui)?;
    let key = verifying_key_path(&args.keys, &done.shape);
    let mut text = String::new();
    if done.verified.insecure_key {
        text.push_str(&format!("{}\n", super::setup::INSECURE));
    }
    text.push_str(&match &done.timings {
        Some(timings) => format!(
            "Proved epoch {number} in shape {} ({:.1} s), and verified the proof\n",
            done.shape.name,
            timings.total().as_secs_f64()
        ),
        None => format!("Epoch {number} was proved before; its bundle is good\n"),
    });
    text.push_str(&format!(
        "  bundle  {}\nNext: meed verify {} --key {}",
        dest.display(),
        dest.display(),
        key.display()
    ));
    let stages = done.timings.iter().flat_map(|t| t.stages().to_vec());
    let stages: serde_json::Map<_, _> =
        stages.map(|(stage, time)| (stage.name().to_owned(), json!(time.as_secs_f64()))).collect();
    let json = json!({
        "epoch": number,
        "shape": done.shape.name,
        "bundle": dest,
        "key": key,
        "insecure_key": done.verified.insecure_key,
        "proved_before": done.timings.is_none(),
        "seconds": stages,
    });
    Ok(Report::new(text, json))
}

/// What to prove, and where to.
pub(crate) struct Job<'a> {
    pub(crate) project: Project,
    pub(crate) epoch: u64,
    pub(crate) keys: &'a Path,
    pub(crate) dest: PathBuf,
    pub(crate) domain: Domain,
}

/// What came of it.
pub(crate) struct Done {
    pub(crate) shape: Shape,
    pub(crate) verified: Verified,
    /// `None` where the bundle was there already.
    pub(crate) timings: Option<Timings>,
}

/// The shape to use: the one asked for, else the smallest.
pub(crate) fn choose(epoch: &Epoch, trace: &Trace, asked: Option<Shape>) -> Result<Shape> {
    let size = Size::of(&epoch.inputs, trace);
    if let Some(shape) = asked {
        if shape.holds(&size) {
            return Ok(shape);
        }
        let most = shape.capacity();
        return Err(input(format!("shape {} holds {most}; the epoch has {size}", shape.name)));
    }
    Shape::smallest(&size).ok_or_else(|| {
        let most = meed_statement::shape::M.capacity();
        input(format!("the largest shape, M, holds {most}; the epoch has {size}: it is too large"))
    })
}

impl Job<'_> {
    pub(crate) fn run(mut self, shape: Option<Shape>, ui: &Ui) -> Result<Done> {
        let (epoch, trace);
        (self.project, epoch, trace) = super::settled(self.project, Some(self.epoch), ui)?;
        let shape = choose(&epoch, &trace, shape)?;
        if !epoch.committed {
            return Err(usage(format!(
                "{}: expected epoch {} to be committed: run `meed commit` first",
                self.project.root().display(),
                self.epoch
            )));
        }
        let path = key_path(self.keys, &shape);
        if !path.exists() {
            return Err(usage(format!(
                "{}: expected a key of shape {}: make one with `meed setup`",
                path.display(),
                shape.name
            )));
        }
        if self.dest.exists() {
            let verified = self.verify_existing(&shape, &trace)?;
            self.project.save_settlement(self.epoch, &trace)?;
            return Ok(Done { shape, verified, timings: None });
        }
        let (circuit, id) = build_circuit(shape, ui)?;
        let load = path.clone();
        let circuit_id = id.clone();
        let key = ui.wait("loading the key", move || ProvingKey::load(&load, &circuit_id))??;
        let step = ui.step("computing the witness");
        let (assignment, binding) = assign(&shape, &epoch.inputs, &trace, &self.domain)?;
        step.done();
        ui.go_on()?;
        let step = ui.step("proving");
        let mut progress = |stage: meed_prover::Stage, part: f64| {
            step.at(stage.name());
            step.part(part);
        };
        let (proof, timings) = prove(
            &key,
            circuit.matrices(),
            &assignment,
            &CpuEngine,
            &mut OsRng,
            &mut progress,
            ui.stop(),
        )
        .map_err(|error| match error {
            meed_prover::ProveError::Unsatisfied { row } => anyhow::Error::new(error)
                .context(format!("the circuit refuses clause {}", circuit.clause_of(row))),
            other => other.into(),
        })?;
        step.done();
        drop(assignment);
        let bundle_circuit = bundle_circuit(&id)?;
        let vk = (*key.verifying_key()).into();
        let input = BundleInput {
            circuit: &bundle_circuit,
            key: &vk,
            domain: self.domain,
            words: &trace.words(),
            proof: &proof.into(),
            state: &trace.state_after,
        };
        debug_assert_eq!(binding.h, trace.h);
        ui.go_on()?;
        self.project.save_settlement(self.epoch, &trace)?;
        let outcome = write_bundle(&self.dest, &input)?;
        debug_assert_eq!(outcome, Outcome::Written);
        let expected = Expected {
            domain: Some(self.domain),
            circuit: Some(bundle_circuit.clone()),
            epoch: Some(self.epoch),
        };
        let verified = verify_bundle_with(&self.dest, &vk, &expected)?;
        Ok(Done { shape, verified, timings: Some(timings) })
    }

    /// Checks that the bundle that is there proves this very settlement.
    fn verify_existing(&self, shape: &Shape, trace: &Trace) -> Result<Verified> {
        let there = || {
            format!(
                "{} is there already and is not a bundle of this epoch, key and domain: remove it \
                 or use --out",
                self.dest.display()
            )
        };
        let key = load_verifying_key(&verifying_key_path(self.keys, shape))?;
        let expected =
            Expected { domain: Some(self.domain), circuit: key.circuit, epoch: Some(self.epoch) };
        let verified = verify_bundle_with(&self.dest, &key.vk, &expected)
            .map_err(|error| usage(format!("{} ({error})", there())))?;
        match verified.words == trace.words() {
            true => Ok(verified),
            false => Err(usage(there())).context("its public words are others"),
        }
    }
}
