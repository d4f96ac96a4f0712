//! The user's own facts: rooms joined and left, settings, read marks. Told in the order of `user_rev`, each to the end
//! before the next begins.
//!
//! A fact that was lost shows as a gap in `user_rev`, or the hub says so: then the changed rows are read from the store,
//! and each is told as a whole, because what exactly changed is not known any more.

use std::collections::VecDeque;

use bongsu_service::{ChangedRow, ListRow, OwnChanges, ServiceError, ServiceResult};
use bongsu_types::{OwnChange, OwnFact, RoomId, Seq, UserRev};
use bongsu_wire::{DeviceRemoved, Event, RoomJoined, RoomRead, RoomRemoved, RoomSettings, SettingsObject};
use futures_util::future::BoxFuture;
use tracing::warn;

use super::resume::Resume;
use super::room_table::{RoomEntry, RoomState, Why};
use super::session::Session;
use crate::convert;
use crate::hub::{ChannelHandle, OwnNews};

/// State of telling own facts.
pub(super) struct OwnFactsWork {
    /// Everything up to here was told.
    told: UserRev,
    pub(super) running: Option<BoxFuture<'static, OwnStep>>,
    /// Rows to tell, after facts were lost.
    rows: VecDeque<ChangedRow>,
    /// Revision once they are told.
    rows_rev: UserRev,
    /// A room that was left, whose last records are still on their way.
    leaving: Option<(RoomId, UserRev)>,
    /// Facts were lost: the changes have to be read.
    lost: bool,
    /// The rooms of the hello have not found their positions yet.
    pub(super) opening: Option<Vec<Resume>>,
}

/// A step that had to wait for the store.
pub(super) enum OwnStep {
    /// The rooms of the hello have positions.
    Opened { removals: u64, result: ServiceResult<()> },
    /// The row of a room that was joined, or changed as a whole.
    Row { row: ServiceResult<Box<ListRow>>, user_rev: UserRev, held: Option<ChannelHandle>, removals: u64 },
    /// What changed since the last fact told.
    Changes(ServiceResult<OwnChanges>),
}

impl OwnFactsWork {
    pub(super) fn new(told: UserRev) -> Self {
        Self {
            told,
            running: None,
            rows: VecDeque::new(),
            rows_rev: told,
            leaving: None,
            lost: false,
            opening: None,
        }
    }

    /// Whether the rooms of the hello are all live, behind or reset.
    pub(super) fn is_open(&self) -> bool {
        self.opening.is_none()
    }
}

impl Session {
    /// Whether the next own fact can be taken: nothing of the last one is left, and the queue has room.
    pub(super) fn is_ready_for_own_fact(&self) -> bool {
        let own = &self.own;
        let idle = own.running.is_none() && own.rows.is_empty() && own.leaving.is_none() && own.is_open();
        idle && !self.timers.holds_back() && self.has_room(2)
    }

    /// Takes what the mailbox had, and goes on with what is left.
    pub(super) fn take_own_facts(&mut self, news: Option<OwnNews>, lost: bool) {
        self.own.lost |= lost;
        if let Some(news) = news {
            self.take_own_news(news);
        }
        while self.own.running.is_none() && self.own.leaving.is_none() && self.own.is_open() {
            match self.own.rows.pop_front() {
                Some(row) => self.tell_changed_row(row),
                None => break,
            }
        }
        let idle = self.own.running.is_none() && self.own.rows.is_empty() && self.own.leaving.is_none();
        if !idle || !self.own.is_open() {
            return;
        }
        if self.own.rows_rev > self.own.told {
            self.set_told(self.own.rows_rev);
        }
        if self.own.lost && !self.timers.holds_back() {
            self.own.lost = false;
            let (caller, since) = (self.caller.clone(), self.own.told);
            metrics::counter!("bongsu_own_facts_lost_total").increment(1);
            self.own.running = Some(Box::pin(async move {
                OwnStep::Changes(caller.state.service.changes(&caller.actor, since).await)
            }));
        }
    }

    fn take_own_news(&mut self, news: OwnNews) {
        let user_rev = news.user_rev();
        if user_rev <= self.own.told {
            return;
        }
        if user_rev > self.own.told.next() {
            self.own.lost = true;
            return;
        }
        match news {
            OwnNews::DeviceRemoved { device, user_rev } => {
                self.tell(&Event::DeviceRemoved(DeviceRemoved { user_rev, device }));
                self.set_told(user_rev);
            }
            OwnNews::Fact(OwnFact { room, user_rev, change, user: _ }) => {
                self.take_own_change(room, user_rev, change);
            }
        }
    }

    fn take_own_change(&mut self, room: RoomId, user_rev: UserRev, change: OwnChange) {
        match change {
            OwnChange::Joined { from_seq } => {
                let held = self.hold_unless_known(room, from_seq);
                self.fetch_row(room, user_rev, held);
            }
            OwnChange::Removed { left_seq: _ } => self.leave(room, user_rev),
            OwnChange::Settings(settings) => {
                let head = self.rooms.get(room).and_then(|entry| entry.channel.last()).unwrap_or_default();
                let settings = SettingsObject::new(&settings, head);
                self.tell(&Event::RoomSettings(RoomSettings { user_rev, room, settings }));
                self.set_told(user_rev);
            }
            OwnChange::Read { read_seq, read_ord, unread, marked_unread } => {
                let event = RoomRead { user_rev, room, read_seq, read_ord, unread, marked_unread };
                self.tell(&Event::RoomRead(event));
                self.set_told(user_rev);
            }
        }
    }

