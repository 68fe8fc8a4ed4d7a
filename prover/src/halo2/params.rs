//! Universal parameters: `tau^i G1` for `i < 2^k`, the Lagrange polynomials at tau in G1, and `tau G2`.
//!
//! They serve every circuit of `2^k` rows, so no circuit needs a ceremony of its own. [`Params::from_ptau`]
//! takes them from the file of a public one, [`Params::insecure`] makes some whose secret everybody knows.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use ark_bn254::Bn254;
use ark_ec::pairing::Pairing;
use ark_ec::AffineRepr;
use ark_ff::{batch_inversion, FftField, Field, Zero};
use halo2_proofs::arithmetic::best_multiexp;
use halo2_proofs::halo2curves::bn256::{Bn256, Fr, G1Affine, G2Affine};
use halo2_proofs::halo2curves::ff::{Field as _, PrimeField as _};
use halo2_proofs::halo2curves::group::Curve;
use halo2_proofs::poly::commitment::{Blind, Params as _, ParamsProver};
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use halo2_proofs::poly::EvaluationDomain;
use halo2_proofs::SerdeFormat;
use meed_halo2::field::{to_ark, to_halo2, ArkFr};
use meed_verifier::halo2::insecure_tau;
use rand::Rng;
use rand_core::CryptoRngCore;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::file::{Sink, Source, HASH, MOST_K};
use super::points::{all_to_halo2, g1_to_ark, g2_to_ark, g2_to_halo2, G1, G2};
use crate::error::{same, value, FormatError, KeyError};
use crate::fixed_base::TableG1;
use crate::key::{Hex64, Origin};
use crate::ptau::{Contribution, PtauFile};
use crate::zkey::create;
use crate::zkey::points::Point;

const MAGIC: &[u8; 8] = b"\xffmeedh2u";
const VERSION: u32 = 1;
/// The longest name of a file or a contribution.
const MOST_NAME: usize = 255;

/// Where the secret of parameters comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Whether everybody knows it, or a ceremony drew it.
    pub origin: Origin,
    /// The ceremony, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceremony: Option<Ceremony>,
}

/// The file of a ceremony that parameters were taken from, to be compared with what the ceremony published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ceremony {
    /// Name of the `.ptau` file, as it was called here.
    pub file: String,
    /// BLAKE2b of the whole file: the one thing here that says whose tau it is, since the list of contributions
    /// can be copied into a file with other powers.
    pub blake2b: Hex64,
    /// How many contributions it lists.
    pub contributions: usize,
    /// What the last one is called; nothing checks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The hash of the last one, which snarkjs calls the next challenge, as the file claims it; nothing checks it.
    pub last_challenge: Hex64,
}

impl Provenance {
    /// Of [`Params::insecure`].
    #[must_use]
    pub const fn insecure() -> Self {
        Self { origin: Origin::InsecureLocal, ceremony: None }
    }

    /// Fails unless it is consistent, and what `tau G2` tells by itself.
    pub(crate) fn check(&self, insecure: bool) -> Result<(), FormatError> {
        if (self.origin == Origin::InsecureLocal) != insecure {
            let told = match insecure {
                true => "insecure-local (by its tau)",
                false => "ceremony (by its tau)",
            };
            return Err(value("origin", told, self.origin));
        }
        let Some(ceremony) = &self.ceremony else {
            return same("origin without a ceremony", Origin::InsecureLocal, self.origin);
        };
        same("origin of a ceremony's parameters", Origin::Ceremony, self.origin)?;
        if ceremony.contributions == 0 {
            return Err(value("contributions", "at least one", 0));
        }
        for name in [Some(&ceremony.file), ceremony.last_name.as_ref()].into_iter().flatten() {
            if name.len() > MOST_NAME || name.chars().any(char::is_control) {
                let expected = format!("at most {MOST_NAME} bytes without control characters");
                return Err(value("name", expected, "another"));
            }
        }
        Ok(())
    }

