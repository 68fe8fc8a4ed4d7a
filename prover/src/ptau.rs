//! Powers of tau as snarkjs's `.ptau` files hold them, over BN254.
//!
//! A file of power `p` has `tau^i G1` for `i < 2^(p+1) - 1` (section 2), `tau^i G2` for `i < 2^p` (3), what Groth16
//! needs besides (4 to 6), the contributions (7), and, once `snarkjs powersoftau prepare phase2` was run, the
//! Lagrange polynomials of every smaller domain at tau (12 to 15). A universal set-up of size `2^k` is the first
//! `2^k` of section 2, the first two of section 3, and the Lagrange polynomials of the domain of size `2^k`, whose
//! generator is ark-bn254's, `5^((r-1)/2^k)`, as snarkjs's.
//!
//! Points are checked to be on their curves and in their subgroups, and to be consistent: two random linear
//! combinations and three pairings fail for anything but powers of one tau and their Lagrange polynomials with
//! probability `2^-126`. What no check of a file can tell is whether tau is known to somebody: for that, compare
//! the hash of the last contribution with what the ceremony published.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use ark_bn254::{Bn254, Fq, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{UniformRand, Zero};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use rand::Rng;
use rand_core::CryptoRngCore;
use rayon::prelude::*;

use crate::binfile::{Cursor, Section, Table};
use crate::error::{value, FormatError, KeyError};
use crate::zkey::points::{Fault, Point};

const MAGIC: &str = "ptau";
const VERSION: u32 = 1;
/// No ceremony over BN254 has more: its field has a root of unity of order 2^28.
const MOST_POWER: u32 = 28;
/// Points that are read at a time.
const CHUNK: usize = 1 << 16;
/// Bytes of a contribution before its parameters: five points, a key of three secrets, the state of a hash, a hash,
/// two numbers.
const CONTRIBUTION: usize = (3 * 64 + 2 * 128) + 3 * (2 * 64 + 128) + 216 + 64 + 8;
/// Bytes of a contribution's parameters: names and a beacon.
const MOST_PARAMETERS: u32 = 1 << 12;
/// Bytes of section 7, bounding what is read at once; public ceremonies have some hundred contributions.
const MOST_CONTRIBUTIONS: u64 = 1 << 26;

mod section {
    pub(super) const HEADER: u32 = 1;
    pub(super) const G1: u32 = 2;
    pub(super) const G2: u32 = 3;
    pub(super) const CONTRIBUTIONS: u32 = 7;
    pub(super) const LAGRANGE: u32 = 12;
}

/// An open file.
#[derive(Debug)]
pub struct PtauFile {
    path: PathBuf,
    file: BufReader<File>,
    table: Table,
    power: u32,
}

/// Somebody's part in the ceremony.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// What they called it; not checked by anything.
    pub name: Option<String>,
    /// Whether it is a public beacon.
    pub beacon: bool,
    /// BLAKE2b of what the next one starts from, 64 bytes: what snarkjs calls the next challenge.
    pub next_challenge: [u8; 64],
}

/// What a universal set-up of size `2^k` consists of. Its points are consistent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Powers {
    /// Its size, as a power of two.
    pub k: u32,
    /// `tau^i G1` for `i < 2^k`.
    pub g1: Vec<G1Affine>,
    /// `L_i(tau) G1` for the Lagrange polynomials of the domain of ark-bn254's root of unity of order `2^k`.
    pub lagrange: Vec<G1Affine>,
    /// `G2`, `tau G2`.
    pub g2: [G2Affine; 2],
}

