//! Errors as the API tells them.

use axum::http::{header, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::Json;
use serde::Serialize;
use tracing::error;
use utoipa::{IntoResponses, ToSchema};

use crate::error::ServiceError;

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    #[serde(skip)]
    status: u16,
    /// For programs.
    code: String,
    /// For people.
    message: String,
}

/// What every path that demands a token may answer.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "a description")]
pub(super) enum Refused {
    /// No token that counts
    #[response(status = 401)]
    Token(Problem),
    /// The token does not allow this
    #[response(status = 403)]
    Scope(Problem),
    /// Not now; the same request may be made again
    #[response(status = 503)]
    Unavailable(Problem),
}

/// What every path of one job may answer.
#[derive(IntoResponses)]
#[response(status = 404, description = "The caller has no such job")]
#[allow(dead_code, reason = "a description")]
pub(super) struct NoJob(Problem);

impl Problem {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status: status.as_u16(), code: code.to_owned(), message: message.into() }
    }

    pub(super) fn unauthorised() -> Self {
        let message = "expected `Authorization: Bearer TOKEN` with a token that counts";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorised", message)
    }

    pub(super) fn no_job() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is no such job")
    }
}

/// What the request did not cause is logged, and the caller hears that it was not done.
impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Config { .. } | ServiceError::Unknown { .. } => {
                Self::new(StatusCode::BAD_REQUEST, "invalid", error.to_string())
            }
            ServiceError::Epoch(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "epoch", error.to_string())
            }
            other => {
                error!(error = %other, "a request failed");
                let message = "the service could not do this now; try again";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}
