//! Whose the rows and columns of a file of scores are: bound by what they are called, never by silent
//! position.

pub mod columns;
pub(crate) mod ids;
pub mod items;

use std::path::Path;

use sha2::{Digest, Sha256};

use meed_ledger::events::Events;
use meed_ledger::registry::Registry;
use meed_ledger::shown as quoted;
use meed_ledger::{Fault, LedgerError, Result};

use crate::metadata::Metadata;
use items::{Item, Items, Target};

/// Items of a matrix: their slots are 32-bit numbers.
const MOST_ITEMS: u64 = u32::MAX as u64 - 2;
const NOBODY: u32 = u32::MAX;

/// The files that say whose a matrix's rows and columns are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Naming<'a> {
    /// `items.csv`: whose each item is.
    pub items: Option<&'a Path>,
    /// The ids of the items, in order.
    pub item_ids: Option<&'a Path>,
    /// `columns.csv`: whose each item is, by position.
    pub columns: Option<&'a Path>,
    /// The ids of the events, in order.
    pub event_ids: Option<&'a Path>,
    /// The events are those of `events.csv`, in its order.
    pub events_in_order: bool,
}

/// A matrix's items, bound.
#[derive(Debug)]
pub(crate) struct BoundItems {
    /// For each item, its asset's place in `assets`; `assets.len()` for nobody's.
    pub(crate) slots: Vec<u32>,
    /// The assets that have items, increasing.
    pub(crate) assets: Vec<u32>,
    /// Items that are nobody's.
    pub(crate) ignored: u64,
    /// How they were bound, for the manifest.
    pub(crate) by: &'static str,
}

impl BoundItems {
    /// Sums of an event: one an asset, and two for what is nobody's, above zero and below.
    pub(crate) fn width(&self) -> usize {
        self.assets.len() + 2
    }

    fn new(targets: Vec<u32>, registry: &Registry, by: &'static str) -> Self {
        let mut slot_of = vec![NOBODY; registry.len()];
        for target in targets.iter().filter(|t| **t != NOBODY) {
            slot_of[*target as usize] = 0;
        }
        let assets: Vec<u32> =
            (0..registry.len() as u32).filter(|a| slot_of[*a as usize] == 0).collect();
        for (slot, asset) in (0..).zip(&assets) {
            slot_of[*asset as usize] = slot;
        }
        let mut slots = targets;
        let mut ignored = 0;
        for slot in &mut slots {
            *slot = match *slot {
                NOBODY => {
                    ignored += 1;
                    assets.len() as u32
                }
                asset => slot_of[asset as usize],
            };
        }
        Self { slots, assets, ignored, by }
    }
}

fn number(target: Target) -> u32 {
    match target {
        Target::Asset(index) => index,
        Target::Nobody => NOBODY,
    }
}

/// Binds the items of a matrix that has `count` of them. `path` is the matrix's.
pub(crate) fn bind_items(
    path: &Path,
    count: u64,
    naming: &Naming<'_>,
    metadata: &Metadata,
    registry: &Registry,
) -> Result<BoundItems> {
    if count > MOST_ITEMS {
        let fault = Fault::value("shape", format!("at most {MOST_ITEMS} items"), count);
        return Err(LedgerError::in_file(path, fault));
    }
    let syntax = |text: &str| Err(LedgerError::in_file(path, Fault::Syntax(text.to_owned())));
    if let Some(columns) = naming.columns {
        if naming.items.is_some() || naming.item_ids.is_some() {
            return syntax("expected either a map by position (--columns) or one by id (--items, --item-ids), got both");
        }
        if metadata.items.is_some() || metadata.item_hashes.is_some() {
            return syntax("the file names its items itself: say whose they are by id (--items), not by position (--columns)");
        }
        let targets = columns::load(columns, count, registry)?;
        return Ok(BoundItems::new(targets.into_iter().map(number).collect(), registry, "columns"));
    }
    let items = Items::load(naming.items, registry)?;
    let (list, by) = match (naming.item_ids, &metadata.items) {
        (Some(file), Some(text)) => {
            same_list("items", path, file, text)?;
            (List::File(file), "item ids")
        }
        (Some(file), None) => (List::File(file), "item ids"),
        (None, Some(text)) => (List::Text(text), "item ids in the metadata"),
        (None, None) => match &metadata.item_hashes {
            Some(text) => (List::Text(text), "content hashes in the metadata"),
            None => {
                return syntax(
                    "nothing says whose the scores are: give --columns FILE (column,asset, by position), \
                     or --item-ids FILE with --items FILE (item,asset)",
                )
            }
        },
    };
    let hashes = metadata.item_hashes.as_deref().filter(|_| metadata.items.is_some());
    let hashes = hashes.map(|text| all(path, text, count)).transpose()?;
    // No room is made by the matrix's word: one without rows may claim any number of columns.
    let mut targets: Vec<u32> = Vec::new();
    let mut seen = Seen::default();
    let mut take = |index: u64, id: &str| {
        if index >= count {
            return Err(Fault::value(
                "items",
                format!("{count}, one for each in the matrix"),
                "more",
            ));
        }
        let item = match &hashes {
            Some(hashes) => items.get_either(Some(id), &hex::encode(hashes[index as usize]))?,
            None => items.get(id)?,
        };
        seen.mark(item, index, id)?;
        targets.push(number(item.target));
        Ok(())
    };
    let got = list.read(path, &mut take)?;
    if got != count {
        let expected = format!("{count}, one for each in the matrix");
        return Err(LedgerError::in_file(list.path(path), Fault::value("items", expected, got)));
    }
    Ok(BoundItems::new(targets, registry, by))
}

