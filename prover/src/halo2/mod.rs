//! Keys and proofs of the halo2 circuit, with KZG commitments over BN254 and SHPLONK openings.
//!
//! - [`Params`] are universal: of a public ceremony's `.ptau` file, or [insecure](Params::insecure) ones.
//! - [`Key`] is made of them for one circuit, without any further secret, and kept in a file with a [`Sidecar`].
//! - [`prove()`] turns an assignment into a proof, which it verifies before handing it out.
//!
//! `docs/halo2-keys.md` describes the formats and the transcript.

mod file;
mod key;
mod params;
mod points;
mod prove;
mod sample;
mod sidecar;
mod store;
mod transcript;
mod words;

pub use key::{CircuitId, Key, KeyInfo, SYSTEM};
pub use params::{params_path, Ceremony, Params, Provenance};
pub use prove::{prove, prove_unchecked, verify_by_library, LibraryError, ProveError, Stage};
#[doc(hidden)]
pub use sample::sample_key;
pub use sidecar::Sidecar;
pub use store::key_path;
