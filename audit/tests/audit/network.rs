//! A network of a few epochs: a project as an operator has it, and a bundle of each epoch.

use std::path::{Path, PathBuf};

use meed_audit::{Audit, Auditor, Check, Finding, Key, Severity};
use meed_ledger::bundle::write_bundle;
use meed_ledger::events::Events;
use meed_ledger::policy;
use meed_ledger::project::Project;
use meed_ledger::registry::Registry;
use meed_ledger::state;
use meed_statement::roots::{state_root, to_field, words_hash};
use meed_statement::settle::Trace;
use meed_statement::synthetic::{epoch, Spec};
use meed_statement::types::{Inputs, Kind, Payout, StateEntry};
use meed_statement::words::Domain;
use ruint::aliases::U256;

use meed_toys::bundles::{circuit, Content, Setup};

pub(crate) const DOMAIN: fn() -> Domain = || Domain::evm(31_337, [0x5e; 20]);

pub(crate) struct Network {
    folder: tempfile::TempDir,
    pub(crate) setup: Setup,
    pub(crate) inputs: Vec<Inputs>,
    pub(crate) traces: Vec<Trace>,
}

/// A synthetic epoch that `events.csv` can name: services have even numbers, models odd ones.
fn inputs(seed: u64) -> Inputs {
    let spec = Spec { assets: 6, events: 3, records: 9, owners: 3, state: 2, skew: 0.5, seed };
    let mut inputs = epoch(&spec);
    inputs.policy.min_payout = 1 << 52;
    for (i, asset) in inputs.registry.iter_mut().enumerate() {
        asset.kind = if i % 2 == 0 { Kind::Service } else { Kind::Model };
        // The file has one edge to a parent.
        let mut parents = Vec::new();
        asset.edges.retain(|edge| {
            let new = !parents.contains(&edge.parent);
            parents.push(edge.parent);
            new
        });
    }
    for event in &mut inputs.events {
        event.service &= !1;
        event.model |= 1;
    }
    inputs
}

/// The registry's file: assets have the names a0, a1, ..
pub(crate) fn registry(inputs: &Inputs) -> Registry {
    let mut text = "name,kind,owner,content_hash,penalty_bps,edges\n".to_owned();
    for (i, asset) in inputs.registry.iter().enumerate() {
        let edges = asset.edges.iter().map(|e| format!("a{}:{}", e.parent, e.bps.get()));
        text.push_str(&format!(
            "a{i},{},{},{:?},{},{}\n",
            asset.kind.name(),
            asset.owner,
            asset.content_hash,
            asset.penalty.get(),
            edges.collect::<Vec<_>>().join(";")
        ));
    }
    Registry::parse(Path::new("registry.csv"), text.as_bytes()).unwrap()
}

fn events(inputs: &Inputs, registry: &Registry) -> Events {
    let mut text = "id,fee,service,model\n".to_owned();
    for e in &inputs.events {
        text.push_str(&format!(
            "{:032x},{},a{},a{}\n",
            u128::from_be_bytes(e.id),
            e.fee,
            e.service,
            e.model
        ));
    }
    Events::parse(Path::new("events.csv"), text.as_bytes(), registry).unwrap()
}

/// A trace that pays and leaves something else, and says so everywhere.
pub(crate) fn remade(trace: &Trace, payouts: Vec<Payout>, state_after: Vec<StateEntry>) -> Trace {
    let mut trace = Trace { payouts, state_after, ..trace.clone() };
    let waiting = trace.state_after.iter().fold(U256::ZERO, |sum, e| sum + e.accrued);
    trace.header.state_root_after = state_root(&trace.state_after);
    trace.header.accrued_total_after = to_field(&waiting);
    trace.header.released_total = trace.payouts.iter().map(|p| p.amount).sum();
    trace.header.payouts = trace.payouts.len() as u32;
    trace.h = words_hash(&trace.header, &trace.payout_words());
    trace
}

impl Network {
    /// So many epochs, settled as `meed` does it.
    pub(crate) fn new(seed: u64, epochs: u64) -> Self {
        Self::starting(inputs(seed), seed, epochs)
    }

    /// The same, with nothing that waits before the first epoch.
    pub(crate) fn empty(seed: u64, epochs: u64) -> Self {
        Self::starting(Inputs { state: Vec::new(), ..inputs(seed) }, seed, epochs)
    }

    /// The same as [`Network::new`], proved under other keys.
    pub(crate) fn proved(setup: Setup, seed: u64, epochs: u64) -> Self {
        Self::with(setup, inputs(seed), seed, epochs)
    }

