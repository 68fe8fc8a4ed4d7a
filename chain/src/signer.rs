//! Keys of accounts: from a keystore file or from the environment, never from an argument.

use std::env::{self, VarError};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use alloy::signers::local::PrivateKeySigner;
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{ChainError, Result};

/// Variable with a private key, 64 hexadecimal digits.
pub const PRIVATE_KEY: &str = "MEED_PRIVATE_KEY";
/// Variable with the password of a keystore.
pub const PASSWORD: &str = "MEED_KEYSTORE_PASSWORD";
/// The longest keystore or password file.
const MOST: u64 = 1 << 16;

/// Where a key is.
#[derive(Clone, Copy, Debug)]
pub struct KeySource<'a> {
    /// A keystore of version 3, as geth, cast and ethers write them.
    pub keystore: Option<&'a Path>,
    /// Its password; else the environment has it.
    pub password_file: Option<&'a Path>,
}

impl KeySource<'_> {
    /// Opens the key.
    ///
    /// # Errors
    /// [`ChainError::Order`] when there is none; [`ChainError::Input`]; [`ChainError::Io`].
    pub fn open(&self) -> Result<PrivateKeySigner> {
        match self.keystore {
            Some(path) => self.keystore(path),
            None => environment(),
        }
    }

    fn keystore(&self, path: &Path) -> Result<PrivateKeySigner> {
        check(&read(path)?, path)?;
        let password = match self.password_file {
            Some(file) => {
                let mut password = read(file)?;
                // Editors end a file with a line break.
                let length = password.trim_end_matches(['\r', '\n']).len();
                password.truncate(length);
                password
            }
            None => variable(PASSWORD)?.ok_or_else(|| {
                ChainError::order(format!(
                    "{}: expected its password: use --password-file or the variable {PASSWORD}",
                    path.display()
                ))
            })?,
        };
        let wrong = || ChainError::input(path.display(), "another password for this keystore");
        let mut secret =
            eth_keystore::decrypt_key(path, password.as_bytes()).map_err(|_| wrong())?;
        let signer = PrivateKeySigner::from_slice(&secret);
        secret.zeroize();
        signer.map_err(|_| ChainError::input(path.display(), "a key of secp256k1 in the keystore"))
    }
}

fn environment() -> Result<PrivateKeySigner> {
    let text = variable(PRIVATE_KEY)?.ok_or_else(|| {
        ChainError::order(format!(
            "expected the key of an account: use --keystore FILE or the variable {PRIVATE_KEY}"
        ))
    })?;
    let bad = || {
        let expected = "a private key: 64 hexadecimal digits, with or without 0x";
        ChainError::input(format!("variable {PRIVATE_KEY}"), expected)
    };
    let digits = text.trim();
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    let mut bytes = Zeroizing::new([0u8; 32]);
    hex::decode_to_slice(digits, bytes.as_mut_slice()).map_err(|_| bad())?;
    PrivateKeySigner::from_slice(bytes.as_slice()).map_err(|_| bad())
}

fn variable(name: &str) -> Result<Option<Zeroizing<String>>> {
    match env::var(name) {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => {
            Err(ChainError::input(format!("variable {name}"), "UTF-8 text"))
        }
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    let read = File::open(path).and_then(|file| file.take(MOST + 1).read_to_string(&mut text));
    match read {
        Ok(_) if text.len() as u64 > MOST => {
            Err(ChainError::input(path.display(), format!("a file of at most {MOST} bytes")))
        }
        Ok(_) => Ok(text),
        Err(source) if source.kind() == std::io::ErrorKind::InvalidData => {
            Err(ChainError::input(path.display(), "UTF-8 text"))
        }
        Err(source) => Err(ChainError::Io { action: "read", path: path.to_owned(), source }),
    }
}

/// Checks a keystore's shape: the library that opens it takes lengths and costs as they are.
fn check(text: &str, path: &Path) -> Result<()> {
    let bad = |expected: &str| ChainError::input(path.display(), expected);
    let json: Value =
        serde_json::from_str(text).map_err(|_| bad("a keystore: JSON with version 3"))?;
    if json["version"] != 3 {
        return Err(bad("a keystore of version 3"));
    }
    let crypto = &json["crypto"];
    let bytes = |value: &Value| value.as_str().and_then(|t| hex::decode(t).ok()).map(|b| b.len());
    let params = &crypto["kdfparams"];
    let whole = crypto["cipher"] == "aes-128-ctr"
        && bytes(&crypto["cipherparams"]["iv"]) == Some(16)
        && bytes(&crypto["ciphertext"]) == Some(32)
        && bytes(&crypto["mac"]) == Some(32)
        && bytes(&params["salt"]).is_some()
        && params["dklen"] == 32;
    if !whole {
        return Err(bad("a keystore of a key of 32 bytes, encrypted with aes-128-ctr"));
    }
    let number = |name: &str| params[name].as_u64().unwrap_or(0);
    let affordable = match crypto["kdf"].as_str() {
        Some("scrypt") => {
            let (n, r, p) = (number("n"), number("r"), number("p"));
            n.is_power_of_two()
                && (2..=1 << 22).contains(&n)
                && (1..=16).contains(&r)
                && (1..=16).contains(&p)
        }
        Some("pbkdf2") => params["prf"] == "hmac-sha256" && (1..=1 << 28).contains(&number("c")),
        _ => false,
    };
    match affordable {
        true => Ok(()),
        false => Err(bad("a keystore with scrypt or pbkdf2 of the usual cost")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    const ADDRESS: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

    /// A keystore with a cheap derivation, made by the library.
    fn keystore(folder: &Path) -> std::path::PathBuf {
        let secret = hex::decode(SECRET).unwrap();
        eth_keystore::encrypt_key(folder, &mut rand::thread_rng(), secret, "pass word", Some("k"))
            .unwrap();
        folder.join("k")
    }

    #[test]
    fn a_keystore_opens_with_its_password_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = keystore(folder.path());
        let password = folder.path().join("password");
        let open = |text: &str| {
            std::fs::write(&password, text).unwrap();
            KeySource { keystore: Some(&path), password_file: Some(&password) }.open()
        };
        let signer = open("pass word\n").unwrap();
        assert_eq!(signer.address().to_string(), ADDRESS);
        assert!(!format!("{signer:?}").contains(SECRET));
        let error = open("other word").unwrap_err();
        assert!(error.to_string().contains("another password"), "{error}");
        assert!(!format!("{error} {error:?}").contains("other word"));

        let text = std::fs::read_to_string(&path).unwrap();
        for (from, to) in [
            ("\"dklen\":32", "\"dklen\":8"),
            ("\"version\":3", "\"version\":1"),
            ("\"n\":8192", "\"n\":8191"),
            ("aes-128-ctr", "aes-128-cbc"),
            ("\"iv\":\"", "\"iv\":\"00"),
        ] {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from}: {text}");
            std::fs::write(&path, changed).unwrap();
            let error = open("pass word").unwrap_err();
            assert_eq!(error.class(), crate::Class::Input, "{from}: {error}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(open("pass word"), Err(ChainError::Io { .. })));
    }
}
