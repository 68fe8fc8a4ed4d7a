//! An epoch computed again from the data that it was committed to.
//!
//! Every file is optional: what is there is compared, and what is not there is named. The salt and the
//! scores are secrets, and nothing here repeats them.

use std::path::{Path, PathBuf};

use ark_bn254::Fr;
use meed_ledger::bundle::Contents;
use meed_ledger::events::{self, Events};
use meed_ledger::project::{root_text, CommitFile, Project, COMMIT, SALT};
use meed_ledger::registry::{self, Registry};
use meed_ledger::{policy, records, state, LedgerError};
use meed_statement::check::{check, check_inputs};
use meed_statement::roots::{policy_hash, registry_root, scores_root, state_root, Commitment};
use meed_statement::settle::settle_with;
use meed_statement::types::{Event, Inputs, Policy, Record, StateEntry};

use crate::bundle::Bundle;
use crate::compare;
use crate::error::Result;
use crate::finding::{Check, Finding};

/// What a project has of one file.
enum Piece<T> {
    Given(T),
    /// It is not there.
    Missing(PathBuf),
    /// It is there, and is not accepted.
    Bad(String),
}

impl<T> Piece<T> {
    fn load(path: PathBuf, load: impl FnOnce(&Path) -> meed_ledger::Result<T>) -> Result<Self> {
        let there = path.try_exists().map_err(LedgerError::io("read", &path))?;
        if !there {
            return Ok(Self::Missing(path));
        }
        match load(&path) {
            Ok(given) => Ok(Self::Given(given)),
            Err(error @ (LedgerError::Io { .. } | LedgerError::Cancelled)) => Err(error.into()),
            Err(error) => Ok(Self::Bad(error.to_string())),
        }
    }

    fn given(&self) -> Option<&T> {
        match self {
            Self::Given(given) => Some(given),
            _ => None,
        }
    }

    /// What is missing, for people; `None` when nothing is.
    fn lack(&self) -> Option<String> {
        match self {
            Self::Given(_) => None,
            Self::Missing(path) => Some(path.display().to_string()),
            Self::Bad(reason) => Some(format!("a file that can be read ({reason})")),
        }
    }
}

/// What a project has of an epoch.
struct Given {
    folder: PathBuf,
    commit: Piece<CommitFile>,
    policy: Piece<Policy>,
    registry: Piece<Registry>,
    state: Piece<Vec<StateEntry>>,
    events: Piece<Vec<Event>>,
    records: Piece<Vec<Record>>,
    salt: Piece<Fr>,
}

