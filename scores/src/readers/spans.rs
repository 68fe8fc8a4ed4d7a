//! Spans of model outputs that stand word for word in training data, as infini-gram's attribution and
//! OLMoTrace report them: JSON, one object an event, in lines or in an array.
//!
//! An event's item counts the tokens of the spans that it has, or one a span. The file is read as a
//! stream, and what an event may hold is bounded: see [`guard`](super::guard).

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use meed_ledger::content::Progress;
use meed_ledger::{At, Fault, LedgerError, Result};

use super::guard::Guard;
use super::{About, Format, Layout, ScoreSource};
use crate::binding::ids::LONGEST_ID;
use crate::metadata::Metadata;
use crate::triples::Number;
use crate::{Importer, SpanWeight};

/// Most items of an event.
const MOST_ITEMS: usize = 1 << 20;
/// Most documents of a span.
const MOST_DOCUMENTS: usize = 1 << 17;
/// Highest count: sums of 2^20 of them stay in range.
const MOST_COUNT: u64 = 1 << 40;

/// A file of spans.
#[derive(Debug)]
pub(super) struct SpansSource {
    path: PathBuf,
    weight: SpanWeight,
    key: Vec<String>,
    about: About,
}

impl SpansSource {
    pub(super) fn open(path: &Path, weight: SpanWeight, key: Option<&str>) -> Result<Self> {
        let key: Vec<String> =
            key.map_or_else(Vec::new, |k| k.split('.').map(str::to_owned).collect());
        if key.iter().any(String::is_empty) {
            let got = key.join(".");
            let fault = Fault::value("--document-key", "keys with dots between them", got);
            return Err(LedgerError::in_file(path, fault));
        }
        let about = About {
            format: Format::Spans,
            dtype: "count".to_owned(),
            layout: Layout::Triples { assets: false },
            tensor: None,
            metadata: Metadata::default(),
            files: vec![path.to_owned()],
        };
        Ok(Self { path: path.to_owned(), weight, key, about })
    }
}

impl ScoreSource for SpansSource {
    fn about(&self) -> &About {
        &self.about
    }

    fn read(&mut self, importer: &mut Importer<'_>, progress: &mut Progress<'_>) -> Result<()> {
        let io = |action| LedgerError::io(action, &self.path);
        let file = File::open(&self.path).map_err(io("open"))?;
        let length = file.metadata().map_err(io("read"))?.len();
        let guard = Guard::new(file);
        let read = guard.read();
        let mut json =
            serde_json::Deserializer::from_reader(BufReader::with_capacity(1 << 16, guard));
        let mut events = 0u64;
        let mut failed = None;
        let mut take = |event: Event| {
            let at = At::Row(events);
            events += 1;
            for (item, count) in &event.counts {
                let number = Number::Decimal { mantissa: i128::from(*count), exp10: 0 };
                importer.triple(&event.id, item, &number, at)?;
            }
            match progress(read.get(), length).is_break() {
                true => Err(LedgerError::Cancelled),
                false => Ok(()),
            }
        };
        let rules = Rules { weight: self.weight, key: &self.key };
        loop {
            if json.end().is_ok() {
                return Ok(());
            }
            let top = Top { rules, take: &mut take, failed: &mut failed };
            if let Err(error) = top.deserialize(&mut json) {
                return Err(failed.unwrap_or_else(|| {
                    let text = format!("expected spans in JSON: {error}");
                    LedgerError::in_file(&self.path, Fault::Syntax(text))
                }));
            }
        }
    }
}

/// An event's items, each with what it counts.
struct Event {
    id: String,
    counts: BTreeMap<String, u64>,
}

#[derive(Clone, Copy)]
struct Rules<'a> {
    weight: SpanWeight,
    key: &'a [String],
}

/// What stands at the top: an event, or a list of them.
struct Top<'a> {
    rules: Rules<'a>,
    take: &'a mut dyn FnMut(Event) -> Result<()>,
    failed: &'a mut Option<LedgerError>,
}

impl Top<'_> {
    fn give<E: serde::de::Error>(&mut self, event: Event) -> std::result::Result<(), E> {
        (self.take)(event).map_err(|error| {
            *self.failed = Some(error);
            E::custom("refused")
        })
    }
}

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object for an event, or a list of such objects")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, map: A) -> std::result::Result<(), A::Error> {
        let event = self.rules.visit_map(map)?;
        self.give(event)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> std::result::Result<(), A::Error> {
        while let Some(event) = list.next_element_seed(self.rules)? {
            self.give(event)?;
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Rules<'_> {
    type Value = Event;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<Event, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Rules<'_> {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object for an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Event, A::Error> {
        let mut id = None;
        let mut counts = BTreeMap::new();
        let mut seen = [false; 2];
        while let Some(key) = map.next_key::<String>()? {
            let again = match key.as_str() {
                "event" | "event_id" => id.replace(map.next_value_seed(Scalar)?).is_some(),
                "spans" => {
                    map.next_value_seed(List { rules: self, counts: &mut counts })?;
                    std::mem::replace(&mut seen[0], true)
                }
                "counts" => {
                    map.next_value_seed(Counts(&mut counts))?;
                    std::mem::replace(&mut seen[1], true)
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    false
                }
            };
            if again {
                return Err(A::Error::custom(format_args!("{key} is there twice in an event")));
            }
        }
        let id = id.ok_or_else(|| A::Error::custom("expected an event with its id (event)"))?;
        if seen == [false; 2] {
            return Err(A::Error::custom("expected an event with spans or counts"));
        }
        Ok(Event { id, counts })
    }
}

