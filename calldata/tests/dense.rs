//! The dense encoding: what is written is read again, bytes are few, no bytes panic.
#![allow(missing_docs)]

use meed_calldata::dense::{calldata_gas, decode, encode, DenseError, Page};
use meed_statement::types::{Account, Payout};
use proptest::prelude::*;

const LARGEST: u128 = (1 << 93) - 1;

/// Account `i`, from 1 on, in increasing order.
fn account(i: u32) -> [u8; 20] {
    let mut bytes = [0xab; 20];
    bytes[..4].copy_from_slice(&i.to_be_bytes());
    bytes
}

fn payout(i: u32, amount: u128) -> Payout {
    Payout { account: Account::new(account(i)).unwrap(), amount }
}

fn payouts(accounts: impl IntoIterator<Item = u32>) -> Vec<Payout> {
    accounts.into_iter().map(|i| payout(i, 70_000 + u128::from(i))).collect()
}

fn page(number: u32, accounts: impl IntoIterator<Item = u32>) -> Page {
    Page { number, accounts: accounts.into_iter().map(account).collect() }
}

/// Encodes, checks that it reads the same again, and tells the first three bytes and the length.
fn encoded(payouts: &[Payout], pages: &[Page]) -> ([u8; 3], usize, Vec<u8>) {
    let dense = encode(payouts, pages).unwrap();
    assert_eq!(decode(&dense, pages).unwrap(), payouts);
    ([dense[0], dense[1], dense[2]], dense.len(), dense)
}

#[test]
fn a_list_without_pages_by_hand() {
    let list = [payout(1, 5), payout(2, 0x1234)];
    let (_, _, dense) = encoded(&list, &[]);
    let expected = [&[0, 2, 0, 0, 2][..], &account(1), &account(2), &[0x00, 0x05], &[0x12, 0x34]];
    assert_eq!(dense, expected.concat());
    assert_eq!(encode(&[], &[]).unwrap(), [0, 1, 0, 0, 0]);
    assert_eq!(decode(&[0, 1, 0, 0, 0], &[]).unwrap(), []);
}

#[test]
fn a_list_with_a_page_by_hand() {
    // The page has more accounts than are paid, and the third one is in no page.
    let pages = [page(0x0a0b0c, 0..300)];
    let paid: Vec<u32> = (1..60).chain([258, 900]).collect();
    let list: Vec<Payout> = paid.iter().map(|i| payout(*i, 7)).collect();
    let (_, _, dense) = encoded(&list, &pages);
    let mut expected = vec![2, 1, 1, 0x0a, 0x0b, 0x0c, 0, 1];
    expected.extend(account(900));
    for i in 1..60 {
        expected.extend([0, i, 7]);
    }
    expected.extend([1, 2, 7, 1, 44, 7]);
    assert_eq!(dense, expected);
}

#[test]
fn recipients_in_the_order_of_pages_need_no_index() {
    let pages = [page(4, 1001..2001), page(7, 1..1001), page(9, 5000..5900)];
    // Two pages and no more.
    let (head, length, _) = encoded(&payouts(1..2001), &pages);
    assert_eq!((head, length), ([0, 3, 2], 5 + 6 + 2_000 * 3));
    // Accounts after them.
    let (head, length, _) = encoded(&payouts(1..2004), &pages);
    assert_eq!((head, length), ([0, 3, 2], 5 + 6 + 3 * 20 + 2_003 * 3));
    // The second page goes on after the last recipient.
    let (head, length, _) = encoded(&payouts(1..1900), &pages);
    assert_eq!((head, length), ([0, 3, 2], 5 + 6 + 1_899 * 3));
    // One is missing: indexes.
    let (head, length, _) = encoded(&payouts((1..500).chain(501..2001)), &pages);
    assert_eq!((head, length), ([2, 3, 2], 5 + 6 + 1_999 * 5));
}