    fn starting(first: Inputs, seed: u64, epochs: u64) -> Self {
        Self::with(Setup::new(7, false), first, seed, epochs)
    }

    fn with(setup: Setup, first: Inputs, seed: u64, epochs: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut this = Self { folder, setup, inputs: Vec::new(), traces: Vec::new() };
        let project = Project::create(&this.path("net"), &first.policy).unwrap();
        project.save_registry(&registry(&first)).unwrap();
        this.write("net/state.csv", |out| state::write(&first.state, out));
        for number in 1..=epochs {
            let drawn =
                Inputs { registry: first.registry.clone(), ..inputs(seed + 1_000 * number) };
            let names = registry(&drawn);
            let bits = first.policy.fraction_bits;
            let about = serde_json::Value::Null;
            let events = events(&drawn, &names);
            let epoch = project.save_import(&events, &drawn.records, &names, bits, about).unwrap();
            assert_eq!(epoch, number);
            project.commit(number).unwrap();
            let (loaded, trace) = project.settle(number).unwrap();
            project.save_settlement(number, &trace).unwrap();
            this.inputs.push(loaded.inputs);
            this.bundle(&number.to_string(), trace.clone(), DOMAIN());
            this.traces.push(trace);
        }
        this
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file of an epoch of the project.
    pub(crate) fn file(&self, epoch: u64, name: &str) -> PathBuf {
        self.path(&format!("net/epochs/{epoch}/{name}"))
    }

    pub(crate) fn write(
        &self,
        name: &str,
        write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>,
    ) {
        let mut bytes = Vec::new();
        write(&mut bytes).unwrap();
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// Changes a text file of an epoch.
    pub(crate) fn edit(&self, epoch: u64, name: &str, change: impl FnOnce(&str) -> String) {
        let path = self.file(epoch, name);
        let old = std::fs::read_to_string(&path).unwrap();
        let new = change(&old);
        assert_ne!(old, new, "{name} is as it was");
        std::fs::write(path, new).unwrap();
    }

    pub(crate) fn write_policy(&self, epoch: u64, rules: &meed_statement::types::Policy) {
        self.edit(epoch, policy::FILE, |_| policy::to_toml(rules));
    }

    /// Writes a bundle, in the place of what was there.
    pub(crate) fn bundle(&mut self, name: &str, trace: Trace, domain: Domain) {
        let path = self.path(name);
        let _ = std::fs::remove_dir_all(&path);
        let content = Content::new(&mut self.setup, trace, domain);
        content.with(&self.setup.key, |input| write_bundle(&path, input)).unwrap();
    }

    pub(crate) fn key(&self) -> Key {
        let source = "toy.vk.json".to_owned();
        Key { vk: self.setup.key.clone(), circuit: Some(circuit()), source }
    }

    /// An audit of these bundles, with the project or without.
    pub(crate) fn audit(&self, bundles: &[&str], project: bool) -> Audit {
        self.audit_with(bundles, project, &[self.key()])
    }

    pub(crate) fn audit_with(&self, bundles: &[&str], project: bool, keys: &[Key]) -> Audit {
        let mut audit = Auditor::new();
        for bundle in bundles {
            audit.bundle(&self.path(bundle), keys).unwrap();
        }
        let project = project.then(|| Project::open_to_read(&self.path("net")).unwrap());
        if let Some(project) = &project {
            audit.opening(project).unwrap();
        }
        audit.follow();
        for epoch in audit.epochs() {
            match &project {
                Some(project) => audit.recompute(project, epoch).unwrap(),
                None => audit.not_recomputed(epoch),
            }
        }
        audit.finish()
    }
}

/// The checks that failed, by name and epoch.
pub(crate) fn failed(audit: &Audit) -> Vec<(&'static str, Option<u64>)> {
    let failed = audit.checks.iter().filter(|check| check.failed());
    failed.map(|check| (check.name, check.epoch)).collect()
}

/// The errors of a failed check.
#[track_caller]
pub(crate) fn errors<'a>(audit: &'a Audit, name: &str, epoch: Option<u64>) -> Vec<&'a Finding> {
    let wanted = |check: &&Check| check.name == name && check.epoch == epoch && check.failed();
    let check = audit.checks.iter().find(wanted);
    let check = check.unwrap_or_else(|| panic!("{name} {epoch:?} did not fail: {audit}"));
    check.findings().iter().filter(|finding| finding.severity == Severity::Error).collect()
}
