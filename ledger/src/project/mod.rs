//! A project: one folder that holds a network's rules, registry and epochs.
//!
//! ```text
//! policy.toml            the rules, for the epochs to come
//! registry.csv           the assets, for the epochs to come
//! state.csv              what waits in accounts before epoch 1; usually nothing
//! epochs/1/              mode 0700: what is in it is the operator's
//!     events.csv         the paid outputs
//!     records.csv        the scores, a secret
//!     import.json        where they come from
//!     salt.hex           blinds the scores' root, a secret, mode 0600, drawn once
//!     policy.toml, registry.csv, state.csv     as committed
//!     commit.json        the roots; from here on the epoch's inputs do not change
//!     settlement/        payouts.csv, state.csv, settlement.json
//! ```
//!
//! An epoch is open until it is committed, and there is at most one open epoch, the last. The
//! state that epoch n starts from is the one that the settlement of epoch n-1 left; nothing is ever
//! advanced in place, so every step can be run again after an interruption and gives the same
//! files. One process works on a project at a time.

mod commit;
mod memory;

pub use commit::{root_text, CommitFile};
pub use memory::EpochFiles;

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use ark_bn254::Fr;
use meed_statement::check::check_inputs;
use meed_statement::clause::Violation;
use meed_statement::roots::Commitment;
use meed_statement::types::{Inputs, Policy, Record, StateEntry};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::atomic::{sweep, write_file, Access, Existing, Staging};
use crate::error::{Fault, LedgerError, Result};
use crate::events::{self, Events};
use crate::registry::{self, Registry};
use crate::table::read_text;
use crate::{policy, records, state};

/// Folder of the epochs.
pub const EPOCHS: &str = "epochs";
/// The roots of a committed epoch.
pub const COMMIT: &str = "commit.json";
/// The secret that blinds the scores' root.
pub const SALT: &str = "salt.hex";
/// Where an open epoch's scores come from.
pub const IMPORT: &str = "import.json";
/// Folder of what an epoch was settled to.
pub const SETTLEMENT: &str = "settlement";
/// Payouts of a settlement.
pub const PAYOUTS: &str = "payouts.csv";
const LOCK: &str = ".lock";

/// An open project. While it is open for writing, no other process writes to it.
#[derive(Debug)]
pub struct Project {
    root: PathBuf,
    _lock: Option<File>,
}

/// `import.json`: what the records of an epoch are read with. Records name assets by position and
/// scores by fixed point, so both must still be the same when the epoch is loaded.
#[derive(Serialize, Deserialize)]
struct ImportFile {
    format: u32,
    fraction_bits: u8,
    assets: usize,
    /// SHA-256 of the assets' names, each with a line break.
    names_sha256: String,
    /// Where the scores come from and what became of them, for people.
    about: serde_json::Value,
}

/// What an epoch is computed from, with the names of its assets.
#[derive(Debug)]
pub struct Epoch {
    /// The inputs. Of an epoch that is not committed, the salt is zero and the roots mean nothing.
    pub inputs: Inputs,
    /// Names and assets.
    pub registry: Registry,
    /// Whether the epoch is committed.
    pub committed: bool,
    /// The roots of a committed epoch.
    pub commitment: Option<Commitment>,
}

impl Project {
    /// Creates a project in a folder that is not there or empty.
    ///
    /// # Errors
    /// [`LedgerError::Order`] when something is there; [`LedgerError::Io`].
    pub fn create(root: &Path, rules: &Policy) -> Result<Self> {
        let existing = match fs::read_dir(root).map(Iterator::count) {
            Ok(0) => Existing::Replace,
            Ok(_) => return Err(order(root, "expected a new or empty folder, got one with files")),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Existing::Refuse,
            Err(e) => return Err(LedgerError::io("read", root)(e)),
        };
        if let Some(parent) = root.parent().filter(|p| *p != Path::new("")) {
            fs::create_dir_all(parent).map_err(LedgerError::io("create", parent))?;
        }
        let staging = Staging::new(root, Access::Public)?;
        let public = Access::Public;
        staging
            .write(policy::FILE, public, |out| out.write_all(policy::to_toml(rules).as_bytes()))?;
        staging.write(registry::FILE, public, |out| Registry::default().write(out))?;
        staging.write(state::FILE, public, |out| state::write(&[], out))?;
        staging.write(LOCK, public, |_| Ok(()))?;
        let epochs = staging.path().join(EPOCHS);
        fs::create_dir(&epochs).map_err(LedgerError::io("create", &epochs))?;
        staging.commit(existing)?;
        Self::open(root)
    }

