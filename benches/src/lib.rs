//! What the benches share: options, the machine, clocks and the report.
#![forbid(unsafe_code)]

pub mod clock;
pub mod machine;
pub mod options;
pub mod report;

pub use clock::{compare, timed, Time};
pub use options::Options;
pub use report::{Figure, Report};
