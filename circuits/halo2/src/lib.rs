//! The statement S1 to S11 as a halo2 circuit, with KZG commitments over BN254.
//!
//! It proves what the Groth16 circuit proves, with the same three public inputs, and shares nothing
//! with it but the statement's own crate: the two keep each other honest. Its parameters are
//! universal, so an operator needs no ceremony of their own. `docs/halo2.md` describes the layout
//! and argues where it differs from the R1CS.
#![forbid(unsafe_code)]

mod accounts;
mod builder;
mod check;
mod circuit;
mod config;
mod digest;
pub mod field;
mod flow;
mod gadgets;
mod hash;
mod ledger;
mod liar;
mod registry;
mod rounds;
mod shape;
mod slots;
mod statement;
mod sums;

pub use check::{Failure, Part};
pub use rounds::tables;
pub use shape::{AssignError, Assignment, Circuit, Dimensions, Rows};