    /// A hold on a room that is entered now; `None` when the session is in it already and only its row changed.
    fn hold_unless_known(&mut self, room: RoomId, joined: Seq) -> Option<ChannelHandle> {
        if let Some(entry) = self.rooms.get(room) {
            let is_same = entry.joined == joined && !matches!(entry.state, RoomState::Ended { .. });
            if is_same {
                return None;
            }
            self.rooms.remove(room);
        }
        Some(self.state.hub.hold(self.mailbox.session, room))
    }

    fn fetch_row(&mut self, room: RoomId, user_rev: UserRev, held: Option<ChannelHandle>) {
        let caller = self.caller.clone();
        let removals = self.mailbox.removals();
        self.own.running = Some(Box::pin(async move {
            let opened = open(&caller.state.hub, held.as_ref()).await;
            let row = match opened {
                Ok(()) => caller.state.service.room_row(&caller.actor, room).await.map(Box::new),
                Err(error) => Err(error),
            };
            OwnStep::Row { row, user_rev, held, removals }
        }));
    }

    /// Tells a row whose facts were lost.
    fn tell_changed_row(&mut self, row: ChangedRow) {
        match row {
            ChangedRow::Removed { room, user_rev } => self.leave(room, user_rev),
            ChangedRow::Row(row) => {
                let (room, joined, user_rev) = (row.own.room, row.own.joined_seq, row.own.user_rev);
                match self.hold_unless_known(room, joined) {
                    held @ Some(_) => self.fetch_row(room, user_rev, held),
                    None => self.tell_row(&row, user_rev),
                }
            }
        }
    }

    /// Takes a step that had to wait.
    pub(super) fn own_step_done(&mut self, step: OwnStep) {
        self.own.running = None;
        match step {
            OwnStep::Opened { removals, result: Ok(()) } => self.resume_rooms(removals),
            OwnStep::Opened { removals, result: Err(error) } => self.open_again(removals, &error),
            OwnStep::Row { row: Ok(row), user_rev, held, removals } => {
                self.tell_row(&row, user_rev);
                if let Some(channel) = held {
                    self.enter(channel, row.own.joined_seq, removals);
                }
            }
            // Left again already: the fact that says so comes next.
            OwnStep::Row { row: Err(ServiceError::RoomNotFound), user_rev, held: _, removals: _ } => {
                self.set_told(user_rev);
            }
            OwnStep::Row { row: Err(error), user_rev: _, held: _, removals: _ }
            | OwnStep::Changes(Err(error)) => {
                warn!(%error, "own facts cannot be read, trying again");
                self.own.rows.clear();
                self.own.rows_rev = self.own.told;
                self.own.lost = true;
                self.timers.retry(&self.state.timing);
            }
            OwnStep::Changes(Ok(OwnChanges::Rows { rows, user_rev })) => {
                self.own.rows = rows.into();
                self.own.rows_rev = user_rev;
            }
            OwnStep::Changes(Ok(OwnChanges::Reset { user_rev: _ })) => {
                // Too much was missed to tell it piece by piece: a new hello gets it all.
                self.mailbox.order(|orders| orders.start_anew = true);
            }
        }
    }

    fn tell_row(&mut self, row: &ListRow, user_rev: UserRev) {
        let from_seq = row.own.joined_seq;
        let event = RoomJoined { user_rev, row: convert::list_row(row), from_seq };
        self.tell(&Event::RoomJoined(Box::new(event)));
        self.set_told(user_rev);
    }

    /// Begins to follow a room that was joined.
    fn enter(&mut self, channel: ChannelHandle, joined: Seq, removals: u64) {
        let room = channel.room;
        let state = RoomState::Behind { next: joined, why: Why::Membership };
        self.rooms.insert(RoomEntry { channel, joined, acked: joined.prev(), state });
        self.attach(room, joined, Why::Membership, removals);
    }

    /// The user left a room: its last records come first, then the event.
    fn leave(&mut self, room: RoomId, user_rev: UserRev) {
        if let Some(entry) = self.rooms.get(room)
            && entry.state == RoomState::Live
        {
            let next = entry.channel.detach(self.mailbox.session).unwrap_or(entry.acked.next());
            self.rooms.fall_behind(room, next, Why::Membership);
        }
        self.own.leaving = Some((room, user_rev));
        self.finish_leaving();
    }

    /// Tells that a room was left, once nothing of it is on its way any more.
    pub(super) fn finish_leaving(&mut self) {
        let Some((room, user_rev)) = self.own.leaving else { return };
        let on_its_way =
            self.rooms.get(room).is_some_and(|entry| matches!(entry.state, RoomState::Behind { .. }));
        if on_its_way {
            return;
        }
        self.own.leaving = None;
        self.rooms.remove(room);
        self.tell(&Event::RoomRemoved(RoomRemoved { user_rev, room }));
        self.set_told(user_rev);
    }

    fn set_told(&mut self, user_rev: UserRev) {
        self.own.told = user_rev;
        self.mailbox.told(user_rev);
    }
}

async fn open(hub: &crate::hub::Hub, held: Option<&ChannelHandle>) -> ServiceResult<()> {
    match held {
        Some(held) => hub.open(&[held.channel()]).await,
        None => Ok(()),
    }
}
