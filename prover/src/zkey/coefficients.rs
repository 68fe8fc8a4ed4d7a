//! Section 4: the coefficients of A and B, in the order in which snarkjs writes them.

use ark_bn254::Fr;
use ark_ff::{Field, PrimeField};
use meed_circuits::r1cs::matrix::Matrices;

use crate::binfile::{limbs_at, put_limbs, ELEMENT};

/// Bytes of an entry: matrix, row, wire, value.
pub(crate) const ENTRY: usize = 12 + ELEMENT;

/// The entries of a system. Row by row the terms of A, then those of B; at the end a one in A for
/// each column of the instance.
pub(crate) struct Coefficients<'a> {
    matrices: &'a Matrices,
    /// The interned coefficients times `2^512`.
    scaled: Vec<[u8; ELEMENT]>,
    one: [u8; ELEMENT],
}

impl<'a> Coefficients<'a> {
    pub(crate) fn new(matrices: &'a Matrices) -> Self {
        let scaled = matrices.coeffs.iter().map(scale).collect();
        Self { matrices, scaled, one: scale(&Fr::ONE) }
    }

    /// Number of entries.
    pub(crate) fn count(&self) -> usize {
        self.matrices.a.terms() + self.matrices.b.terms() + self.matrices.instance
    }

    /// Bytes of the section.
    pub(crate) fn section_len(&self) -> u64 {
        4 + (self.count() * ENTRY) as u64
    }

    /// The entries, encoded.
    pub(crate) fn entries(&self) -> impl Iterator<Item = [u8; ENTRY]> + use<'_, 'a> {
        let Self { matrices, .. } = self;
        let rows = matrices.constraints();
        let terms = (0..rows).flat_map(move |i| {
            let row = move |number: u32, terms: &'a [(u32, u32)]| {
                terms
                    .iter()
                    .map(move |&(wire, k)| entry(number, i as u32, wire, &self.scaled[k as usize]))
            };
            row(0, matrices.a.row(i)).chain(row(1, matrices.b.row(i)))
        });
        let instance = (0..matrices.instance as u32)
            .map(move |wire| entry(0, rows as u32 + wire, wire, &self.one));
        terms.chain(instance)
    }
}

fn entry(matrix: u32, row: u32, wire: u32, value: &[u8; ELEMENT]) -> [u8; ENTRY] {
    let mut bytes = [0; ENTRY];
    bytes[..4].copy_from_slice(&matrix.to_le_bytes());
    bytes[4..8].copy_from_slice(&row.to_le_bytes());
    bytes[8..12].copy_from_slice(&wire.to_le_bytes());
    bytes[12..].copy_from_slice(value);
    bytes
}

/// `c * 2^512 mod r`: the Montgomery form of what is already in Montgomery form.
fn scale(c: &Fr) -> [u8; ELEMENT] {
    let twice = Fr::from_bigint(c.0).expect("a Montgomery residue is below the modulus");
    let mut bytes = [0; ELEMENT];
    put_limbs(&mut bytes, &twice.0);
    bytes
}

/// An entry in words, for an error.
pub(crate) fn describe(entry: &[u8]) -> String {
    let word = |at: usize| {
        let mut word = [0; 4];
        word.copy_from_slice(&entry[at..at + 4]);
        u32::from_le_bytes(word)
    };
    let limbs = limbs_at(&entry[12..]);
    let value = if limbs < Fr::MODULUS {
        // Out of Montgomery form, twice.
        let once = Fr::new_unchecked(limbs).into_bigint();
        Fr::new_unchecked(once).into_bigint().to_string()
    } else {
        "not below the modulus".to_owned()
    };
    format!("matrix {} row {} wire {} value {value}", word(0), word(4), word(8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_described_by_their_value() {
        let text = describe(&entry(1, 2, 3, &scale(&Fr::from(77u64))));
        assert_eq!(text, "matrix 1 row 2 wire 3 value 77");
        assert!(describe(&[0xff; ENTRY]).ends_with("value not below the modulus"));
    }
}