    /// Of a `.ptau` file.
    fn of(
        path: &Path,
        contributions: &[Contribution],
        blake2b: [u8; 64],
    ) -> Result<Self, KeyError> {
        let Some(last) = contributions.last() else {
            let error = value("contributions", "at least one", 0);
            return Err(KeyError::at(path)(error));
        };
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let ceremony = Ceremony {
            file: printable(&name),
            blake2b: blake2b.into(),
            contributions: contributions.len(),
            last_name: last.name.as_deref().map(printable),
            last_challenge: last.next_challenge.into(),
        };
        Ok(Self { origin: Origin::Ceremony, ceremony: Some(ceremony) })
    }
}

/// Without control characters, and not too long.
fn printable(name: &str) -> String {
    let mut kept = String::new();
    for c in name.chars().filter(|c| !c.is_control()) {
        if kept.len() + c.len_utf8() > MOST_NAME {
            break;
        }
        kept.push(c);
    }
    kept
}

fn is_insecure(tau_g2: &G2Affine) -> bool {
    *tau_g2 == (G2Affine::generator() * to_halo2(&insecure_tau())).to_affine()
}

/// Universal parameters for circuits of `2^k` rows, and where they come from.
pub struct Params {
    kzg: ParamsKZG<Bn256>,
    provenance: Provenance,
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Params")
            .field("k", &self.k())
            .field("provenance", &self.provenance)
            .finish_non_exhaustive()
    }
}

impl Params {
    /// Parameters whose tau is [`insecure_tau`]: for development, tests and demonstrations, never for money.
    ///
    /// # Panics
    /// If `k` is not 1 to 28.
    #[must_use]
    pub fn insecure(k: u32) -> Self {
        assert!((1..=MOST_K).contains(&k), "k is 1 to {MOST_K}");
        let (tau, n) = (insecure_tau(), 1usize << k);
        let mut scalars: Vec<ArkFr> =
            std::iter::successors(Some(ArkFr::ONE), |power| Some(*power * tau)).take(n).collect();
        // L_i(tau) = (tau^n - 1) / n * w^i / (tau - w^i).
        let root = to_ark(&root(k));
        let roots: Vec<ArkFr> =
            std::iter::successors(Some(ArkFr::ONE), |power| Some(*power * root)).take(n).collect();
        let mut inverses: Vec<ArkFr> = roots.iter().map(|root| tau - root).collect();
        batch_inversion(&mut inverses);
        let factor = (scalars[n - 1] * tau - ArkFr::ONE)
            * ArkFr::from(n as u64).inverse().expect("a power of two is not zero");
        let weight = |(root, inverse): (&ArkFr, ArkFr)| factor * root * inverse;
        scalars.extend(roots.iter().zip(inverses).map(weight));

        let generator = ark_bn254::G1Affine::generator();
        let table = TableG1::new(generator, 2 * n).expect("the best level is there");
        let points = all_to_halo2(&table.multiply_affine(&scalars));
        let (g, lagrange) = points.split_at(n);
        let tau_g2 = (G2Affine::generator() * to_halo2(&tau)).to_affine();
        Self {
            kzg: kzg(k, g.to_vec(), lagrange.to_vec(), tau_g2),
            provenance: Provenance::insecure(),
        }
    }

    /// Cuts the parameters of `2^k` rows out of a `.ptau` file that `snarkjs powersoftau prepare phase2` made,
    /// and checks them as [`crate::ptau`] says. Also who contributed, first to last. `None` once `stop` is raised.
    ///
    /// # Errors
    /// [`KeyError::File`] when the file is no such file, too small, or has a point that is not what it should be.
    pub fn from_ptau(
        path: &Path,
        k: u32,
        rng: &mut dyn CryptoRngCore,
        stop: &AtomicBool,
    ) -> Result<Option<(Self, Vec<Contribution>)>, KeyError> {
        let mut file = PtauFile::open(path)?;
        let Some(blake2b) = file.blake2b(stop)? else { return Ok(None) };
        Self::cut(path, &mut file, blake2b, k, rng, stop)
    }

