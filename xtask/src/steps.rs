//! The steps of `cargo xtask test`.

use std::path::{Path, PathBuf};

use anyhow::{bail, Result};

use crate::shell::{output, run, Shell};
use crate::{contracts, exporter, licences, page, tree};

/// How a step ended that did not fail.
pub(crate) enum Outcome {
    /// It found no fault.
    Passed,
    /// It found no fault in the same files before.
    Unchanged,
    /// It could not look; why.
    Skipped(String),
}

type Step = fn(&Shell) -> Result<Outcome>;

/// All steps: name, what it does, how. The quick ones first.
pub(crate) const STEPS: [(&str, &str, Step); 18] = [
    ("fmt", "the code is formatted", fmt),
    ("paths", "no committed file names a path of one machine", paths),
    ("licences", "every dependency has a licence that asks for no more than to be named", licences),
    ("node", "installs what the comparisons with JavaScript need", node),
    ("vectors", "poseidon-lite gives the same hashes and roots", vectors),
    ("claims", "@openzeppelin/merkle-tree gives the same claim trees", claims),
    ("fixtures", "the fixtures are whole and agree with each other", fixtures),
    (
        "exporter",
        "the Python exporter, against pyDVL and what else is installed",
        exporter::exporter,
    ),
    ("contracts", "the contracts: format, artifacts, tests, gas", contracts::contracts),
    ("mutants", "without its check, each attack on the contracts works", contracts::mutants),
    ("clippy", "no lint fires", clippy),
    ("test", "all tests, the ceremony with snarkjs among them", test),
    ("benches", "each bench runs, once and small", benches),
    ("fuzz", "decoders against mutated bytes, for a short time", fuzz),
    ("doc", "the documentation builds without a warning", doc),
    ("no-std", "the verifier builds without std; its size as WebAssembly", no_std),
    ("page", "the report page: built as checked in, and its tests in a browser", page::page),
    ("wasm-host", "the verifier as a WebAssembly module with metered fuel", wasm_host),
];

/// Packages outside the workspace.
const OUTSIDE: [&str; 3] =
    ["fuzz/libfuzzer/Cargo.toml", "verifier/wasm/Cargo.toml", "examples/wasm-host/Cargo.toml"];

fn fmt(shell: &Shell) -> Result<Outcome> {
    run(&mut shell.cargo("fmt --all --check"))?;
    for manifest in OUTSIDE {
        run(&mut shell.cargo(&format!("fmt --check --manifest-path {manifest}")))?;
    }
    Ok(Outcome::Passed)
}

fn paths(shell: &Shell) -> Result<Outcome> {
    tree::no_machine_paths(shell)?;
    Ok(Outcome::Passed)
}

fn licences(shell: &Shell) -> Result<Outcome> {
    licences::check(shell)?;
    Ok(Outcome::Passed)
}

fn node(shell: &Shell) -> Result<Outcome> {
    let folders = node_folders(shell)?;
    if !shell.has("node") || !shell.has("npm") {
        bail!("Node.js and npm are needed: see https://nodejs.org");
    }
    for folder in folders {
        println!("in {}:", folder.display());
        let arguments = "ci --silent --no-audit --no-fund --ignore-scripts";
        run(shell
            .command("npm")
            .args(arguments.split(' '))
            .current_dir(shell.root().join(folder)))?;
    }
    Ok(Outcome::Passed)
}

/// Committed folders with a `package.json`.
fn node_folders(shell: &Shell) -> Result<Vec<PathBuf>> {
    let files = shell.git(&["ls-files", "*package.json"])?;
    let folders = files.lines().map(Path::new);
    let folders = folders.filter(|file| file.file_name() == Some("package.json".as_ref()));
    Ok(folders.filter_map(Path::parent).map(Path::to_owned).collect())
}

