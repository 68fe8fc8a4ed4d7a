//! Bytes that come from a chain.

use meed_calldata::dense::{decode, encode, Page};
use meed_statement::types::{Account, Payout};

/// Accounts `from..to`, each its number, 20 bytes.
fn accounts(from: u32, to: u32) -> Vec<[u8; 20]> {
    let account = |n: u32| {
        let mut bytes = [0; 20];
        bytes[16..].copy_from_slice(&n.to_be_bytes());
        bytes
    };
    (from..to).map(account).collect()
}

fn pages() -> [Page; 2] {
    [Page { number: 0, accounts: accounts(1, 65) }, Page { number: 7, accounts: accounts(65, 70) }]
}

fn payouts(accounts: &[[u8; 20]]) -> Vec<Payout> {
    let payout = |(i, account): (usize, &[u8; 20])| Payout {
        account: Account::new(*account).expect("not zero"),
        amount: 1 + 1_000_000_007 * i as u128,
    };
    accounts.iter().enumerate().map(payout).collect()
}

/// A dense list of payouts: what is accepted can be encoded, and means the same then.
pub fn dense(data: &[u8]) -> bool {
    let pages = pages();
    let Ok(payouts) = decode(data, &pages) else { return false };
    let again = encode(&payouts, &pages).expect("what was decoded can be encoded");
    assert_eq!(decode(&again, &pages).as_ref(), Ok(&payouts));
    true
}

/// Everybody in order, some with an index, some without a page.
pub fn dense_seeds() -> Vec<Vec<u8>> {
    let some: Vec<_> = accounts(1, 70).into_iter().step_by(3).collect();
    let lists = [accounts(1, 65), some, accounts(60, 80), accounts(1000, 1003)];
    let encode = |list: &Vec<[u8; 20]>| encode(&payouts(list), &pages()).expect("a list");
    lists.iter().map(encode).collect()
}
