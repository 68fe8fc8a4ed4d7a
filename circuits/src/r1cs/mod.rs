//! The statement in R1CS, for Groth16.

pub mod matrix;
