//! What a Meed proof proves: types, units, Poseidon, the public words and the native check.
//!
//! Without the feature `std` only [`words`] remains, which is what a verifier needs.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

pub mod words;

#[cfg(feature = "std")]
pub mod check;
#[cfg(feature = "std")]
pub mod clause;
#[cfg(feature = "std")]
pub mod lies;
#[cfg(feature = "std")]
pub mod poseidon;
#[cfg(feature = "std")]
pub mod roots;
#[cfg(feature = "std")]
pub mod settle;
#[cfg(feature = "std")]
pub mod shape;
#[cfg(feature = "std")]
pub mod slots;
#[cfg(feature = "std")]
pub mod synthetic;
#[cfg(feature = "std")]
pub mod types;
#[cfg(feature = "std")]
pub mod units;
