//! `.wtns`, version 2: an assignment. **It contains every secret of the epoch.**
//!
//! Section 1: field, number of values (u32). Section 2: the values, 32 bytes each, standard form,
//! the constant one first. Source: <https://github.com/iden3/snarkjs> writes and reads it so.

use std::io::{self, BufWriter, Write};

use ark_bn254::Fr;
use ark_ff::PrimeField;

use crate::binfile::{self, Cursor, Table, ELEMENT};
use crate::error::{value, FormatError};

const MAGIC: &str = "wtns";
const VERSION: u32 = 2;
const HEADER: u32 = 1;
const VALUES: u32 = 2;
const HEADER_BYTES: u64 = 4 + ELEMENT as u64 + 4;

/// Writes an assignment of all columns, without seeking.
///
/// # Errors
/// Those of the writer; `InvalidInput` when there are `2^32` values or more.
pub fn write_wtns(assignment: &[Fr], to: impl Write) -> io::Result<()> {
    let mut to = BufWriter::with_capacity(1 << 20, to);
    let count = u32::try_from(assignment.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "2^32 values or more"))?;
    binfile::write_head(&mut to, MAGIC, VERSION, 2)?;
    binfile::write_section(&mut to, HEADER, HEADER_BYTES)?;
    binfile::write_field::<Fr>(&mut to)?;
    to.write_all(&count.to_le_bytes())?;
    binfile::write_section(&mut to, VALUES, (ELEMENT * assignment.len()) as u64)?;
    for z in assignment {
        let mut bytes = [0; ELEMENT];
        binfile::put_limbs(&mut bytes, &z.into_bigint());
        to.write_all(&bytes)?;
    }
    to.flush()
}

/// Reads an assignment. Whether it satisfies anything is for the prover to check.
///
/// # Errors
/// [`FormatError`] for anything but a well-formed file over BN254's scalar field whose first value
/// is one.
pub fn read_wtns(bytes: &[u8]) -> Result<Vec<Fr>, FormatError> {
    let table = Table::read(&mut io::Cursor::new(bytes), MAGIC, VERSION)?;
    // The table has checked that sections lie within the file.
    let content =
        |section: binfile::Section| &bytes[section.start as usize..][..section.len as usize];
    let mut header = Cursor::new(content(table.exact(HEADER, HEADER_BYTES)?), "header");
    header.field::<Fr>("field")?;
    let count = header.u32()?;
    header.finish()?;
    let values = content(table.exact(VALUES, u64::from(count) * ELEMENT as u64)?);
    let values: Vec<Fr> = values
        .chunks_exact(ELEMENT)
        .zip(0u64..)
        .map(|(chunk, index)| {
            let error = FormatError::NonCanonical { what: "witness", index };
            Fr::from_bigint(binfile::limbs_at(chunk)).ok_or(error)
        })
        .collect::<Result<_, _>>()?;
    // The value itself stays out of the message: it may be a secret.
    match values.first() {
        Some(one) if *one == Fr::from(1u64) => Ok(values),
        Some(_) => Err(value("first value", 1, "another")),
        None => Err(value("first value", 1, "no values")),
    }
}
