//! Keys and proofs of either system. Their bytes say which it is; no caller does.

use crate::error::VerifyError;
use crate::halo2;
use crate::key::{PreparedVerifyingKey, VerifyingKey};
use crate::proof::Proof;
use crate::system::System;
use crate::verify::{inputs_from_bytes, verify, INPUTS};
use alloc::vec::Vec;
use ark_bn254::Fr;
use meed_statement::words::{check_words, Binding, Domain, Header};

/// A verifying key of either system.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "both are kilobytes, and one is made at a time")]
pub enum AnyVerifyingKey {
    /// Of Groth16.
    Groth16(VerifyingKey),
    /// Of halo2.
    Halo2(halo2::VerifyingKey),
}

impl AnyVerifyingKey {
    /// Decodes a key: one of halo2 begins with [`halo2::KEY_MAGIC`], which no key of Groth16 does.
    ///
    /// # Errors
    /// Those of [`VerifyingKey::from_bytes`] or [`halo2::VerifyingKey::from_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VerifyError> {
        if bytes.starts_with(&halo2::KEY_MAGIC) {
            halo2::VerifyingKey::from_bytes(bytes).map(Self::Halo2)
        } else {
            VerifyingKey::from_bytes(bytes).map(Self::Groth16)
        }
    }

    /// Encodes the key as [`AnyVerifyingKey::from_bytes`] reads it.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        match self {
            Self::Groth16(key) => key.to_bytes().to_vec(),
            Self::Halo2(key) => key.to_bytes().to_vec(),
        }
    }

    /// The key's system.
    #[must_use]
    pub const fn system(&self) -> System {
        match self {
            Self::Groth16(_) => System::Groth16,
            Self::Halo2(_) => System::Halo2,
        }
    }

    /// [`VerifyingKey::id`] or [`halo2::VerifyingKey::id`]; no two keys share one, whatever their
    /// systems.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        match self {
            Self::Groth16(key) => key.id(),
            Self::Halo2(key) => key.id(),
        }
    }

    /// [`VerifyingKey::is_insecure`] or [`halo2::VerifyingKey::is_insecure`].
    #[must_use]
    pub fn is_insecure(&self) -> bool {
        match self {
            Self::Groth16(key) => key.is_insecure(),
            Self::Halo2(key) => key.is_insecure(),
        }
    }
}

impl AnyVerifyingKey {
    /// The key, if it is one of Groth16.
    ///
    /// # Errors
    /// [`VerifyError::System`].
    pub const fn groth16(&self) -> Result<&VerifyingKey, VerifyError> {
        match self {
            Self::Groth16(key) => Ok(key),
            Self::Halo2(_) => {
                Err(VerifyError::System { expected: System::Groth16, got: System::Halo2 })
            }
        }
    }

    /// The key, if it is one of halo2.
    ///
    /// # Errors
    /// [`VerifyError::System`].
    pub const fn halo2(&self) -> Result<&halo2::VerifyingKey, VerifyError> {
        match self {
            Self::Halo2(key) => Ok(key),
            Self::Groth16(_) => {
                Err(VerifyError::System { expected: System::Halo2, got: System::Groth16 })
            }
        }
    }
}

impl From<VerifyingKey> for AnyVerifyingKey {
    fn from(key: VerifyingKey) -> Self {
        Self::Groth16(key)
    }
}

impl From<halo2::VerifyingKey> for AnyVerifyingKey {
    fn from(key: halo2::VerifyingKey) -> Self {
        Self::Halo2(key)
    }
}

/// A verifying key of either system, ready for many proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "both are kilobytes, and one is made at a time")]
pub enum AnyPreparedKey {
    /// Of Groth16.
    Groth16(PreparedVerifyingKey),
    /// Of halo2. Nothing but its id is worth preparing.
    Halo2 {
        /// The key.
        key: halo2::VerifyingKey,
        /// [`halo2::VerifyingKey::id`], computed once.
        id: [u8; 32],
    },
}

impl AnyPreparedKey {
    /// Prepares a key.
    #[must_use]
    pub fn new(key: &AnyVerifyingKey) -> Self {
        match key {
            AnyVerifyingKey::Groth16(key) => Self::Groth16(PreparedVerifyingKey::new(key)),
            AnyVerifyingKey::Halo2(key) => Self::Halo2 { key: key.clone(), id: key.id() },
        }
    }

    /// The key's system.
    #[must_use]
    pub const fn system(&self) -> System {
        match self {
            Self::Groth16(_) => System::Groth16,
            Self::Halo2 { .. } => System::Halo2,
        }
    }

    /// [`AnyVerifyingKey::id`].
    #[must_use]
    pub const fn id(&self) -> &[u8; 32] {
        match self {
            Self::Groth16(key) => key.id(),
            Self::Halo2 { id, .. } => id,
        }
    }

