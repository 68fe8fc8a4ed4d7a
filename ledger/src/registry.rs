//! `registry.csv`: the datasets, models, adapters and services of a network.
//!
//! A row is an asset, and its position (from 0, without the header) is the asset's index in every
//! other file and in the statement. Edges are written `parent:bps`, joined by `;`, and lead to
//! earlier rows. Rows are only ever appended; a curator who marks a copy or sets a penalty edits
//! the row, which changes the registry's root from the next commitment on.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use meed_statement::types::{Account, Asset, Bps, ContentHash, Edge, Kind};
use meed_statement::units::{BPS, EDGES};

use crate::content::{self, Progress};
use crate::error::shown as quoted;
use crate::error::{Fault, LedgerError, Result};
use crate::table::{integer, Row, Table};

/// Name of the file in a project.
pub const FILE: &str = "registry.csv";
const HEADER: &[&str] = &["name", "kind", "owner", "content_hash", "penalty_bps", "edges"];
const ASSETS_HEADER: &[&str] = &["name", "kind", "owner", "path", "penalty_bps", "edges"];
/// Longest name, in bytes.
const LONGEST_NAME: usize = 64;
/// As many assets as the registry's tree takes: 8^8 elements, three an asset.
const MOST_ASSETS: usize = (1 << 24) / 3;

/// Assets and their names, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    names: Vec<String>,
    assets: Vec<Asset>,
    by_name: HashMap<String, u32>,
    by_content: HashMap<u128, u32>,
}

/// An asset before its content is hashed and its edges are resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAsset {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Who is paid for it.
    pub owner: Account,
    /// What it owes to whom, as `parent:bps` joined by `;`.
    pub edges: String,
    /// What it owes the remainder account.
    pub penalty: Bps,
}

impl Registry {
    /// Reads a registry.
    ///
    /// # Errors
    /// [`LedgerError::Input`] with the line, for whatever breaks clause S1; [`LedgerError::Io`].
    pub fn load(path: &Path) -> Result<Self> {
        Self::read(Table::open(path, HEADER)?)
    }

    /// Reads a registry from bytes; `path` is for errors.
    ///
    /// # Errors
    /// [`LedgerError::Input`].
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        Self::read(Table::new(path, bytes, HEADER)?)
    }

    fn read(mut table: Table<'_>) -> Result<Self> {
        let mut registry = Self::default();
        while let Some(row) = table.next_row()? {
            let content = content_hash(&row, 3)?;
            let new = new_asset(&row)?;
            registry.push(new, content).map_err(|fault| row.fault(fault))?;
        }
        Ok(registry)
    }

    /// Appends an asset.
    ///
    /// # Errors
    /// [`Fault`] when clause S1 or the rules for names do not allow it; nothing is appended then.
    pub fn push(
        &mut self,
        new: NewAsset,
        content_hash: ContentHash,
    ) -> std::result::Result<u32, Fault> {
        let NewAsset { name, kind, owner, edges, penalty } = new;
        if self.assets.len() >= MOST_ASSETS {
            return Err(Fault::value("assets", format!("at most {MOST_ASSETS}"), "one more"));
        }
        check_name(&name)?;
        let first = |index: u32| format!("on line {} of {FILE}", index + 2);
        if let Some(index) = self.by_name.get(&name) {
            return Err(Fault::Duplicate {
                what: "asset",
                value: quoted(&name),
                first: first(*index),
            });
        }
        if let Some(index) = self.by_content.get(&content_hash.key()) {
            return Err(Fault::Duplicate {
                what: "content hash",
                value: format!("{content_hash:?} (of {})", quoted(&self.names[*index as usize])),
                first: first(*index),
            });
        }
        let edges = self.edges(&name, &edges)?;
        let owed: u32 = edges.iter().map(|e| e.bps.get()).sum::<u32>() + penalty.get();
        if owed > BPS {
            return Err(Fault::value("sum of edges and penalty", "at most 10000 bps", owed));
        }
        let index = self.assets.len() as u32;
        self.by_name.insert(name.clone(), index);
        self.by_content.insert(content_hash.key(), index);
        self.names.push(name);
        self.assets.push(Asset { content_hash, owner, kind, edges, penalty });
        Ok(index)
    }

    fn edges(&self, child: &str, text: &str) -> std::result::Result<Vec<Edge>, Fault> {
        let mut edges: Vec<Edge> = Vec::new();
        for part in text.split(';').filter(|_| !text.is_empty()) {
            let wrong = || Fault::value("edges", "parent:bps, joined by ;", part);
            let (parent, bps) = part.rsplit_once(':').ok_or_else(wrong)?;
            if parent == child {
                return Err(Fault::value("edges", "edges to other assets", part));
            }
            let index = self.index(parent).ok_or_else(|| Fault::Unknown {
                what: "parent",
                name: quoted(parent),
                hint:
                    "an edge leads to an asset on an earlier line, so that none leads in a circle",
            })?;
            let bps = integer(bps).filter(|b| (1..=u128::from(BPS)).contains(b));
            let bps = bps.and_then(|b| Bps::new(b as u32));
            let bps = bps.ok_or_else(|| Fault::value("edges", "1 to 10000 bps", part))?;
            if edges.iter().any(|e| e.parent == index) {
                return Err(Fault::value("edges", "one edge to a parent", part));
            }
            edges.push(Edge { parent: index, bps });
        }
        if edges.len() > EDGES {
            return Err(Fault::value("edges", format!("at most {EDGES}"), edges.len()));
        }
        Ok(edges)
    }

    /// The assets, in order.
    #[must_use]
    pub fn assets(&self) -> &[Asset] {
        &self.assets
    }

    /// Their names, in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The index of an asset.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// The index of the asset with this content.
    #[must_use]
    pub fn by_content(&self, hash: &ContentHash) -> Option<u32> {
        let index = self.by_content.get(&hash.key()).copied()?;
        (self.assets[index as usize].content_hash == *hash).then_some(index)
    }

    /// Number of assets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.assets.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.assets.is_empty()
    }

    /// Writes the registry in the form that [`Registry::load`] reads.
    ///
    /// # Errors
    /// What the writer returns.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", HEADER.join(","))?;
        for (name, asset) in self.names.iter().zip(&self.assets) {
            let Asset { content_hash, owner, kind, edges, penalty } = asset;
            let edges: Vec<String> = edges
                .iter()
                .map(|e| format!("{}:{}", self.names[e.parent as usize], e.bps.get()))
                .collect();
            let (kind, penalty, edges) = (kind.name(), penalty.get(), edges.join(";"));
            writeln!(out, "{name},{kind},{owner},{content_hash:?},{penalty},{edges}")?;
        }
        Ok(())
    }

    /// Appends all assets of a list `name,kind,owner,path,penalty_bps,edges`, whose paths are
    /// relative to the list's folder, hashing their contents. `progress` counts assets.
    ///
    /// # Errors
    /// As [`Registry::push`] and [`content::hash`]. Some assets may be appended by then: work on a
    /// copy.
    pub fn add_list(&mut self, path: &Path, progress: &mut Progress<'_>) -> Result<usize> {
        let list = read_list(path)?;
        let (before, total) = (self.len(), list.len() as u64);
        for (done, Listed { line, new, path: file }) in list.into_iter().enumerate() {
            if progress(done as u64, total).is_break() {
                return Err(LedgerError::Cancelled);
            }
            let hash = content::hash(&file, &mut |_, _| progress(done as u64, total))?;
            self.push(new, hash).map_err(|fault| LedgerError::at_line(path, line, fault))?;
        }
        Ok(self.len() - before)
    }
}

