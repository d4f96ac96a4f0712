//! Browsers of any origin may use a user's token: it comes in a header, never by itself as a cookie would. Server keys
//! are for servers: a request that has one and comes from a page is refused, and its answer is hidden from the page.

use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::auth;

const ANY: HeaderValue = HeaderValue::from_static("*");

/// Lets pages of any origin call, unless they hold a server key.
pub(super) async fn allow_pages(request: Request, next: Next) -> Response {
    if !is_from_page(request.headers()) {
        return next.run(request).await;
    }
    if is_preflight(&request) {
        // `X-Bongsu-User` is left out on purpose: with it a page would act by a server key.
        return (
            StatusCode::NO_CONTENT,
            [
                (ACCESS_CONTROL_ALLOW_ORIGIN, ANY),
                (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE")),
                (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type")),
                (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
            ],
        )
            .into_response();
    }
    let holds_server_key = auth::holds_server_key(request.headers());
    let mut response = next.run(request).await;
    if !holds_server_key {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
    }
    response
}

/// Whether a browser sent it for a page.
pub(super) fn is_from_page(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN)
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}
