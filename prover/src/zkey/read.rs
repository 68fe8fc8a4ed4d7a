//! Reading: one pass over the file, hashed on the way, sections in whatever order they lie.

use std::io::{Read, Seek, SeekFrom};

use ark_bn254::{Bn254, Fq, Fr, G1Affine, G2Affine};
use meed_circuits::r1cs::matrix::Matrices;
use meed_verifier::INPUTS;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::coefficients::{describe, ENTRY};
use super::points::{Fault, Point};
use super::{section, Coefficients, MAGIC, PROTOCOL, VERSION};
use crate::binfile::{read_small, Cursor, Section, Table};
use crate::error::{same, value, FormatError};
use crate::key::{CircuitId, Hex32, KeyInfo};

/// Bytes that are read, hashed and parsed at a time.
const CHUNK: usize = 1 << 22;
/// Section 2: two fields, three counts, three points in each group.
const HEADER_BYTES: u64 = 2 * 36 + 3 * 4 + 3 * 64 + 3 * 128;

/// What to check while reading.
pub(crate) enum Checks<'a> {
    /// Coordinates below the modulus only; the caller compares the file's digest with that of a
    /// file whose points were checked or computed.
    Digest,
    /// Every point on its curve and in its subgroup, and the coefficients equal to these.
    Full(&'a Matrices),
}

/// What a file holds.
pub(crate) struct Contents {
    /// The points; nothing about them is known but what [`Checks`] says.
    pub(crate) points: ark_groth16::ProvingKey<Bn254>,
    /// Our metadata, where there is any.
    pub(crate) info: Option<KeyInfo>,
    /// Contributions to the ceremony's second phase.
    pub(crate) contributions: u32,
    /// SHA-256 of the whole file.
    pub(crate) sha256: Hex32,
}

/// The counts in section 2.
struct Header {
    bytes: Vec<u8>,
    wires: u64,
    domain: u64,
}

/// Reads one file.
pub(crate) struct Reader<'a, R> {
    file: R,
    hash: Sha256,
    checks: Checks<'a>,
    buffer: Vec<u8>,
}

impl<'a, R: Read + Seek> Reader<'a, R> {
    pub(crate) fn new(file: R, checks: Checks<'a>) -> Self {
        Self { file, hash: Sha256::new(), checks, buffer: Vec::new() }
    }

    /// Reads a key for `circuit`. No allocation exceeds what the file's own length justifies.
    pub(crate) fn read(mut self, circuit: &CircuitId) -> Result<Contents, FormatError> {
        let table = Table::read(&mut self.file, MAGIC, VERSION)?;
        let protocol = read_small(&mut self.file, table.exact(section::PROTOCOL, 4)?)?;
        same("protocol", PROTOCOL, Cursor::new(&protocol, "protocol").u32()?)?;
        let header = self.header(&table, circuit)?;
        let info = self.metadata(&table)?;
        let contributions = self.contributions(&table)?;
        for (id, len) in [
            (section::IC, (INPUTS as u64 + 1) * 64),
            (section::A, header.wires * 64),
            (section::B1, header.wires * 64),
            (section::B2, header.wires * 128),
            (section::L, (header.wires - INPUTS as u64 - 1) * 64),
            (section::H, header.domain * 64),
        ] {
            table.exact(id, len)?;
        }
        table.only(section::COEFFICIENTS)?;

        let mut points = self.header_points(&header)?;
        self.file.seek(SeekFrom::Start(0))?;
        let mut at = 0;
        for section in &table.sections {
            // The header of the file or of the section.
            self.skip(section.start - at)?;
            at = section.start + section.len;
            match section.id {
                section::IC => points.vk.gamma_abc_g1 = self.points(section)?,
                section::A => points.a_query = self.points(section)?,
                section::B1 => points.b_g1_query = self.points(section)?,
                section::B2 => points.b_g2_query = self.points(section)?,
                section::L => points.l_query = self.points(section)?,
                section::H => points.h_query = self.points(section)?,
                section::COEFFICIENTS => self.coefficients(section)?,
                section::HEADER => {
                    // Counts were taken before; the hash must be of the same bytes.
                    let mut again = vec![0; header.bytes.len()];
                    self.file.read_exact(&mut again)?;
                    self.hash.update(&again);
                    if again != header.bytes {
                        return Err(value("header", "the same when read again", "another"));
                    }
                }
                _ => self.skip(section.len)?,
            }
        }
        let sha256 = <[u8; 32]>::from(self.hash.finalize()).into();
        Ok(Contents { points, info, contributions, sha256 })
    }

    /// Curve and counts, which must be those of the circuit.
    fn header(&mut self, table: &Table, circuit: &CircuitId) -> Result<Header, FormatError> {
        let bytes = read_small(&mut self.file, table.exact(section::HEADER, HEADER_BYTES)?)?;
        let mut cursor = Cursor::new(&bytes, "header");
        cursor.field::<Fq>("base field")?;
        cursor.field::<Fr>("scalar field")?;
        let (wires, public, domain) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
        same("public inputs", INPUTS as u64, u64::from(public))?;
        same("public inputs of the circuit", INPUTS + 1, circuit.instance)?;
        // Counts of a circuit may come from a file too: sums that overflow match no header.
        let expected = (circuit.instance as u64).saturating_add(circuit.witness as u64);
        same("wires", expected, u64::from(wires))?;
        let rows = (circuit.constraints as u64).saturating_add(circuit.instance as u64);
        let expected = rows.checked_next_power_of_two().unwrap_or(u64::MAX);
        same("domain size", expected, u64::from(domain))?;
        Ok(Header { wires: u64::from(wires), domain: u64::from(domain), bytes })
    }

