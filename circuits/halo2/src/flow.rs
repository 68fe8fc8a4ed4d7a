//! S4 price, S5 credit and S6 flow, up to the sums by key.

use crate::builder::{fr, Builder, Term, Var};
use crate::field::{integer, two_to, wide, Fr};
use crate::ledger::Event;
use crate::registry::{Asset, Policy};
use crate::slots::{AssetSlot, EventSlot, Slots};
use halo2_proofs::arithmetic::Field;
use meed_statement::clause::Clause;
use meed_statement::shape::Shape;
use meed_statement::units::{BPS, BPS_BITS, CREDIT_FRACTION_BITS, FEE_BITS, SCORE_BITS, UNIT_BITS};
use ruint::aliases::U256;

/// Bits of a price: at most the whole of a fee in credits, `2^80 * 10^4 * 2^40`.
const PRICE_BITS: u32 = FEE_BITS + UNIT_BITS;
const ONE: Fr = Fr::ONE;
const ZERO: Fr = Fr::ZERO;

/// Bits of all credits of an epoch of this shape: fees below 2^80 each, `UNIT` below 2^54.
pub(crate) fn credit_bits(shape: &Shape) -> u32 {
    PRICE_BITS + shape.events.ilog2()
}

/// Prices and role credits of an event.
pub(crate) struct Priced {
    pub(crate) points: Var,
    pub(crate) price: Var,
    pub(crate) leftover: Var,
    pub(crate) service_credit: Var,
    pub(crate) model_credit: Var,
}

/// What flows through an asset.
pub(crate) struct Flow {
    pub(crate) direct: Var,
    pub(crate) inflow: Var,
    /// Passed up each edge.
    pub(crate) passes: Vec<Var>,
    pub(crate) penalty: Var,
    pub(crate) kept: Var,
}

pub(crate) fn prices(
    b: &mut Builder,
    slots: &Slots,
    events: &[Event],
    policy: &Policy,
) -> Vec<Priced> {
    // An event has at most one record an asset, each counting less than 2^47.
    let point_bits = SCORE_BITS + slots.shape.assets.ilog2();
    slots.events.iter().zip(events).map(|(slot, e)| price(b, slot, e, policy, point_bits)).collect()
}

fn price(
    b: &mut Builder,
    slot: &EventSlot,
    event: &Event,
    policy: &Policy,
    point_bits: u32,
) -> Priced {
    b.clause(Clause::Price);
    let credit = two_to(CREDIT_FRACTION_BITS);
    let [_, _, service_bps, model_bps, data_bps] = policy.shares;
    let [points, price, leftover] = [slot.points, slot.price, slot.leftover].map(|v| b.witness(v));
    b.range_at_least(price, PRICE_BITS);
    // price < 2^150 and points < 2^74 (below), so price * points + leftover cannot wrap.
    let data = b.solve_with(&[(ZERO, event.fee), (ZERO, data_bps)], [credit, ZERO], ZERO);
    let equation = [(ZERO, price), (ZERO, points), (ZERO, points), (ONE, leftover), (-ONE, data)];
    b.assert(&equation, [1, 0], ZERO);
    let some = b.is_nonzero(points);
    b.zero_unless(some, price);
    // With points: 0 <= leftover <= points - 1, both of them integers below 2^73, which bounds the
    // points too. Without: some = 0 makes rest 0 and the second range that of 0.
    let rest = b.product(leftover, some);
    b.range_at_least(rest, point_bits);
    let room = b.sum(&[(ONE, points), (-ONE, some), (-ONE, rest)], ZERO);
    b.range_at_least(room, point_bits);

    b.clause(Clause::Credit);
    let [service_credit, model_credit] = [service_bps, model_bps]
        .map(|bps| b.solve_with(&[(ZERO, event.fee), (ZERO, bps)], [credit, ZERO], ZERO));
    Priced { points, price, leftover, service_credit, model_credit }
}

pub(crate) fn flows(b: &mut Builder, slots: &Slots, assets: &[Asset]) -> Vec<Flow> {
    b.clause(Clause::Flow);
    let bits = credit_bits(&slots.shape);
    slots.assets.iter().zip(assets).map(|(slot, asset)| flow(b, slot, asset, bits)).collect()
}

fn flow(b: &mut Builder, slot: &AssetSlot, asset: &Asset, credit_bits: u32) -> Flow {
    let [direct, inflow] = [slot.direct, slot.inflow].map(|v| b.witness(v));
    // inflow = 10,000 * wholes + rest, once; then floor(inflow * bps / 10,000) is
    // wholes * bps + floor(rest * bps / 10,000), and only the small part needs a division per edge.
    let (wholes, rest) = integer(&slot.inflow).div_rem(U256::from(BPS));
    let [wholes, rest] = [wholes, rest].map(|v| b.witness(wide(&v)));
    b.range_at_least(wholes, credit_bits - 13);
    let most = b.number(i64::from(BPS) - 1);
    b.at_most(rest, most);
    b.assert(&[(fr(BPS.into()), wholes), (ONE, rest), (-ONE, inflow)], [0, 0], ZERO);

    let mut passes: Vec<Var> = asset
        .bps
        .iter()
        .zip(slot.passes.iter().chain([&slot.penalty]))
        .map(|(bps, hint)| {
            let small = *hint - b.value(wholes) * b.value(*bps);
            let small = b.witness(small);
            b.range(small, BPS_BITS);
            // rest * bps = 10,000 * small + left with left <= 9,999; all parts are below 2^28.
            let parts = [(ZERO, rest), (ZERO, *bps), (ZERO, *bps), (-fr(BPS.into()), small)];
            let left = b.solve(&parts, [1, 0], ZERO);
            b.at_most(left, most);
            b.solve(&[(ZERO, wholes), (ZERO, *bps), (ZERO, *bps), (ONE, small)], [1, 0], ZERO)
        })
        .collect();
    let penalty = passes.pop().expect("four edges and the penalty");
    // Not negative: the shares add up to at most 10,000 (S1) and every part is rounded down.
    let kept = b.witness(slot.kept);
    let mut terms: Vec<Term> = vec![(ONE, inflow), (-ONE, penalty), (-ONE, kept)];
    terms.extend(passes.iter().map(|p| (-ONE, *p)));
    b.assert_zero(&terms, ZERO);
    Flow { direct, inflow, passes, penalty, kept }
}

/// Credits of platform and stakers (S5) and of the remainder account (S6).
pub(crate) fn role_credits(
    b: &mut Builder,
    slots: &Slots,
    policy: &Policy,
    fees_total: Var,
    prices: &[Priced],
    flows: &[Flow],
) -> [Var; 3] {
    let roles = slots.roles.map(|r| b.witness(r));
    b.clause(Clause::Credit);
    let credit = two_to(CREDIT_FRACTION_BITS);
    for (role, bps) in roles.iter().zip(policy.shares).take(2) {
        let terms = [(ZERO, fees_total), (ZERO, bps), (ZERO, bps), (-ONE, *role)];
        b.assert_with(&terms, [credit, ZERO], ZERO);
    }
    b.clause(Clause::Flow);
    let mut terms: Vec<Term> = vec![(-ONE, roles[2])];
    terms.extend(prices.iter().map(|p| (ONE, p.leftover)));
    terms.extend(flows.iter().map(|f| (ONE, f.penalty)));
    b.assert_zero(&terms, ZERO);
    roles
}
