//! Epochs on disk: registry, events, bundles out, receipts.
#![forbid(unsafe_code)]

pub mod atomic;
pub mod bundle;
pub mod claims;
pub mod content;
pub mod decimal;
mod error;
pub mod events;
pub mod policy;
pub mod project;
pub mod receipt;
pub mod records;
pub mod registry;
pub mod report;
pub mod requests;
pub mod similar;
pub mod state;
pub mod table;

pub use error::{shown, At, Fault, LedgerError, Location, Result, ScoreFault};
