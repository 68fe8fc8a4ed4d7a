//! wip
#![allow(dead_code, missing_docs)]
pub mod field;
mod rounds;