/// A row of a list of assets, whose content is not looked at yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Line of the list, from 1 with the header.
    pub line: u64,
    /// The asset.
    pub new: NewAsset,
    /// Its file or folder.
    pub path: PathBuf,
}

/// Reads a list `name,kind,owner,path,penalty_bps,edges`, whose paths are relative to its folder.
///
/// # Errors
/// [`LedgerError::Input`] with the line; [`LedgerError::Io`].
pub fn read_list(path: &Path) -> Result<Vec<Listed>> {
    let mut table = Table::open(path, ASSETS_HEADER)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut list = Vec::new();
    while let Some(row) = table.next_row()? {
        if row.get(3).is_empty() {
            return Err(row.expected(3, "the path of a file or folder"));
        }
        let path = folder.join(row.get(3));
        list.push(Listed { line: row.line, new: new_asset(&row)?, path });
    }
    Ok(list)
}

/// The fields that both kinds of file have in the same places.
fn new_asset(row: &Row<'_>) -> Result<NewAsset> {
    let kind =
        kind(row.get(1)).ok_or_else(|| row.expected(1, "dataset, model, adapter or service"))?;
    let owner = row.get(2).parse();
    let owner = owner.map_err(|error| row.expected(2, format!("an account ({error})")))?;
    let penalty = row.integer(4, u128::from(BPS))?;
    Ok(NewAsset {
        name: row.get(0).to_owned(),
        kind,
        owner,
        edges: row.get(5).to_owned(),
        penalty: Bps::new(penalty as u32).expect("bounded just now"),
    })
}

/// The kind of this name.
#[must_use]
pub fn kind(name: &str) -> Option<Kind> {
    Kind::NAMES.into_iter().find(|(_, n)| *n == name).map(|(kind, _)| kind)
}

fn content_hash(row: &Row<'_>, field: usize) -> Result<ContentHash> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(row.get(field), &mut bytes)
        .map_err(|_| row.expected(field, "64 hexadecimal digits"))?;
    Ok(ContentHash(bytes))
}

