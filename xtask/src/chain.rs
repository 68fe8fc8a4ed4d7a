//! `cargo xtask chain`: settlement on a real development chain, the long tests included.

use anyhow::Result;

use crate::shell::{run, Shell};

/// Runs the tests of `meed chain`, with the real fixture in shape S: some minutes, most of them for the
/// key and the proof.
pub(crate) fn run_chain(shell: &Shell) -> Result<()> {
    let arguments = "test --release --locked -p meed --test chain";
    run(shell.cargo(arguments).args(["--", "--include-ignored", "--test-threads", "1"]))
}
