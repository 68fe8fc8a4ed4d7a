//! Reading the files of a bundle. Every value is canonical or an error.

use std::str::FromStr;

use ark_bn254::Fr;
use meed_statement::shape::{Shape, SHAPES};
use meed_statement::types::{Account, StateEntry};
use meed_statement::words::{word_from_bytes, Domain, WordsError};
use meed_verifier::System;
use serde::de::DeserializeOwned;
use serde::Deserialize;

use super::files::{manifest_json, DomainFields, FileFields, Manifest, Public, STATE_HEADER};
use super::text::{hex_0x, origin, parse_0x32, parse_decimal, parse_hex32};
use super::{
    BundleError, Circuit, KeyLabel, FORMAT, FORMAT_VERSION, LISTED, MANIFEST, MOST_CIRCUIT_NAME,
    PUBLIC, STATE,
};
use crate::error::shown;

fn json<T: DeserializeOwned>(file: &'static str, bytes: &[u8]) -> Result<T, BundleError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let reason = error.to_string().chars().take(200).flat_map(char::escape_debug).collect();
        BundleError::Syntax { file, line: error.line(), reason }
    })
}

fn hex32(file: &'static str, field: &str, text: &str) -> Result<[u8; 32], BundleError> {
    let error = || BundleError::field(file, field, "0x and 64 hex digits, lower case", shown(text));
    parse_0x32(text).ok_or_else(error)
}

/// Whether a circuit's name may stand in a manifest.
pub(super) fn check_circuit_name(name: &str) -> Result<(), BundleError> {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"-_.".contains(&c);
    if (1..=MOST_CIRCUIT_NAME).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    let expected = format!("1 to {MOST_CIRCUIT_NAME} of a-z A-Z 0-9 - _ .");
    Err(BundleError::field(MANIFEST, "circuit name", expected, shown(name)))
}

/// Fails if a circuit's name says another proof system than that of the proof. Names that say none may be
/// anything.
pub(super) fn check_circuit_system(name: &str, system: System) -> Result<(), BundleError> {
    let prefix = |system: System| format!("meed-{}-", system.name());
    let others = System::ALL.into_iter().filter(|other| *other != system);
    match others.map(prefix).find(|other| name.starts_with(other)) {
        None => Ok(()),
        Some(_) => {
            let expected = format!("{}.. for a proof of {system}", prefix(system));
            Err(BundleError::field(MANIFEST, "circuit name", expected, shown(name)))
        }
    }
}

