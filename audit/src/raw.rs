//! Raw files of scores against what an epoch's import says of them, and against its records: the same
//! files with the same options must give the same records again.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use meed_ledger::content;
use meed_ledger::events::{self, Events};
use meed_ledger::project::{Project, IMPORT};
use meed_ledger::registry::{self, Registry};
use meed_ledger::{records, LedgerError};
use meed_scores::Recipe;
use meed_statement::types::Record;
use serde_json::Value;

use crate::compare::merge;
use crate::error::Result;
use crate::finding::{Check, Finding};

const NAME: &str = "raw-scores";
const RECORDS: &str = "raw-records";
/// The longest manifest of an import that is read.
const LONGEST: u64 = 16 << 20;

/// A file that the auditor has.
#[derive(Debug)]
pub(crate) struct Raw {
    path: PathBuf,
    sha256: String,
}

impl Raw {
    /// Hashes a file, or every file of a folder.
    pub(crate) fn load(path: &Path, into: &mut Vec<Self>) -> Result<()> {
        let mut paths = Vec::new();
        if fs::metadata(path).map_err(LedgerError::io("read", path))?.is_dir() {
            for entry in fs::read_dir(path).map_err(LedgerError::io("read", path))? {
                let entry = entry.map_err(LedgerError::io("read", path))?.path();
                if entry.is_file() {
                    paths.push(entry);
                }
            }
            paths.sort_unstable();
        } else {
            paths.push(path.to_owned());
        }
        for path in paths {
            // Of what a link leads to, as an import does.
            let real = path.canonicalize().map_err(LedgerError::io("read", &path))?;
            let sha256 = format!("{:?}", content::hash(&real, &mut content::quiet)?);
            into.push(Self { path, sha256 });
        }
        Ok(())
    }

    fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }
}

/// A file of which an import says that it read it: name and SHA-256.
struct Imported {
    name: String,
    sha256: String,
}

/// What an epoch's `import.json` says.
struct Import {
    epoch: u64,
    path: PathBuf,
    /// Nothing, when it is not there.
    about: Option<Value>,
}

impl Import {
    fn load(project: &Project, epoch: u64) -> Result<Self> {
        let path = project.epoch_dir(epoch).join(IMPORT);
        let about = read(&path)?;
        Ok(Self { epoch, path, about })
    }

    /// The files under a key: one, or a list of them.
    fn files(&self, key: &str) -> Vec<Imported> {
        let files = self.about.as_ref().map_or(&Value::Null, |about| &about[key]);
        let list = files.as_array().map_or(std::slice::from_ref(files), Vec::as_slice);
        let file = |value: &Value| {
            let name = value["name"].as_str().or(value["file"].as_str())?;
            let name = Path::new(name).file_name()?.to_str()?.to_owned();
            Some(Imported { name, sha256: value["sha256"].as_str()?.to_owned() })
        };
        list.iter().filter_map(file).collect()
    }
}

/// Compares raw files with the imports of these epochs, and with the epochs' records.
pub(crate) fn compare(project: &Project, epochs: &[u64], raw: &[Raw]) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    let load = |epoch: &u64| Import::load(project, *epoch);
    let imports = epochs.iter().map(load).collect::<Result<Vec<_>>>()?;
    // A file that one epoch imported is no wrong file of another that has the same name.
    let known: Vec<Imported> = imports
        .iter()
        .flat_map(|import| ["scores", "events", "maps"].map(|key| import.files(key)))
        .flatten()
        .collect();
    let mut used: Vec<bool> =
        raw.iter().map(|raw| known.iter().any(|file| file.sha256 == raw.sha256)).collect();
    for import in &imports {
        let Import { epoch, path, about: given } = import;
        let about = "the raw scores are the files that were imported";
        let files = import.files("scores");
        let why = match given {
            None => format!("needs {}, which the operator keeps", path.display()),
            Some(_) if files.is_empty() => {
                format!("{} names no file with its SHA-256", path.display())
            }
            Some(given) => {
                checks.push(epoch_check(*epoch, about, &files, raw, &mut used));
                if checks.last().is_some_and(Check::passed) {
                    checks.push(again(project, import, given, raw)?);
                }
                continue;
            }
        };
        checks.push(Check::not_made(NAME, Some(*epoch), about, why));
    }
    let unknown: Vec<Finding> = raw
        .iter()
        .zip(&used)
        .filter(|(_, used)| !**used)
        .map(|(raw, _)| {
            let Raw { path, sha256 } = raw;
            Finding::error(format!(
                "{}: no epoch imported a file with SHA-256 {sha256}",
                path.display()
            ))
        })
        .collect();
    if !unknown.is_empty() {
        checks.push(Check::made(NAME, None, "every raw file was imported", unknown));
    }
    Ok(checks)
}