/// Tells of an item that is there twice.
#[derive(Default)]
struct Seen(std::collections::HashMap<u64, u32>);

impl Seen {
    fn mark(&mut self, item: Item, index: u64, id: &str) -> std::result::Result<(), Fault> {
        match self.0.insert(item.number, index as u32) {
            None => Ok(()),
            Some(first) => Err(Fault::Duplicate {
                what: "item",
                value: quoted(id),
                first: format!("in place {first} (from 0)"),
            }),
        }
    }
}

/// For each event of a matrix that has `count`, its index among the epoch's; and how they were bound.
pub(crate) fn bind_events(
    path: &Path,
    count: u64,
    naming: &Naming<'_>,
    metadata: &Metadata,
    events: &Events,
) -> Result<(Vec<u32>, &'static str)> {
    let list = match (naming.event_ids, &metadata.events) {
        (Some(file), Some(text)) => {
            same_list("events", path, file, text)?;
            Some((List::File(file), "event ids"))
        }
        (Some(file), None) => Some((List::File(file), "event ids")),
        (None, Some(text)) => Some((List::Text(text), "event ids in the metadata")),
        (None, None) => None,
    };
    let Some((list, by)) = list else {
        if !naming.events_in_order {
            return Err(LedgerError::in_file(path, Fault::Syntax(
                "nothing says which events the scores are of: give --event-ids FILE, or --events-in-order \
                 if they are all those of --events, in its order".to_owned(),
            )));
        }
        if count != events.len() as u64 {
            let expected = format!("{}, one for each event (--events-in-order)", events.len());
            return Err(LedgerError::in_file(path, Fault::value("events", expected, count)));
        }
        return Ok(((0..count as u32).collect(), "order"));
    };
    let most = events.len() as u64;
    if count > most {
        let expected = format!("at most {most}, as many as in --events");
        return Err(LedgerError::in_file(path, Fault::value("events", expected, count)));
    }
    let mut bound: Vec<u32> = Vec::with_capacity(events.len());
    let mut place = vec![None; events.len()];
    let mut take = |index: u64, id: &str| {
        if index >= count {
            return Err(Fault::value(
                "events",
                format!("{count}, one for each in the matrix"),
                "more",
            ));
        }
        let event = meed_ledger::events::id(id).and_then(|id| events.by_id(&id));
        let event = event.ok_or_else(|| Fault::Unknown {
            what: "event",
            name: quoted(id),
            hint: "expected the id of an event in --events",
        })?;
        if let Some(first) = place[event as usize].replace(index) {
            let first = format!("in place {first} (from 0)");
            return Err(Fault::Duplicate { what: "event", value: quoted(id), first });
        }
        bound.push(event);
        Ok(())
    };
    let got = list.read(path, &mut take)?;
    if got != count {
        let expected = format!("{count}, one for each in the matrix");
        return Err(LedgerError::in_file(list.path(path), Fault::value("events", expected, got)));
    }
    if naming.events_in_order && !(0..).zip(&bound).all(|(i, event)| i == *event) {
        let fault = Fault::Syntax(
            "expected the events in the order of --events (--events-in-order); their ids say another".to_owned(),
        );
        return Err(LedgerError::in_file(path, fault));
    }
    Ok((bound, by))
}

/// A list of ids: a file, or JSON in a file's metadata.
#[derive(Clone, Copy)]
enum List<'a> {
    File(&'a Path),
    Text(&'a str),
}

impl List<'_> {
    fn read(self, path: &Path, take: ids::Take<'_>) -> Result<u64> {
        match self {
            Self::File(file) => ids::read(file, take),
            Self::Text(text) => ids::read_json(path, text, take),
        }
    }

    fn path<'a>(&'a self, path: &'a Path) -> &'a Path {
        match self {
            Self::File(file) => file,
            Self::Text(_) => path,
        }
    }

    fn digest(self, path: &Path) -> Result<[u8; 32]> {
        let mut digest = Sha256::new();
        self.read(path, &mut |_, id| {
            digest.update((id.len() as u64).to_le_bytes());
            digest.update(id);
            Ok(())
        })?;
        Ok(digest.finalize().into())
    }
}

/// Fails if a file of ids says other than the metadata.
fn same_list(what: &'static str, path: &Path, file: &Path, text: &str) -> Result<()> {
    if List::File(file).digest(path)? == List::Text(text).digest(path)? {
        return Ok(());
    }
    let fault =
        Fault::value(what, format!("the ids in the metadata of {}", path.display()), "others");
    Err(LedgerError::in_file(file, fault))
}

fn all(path: &Path, text: &str, count: u64) -> Result<Vec<[u8; 32]>> {
    let mut list = Vec::new();
    ids::read_json(path, text, &mut |index, id| {
        let mut hash = [0; 32];
        if index >= count || hex::decode_to_slice(id, &mut hash).is_err() {
            let expected = format!("{count} content hashes of 64 hexadecimal digits");
            return Err(Fault::value("meed.item_hashes", expected, id));
        }
        list.push(hash);
        Ok(())
    })?;
    if list.len() as u64 == count {
        return Ok(list);
    }
    let fault = Fault::value("meed.item_hashes", format!("{count}, one an item"), list.len());
    Err(LedgerError::in_file(path, fault))
}
