//! `meed chain`, through the program alone, on a real development chain (anvil).
//!
//! Needs Node's packages in `contracts/`: `npm ci` there. `MEED_SKIP_NODE=1` leaves these tests out.

#![allow(clippy::print_stderr, reason = "tests say what they skip and what they measure")]

mod audit;
#[path = "../tool/child.rs"]
mod child;
mod fixture;
mod flow;
mod halo2;
mod node;
mod refusals;
#[allow(dead_code, reason = "shared with the tool's own tests, which use all of it")]
#[path = "../tool/world.rs"]
mod world;

/// Whether the tests that need Node's packages are left out.
fn skipped() -> bool {
    let skipped = std::env::var_os("MEED_SKIP_NODE").is_some_and(|value| value == "1");
    if skipped {
        eprintln!("skipped: MEED_SKIP_NODE=1");
    }
    skipped
}
