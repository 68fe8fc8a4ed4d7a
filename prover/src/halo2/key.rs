//! The key of one circuit: proving key, verifying key, and the parameters that they were made from.

use std::fmt;

use halo2_proofs::halo2curves::bn256::{Bn256, G1Affine};
use halo2_proofs::plonk::{keygen_pk2, ProvingKey};
use halo2_proofs::poly::commitment::Params as _;
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use halo2_proofs::SerdeFormat;
use meed_halo2::field::to_ark;
use meed_halo2::Circuit;
use meed_verifier::halo2::VerifyingKey;
use serde::{Deserialize, Serialize};

use super::params::{Params, Provenance};
use super::points::{g1_to_ark, g2_to_ark};
use crate::error::{same, value, FormatError, KeyError};
use crate::key::{Hex32, METADATA_FORMAT};

/// The proof system of these keys, as files name it.
pub const SYSTEM: &str = "halo2-kzg-bn254";
/// Which circuit a key belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CircuitId {
    /// Name, for example `meed-halo2-XS`.
    pub name: String,
    /// Shape, for example `XS`.
    pub shape: String,
    /// [`Circuit::digest`]: another version of the circuit has another one.
    pub digest: Hex32,
    /// The circuit has `2^k` rows.
    pub k: u32,
}

impl CircuitId {
    /// Describes `circuit`; hashes it once.
    #[must_use]
    pub fn new(circuit: &Circuit) -> Self {
        let shape = circuit.shape().name;
        Self {
            name: format!("meed-halo2-{shape}"),
            shape: shape.to_owned(),
            digest: circuit.digest().into(),
            k: circuit.k(),
        }
    }

    /// Fails with the first difference between `self`, which is expected, and `got`.
    pub(crate) fn same(&self, got: &Self) -> Result<(), FormatError> {
        same("circuit name", &self.name, &got.name)?;
        same("circuit shape", &self.shape, &got.shape)?;
        if self.digest != got.digest {
            let expected = format!("{} (this version of {})", self.digest, self.name);
            return Err(value("circuit digest", expected, got.digest));
        }
        same("k", self.k, got.k)
    }
}

/// What a key file says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyInfo {
    /// [`METADATA_FORMAT`].
    pub format: u32,
    /// [`SYSTEM`].
    pub system: String,
    /// The circuit.
    pub circuit: CircuitId,
    /// Where the secret of its parameters comes from.
    pub parameters: Provenance,
}

impl KeyInfo {
    /// Fails unless the format and the system are known and the origin is what the verifying key tells by itself.
    pub(crate) fn check(&self, vk: &VerifyingKey) -> Result<(), FormatError> {
        same("metadata format", METADATA_FORMAT, self.format)?;
        same("proof system", SYSTEM, &self.system)?;
        same("k of the verifying key", self.circuit.k, vk.log_rows())?;
        self.parameters.check(vk.is_insecure())
    }
}

/// A key for one circuit.
pub struct Key {
    info: KeyInfo,
    kzg: ParamsKZG<Bn256>,
    pk: ProvingKey<G1Affine>,
    vk: VerifyingKey,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("info", &self.info).finish_non_exhaustive()
    }
}

impl Key {
    /// Makes the key of a circuit. There is no secret in it but that of the parameters.
    ///
    /// # Errors
    /// [`KeyError::Circuit`] when the parameters are for another number of rows, or the library refuses.
    pub fn new(params: Params, circuit: &Circuit) -> Result<Self, KeyError> {
        let make = || {
            same("k of the parameters", circuit.k(), params.k())?;
            let (kzg, parameters) = params.into_parts();
            let pk = keygen_pk2(&kzg, &circuit.to_halo2(None), false)
                .map_err(|error| value("circuit", "one that halo2 makes a key for", error))?;
            let circuit = CircuitId::new(circuit);
            let info =
                KeyInfo { format: METADATA_FORMAT, system: SYSTEM.to_owned(), circuit, parameters };
            Self::from_parts(info, kzg, pk)
        };
        make().map_err(KeyError::Circuit)
    }

    /// A key of parts that the caller computed or checked.
    pub(crate) fn from_parts(
        info: KeyInfo,
        kzg: ParamsKZG<Bn256>,
        pk: ProvingKey<G1Affine>,
    ) -> Result<Self, FormatError> {
        let vk = verifying_key(&kzg, pk.get_vk())?;
        info.check(&vk)?;
        Ok(Self { info, kzg, pk, vk })
    }

    /// What is known about the key.
    #[must_use]
    pub const fn info(&self) -> &KeyInfo {
        &self.info
    }

    /// The circuit that it belongs to.
    #[must_use]
    pub const fn circuit(&self) -> &CircuitId {
        &self.info.circuit
    }

    /// The verifying key.
    #[must_use]
    pub const fn verifying_key(&self) -> &VerifyingKey {
        &self.vk
    }

    /// The proving key as halo2 writes it: for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn library_bytes(&self) -> Vec<u8> {
        self.pk.to_bytes(SerdeFormat::RawBytes)
    }

    pub(crate) const fn kzg(&self) -> &ParamsKZG<Bn256> {
        &self.kzg
    }

    pub(crate) const fn pk(&self) -> &ProvingKey<G1Affine> {
        &self.pk
    }
}

/// The library's verifying key as ours. Fails unless there are as many columns as ours has, and none is zero
/// everywhere.
fn verifying_key(
    kzg: &ParamsKZG<Bn256>,
    vk: &halo2_proofs::plonk::VerifyingKey<G1Affine>,
) -> Result<VerifyingKey, FormatError> {
    fn points<const N: usize>(
        what: &'static str,
        points: &[G1Affine],
    ) -> Result<[ark_bn254::G1Affine; N], FormatError> {
        let points: Vec<_> = points.iter().map(g1_to_ark).collect();
        points.try_into().map_err(|points: Vec<_>| value(what, N, points.len()))
    }
    Ok(VerifyingKey::from_parts(
        kzg.k(),
        to_ark(&vk.transcript_repr()),
        points("fixed columns", vk.fixed_commitments())?,
        points("columns with copies", vk.permutation().commitments())?,
        g2_to_ark(&kzg.s_g2()),
    )?)
}
