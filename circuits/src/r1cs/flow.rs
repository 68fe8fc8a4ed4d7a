//! S4 price, S5 credit and S6 flow, up to the sums by key, which wait for the challenge.

use super::cs::{Cs, Num};
use super::gadgets::{at_most, new_bits, to_bits};
use super::ledger::Event;
use super::policy::Policy;
use super::registry::{index_bits, Asset};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field, PrimeField};
use meed_statement::clause::Clause;
use meed_statement::roots::two_to;
use meed_statement::shape::Shape;
use meed_statement::slots::{AssetSlot, EventSlot, Slots};
use meed_statement::units::{
    BPS, BPS_BITS, CREDIT_FRACTION_BITS, EDGES, FEE_BITS, SCORE_BITS, UNIT_BITS,
};

/// Bits of a remainder modulo 10,000, and of 10,000 itself.
const REST_BITS: usize = BPS_BITS as usize;
/// Bits of a price: at most the whole of a fee in credits, `2^80 * 10^4 * 2^40`.
const PRICE_BITS: usize = (FEE_BITS + UNIT_BITS) as usize;

/// Bits of all credits of an epoch of this shape: fees below 2^80 each, `UNIT` below 2^54.
pub(crate) fn credit_bits(shape: &Shape) -> usize {
    (FEE_BITS + UNIT_BITS) as usize + index_bits(shape.events)
}

/// Prices and role credits of an event.
pub(crate) struct Priced<L> {
    pub(crate) points: Num<L>,
    pub(crate) price: Num<L>,
    pub(crate) leftover: Num<L>,
    pub(crate) service_credit: Num<L>,
    pub(crate) model_credit: Num<L>,
}

/// What flows through an asset.
pub(crate) struct Flow<L> {
    pub(crate) direct: Num<L>,
    pub(crate) inflow: Num<L>,
    pub(crate) passes: Vec<Num<L>>,
    pub(crate) penalty: Num<L>,
    pub(crate) kept: Num<L>,
}

pub(crate) fn prices<C: Cs>(
    cs: &mut C,
    slots: &Slots,
    events: &[Event<C::L>],
    policy: &Policy<C::L>,
) -> Vec<Priced<C::L>> {
    // An event has at most one record an asset, each counting less than 2^47.
    let point_bits = SCORE_BITS as usize + index_bits(slots.shape.assets);
    cs.blocks(events.len(), |cs, i| price(cs, &slots.events[i], &events[i], policy, point_bits))
}

fn price<C: Cs>(
    cs: &mut C,
    slot: &EventSlot,
    event: &Event<C::L>,
    policy: &Policy<C::L>,
    point_bits: usize,
) -> Priced<C::L> {
    cs.clause(Clause::Price);
    let credit = two_to(CREDIT_FRACTION_BITS);
    let [_, _, service_bps, model_bps, data_bps] = &policy.shares;
    let data = &cs.product(&event.fee, data_bps) * credit;
    let points = cs.alloc(slot.points);
    let price = new_bits(cs, slot.price, PRICE_BITS).num;
    let price = cs.column(&price);
    let leftover = cs.alloc(slot.leftover);
    // price < 2^134 and points < 2^58 (below), so price * points + leftover cannot wrap.
    cs.enforce(&price, &points, &(&data - &leftover));
    let some = super::gadgets::is_nonzero(cs, &points);
    cs.enforce(&price, &some.not(), &Num::zero());
    // With points: 0 <= leftover <= points - 1, both of them integers below 2^58, which bounds the
    // points too. Without: some = 0 makes rest 0 and the second range that of 0.
    let rest = cs.product(&leftover, &some);
    to_bits(cs, &rest, point_bits);
    to_bits(cs, &(&(&points - &some) - &rest), point_bits);

    cs.clause(Clause::Credit);
    let service_credit = &cs.product(&event.fee, service_bps) * credit;
    let model_credit = &cs.product(&event.fee, model_bps) * credit;
    Priced { points, price, leftover, service_credit, model_credit }
}

pub(crate) fn flows<C: Cs>(cs: &mut C, slots: &Slots, assets: &[Asset<C::L>]) -> Vec<Flow<C::L>> {
    cs.clause(Clause::Flow);
    let bits = credit_bits(&slots.shape);
    cs.blocks(assets.len(), |cs, i| flow(cs, &slots.assets[i], &assets[i], bits))
}

fn flow<C: Cs>(
    cs: &mut C,
    slot: &AssetSlot,
    asset: &Asset<C::L>,
    credit_bits: usize,
) -> Flow<C::L> {
    let direct = cs.alloc(slot.direct);
    let inflow = cs.alloc(slot.inflow);
    // inflow = 10,000 * wholes + rest, once; then floor(inflow * bps / 10,000) is
    // wholes * bps + floor(rest * bps / 10,000), and only the small part needs a division per edge.
    let (wholes, rest) = divide(inflow.value, BPS);
    let wholes = new_bits(cs, wholes, credit_bits - 13).num;
    let wholes = cs.column(&wholes);
    let rest_bits = new_bits(cs, rest, REST_BITS);
    at_most(cs, &rest_bits.bits, u64::from(BPS) - 1);
    let rest = rest_bits.num;
    cs.equal(&inflow, &(&(&wholes * Fr::from(BPS)) + &rest));

    let hints = slot.passes.iter().chain([&slot.penalty]);
    let mut passes: Vec<_> = asset
        .bps
        .iter()
        .zip(hints)
        .map(|(bps, hint)| {
            let large = cs.product(&wholes, bps);
            let product = cs.product(&rest, bps);
            let small = new_bits(cs, *hint - large.value, REST_BITS).num;
            // rest * bps = 10,000 * small + left with left <= 9,999; all parts are below 2^28.
            let left = &product - &(&small * Fr::from(BPS));
            let left = to_bits(cs, &left, REST_BITS);
            at_most(cs, &left.bits, u64::from(BPS) - 1);
            &large + &small
        })
        .collect();
    let penalty = passes.pop().expect("four edges and the penalty");
    debug_assert_eq!(passes.len(), EDGES);
    // Not negative: the shares add up to at most 10,000 (S1) and every part is rounded down.
    let kept = cs.alloc(slot.kept);
    cs.equal(&kept, &(&(&inflow - &Num::sum(&passes)) - &penalty));
    Flow { direct, inflow, passes, penalty, kept }
}

/// Quotient and remainder of a hint by a small divisor.
fn divide(x: Fr, by: u32) -> (Fr, Fr) {
    let by = u128::from(by);
    let mut rest = 0u128;
    let mut quotient = Fr::ZERO;
    let word = Fr::from(2u64).pow([64]);
    for limb in x.into_bigint().0.into_iter().rev() {
        let value = rest << 64 | u128::from(limb);
        quotient = quotient * word + Fr::from(value / by);
        rest = value % by;
    }
    (quotient, Fr::from(rest))
}
