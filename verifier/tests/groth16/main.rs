//! Proofs by Groth16: what verifies, and everything that is almost a proof or a key.

mod batch;
mod decoding;
mod keys;
mod single;
mod words;
