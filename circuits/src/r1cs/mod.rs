//! The statement in R1CS, for Groth16.
//!
//! The files mirror the statement's clauses. [`circuit`] puts them together.

mod accounts;
pub mod circuit;
pub mod cs;
mod flow;
pub mod gadgets;
mod ledger;
pub mod matrix;
mod policy;
pub mod poseidon;
mod registry;
mod sums;
