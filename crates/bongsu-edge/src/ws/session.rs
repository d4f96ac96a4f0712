//! A session: one task from hello to the close.
//!
//! The task owns everything of its connection and does one thing at a time, but waits for many: the socket (both ways), the
//! commands in flight, a few pages of the log, one step of own facts, one store of acks, its mailbox and its timer. What it
//! has to say goes through its mailbox, so that there is one order and one bound.

use std::sync::Arc;

use bongsu_service::auth::Claims;
use bongsu_service::{Actor, SessionOpened, TokenBucket};
use bongsu_types::{Millis, SessionNo, UserRev};
use bongsu_wire::{CloseCode, Event, Expiring, Incoming, decode_frame, encode_error};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, OptionFuture};
use futures_util::stream::FuturesUnordered;

use super::acks::AcksStored;
use super::catch_up::CatchUp;
use super::command::{Caller, Done};
use super::end::{self, End};
use super::hello::{self, Online};
use super::own_facts::OwnFactsWork;
use super::presence::typing_rate;
use super::room_table::RoomTable;
use super::socket::{Reading, Socket, Text, Turn};
use super::timers::Timers;
use crate::hub::{Flushed, Mailbox, OwnFacts};
use crate::state::{EdgeState, Place};

/// What hello leaves for the session.
pub(super) struct Opening {
    pub(super) registration: Online,
    pub(super) claims: Claims,
    /// Value of [`Mailbox::removals`] before the own rows were read.
    pub(super) removals: u64,
    pub(super) opened: SessionOpened,
}

/// A session.
pub(super) struct Session {
    pub(super) state: Arc<EdgeState>,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) caller: Arc<Caller>,
    /// Of the newest token.
    pub(super) claims: Claims,
    pub(super) session_no: SessionNo,
    /// Own revision at hello: orders from before it are of an earlier life of the device.
    pub(super) opened_rev: UserRev,
    pub(super) rooms: RoomTable,
    pub(super) catch_up: CatchUp,
    pub(super) own: OwnFactsWork,
    pub(super) commands: FuturesUnordered<BoxFuture<'static, Done>>,
    /// When the device was last stored as active.
    pub(super) active_ms: Millis,
    pub(super) storing: Option<BoxFuture<'static, AcksStored>>,
    pub(super) rechecking: Option<BoxFuture<'static, Option<CloseCode>>>,
    pub(super) timers: Timers,
    /// The socket did not take all there was to write when it was last tried: this task goes on once it does. Until then
    /// what is queued is more than what others are just about to write.
    blocked: bool,
    pub(super) typing: TokenBucket,
    pub(super) draining: bool,
    /// Leaves the hub and presence when dropped, after everything above.
    _registration: Online,
}

/// Serves a connection that was upgraded, to its end. What happens only once is boxed, so that the task of an idle
/// session is small.
pub(super) async fn serve(state: Arc<EdgeState>, mut socket: Socket, _place: Place) {
    let mut session = match Box::pin(hello::open(&state, &mut socket)).await {
        Ok(session) => session,
        Err(end) => return end::end(&state, socket, end).await,
    };
    let end = session.go_on(&mut socket).await;
    let last_acks = Box::pin(session.last_acks());
    drop(session);
    tokio::join!(end::end(&state, socket, end), last_acks);
}

impl Session {
    pub(super) fn new(state: Arc<EdgeState>, opening: Opening, rest: Vec<Incoming>) -> Box<Self> {
        let Opening { registration, claims, removals, opened } = opening;
        let mailbox = registration.0.mailbox.clone();
        let now = state.service.clock().now_ms();
        let caller = Caller {
            state: state.clone(),
            actor: Actor::user(claims.user.clone()),
            mailbox: mailbox.clone(),
        };
        let mut session = Box::new(Self {
            timers: Timers::new(&state.timing, mailbox.session.0, hello::ends_ms(&claims, now)),
            typing: TokenBucket::full(typing_rate(state.limits()), now),
            caller: Arc::new(caller),
            session_no: opened.opened.session_no,
            opened_rev: opened.opened.user_rev,
            rooms: RoomTable::with_capacity(opened.own.rows.len()),
            catch_up: CatchUp::new(state.limits()),
            own: OwnFactsWork::new(opened.own.user_rev),
            commands: FuturesUnordered::new(),
            active_ms: now,
            storing: None,
            rechecking: None,
            blocked: false,
            draining: false,
            _registration: registration,
            claims,
            mailbox,
            state,
        });
        session.enter_rooms(opened, removals);
        for item in rest {
            session.start(item);
        }
        session
    }

    async fn go_on(&mut self, socket: &mut Socket) -> End {
        loop {
            if let Some(end) = self.advance(socket) {
                return end;
            }
            let reading = self.reading();
            tokio::select! {
                Some(done) = self.commands.next(), if !self.commands.is_empty() => self.finish_all(done),
                Some(read) = OptionFuture::from(self.catch_up.reading.as_mut()) => self.pages_read(read),
                Some(step) = OptionFuture::from(self.own.running.as_mut()) => self.own_step_done(step),
                Some(stored) = OptionFuture::from(self.storing.as_mut()) => self.acks_stored(stored),
                Some(code) = OptionFuture::from(self.rechecking.as_mut()) => {
                    self.rechecking = None;
                    if let Some(code) = code {
                        return End::Close(code);
                    }
                }
                turn = socket.turn(reading) => {
                    if let Some(end) = self.turned(turn, reading) {
                        return end;
                    }
                }
                () = self.mailbox.arrived() => {}
                () = self.timers.wait() => {
                    if let Some(end) = self.tick(socket) {
                        return end;
                    }
                }
            }
        }
    }

