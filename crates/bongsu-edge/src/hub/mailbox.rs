//! What the rest of the node leaves for one session: encoded objects to write, own facts to tell, orders to obey.
//!
//! Invariants: `objects` are in the order they are to be written and hold at most the limit in bytes when pushed by the
//! hub; a room is in `suspended` at most once until the session took it, because the hub takes it off the room's live
//! list in the same step; orders are states, not a queue, so none is ever lost. While objects are queued, whoever queued
//! the first of them has yet to flush, or the session's task is to: see [`Mailbox::flush`] and [`Mailbox::flush_or_wake`].
//! From an order on nothing queued is written by anybody until the session obeyed it: see [`Gate`].

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bongsu_types::{DeviceId, Millis, OwnFact, RoomId, Seq, SessionNo, UserId, UserRev};
use bytes::Bytes;
use tokio::sync::Notify;

use super::outlet::{Flushed, Outlet};

/// Own facts kept for a session that is busy; beyond them it reads its changes from the store instead.
const OWN_FACTS_QUEUED: usize = 64;

/// Capacity a drained queue keeps, in objects: an idle session holds next to nothing.
const OBJECTS_KEPT: usize = 16;

/// Names a session within this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SessionId(pub(crate) u64);

/// One session as the hub sees it.
#[derive(Debug)]
pub(crate) struct Mailbox {
    /// Which session.
    pub(crate) session: SessionId,
    /// Whose.
    pub(crate) user: UserId,
    /// On which device.
    pub(crate) device: DeviceId,
    outlet: Arc<Outlet>,
    inner: Mutex<Inner>,
    wake: Notify,
    /// Some room is behind: what may be dropped is.
    behind: AtomicBool,
    /// How often a room was taken from this user: attaching compares it, so that it never undoes a removal.
    removals: AtomicU64,
    /// Own revision this session has told its client.
    told_rev: AtomicU64,
}

#[derive(Debug, Default)]
struct Inner {
    objects: VecDeque<Bytes>,
    bytes: usize,
    suspended: Vec<Suspended>,
    own: VecDeque<OwnNews>,
    own_lost: bool,
    orders: Orders,
    gate: Gate,
}

/// Whether what is queued may be written. An order that ends the session must not be overtaken by what was committed
/// after it, and the hub writes without asking the session's task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Gate {
    /// It may.
    #[default]
    Open,
    /// Not before the session has seen its orders. Its task was woken to do that.
    Ordered,
    /// The session is obeying: it opens the gate with its next flush, unless it ends or is given another order.
    Obeying,
}

/// A room the hub took off this session's live rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Suspended {
    /// Which.
    pub(crate) room: RoomId,
    /// First record not delivered.
    pub(crate) next: Seq,
    /// Why.
    pub(crate) why: Suspension,
}

/// What came of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Queued, and the queue was empty: it has to be flushed.
    First,
    /// Queued behind others: whoever queued the first of them flushes these too.
    Queued,
    /// The queue is full: the room is suspended at this record, and the session has to be told.
    Full,
}

/// Why a room is no longer live for a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suspension {
    /// The queue was full.
    Lagging,
    /// The user may no longer be a member: the own row decides.
    Membership,
}

/// Something of the user's own, in the order of `user_rev`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OwnNews {
    /// An own row changed.
    Fact(OwnFact),
    /// A device of the user was removed.
    DeviceRemoved {
        /// Which.
        device: DeviceId,
        /// Revision of the removal.
        user_rev: UserRev,
    },
}

impl OwnNews {
    /// Revision of the news.
    pub(crate) fn user_rev(&self) -> UserRev {
        match self {
            Self::Fact(fact) => fact.user_rev,
            Self::DeviceRemoved { user_rev, .. } => *user_rev,
        }
    }
}

/// What a session has to obey, each in its newest state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Orders {
    /// Newest session of this device; a session of a smaller number ends.
    pub(crate) newest_session: SessionNo,
    /// Revision at which the device was removed; older ones are of an earlier life of the device.
    pub(crate) device_removed: UserRev,
    /// Tokens issued at or before this instant are refused.
    pub(crate) revoked_before: Millis,
    /// Orders may have been lost: ask the store.
    pub(crate) recheck: bool,
    /// The server is being shut down.
    pub(crate) draining: bool,
    /// The session missed too much: it ends, and its client comes back with a new hello.
    pub(crate) start_anew: bool,
}

