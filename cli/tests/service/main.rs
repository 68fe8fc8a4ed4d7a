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
#[path = "../tool/child.rs"]
mod child;
mod client;
mod clocks;
mod collector;
mod disk;
mod embedded;
mod faults;
mod figures;
mod http;
mod lab;
mod many;
#[allow(dead_code, reason = "shared with the tests of `meed chain`, which use all of it")]
#[path = "../chain/node.rs"]
mod node;
mod page;
mod postgres;
mod processes;
mod python;
mod s3;
mod settle;
mod traces;
mod wire;
#[allow(dead_code, reason = "shared with the tool's own tests, which use all of it")]
#[path = "../tool/world.rs"]
mod world;
mod writes;
