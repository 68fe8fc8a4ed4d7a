//! Dense lists and damaged ones, pinned: how they are encoded, and what they say.
//!
//! `tests/golden/dense.txt` has a line for each page (`page NUMBER ACCOUNTS`), each list that is read
//! (`list BYTES keccak256(words)`) and each that is refused (`refused BYTES why`). The contract gives the
//! same words and refuses the same bytes; lists with the zero address or without an amount, which it leaves
//! to the proof, are told by their reason.
#![allow(missing_docs)]

use std::fmt::Write as _;
use std::path::Path;

use meed_calldata::dense::{decode, encode, Page};
use meed_statement::types::{Account, Payout};
use meed_statement::words::{pack_payout, word_to_bytes};
use sha3::{Digest, Keccak256};

/// Numbers that are the same everywhere.
struct Numbers(u64);

impl Numbers {
    fn bytes(&mut self) -> [u8; 32] {
        self.0 += 1;
        Keccak256::digest(self.0.to_be_bytes()).into()
    }

    fn below(&mut self, n: usize) -> usize {
        let bytes = self.bytes();
        usize::from(u16::from_be_bytes([bytes[0], bytes[1]])) % n
    }
}

fn account(i: usize) -> [u8; 20] {
    let digest = Keccak256::digest(i.to_be_bytes());
    let mut account: [u8; 20] = digest[..20].try_into().unwrap();
    account[..2].copy_from_slice(&(i as u16).to_be_bytes());
    account
}

/// Numbered as a contract numbers them; the accounts of one follow those of another, but for the last.
fn pages() -> Vec<Page> {
    let ranges = [(30, 30), (60, 20), (1, 29), (200, 1), (210, 3), (20, 50)];
    let page =
        |(number, (first, n))| Page { number, accounts: (first..first + n).map(account).collect() };
    (0..).zip(ranges).map(page).collect()
}

fn list(numbers: &mut Numbers, kind: usize) -> Vec<Payout> {
    let (first, step, n) = match kind % 4 {
        // From the start of a page.
        0 => ([1, 30, 60][numbers.below(3)], 1, numbers.below(60)),
        // Most of a page.
        1 => (1 + numbers.below(10), 1, 20 + numbers.below(30)),
        // Some accounts of many.
        2 => (1 + numbers.below(10), 1 + numbers.below(4), numbers.below(40)),
        // In no page.
        _ => (100, 1, numbers.below(8)),
    };
    let bits = 1 + numbers.below(93);
    (0..n)
        .map(|i| {
            let bytes = numbers.bytes();
            let amount = u128::from_be_bytes(bytes[..16].try_into().unwrap()) % (1 << bits);
            Payout {
                account: Account::new(account(first + i * step)).unwrap(),
                amount: amount.max(1),
            }
        })
        .collect()
}

/// The list with a byte changed, mostly near its start, or cut.
fn damaged(numbers: &mut Numbers, dense: &[u8]) -> Vec<u8> {
    let mut bytes = dense.to_vec();
    match numbers.below(5) {
        0 => bytes.truncate(numbers.below(dense.len())),
        1 => {
            let at = numbers.below(dense.len());
            bytes[at] ^= 1 << numbers.below(8);
        }
        _ => {
            let at = numbers.below(dense.len().min(12));
            bytes[at] = numbers.below(16) as u8;
        }
    }
    bytes
}

fn vectors() -> String {
    let pages = pages();
    let mut text = String::new();
    for page in &pages {
        let accounts = hex::encode(page.accounts.as_flattened());
        writeln!(text, "page {} {accounts}", page.number).unwrap();
    }
    let numbers = &mut Numbers(0);
    for kind in 0..24 {
        let payouts = list(numbers, kind);
        let dense = encode(&payouts, &pages).unwrap();
        assert_eq!(decode(&dense, &pages).unwrap(), payouts);
        let mut lists = vec![dense.clone()];
        lists.extend((0..5).map(|_| damaged(numbers, &dense)));
        for bytes in lists {
            let dense = hex::encode(&bytes);
            match decode(&bytes, &pages) {
                Ok(payouts) => {
                    let mut words = Keccak256::new();
                    for payout in payouts {
                        let word = pack_payout(payout.account.bytes(), payout.amount).unwrap();
                        words.update(word_to_bytes(&word));
                    }
                    writeln!(text, "list {dense} {}", hex::encode(words.finalize())).unwrap();
                }
                Err(error) => writeln!(text, "refused {dense} {error}").unwrap(),
            }
        }
    }
    text
}

#[test]
fn lists_are_the_pinned_ones() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/dense.txt");
    let now = vectors();
    if std::env::var_os("MEED_WRITE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &now).unwrap();
    }
    let pinned = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        now == pinned,
        "{} differs; to accept: MEED_WRITE_GOLDEN=1 cargo test --release -p meed-calldata --test \
         vectors",
        path.display()
    );
}
