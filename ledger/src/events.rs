//! `events.csv`: the paid outputs of an epoch, `id,fee,service,model`.
//!
//! A row is an event, and its position (from 0, without the header) is its index. An id is 32
//! hexadecimal digits, with or without the dashes of a UUID; a fee is in base units; service and
//! model are names of the registry.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use meed_statement::types::{Event, Kind};
use meed_statement::units::{EVENT_INDEX_BITS, FEES_BITS, FEE_BITS};

use crate::error::shown as quoted;
use crate::error::{Fault, Result};
use crate::registry::Registry;
use crate::table::Table;

/// Name of the file in an epoch's folder.
pub const FILE: &str = "events.csv";
const HEADER: &[&str] = &["id", "fee", "service", "model"];
/// As many events as their tree takes: 8^8 elements, two an event.
const MOST_EVENTS: usize = 1 << (EVENT_INDEX_BITS - 1);
/// Highest fee, in base units.
pub const MOST_FEE: u128 = (1 << FEE_BITS) - 1;

/// The events of an epoch, in order, and where each id is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    events: Vec<Event>,
    by_id: HashMap<[u8; 16], u32>,
}

impl Events {
    /// Reads events.
    ///
    /// # Errors
    /// [`LedgerError::Input`](crate::LedgerError::Input) with the line: an id twice, an asset that
    /// is unknown or of another kind, a fee of 2^80 or more, fees of 2^92 or more together.
    pub fn load(path: &Path, registry: &Registry) -> Result<Self> {
        Self::read(Table::open(path, HEADER)?, registry)
    }

    /// Reads events from bytes; `path` is for errors.
    ///
    /// # Errors
    /// As [`Events::load`].
    pub fn parse(path: &Path, bytes: &[u8], registry: &Registry) -> Result<Self> {
        Self::read(Table::new(path, bytes, HEADER)?, registry)
    }

    fn read(mut table: Table<'_>, registry: &Registry) -> Result<Self> {
        let mut builder = Builder::new(registry);
        while let Some(row) = table.next_row()? {
            let fee = row.integer(1, MOST_FEE)?;
            let [id, service, model] = [0, 2, 3].map(|field| row.get(field));
            let first = |first: u32| format!("on line {}", first + 2);
            builder.push(id, fee, service, model, first).map_err(|fault| row.fault(fault))?;
        }
        Ok(builder.finish())
    }

    /// The events, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Event] {
        &self.events
    }

    /// The events themselves.
    #[must_use]
    pub fn into_vec(self) -> Vec<Event> {
        self.events
    }

    /// The index of an event: by id, or by position from 0.
    #[must_use]
    pub fn index(&self, text: &str) -> Option<u32> {
        if let Some(id) = id(text) {
            return self.by_id.get(&id).copied();
        }
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let index: u32 = plain.then(|| text.parse().ok()).flatten()?;
        ((index as usize) < self.events.len()).then_some(index)
    }

    /// The index of the event with this id.
    #[must_use]
    pub fn by_id(&self, id: &[u8; 16]) -> Option<u32> {
        self.by_id.get(id).copied()
    }

    /// Number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Writes the events in the form that [`Events::load`] reads.
    ///
    /// # Errors
    /// What the writer returns.
    pub fn write(&self, names: &[String], out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", HEADER.join(","))?;
        for Event { id, fee, service, model } in &self.events {
            let name = |index: &u32| &names[*index as usize];
            writeln!(out, "{},{fee},{},{}", hex::encode(id), name(service), name(model))?;
        }
        Ok(())
    }
}

/// Collects events row by row, whatever kind of file they come from.
#[derive(Debug)]
pub struct Builder<'a> {
    registry: &'a Registry,
    events: Events,
    fees: u128,
}

impl<'a> Builder<'a> {
    /// No events yet.
    #[must_use]
    pub fn new(registry: &'a Registry) -> Self {
        Self { registry, events: Events::default(), fees: 0 }
    }

    /// Appends an event. `first` says where the event of an index is, for one that is there twice.
    ///
    /// # Errors
    /// What is wrong with the row; see [`Events::load`].
    pub fn push(
        &mut self,
        text: &str,
        fee: u128,
        service: &str,
        model: &str,
        first: impl FnOnce(u32) -> String,
    ) -> std::result::Result<(), Fault> {
        let id = id(text).ok_or_else(|| {
            let expected = "32 hexadecimal digits, with or without the dashes of a UUID";
            Fault::value("id", expected, text)
        })?;
        let index = self.events.len();
        if index == MOST_EVENTS {
            return Err(Fault::value("events", format!("at most {MOST_EVENTS}"), "one more"));
        }
        if let Some(before) = self.events.by_id.insert(id, index as u32) {
            let value = hex::encode(id);
            return Err(Fault::Duplicate { what: "event", value, first: first(before) });
        }
        if fee > MOST_FEE {
            return Err(Fault::value("fee", format!("a whole number up to {MOST_FEE}"), fee));
        }
        // No overflow: 2^23 fees of less than 2^80.
        self.fees += fee;
        if self.fees >> FEES_BITS != 0 {
            let expected = "less than 2^92 base units up to here";
            return Err(Fault::value("sum of the fees", expected, self.fees));
        }
        let service = asset("service", service, self.registry, &[Kind::Service])?;
        let model = asset("model", model, self.registry, &[Kind::Model, Kind::Adapter])?;
        self.events.events.push(Event { id, fee, service, model });
        Ok(())
    }

