//! What looks wrong about scores although every rule is kept: a sign the wrong way round, a tool that
//! gave up, one account that takes nearly everything.
//!
//! [`check`] looks at records as they will be settled. A warning has numbers, no score: how many, of how
//! many, which share. Shares of money are of what scores pay: the fees, each divided by the points of
//! its event, before edges, penalties and the cap.

use std::collections::BTreeMap;
use std::fmt;

use meed_ledger::registry::Registry;
use meed_statement::types::{Account, Event, Kind, Policy, Record};
use meed_statement::units::{BPS, SCORE_BITS};
use serde::{Serialize, Serializer};

/// What is too much.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Share of what scores pay that one account may have, basis points.
    pub most_share_bps: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { most_share_bps: 5_000 }
    }
}

/// Above this share of all magnitude below zero, the sign is probably wrong; basis points.
const NEGATIVE_BPS: u128 = 9_000;
/// Records at the greatest magnitude from which on they look clipped: this many, and this share.
const CLIPPED: usize = 10;
const CLIPPED_BPS: u128 = 500;
/// Above this share of an event's points, one score leaves nothing for the others; basis points.
const DOMINANT_BPS: u128 = 9_000;
/// Events of which more than this share are flat or dominated; basis points.
const MOST_EVENTS_BPS: u128 = 5_000;
/// The greatest numbers of 16-bit floats and of records (the latter in units of `2^-fraction_bits`).
const FLOAT16_MOST: i64 = 65_504;
const RECORD_MOST: i64 = (1 << SCORE_BITS) - 1;
/// Names that a message repeats.
const NAMES: usize = 5;

/// Something that looks wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Warning {
    /// No record counts, so all that scores pay goes to the remainder account.
    NothingCounts {
        /// Records.
        records: usize,
        /// Records that would count with the other sign.
        with_the_other_sign: usize,
    },
    /// Nearly all that scores say is below zero.
    MostlyNegative {
        /// Sum of magnitudes below zero by that of all, basis points.
        share_bps: u32,
        /// Records below zero.
        records: usize,
        /// Records.
        of: usize,
    },
    /// All records are the same number.
    AllEqual {
        /// Records.
        records: usize,
    },
    /// In most events all scores are the same number.
    EqualInEvents {
        /// Events with such scores.
        events: usize,
        /// Events with more than one record.
        of: usize,
    },
    /// Many records have the greatest magnitude of all, as after clipping.
    Saturated {
        /// Records with it.
        records: usize,
        /// Records.
        of: usize,
    },
    /// Records at the end of what a type of number holds.
    AtLimit {
        /// Records there.
        records: usize,
        /// Whose end.
        limit: &'static str,
    },
    /// In most events one score has nearly all points.
    Dominated {
        /// Events with such a score.
        events: usize,
        /// Events with more than one record.
        of: usize,
    },
    /// One account has more than the limit of what scores pay.
    Concentrated {
        /// Whose assets.
        #[serde(serialize_with = "shown")]
        account: Account,
        /// Its share, basis points.
        share_bps: u32,
        /// The limit, basis points.
        limit_bps: u32,
        /// Assets of it that count somewhere.
        assets: usize,
    },
    /// Events without any record.
    EventsWithoutRecords {
        /// Such events.
        events: usize,
        /// Events.
        of: usize,
    },
    /// Events whose records all stay below what counts.
    EventsBelowThreshold {
        /// Such events.
        events: usize,
        /// Events.
        of: usize,
    },
    /// Datasets that count in no event.
    IdleDatasets {
        /// Their names.
        names: Vec<String>,
        /// Datasets.
        of: usize,
    },
}

fn shown<S: Serializer>(account: &Account, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(account)
}