impl Given {
    fn load(project: &Project, epoch: u64) -> Result<Self> {
        let folder = project.epoch_dir(epoch);
        let path = |name: &str| folder.join(name);
        let registry = Piece::load(path(registry::FILE), Registry::load)?;
        // Names of assets mean nothing without the registry, nor do positions without what they count.
        let events = match registry.given() {
            Some(registry) => Piece::load(path(events::FILE), |path| {
                Events::load(path, registry).map(Events::into_vec)
            })?,
            None => Piece::Missing(path(registry::FILE)),
        };
        let assets = registry.given().map_or(0, Registry::len);
        let count = events.given().map_or(0, Vec::len);
        Ok(Self {
            commit: Piece::load(path(COMMIT), |_| project.commit_file(epoch))?,
            policy: Piece::load(path(policy::FILE), policy::load)?,
            state: Piece::load(path(state::FILE), state::load)?,
            records: match (&registry, &events) {
                (Piece::Given(_), Piece::Given(_)) => {
                    Piece::load(path(records::FILE), |path| records::load(path, count, assets))?
                }
                (Piece::Given(_), _) => Piece::Missing(path(events::FILE)),
                _ => Piece::Missing(path(registry::FILE)),
            },
            salt: Piece::load(path(SALT), |_| project.salt(epoch))?,
            registry,
            events,
            folder,
        })
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

/// Compares a bundle with the data that a project has of its epoch. `before` is the bundle of the epoch
/// before, if there is one.
///
/// # Errors
/// [`AuditError::Ledger`](crate::AuditError::Ledger) when the operating system refuses a file.
pub(crate) fn recompute(
    project: &Project,
    bundle: &Bundle,
    before: Option<&Bundle>,
) -> Result<Vec<Check>> {
    let given = Given::load(project, bundle.epoch())?;
    let contents = &bundle.contents;
    let header = &contents.header;
    let mut checks = vec![
        commitment(&given, contents),
        root(
            contents,
            "policy",
            policy::FILE,
            &given,
            &given.policy,
            header.policy_hash,
            policy_hash,
        ),
        root(
            contents,
            "registry",
            registry::FILE,
            &given,
            &given.registry,
            header.registry_root,
            |registry| registry_root(registry.assets()),
        ),
        opening(&given, contents, before),
        scores(&given, contents),
    ];
    let roots = checks.iter().all(Check::passed);
    checks.push(settlement(&given, contents, roots));
    Ok(checks)
}

/// `commit.json` against the public words.
fn commitment(given: &Given, contents: &Contents) -> Check {
    const NAME: &str = "commitment";
    let header = &contents.header;
    let epoch = Some(header.epoch);
    let about = "the roots that were committed are the bundle's";
    let commit = match &given.commit {
        Piece::Given(commit) => commit,
        Piece::Missing(path) => {
            let why = format!("needs {}: the roots as published", path.display());
            return Check::not_made(NAME, epoch, about, why);
        }
        Piece::Bad(reason) => {
            return Check::made(NAME, epoch, about, vec![Finding::error(reason)]);
        }
    };
    let rows = [
        ("epoch", commit.epoch.to_string(), header.epoch.to_string()),
        ("policy_hash", commit.policy_hash.clone(), root_text(&header.policy_hash)),
        ("registry_root", commit.registry_root.clone(), root_text(&header.registry_root)),
        ("scores_root", commit.scores_root.clone(), root_text(&header.scores_root)),
        (
            "state_root_before",
            commit.state_root_before.clone(),
            root_text(&header.state_root_before),
        ),
        ("fees_total", commit.fees_total.clone(), header.fees_total.to_string()),
    ];
    let file = given.file(COMMIT);
    let differ = rows.into_iter().filter(|(_, committed, got)| committed != got);
    let mut findings: Vec<Finding> = differ
        .map(|(what, committed, got)| {
            Finding::error(format!("{what}: {file} says {committed}, the bundle {got}"))
        })
        .collect();
    let counts = [
        ("assets", commit.assets, given.registry.given().map(Registry::len)),
        ("events", commit.events, given.events.given().map(Vec::len)),
        ("records", commit.records, given.records.given().map(Vec::len)),
    ];
    for (what, committed, got) in counts {
        if let Some(got) = got.filter(|got| *got != committed) {
            let message =
                format!("{what}: {file} says {committed}, the files beside it have {got}");
            findings.push(Finding::error(message));
        }
    }
    Check::made(NAME, epoch, about, findings)
}

/// The root of one file against the public word.
fn root<T>(
    contents: &Contents,
    name: &'static str,
    file: &str,
    given: &Given,
    piece: &Piece<T>,
    expected: Fr,
    compute: impl FnOnce(&T) -> Fr,
) -> Check {
    let epoch = Some(contents.header.epoch);
    let file = given.file(file);
    let about = format!("{file} is what the bundle is about");
    match piece {
        Piece::Missing(_) => Check::not_made(name, epoch, about, format!("needs {file}")),
        Piece::Bad(reason) => Check::made(name, epoch, about, vec![Finding::error(reason)]),
        Piece::Given(value) => {
            let got = compute(value);
            let differs = (got != expected).then(|| {
                Finding::error(format!(
                    "{file} has root {}, the bundle says {}",
                    root_text(&got),
                    root_text(&expected)
                ))
            });
            Check::made(name, epoch, about, differs.into_iter().collect())
        }
    }
}

/// The state that the epoch started from, account by account where the bundle before tells.
fn opening(given: &Given, contents: &Contents, before: Option<&Bundle>) -> Check {
    let expected = contents.header.state_root_before;
    let mut check =
        root(contents, "state", state::FILE, given, &given.state, expected, |s| state_root(s));
    let (Some(before), Piece::Given(state)) = (before, &given.state) else { return check };
    let place = format!("in {}", given.file(state::FILE));
    let left = format!(", which {} leaves", before.source);
    let differ = compare::states(&before.contents.state, state, &place, &left);
    if !differ.is_empty() {
        let findings = [check.findings(), &differ].concat();
        check = Check::made("state", check.epoch, check.about, findings);
    }
    check
}

/// Events, records and salt against the scores' root. The registry's root is taken from the bundle, so that
/// a changed registry is not told as changed scores, too.
fn scores(given: &Given, contents: &Contents) -> Check {
    const NAME: &str = "scores";
    let header = &contents.header;
    let epoch = Some(header.epoch);
    let about = "events, records and salt are what was committed";
    let bad = [bad(&given.events), bad(&given.records), bad(&given.salt)];
    let mut findings: Vec<Finding> = bad.into_iter().flatten().map(Finding::error).collect();
    if let Some(events) = given.events.given() {
        let fees: u128 = events.iter().map(|event| event.fee).sum();
        if fees != header.fees_total {
            let message = format!(
                "the fees of {} are {fees} base units, the bundle says {}",
                given.file(events::FILE),
                header.fees_total
            );
            findings.push(Finding::error(message).base_units(header.fees_total, fees));
        }
    }
    if let (Piece::Given(events), Piece::Given(records), Piece::Given(salt)) =
        (&given.events, &given.records, &given.salt)
    {
        let got = scores_root(header.registry_root, *salt, events, records);
        if got != header.scores_root {
            findings.push(Finding::error(format!(
                "events, records and salt have root {}, the bundle says {}: at least one of them is not \
                 what was committed",
                root_text(&got),
                root_text(&header.scores_root)
            )));
        }
    } else if findings.is_empty() {
        let lack = [given.events.lack(), given.records.lack(), given.salt.lack()];
        let lack = join(lack);
        let why = format!("needs {}, which the operator keeps", lack);
        return Check::not_made(NAME, epoch, about, why);
    }
    Check::made(NAME, epoch, about, findings)
}

/// Each file once.
fn join<const N: usize>(lack: [Option<String>; N]) -> String {
    let mut lack: Vec<String> = lack.into_iter().flatten().collect();
    lack.dedup();
    lack.join(", ")
}

fn bad<T>(piece: &Piece<T>) -> Option<String> {
    match piece {
        Piece::Bad(reason) => Some(reason.clone()),
        _ => None,
    }
}

/// Settles the epoch again and compares every payout and everything that waits. `roots` says that all the
/// data was found to be what was committed; then every clause is checked, too.
fn settlement(given: &Given, contents: &Contents, roots: bool) -> Check {
    const NAME: &str = "settlement";
    let header = &contents.header;
    let epoch = Some(header.epoch);
    let about = "settled again from its data, the epoch pays and leaves what the bundle says";
    let (Some(policy), Some(registry), Some(state), Some(events), Some(records)) = (
        given.policy.given(),
        given.registry.given(),
        given.state.given(),
        given.events.given(),
        given.records.given(),
    ) else {
        let lack = [
            given.policy.lack(),
            given.registry.lack(),
            given.state.lack(),
            given.events.lack(),
            given.records.lack(),
        ];
        let lack = join(lack);
        return Check::not_made(NAME, epoch, about, format!("needs {}", lack));
    };
    let inputs = Inputs {
        epoch: header.epoch,
        policy: policy.clone(),
        registry: registry.assets().to_vec(),
        salt: given.salt.given().copied().unwrap_or_default(),
        events: events.clone(),
        records: records.clone(),
        state: state.clone(),
    };
    if let Err(violation) = check_inputs(&inputs) {
        return Check::made(NAME, epoch, about, vec![Finding::error(violation.to_string())]);
    }
    let commitment = Commitment {
        policy_hash: header.policy_hash,
        registry_root: header.registry_root,
        scores_root: header.scores_root,
    };
    let trace = settle_with(&inputs, &commitment, |_, _| {});
    let mut findings = compare::payouts(&trace.payouts, &contents.payouts, "in the bundle", "");
    findings.extend(compare::states(&trace.state_after, &contents.state, "in the bundle", ""));
    if findings.is_empty() && trace.h != contents.binding.h {
        findings.push(Finding::error(
            "payouts and state agree, and the header does not: see the other checks of this epoch",
        ));
    }
    if roots {
        match check(&inputs, &commitment, &trace) {
            Ok(()) => findings.push(Finding::note(format!(
                "all eleven clauses hold on {} assets, {} events and {} records",
                inputs.registry.len(),
                inputs.events.len(),
                inputs.records.len()
            ))),
            Err(violation) => findings.push(Finding::error(violation.to_string())),
        }
    }
    Check::made(NAME, epoch, about, findings)
}