/// What a session takes out at once.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Rooms that are no longer live.
    pub(crate) suspended: Vec<Suspended>,
    /// The next own fact, when asked for.
    pub(crate) own: Option<OwnNews>,
    /// Own facts were lost: read the changes.
    pub(crate) own_lost: bool,
    /// Orders as they stand; `recheck` is taken.
    pub(crate) orders: Orders,
}

/// Whether a session is ready to handle an own fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnFacts {
    /// Take the next one.
    Take,
    /// Leave them where they are.
    Leave,
}

impl Mailbox {
    pub(crate) fn new(session: SessionId, user: UserId, device: DeviceId, outlet: Arc<Outlet>) -> Self {
        Self {
            session,
            user,
            device,
            outlet,
            inner: Mutex::default(),
            wake: Notify::new(),
            behind: AtomicBool::new(false),
            removals: AtomicU64::new(0),
            told_rev: AtomicU64::new(0),
        }
    }

    /// Waits until something was left here.
    pub(crate) async fn arrived(&self) {
        self.wake.notified().await;
    }

    /// Queues a record of a live room. The caller flushes or wakes when it is done with all it has.
    pub(crate) fn deliver(&self, room: RoomId, seq: Seq, object: &Bytes) -> Delivery {
        let mut inner = self.lock();
        if inner.bytes + object.len() > self.limit_bytes() && inner.bytes > 0 {
            inner.suspended.push(Suspended { room, next: seq, why: Suspension::Lagging });
            drop(inner);
            self.wake.notify_one();
            return Delivery::Full;
        }
        inner.push(object.clone())
    }

    /// Writes what is queued, from the session's task, which obeyed the orders it took.
    pub(crate) fn flush(&self) -> Flushed {
        self.lock().open_gate();
        self.outlet.flush(|bytes, objects| self.take_objects(bytes, objects))
    }

    /// Writes what is queued, from anywhere else; what the socket does not take at once is left to the session's task.
    pub(crate) fn flush_or_wake(&self) {
        if self.outlet.try_flush(|bytes, objects| self.take_objects(bytes, objects)) == Flushed::Waiting {
            self.wake.notify_one();
        }
    }

    /// Queues something that may be lost, unless the queue is more than half full or a room is behind.
    pub(crate) fn offer(&self, object: &Bytes) {
        if self.behind.load(Ordering::Relaxed) {
            return;
        }
        let mut inner = self.lock();
        if inner.bytes + object.len() <= self.limit_bytes() / 2
            && inner.push(object.clone()) == Delivery::First
        {
            drop(inner);
            self.wake.notify_one();
        }
    }

    /// Queues what the session itself has to say: it paces itself by [`Mailbox::queued_bytes`], and flushes before it
    /// waits for anything.
    pub(crate) fn push(&self, object: Bytes) {
        self.lock().push(object);
    }

    /// Takes a live room from this session because the user may no longer be a member.
    pub(crate) fn suspend(&self, room: RoomId, next: Seq) {
        self.lock().suspended.push(Suspended { room, next, why: Suspension::Membership });
        self.wake.notify_one();
    }

    /// Leaves something about this user.
    pub(crate) fn own_news(&self, news: OwnNews) {
        let mut inner = self.lock();
        if inner.own.len() < OWN_FACTS_QUEUED {
            inner.own.push_back(news);
        } else {
            inner.own_lost = true;
        }
        drop(inner);
        self.wake.notify_one();
    }

    /// Own facts up to `rev` exist; a session that was not told of them reads its changes. True when it was not.
    pub(crate) fn own_facts_lost(&self, rev: UserRev) -> bool {
        let untold = self.told_rev.load(Ordering::Acquire) < rev.0;
        if untold {
            self.lock().own_lost = true;
            self.wake.notify_one();
        }
        untold
    }

    /// Changes the orders. Nothing more is written until the session obeyed them.
    pub(crate) fn order(&self, change: impl FnOnce(&mut Orders)) {
        let mut inner = self.lock();
        change(&mut inner.orders);
        inner.gate = Gate::Ordered;
        drop(inner);
        self.wake.notify_one();
    }

    /// Notes that a room may have been taken from this user. Called before the room's live list is changed.
    pub(crate) fn note_removal(&self) {
        self.removals.fetch_add(1, Ordering::AcqRel);
    }

