//! Key files on disk: `<name>.zkey` and, beside it, `<name>.vk.json`.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use meed_circuits::r1cs::matrix::Matrices;
use meed_verifier::VerifyingKey;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::digest::{of_chunks, plain, Digests, Hasher};
use super::{write, Contents, Reader};
use crate::error::{same, value, FormatError, KeyError};
use crate::key::{expect_system, CircuitId, Hex32, KeyInfo, ProvingKey, GROTH16};
use crate::map::FileMap;

/// The largest sidecar that is read; a real one has about 2 kB.
const SIDECAR_LIMIT: u64 = 1 << 16;

/// What stands beside a key file: all that a verifier needs, and the digest that lets the key's
/// points be taken without checking each again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// What the key file says about itself.
    pub key: KeyInfo,
    /// The verifying key: 704 bytes in hexadecimal, see [`VerifyingKey::to_bytes`].
    pub vk: String,
    /// [`VerifyingKey::id`].
    pub vk_id: Hex32,
    /// SHA-256 of the key file, as `sha256sum` prints it: of the same bytes, since both digests are
    /// taken in one pass when the file is written. Compared on loading only where there is no
    /// `zkey_chunks_sha256`: only one processor at a time can compute it.
    pub zkey_sha256: Hex32,
    /// SHA-256 of the SHA-256 of every 4 MiB (2^22 bytes) of the key file, one after the other, the
    /// last perhaps of less. It pins the same bytes and is compared on all processors at once. Files
    /// of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zkey_chunks_sha256: Option<Hex32>,
    /// Bytes of the key file.
    pub zkey_bytes: u64,
}

/// Where the sidecar of the key file at `path` is.
#[must_use]
pub fn sidecar_path(path: &Path) -> PathBuf {
    path.with_extension("vk.json")
}

impl Sidecar {
    fn new(key: &ProvingKey, zkey: Digests) -> Self {
        let vk = key.verifying_key();
        Self {
            key: key.info().clone(),
            vk: hex::encode(vk.to_bytes()),
            vk_id: vk.id().into(),
            zkey_sha256: zkey.sha256,
            zkey_chunks_sha256: Some(zkey.chunks_sha256),
            zkey_bytes: zkey.bytes,
        }
    }

    /// Fails unless `zkey` are the bytes of the key file: all of them.
    fn check_digest(&self, zkey: &[u8]) -> Result<(), FormatError> {
        same("bytes of the file", self.zkey_bytes, zkey.len() as u64)?;
        match self.zkey_chunks_sha256 {
            Some(expected) => same("SHA-256 of the file's chunks", expected, of_chunks(zkey)),
            None => same("SHA-256 of the file", self.zkey_sha256, plain(zkey)),
        }
    }

    /// Reads and checks a sidecar.
    ///
    /// # Errors
    /// [`KeyError::File`] when it cannot be read, is not one, or contradicts itself.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let file = File::open(path).map_err(KeyError::at(path))?;
        let mut text = Vec::new();
        file.take(SIDECAR_LIMIT + 1).read_to_end(&mut text).map_err(KeyError::at(path))?;
        Self::from_json(&text).map_err(KeyError::at(path))
    }

    /// Parses and checks a sidecar.
    ///
    /// # Errors
    /// [`FormatError`] when it is too long, no such JSON, or contradicts itself.
    pub fn from_json(text: &[u8]) -> Result<Self, FormatError> {
        if text.len() as u64 > SIDECAR_LIMIT {
            return Err(value("sidecar", format!("at most {SIDECAR_LIMIT} bytes"), "more"));
        }
        expect_system(text, GROTH16)?;
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
            .map_err(|error| value("vk", "704 bytes in hexadecimal", error))?;
        let vk = VerifyingKey::from_bytes(&bytes)?;
        same("vk_id", Hex32::from(vk.id()), self.vk_id)?;
        self.key.check(&vk)?;
        Ok(vk)
    }

    fn save(&self, path: &Path) -> Result<(), KeyError> {
        let mut text = serde_json::to_vec_pretty(self).map_err(KeyError::at(path))?;
        text.push(b'\n');
        create(path, |to| Ok(to.write_all(&text)?)).map(|_| ())
    }
}

impl ProvingKey {
    /// Writes the key to `path` and the sidecar beside it, each by a temporary file that takes its
    /// place when it is complete and on disk.
    ///
    /// # Errors
    /// [`KeyError::Circuit`] when `matrices` are not the key's; [`KeyError::File`] otherwise.
    pub fn save(&self, matrices: &Matrices, path: &Path) -> Result<Sidecar, KeyError> {
        self.circuit().check(matrices).map_err(KeyError::Circuit)?;
        let written = create(path, |to| Ok(write(self, matrices, to)?))?;
        self.save_sidecar(path, written)
    }

    pub(crate) fn save_sidecar(&self, path: &Path, zkey: Digests) -> Result<Sidecar, KeyError> {
        let sidecar = Sidecar::new(self, zkey);
        sidecar.save(&sidecar_path(path))?;
        Ok(sidecar)
    }

