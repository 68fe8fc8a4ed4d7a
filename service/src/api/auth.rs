//! Who calls, and what the token allows.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{header, StatusCode};

use super::{App, Problem};
use crate::db::{Caller, Scope};

/// A caller whose token was checked, before any of the body is read.
#[derive(Debug)]
pub(super) struct Auth(Caller);

impl Auth {
    /// The tenant, if the token allows this.
    pub(super) fn tenant(&self, scope: Scope) -> Result<&str, Problem> {
        match self.0.may(scope) {
            true => Ok(&self.0.tenant),
            false => {
                let message = format!("the token has no scope {:?}", scope.name());
                Err(Problem::new(StatusCode::FORBIDDEN, "scope", message))
            }
        }
    }
}

impl FromRequestParts<Arc<App>> for Auth {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let value = parts.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        let token =
            value.and_then(|v| v.strip_prefix("Bearer ")).ok_or_else(Problem::unauthorised)?;
        let caller = app.db.caller(token.trim()).await?;
        caller.map(Self).ok_or_else(Problem::unauthorised)
    }
}
