//! The parts of a receipt about roles and sums. Credits unless said otherwise.

use meed_statement::types::Account;
use serde::{Deserialize, Serialize};

use super::{account_text, Number};

/// What the account is credited as a policy account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// As the platform.
    pub platform: Option<Role>,
    /// As the stakers.
    pub stakers: Option<Role>,
    /// As the remainder account.
    pub remainder: Option<Remainder>,
}

impl Roles {
    /// Whether the account has any role; then the cap does not apply.
    #[must_use]
    pub fn any(&self) -> bool {
        self.platform.is_some() || self.stakers.is_some() || self.remainder.is_some()
    }
}

/// A share of all fees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// `fees_total * bps * 2^40`, with the role's share.
    pub credit: Number,
}

/// What rounding, penalties and the cap leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remainder {
    /// Events whose data share was not all paid for points.
    pub leftovers: Vec<Leftover>,
    /// Sum over `leftovers`.
    pub leftovers_total: Number,
    /// What assets owe as penalties.
    pub penalties: Vec<Penalty>,
    /// Sum over `penalties`.
    pub penalties_total: Number,
    /// `leftovers_total` and `penalties_total`, which count as earned.
    pub credit: Number,
    /// What the cap took from accounts; added after the cap.
    pub cap_excess: Vec<CapExcess>,
    /// Sum over `cap_excess`.
    pub cap_excess_total: Number,
}

/// What is left of an event's data share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leftover {
    /// Position of the event.
    pub event: u32,
    /// The event's id, `0x` and 32 digits.
    pub event_id: String,
    /// Its fee, base units.
    pub fee: Number,
    /// What its records count together.
    pub points: Number,
    /// The remainder of `fee * data_bps * 2^40` divided by the points; all of it without points.
    pub credit: Number,
}

/// What an asset owes as a penalty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Penalty {
    /// Position of the asset.
    pub asset: u32,
    /// Its name.
    pub name: String,
    /// Its inflow.
    pub inflow: Number,
    /// The penalty's share.
    pub bps: u32,
    /// `floor(inflow * bps / 10_000)`.
    pub credit: Number,
}

/// What the cap took from an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapExcess {
    /// The account.
    #[serde(with = "account_text")]
    pub account: Account,
    /// What it earned.
    pub earned: Number,
    /// What of that is above the cap.
    pub credit: Number,
}

/// The sums of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// What its assets kept.
    pub kept: Number,
    /// What its roles were credited, but for the cap's excess.
    pub roles: Number,
    /// `kept` and `roles`.
    pub earned: Number,
    /// Most that an account may earn: `fees_total * cap_bps * 2^40`.
    pub cap: Number,
    /// Whether the cap does not apply: it does not to policy accounts.
    pub cap_exempt: bool,
    /// What the cap took.
    pub over_cap: Number,
    /// `earned` without `over_cap`.
    pub credited: Number,
    /// What the cap took from others, for the remainder account.
    pub cap_excess: Number,
    /// What waited from earlier epochs.
    pub carried_in: Number,
    /// `credited`, `cap_excess` and `carried_in`.
    pub total: Number,
    /// What is paid now, base units.
    pub paid: Number,
    /// What waits for later epochs.
    pub waits: Number,
    /// Why it waits.
    pub why: Why,
}

/// Why something waits, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Why {
    /// Nothing came in and nothing waited.
    Nothing,
    /// All is paid.
    AllPaid,
    /// Whole base units are paid; a fraction of one waits.
    FractionWaits,
    /// The total is under the smallest payout, or under one base unit.
    UnderMinimum,
}
