//! The contracts: Foundry and solc come from npm, see `contracts/package.json`.

use std::process::Command;

use anyhow::Result;

use crate::kept::unless_kept;
use crate::shell::{run, Shell};
use crate::steps::Outcome;

/// All that the steps here depend on.
const FILES: [&str; 3] = ["contracts", "docs/gas.md", "xtask/src/contracts.rs"];

/// Their code is formatted, what `meed chain deploy` deploys is what the sources give, the tests pass, and
/// the gas is what the book says.
pub(crate) fn contracts(shell: &Shell) -> Result<Outcome> {
    unless_kept(shell, "contracts", &FILES, || {
        run(tool(shell, "forge").args(["fmt", "--check"]))?;
        run(tool(shell, "forge").args(["build"]))?;
        run(tool(shell, "artifacts").arg("--check"))?;
        run(tool(shell, "forge").args(["test"]))?;
        run(tool(shell, "gas").arg("--check"))?;
        Ok(Outcome::Passed)
    })
}

/// Contracts that lack one check each: the test of the attack must fail. All of them where the contracts or their
/// tests have changed since all were tried, else a sample: `node tools/mutants.mjs --record` tries all and notes it.
pub(crate) fn mutants(shell: &Shell) -> Result<Outcome> {
    unless_kept(shell, "mutants", &FILES, || {
        run(tool(shell, "mutants").args(["--sample", "12"]))?;
        Ok(Outcome::Passed)
    })
}

/// A program in `contracts/tools`.
fn tool(shell: &Shell, name: &str) -> Command {
    let mut command = shell.command("node");
    command.current_dir(shell.root().join("contracts")).arg(format!("tools/{name}.mjs"));
    command
}
