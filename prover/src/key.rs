//! Proving keys and what is known about them.

use std::fmt;
use std::str::FromStr;

use ark_bn254::{Bn254, G1Affine};
use ark_ec::AffineRepr;
use meed_circuits::r1cs::matrix::Matrices;
use meed_verifier::{VerifyingKey, INPUTS};
use serde::{Deserialize, Serialize};

use crate::error::{same, value, FormatError};
use crate::points::{self, Packed, PackedG1, PackedG2, PointVec};
use crate::zkey::section;

/// Version of the metadata that this crate writes and reads.
pub const METADATA_FORMAT: u32 = 1;

/// Bytes, written as hexadecimal digits, two a byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Hex<const N: usize>([u8; N]);

/// 32 bytes, written as 64 hexadecimal digits.
pub type Hex32 = Hex<32>;
/// 64 bytes, written as 128 hexadecimal digits.
pub type Hex64 = Hex<64>;

impl<const N: usize> Hex<N> {
    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> From<[u8; N]> for Hex<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> From<Hex<N>> for String {
    fn from(digest: Hex<N>) -> Self {
        hex::encode(digest.0)
    }
}

impl<const N: usize> FromStr for Hex<N> {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; N];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

impl<const N: usize> TryFrom<String> for Hex<N> {
    type Error = hex::FromHexError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which circuit a key belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CircuitId {
    /// Name, for example `meed-groth16-XS`.
    pub name: String,
    /// Shape, for example `XS`.
    pub shape: String,
    /// [`Matrices::digest`].
    pub digest: Hex32,
    /// Number of constraints.
    pub constraints: usize,
    /// Columns of the instance: the constant one and the public inputs.
    pub instance: usize,
    /// Columns of the witness.
    pub witness: usize,
}

impl CircuitId {
    /// Describes `matrices`; hashes them once.
    #[must_use]
    pub fn new(name: &str, shape: &str, matrices: &Matrices) -> Self {
        Self {
            name: name.to_owned(),
            shape: shape.to_owned(),
            digest: matrices.digest().into(),
            constraints: matrices.constraints(),
            instance: matrices.instance,
            witness: matrices.witness,
        }
    }

    /// Fails unless the counts are those of `matrices`, with three public inputs. The digest is not
    /// computed again: whoever made this value did.
    pub(crate) fn check(&self, matrices: &Matrices) -> Result<(), FormatError> {
        same("public inputs", INPUTS + 1, matrices.instance)?;
        same("instance columns", self.instance, matrices.instance)?;
        same("witness columns", self.witness, matrices.witness)?;
        same("constraints", self.constraints, matrices.constraints())
    }

    /// Fails with the first difference between `self`, which is expected, and `got`.
    pub(crate) fn same(&self, got: &Self) -> Result<(), FormatError> {
        same("circuit name", &self.name, &got.name)?;
        same("circuit shape", &self.shape, &got.shape)?;
        same("circuit digest", self.digest, got.digest)?;
        same("constraints", self.constraints, got.constraints)?;
        same("instance columns", self.instance, got.instance)?;
        same("witness columns", self.witness, got.witness)
    }
}

/// Where a key's secrets come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Origin {
    /// [`insecure_setup`](crate::setup::insecure_setup): everybody knows the secrets.
    InsecureLocal,
    /// A ceremony by snarkjs, imported by [`import_ceremony`](crate::ceremony::import_ceremony).
    Ceremony,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InsecureLocal => "insecure-local",
            Self::Ceremony => "ceremony",
        })
    }
}

/// What a key file says about itself, as JSON in a section of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyInfo {
    /// [`METADATA_FORMAT`].
    pub format: u32,
    /// The circuit.
    pub circuit: CircuitId,
    /// Where the secrets come from.
    pub origin: Origin,
    /// SHA-256 of the ceremony's file that was imported, as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_sha256: Option<Hex32>,
}

impl KeyInfo {
    /// Fails unless the format is known and the origin is what the verifying key tells by itself.
    pub(crate) fn check(&self, vk: &VerifyingKey) -> Result<(), FormatError> {
        same("metadata format", METADATA_FORMAT, self.format)?;
        let insecure = self.origin == Origin::InsecureLocal;
        if insecure == vk.is_insecure() {
            return Ok(());
        }
        let by_alpha = if vk.is_insecure() {
            "insecure-local (by its alpha)"
        } else {
            "ceremony (by its alpha)"
        };
        Err(value("origin", by_alpha, self.origin))
    }
}

