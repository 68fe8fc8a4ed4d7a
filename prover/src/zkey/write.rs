//! Writing, in snarkjs's order of sections, without seeking.

use std::io::{self, Write};

use ark_bn254::{Fq, Fr};
use meed_circuits::r1cs::matrix::Matrices;
use meed_verifier::INPUTS;
use rayon::prelude::*;

use super::points::Point;
use super::{section, Coefficients, MAGIC, PROTOCOL, VERSION};
use crate::binfile::{write_field, write_head, write_section};
use crate::key::ProvingKey;

/// Points that are encoded at a time.
const CHUNK: usize = 1 << 15;

/// Writes `key`, with the coefficients of `matrices` and no contributions.
pub(crate) fn write(key: &ProvingKey, matrices: &Matrices, to: &mut impl Write) -> io::Result<()> {
    let points = key.points();
    let vk = &points.vk;
    write_head(to, MAGIC, VERSION, 11)?;

    write_section(to, section::PROTOCOL, 4)?;
    to.write_all(&PROTOCOL.to_le_bytes())?;

    write_section(to, section::HEADER, 2 * 36 + 3 * 4 + 3 * 64 + 3 * 128)?;
    write_field::<Fq>(to)?;
    write_field::<Fr>(to)?;
    for n in [points.a_query.len(), INPUTS, points.h_query.len()] {
        to.write_all(&count(n)?.to_le_bytes())?;
    }
    write_points(to, &[vk.alpha_g1, points.beta_g1])?;
    write_points(to, &[vk.beta_g2, vk.gamma_g2])?;
    write_points(to, &[points.delta_g1])?;
    write_points(to, &[vk.delta_g2])?;

    point_section(to, section::IC, &vk.gamma_abc_g1)?;

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

fn point_section<P: Point>(to: &mut impl Write, id: u32, points: &[P]) -> io::Result<()> {
    write_section(to, id, (points.len() * P::BYTES) as u64)?;
    write_points(to, points)
}

fn write_points<P: Point>(to: &mut impl Write, points: &[P]) -> io::Result<()> {
    let mut bytes = Vec::new();
    for chunk in points.chunks(CHUNK) {
        bytes.resize(chunk.len() * P::BYTES, 0);
        bytes.par_chunks_exact_mut(P::BYTES).zip(chunk).for_each(|(to, p)| p.encode(to));
        to.write_all(&bytes)?;
    }
    Ok(())
}

fn count(n: usize) -> io::Result<u32> {
    u32::try_from(n).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("{n} does not fit into 32 bits"))
    })
}
