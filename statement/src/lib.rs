//! What a Meed proof proves: types, units, Poseidon, the public words and the native check.
//!
//! Without the feature `std` only [`words`] remains, which is what a verifier needs.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

pub mod words;
