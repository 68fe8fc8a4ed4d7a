//! Key files: `<name>.key` and, beside it, `<name>.vk.json`.
//!
//! | bytes | content |
//! |---|---|
//! | 8, 4 | `ff "meedh2f"`, version 1 |
//! | 4 | `k`: the circuit has `n = 2^k` rows |
//! | 4, 4 | fixed columns `f`, columns with copies `c` |
//! | 4, .. | length of the description, [`KeyInfo`] as JSON |
//! | 1,512 | the verifying key, see [`to_bytes`](Verifying::to_bytes) |
//! | 4 + 128 n + 256 | parameters: `k`, powers of tau and Lagrange polynomials in G1, `G2`, `tau G2` |
//! | 32 f n | the fixed columns' values |
//! | 32 c n | where the permutation takes each cell of the columns with copies |
//! | 32 | SHA-256 of all before |
//!
//! Numbers are u32, little-endian; points and values from the parameters on are halo2's `RawBytes`. The columns
//! as polynomials are not kept: FFTs give them again in less time than a disk takes.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use halo2_proofs::arithmetic::Field;
use halo2_proofs::halo2curves::bn256::{Fr, G1Affine};
use halo2_proofs::plonk::{permutation, ProvingKey, VerifyingKey};
use halo2_proofs::poly::{Coeff, EvaluationDomain, LagrangeCoeff, Polynomial};
use meed_halo2::field::to_ark;
use meed_halo2::Circuit;
use meed_statement::shape::Shape;
use meed_verifier::halo2::{VerifyingKey as Verifying, VERIFYING_KEY_BYTES};
use rayon::prelude::*;

use super::file::{Sink, Source, HASH};
use super::key::{CircuitId, Key, KeyInfo};
use super::params::{kzg_bytes, read_kzg, write_kzg};
use super::points::{g1_to_halo2, g2_to_ark, SCALAR};
use super::sidecar::Sidecar;
use crate::error::{same, value, FormatError, KeyError};
use crate::key::Hex32;
use crate::zkey::{create, sidecar_path, Digests};

const MAGIC: &[u8; 8] = b"\xffmeedh2f";
const VERSION: u32 = 1;

type Values = Polynomial<Fr, LagrangeCoeff>;

/// Where the key of a shape is in a folder of keys: `meed-halo2-S.key`. Its sidecar is beside it, at
/// [`sidecar_path`].
#[must_use]
pub fn key_path(keys: &Path, shape: &Shape) -> PathBuf {
    keys.join(format!("meed-halo2-{}.key", shape.name))
}

impl Key {
    /// Writes the key to `path` and the sidecar beside it, each all or nothing.
    ///
    /// # Errors
    /// [`KeyError::File`].
    pub fn save(&self, path: &Path) -> Result<Sidecar, KeyError> {
        let Digests { sha256, bytes, .. } = create(path, |to| Ok(self.write(to)?))?;
        let sidecar = Sidecar::new(self, sha256, bytes);
        sidecar.save(&sidecar_path(path))?;
        Ok(sidecar)
    }

