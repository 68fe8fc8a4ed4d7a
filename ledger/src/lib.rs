//! Epochs on disk: registry, scores in, bundles out, receipts.
#![forbid(unsafe_code)]

pub mod claims;
