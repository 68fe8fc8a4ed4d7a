//! `meed setup`.

mod groth16;
mod halo2;

use std::path::Path;

use anyhow::Result;

pub(crate) use groth16::insecure;

use crate::args::{ProofSystem, Setup};
use crate::failure::usage;
use crate::ui::{Report, Ui};

/// Said of every local key.
pub(crate) const INSECURE: &str =
    "INSECURE KEY: made locally, its secrets are public. For development and demonstrations only.";

/// Said of a key that is there and cannot be used.
fn not_replaced(path: &Path) -> String {
    format!("{} is not replaced; remove it and its .vk.json to have it made again", path.display())
}

pub(crate) fn run(args: &Setup, ui: &Ui) -> Result<Report> {
    match args.system {
        ProofSystem::Groth16 if args.ptau.is_some() => Err(usage(
            "--ptau: universal parameters make halo2 keys: add --system halo2. A Groth16 key comes \
             from a ceremony for its circuit: --import-zkey",
        )),
        ProofSystem::Groth16 => groth16::run(args, ui),
        ProofSystem::Halo2 if args.import_zkey.is_some() => Err(usage(
            "--import-zkey: a .zkey is a Groth16 key. A halo2 key is made with universal parameters: \
             --ptau",
        )),
        ProofSystem::Halo2 => halo2::run(args, ui),
    }
}
