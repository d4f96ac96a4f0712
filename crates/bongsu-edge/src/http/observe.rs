//! What every request passes through: it is counted, bounded in time, and its answer carries the headers that keep
//! browsers from misreading or storing it.

use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bongsu_types::Outcome;
use bongsu_wire::{ErrorKind, WireError};
use tokio::time::Instant;
use tracing::{debug, warn};

use super::respond::Refused;

/// Time for one request with its body. The store's own deadlines are shorter, so this one is for slow senders.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Counts requests by route and status, and measures them by route.
pub(super) async fn measure(request: Request, next: Next) -> Response {
    let verb = verb(request.method());
    // The template of the path, so that ids make no labels.
    let path = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str);
    let route = format!("{verb} {path}");
    let start = Instant::now();
    let response = next.run(request).await;
    let elapsed = start.elapsed();
    let status = response.status();
    debug!(http.route = route, http.status = status.as_u16(), elapsed_us = elapsed.as_micros(), "answered");
    metrics::histogram!("bongsu_http_request_seconds", "route" => route.clone())
        .record(elapsed.as_secs_f64());
    metrics::counter!("bongsu_http_requests_total", "route" => route, "status" => status.as_str().to_owned())
        .increment(1);
    response
}

/// Ends a request that takes too long.
pub(super) async fn limit_time(request: Request, next: Next) -> Response {
    let verb = verb(request.method());
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            warn!(http.verb = verb, timeout_s = REQUEST_TIMEOUT.as_secs(), "request took too long");
            // Whatever was in the store's queue by then may still be committed.
            let error = WireError::new(ErrorKind::Unavailable, "the request took too long");
            Refused(error.outcome(Outcome::Unknown)).into_response()
        }
    }
}

/// Adds the headers of an API: nothing here is a page, and nothing is for a cache.
pub(super) async fn add_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The method as a label: whatever else a client makes up is one.
fn verb(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
