//! Builds the module from `verifier/wasm`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// WebAssembly 1.0 and no more, whatever the compiler's version.
pub const TARGET: &str = "wasm32v1-none";

/// How the module is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// As small as it gets.
    Small,
    /// As few instructions as it gets: what a chain that charges for each would take.
    Fast,
}

impl Profile {
    /// The name in `verifier/wasm/Cargo.toml`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Small => "release",
            Self::Fast => "fast",
        }
    }
}

/// The module's bytes, built from `verifier/wasm` if they are not up to date.
///
/// # Errors
/// A text for people: what could not be built or read, and what to do.
pub fn build(profile: Profile) -> Result<Vec<u8>, String> {
    let file = compile(profile)?;
    fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))
}

fn compile(profile: Profile) -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let package = root.join("verifier/wasm");
    // The versions that the repository is tested with.
    let (from, to) = (root.join("Cargo.lock"), package.join("Cargo.lock"));
    fs::copy(&from, &to).map_err(|error| format!("{}: {error}", to.display()))?;
    let target = match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
    };
    let target = target.join("wasm-host-module");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--profile", profile.name(), "--target", TARGET, "--manifest-path"])
        .arg(package.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        // Flags for the host's own build are not the module's.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "verifier/wasm was not built for {TARGET}: if the target is missing, run \
             `rustup target add {TARGET}`\n{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(target.join(TARGET).join(profile.name()).join("meed_verifier_wasm.wasm"))
}
