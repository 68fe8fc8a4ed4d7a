//! Triples of event, item and number, in any order.
//!
//! Where a file has the rows of an event together, one event is kept at a time. Where it has not, the file
//! is read once more and all pairs are kept: about 100 bytes for each pair of event and asset, and 16
//! for each row, to tell of a row that is there twice.

use std::collections::BTreeMap;
use std::path::Path;

use meed_ledger::decimal::Exact;
use meed_ledger::events::Events;
use meed_ledger::registry::Registry;
use meed_ledger::shown as quoted;
use meed_ledger::{At, Fault, LedgerError, Location, Result, ScoreFault};

use crate::binding::items::{Item, Items, Target};
use crate::finish::{Finish, Outcome};
use crate::running::Running;
use crate::sum::Sum;

/// In place of an asset: what is nobody's, above zero and below.
const NOBODY: [u32; 2] = [u32::MAX - 1, u32::MAX];

/// A number of a triple.
#[derive(Clone)]
pub enum Number {
    /// A float.
    Float(f64),
    /// Any number.
    Exact(Exact),
    /// `mantissa * 10^exp10`.
    Decimal {
        /// The digits.
        mantissa: i128,
        /// The exponent.
        exp10: i32,
    },
}

impl std::fmt::Debug for Number {
    /// Scores are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Number")
    }
}

/// What the items of a file of triples are called.
#[derive(Debug)]
pub(crate) enum Naming<'a> {
    /// By the names of assets.
    Assets(&'a Registry),
    /// By ids of their own.
    Items(Items<'a>),
}

impl Naming<'_> {
    fn get(&self, name: &str) -> std::result::Result<Item, Fault> {
        match self {
            Self::Items(items) => items.get(name),
            Self::Assets(registry) => match registry.index(name) {
                Some(index) => Ok(Item { target: Target::Asset(index), number: index.into() }),
                None => Err(Fault::Unknown {
                    what: "asset",
                    name: quoted(name),
                    hint: "expected the name of an asset in registry.csv",
                }),
            },
        }
    }
}

/// Why reading stops.
#[derive(Debug)]
pub(crate) enum Stop {
    /// An event came back after another: all pairs have to be kept.
    Ungrouped,
    /// What is wrong.
    Failed(LedgerError),
}

/// Collects triples.
#[derive(Debug)]
pub(crate) struct Triples<'a> {
    path: &'a Path,
    events: &'a Events,
    naming: &'a Naming<'a>,
    finish: &'a Finish<'a>,
    keep_all: bool,
    /// The event whose rows are read, and which events were closed before.
    open: Option<u32>,
    closed: Vec<bool>,
    sums: BTreeMap<(u32, u32), Running>,
    rows: Vec<(u64, At)>,
    last: Option<(u32, u32)>,
    pub(crate) cells: u64,
    pub(crate) ignored: u64,
    pub(crate) unsorted: bool,
    pub(crate) outcomes: Vec<Outcome>,
}

impl<'a> Triples<'a> {
    pub(crate) fn new(
        path: &'a Path,
        events: &'a Events,
        naming: &'a Naming<'a>,
        finish: &'a Finish<'a>,
        keep_all: bool,
    ) -> Self {
        Self {
            path,
            events,
            naming,
            finish,
            keep_all,
            open: None,
            closed: vec![false; events.len()],
            sums: BTreeMap::new(),
            rows: Vec::new(),
            last: None,
            cells: 0,
            ignored: 0,
            unsorted: false,
            outcomes: Vec::new(),
        }
    }

