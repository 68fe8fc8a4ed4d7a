//! Builds the demo's data into the program: all files of `fixtures/digits` that a project needs.

use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../fixtures/digits");
    let root = root.canonicalize().map_err(|e| format!("{}: {e}", root.display()))?;
    let mut names: Vec<PathBuf> =
        ["assets.csv", "columns.csv", "events.csv", "scores.npy"].map(PathBuf::from).to_vec();
    for folder in ["datasets", "models"] {
        for entry in fs::read_dir(root.join(folder))? {
            names.push(Path::new(folder).join(entry?.file_name()));
        }
    }
    names.sort();
    let mut text = String::from("/// Relative path and content of each file.\n");
    text.push_str("pub(crate) const FILES: &[(&str, &[u8])] = &[\n");
    for name in names {
        let path = root.join(&name);
        println!("cargo:rerun-if-changed={}", path.display());
        let name = name.to_string_lossy().replace('\\', "/");
        text.push_str(&format!("    ({name:?}, include_bytes!({path:?})),\n"));
    }
    text.push_str("];\n");
    println!("cargo:rerun-if-changed={}", root.join("datasets").display());
    println!("cargo:rerun-if-changed={}", root.join("models").display());
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    fs::write(out.join("digits.rs"), text)?;
    Ok(())
}
