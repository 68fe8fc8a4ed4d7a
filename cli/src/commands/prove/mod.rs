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
use meed_prover::{CpuEngine, Level};
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
    let engine = engine(args.engine.level(), system)?;
    let (keys, dest_of) = (&args.keys, dest.clone());
    let job = Job { project, epoch: number, system, engine, keys, dest: dest_of, domain };
    let done = job.run(args.shape, ui)?;
    let key = sidecar_path(&key_path_of(system, &args.keys, &done.shape));
    let mut text = String::new();
    if done.verified.insecure_key {
        text.push_str(&format!("{}\n", super::setup::INSECURE));
    }
    text.push_str(&match &done.proved {
        Some(proved) => format!(
            "Proved epoch {number} in shape {} with {}{} ({:.1} s), and verified the proof\n",
            done.shape.name,
            done.verified.proof.system(),
            proved.engine.map_or(String::new(), |level| format!(" on {level}")),
            proved.total.as_secs_f64()
        ),
        None => format!("Epoch {number} was proved before; its bundle is good\n"),
    });
    text.push_str(&format!(
        "  bundle  {}\nNext: meed verify {} --key {}",
        dest.display(),
        dest.display(),
        key.display()
    ));
    let proved = done.proved.as_ref();
    let stages: serde_json::Map<_, _> = (proved.iter().flat_map(|proved| &proved.stages))
        .map(|(stage, time)| ((*stage).to_owned(), json!(time.as_secs_f64())))
        .collect();
    let json = json!({
        "epoch": number,
        "shape": done.shape.name,
        "system": done.verified.proof.system().name(),
        "bundle": dest,
        "key": key,
        "insecure_key": done.verified.insecure_key,
        "proved_before": proved.is_none(),
        "engine": proved.and_then(|proved| proved.engine).map(Level::name),
        "seconds": stages,
        "seconds_total": proved.map(|proved| proved.total.as_secs_f64()),
    });
    Ok(Report::new(text, json))
}

/// The engine for Groth16, by choice or the fastest; halo2 has its own arithmetic.
fn engine(asked: Option<Level>, system: ProofSystem) -> Result<CpuEngine> {
    let Some(level) = asked else { return Ok(CpuEngine::best()) };
    if system == ProofSystem::Halo2 {
        return Err(usage("--engine is for Groth16: halo2 proofs have arithmetic of their own"));
    }
    CpuEngine::new(level).map_err(|error| {
        let names = Level::available().into_iter().map(Level::name).collect::<Vec<_>>().join(", ");
        usage(format!("--engine {level}: {error}: expected auto or one of {names}"))
    })
}

/// What to prove, and where to.
pub(crate) struct Job<'a> {
    pub(crate) project: Project,
    pub(crate) epoch: u64,
    pub(crate) system: ProofSystem,
    /// For Groth16.
    pub(crate) engine: CpuEngine,
    pub(crate) keys: &'a Path,
    pub(crate) dest: PathBuf,
    pub(crate) domain: Domain,
}

/// What came of it.
pub(crate) struct Done {
    pub(crate) shape: Shape,
    pub(crate) verified: Verified,
    /// `None` where the bundle was there already.
    pub(crate) proved: Option<Proved>,
}

/// How a proof was made.
pub(crate) struct Proved {
    /// The instructions; halo2 has no choice of them.
    engine: Option<Level>,
    pub(crate) stages: Vec<Stage>,
    /// Some stages run side by side.
    pub(crate) total: Duration,
}

/// Name and wall time.
type Stage = (&'static str, Duration);

/// A proof, and what it is under. It was verified.
struct Made {
    circuit: Circuit,
    key: AnyVerifyingKey,
    proof: AnyProof,
    proved: Proved,
}

/// What a proof is made of.
struct Task<'a> {
    shape: Shape,
    key: &'a Path,
    epoch: &'a Epoch,
    trace: &'a Trace,
    domain: Domain,
    engine: CpuEngine,
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
            return Ok(Done { shape, verified, proved: None });
        }
        let (domain, engine) = (self.domain, self.engine);
        let task = Task { shape, key: &path, epoch: &epoch, trace: &trace, domain, engine };
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
        Ok(Done { shape, verified, proved: Some(made.proved) })
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
