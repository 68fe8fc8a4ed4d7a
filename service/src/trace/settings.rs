//! `[trace]`.

use std::collections::HashMap;

use axum::http::{HeaderName, HeaderValue, Uri};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::config::Secret;
use crate::error::{Result, ServiceError};

/// `[trace]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TraceConfig {
    /// The collector's URL; spans go to `/v1/traces` below it. Without one, nothing is sent.
    pub endpoint: Option<Secret>,
    /// `NAME=VALUE,…` of each request to the collector, values percent-encoded: from the environment
    /// alone, as `MEED_SERVICE_TRACE__HEADERS`.
    pub headers: Option<Secret>,
    /// The part of the traces that is recorded, 0 to 1, where the caller has not decided.
    pub sample_ratio: f64,
}

impl Default for TraceConfig {
    fn default() -> Self {
        Self { endpoint: None, headers: None, sample_ratio: 1.0 }
    }
}

impl TraceConfig {
    pub(crate) fn check(&self) -> Result<()> {
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            return Err(ServiceError::config("trace.sample_ratio", "0 to 1", self.sample_ratio));
        }
        self.url()?;
        self.headers().map(|_| ())
    }

    /// Where spans go.
    pub(super) fn url(&self) -> Result<Option<String>> {
        let Some(endpoint) = self.endpoint.as_ref().map(Secret::reveal) else { return Ok(None) };
        let uri = endpoint.parse::<Uri>().ok();
        let plain = uri.filter(|uri| {
            // A query would stand before the path that is put behind it; a password would not be sent.
            let password = uri.authority().is_some_and(|a| a.as_str().contains('@'));
            let http = matches!(uri.scheme_str(), Some("http" | "https"));
            http && uri.query().is_none() && !password
        });
        match plain {
            Some(_) => Ok(Some(format!("{}/v1/traces", endpoint.trim_end_matches('/')))),
            None => {
                let expected = "http or https, a host, and a path if need be; secrets into headers";
                Err(ServiceError::config("trace.endpoint", expected, "something else"))
            }
        }
    }

    /// By name.
    pub(super) fn headers(&self) -> Result<HashMap<String, String>> {
        let text = self.headers.as_ref().map(Secret::reveal).unwrap_or_default();
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let header = |part: &str| {
            let (name, value) = part.split_once('=')?;
            let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
            let name = name.trim().parse::<HeaderName>().ok()?;
            value.parse::<HeaderValue>().ok()?;
            Some((name.to_string(), value.into_owned()))
        };
        let numbered = parts.enumerate().map(|(i, part)| {
            header(part).ok_or_else(|| {
                let what = format!("trace.headers, number {}", i + 1);
                ServiceError::config(what, "NAME=VALUE, percent-encoded", "something else")
            })
        });
        numbered.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(endpoint: &str, headers: &str) -> TraceConfig {
        let secret = |text: &str| Some(Secret::new(text));
        TraceConfig { endpoint: secret(endpoint), headers: secret(headers), ..Default::default() }
    }

    #[test]
    fn settings_are_read() {
        let config = with("http://127.0.0.1:4318/", "a=b, authorization=Basic%20eHg=,");
        config.check().unwrap();
        assert_eq!(config.url().unwrap().as_deref(), Some("http://127.0.0.1:4318/v1/traces"));
        let headers = config.headers().unwrap();
        assert_eq!((headers["a"].as_str(), headers.len()), ("b", 2));
        assert_eq!(headers["authorization"], "Basic eHg=");
        assert_eq!(TraceConfig::default().url().unwrap(), None);
    }

    #[test]
    fn no_refusal_repeats_a_secret() {
        for (endpoint, headers) in [
            ("ftp://hunter2@host", ""),
            ("hunter2", ""),
            ("http://me:hunter2@host", ""),
            ("http://host/?key=hunter2", ""),
            ("http://host", "hunter2"),
            ("http://host", "a=b,no name=hunter2"),
            ("http://host", "a=hunter2%0a"),
        ] {
            let error = with(endpoint, headers).check().unwrap_err().to_string();
            assert!(error.contains("trace.") && !error.contains("hunter2"), "{error}");
        }
        for ratio in [-0.1, 1.1, f64::NAN] {
            let config = TraceConfig { sample_ratio: ratio, ..Default::default() };
            assert!(config.check().is_err(), "{ratio}");
        }
        let shown = format!("{:?}", with("http://me:hunter2@host", "x=hunter2://hunter2"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