    /// [`Self::from_ptau`], of a file that was hashed.
    fn cut(
        path: &Path,
        file: &mut PtauFile,
        blake2b: [u8; 64],
        k: u32,
        rng: &mut dyn CryptoRngCore,
        stop: &AtomicBool,
    ) -> Result<Option<(Self, Vec<Contribution>)>, KeyError> {
        let contributions = file.contributions()?;
        let Some(powers) = file.powers(k, rng, stop)? else { return Ok(None) };
        let provenance = Provenance::of(path, &contributions, blake2b)?;
        let lagrange = permute(&powers.lagrange, exponent(k));
        let tau_g2 = g2_to_halo2(&powers.g2[1]);
        let kzg = kzg(k, all_to_halo2(&powers.g1), all_to_halo2(&lagrange), tau_g2);
        let mut check = || {
            check_tau_g2(&tau_g2)?;
            check_lagrange(&kzg, rng)?;
            provenance.check(is_insecure(&tau_g2))
        };
        check().map_err(KeyError::at(path))?;
        Ok(Some((Self { kzg, provenance }, contributions)))
    }

    /// [`Self::from_ptau`], kept in a folder of keys: what was cut out of a file with the same BLAKE2b is read and
    /// checked, and otherwise cut and written there. `None` once `stop` is raised.
    ///
    /// # Errors
    /// [`KeyError::File`], also when the file in the folder is damaged.
    pub fn of_ceremony(
        folder: &Path,
        ptau: &Path,
        k: u32,
        rng: &mut dyn CryptoRngCore,
        stop: &AtomicBool,
    ) -> Result<Option<(Self, Vec<Contribution>)>, KeyError> {
        let mut file = PtauFile::open(ptau)?;
        let Some(blake2b) = file.blake2b(stop)? else { return Ok(None) };
        let hash = Hex64::from(blake2b);
        let kept = folder.join(file_name(k, Some(&hash)));
        if kept.exists() {
            let params = Self::load(&kept, k, rng)?;
            let found = params.provenance.ceremony.as_ref().map(|ceremony| ceremony.blake2b);
            let found = found.map_or_else(|| "none".to_owned(), |found| found.to_string());
            same("BLAKE2b of the ceremony's file", hash.to_string(), found)
                .map_err(KeyError::at(&kept))?;
            return Ok(Some((params, file.contributions()?)));
        }
        let cut = Self::cut(ptau, &mut file, blake2b, k, rng, stop)?;
        if let Some((params, _)) = &cut {
            params.save(folder)?;
        }
        Ok(cut)
    }

    /// The parameters have `2^k` points of each kind.
    #[must_use]
    pub fn k(&self) -> u32 {
        self.kzg.k()
    }

    /// Where they come from.
    #[must_use]
    pub const fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// As halo2 takes them.
    #[must_use]
    pub const fn kzg(&self) -> &ParamsKZG<Bn256> {
        &self.kzg
    }

    pub(crate) fn into_parts(self) -> (ParamsKZG<Bn256>, Provenance) {
        (self.kzg, self.provenance)
    }

    /// Writes them to a folder of keys, all or nothing, so that a ceremony's file is read once. Returns
    /// [`params_path`].
    ///
    /// # Errors
    /// [`KeyError::File`].
    pub fn save(&self, folder: &Path) -> Result<PathBuf, KeyError> {
        let path = params_path(folder, self.k(), &self.provenance);
        create(&path, |to| Ok(self.write(to)?))?;
        Ok(path)
    }