    /// Maps the key for `circuit` at `path` into memory, with the sidecar beside it. The points stay
    /// in the file, which the key keeps open.
    ///
    /// Every byte of the file is hashed before anything in it is used, and must give the digest that
    /// the sidecar names. The points are not checked one by one: the sidecar was written when they were
    /// computed or checked, so the digest says that their coordinates are canonical and that they are
    /// in their groups. Whoever can change both files, or the file while a proof is made, can give the
    /// prover a key that leaks the witness. Where they come from elsewhere, use
    /// [`ProvingKey::load_checked`]; whoever may not choose the key must not be able to write it.
    ///
    /// A file that is written over or cut while it is mapped gives proofs that are not handed out since
    /// they do not verify, or ends the process by a signal (`SIGBUS`). Replace key files by renaming, as
    /// [`ProvingKey::save`] does: those who have the old one mapped keep it.
    ///
    /// # Errors
    /// [`KeyError::File`], with the name of the file and what was expected, when one of the two is
    /// damaged, does not belong to the other, or belongs to another circuit.
    pub fn load(path: &Path, circuit: &CircuitId) -> Result<Self, KeyError> {
        let beside = sidecar_path(path);
        let sidecar = Sidecar::load(&beside)?;
        circuit.same(&sidecar.key.circuit).map_err(KeyError::at(&beside))?;
        let file = File::open(path).map_err(KeyError::at(path))?;
        let map = Arc::new(FileMap::new(&file).map_err(KeyError::at(path))?);
        sidecar.check_digest(&map).map_err(KeyError::at(path))?;
        let contents = Contents::of_map(&map, circuit).map_err(KeyError::at(path))?;
        let key = Self::from_contents(contents, circuit).map_err(KeyError::at(path))?;
        if *key.info() != sidecar.key {
            let error = value("metadata", "those of the key file", "others");
            return Err(KeyError::at(&beside)(error));
        }
        same("vk_id", Hex32::from(key.verifying_key().id()), sidecar.vk_id)
            .map_err(KeyError::at(&beside))?;
        Ok(key)
    }

    /// Reads the key for `circuit` from `path` without a sidecar: every point is checked to be on
    /// its curve and in its subgroup, and the coefficients to be those of `matrices`. The points are
    /// read into memory, so that what was checked is what is used.
    ///
    /// That the points are the right ones for the circuit, it cannot tell.
    ///
    /// # Errors
    /// [`KeyError::File`], with the name of the file and what was expected.
    pub fn load_checked(
        path: &Path,
        circuit: &CircuitId,
        matrices: &Matrices,
    ) -> Result<Self, KeyError> {
        let file = File::open(path).map_err(KeyError::at(path))?;
        Self::read_checked(file, circuit, matrices).map_err(KeyError::at(path))
    }

    /// [`ProvingKey::load_checked`] from anything that can be read and sought.
    ///
    /// # Errors
    /// [`FormatError`], with what was expected.
    pub fn read_checked(
        from: impl Read + Seek,
        circuit: &CircuitId,
        matrices: &Matrices,
    ) -> Result<Self, FormatError> {
        circuit.check(matrices)?;
        let (contents, _) = Reader::new(from, matrices).read(circuit)?;
        Self::from_contents(contents, circuit)
    }

    fn from_contents(contents: Contents, circuit: &CircuitId) -> Result<Self, FormatError> {
        let info = contents.info.ok_or_else(|| {
            value("metadata", "Meed's own section", "none (import the ceremony's file first)")
        })?;
        circuit.same(&info.circuit)?;
        Self::new(info, &contents.vk, contents.points)
    }
}

/// Counts and hashes what passes through.
pub(crate) struct HashWriter<W> {
    to: W,
    hash: Hasher,
}

impl<W: Write> Write for HashWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Writes a file all or not at all: to a temporary file in the same folder, synced, renamed, and the
/// folder synced. Returns digests and length.
pub(crate) fn create(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<HashWriter<&File>>) -> Result<(), FormatError>,
) -> Result<Digests, KeyError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let temporary = temporary(folder).map_err(KeyError::at(path))?;
    let hashing = HashWriter { to: temporary.as_file(), hash: Hasher::new() };
    let mut to = BufWriter::with_capacity(1 << 20, hashing);
    content(&mut to).map_err(KeyError::at(path))?;
    let HashWriter { hash, .. } =
        to.into_inner().map_err(|error| KeyError::at(path)(error.into_error()))?;
    temporary.as_file().sync_all().map_err(KeyError::at(path))?;
    temporary.persist(path).map_err(|error| KeyError::at(path)(error.error))?;
    if cfg!(unix) {
        File::open(folder).and_then(|f| f.sync_all()).map_err(KeyError::at(path))?;
    }
    Ok(hash.finish())
}

/// Keys are public: readable by all, as far as the umask allows.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".meed-").suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    builder.tempfile_in(folder)
}