    /// The events so far.
    #[must_use]
    pub fn finish(self) -> Events {
        self.events
    }
}

/// An event's id: 16 bytes from 32 hexadecimal digits or a UUID.
#[must_use]
pub fn id(text: &str) -> Option<[u8; 16]> {
    let mut id = [0; 16];
    if text.len() == 36 {
        let dashes = [8, 13, 18, 23];
        let in_place = dashes.iter().all(|i| text.as_bytes().get(*i) == Some(&b'-'));
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        return (in_place && hex::decode_to_slice(digits, &mut id).is_ok()).then_some(id);
    }
    hex::decode_to_slice(text, &mut id).is_ok().then_some(id)
}

fn asset(
    what: &'static str,
    name: &str,
    registry: &Registry,
    kinds: &[Kind],
) -> std::result::Result<u32, Fault> {
    let index = registry.index(name).ok_or_else(|| Fault::Unknown {
        what,
        name: quoted(name),
        hint: "expected the name of an asset in registry.csv",
    })?;
    let kind = registry.assets()[index as usize].kind;
    if kinds.contains(&kind) {
        return Ok(index);
    }
    let kinds: Vec<&str> = kinds.iter().map(|k| k.name()).collect();
    let expected = format!("an asset of kind {}", kinds.join(" or "));
    Err(Fault::value(what, expected, format!("{name}, a {}", kind.name())))
}

/// A dataset `d`, a model `m`, an adapter `a` and a service `s`, in this order.
#[cfg(test)]
pub(crate) fn test_registry() -> Registry {
    let header = "name,kind,owner,content_hash,penalty_bps,edges\n";
    let row = |name: &str, kind: &str, i: u32| {
        format!("{name},{kind},0x{:040x},{i:032x}{:032x},0,\n", 1, 0)
    };
    let rows = [
        row("d", "dataset", 1),
        row("m", "model", 2),
        row("a", "adapter", 3),
        row("s", "service", 4),
    ];
    let text = format!("{header}{}", rows.concat());
    Registry::parse(Path::new(crate::registry::FILE), text.as_bytes()).expect("well-formed")
}

#[cfg(test)]
mod tests {
    use super::test_registry as names;
    use super::*;

    fn read(rows: &str) -> std::result::Result<Events, String> {
        let text = format!("id,fee,service,model\n{rows}");
        Events::parse(Path::new(FILE), text.as_bytes(), &names()).map_err(|e| e.to_string())
    }

    const ID: &str = "00112233445566778899aabbccddeeff";

    #[test]
    fn events_survive_their_file() {
        let rows = format!("{ID},5,s,m\n00112233-4455-6677-8899-AABBCCDDEEF0,0,s,a\n");
        let events = read(&rows).unwrap();
        assert_eq!(events.len(), 2);
        assert_eq!(events.index("00112233-4455-6677-8899-aabbccddeeff"), Some(0));
        assert_eq!(events.index("1"), Some(1));
        assert_eq!(events.index("2"), None);
        assert_eq!(events.index("+1"), None);
        let mut out = Vec::new();
        events.write(names().names(), &mut out).unwrap();
        assert_eq!(Events::parse(Path::new(FILE), &out, &names()).unwrap(), events);
        assert!(read("").unwrap().is_empty());
    }

    #[test]
    fn errors_name_the_line() {
        let fee = (1u128 << 80).to_string();
        let cases = [
            (format!("{ID},1,s,m\n"), format!("event {ID} is there twice: first on line 2")),
            ("12,1,s,m\n".to_owned(), "id: expected 32 hexadecimal digits".to_owned()),
            (format!("1{},1,s,m\n", &ID[1..]) + "", String::new()),
            (format!("1{},1,x,m\n", &ID[1..]), "service \"x\" is unknown".to_owned()),
            (
                format!("1{},1,m,m\n", &ID[1..]),
                "service: expected an asset of kind service, got \"m, a model\"".to_owned(),
            ),
            (
                format!("1{},1,s,d\n", &ID[1..]),
                "model: expected an asset of kind model or adapter, got \"d, a dataset\""
                    .to_owned(),
            ),
            (
                format!("1{},{fee},s,m\n", &ID[1..]),
                "fee: expected a whole number up to 1208925819614629174706175".to_owned(),
            ),
            (format!("1{},-1,s,m\n", &ID[1..]), "fee: expected a whole number".to_owned()),
            (format!("1{},1.5,s,m\n", &ID[1..]), "fee: expected a whole number".to_owned()),
        ];
        for (bad, expected) in cases {
            let got = read(&format!("{ID},1,s,m\n{bad}"));
            if expected.is_empty() {
                assert!(got.is_ok());
                continue;
            }
            let error = got.unwrap_err();
            assert!(error.starts_with("events.csv, line 3: "), "{error}");
            assert!(error.contains(&expected), "{error}");
        }
    }

    #[test]
    fn fees_together_stay_below_their_bound() {
        let most = (1u128 << 80) - 1;
        let rows: String = (0..4_097).map(|i| format!("{i:032x},{most},s,m\n")).collect();
        let error = read(&rows).unwrap_err();
        assert!(error.starts_with("events.csv, line 4098: sum of the fees: "), "{error}");
        let rows: String = (0..4_096).map(|i| format!("{i:032x},{most},s,m\n")).collect();
        assert_eq!(read(&rows).unwrap().len(), 4_096);
    }
}
