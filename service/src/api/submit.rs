//! `POST /v1/jobs`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{header, HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use meed_ledger::project::root_text;
use meed_statement::roots::state_root;
use meed_statement::shape::{Shape, Size, M};
use meed_verifier::System;
use sha2::{Digest, Sha256};
use tracing::{info, warn};
use zeroize::Zeroizing;

use super::auth::Auth;
use super::problem::Refused;
use super::{App, Problem};
use crate::db::{new_id, New, Scope, Submitted, Task};
use crate::error::ServiceError;
use crate::job::{Job, Submission};
use crate::store::{in_time, Kind};
use crate::trace::Request;
use crate::worker::sealed_for;

/// Longest `Idempotency-Key`.
const LONGEST_KEY: usize = 128;

/// Submits a committed epoch to be proved.
///
/// The epoch is read, compared with its commitment, settled and checked against every clause before it is queued.
/// The job is queued when the answer comes. If no answer comes, make the same request again, with the
/// same key: there will be one job. The epoch after another of the same network waits until that one is
/// proved.
#[utoipa::path(
    post, path = "/v1/jobs", operation_id = "submit_job", request_body = Submission, tag = "jobs",
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 128,
        description = "1 to 128 visible characters, new for each new request")),
    responses(
        (status = 201, description = "Queued", body = Job),
        (status = 200, description = "The same request was made before: its job", body = Job),
        (status = 400, description = "Not a request of this form", body = Problem),
        Refused,
        (status = 409, description = "The key belongs to another request, or the epoch to another job",
            body = Problem),
        (status = 413, description = "The body is too long", body = String, content_type = "text/plain"),
        (status = 422, description = "The epoch is not accepted; file and line are named", body = Problem),
        (status = 429, description = "The tenant has as many open jobs as it may have", body = Problem),
    )
)]
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    auth: Auth,
    Extension(span): Extension<Request>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let tenant = auth.tenant(Scope::Submit)?.to_owned();
    let key = idempotency_key(&headers)?;
    let body_sha256 = hex::encode(Sha256::digest(&body));
    if let Some(before) = app.db.submitted_before(&tenant, &key, &body_sha256).await? {
        return answer(before, &span);
    }
    let submission: Submission = serde_json::from_slice(&body).map_err(|error| {
        // Not the message itself, which may repeat what it met.
        let (line, column) = (error.line(), error.column());
        let message =
            format!("expected a submission as JSON; line {line}, column {column} is none");
        Problem::new(StatusCode::BAD_REQUEST, "invalid", message)
    })?;
    submission.check()?;
    let permit = app.checks.acquire().await.map_err(|_| Problem::no_job())?;
    let checked = tokio::task::spawn_blocking(move || check(submission));
    let checked = checked.await.map_err(|e| ServiceError::Proof(e.to_string()))??;
    drop(permit);
    let id = new_id()?;
    let Checked { submission, circuit, epoch, root_before, root_after } = checked;
    let plain = serde_json::to_vec(&submission.files).map(Zeroizing::new);
    let plain = plain.map_err(|e| ServiceError::Proof(e.to_string()))?;
    let sealed = app.seals.seal(&plain, &sealed_for(&tenant, &id))?;
    let witness = in_time(app.artefacts.put(Kind::Witness, sealed)).await?;
    let on_chain = submission.domain.as_ref();
    let task = Task {
        tenant,
        chain_id: on_chain.map(|d| d.chain_id as i64),
        contract: on_chain.map(|d| d.contract.clone()),
        root_before,
        witness,
        traceparent: span.traceparent(),
    };
    let new = New {
        task,
        domain: on_chain.map_or_else(
            || "off-chain".to_owned(),
            |d| format!("{}:{}", d.chain_id, d.contract.to_ascii_lowercase()),
        ),
        network: submission.network.clone(),
        priority: submission.priority,
        first: submission.first,
        id,
        key,
        body_sha256,
        epoch,
        circuit,
        root_after,
    };
    let submitted = app.db.submit(&new).await;
    match &submitted {
        Ok(Submitted::New(job)) => {
            info!(job = job.id, network = job.network, epoch = job.epoch, "submitted");
            app.work.notify_one();
        }
        // Whether it is queued is not known: then the witness may be needed.
        Err(_) => {}
        Ok(_) => {
            let sha256 = &new.task.witness.sha256;
            if let Err(error) = app.artefacts.delete(Kind::Witness, sha256).await {
                warn!(%error, "a witness that is nobody's is not deleted");
            }
        }
    }
    answer(submitted?, &span)
}

fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let key = headers.get("idempotency-key").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let good = (1..=LONGEST_KEY).contains(&key.len()) && key.chars().all(|c| c.is_ascii_graphic());
    good.then(|| key.to_owned()).ok_or_else(|| {
        let message = format!("expected Idempotency-Key: 1 to {LONGEST_KEY} visible characters");
        Problem::new(StatusCode::BAD_REQUEST, "idempotency_key", message)
    })
}

/// An epoch that can be proved.
struct Checked {
    submission: Submission,
    circuit: String,
    epoch: i64,
    root_before: String,
    root_after: String,
}

fn check(submission: Submission) -> Result<Checked, Problem> {
    let (epoch, trace) = submission.files.epoch().settle().map_err(ServiceError::from)?;
    let size = Size::of(&epoch.inputs, &trace);
    let unprocessable =
        |message: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "epoch", message);
    let shape = Shape::smallest(&size).ok_or_else(|| {
        unprocessable(format!("the largest shape, M, holds {}; the epoch has {size}", M.capacity()))
    })?;
    let number = i64::try_from(epoch.inputs.epoch)
        .map_err(|_| unprocessable("epoch: expected a number below 2^63".to_owned()))?;
    let system: System = submission.system.into();
    Ok(Checked {
        circuit: format!("{}/{}", system.name(), shape.name),
        epoch: number,
        root_before: root_text(&state_root(&epoch.inputs.state)),
        root_after: root_text(&trace.header.state_root_after),
        submission,
    })
}

fn answer(submitted: Submitted, span: &Request) -> Result<Response, Problem> {
    let conflict = |code, message| Err(Problem::new(StatusCode::CONFLICT, code, message));
    let (status, job) = match submitted {
        Submitted::New(job) => (StatusCode::CREATED, job),
        Submitted::Again(job) => (StatusCode::OK, job),
        Submitted::OtherBody => {
            let message = "this Idempotency-Key was used for another request".to_owned();
            return conflict("idempotency_key", message);
        }
        Submitted::Taken(id) => {
            let message = format!("job {id} proves this epoch for this domain already");
            return conflict("taken", message);
        }
        Submitted::NotFirst(head) => {
            let message =
                format!("the network is there, with epoch {head} proved: leave out `first`");
            return conflict("not_first", message);
        }
        Submitted::Late => {
            let message = "this took longer than a witness is kept without a job: make the same \
                           request again";
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "late", message));
        }
        Submitted::Quota(open) => {
            let message = format!("{open} jobs are open, as many as this tenant may have");
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "quota", message));
        }
    };
    span.job(&job);
    let location = format!("/v1/jobs/{}", job.id);
    Ok((status, [(header::LOCATION, location)], Json(job)).into_response())
}
