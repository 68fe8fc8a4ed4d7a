//! Traces: OTLP over HTTP, off unless `trace.endpoint` is set.
//!
//! ```text
//! client's span --traceparent--> POST /v1/jobs --jobs.traceparent--> attempt -+-> fetch
//!                                 (the API)      (the database)      (worker) +-> settle, witness, fft, …
//!                                                                             +-> publish, write
//! ```
//!
//! Spans are made here, one by one, and not from the log's events: what is not written below is in no
//! attribute. Reasons of failures are not, since they may repeat a line of a file.
//!
//! Spans go into a queue of bounded length that a thread empties; when it is full, they are dropped.
//! Nothing waits for the collector but the end of the process, and that for five seconds at most.

mod collector;
mod settings;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, Method};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Span as _, SpanKind, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, Span};
use opentelemetry_sdk::Resource;
use tracing::warn;

use crate::db::Claimed;
use crate::error::{Result, ServiceError};
use crate::job::Job;
pub use settings::TraceConfig;

/// So long the end of a process waits for the collector.
const LAST_WAIT: Duration = Duration::from_secs(5);
/// The header and the database's column.
const TRACEPARENT: &str = "traceparent";

/// Where a process's spans go.
#[derive(Clone, Default)]
pub struct Traces(Option<On>);

#[derive(Clone)]
struct On {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// The exporter's own form may repeat its headers.
impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Traces(on)" } else { "Traces(off)" })
    }
}

impl Traces {
    /// Gets ready to send, for a process of this name. Nothing is sent yet. Call it in a runtime.
    ///
    /// # Errors
    /// [`ServiceError::Config`], without a secret.
    pub fn start(config: &TraceConfig, process: &'static str) -> Result<Self> {
        let Some(url) = config.url()? else { return Ok(Self(None)) };
        let failed = |error: &dyn fmt::Display| {
            ServiceError::config("trace", "settings of an OTLP exporter", error)
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(url)
            .with_timeout(collector::TIMEOUT)
            .with_headers(config.headers()?)
            .with_http_client(collector::Collector::new().map_err(|e| failed(&e))?)
            .build()
            .map_err(|e| failed(&e))?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        // `OTEL_RESOURCE_ATTRIBUTES` adds to these.
        let resource =
            Resource::builder().with_service_name(process).with_attribute(version).build();
        let ratio = Sampler::TraceIdRatioBased(config.sample_ratio);
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(ratio)))
            .with_resource(resource)
            .build();
        let tracer = provider.tracer("meed-service");
        Ok(Self(Some(On { provider, tracer })))
    }

    /// Sends what is there, and no longer than a few seconds.
    pub async fn end(self) {
        let Some(On { provider, .. }) = self.0 else { return };
        let sent = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST_WAIT));
        // A request that failed is told by the collector's own side.
        if !matches!(sent.await, Ok(Ok(()))) {
            warn!("the last spans are not sent: there was no time left");
        }
    }

    /// A span below `parent`. Where traces are off, or this one is not sampled, nothing is recorded.
    fn begin(
        &self,
        parent: &Context,
        name: impl Into<Cow<'static, str>>,
        kind: SpanKind,
        attributes: Vec<KeyValue>,
    ) -> Option<Span> {
        let On { tracer, .. } = self.0.as_ref()?;
        let span = tracer.span_builder(name).with_kind(kind).with_attributes(attributes);
        Some(span.start_with_context(tracer, parent))
    }

    /// The span of a request, below the one that its `traceparent` names.
    pub(crate) fn request(&self, method: &Method, route: &str, headers: &HeaderMap) -> Request {
        let parent = TraceContextPropagator::new()
            .extract_with_context(&Context::new(), &HeaderExtractor(headers));
        let attributes = vec![
            KeyValue::new("http.request.method", method.to_string()),
            KeyValue::new("http.route", route.to_owned()),
        ];
        // What operators' tools ask for all the time is left out, and so is the page.
        let span = match route.starts_with("/v1/") {
            true => self.begin(&parent, format!("{method} {route}"), SpanKind::Server, attributes),
            false => None,
        };
        Request(match span {
            Some(span) => parent.with_span(span),
            None => parent,
        })
    }

    /// The span of an attempt at a job, below that of the request that made the job.
    pub(crate) fn attempt(&self, claimed: &Claimed, worker: &str) -> Attempt {
        let about = about(&claimed.job);
        let mut attributes = about.clone();
        attributes.push(KeyValue::new("meed.worker.id", worker.to_owned()));
        let parent = context_of(claimed.task.traceparent.as_deref());
        let span = self.begin(&parent, "attempt", SpanKind::Consumer, attributes);
        let context = span.map(|span| parent.with_span(span));
        let stage = Mutex::new(Stage { name: "", span: None, over: context.is_none() });
        Attempt(Arc::new(Inner { traces: self.clone(), context, about, stage }))
    }
}

