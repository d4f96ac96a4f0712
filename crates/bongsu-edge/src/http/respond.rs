//! How answers and refusals look over HTTP: the results of the socket without the envelope, errors from its table.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bongsu_wire::{ErrorKind, WireError};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The text of a JSON value, as a 200.
pub(super) fn json(text: impl Into<axum::body::Body>) -> Response {
    ([(CONTENT_TYPE, JSON)], text.into()).into_response()
}

/// An error on its way out.
pub(super) struct Refused(pub(super) WireError);

impl From<WireError> for Refused {
    fn from(error: WireError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let status = StatusCode::from_u16(error.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = with_status(status, &error);
        let headers = response.headers_mut();
        if let Some(challenge) = challenge(error.kind) {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(ms) = error.retry_after_ms {
            headers.insert(RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000)));
        }
        response
    }
}

/// RFC 6750, section 3.
const fn challenge(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Unauthorized => Some("Bearer realm=\"bongsu\""),
        ErrorKind::TokenExpired => Some("Bearer realm=\"bongsu\", error=\"invalid_token\""),
        _ => None,
    }
}

fn with_status(status: StatusCode, error: &WireError) -> Response {
    let mut response = json(error.body());
    *response.status_mut() = status;
    response
}

/// Answers a path that no route has.
pub(super) async fn unknown_route(uri: Uri) -> Response {
    let message = format!("no such path: {}", uri.path());
    Refused(WireError::new(ErrorKind::UnknownMethod, message)).into_response()
}

/// Answers a known path asked with another method. The router adds the methods it has.
pub(super) async fn unknown_verb<B>(request: Request<B>) -> Response {
    let message = format!("{} is not for this path", request.method());
    let error = WireError::new(ErrorKind::UnknownMethod, message);
    with_status(StatusCode::METHOD_NOT_ALLOWED, &error)
}
