//! Whether the process lives, and whether it can serve: for whoever restarts it, and whoever sends it traffic.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use tracing::warn;

use crate::state::EdgeState;

/// A store that takes longer than this to answer a read is not ready.
const STORE_TIMEOUT: Duration = Duration::from_secs(2);

/// `GET /healthz`: the process answers. It does not ask the store, whose trouble no restart mends.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the store answers, what is committed is delivered, and the server is not on its way down.
pub(super) async fn readyz(State(state): State<Arc<EdgeState>>) -> (StatusCode, &'static str) {
    if state.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    if state.failed().is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "nothing is delivered\n");
    }
    match tokio::time::timeout(STORE_TIMEOUT, state.service.last_commit()).await {
        Ok(Ok(_)) => (StatusCode::OK, "ready\n"),
        Ok(Err(error)) => {
            warn!(%error, "not ready: the store refuses to answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n")
        }
        Err(_) => {
            warn!(timeout_s = STORE_TIMEOUT.as_secs(), "not ready: the store is slow");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n")
        }
    }
}
