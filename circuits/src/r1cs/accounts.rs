//! S7 owners, S8 cap, S9 release and S10 conservation, up to the sums by key.

use super::cs::{Cs, Num};
use super::flow::credit_bits;
use super::gadgets::{
    at_least, at_most, bit, is_nonzero, new_bits, ones_then_zeros, product_to_bits, to_bits,
    zero_unless,
};
use super::policy::Policy;
use super::registry::index_bits;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, PrimeField};
use meed_statement::clause::Clause;
use meed_statement::roots::two_to;
use meed_statement::slots::{AccountSlot, Slots};
use meed_statement::units::{ACCRUED_BITS, BPS, BPS_BITS, CREDIT_FRACTION_BITS, UNIT};
use meed_statement::words::{ACCOUNT_BITS, AMOUNT_BITS};

/// Where a packed row holds the number of its assets, above the earned credits.
pub(crate) const ASSETS_SHIFT: u32 = 200;
/// Where it holds the flags of the three policy accounts.
pub(crate) const ROLES_SHIFT: u32 = 232;

/// A row of the table of accounts in the circuit.
pub(crate) struct Row<L> {
    pub(crate) active: Num<L>,
    pub(crate) account: Num<L>,
    pub(crate) before: Num<L>,
    pub(crate) has_before: Num<L>,
    /// `earned + assets * 2^200 + roles * 2^232`.
    pub(crate) packed: Num<L>,
    pub(crate) amount: Num<L>,
    pub(crate) paid: Num<L>,
    pub(crate) after: Num<L>,
    pub(crate) has_after: Num<L>,
}

/// What S7 to S9 take from elsewhere.
pub(crate) struct Money<'a, L> {
    pub(crate) policy: &'a Policy<L>,
    /// The public totals: fees and payouts in base units, what waits in credits.
    pub(crate) fees_total: &'a Num<L>,
    pub(crate) released_total: &'a Num<L>,
    pub(crate) waiting_total: &'a Num<L>,
}

pub(crate) fn accounts<C: Cs>(
    cs: &mut C,
    slots: &Slots,
    money: &Money<'_, C::L>,
) -> Vec<Row<C::L>> {
    cs.clause(Clause::Cap);
    let cap = cs.alloc(slots.cap);
    // UNIT is a multiple of 10,000, so the cap needs no division.
    let credits = money.fees_total * two_to(CREDIT_FRACTION_BITS);
    cs.enforce(&credits, &money.policy.cap_bps, &cap);
    let excess = cs.alloc(slots.excess);

    let shape = &slots.shape;
    let rows = cs.blocks(slots.accounts.len(), |cs, i| {
        let bits = (credit_bits(shape), index_bits(shape.assets) + 1);
        row(cs, &slots.accounts[i], money.policy, &cap, &excess, bits)
    });
    cs.clause(Clause::Cap);
    let taken = rows.iter().fold(Num::zero(), |sum, (_, cut)| &sum + cut);
    cs.equal(&excess, &taken);
    let rows: Vec<_> = rows.into_iter().map(|(row, _)| row).collect();
    table(cs, &rows);
    conservation(cs, &rows, money);
    rows
}

