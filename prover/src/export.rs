//! Proofs, keys and public inputs in the formats of other tools.
//!
//! - snarkjs: `proof.json`, `public.json`, `verification_key.json`. Numbers are decimal strings,
//!   points projective with z = 1, the real part of a G2 coordinate first. `vk_alphabeta_12` is left
//!   out: snarkjs's verifier computes the pairing itself and never reads it.
//! - arkworks: compressed `CanonicalSerialize` of `ark_groth16::Proof` and `VerifyingKey`.
//! - Solidity: calldata for [`SIGNATURE`].

use ark_bn254::{Bn254, Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, BigInt, PrimeField};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use meed_verifier::{inputs_to_bytes, Proof, VerifyingKey, INPUTS};
use serde::{Deserialize, Serialize};
use sha3::{Digest, Keccak256};

use crate::error::{same, value, FormatError};
use crate::key::{ark_verifying_key, verifying_key};

const PROTOCOL: &str = "groth16";
const CURVE: &str = "bn128";

/// The function that [`solidity_calldata`] calls. G2 coordinates have the imaginary part first, as
/// in EIP-197.
pub const SIGNATURE: &str = "verifyProof(uint256[2],uint256[2][2],uint256[2],uint256[3])";

type G1Json = [String; 3];
type G2Json = [[String; 2]; 3];

#[derive(Serialize, Deserialize)]
struct ProofJson {
    pi_a: G1Json,
    pi_b: G2Json,
    pi_c: G1Json,
    protocol: String,
    curve: String,
}

#[derive(Serialize, Deserialize)]
struct KeyJson {
    protocol: String,
    curve: String,
    #[serde(rename = "nPublic")]
    public: usize,
    vk_alpha_1: G1Json,
    vk_beta_2: G2Json,
    vk_gamma_2: G2Json,
    vk_delta_2: G2Json,
    #[serde(rename = "IC")]
    ic: Vec<G1Json>,
}

/// A proof as snarkjs's `proof.json`.
#[must_use]
pub fn proof_to_snarkjs(proof: &Proof) -> String {
    to_json(&ProofJson {
        pi_a: g1_json(proof.a()),
        pi_b: g2_json(proof.b()),
        pi_c: g1_json(proof.c()),
        protocol: PROTOCOL.to_owned(),
        curve: CURVE.to_owned(),
    })
}

/// Public inputs `h, alpha, y` as snarkjs's `public.json`.
#[must_use]
pub fn inputs_to_snarkjs(inputs: &[Fr; INPUTS]) -> String {
    to_json(&inputs.each_ref().map(|x| x.into_bigint().to_string()))
}

/// A verifying key as snarkjs's `verification_key.json`.
#[must_use]
pub fn verifying_key_to_snarkjs(vk: &VerifyingKey) -> String {
    to_json(&KeyJson {
        protocol: PROTOCOL.to_owned(),
        curve: CURVE.to_owned(),
        public: INPUTS,
        vk_alpha_1: g1_json(vk.alpha()),
        vk_beta_2: g2_json(vk.beta()),
        vk_gamma_2: g2_json(vk.gamma()),
        vk_delta_2: g2_json(vk.delta()),
        ic: vk.ic().iter().map(g1_json).collect(),
    })
}

/// Reads snarkjs's `proof.json`.
///
/// # Errors
/// [`FormatError`] unless it is a Groth16 proof over BN254 of canonical, valid points.
pub fn proof_from_snarkjs(json: &str) -> Result<Proof, FormatError> {
    let proof: ProofJson = serde_json::from_str(json)?;
    check_names(&proof.protocol, &proof.curve)?;
    Ok(Proof::from_points(g1(&proof.pi_a)?, g2(&proof.pi_b)?, g1(&proof.pi_c)?)?)
}

/// Reads snarkjs's `public.json` of three inputs.
///
/// # Errors
/// [`FormatError`] unless there are three decimal numbers below the scalar field's modulus.
pub fn inputs_from_snarkjs(json: &str) -> Result<[Fr; INPUTS], FormatError> {
    let texts: Vec<String> = serde_json::from_str(json)?;
    same("public inputs", INPUTS, texts.len())?;
    let mut inputs = [Fr::ZERO; INPUTS];
    for (index, (input, text)) in (0u64..).zip(inputs.iter_mut().zip(&texts)) {
        let what = "public inputs";
        *input =
            Fr::from_bigint(decimal(text)?).ok_or(FormatError::NonCanonical { what, index })?;
    }
    Ok(inputs)
}

