//! Recognises keys of the local development set-up, whose secrets everybody knows.

use ark_bn254::{Fr, G1Affine};
use ark_ff::{MontFp, PrimeField};
use sha3::{Digest, Keccak256};

/// Preimage of [`insecure_alpha`].
const TAG: &[u8] = b"meed.insecure.alpha.v1";

/// The `alpha` of every key that the local development set-up makes:
/// `keccak256("meed.insecure.alpha.v1") mod r`.
///
/// It multiplies the standard generator of G1, `(1, 2)`. Since the secret is fixed and public, the
/// key itself tells what it is: a label in a file's metadata can be lost or stripped, `alpha` can not
/// without breaking every proof under the key. This guards against mistakes. It is no defence
/// against a malicious set-up, whose maker simply picks another `alpha`.
#[must_use]
pub fn insecure_alpha() -> Fr {
    Fr::from_be_bytes_mod_order(&Keccak256::digest(TAG))
}

/// The generator times [`insecure_alpha`]; a test derives it.
const INSECURE_ALPHA_G1: G1Affine = G1Affine::new_unchecked(
    MontFp!("6971639089495331275187327362146714322334711265344357632873026934595644151731"),
    MontFp!("19898855691867125812359532094073282504050413446790349634222671041699898168164"),
);

/// Whether `alpha` is the standard generator times [`insecure_alpha`].
pub(crate) fn is_insecure(alpha: &G1Affine) -> bool {
    *alpha == INSECURE_ALPHA_G1
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::{AffineRepr, CurveGroup};

    #[test]
    fn the_constant_point_is_the_generator_times_the_published_secret() {
        let derived = G1Affine::generator().mul_bigint(insecure_alpha().into_bigint());
        assert_eq!(INSECURE_ALPHA_G1, derived.into_affine());
    }
}
