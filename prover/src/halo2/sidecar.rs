//! What stands beside a key file: all that a verifier needs.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use meed_verifier::halo2::VerifyingKey;
use serde::{Deserialize, Serialize};

use super::key::{Key, KeyInfo, SYSTEM};
use crate::error::{same, value, FormatError, KeyError};
use crate::key::{expect_system, Hex32};
use crate::zkey::create;

/// The largest sidecar that is read; a real one has about 4 kB.
const SIDECAR_LIMIT: u64 = 1 << 16;

/// A verifying key and what is known about it: `<name>.vk.json` beside `<name>.key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// What the key file says about itself.
    pub key: KeyInfo,
    /// The verifying key: 1,512 bytes in hexadecimal, see [`VerifyingKey::to_bytes`].
    pub vk: String,
    /// [`VerifyingKey::id`].
    pub vk_id: Hex32,
    /// SHA-256 of the key file.
    pub key_sha256: Hex32,
    /// Bytes of the key file.
    pub key_bytes: u64,
}

impl Sidecar {
    pub(crate) fn new(key: &Key, key_sha256: Hex32, key_bytes: u64) -> Self {
        Self {
            key: key.info().clone(),
            vk: hex::encode(key.verifying_key().to_bytes()),
            vk_id: key.verifying_key().id().into(),
            key_sha256,
            key_bytes,
        }
    }

    /// Reads and checks a sidecar.
    ///
    /// # Errors
    /// [`KeyError::File`] when it cannot be read, is not one, or contradicts itself.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let read = || {
            let mut text = Vec::new();
            File::open(path)?.take(SIDECAR_LIMIT + 1).read_to_end(&mut text)?;
            Self::from_json(&text)
        };
        read().map_err(KeyError::at(path))
    }

    /// Parses and checks a sidecar.
    ///
    /// # Errors
    /// [`FormatError`] when it is too long, no such JSON, or contradicts itself.
    pub fn from_json(text: &[u8]) -> Result<Self, FormatError> {
        if text.len() as u64 > SIDECAR_LIMIT {
            return Err(value("sidecar", format!("at most {SIDECAR_LIMIT} bytes"), "more"));
        }
        expect_system(text, SYSTEM)?;
        let sidecar: Self = serde_json::from_slice(text)?;
        sidecar.verifying_key()?;
        Ok(sidecar)
    }

    /// The verifying key.
    ///
    /// # Errors
    /// [`FormatError`] when it is none, has another id, or is not of the origin that is named.
    pub fn verifying_key(&self) -> Result<VerifyingKey, FormatError> {
        let bytes = hex::decode(&self.vk)
            .map_err(|error| value("vk", "1,512 bytes in hexadecimal", error))?;
        let vk = VerifyingKey::from_bytes(&bytes)?;
        same("vk_id", Hex32::from(vk.id()), self.vk_id)?;
        self.key.check(&vk)?;
        Ok(vk)
    }

    pub(crate) fn save(&self, path: &Path) -> Result<(), KeyError> {
        let mut text = serde_json::to_vec_pretty(self).map_err(KeyError::at(path))?;
        text.push(b'\n');
        create(path, |to| Ok(to.write_all(&text)?)).map(|_| ())
    }
}