/// The points of a proving key that are not in its verifying key, by arkworks' names. The `h` points
/// are those of circom's reduction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPoints {
    /// `[beta]` in G1.
    pub beta_g1: G1Affine,
    /// `[delta]` in G1.
    pub delta_g1: G1Affine,
    /// `A` of every column, in G1.
    pub a_query: PointVec<PackedG1>,
    /// `B` of every column, in G1.
    pub b_g1_query: PointVec<PackedG1>,
    /// `B` of every column, in G2.
    pub b_g2_query: PointVec<PackedG2>,
    /// `H`, for each element of the domain.
    pub h_query: PointVec<PackedG1>,
    /// `L` of every column of the witness.
    pub l_query: PointVec<PackedG1>,
}

/// A Groth16 proving key for one circuit, with its verifying key.
#[derive(Clone, PartialEq)]
pub struct ProvingKey {
    info: KeyInfo,
    vk: VerifyingKey,
    points: KeyPoints,
}

impl fmt::Debug for ProvingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvingKey").field("info", &self.info).finish_non_exhaustive()
    }
}

impl ProvingKey {
    /// A key from points that the caller computed or checked.
    ///
    /// # Errors
    /// [`FormatError`] when the verifying key among them is refused, or the origin is not what its
    /// alpha says.
    pub(crate) fn new(
        info: KeyInfo,
        vk: &ark_groth16::VerifyingKey<Bn254>,
        points: KeyPoints,
    ) -> Result<Self, FormatError> {
        let vk = verifying_key(vk)?;
        info.check(&vk)?;
        Ok(Self { info, vk, points })
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

    /// The points.
    #[must_use]
    pub const fn points(&self) -> &KeyPoints {
        &self.points
    }

    /// A copy of the key as arkworks holds it, for comparisons: 72 bytes a point of G1, 136 one of
    /// G2. Use it with [`CircomReduction`](crate::qap::CircomReduction) only.
    ///
    /// # Errors
    /// [`FormatError::Point`] when a coordinate is not below the modulus: the key's file was changed
    /// after it was loaded.
    pub fn to_ark(&self) -> Result<ark_groth16::ProvingKey<Bn254>, FormatError> {
        let points = &self.points;
        Ok(ark_groth16::ProvingKey {
            vk: ark_verifying_key(&self.vk),
            beta_g1: points.beta_g1,
            delta_g1: points.delta_g1,
            a_query: unpack(section::A, &points.a_query)?,
            b_g1_query: unpack(section::B1, &points.b_g1_query)?,
            b_g2_query: unpack(section::B2, &points.b_g2_query)?,
            h_query: unpack(section::H, &points.h_query)?,
            l_query: unpack(section::L, &points.l_query)?,
        })
    }
}

fn unpack<P: Packed>(id: u32, points: &[P]) -> Result<Vec<P::Affine>, FormatError> {
    let mut unpacked = vec![P::Affine::zero(); points.len()];
    points::unpack(points, &mut unpacked).map_err(|index| FormatError::Point {
        id,
        index: index as u64,
        expected: "with coordinates below the modulus",
    })?;
    Ok(unpacked)
}

/// arkworks' verifying key as ours: every check of [`VerifyingKey::from_points`].
///
/// # Errors
/// [`FormatError::Value`] unless there are three public inputs, [`FormatError::Verify`] when a point
/// is not allowed.
pub fn verifying_key(vk: &ark_groth16::VerifyingKey<Bn254>) -> Result<VerifyingKey, FormatError> {
    let got = vk.gamma_abc_g1.len();
    let ic =
        vk.gamma_abc_g1.as_slice().try_into().map_err(|_| value("points IC", INPUTS + 1, got))?;
    Ok(VerifyingKey::from_points(vk.alpha_g1, vk.beta_g2, vk.gamma_g2, vk.delta_g2, ic)?)
}

/// Our verifying key as arkworks'.
#[must_use]
pub fn ark_verifying_key(vk: &VerifyingKey) -> ark_groth16::VerifyingKey<Bn254> {
    ark_groth16::VerifyingKey {
        alpha_g1: *vk.alpha(),
        beta_g2: *vk.beta(),
        gamma_g2: *vk.gamma(),
        delta_g2: *vk.delta(),
        gamma_abc_g1: vk.ic().to_vec(),
    }
}

/// What stands for the proof system of a key whose `.vk.json` names none: there was one when it was made.
pub(crate) const GROTH16: &str = "groth16";

/// Fails if a key's `.vk.json` is of another proof system. What is no such JSON passes: who parses it says more.
pub(crate) fn expect_system(json: &[u8], expected: &str) -> Result<(), FormatError> {
    #[derive(Deserialize)]
    struct File {
        key: Named,
    }
    #[derive(Deserialize)]
    struct Named {
        system: Option<String>,
    }
    let Ok(file) = serde_json::from_slice::<File>(json) else { return Ok(()) };
    same("proof system of the key", expected, file.key.system.as_deref().unwrap_or(GROTH16))
}
