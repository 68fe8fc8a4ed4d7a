//! Artefacts by their content: a local folder, or an S3-compatible store.
//!
//! An artefact's name is its kind and the SHA-256 of its bytes; length and digest are checked at every
//! read. Putting the same bytes twice is the same as once.

use std::fs::File;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{BackoffConfig, ObjectMeta, ObjectStore, PutPayload, RetryConfig};
use sha2::{Digest as _, Sha256};

use crate::config::StoreConfig;
use crate::error::{Result, ServiceError};

/// What an artefact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An encrypted witness.
    Witness,
    /// A bundle, as one file.
    Bundle,
}

impl Kind {
    const fn folder(self) -> &'static str {
        match self {
            Self::Witness => "witness",
            Self::Bundle => "bundle",
        }
    }
}

/// So long the store is asked again where it does not answer. A proof has cost more than the wait;
/// requests to the API do not wait as long.
const PATIENCE: Duration = Duration::from_secs(180);

/// So long whoever cannot wait for the store does.
const SOON: Duration = Duration::from_secs(15);

/// What the store answers, if it does so in time: for requests to the API, and for chores, after which
/// leases are looked at again.
pub(crate) async fn in_time<T>(asked: impl Future<Output = Result<T>>) -> Result<T> {
    let away = || object_store::Error::Generic { store: "store", source: "no answer".into() };
    tokio::time::timeout(SOON, asked).await.unwrap_or_else(|_| Err(away().into()))
}

fn patience() -> RetryConfig {
    let backoff = BackoffConfig { max_backoff: Duration::from_secs(5), ..BackoffConfig::default() };
    // The library's ten tries are over in seconds where connections are refused.
    RetryConfig { backoff, max_retries: usize::MAX, retry_timeout: PATIENCE }
}

/// Name of the object that tells the store's time.
const CLOCK: &str = "clock";

/// Which bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// SHA-256, 64 hexadecimal digits.
    pub sha256: String,
    /// How many.
    pub bytes: u64,
}

impl Digest {
    /// That of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { sha256: hex::encode(Sha256::digest(bytes)), bytes: bytes.len() as u64 }
    }
}

/// Where artefacts are.
#[derive(Clone, Debug)]
pub struct Artefacts {
    store: Arc<dyn ObjectStore>,
    /// The folder, where it is one: what was put there is flushed to the disk.
    folder: Option<PathBuf>,
    prefix: String,
}

impl Artefacts {
    /// Opens a store; a folder is made, readable by its owner alone.
    ///
    /// # Errors
    /// [`ServiceError::Io`]; [`ServiceError::Store`]; [`ServiceError::Config`].
    pub fn open(config: &StoreConfig) -> Result<Self> {
        if let Some(s3) = &config.s3 {
            let mut builder = AmazonS3Builder::from_env()
                .with_bucket_name(&s3.bucket)
                .with_region(&s3.region)
                .with_allow_http(s3.allow_http)
                .with_retry(patience());
            if let Some(endpoint) = &s3.endpoint {
                builder = builder.with_endpoint(endpoint);
            }
            let store = Arc::new(builder.build()?);
            return Ok(Self { store, folder: None, prefix: s3.prefix.clone() });
        }
        let Some(folder) = &config.folder else {
            return Err(ServiceError::config("store", "a folder or [store.s3]", "neither"));
        };
        private_folder(folder)?;
        let store = Arc::new(LocalFileSystem::new_with_prefix(folder)?);
        Ok(Self { store, folder: Some(folder.clone()), prefix: String::new() })
    }

    fn key(&self, kind: Kind, sha256: &str) -> Key {
        let (first, prefix) = (sha256.get(..2).unwrap_or_default(), &self.prefix);
        Key::from(format!("{prefix}/{}/{first}/{sha256}", kind.folder()))
    }

    /// Puts bytes there. When this returns, they are on the disk or the store has acknowledged them.
    ///
    /// # Errors
    /// [`ServiceError::Store`]; [`ServiceError::Io`].
    pub async fn put(&self, kind: Kind, bytes: Vec<u8>) -> Result<Digest> {
        let digest = Digest::of(&bytes);
        let key = self.key(kind, &digest.sha256);
        self.store.put(&key, PutPayload::from(bytes)).await?;
        if let Some(folder) = &self.folder {
            let path = folder.join(key.as_ref());
            let synced = tokio::task::spawn_blocking(move || sync(&path)).await;
            synced.map_err(|e| ServiceError::Proof(e.to_string()))??;
        }
        Ok(digest)
    }

