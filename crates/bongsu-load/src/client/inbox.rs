//! Events on their way from the socket to the caller: bounded, and the end of the connection after the last of them.

use std::collections::VecDeque;
use std::sync::Mutex;

use bongsu_wire::Event;
use tokio::sync::Notify;

use crate::socket::Closed;

/// One producer (the connection), one consumer of events (the caller); others may wait for the end.
#[derive(Debug)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    events_max: usize,
    arrived: Notify,
    taken: Notify,
    ended: Notify,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Event>,
    closed: Option<Closed>,
    /// The caller said goodbye: events still to come are nobody's.
    leaving: bool,
}

impl Inbox {
    pub(crate) fn new(events_max: usize) -> Self {
        Self {
            state: Mutex::default(),
            events_max,
            arrived: Notify::new(),
            taken: Notify::new(),
            ended: Notify::new(),
        }
    }

    /// Adds the events of one frame; waits first while the caller has not taken the earlier ones.
    pub(crate) async fn push(&self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        loop {
            let taken = self.taken.notified();
            {
                let mut state = self.state.lock().expect("no holder panics");
                if state.leaving {
                    return;
                }
                if state.events.len() < self.events_max {
                    state.events.extend(events);
                    break;
                }
            }
            taken.await;
        }
        self.arrived.notify_one();
    }

    /// Nothing comes after this.
    pub(crate) fn close(&self, closed: Closed) {
        self.state.lock().expect("no holder panics").closed.get_or_insert(closed);
        self.arrived.notify_one();
        self.ended.notify_waiters();
    }

    /// How the connection ended, if it did.
    pub(crate) fn closed(&self) -> Option<Closed> {
        self.state.lock().expect("no holder panics").closed.clone()
    }

    /// Waits for the end of the connection; events that come until then are dropped, so that none is in its way.
    pub(crate) async fn end(&self) -> Closed {
        self.state.lock().expect("no holder panics").leaving = true;
        self.taken.notify_one();
        loop {
            let ended = self.ended.notified();
            if let Some(closed) = self.closed() {
                return closed;
            }
            ended.await;
        }
    }

    /// The next event, in order.
    pub(crate) async fn next(&self) -> Result<Event, Closed> {
        self.take(VecDeque::pop_front).await
    }

    /// All events that arrived, at least one, in order.
    pub(crate) async fn next_all(&self) -> Result<VecDeque<Event>, Closed> {
        self.take(|events| (!events.is_empty()).then(|| std::mem::take(events))).await
    }

    /// The events that arrived, perhaps none.
    pub(crate) fn take_now(&self) -> VecDeque<Event> {
        let events = std::mem::take(&mut self.state.lock().expect("no holder panics").events);
        self.taken.notify_one();
        events
    }

    async fn take<T>(&self, mut some: impl FnMut(&mut VecDeque<Event>) -> Option<T>) -> Result<T, Closed> {
        loop {
            let arrived = self.arrived.notified();
            {
                let mut state = self.state.lock().expect("no holder panics");
                if let Some(taken) = some(&mut state.events) {
                    self.taken.notify_one();
                    return Ok(taken);
                }
                if let Some(closed) = &state.closed {
                    return Err(closed.clone());
                }
            }
            arrived.await;
        }
    }
}