fn row<C: Cs>(
    cs: &mut C,
    slot: &AccountSlot,
    policy: &Policy<C::L>,
    cap: &Num<C::L>,
    excess: &Num<C::L>,
    (credit_bits, count_bits): (usize, usize),
) -> (Row<C::L>, Num<C::L>) {
    cs.clause(Clause::Owners);
    let active = bit(cs, slot.active);
    let account = cs.alloc(slot.account);
    let before = new_bits(cs, slot.before, ACCRUED_BITS as usize).num;
    let before = cs.column(&before);
    let has_before = is_nonzero(cs, &before);
    let earned = cs.alloc(slot.earned);
    let assets = new_bits(cs, slot.assets, count_bits).num;
    let roles = slot.roles.map(|r| bit(cs, r));
    // Taken apart uniquely before any challenge: S8 makes |earned| < 2^149, the rest are bits.
    let mut packed = earned.clone();
    packed.add_scaled(&assets, &two_to(ASSETS_SHIFT));
    for (i, role) in roles.iter().enumerate() {
        packed.add_scaled(role, &two_to(ROLES_SHIFT + i as u32));
    }
    let packed = cs.column(&packed);
    for part in [&account, &before, &packed] {
        zero_unless(cs, &active, part);
    }

    cs.clause(Clause::Cap);
    // earned and cap are at most all credits of the epoch.
    let over = at_least(cs, &earned, cap, credit_bits);
    let free = roles.iter().skip(1).fold(roles[0].not(), |f, r| cs.product(&f, &r.not()));
    let cuts = cs.product(&over, &free);
    let credited = cs.alloc(slot.credited);
    let cut = &earned - &credited;
    cs.enforce(&cuts, &(&earned - cap), &cut);

    cs.clause(Clause::Release);
    let extra = cs.product(&roles[2], excess);
    let total = &(&before + &credited) + &extra;
    // total = amount_if_paid * UNIT + rest, rest = 2^40 * high + low < UNIT; total < 2^147.
    let (whole, rest) = divide_unit(total.value);
    let whole = new_bits(cs, whole, AMOUNT_BITS as usize).num;
    let whole = cs.column(&whole);
    let low = new_bits(cs, rest, CREDIT_FRACTION_BITS as usize).num;
    let high_hint = (rest - low.value) * two_to_inverse(CREDIT_FRACTION_BITS);
    let high = new_bits(cs, high_hint, BPS_BITS as usize);
    at_most(cs, &high.bits, u64::from(BPS) - 1);
    let rest = &low + &(&high.num * two_to(CREDIT_FRACTION_BITS));
    cs.equal(&total, &(&(&whole * Fr::from(UNIT)) + &rest));
    let paid = at_least(cs, &whole, &policy.least, AMOUNT_BITS as usize);
    let amount = cs.alloc(slot.amount);
    cs.enforce(&paid, &whole, &amount);
    let after = cs.alloc(slot.after);
    cs.equal(&after, &(&total - &(&amount * Fr::from(UNIT))));
    let has_after = is_nonzero(cs, &after);
    let row = Row { active, account, before, has_before, packed, amount, paid, after, has_after };
    (row, cut)
}

/// Accounts are strictly increasing numbers from 1 to 2^160 - 1.
///
/// Each step is in `1..=2^160` over at most 2^24 rows, so nothing wraps, and the last bounds all.
fn table<C: Cs>(cs: &mut C, rows: &[Row<C::L>]) {
    cs.clause(Clause::Owners);
    let active: Vec<_> = rows.iter().map(|r| r.active.clone()).collect();
    ones_then_zeros(cs, &active);
    let tops = cs.blocks(rows.len(), |cs, i| {
        let row = &rows[i];
        let last = i.checked_sub(1).map_or_else(Num::zero, |i| rows[i].account.clone());
        let step = (&row.account - &last).plus(-Fr::from(1u64));
        product_to_bits(cs, &row.active, &step, ACCOUNT_BITS as usize);
        let is_top = rows.get(i + 1).map_or(row.active.clone(), |next| &row.active - &next.active);
        cs.product(&is_top, &row.account)
    });
    to_bits(cs, &Num::sum(&tops), ACCOUNT_BITS as usize);
}

/// S10, of the public totals. S2 to S9 and S11 imply it: it is kept as the one constraint that an
/// auditor looks for.
fn conservation<C: Cs>(cs: &mut C, rows: &[Row<C::L>], money: &Money<'_, C::L>) {
    cs.clause(Clause::Conservation);
    let unit = Fr::from(UNIT);
    let came = &Num::sum(rows.iter().map(|r| &r.before)) + &(money.fees_total * unit);
    cs.equal(&came, &(money.waiting_total + &(money.released_total * unit)));
}

/// Quotient and remainder of a hint by `UNIT`.
fn divide_unit(x: Fr) -> (Fr, Fr) {
    let x = ruint::aliases::U256::from_limbs(x.into_bigint().0);
    let (q, r) = x.div_rem(meed_statement::units::unit());
    let field = |v: ruint::aliases::U256| Fr::new(ark_ff::BigInt(*v.as_limbs()));
    (field(q), field(r))
}

fn two_to_inverse(bits: u32) -> Fr {
    use ark_ff::Field;
    two_to(bits).inverse().unwrap_or(Fr::ZERO)
}
