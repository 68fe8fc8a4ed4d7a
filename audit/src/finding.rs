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

fn account<S: Serializer>(account: &Option<Account>, out: S) -> Result<S::Ok, S::Error> {
    match account {
        Some(account) => out.collect_str(account),
        None => out.serialize_none(),
    }
}

fn digits<S: Serializer>(amount: &U256, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(amount)
}
