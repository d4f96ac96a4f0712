//! `GET /metrics` on a listener of its own, so that what operators see is not open to clients.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// The text format of Prometheus.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The router of the metrics listener; `render` gives the text.
pub fn metrics_router(render: impl Fn() -> String + Clone + Send + Sync + 'static) -> Router {
    Router::new().route("/metrics", get(async move || ([(CONTENT_TYPE, PROMETHEUS_TEXT)], render())))
}

/// Serves `/metrics` until `stop`.
pub async fn serve_metrics(
    listener: TcpListener,
    render: impl Fn() -> String + Clone + Send + Sync + 'static,
    stop: CancellationToken,
) {
    let serving =
        axum::serve(listener, metrics_router(render)).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = serving.await {
        warn!(%error, "the metrics listener failed");
    }
}