    /// Writes what [`Self::read`] reads.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, to: impl Write) -> io::Result<()> {
        let mut sink = Sink::new(to, MAGIC, VERSION)?;
        sink.u32(self.k())?;
        sink.info(&serde_json::to_vec(&self.provenance)?)?;
        write_kzg(&mut sink, &self.kzg)?;
        sink.finish()
    }

    /// Reads what [`Self::save`] wrote for `2^k` rows, and checks it as a ceremony's file.
    ///
    /// # Errors
    /// [`KeyError::File`], with what was expected.
    pub fn load(path: &Path, k: u32, rng: &mut dyn CryptoRngCore) -> Result<Self, KeyError> {
        let mut read = || {
            let file = File::open(path)?;
            let bytes = file.metadata()?.len();
            Self::read(file, bytes, k, rng)
        };
        read().map_err(KeyError::at(path))
    }

    /// [`Self::load`] from anything of `bytes` bytes. No allocation exceeds what they justify.
    ///
    /// # Errors
    /// [`FormatError`], with what was expected.
    pub fn read(
        from: impl Read,
        bytes: u64,
        k: u32,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Self, FormatError> {
        let mut source = Source::new(from, bytes);
        source.head(MAGIC, VERSION)?;
        same("k", k, source.k()?)?;
        let provenance: Provenance = serde_json::from_slice(&source.info()?)?;
        source.expect_left(kzg_bytes(k) + HASH as u64)?;
        let kzg = read_kzg(&mut source, k)?;
        source.finish()?;
        check_powers(&kzg, rng)?;
        check_lagrange(&kzg, rng)?;
        provenance.check(is_insecure(&kzg.s_g2()))?;
        Ok(Self { kzg, provenance })
    }
}

/// Where the parameters of `2^k` rows from there are in a folder of keys: `meed-tau-K-insecure.params`, or with
/// the first 16 digits of the ceremony's file's BLAKE2b.
#[must_use]
pub fn params_path(folder: &Path, k: u32, provenance: &Provenance) -> PathBuf {
    let hash = provenance.ceremony.as_ref().map(|ceremony| &ceremony.blake2b);
    folder.join(file_name(k, hash))
}

fn file_name(k: u32, blake2b: Option<&Hex64>) -> String {
    let name = match blake2b {
        None => "insecure".to_owned(),
        Some(hash) => hex::encode(&hash.as_bytes()[..8]),
    };
    format!("meed-tau-{k}-{name}.params")
}

/// The library has no other way to make parameters of points than from other ones.
pub(crate) fn kzg(
    k: u32,
    g: Vec<G1Affine>,
    lagrange: Vec<G1Affine>,
    tau_g2: G2Affine,
) -> ParamsKZG<Bn256> {
    let other = <ParamsKZG<Bn256> as ParamsProver<'_, G1Affine>>::new(1);
    other.from_parts(k, g, Some(lagrange), G2Affine::generator(), tau_g2)
}

/// Bytes of [`write_kzg`].
pub(crate) const fn kzg_bytes(k: u32) -> u64 {
    4 + ((2 * G1 as u64) << k) + 2 * G2 as u64
}

/// Points as halo2 writes them: `k` (u32), powers, Lagrange polynomials, `G2`, `tau G2`.
pub(crate) fn write_kzg(to: &mut impl Write, kzg: &ParamsKZG<Bn256>) -> io::Result<()> {
    let mut to = BufWriter::with_capacity(1 << 16, to);
    kzg.write_custom(&mut to, SerdeFormat::RawBytes)?;
    to.flush()
}

/// Reads [`write_kzg`]. Every point is on its curve, and `tau G2` one that a verifying key may have; whether
/// they are what they should be is not checked.
pub(crate) fn read_kzg<R: Read>(
    source: &mut Source<R>,
    k: u32,
) -> Result<ParamsKZG<Bn256>, FormatError> {
    same("k of the points", k, source.k()?)?;
    let n = 1usize << k;
    let g = source.list(n, "powers of tau")?;
    let lagrange = source.list(n, "Lagrange polynomials")?;
    let g2 = source.list::<G2Affine>(2, "points of G2")?;
    if g2[0] != G2Affine::generator() {
        return Err(value("points of G2", "the generator at first", "another point"));
    }
    check_tau_g2(&g2[1])?;
    Ok(kzg(k, g, lagrange, g2[1]))
}