impl PtauFile {
    /// Opens a file and checks its header and the lengths of its sections against each other.
    ///
    /// # Errors
    /// [`KeyError::File`] when it is none, over another curve, truncated, or not prepared for phase 2.
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        let open = || -> Result<Self, FormatError> {
            let mut file = BufReader::with_capacity(1 << 18, File::open(path)?);
            let table = Table::read(&mut file, MAGIC, VERSION)?;
            let header = table.exact(section::HEADER, 44)?;
            let bytes = read(&mut file, header)?;
            let mut cursor = Cursor::new(&bytes, "header");
            cursor.field::<Fq>("base field")?;
            let (power, ceremony) = (cursor.u32()?, cursor.u32()?);
            cursor.finish()?;
            if !(1..=MOST_POWER).contains(&power) || ceremony < power {
                let expected = format!("1 to {MOST_POWER}, at most the ceremony's {ceremony}");
                return Err(value("power", expected, power));
            }
            let size = 1u64 << power;
            table.exact(section::G1, (2 * size - 1) * 64)?;
            table.exact(section::G2, size * 128)?;
            if !table.sections.iter().any(|s| s.id == section::LAGRANGE) {
                let expected = "a file that `snarkjs powersoftau prepare phase2` made";
                return Err(value("section 12", expected, "none"));
            }
            // Those of every domain up to 2^(p+1).
            table.exact(section::LAGRANGE, (4 * size - 1) * 64)?;
            table.only(section::CONTRIBUTIONS)?;
            Ok(Self { path: path.to_owned(), file, table, power })
        };
        open().map_err(KeyError::at(path))
    }

    /// The largest `k` that it has a set-up of size `2^k` for.
    #[must_use]
    pub const fn power(&self) -> u32 {
        self.power
    }

    /// Who contributed, first to last.
    ///
    /// # Errors
    /// [`KeyError::File`] when the section is not well-formed.
    pub fn contributions(&mut self) -> Result<Vec<Contribution>, KeyError> {
        let path = self.path.clone();
        self.read_contributions().map_err(KeyError::at(&path))
    }

    /// BLAKE2b of the whole file, 64 bytes: what lists of ceremonies' files name. `None` once `stop` is raised.
    ///
    /// # Errors
    /// [`KeyError::File`] when it cannot be read.
    pub fn blake2b(&mut self, stop: &AtomicBool) -> Result<Option<[u8; 64]>, KeyError> {
        let path = self.path.clone();
        self.read_blake2b(stop).map_err(KeyError::at(&path))
    }

    /// Reads and checks what a set-up of size `2^k` needs. `None` once `stop` is raised.
    ///
    /// # Errors
    /// [`KeyError::File`] when the file is too small, or has a point that is none or not what it should be.
    pub fn powers(
        &mut self,
        k: u32,
        rng: &mut dyn CryptoRngCore,
        stop: &AtomicBool,
    ) -> Result<Option<Powers>, KeyError> {
        let path = self.path.clone();
        self.read_powers(k, rng, stop).map_err(KeyError::at(&path))
    }

    fn read_blake2b(&mut self, stop: &AtomicBool) -> Result<Option<[u8; 64]>, FormatError> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut hash = blake2b_simd::State::new();
        let mut buffer = vec![0; CHUNK * G1Affine::BYTES];
        loop {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            match self.file.read(&mut buffer)? {
                0 => return Ok(Some(*hash.finalize().as_array())),
                read => hash.update(&buffer[..read]),
            };
        }
    }

    fn read_contributions(&mut self) -> Result<Vec<Contribution>, FormatError> {
        let section = self.table.only(section::CONTRIBUTIONS)?;
        if section.len > MOST_CONTRIBUTIONS {
            let expected = format!("at most {MOST_CONTRIBUTIONS} bytes");
            return Err(value("length of the contributions", expected, section.len));
        }
        let bytes = read(&mut self.file, section)?;
        let mut cursor = Cursor::new(&bytes, "contributions");
        let count = cursor.u32()?;
        let most = cursor.left() / CONTRIBUTION;
        if count as usize > most {
            return Err(value("number of contributions", format!("at most {most}"), count));
        }
        let mut contributions = Vec::with_capacity(count as usize);
        for _ in 0..count {
            cursor.take(CONTRIBUTION - 64 - 8)?;
            let mut next_challenge = [0; 64];
            next_challenge.copy_from_slice(cursor.take(64)?);
            let kind = cursor.u32()?;
            if kind > 1 {
                return Err(value("kind of a contribution", "0 or 1 (a beacon)", kind));
            }
            let parameters = cursor.u32()?;
            if parameters > MOST_PARAMETERS {
                let expected = format!("at most {MOST_PARAMETERS} bytes");
                return Err(value("parameters of a contribution", expected, parameters));
            }
            let name = name(cursor.take(parameters as usize)?);
            contributions.push(Contribution { name, beacon: kind == 1, next_challenge });
        }
        cursor.finish()?;
        Ok(contributions)
    }

    fn read_powers(
        &mut self,
        k: u32,
        rng: &mut dyn CryptoRngCore,
        stop: &AtomicBool,
    ) -> Result<Option<Powers>, FormatError> {
        if !(1..=self.power).contains(&k) {
            let expected = format!("at least {k}: a file of a larger ceremony is needed");
            return Err(value("power", expected, self.power));
        }
        let size = 1usize << k;
        let mut points = |id, from, count| self.points::<G1Affine>(id, from, count, stop);
        let Some(g1) = points(section::G1, 0, size)? else { return Ok(None) };
        // The domains lie one after the other, 2^0 first.
        let Some(lagrange) = points(section::LAGRANGE, size as u64 - 1, size)? else {
            return Ok(None);
        };
        let Some(g2) = self.points::<G2Affine>(section::G2, 0, 2, stop)? else { return Ok(None) };
        let powers = Powers { k, g1, lagrange, g2: [g2[0], g2[1]] };
        powers.check(rng)?;
        Ok(Some(powers))
    }

    /// Points `from..from + count` of a section, each on its curve and in its subgroup.
    fn points<P: Point>(
        &mut self,
        id: u32,
        from: u64,
        count: usize,
        stop: &AtomicBool,
    ) -> Result<Option<Vec<P>>, FormatError> {
        let section = self.table.only(id)?;
        let end = (from + count as u64) * P::BYTES as u64;
        if end > section.len {
            return Err(FormatError::SectionLength { id, expected: end, got: section.len });
        }
        self.file.seek(SeekFrom::Start(section.start + from * P::BYTES as u64))?;
        // The section is within the file, so this is no more than the file's own length.
        let mut points = Vec::with_capacity(count);
        let mut buffer = vec![0; count.min(CHUNK) * P::BYTES];
        while points.len() < count {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let n = (count - points.len()).min(CHUNK);
            let bytes = &mut buffer[..n * P::BYTES];
            self.file.read_exact(bytes)?;
            let first = from + points.len() as u64;
            let read: Result<Vec<P>, FormatError> = bytes
                .par_chunks_exact(P::BYTES)
                .enumerate()
                .map(|(i, bytes)| point(id, first + i as u64, bytes))
                .collect();
            points.append(&mut read?);
        }
        Ok(Some(points))
    }
}

