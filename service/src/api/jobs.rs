//! Jobs: list, status, events, bundle, cancel.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{header, HeaderMap, StatusCode};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::Json;
use futures_util::{stream, Stream, StreamExt};
use serde::{Deserialize, Serialize};
use tracing::warn;
use utoipa::{IntoParams, ToSchema};

use super::auth::Auth;
use super::problem::{NoJob, Refused};
use super::{App, Problem};
use crate::db::{Filter, Scope};
use crate::job::{self, Job};
use crate::store::{in_time, Digest, Kind};

/// Between two looks for events.
const LOOK: Duration = Duration::from_millis(500);
/// Most jobs of a page.
const PAGE: i64 = 200;

/// A tar archive.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
#[allow(dead_code, reason = "a description")]
pub(super) struct Archive(Vec<u8>);

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// `next` of the page before.
    after: Option<i64>,
    /// As many at most, 50 unless given.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// Jobs in this state alone.
    state: Option<job::State>,
    /// Jobs of this network alone.
    network: Option<String>,
}

/// A page of jobs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Jobs {
    /// In the order of their submission.
    jobs: Vec<Job>,
    /// `after` of the next page; nothing on the last.
    next: Option<i64>,
}

/// The tenant's jobs, page by page.
#[utoipa::path(
    get, path = "/v1/jobs", operation_id = "list_jobs", params(Wanted), tag = "jobs",
    responses((status = 200, description = "A page", body = Jobs), Refused)
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Jobs>, Problem> {
    let tenant = auth.tenant(Scope::Read)?;
    let limit = wanted.limit.unwrap_or(50);
    if !(1..=PAGE).contains(&limit) {
        let message = format!("limit: expected 1 to {PAGE}, got {limit}");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid", message));
    }
    let filter = Filter {
        after: wanted.after.unwrap_or(0),
        limit: limit + 1,
        state: wanted.state,
        network: wanted.network,
    };
    let mut jobs = app.db.jobs(tenant, &filter).await?;
    let more = jobs.len() as i64 > limit;
    jobs.truncate(limit as usize);
    let next = jobs.last().filter(|_| more).map(|job| job.seq);
    Ok(Json(Jobs { jobs, next }))
}

/// A tenant's jobs at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Summary {
    /// How many are in which state.
    jobs: BTreeMap<String, i64>,
    /// The last 50, the newest first.
    latest: Vec<Job>,
}

/// The tenant's jobs at a glance.
#[utoipa::path(
    get, path = "/v1/summary", operation_id = "get_summary", tag = "jobs",
    responses((status = 200, description = "Counts, and the last jobs", body = Summary), Refused)
)]
pub(super) async fn summary(
    State(app): State<Arc<App>>,
    auth: Auth,
) -> Result<Json<Summary>, Problem> {
    let tenant = auth.tenant(Scope::Read)?;
    let counts = app.db.counts(Some(tenant)).await?;
    let mut jobs: BTreeMap<_, _> =
        job::State::ALL.iter().map(|state| (state.name().to_owned(), 0)).collect();
    jobs.extend(counts.iter().map(|(state, count)| (state.name().to_owned(), *count)));
    Ok(Json(Summary { jobs, latest: app.db.latest(tenant, 50).await? }))
}

async fn find(app: &App, tenant: &str, id: &str) -> Result<Job, Problem> {
    app.db.job(tenant, id).await?.ok_or_else(Problem::no_job)
}

/// A job.
#[utoipa::path(
    get, path = "/v1/jobs/{id}", operation_id = "get_job", tag = "jobs",
    params(("id" = String, Path, description = "The job's name")),
    responses((status = 200, description = "The job as it is now", body = Job), Refused, NoJob)
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    auth: Auth,
    Path(id): Path<String>,
) -> Result<Json<Job>, Problem> {
    find(&app, auth.tenant(Scope::Read)?, &id).await.map(Json)
}

/// Cancels a job that is not at its end. A bundle that is not there yet will not come.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/cancel", operation_id = "cancel_job", tag = "jobs",
    params(("id" = String, Path, description = "The job's name")),
    responses((status = 200, description = "Cancelled, now or before", body = Job), Refused, NoJob,
        (status = 409, description = "It came to another end before", body = Problem))
)]
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    auth: Auth,
    Path(id): Path<String>,
) -> Result<Json<Job>, Problem> {
    let tenant = auth.tenant(Scope::Submit)?;
    let (job, _) = app.db.cancel(tenant, &id).await?.ok_or_else(Problem::no_job)?;
    if job.state == job::State::Cancelled {
        return Ok(Json(job));
    }
    let message = format!("the job is {} already", job.state.name());
    Err(Problem::new(StatusCode::CONFLICT, "over", message))
}

