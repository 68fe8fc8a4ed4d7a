//! The halo2 circuit's verifying key.

use super::{COPIED, FIXED};
use crate::coding::{check_g1, check_g2, Reader, G1_BYTES, G2_BYTES};
use crate::error::{Element, VerifyError};
use crate::system::{self, System};
use ark_bn254::{Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{MontFp, PrimeField};
use core::ops::Neg;
use sha3::{Digest, Keccak256};

/// First bytes of a key's encoding. No field element begins so: they are below `0x31 << 248`.
pub const KEY_MAGIC: [u8; 8] = *b"\xffmeedh2k";

/// Version of the encoding.
const VERSION: u32 = 1;

const WORD: usize = 32;

/// Bytes of a verifying key.
pub const VERIFYING_KEY_BYTES: usize =
    KEY_MAGIC.len() + 3 * WORD + (FIXED + COPIED) * G1_BYTES + G2_BYTES;

/// The smallest circuit: below it there is no row between the first and those at the end that a
/// proof fills at random.
pub const MIN_LOG_ROWS: u32 = 4;

/// The largest: the field has `2^28`-th roots of unity, and the prover needs four times the rows.
pub const MAX_LOG_ROWS: u32 = 26;

/// First part of the preimage of [`VerifyingKey::id`].
const ID_TAG: &[u8] = b"meed.halo2.vk.v1";

/// Preimage of [`insecure_tau`].
const TAU_TAG: &[u8] = b"meed.insecure.tau.v1";

/// A verifying key of the halo2 circuit, checked:
///
/// - every commitment is on the curve and not the identity (no column is zero everywhere);
/// - `[tau]G2` is on its curve, in its subgroup, and neither the identity nor the generator or its
///   negative, which is what powers of tau without any contribution have;
/// - the number of rows is one that a circuit can have.
///
/// That `tau` was destroyed, and that the key belongs to the right circuit, no check of the points
/// can tell: compare [`VerifyingKey::id`] with a published one, and see
/// [`VerifyingKey::is_insecure`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    pub(crate) log_rows: u32,
    pub(crate) digest: Fr,
    pub(crate) fixed: [G1Affine; FIXED],
    pub(crate) sigma: [G1Affine; COPIED],
    pub(crate) tau: G2Affine,
}

impl VerifyingKey {
    /// Checks the parts of a key: the logarithm of the number of rows, the digest of the circuit
    /// with which a transcript begins (halo2's `transcript_repr`), commitments to the fixed columns
    /// and to the permutation, and `[tau]G2`.
    ///
    /// # Errors
    /// [`VerifyError::Rows`], [`VerifyError::Identity`], [`VerifyError::NotOnCurve`],
    /// [`VerifyError::NotInSubgroup`], [`VerifyError::NoSecret`].
    pub fn from_parts(
        log_rows: u32,
        digest: Fr,
        fixed: [G1Affine; 14],
        sigma: [G1Affine; 6],
        tau: G2Affine,
    ) -> Result<Self, VerifyError> {
        check_rows(log_rows)?;
        for (index, point) in fixed.iter().enumerate() {
            let _checked = check_g1(*point, Element::Fixed(index))?;
        }
        for (index, point) in sigma.iter().enumerate() {
            let _checked = check_g1(*point, Element::Sigma(index))?;
        }
        let tau = check_tau(check_g2(tau, Element::Tau)?)?;
        Ok(Self { log_rows, digest, fixed, sigma, tau })
    }

