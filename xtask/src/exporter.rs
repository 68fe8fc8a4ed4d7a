//! The tests of the Python package in `tools/meed-export`, in an environment of their own.

use std::fs;
use std::path::Path;

use anyhow::{bail, Context, Result};

use crate::shell::{output, run, Shell};
use crate::steps::{target_directory, Outcome};

const PACKAGE: &str = "tools/meed-export";
/// What a finished environment was made for.
const MADE_FOR: &str = "made-for.txt";

/// Runs the tests with the pinned packages; the environment stays for the next time.
pub(crate) fn exporter(shell: &Shell) -> Result<Outcome> {
    let question = "import sys, venv, ensurepip; print(sys.version, sys.version_info >= (3, 9))";
    let Ok(python) = output(shell.command("python3").args(["-c", question])) else {
        return Ok(Outcome::Skipped("needs Python 3.9 with venv and pip".to_owned()));
    };
    if !python.trim().ends_with("True") {
        return Ok(Outcome::Skipped(format!("needs Python 3.9, has {}", python.trim())));
    }
    let folder = Path::new(&target_directory(shell)?).join("exporter");
    let environment = folder.join("venv");
    let bin = environment.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let pip = |arguments: &str| {
        let mut pip = shell.command(&bin.join("python").to_string_lossy());
        pip.args("-m pip install --quiet --disable-pip-version-check".split(' '));
        pip.args(arguments.split(' '));
        pip
    };

    let requirements = format!("{PACKAGE}/requirements-test.txt");
    let pinned = fs::read_to_string(shell.root().join(&requirements))?;
    let made_for = format!("{python}{pinned}");
    if fs::read_to_string(folder.join(MADE_FOR)).ok().as_ref() != Some(&made_for) {
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        run(shell.command("python3").args(["-m", "venv"]).arg(&environment))?;
        run(&mut pip(&format!("--no-cache-dir -r {requirements}")))?;
        fs::write(folder.join(MADE_FOR), made_for)?;
    }

    // A copy is installed: setuptools writes beside what it builds.
    let copy = folder.join("package");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    for file in
        shell.git(&["ls-files", "--cached", "--others", "--exclude-standard", PACKAGE])?.lines()
    {
        let from = shell.root().join(file);
        let name = Path::new(file).strip_prefix(PACKAGE)?;
        let to = copy.join(name);
        let Some(parent) = to.parent() else { bail!("{file} is in no folder") };
        // A file that is deleted but not committed yet is not there.
        if from.is_file() {
            fs::create_dir_all(parent)?;
            fs::copy(&from, &to)?;
        }
    }
    let install = "--no-deps --no-index --no-build-isolation --force-reinstall";
    run(pip(install).arg(&copy))?;

    let mut tests = shell.command(&bin.join("python").to_string_lossy());
    tests.args(["-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", PACKAGE]);
    // Tests start further processes, which must not leave anything in the tree either.
    run(tests.env("PYTHONDONTWRITEBYTECODE", "1"))?;
    Ok(Outcome::Passed)
}
