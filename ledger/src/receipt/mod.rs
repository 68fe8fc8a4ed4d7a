//! Receipts: for one account, how fees became its payout, adding up to the credit.
//!
//! A receipt holds the whole trace: fee -> role -> asset -> edge -> account -> cap -> payout. Amounts
//! are whole numbers, in credits but for fees, `min_payout` and payouts, which are base units.
//! [`Receipt::check`] adds everything up again from the receipt alone. The receipts of all accounts of
//! an epoch add up to its public totals.
//!
//! A receipt holds the scores of the account's own assets. Of others' assets it holds what they took in and
//! passed on, where that reached or left the account's assets; of the remainder account's events
//! the points, where a price left something over. Hand it to the account's owner only.

mod account;
mod asset;
mod build;
mod check;
mod number;
mod text;

use meed_statement::types::Account;
use serde::{Deserialize, Serialize};

pub use account::{CapExcess, Leftover, Penalty, Remainder, Role, Roles, Totals, Why};
pub use asset::{AssetPart, Onward, OnwardEdge, Pass, Received, RecordPart, Source, Use};
pub use build::{receipt, Receipts};
pub(crate) use number::{grouped, percent, share};
pub use number::{plain, Number, Show, MOST_DECIMALS};
pub(crate) use text::short;

/// Name of the format.
pub const FORMAT: &str = "meed-receipt";
/// Version of the format.
pub const VERSION: u32 = 1;

/// What one account earned in one epoch, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// Number of the epoch.
    pub epoch: Number,
    /// Whose receipt.
    #[serde(with = "account_text")]
    pub account: Account,
    /// The rules that applied.
    pub policy: Terms,
    /// The epoch's public commitments; compare them with the bundle's.
    pub commitments: Commitments,
    /// Sum of the epoch's fees, base units.
    pub fees_total: Number,
    /// The account's assets, in order of the registry.
    pub assets: Vec<AssetPart>,
    /// Others' assets whose income reached the account's assets over edges, in order of the registry.
    pub sources: Vec<Source>,
    /// Others' assets that the account's assets pass income up to, and those that these owe in turn.
    pub onward: Vec<Onward>,
    /// What the account is credited as platform, stakers or remainder.
    pub roles: Roles,
    /// The sums.
    pub totals: Totals,
}

/// The rules of the policy that a receipt needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Share of each fee for the platform.
    pub platform_bps: u32,
    /// For the stakers.
    pub stakers_bps: u32,
    /// For the service asset.
    pub service_bps: u32,
    /// For the model asset.
    pub model_bps: u32,
    /// For the data, by score.
    pub data_bps: u32,
    /// Most of the epoch's fees that an account earns.
    pub cap_bps: u32,
    /// A record counts from this score on, in fixed point.
    pub threshold: Number,
    /// Fraction bits of scores.
    pub fraction_bits: u8,
    /// Smallest payout, base units.
    pub min_payout: Number,
}

/// Public words of the epoch, each `0x` and 64 digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitments {
    /// Hash of the policy.
    pub policy_hash: String,
    /// Root of the registry.
    pub registry_root: String,
    /// Root of events and records.
    pub scores_root: String,
    /// Root of the state before.
    pub state_root_before: String,
    /// Root of the state after.
    pub state_root_after: String,
    /// Hash of all public words.
    pub h: String,
}

/// Why there is no receipt, or why one is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// The account owns no asset, has no role and nothing waits for it.
    #[error(
        "account {account}: expected an owner of an asset, a policy account or one with a waiting \
         amount, got none of these in epoch {epoch}"
    )]
    UnknownAccount {
        /// The account.
        account: Account,
        /// The epoch.
        epoch: u64,
    },
    /// The trace is not one of these inputs.
    #[error("trace: expected {expected} {what}, got {got}")]
    Trace {
        /// Which list.
        what: &'static str,
        /// Its length by the inputs.
        expected: usize,
        /// Its length in the trace.
        got: usize,
    },
    /// A number does not follow from the others.
    #[error("receipt: {at}: expected {expected}, got {got}")]
    Sum {
        /// Which number.
        at: String,
        /// What follows from the others.
        expected: String,
        /// What the receipt says.
        got: String,
    },
    /// Not a receipt of this version.
    #[error(
        "receipt: expected format {FORMAT} version {VERSION}, got {format:?} version {version}"
    )]
    Format {
        /// Its format.
        format: String,
        /// Its version.
        version: u32,
    },
}

impl Receipt {
    /// The receipt as JSON, two spaces deep, with a newline at the end.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("strings and numbers are JSON");
        text.push('\n');
        text
    }
}

/// Accounts in JSON: `0x` and 40 lower-case digits.
mod account_text {
    use meed_statement::types::Account;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        account: &Account,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(account)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Account, D::Error> {
        let text = String::deserialize(deserializer)?;
        let account: Account = text.parse().map_err(serde::de::Error::custom)?;
        if account.to_string() == text {
            Ok(account)
        } else {
            Err(serde::de::Error::custom("expected lower-case hex digits"))
        }
    }
}
