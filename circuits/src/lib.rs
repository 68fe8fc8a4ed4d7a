//! The Meed statement as circuits.
#![forbid(unsafe_code)]

pub mod r1cs;
