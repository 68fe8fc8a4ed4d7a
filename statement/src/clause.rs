//! The clauses of the statement, and how a violation of one is told.

use core::fmt;
use ruint::aliases::U256;

/// One clause of the statement. Documents, native check, circuits and tests use these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Clause {
    /// S1: the registry's root commits to well-formed assets.
    Registry,
    /// S2: the scores' root commits to the registry, the events and the records.
    Ledger,
    /// S3: what a record counts.
    Counted,
    /// S4: the price of a point.
    Price,
    /// S5: what every record and role is credited.
    Credit,
    /// S6: what assets pass to those they owe.
    Flow,
    /// S7: what every account earned.
    Owners,
    /// S8: the cap.
    Cap,
    /// S9: what is released and what waits.
    Release,
    /// S10: nothing is lost.
    Conservation,
    /// S11: the public words are the ones that the other clauses speak of.
    Binding,
}

impl Clause {
    /// All clauses, in order.
    pub const ALL: [Self; 11] = [
        Self::Registry,
        Self::Ledger,
        Self::Counted,
        Self::Price,
        Self::Credit,
        Self::Flow,
        Self::Owners,
        Self::Cap,
        Self::Release,
        Self::Conservation,
        Self::Binding,
    ];

    /// `S1` to `S11`.
    #[must_use]
    pub fn id(self) -> &'static str {
        ["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11"][self as usize]
    }

    /// The name in one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        [
            "registry",
            "ledger",
            "counted",
            "price",
            "credit",
            "flow",
            "owners",
            "cap",
            "release",
            "conservation",
            "binding",
        ][self as usize]
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id(), self.name())
    }
}

/// Where in an epoch. Positions count from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The epoch as a whole.
    Epoch,
    /// The policy.
    Policy,
    /// An asset of the registry.
    Asset(usize),
    /// An event.
    Event(usize),
    /// A record.
    Record(usize),
    /// A row of the table of accounts.
    Account(usize),
    /// An entry of the state that the epoch starts from.
    State(usize),
    /// A public word.
    Word(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epoch => f.write_str("epoch"),
            Self::Policy => f.write_str("policy"),
            Self::Asset(i) => write!(f, "asset {i}"),
            Self::Event(i) => write!(f, "event {i}"),
            Self::Record(i) => write!(f, "record {i}"),
            Self::Account(i) => write!(f, "account row {i}"),
            Self::State(i) => write!(f, "state entry {i}"),
            Self::Word(i) => write!(f, "public word {i}"),
        }
    }
}

/// A clause that does not hold, where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The clause.
    pub clause: Clause,
    /// Where it fails.
    pub at: Place,
    /// The rule that is broken, as a sentence about what should be.
    pub rule: &'static str,
    /// What the rule expects and what was found, where that is a number.
    pub numbers: Option<(U256, U256)>,
}

impl Violation {
    pub(crate) fn new(clause: Clause, at: Place, rule: &'static str) -> Self {
        Self { clause, at, rule, numbers: None }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {}", self.clause, self.at, self.rule)?;
        if let Some((expected, got)) = &self.numbers {
            write!(f, " (expected {expected}, got {got})")?;
        }
        Ok(())
    }
}

impl core::error::Error for Violation {}

/// `Ok` if `holds`, else the violation.
pub(crate) fn ensure(
    holds: bool,
    clause: Clause,
    at: Place,
    rule: &'static str,
) -> Result<(), Violation> {
    if holds {
        Ok(())
    } else {
        Err(Violation::new(clause, at, rule))
    }
}

/// `Ok` if both numbers agree, else the violation with both.
pub(crate) fn ensure_eq(
    expected: U256,
    got: U256,
    clause: Clause,
    at: Place,
    rule: &'static str,
) -> Result<(), Violation> {
    if expected == got {
        Ok(())
    } else {
        Err(Violation { clause, at, rule, numbers: Some((expected, got)) })
    }
}
