//! For operators: health, readiness, metrics, workers.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{header, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::Json;

use super::auth::Auth;
use super::problem::Refused;
use super::{App, Problem};
use crate::db::{Scope, WorkerInfo};
use crate::worker::WorkerState;

/// Workers that were not heard of for so long are not listed.
const RECENT_MS: i64 = 300_000;

/// The process answers.
#[utoipa::path(
    get, path = "/health", operation_id = "health", tag = "operate", security(()),
    responses((status = 200, description = "It does", body = String, content_type = "text/plain"))
)]
pub(super) async fn health() -> &'static str {
    "ok\n"
}

/// The process can take work: the database has this program's schema, and the process's worker, if it
/// has one, has loaded and tested its keys.
#[utoipa::path(
    get, path = "/ready", operation_id = "ready", tag = "operate", security(()),
    responses((status = 200, description = "Ready", body = String, content_type = "text/plain"),
        (status = 503, description = "Not ready", body = Problem))
)]
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    let not = |message: &str| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", message);
    if *app.stop.borrow() {
        return Err(not("the process stops"));
    }
    let checked = tokio::time::timeout(std::time::Duration::from_secs(2), app.db.check()).await;
    if !matches!(checked, Ok(Ok(()))) {
        return Err(not("the database does not answer as expected"));
    }
    match app.worker.as_ref().map(|worker| worker.state()) {
        None | Some(WorkerState::Ready) => Ok("ready\n"),
        Some(state) => Err(not(&format!("the worker is {}", state.name()))),
    }
}

/// The workers that were heard of in the last five minutes, of all machines.
#[utoipa::path(
    get, path = "/v1/workers", operation_id = "list_workers", tag = "operate",
    responses((status = 200, description = "Those of all tenants' jobs", body = Vec<WorkerInfo>), Refused)
)]
pub(super) async fn workers(
    State(app): State<Arc<App>>,
    auth: Auth,
) -> Result<Json<Vec<WorkerInfo>>, Problem> {
    auth.tenant(Scope::Operate)?;
    Ok(Json(app.db.workers(RECENT_MS).await?))
}

/// Metrics, in Prometheus' text format.
#[utoipa::path(
    get, path = "/metrics", operation_id = "get_metrics", tag = "operate",
    responses((status = 200, description = "Of the database's jobs and this process's requests",
        content_type = "text/plain", body = String), Refused)
)]
pub(super) async fn metrics(State(app): State<Arc<App>>, auth: Auth) -> Result<Response, Problem> {
    auth.tenant(Scope::Operate)?;
    let (jobs, workers) = (app.db.counts(None).await?, app.db.workers(RECENT_MS).await?);
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    Ok((kind, app.metrics.render(&jobs, &workers)).into_response())
}
