//! An import made again, from what its manifest says: the same files, found by their SHA-256, and the same
//! options must give the same records.

use std::path::{Path, PathBuf};

use meed_ledger::content::Progress;
use meed_ledger::events::Events;
use meed_ledger::registry::Registry;
use meed_ledger::{Fault, LedgerError, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::manifest::FORMAT;
use crate::{
    import, Format, Imported, Naming, Normalise, Options, Orientation, Polarity, Request,
    SpanWeight, Unwritten,
};

/// What a manifest says of how scores were imported.
#[derive(Clone, Debug)]
pub struct Recipe {
    about: About,
    format: Format,
}

/// A file that an import read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Ingredient {
    /// The option that named it; none for a file of scores.
    #[serde(default)]
    pub option: Option<String>,
    /// Its name, without its folder.
    pub name: String,
    /// SHA-256.
    pub sha256: String,
}

#[derive(Clone, Debug, Deserialize)]
struct About {
    manifest: u32,
    scores: Vec<Ingredient>,
    maps: Vec<Ingredient>,
    reading: Reading,
    options: Chosen,
}

#[derive(Clone, Debug, Deserialize)]
struct Reading {
    format: String,
    tensor: Option<String>,
    orientation: Option<String>,
    events_by: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Chosen {
    polarity: String,
    polarity_from: String,
    normalise: String,
    scale: String,
    fraction_bits: u8,
    top: Option<usize>,
    drop_below: Option<String>,
    unwritten: String,
    span_weight: Option<String>,
    document_key: Option<String>,
}

impl Recipe {
    /// Reads what stands under `about` in an `import.json`; `path` is for errors.
    ///
    /// # Errors
    /// [`LedgerError::Input`] when it is of another version, or says what no import says.
    pub fn parse(path: &Path, about: &Value) -> Result<Self> {
        let about = About::deserialize(about)
            .map_err(|e| LedgerError::in_file(path, Fault::Syntax(format!("about: {e}"))))?;
        let wrong = |what, expected: &str, got: &str| {
            Err(LedgerError::in_file(path, Fault::value(what, expected, got)))
        };
        if about.manifest != FORMAT {
            return wrong("manifest", &FORMAT.to_string(), &about.manifest.to_string());
        }
        if about.scores.is_empty() {
            return wrong("scores", "at least one file", "none");
        }
        match Format::by_name(&about.reading.format) {
            Some(format) => Ok(Self { about, format }),
            None => wrong("format", "one that this program reads", &about.reading.format),
        }
    }

    /// The files that it takes: those of the scores, then those that say whose their rows and columns are.
    pub fn files(&self) -> impl Iterator<Item = &Ingredient> {
        self.about.scores.iter().chain(&self.about.maps)
    }

    /// Imports again. `find` gives the path of a file that [`Recipe::files`] names; `events` are those of the
    /// epoch, from `events_file`.
    ///
    /// # Errors
    /// As [`import`]; [`LedgerError::Input`] for an option that no import has, and when the files that were
    /// read are not those that the manifest names. `path`, the manifest's, is for errors.
    ///
    /// # Panics
    /// If `find` does not find a file.
    pub fn import(
        &self,
        path: &Path,
        find: impl Fn(&Ingredient) -> PathBuf,
        registry: &Registry,
        (events_file, events): (&Path, &Events),
        progress: &mut Progress<'_>,
    ) -> Result<Imported> {
        let wrong = |what, got: &str| {
            let expected = "what an import writes";
            LedgerError::in_file(path, Fault::value(what, expected, got))
        };
        let About { scores, maps, reading, options: chosen, .. } = &self.about;
        let first = find(&scores[0]);
        let source = match self.format {
            // A folder, of which the manifest names the files.
            Format::Bergson => first.parent().map(Path::to_owned).unwrap_or_default(),
            _ => first,
        };
        let map =
            |option: &str| maps.iter().find(|map| map.option.as_deref() == Some(option)).map(&find);
        let [items, item_ids, columns, event_ids] =
            ["items", "item_ids", "columns", "event_ids"].map(map);
        let choose = |what, name: &str, names: &[&str]| {
            names.iter().position(|n| *n == name).ok_or_else(|| wrong(what, name))
        };
        let polarity = [Polarity::PositiveHelps, Polarity::NegativeHelps];
        let polarity =
            polarity[choose("polarity", &chosen.polarity, &polarity.map(Polarity::name))?];
        let normalise = [Normalise::None, Normalise::Sum, Normalise::Max, Normalise::L1];
        let normalise =
            normalise[choose("normalise", &chosen.normalise, &normalise.map(Normalise::name))?];
        let orientations = [Orientation::TestXTrain, Orientation::TrainXTest];
        let orientation = match &reading.orientation {
            Some(name) => Some(
                orientations[choose("orientation", name, &orientations.map(Orientation::name))?],
            ),
            None => None,
        };
        let scale = chosen.scale.parse().map_err(|_| wrong("scale", &chosen.scale))?;
        let drop_below = match &chosen.drop_below {
            Some(text) => Some(text.parse().map_err(|_| wrong("drop_below", "another text"))?),
            None => None,
        };
        let options = Options {
            polarity: Polarity::default(),
            normalise,
            scale,
            fraction_bits: chosen.fraction_bits,
            drop_below,
            top: chosen.top,
        };
        let request = Request {
            format: Some(self.format),
            tensor: reading.tensor.as_deref().filter(|_| self.format == Format::Safetensors),
            naming: Naming {
                items: items.as_deref(),
                item_ids: item_ids.as_deref(),
                columns: columns.as_deref(),
                event_ids: event_ids.as_deref(),
                events_in_order: reading.events_by == "order",
            },
            orientation,
            polarity: (chosen.polarity_from == "caller").then_some(polarity),
            unwritten: match choose("unwritten", &chosen.unwritten, &["refuse", "skip"])? {
                0 => Unwritten::Refuse,
                _ => Unwritten::Skip,
            },
            span_weight: match chosen.span_weight.as_deref() {
                Some(name) if choose("span_weight", name, &["tokens", "one"])? == 1 => {
                    SpanWeight::One
                }
                _ => SpanWeight::Tokens,
            },
            document_key: chosen.document_key.as_deref(),
            ..Request::new(&source, events_file, options)
        };
        let imported = import(&request, registry, events, progress)?;
        let read = imported.manifest.scores.iter().map(|file| &file.sha256);
        if !read.eq(scores.iter().map(|file| &file.sha256)) {
            let fault = Fault::value("files", "those that the manifest names", "others");
            return Err(LedgerError::in_file(&source, fault));
        }
        if imported.manifest.options.polarity != polarity.name() {
            let got = imported.manifest.options.polarity;
            return Err(LedgerError::in_file(path, Fault::value("polarity", got, polarity)));
        }
        Ok(imported)
    }
}
