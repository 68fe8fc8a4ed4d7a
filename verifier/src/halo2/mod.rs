//! Proofs of the halo2 circuit: PLONKish arithmetic, KZG commitments over BN254, openings by SHPLONK.
//!
//! The protocol is that of the published crate `halo2-axiom` 0.5.3, for one circuit: its columns,
//! queries and gates are written down here by hand, and a test compares them with the circuit's.
//! The parts of a key that differ between the circuit's shapes are its commitments and the number of
//! rows. See Boneh, Drake, Fisch and Gabizon, "Efficient polynomial commitment schemes for multiple
//! points and polynomials" (2020), section 4, for the openings.

mod argument;
mod evaluations;
mod gates;
mod key;
mod lagrange;
mod msm;
mod proof;
mod shplonk;
#[cfg(test)]
mod tests;
mod transcript;
mod verify;

pub use key::{
    insecure_tau, VerifyingKey, KEY_MAGIC, MAX_LOG_ROWS, MIN_LOG_ROWS, VERIFYING_KEY_BYTES,
};
pub use proof::{Proof, PROOF_BYTES, PROOF_MAGIC};
pub(crate) use verify::verify_named;
pub use verify::{verify, verify_bytes};

/// Columns of the main track, and of its squares.
pub(crate) const WIDTH: usize = 5;
/// Advice columns: the main track's, limb, sum, squares.
pub(crate) const ADVICE: usize = 12;
/// Fixed columns.
pub(crate) const FIXED: usize = 14;
/// Columns of the permutation: the main track's and the sum.
pub(crate) const COPIED: usize = 6;
/// Products of the permutation: one for three columns.
pub(crate) const PRODUCTS: usize = 2;
/// Pieces of the quotient.
pub(crate) const PIECES: usize = 4;
/// Rows at the end that the prover fills at random; the last row in use is before them.
pub(crate) const BLINDING: usize = 6;
