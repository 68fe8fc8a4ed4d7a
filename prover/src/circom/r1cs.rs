//! `.r1cs`, version 1: the constraints.
//!
//! Section 1: field, wires, public outputs, public inputs, private inputs (u32 each), labels (u64),
//! constraints (u32). Section 2: for each constraint A, B, C, each as number of terms (u32), then
//! wire (u32) and coefficient (32 bytes, standard form). Section 3: a label (u64) for each wire.
//! Wire 0 is the constant one, then outputs, public inputs, and the rest. We write our three public
//! inputs as inputs, the whole witness as private inputs, and each wire's own number as its label.
//! Source: <https://github.com/iden3/r1csfile/blob/master/doc/r1cs_bin_format.md>.

use std::io::{self, BufWriter, Write};

use ark_bn254::Fr;
use ark_ff::PrimeField;
use meed_circuits::r1cs::matrix::{Matrices, MatrixBuilder, Sparse};

use crate::binfile::{self, Cursor, Table, ELEMENT};
use crate::error::{value, FormatError};

const MAGIC: &str = "r1cs";
const VERSION: u32 = 1;
const HEADER: u32 = 1;
const CONSTRAINTS: u32 = 2;
const LABELS: u32 = 3;
const HEADER_BYTES: u64 = 4 + ELEMENT as u64 + 4 * 4 + 8 + 4;
const TERM: usize = 4 + ELEMENT;

/// Writes `matrices`, without seeking. Rows are written as they are: sorted by column, each column
/// once, no zero coefficient.
///
/// # Errors
/// Those of the writer; `InvalidInput` when a count exceeds 32 bits.
pub fn write_r1cs(matrices: &Matrices, to: impl Write) -> io::Result<()> {
    let mut to = BufWriter::with_capacity(1 << 20, to);
    let count = |n: usize| {
        u32::try_from(n).map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("{n} does not fit into 32 bits"))
        })
    };
    let wires = matrices.columns();
    let rows = matrices.constraints();
    binfile::write_head(&mut to, MAGIC, VERSION, 3)?;

    binfile::write_section(&mut to, HEADER, HEADER_BYTES)?;
    binfile::write_field::<Fr>(&mut to)?;
    let public = matrices.instance - 1;
    for n in [wires, 0, public, matrices.witness] {
        to.write_all(&count(n)?.to_le_bytes())?;
    }
    to.write_all(&(wires as u64).to_le_bytes())?;
    to.write_all(&count(rows)?.to_le_bytes())?;

    let all = [&matrices.a, &matrices.b, &matrices.c];
    let terms: usize = all.map(Sparse::terms).iter().sum();
    binfile::write_section(&mut to, CONSTRAINTS, 12 * rows as u64 + (TERM * terms) as u64)?;
    let coeffs: Vec<[u8; ELEMENT]> = matrices
        .coeffs
        .iter()
        .map(|c| {
            let mut bytes = [0; ELEMENT];
            binfile::put_limbs(&mut bytes, &c.into_bigint());
            bytes
        })
        .collect();
    for i in 0..rows {
        for matrix in all {
            let row = matrix.row(i);
            to.write_all(&count(row.len())?.to_le_bytes())?;
            for &(column, k) in row {
                to.write_all(&column.to_le_bytes())?;
                to.write_all(&coeffs[k as usize])?;
            }
        }
    }

    binfile::write_section(&mut to, LABELS, 8 * wires as u64)?;
    for wire in 0..wires as u64 {
        to.write_all(&wire.to_le_bytes())?;
    }
    to.flush()
}

/// Reads constraints, for tests and audits. Terms may come in any order; a wire that occurs twice
/// in a row is refused, because tools disagree about what it means.
///
/// Memory grows with the bytes that are there, never with a count that they announce.
///
/// # Errors
/// [`FormatError`] for anything but a well-formed file over BN254's scalar field.
pub fn read_r1cs(bytes: &[u8]) -> Result<Matrices, FormatError> {
    let table = Table::read(&mut io::Cursor::new(bytes), MAGIC, VERSION)?;
    if let Some(custom) = table.sections.iter().find(|s| s.id > LABELS) {
        return Err(value("section", "1, 2 or 3 (no custom gates)", custom.id));
    }
    let content = |section: binfile::Section| {
        // The table has checked that sections lie within the file.
        &bytes[section.start as usize..][..section.len as usize]
    };

    let mut header = Cursor::new(content(table.exact(HEADER, HEADER_BYTES)?), "header");
    header.field::<Fr>("field")?;
    let wires = header.u32()?;
    let (outputs, inputs, private) = (header.u32()?, header.u32()?, header.u32()?);
    let _labels = header.u64()?;
    let constraints = header.u32()?;
    header.finish()?;
    let public = u64::from(outputs) + u64::from(inputs);
    let named = 1 + public + u64::from(private);
    if named > u64::from(wires) {
        return Err(value("wires", format!("at least {named}"), wires));
    }
    // Bounds the number of wires by the length of the file.
    table.exact(LABELS, 8 * u64::from(wires))?;

    let mut rows = Cursor::new(content(table.only(CONSTRAINTS)?), "constraints");
    let least = 12 * u64::from(constraints);
    if (rows.left() as u64) < least {
        let (what, got) = ("constraints", rows.left() as u64);
        return Err(FormatError::Truncated { what, expected: least, got });
    }
    let instance = 1 + public as usize;
    let mut builder = MatrixBuilder::new(instance);
    for _ in instance..wires as usize {
        builder.new_witness();
    }
    for row in 0..u64::from(constraints) {
        let a = read_row(&mut rows, wires, row)?;
        let b = read_row(&mut rows, wires, row)?;
        let c = read_row(&mut rows, wires, row)?;
        builder.enforce(&a, &b, &c);
    }
    rows.finish()?;
    Ok(builder.finish())
}

fn read_row(from: &mut Cursor<'_>, wires: u32, row: u64) -> Result<Vec<(u32, Fr)>, FormatError> {
    let count = from.u32()? as usize;
    let expected = count as u64 * TERM as u64;
    if (from.left() as u64) < expected {
        let (what, got) = ("terms of a constraint", from.left() as u64);
        return Err(FormatError::Truncated { what, expected, got });
    }
    let mut terms = Vec::with_capacity(count);
    for _ in 0..count {
        let wire = from.u32()?;
        if wire >= wires {
            return Err(value("wire of a term", format!("below {wires}"), wire));
        }
        let coeff = Fr::from_bigint(from.limbs()?)
            .ok_or(FormatError::NonCanonical { what: "coefficients of constraint", index: row })?;
        terms.push((wire, coeff));
    }
    let mut seen: Vec<u32> = terms.iter().map(|t| t.0).collect();
    seen.sort_unstable();
    if let Some(twice) = seen.windows(2).find(|w| w[0] == w[1]) {
        return Err(value("wire of a term", "each wire once in a row", twice[0]));
    }
    Ok(terms)
}