fn vectors(shell: &Shell) -> Result<Outcome> {
    let folder = shell.root().join("statement/tests/vectors");
    // Writes poseidon.json again; it must come out as it is.
    let before = std::fs::read(folder.join("poseidon.json"))?;
    run(shell.command("node").arg("make.mjs").current_dir(&folder))?;
    if std::fs::read(folder.join("poseidon.json"))? != before {
        bail!("poseidon-lite gives other hashes than poseidon.json had");
    }
    run(shell.command("node").arg("roots.mjs").current_dir(&folder))?;
    Ok(Outcome::Passed)
}

fn claims(shell: &Shell) -> Result<Outcome> {
    let folder = shell.root().join("ledger/tests/openzeppelin");
    run(shell.command("node").args(["generate.mjs", "--check"]).current_dir(folder))?;
    Ok(Outcome::Passed)
}

fn fixtures(shell: &Shell) -> Result<Outcome> {
    let supported = "import sys; print(sys.version_info >= (3, 11))";
    let python = output(shell.command("python3").args(["-c", supported]));
    if !python.is_ok_and(|answer| answer.trim() == "True") {
        return Ok(Outcome::Skipped("needs Python 3.11".to_owned()));
    }
    run(shell.command("python3").args(["-B", "fixtures/digits/check.py"]))?;
    Ok(Outcome::Passed)
}

fn clippy(shell: &Shell) -> Result<Outcome> {
    let workspace = "clippy --workspace --all-targets --release --locked --keep-going";
    run(shell.cargo(workspace).args(["--", "-D", "warnings"]))?;
    // The program alone, as its users build it: what others' tests switch on is not there.
    run(&mut shell.cargo("clippy -p meed --release --locked -- -D warnings"))?;
    Ok(Outcome::Passed)
}

fn test(shell: &Shell) -> Result<Outcome> {
    run(&mut shell.cargo("test --workspace --release --locked --no-fail-fast"))?;
    Ok(Outcome::Passed)
}

// Of the whole workspace, as all that is built: the features of one package's dependencies are not those
// of all packages', and with others everything is compiled again.
fn benches(shell: &Shell) -> Result<Outcome> {
    run(shell.cargo("bench --workspace --locked --bench").args(["*", "--", "--quick"]))?;
    Ok(Outcome::Passed)
}

fn fuzz(shell: &Shell) -> Result<Outcome> {
    let smoke = "test --workspace --release --locked --test smoke -- --iterations 1000";
    run(&mut shell.cargo(smoke))?;
    Ok(Outcome::Passed)
}

/// The workspace's, so that packages outside it need not build all dependencies again.
pub(crate) fn target_directory(shell: &Shell) -> Result<String> {
    let metadata = output(&mut shell.cargo("metadata --format-version 1 --no-deps --locked"))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    match metadata["target_directory"].as_str() {
        Some(path) => Ok(path.to_owned()),
        None => bail!("cargo metadata names no target directory"),
    }
}

fn doc(shell: &Shell) -> Result<Outcome> {
    let mut command = shell.cargo("doc --workspace --no-deps --release --locked --keep-going");
    run(command.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Outcome::Passed)
}

pub(crate) fn no_std(shell: &Shell) -> Result<Outcome> {
    run(shell.command("sh").arg("verifier/wasm-size.sh"))?;
    Ok(Outcome::Passed)
}

fn wasm_host(shell: &Shell) -> Result<Outcome> {
    let target = "wasm32v1-none";
    let libraries = format!("--print target-libdir --target {target}");
    let libraries = output(shell.command("rustc").args(libraries.split(' ')));
    if !libraries.is_ok_and(|folder| Path::new(folder.trim()).exists()) {
        return Ok(Outcome::Skipped(format!("needs `rustup target add {target}`")));
    }
    let package = shell.root().join("examples/wasm-host");
    std::fs::copy(shell.root().join("Cargo.lock"), package.join("Cargo.lock"))?;
    let outside = "--release --manifest-path examples/wasm-host/Cargo.toml";
    for arguments in
        [format!("clippy {outside} --all-targets -- -D warnings"), format!("test {outside}")]
    {
        run(shell.cargo(&arguments).env("CARGO_TARGET_DIR", target_directory(shell)?))?;
    }
    Ok(Outcome::Passed)
}