    /// Writes what [`Self::read`] reads.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, to: impl Write) -> io::Result<()> {
        let fixed = self.pk().fixed_values();
        let sigma = self.pk().permutation().permutations();
        let mut sink = Sink::new(to, MAGIC, VERSION)?;
        sink.u32(self.circuit().k)?;
        sink.u32(fixed.len() as u32)?;
        sink.u32(sigma.len() as u32)?;
        sink.info(&serde_json::to_vec(self.info())?)?;
        sink.put(&self.verifying_key().to_bytes())?;
        write_kzg(&mut sink, self.kzg())?;
        for column in fixed.iter().chain(sigma) {
            sink.list(column.values())?;
        }
        sink.finish()
    }

    /// Reads the key for `circuit` from `path`, with the sidecar beside it.
    ///
    /// That the points and columns are the right ones is not checked again: the file must have the SHA-256 that
    /// the sidecar names, and the sidecar was written when they were computed. Whoever can change both files can
    /// give the prover a key that leaks the witness; where they come from elsewhere, make the key again.
    ///
    /// # Errors
    /// [`KeyError::File`], with the name of the file and what was expected, when one of the two is damaged, does
    /// not belong to the other, or belongs to another circuit.
    pub fn load(path: &Path, circuit: &CircuitId) -> Result<Self, KeyError> {
        let beside = sidecar_path(path);
        let sidecar = Sidecar::load(&beside)?;
        circuit.same(&sidecar.key.circuit).map_err(KeyError::at(&beside))?;
        let read = || -> Result<Self, FormatError> {
            let file = File::open(path)?;
            let bytes = file.metadata()?.len();
            same("bytes of the file", sidecar.key_bytes, bytes)?;
            let (key, sha256) = Self::read(file, bytes, circuit)?;
            same("SHA-256 of the file", sidecar.key_sha256, sha256)?;
            Ok(key)
        };
        let key = read().map_err(KeyError::at(path))?;
        if *key.info() != sidecar.key {
            let error = value("description", "that of the key file", "another");
            return Err(KeyError::at(&beside)(error));
        }
        same("vk_id", Hex32::from(key.verifying_key().id()), sidecar.vk_id)
            .map_err(KeyError::at(&beside))?;
        Ok(key)
    }

    /// Reads the key for `circuit` from anything of `bytes` bytes, and its SHA-256. No allocation exceeds what
    /// they justify.
    ///
    /// # Errors
    /// [`FormatError`], with what was expected.
    pub fn read(
        from: impl Read,
        bytes: u64,
        circuit: &CircuitId,
    ) -> Result<(Self, Hex32), FormatError> {
        let cs = Circuit::constraint_system();
        let columns = (cs.num_fixed_columns(), cs.permutation().get_columns().len());
        let mut source = Source::new(from, bytes);
        source.head(MAGIC, VERSION)?;
        let k = source.k()?;
        same("k", circuit.k, k)?;
        same("fixed columns", columns.0 as u32, source.u32("fixed columns")?)?;
        same("columns with copies", columns.1 as u32, source.u32("columns with copies")?)?;
        let info: KeyInfo = serde_json::from_slice(&source.info()?)?;
        circuit.same(&info.circuit)?;
        let (n, count) = (1usize << k, columns.0 + columns.1);
        let vk_len = VERIFYING_KEY_BYTES as u64;
        let columns_len = (count * SCALAR) as u64 * n as u64;
        source.expect_left(vk_len + kzg_bytes(k) + columns_len + HASH as u64)?;
        let vk = source.take(vk_len, "verifying key")?;
        let vk = Verifying::from_bytes(&vk)?;
        info.check(&vk)?;
        let kzg = read_kzg(&mut source, k)?;
        if g2_to_ark(&kzg.s_g2()) != *vk.tau() {
            return Err(value("tau G2", "that of the verifying key", "another point"));
        }
        let mut lists = |count| -> Result<Vec<Vec<Fr>>, FormatError> {
            (0..count).map(|_| source.list(n, "columns")).collect()
        };
        let (fixed, sigma) = (lists(columns.0)?, lists(columns.1)?);
        let sha256 = source.finish()?;
        let pk = proving_key(&vk, fixed, sigma)?;
        Ok((Self::from_parts(info, kzg, pk)?, sha256))
    }
}

/// The library's verifying key of these commitments.
pub(crate) fn library_key(
    k: u32,
    fixed: Vec<G1Affine>,
    sigma: Vec<G1Affine>,
) -> VerifyingKey<G1Affine> {
    let cs = Circuit::constraint_system();
    VerifyingKey::from_parts(
        EvaluationDomain::new(cs.degree() as u32, k),
        fixed,
        permutation::VerifyingKey::from_commitments(sigma),
        cs,
        Vec::new(),
        false,
    )
}

/// What `keygen_pk` makes of the same columns.
fn proving_key(
    vk: &Verifying,
    fixed: Vec<Vec<Fr>>,
    sigma: Vec<Vec<Fr>>,
) -> Result<ProvingKey<G1Affine>, FormatError> {
    let commitments = |points: &[_]| points.iter().map(g1_to_halo2).collect();
    let library = library_key(vk.log_rows(), commitments(vk.fixed()), commitments(vk.sigma()));
    if to_ark(&library.transcript_repr()) != *vk.digest() {
        let expected = to_ark(&library.transcript_repr());
        return Err(value("library's digest of the circuit", expected, vk.digest()));
    }
    assemble(library, fixed, sigma)
}

/// The proving key of these columns.
pub(crate) fn assemble(
    vk: VerifyingKey<G1Affine>,
    fixed: Vec<Vec<Fr>>,
    sigma: Vec<Vec<Fr>>,
) -> Result<ProvingKey<G1Affine>, FormatError> {
    let k = vk.get_domain().k();
    let last = (1usize << k)
        .checked_sub(vk.cs().blinding_factors() + 1)
        .ok_or_else(|| value("k", "enough rows for those that blind", k))?;
    let domain = vk.get_domain().clone();
    let wrap = |columns: Vec<Vec<Fr>>| -> Vec<Values> {
        columns.into_iter().map(|column| domain.lagrange_from_vec(column)).collect()
    };
    let polynomials = |values: &[Values]| -> Vec<Polynomial<Fr, Coeff>> {
        values.par_iter().map(|column| domain.lagrange_to_coeff(column.clone())).collect()
    };
    // One in these rows: the first, the last that is not random, those before it.
    let rows = |one: std::ops::Range<usize>| {
        let mut values = domain.empty_lagrange();
        values[one].fill(Fr::ONE);
        domain.lagrange_to_coeff(values)
    };
    let (fixed, sigma) = (wrap(fixed), wrap(sigma));
    let (fixed_polynomials, sigma_polynomials) = (polynomials(&fixed), polynomials(&sigma));
    let sigma = permutation::ProvingKey::from_parts(sigma, sigma_polynomials);
    let (l0, l_last, l_active) = (rows(0..1), rows(last..last + 1), rows(0..last));
    Ok(ProvingKey::from_parts(vk, l0, l_last, l_active, fixed, fixed_polynomials, sigma))
}
