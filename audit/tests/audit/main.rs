//! Audits of networks with real bundles and a project: honest ones, and a table of lies.
#![allow(missing_docs)]

mod chain;
mod lies;
mod network;
mod property;
#[allow(dead_code, reason = "shared with the ledger's own tests, which use all of it")]
#[path = "../../../ledger/tests/bundle/toy.rs"]
mod toy;
