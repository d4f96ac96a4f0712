//! `GET /v1/connect`: from HTTP to a session.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bongsu_wire::CloseCode;
use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, StatusCode};
use hyper::upgrade::OnUpgrade;
use tracing::{debug, error};

use super::end::{self, End};
use super::session;
use super::socket::{Socket, accept_key};
use crate::hub::OutletBounds;
use crate::state::EdgeState;

/// Subprotocol of this version of the protocol in JSON.
const SUBPROTOCOL: &str = "bongsu.v1.json";

/// Answers the handshake and starts the session.
pub(crate) async fn upgrade(State(state): State<Arc<EdgeState>>, mut request: Request) -> Response {
    let answer = match handshake(request.headers()) {
        Ok(answer) => answer,
        Err(refusal) => return refusal,
    };
    let upgraded = hyper::upgrade::on(&mut request);
    let task = run(state.clone(), upgraded);
    state.connections.spawn(task);
    answer
}

/// The answer to a handshake (RFC 6455, section 4.2).
#[expect(clippy::result_large_err, reason = "both are responses, made once per connection")]
fn handshake(headers: &HeaderMap) -> Result<Response, Response> {
    let bad = |reason: &'static str| (StatusCode::BAD_REQUEST, reason).into_response();
    if !has_token(headers, &header::CONNECTION, "upgrade")
        || !has_token(headers, &header::UPGRADE, "websocket")
    {
        let mut response = (StatusCode::UPGRADE_REQUIRED, "this address speaks WebSocket").into_response();
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        return Err(response);
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        let mut response = (StatusCode::UPGRADE_REQUIRED, "WebSocket version 13 is needed").into_response();
        response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return Err(response);
    }
    let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY) else {
        return Err(bad("the header Sec-WebSocket-Key is missing"));
    };
    let Ok(accept) = HeaderValue::from_str(&accept_key(key.as_bytes())) else {
        return Err(bad("the header Sec-WebSocket-Key is malformed"));
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = response.headers_mut();
    answer.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    answer.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    answer.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if has_token(headers, &header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
        answer.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    Ok(response)
}

/// Whether a comma-separated header names `token`.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|each| each.trim().eq_ignore_ascii_case(token))
}

/// Waits for the handshake to be done, and goes on as a session, in a task that holds nothing of the HTTP connection.
async fn run(state: Arc<EdgeState>, upgraded: OnUpgrade) {
    let place = state.take_place();
    let upgraded = match upgraded.await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            debug!(%error, "an upgrade failed");
            return;
        }
    };
    let limits = state.limits();
    let bounds = OutletBounds { queue_bytes: limits.send_queue_bytes, group_bytes: limits.group_bytes };
    let Some(socket) = Socket::new(upgraded, bounds, limits.frame_bytes) else {
        error!("what was upgraded is no TCP connection");
        return;
    };
    // Browsers cannot see why an upgrade was refused, so refusals come as a close after it.
    match place {
        None => end::end(&state, socket, End::Close(CloseCode::Overloaded)).await,
        Some(_) if state.is_draining() => {
            end::end(&state, socket, End::Close(CloseCode::Draining)).await;
        }
        Some(place) => {
            let session = session::serve(state.clone(), socket, place);
            state.connections.spawn(session);
        }
    }
}
