//! `meed prove`.

mod groth16;
mod halo2;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use meed_ledger::bundle::{
    verify_bundle_with, write_bundle, BundleInput, Circuit, Expected, Outcome, Verified,
};
use meed_ledger::project::{Epoch, Project};
use meed_prover::zkey::sidecar_path;
use meed_statement::settle::Trace;
use meed_statement::shape::{Shape, Size};
use meed_statement::words::Domain;
use meed_verifier::{AnyProof, AnyVerifyingKey};
use serde_json::json;

use crate::args::{ProofSystem, Prove};
use crate::failure::{input, usage};
use crate::keys::{key_path_of, load_verifying_key};
use crate::ui::{Report, Ui};

pub(crate) fn run(args: &Prove, root: &Path, ui: &Ui) -> Result<Report> {
    let project = Project::open(root)?;
    let number = match args.epoch {
        Some(epoch) => epoch,
        None => project.last_epoch()?,
    };
    let dest = args.out.clone().unwrap_or_else(|| project.epoch_dir(number).join("bundle"));
    let domain = args.domain.get().unwrap_or(Domain::OFF_CHAIN);
    let system = args.system;
    let job = Job { project, epoch: number, system, keys: &args.keys, dest: dest.clone(), domain };
    let done = job.run(args.shape, ui)?;
    let key = sidecar_path(&key_path_of(system, &args.keys, &done.shape));
    let mut text = String::new();
    if done.verified.insecure_key {
        text.push_str(&format!("{}\n", super::setup::INSECURE));
    }
    text.push_str(&match &done.stages {
        Some(stages) => format!(
            "Proved epoch {number} in shape {} with {} ({:.1} s), and verified the proof\n",
            done.shape.name,
            done.verified.proof.system(),
            stages.iter().map(|(_, time)| time.as_secs_f64()).sum::<f64>()
        ),
        None => format!("Epoch {number} was proved before; its bundle is good\n"),
    });
    text.push_str(&format!(
        "  bundle  {}\nNext: meed verify {} --key {}",
        dest.display(),
        dest.display(),
        key.display()
    ));
    let stages: serde_json::Map<_, _> = (done.stages.iter().flatten())
        .map(|(stage, time)| ((*stage).to_owned(), json!(time.as_secs_f64())))
        .collect();
    let json = json!({
        "epoch": number,
        "shape": done.shape.name,
        "system": done.verified.proof.system().name(),
        "bundle": dest,
        "key": key,
        "insecure_key": done.verified.insecure_key,
        "proved_before": done.stages.is_none(),
        "seconds": stages,
    });
    Ok(Report::new(text, json))
}

/// What to prove, and where to.
pub(crate) struct Job<'a> {
    pub(crate) project: Project,
    pub(crate) epoch: u64,
    pub(crate) system: ProofSystem,
    pub(crate) keys: &'a Path,
    pub(crate) dest: PathBuf,
    pub(crate) domain: Domain,
}

/// What came of it.
pub(crate) struct Done {
    pub(crate) shape: Shape,
    pub(crate) verified: Verified,
    /// The stages of the proof; `None` where the bundle was there already.
    pub(crate) stages: Option<Vec<Stage>>,
}

/// Name and wall time.
type Stage = (&'static str, Duration);

/// A proof, and what it is under. It was verified.
struct Made {
    circuit: Circuit,
    key: AnyVerifyingKey,
    proof: AnyProof,
    stages: Vec<Stage>,
}

/// What a proof is made of.
struct Task<'a> {
    shape: Shape,
    key: &'a Path,
    epoch: &'a Epoch,
    trace: &'a Trace,
    domain: Domain,
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
        let path = key_path_of(self.system, self.keys, &shape);
        if !path.exists() {
            let system = match self.system {
                ProofSystem::Groth16 => "",
                ProofSystem::Halo2 => " --system halo2",
            };
            return Err(usage(format!(
                "{}: expected a key of shape {}: make one with `meed setup {}{system}`",
                path.display(),
                shape.name,
                shape.name
            )));
        }
        if self.dest.exists() {
            let verified = self.verify_existing(&shape, &trace)?;
            self.project.save_settlement(self.epoch, &trace)?;
            return Ok(Done { shape, verified, stages: None });
        }
        let task = Task { shape, key: &path, epoch: &epoch, trace: &trace, domain: self.domain };
        let made = match self.system {
            ProofSystem::Groth16 => groth16::make(&task, ui)?,
            ProofSystem::Halo2 => halo2::make(&task, ui)?,
        };
        let input = BundleInput {
            circuit: &made.circuit,
            key: &made.key,
            domain: self.domain,
            words: &trace.words(),
            proof: &made.proof,
            state: &trace.state_after,
        };
        ui.go_on()?;
        self.project.save_settlement(self.epoch, &trace)?;
        let outcome = write_bundle(&self.dest, &input)?;
        debug_assert_eq!(outcome, Outcome::Written);
        let expected = Expected {
            domain: Some(self.domain),
            circuit: Some(made.circuit.clone()),
            epoch: Some(self.epoch),
        };
        let verified = verify_bundle_with(&self.dest, &made.key, &expected)?;
        Ok(Done { shape, verified, stages: Some(made.stages) })
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
        let key = load_verifying_key(&sidecar_path(&key_path_of(self.system, self.keys, shape)))?;
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