/// Reads snarkjs's `verification_key.json`. Its `vk_alphabeta_12` is not looked at.
///
/// # Errors
/// [`FormatError`] unless it is a Groth16 key over BN254 for three inputs that
/// [`VerifyingKey::from_points`] accepts.
pub fn verifying_key_from_snarkjs(json: &str) -> Result<VerifyingKey, FormatError> {
    let key: KeyJson = serde_json::from_str(json)?;
    check_names(&key.protocol, &key.curve)?;
    same("public inputs", INPUTS, key.public)?;
    let ic = key.ic.iter().map(g1).collect::<Result<Vec<_>, _>>()?;
    let ic = ic.as_slice().try_into().map_err(|_| value("points IC", INPUTS + 1, key.ic.len()))?;
    Ok(VerifyingKey::from_points(
        g1(&key.vk_alpha_1)?,
        g2(&key.vk_beta_2)?,
        g2(&key.vk_gamma_2)?,
        g2(&key.vk_delta_2)?,
        ic,
    )?)
}

/// A proof as arkworks' compressed bytes (128).
#[must_use]
pub fn proof_to_ark(proof: &Proof) -> Vec<u8> {
    to_ark(&ark_groth16::Proof::<Bn254> { a: *proof.a(), b: *proof.b(), c: *proof.c() })
}

/// Reads a proof from arkworks' compressed bytes.
///
/// # Errors
/// [`FormatError`] unless the bytes are exactly one proof of valid points.
pub fn proof_from_ark(bytes: &[u8]) -> Result<Proof, FormatError> {
    let proof: ark_groth16::Proof<Bn254> = from_ark("arkworks proof", bytes)?;
    Ok(Proof::from_points(proof.a, proof.b, proof.c)?)
}

/// A verifying key as arkworks' compressed bytes.
#[must_use]
pub fn verifying_key_to_ark(vk: &VerifyingKey) -> Vec<u8> {
    to_ark(&ark_verifying_key(vk))
}

/// Reads a verifying key from arkworks' compressed bytes.
///
/// # Errors
/// [`FormatError`] unless the bytes are exactly one key for three inputs that
/// [`VerifyingKey::from_points`] accepts.
pub fn verifying_key_from_ark(bytes: &[u8]) -> Result<VerifyingKey, FormatError> {
    // A vector of points would be allocated by its announced length.
    let expected = 32 + 3 * 64 + 8 + (INPUTS + 1) * 32;
    same("bytes of an arkworks verifying key", expected, bytes.len())?;
    verifying_key(&from_ark("arkworks verifying key", bytes)?)
}

/// Calldata for [`SIGNATURE`]: selector, then `a`, `b`, `c` and the inputs, 356 bytes.
#[must_use]
pub fn solidity_calldata(proof: &Proof, inputs: &[Fr; INPUTS]) -> Vec<u8> {
    let mut data = Keccak256::digest(SIGNATURE)[..4].to_vec();
    // The arrays have fixed lengths, so their elements stand in place, and the verifier's coding of
    // points is the EVM's.
    data.extend(proof.to_bytes());
    data.extend(inputs_to_bytes(inputs));
    data
}

/// [`solidity_calldata`] in hexadecimal, with `0x`.
#[must_use]
pub fn solidity_calldata_hex(proof: &Proof, inputs: &[Fr; INPUTS]) -> String {
    format!("0x{}", hex::encode(solidity_calldata(proof, inputs)))
}

fn check_names(protocol: &str, curve: &str) -> Result<(), FormatError> {
    same("protocol", PROTOCOL, protocol)?;
    // circom's tools know the curve by this name.
    same("curve", CURVE, curve)
}

fn to_json(of: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(of).expect("strings and arrays become JSON");
    text.push('\n');
    text
}

fn to_ark(of: &impl CanonicalSerialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(of.compressed_size());
    of.serialize_compressed(&mut bytes).expect("a vector takes every byte");
    bytes
}

