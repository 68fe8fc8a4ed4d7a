//! The batch proving service: takes committed epochs as jobs, proves them on one machine or many, and
//! never loses a job or counts one twice.
//!
//! ```text
//! client --HTTP--> api --+--> db: SQLite or PostgreSQL      jobs, leases, events, tenants, workers
//!                        +--> store: folder or S3           sealed witnesses, bundles
//!                                ^
//!                        worker -+  keys stay loaded; a job's every write names (job, attempt)
//! ```
//!
//! - A job is queued when its transaction has committed; a result counts when its transaction has.
//! - A lease is renewed by a thread of its own. A job whose lease has ended goes back to the queue, and
//!   the worker that held it can write nothing more about it.
//! - Witnesses are encrypted before they leave the API's memory, and deleted after the proof.
#![forbid(unsafe_code)]

pub mod api;
pub mod config;
pub mod db;
mod error;
pub mod job;
pub mod log;
pub mod metrics;
pub mod prover;
pub mod run;
pub mod seal;
mod secret;
pub mod store;
pub mod tar;
pub mod trace;
pub mod worker;

pub use config::Config;
pub use error::{Result, ServiceError};