/// A name can stand in every file and on every screen: no separators of our files, nothing
/// invisible, nothing that a spreadsheet takes for a formula.
fn check_name(name: &str) -> std::result::Result<(), Fault> {
    let invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}')
    };
    let rule = if name.is_empty() {
        "a name"
    } else if name.len() > LONGEST_NAME {
        "a name of at most 64 bytes"
    } else if name.trim() != name {
        "a name without space around it"
    } else if name.contains([',', ';', ':', '"', '\\']) {
        "a name without any of , ; : \" \\"
    } else if name.starts_with(['=', '+', '-', '@']) {
        "a name that does not start with = + - @"
    } else if name.contains(invisible) {
        "a name without invisible characters"
    } else {
        return Ok(());
    };
    Err(Fault::value("name", rule, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "0x0ffa304b6347cb521465a37a40053ebf258b49d1";

    fn hash(i: usize) -> String {
        format!("{i:032x}{:032x}", 0)
    }

    fn read(rows: &[String]) -> std::result::Result<Registry, String> {
        let text = format!("{}\n{}", HEADER.join(","), rows.concat());
        Registry::parse(Path::new(FILE), text.as_bytes()).map_err(|e| e.to_string())
    }

    fn row(name: &str, content: usize, penalty: &str, edges: &str) -> String {
        format!("{name},dataset,{OWNER},{},{penalty},{edges}\n", hash(content))
    }

    #[test]
    fn a_registry_survives_its_file() {
        let rows = [
            row("a", 1, "0", ""),
            row("b é", 2, "10000", ""),
            row("c", 3, "1000", "a:4000;b é:5000"),
        ];
        let registry = read(&rows).unwrap();
        assert_eq!(registry.index("b é"), Some(1));
        assert_eq!(registry.assets()[2].edges.len(), 2);
        let mut out = Vec::new();
        registry.write(&mut out).unwrap();
        assert_eq!(Registry::parse(Path::new(FILE), &out).unwrap(), registry);
    }

    #[test]
    fn what_breaks_s1_is_told_with_the_line() {
        let a = || row("a", 1, "0", "");
        let cases = [
            (
                row("b", 2, "0", "c:100"),
                "parent \"c\" is unknown: an edge leads to an asset on an earlier",
            ),
            (row("b", 2, "0", "b:100"), "edges: expected edges to other assets, got \"b:100\""),
            (row("b", 2, "0", "a"), "edges: expected parent:bps, joined by ;, got \"a\""),
            (row("b", 2, "0", "a:0"), "edges: expected 1 to 10000 bps, got \"a:0\""),
            (row("b", 2, "0", "a:10001"), "edges: expected 1 to 10000 bps"),
            (row("b", 2, "0", "a:1;a:2"), "edges: expected one edge to a parent"),
            (
                row("b", 2, "1", "a:10000"),
                "sum of edges and penalty: expected at most 10000 bps, got \"10001\"",
            ),
            (row("b", 2, "10001", ""), "penalty_bps: expected a whole number up to 10000"),
            (row("b", 1, "0", ""), "is there twice: first on line 2 of registry.csv"),
            (row("a", 2, "0", ""), "asset \"a\" is there twice: first on line 2 of registry.csv"),
            (row("", 2, "0", ""), "name: expected a name, got \"\""),
            (row(" b", 2, "0", ""), "name: expected a name without space around it"),
            (row("=b", 2, "0", ""), "name: expected a name that does not start with"),
            (row("b:c", 2, "0", ""), "name: expected a name without any of"),
            (row("b\u{202e}", 2, "0", ""), "name: expected a name without invisible characters"),
            (row(&"b".repeat(65), 2, "0", ""), "name: expected a name of at most 64 bytes"),
            (row("b", 2, "0", "").replace("dataset", "data"), "kind: expected dataset, model"),
            (row("b", 2, "0", "").replace("0x0f", "0f"), "owner: expected an account"),
            (row("b", 2, "0", "").replace(&hash(2), "12"), "content_hash: expected 64 hex"),
        ];
        for (bad, expected) in cases {
            let error = read(&[a(), bad]).unwrap_err();
            assert!(error.starts_with("registry.csv, line 3: "), "{error}");
            assert!(error.contains(expected), "{error}");
        }
        let rows: Vec<String> = (0..6)
            .map(|i| row(&format!("n{i}"), i, "0", ["", "n0:1;n1:1;n2:1;n3:1;n4:1"][i / 5]))
            .collect();
        let error = read(&rows).unwrap_err();
        assert_eq!(error, "registry.csv, line 7: edges: expected at most 4, got \"5\"");
    }

    #[test]
    fn the_fixture_is_a_registry() {
        let digits = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/digits/assets.csv");
        let mut registry = Registry::default();
        assert_eq!(registry.add_list(&digits, &mut content::quiet).unwrap(), 49);
        let alder = &registry.assets()[registry.index("alder").unwrap() as usize];
        let digest = "659746f93936eabb791bd66d0dd55255939a0d15709f32dcd74912d4aa057795";
        assert_eq!(format!("{:?}", alder.content_hash), digest);
    }
}
