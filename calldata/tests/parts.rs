//! Lists in parts: whole groups, under the limits, and the draft that they make.
#![allow(missing_docs)]

use ark_bn254::Fr;
use meed_calldata::dense::{decode, DenseError, Page};
use meed_calldata::parts::{dense, words, Draft, Limits, Part, PartError};
use meed_ledger::claims::ClaimTree;
use meed_statement::types::{Account, Payout};
use meed_statement::words::{
    pack_payout, word_from_bytes, word_to_bytes, Binding, Domain, Header, WordsError,
};
use sha3::{Digest, Keccak256};

fn payouts(n: usize) -> Vec<Payout> {
    (1..=n)
        .map(|i| {
            let mut account = [0x77; 20];
            account[..4].copy_from_slice(&(i as u32).to_be_bytes());
            Payout { account: Account::new(account).unwrap(), amount: 1_000_000 + i as u128 }
        })
        .collect()
}

fn public_words(payouts: &[Payout]) -> Vec<Fr> {
    let header = Header {
        epoch: 3,
        policy_hash: Fr::from(11u64),
        registry_root: Fr::from(12u64),
        scores_root: Fr::from(13u64),
        state_root_before: Fr::from(14u64),
        state_root_after: Fr::from(15u64),
        fees_total: 1 << 70,
        released_total: payouts.iter().map(|p| p.amount).sum(),
        accrued_total_after: Fr::from(16u64),
        payouts: payouts.len() as u32,
    };
    let word = |p: &Payout| pack_payout(p.account.bytes(), p.amount).unwrap();
    header.to_words().into_iter().chain(payouts.iter().map(word)).collect()
}

/// The parts follow each other, of whole groups but for the last.
fn check<T>(parts: &[Part<T>], n: usize) {
    let mut from = 0;
    for (i, part) in parts.iter().enumerate() {
        assert_eq!(part.from, from);
        assert_eq!(part.from % 1024, 0);
        assert!(part.payouts % 1024 == 0 || i + 1 == parts.len());
        from += part.payouts;
    }
    assert_eq!(from, n);
}

#[test]
fn parts_of_words_fill_a_transaction() {
    for (n, expected) in [
        (0, vec![0]),
        (1, vec![1]),
        (1_024, vec![1_024]),
        (3_072, vec![3_072]),
        (3_073, vec![3_073]),
        (9_000, vec![3_072, 3_072, 2_856]),
        // The last group is short enough to go with three others.
        (4_030, vec![4_030]),
        (4_040, vec![3_072, 968]),
    ] {
        let list = payouts(n);
        let parts = words(&list, &Limits::default()).unwrap();
        check(&parts, n);
        assert_eq!(parts.iter().map(|p| p.payouts).collect::<Vec<_>>(), expected, "{n}");
        let all: Vec<[u8; 32]> = parts.into_iter().flat_map(|part| part.data).collect();
        let expected: Vec<[u8; 32]> = public_words(&list)[11..].iter().map(word_to_bytes).collect();
        assert_eq!(all, expected);
    }
}

#[test]
fn dense_parts_hold_more() {
    let list = payouts(40_000);
    let pages: Vec<Page> = list
        .chunks(1_024)
        .zip(0..)
        .map(|(group, number)| Page {
            number,
            accounts: group.iter().map(|p| *p.account.bytes()).collect(),
        })
        .collect();
    // 23 bytes a payout without pages, 3 with them: then the number of payouts is the limit.
    for (pages, sizes) in [
        (&[][..], [vec![5_120; 7], vec![4_160]].concat()),
        (&pages[..], vec![16_384, 16_384, 7_232]),
    ] {
        let parts = dense(&list, pages, &Limits::default()).unwrap();
        check(&parts, list.len());
        assert_eq!(parts.iter().map(|p| p.payouts).collect::<Vec<_>>(), sizes);
        let mut read = Vec::new();
        for part in parts {
            assert!(part.data.len() <= 129_024);
            read.extend(decode(&part.data, pages).unwrap());
        }
        assert_eq!(read, list);
    }
    let parts = dense(&[], &[], &Limits::default()).unwrap();
    assert_eq!(parts, [Part { from: 0, payouts: 0, data: vec![0, 1, 0, 0, 0] }]);
}

#[test]
fn limits_are_kept_exactly() {
    let list = payouts(3_000);
    let sizes = |bytes, payouts| {
        let parts = words(&list, &Limits { bytes, payouts });
        parts.map(|parts| parts.iter().map(|p| p.payouts).collect::<Vec<_>>())
    };
    let most = usize::MAX;
    assert_eq!(sizes(3_000 * 32, most).unwrap(), [3_000]);
    assert_eq!(sizes(3_000 * 32 - 1, most).unwrap(), [2_048, 952]);
    assert_eq!(sizes(most, 2_999).unwrap(), [2_048, 952]);
    assert_eq!(sizes(1_024 * 32, most).unwrap(), [1_024, 1_024, 952]);
    let limits = Limits { bytes: 1_024 * 32 - 1, payouts: most };
    let error = PartError::Limit { from: 0, payouts: 1_024, bytes: 1_024 * 32, limits };
    assert_eq!(sizes(limits.bytes, most), Err(error));
    assert!(sizes(most, 1_023).is_err());
    let text = error.to_string();
    assert!(text.contains("payouts 0 to 1023") && text.contains("32768 bytes"), "{text}");
}

#[test]
fn errors_say_which_payout() {
    for index in [0, 3_500, 8_999] {
        let mut list = payouts(9_000);
        list[index].amount = 1 << 93;
        let error = Err(PartError::Dense(DenseError::Amount { index }));
        assert_eq!(words(&list, &Limits::default()).map(|_| ()), error);
        assert_eq!(dense(&list, &[], &Limits::default()).map(|_| ()), error);
    }
}

#[test]
fn a_draft_is_what_the_contract_computes() {
    let domain = Domain::evm(31_337, [0x5e; 20]);
    let h = Fr::from(99u64);
    for n in [1, 1_024, 1_025, 2_500] {
        let list = payouts(n);
        let public = public_words(&list);
        let draft = Draft::new(&domain, &h, &public).unwrap();
        assert_eq!(draft.alpha, Binding::derive(&domain, h, &public).alpha);
        for (i, word) in draft.header.iter().enumerate() {
            assert_eq!(word_from_bytes(word, i), Ok(public[i]));
        }
        let mut hash = <[u8; 32]>::from(Keccak256::digest(draft.header.as_flattened()));
        assert_eq!(draft.header_hash, hash);
        // The chain as `addPart` continues it, part after part.
        for part in words(&list, &Limits { bytes: 1 << 16, payouts: 2_048 }).unwrap() {
            for group in part.data.chunks(1_024) {
                hash = Keccak256::digest([&hash[..], group.as_flattened()].concat()).into();
            }
        }
        assert_eq!(draft.list_hash, hash);
        assert_eq!(draft.roots, ClaimTree::new(&list).unwrap().group_roots(), "{n}");
    }
    let empty = Draft::new(&domain, &h, &public_words(&[])).unwrap();
    assert_eq!(empty.roots, [[0; 32]; 0]);
    assert_eq!(empty.list_hash, empty.header_hash);
    let mut short = public_words(&payouts(3));
    short.pop();
    assert_eq!(Draft::new(&domain, &h, &short), Err(WordsError::Count));
}