    /// Whether there is room for more commands.
    fn reading(&self) -> Reading {
        let busy = self.commands.len() >= self.state.limits().in_flight || !self.has_room(2);
        if busy || self.draining { Reading::Off } else { Reading::On }
    }

    /// Whether less than one `parts`th of what may wait for the client does.
    pub(super) fn has_room(&self, parts: usize) -> bool {
        !self.blocked || self.mailbox.queued_bytes() < self.mailbox.limit_bytes() / parts
    }

    /// Does everything that can be done without waiting.
    fn advance(&mut self, socket: &mut Socket) -> Option<End> {
        // First, because whether the socket takes more decides what can be done; and last, for what came of it. What is
        // queued behind an order waits for the last one, so that nothing is written to a session the order ends.
        self.write();
        loop {
            let own_facts = if self.is_ready_for_own_fact() { OwnFacts::Take } else { OwnFacts::Leave };
            let taken = self.mailbox.take(own_facts);
            for suspended in taken.suspended {
                self.rooms.suspend(suspended);
            }
            if let Some(end) = self.obey(taken.orders) {
                return Some(end);
            }
            let had_own_fact = taken.own.is_some() || taken.own_lost;
            self.take_own_facts(taken.own, taken.own_lost);
            if !had_own_fact {
                break;
            }
        }
        self.read_next_pages();
        self.write();
        self.drained(socket)
    }

    /// Writes what is in the mailbox, as far as the socket takes it.
    fn write(&mut self) {
        let blocked = self.mailbox.flush() == Flushed::Waiting;
        if blocked && !self.blocked {
            self.timers.written(true);
        }
        self.blocked = blocked;
    }

    fn turned(&mut self, turn: Turn, reading: Reading) -> Option<End> {
        match turn {
            Turn::Text(text) => {
                self.timers.heard();
                self.take_frame(&text);
                None
            }
            Turn::Alive => {
                self.timers.heard();
                None
            }
            Turn::Written => {
                self.timers.written(reading == Reading::On);
                None
            }
            Turn::Closed => Some(End::Gone),
            Turn::Abuse(code) => Some(End::Close(code)),
        }
    }

    fn take_frame(&mut self, text: &Text) {
        match decode_frame(text.as_str(), self.state.limits()) {
            Ok(items) => {
                for item in items {
                    self.start(item);
                }
            }
            Err(error) => self.mailbox.push(Bytes::from(encode_error(None, &error))),
        }
    }

    /// Says something to the client.
    pub(super) fn tell(&self, event: &Event) {
        self.mailbox.push(Bytes::from(event.encode()));
    }

    /// The end of a session that is being drained, once nothing is left to do.
    fn drained(&self, socket: &Socket) -> Option<End> {
        let done = self.draining
            && self.commands.is_empty()
            && socket.is_drained()
            && self.mailbox.queued_bytes() == 0;
        done.then_some(End::Close(CloseCode::Draining))
    }

    fn tick(&mut self, socket: &mut Socket) -> Option<End> {
        let wall = self.state.service.clock().now_ms();
        let due = self.timers.due(&self.state.timing, wall, self.blocked);
        if due.expired {
            return Some(End::Close(CloseCode::Unauthorized));
        }
        if due.drained {
            return Some(End::Close(CloseCode::Draining));
        }
        if due.stalled {
            return Some(End::Stalled);
        }
        if due.silent {
            return Some(End::Close(CloseCode::NoProgress));
        }
        if due.expiring {
            self.tell(&Event::Expiring(Expiring { expires_ms: self.claims.expires_ms }));
        }
        if due.ping && socket.is_drained() {
            self.timers.written(true);
            socket.queue_ping();
        }
        if due.recheck {
            self.recheck();
        }
        if due.store_acks {
            self.store_acks();
        }
        None
    }

    /// The session goes on with a newer token.
    pub(super) fn renew(&mut self, claims: Claims) {
        let now = self.state.service.clock().now_ms();
        self.timers.renew(hello::ends_ms(&claims, now));
        self.claims = claims;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task_bytes<F>(_task: impl Fn(Arc<EdgeState>, Socket, Place) -> F) -> usize {
        size_of::<F>()
    }

    /// Ten thousand idle sessions are to fit into 100 MB, buffers, rooms and the system's share included.
    #[test]
    fn an_idle_session_is_small() {
        assert!(task_bytes(serve) <= 1_536, "task: {} bytes", task_bytes(serve));
        assert!(size_of::<Session>() <= 768, "session: {} bytes", size_of::<Session>());
        assert!(size_of::<Mailbox>() <= 320, "mailbox: {} bytes", size_of::<Mailbox>());
    }
}