/// What happens to a job, as server-sent events, from its submission to its end.
///
/// Each event's id is its number: with `Last-Event-ID` the stream goes on after it.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/events", operation_id = "job_events", tag = "jobs",
    params(("id" = String, Path, description = "The job's name"),
        ("Last-Event-ID" = Option<String>, Header, description = "Go on after this event's number")),
    responses((status = 200, description = "Events, the `data` of each an `Event` as JSON",
            body = String, content_type = "text/event-stream"),
        Refused, NoJob,
        (status = 429, description = "Too many streams are open", body = Problem))
)]
pub(super) async fn events(
    State(app): State<Arc<App>>,
    auth: Auth,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tenant = auth.tenant(Scope::Read)?.to_owned();
    let permit = Arc::clone(&app.streams).try_acquire_owned().map_err(|_| {
        let message = "too many event streams are open";
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "streams", message)
    })?;
    find(&app, &tenant, &id).await?;
    let last = headers.get("last-event-id").and_then(|v| v.to_str().ok());
    let after = last.and_then(|v| v.parse().ok()).unwrap_or(0);
    let told = Told { app, tenant, id, after, over: false };
    let stream = stream::unfold(told, Told::next).flat_map(stream::iter).map(move |event| {
        // Held for as long as the stream is.
        let _ = &permit;
        event
    });
    Ok(Sse::new(Box::pin(stream) as std::pin::Pin<Box<dyn Stream<Item = _> + Send>>)
        .keep_alive(KeepAlive::new())
        .into_response())
}

struct Told {
    app: Arc<App>,
    tenant: String,
    id: String,
    after: i64,
    over: bool,
}

impl Told {
    /// The events that are new. `None` after the job's end, or when the process stops.
    async fn next(mut self) -> Option<(Vec<Result<sse::Event, Infallible>>, Self)> {
        let mut stop = self.app.stop.clone();
        while !self.over && !*stop.borrow() {
            // The state first: events that come after it make no difference to a final one.
            let found = match self.app.db.job(&self.tenant, &self.id).await {
                Ok(Some(job)) => {
                    self.app.db.events(&self.id, self.after).await.map(|list| (job, list))
                }
                Ok(None) => return None,
                Err(error) => Err(error),
            };
            match found {
                Ok((job, list)) => {
                    self.over = job.state.is_final() && list.len() < 500;
                    if let Some(last) = list.last() {
                        self.after = last.seq;
                        let told = list.iter().filter_map(|event| {
                            let sse = sse::Event::default().id(event.seq.to_string());
                            sse.event(&event.kind).json_data(event).ok().map(Ok)
                        });
                        return Some((told.collect(), self));
                    }
                }
                // The client hears of it when the database is back.
                Err(error) => warn!(%error, "cannot look for events"),
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = stop.changed() => {}
            }
        }
        None
    }
}

/// The bundle of a job that is done, a tar archive with the folder `bundle`.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/bundle", operation_id = "get_bundle", tag = "jobs",
    params(("id" = String, Path, description = "The job's name")),
    responses((status = 200, description = "The archive; `bundle_sha256` of the job is its digest",
            content_type = "application/x-tar", body = Archive),
        Refused, NoJob,
        (status = 409, description = "The job is not done", body = Problem))
)]
pub(super) async fn bundle(
    State(app): State<Arc<App>>,
    auth: Auth,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let job = find(&app, auth.tenant(Scope::Read)?, &id).await?;
    let (Some(sha256), Some(bytes)) = (job.bundle_sha256, job.bundle_bytes) else {
        let message = format!("the job is {}: it has no bundle", job.state.name());
        return Err(Problem::new(StatusCode::CONFLICT, "no_bundle", message));
    };
    let name = format!("attachment; filename=\"bundle-{id}.tar\"");
    let tag = format!("\"{sha256}\"");
    let digest = Digest { sha256, bytes: bytes as u64 };
    let archive = in_time(app.artefacts.get(Kind::Bundle, &digest)).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-tar".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::ETAG, tag),
    ];
    Ok((headers, archive).into_response())
}
