//! What an audit says.

use meed_statement::types::Account;
use ruint::aliases::U256;
use serde::{Serialize, Serializer};

/// One thing that was looked at, in one epoch or in all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Stable name, for programs: `proof`, `chain-of-epochs`, `claims`..
    pub name: &'static str,
    /// What was looked at, for people.
    pub about: String,
    /// The epoch, where it is one epoch's.
    pub epoch: Option<u64>,
    /// How it ended.
    #[serde(flatten)]
    pub status: Status,
}

impl Check {
    /// A check that was made: it failed if one of the findings is an error.
    #[must_use]
    pub fn made(
        name: &'static str,
        epoch: Option<u64>,
        about: impl Into<String>,
        findings: Vec<Finding>,
    ) -> Self {
        let failed = findings.iter().any(|finding| finding.severity == Severity::Error);
        let status = match failed {
            true => Status::Failed { findings },
            false => Status::Passed { notes: findings },
        };
        Self { name, about: about.into(), epoch, status }
    }

    /// A check that could not be made, and what is missing for it.
    #[must_use]
    pub fn not_made(
        name: &'static str,
        epoch: Option<u64>,
        about: impl Into<String>,
        why: impl Into<String>,
    ) -> Self {
        let status = Status::NotChecked { why: why.into() };
        Self { name, about: about.into(), epoch, status }
    }

    /// What was found, errors and notes.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match &self.status {
            Status::Passed { notes } => notes,
            Status::Failed { findings } => findings,
            Status::NotChecked { .. } => &[],
        }
    }

    /// Whether it was made and found no fault.
    #[must_use]
    pub fn passed(&self) -> bool {
        matches!(self.status, Status::Passed { .. })
    }

    /// Whether it found a fault.
    #[must_use]
    pub fn failed(&self) -> bool {
        matches!(self.status, Status::Failed { .. })
    }
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// No fault.
    Passed {
        /// What is worth knowing all the same.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        notes: Vec<Finding>,
    },
    /// At least one finding is an error.
    Failed {
        /// What was found.
        findings: Vec<Finding>,
    },
    /// It could not be looked at.
    NotChecked {
        /// What was missing.
        why: String,
    },
}

/// One difference, or one thing worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// In words: where, what was expected, what was found.
    pub message: String,
    /// Whose money.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "account")]
    pub account: Option<Account>,
    /// How much money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
}

impl Finding {
    /// Something is wrong.
    #[must_use]
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message)
    }

    /// Something is worth a look.
    #[must_use]
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message)
    }

    /// Something is worth knowing.
    #[must_use]
    pub fn note(message: impl Into<String>) -> Self {
        Self::new(Severity::Note, message)
    }

    fn new(severity: Severity, message: impl Into<String>) -> Self {
        Self { severity, message: message.into(), account: None, difference: None }
    }

    /// The same, about an account's money.
    #[must_use]
    pub fn of(self, account: Account) -> Self {
        Self { account: Some(account), ..self }
    }

    /// The same, about amounts in base units.
    #[must_use]
    pub fn base_units(self, expected: u128, got: u128) -> Self {
        let (expected, got) = (U256::from(expected), U256::from(got));
        self.amounts(Unit::BaseUnits, expected, got)
    }

    /// The same, about amounts in credits.
    #[must_use]
    pub fn credits(self, expected: U256, got: U256) -> Self {
        self.amounts(Unit::Credits, expected, got)
    }

    /// The same, about two amounts.
    #[must_use]
    pub fn amounts(self, unit: Unit, expected: U256, got: U256) -> Self {
        Self { difference: Some(Difference { unit, expected, got }), ..self }
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Worth a look.
    Warning,
    /// Something is wrong.
    Error,
}

/// Two amounts that should be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// In which unit.
    pub unit: Unit,
    /// What it should be.
    #[serde(serialize_with = "digits")]
    pub expected: U256,
    /// What it is.
    #[serde(serialize_with = "digits")]
    pub got: U256,
}

/// The unit of an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Whole base units of the token.
    BaseUnits,
    /// Credits: `10,000 * 2^40` to a base unit.
    Credits,
}

impl Unit {
    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BaseUnits => "base units",
            Self::Credits => "credits",
        }
    }
}

fn account<S: Serializer>(account: &Option<Account>, out: S) -> Result<S::Ok, S::Error> {
    match account {
        Some(account) => out.collect_str(account),
        None => out.serialize_none(),
    }
}

fn digits<S: Serializer>(amount: &U256, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(amount)
}
