//! Circuit shapes: how large an epoch one proof takes.

use crate::settle::Trace;
use crate::types::Inputs;

/// Capacities of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Short name.
    pub name: &'static str,
    /// Most assets; a power of two.
    pub assets: usize,
    /// Most events; a power of two.
    pub events: usize,
    /// Most records; even.
    pub records: usize,
    /// Most rows of the table of accounts, and entries of a state.
    pub accounts: usize,
}

/// For tests.
pub const XS: Shape = Shape { name: "XS", assets: 8, events: 4, records: 32, accounts: 8 };
/// For small networks.
pub const S: Shape = Shape { name: "S", assets: 256, events: 64, records: 1_024, accounts: 256 };
/// For larger ones.
pub const M: Shape =
    Shape { name: "M", assets: 1_024, events: 256, records: 8_192, accounts: 1_024 };

/// All shapes, smallest first.
pub const SHAPES: [Shape; 3] = [XS, S, M];

/// What an epoch needs of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Registered assets.
    pub assets: usize,
    /// Events.
    pub events: usize,
    /// Records.
    pub records: usize,
    /// Rows of the table of accounts.
    pub accounts: usize,
}

impl Size {
    /// The size of a settled epoch.
    #[must_use]
    pub fn of(inputs: &Inputs, trace: &Trace) -> Self {
        Self {
            assets: inputs.registry.len(),
            events: inputs.events.len(),
            records: inputs.records.len(),
            accounts: trace.accounts.len(),
        }
    }
}

impl core::fmt::Display for Size {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { assets, events, records, accounts } = self;
        write!(f, "{assets} assets, {events} events, {records} records, {accounts} accounts")
    }
}

impl Shape {
    /// The shape of this name, in either case.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        SHAPES.into_iter().find(|s| s.name.eq_ignore_ascii_case(name))
    }

    /// The capacities as a size.
    #[must_use]
    pub fn capacity(&self) -> Size {
        Size {
            assets: self.assets,
            events: self.events,
            records: self.records,
            accounts: self.accounts,
        }
    }

    /// Whether an epoch of this size fits.
    #[must_use]
    pub fn holds(&self, size: &Size) -> bool {
        size.assets <= self.assets
            && size.events <= self.events
            && size.records <= self.records
            && size.accounts <= self.accounts
    }

    /// The smallest shape that holds an epoch of this size.
    #[must_use]
    pub fn smallest(size: &Size) -> Option<Self> {
        SHAPES.into_iter().find(|s| s.holds(size))
    }
}
