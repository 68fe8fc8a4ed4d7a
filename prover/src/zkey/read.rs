//! Reading: a whole file, checked and hashed in one pass, sections in whatever order they lie; or
//! what a map of it holds.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

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
use crate::key::{CircuitId, Hex32, KeyInfo, KeyPoints};
use crate::map::FileMap;
use crate::points::{Packed, PackedG1, PointVec};

/// Bytes that are read, hashed and parsed at a time.
const CHUNK: usize = 1 << 22;
/// Section 2: two fields, three counts, three points in each group.
const HEADER_BYTES: u64 = 2 * 36 + 3 * 4 + 3 * 64 + 3 * 128;

/// What a file holds.
pub(crate) struct Contents {
    /// The verifying key's points.
    pub(crate) vk: ark_groth16::VerifyingKey<Bn254>,
    /// The other points.
    pub(crate) points: KeyPoints,
    /// Our metadata, where there is any.
    pub(crate) info: Option<KeyInfo>,
    /// Contributions to the ceremony's second phase.
    pub(crate) contributions: u32,
}

/// All that is small, and where the sections are.
struct Layout {
    table: Table,
    header: Vec<u8>,
    info: Option<KeyInfo>,
    contributions: u32,
}

impl Layout {
    /// Reads what a key for `circuit` has; every section is found to be there once and to have the
    /// length that the circuit's counts ask for.
    fn read(file: &mut (impl Read + Seek), circuit: &CircuitId) -> Result<Self, FormatError> {
        let table = Table::read(file, MAGIC, VERSION)?;
        let protocol = read_small(file, table.exact(section::PROTOCOL, 4)?)?;
        same("protocol", PROTOCOL, Cursor::new(&protocol, "protocol").u32()?)?;
        let header = read_small(file, table.exact(section::HEADER, HEADER_BYTES)?)?;
        let (wires, domain) = counts(&header, circuit)?;
        let info = metadata(file, &table)?;
        let contributions = contributions(file, &table)?;
        for (id, len) in [
            (section::IC, (INPUTS as u64 + 1) * 64),
            (section::A, wires * 64),
            (section::B1, wires * 64),
            (section::B2, wires * 128),
            (section::L, (wires - INPUTS as u64 - 1) * 64),
            (section::H, domain * 64),
        ] {
            table.exact(id, len)?;
        }
        table.only(section::COEFFICIENTS)?;
        Ok(Self { table, header, info, contributions })
    }

    /// The points of section 2; those of the other sections are left empty.
    fn points(
        &self,
        full: bool,
    ) -> Result<(ark_groth16::VerifyingKey<Bn254>, KeyPoints), FormatError> {
        let (_, points) = self.header.split_at(2 * 36 + 3 * 4);
        let (alpha_g1, points) = points.split_at(64);
        let (beta_g1, points) = points.split_at(64);
        let (beta_g2, points) = points.split_at(128);
        let (gamma_g2, points) = points.split_at(128);
        let (delta_g1, delta_g2) = points.split_at(64);
        let g1 = |bytes, i| decode::<G1Affine>(full, section::HEADER, i, bytes);
        let g2 = |bytes, i| decode::<G2Affine>(full, section::HEADER, i, bytes);
        let vk = ark_groth16::VerifyingKey {
            alpha_g1: g1(alpha_g1, 0)?,
            beta_g2: g2(beta_g2, 2)?,
            gamma_g2: g2(gamma_g2, 3)?,
            delta_g2: g2(delta_g2, 5)?,
            gamma_abc_g1: Vec::new(),
        };
        let points = KeyPoints {
            beta_g1: g1(beta_g1, 1)?,
            delta_g1: g1(delta_g1, 4)?,
            a_query: PointVec::default(),
            b_g1_query: PointVec::default(),
            b_g2_query: PointVec::default(),
            h_query: PointVec::default(),
            l_query: PointVec::default(),
        };
        Ok((vk, points))
    }
}

/// Curve and counts, which must be those of the circuit. Returns wires and domain.
fn counts(header: &[u8], circuit: &CircuitId) -> Result<(u64, u64), FormatError> {
    let mut cursor = Cursor::new(header, "header");
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
    Ok((u64::from(wires), u64::from(domain)))
}

fn metadata(file: &mut (impl Read + Seek), table: &Table) -> Result<Option<KeyInfo>, FormatError> {
    if table.sections.iter().all(|s| s.id != section::METADATA) {
        return Ok(None);
    }
    let bytes = read_small(file, table.only(section::METADATA)?)?;
    Ok(Some(serde_json::from_slice(&bytes)?))
}

fn contributions(file: &mut (impl Read + Seek), table: &Table) -> Result<u32, FormatError> {
    let section = table.only(section::CONTRIBUTIONS)?;
    let head = Section { len: section.len.min(68), ..section };
    let bytes = read_small(file, head)?;
    let mut cursor = Cursor::new(&bytes, "contributions");
    cursor.take(64)?;
    cursor.u32()
}

