//! What a device holds, kept by the published client rules: replayed from events, comparable with a fresh fetch.
//!
//! The rules: a record at or below what was seen in this epoch is dropped; a change of a message counts only when its
//! seq is above the message's rev; own facts count in the order of `user_rev`, and a gap asks for `room.changes`; an
//! own message without `keep_unread` moves the own read mark; after `room.reset` a room is fetched anew.

mod compare;
mod room;

use std::collections::BTreeMap;

use bongsu_types::{Epoch, RoomId, Seq, UserId, UserRev};
use bongsu_wire::{Change, ChangesResult, Event, HelloResult, ListRow, MessageObject, RoomReset};

use crate::sequence::Step;

pub use compare::Fresh;
pub use room::RoomState;

/// What the caller has to do after an event, because the state alone cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Todo {
    /// Own facts were missed: call `room.changes` and give the result to [`DeviceState::changes`].
    FetchChanges,
    /// The whole list is void: fetch it and give every row to [`DeviceState::row`].
    FetchList,
    /// A room was reset: fetch row and history, then ack its head.
    FetchRoom(RoomId),
}

/// What one device of a user holds.
#[derive(Debug, Clone)]
pub struct DeviceState {
    user: UserId,
    epoch: Epoch,
    user_rev: UserRev,
    rooms: BTreeMap<RoomId, RoomState>,
    faults: Vec<String>,
}

impl DeviceState {
    /// A device that holds nothing yet.
    #[must_use]
    pub fn new(user: UserId) -> Self {
        Self { user, epoch: Epoch::ZERO, user_rev: UserRev::ZERO, rooms: BTreeMap::new(), faults: Vec::new() }
    }

    /// Whose device it is.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// Generation of the store the device knows.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Revision of own facts the device knows.
    #[must_use]
    pub fn user_rev(&self) -> UserRev {
        self.user_rev
    }

    /// A room the device holds.
    #[must_use]
    pub fn room(&self, room: RoomId) -> Option<&RoomState> {
        self.rooms.get(&room)
    }

    /// All rooms the device holds.
    pub fn rooms(&self) -> impl Iterator<Item = &RoomState> {
        self.rooms.values()
    }

    /// Position per room, for acks and for hello.
    #[must_use]
    pub fn cursors(&self) -> BTreeMap<RoomId, Seq> {
        self.rooms.iter().map(|(id, room)| (*id, room.seen())).collect()
    }

    /// Every breach of a promise the device noticed: holes, repeats, disorder.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// Takes the reply to hello. Rows of `list` are taken too.
    pub fn hello(&mut self, hello: &HelloResult) -> Vec<Todo> {
        let is_new = !hello.resumed || hello.epoch != self.epoch;
        if is_new {
            self.rooms.clear();
        }
        self.epoch = hello.epoch;
        for room in self.rooms.values_mut() {
            room.new_session();
        }
        let mut todo = Vec::new();
        if let Some(changes) = &hello.changes {
            self.take_changes(changes);
        }
        self.user_rev = hello.user_rev;
        for row in hello.list.iter().flat_map(|list| &list.rooms) {
            self.row(row.clone());
        }
        if hello.list_reset || (is_new && hello.changes.is_none() && hello.list.is_none()) {
            todo.push(Todo::FetchList);
        }
        todo
    }

    /// Takes the result of `room.changes`.
    pub fn changes(&mut self, result: &ChangesResult) -> Vec<Todo> {
        if let Some(changes) = &result.changes {
            self.take_changes(changes);
        }
        self.user_rev = self.user_rev.max(result.user_rev);
        if result.list_reset { vec![Todo::FetchList] } else { Vec::new() }
    }

    fn take_changes(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Row(row) => {
                    let records_from = row.joined_seq.prev();
                    self.hold(row, records_from);
                }
                Change::Removed { room, .. } => {
                    self.rooms.remove(room);
                }
            }
        }
    }

    /// Takes a row that was fetched. A room that was not held starts at the row's head: what came before is history.
    pub fn row(&mut self, row: ListRow) {
        let head = row.head_seq;
        self.hold(&row, head);
    }

    /// Takes a page of history.
    pub fn history(&mut self, room: RoomId, messages: impl IntoIterator<Item = MessageObject>) {
        let user = self.user.clone();
        if let Some(room) = self.rooms.get_mut(&room) {
            for message in messages {
                room.hold_message(message, &user);
            }
        }
    }

    fn hold(&mut self, row: &ListRow, seen: Seq) {
        match self.rooms.get_mut(&row.room) {
            Some(room) => room.take_row(row.clone()),
            None => {
                self.rooms.insert(row.room, RoomState::new(row.clone(), seen));
            }
        }
    }

    /// Takes an event.
    pub fn event(&mut self, event: &Event) -> Vec<Todo> {
        if let Some((room, seq)) = event.position() {
            self.record(room, seq, event);
            return Vec::new();
        }
        if let Some(user_rev) = event.user_rev() {
            return self.own_fact(user_rev, event);
        }
        match event {
            Event::RoomReset(RoomReset { room, head_seq, .. }) => {
                let Some(state) = self.rooms.get_mut(room) else { return Vec::new() };
                state.reset(*head_seq);
                vec![Todo::FetchRoom(*room)]
            }
            Event::ReadUpdated(read) => {
                if let Some(room) = self.rooms.get_mut(&read.room) {
                    room.member_read(&read.user, read.read_seq);
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn record(&mut self, room: RoomId, seq: Seq, event: &Event) {
        let Some(state) = self.rooms.get_mut(&room) else {
            self.faults.push(format!("{} {seq} of {room}, a room not held", event.method()));
            return;
        };
        let step = state.arrived(seq);
        match step {
            Step::New => {}
            Step::Redelivered => return,
            Step::Repeated => {
                self.faults.push(format!("{room} {seq} came twice in one session"));
                return;
            }
            Step::Hole { missing } => {
                self.faults.push(format!("{room}: {missing} records missing before {seq}"));
            }
            Step::Late => self.faults.push(format!("{room} {seq} came after a later record")),
        }
        state.record(event, &self.user);
    }

    fn own_fact(&mut self, user_rev: UserRev, event: &Event) -> Vec<Todo> {
        if user_rev <= self.user_rev {
            return Vec::new();
        }
        if user_rev != self.user_rev.next() {
            return vec![Todo::FetchChanges];
        }
        self.user_rev = user_rev;
        match event {
            Event::RoomJoined(joined) => {
                let seen = joined.from_seq.prev();
                self.hold(&joined.row, seen);
                if let Some(room) = self.rooms.get_mut(&joined.row.room) {
                    room.skip_to(seen);
                }
            }
            Event::RoomRemoved(removed) => {
                self.rooms.remove(&removed.room);
            }
            Event::RoomRead(read) => {
                if let Some(room) = self.rooms.get_mut(&read.room) {
                    room.read(read);
                }
            }
            Event::RoomSettings(change) => {
                if let Some(room) = self.rooms.get_mut(&change.room) {
                    room.settings(change);
                }
            }
            _ => {}
        }
        Vec::new()
    }
}
