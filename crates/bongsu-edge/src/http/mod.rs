//! The HTTP side of the edge: the REST twin of the protocol, its OpenAPI document, health, metrics, and what every
//! answer carries. Tables and commands are shared with the socket; here is only what HTTP adds.

mod auth;
mod caller;
mod cors;
mod demo;
mod dispatch;
mod health;
mod metrics;
mod observe;
mod respond;
mod rest;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::{any, get};

pub use demo::DemoUser;
pub use metrics::{metrics_router, serve_metrics};

use crate::state::EdgeState;

/// All routes under `/v1` but the socket; health; the people of a demo.
pub(crate) fn routes(state: Arc<EdgeState>) -> Router {
    let api = rest::router()
        .route("/v1/openapi.json", get(openapi))
        .route("/v1/{*path}", any(respond::unknown_route))
        .method_not_allowed_fallback(respond::unknown_verb)
        .layer(DefaultBodyLimit::max(state.limits().frame_bytes))
        .layer(from_fn(cors::allow_pages));
    // Not for pages of other origins: the people of a demo come with their tokens.
    let other = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/demo/users", get(demo::users))
        .method_not_allowed_fallback(respond::unknown_verb);
    api.merge(other)
        .layer(from_fn(observe::limit_time))
        .layer(from_fn(observe::add_headers))
        .layer(from_fn(observe::measure))
        .with_state(state)
}

/// `GET /v1/openapi.json`.
async fn openapi() -> Response {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(bongsu_wire::openapi()));
    respond::json(DOCUMENT.clone())
}