/// halo2's root of unity of order `2^k`.
fn root(k: u32) -> Fr {
    (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square())
}

/// The `e` for which halo2's root of unity of order `2^k` is that of arkworks and snarkjs to the power `e`. The
/// one is a power of 7, the other of 5.
fn exponent(k: u32) -> usize {
    let theirs = ArkFr::get_root_of_unity(1 << k).expect("k is at most 28");
    let inverse = theirs.inverse().expect("a root of unity");
    let mut left = to_ark(&root(k));
    let (mut e, mut step) = (0, inverse);
    for bit in 0..k {
        // Of order 2 or 1: whether this bit is set.
        if left.pow([1u64 << (k - 1 - bit)]) != ArkFr::ONE {
            e |= 1 << bit;
            left *= step;
        }
        step.square_in_place();
    }
    e
}

/// Element `i` is element `e i` of `list`, around its end.
fn permute<T: Copy + Sync + Send>(list: &[T], e: usize) -> Vec<T> {
    let mask = list.len() - 1;
    (0..list.len()).into_par_iter().map(|i| list[e.wrapping_mul(i) & mask]).collect()
}

/// Fails unless `tau G2` is in its subgroup, and neither the identity nor plus or minus the generator.
fn check_tau_g2(tau_g2: &G2Affine) -> Result<(), FormatError> {
    let point = g2_to_ark(tau_g2);
    let generator = ark_bn254::G2Affine::generator();
    if point.is_zero() || point == generator || point == -generator {
        return Err(value("tau G2", "tau neither 0, 1 nor -1", "one of them"));
    }
    point
        .check_group()
        .map_err(|_| value("tau G2", "a point of the subgroup of order r", "another"))
}

/// Fails unless the points are powers of the tau in `tau G2`, but for a chance of `2^-126`.
fn check_powers(kzg: &ParamsKZG<Bn256>, rng: &mut dyn CryptoRngCore) -> Result<(), FormatError> {
    let g = kzg.get_g();
    if g[0] != G1Affine::generator() {
        return Err(value("powers of tau", "the generator of G1 at first", "another point"));
    }
    let r: Vec<Fr> = (1..g.len()).map(|_| Fr::from_u128(rng.gen())).collect();
    let sums = [best_multiexp(&r, &g[1..]), -best_multiexp(&r, &g[..r.len()])];
    let sums = sums.map(|sum| g1_to_ark(&sum.to_affine()));
    let g2 = [ark_bn254::G2Affine::generator(), g2_to_ark(&kzg.s_g2())];
    if Bn254::multi_pairing(sums, g2).is_zero() {
        return Ok(());
    }
    Err(value("powers of tau", "each in the ratio of tau to the one before", "others"))
}

/// Fails unless a random polynomial has the same commitment by its values and by its coefficients.
fn check_lagrange(kzg: &ParamsKZG<Bn256>, rng: &mut dyn CryptoRngCore) -> Result<(), FormatError> {
    let domain = EvaluationDomain::<Fr>::new(2, kzg.k());
    let values = (0..kzg.n()).map(|_| Fr::random(&mut *rng)).collect();
    let values = domain.lagrange_from_vec(values);
    let by_values = kzg.commit_lagrange(&values, Blind::default());
    let coefficients = domain.lagrange_to_coeff(values);
    if by_values == kzg.commit(&coefficients, Blind::default()) {
        return Ok(());
    }
    Err(value("Lagrange polynomials", "those of halo2's domain at tau", "others"))
}

#[cfg(test)]
mod tests;