/// Basis points as percent.
struct Percent(u32);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(bps) = self;
        match (bps / 100, bps % 100) {
            (whole, 0) => write!(f, "{whole} %"),
            (whole, part) if part % 10 == 0 => write!(f, "{whole}.{} %", part / 10),
            (whole, part) => write!(f, "{whole}.{part:02} %"),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingCounts { records, with_the_other_sign } => write!(
                f,
                "none of {records} records counts, so what scores pay goes to the remainder account; \
                 with the other --sign {with_the_other_sign} would count"
            ),
            Self::MostlyNegative { share_bps, records, of } => write!(
                f,
                "{} of all magnitude is below zero ({records} of {of} records): is --sign right?",
                Percent(*share_bps)
            ),
            Self::AllEqual { records } => {
                write!(f, "all {records} records have the same score: they tell nothing apart")
            }
            Self::EqualInEvents { events, of } => write!(
                f,
                "in {events} of {of} events with several records all scores are the same"
            ),
            Self::Saturated { records, of } => write!(
                f,
                "{records} of {of} records have the very same greatest magnitude: were scores \
                 clipped?"
            ),
            Self::AtLimit { records, limit } => {
                write!(f, "{records} records are {limit}: did the tool overflow?")
            }
            Self::Dominated { events, of } => write!(
                f,
                "in {events} of {of} events with several records one score has more than 90 % of \
                 the points"
            ),
            Self::Concentrated { account, share_bps, limit_bps, assets } => write!(
                f,
                "{account} has {} of what scores pay, with {assets} assets; the limit is {}",
                Percent(*share_bps),
                Percent(*limit_bps)
            ),
            Self::EventsWithoutRecords { events, of } => write!(
                f,
                "{events} of {of} events have no record: what scores pay there goes to the \
                 remainder account"
            ),
            Self::EventsBelowThreshold { events, of } => write!(
                f,
                "{events} of {of} events have records, but none that counts: what scores pay there \
                 goes to the remainder account"
            ),
            Self::IdleDatasets { names, of } => {
                let first = names.iter().take(NAMES).map(String::as_str).collect::<Vec<_>>();
                let more = if names.len() > NAMES { ", .." } else { "" };
                let (count, first) = (names.len(), first.join(", "));
                write!(f, "{count} of {of} datasets count in no event: {first}{more}")
            }
        }
    }
}

/// Looks at the records of an epoch, which are strictly increasing by event and asset.
///
/// # Panics
/// If a record is of an event or asset that is not there.
#[must_use]
pub fn check(
    records: &[Record],
    registry: &Registry,
    events: &[Event],
    policy: &Policy,
    limits: &Limits,
) -> Vec<Warning> {
    let points = |record: &Record| points(record.score, policy.threshold);
    let mut warnings = Vec::new();
    warnings.extend(sign(records, policy.threshold));
    warnings.extend(values(records, policy.fraction_bits));

    let mut seen = Events { of: events.len(), ..Events::default() };
    let mut counts = vec![false; registry.len()];
    let mut paid: BTreeMap<Account, u128> = BTreeMap::new();
    let mut total = 0u128;
    let free = events.iter().all(|event| event.fee == 0);
    for event in records.chunk_by(|a, b| a.event == b.event) {
        seen.add(event, policy.threshold);
        let sum: u128 = event.iter().map(|r| u128::from(points(r))).sum();
        if sum == 0 {
            continue;
        }
        // Where nothing is paid, all events weigh the same. Fees add up to less than 2^92.
        let fee = if free { 1 } else { events[event[0].event as usize].fee };
        total += fee << 32;
        for record in event.iter().filter(|record| points(record) > 0) {
            counts[record.asset as usize] = true;
            let share = (u128::from(points(record)) << 32) / sum;
            let owner = registry.assets()[record.asset as usize].owner;
            *paid.entry(owner).or_default() += fee * share;
        }
    }
    warnings.extend(seen.warnings(records));
    warnings.extend(concentrated(&paid, total, registry, &counts, limits));
    warnings.extend(idle(registry, &counts));
    warnings
}

/// What a score counts (clause S3).
fn points(score: i64, threshold: u64) -> u64 {
    u64::try_from(score).ok().filter(|score| *score >= threshold).unwrap_or(0)
}

/// A share of a whole in basis points, rounded up, so that what is above a limit also reads so.
fn bps(part: u128, whole: u128) -> u32 {
    // Both are below 2^124 here: 10,000 times as much may not fit.
    let (part, whole) = if whole >> 112 > 0 { (part >> 16, whole >> 16) } else { (part, whole) };
    (part * u128::from(BPS)).div_ceil(whole.max(1)) as u32
}

/// Whether a part is more than this share of a whole, exactly.
fn above(part: u128, whole: u128, limit_bps: u128) -> bool {
    // A whole number is above a fraction exactly if it is above its floor. No overflow below 2^124.
    let bps = u128::from(BPS);
    part > whole / bps * limit_bps + whole % bps * limit_bps / bps
}

fn sign(records: &[Record], threshold: u64) -> Option<Warning> {
    let counting = records.iter().filter(|r| points(r.score, threshold) > 0).count();
    let negative: Vec<i64> = records.iter().map(|r| r.score).filter(|s| *s < 0).collect();
    if counting == 0 && !records.is_empty() {
        let with_the_other_sign = records.iter().filter(|r| points(-r.score, threshold) > 0);
        return Some(Warning::NothingCounts {
            records: records.len(),
            with_the_other_sign: with_the_other_sign.count(),
        });
    }
    let mass = |scores: &mut dyn Iterator<Item = i64>| {
        scores.map(|score| u128::from(score.unsigned_abs())).sum::<u128>()
    };
    let below = mass(&mut negative.iter().copied());
    let all = mass(&mut records.iter().map(|r| r.score));
    above(below, all, NEGATIVE_BPS).then(|| Warning::MostlyNegative {
        share_bps: bps(below, all),
        records: negative.len(),
        of: records.len(),
    })
}

