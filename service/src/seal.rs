//! Encryption of witnesses at rest: XChaCha20-Poly1305.
//!
//! A sealed witness is `MEEDSEAL`, the format's number, the key's id (8 bytes), a random nonce (24
//! bytes), and the ciphertext with its tag. What it belongs to is authenticated with it, so that one
//! job's witness cannot be put in another's place.

use std::fmt;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::{random, Result, ServiceError};

const MAGIC: &[u8; 9] = b"MEEDSEAL\x01";
const KEY_ID: usize = 8;
const NONCE: usize = 24;
const HEAD: usize = MAGIC.len() + KEY_ID + NONCE;

/// The keys for witnesses: the first one seals, all of them open.
#[derive(Clone)]
pub struct Seals {
    keys: Vec<(XChaCha20Poly1305, [u8; KEY_ID])>,
}

impl fmt::Debug for Seals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.keys.iter().map(|(_, id)| hex::encode(id)).collect();
        f.debug_struct("Seals").field("ids", &ids).finish_non_exhaustive()
    }
}

impl Seals {
    /// Takes keys as 64 hexadecimal digits each, the current one first.
    ///
    /// # Errors
    /// [`ServiceError::Config`], which does not repeat the key.
    pub fn new(keys: &[Zeroizing<String>]) -> Result<Self> {
        let mut list = Vec::with_capacity(keys.len());
        for (i, text) in keys.iter().enumerate() {
            let mut key = Zeroizing::new([0u8; 32]);
            let decoded = hex::decode_to_slice(text.trim(), key.as_mut_slice());
            if decoded.is_err() || key.iter().all(|b| *b == 0) {
                let what = format!("witness key {}", i + 1);
                return Err(ServiceError::config(what, "64 hexadecimal digits", "something else"));
            }
            let mut hash = Sha256::new();
            hash.update(b"meed-service.witness-key-id.v1");
            hash.update(key.as_slice());
            let mut id = [0; KEY_ID];
            id.copy_from_slice(&hash.finalize()[..KEY_ID]);
            list.push((XChaCha20Poly1305::new(key.as_slice().into()), id));
        }
        if list.is_empty() {
            return Err(ServiceError::config("witness key", "a key", "none"));
        }
        Ok(Self { keys: list })
    }

    /// Encrypts `plain`, which belongs to `of`.
    ///
    /// # Errors
    /// [`ServiceError::Random`]; [`ServiceError::Sealed`] when it is too long for the cipher.
    pub fn seal(&self, plain: &[u8], of: &str) -> Result<Vec<u8>> {
        let (cipher, id) = &self.keys[0];
        let nonce: [u8; NONCE] = random()?;
        let payload = Payload { msg: plain, aad: of.as_bytes() };
        let sealed = cipher
            .encrypt(XNonce::from_slice(&nonce), payload)
            .map_err(|_| ServiceError::Sealed("fewer bytes"))?;
        let mut out = Vec::with_capacity(HEAD + sealed.len());
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(id);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Decrypts what [`Self::seal`] made for the same `of`.
    ///
    /// # Errors
    /// [`ServiceError::Sealed`].
    pub fn open(&self, sealed: &[u8], of: &str) -> Result<Zeroizing<Vec<u8>>> {
        let error = ServiceError::Sealed;
        let (head, body) = sealed.split_at_checked(HEAD).ok_or(error("a sealed witness"))?;
        let rest = head.strip_prefix(MAGIC).ok_or(error("a sealed witness of format 1"))?;
        let (id, nonce) = rest.split_at(KEY_ID);
        let key = self.keys.iter().find(|(_, known)| known == id);
        let (cipher, _) = key.ok_or(error("one that a configured key has sealed"))?;
        let payload = Payload { msg: body, aad: of.as_bytes() };
        let plain = cipher.decrypt(XNonce::from_slice(nonce), payload);
        plain.map(Zeroizing::new).map_err(|_| error("one that is unchanged and this job's"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seals(first: u8) -> Seals {
        Seals::new(&[Zeroizing::new(hex::encode([first; 32]))]).unwrap()
    }

    #[test]
    fn a_witness_is_opened_by_its_key_for_its_job_alone() {
        let sealed = seals(1).seal(b"scores", "job 1").unwrap();
        assert!(!sealed.windows(6).any(|w| w == b"scores"));
        assert_eq!(seals(1).open(&sealed, "job 1").unwrap().as_slice(), b"scores");
        assert!(seals(1).open(&sealed, "job 2").is_err());
        assert!(seals(2).open(&sealed, "job 1").is_err());
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert!(seals(1).open(&bad, "job 1").is_err(), "{at}");
            assert!(seals(1).open(&sealed[..at], "job 1").is_err(), "{at}");
        }
    }

    #[test]
    fn an_older_key_still_opens() {
        let keys = [[2u8; 32], [1u8; 32]].map(|k| Zeroizing::new(hex::encode(k)));
        let sealed = seals(1).seal(b"x", "job").unwrap();
        let both = Seals::new(&keys).unwrap();
        assert_eq!(both.open(&sealed, "job").unwrap().as_slice(), b"x");
        assert!(seals(1).open(&both.seal(b"x", "job").unwrap(), "job").is_err());
    }

    #[test]
    fn no_key_is_repeated() {
        let bad = Zeroizing::new("secret".to_owned());
        let error = Seals::new(&[bad]).unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
        let shown = format!("{:?}", seals(7));
        assert!(!shown.contains("0707"), "{shown}");
    }
}
