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

/// The program itself, in its package for this platform: npm's wrapper around it loses the exit status.
fn forge(shell: &Shell) -> Result<Command> {
    let folder = shell.root().join("contracts");
    let packages = std::fs::read_dir(folder.join("node_modules/@foundry-rs"));
    let mut programs = packages.into_iter().flatten().flatten().flat_map(|package| {
        let name = package.file_name();
        let of_platform = name.to_string_lossy().starts_with("forge-");
        let programs = ["forge", "forge.exe"].map(|file| package.path().join("bin").join(file));
        programs.into_iter().filter(move |program| of_platform && program.exists())
    });
    let Some(program) = programs.next() else {
        bail!("forge is missing: `npm ci` in contracts/, or `cargo xtask test --only node`");
    };
    let mut command = shell.command(&program.to_string_lossy());
    command.current_dir(folder);
    Ok(command)
}

fn tool(shell: &Shell, name: &str) -> Command {
    let mut command = shell.command("node");
    command.current_dir(shell.root().join("contracts")).arg(format!("tools/{name}.mjs"));
    command
}
