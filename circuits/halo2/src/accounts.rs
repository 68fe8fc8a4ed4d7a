//! S7 owners, S8 cap, S9 release and S10 conservation, up to the sums by key.

use crate::builder::{Builder, Term, Var};
use crate::field::{integer, two_to, wide, Fr};
use crate::flow::credit_bits;
use crate::registry::Policy;
use crate::slots::{AccountSlot, Slots};
use halo2_proofs::arithmetic::Field;
use halo2_proofs::halo2curves::ff::PrimeField;
use meed_statement::clause::Clause;
use meed_statement::units::{unit, ACCRUED_BITS, BPS, CREDIT_FRACTION_BITS, UNIT};
use meed_statement::words::{ACCOUNT_BITS, AMOUNT_BITS};

/// Where a packed row holds the number of its assets, above the earned credits.
pub(crate) const ASSETS_SHIFT: u32 = 200;
/// Where it holds the flags of the three policy accounts.
pub(crate) const ROLES_SHIFT: u32 = 232;
const ONE: Fr = Fr::ONE;
const ZERO: Fr = Fr::ZERO;

/// A row of the table of accounts in the circuit.
pub(crate) struct Row {
    pub(crate) account: Var,
    pub(crate) before: Var,
    pub(crate) has_before: Var,
    /// `earned + assets * 2^200 + roles * 2^232`.
    pub(crate) packed: Var,
    pub(crate) amount: Var,
    pub(crate) paid: Var,
    pub(crate) after: Var,
    pub(crate) has_after: Var,
    active: Var,
    earned: Var,
    credited: Var,
}

/// What S7 to S10 take from elsewhere.
pub(crate) struct Money<'a> {
    pub(crate) policy: &'a Policy,
    /// The public totals: fees and payouts in base units, what waits in credits.
    pub(crate) fees_total: Var,
    pub(crate) released_total: Var,
    pub(crate) waiting_total: Var,
}

pub(crate) fn accounts(b: &mut Builder, slots: &Slots, money: &Money<'_>) -> Vec<Row> {
    b.clause(Clause::Cap);
    let cap = b.witness(slots.cap);
    // UNIT is a multiple of 10,000, so the cap needs no division.
    let bps = money.policy.cap_bps;
    let terms = [(ZERO, money.fees_total), (ZERO, bps), (ZERO, bps), (-ONE, cap)];
    b.assert_with(&terms, [two_to(CREDIT_FRACTION_BITS), ZERO], ZERO);
    let excess = b.witness(slots.excess);

    let bits = credit_bits(&slots.shape);
    let rows: Vec<Row> =
        slots.accounts.iter().map(|slot| row(b, slot, money.policy, cap, excess, bits)).collect();
    b.clause(Clause::Cap);
    let mut terms: Vec<Term> = vec![(-ONE, excess)];
    terms.extend(rows.iter().flat_map(|r| [(ONE, r.earned), (-ONE, r.credited)]));
    b.assert_zero(&terms, ZERO);
    table(b, &rows);
    conservation(b, &rows, money);
    rows
}

fn row(
    b: &mut Builder,
    slot: &AccountSlot,
    policy: &Policy,
    cap: Var,
    excess: Var,
    credit_bits: u32,
) -> Row {
    b.clause(Clause::Owners);
    let limb = b.limb_bits();
    let active = b.bit(slot.active);
    let [account, before, earned, assets] =
        [slot.account, slot.before, slot.earned, slot.assets].map(|v| b.witness(v));
    b.range(before, ACCRUED_BITS);
    let has_before = b.is_nonzero(before);
    b.range(assets, limb);
    let roles = slot.roles.map(|r| b.bit(r));
    // Taken apart uniquely before any challenge: S8 makes |earned| < 2^165, the rest are bits and
    // a limb.
    let mut terms: Vec<Term> = vec![(ONE, earned), (two_to(ASSETS_SHIFT), assets)];
    terms.extend((0u32..).zip(roles).map(|(i, role)| (two_to(ROLES_SHIFT + i), role)));
    let packed = b.sum(&terms, ZERO);
    b.both_zero_unless(active, account, before);
    b.zero_unless(active, packed);

    b.clause(Clause::Cap);
    // earned and cap are at most all credits of the epoch.
    let over = b.at_least(earned, cap, credit_bits);
    // (1 - r0)(1 - r1)(1 - r2), times over. Each role is the first cell of a row.
    let mut cuts = over;
    for role in roles {
        cuts = b.solve(&[(ZERO, role), (ONE, cuts)], [-1, 0], ZERO);
    }
    let credited = b.witness(slot.credited);
    let terms = [(ZERO, cuts), (-ONE, earned), (ZERO, cap), (ONE, credited)];
    b.assert(&terms, [1, -1], ZERO);

    b.clause(Clause::Release);
    let terms = [(ZERO, roles[2]), (ZERO, excess), (ONE, before), (ONE, credited)];
    let total = b.solve(&terms, [1, 0], ZERO);
    // total = whole * UNIT + 2^40 * high + low, the rest below UNIT.
    let (whole, rest) = integer(&b.value(total)).div_rem(unit());
    let high = rest >> CREDIT_FRACTION_BITS as usize;
    let low = rest - (high << CREDIT_FRACTION_BITS as usize);
    let [whole, high, low] = [whole, high, low].map(|v| b.witness(wide(&v)));
    b.range(whole, AMOUNT_BITS);
    b.range(low, CREDIT_FRACTION_BITS);
    let most = b.number(i64::from(BPS) - 1);
    b.at_most(high, most);
    let unit = Fr::from_u128(UNIT);
    let parts = [(unit, whole), (two_to(CREDIT_FRACTION_BITS), high), (ONE, low), (-ONE, total)];
    b.assert(&parts, [0, 0], ZERO);
    let paid = b.at_least(whole, policy.least, AMOUNT_BITS);
    let amount = b.witness(slot.amount);
    b.assert(&[(ZERO, paid), (ZERO, whole), (ZERO, whole), (-ONE, amount)], [1, 0], ZERO);
    let after = b.witness(slot.after);
    b.assert(&[(ONE, total), (-unit, amount), (-ONE, after)], [0, 0], ZERO);
    let has_after = b.is_nonzero(after);
    Row {
        account,
        before,
        has_before,
        packed,
        amount,
        paid,
        after,
        has_after,
        active,
        earned,
        credited,
    }
}

/// Accounts are strictly increasing numbers from 1 to 2^160 - 1.
fn table(b: &mut Builder, rows: &[Row]) {
    b.clause(Clause::Owners);
    let active: Vec<Var> = rows.iter().map(|r| r.active).collect();
    b.ones_then_zeros(&active);
    let mut last = b.number(0);
    for row in rows {
        b.range(row.account, ACCOUNT_BITS);
        b.above(row.active, row.account, last, ACCOUNT_BITS);
        last = row.account;
    }
}

/// S10, of the public totals. S2 to S9 and S11 imply it: it is kept as the one constraint that an
/// auditor looks for.
fn conservation(b: &mut Builder, rows: &[Row], money: &Money<'_>) {
    b.clause(Clause::Conservation);
    let unit = Fr::from_u128(UNIT);
    let mut terms: Vec<Term> = rows.iter().map(|r| (ONE, r.before)).collect();
    terms.extend([
        (unit, money.fees_total),
        (-ONE, money.waiting_total),
        (-unit, money.released_total),
    ]);
    b.assert_zero(&terms, ZERO);
}
