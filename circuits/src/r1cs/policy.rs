//! The policy: ranges of its numbers, and its hash.

use super::cs::{Cs, Num};
use super::gadgets::{at_most, is_nonzero, new_bits};
use super::poseidon::{hash, tag_num};
use ark_bn254::Fr;
use meed_statement::clause::Clause;
use meed_statement::roots::{two_to, POLICY_TAG};
use meed_statement::slots::PolicySlot;
use meed_statement::units::{BPS, BPS_BITS, MAX_FRACTION_BITS, MIN_PAYOUT_BITS, SCORE_BITS};

/// The policy in the circuit.
pub(crate) struct Policy<L> {
    /// Platform, stakers, service, model, data.
    pub(crate) shares: [Num<L>; 5],
    pub(crate) cap_bps: Num<L>,
    pub(crate) threshold: Num<L>,
    /// `max(min_payout, 1)`.
    pub(crate) least: Num<L>,
    /// Platform, stakers, remainder.
    pub(crate) accounts: [Num<L>; 3],
    pub(crate) hash: Num<L>,
}

pub(crate) fn policy<C: Cs>(cs: &mut C, slot: &PolicySlot) -> Policy<C::L> {
    // Five shares below 2^14 cannot wrap, and a sum of 10,000 bounds each.
    cs.clause(Clause::Credit);
    let shares = slot.shares.map(|s| new_bits(cs, s, BPS_BITS as usize).num);
    cs.equal(&Num::sum(&shares), &Num::constant(Fr::from(BPS)));

    cs.clause(Clause::Cap);
    let cap_bits = new_bits(cs, slot.cap_bps, BPS_BITS as usize);
    at_most(cs, &cap_bits.bits, u64::from(BPS));

    cs.clause(Clause::Counted);
    let threshold = new_bits(cs, slot.threshold, SCORE_BITS as usize).num;
    let threshold = cs.column(&threshold);
    let fraction = new_bits(cs, slot.fraction_bits, 8);
    at_most(cs, &fraction.bits, u64::from(MAX_FRACTION_BITS));

    cs.clause(Clause::Release);
    let min_payout = new_bits(cs, slot.min_payout, MIN_PAYOUT_BITS as usize).num;
    let min_payout = cs.column(&min_payout);
    let some = is_nonzero(cs, &min_payout);
    let least = &min_payout + &some.not();

    cs.clause(Clause::Binding);
    let mut packed = Num::zero();
    let mut shift = 0;
    let parts = shares.iter().map(|s| (s, BPS_BITS)).chain([
        (&cap_bits.num, BPS_BITS),
        (&threshold, SCORE_BITS),
        (&min_payout, MIN_PAYOUT_BITS),
        (&fraction.num, 8),
    ]);
    for (part, bits) in parts {
        packed.add_scaled(part, &two_to(shift));
        shift += bits;
    }
    let packed = cs.column(&packed);
    // That these are accounts follows from S7: each is found in the table.
    let accounts = slot.accounts.map(|a| cs.alloc(a));
    let [platform, stakers, remainder] = accounts.clone();
    let hash = hash(cs, &[tag_num(POLICY_TAG), packed, platform, stakers, remainder]);
    Policy { shares, cap_bps: cap_bits.num, threshold, least, accounts, hash }
}
