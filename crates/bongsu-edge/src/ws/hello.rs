//! The first frame: who is there, and where their device stands.

use std::sync::Arc;

use bongsu_service::auth::Claims;
use bongsu_service::{OpenSession, ServiceError, SessionOpened};
use bongsu_types::Millis;
use bongsu_wire::{
    CloseCode, Command, ErrorKind, Hello, HelloResult, Incoming, LimitsObject, ReplyTo, RequestId, WireError,
    decode_frame, encode_error, encode_result,
};
use bytes::Bytes;

use super::end::End;
use super::session::{Opening, Session};
use super::socket::{Reading, Socket, Text, Turn};
use crate::convert;
use crate::error::{to_wire, token_to_wire};
use crate::hub::Mailbox;
use crate::state::EdgeState;
use crate::timing::millis;

/// Tokens are believed for this long after their time, so clocks may differ.
const LEEWAY_MS: u64 = 30_000;

/// Reads the first frame and opens the session. The answer is the first thing in its mailbox.
pub(super) async fn open(state: &Arc<EdgeState>, socket: &mut Socket) -> Result<Box<Session>, End> {
    let first = tokio::time::timeout(state.timing.hello_within, first_text(socket));
    let text = first.await.map_err(|_| End::Close(CloseCode::NoProgress))??;
    let (id, hello, rest) = read_hello(state, socket, &text)?;
    drop(text);
    match begin(state, socket, id.as_ref(), hello).await {
        Ok(opening) => Ok(Session::new(state.clone(), opening, rest)),
        Err(error) => {
            let code = close_code(&error);
            if let Some(id) = &id {
                refuse(socket, Some(id), &error);
            }
            for item in rest {
                refuse_item(socket, item);
            }
            Err(End::Close(code))
        }
    }
}

async fn first_text(socket: &mut Socket) -> Result<Text, End> {
    loop {
        match socket.turn(Reading::On).await {
            Turn::Text(text) => return Ok(text),
            Turn::Alive | Turn::Written => {}
            Turn::Closed => return Err(End::Gone),
            Turn::Abuse(code) => return Err(End::Close(code)),
        }
    }
}

/// The hello of the first frame, and what else it holds: that is carried out once hello is answered.
fn read_hello(
    state: &EdgeState,
    socket: &mut Socket,
    text: &Text,
) -> Result<(Option<RequestId>, Hello, Vec<Incoming>), End> {
    let items = match decode_frame(text.as_str(), state.limits()) {
        Ok(items) => items,
        Err(error) => {
            refuse(socket, None, &error);
            return Err(End::Close(CloseCode::Unauthorized));
        }
    };
    let mut items = items.into_iter();
    match items.next() {
        Some(Incoming::Request { id, command: Command::Hello(hello) }) => Ok((id, hello, items.collect())),
        first => {
            for item in first.into_iter().chain(items) {
                refuse_item(socket, item);
            }
            Err(End::Close(CloseCode::Unauthorized))
        }
    }
}

/// Answers an item for which there is no session.
fn refuse_item(socket: &mut Socket, item: Incoming) {
    match item {
        Incoming::Request { id: Some(id), command: _ } => {
            let error = WireError::new(ErrorKind::Unauthorized, "session.hello has to come first");
            refuse(socket, Some(&id), &error);
        }
        Incoming::Request { id: None, command: _ } => {}
        Incoming::Refused { to: ReplyTo::Id(id), error } => refuse(socket, Some(&id), &error),
        Incoming::Refused { to: ReplyTo::Null, error } => refuse(socket, None, &error),
        Incoming::Refused { to: ReplyTo::Nobody, error: _ } => {}
    }
}

fn refuse(socket: &mut Socket, id: Option<&RequestId>, error: &WireError) {
    socket.queue(&encode_error(id, error));
}

/// What the client is to do after a refused hello: what passes by itself must not keep it away.
fn close_code(error: &WireError) -> CloseCode {
    if error.retry || error.kind == ErrorKind::Internal {
        CloseCode::Overloaded
    } else {
        CloseCode::Unauthorized
    }
}

async fn begin(
    state: &Arc<EdgeState>,
    socket: &Socket,
    id: Option<&RequestId>,
    hello: Hello,
) -> Result<Opening, WireError> {
    let Hello { token, device, epoch, user_rev, cursors, list } = hello;
    let claims = state.verifier.verify(&token).await.map_err(token_to_wire)?;
    let Ok(_turn) = state.hellos.acquire().await else { return Err(to_wire(ServiceError::Overloaded)) };
    // Registered first: whatever happens to this user or device from here on is not missed.
    let mailbox = state.hub.register(claims.user.clone(), device.id.clone(), socket.outlet().clone());
    let registration = Registration { state: state.clone(), mailbox };
    if state.is_draining() {
        registration.mailbox.order(|orders| orders.draining = true);
    }
    let removals = registration.mailbox.removals();
    let request = OpenSession {
        claims: claims.clone(),
        device: device.into(),
        epoch,
        user_rev,
        cursors: cursors.into_iter().collect(),
        list: list.map(|rows| usize::try_from(rows).unwrap_or(usize::MAX)),
    };
    let mut opened = state.service.open_session(request).await.map_err(to_wire)?;
    let answer = answer(state, &registration.mailbox, &claims, &mut opened);
    if let Some(id) = id {
        registration.mailbox.push(Bytes::from(encode_result(id, &answer)));
    }
    registration.mailbox.told(opened.own.user_rev);
    state.service.presence().opened(&claims.user);
    Ok(Opening { registration: Online(registration), claims, removals, opened })
}

fn answer(state: &EdgeState, mailbox: &Mailbox, claims: &Claims, opened: &mut SessionOpened) -> HelloResult {
    let reset = bongsu_service::OwnChanges::Reset { user_rev: opened.own.user_rev };
    let (changes, user_rev) = convert::changes(std::mem::replace(&mut opened.changes, reset));
    HelloResult {
        session: format!("{}-{}", mailbox.session.0, opened.opened.session_no),
        user: claims.user.clone(),
        resumed: opened.opened.resumed,
        epoch: opened.opened.epoch,
        user_rev,
        list_reset: changes.is_none(),
        changes,
        list: opened.list.take().map(convert::list_page),
        now_ms: state.service.clock().now_ms(),
        expires_ms: claims.expires_ms,
        ping_ms: millis(state.timing.ping_every),
        limits: LimitsObject::from(&**state.limits()),
    }
}

/// When a session with this token ends: at its time, or for one accepted within the leeway at the end of that.
pub(super) fn ends_ms(claims: &Claims, now: Millis) -> Millis {
    if claims.expires_ms > now { claims.expires_ms } else { claims.expires_ms.plus(LEEWAY_MS) }
}

/// A session in the hub's registry. Taken out when dropped.
pub(super) struct Registration {
    state: Arc<EdgeState>,
    pub(super) mailbox: Arc<Mailbox>,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.state.hub.unregister(&self.mailbox);
    }
}

/// A registered session whose user counts as online while it lasts.
pub(super) struct Online(pub(super) Registration);

impl Drop for Online {
    fn drop(&mut self) {
        self.0.state.service.presence().closed(&self.0.mailbox.user);
    }
}
