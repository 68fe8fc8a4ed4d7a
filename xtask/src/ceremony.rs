//! `cargo xtask ceremony`: the long tests with snarkjs, on the smallest real circuit.

use anyhow::Result;

use crate::shell::{run, Shell};

/// Runs the tests that make 2^16 powers of tau: half an hour of one core the first time, then the file is
/// kept under the target directory. Each test then takes another ten minutes, most of them `zkey verify`.
pub(crate) fn run_ceremony(shell: &Shell) -> Result<()> {
    for package in ["meed-prover", "meed"] {
        let arguments = format!("test --release --locked -p {package} --test ceremony");
        run(shell.cargo(&arguments).args(["--", "--include-ignored"]))?;
    }
    Ok(())
}
