//! Who sends a request: `Authorization: Bearer` with a user's token, or with a server key that may name a user to act
//! for.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use bongsu_types::UserId;
use bongsu_wire::{ErrorKind, WireError};

use super::caller::{ACTING_USER, Caller};
use super::cors;
use crate::error::{to_wire, token_to_wire};
use crate::state::EdgeState;

/// Begins every server key, and no token: those are base64url and begin with `ey`.
const SERVER_KEY_PREFIX: &str = "bsk_";

/// The caller of a request.
///
/// # Errors
/// `unauthorized`, `token_expired`; `forbidden` for a server key in a browser or one that may not act for users;
/// `invalid_params` when the acting user is no user id.
pub(super) async fn caller(state: &EdgeState, headers: &HeaderMap) -> Result<Caller, WireError> {
    let Some(credential) = bearer(headers) else {
        return Err(WireError::new(ErrorKind::Unauthorized, "needs the header Authorization: Bearer TOKEN"));
    };
    let acting = acting_user(headers)?;
    if is_server_key(credential) {
        server(state, headers, credential, acting).await
    } else {
        user(state, credential, acting).await
    }
}

/// Whether the request presents a server key, valid or not.
pub(super) fn holds_server_key(headers: &HeaderMap) -> bool {
    bearer(headers).is_some_and(is_server_key)
}

async fn user(state: &EdgeState, token: &str, acting: Option<UserId>) -> Result<Caller, WireError> {
    let claims = state.verifier.verify(token).await.map_err(token_to_wire)?;
    let actor = state.service.actor_of(&claims).await.map_err(to_wire)?;
    match acting {
        Some(other) if other != actor.user => {
            Err(WireError::new(ErrorKind::Forbidden, "only a server key acts for another user"))
        }
        Some(_) | None => Ok(Caller::User(actor)),
    }
}

async fn server(
    state: &EdgeState,
    headers: &HeaderMap,
    text: &str,
    acting: Option<UserId>,
) -> Result<Caller, WireError> {
    if cors::is_from_page(headers) {
        return Err(WireError::new(
            ErrorKind::Forbidden,
            "server keys stay on servers: use a user's token in a browser",
        ));
    }
    let key = state.server_keys.verify(text).await.map_err(to_wire)?;
    match acting {
        Some(user) => {
            let actor = key.act_for(user).map_err(to_wire)?;
            Ok(Caller::ServerFor(key, actor))
        }
        None => Ok(Caller::Server(key)),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, credential) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| credential.trim())
}

fn is_server_key(credential: &str) -> bool {
    credential.starts_with(SERVER_KEY_PREFIX)
}

fn acting_user(headers: &HeaderMap) -> Result<Option<UserId>, WireError> {
    let Some(value) = headers.get(ACTING_USER) else { return Ok(None) };
    let refused = |reason: String| WireError::invalid_params(ACTING_USER, reason);
    let text = value.to_str().map_err(|_| refused("must be a user id".to_owned()))?;
    UserId::new(text).map(Some).map_err(|reason| refused(reason.to_string()))
}
