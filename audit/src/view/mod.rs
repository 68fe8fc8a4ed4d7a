//! What a report page shows, as data: `"format": "meed-report-page"`.
//!
//! Lists are columns of equal length, since an epoch has up to 100,000 accounts. Amounts are decimal digits
//! in strings; credits unless said otherwise. Bytes are base64. A view has two levels: what a bundle says,
//! which is public, and what the operator's inputs add. It never holds a score or a salt.

mod build;

use meed_ledger::receipt::{Number, Show};
use serde::Serialize;

pub use build::{Source, ViewError};

use crate::Check;

/// Name of the format.
pub const FORMAT: &str = "meed-report-page";
/// Its version.
pub const VERSION: u32 = 1;

/// Everything that a page shows.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    /// [`FORMAT`].
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// The program that made it.
    pub made_by: String,
    /// How amounts are shown.
    pub show: Unit,
    /// Number of the epoch.
    pub epoch: Number,
    /// All public words, 32 bytes each, big-endian: the header's eleven, then one a payout.
    pub words: String,
    /// Their hash, `0x` and 64 digits.
    pub h: String,
    /// What proves the words. Without it the page says that nothing is proved.
    pub proof: Option<ProofPart>,
    /// What waits for later epochs. Absent where `operator` has it.
    pub state: Option<State>,
    /// What only the operator's data says.
    pub operator: Option<Operator>,
    /// This epoch and others, by number.
    pub trend: Vec<TrendRow>,
    /// What an audit says, if there was one.
    pub audit: Option<Vec<Check>>,
}

/// In what amounts are shown.
#[derive(Clone, Debug, Serialize)]
pub struct Unit {
    /// A shown unit is `10^decimals` base units.
    pub decimals: u8,
    /// Its name.
    pub symbol: String,
}

impl From<&Show> for Unit {
    fn from(show: &Show) -> Self {
        Self { decimals: show.decimals(), symbol: show.symbol().to_owned() }
    }
}

/// A proof and what it is checked with.
#[derive(Clone, Debug, Serialize)]
pub struct ProofPart {
    /// The proof system, as the proof's bytes say: `groth16` or `halo2`.
    pub system: &'static str,
    /// The circuit's name, as its bundle says.
    pub circuit: String,
    /// Its shape.
    pub shape: &'static str,
    /// SHA-256 of its constraints, 64 digits.
    pub circuit_digest: String,
    /// The verifying key, 704 bytes of Groth16 or 1,512 of halo2. Without it the page cannot check the proof, and says so.
    pub key: Option<String>,
    /// The key's id, `0x` and 64 digits.
    pub vk_id: String,
    /// Whether anybody can forge proofs under the key.
    pub insecure: bool,
    /// Network identifier, `0x` and 64 digits.
    pub chain_id: String,
    /// Contract or program, `0x` and 64 digits.
    pub contract: String,
    /// The two in words.
    pub domain: String,
    /// The proof, 256 bytes of Groth16 or 4,072 of halo2.
    pub proof: String,
    /// SHA-256 of the bundle's manifest, 64 digits.
    pub manifest_sha256: String,
}

/// What waits, by account, strictly increasing.
#[derive(Clone, Debug, Default, Serialize)]
pub struct State {
    /// `0x` and 40 digits.
    pub account: Vec<String>,
    /// What waits.
    pub accrued: Vec<Number>,
}

/// What the operator's inputs add to a bundle.
#[derive(Clone, Debug, Serialize)]
pub struct Operator {
    /// The rules.
    pub policy: Terms,
    /// Paid events.
    pub events: usize,
    /// Those in which no score reached the threshold.
    pub uncounted: Uncounted,
    /// What is left of all data shares, for the remainder account.
    pub leftovers: Number,
    /// Most that an account may earn.
    pub cap: Number,
    /// What the cap took, for the remainder account.
    pub excess: Number,
    /// The table of accounts.
    pub accounts: Accounts,
    /// The registry, in order.
    pub assets: Assets,
    /// What assets owe each other, by the asset that owes.
    pub edges: Edges,
}

/// Events without a counted score.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Uncounted {
    /// How many.
    pub events: usize,
    /// The data's share of their fees, for the remainder account.
    pub credit: Number,
}

/// The rules, all that the policy's hash is computed from.
#[derive(Clone, Debug, Serialize)]
pub struct Terms {
    /// Shares of platform, stakers, service, model and data, in basis points.
    pub shares: [u32; 5],
    /// Account of the platform.
    pub platform: String,
    /// Account of the stakers.
    pub stakers: String,
    /// Account that takes what rounding, penalties and the cap leave.
    pub remainder: String,
    /// Most of the fees that an account may earn, in basis points.
    pub cap_bps: u32,
    /// Smallest payout, base units.
    pub min_payout: Number,
    /// A record counts from this score on; fixed point.
    pub threshold: Number,
    /// Fraction bits of scores.
    pub fraction_bits: u8,
}

/// The table of accounts, strictly increasing.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Accounts {
    /// `0x` and 40 digits.
    pub account: Vec<String>,
    /// What waited from earlier epochs.
    pub before: Vec<Number>,
    /// Earned in this epoch, before the cap.
    pub earned: Vec<Number>,
    /// Earned, after the cap.
    pub credited: Vec<Number>,
    /// Paid now, base units.
    pub paid: Vec<Number>,
    /// What waits for later epochs.
    pub after: Vec<Number>,
}

/// The registry, and what flowed through each asset.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Assets {
    /// Names; no part of what is proved.
    pub name: Vec<String>,
    /// `dataset`, `model`, `adapter` or `service`.
    pub kind: Vec<&'static str>,
    /// Position of the owner in the table of accounts.
    pub owner: Vec<usize>,
    /// SHA-256 of the content, 64 digits.
    pub content: Vec<String>,
    /// From all its records together.
    pub records: Vec<Number>,
    /// From all events that it served.
    pub service: Vec<Number>,
    /// From all events that it is the model of.
    pub model: Vec<Number>,
    /// The three, and what later assets passed up.
    pub inflow: Vec<Number>,
    /// Share for the remainder account.
    pub penalty_bps: Vec<u32>,
    /// What that is.
    pub penalty: Vec<Number>,
    /// What remains for the owner.
    pub kept: Vec<Number>,
}

/// Shares owed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Edges {
    /// Position of the asset that owes.
    pub from: Vec<usize>,
    /// Position of the asset that is owed.
    pub to: Vec<usize>,
    /// The share.
    pub bps: Vec<u32>,
    /// What was passed.
    pub credit: Vec<Number>,
}

/// An epoch among others.
#[derive(Clone, Debug, Serialize)]
pub struct TrendRow {
    /// Its number.
    pub epoch: Number,
    /// Fees, base units.
    pub fees: Number,
    /// Paid, base units.
    pub paid: Number,
    /// Accounts paid.
    pub accounts: u32,
    /// What waits afterwards.
    pub waiting: Number,
    /// Root of the state that it started from.
    pub state_before: String,
    /// Root of the state that it left.
    pub state_after: String,
    /// Whether a proof of it was checked when the page was made.
    pub proved: bool,
}