    /// Takes a row.
    pub(crate) fn add(
        &mut self,
        event: &str,
        item: &str,
        number: &Number,
        at: At,
    ) -> std::result::Result<(), Stop> {
        let place = || Location { path: self.path.to_owned(), at };
        let fail = |fault| Stop::Failed(LedgerError::input(place(), fault));
        let event = self.events.index(event).ok_or_else(|| {
            fail(Fault::Unknown {
                what: "event",
                name: quoted(event),
                hint: "expected an id in events.csv, or a position there from 0",
            })
        })?;
        let Item { target, number: item } = self.naming.get(item).map_err(fail)?;
        self.cells += 1;
        let asset = match target {
            Target::Asset(index) => index,
            Target::Nobody => {
                self.ignored += 1;
                NOBODY[usize::from(is_below(number))]
            }
        };
        if !self.keep_all && self.open != Some(event) {
            if self.closed[event as usize] {
                return Err(Stop::Ungrouped);
            }
            self.close().map_err(Stop::Failed)?;
            self.open = Some(event);
        }
        self.unsorted |= self.last.is_some_and(|last| last > (event, asset));
        self.last = Some((event, asset));
        // 24 bits and 33.
        self.rows.push((u64::from(event) << 40 | item, at));
        let sum = self.sums.entry((event, asset)).or_default();
        let added = match number {
            Number::Float(value) => Exact::from_f64(*value).and_then(|exact| sum.add(&exact)),
            Number::Exact(exact) => sum.add(exact),
            Number::Decimal { mantissa, exp10 } => sum.add_decimal(*mantissa, *exp10),
        };
        added.map_err(|fault: ScoreFault| {
            let place = Location { path: self.path.to_owned(), at };
            Stop::Failed(LedgerError::input(place, Fault::Score(fault)))
        })
    }

    /// Makes records of the rows so far.
    pub(crate) fn close(&mut self) -> Result<()> {
        if let Some(event) = self.open.take() {
            self.closed[event as usize] = true;
        }
        // Stable, so that of two equal ones the first stays first.
        self.rows.sort_by_key(|(key, _)| *key);
        if let Some(twice) = self.rows.windows(2).find(|w| w[0].0 == w[1].0) {
            return Err(self.duplicate(twice[0], twice[1].1));
        }
        let rows = std::mem::take(&mut self.rows);
        let mut sums = std::mem::take(&mut self.sums).into_iter().peekable();
        while let Some(((event, _), _)) = sums.peek() {
            let event = *event;
            let mut pairs = Vec::new();
            let zero = || Sum::Small { negative: false, mantissa: 0, exp2: 0 };
            let mut ignored = [zero(), zero()];
            while let Some(((_, asset), sum)) = sums.next_if(|((other, _), _)| *other == event) {
                match NOBODY.iter().position(|nobody| *nobody == asset) {
                    Some(side) => ignored[side] = Sum::Large(sum.get()),
                    None => pairs.push((asset, Sum::Large(sum.get()))),
                }
            }
            let outcome = self.finish.event(event, pairs, ignored);
            self.outcomes.push(outcome.map_err(|error| self.at_row(error, &rows))?);
        }
        Ok(())
    }

    /// Names the row of a sum that cannot be a score, where the sum has one row.
    fn at_row(&self, error: LedgerError, rows: &[(u64, At)]) -> LedgerError {
        let LedgerError::Input { place, fault } = error else { return error };
        let mut place = *place;
        if let (Naming::Assets(_), At::Pair { event, asset }) = (self.naming, place.at) {
            let key = u64::from(event) << 40 | u64::from(asset);
            if let Ok(row) = rows.binary_search_by_key(&key, |(key, _)| *key) {
                place.at = rows[row].1;
            }
        }
        LedgerError::input(place, *fault)
    }

    fn duplicate(&self, (key, first): (u64, At), second: At) -> LedgerError {
        let first = match first {
            At::Line(line) => format!("on line {line}"),
            At::Row(row) => format!("in row {row} (from 0)"),
            _ => "before".to_owned(),
        };
        let event = key >> 40;
        let value = match self.naming {
            Naming::Assets(_) => format!("(event {event}, asset {})", key & ((1 << 40) - 1)),
            Naming::Items(_) => format!("(event {event}, this item)"),
        };
        let place = Location { path: self.path.to_owned(), at: second };
        LedgerError::input(place, Fault::Duplicate { what: "pair", value, first })
    }
}

fn is_below(number: &Number) -> bool {
    match number {
        Number::Float(value) => *value < 0.0,
        Number::Exact(exact) => exact.is_negative(),
        Number::Decimal { mantissa, .. } => *mantissa < 0,
    }
}
