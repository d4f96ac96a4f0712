//! Which request goes where.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::state::EdgeState;
use crate::{assets, http, ws};

/// All routes of the edge.
pub(crate) fn router(state: Arc<EdgeState>) -> Router {
    Router::new()
        .route("/v1/connect", get(ws::upgrade))
        .with_state(state.clone())
        .merge(http::routes(state))
        .fallback(assets::serve)
}