impl Contents {
    /// What a mapped file holds, for `circuit`. The caller has compared the file's digest with that
    /// of a file whose points were computed or checked, so the points stay where they are and are not
    /// looked at.
    pub(crate) fn of_map(map: &Arc<FileMap>, circuit: &CircuitId) -> Result<Self, FormatError> {
        let layout = Layout::read(&mut io::Cursor::new(&map[..]), circuit)?;
        let (mut vk, mut points) = layout.points(false)?;
        for (index, point) in (0..).zip(&*mapped::<PackedG1>(map, &layout.table, section::IC)?) {
            vk.gamma_abc_g1.push(decode(false, section::IC, index, point.as_bytes())?);
        }
        points.a_query = mapped(map, &layout.table, section::A)?;
        points.b_g1_query = mapped(map, &layout.table, section::B1)?;
        points.b_g2_query = mapped(map, &layout.table, section::B2)?;
        points.l_query = mapped(map, &layout.table, section::L)?;
        points.h_query = mapped(map, &layout.table, section::H)?;
        // Half of the file, and proving does not use it: its pages were read for the digest only.
        map.release(stretch(&layout.table.only(section::COEFFICIENTS)?).unwrap_or_default());
        Ok(Self { vk, points, info: layout.info, contributions: layout.contributions })
    }
}

/// Where a section lies in memory; a map that is too long for that was never made.
fn stretch(section: &Section) -> Option<Range<usize>> {
    let start = usize::try_from(section.start).ok()?;
    Some(start..start.checked_add(usize::try_from(section.len).ok()?)?)
}

/// A section of points, where it lies.
fn mapped<P: Packed>(
    map: &Arc<FileMap>,
    table: &Table,
    id: u32,
) -> Result<PointVec<P>, FormatError> {
    stretch(&table.only(id)?)
        .and_then(|bytes| PointVec::mapped(map, bytes))
        .ok_or_else(|| value("section", "within the file, of whole points", id))
}

/// Reads one file: every point must be on its curve and in its subgroup.
pub(crate) struct Reader<'a, R> {
    file: R,
    hash: Sha256,
    matrices: &'a Matrices,
    buffer: Vec<u8>,
}

impl<'a, R: Read + Seek> Reader<'a, R> {
    /// The coefficients must be those of `matrices`.
    pub(crate) fn new(file: R, matrices: &'a Matrices) -> Self {
        Self { file, hash: Sha256::new(), matrices, buffer: Vec::new() }
    }

    /// Reads a key for `circuit`, and SHA-256 of the whole file: what is hashed are the bytes that
    /// were checked. No allocation exceeds what the file's own length justifies.
    pub(crate) fn read(mut self, circuit: &CircuitId) -> Result<(Contents, Hex32), FormatError> {
        let layout = Layout::read(&mut self.file, circuit)?;
        let (mut vk, mut points) = layout.points(true)?;
        self.file.seek(SeekFrom::Start(0))?;
        let mut at = 0;
        for section in &layout.table.sections {
            // The header of the file or of the section.
            self.skip(section.start - at)?;
            at = section.start + section.len;
            match section.id {
                section::IC => {
                    let ic: Vec<PackedG1> = self.points(section)?;
                    vk.gamma_abc_g1 = ic.iter().filter_map(Packed::to_affine).collect();
                }
                section::A => points.a_query = self.points(section)?.into(),
                section::B1 => points.b_g1_query = self.points(section)?.into(),
                section::B2 => points.b_g2_query = self.points(section)?.into(),
                section::L => points.l_query = self.points(section)?.into(),
                section::H => points.h_query = self.points(section)?.into(),
                section::COEFFICIENTS => self.coefficients(section)?,
                section::HEADER => {
                    // Counts were taken before; the hash must be of the same bytes.
                    let mut again = vec![0; layout.header.len()];
                    self.file.read_exact(&mut again)?;
                    self.hash.update(&again);
                    if again != layout.header {
                        return Err(value("header", "the same when read again", "another"));
                    }
                }
                _ => self.skip(section.len)?,
            }
        }
        let Layout { info, contributions, .. } = layout;
        let sha256 = <[u8; 32]>::from(self.hash.finalize()).into();
        Ok((Contents { vk, points, info, contributions }, sha256))
    }

    /// A section of points; its length has been checked against the header and the file.
    fn points<P: Packed>(&mut self, section: &Section) -> Result<Vec<P>, FormatError>
    where
        P::Affine: Point,
    {
        let size = size_of::<P>();
        let count = (section.len / size as u64) as usize;
        let mut points = vec![P::IDENTITY; count];
        let per_chunk = CHUNK / size;
        for (k, to) in points.chunks_mut(per_chunk).enumerate() {
            let buffer = self.next(size_of_val(to))?;
            let (hash, bytes) = (&mut self.hash, &buffer[..]);
            let first = (k * per_chunk) as u64;
            let ((), result) = rayon::join(
                || hash.update(bytes),
                || {
                    to.par_iter_mut()
                        .zip(bytes.par_chunks_exact(size))
                        .enumerate()
                        .with_min_len(64)
                        .map(|(i, (to, bytes))| {
                            decode(true, section.id, first + i as u64, bytes)
                                .map(|p| *to = P::pack(&p))
                        })
                        .find_first(Result::is_err)
                },
            );
            result.unwrap_or(Ok(()))?;
            self.buffer = buffer;
        }
        Ok(points)
    }

    /// Section 4: compared with the circuit's.
    fn coefficients(&mut self, section: &Section) -> Result<(), FormatError> {
        let expected = Coefficients::new(self.matrices);
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

/// A point with canonical coordinates; on its curve and in its subgroup if that is to be checked.
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
