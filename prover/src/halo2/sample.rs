//! A small key, for tests of what reads keys.

use halo2_proofs::halo2curves::bn256::{Fr, G1Affine};
use halo2_proofs::halo2curves::group::Curve;
use halo2_proofs::poly::commitment::{Blind, Params as _};
use halo2_proofs::poly::EvaluationDomain;
use meed_halo2::Circuit;
use sha2::{Digest, Sha256};

use super::key::{CircuitId, Key, KeyInfo, SYSTEM};
use super::params::Params;
use super::store::{assemble, library_key};
use crate::error::FormatError;
use crate::key::METADATA_FORMAT;

/// A key of `2^k` rows, `k` at least 4, with the circuit's columns and gates but arbitrary values: no circuit has
/// it. For tests of what reads keys, where a real one would be too large.
///
/// # Errors
/// [`FormatError`] when `k` is too small.
#[doc(hidden)]
pub fn sample_key(k: u32) -> Result<Key, FormatError> {
    let cs = Circuit::constraint_system();
    let (kzg, parameters) = Params::insecure(k).into_parts();
    let domain = EvaluationDomain::<Fr>::new(2, k);
    let columns = |count: usize, seed: u64| -> (Vec<Vec<Fr>>, Vec<G1Affine>) {
        let value = |column: u64, row: u64| Fr::from(seed + 1_000 * column + row * row);
        let columns: Vec<Vec<Fr>> = (0..count as u64)
            .map(|column| (0..1 << k).map(|row| value(column, row)).collect())
            .collect();
        let commit = |column: &Vec<Fr>| {
            let column = domain.lagrange_from_vec(column.clone());
            kzg.commit_lagrange(&column, Blind::default()).to_affine()
        };
        let commitments = columns.iter().map(commit).collect();
        (columns, commitments)
    };
    let (fixed, fixed_commitments) = columns(cs.num_fixed_columns(), 7);
    let (sigma, sigma_commitments) = columns(cs.permutation().get_columns().len(), 1 << 20);
    let vk = library_key(k, fixed_commitments, sigma_commitments);
    let circuit = CircuitId {
        name: "sample".to_owned(),
        shape: "sample".to_owned(),
        digest: <[u8; 32]>::from(Sha256::digest(b"sample")).into(),
        k,
    };
    let info = KeyInfo { format: METADATA_FORMAT, system: SYSTEM.to_owned(), circuit, parameters };
    Key::from_parts(info, kzg, assemble(vk, fixed, sigma)?)
}
