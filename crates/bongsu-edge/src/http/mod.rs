//! The HTTP side of the edge: the REST twin of the protocol, its OpenAPI document, health, and what every answer
//! carries. The socket and the page have routers of their own.

mod auth;
mod cors;
mod demo;
mod health;
mod metrics;
mod observe;
mod respond;
mod rest;

use std::fmt;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::get;
use bongsu_service::Service;
use bongsu_service::auth::{ServerKeys, TokenVerifier};
use tokio_util::sync::CancellationToken;

pub use demo::DemoUser;
pub use metrics::{metrics_router, serve_metrics};

/// What the API needs. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    /// Use cases.
    pub service: Arc<Service>,
    /// Verifies users' tokens.
    pub tokens: Arc<TokenVerifier>,
    /// Verifies the keys of the host app's servers.
    pub server_keys: Arc<ServerKeys>,
    /// Whom the page may become; empty but in a demo.
    pub demo_users: Arc<[DemoUser]>,
    /// Cancelled when the server begins to go down: it is not ready from then on.
    pub draining: CancellationToken,
}

/// All routes under `/v1` but the socket, `/healthz`, `/readyz`, and in a demo `/demo/users`. Any other path is
/// answered in the form of all errors.
pub fn api_routes(state: ApiState) -> Router {
    let mut router = rest::router()
        .route("/v1/openapi.json", get(openapi))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz));
    if !state.demo_users.is_empty() {
        router = router.route("/demo/users", get(demo::users));
    }
    router
        .method_not_allowed_fallback(respond::unknown_verb)
        .fallback(respond::unknown_route)
        .layer(DefaultBodyLimit::max(state.service.limits().frame_bytes))
        .layer(from_fn(observe::limit_time))
        .layer(from_fn(cors::allow_pages))
        .layer(from_fn(observe::add_headers))
        .layer(from_fn(observe::measure))
        .with_state(state)
}

/// `GET /v1/openapi.json`.
async fn openapi() -> Response {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(bongsu_wire::openapi()));
    respond::json(DOCUMENT.clone())
}

impl fmt::Debug for ApiState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiState").field("demo_users", &self.demo_users.len()).finish_non_exhaustive()
    }
}
