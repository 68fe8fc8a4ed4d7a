//! The proving service, through the program alone: real processes, real proofs of shape XS, SQLite and
//! PostgreSQL. Processes are killed, stopped and restarted; no acknowledged job may be missing, and none
//! may be done twice.
//!
//! PostgreSQL comes from the system's package (`postgresql` in Debian) and is started by the tests in a
//! folder of its own; `MEED_SKIP_POSTGRES=1` leaves those tests out. Packages of the Python index are
//! installed into an environment of their own; `MEED_SKIP_PIP=1` leaves out what needs them.
//! `MEED_SERVICE_JOBS=2000` makes the last one long.
#![allow(clippy::print_stderr, reason = "tests say what they skip and what they measure")]

mod bucket;
mod client;
mod collector;
mod embedded;
mod faults;
mod http;
mod lab;
mod many;
mod page;
mod postgres;
mod processes;
mod python;
mod s3;
mod traces;
