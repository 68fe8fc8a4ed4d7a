//! `items.csv`: whose the pieces of training data are that a tool scored, `item,asset`.
//!
//! An item is an id, or a content hash of 64 hexadecimal digits. Its asset is a name of the registry,
//! `sha256:` and the content hash of an asset of the registry, or `-` for an item that is nobody's: its
//! scores are left out, and counted.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use meed_ledger::registry::Registry;
use meed_ledger::shown as quoted;
use meed_ledger::table::{Row, Table};
use meed_ledger::{Fault, LedgerError, Result};
use meed_statement::types::ContentHash;

use super::ids::LONGEST_ID;

const HEADER: &[&str] = &["item", "asset"];
/// Items in a map: their numbers are 32-bit ones.
const MOST_ITEMS: usize = u32::MAX as usize - 1;

/// Where the scores of an item go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// To the asset with this index.
    Asset(u32),
    /// Nowhere: they are counted and left out.
    Nobody,
}

/// An item that a target was found for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where its scores go.
    pub target: Target,
    /// A number that no other item of this map has.
    pub number: u64,
}

/// Which asset each item belongs to.
pub struct Items<'a> {
    registry: &'a Registry,
    map: Option<Map>,
}

struct Map {
    path: PathBuf,
    /// By the first half of the SHA-256 of the item's name: 2^64 work finds two that agree, and then the
    /// map is refused.
    entries: HashMap<u128, Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    target: Target,
    line: u32,
}

impl std::fmt::Debug for Items<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.map.as_ref().map(|map| &map.path);
        f.debug_struct("Items").field("map", &path).finish_non_exhaustive()
    }
}

impl<'a> Items<'a> {
    /// Items that are content hashes of the registry's assets, or names in a map.
    ///
    /// # Errors
    /// [`LedgerError::Input`] with the line; [`LedgerError::Io`].
    pub fn load(path: Option<&Path>, registry: &'a Registry) -> Result<Self> {
        let map = path.map(|path| Map::load(path, registry)).transpose()?;
        Ok(Self { registry, map })
    }

    /// Whether there is a map.
    #[must_use]
    pub fn has_map(&self) -> bool {
        self.map.is_some()
    }

    /// Whose an item is: by the map, else by the registry if the item is a content hash.
    ///
    /// # Errors
    /// [`Fault::Unknown`].
    pub fn get(&self, item: &str) -> std::result::Result<Item, Fault> {
        self.find(item).ok_or_else(|| self.unknown(item))
    }

    /// Whose an item is that also has a content hash.
    ///
    /// # Errors
    /// [`Fault::Unknown`]; [`Fault::Value`] when the map says one thing of the id and another of the
    /// hash.
    pub fn get_either(&self, item: Option<&str>, hash: &str) -> std::result::Result<Item, Fault> {
        let by_id = item.and_then(|item| self.find(item));
        let by_hash = self.find(hash);
        match (by_id, by_hash) {
            (Some(a), Some(b)) if a.target != b.target => {
                let expected = "one asset for an item's id and its content hash";
                Err(Fault::value("item", expected, item.unwrap_or(hash)))
            }
            (Some(item), _) | (None, Some(item)) => Ok(item),
            (None, None) => Err(self.unknown(item.unwrap_or(hash))),
        }
    }

    fn find(&self, item: &str) -> Option<Item> {
        let entry = self.map.as_ref().and_then(|map| map.entries.get(&key(item)));
        if let Some(entry) = entry {
            return Some(Item { target: entry.target, number: entry.line.into() });
        }
        let index = self.registry.by_content(&content_hash(item)?)?;
        Some(Item { target: Target::Asset(index), number: u64::from(index) | 1 << 32 })
    }

    fn unknown(&self, item: &str) -> Fault {
        let hint = match self.map {
            Some(_) => "expected an item of the map (--items), or the content hash of an asset",
            None => "expected the content hash of an asset in registry.csv; for other ids say whose they are with --items",
        };
        Fault::Unknown { what: "item", name: quoted(item), hint }
    }
}

impl Map {
    fn load(path: &Path, registry: &Registry) -> Result<Self> {
        let mut table = Table::open(path, HEADER)?;
        let mut entries = HashMap::new();
        while let Some(row) = table.next_row()? {
            let item = row.get(0);
            if item.is_empty() || item.len() > LONGEST_ID {
                return Err(row.expected(0, format!("an id of 1 to {LONGEST_ID} bytes")));
            }
            let target = target(&row, 1, registry)?;
            if entries.len() == MOST_ITEMS || row.line > u64::from(u32::MAX) {
                return Err(row.fault(Fault::value(
                    "items",
                    format!("at most {MOST_ITEMS}"),
                    "more",
                )));
            }
            let entry = Entry { target, line: row.line as u32 };
            if let Some(first) = entries.insert(key(item), entry) {
                return Err(row.fault(Fault::Duplicate {
                    what: "item",
                    value: quoted(item),
                    first: format!("on line {}", first.line),
                }));
            }
        }
        if entries.is_empty() {
            return Err(LedgerError::in_file(path, Fault::value("items", "at least one", "none")));
        }
        Ok(Self { path: path.to_owned(), entries })
    }
}

