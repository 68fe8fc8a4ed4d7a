//! From the sums of an event to its records: divided, scaled, rounded once, and what is dropped weighed.

use std::path::Path;

use meed_ledger::decimal::{dyadic_to_fixed, Exact, Fixed};
use meed_ledger::{At, Fault, LedgerError, Location, Result, ScoreFault};
use meed_statement::types::Record;
use serde::Serialize;

use crate::running::Running;
use crate::sum::Sum;
use crate::{Normalise, Options, Polarity};

/// How many records, and what they add up to, in units of `2^-fraction_bits`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Mass {
    /// Records, or numbers.
    pub count: u64,
    /// Sum of the scores above zero.
    #[serde(skip)]
    pub above: i128,
    /// Sum of the scores below zero, a negative number.
    #[serde(skip)]
    pub below: i128,
}

impl Mass {
    fn add(&mut self, score: i64) {
        self.count += 1;
        *(if score >= 0 { &mut self.above } else { &mut self.below }) += i128::from(score);
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.count += other.count;
        self.above += other.above;
        self.below += other.below;
    }

    /// Sum of the magnitudes.
    #[must_use]
    pub fn magnitude(&self) -> i128 {
        self.above - self.below
    }
}

/// What becomes of the sums of an event.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) records: Vec<Record>,
    pub(crate) pairs: u64,
    pub(crate) rounded: u64,
    pub(crate) ignored: Mass,
    pub(crate) below: Mass,
    pub(crate) top: Mass,
    pub(crate) kept: Mass,
    pub(crate) all_zero: bool,
}

/// Makes records of sums.
#[derive(Debug)]
pub(crate) struct Finish<'a> {
    pub(crate) path: &'a Path,
    pub(crate) options: &'a Options,
    below: Option<i64>,
}

impl<'a> Finish<'a> {
    pub(crate) fn new(path: &'a Path, options: &'a Options) -> Result<Self> {
        let below = options.drop_below.as_ref().map(|b| b.to_fixed(options.fraction_bits));
        let below = below.transpose().map_err(|e| LedgerError::in_file(path, Fault::Score(e)))?;
        Ok(Self { path, options, below: below.map(|b| b.value) })
    }

    /// Takes the sums of an event, one an asset, by increasing asset; and of what is nobody's the sums
    /// above and below zero.
    pub(crate) fn event(
        &self,
        event: u32,
        pairs: Vec<(u32, Sum)>,
        ignored: [Sum; 2],
    ) -> Result<Outcome> {
        let mut outcome = Outcome { pairs: pairs.len() as u64, ..Outcome::default() };
        let fail = |at, fault| {
            LedgerError::input(Location { path: self.path.to_owned(), at }, Fault::Score(fault))
        };
        let whole = |fault| fail(At::Event(event), fault);
        let divisor = self.divisor(&pairs).map_err(whole)?;
        outcome.all_zero =
            self.options.normalise != Normalise::None && divisor.is_none() && !pairs.is_empty();
        let negate = self.options.polarity == Polarity::NegativeHelps;
        let mut open = Vec::with_capacity(pairs.len());
        for (asset, sum) in pairs {
            let fixed = self
                .fixed(sum, divisor.as_ref())
                .map_err(|fault| fail(At::Pair { event, asset }, fault))?;
            outcome.rounded += u64::from(!fixed.exact);
            let score = if negate { -fixed.value } else { fixed.value };
            open.push(Record { event, asset, score });
        }
        for sum in ignored {
            if sum.is_zero() {
                continue;
            }
            let wide = self.wide(sum, divisor.as_ref()).map_err(whole)?;
            let wide = if negate { -wide } else { wide };
            *(if wide >= 0 { &mut outcome.ignored.above } else { &mut outcome.ignored.below }) +=
                wide;
        }
        if let Some(below) = self.below {
            open.retain(|record| {
                let keep = record.score >= below;
                if !keep {
                    outcome.below.add(record.score);
                }
                keep
            });
        }
        let most = self.options.top.unwrap_or(usize::MAX);
        if open.len() > most {
            open.sort_unstable_by_key(|r| (std::cmp::Reverse(r.score), r.asset));
            open.drain(most..).for_each(|record| outcome.top.add(record.score));
            open.sort_unstable_by_key(|r| r.asset);
        }
        open.iter().for_each(|record| outcome.kept.add(record.score));
        open.shrink_to_fit();
        outcome.records = open;
        Ok(outcome)
    }

    /// What the scores are divided by, above zero; `None` for nothing.
    fn divisor(&self, pairs: &[(u32, Sum)]) -> std::result::Result<Option<Exact>, ScoreFault> {
        if self.options.normalise == Normalise::None || pairs.iter().all(|(_, sum)| sum.is_zero()) {
            return Ok(None);
        }
        let magnitude = |exact: &Exact| {
            let (_, mantissa, exp2, exp10) = exact.parts();
            Exact::new(false, mantissa.clone(), exp2, exp10)
        };
        let numbers = pairs.iter().map(|(_, sum)| sum.clone().exact());
        if self.options.normalise == Normalise::Max {
            let mut most = Exact::default();
            for number in numbers {
                let number = magnitude(&number);
                let mut difference = Running::default();
                difference.add(&number)?;
                difference.add(&most.clone().negated())?;
                if !difference.get().is_negative() {
                    most = number;
                }
            }
            return Ok(Some(most));
        }
        let mut total = Running::default();
        for number in numbers {
            match self.options.normalise {
                Normalise::L1 => total.add(&magnitude(&number))?,
                _ => total.add(&number)?,
            }
        }
        let total = total.get();
        let signed = match (self.options.normalise, self.options.polarity) {
            (Normalise::Sum, Polarity::NegativeHelps) => total.negated(),
            _ => total,
        };
        if signed.is_zero() || signed.is_negative() {
            return Err(ScoreFault::NoTotal);
        }
        Ok(Some(signed))
    }

    fn fixed(&self, sum: Sum, divisor: Option<&Exact>) -> std::result::Result<Fixed, ScoreFault> {
        let Options { scale, fraction_bits, .. } = self.options;
        match (sum, scale.power_of_two(), divisor) {
            (Sum::Small { negative, mantissa, exp2 }, Some(shift), None) => {
                dyadic_to_fixed(negative, mantissa, exp2 + shift, *fraction_bits)
            }
            (sum, _, None) => sum.exact().scaled(scale).to_fixed(*fraction_bits),
            (sum, _, Some(divisor)) => {
                sum.exact().scaled(scale).div_to_fixed(divisor, *fraction_bits)
            }
        }
    }

    /// Like [`Finish::fixed`], for what is no record and may be larger.
    fn wide(&self, sum: Sum, divisor: Option<&Exact>) -> std::result::Result<i128, ScoreFault> {
        let Options { scale, fraction_bits, .. } = self.options;
        let scaled = sum.exact().scaled(scale);
        scaled
            .to_wide(divisor, *fraction_bits)
            .ok_or(ScoreFault::OutOfRange { fraction_bits: *fraction_bits })
    }
}
