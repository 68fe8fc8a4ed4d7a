//! Audits of bundles and chains, and the report page.
//!
//! Whatever is looked at ends as a [`Check`]: it passed, it failed with [`Finding`]s, or it could not
//! be made, and then it says what was missing. An audit never calls something good that it did not
//! look at. `docs/audit.md` lists the checks and says what each can show.
//!
//! An [`Auditor`] takes bundles first, then whatever else there is to compare them with, in any order,
//! and ends as an [`Audit`], which is what programs read.
#![forbid(unsafe_code)]

mod auditor;
mod bundle;
mod chain;
mod compare;
mod epochs;
mod error;
mod finding;
pub mod page;
mod raw;
mod recompute;
pub mod serve;
mod summary;
pub mod view;
mod what_if;

pub use auditor::Auditor;
pub use bundle::{Bundle, Key, ProofState};
pub use chain::{ChainSummary, SettledSummary};
pub use error::AuditError;
pub use finding::{Check, Difference, Finding, Severity, Status, Unit};
pub use summary::{Audit, EpochSummary, Outcome, FORMAT, VERSION};
pub use what_if::{Change, Crossing, Share, WhatIf};
