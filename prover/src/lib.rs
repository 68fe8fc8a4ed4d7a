//! Groth16 keys, set-up and proving for Meed circuits.
#![forbid(unsafe_code)]

pub mod engine;
pub mod error;
pub mod key;
pub mod prove;
pub mod qap;
pub mod setup;

pub use engine::{CpuEngine, Engine};
pub use error::{FormatError, KeyError, ProveError};
pub use key::{CircuitId, KeyInfo, Origin, ProvingKey};
pub use prove::{prove, Stage, Timings};
pub use setup::insecure_setup;
