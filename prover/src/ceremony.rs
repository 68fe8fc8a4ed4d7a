//! Keys from a ceremony: what snarkjs's `groth16 setup`, `zkey contribute` and `zkey beacon` leave.
//!
//! # What the import checks
//! - The file: format, curve, counts, lengths of sections; three public inputs.
//! - Every point on its curve and in its subgroup, coordinates canonical.
//! - The verifying key: no identity, gamma the generator, delta neither gamma nor the generator (so
//!   there was a contribution), alpha not that of the local set-up.
//! - The coefficients in section 4 equal our matrices A and B, entry by entry.
//! - A column of A or B that is empty in our matrices has the identity as its point, and no other
//!   has; the same for columns that are empty in all three matrices and L.
//! - beta and delta are the same in both groups, and so is each point of B (one random linear
//!   combination and a pairing; an error passes with probability `2^-128`).
//!
//! # What it cannot check
//! That the points are the circuit's polynomials at one tau. The file does not hold the powers of
//! tau to compare with, and L mixes C, whose coefficients are not in the file at all. A coordinator
//! could give a key for other constraints C; honest proofs under it would fail (every proof is
//! verified before it is handed out), unless the constraints were chosen so that all honest witnesses
//! satisfy them too, and then it would be our verifier that accepts too much. Nor can it check that
//! any contributor destroyed his secret. So **the operator must have run**
//! `snarkjs zkey verify <circuit>.r1cs <final>.ptau <final>.zkey` on the same file, with the `.r1cs`
//! that [`write_r1cs`](crate::circom::write_r1cs) wrote from the same matrices and a powers-of-tau
//! file of known digest. The key's metadata keep the SHA-256 of the file that was imported.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::AffineRepr;
use ark_ff::BigInt;
use meed_circuits::r1cs::matrix::{Matrices, Sparse};
use meed_engine::msm::{msm_g1, msm_g2, Scalars};
use meed_engine::Level;
use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};

use crate::error::{same, value, FormatError, KeyError};
use crate::key::{CircuitId, Hex32, KeyInfo, KeyPoints, Origin, ProvingKey, METADATA_FORMAT};
use crate::points::Packed;
use crate::zkey::{self, section, Reader, Sidecar};

/// What an import made.
#[derive(Debug)]
pub struct Imported {
    /// The key.
    pub key: ProvingKey,
    /// What was written beside it.
    pub sidecar: Sidecar,
    /// Contributions to the second phase, the beacon included, as the file counts them.
    pub contributions: u32,
}

/// Checks the ceremony's key at `source` and writes it to `dest`, its sections unchanged, with our
/// metadata in one more and the sidecar beside it.
///
/// See the [module](self) for what is checked and what is left to `snarkjs zkey verify`. `rng`
/// must be unpredictable to whoever made the file.
///
/// # Errors
/// [`KeyError::Circuit`] when `circuit` does not describe `matrices`, [`KeyError::File`] with the
/// first thing that is wrong otherwise.
pub fn import_ceremony(
    source: &Path,
    circuit: &CircuitId,
    matrices: &Matrices,
    dest: &Path,
    rng: &mut dyn CryptoRngCore,
) -> Result<Imported, KeyError> {
    circuit.check(matrices).map_err(KeyError::Circuit)?;
    let at_source = || KeyError::at::<FormatError>(source);
    let mut file = File::open(source).map_err(KeyError::at(source))?;
    let (contents, sha256) = Reader::new(&mut file, matrices).read(circuit).map_err(at_source())?;
    if contents.info.is_some() {
        let got = "Meed's metadata: this file was imported or made here";
        return Err(at_source()(value("source", "a file as snarkjs left it", got)));
    }
    let contributions = contents.contributions;
    if contributions == 0 {
        return Err(at_source()(value("contributions", "at least 1", 0)));
    }
    check_points(&contents.vk, &contents.points, matrices, rng).map_err(at_source())?;
    let info = KeyInfo {
        format: METADATA_FORMAT,
        circuit: circuit.clone(),
        origin: Origin::Ceremony,
        source_sha256: Some(sha256),
    };
    let key = ProvingKey::new(info, &contents.vk, contents.points).map_err(at_source())?;

    let written = zkey::create(dest, |to| copy_with_metadata(&mut file, sha256, &key, to))?;
    let sidecar = key.save_sidecar(dest, written)?;
    Ok(Imported { key, sidecar, contributions })
}