    /// [`AnyVerifyingKey::is_insecure`].
    #[must_use]
    pub fn is_insecure(&self) -> bool {
        match self {
            Self::Groth16(key) => key.is_insecure(),
            Self::Halo2 { key, .. } => key.is_insecure(),
        }
    }
}

impl From<&AnyVerifyingKey> for AnyPreparedKey {
    fn from(key: &AnyVerifyingKey) -> Self {
        Self::new(key)
    }
}

impl From<PreparedVerifyingKey> for AnyPreparedKey {
    fn from(key: PreparedVerifyingKey) -> Self {
        Self::Groth16(key)
    }
}

/// A proof of either system.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "kilobytes, and one is made at a time")]
pub enum AnyProof {
    /// Of Groth16.
    Groth16(Proof),
    /// Of halo2.
    Halo2(halo2::Proof),
}

impl AnyProof {
    /// Decodes a proof: one of halo2 begins with [`halo2::PROOF_MAGIC`], which no proof of Groth16
    /// does.
    ///
    /// # Errors
    /// Those of [`Proof::from_bytes`] or [`halo2::Proof::from_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VerifyError> {
        if bytes.starts_with(&halo2::PROOF_MAGIC) {
            halo2::Proof::from_bytes(bytes).map(Self::Halo2)
        } else {
            Proof::from_bytes(bytes).map(Self::Groth16)
        }
    }

    /// Encodes the proof as [`AnyProof::from_bytes`] reads it.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        match self {
            Self::Groth16(proof) => proof.to_bytes().to_vec(),
            Self::Halo2(proof) => proof.to_bytes().to_vec(),
        }
    }

    /// The proof's system.
    #[must_use]
    pub const fn system(&self) -> System {
        match self {
            Self::Groth16(_) => System::Groth16,
            Self::Halo2(_) => System::Halo2,
        }
    }
}

impl AnyProof {
    /// The proof, if it is one of Groth16.
    ///
    /// # Errors
    /// [`VerifyError::System`].
    pub const fn groth16(&self) -> Result<&Proof, VerifyError> {
        match self {
            Self::Groth16(proof) => Ok(proof),
            Self::Halo2(_) => {
                Err(VerifyError::System { expected: System::Groth16, got: System::Halo2 })
            }
        }
    }

    /// The proof, if it is one of halo2.
    ///
    /// # Errors
    /// [`VerifyError::System`].
    pub const fn halo2(&self) -> Result<&halo2::Proof, VerifyError> {
        match self {
            Self::Halo2(proof) => Ok(proof),
            Self::Groth16(_) => {
                Err(VerifyError::System { expected: System::Halo2, got: System::Groth16 })
            }
        }
    }
}

impl From<Proof> for AnyProof {
    fn from(proof: Proof) -> Self {
        Self::Groth16(proof)
    }
}

impl From<halo2::Proof> for AnyProof {
    fn from(proof: halo2::Proof) -> Self {
        Self::Halo2(proof)
    }
}

/// [`verify`](crate::verify()) or [`halo2::verify`]: checks a proof of `h, alpha, y`.
///
/// # Errors
/// [`VerifyError::System`] for a proof of another system than the key's, [`VerifyError::Rejected`].
pub fn verify_any(
    key: &AnyPreparedKey,
    inputs: &[Fr; INPUTS],
    proof: &AnyProof,
) -> Result<(), VerifyError> {
    match (key, proof) {
        (AnyPreparedKey::Groth16(key), AnyProof::Groth16(proof)) => verify(key, inputs, proof),
        (AnyPreparedKey::Halo2 { key, id }, AnyProof::Halo2(proof)) => {
            halo2::verify_named(key, id, inputs, proof)
        }
        _ => Err(VerifyError::System { expected: key.system(), got: proof.system() }),
    }
}

/// [`verify_any`] from the bytes of the inputs ([`INPUTS_BYTES`](crate::INPUTS_BYTES)) and of the
/// proof.
///
/// # Errors
/// Those of [`inputs_from_bytes`], [`AnyProof::from_bytes`] and [`verify_any`].
pub fn verify_any_bytes(
    key: &AnyPreparedKey,
    inputs: &[u8],
    proof: &[u8],
) -> Result<(), VerifyError> {
    verify_any(key, &inputs_from_bytes(inputs)?, &AnyProof::from_bytes(proof)?)
}

/// [`verify_words`](crate::verify_words) for either system.
///
/// # Errors
/// [`VerifyError::Words`], and those of [`verify_any`].
pub fn verify_any_words(
    key: &AnyPreparedKey,
    domain: &Domain,
    words: &[Fr],
    h: Fr,
    proof: &AnyProof,
) -> Result<Header, VerifyError> {
    let header = check_words(words)?;
    verify_any(key, &Binding::derive(domain, h, words).to_inputs(), proof)?;
    Ok(header)
}
