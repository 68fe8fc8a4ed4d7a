//! snarkjs's `.zkey` for Groth16, version 1: the one format of our proving keys.
//!
//! | section | content |
//! |---|---|
//! | 1 | protocol: 1 for Groth16 (u32) |
//! | 2 | base field, scalar field, wires, public inputs, domain size (u32 each), then alpha (G1), beta (G1, G2), gamma (G2), delta (G1, G2) |
//! | 3 | `IC`: a G1 point for the constant one and each public input |
//! | 4 | number of coefficients (u32), then matrix (0 for A, 1 for B), row, wire (u32 each) and value; the rows that [`qap`](crate::qap) adds for the instance are the last |
//! | 5, 6, 7 | A in G1, B in G1, B in G2: a point for each wire |
//! | 8 | L: a G1 point for each witness wire |
//! | 9 | H: a G1 point for each element of the domain |
//! | 10 | circuit hash (64 bytes), number of contributions (u32), contributions |
//! | 0x4465654d (`MeeD`) | ours: [`KeyInfo`] as JSON |
//!
//! Numbers are little-endian. Coordinates are in Montgomery form (times `2^256`), `x` before `y`,
//! the real part before the imaginary one; the identity is all zeros. Coefficients of section 4 are
//! multiplied by `2^512`, so that a Montgomery product with a witness value in standard form gives
//! a Montgomery product. snarkjs's tools skip sections that they do not know.
//! Source: <https://github.com/iden3/snarkjs> writes and reads it so.

mod coefficients;
mod digest;
pub(crate) mod points;
mod read;
mod store;
mod write;

pub use store::{sidecar_path, Sidecar};

pub(crate) use coefficients::Coefficients;
pub(crate) use digest::Digests;
pub(crate) use read::{Contents, Reader};
pub(crate) use store::create;
use write::write;
pub(crate) use write::write_metadata;

#[cfg(doc)]
use crate::key::KeyInfo;

pub(crate) const MAGIC: &str = "zkey";
pub(crate) const VERSION: u32 = 1;
/// Groth16.
const PROTOCOL: u32 = 1;

/// Ids of the sections.
pub(crate) mod section {
    pub(crate) const PROTOCOL: u32 = 1;
    pub(crate) const HEADER: u32 = 2;
    pub(crate) const IC: u32 = 3;
    pub(crate) const COEFFICIENTS: u32 = 4;
    pub(crate) const A: u32 = 5;
    pub(crate) const B1: u32 = 6;
    pub(crate) const B2: u32 = 7;
    pub(crate) const L: u32 = 8;
    pub(crate) const H: u32 = 9;
    pub(crate) const CONTRIBUTIONS: u32 = 10;
    /// `MeeD` in the file, far from the ids that snarkjs numbers upwards.
    pub(crate) const METADATA: u32 = u32::from_le_bytes(*b"MeeD");
}
