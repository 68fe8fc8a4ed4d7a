//! The two prime fields of BN254 and constants that are derived from their moduli.

use ark_ff::{BigInt, PrimeField};

/// A prime below `2^254`, as the kernels need it.
pub(crate) trait Modulus: Copy + Send + Sync + 'static {
    /// arkworks' field of the same order. Its elements are in Montgomery form with `R = 2^256`.
    type Ark: PrimeField<BigInt = BigInt<4>>;
    /// The prime, lowest limb first.
    const P: [u64; 4];

    /// An element from its Montgomery limbs, which are below the prime.
    fn from_limbs(limbs: [u64; 4]) -> Self::Ark;
    /// The Montgomery limbs of an element.
    fn to_limbs(x: &Self::Ark) -> [u64; 4];
}

/// The field of the curve's coordinates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Base;

/// The field of scalars.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalars;

impl Modulus for Base {
    type Ark = ark_bn254::Fq;
    const P: [u64; 4] = <ark_bn254::Fq as PrimeField>::MODULUS.0;

    #[inline(always)]
    fn from_limbs(limbs: [u64; 4]) -> Self::Ark {
        ark_bn254::Fq::new_unchecked(BigInt(limbs))
    }

    #[inline(always)]
    fn to_limbs(x: &Self::Ark) -> [u64; 4] {
        x.0 .0
    }
}

impl Modulus for Scalars {
    type Ark = ark_bn254::Fr;
    const P: [u64; 4] = <ark_bn254::Fr as PrimeField>::MODULUS.0;

    #[inline(always)]
    fn from_limbs(limbs: [u64; 4]) -> Self::Ark {
        ark_bn254::Fr::new_unchecked(BigInt(limbs))
    }

    #[inline(always)]
    fn to_limbs(x: &Self::Ark) -> [u64; 4] {
        x.0 .0
    }
}

/// Five digits to the base `2^bits` of a number below `2^(5 bits)`.
pub(crate) const fn digits(x: [u64; 4], bits: usize) -> [u64; 5] {
    let mask = (1u64 << bits) - 1;
    let mut out = [0; 5];
    let mut i = 0;
    while i < 5 {
        let (word, shift) = (i * bits / 64, i * bits % 64);
        let mut digit = if word < 4 { x[word] >> shift } else { 0 };
        if word + 1 < 4 && shift > 0 {
            digit |= x[word + 1] << (64 - shift);
        }
        out[i] = if i < 4 { digit & mask } else { digit };
        i += 1;
    }
    out
}

/// `-1 / p mod 2^bits` for an odd `p`, by Newton's iteration.
pub(crate) const fn negative_inverse(p: u64, bits: u32) -> u64 {
    let mut x = 1u64;
    let mut i = 0;
    while i < 6 {
        x = x.wrapping_mul(2u64.wrapping_sub(p.wrapping_mul(x)));
        i += 1;
    }
    x.wrapping_neg() & ((1 << bits) - 1)
}

/// `2^k mod p`.
pub(crate) const fn power_of_two(k: usize, p: [u64; 4]) -> [u64; 4] {
    let mut x = [1, 0, 0, 0];
    let mut i = 0;
    while i < k {
        // Below 2^255: the modulus has 254 bits.
        x = [x[0] << 1, x[1] << 1 | x[0] >> 63, x[2] << 1 | x[1] >> 63, x[3] << 1 | x[2] >> 63];
        x = reduce_once(x, p);
        i += 1;
    }
    x
}

/// `x`, or `x - p` where this is not negative.
pub(crate) const fn reduce_once(x: [u64; 4], p: [u64; 4]) -> [u64; 4] {
    let mut out = [0; 4];
    let mut borrow = false;
    let mut i = 0;
    while i < 4 {
        let (d, b1) = x[i].overflowing_sub(p[i]);
        let (d, b2) = d.overflowing_sub(borrow as u64);
        out[i] = d;
        borrow = b1 | b2;
        i += 1;
    }
    if borrow {
        x
    } else {
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::Field;

    fn constants<M: Modulus>() {
        for bits in [51, 52] {
            let limbs = digits(M::P, bits);
            let sum = limbs.iter().rev().fold(M::Ark::from(0u64), |sum, d| {
                sum * M::Ark::from(1u64 << bits) + M::Ark::from(*d)
            });
            assert_eq!(sum, M::Ark::from(0u64));
            let product = negative_inverse(limbs[0], bits as u32).wrapping_mul(limbs[0]);
            assert_eq!(product & ((1 << bits) - 1), (1 << bits) - 1);
        }
        for k in [0, 1, 253, 254, 255, 256, 260, 511] {
            let power = M::Ark::from(2u64).pow([k as u64]);
            assert_eq!(power_of_two(k, M::P), power.into_bigint().0);
        }
        assert_eq!(reduce_once(M::P, M::P), [0; 4]);
        assert_eq!(reduce_once([5, 0, 0, 0], M::P), [5, 0, 0, 0]);
    }

    #[test]
    fn constants_are_what_they_are_called() {
        constants::<Base>();
        constants::<Scalars>();
    }
}
