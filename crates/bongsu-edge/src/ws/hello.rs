//! The first frame: who is there, and where their device stands.

use std::sync::Arc;
use std::time::Duration;

use bongsu_service::auth::Claims;
use bongsu_service::{OpenSession, ServiceError, SessionOpened};
use bongsu_types::Millis;
use bongsu_wire::{
    CloseCode, Command, ErrorKind, Hello, HelloResult, Incoming, LimitsObject, ReplyTo, RequestId, WireError,
    decode_frame, encode_error, encode_result,
};
use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};

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
            let code = close_code(&error, state.is_draining());
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
fn close_code(error: &WireError, draining: bool) -> CloseCode {
    let passes = error.retry || error.kind == ErrorKind::Internal;
    match (passes, draining) {
        (true, true) => CloseCode::Draining,
        (true, false) => CloseCode::Overloaded,
        (false, _) => CloseCode::Unauthorized,
    }
}

/// Waits until this hello is carried out. Those that wait too long are refused: their clients have given up or soon
/// will, and they would only keep the others waiting. So are those of a server that is being shut down.
async fn turn(
    hellos: &Semaphore,
    within: Duration,
    drain_begins: impl Future<Output = ()>,
) -> Result<SemaphorePermit<'_>, WireError> {
    let turn = tokio::select! {
        biased;
        () = drain_begins => None,
        turn = tokio::time::timeout(within, hellos.acquire()) => turn.ok().and_then(Result::ok),
    };
    turn.ok_or_else(|| to_wire(ServiceError::Overloaded))
}

async fn begin(
    state: &Arc<EdgeState>,
    socket: &Socket,
    id: Option<&RequestId>,
    hello: Hello,
) -> Result<Opening, WireError> {
    let Hello { token, device, epoch, user_rev, cursors, list } = hello;
    let claims = state.verifier.verify(&token).await.map_err(token_to_wire)?;
    let _turn = turn(&state.hellos, state.timing.hello_within, state.drain_begins()).await?;
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

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::Instant;

    use super::*;

    const WITHIN: Duration = Duration::from_secs(5);

    /// What a hello hears that is not carried out, and after how long.
    async fn refused(hellos: &Semaphore, drain_begins: impl Future<Output = ()>) -> (WireError, Duration) {
        let began = Instant::now();
        let turn = tokio::time::timeout(2 * WITHIN, turn(hellos, WITHIN, drain_begins)).await;
        (turn.expect("it waits for ever").unwrap_err(), began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_hello_that_waits_too_long_is_refused_and_out_of_the_way() {
        let hellos = Semaphore::new(0);
        let (error, waited) = refused(&hellos, pending()).await;
        assert_eq!((error.kind, error.retry), (ErrorKind::Overloaded, true));
        assert_eq!(close_code(&error, false), CloseCode::Overloaded);
        assert_eq!(waited.as_secs(), WITHIN.as_secs());
        hellos.add_permits(1);
        assert!(turn(&hellos, WITHIN, pending()).await.is_ok(), "nobody waits behind it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_stops_refuses_the_hellos_that_wait_and_begins_none() {
        let hellos = Semaphore::new(0);
        let (error, waited) = refused(&hellos, tokio::task::yield_now()).await;
        assert_eq!(close_code(&error, true), CloseCode::Draining);
        assert_eq!(waited, Duration::ZERO);
        hellos.add_permits(1);
        refused(&hellos, ready(())).await;
    }
}