#[test]
fn pages_that_cost_more_than_they_save_are_not_named() {
    let pages = [page(0, 1..1025), page(1, 2000..2010), page(2, 3000..3100)];
    let paid: Vec<u32> = (1..11).chain(2000..2010).chain((3000..3100).step_by(2)).collect();
    let (head, _, dense) = encoded(&payouts(paid.iter().copied()), &pages);
    assert_eq!(head, [1, 3, 1], "one page");
    assert_eq!(dense[3..8], [0, 0, 2, 0, 20], "20 accounts are given");
    // Two pages with the same accounts: once is enough.
    let twice = [page(0, 1..1025), page(5, 1..1025)];
    let (head, ..) = encoded(&payouts((1..1025).step_by(2)), &twice);
    assert_eq!(head, [2, 3, 1]);
    // Few bytes: a whole page costs 3 bytes a payout, an encoding without pages 23, words 32.
    let all = payouts(1..1025);
    assert_eq!(encode(&all, &pages).unwrap().len(), 5 + 3 + 1_024 * 3);
    assert_eq!(encode(&all, &[]).unwrap().len(), 5 + 1_024 * 23);
}

#[test]
fn widths_are_the_least() {
    for (amount, bytes) in
        [(1, 1), (255, 1), (256, 2), ((1 << 88) - 1, 11), (1 << 88, 12), (LARGEST, 12)]
    {
        let (head, ..) = encoded(&[payout(1, 1), payout(2, amount)], &[]);
        assert_eq!(head, [0, bytes, 0], "{amount}");
    }
    // At 66,000 it costs less to give some accounts here than to widen all indexes.
    for (last, index_bytes) in [(256, 1), (257, 2), (66_000, 2), (81_000, 3)] {
        let pages: Vec<Page> = (0..80).map(|i| page(i, 1 + i * 1024..1 + (i + 1) * 1024)).collect();
        let paid = (1..last).step_by(3).chain([last]);
        let (head, ..) = encoded(&payouts(paid), &pages);
        assert_eq!(head[0], index_bytes, "{last}");
    }
}

#[test]
fn what_cannot_be_encoded_is_refused() {
    let amount = |amount| encode(&[payout(1, 1), payout(2, amount)], &[]);
    for wrong in [0, LARGEST + 1, u128::MAX] {
        assert_eq!(amount(wrong), Err(DenseError::Amount { index: 1 }));
    }
    for (number, accounts) in [(1 << 24, 1), (0, 0), (0, 1025)] {
        let pages = [page(number, 0..accounts)];
        let accounts = accounts as usize;
        assert_eq!(encode(&payouts([1]), &pages), Err(DenseError::Page { number, accounts }));
    }
    let most = 65_535;
    assert!(encode(&payouts(1..=most), &[]).is_ok());
    assert_eq!(
        encode(&payouts(1..=most + 1), &[]),
        Err(DenseError::Accounts { most: most as usize, got: most as usize + 1 })
    );
    // With a page there is room again.
    encoded(&payouts(1..=most + 1), &[page(3, 100..200)]);
}

#[test]
fn bytes_that_are_no_list_are_refused() {
    let pages = [page(3, 0..2)];
    let good = [&[1, 1, 1, 0, 0, 3, 0, 1][..], &account(9), &[1, 5, 2, 6]].concat();
    assert_eq!(decode(&good, &pages).unwrap(), [payout(1, 5), payout(9, 6)]);
    let refused = |at: usize, byte: u8, error: DenseError| {
        let mut bad = good.clone();
        bad[at] = byte;
        assert_eq!(decode(&bad, &pages), Err(error));
    };
    refused(0, 5, DenseError::IndexBytes { got: 5 });
    refused(1, 0, DenseError::AmountBytes { got: 0 });
    refused(1, 13, DenseError::AmountBytes { got: 13 });
    refused(1, 2, DenseError::Entries { width: 3, got: 4 });
    refused(2, 255, DenseError::Length { expected: 3 + 765, got: good.len() });
    refused(5, 4, DenseError::PageUnknown { number: 4 });
    refused(7, 3, DenseError::Length { expected: 8 + 60, got: good.len() });
    refused(good.len() - 2, 3, DenseError::Index { entry: 1, accounts: 3, got: 3 });
    refused(good.len() - 1, 0, DenseError::Payout { entry: 1 });
    for n in 0..8 {
        let error = decode(&good[..n], &pages).unwrap_err();
        assert!(matches!(error, DenseError::Length { got, .. } if got == n), "{n}: {error}");
    }
    // Indexes that count up end where the accounts end.
    let counting = [&[0, 1, 0, 0, 1][..], &account(9), &[5, 6]].concat();
    let error = DenseError::Index { entry: 1, accounts: 1, got: 1 };
    assert_eq!(decode(&counting, &[]), Err(error));
}

