//! One room on this node: where its stream stands, and the sessions that are live on it.
//!
//! Invariants, all under one lock that is never held across an await:
//! - `last` only grows, by one record at a time: what is delivered is dense and in order.
//! - A live session has every visible record from its `from` up to `last` in its queue, or has had it.
//! - A session whose queue is full, or whose user may no longer be a member, is taken off the live list in the same step,
//!   and told at which record it has to go on.
//! - While `last` is unknown (the head is being read) records only raise `max_seen`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bongsu_types::{Record, RecordBody, RoomId, Seq, UserId};
use bytes::Bytes;

use super::encoded::{Encoded, Page, SharedPage};
use super::mailbox::{Delivery, Mailbox, SessionId};
use super::ring::Ring;
use super::touched::Touched;

/// Records kept while one before them is missing. Further ones are read from the log.
const HELD_MAX: usize = 256;

/// A room on this node.
#[derive(Debug)]
pub(crate) struct RoomChannel {
    /// Which.
    pub(crate) room: RoomId,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Last record delivered; `None` while the head is being read.
    last: Option<Seq>,
    /// Highest seq known to exist.
    max_seen: Seq,
    /// Records whose predecessor is missing.
    held: BTreeMap<Seq, Arc<Record>>,
    /// Somebody reads, or is about to read, what is missing.
    repairing: bool,
    /// Ascending by session: a new one is the last, and a delivery goes over all of them.
    live: Vec<Live>,
    ring: Ring,
    /// Read marks not told yet: the last one of each user.
    receipts: Vec<(UserId, Seq)>,
}

#[derive(Debug)]
struct Live {
    mailbox: Arc<Mailbox>,
    /// First record this session gets: it has the earlier ones from the log.
    from: Seq,
}

/// What came of a record from the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offered {
    /// Delivered to this many sessions, `bytes` to each.
    Delivered {
        /// Sessions.
        sessions: usize,
        /// Bytes of the object.
        bytes: usize,
    },
    /// Known already, or it has to wait for somebody who is at work.
    Nothing,
    /// One before it is missing: the caller is the one to see to the repair.
    Gap,
}

/// What came of attaching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attach {
    /// Live from now on.
    Live,
    /// There are records from the one asked for up to this one.
    Behind(Seq),
    /// The room may have been taken from the user meanwhile: read the own row again.
    Recheck,
}

impl RoomChannel {
    pub(super) fn new(room: RoomId) -> Self {
        Self { room, state: Mutex::default() }
    }

    /// Last record delivered; `None` while the head is not known.
    pub(crate) fn last(&self) -> Option<Seq> {
        self.lock().last
    }

    /// States the head as read from the store after this channel was made. Only the first call counts.
    pub(crate) fn open(&self, head: Seq) {
        let mut state = self.lock();
        if state.last.is_none() {
            // What was seen meanwhile is committed too: whoever needs it reads it from the log.
            let last = head.max(state.max_seen);
            state.last = Some(last);
            state.max_seen = last;
        }
    }

    /// Takes a record from the bus.
    pub(super) fn offer(&self, record: &Arc<Record>, touched: &mut Touched) -> Offered {
        let mut state = self.lock();
        state.max_seen = state.max_seen.max(record.seq);
        let Some(last) = state.last else { return Offered::Nothing };
        if record.seq <= last {
            return Offered::Nothing;
        }
        if record.seq == last.next() {
            let mut delivered = state.deliver(self.room, record, touched);
            while let Some(next) = state.take_held() {
                let (sessions, bytes) = state.deliver(self.room, &next, touched);
                delivered = (delivered.0 + sessions, delivered.1.max(bytes));
            }
            return Offered::Delivered { sessions: delivered.0, bytes: delivered.1 };
        }
        if state.held.len() < HELD_MAX {
            state.held.insert(record.seq, record.clone());
        }
        state.begin_repair()
    }