    fn metadata(&mut self, table: &Table) -> Result<Option<KeyInfo>, FormatError> {
        if table.sections.iter().all(|s| s.id != section::METADATA) {
            return Ok(None);
        }
        let bytes = read_small(&mut self.file, table.only(section::METADATA)?)?;
        Ok(Some(serde_json::from_slice(&bytes)?))
    }

    fn contributions(&mut self, table: &Table) -> Result<u32, FormatError> {
        let section = table.only(section::CONTRIBUTIONS)?;
        let head = Section { len: section.len.min(68), ..section };
        let bytes = read_small(&mut self.file, head)?;
        let mut cursor = Cursor::new(&bytes, "contributions");
        cursor.take(64)?;
        cursor.u32()
    }

    /// The points of section 2, in a key whose other parts are empty.
    fn header_points(
        &self,
        header: &Header,
    ) -> Result<ark_groth16::ProvingKey<Bn254>, FormatError> {
        let (_, points) = header.bytes.split_at(2 * 36 + 3 * 4);
        let (alpha_g1, points) = points.split_at(64);
        let (beta_g1, points) = points.split_at(64);
        let (beta_g2, points) = points.split_at(128);
        let (gamma_g2, points) = points.split_at(128);
        let (delta_g1, delta_g2) = points.split_at(64);
        let g1 = |bytes, i| self.point::<G1Affine>(section::HEADER, i, bytes);
        let g2 = |bytes, i| self.point::<G2Affine>(section::HEADER, i, bytes);
        Ok(ark_groth16::ProvingKey {
            vk: ark_groth16::VerifyingKey {
                alpha_g1: g1(alpha_g1, 0)?,
                beta_g2: g2(beta_g2, 2)?,
                gamma_g2: g2(gamma_g2, 3)?,
                delta_g2: g2(delta_g2, 5)?,
                gamma_abc_g1: Vec::new(),
            },
            beta_g1: g1(beta_g1, 1)?,
            delta_g1: g1(delta_g1, 4)?,
            a_query: Vec::new(),
            b_g1_query: Vec::new(),
            b_g2_query: Vec::new(),
            h_query: Vec::new(),
            l_query: Vec::new(),
        })
    }

    /// One point, with the checks that were asked for.
    fn point<P: Point>(&self, id: u32, index: u64, bytes: &[u8]) -> Result<P, FormatError> {
        decode(matches!(self.checks, Checks::Full(_)), id, index, bytes)
    }

    /// A section of points; its length has been checked against the header and the file.
    fn points<P: Point>(&mut self, section: &Section) -> Result<Vec<P>, FormatError> {
        let full = matches!(self.checks, Checks::Full(_));
        let count = (section.len / P::BYTES as u64) as usize;
        let mut points = vec![P::zero(); count];
        let per_chunk = CHUNK / P::BYTES;
        for (k, to) in points.chunks_mut(per_chunk).enumerate() {
            let buffer = self.next(to.len() * P::BYTES)?;
            let (hash, bytes) = (&mut self.hash, &buffer[..]);
            let first = (k * per_chunk) as u64;
            let ((), result) = rayon::join(
                || hash.update(bytes),
                || {
                    to.par_iter_mut()
                        .zip(bytes.par_chunks_exact(P::BYTES))
                        .enumerate()
                        .with_min_len(64)
                        .map(|(i, (to, bytes))| {
                            decode(full, section.id, first + i as u64, bytes).map(|p| *to = p)
                        })
                        .find_first(Result::is_err)
                },
            );
            result.unwrap_or(Ok(()))?;
            self.buffer = buffer;
        }
        Ok(points)
    }

    /// Section 4: compared with the circuit's, or hashed only, since proving does not use it.
    fn coefficients(&mut self, section: &Section) -> Result<(), FormatError> {
        let Checks::Full(matrices) = self.checks else { return self.skip(section.len) };
        let expected = Coefficients::new(matrices);
        crate::binfile::check_len(section.id, expected.section_len(), section.len)?;
        let count = self.next(4)?;
        self.hash.update(&count);
        let count = Cursor::new(&count, "coefficients").u32()?;
        same("coefficients", expected.count() as u64, u64::from(count))?;
        let mut entries = expected.entries();
        let mut left = expected.count();
        while left > 0 {
            let now = left.min(CHUNK / ENTRY);
            let bytes = self.next(now * ENTRY)?;
            self.hash.update(&bytes);
            left -= now;
            for (got, want) in bytes.chunks_exact(ENTRY).zip(&mut entries) {
                if got != want {
                    return Err(value("coefficient", describe(&want), describe(got)));
                }
            }
            self.buffer = bytes;
        }
        Ok(())
    }

    /// The next `len` bytes, at most [`CHUNK`]; not hashed yet.
    fn next(&mut self, len: usize) -> Result<Vec<u8>, FormatError> {
        let mut bytes = std::mem::take(&mut self.buffer);
        bytes.resize(len, 0);
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Hashes `len` bytes and forgets them.
    fn skip(&mut self, mut len: u64) -> Result<(), FormatError> {
        while len > 0 {
            let now = len.min(CHUNK as u64) as usize;
            let bytes = self.next(now)?;
            self.hash.update(&bytes);
            self.buffer = bytes;
            len -= now as u64;
        }
        Ok(())
    }
}

fn decode<P: Point>(full: bool, id: u32, index: u64, bytes: &[u8]) -> Result<P, FormatError> {
    let fault = |fault| FormatError::Point {
        id,
        index,
        expected: match fault {
            Fault::NonCanonical => "with coordinates below the modulus",
            Fault::OffCurve => "on the curve",
            Fault::OffSubgroup => "in the subgroup of order r",
        },
    };
    let point = P::decode_unchecked(bytes).map_err(fault)?;
    if full {
        point.check_group().map_err(fault)?;
    }
    Ok(point)
}