/// The contract puts account and amount together with a bitwise or. A list that makes use of it is
/// read as the contract reads it.
#[test]
fn wide_amounts_run_into_the_account() {
    let wide: u128 = 0b101 << 93 | 7;
    let mut low = account(9);
    low[19] = 0b1000;
    let dense = [&[0, 12, 0, 0, 1][..], &low, &wide.to_be_bytes()[4..]].concat();
    low[19] = 0b1101;
    let expected = Payout { account: Account::new(low).unwrap(), amount: 7 };
    assert_eq!(decode(&dense, &[]).unwrap(), [expected]);
    // The zero address cannot be paid, but three of its bits can be an account's.
    let dense = [&[0, 12, 0, 0, 1][..], &[0; 20], &wide.to_be_bytes()[4..]].concat();
    assert_eq!(decode(&dense, &[]).unwrap()[0].account.bytes()[19], 0b101);
    let dense = [&[0, 1, 0, 0, 1][..], &[0; 20], &[7]].concat();
    assert_eq!(decode(&dense, &[]), Err(DenseError::Payout { entry: 0 }));
}

#[test]
fn gas_is_counted_by_byte() {
    assert_eq!(calldata_gas(&[0, 1, 0, 255]), 2 * 4 + 2 * 16);
}

/// Pages with accounts in any order, some twice and in several pages.
fn arb_pages() -> impl Strategy<Value = Vec<Page>> {
    let accounts = prop_oneof![
        prop::collection::vec(1..600u32, 1..80),
        (1..600u32, 1..200u32).prop_map(|(from, n)| (from..from + n).collect()),
        (1..600u32, 1..100u32).prop_map(|(from, n)| (from..from + 3 * n).step_by(3).collect()),
    ];
    prop::collection::vec(accounts, 0..8).prop_map(|pages| {
        pages.into_iter().zip((0..).step_by(70_001)).map(|(a, number)| page(number, a)).collect()
    })
}

fn arb_payouts() -> impl Strategy<Value = Vec<Payout>> {
    let accounts = prop_oneof![
        prop::collection::btree_set(1..700u32, 0..300),
        (1..600u32, 0..300u32).prop_map(|(from, n)| (from..from + n).collect()),
    ];
    (accounts, 0..93u32, any::<u64>()).prop_map(|(accounts, bits, seed)| {
        let amount = |i: u32| {
            let n = u128::from(seed.wrapping_mul(u64::from(i) | 1));
            1 + ((n << 29 ^ n) & ((1 << bits) - 1))
        };
        accounts.into_iter().map(|i| payout(i, amount(i))).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(payouts in arb_payouts(), pages in arb_pages()) {
        let dense = encode(&payouts, &pages).unwrap();
        prop_assert_eq!(decode(&dense, &pages).unwrap(), payouts.clone());
        // A page is never worse than none, by what the list itself costs.
        prop_assert!(calldata_gas(&dense) <= calldata_gas(&encode(&payouts, &[]).unwrap()));
    }

    #[test]
    fn the_order_is_kept(payouts in arb_payouts().prop_shuffle(), pages in arb_pages()) {
        let dense = encode(&payouts, &pages).unwrap();
        prop_assert_eq!(decode(&dense, &pages).unwrap(), payouts);
    }

    #[test]
    fn no_bytes_panic(dense in prop::collection::vec(any::<u8>(), 0..400), pages in arb_pages()) {
        let _ = decode(&dense, &pages);
    }

    /// Mutated lists are read as some list or refused; what is read and written again is the same list.
    #[test]
    fn no_mutation_panics(
        payouts in arb_payouts(),
        pages in arb_pages(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut dense = encode(&payouts, &pages).unwrap();
        for (at, byte) in changes {
            let at = at.index(dense.len());
            dense[at] = byte;
        }
        for dense in [&dense[..], &dense[..cut.index(dense.len())]] {
            if let Ok(read) = decode(dense, &pages) {
                let again = encode(&read, &pages).unwrap();
                prop_assert_eq!(decode(&again, &pages).unwrap(), read);
            }
        }
    }
}
