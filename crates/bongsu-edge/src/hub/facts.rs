//! What each fact of a commit means for the sessions of this node.

use std::sync::Arc;

use bongsu_types::{Fact, OwnChange, OwnFact, RoomId, Seq, TailKind, TailRef, UserId, UserRev};
use bongsu_wire::{Event, ReadUpdated};
use bytes::Bytes;

use super::Hub;
use super::channel::{Offered, RoomChannel};
use super::mailbox::OwnNews;
use super::touched::Touched;

/// What is left to do after a fact.
#[derive(Debug)]
pub(super) enum Todo {
    /// Nothing.
    Nothing,
    /// A record is missing before this one: it may still come, so wait a little, then repair.
    AwaitGap(Arc<RoomChannel>),
    /// Records are missing for certain: repair.
    Repair(Arc<RoomChannel>),
    /// Read marks wait to be told.
    TellReceipts(Arc<RoomChannel>),
}

impl Hub {
    /// Carries out a fact from the bus.
    pub(super) fn apply(&self, fact: &Fact, touched: &mut Touched) -> Todo {
        match fact {
            Fact::Record(record) => {
                let Some(channel) = self.rooms.get(record.room) else { return Todo::Nothing };
                match channel.offer(record, touched) {
                    Offered::Delivered { sessions, bytes } => {
                        metrics::counter!("bongsu_deliveries_total").increment(sessions as u64);
                        metrics::histogram!("bongsu_record_bytes").record(bytes as f64);
                        return Todo::Nothing;
                    }
                    Offered::Nothing => return Todo::Nothing,
                    Offered::Gap => {}
                }
                metrics::counter!("bongsu_hub_gaps_total").increment(1);
                return Todo::AwaitGap(channel);
            }
            Fact::Own(own) => self.apply_own(own),
            Fact::Receipt { room, user, read_seq } => {
                let Some(channel) = self.rooms.get(*room) else { return Todo::Nothing };
                if channel.note_receipt(user, *read_seq) {
                    return Todo::TellReceipts(channel);
                }
            }
            Fact::SessionOpened { user, device, session_no } => {
                for mailbox in self.registry.of(user).iter().filter(|mailbox| mailbox.device == *device) {
                    mailbox.order(|orders| orders.newest_session = orders.newest_session.max(*session_no));
                }
            }
            Fact::DeviceRemoved { user, device, user_rev } => {
                for mailbox in self.registry.of(user) {
                    if mailbox.device == *device {
                        mailbox.order(|orders| orders.device_removed = orders.device_removed.max(*user_rev));
                    }
                    mailbox.own_news(OwnNews::DeviceRemoved { device: device.clone(), user_rev: *user_rev });
                }
            }
            // Clients learn of profiles when they ask for them.
            Fact::ProfileChanged { user: _ } => {}
            Fact::UserRevoked { user, before_ms } => {
                for mailbox in self.registry.of(user) {
                    mailbox.order(|orders| orders.revoked_before = orders.revoked_before.max(*before_ms));
                }
            }
        }
        Todo::Nothing
    }

    fn apply_own(&self, fact: &OwnFact) {
        if let OwnChange::Removed { left_seq } = fact.change {
            self.suspend(&fact.user, fact.room, left_seq);
            self.watchers.doubt(&fact.user, &self.registry.of(&fact.user));
        }
        for mailbox in self.registry.of(&fact.user) {
            mailbox.own_news(OwnNews::Fact(fact.clone()));
        }
    }

    /// Takes a room from a user's sessions until each has read the own row. The note comes first: a session that read
    /// the row before it does not attach after it.
    fn suspend(&self, user: &UserId, room: RoomId, left: Seq) {
        for mailbox in self.registry.of(user) {
            mailbox.note_removal();
        }
        if let Some(channel) = self.rooms.get(room) {
            channel.suspend_user(user, left);
        }
    }

    /// Carries out a ref of the tail: of a commit that the bus may have lost.
    pub(super) fn catch_up(&self, tail_ref: &TailRef) -> Todo {
        match &tail_ref.kind {
            TailKind::Record => match self.rooms.get(tail_ref.room) {
                Some(channel) if channel.expect(tail_ref.seq) => Todo::Repair(channel),
                Some(_) | None => Todo::Nothing,
            },
            TailKind::Own { user, user_rev } => {
                self.catch_up_own(user, *user_rev, tail_ref);
                Todo::Nothing
            }
        }
    }

    /// The ref does not say what changed, so the room is suspended in case it was taken away.
    fn catch_up_own(&self, user: &UserId, user_rev: UserRev, tail_ref: &TailRef) {
        let untold: Vec<_> =
            self.registry.of(user).into_iter().filter(|mailbox| mailbox.own_facts_lost(user_rev)).collect();
        if !untold.is_empty() {
            self.suspend(user, tail_ref.room, tail_ref.seq);
        }
        self.watchers.doubt(user, &untold);
    }

    /// Orders may have been lost: every session asks the store.
    pub(super) fn recheck_orders(&self) {
        self.registry.for_each(|mailbox| mailbox.order(|orders| orders.recheck = true));
    }

    /// Bytes that wait to be written, over all sessions.
    pub(super) fn queued_bytes(&self) -> usize {
        let mut bytes = 0;
        self.registry.for_each(|mailbox| bytes += mailbox.queued_bytes());
        bytes
    }

    /// The server is being shut down: every session comes to its end.
    pub(crate) fn drain(&self) {
        self.registry.for_each(|mailbox| mailbox.order(|orders| orders.draining = true));
    }

    /// Tells the read marks of a room: the last one of each user.
    pub(super) fn tell_receipts(&self, channel: &RoomChannel) {
        for (user, read_seq) in channel.take_receipts() {
            let event = ReadUpdated { room: channel.room, user: user.clone(), read_seq };
            channel.tell_others(&user, &Bytes::from(Event::ReadUpdated(event).encode()));
        }
    }
}