    /// Notes that records up to `seq` exist. True when the caller is to see to the repair.
    pub(super) fn expect(&self, seq: Seq) -> bool {
        let mut state = self.lock();
        state.max_seen = state.max_seen.max(seq);
        state.last.is_some_and(|last| last < seq) && state.begin_repair() == Offered::Gap
    }

    /// The record after which something is missing, for whoever repairs; `None` when nothing is, which ends the repair.
    pub(super) fn missing_after(&self) -> Option<Seq> {
        let mut state = self.lock();
        let missing = state.last.filter(|last| *last < state.max_seen);
        state.repairing = missing.is_some();
        missing
    }

    /// Delivers records read from the log, as far as the bus or the tail named them: what the log has beyond that may come
    /// after a removal that was not seen yet. What is swept already cannot be delivered: then the live sessions are
    /// suspended, and each finds out on its own.
    pub(super) fn repair(&self, records: &[Record], head: Seq) {
        let mut touched = Touched::default();
        let mut state = self.lock();
        let named = state.max_seen;
        for record in records {
            let Some(last) = state.last else { return };
            let reached = record.seq.min(named.next());
            if reached > last.next() {
                state.suspend_all(self.room, last.next());
                state.last = Some(reached.prev());
            }
            if record.seq > named {
                break;
            }
            if state.last.is_some_and(|last| record.seq == last.next()) {
                state.deliver(self.room, record, &mut touched);
            }
        }
        let end = head.min(named);
        if records.is_empty() && state.last.is_some_and(|last| last < end) {
            let next = state.last.unwrap_or_default().next();
            state.suspend_all(self.room, next);
            state.last = Some(end);
        }
        while let Some(next) = state.take_held() {
            state.deliver(self.room, &next, &mut touched);
        }
        if records.is_empty() {
            // The log is the truth: what it does not have does not exist.
            state.max_seen = state.last.unwrap_or_default();
        }
    }

    /// Makes a session live that has everything before `next`. `removals` is what the mailbox said before the user's
    /// own row was read.
    pub(crate) fn attach(&self, mailbox: &Arc<Mailbox>, next: Seq, removals: u64) -> Attach {
        let mut state = self.lock();
        match state.last {
            Some(last) if last >= next => return Attach::Behind(last),
            Some(_) => {}
            None => return Attach::Behind(next),
        }
        if mailbox.removals() != removals {
            return Attach::Recheck;
        }
        state.join(Live { mailbox: mailbox.clone(), from: next });
        Attach::Live
    }

    /// Makes a session live at the end of the stream, whatever it has: first it gets what `announce` says of the head.
    /// `None` when the room may have been taken from the user since `removals` was read.
    pub(crate) fn attach_at_head(
        &self,
        mailbox: &Arc<Mailbox>,
        removals: u64,
        announce: impl FnOnce(Seq) -> Bytes,
    ) -> Option<Seq> {
        let mut state = self.lock();
        let last = state.last?;
        if mailbox.removals() != removals {
            return None;
        }
        mailbox.push(announce(last));
        state.join(Live { mailbox: mailbox.clone(), from: last.next() });
        Some(last)
    }

    /// Ends a session's being live. Returns the first record it did not get, if it was live.
    pub(crate) fn detach(&self, session: SessionId) -> Option<Seq> {
        let mut state = self.lock();
        let at = state.find(session).ok()?;
        let live = state.live.remove(at);
        Some(state.last.unwrap_or_default().next().max(live.from))
    }

    /// Whether a session gets live records.
    pub(super) fn is_live(&self, session: SessionId) -> bool {
        self.lock().find(session).is_ok()
    }

    /// Suspends the live sessions of a user who may have left after `left`.
    pub(super) fn suspend_user(&self, user: &UserId, left: Seq) {
        let mut state = self.lock();
        let next = state.last.unwrap_or_default().next();
        state.live.retain(|live| {
            // Whoever is live from a later record on has joined anew.
            let stays = live.mailbox.user != *user || live.from > left.next();
            if !stays {
                live.mailbox.suspend(self.room, next.max(live.from));
            }
            stays
        });
    }

