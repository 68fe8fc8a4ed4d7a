//! Reads the dense encoding, as the contract does.

use meed_statement::types::{Account, Payout};
use meed_statement::words::AMOUNT_BITS;

use super::{DenseError, Page, ACCOUNT, FIXED, MOST_AMOUNT, MOST_INDEX, NUMBER};

/// Reads a dense list, given the pages that the contract has: those that the list does not name may be
/// missing. What it returns is what the contract makes of the bytes, whoever encoded them: an amount of 93
/// bits and more runs into the account's low bits there, and so it does here. The order of the payouts is
/// not checked; [`check_words`](meed_statement::words::check_words) does it.
///
/// # Errors
/// [`DenseError`]: what the contract refuses, and a payout that no proof can be about.
pub fn decode(dense: &[u8], pages: &[Page]) -> Result<Vec<Payout>, DenseError> {
    let mut reader = Reader { dense, at: 0 };
    let fixed = reader.take(FIXED)?;
    let (index_bytes, amount_bytes) = (fixed[0], fixed[1]);
    if usize::from(index_bytes) > MOST_INDEX {
        return Err(DenseError::IndexBytes { got: index_bytes });
    }
    if amount_bytes == 0 || usize::from(amount_bytes) > MOST_AMOUNT {
        return Err(DenseError::AmountBytes { got: amount_bytes });
    }
    let mut table: Vec<[u8; ACCOUNT]> = Vec::new();
    for bytes in reader.take(NUMBER * usize::from(fixed[2]))?.chunks_exact(NUMBER) {
        let number = number(bytes) as u32;
        let page = pages.iter().find(|page| page.number == number);
        table.extend(&page.ok_or(DenseError::PageUnknown { number })?.accounts);
    }
    let given = number(reader.take(2)?) as usize;
    for bytes in reader.take(ACCOUNT * given)?.chunks_exact(ACCOUNT) {
        table.push(bytes.try_into().expect("as many bytes as an account has"));
    }
    let (index_bytes, width) =
        (usize::from(index_bytes), usize::from(index_bytes) + usize::from(amount_bytes));
    let rest = reader.rest();
    if !rest.len().is_multiple_of(width) {
        return Err(DenseError::Entries { width, got: rest.len() });
    }
    let payout = |(entry, bytes): (usize, &[u8])| {
        let (index, amount) = bytes.split_at(index_bytes);
        let index = if index.is_empty() { entry } else { number(index) as usize };
        let accounts = table.len();
        let account = table.get(index).ok_or(DenseError::Index { entry, accounts, got: index })?;
        payout(*account, number(amount)).ok_or(DenseError::Payout { entry })
    };
    rest.chunks_exact(width).enumerate().map(payout).collect()
}

/// What `account << 93 | amount` says.
fn payout(mut account: [u8; ACCOUNT], amount: u128) -> Option<Payout> {
    // At most 3 bits: an amount has 12 bytes.
    account[ACCOUNT - 1] |= (amount >> AMOUNT_BITS) as u8;
    let amount = amount & ((1 << AMOUNT_BITS) - 1);
    let account = Account::new(account)?;
    (amount != 0).then_some(Payout { account, amount })
}

/// At most 16 bytes, big-endian.
fn number(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0, |n, byte| n << 8 | u128::from(*byte))
}

struct Reader<'a> {
    dense: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], DenseError> {
        let expected = self.at + n;
        let bytes = self.dense.get(self.at..expected);
        self.at = expected;
        bytes.ok_or(DenseError::Length { expected, got: self.dense.len() })
    }

    fn rest(&self) -> &'a [u8] {
        self.dense.get(self.at..).unwrap_or_default()
    }
}
