//! Key files of a toy system.

use std::path::PathBuf;

use meed_prover::{insecure_setup, CircuitId, KeyError, ProvingKey, Sidecar};

use super::Toy;

/// A toy and its key, saved in a folder of its own.
pub struct Saved {
    pub toy: Toy,
    pub id: CircuitId,
    pub key: ProvingKey,
    pub sidecar: Sidecar,
    pub folder: tempfile::TempDir,
}

impl Saved {
    pub fn new() -> Self {
        let toy = Toy::new(40, 3);
        let id = toy.id();
        let key = insecure_setup(&id, &toy.matrices).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let sidecar = key.save(&toy.matrices, &folder.path().join("toy.zkey")).unwrap();
        Self { toy, id, key, sidecar, folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("toy.zkey")
    }

    pub fn load(&self) -> Result<ProvingKey, KeyError> {
        ProvingKey::load(&self.path(), &self.id)
    }

    pub fn load_checked(&self) -> Result<ProvingKey, KeyError> {
        ProvingKey::load_checked(&self.path(), &self.id, &self.toy.matrices)
    }
}

/// Fails unless the error says all of these.
#[track_caller]
pub fn says(error: &KeyError, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}

/// Start, id and length of each section.
pub fn sections(bytes: &[u8]) -> Vec<(usize, u32, usize)> {
    let mut at = 12;
    let mut sections = vec![];
    while at < bytes.len() {
        let id = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let len = u64::from_le_bytes(bytes[at + 4..at + 12].try_into().unwrap()) as usize;
        sections.push((at + 12, id, len));
        at += 12 + len;
    }
    sections
}
