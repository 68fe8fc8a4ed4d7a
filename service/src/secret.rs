//! Text that is not shown.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

/// Text that is never shown, but for a URL without its password.
#[derive(Clone, Deserialize, Default, PartialEq, Eq)]
#[serde(from = "String")]
pub struct Secret(Zeroizing<String>);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl Secret {
    /// Takes a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text, for its one use.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn shown(&self) -> String {
        // Headers and keys are no URLs, whatever is in them.
        let letters = |scheme: &str| scheme.chars().all(|c| c.is_ascii_alphanumeric());
        let url = self.0.split_once("://").filter(|(scheme, _)| letters(scheme));
        let Some((scheme, rest)) = url else {
            // SQLite's short form has no place for a password.
            let short = self.0.starts_with("sqlite:");
            return if short { self.0.to_string() } else { "(set)".to_owned() };
        };
        // What follows `?` can hold a password, too.
        let rest = rest.split('?').next().unwrap_or_default();
        match rest.rsplit_once('@') {
            Some((user, place)) => {
                let user = user.split(':').next().unwrap_or_default();
                format!("{scheme}://{user}:***@{place}")
            }
            None => format!("{scheme}://{rest}"),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}