    /// Records from `next` on, if they are still at hand, or if there are none.
    pub(super) fn recent(&self, next: Seq, bytes: usize) -> Option<SharedPage> {
        let state = self.lock();
        let head_seq = state.last?;
        let records = if next > head_seq { Vec::new() } else { state.ring.from(next, bytes)? };
        let records = records.into_iter().map(|(seq, object)| Encoded { seq, object }).collect();
        Some(Arc::new(Page { records, head_seq, floor_seq: Seq::ZERO }))
    }

    /// Tells live sessions of other users something that may be lost.
    pub(super) fn tell_others(&self, user: &UserId, object: &Bytes) {
        for live in self.lock().live.iter().filter(|live| live.mailbox.user != *user) {
            live.mailbox.offer(object);
        }
    }

    /// Notes a read mark to tell. True when it is the first since they were last taken.
    pub(super) fn note_receipt(&self, user: &UserId, read_seq: Seq) -> bool {
        let mut state = self.lock();
        let is_first = state.receipts.is_empty();
        match state.receipts.iter_mut().find(|(known, _)| known == user) {
            Some((_, seq)) => *seq = read_seq.max(*seq),
            None => state.receipts.push((user.clone(), read_seq)),
        }
        is_first
    }

    /// Takes the read marks noted.
    pub(super) fn take_receipts(&self) -> Vec<(UserId, Seq)> {
        std::mem::take(&mut self.lock().receipts)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn find(&self, session: SessionId) -> Result<usize, usize> {
        self.live.binary_search_by_key(&session, |live| live.mailbox.session)
    }

    fn join(&mut self, live: Live) {
        match self.find(live.mailbox.session) {
            Ok(at) => self.live[at] = live,
            Err(at) => self.live.insert(at, live),
        }
    }

    /// Delivers the next record. Returns to how many sessions, and its bytes.
    fn deliver(&mut self, room: RoomId, record: &Record, touched: &mut Touched) -> (usize, usize) {
        let encoded = Encoded::of(record);
        let seq = record.seq;
        self.last = Some(seq);
        self.max_seen = self.max_seen.max(seq);
        let mut sessions = 0;
        self.live.retain(|live| {
            if live.from > seq {
                return true;
            }
            let delivery = live.mailbox.deliver(room, seq, &encoded.object);
            if delivery == Delivery::First {
                touched.add(&live.mailbox);
            }
            sessions += usize::from(delivery != Delivery::Full);
            delivery != Delivery::Full
        });
        if let RecordBody::MemberRemoved { users } = &record.body {
            self.suspend_removed(room, seq, users);
        }
        if let RecordBody::Deleted { .. } = &record.body {
            // What was deleted is read from the log from now on, where its content is gone.
            self.ring.clear();
        }
        let bytes = encoded.object.len();
        self.ring.push(seq, encoded.object);
        (sessions, bytes)
    }

    /// Nothing after the record of the removal reaches those removed: their own rows say so when they read on.
    fn suspend_removed(&mut self, room: RoomId, seq: Seq, users: &[UserId]) {
        self.live.retain(|live| {
            let stays = live.from > seq || !users.contains(&live.mailbox.user);
            if !stays {
                live.mailbox.note_removal();
                live.mailbox.suspend(room, seq.next());
            }
            stays
        });
    }

    fn suspend_all(&mut self, room: RoomId, next: Seq) {
        for live in std::mem::take(&mut self.live) {
            live.mailbox.suspend(room, next.max(live.from));
        }
    }

    /// The held record that comes next; drops those delivered meanwhile.
    fn take_held(&mut self) -> Option<Arc<Record>> {
        let next = self.last?.next();
        while let Some(first) = self.held.first_entry() {
            if *first.key() > next {
                return None;
            }
            let (seq, record) = first.remove_entry();
            if seq == next {
                return Some(record);
            }
        }
        None
    }

    fn begin_repair(&mut self) -> Offered {
        if self.repairing {
            return Offered::Nothing;
        }
        self.repairing = true;
        Offered::Gap
    }
}

#[cfg(test)]
#[path = "channel_tests.rs"]
pub(super) mod tests;
