//! Groth16 keys, set-up and proving for Meed circuits.
#![forbid(unsafe_code)]

mod binfile;

pub mod ceremony;
pub mod circom;
pub mod engine;
pub mod error;
pub mod export;
pub mod key;
pub mod prove;
pub mod qap;
pub mod setup;
pub mod zkey;

pub use ceremony::{import_ceremony, Imported};
pub use engine::{CpuEngine, Engine};
pub use error::{FormatError, KeyError, ProveError};
pub use key::{CircuitId, KeyInfo, Origin, ProvingKey};
pub use prove::{prove, Stage, Timings};
pub use setup::insecure_setup;
pub use zkey::Sidecar;
