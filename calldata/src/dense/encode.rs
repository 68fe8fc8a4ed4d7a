//! Writes the dense encoding, choosing widths and pages by what they cost.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use meed_statement::types::Payout;
use meed_statement::words::AMOUNT_BITS;

use super::{DenseError, Page, ACCOUNT, FIXED, MOST_INDEX, NUMBER, PAGE_ACCOUNTS};

/// Gas for a byte of calldata that is not zero, and for one that is (EIP-2028).
const BYTE_GAS: usize = 16;
const ZERO_GAS: usize = 4;
/// Gas for naming a page, its accounts aside: a storage slot and an account's code, neither touched before
/// (EIP-2929), and its number.
const PAGE_GAS: usize = 2_100 + 2_600 + 100 + NUMBER * BYTE_GAS;
/// Gas for an account in a page: copied to memory at 6 for 32 bytes, rounded up.
const PAGE_ACCOUNT_GAS: usize = 4;
/// Gas for an account that is given in the list.
const GIVEN_GAS: usize = ACCOUNT * BYTE_GAS;
/// Pages that a list can name.
const MOST_PAGES: usize = u8::MAX as usize;
/// Accounts that a list can give.
const MOST_GIVEN: usize = u16::MAX as usize;

/// Encodes a list of payouts, given the contract's pages. A page is named if that costs less gas than giving
/// its accounts here; if the recipients are the accounts that come, in their order, indexes take no
/// bytes. The order of the payouts is kept, and not checked.
///
/// # Errors
/// [`DenseError::Amount`], [`DenseError::Page`], [`DenseError::Accounts`].
pub fn encode(payouts: &[Payout], pages: &[Page]) -> Result<Vec<u8>, DenseError> {
    for Page { number, accounts } in pages {
        let (number, accounts) = (*number, accounts.len());
        if number >> (8 * NUMBER) != 0 || accounts == 0 || accounts > PAGE_ACCOUNTS {
            return Err(DenseError::Page { number, accounts });
        }
    }
    let wrong = payouts.iter().position(|p| p.amount == 0 || p.amount >> AMOUNT_BITS != 0);
    if let Some(index) = wrong {
        return Err(DenseError::Amount { index });
    }
    let layouts = [in_order(payouts, &[]), in_order(payouts, pages), by_index(payouts, pages)];
    let mut cheapest: Option<(usize, Vec<u8>)> = None;
    for layout in layouts.iter().filter(|layout| layout.given.len() <= MOST_GIVEN) {
        let dense = layout.write(payouts, pages);
        let gas = calldata_gas(&dense) + layout.pages_gas(pages);
        if cheapest.as_ref().is_none_or(|(least, _)| gas < *least) {
            cheapest = Some((gas, dense));
        }
    }
    let got = layouts.iter().map(|layout| layout.given.len()).min().unwrap_or_default();
    let (_, dense) = cheapest.ok_or(DenseError::Accounts { most: MOST_GIVEN, got })?;
    Ok(dense)
}

/// Gas that a transaction pays for these bytes as calldata, where what it does costs more than the floor
/// of EIP-7623; a settlement does.
#[must_use]
pub fn calldata_gas(bytes: &[u8]) -> usize {
    bytes.iter().map(|byte| if *byte == 0 { ZERO_GAS } else { BYTE_GAS }).sum()
}

/// How a list is going to be encoded.
struct Layout {
    /// Positions of the named pages among those there are.
    pages: Vec<usize>,
    /// Accounts given in the list.
    given: Vec<[u8; ACCOUNT]>,
    /// Each payout's index; none if they count up from 0.
    indexes: Option<Vec<u32>>,
}

impl Layout {
    fn pages_gas(&self, pages: &[Page]) -> usize {
        self.pages.iter().map(|i| page_gas(&pages[*i])).sum()
    }

    fn write(&self, payouts: &[Payout], pages: &[Page]) -> Vec<u8> {
        let widest = self.indexes.iter().flatten().max();
        let index_bytes = widest.map_or(0, |index| bytes_of(u128::from(*index)));
        let amount_bytes = bytes_of(payouts.iter().map(|p| p.amount).max().unwrap_or(1));
        let width = index_bytes + amount_bytes;
        let size = FIXED
            + NUMBER * self.pages.len()
            + 2
            + ACCOUNT * self.given.len()
            + width * payouts.len();
        let mut dense = Vec::with_capacity(size);
        dense.extend([index_bytes as u8, amount_bytes as u8, self.pages.len() as u8]);
        for page in &self.pages {
            push(&mut dense, u128::from(pages[*page].number), NUMBER);
        }
        push(&mut dense, self.given.len() as u128, 2);
        dense.extend(self.given.as_flattened());
        for (i, payout) in payouts.iter().enumerate() {
            if let Some(indexes) = &self.indexes {
                push(&mut dense, u128::from(indexes[i]), index_bytes);
            }
            push(&mut dense, payout.amount, amount_bytes);
        }
        dense
    }
}

