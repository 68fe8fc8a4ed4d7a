//! Random networks: honest ones pass, and any one amount that is off is found and named.

use meed_audit::Outcome;
use meed_statement::synthetic::Source;
use meed_statement::types::{Payout, StateEntry};
use meed_statement::units::credits;
use ruint::aliases::U256;

use super::network::{errors, failed, remade, Network, DOMAIN};

/// What an account loses from its payout waits for it instead, so that every total still fits.
#[test]
fn any_changed_amount_is_found() {
    let mut source = Source::new(1);
    for seed in 1..=16 {
        let mut network = Network::new(seed, 2);
        let names = ["1", "2"];
        let audit = network.audit(&names, true);
        assert_eq!(audit.result, Outcome::Good, "seed {seed}: {audit}");

        let at = source.below(2) as usize;
        let trace = network.traces[at].clone();
        let pick = source.below(trace.payouts.len() as u64) as usize;
        let Payout { account, amount } = trace.payouts[pick];
        let less = 1 + source.below(amount.min(1 << 30) as u64) as u128;
        let mut payouts = trace.payouts.clone();
        payouts[pick].amount -= less;
        payouts.retain(|payout| payout.amount > 0);
        let mut state = trace.state_after.clone();
        match state.binary_search_by_key(&account, |entry| entry.account) {
            Ok(found) => state[found].accrued += credits(less),
            Err(place) => state.insert(place, StateEntry { account, accrued: credits(less) }),
        }
        network.bundle(names[at], remade(&trace, payouts, state), DOMAIN());
        let audit = network.audit(&names, true);
        let number = at as u64 + 1;
        assert!(failed(&audit).contains(&("settlement", Some(number))), "seed {seed}: {audit}");
        let found = errors(&audit, "settlement", Some(number));
        // Its payout and what waits for it, and nobody else's.
        assert_eq!(found.len(), 2, "seed {seed}: {audit}");
        assert!(found.iter().all(|finding| finding.account == Some(account)), "{audit}");
        let difference = found[0].difference.unwrap();
        let expected = (U256::from(amount), U256::from(amount - less));
        assert_eq!((difference.expected, difference.got), expected, "seed {seed}: {audit}");
    }
}
