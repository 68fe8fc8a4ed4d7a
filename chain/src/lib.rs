//! Settlement of epochs on an EVM chain, through the contracts in `contracts/`.
//!
//! A [`Client`] asks a node; a [`Sender`] tries, prices and sends; a [`Contract`] is one deployed
//! settlement contract. What is to be done comes from the project or a bundle, and each step looks at
//! the chain first: done twice, it is found done.
#![forbid(unsafe_code)]

pub mod abi;
pub mod claims;
mod client;
pub mod contract;
pub mod deploy;
pub mod deployment;
pub mod deposits;
mod epochs;
mod error;
pub mod facts;
pub mod history;
pub mod logs;
mod revert;
mod send;
mod settle;
mod signer;

pub use alloy::primitives::{Address, Bytes, B256, U256};
pub use client::Client;
pub use contract::Contract;
pub use deployment::Deployment;
pub use epochs::{Step, Terms};
pub use error::{ChainError, Class, Result};
pub use revert::{reason, utc};
pub use send::{Call, Included, Progress, Quote, Sender, Wait};
pub use settle::{Route, PAGE};
pub use signer::{KeySource, PASSWORD, PRIVATE_KEY};
