//! Jobs: what is asked for, and what became of it.

use std::fmt;
use std::str::FromStr;

use meed_ledger::project::EpochFiles;
use meed_statement::types::Account;
use meed_statement::words::Domain;
use meed_verifier::System;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::{Result, ServiceError};

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It waits for a worker, for its network's epoch before, or for the next attempt.
    Queued,
    /// A worker has it.
    Running,
    /// Its bundle is there.
    Done,
    /// It cannot be proved, whoever tries.
    Failed,
    /// It was tried as often as is allowed.
    Dead,
    /// Its owner no longer wants it.
    Cancelled,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Dead, Self::Cancelled];

    /// As the database and the API have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more happens to the job.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

impl FromStr for State {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|s| s.name() == text);
        found.ok_or_else(|| ServiceError::Unknown {
            what: "state",
            expected: "queued, running, done, failed, dead or cancelled",
            got: text.to_owned(),
        })
    }
}

/// The files of a committed epoch, as in its folder. Records and salt are secrets.
#[derive(Clone, Serialize, Deserialize, ToSchema, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// `policy.toml`.
    pub policy: String,
    /// `registry.csv`.
    pub registry: String,
    /// `state.csv`.
    pub state: String,
    /// `events.csv`.
    pub events: String,
    /// `records.csv`.
    pub records: String,
    /// `salt.hex`.
    pub salt: String,
    /// `commit.json`.
    pub commit: String,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Files(..)")
    }
}

impl Files {
    /// For the ledger.
    #[must_use]
    pub fn epoch(&self) -> EpochFiles<'_> {
        EpochFiles {
            policy: &self.policy,
            registry: &self.registry,
            state: &self.state,
            events: &self.events,
            records: &self.records,
            salt: &self.salt,
            commit: &self.commit,
        }
    }
}

/// A proof system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProofSystem {
    /// 256 bytes a proof; a ceremony for each circuit.
    #[default]
    Groth16,
    /// 4 kB a proof; universal parameters.
    Halo2,
}

impl From<ProofSystem> for System {
    fn from(system: ProofSystem) -> Self {
        match system {
            ProofSystem::Groth16 => Self::Groth16,
            ProofSystem::Halo2 => Self::Halo2,
        }
    }
}

/// The chain and contract that a proof is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OnChain {
    /// EVM chain.
    pub chain_id: u64,
    /// Settlement contract, `0x` and 40 hexadecimal digits.
    #[schema(pattern = "^0x[0-9a-fA-F]{40}$")]
    pub contract: String,
}

/// What a client asks for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The network, a name of the client's choice: 1 to 64 of `a-z A-Z 0-9 - _ .`.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]+$")]
    pub network: String,
    /// The proof system.
    #[serde(default)]
    pub system: ProofSystem,
    /// Where the proof may be used; nowhere but in `meed verify` if it is left out.
    #[serde(default)]
    pub domain: Option<OnChain>,
    /// Jobs of a higher priority go first, from -100 to 100.
    #[serde(default)]
    #[schema(minimum = -100, maximum = 100, default = 0)]
    pub priority: i64,
    /// Says that the epochs before this one were proved elsewhere: the network begins here. Without
    /// it, a network that is not known begins with epoch 1.
    #[serde(default)]
    #[schema(default = false)]
    pub first: bool,
    /// The epoch.
    pub files: Files,
}

impl Submission {
    /// Checks everything but the epoch.
    ///
    /// # Errors
    /// [`ServiceError::Config`] with what was expected.
    pub fn check(&self) -> Result<()> {
        check_name("network", &self.network)?;
        if !(-100..=100).contains(&self.priority) {
            return Err(ServiceError::config("priority", "-100 to 100", self.priority));
        }
        self.domain().map(|_| ())
    }

    /// The domain of the proof.
    ///
    /// # Errors
    /// [`ServiceError::Config`].
    pub fn domain(&self) -> Result<Domain> {
        domain(self.domain.as_ref())
    }
}

/// The domain that a pair of chain and contract names.
pub(crate) fn domain(on_chain: Option<&OnChain>) -> Result<Domain> {
    let Some(OnChain { chain_id, contract }) = on_chain else { return Ok(Domain::OFF_CHAIN) };
    let account: Account = contract.parse().map_err(|_| {
        let expected = "an account: 0x and 40 hexadecimal digits";
        ServiceError::config("domain.contract", expected, "something else")
    })?;
    Ok(Domain::evm(*chain_id, *account.bytes()))
}

/// Fails unless a name is 1 to 64 of `a-z A-Z 0-9 - _ .`.
pub(crate) fn check_name(what: &str, name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match (1..=64).contains(&name.len()) && name.chars().all(plain) {
        true => Ok(()),
        false => {
            let got = meed_ledger::shown(name);
            Err(ServiceError::config(what, "1 to 64 of a-z A-Z 0-9 - _ .", got))
        }
    }
}

/// A job, as its owner sees it. Times are milliseconds since 1970, by the database's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Its name.
    pub id: String,
    /// Its place in the order of submission, for paging.
    pub seq: i64,
    /// The network.
    pub network: String,
    /// The epoch's number.
    pub epoch: i64,
    /// Proof system and shape, for example `groth16/XS`.
    pub circuit: String,
    /// Chain and contract, `off-chain` or `ID:CONTRACT`.
    pub domain: String,
    /// Its priority.
    pub priority: i64,
    /// Where it is.
    pub state: State,
    /// How often a worker took it.
    pub attempt: i64,
    /// How often that went wrong.
    pub failures: i64,
    /// The stage that the proof is in.
    pub stage: Option<String>,
    /// The part of the proof that is done, in thousandths.
    pub progress: i64,
    /// Why it failed, or why the last attempt did.
    pub error: Option<String>,
    /// When it was submitted.
    pub created_at: i64,
    /// When a worker took it last.
    pub started_at: Option<i64>,
    /// When it came to its end.
    pub finished_at: Option<i64>,
    /// SHA-256 of the bundle's file, a tar archive.
    pub bundle_sha256: Option<String>,
    /// Its length.
    pub bundle_bytes: Option<i64>,
    /// SHA-256 of the bundle's manifest.
    pub manifest_sha256: Option<String>,
}

/// Something that happened to a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its number.
    pub seq: i64,
    /// The attempt that it belongs to.
    pub attempt: i64,
    /// `submitted`, `claimed`, `stage`, `retry`, `expired`, `returned`, `done`, `failed`, `dead` or
    /// `cancelled`.
    pub kind: String,
    /// More, for people.
    pub detail: Option<String>,
    /// When.
    pub at: i64,
}