    /// Decodes [`VERIFYING_KEY_BYTES`] bytes: [`KEY_MAGIC`]; three words of 32 bytes, big-endian: the
    /// version 1, the logarithm of the number of rows, the digest of the circuit; 14 commitments to
    /// fixed columns, 6 to the permutation, and `[tau]G2`.
    ///
    /// # Errors
    /// [`VerifyError::System`] for a Groth16 key, [`VerifyError::Length`], [`VerifyError::Magic`],
    /// [`VerifyError::Version`], [`VerifyError::Digest`], [`VerifyError::NonCanonical`], and those
    /// of [`VerifyingKey::from_parts`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VerifyError> {
        if !bytes.starts_with(&KEY_MAGIC) && bytes.len() == crate::VERIFYING_KEY_BYTES {
            return Err(VerifyError::System { expected: System::Halo2, got: System::Groth16 });
        }
        let mut reader = Reader::new(bytes, VERIFYING_KEY_BYTES)?;
        system::magic(&mut reader, &KEY_MAGIC)?;
        let version = reader.number()?;
        if version != VERSION {
            return Err(VerifyError::Version { expected: VERSION, got: version });
        }
        let log_rows = reader.number()?;
        check_rows(log_rows)?;
        Ok(Self {
            log_rows,
            digest: reader.fr(VerifyError::Digest)?,
            fixed: reader.g1s(Element::Fixed)?,
            sigma: reader.g1s(Element::Sigma)?,
            tau: check_tau(reader.g2(Element::Tau)?)?,
        })
    }

    /// Encodes the key as [`VerifyingKey::from_bytes`] reads it.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; VERIFYING_KEY_BYTES] {
        let mut bytes = [0; VERIFYING_KEY_BYTES];
        let mut writer = system::envelope(&mut bytes, &KEY_MAGIC);
        writer.number(VERSION);
        writer.number(self.log_rows);
        writer.fr(&self.digest);
        for point in self.fixed.iter().chain(&self.sigma) {
            writer.g1(point);
        }
        writer.g2(&self.tau);
        bytes
    }

    /// The key's name: `keccak256("meed.halo2.vk.v1" | to_bytes())`, 16 + 1,512 bytes hashed.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        Keccak256::new().chain_update(ID_TAG).chain_update(self.to_bytes()).finalize().into()
    }

    /// Whether the powers of tau are the local development ones, so that anybody can forge proofs
    /// under this key.
    ///
    /// Read from `[tau]G2`, which [`insecure_tau`] fixes, not from metadata. `false` does not mean
    /// that a key is safe.
    #[must_use]
    pub fn is_insecure(&self) -> bool {
        self.tau == INSECURE_TAU_G2
    }

    /// The logarithm of the number of rows.
    #[must_use]
    pub const fn log_rows(&self) -> u32 {
        self.log_rows
    }

    /// The digest of the circuit with which a transcript begins.
    #[must_use]
    pub const fn digest(&self) -> &Fr {
        &self.digest
    }

    /// The commitments to the fixed columns.
    pub const fn fixed(&self) -> &[G1Affine; 14] {
        &self.fixed
    }

    /// The commitments to the permutation of the columns.
    pub const fn sigma(&self) -> &[G1Affine; 6] {
        &self.sigma
    }

    /// `[tau]G2`.
    pub const fn tau(&self) -> &G2Affine {
        &self.tau
    }
}

const fn check_rows(log_rows: u32) -> Result<(), VerifyError> {
    if log_rows < MIN_LOG_ROWS || log_rows > MAX_LOG_ROWS {
        return Err(VerifyError::Rows { got: log_rows });
    }
    Ok(())
}

fn check_tau(tau: G2Affine) -> Result<G2Affine, VerifyError> {
    let g2 = G2Affine::generator();
    if tau == g2 || tau == g2.neg() {
        return Err(VerifyError::NoSecret { element: Element::Tau });
    }
    Ok(tau)
}

/// The `tau` of the local development parameters: `keccak256("meed.insecure.tau.v1") mod r`.
///
/// As with [`insecure_alpha`](crate::insecure_alpha), a key made from them tells so by itself. This
/// guards against mistakes, not against a malicious set-up, whose maker picks another `tau`.
#[must_use]
pub fn insecure_tau() -> Fr {
    Fr::from_be_bytes_mod_order(&Keccak256::digest(TAU_TAG))
}

/// The generator of G2 times [`insecure_tau`]; a test derives it.
const INSECURE_TAU_G2: G2Affine = G2Affine::new_unchecked(
    Fq2::new(
        MontFp!("12708493636211364498643235272612180890404077985511393431083619655175614712108"),
        MontFp!("6377450776033316290084472472895143919877889378653246016489566547465227909915"),
    ),
    Fq2::new(
        MontFp!("4494341672649471158163433419341416949638871378739176104073249779191276060470"),
        MontFp!("3025329510463422263288429631869130933973541850146340022390024955597232719413"),
    ),
);

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::CurveGroup;

    #[test]
    fn the_constant_point_is_the_generator_times_the_published_secret() {
        let derived = G2Affine::generator().mul_bigint(insecure_tau().into_bigint());
        assert_eq!(INSECURE_TAU_G2, derived.into_affine());
    }
}
