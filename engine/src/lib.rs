//! The engine: multi-scalar multiplications and number-theoretic transforms over BN254.
//!
//! [`Level`] says with which instructions; all levels give the same results.
#![deny(unsafe_op_in_unsafe_fn)]

mod field;
mod lanes;

pub mod error;
pub mod level;
pub mod msm;
pub mod ntt;

pub use error::EngineError;
pub use level::Level;