/// What the manifest says about a file.
pub(super) struct Listed {
    pub(super) name: &'static str,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// Reads the manifest: format, key, circuit and the list of files. What it says of the epoch and the domain
/// is left to the comparison with the manifest that the other files give. Without a key, the label is what
/// the manifest says of its own.
pub(super) fn manifest(
    bytes: &[u8],
    key: Option<KeyLabel>,
) -> Result<(Circuit, KeyLabel, Vec<Listed>), BundleError> {
    #[derive(Deserialize)]
    struct Head {
        format: String,
        version: u32,
    }
    let field = |field, expected: &dyn ToString, got| {
        BundleError::field(MANIFEST, field, expected.to_string(), got)
    };
    let head: Head = json(MANIFEST, bytes)?;
    if head.format != FORMAT {
        return Err(field("format", &FORMAT, shown(&head.format)));
    }
    if head.version != FORMAT_VERSION {
        return Err(field("version", &FORMAT_VERSION, head.version.to_string()));
    }
    let manifest: Manifest = json(MANIFEST, bytes)?;
    let vk_id = hex32(MANIFEST, "key id", &manifest.key.vk_id)?;
    let label = match key {
        Some(key) if key.vk_id == vk_id => key,
        Some(key) => {
            let (expected, got) = (hex_0x(&key.vk_id), hex_0x(&vk_id));
            return Err(BundleError::ForeignKey { file: MANIFEST, expected, got });
        }
        None => {
            let said = &manifest.key.origin;
            let insecure = [false, true].into_iter().find(|insecure| origin(*insecure) == said);
            let expected = [false, true].map(origin).join(" or ");
            let insecure = insecure.ok_or_else(|| field("key origin", &expected, shown(said)))?;
            KeyLabel { vk_id, insecure }
        }
    };
    check_circuit_name(&manifest.circuit.name)?;
    let shape = &manifest.circuit.shape;
    let shape = SHAPES.into_iter().find(|s| s.name == shape).ok_or_else(|| {
        let known = SHAPES.map(|s: Shape| s.name).join(", ");
        field("circuit shape", &format!("one of {known}"), shown(shape))
    })?;
    let digest = &manifest.circuit.digest;
    let digest = parse_hex32(digest)
        .ok_or_else(|| field("circuit digest", &"64 hex digits, lower case", shown(digest)))?;
    let listed = listed(&manifest.files)?;
    let rebuilt = manifest_json(&manifest);
    let again: Manifest = json(MANIFEST, &rebuilt)?;
    if again.digest != manifest.digest {
        let (expected, got) = (shown(&manifest.digest), again.digest);
        return Err(BundleError::Digest { file: MANIFEST, expected, got });
    }
    Ok((Circuit { name: manifest.circuit.name, shape, digest }, label, listed))
}

fn listed(files: &[FileFields]) -> Result<Vec<Listed>, BundleError> {
    if files.len() != LISTED.len() {
        return Err(BundleError::field(MANIFEST, "files", LISTED.len(), files.len()));
    }
    let entry = |(name, got): (&'static str, &FileFields)| {
        let field = |what, expected: &dyn ToString, got: &str| {
            BundleError::field(
                MANIFEST,
                format!("{what} of {name}"),
                expected.to_string(),
                shown(got),
            )
        };
        if got.name != name {
            return Err(field("name", &name, &got.name));
        }
        if parse_hex32(&got.sha256).is_none() {
            return Err(field("sha256", &"64 hex digits, lower case", &got.sha256));
        }
        Ok(Listed { name, bytes: got.bytes, sha256: got.sha256.clone() })
    };
    LISTED.into_iter().zip(files).map(entry).collect()
}

/// Reads `public.json`: the words, `[h, alpha, y]` and the domain. Nothing is compared yet.
pub(super) fn public(bytes: &[u8]) -> Result<(Vec<Fr>, [Fr; 3], Domain), BundleError> {
    let public: Public = json(PUBLIC, bytes)?;
    let word = |(index, text): (usize, &String)| {
        let bytes = hex32(PUBLIC, &format!("word {index}"), text)?;
        word_from_bytes(&bytes, index).map_err(|source| BundleError::Words { file: PUBLIC, source })
    };
    let words = public.words.iter().enumerate().map(word).collect::<Result<_, _>>()?;
    let input = |name: &str, text: &str| {
        let bytes = hex32(PUBLIC, name, text)?;
        word_from_bytes(&bytes, 0).map_err(|_: WordsError| {
            BundleError::field(PUBLIC, name, "a value below the field modulus", text)
        })
    };
    let inputs = [input("h", &public.h)?, input("alpha", &public.alpha)?, input("y", &public.y)?];
    Ok((words, inputs, domain(&public.domain)?))
}

fn domain(fields: &DomainFields) -> Result<Domain, BundleError> {
    let chain_id = hex32(PUBLIC, "chain_id", &fields.chain_id)?;
    Ok(Domain::raw(chain_id, hex32(PUBLIC, "contract", &fields.contract)?))
}

/// Reads `state.csv`. Order and bounds are checked with the rest of the content.
pub(super) fn state(bytes: &[u8]) -> Result<Vec<StateEntry>, BundleError> {
    let syntax = |line, reason: &str| {
        let reason = reason.to_owned();
        Err(BundleError::Syntax { file: STATE, line, reason })
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return syntax(1, "expected UTF-8");
    };
    let Some(rows) = text.strip_prefix(STATE_HEADER) else {
        return syntax(1, "expected the header account,accrued");
    };
    let mut entries = Vec::new();
    for (row, line) in rows.split_inclusive('\n').enumerate() {
        let number = row + 2;
        let Some(line) = line.strip_suffix('\n') else {
            return syntax(number, "expected a newline at the end, got the end of the file");
        };
        let Some((account, accrued)) = line.split_once(',') else {
            return syntax(number, &format!("expected account,accrued, got {}", shown(line)));
        };
        let account = match Account::from_str(account) {
            Ok(parsed) => parsed,
            Err(error) => return syntax(number, &format!("{error}, got {}", shown(account))),
        };
        let Some(accrued) = parse_decimal(accrued) else {
            let reason = format!("expected credits in decimal digits, got {}", shown(accrued));
            return syntax(number, &reason);
        };
        entries.push(StateEntry { account, accrued });
    }
    Ok(entries)
}