fn values(records: &[Record], fraction_bits: u8) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let of = records.len();
    let first = records.first().map(|r| r.score);
    if of > 1 && records.iter().all(|r| Some(r.score) == first) {
        warnings.push(Warning::AllEqual { records: of });
    } else {
        let most = records.iter().map(|r| r.score.abs()).max().unwrap_or(0);
        let clipped = records.iter().filter(|r| most > 0 && r.score.abs() == most).count();
        if clipped >= CLIPPED && clipped as u128 * u128::from(BPS) >= of as u128 * CLIPPED_BPS {
            warnings.push(Warning::Saturated { records: clipped, of });
        }
    }
    for (number, limit) in [
        (FLOAT16_MOST << fraction_bits.min(47), "65504, the most that a 16-bit float holds"),
        (RECORD_MOST, "the most that a record holds"),
    ] {
        let there = records.iter().filter(|r| r.score.abs() == number).count();
        if number <= RECORD_MOST && there > 0 {
            warnings.push(Warning::AtLimit { records: there, limit });
        }
    }
    warnings
}

/// What is counted event by event.
#[derive(Default)]
struct Events {
    of: usize,
    with_records: usize,
    below_threshold: usize,
    several: usize,
    equal: usize,
    dominated: usize,
}

impl Events {
    fn add(&mut self, event: &[Record], threshold: u64) {
        self.with_records += 1;
        let points = event.iter().map(|r| u128::from(points(r.score, threshold)));
        let (sum, most) = points.fold((0, 0), |(sum, most), p| (sum + p, p.max(most)));
        self.below_threshold += usize::from(sum == 0);
        if event.len() > 1 {
            self.several += 1;
            self.equal += usize::from(event.iter().all(|r| r.score == event[0].score));
            self.dominated += usize::from(above(most, sum, DOMINANT_BPS));
        }
    }

    fn warnings(&self, records: &[Record]) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let most = |events: usize| above(events as u128, self.several as u128, MOST_EVENTS_BPS);
        let all_equal = records.windows(2).all(|w| w[0].score == w[1].score);
        if most(self.equal) && !all_equal {
            warnings.push(Warning::EqualInEvents { events: self.equal, of: self.several });
        }
        if most(self.dominated) {
            warnings.push(Warning::Dominated { events: self.dominated, of: self.several });
        }
        if self.with_records < self.of {
            let events = self.of - self.with_records;
            warnings.push(Warning::EventsWithoutRecords { events, of: self.of });
        }
        // That nothing counts anywhere is told once.
        if (1..self.with_records).contains(&self.below_threshold) {
            let events = self.below_threshold;
            warnings.push(Warning::EventsBelowThreshold { events, of: self.of });
        }
        warnings
    }
}

/// Accounts above the limit, the largest share first.
fn concentrated(
    paid: &BTreeMap<Account, u128>,
    total: u128,
    registry: &Registry,
    counts: &[bool],
    limits: &Limits,
) -> Vec<Warning> {
    let limit_bps = limits.most_share_bps;
    let mut accounts: Vec<(&Account, &u128)> =
        paid.iter().filter(|(_, paid)| above(**paid, total, u128::from(limit_bps))).collect();
    accounts.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
    let assets = |account: &Account| {
        let assets = registry.assets().iter().zip(counts);
        assets.filter(|(asset, counts)| **counts && asset.owner == *account).count()
    };
    accounts
        .into_iter()
        .map(|(account, paid)| Warning::Concentrated {
            account: *account,
            share_bps: bps(*paid, total),
            limit_bps,
            assets: assets(account),
        })
        .collect()
}

fn idle(registry: &Registry, counts: &[bool]) -> Option<Warning> {
    let datasets = || {
        let assets = registry.assets().iter().zip(registry.names()).zip(counts);
        assets.filter(|((asset, _), _)| asset.kind == Kind::Dataset)
    };
    let names: Vec<String> =
        datasets().filter(|(_, counts)| !**counts).map(|((_, name), _)| name.clone()).collect();
    // That nothing counts at all is told once.
    let any = counts.contains(&true);
    (any && !names.is_empty()).then(|| Warning::IdleDatasets { names, of: datasets().count() })
}
