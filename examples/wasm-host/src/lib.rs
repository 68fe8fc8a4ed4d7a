//! Runs the Meed verifier where there is no EVM: as a WebAssembly module in an interpreter with metered
//! fuel and bounded memory, the way chains with WebAssembly contracts run theirs.
//!
//! The module is `verifier/wasm`, built by [`module::build`] for `wasm32v1-none`: WebAssembly 1.0, whose
//! instructions every such chain has. [`Chain`] is the host. What would be a contract's own is not here:
//! see `docs/embedding.md`.

pub mod fixture;
pub mod host;
pub mod module;

#[path = "../../../verifier/wasm/src/code.rs"]
pub mod code;

pub use host::{Chain, Export, Failure, Limits, Meter, Verdict};
