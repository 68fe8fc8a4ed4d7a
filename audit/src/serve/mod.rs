//! A small local server for the pages of several epochs.
//!
//! It answers `GET` and `HEAD` for the names of a [`Site`] and nothing else, keeps nothing, and reads no
//! file. A page may hold an operator's data, so nothing is to be cached, and a request must name the server
//! by an IP address or as `localhost`: a foreign site that points a name of its own at this machine gets
//! nothing.

use std::future::IntoFuture;
use std::io;
use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::{header, HeaderMap, HeaderName, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::Router;

use crate::page::{policy, Site, INDEX};

/// How often the server looks whether it should stop.
const TICK: Duration = Duration::from_millis(100);
/// How long connections that are open then may take to end.
const GRACE: Duration = Duration::from_secs(1);

/// Serves until `stop` says so.
///
/// # Errors
/// When the operating system refuses the listener.
pub fn serve(listener: TcpListener, site: Site, stop: impl Fn() -> bool) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (tell, told) = tokio::sync::oneshot::channel::<()>();
        let stopping = async {
            // That the sender is gone means the same.
            let _ = told.await;
        };
        let server = axum::serve(listener, router(site)).with_graceful_shutdown(stopping);
        let mut server = tokio::spawn(server.into_future());
        let mut ticks = tokio::time::interval(TICK);
        while !stop() && !server.is_finished() {
            ticks.tick().await;
        }
        drop(tell);
        match tokio::time::timeout(GRACE, &mut server).await {
            Ok(done) => done.map_err(io::Error::other)?,
            // A browser keeps connections open; they end with the runtime.
            Err(_) => Ok(()),
        }
    });
    runtime.shutdown_timeout(TICK);
    served
}

fn router(site: Site) -> Router {
    Router::new()
        .route("/", get(|site: State<Arc<Site>>| file(site, Path(INDEX.to_owned()))))
        .route("/{name}", get(file))
        .with_state(Arc::new(site))
        .layer(middleware::from_fn(guard))
}

async fn file(State(site): State<Arc<Site>>, Path(name): Path<String>) -> Response {
    let kind = match name.ends_with(".html") {
        true => "text/html; charset=utf-8",
        false => "text/plain; charset=utf-8",
    };
    // A page of many accounts takes a moment to write.
    match tokio::task::spawn_blocking(move || site.file(&name)).await {
        Ok(Ok(Some(text))) => ([(header::CONTENT_TYPE, kind)], text).into_response(),
        Ok(Ok(None)) => (StatusCode::NOT_FOUND, "no such page\n").into_response(),
        Ok(Err(_)) | Err(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "the page could not be made\n").into_response()
        }
    }
}

/// Refuses foreign hosts, and says to every browser what the answer may be used for.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = if is_local_name(request.headers()) {
        next.run(request).await
    } else {
        let why = "expected an IP address or localhost as the host\n";
        (StatusCode::MISDIRECTED_REQUEST, why).into_response()
    };
    let headers = response.headers_mut();
    let policy = format!("{}; frame-ancestors 'none'", policy());
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    }
    response
}

/// Whether the request's only `Host` is an IP address or `localhost`, with or without a port.
fn is_local_name(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Ok(authority) = host.to_str().unwrap_or_default().parse::<axum::http::uri::Authority>()
    else {
        return false;
    };
    let name = authority.host();
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_names_are_told_from_local_ones() {
        let is_local = |hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            hosts.iter().for_each(|host| {
                headers.append(header::HOST, host.parse().expect("a header's value"));
            });
            is_local_name(&headers)
        };
        for good in ["localhost", "localhost:8080", "127.0.0.1:80", "[::1]:8080", "192.168.0.7"] {
            assert!(is_local(&[good]), "{good}");
        }
        for bad in [
            "evil.example",
            "localhost.evil.example:80",
            "127.0.0.1.evil.example",
            "",
            "a@127.0.0.1.x",
        ] {
            assert!(!is_local(&[bad]), "{bad}");
        }
        assert!(!is_local(&[]));
        assert!(!is_local(&["localhost", "evil.example"]));
    }
}