/// The field of a map that says whose something is.
pub(super) fn target(row: &Row<'_>, field: usize, registry: &Registry) -> Result<Target> {
    let text = row.get(field);
    if text == "-" {
        return Ok(Target::Nobody);
    }
    let (index, hint) = match text.strip_prefix("sha256:") {
        Some(digits) => {
            let hash = content_hash(digits);
            let hash = hash.ok_or_else(|| row.expected(field, "sha256: and 64 hexadecimal digits"))?;
            (registry.by_content(&hash), "expected the content hash of an asset in registry.csv")
        }
        None => (
            registry.index(text),
            "expected the name of an asset in registry.csv, sha256: and a content hash there, or - for nobody's",
        ),
    };
    let unknown = || row.fault(Fault::Unknown { what: "asset", name: quoted(text), hint });
    index.map(Target::Asset).ok_or_else(unknown)
}

fn content_hash(text: &str) -> Option<ContentHash> {
    let mut bytes = [0; 32];
    (text.len() == 64).then_some(())?;
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(ContentHash(bytes))
}

/// An id, or a content hash whatever the case of its digits.
fn key(item: &str) -> u128 {
    let digest = match content_hash(item) {
        Some(hash) => Sha256::digest(hash.0),
        None => Sha256::digest(item.as_bytes()),
    };
    u128::from_be_bytes(digest[..16].try_into().expect("16 of 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_world::registry;
    use std::io::Write;

    fn load(rows: &str) -> std::result::Result<Vec<Option<Target>>, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "item,asset\n{rows}").unwrap();
        let registry = registry();
        let items = Items::load(Some(file.path()), &registry).map_err(|e| e.to_string())?;
        let hash = format!("{:032X}{:032x}", 2, 0);
        Ok(["doc 1", "doc,2", &hash, "doc 4"].map(|i| items.get(i).ok().map(|i| i.target)).to_vec())
    }

    #[test]
    fn items_have_names_hashes_and_nobody() {
        let rows = format!("doc 1,d\n\"doc,2\",-\nxyz,sha256:{:032x}{:032x}\n", 3, 0);
        let (d, m) = (Target::Asset(0), Target::Asset(1));
        assert_eq!(load(&rows).unwrap(), [Some(d), Some(Target::Nobody), Some(m), None]);
        // A hash in the map goes before the registry's own.
        let rows = format!("{:032x}{:032x},-\n", 2, 0);
        assert_eq!(load(&rows).unwrap(), [None, None, Some(Target::Nobody), None]);
    }

    #[test]
    fn errors_name_the_line() {
        for (rows, expected) in [
            ("a,d\na,m\n", "line 3: item \"a\" is there twice: first on line 2"),
            ("a,x\n", "line 2: asset \"x\" is unknown: expected the name of an asset in registry.csv, sha256:"),
            ("a,\n", "line 2: asset \"\" is unknown"),
            ("a,sha256:12\n", "line 2: asset: expected sha256: and 64 hexadecimal digits"),
            (",d\n", "line 2: item: expected an id of 1 to 1024 bytes"),
            ("", "items: expected at least one"),
        ] {
            let error = load(rows).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let absent = format!("a,sha256:{:064x}\n", 77);
        assert!(load(&absent)
            .unwrap_err()
            .contains("is unknown: expected the content hash of an asset"));
    }

    #[test]
    fn an_id_and_its_hash_agree() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "item,asset\na,d\nb,m").unwrap();
        let registry = registry();
        let items = Items::load(Some(file.path()), &registry).unwrap();
        let [d, m] = [1, 2].map(|i| format!("{i:032x}{:032x}", 0));
        assert_eq!(items.get_either(Some("a"), &d).unwrap().target, Target::Asset(0));
        assert_eq!(items.get_either(Some("other"), &m).unwrap().target, Target::Asset(1));
        assert_eq!(items.get_either(None, &m).unwrap().target, Target::Asset(1));
        let error = items.get_either(Some("a"), &m).unwrap_err().to_string();
        assert!(error.contains("one asset for an item's id and its content hash"), "{error}");
    }
}
