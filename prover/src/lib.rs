//! Keys, set-up and proving for Meed circuits, over BN254: Groth16, and [`halo2`] beside it.
//!
//! - [`prove()`] turns constraints and an assignment into a proof, which it verifies before handing
//!   it out. The heavy arithmetic is behind [`Engine`]; [`LoadedKey`] is a key there, for many proofs.
//! - [`ProvingKey`] holds the [`points`], or has the file mapped that they lie in. Files are snarkjs's
//!   `.zkey` with our metadata in a section of their own ([`zkey`]) and a [`Sidecar`] for verifiers.
//! - [`import_ceremony`] takes the result of a ceremony by snarkjs; [`insecure_setup`] makes a key
//!   whose secrets everybody knows, for development.
//! - [`circom`] writes constraints and witnesses for circom's tools, [`export`] proofs and verifying
//!   keys for snarkjs, arkworks and Solidity.
//!
//! Decoders take bytes from anywhere: they return errors, never panic, and allocate no more than the
//! input's own length justifies.

mod binfile;
mod fixed_base;
mod map;

pub mod ceremony;
pub mod circom;
pub mod engine;
pub mod error;
pub mod export;
pub mod halo2;
pub mod key;
pub mod points;
pub mod prove;
pub mod ptau;
pub mod qap;
pub mod setup;
pub mod zkey;

pub use ceremony::{import_ceremony, Imported};
pub use engine::{CpuEngine, Engine, EngineKey, Level};
pub use error::{FormatError, KeyError, ProveError};
pub use key::{CircuitId, KeyInfo, Origin, ProvingKey};
pub use points::{PackedG1, PackedG2};
pub use prove::{prove, LoadedKey, Stage, Timings};
pub use setup::insecure_setup;
pub use zkey::Sidecar;