    /// Reads an artefact and checks length and digest.
    ///
    /// # Errors
    /// [`ServiceError::Store`]; [`ServiceError::Artefact`] when it is not what was put there.
    pub async fn get(&self, kind: Kind, digest: &Digest) -> Result<Vec<u8>> {
        let key = self.key(kind, &digest.sha256);
        let differs = |what, expected: String, got: String| ServiceError::Artefact {
            name: format!("{}/{}", kind.folder(), digest.sha256),
            what,
            expected,
            got,
        };
        let found = self.store.get(&key).await?;
        // Before anything is read: a wrong length could be one that does not fit into memory.
        if found.meta.size != digest.bytes {
            let (expected, got) = (digest.bytes.to_string(), found.meta.size.to_string());
            return Err(differs("bytes", expected, got));
        }
        let bytes: Vec<u8> = found.bytes().await?.into();
        let got = Digest::of(&bytes);
        if got.bytes != digest.bytes {
            return Err(differs("bytes", digest.bytes.to_string(), got.bytes.to_string()));
        }
        if got.sha256 != digest.sha256 {
            return Err(differs("SHA-256", digest.sha256.clone(), got.sha256));
        }
        Ok(bytes)
    }

    /// The artefacts of a kind that have been there for longer than `age`, by the store's own clock: SHA-256.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn older_than(&self, kind: Kind, age: Duration) -> Result<Vec<String>> {
        let folder = Key::from(format!("{}/{}", self.prefix, kind.folder()));
        let all: Vec<ObjectMeta> = self.store.list(Some(&folder)).try_collect().await?;
        if all.is_empty() {
            return Ok(Vec::new());
        }
        // An empty object that is new says what time it is there.
        let clock = Key::from(format!("{}/{CLOCK}", self.prefix));
        self.store.put(&clock, PutPayload::new()).await?;
        let now = self.store.head(&clock).await?.last_modified;
        let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let old = all.iter().filter(|m| (now - m.last_modified).num_milliseconds() > age);
        let named = old.filter_map(|meta| {
            let name = meta.location.filename()?.to_owned();
            // Nothing but what `put` makes.
            (self.key(kind, &name) == meta.location).then_some(name)
        });
        Ok(named.collect())
    }

    /// Deletes an artefact. One that is not there is deleted.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn delete(&self, kind: Kind, sha256: &str) -> Result<()> {
        match self.store.delete(&self.key(kind, sha256)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Flushes a file and the folders that name it.
fn sync(path: &Path) -> Result<()> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| ServiceError::Io { action: "flush", path, source }
    };
    File::open(path).and_then(|f| f.sync_all()).map_err(at(path))?;
    for folder in path.ancestors().skip(1).take(3) {
        File::open(folder).and_then(|f| f.sync_all()).map_err(at(folder))?;
    }
    Ok(())
}

/// Makes a folder that only its owner can read.
pub(crate) fn private_folder(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let at = |source| ServiceError::Io { action: "create", path: folder.to_owned(), source };
    builder.create(folder).map_err(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_artefact_is_what_was_put_there_or_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig { folder: Some(folder.path().join("store")), s3: None };
        let store = Artefacts::open(&config).unwrap();
        let digest = store.put(Kind::Bundle, b"content".to_vec()).await.unwrap();
        assert_eq!(store.put(Kind::Bundle, b"content".to_vec()).await.unwrap(), digest);
        assert_eq!(store.get(Kind::Bundle, &digest).await.unwrap(), b"content");
        assert!(store.get(Kind::Witness, &digest).await.is_err());
        let key = store.key(Kind::Bundle, &digest.sha256);
        let path = config.folder.unwrap().join(key.as_ref());
        for (bad, what) in [(&b"conten"[..], "bytes: expected 7, got 6"), (b"contenT", "SHA-256")] {
            std::fs::write(&path, bad).unwrap();
            let error = store.get(Kind::Bundle, &digest).await.unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
        let old = |kind, age| store.older_than(kind, Duration::from_millis(age));
        assert_eq!(old(Kind::Bundle, 3_600_000).await.unwrap(), Vec::<String>::new());
        assert_eq!(old(Kind::Witness, 0).await.unwrap(), Vec::<String>::new());
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(old(Kind::Bundle, 0).await.unwrap(), std::slice::from_ref(&digest.sha256));
        store.delete(Kind::Bundle, &digest.sha256).await.unwrap();
        store.delete(Kind::Bundle, &digest.sha256).await.unwrap();
        assert!(store.get(Kind::Bundle, &digest).await.is_err());
    }
}
