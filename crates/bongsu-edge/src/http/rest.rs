//! The REST routes: the protocol's own table says what they are, so there is one handler for all of them.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request, State};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use bongsu_wire::rest::{Body, ROUTES, Route, Verb};
use bongsu_wire::{ErrorKind, WireError};

use super::respond::{self, Refused};
use super::{auth, dispatch};
use crate::state::EdgeState;

/// All routes of the table.
pub(super) fn router() -> Router<Arc<EdgeState>> {
    ROUTES.iter().fold(Router::new(), |router, route| router.route(route.path, handler(route)))
}

fn handler(route: &'static Route) -> MethodRouter<Arc<EdgeState>> {
    on(filter(route.verb), move |State(state): State<Arc<EdgeState>>, request: Request| async move {
        call(route, &state, request).await
    })
}

const fn filter(verb: Verb) -> MethodFilter {
    match verb {
        Verb::Get => MethodFilter::GET,
        Verb::Post => MethodFilter::POST,
        Verb::Put => MethodFilter::PUT,
        Verb::Patch => MethodFilter::PATCH,
        Verb::Delete => MethodFilter::DELETE,
    }
}

/// Who asks comes first: a stranger learns nothing of what is wrong with the rest.
async fn call(route: &Route, state: &EdgeState, request: Request) -> Result<Response, Refused> {
    let (mut parts, body) = request.into_parts();
    let caller = auth::caller(state, &parts.headers).await?;
    let path = RawPathParams::from_request_parts(&mut parts, &())
        .await
        .map_err(|_| WireError::invalid_params("path", "is not UTF-8"))?;
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let body = match route.body {
        Body::None | Body::Remove => Bytes::new(),
        Body::Fields | Body::OneUser => whole_body(state, Request::from_parts(parts, body)).await?,
    };
    let path: Vec<(&str, &str)> = path.iter().collect();
    let command = route.decode(&path, &query, &body)?;
    let answer = dispatch::carry_out(&state.service, &caller, command).await?;
    Ok(respond::json(answer))
}

/// The body, if it is within the bound that the router set.
async fn whole_body(state: &EdgeState, request: Request) -> Result<Bytes, WireError> {
    Bytes::from_request(request, &()).await.map_err(|rejection| match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            let max = state.limits().frame_bytes;
            let error = WireError::new(ErrorKind::TooLarge, format!("the body is longer than {max} bytes"));
            error.field("body").limit(max as u64)
        }
        _ => WireError::new(ErrorKind::Parse, "the body did not arrive whole"),
    })
}