/// Checks between points; each of them has been found to be in its group.
fn check_points(
    vk: &ark_groth16::VerifyingKey<Bn254>,
    points: &KeyPoints,
    matrices: &Matrices,
    rng: &mut dyn CryptoRngCore,
) -> Result<(), FormatError> {
    if vk.gamma_g2 != G2Affine::generator() {
        return Err(value("gamma", "the generator of G2", "another point"));
    }
    let (used_a, used_b) = (used(matrices, &[&matrices.a]), used(matrices, &[&matrices.b]));
    // The rows that the reduction adds use every column of the instance.
    let in_a = |i: usize| i < matrices.instance || used_a[i];
    identities(section::A, &points.a_query, in_a)?;
    identities(section::B1, &points.b_g1_query, |i| used_b[i])?;
    identities(section::B2, &points.b_g2_query, |i| used_b[i])?;
    let used_any = used(matrices, &[&matrices.a, &matrices.b, &matrices.c]);
    identities(section::L, &points.l_query, |i| used_any[i + matrices.instance])?;

    same_logarithm("beta", points.beta_g1, vk.beta_g2)?;
    same_logarithm("delta", points.delta_g1, vk.delta_g2)?;
    let scalars: Vec<_> = (0..points.b_g1_query.len())
        .map(|_| BigInt::new([rng.next_u64(), rng.next_u64(), 0, 0]))
        .collect();
    let failed = |error| value("points of B", "a sum of them", error);
    // Whoever made the file may have chosen points for our own kernels to fail on.
    let scalars = Scalars::Standard(&scalars);
    let b1 = msm_g1(Level::Ark, &points.b_g1_query, scalars).map_err(failed)?;
    let b2 = msm_g2(Level::Ark, &points.b_g2_query, scalars).map_err(failed)?;
    same_logarithm("points of B", b1.into(), b2.into())
}

/// Which columns have a term in one of these matrices.
fn used(matrices: &Matrices, which: &[&Sparse]) -> Vec<bool> {
    let mut used = vec![false; matrices.columns()];
    for matrix in which {
        for i in 0..matrix.rows() {
            for &(column, _) in matrix.row(i) {
                used[column as usize] = true;
            }
        }
    }
    used
}

/// Fails unless exactly the points whose column is not used are the identity. (A used column gives
/// the identity with probability `2^-254` times the size of the domain.)
fn identities<P: Packed>(
    id: u32,
    points: &[P],
    used: impl Fn(usize) -> bool,
) -> Result<(), FormatError> {
    match points.iter().enumerate().find(|(i, p)| used(*i) == p.is_identity()) {
        None => Ok(()),
        Some((index, point)) => {
            let expected =
                if point.is_identity() { "other than the identity" } else { "at the identity" };
            Err(FormatError::Point { id, index: index as u64, expected })
        }
    }
}

/// Fails unless `log_G1(p) = log_G2(q)`.
fn same_logarithm(what: &'static str, p: G1Affine, q: G2Affine) -> Result<(), FormatError> {
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    if Bn254::multi_pairing([p, -g1], [g2, q]).0 == ark_ff::Field::ONE {
        Ok(())
    } else {
        Err(value(what, "the same in G1 and in G2", "different ones"))
    }
}

/// Copies the file that was checked, with one section more.
fn copy_with_metadata(
    source: &mut File,
    sha256: Hex32,
    key: &ProvingKey,
    to: &mut impl Write,
) -> Result<(), FormatError> {
    io::Seek::rewind(source)?;
    let mut hash = Sha256::new();
    let mut head = [0; 12];
    source.read_exact(&mut head)?;
    hash.update(head);
    let mut count = [0; 4];
    count.copy_from_slice(&head[8..]);
    to.write_all(&head[..8])?;
    // The reader has checked that there are few.
    to.write_all(&u32::from_le_bytes(count).saturating_add(1).to_le_bytes())?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = source.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        hash.update(&buffer[..n]);
        to.write_all(&buffer[..n])?;
    }
    let again = <[u8; 32]>::from(hash.finalize()).into();
    same("SHA-256 of the source when read again", sha256, again)?;
    Ok(zkey::write_metadata(key, to)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::CurveGroup;
    use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};

    #[test]
    fn logarithms_are_compared_across_groups() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let k = <ark_bn254::Fr as ark_ff::UniformRand>::rand(&mut rng);
        let p = (G1Affine::generator() * k).into_affine();
        let q = (G2Affine::generator() * k).into_affine();
        same_logarithm("k", p, q).unwrap();
        let zero = (G1Affine::identity(), G2Affine::identity());
        same_logarithm("0", zero.0, zero.1).unwrap();
        assert!(same_logarithm("k", -p, q).is_err());
        assert!(same_logarithm("k", p, zero.1).is_err());
        assert!(same_logarithm("k", zero.0, q).is_err());
    }
}
