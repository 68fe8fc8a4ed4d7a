//! Audits of networks with real bundles and a project: honest ones, and a table of lies.
#![allow(missing_docs)]

mod chain;
mod lies;
mod network;
mod property;