fn count_up<E: serde::de::Error>(
    counts: &mut BTreeMap<String, u64>,
    item: String,
    count: u64,
) -> std::result::Result<(), E> {
    if count > MOST_COUNT {
        return Err(E::custom(format_args!("expected a count up to {MOST_COUNT}")));
    }
    if counts.len() >= MOST_ITEMS && !counts.contains_key(&item) {
        return Err(E::custom(format_args!("expected at most {MOST_ITEMS} items in an event")));
    }
    let sum = counts.entry(item).or_insert(0);
    *sum = sum.saturating_add(count);
    Ok(())
}

/// `counts`: an object of items and whole numbers.
struct Counts<'a>(&'a mut BTreeMap<String, u64>);

impl<'de> DeserializeSeed<'de> for Counts<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Counts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of items and whole numbers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some((item, count)) = map.next_entry::<String, u64>()? {
            if self.0.contains_key(&item) {
                return Err(A::Error::custom(format_args!(
                    "item {} is there twice in an event",
                    meed_ledger::shown(&item)
                )));
            }
            count_up(self.0, item, count)?;
        }
        Ok(())
    }
}

/// `spans`.
struct List<'a> {
    rules: Rules<'a>,
    counts: &'a mut BTreeMap<String, u64>,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of spans")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<(), A::Error> {
        while let Some(span) = list.next_element_seed(Span(self.rules))? {
            for (item, count) in span.documents {
                let count = match self.rules.weight {
                    SpanWeight::One => Some(count),
                    SpanWeight::Tokens => count.checked_mul(span.length),
                };
                count_up(self.counts, item, count.unwrap_or(u64::MAX))?;
            }
        }
        Ok(())
    }
}

struct Found {
    length: u64,
    documents: Vec<(String, u64)>,
}

struct Span<'a>(Rules<'a>);

impl<'de> DeserializeSeed<'de> for Span<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<Found, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Span<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object for a span")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Found, A::Error> {
        let (mut left, mut right, mut length, mut documents) = (None, None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            let again = match key.as_str() {
                "left" => left.replace(map.next_value::<u64>()?).is_some(),
                "right" => right.replace(map.next_value::<u64>()?).is_some(),
                "length" => length.replace(map.next_value::<u64>()?).is_some(),
                "documents" => documents.replace(map.next_value_seed(Documents(self.0))?).is_some(),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    false
                }
            };
            if again {
                return Err(A::Error::custom(format_args!("{key} is there twice in a span")));
            }
        }
        let between = match (left, right) {
            (Some(left), Some(right)) => right.checked_sub(left),
            (None, None) => length,
            _ => None,
        };
        let length = match (between, length) {
            (Some(a), Some(b)) if a == b => a,
            (Some(a), None) => a,
            _ => {
                return Err(A::Error::custom(
                    "expected a span with left and right, or its length, in agreement",
                ))
            }
        };
        let documents =
            documents.ok_or_else(|| A::Error::custom("expected a span with documents"))?;
        Ok(Found { length, documents })
    }
}

struct Documents<'a>(Rules<'a>);

impl<'de> DeserializeSeed<'de> for Documents<'_> {
    type Value = Vec<(String, u64)>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        from: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Documents<'_> {
    type Value = Vec<(String, u64)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of documents")
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut list: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let mut documents = Vec::new();
        while let Some(document) = list.next_element_seed(Document(self.0))? {
            if documents.len() == MOST_DOCUMENTS {
                let text = format_args!("expected at most {MOST_DOCUMENTS} documents in a span");
                return Err(A::Error::custom(text));
            }
            documents.push(document);
        }
        Ok(documents)
    }
}

struct Document<'a>(Rules<'a>);

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = (String, u64);

    fn deserialize<D: Deserializer<'de>>(
        self,
        from: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = (String, u64);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object for a document")
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let (mut id, mut count) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            let again = match (key.as_str(), self.0.key) {
                ("count", _) => count.replace(map.next_value::<u64>()?).is_some(),
                (name, [first, rest @ ..]) if name == first => {
                    match map.next_value_seed(Pick(rest))? {
                        Some(found) => id.replace(found).is_some(),
                        None => false,
                    }
                }
                ("item" | "documentIndex" | "document_index" | "doc_ix", []) => {
                    id.replace(map.next_value_seed(Scalar)?).is_some()
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    false
                }
            };
            if again {
                return Err(A::Error::custom(format_args!(
                    "expected one id and one count in a document, got {key} again"
                )));
            }
        }
        let id = id.ok_or_else(|| match self.0.key {
            [] => {
                A::Error::custom("expected a document with its id (item, documentIndex or doc_ix)")
            }
            key => A::Error::custom(format_args!(
                "expected a document with its id ({})",
                key.join(".")
            )),
        })?;
        Ok((id, count.unwrap_or(1)))
    }
}

/// What stands under these keys, one in the other.
struct Pick<'a>(&'a [String]);

impl<'de> DeserializeSeed<'de> for Pick<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        from: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        match self.0 {
            [] => Scalar.deserialize(from).map(Some),
            _ => from.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for Pick<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the document's id in it")
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == self.0[0] {
                let again = found.replace(map.next_value_seed(Pick(&self.0[1..]))?).is_some();
                if again {
                    return Err(A::Error::custom(format_args!(
                        "{key} is there twice in a document"
                    )));
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found.flatten())
    }
}

/// An id: text, or a whole number.
struct Scalar;

impl<'de> DeserializeSeed<'de> for Scalar {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<String, D::Error> {
        from.deserialize_any(self)
    }
}

impl Visitor<'_> for Scalar {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id: text or a whole number")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<String, E> {
        match (1..=LONGEST_ID).contains(&text.len()) {
            true => Ok(text.to_owned()),
            false => Err(E::custom(format_args!("expected an id of 1 to {LONGEST_ID} bytes"))),
        }
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> std::result::Result<String, E> {
        Ok(number.to_string())
    }
}
