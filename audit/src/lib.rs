//! Audits of bundles and chains, and the report page.
//!
//! Whatever is looked at ends as a [`Check`]: it passed, it failed with [`Finding`]s, or it could not
//! be made, and then it says what was missing. An audit never calls something good that it did not
//! look at.
#![forbid(unsafe_code)]

mod finding;

pub use finding::{Check, Difference, Finding, Severity, Status, Unit};
