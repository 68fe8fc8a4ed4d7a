//! The report page: what is built and checked in, and its tests in a browser.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell::{output, run, Shell};
use crate::steps::{target_directory, Outcome};

const FOLDER: &str = "audit/page";
const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's place; another one can be named in the environment, as `CHROMIUM`.
const CHROMIUM: &str = "/usr/bin/chromium";
/// Accounts of the page on which sorting and searching are timed.
const ACCOUNTS: &str = "100000";

/// Builds what is checked in.
pub(crate) fn build(shell: &Shell) -> Result<()> {
    run(node(shell).args(["build.mjs", "--module"]))
}

/// What is checked in is what the sources give, the types fit, and pages work in a browser.
pub(crate) fn page(shell: &Shell) -> Result<Outcome> {
    let libraries = format!("--print target-libdir --target {TARGET}");
    let libraries = output(shell.command("rustc").args(libraries.split(' ')));
    let has_target = libraries.is_ok_and(|folder| Path::new(folder.trim()).exists());
    let mut check = node(shell);
    check.args(["build.mjs", "--check"]);
    if has_target {
        check.arg("--module");
    }
    run(&mut check)?;
    run(node(shell).args(["node_modules/typescript/bin/tsc", "--noEmit"]))?;
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| CHROMIUM.to_owned());
    if !shell.has(&chromium) {
        return Ok(Outcome::Skipped(format!("needs {chromium}: apt-get install chromium")));
    }
    let folder = pages(shell)?;
    // One after the other: what is timed should not wait for a browser beside it.
    let mut tests = node(shell);
    tests.args(["--test", "--test-concurrency=1", "--test-reporter=spec", "tests/"]);
    run(tests.env("MEED_PAGES", folder).env("CHROMIUM", chromium))?;
    if has_target {
        Ok(Outcome::Passed)
    } else {
        Ok(Outcome::Skipped(format!("the module: needs `rustup target add {TARGET}`")))
    }
}

fn node(shell: &Shell) -> Command {
    let mut command = shell.command("node");
    command.current_dir(shell.root().join(FOLDER));
    command
}

/// Pages of the demo with a real proof, and a large one; their folder.
fn pages(shell: &Shell) -> Result<PathBuf> {
    let folder = PathBuf::from(target_directory(shell)?).join("page-tests");
    let demo = folder.join("demo");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {folder:?}"))?;
    // What the tests have built, by its features too: an example brings those of the tests' dependencies.
    let build = "build --workspace --release --locked --bin meed --example synthetic_page";
    run(&mut shell.cargo(build))?;
    let built = PathBuf::from(target_directory(shell)?).join("release");
    let meed = |arguments: &[&str]| {
        let mut command = shell.command(&built.join("meed").to_string_lossy());
        run(command.args(arguments))
    };
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let out = text(demo.clone());
    if meed(&["demo", "--out", &out]).is_err() {
        // What an earlier version left: its key may be one of another circuit.
        std::fs::remove_dir_all(&demo)?;
        meed(&["demo", "--out", &out])?;
    }
    let (project, bundle) = (text(demo.join("project")), text(demo.join("bundle")));
    let key = text(demo.join("keys/meed-groth16-S.vk.json"));
    let proof = ["--bundle", &bundle, "--key", &key, "--decimals", "18"];
    let html = |name: &str| text(folder.join(format!("{name}.html")));
    let report = ["-p", &project, "report"];
    meed(&[&report[..], &proof, &["--html", &html("operator")]].concat())?;
    meed(&[&["report", "--public"], &proof[..], &["--html", &html("public")]].concat())?;
    meed(&[&report[..], &["--html", &html("unproved")]].concat())?;
    let large = built.join("examples/synthetic_page");
    run(shell.command(&large.to_string_lossy()).args([ACCOUNTS, &html("large")]))?;
    Ok(folder)
}