    /// Opens a project for writing.
    ///
    /// # Errors
    /// [`LedgerError::Order`] when it is none; [`LedgerError::Busy`]; [`LedgerError::Io`].
    pub fn open(root: &Path) -> Result<Self> {
        let mut project = Self::open_to_read(root)?;
        let path = root.join(LOCK);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(LedgerError::io("open", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LedgerError::Busy { path: root.to_owned() })
            }
            Err(TryLockError::Error(e)) => return Err(LedgerError::io("lock", &path)(e)),
        }
        project._lock = Some(lock);
        sweep(root);
        sweep(&root.join(EPOCHS));
        for epoch in project.epochs()? {
            sweep(&project.epoch_dir(epoch));
        }
        Ok(project)
    }

    /// Opens a project to read it only.
    ///
    /// # Errors
    /// [`LedgerError::Order`] when it is none.
    pub fn open_to_read(root: &Path) -> Result<Self> {
        if !root.join(policy::FILE).is_file() || !root.join(registry::FILE).is_file() {
            let rule = "expected a project (a folder with policy.toml and registry.csv): make one \
                        with `meed init`";
            return Err(order(root, rule));
        }
        Ok(Self { root: root.to_owned(), _lock: None })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of an epoch, whether it is there or not.
    #[must_use]
    pub fn epoch_dir(&self, epoch: u64) -> PathBuf {
        self.root.join(EPOCHS).join(epoch.to_string())
    }

    /// The rules for the epochs to come.
    ///
    /// # Errors
    /// As [`policy::load`].
    pub fn policy(&self) -> Result<Policy> {
        policy::load(&self.root.join(policy::FILE))
    }

    /// The assets for the epochs to come.
    ///
    /// # Errors
    /// As [`Registry::load`].
    pub fn registry(&self) -> Result<Registry> {
        Registry::load(&self.root.join(registry::FILE))
    }

    /// Writes the registry.
    ///
    /// # Errors
    /// [`LedgerError::Io`]; the file is then as it was.
    pub fn save_registry(&self, registry: &Registry) -> Result<()> {
        write_file(&self.root.join(registry::FILE), Access::Public, |out| registry.write(out))
    }

    /// The numbers of the epochs that there are: 1 to some n.
    ///
    /// # Errors
    /// [`LedgerError::Io`]; [`LedgerError::Order`] when one is missing.
    pub fn epochs(&self) -> Result<Vec<u64>> {
        let folder = self.root.join(EPOCHS);
        let mut numbers = Vec::new();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(numbers),
            Err(e) => return Err(LedgerError::io("read", &folder)(e)),
        };
        for entry in entries {
            let name = entry.map_err(LedgerError::io("read", &folder))?.file_name();
            let number = name.to_str().filter(|n| !n.starts_with(['0', '+']));
            numbers.extend(number.and_then(|n| n.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        match (1..).zip(&numbers).find(|(expected, got)| expected != *got) {
            Some((missing, _)) => Err(order(&folder, format!("expected epoch {missing}"))),
            None => Ok(numbers),
        }
    }

    /// Whether an epoch is committed.
    #[must_use]
    pub fn is_committed(&self, epoch: u64) -> bool {
        self.epoch_dir(epoch).join(COMMIT).exists()
    }

    /// The last epoch.
    ///
    /// # Errors
    /// [`LedgerError::Order`] when there is none yet; as [`Project::epochs`].
    pub fn last_epoch(&self) -> Result<u64> {
        let rule = "expected an epoch: import events and scores with `meed scores import`";
        self.epochs()?.last().copied().ok_or_else(|| order(&self.root, rule))
    }

    /// The epoch that an import goes to: the open one, else the next.
    ///
    /// # Errors
    /// As [`Project::epochs`].
    pub fn open_epoch(&self) -> Result<u64> {
        let last = self.epochs()?.last().copied().unwrap_or(0);
        Ok(if last > 0 && !self.is_committed(last) { last } else { last + 1 })
    }

    /// Writes events and records to the open epoch; what an earlier import left there is replaced.
    /// `about` is kept beside them, for people.
    ///
    /// # Errors
    /// [`LedgerError::Io`]; the epoch is then as it was.
    pub fn save_import(
        &self,
        events: &Events,
        records: &[Record],
        registry: &Registry,
        fraction_bits: u8,
        about: serde_json::Value,
    ) -> Result<u64> {
        let epoch = self.open_epoch()?;
        let names = registry.names();
        let names_sha256 = names_digest(names);
        let about =
            ImportFile { format: 1, fraction_bits, assets: names.len(), names_sha256, about };
        let folder = self.root.join(EPOCHS);
        fs::create_dir_all(&folder).map_err(LedgerError::io("create", &folder))?;
        let staging = Staging::new(&self.epoch_dir(epoch), Access::Secret)?;
        let secret = Access::Secret;
        staging.write(events::FILE, secret, |out| events.write(names, out))?;
        staging.write(records::FILE, secret, |out| records::write(records, out))?;
        staging.write(IMPORT, secret, |out| json(&about, out))?;
        staging.commit(Existing::Replace)?;
        Ok(epoch)
    }

    /// The state that an epoch starts from.
    ///
    /// # Errors
    /// [`LedgerError::Order`] when the epoch before is not settled; as [`state::load`].
    pub fn state_before(&self, epoch: u64) -> Result<Vec<StateEntry>> {
        let Some(before) = epoch.checked_sub(1).filter(|before| *before > 0) else {
            return state::load(&self.root.join(state::FILE));
        };
        let path = self.epoch_dir(before).join(SETTLEMENT).join(state::FILE);
        if !path.exists() {
            let rule = format!("expected epoch {before} to be settled: run `meed settle` first");
            return Err(order(&self.root, rule));
        }
        state::load(&path)
    }

    /// Loads an epoch and checks clauses S1 to S3 on it.
    ///
    /// # Errors
    /// [`LedgerError::Input`] with file and line; [`LedgerError::Clause`]; [`LedgerError::Order`].
    pub fn load(&self, epoch: u64) -> Result<Epoch> {
        let committed = self.is_committed(epoch);
        let salt = if committed { self.salt(epoch)? } else { Fr::from(0u64) };
        let mut epoch = self.load_with(epoch, committed, salt)?;
        if committed {
            let folder = self.epoch_dir(epoch.inputs.epoch);
            let saved = self.commit_file(epoch.inputs.epoch)?;
            epoch.commitment = Some(commit::same_roots(&folder, &saved, &epoch.inputs)?);
        }
        Ok(epoch)
    }

    pub(super) fn load_with(&self, epoch: u64, committed: bool, salt: Fr) -> Result<Epoch> {
        let folder = self.epoch_dir(epoch);
        if epoch == 0 || !folder.is_dir() {
            let rule = format!("expected epoch {epoch}: import its scores first");
            return Err(order(&self.root, rule));
        }
        let rules = if committed { &folder } else { &self.root };
        let policy = policy::load(&rules.join(policy::FILE))?;
        let registry = Registry::load(&rules.join(registry::FILE))?;
        let state = match committed {
            true => state::load(&folder.join(state::FILE))?,
            false => self.state_before(epoch)?,
        };
        if !committed {
            check_import(&folder.join(IMPORT), &policy, registry.names())?;
        }
        let events = Events::load(&folder.join(events::FILE), &registry)?.into_vec();
        let records = records::load(&folder.join(records::FILE), events.len(), registry.len())?;
        let assets = registry.assets().to_vec();
        let inputs = Inputs { epoch, policy, registry: assets, salt, events, records, state };
        check_inputs(&inputs).map_err(|violation| clause(&folder, violation))?;
        Ok(Epoch { inputs, registry, committed, commitment: None })
    }
}

fn json(value: &impl Serialize, out: &mut dyn Write) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}

fn names_digest(names: &[String]) -> String {
    let mut hash = Sha256::new();
    names.iter().for_each(|name| hash.update(format!("{name}\n")));
    hex::encode(hash.finalize())
}

/// Fails if policy or registry changed since the import in a way that changes what its records say.
fn check_import(path: &Path, policy: &Policy, names: &[String]) -> Result<()> {
    let text = read_text(path, 1 << 16)?;
    let import: ImportFile = serde_json::from_str(&text)
        .map_err(|e| LedgerError::in_file(path, Fault::Syntax(e.to_string())))?;
    let again = "; run `meed scores import` again";
    let fault = if import.fraction_bits != policy.fraction_bits {
        let expected = format!("{}, as in policy.toml{again}", policy.fraction_bits);
        Fault::value("fraction_bits", expected, import.fraction_bits)
    } else if names.get(..import.assets).map(names_digest) != Some(import.names_sha256) {
        let expected = format!("the assets that registry.csv starts with{again}");
        Fault::value("assets", expected, "others")
    } else {
        return Ok(());
    };
    Err(LedgerError::in_file(path, fault))
}

fn clause(folder: &Path, violation: Violation) -> LedgerError {
    LedgerError::Clause { path: folder.to_owned(), violation: Box::new(violation) }
}

fn order(path: &Path, rule: impl Into<String>) -> LedgerError {
    LedgerError::Order { path: path.to_owned(), rule: rule.into() }
}
