//! Units and bounds, each once, with its reason.
//!
//! | value | bound | why |
//! |---|---|---|
//! | fee of an event | < 2^80 base units | a million tokens of 18 decimals |
//! | fees of an epoch | < 2^92 base units | 4,096 events of the largest fee, or any number of real ones |
//! | score | \|s\| < 2^47 | an f32 score keeps its whole mantissa over 23 binary orders |
//! | credits of an epoch | < 2^146 | fees < 2^92, `UNIT` < 2^54 |
//! | accrued of an account | < 2^134 | below `min_payout` < 2^80 base units, `UNIT` < 2^54 |
//! | total of an account | < 2^147 | accrued + everything an epoch can earn |
//! | amount of a payout | < 2^93 base units | 2^147 / 2^53 rounded: 2^92 + 2^80 + 1 |
//! | `price * counted` | < 2^181 | price < 2^134, counted < 2^47: far below r > 2^253 |

use ruint::aliases::U256;

/// Parts per whole of every share.
pub const BPS: u32 = 10_000;
/// Fraction bits of a credit below one bps of a base unit.
pub const CREDIT_FRACTION_BITS: u32 = 40;
/// Credits in one base unit, `10_000 * 2^40`: shares in bps of a base unit are whole credits.
pub const UNIT: u128 = (BPS as u128) << CREDIT_FRACTION_BITS;
/// Bits of `UNIT`: it is below 2^54.
pub const UNIT_BITS: u32 = 54;

/// An event's fee is below 2^80 base units.
pub const FEE_BITS: u32 = 80;
/// The fees of an epoch are below 2^92 base units.
pub const FEES_BITS: u32 = 92;
/// A score's magnitude is below 2^47.
pub const SCORE_BITS: u32 = 47;
/// `min_payout` is below 2^80 base units.
pub const MIN_PAYOUT_BITS: u32 = 80;
/// What waits in an account is below 2^134 credits.
pub const ACCRUED_BITS: u32 = MIN_PAYOUT_BITS + UNIT_BITS;
/// The credits of an epoch are below 2^146.
pub const CREDITS_BITS: u32 = FEES_BITS + UNIT_BITS;
/// Scores have at most this many fraction bits.
pub const MAX_FRACTION_BITS: u8 = 46;

/// Most edges an asset has.
pub const EDGES: usize = 4;
/// Bits of an asset's index where it is packed.
pub const ASSET_INDEX_BITS: u32 = 32;
/// Bits of an event's index where it is packed.
pub const EVENT_INDEX_BITS: u32 = 24;
/// Bits of a share in bps.
pub const BPS_BITS: u32 = 14;

/// `UNIT` as a wide integer.
#[must_use]
pub fn unit() -> U256 {
    U256::from(UNIT)
}

/// Credits of an amount in base units.
#[must_use]
pub fn credits(base_units: u128) -> U256 {
    U256::from(base_units) * unit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_follow_from_their_sources() {
        assert_eq!(UNIT, 10_000 * (1 << 40));
        const { assert!(UNIT < 1 << UNIT_BITS && UNIT > 1 << (UNIT_BITS - 1)) };
        const { assert!((BPS as u128) < 1 << BPS_BITS) };
        // The largest total of an account gives an amount that its word can hold.
        let total = credits((1 << FEES_BITS) - 1) + (U256::from(1) << ACCRUED_BITS as usize);
        assert!((total / unit()).bit_len() as u32 <= crate::words::AMOUNT_BITS);
        // What stays below min_payout stays below the bound of what waits.
        let most = credits(1 << MIN_PAYOUT_BITS) - U256::from(1);
        assert!(most.bit_len() as u32 <= ACCRUED_BITS);
        // An event index, an asset index and a biased score fit 104 bits: two records a word.
        assert_eq!(EVENT_INDEX_BITS + ASSET_INDEX_BITS + SCORE_BITS + 1, 104);
    }
}
