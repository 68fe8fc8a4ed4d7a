//! Sends spans, with the HTTP client that the store has, too.

use std::error::Error as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::redirect::Policy;
use tokio::runtime::Handle;
use tracing::{info, warn};

/// For one request, its answer included.
pub(super) const TIMEOUT: Duration = Duration::from_secs(4);
/// Longest answer that is read.
const LONGEST: usize = 64 << 10;

/// The collector, and whether the last request to it failed: the log hears of changes alone.
#[derive(Debug)]
pub(super) struct Collector {
    client: reqwest::Client,
    runtime: Handle,
    away: AtomicBool,
}

impl Collector {
    pub(super) fn new() -> reqwest::Result<Self> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("meed/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            // The headers are meant for the address that is configured.
            .redirect(Policy::none());
        let client = client.build()?;
        Ok(Self { client, runtime: Handle::current(), away: AtomicBool::new(false) })
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        // The thread that asks has no runtime.
        let sent = self.runtime.spawn(send(client, request)).await?;
        let trouble = match &sent {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(answer.status().to_string()),
            Err(error) => Some(error.to_string()),
        };
        match trouble {
            None if self.away.swap(false, Ordering::Relaxed) => {
                info!("the collector of traces takes spans again");
            }
            Some(error) if !self.away.swap(true, Ordering::Relaxed) => {
                warn!(error, "the collector of traces takes no spans; jobs go on without it");
            }
            _ => {}
        }
        sent
    }
}

async fn send(
    client: reqwest::Client,
    mut request: Request<Bytes>,
) -> Result<Response<Bytes>, HttpError> {
    // Nothing that logs a header shows its value.
    request.headers_mut().values_mut().for_each(|value| value.set_sensitive(true));
    let request = reqwest::Request::try_from(request).map_err(told)?;
    let mut answer = client.execute(request).await.map_err(told)?;
    let mut response = Response::builder().status(answer.status());
    if let Some(headers) = response.headers_mut() {
        *headers = answer.headers().clone();
    }
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(told)? {
        if body.len() + part.len() > LONGEST {
            return Err(format!("an answer of more than {LONGEST} bytes").into());
        }
        body.extend_from_slice(&part);
    }
    Ok(response.body(body.into())?)
}

/// An error with its causes, without the URL.
fn told(error: reqwest::Error) -> HttpError {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text.into()
}
