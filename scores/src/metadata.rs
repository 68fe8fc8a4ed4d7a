//! What a file says about its own scores: the keys that `tools/meed-export` writes, and what of them the
//! caller may add.

use std::path::Path;
use std::str::FromStr;

use meed_ledger::{shown, Fault, LedgerError, Result};

use crate::{Orientation, Polarity};

/// The version of the keys.
const FORMAT: &str = "1";

/// The metadata of a file.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The attribution method.
    pub method: Option<String>,
    /// What a score above zero means.
    pub polarity: Option<Polarity>,
    /// The model that was attributed.
    pub model: Option<String>,
    /// What a matrix has in its rows and columns.
    pub orientation: Option<Orientation>,
    /// The program that made the scores.
    pub tool: Option<String>,
    /// Ids of the training data, a JSON array.
    pub items: Option<String>,
    /// Ids of the events, a JSON array.
    pub events: Option<String>,
    /// Content hashes of the training data, a JSON array.
    pub item_hashes: Option<String>,
}

impl std::fmt::Debug for Metadata {
    /// Without the lists, which may be long.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { method, polarity, model, orientation, tool, .. } = self;
        let fields = (method, polarity, model, orientation, tool);
        f.debug_tuple("Metadata").field(&fields).finish()
    }
}

impl Metadata {
    /// Takes the `meed.` keys of a file; others are another program's.
    ///
    /// # Errors
    /// [`LedgerError::Input`] for an unknown `meed.` key, a key that is there twice, and a value that is
    /// not known.
    pub fn of_pairs(
        path: &Path,
        pairs: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        let mut metadata = Self::default();
        let mut format = None;
        let mut ours = false;
        let fail = |fault| LedgerError::in_file(path, fault);
        for (key, value) in pairs {
            let Some(name) = key.strip_prefix("meed.") else { continue };
            ours = true;
            let again = match name {
                "format" => format.replace(value).is_some(),
                "method" => {
                    metadata.method.replace(short("meed.method", value).map_err(fail)?).is_some()
                }
                "model" => {
                    metadata.model.replace(short("meed.model", value).map_err(fail)?).is_some()
                }
                "tool" => metadata.tool.replace(short("meed.tool", value).map_err(fail)?).is_some(),
                "polarity" => {
                    let value =
                        value.parse().map_err(|e| fail(Fault::value("meed.polarity", e, value)))?;
                    metadata.polarity.replace(value).is_some()
                }
                "orientation" => {
                    let value = value
                        .parse()
                        .map_err(|e| fail(Fault::value("meed.orientation", e, value)))?;
                    metadata.orientation.replace(value).is_some()
                }
                "items" => metadata.items.replace(value).is_some(),
                "events" => metadata.events.replace(value).is_some(),
                "item_hashes" => metadata.item_hashes.replace(value).is_some(),
                _ => {
                    let expected = "meed.format, method, polarity, model, orientation, tool, items, events or item_hashes";
                    return Err(fail(Fault::value("metadata key", expected, key)));
                }
            };
            if again {
                return Err(fail(Fault::value("metadata key", "each key once", key)));
            }
        }
        if ours && format.as_deref() != Some(FORMAT) {
            let got = format.map_or("none".to_owned(), |f| shown(&f));
            return Err(fail(Fault::value("meed.format", FORMAT, got)));
        }
        Ok(metadata)
    }
}

/// Text for people, of bounded length.
fn short(what: &'static str, value: String) -> std::result::Result<String, Fault> {
    match value.len() <= 1_024 && !value.chars().any(char::is_control) {
        true => Ok(value),
        false => Err(Fault::value(what, "at most 1024 bytes without control characters", value)),
    }
}

/// What the file says, or else what the caller says; they must not contradict each other.
///
/// # Errors
/// [`LedgerError::Input`] when they do.
pub(crate) fn agree<T: PartialEq + std::fmt::Display>(
    path: &Path,
    what: &'static str,
    file: Option<T>,
    caller: Option<T>,
) -> Result<Option<T>> {
    match (file, caller) {
        (Some(file), Some(caller)) if file != caller => {
            let expected = format!("{file}, as the file says");
            Err(LedgerError::in_file(path, Fault::value(what, expected, caller)))
        }
        (Some(value), _) | (None, Some(value)) => Ok(Some(value)),
        (None, None) => Ok(None),
    }
}

impl FromStr for Polarity {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        [Self::PositiveHelps, Self::NegativeHelps]
            .into_iter()
            .find(|p| p.name() == text)
            .ok_or("positive_helps or negative_helps")
    }
}

impl FromStr for Orientation {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        [Self::TestXTrain, Self::TrainXTest]
            .into_iter()
            .find(|o| o.name() == text)
            .ok_or("test_x_train or train_x_test")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> std::result::Result<Metadata, String> {
        let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Metadata::of_pairs(Path::new("f"), pairs).map_err(|e| e.to_string())
    }

    #[test]
    fn keys_are_read() {
        let got = of(&[
            ("format", "pt"),
            ("meed.format", "1"),
            ("meed.polarity", "negative_helps"),
            ("meed.orientation", "train_x_test"),
            ("meed.method", "tracin"),
        ])
        .unwrap();
        assert_eq!(got.polarity, Some(Polarity::NegativeHelps));
        assert_eq!(got.orientation, Some(Orientation::TrainXTest));
        assert_eq!(got.method.as_deref(), Some("tracin"));
        assert_eq!(of(&[("format", "pt")]).unwrap(), Metadata::default());
    }

    #[test]
    fn other_keys_and_values_are_refused() {
        for (pairs, expected) in [
            (&[("meed.method", "x")][..], "meed.format: expected 1, got \"none\""),
            (&[("meed.format", "2")], "meed.format: expected 1"),
            (&[("meed.format", "1"), ("meed.colour", "red")], "metadata key: expected meed.format"),
            (&[("meed.format", "1"), ("meed.format", "1")], "each key once"),
            (
                &[("meed.format", "1"), ("meed.polarity", "up")],
                "meed.polarity: expected positive_helps or",
            ),
            (
                &[("meed.format", "1"), ("meed.orientation", "x")],
                "meed.orientation: expected test_x_train",
            ),
            (
                &[("meed.format", "1"), ("meed.tool", "a\u{1b}b")],
                "meed.tool: expected at most 1024 bytes",
            ),
        ] {
            let error = of(pairs).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn file_and_caller_agree() {
        let path = Path::new("f");
        assert_eq!(agree(path, "sign", None, Some(1)).unwrap(), Some(1));
        assert_eq!(agree(path, "sign", Some(1), Some(1)).unwrap(), Some(1));
        assert_eq!(agree(path, "sign", Some(1), None).unwrap(), Some(1));
        let error = agree(path, "sign", Some(1), Some(2)).unwrap_err().to_string();
        assert_eq!(error, "f: sign: expected 1, as the file says, got \"2\"");
    }
}
