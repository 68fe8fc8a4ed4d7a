//! Raw files of scores against what an epoch's import says of them.
//!
//! This compares SHA-256 digests. It shows that a file is the one that was imported, not that the records
//! follow from it: for that, import it again.

use std::fs;
use std::path::{Path, PathBuf};

use meed_ledger::content;
use meed_ledger::project::{Project, IMPORT};
use meed_ledger::LedgerError;
use serde_json::Value;

use crate::error::Result;
use crate::finding::{Check, Finding};

const NAME: &str = "raw-scores";
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

/// Compares raw files with the imports of these epochs.
pub(crate) fn compare(project: &Project, epochs: &[u64], raw: &[Raw]) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    let mut imports = Vec::new();
    for epoch in epochs {
        let path = project.epoch_dir(*epoch).join(IMPORT);
        let files = imported(&path)?;
        imports.push((*epoch, path, files));
    }
    // A file that one epoch imported is no wrong file of another that has the same name.
    let all = || imports.iter().filter_map(|(.., files)| files.as_ref()).flatten();
    let mut used: Vec<bool> =
        raw.iter().map(|raw| all().any(|file| file.sha256 == raw.sha256)).collect();
    for (epoch, path, files) in &imports {
        let about = "the raw scores are the files that were imported";
        let why = match files {
            None => format!("needs {}, which the operator keeps", path.display()),
            Some(files) if files.is_empty() => {
                format!("{} names no file with its SHA-256", path.display())
            }
            Some(files) => {
                checks.push(epoch_check(*epoch, about, files, raw, &mut used));
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
            findings.push(Finding::note(format!(
                "{} is what was imported; that the records follow from it takes another import",
                raw.path.display()
            )));
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

/// The files of scores that an import names; `None` when there is no `import.json`.
fn imported(path: &Path) -> Result<Option<Vec<Imported>>> {
    if !path.try_exists().map_err(LedgerError::io("read", path))? {
        return Ok(None);
    }
    let length = fs::metadata(path).map_err(LedgerError::io("read", path))?.len();
    if length > LONGEST {
        return Ok(Some(Vec::new()));
    }
    let bytes = fs::read(path).map_err(LedgerError::io("read", path))?;
    let import: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    // One file, or a list of them.
    let scores = &import["about"]["scores"];
    let list = scores.as_array().map_or(std::slice::from_ref(scores), Vec::as_slice);
    let file = |value: &Value| {
        let name = value["name"].as_str().or(value["file"].as_str())?;
        let name = Path::new(name).file_name()?.to_str()?.to_owned();
        Some(Imported { name, sha256: value["sha256"].as_str()?.to_owned() })
    };
    Ok(Some(list.iter().filter_map(file).collect()))
}
