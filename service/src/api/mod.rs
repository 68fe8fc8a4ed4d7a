//! The HTTP API. Every path but `/health`, `/ready` and the empty page demands a token, and what a caller
//! cannot see is not there.

mod auth;
mod jobs;
mod operate;
mod page;
mod problem;
mod submit;

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{from_fn_with_state, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::Router;
use tokio::sync::{watch, Notify, Semaphore};
use tracing::info;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::config::HttpConfig;
use crate::db::Db;
use crate::metrics::Metrics;
use crate::seal::Seals;
use crate::store::Artefacts;
use crate::trace::Traces;
use crate::worker::Status;

pub use problem::Problem;

/// What the API works with.
#[derive(Debug)]
pub struct App {
    /// The queue.
    pub db: Db,
    /// The artefacts.
    pub artefacts: Artefacts,
    /// The keys for witnesses.
    pub seals: Seals,
    /// Limits.
    pub config: HttpConfig,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Where spans go.
    pub traces: Traces,
    /// Wakes the process's worker.
    pub work: Arc<Notify>,
    /// Becomes true when the process stops.
    pub stop: watch::Receiver<bool>,
    /// The process's worker, where it has one.
    pub worker: Option<Arc<Status>>,
    /// So many submissions are checked at once.
    pub checks: Semaphore,
    /// So many event streams are open at once.
    pub streams: Arc<Semaphore>,
}

/// The API's description.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Meed proving service",
        description = "Takes committed epochs, proves them, and hands out their bundles.",
        license(name = "MIT OR Apache-2.0")
    ),
    paths(
        submit::submit,
        jobs::list,
        jobs::summary,
        jobs::show,
        jobs::cancel,
        jobs::events,
        jobs::bundle,
        operate::workers,
        operate::metrics,
        operate::health,
        operate::ready
    ),
    // What the stream of events is made of; no response has it as its whole.
    components(schemas(crate::job::Event)),
    modifiers(&Bearer),
    security(("token" = []))
)]
struct Described;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = api.components.get_or_insert_with(Default::default);
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// The API's description, OpenAPI 3.1 as JSON.
///
/// # Errors
/// None in practice: the description is text.
pub fn openapi() -> Result<String, serde_json::Error> {
    Described::openapi().to_pretty_json().map(|text| text + "\n")
}

/// All routes.
pub fn router(app: Arc<App>) -> Router {
    let most = app.config.max_body_bytes;
    Router::new()
        .route("/v1/jobs", post(submit::submit).get(jobs::list))
        .route("/v1/jobs/{id}", get(jobs::show))
        .route("/v1/jobs/{id}/cancel", post(jobs::cancel))
        .route("/v1/jobs/{id}/events", get(jobs::events))
        .route("/v1/jobs/{id}/bundle", get(jobs::bundle))
        .route("/v1/summary", get(jobs::summary))
        .route("/v1/workers", get(operate::workers))
        .route("/metrics", get(operate::metrics))
        .route("/", get(page::html))
        .route("/page.js", get(page::script))
        .route("/page.css", get(page::style))
        .route("/health", get(operate::health))
        .route("/ready", get(operate::ready))
        .layer(DefaultBodyLimit::max(most))
        .layer(from_fn_with_state(Arc::clone(&app), measure))
        .with_state(app)
}

async fn measure(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let start = Instant::now();
    let path = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let route = format!("{} {path}", request.method());
    let span = app.traces.request(request.method(), path, request.headers());
    request.extensions_mut().insert(span.clone());
    let response = next.run(request).await;
    let (status, seconds) = (response.status().as_u16(), start.elapsed().as_secs_f64());
    span.end(status);
    app.metrics.request(&route, status, seconds);
    info!(route, status, seconds, "request");
    response
}
