//! circom's files for constraints and witnesses, so that the tools that the world knows can run a
//! ceremony for our circuits, prove with our keys and audit what we prove.
//!
//! Keys are in [`zkey`](crate::zkey).

mod r1cs;
mod wtns;

pub use r1cs::{read_r1cs, write_r1cs};
pub use wtns::{read_wtns, write_wtns};
