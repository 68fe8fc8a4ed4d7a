//! Two lists in order, key by key: of amounts by account, of records by event and asset.

use meed_statement::types::{Payout, StateEntry};

use crate::finding::Finding;

/// What each key has in two lists that are strictly increasing by key.
pub(crate) fn merge<'a, T: Copy, K: Ord>(
    expected: &'a [T],
    got: &'a [T],
    key: impl Fn(&T) -> K + 'a,
) -> impl Iterator<Item = (K, Option<T>, Option<T>)> + 'a {
    let (mut expected, mut got) = (expected.iter().peekable(), got.iter().peekable());
    std::iter::from_fn(move || {
        let next = [expected.peek(), got.peek()];
        let of = next.into_iter().flatten().map(|row| key(row)).min()?;
        let e = expected.next_if(|row| key(row) == of).copied();
        let g = got.next_if(|row| key(row) == of).copied();
        Some((of, e, g))
    })
}

/// A finding for each account that `got` pays something else than `expected`. `place` says where `got`
/// stands, `why` comes after what is expected.
pub(crate) fn payouts(expected: &[Payout], got: &[Payout], place: &str, why: &str) -> Vec<Finding> {
    let rows = merge(expected, got, |payout| payout.account);
    let differ = rows.filter_map(|(account, expected, got)| {
        let amount = |payout: Option<Payout>| payout.map_or(0, |payout| payout.amount);
        let (expected, got) = (amount(expected), amount(got));
        (expected != got).then(|| {
            let message =
                format!("{account} is paid {got} base units {place}, expected {expected}{why}");
            Finding::error(message).of(account).base_units(expected, got)
        })
    });
    differ.collect()
}

/// A finding for each account that has something else waiting in `got` than in `expected`.
pub(crate) fn states(
    expected: &[StateEntry],
    got: &[StateEntry],
    place: &str,
    why: &str,
) -> Vec<Finding> {
    let rows = merge(expected, got, |entry| entry.account);
    let differ = rows.filter_map(|(account, expected, got)| {
        let waits = |entry: Option<StateEntry>| entry.map(|e| e.accrued).unwrap_or_default();
        let (expected, got) = (waits(expected), waits(got));
        (expected != got).then(|| {
            let message =
                format!("{account} has {got} credits waiting {place}, expected {expected}{why}");
            Finding::error(message).of(account).credits(expected, got)
        })
    });
    differ.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use meed_statement::types::Account;

    fn list(rows: &[(u8, u128)]) -> Vec<Payout> {
        let account = |i| Account::new([i; 20]).expect("not zero");
        rows.iter().map(|(i, amount)| Payout { account: account(*i), amount: *amount }).collect()
    }

    #[test]
    fn every_account_that_differs_is_named_once() {
        let expected = list(&[(1, 5), (2, 7), (4, 9)]);
        assert!(payouts(&expected, &expected, "there", "").is_empty());
        let got = list(&[(1, 5), (2, 8), (3, 1), (5, 2)]);
        let found = payouts(&expected, &got, "there", "");
        let named: Vec<u8> = found.iter().map(|f| f.account.unwrap().bytes()[0]).collect();
        assert_eq!(named, [2, 3, 4, 5]);
        let text = "is paid 8 base units there, expected 7";
        assert!(found[0].message.ends_with(text), "{}", found[0].message);
        assert!(found[2].message.contains("is paid 0 base units"), "{}", found[2].message);
    }
}
