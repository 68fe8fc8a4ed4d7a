//! `chain.toml`: where a project's contracts are.

use std::fs;
use std::path::{Path, PathBuf};

use alloy::primitives::{Address, B256};
use meed_ledger::atomic::{write_bytes, Access};
use meed_statement::words::Domain;
use meed_verifier::AnyVerifyingKey;
use serde::{Deserialize, Serialize};

use crate::error::{ChainError, Result};

/// Name of the file, in the project's folder.
pub const FILE: &str = "chain.toml";
const FORMAT: u32 = 1;

/// A project's deployment. Everything in it is public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// 1.
    format: u32,
    /// The chain.
    pub chain_id: u64,
    /// The settlement contract. It is written down before it is there: its address is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<Address>,
    /// The block that it came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<u64>,
    /// The token; `native` is the chain's own coin.
    pub token: Money,
    /// The circuits that can settle.
    #[serde(default, rename = "circuit")]
    pub circuits: Vec<CircuitEntry>,
}

/// A circuit and its verifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CircuitEntry {
    /// Its number in the contract.
    pub number: u64,
    /// Its name, where the key's file says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The verifier contract; written down before it is there.
    pub verifier: Address,
    /// The key's id: the hash of a tag and the key.
    pub key_id: B256,
    /// The verifying key in hexadecimal: 704 bytes of Groth16, 1,512 of halo2.
    key: String,
}

/// The money of a settlement contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Money {
    /// The chain's own coin.
    Native,
    /// An ERC-20 token.
    Token(Address),
}

impl Money {
    /// As the contract's constructor takes it.
    #[must_use]
    pub fn address(self) -> Address {
        match self {
            Self::Native => Address::ZERO,
            Self::Token(token) => token,
        }
    }
}

impl From<Address> for Money {
    fn from(address: Address) -> Self {
        match address.is_zero() {
            true => Self::Native,
            false => Self::Token(address),
        }
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Native => f.write_str("native"),
            Self::Token(token) => token.fmt(f),
        }
    }
}

impl std::str::FromStr for Money {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        if text == "native" {
            return Ok(Self::Native);
        }
        match text.parse::<Address>() {
            Ok(token) if !token.is_zero() && text.starts_with("0x") => Ok(Self::Token(token)),
            _ => Err("expected `native` or a token's address, 0x and 40 hexadecimal digits"),
        }
    }
}

impl Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl CircuitEntry {
    /// A circuit whose verifier will be at `verifier`.
    #[must_use]
    pub fn new(
        number: u64,
        name: Option<String>,
        key: &AnyVerifyingKey,
        verifier: Address,
    ) -> Self {
        let (key_id, key) = (B256::from(key.id()), hex::encode(key.to_vec()));
        Self { number, name, verifier, key_id, key }
    }

    /// The verifying key.
    ///
    /// # Errors
    /// [`ChainError::Input`].
    pub fn verifying_key(&self) -> Result<AnyVerifyingKey> {
        let bytes = hex::decode(&self.key).ok();
        let key = bytes.and_then(|bytes| AnyVerifyingKey::from_bytes(&bytes).ok());
        let key = key.filter(|key| key.id() == self.key_id.0);
        let place = || format!("{FILE}, circuit {}", self.number);
        key.ok_or_else(|| ChainError::input(place(), "a verifying key whose id is key_id"))
    }
}

impl Deployment {
    /// A deployment of which nothing is there yet.
    #[must_use]
    pub fn new(chain_id: u64, token: Money) -> Self {
        Self { format: FORMAT, chain_id, contract: None, block: None, token, circuits: Vec::new() }
    }

    /// Where a project's file is.
    #[must_use]
    pub fn path(root: &Path) -> PathBuf {
        root.join(FILE)
    }

    /// Reads a project's file; `None` when it has none.
    ///
    /// # Errors
    /// [`ChainError::Input`]; [`ChainError::Io`].
    pub fn load(root: &Path) -> Result<Option<Self>> {
        let path = Self::path(root);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ChainError::Io { action: "read", path, source }),
        };
        let bad = |expected: String| ChainError::input(path.display(), expected);
        let this: Self = toml::from_str(&text).map_err(|e| bad(format!("a deployment; {e}")))?;
        if this.format != FORMAT {
            return Err(bad(format!("format {FORMAT}, got {}", this.format)));
        }
        for circuit in &this.circuits {
            circuit.verifying_key()?;
        }
        Ok(Some(this))
    }

    /// Writes a project's file, whole or not at all.
    ///
    /// # Errors
    /// [`ChainError::Ledger`].
    pub fn save(&self, root: &Path) -> Result<()> {
        let text = toml::to_string(self).map_err(|e| ChainError::order(e.to_string()))?;
        let text = format!(
            "# Where this project's contracts are. Written by `meed chain deploy`.\n{text}"
        );
        Ok(write_bytes(&Self::path(root), Access::Public, text.as_bytes())?)
    }

    /// What proofs for this deployment are bound to.
    #[must_use]
    pub fn domain(chain_id: u64, contract: Address) -> Domain {
        Domain::evm(chain_id, contract.into_array())
    }

    /// The circuit with this key.
    #[must_use]
    pub fn circuit_of(&self, key_id: B256) -> Option<&CircuitEntry> {
        self.circuits.iter().find(|circuit| circuit.key_id == key_id)
    }
}