fn epoch_check(
    epoch: u64,
    about: &str,
    files: &[Imported],
    raw: &[Raw],
    used: &mut [bool],
) -> Check {
    let (mut findings, mut lack) = (Vec::new(), Vec::new());
    for file in files {
        if let Some(raw) = raw.iter().find(|raw| raw.sha256 == file.sha256) {
            findings.push(Finding::note(format!("{} is what was imported", raw.path.display())));
        } else if let Some((raw, used)) =
            raw.iter().zip(used.iter_mut()).find(|(raw, used)| !**used && raw.name() == file.name)
        {
            *used = true;
            findings.push(Finding::error(format!(
                "{} has SHA-256 {}, and what was imported under this name had {}",
                raw.path.display(),
                raw.sha256,
                file.sha256
            )));
        } else {
            lack.push(file.name.as_str());
        }
    }
    let wrong = findings.iter().any(|finding| finding.severity == crate::Severity::Error);
    if !lack.is_empty() && !wrong {
        let why = format!("needs --scores with {}", lack.join(", "));
        return Check::not_made(NAME, Some(epoch), about, why);
    }
    Check::made(NAME, Some(epoch), about, findings)
}

/// Imports an epoch's scores again and compares what that gives with its records. No score is repeated.
fn again(project: &Project, import: &Import, about: &Value, raw: &[Raw]) -> Result<Check> {
    let epoch = Some(import.epoch);
    let text = "imported again with the same options, the raw scores give the records";
    let wrong = |message: String| Check::made(RECORDS, epoch, text, vec![Finding::error(message)]);
    let recipe = match Recipe::parse(&import.path, about) {
        Ok(recipe) => recipe,
        Err(error) => return Ok(Check::not_made(RECORDS, epoch, text, error.to_string())),
    };
    let found = |sha256: &str| raw.iter().find(|raw| raw.sha256 == sha256);
    let lack: Vec<&str> = recipe
        .files()
        .filter(|file| found(&file.sha256).is_none())
        .map(|file| file.name.as_str())
        .collect();
    if !lack.is_empty() {
        let why = format!("needs --scores with {}", lack.join(", "));
        return Ok(Check::not_made(RECORDS, epoch, text, why));
    }
    let folder = project.epoch_dir(import.epoch);
    let file = |name: &str| folder.join(name);
    let work = || -> meed_ledger::Result<(Vec<Record>, Vec<Record>, Registry)> {
        let registry = Registry::load(&file(registry::FILE))?;
        let events_file = file(events::FILE);
        let events = Events::load(&events_file, &registry)?;
        let path = file(records::FILE);
        let expected = records::load(&path, events.len(), registry.len())?;
        let find = |file: &meed_scores::Ingredient| {
            found(&file.sha256).map(|raw| raw.path.clone()).unwrap_or_default()
        };
        let with = (&*events_file, &events);
        let got = recipe.import(&import.path, find, &registry, with, &mut content::quiet)?;
        Ok((expected, got.records, registry))
    };
    let (expected, got, registry) = match work() {
        Ok(done) => done,
        Err(LedgerError::Io { source, path, .. }) if source.kind() == ErrorKind::NotFound => {
            let why = format!("needs {}", path.display());
            return Ok(Check::not_made(RECORDS, epoch, text, why));
        }
        Err(error @ (LedgerError::Io { .. } | LedgerError::Cancelled)) => return Err(error.into()),
        Err(error) => return Ok(wrong(error.to_string())),
    };
    let rows = merge(&expected, &got, |record| (record.event, record.asset));
    let differ: Vec<(u32, u32)> = rows.filter(|(_, a, b)| a != b).map(|(key, ..)| key).collect();
    Ok(match differ.first() {
        None => {
            let note = format!("{} records are what the raw scores give", got.len());
            Check::made(RECORDS, epoch, text, vec![Finding::note(note)])
        }
        Some((event, asset)) => {
            let name = registry.names().get(*asset as usize).map_or("", String::as_str);
            wrong(format!(
                "{} of {} records are not what the raw scores give; the first is of event {event} (from 0) \
                 and asset {}",
                differ.len(),
                expected.len().max(got.len()),
                meed_ledger::shown(name),
            ))
        }
    })
}

/// What an `import.json` has under `about`; `None` when it is not there.
fn read(path: &Path) -> Result<Option<Value>> {
    if !path.try_exists().map_err(LedgerError::io("read", path))? {
        return Ok(None);
    }
    let length = fs::metadata(path).map_err(LedgerError::io("read", path))?.len();
    if length > LONGEST {
        return Ok(Some(Value::Null));
    }
    let bytes = fs::read(path).map_err(LedgerError::io("read", path))?;
    Ok(Some(match serde_json::from_slice(&bytes) {
        Ok(Value::Object(mut import)) => import.remove("about").unwrap_or_default(),
        _ => Value::Null,
    }))
}
