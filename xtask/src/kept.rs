//! Steps that take minutes and depend on few files are not run again while these are as they were when the step
//! passed. That they passed is kept beside the build: a build from nothing runs everything.

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{bail, Context, Result};

use crate::shell::{output, Shell};
use crate::steps::{target_directory, Outcome};

/// Set, steps run whatever was kept.
const FRESH: &str = "MEED_TEST_FRESH";

/// Runs a step unless it passed on the same content of everything under `paths`, ignored files aside.
pub(crate) fn unless_kept(
    shell: &Shell,
    step: &str,
    paths: &[&str],
    work: impl FnOnce() -> Result<Outcome>,
) -> Result<Outcome> {
    let place = place(shell, step, paths)?;
    if place.exists() && std::env::var_os(FRESH).is_none() {
        println!("{}: nothing has changed since this passed; {FRESH}=1 runs it", paths.join(", "));
        return Ok(Outcome::Unchanged);
    }
    let outcome = work()?;
    // What the step itself changed is another content, and would be caught as such.
    if let (Outcome::Passed, Some(folder)) = (&outcome, place.parent()) {
        std::fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
        std::fs::write(&place, "").with_context(|| format!("{}", place.display()))?;
    }
    Ok(outcome)
}

/// The file whose presence says that the step passed: its name is a hash of all that the step depends on.
fn place(shell: &Shell, step: &str, paths: &[&str]) -> Result<PathBuf> {
    let list = ["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "--"];
    let files = shell.git(&[&list[..], paths].concat())?;
    if files.is_empty() {
        bail!("no files under {}", paths.join(", "));
    }
    let hashes = hash_objects(shell, &["--stdin-paths"], &files)?;
    let mut content = format!("{step}\n{}", output(shell.command("node").arg("--version"))?);
    for (file, hash) in files.lines().zip(hashes.lines()) {
        content.push_str(&format!("{hash} {file}\n"));
    }
    let hash = hash_objects(shell, &["--stdin"], &content)?;
    let folder = PathBuf::from(target_directory(shell)?).join("kept");
    Ok(folder.join(format!("{step}-{}", hash.trim())))
}

/// `git hash-object` of what is on its standard input.
fn hash_objects(shell: &Shell, arguments: &[&str], input: &str) -> Result<String> {
    let mut command = shell.command("git");
    command.arg("hash-object").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().context("cannot start git")?;
    let mut stdin = child.stdin.take().context("git has a standard input")?;
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let result = child.wait_with_output()?;
    let written = writer.join().map_err(|_| anyhow::anyhow!("writing to git broke off"))?;
    if !result.status.success() || written.is_err() {
        bail!("git hash-object: {}", result.status);
    }
    Ok(String::from_utf8(result.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_kept_while_its_files_are_the_same() {
        let shell = Shell::new().unwrap();
        let here = place(&shell, "step", &["xtask/src/kept.rs"]).unwrap();
        assert_eq!(here, place(&shell, "step", &["xtask/src/kept.rs"]).unwrap());
        assert_ne!(here, place(&shell, "other", &["xtask/src/kept.rs"]).unwrap());
        assert_ne!(here, place(&shell, "step", &["xtask/src/main.rs"]).unwrap());
        assert!(place(&shell, "step", &["no/such/folder"]).is_err());
    }
}
