//! A registry, events and files in a folder of their own.
#![allow(dead_code, reason = "each test program uses its part")]

use std::fs;
use std::path::{Path, PathBuf};

use meed_ledger::content::quiet;
use meed_ledger::events::Events;
use meed_ledger::registry::Registry;
use meed_scores::{import, Imported, Ingredient, Options, Recipe, Request};
use tempfile::TempDir;

pub(crate) struct World {
    folder: TempDir,
    pub(crate) registry: Registry,
    pub(crate) events: Events,
}

/// Assets `a0`, `a1` .. of which the last two are a service and a model, and events `id(0)`, `id(1)` ..
pub(crate) fn world(assets: usize, events: usize) -> World {
    let mut text = "name,kind,owner,content_hash,penalty_bps,edges\n".to_owned();
    for i in 0..assets {
        let kind = ["dataset", "service", "model"][i.max(assets - 3) - (assets - 3)];
        text += &format!("a{i},{kind},0x{:040x},{},0,\n", 1, hash(i));
    }
    let registry = Registry::parse(Path::new("registry.csv"), text.as_bytes()).unwrap();
    let mut text = "id,fee,service,model\n".to_owned();
    for i in 0..events {
        text += &format!("{},1,a{},a{}\n", id(i), assets - 2, assets - 1);
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("events.csv"), &text).unwrap();
    let events = Events::parse(Path::new("events.csv"), text.as_bytes(), &registry).unwrap();
    World { folder, registry, events }
}

/// Id of an event.
pub(crate) fn id(event: usize) -> String {
    format!("{:032x}", event + 0xe000)
}

/// Content hash of an asset.
pub(crate) fn hash(asset: usize) -> String {
    format!("{:032x}{:032x}", asset + 0xc000, 7)
}

pub(crate) fn options(fraction_bits: u8) -> Options {
    Options { fraction_bits, ..Options::default() }
}

pub(crate) fn scores(imported: &Imported) -> Vec<(u32, u32, i64)> {
    imported.records.iter().map(|r| (r.event, r.asset, r.score)).collect()
}

/// Whatever was imported, its manifest is enough to import it again.
pub(crate) fn again(done: &Imported, request: &Request<'_>, registry: &Registry, events: &Events) {
    let about = serde_json::to_value(&done.manifest).unwrap();
    let recipe = Recipe::parse(Path::new("import.json"), &about).unwrap();
    let find = |file: &Ingredient| {
        let path = match file.option.as_deref() {
            None if request.scores.is_dir() => return request.scores.join(&file.name),
            None => Some(request.scores),
            Some("items") => request.naming.items,
            Some("item_ids") => request.naming.item_ids,
            Some("columns") => request.naming.columns,
            Some("event_ids") => request.naming.event_ids,
            Some(other) => panic!("no option {other}"),
        };
        path.unwrap().to_owned()
    };
    let with = (request.events, events);
    let got = recipe.import(Path::new("import.json"), find, registry, with, &mut quiet).unwrap();
    assert!(got.records == done.records, "another import gives other records");
    assert_eq!(got.manifest.options, done.manifest.options);
    assert_eq!(got.manifest.result, done.manifest.result);
}

impl World {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Imports a file of the folder, after `change` of the request.
    pub(crate) fn import_with(
        &self,
        name: &str,
        options: &Options,
        change: impl for<'a> FnOnce(&mut Request<'a>, &'a Paths),
    ) -> Result<Imported, String> {
        let (scores, events) = (self.path(name), self.path("events.csv"));
        let paths = Paths(
            ["items.csv", "items.txt", "columns.csv", "events.txt"].map(|name| self.path(name)),
        );
        let mut request = Request::new(&scores, &events, options.clone());
        change(&mut request, &paths);
        let imported = import(&request, &self.registry, &self.events, &mut quiet);
        if let Ok(imported) = &imported {
            again(imported, &request, &self.registry, &self.events);
        }
        imported.map_err(|e| {
            let text = e.to_string();
            text.replace(&format!("{}/", self.folder.path().display()), "")
        })
    }
}

/// The files that bind rows and columns, whether they are there or not.
pub(crate) struct Paths([PathBuf; 4]);

impl Paths {
    pub(crate) fn items(&self) -> Option<&Path> {
        Some(&self.0[0])
    }

    pub(crate) fn item_ids(&self) -> Option<&Path> {
        Some(&self.0[1])
    }

    pub(crate) fn columns(&self) -> Option<&Path> {
        Some(&self.0[2])
    }

    pub(crate) fn event_ids(&self) -> Option<&Path> {
        Some(&self.0[3])
    }
}

/// An NPY file as NumPy writes it.
pub(crate) fn npy(dict: &str, version: u8, numbers: &[u8]) -> Vec<u8> {
    let prefix = if version == 1 { 10 } else { 12 };
    let mut text = dict.to_owned();
    while !(text.len() + 1 + prefix).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let mut file = b"\x93NUMPY".to_vec();
    file.extend([version, 0]);
    match version {
        1 => file.extend((text.len() as u16).to_le_bytes()),
        _ => file.extend((text.len() as u32).to_le_bytes()),
    }
    file.extend(text.as_bytes());
    file.extend(numbers);
    file
}

pub(crate) fn dict(descr: &str, fortran: bool, shape: &str) -> String {
    let order = if fortran { "True" } else { "False" };
    format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({shape}), }}")
}

pub(crate) fn f4(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

pub(crate) fn f8(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| f64::from(*v).to_le_bytes()).collect()
}

/// Numbers that 16 bits hold.
pub(crate) fn f2(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| half::f16::from_f32(*v).to_le_bytes()).collect()
}

pub(crate) fn bf16(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| half::bf16::from_f32(*v).to_le_bytes()).collect()
}
