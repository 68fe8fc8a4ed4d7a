//! Writing, in snarkjs's order of sections, without seeking.

use std::io::{self, Write};

use ark_bn254::{Fq, Fr};
use meed_circuits::r1cs::matrix::Matrices;
use meed_verifier::INPUTS;

use super::{section, Coefficients, MAGIC, PROTOCOL, VERSION};
use crate::binfile::{write_field, write_head, write_section};
use crate::key::ProvingKey;
use crate::points::{as_bytes, Packed, PackedG1, PackedG2};

/// Points that are written, and hashed on the way, at a time.
const CHUNK: usize = 1 << 14;

/// Writes `key`, with the coefficients of `matrices` and no contributions.
pub(crate) fn write(key: &ProvingKey, matrices: &Matrices, to: &mut impl Write) -> io::Result<()> {
    let points = key.points();
    let vk = key.verifying_key();
    write_head(to, MAGIC, VERSION, 11)?;

    write_section(to, section::PROTOCOL, 4)?;
    to.write_all(&PROTOCOL.to_le_bytes())?;

    write_section(to, section::HEADER, 2 * 36 + 3 * 4 + 3 * 64 + 3 * 128)?;
    write_field::<Fq>(to)?;
    write_field::<Fr>(to)?;
    for n in [points.a_query.len(), INPUTS, points.h_query.len()] {
        to.write_all(&count(n)?.to_le_bytes())?;
    }
    write_points(to, &[*vk.alpha(), points.beta_g1].map(PackedG1::from))?;
    write_points(to, &[*vk.beta(), *vk.gamma()].map(PackedG2::from))?;
    write_points(to, &[PackedG1::from(points.delta_g1)])?;
    write_points(to, &[PackedG2::from(*vk.delta())])?;

    point_section(to, section::IC, &vk.ic().map(PackedG1::from))?;

    let coefficients = Coefficients::new(matrices);
    write_section(to, section::COEFFICIENTS, coefficients.section_len())?;
    to.write_all(&count(coefficients.count())?.to_le_bytes())?;
    for entry in coefficients.entries() {
        to.write_all(&entry)?;
    }

    point_section(to, section::H, &points.h_query)?;
    point_section(to, section::L, &points.l_query)?;
    point_section(to, section::A, &points.a_query)?;
    point_section(to, section::B1, &points.b_g1_query)?;
    point_section(to, section::B2, &points.b_g2_query)?;

    write_section(to, section::CONTRIBUTIONS, 68)?;
    to.write_all(&[0; 68])?;
    write_metadata(key, to)
}

/// Writes our own section.
pub(crate) fn write_metadata(key: &ProvingKey, to: &mut impl Write) -> io::Result<()> {
    let json = serde_json::to_vec(key.info())?;
    write_section(to, section::METADATA, json.len() as u64)?;
    to.write_all(&json)
}

fn point_section<P: Packed>(to: &mut impl Write, id: u32, points: &[P]) -> io::Result<()> {
    write_section(to, id, size_of_val(points) as u64)?;
    write_points(to, points)
}

fn write_points<P: Packed>(to: &mut impl Write, points: &[P]) -> io::Result<()> {
    points.chunks(CHUNK).try_for_each(|chunk| to.write_all(as_bytes(chunk)))
}

fn count(n: usize) -> io::Result<u32> {
    u32::try_from(n).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("{n} does not fit into 32 bits"))
    })
}
