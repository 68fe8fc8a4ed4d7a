//! The same random epochs, and the same lies about them, for the naive settlement in big rationals,
//! the native check and the circuit.

mod common;
#[allow(dead_code, unreachable_pub)]
#[path = "../../statement/tests/naive/mod.rs"]
mod naive;

use common::{assignment, violated};
use meed_statement::check::check;
use meed_statement::lies::lies;
use meed_statement::roots::Commitment;
use meed_statement::settle::{settle, Trace};
use meed_statement::shape::{Size, XS};
use meed_statement::types::{Account, Inputs};
use naive::arb::{arb_epoch, Epoch, TINY};
use num_bigint::BigInt;
use proptest::prelude::*;

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn fits(inputs: &Inputs, trace: &Trace) -> bool {
    XS.holds(&Size::of(inputs, trace))
}

proptest! {
    #![proptest_config(cases(150))]
    #[test]
    fn honest_epochs(Epoch(inputs) in arb_epoch(TINY)) {
        let trace = settle(&inputs).unwrap();
        prop_assume!(fits(&inputs, &trace));
        check(&inputs, &Commitment::new(&inputs), &trace).unwrap();
        let paid: Vec<(Account, BigInt)> =
            trace.payouts.iter().map(|p| (p.account, BigInt::from(p.amount))).collect();
        prop_assert_eq!(paid, naive::settle(&inputs).payouts);
        prop_assert_eq!(violated(&assignment(&XS, &inputs, &trace)), []);
    }
}

proptest! {
    #![proptest_config(cases(10))]
    #[test]
    fn lies_about_random_epochs(Epoch(inputs) in arb_epoch(TINY)) {
        let honest = settle(&inputs).unwrap();
        prop_assume!(fits(&inputs, &honest));
        let committed = Commitment::new(&inputs);
        for lie in lies() {
            let Some(trace) = lie.told(&inputs) else { continue };
            // A lie may change nothing here, need a ninth account, or be about the epoch's number
            // alone (see `lies.rs`).
            let idle = trace == honest || lie.name == "the epoch is another";
            if idle || !fits(&inputs, &trace) || trace.payouts.len() > XS.accounts {
                continue;
            }
            let native = check(&inputs, &committed, &trace).unwrap_err().clause;
            let got = violated(&assignment(&XS, &inputs, &trace));
            prop_assert_eq!(got.first(), Some(&native), "{}: {:?}", lie.name, got);
        }
    }
}