    /// Value to compare when attaching; read it before the own row is read.
    pub(crate) fn removals(&self) -> u64 {
        self.removals.load(Ordering::Acquire)
    }

    /// Says whether a room is behind.
    pub(crate) fn set_behind(&self, behind: bool) {
        if self.behind.swap(behind, Ordering::Relaxed) != behind {
            metrics::gauge!("bongsu_sessions_behind").increment(if behind { 1.0 } else { -1.0 });
        }
    }

    /// Says how far the client was told.
    pub(crate) fn told(&self, rev: UserRev) {
        self.told_rev.store(rev.0, Ordering::Release);
    }

    /// Bytes waiting to be written.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Most bytes the hub queues here.
    pub(crate) fn limit_bytes(&self) -> usize {
        self.outlet.bounds.queue_bytes
    }

    /// Takes everything but the objects. The session obeys the orders before it flushes.
    pub(crate) fn take(&self, own_facts: OwnFacts) -> Taken {
        let mut inner = self.lock();
        let mut taken = Taken { suspended: std::mem::take(&mut inner.suspended), ..Taken::default() };
        if own_facts == OwnFacts::Take {
            taken.own_lost = std::mem::take(&mut inner.own_lost);
            if taken.own_lost {
                inner.own.clear();
            }
            taken.own = inner.own.pop_front();
            if inner.own.is_empty() {
                inner.own.shrink_to_fit();
            }
        }
        taken.orders = inner.orders;
        inner.orders.recheck = false;
        if inner.gate == Gate::Ordered {
            inner.gate = Gate::Obeying;
        }
        taken
    }

