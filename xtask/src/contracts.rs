//! The contracts: Foundry and solc come from npm, see `contracts/package.json`.

use std::process::Command;

use anyhow::{bail, Result};

use crate::shell::{run, Shell};
use crate::steps::Outcome;

/// Their code is formatted, what `meed chain deploy` deploys is what the sources give, the tests pass, and
/// the gas is what the book says.
pub(crate) fn contracts(shell: &Shell) -> Result<Outcome> {
    run(forge(shell)?.args(["fmt", "--check"]))?;
    run(forge(shell)?.args(["build"]))?;
    run(tool(shell, "artifacts").arg("--check"))?;
    run(forge(shell)?.args(["test"]))?;
    run(tool(shell, "gas").arg("--check"))?;
    Ok(Outcome::Passed)
}

/// Contracts that lack one check each: the test of the attack must fail.
pub(crate) fn mutants(shell: &Shell) -> Result<Outcome> {
    run(&mut tool(shell, "mutants"))?;
    Ok(Outcome::Passed)
}

fn forge(shell: &Shell) -> Result<Command> {
    let folder = shell.root().join("contracts");
    let program = folder.join("node_modules/.bin/forge");
    if !program.exists() {
        bail!("forge is missing: `npm ci` in contracts/, or `cargo xtask test --only node`");
    }
    let mut command = shell.command(&program.to_string_lossy());
    command.current_dir(folder);
    Ok(command)
}

fn tool(shell: &Shell, name: &str) -> Command {
    let mut command = shell.command("node");
    command.current_dir(shell.root().join("contracts")).arg(format!("tools/{name}.mjs"));
    command
}
