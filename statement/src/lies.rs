//! The lies that tests tell every backend: one table for the native check and all circuits.
//!
//! A [`Lie`] changes a [`Trace`] after one stage of [`settle_with`]; the later stages then compute
//! from what was changed, so that the clause it breaks is the first one that can notice. All
//! names say what the liar does. The table holds false witnesses, not malformed inputs: the
//! inputs of [`sample`] are honest, and every lie in the table applies to them.
//!
//! [`Lie::clause`] is what [`crate::check::check`] names. A circuit in which a value is a linear
//! combination, not a wire of its own, cannot be told a lie about that value: there the public
//! words no longer agree with the circuit's own, and S11 fails instead.

mod money;
mod people;
mod sample;
mod words;

pub use sample::sample;

use crate::clause::Clause;
use crate::roots::{state_root, to_field, words_hash, Commitment};
use crate::settle::{settle_with, Stage, Trace};
use crate::types::{Account, Inputs};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, PrimeField};
use ruint::aliases::U256;

/// A false witness for an honest epoch.
#[derive(Clone, Copy, Debug)]
pub struct Lie {
    /// What the liar does, in lower case.
    pub name: &'static str,
    /// The clause that it breaks.
    pub clause: Clause,
    /// The stage after which it is told.
    pub stage: Stage,
    /// Changes the trace; `false` if it does not apply to this epoch.
    pub tell: fn(&Inputs, &mut Trace) -> bool,
}

impl Lie {
    /// The trace of an epoch in which this lie was told and all that follows computed from it, and
    /// `None` where it does not apply.
    #[must_use]
    pub fn told(&self, inputs: &Inputs) -> Option<Trace> {
        let mut applies = false;
        let trace = settle_with(inputs, &Commitment::new(inputs), |stage, trace| {
            if stage == self.stage {
                applies = (self.tell)(inputs, trace);
            }
        });
        applies.then_some(trace)
    }
}

/// All lies, in order of their clauses.
#[must_use]
pub fn lies() -> Vec<Lie> {
    let mut all: Vec<Lie> =
        [money::lies(), people::lies(), words::lies()].into_iter().flatten().collect();
    all.sort_by_key(|lie| lie.clause);
    all
}

/// A table of lies: clause, stage, name, and what to do to the trace; `?` where it does not apply.
macro_rules! table {
    ($($clause:ident $stage:ident $name:literal |$inputs:ident, $trace:ident| $tell:block)*) => {
        vec![$(
            $crate::lies::Lie {
                name: $name,
                clause: $crate::clause::Clause::$clause,
                stage: $crate::settle::Stage::$stage,
                tell: |inputs, trace| {
                    fn tell(
                        $inputs: &$crate::types::Inputs,
                        $trace: &mut $crate::settle::Trace,
                    ) -> Option<()> {
                        $tell
                        Some(())
                    }
                    tell(inputs, trace).is_some()
                },
            }
        ),*]
    };
}
use table;

const ONE: U256 = U256::ONE;

/// `-v` in the field, as an integer: what a circuit without a range check takes for less than zero.
fn minus(v: U256) -> U256 {
    U256::from_limbs(Fr::MODULUS.0) - v
}

/// `a + b` in the field.
fn add(a: U256, b: U256) -> U256 {
    a.add_mod(b, U256::from_limbs(Fr::MODULUS.0))
}

/// An account that is nobody's in this epoch.
fn stranger(trace: &Trace) -> Option<Account> {
    let account = (0x44..=0xff).filter_map(|byte| Account::new([byte; 20]));
    account.into_iter().find(|a| trace.accounts.iter().all(|row| row.account != *a))
}

/// Makes the header and `h` those of the trace's payouts and new state. Sums are the field's.
fn bind(trace: &mut Trace) {
    let header = &mut trace.header;
    header.state_root_after = state_root(&trace.state_after);
    header.released_total = trace.payouts.iter().map(|p| p.amount).sum();
    header.accrued_total_after =
        trace.state_after.iter().fold(Fr::ZERO, |sum, e| sum + to_field(&e.accrued));
    header.payouts = trace.payouts.len() as u32;
    seal(trace);
}

/// Makes `h` that of the trace's words.
fn seal(trace: &mut Trace) {
    trace.h = words_hash(&trace.header, &trace.payout_words());
}