/// Bytes of a number, at least one.
fn bytes_of(n: u128) -> usize {
    (n.max(1).ilog2() / 8 + 1) as usize
}

/// The low bytes of a number.
fn push(to: &mut Vec<u8>, n: u128, bytes: usize) {
    to.extend(&n.to_be_bytes()[16 - bytes..]);
}

fn page_gas(page: &Page) -> usize {
    PAGE_GAS + PAGE_ACCOUNT_GAS * page.accounts.len()
}

/// Indexes that count up: as many pages as follow the recipients from the first on, then the accounts.
fn in_order(payouts: &[Payout], pages: &[Page]) -> Layout {
    let recipients: Vec<[u8; ACCOUNT]> = payouts.iter().map(|p| *p.account.bytes()).collect();
    let mut by_first: HashMap<&[u8; ACCOUNT], Vec<usize>> = HashMap::new();
    for (i, page) in pages.iter().enumerate() {
        by_first.entry(&page.accounts[0]).or_default().push(i);
    }
    let mut layout = Layout { pages: Vec::new(), given: Vec::new(), indexes: None };
    let mut rest = &recipients[..];
    while layout.pages.len() < MOST_PAGES && !rest.is_empty() {
        // The last page may go on after the last recipient.
        let follows = |i: &&usize| {
            let accounts = &pages[**i].accounts;
            let n = accounts.len().min(rest.len());
            accounts[..n] == rest[..n] && n * GIVEN_GAS > page_gas(&pages[**i])
        };
        let found = by_first.get(&rest[0]).into_iter().flatten().filter(follows);
        let Some(longest) = found.max_by_key(|i| pages[**i].accounts.len().min(rest.len())) else {
            break;
        };
        layout.pages.push(*longest);
        rest = &rest[pages[*longest].accounts.len().min(rest.len())..];
    }
    layout.given = rest.to_vec();
    layout
}

/// Indexes into pages, each of which has enough of the recipients, and into the accounts that no page has.
fn by_index(payouts: &[Payout], pages: &[Page]) -> Layout {
    let recipients: HashSet<&[u8; ACCOUNT]> = payouts.iter().map(|p| p.account.bytes()).collect();
    let hits: Vec<HashSet<&[u8; ACCOUNT]>> = pages
        .iter()
        .map(|page| page.accounts.iter().filter(|a| recipients.contains(a)).collect())
        .collect();
    let mut missing = recipients.clone();
    let mut chosen: Vec<usize> = Vec::new();
    let mut table = 0;
    // How many of the chosen pages are worth it, and what they cost: a longer table may take wider indexes.
    let cost = |pages_gas: usize, table: usize, missing: usize| {
        let index_bytes = bytes_of((table + missing).saturating_sub(1) as u128).min(MOST_INDEX);
        pages_gas + missing * GIVEN_GAS + payouts.len() * index_bytes * BYTE_GAS
    };
    let mut pages_gas = 0;
    let mut best = (cost(0, 0, missing.len()), 0);
    // What a page saves only shrinks while others are chosen, so an old figure is a bound.
    let mut bounds: BinaryHeap<(usize, Reverse<usize>)> =
        (0..pages.len()).map(|i| (usize::MAX, Reverse(i))).collect();
    while chosen.len() < MOST_PAGES {
        let Some((_, Reverse(i))) = bounds.pop() else {
            break;
        };
        let saved = hits[i].iter().filter(|a| missing.contains(*a)).count() * GIVEN_GAS;
        let gain = saved.saturating_sub(page_gas(&pages[i]));
        if gain == 0 {
            continue;
        }
        if bounds.peek().is_some_and(|(bound, _)| *bound > gain) {
            bounds.push((gain, Reverse(i)));
            continue;
        }
        missing.retain(|account| !hits[i].contains(account));
        chosen.push(i);
        table += pages[i].accounts.len();
        pages_gas += page_gas(&pages[i]);
        let now = cost(pages_gas, table, missing.len());
        if now < best.0 {
            best = (now, chosen.len());
        }
    }
    chosen.truncate(best.1);
    place(payouts, pages, chosen)
}

/// The layout with these pages.
fn place(payouts: &[Payout], pages: &[Page], chosen: Vec<usize>) -> Layout {
    let mut places: HashMap<[u8; ACCOUNT], u32> = HashMap::new();
    let accounts = chosen.iter().flat_map(|i| &pages[*i].accounts);
    let mut end = 0;
    for (account, place) in accounts.zip(0..) {
        places.entry(*account).or_insert(place);
        end = place + 1;
    }
    let mut given = Vec::new();
    let mut index = |payout: &Payout| {
        let account = *payout.account.bytes();
        *places.entry(account).or_insert_with(|| {
            given.push(account);
            end + given.len() as u32 - 1
        })
    };
    let indexes = payouts.iter().map(&mut index).collect();
    Layout { pages: chosen, given, indexes: Some(indexes) }
}
