//! What Meed's settlement contract is given, as bytes. Nothing here talks to a chain.
//!
//! - [`dense`]: a list of payouts in few bytes, as `PayoutList.fromDense` reads it, and back.
//! - [`parts`]: a long list, cut into transactions, and what `settleDraft` needs.
//! - [`source`]: a verifying key as one Solidity file.
#![forbid(unsafe_code)]

pub mod dense;
pub mod parts;
pub mod source;
