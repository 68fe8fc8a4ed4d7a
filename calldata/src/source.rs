//! A verifying key as one Solidity file that needs no other.

use std::fmt::Write as _;

use meed_verifier::{halo2, VerifyingKey};

/// Words of a key.
pub const KEY_WORDS: usize = 22;
/// Words of a halo2 key.
pub const HALO2_KEY_WORDS: usize = (halo2::VERIFYING_KEY_BYTES - halo2::KEY_MAGIC.len()) / 32;

/// The texts that the file is made of, in its order.
const CONTRACTS: [&str; 2] = [
    include_str!("../../contracts/src/IMeedVerifier.sol"),
    include_str!("../../contracts/src/MeedVerifier.sol"),
];
/// The longest name that is accepted, for the contract and in comments.
const LONGEST: usize = 64;

/// The points of a key, each with its number of words.
const POINTS: [(&str, usize); 8] = [
    ("alpha", 2),
    ("beta: x1 x0 y1 y0", 4),
    ("gamma", 4),
    ("delta", 4),
    ("IC0", 2),
    ("IC1: h", 2),
    ("IC2: alpha", 2),
    ("IC3: y", 2),
];

/// The circuit that a key is said to belong to. It becomes a comment: a key does not contain it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circuit<'a> {
    /// Name, as in bundles.
    pub name: &'a str,
    /// Name of the shape.
    pub shape: &'a str,
    /// SHA-256 of the constraints.
    pub digest: &'a [u8; 32],
}

/// Why there is no file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The contract cannot have this name.
    #[error(
        "contract name: expected a capital letter, then at most 63 letters, digits and underscores, and \
         neither MeedVerifier nor IMeedVerifier, got {got:?}"
    )]
    Name {
        /// The name.
        got: String,
    },
    /// The circuit's or the shape's name cannot stand in a comment.
    #[error(
        "circuit name: expected at most 64 letters, digits, dots, hyphens and underscores, got {got:?}"
    )]
    Circuit {
        /// The name.
        got: String,
    },
}

/// The key as the words that `MeedVerifier`'s constructor takes, 32 bytes each, big-endian.
#[must_use]
pub fn constructor_words(key: &VerifyingKey) -> [[u8; 32]; KEY_WORDS] {
    let bytes = key.to_bytes();
    let mut words = [[0; 32]; KEY_WORDS];
    words.as_flattened_mut().copy_from_slice(&bytes);
    words
}

/// The key as the words that `MeedHalo2Verifier`'s constructor takes: its bytes without their magic.
#[must_use]
pub fn halo2_constructor_words(key: &halo2::VerifyingKey) -> [[u8; 32]; HALO2_KEY_WORDS] {
    let bytes = key.to_bytes();
    let mut words = [[0; 32]; HALO2_KEY_WORDS];
    words.as_flattened_mut().copy_from_slice(&bytes[halo2::KEY_MAGIC.len()..]);
    words
}

/// One Solidity file with a contract `name` that verifies proofs under the key: interface, verifier and the
/// key. It is deployed without arguments. An insecure key is exported, too; the file says so, and so does
/// the contract's `insecure()`.
///
/// # Errors
/// [`SourceError`]: a name that is none. A [`VerifyingKey`] was checked when it was made.
pub fn verifier_source(
    key: &VerifyingKey,
    name: &str,
    circuit: Option<&Circuit<'_>>,
) -> Result<String, SourceError> {
    check_name(name)?;
    let (head, bodies) = contracts();
    let mut file = head;
    file.push('\n');
    // Writing to a String cannot fail.
    let mut line = |text: &str| {
        file.push_str(text);
        file.push('\n');
    };
    line(&format!(
        "// {name}: verifies Meed proofs under one key. Made by `meed export verifier`."
    ));
    line(&format!("// key id:  0x{}", hex::encode(key.id())));
    match circuit {
        Some(circuit) => {
            check_comment(circuit.name)?;
            check_comment(circuit.shape)?;
            line(&format!("// circuit: {}, shape {}", circuit.name, circuit.shape));
            line(&format!("// digest:  {}", hex::encode(circuit.digest)));
        }
        None => line("// circuit: the key's file does not say"),
    }
    if key.is_insecure() {
        line("//");
        line("// INSECURE KEY: made by the local development set-up. Anybody can forge proofs under it.");
        line("// Never let money depend on it.");
    }
    for body in bodies {
        line("");
        line(body.trim());
    }
    line("");
    file.push_str(&contract(key, name));
    Ok(file)
}

/// The contract with the key.
fn contract(key: &VerifyingKey, name: &str) -> String {
    let mut text = format!(
        "/// @title MeedVerifier with the key 0x{}.\n\
         contract {name} is MeedVerifier {{\n    \
             constructor() MeedVerifier(_key()) {{}}\n\n    \
             function _key() private pure returns (uint256[{KEY_WORDS}] memory) {{\n        \
                 return [\n",
        hex::encode(key.id())
    );
    let words = constructor_words(key);
    let mut rest = &words[..];
    for (point, length) in POINTS {
        let (coordinates, after) = rest.split_at(length);
        let _ = writeln!(text, "            // {point}");
        for (i, word) in coordinates.iter().enumerate() {
            let first = rest.len() == KEY_WORDS && i == 0;
            let last = after.is_empty() && i + 1 == length;
            let digits = hex::encode(word);
            // The first element gives the array its type.
            let value = if first { format!("uint256(0x{digits})") } else { format!("0x{digits}") };
            let _ = writeln!(text, "            {value}{}", if last { "" } else { "," });
        }
        rest = after;
    }
    text.push_str("        ];\n    }\n}\n");
    text
}

/// Licence and pragma, which all contracts share, and each contract without them and without imports.
fn contracts() -> (String, [String; 2]) {
    let belongs_to_head = |line: &&str| line.starts_with("// SPDX") || line.starts_with("pragma ");
    let head: Vec<&str> = CONTRACTS[0].lines().filter(belongs_to_head).collect();
    let body = |text: &str| {
        let kept = text.lines().filter(|l| !belongs_to_head(l) && !l.starts_with("import "));
        kept.collect::<Vec<_>>().join("\n")
    };
    (head.join("\n") + "\n", CONTRACTS.map(body))
}

/// A name that Solidity takes: no keyword of it starts with a capital letter.
fn check_name(name: &str) -> Result<(), SourceError> {
    let word = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let capital = name.starts_with(|c: char| c.is_ascii_uppercase());
    let taken = ["MeedVerifier", "IMeedVerifier"].contains(&name);
    if !word || !capital || taken || name.len() > LONGEST {
        return Err(SourceError::Name { got: name.to_owned() });
    }
    Ok(())
}

/// A name that cannot end a comment.
fn check_comment(name: &str) -> Result<(), SourceError> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !plain || name.is_empty() || name.len() > LONGEST {
        return Err(SourceError::Circuit { got: name.to_owned() });
    }
    Ok(())
}