impl Powers {
    /// Fails unless the points are powers of one tau that is neither 0 nor 1, and the Lagrange polynomials at it.
    fn check(&self, rng: &mut dyn CryptoRngCore) -> Result<(), FormatError> {
        let wrong = |id, index, expected| Err(FormatError::Point { id, index, expected });
        if self.g1[0] != G1Affine::generator() {
            return wrong(section::G1, 0, "that is the generator of G1");
        }
        if self.g2[0] != G2Affine::generator() {
            return wrong(section::G2, 0, "that is the generator of G2");
        }
        if self.g2[1].is_zero() || self.g2[1] == self.g2[0] {
            return wrong(section::G2, 1, "that is tau times the generator, tau neither 0 nor 1");
        }
        // sum r_i tau^(i+1) = tau sum r_i tau^i for random r_i, in the exponent: e(left, G2) = e(right, tau G2).
        let mut ratios = |points: usize| {
            let r: Vec<Fr> = (1..points).map(|_| Fr::from(rng.gen::<u128>())).collect();
            let left = msm(&self.g1[1..points], &r);
            let right = msm(&self.g1[..r.len()], &r);
            let g2 = [self.g2[0], self.g2[1]];
            Bn254::multi_pairing([left, -right].map(|p| p.into_affine()), g2).is_zero()
        };
        if let Some(index) = first_wrong(self.g1.len(), &mut ratios) {
            return wrong(section::G1, index, "that is tau times the one before");
        }
        // A random polynomial at tau, by its values and by its coefficients.
        let n = self.lagrange.len();
        let domain = Radix2EvaluationDomain::<Fr>::new(n)
            .ok_or_else(|| value("domain", "a power of two", n))?;
        let mut polynomials = |points: usize| {
            let mut values: Vec<Fr> = (0..points).map(|_| Fr::rand(rng)).collect();
            let by_values = msm(&self.lagrange[..points], &values);
            values.resize(n, Fr::zero());
            domain.ifft_in_place(&mut values);
            by_values == msm(&self.g1, &values)
        };
        if let Some(index) = first_wrong(n, &mut polynomials) {
            // After those of the smaller domains.
            let index = index + n as u64 - 1;
            return wrong(section::LAGRANGE, index, "that is a Lagrange polynomial at tau");
        }
        Ok(())
    }
}

/// The index of the first of `n` points that is wrong, if one is. `holds(m)` says whether the first `m` are
/// right; it is asked once where all are.
fn first_wrong(n: usize, holds: &mut impl FnMut(usize) -> bool) -> Option<u64> {
    if holds(n) {
        return None;
    }
    let (mut right, mut wrong) = (0, n);
    while wrong - right > 1 {
        let middle = usize::midpoint(right, wrong);
        if holds(middle) {
            right = middle;
        } else {
            wrong = middle;
        }
    }
    Some(right as u64)
}

fn msm(points: &[G1Affine], scalars: &[Fr]) -> G1Projective {
    G1Projective::msm_unchecked(points, scalars)
}

fn point<P: Point>(id: u32, index: u64, bytes: &[u8]) -> Result<P, FormatError> {
    let fault = |fault| {
        let expected = match fault {
            Fault::NonCanonical => "with coordinates below the modulus",
            Fault::OffCurve => "on its curve",
            Fault::OffSubgroup => "in its subgroup",
        };
        FormatError::Point { id, index, expected }
    };
    let point = P::decode_unchecked(bytes).map_err(fault)?;
    point.check_group().map_err(fault)?;
    Ok(point)
}

/// The whole of a section whose length was checked.
fn read(file: &mut (impl Read + Seek), section: Section) -> Result<Vec<u8>, FormatError> {
    file.seek(SeekFrom::Start(section.start))?;
    let mut bytes = Vec::new();
    file.by_ref().take(section.len).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The name among a contribution's parameters: 1, its length, its text. Others follow.
fn name(parameters: &[u8]) -> Option<String> {
    let (&[1, length], rest) = parameters.split_first_chunk()? else { return None };
    let text = String::from_utf8_lossy(rest.get(..usize::from(length))?).into_owned();
    let shown = text.chars().filter(|c| !c.is_control()).collect::<String>();
    Some(shown).filter(|name| !name.is_empty())
}
