//! The two proof systems, and their keys and proofs behind one set of types.

use crate::coding::{Reader, Writer};
use crate::error::VerifyError;
use core::fmt;

/// A proof system that a proof of an epoch can be made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum System {
    /// Groth16: 256 bytes, a set-up for each circuit.
    Groth16,
    /// halo2 with KZG: a few kilobytes, universal parameters.
    Halo2,
}

impl System {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Groth16, Self::Halo2];

    /// The name, as circuits' names have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Groth16 => "groth16",
            Self::Halo2 => "halo2",
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Groth16 => "Groth16",
            Self::Halo2 => "halo2",
        })
    }
}

/// Bytes of a magic.
const MAGIC: usize = 8;

/// Reads the magic of halo2's encodings.
pub(crate) fn magic(reader: &mut Reader<'_>, expected: &[u8; MAGIC]) -> Result<(), VerifyError> {
    if reader.bytes::<MAGIC>()? != expected {
        return Err(VerifyError::Magic);
    }
    Ok(())
}

/// Writes the magic; what follows is written by the returned writer.
pub(crate) fn envelope<'a>(bytes: &'a mut [u8], magic: &[u8; MAGIC]) -> Writer<'a> {
    // All encodings are longer than their magic.
    let (head, rest) = bytes.split_at_mut_checked(MAGIC).unwrap_or_default();
    for (slot, byte) in head.iter_mut().zip(magic) {
        *slot = *byte;
    }
    Writer::new(rest)
}