    /// Takes objects of about `bytes` (at least one) in order, into `into`; none while the gate is shut.
    pub(super) fn take_objects(&self, bytes: usize, into: &mut Vec<Bytes>) {
        let mut inner = self.lock();
        if inner.gate != Gate::Open {
            return;
        }
        let mut taken = 0;
        while let Some(object) = inner.objects.front() {
            // Two more bytes: a comma and, shared by all, the brackets.
            if taken > 0 && taken + object.len() + 2 > bytes {
                break;
            }
            let Some(object) = inner.objects.pop_front() else { break };
            inner.bytes -= object.len();
            taken += object.len() + 2;
            into.push(object);
        }
        if inner.objects.is_empty() && inner.objects.capacity() > OBJECTS_KEPT {
            inner.objects.shrink_to(OBJECTS_KEPT);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn push(&mut self, object: Bytes) -> Delivery {
        let was_empty = self.objects.is_empty();
        self.bytes += object.len();
        self.objects.push_back(object);
        if was_empty { Delivery::First } else { Delivery::Queued }
    }

    fn open_gate(&mut self) {
        if self.gate == Gate::Obeying {
            self.gate = Gate::Open;
        }
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.set_behind(false);
    }
}

#[cfg(test)]
mod tests {
    use bongsu_types::{OwnChange, Settings};
    use futures_util::FutureExt;

    use super::*;
    use crate::hub::outlet::tests::CountingSink;
    use crate::hub::outlet::{self, OutletBounds};

    fn mailbox(limit_bytes: usize) -> Mailbox {
        let (user, device) = (UserId::new("alice").unwrap(), DeviceId::new("phone").unwrap());
        Mailbox::new(SessionId(1), user, device, outlet::tests::ended(limit_bytes))
    }

    fn room() -> RoomId {
        RoomId::from_bytes([7; 16])
    }

    #[test]
    fn a_full_queue_suspends_the_room_at_the_record_that_did_not_fit() {
        let mailbox = mailbox(10);
        assert_eq!(mailbox.deliver(room(), Seq(1), &Bytes::from_static(b"12345678")), Delivery::First);
        assert_eq!(mailbox.deliver(room(), Seq(2), &Bytes::from_static(b"1")), Delivery::Queued);
        assert_eq!(mailbox.deliver(room(), Seq(3), &Bytes::from_static(b"123")), Delivery::Full);
        let taken = mailbox.take(OwnFacts::Leave);
        let lagging = Suspended { room: room(), next: Seq(3), why: Suspension::Lagging };
        assert_eq!(taken.suspended, [lagging]);
        let mut objects = Vec::new();
        mailbox.take_objects(100, &mut objects);
        assert_eq!(objects, [Bytes::from_static(b"12345678"), Bytes::from_static(b"1")]);
        assert_eq!(mailbox.queued_bytes(), 0);
    }

    #[test]
    fn a_record_over_the_limit_goes_into_an_empty_queue() {
        let mailbox = mailbox(4);
        assert_eq!(mailbox.deliver(room(), Seq(1), &Bytes::from_static(b"12345678")), Delivery::First);
    }

    #[test]
    fn groups_hold_at_most_the_bytes_asked_for_and_at_least_one_object() {
        let mailbox = mailbox(1_000);
        for _ in 0..3 {
            mailbox.push(Bytes::from_static(b"1234567890"));
        }
        let mut objects = Vec::new();
        mailbox.take_objects(24, &mut objects);
        assert_eq!(objects.len(), 2);
        objects.clear();
        mailbox.take_objects(1, &mut objects);
        assert_eq!(objects.len(), 1);
    }

    #[test]
    fn own_facts_beyond_the_queue_are_told_as_lost() {
        let mailbox = mailbox(10);
        let fact = OwnFact {
            user: mailbox.user.clone(),
            room: room(),
            user_rev: UserRev(1),
            change: OwnChange::Settings(Settings::default()),
        };
        for _ in 0..=OWN_FACTS_QUEUED {
            mailbox.own_news(OwnNews::Fact(fact.clone()));
        }
        assert!(!mailbox.take(OwnFacts::Leave).own_lost);
        let taken = mailbox.take(OwnFacts::Take);
        assert!(taken.own_lost && taken.own.is_none());
    }

    #[test]
    fn own_facts_that_were_told_are_not_lost() {
        let mailbox = mailbox(10);
        mailbox.told(UserRev(5));
        assert!(!mailbox.own_facts_lost(UserRev(5)));
        assert!(!mailbox.take(OwnFacts::Take).own_lost);
        assert!(mailbox.own_facts_lost(UserRev(6)));
        assert!(mailbox.take(OwnFacts::Take).own_lost);
    }

    /// A mailbox whose objects are written to the sink.
    fn connected() -> (Mailbox, CountingSink) {
        let sink = CountingSink::with_room(1_000);
        let outlet = outlet::tests::outlet(&sink, OutletBounds { queue_bytes: 1_000, group_bytes: 100 });
        let (user, device) = (UserId::new("alice").unwrap(), DeviceId::new("phone").unwrap());
        (Mailbox::new(SessionId(1), user, device, outlet), sink)
    }

    /// Delivers as the hub does.
    fn deliver(mailbox: &Mailbox, seq: u64, object: &'static [u8]) {
        if mailbox.deliver(room(), Seq(seq), &Bytes::from_static(object)) == Delivery::First {
            mailbox.flush_or_wake();
        }
    }

    #[test]
    fn nothing_is_written_after_a_revocation_whoever_writes() {
        let (mailbox, sink) = connected();
        deliver(&mailbox, 1, b"{1}");
        mailbox.order(|orders| orders.revoked_before = Millis(5));
        deliver(&mailbox, 2, b"{2}");
        assert_eq!(sink.written(), b"\x81\x03{1}", "the hub does not wait for the session");
        mailbox.flush();
        assert_eq!(sink.written(), b"\x81\x03{1}", "the session obeys before it writes");
        assert_eq!(mailbox.take(OwnFacts::Leave).orders.revoked_before, Millis(5));
        mailbox.flush_or_wake();
        assert_eq!(sink.written(), b"\x81\x03{1}", "the session is about to end");
    }

    #[test]
    fn an_order_that_does_not_end_the_session_strands_nothing() {
        let (mailbox, sink) = connected();
        mailbox.order(|orders| orders.draining = true);
        deliver(&mailbox, 1, b"{1}");
        assert!(mailbox.arrived().now_or_never().is_some(), "somebody has to write it");
        assert!(mailbox.take(OwnFacts::Leave).orders.draining);
        mailbox.order(|orders| orders.recheck = true);
        mailbox.flush();
        assert_eq!(sink.written(), b"", "another order came while the first was obeyed");
        assert!(mailbox.arrived().now_or_never().is_some());
        assert!(mailbox.take(OwnFacts::Leave).orders.recheck);
        mailbox.push(Bytes::from_static(b"{2}"));
        assert_eq!(mailbox.flush(), Flushed::Everything);
        deliver(&mailbox, 2, b"{3}");
        assert_eq!(sink.written(), b"\x81\x09[{1},{2}]\x81\x03{3}");
    }
}
