//! The people of a demo: its page lets one become any of them in a second window.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use bongsu_types::UserId;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::respond;
use crate::state::EdgeState;

/// A user of the demo and a token to log in as them. Never given by a server that holds real people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoUser {
    /// The user.
    pub user: UserId,
    /// Shown in the list.
    pub name: String,
    /// Logs in as them.
    pub token: String,
}

impl Serialize for DemoUser {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("DemoUser", 3)?;
        object.serialize_field("user", self.user.as_str())?;
        object.serialize_field("name", &self.name)?;
        object.serialize_field("token", &self.token)?;
        object.end()
    }
}

/// `GET /demo/users`.
pub(super) async fn users(State(state): State<Arc<EdgeState>>, uri: Uri) -> Response {
    if state.demo_users.is_empty() {
        return respond::unknown_route(uri).await;
    }
    match serde_json::to_string(&state.demo_users) {
        Ok(text) => respond::json(text),
        Err(error) => {
            tracing::error!(%error, "the demo's users cannot be written");
            axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