/// What every span of a job says.
fn about(job: &Job) -> Vec<KeyValue> {
    vec![
        KeyValue::new("meed.job.id", job.id.clone()),
        KeyValue::new("meed.job.attempt", job.attempt),
        KeyValue::new("meed.network", job.network.clone()),
        KeyValue::new("meed.epoch", job.epoch),
        KeyValue::new("meed.circuit", job.circuit.clone()),
    ]
}

fn context_of(traceparent: Option<&str>) -> Context {
    let carrier: HashMap<String, String> =
        traceparent.map(|text| (TRACEPARENT.to_owned(), text.to_owned())).into_iter().collect();
    TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier)
}

/// A request. Where traces are off, it still knows the caller's span, so that workers hear of it.
#[derive(Clone, Debug)]
pub(crate) struct Request(Context);

impl Request {
    /// For the job's row: the span below which the job's attempts are.
    pub(crate) fn traceparent(&self) -> Option<String> {
        let mut carrier = HashMap::new();
        TraceContextPropagator::new().inject_context(&self.0, &mut carrier);
        carrier.remove(TRACEPARENT)
    }

    /// The job that the request was about.
    pub(crate) fn job(&self, job: &Job) {
        self.0.span().set_attributes(about(job));
    }

    pub(crate) fn end(&self, status: u16) {
        let span = self.0.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        if status >= 500 {
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// An attempt at a job, and the stage that it is in.
#[derive(Clone, Debug)]
pub(crate) struct Attempt(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    traces: Traces,
    context: Option<Context>,
    about: Vec<KeyValue>,
    stage: Mutex<Stage>,
}

#[derive(Debug)]
struct Stage {
    name: &'static str,
    span: Option<Span>,
    /// A prover that was given up may still tell of stages.
    over: bool,
}

impl Stage {
    fn end(&mut self, outcome: &'static str) {
        if let Some(mut span) = self.span.take() {
            span.set_attribute(KeyValue::new("meed.outcome", outcome));
            span.end();
        }
    }
}

impl Attempt {
    /// The trace's number, for the log.
    pub(crate) fn trace_id(&self) -> Option<String> {
        let context = self.0.context.as_ref()?;
        Some(context.span().span_context().trace_id().to_string())
    }

    /// Begins a stage, which ends the one before, unless it is the same.
    pub(crate) fn stage(&self, name: &'static str) {
        let Inner { traces, context, about, stage } = &*self.0;
        let mut stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(context) = context.as_ref().filter(|_| !stage.over && stage.name != name) else {
            return;
        };
        stage.end("done");
        stage.name = name;
        stage.span = traces.begin(context, name, SpanKind::Internal, about.clone());
    }

    /// The attempt is over; so is its stage.
    pub(crate) fn end(&self, outcome: &'static str) {
        let Inner { context, stage, .. } = &*self.0;
        let mut stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
        stage.end(outcome);
        stage.over = true;
        let Some(context) = context else { return };
        let span = context.span();
        span.set_attribute(KeyValue::new("meed.outcome", outcome));
        match outcome {
            "done" => span.set_status(Status::Ok),
            // The worker's end and a cancelled job are no errors.
            "returned" | "lost" => {}
            _ => span.set_status(Status::error(outcome)),
        }
        span.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn asked(traceparent: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, traceparent.parse().unwrap());
        Traces::default().request(&Method::POST, "/v1/jobs", &headers).traceparent()
    }

    #[test]
    fn a_callers_span_is_passed_on_where_traces_are_off() {
        assert_eq!(asked(PARENT).as_deref(), Some(PARENT));
        let unsampled = PARENT.replace("-01", "-00");
        assert_eq!(asked(&unsampled).as_deref(), Some(unsampled.as_str()));
    }

    #[test]
    fn what_is_no_traceparent_is_none() {
        let none = PARENT.replace("b7ad6b7169203331", "0000000000000000");
        for bad in ["", "x", "00-1-2", &none, &PARENT[..52], "ff-00"] {
            assert_eq!(asked(bad), None, "{bad}");
            assert!(!context_of(Some(bad)).span().span_context().is_valid(), "{bad}");
        }
        assert!(!context_of(None).span().span_context().is_valid());
    }
}
