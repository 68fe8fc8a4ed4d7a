//! Verifies Meed proofs: Groth16 or halo2 over BN254, with the three public inputs `h, alpha, y`.
//!
//! The root of the crate has Groth16's types and functions, [`halo2`] those of the other system, and the
//! names with `Any` take both: [`AnyVerifyingKey`], [`AnyProof`], [`verify_any`]. Bytes say which system they
//! are of; a proof of the other system than the key's is [`VerifyError::System`].
//!
//! The crate is `no_std` and cannot panic on any input: bytes are decoded with every check before
//! a point exists, and what the types cannot rule out returns a [`VerifyError`]. The `unwrap`s of
//! `ark-ec`'s pairing are on its own line coefficients, whose number no input changes. The library
//! itself allocates nothing but what `to_vec` returns; `ark-ec` allocates those coefficients, so a
//! global allocator must exist (about 20 kB for each pair in a Miller loop). Nothing here is secret and
//! nothing is constant-time.
//!
//! # The check, for Groth16
//! Section 3.2 of Groth, "On the Size of Pairing-based Non-interactive Arguments", 2016:
//! `e(A, B) = e(alpha, beta) * e(IC_0 + sum x_j IC_j, gamma) * e(C, delta)`, in one Miller loop
//! over three pairs and one final exponentiation. [`verify`] takes decoded values, [`verify_words`]
//! the public words of an epoch, [`verify_batch`] many proofs under one key.
//!
//! # Byte formats
//! The coding is EIP-197's, so that calldata, files and precompiles agree. A coordinate is 32 bytes,
//! big-endian, below the base field's modulus q. A G1 point is `x | y` (64 bytes); a G2 point is
//! `x.c1 | x.c0 | y.c1 | y.c0` (128 bytes, the coefficient of the imaginary unit first). The identity
//! is all zeros.
//!
//! | object | bytes | layout |
//! |---|---|---|
//! | [`Proof`] | 256 | `A` G1, `B` G2, `C` G1 |
//! | [`VerifyingKey`] | 704 | `alpha` G1, `beta` G2, `gamma` G2, `delta` G2, `IC_0..IC_3` G1 |
//! | [`halo2::Proof`] | 4,072 | [`halo2::PROOF_MAGIC`], 22 G1, 79 scalars, 2 G1 |
//! | [`halo2::VerifyingKey`] | 1,512 | [`halo2::KEY_MAGIC`], version, log2 of rows, circuit's digest, 14 + 6 G1, `[tau]G2` |
//! | public inputs | 96 | `h, alpha, y`, each 32 bytes big-endian, below the scalar field's modulus r |
//!
//! Decoding is canonical: there is one encoding of each value, and encoding what was decoded gives
//! the same bytes.
//!
//! # Example
//! ```
//! use meed_verifier::{verify_bytes, PreparedVerifyingKey, VerifyError, VerifyingKey};
//!
//! fn check(key: &[u8], inputs: &[u8], proof: &[u8]) -> Result<(), VerifyError> {
//!     let key = VerifyingKey::from_bytes(key)?;
//!     // Compare `key.id()` with the published one, and ask `key.is_insecure()`.
//!     verify_bytes(&PreparedVerifyingKey::new(&key), inputs, proof)
//! }
//!
//! assert_eq!(
//!     check(&[], &[], &[]),
//!     Err(VerifyError::Length { expected: 704, got: 0 })
//! );
//! ```
//!
//! # What a proof's bytes are not
//! Groth16 proofs can be re-randomised by anybody: `(tA, B/t, C)` verifies when `(A, B, C)` does.
//! A proof's bytes are therefore no identifier; what has been settled is told by the public words.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

extern crate alloc;

mod any;
mod batch;
mod coding;
mod error;
pub mod halo2;
mod insecure;
mod key;
mod proof;
mod system;
mod verify;

pub use any::{
    verify_any, verify_any_bytes, verify_any_words, AnyPreparedKey, AnyProof, AnyVerifyingKey,
};
pub use ark_bn254::Fr;
pub use batch::{find_rejected, verify_batch};
pub use error::{Element, VerifyError};
pub use insecure::insecure_alpha;
pub use key::{PreparedVerifyingKey, VerifyingKey, VERIFYING_KEY_BYTES};
pub use proof::{Proof, PROOF_BYTES};
pub use system::System;
pub use verify::{
    inputs_from_bytes, inputs_to_bytes, verify, verify_bytes, verify_words, INPUTS, INPUTS_BYTES,
};