/// arkworks checks canonical form, curve and subgroup; that nothing follows, we do.
fn from_ark<T: CanonicalDeserialize>(
    what: &'static str,
    mut bytes: &[u8],
) -> Result<T, FormatError> {
    let result = T::deserialize_compressed(&mut bytes);
    let result = result.map_err(|error| value(what, "canonical bytes", error))?;
    same("bytes left", 0, bytes.len())?;
    Ok(result)
}

fn fq_text(x: &Fq) -> String {
    x.into_bigint().to_string()
}

fn fq2_text(x: &Fq2) -> [String; 2] {
    [fq_text(&x.c0), fq_text(&x.c1)]
}

fn g1_json(p: &G1Affine) -> G1Json {
    // Proofs and keys never hold the identity.
    let (x, y) = p.xy().unwrap_or((Fq::ZERO, Fq::ZERO));
    [fq_text(&x), fq_text(&y), "1".to_owned()]
}

fn g2_json(p: &G2Affine) -> G2Json {
    let (x, y) = p.xy().unwrap_or((Fq2::ZERO, Fq2::ZERO));
    [fq2_text(&x), fq2_text(&y), ["1".to_owned(), "0".to_owned()]]
}

fn g1(point: &G1Json) -> Result<G1Affine, FormatError> {
    let [x, y, z] = point;
    same("z of a point", "1", z)?;
    Ok(G1Affine::new_unchecked(fq(x)?, fq(y)?))
}

fn g2(point: &G2Json) -> Result<G2Affine, FormatError> {
    let [x, y, [z0, z1]] = point;
    same("z of a point", "1", z0)?;
    same("z of a point", "0", z1)?;
    let fq2 = |[c0, c1]: &[String; 2]| Ok::<_, FormatError>(Fq2::new(fq(c0)?, fq(c1)?));
    // Curve and subgroup are checked by whoever builds a proof or a key of the points.
    Ok(G2Affine::new_unchecked(fq2(x)?, fq2(y)?))
}

fn fq(text: &str) -> Result<Fq, FormatError> {
    let what = "coordinates";
    Fq::from_bigint(decimal(text)?).ok_or(FormatError::NonCanonical { what, index: 0 })
}

/// A number below `2^256` in decimal: digits only, no leading zero.
fn decimal(text: &str) -> Result<BigInt<4>, FormatError> {
    let error = || {
        let shown: String = text.chars().take(100).collect();
        value("number", "a decimal string below 2^256", format!("{shown:?}"))
    };
    if text.is_empty() || (text.len() > 1 && text.starts_with('0')) {
        return Err(error());
    }
    let mut limbs = [0u64; 4];
    for digit in text.bytes() {
        if !digit.is_ascii_digit() {
            return Err(error());
        }
        let mut carry = u128::from(digit - b'0');
        for limb in &mut limbs {
            let wide = u128::from(*limb) * 10 + carry;
            *limb = wide as u64;
            carry = wide >> 64;
        }
        if carry != 0 {
            return Err(error());
        }
    }
    Ok(BigInt::new(limbs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::Field;

    #[test]
    fn decimals_are_canonical() {
        let max = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
        assert_eq!(decimal(max).unwrap(), BigInt::new([u64::MAX; 4]));
        assert_eq!(decimal("0").unwrap(), BigInt::new([0; 4]));
        let above = max.replace("935", "936");
        for bad in ["", "00", "01", "+1", "-1", " 1", "1 ", "0x1", "1e3", "\u{661}", &above] {
            assert!(decimal(bad).is_err(), "{bad:?}");
        }
        assert!(decimal(&"9".repeat(1 << 16)).is_err());
    }

    #[test]
    fn coordinates_are_below_the_modulus() {
        assert!(fq(&Fq::MODULUS.to_string()).is_err());
        assert_eq!(fq(&fq_text(&-Fq::ONE)).unwrap(), -Fq::ONE);
    }

    #[test]
    fn selector_is_that_of_the_signature() {
        // First bytes of keccak256 of the signature, by `cast sig`.
        assert_eq!(hex::encode(&Keccak256::digest(SIGNATURE)[..4]), "11479fea");
    }
}
