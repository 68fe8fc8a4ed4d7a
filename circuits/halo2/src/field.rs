//! The scalar field of BN254, in the two libraries that meet here.
//!
//! The statement's values are elements of `ark-bn254`, the circuit's of `halo2curves`. They cross
//! by canonical bytes, so no representation in memory is taken for granted.

use ark_ff::{BigInteger, PrimeField as _};
use halo2_proofs::arithmetic::Field;
use halo2_proofs::halo2curves::ff::PrimeField;
use ruint::aliases::U256;

/// The circuit's field.
pub type Fr = halo2_proofs::halo2curves::bn256::Fr;
/// The same field, as the statement writes it.
pub type ArkFr = ark_bn254::Fr;

/// The circuit's element of the same value.
#[must_use]
pub fn to_halo2(x: &ArkFr) -> Fr {
    let mut repr = <Fr as PrimeField>::Repr::default();
    repr.as_mut().copy_from_slice(&x.into_bigint().to_bytes_le());
    Option::from(Fr::from_repr(repr)).expect("both fields have one modulus")
}

/// The statement's element of the same value.
#[must_use]
pub fn to_ark(x: &Fr) -> ArkFr {
    ArkFr::from_le_bytes_mod_order(x.to_repr().as_ref())
}

/// Any integer as a field element: a lie may exceed every bound.
pub(crate) fn wide(v: &U256) -> Fr {
    to_halo2(&ArkFr::from_le_bytes_mod_order(&v.to_le_bytes::<32>()))
}

/// The value as an integer below the modulus.
pub(crate) fn integer(x: &Fr) -> U256 {
    U256::from_le_slice(x.to_repr().as_ref())
}

/// `2^bits`.
pub(crate) fn two_to(bits: u32) -> Fr {
    Fr::from(2).pow([u64::from(bits)])
}

/// `1 / x`, and zero for zero.
pub(crate) fn inverse(x: &Fr) -> Fr {
    Option::from(x.invert()).unwrap_or(Fr::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cross_unchanged() {
        for x in [ArkFr::from(0u8), ArkFr::from(1u8), -ArkFr::from(1u8), ArkFr::from(u128::MAX)] {
            assert_eq!(to_ark(&to_halo2(&x)), x);
        }
        assert_eq!(to_halo2(&-ArkFr::from(1u8)), -Fr::ONE);
        assert_eq!(integer(&wide(&U256::from(u128::MAX))), U256::from(u128::MAX));
    }
}
