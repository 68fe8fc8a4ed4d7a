//! The parts of a receipt about assets. Credits unless said otherwise.

use meed_statement::types::Account;
use serde::{Deserialize, Serialize};

use super::{account_text, Number};

/// One of the account's assets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetPart {
    /// Position in the registry.
    pub index: u32,
    /// Name in the registry's file; no part of what is proved.
    pub name: String,
    /// `dataset`, `model`, `adapter` or `service`.
    pub kind: String,
    /// SHA-256 of the content, 64 digits.
    pub content_hash: String,
    /// Every record of the asset, in order of events.
    pub records: Vec<RecordPart>,
    /// Every event that it served.
    pub served: Vec<Use>,
    /// Every event that it is the model of.
    pub modelled: Vec<Use>,
    /// Sum over `records`.
    pub from_records: Number,
    /// Sum over `served`.
    pub from_service: Number,
    /// Sum over `modelled`.
    pub from_model: Number,
    /// Sum of the three.
    pub direct: Number,
    /// What later assets passed up to it; those that passed nothing are left out.
    pub received: Vec<Received>,
    /// Sum over `received`.
    pub received_total: Number,
    /// `direct` and `received_total`.
    pub inflow: Number,
    /// What it passes up, in the order of its edges.
    pub passes: Vec<Pass>,
    /// Share of the inflow for the remainder account.
    pub penalty_bps: u32,
    /// What that is.
    pub penalty: Number,
    /// What remains of the inflow, for the owner.
    pub kept: Number,
}

/// A score of one of the account's assets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordPart {
    /// Position of the event.
    pub event: u32,
    /// The event's id, `0x` and 32 digits.
    pub event_id: String,
    /// Its fee, base units.
    pub fee: Number,
    /// The score, a signed decimal number in fixed point.
    pub score: Score,
    /// What it counts: the score from the threshold on, else 0.
    pub counted: Number,
    /// What all records of the event count.
    pub points: Number,
    /// Credits for a point: `floor(fee * data_bps * 2^40 / points)`.
    pub price: Number,
    /// `price * counted`.
    pub credit: Number,
}

/// A fixed-point score, in JSON a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Score(pub i64);

impl From<Score> for String {
    fn from(score: Score) -> Self {
        score.0.to_string()
    }
}

impl TryFrom<String> for Score {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let score = text.parse().ok().filter(|score: &i64| score.to_string() == text);
        score.map(Self).ok_or("expected a whole number of 64 bits")
    }
}

/// An event that an asset served, or is the model of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// Position of the event.
    pub event: u32,
    /// The event's id, `0x` and 32 digits.
    pub event_id: String,
    /// Its fee, base units.
    pub fee: Number,
    /// `fee * bps * 2^40`, with the role's share.
    pub credit: Number,
}

/// What a later asset passes up to this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Received {
    /// Position of the asset that passes.
    pub from: u32,
    /// Its name.
    pub name: String,
    /// Its inflow.
    pub inflow: Number,
    /// The edge's share.
    pub bps: u32,
    /// `floor(inflow * bps / 10_000)`.
    pub credit: Number,
}

/// What an asset passes up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pass {
    /// Position of the asset that is owed.
    pub to: u32,
    /// Its name.
    pub name: String,
    /// Its owner.
    #[serde(with = "account_text")]
    pub owner: Account,
    /// The edge's share.
    pub bps: u32,
    /// `floor(inflow * bps / 10_000)`.
    pub credit: Number,
}

/// Somebody else's asset whose income reached the account's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Position in the registry.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its owner.
    #[serde(with = "account_text")]
    pub owner: Account,
    /// From all its records together.
    pub from_records: Number,
    /// From all events that it served.
    pub from_service: Number,
    /// From all events that it is the model of.
    pub from_model: Number,
    /// Sum of the three.
    pub direct: Number,
    /// What later assets passed up to it.
    pub received: Vec<Received>,
    /// `direct` and all of `received`.
    pub inflow: Number,
}

/// Somebody else's asset that income of the account's assets is passed up to, at once or in turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Onward {
    /// Position in the registry.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its owner.
    #[serde(with = "account_text")]
    pub owner: Account,
    /// What it owes in turn.
    pub edges: Vec<OnwardEdge>,
    /// Share of its inflow for the remainder account.
    pub penalty_bps: u32,
}

/// An edge of an [`Onward`] asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnwardEdge {
    /// Position of the asset that is owed.
    pub to: u32,
    /// Its name.
    pub name: String,
    /// The share of everything that comes in.
    pub bps: u32,
}
