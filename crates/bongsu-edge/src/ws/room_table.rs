//! The rooms of one session: how far each is acked, and whether it is live or behind.
//!
//! Every room is in one of three states: **live** (the hub delivers), **behind** (pages of the log are read, and the room
//! is in `queue` or its page is under way), or **ended** (the user left; the own fact that says so is on its way).

use std::collections::{HashSet, VecDeque};

use bongsu_types::{RoomId, Seq};

use crate::hub::{ChannelHandle, Suspended, Suspension};

/// A room of a session.
#[derive(Debug)]
pub(super) struct RoomEntry {
    pub(super) channel: ChannelHandle,
    /// First record of this membership; another one in the own row means that the user left and came back.
    pub(super) joined: Seq,
    /// Acked by the client.
    pub(super) acked: Seq,
    pub(super) state: RoomState,
}

/// Whether records come live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RoomState {
    /// The hub delivers.
    Live,
    /// The log is read from `next` on.
    Behind {
        /// First record not queued.
        next: Seq,
        /// Why.
        why: Why,
    },
    /// The user left; everything before `next` was queued.
    Ended {
        /// First record not queued.
        next: Seq,
    },
}

/// Why a room is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Hello resumed here.
    Resume(Budget),
    /// The queue was full.
    Lagging(Told),
    /// Just joined, or the membership has to be looked at.
    Membership,
}

/// Whether the resume has room for the backlog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Budget {
    /// Records are streamed.
    Within,
    /// The room is reset, unless it is a transit room.
    Over,
}

/// Whether the client knows that a room lags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It has `session.lagging`.
    Yes,
    /// Not yet.
    No,
}

/// The rooms of one session.
#[derive(Debug, Default)]
pub(super) struct RoomTable {
    /// Ascending by room: half the memory of a map, and a hello brings them in this order.
    entries: Vec<RoomEntry>,
    /// Rooms behind whose next page is not under way, in the order of their turns.
    queue: VecDeque<RoomId>,
    /// Rooms whose acked position is not stored.
    unstored: HashSet<RoomId>,
}

impl RoomTable {
    pub(super) fn with_capacity(rooms: usize) -> Self {
        Self { entries: Vec::with_capacity(rooms), ..Self::default() }
    }

    pub(super) fn get(&self, room: RoomId) -> Option<&RoomEntry> {
        Some(&self.entries[self.find(room).ok()?])
    }

    pub(super) fn get_mut(&mut self, room: RoomId) -> Option<&mut RoomEntry> {
        let at = self.find(room).ok()?;
        Some(&mut self.entries[at])
    }

    pub(super) fn insert(&mut self, entry: RoomEntry) {
        match self.find(entry.channel.room) {
            Ok(at) => self.entries[at] = entry,
            Err(at) => self.entries.insert(at, entry),
        }
    }

    /// Lets go of a room.
    pub(super) fn remove(&mut self, room: RoomId) {
        if let Ok(at) = self.find(room) {
            self.entries.remove(at);
        }
        self.unstored.remove(&room);
        self.queue.retain(|queued| *queued != room);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &RoomEntry> {
        self.entries.iter()
    }

    /// Puts a room behind, and at the end of the queue.
    pub(super) fn fall_behind(&mut self, room: RoomId, next: Seq, why: Why) {
        if let Some(entry) = self.get_mut(room) {
            entry.state = RoomState::Behind { next, why };
            self.queue.push_back(room);
        }
    }

    /// Notes what the hub did.
    pub(super) fn suspend(&mut self, suspended: Suspended) {
        let why = match suspended.why {
            Suspension::Lagging => Why::Lagging(Told::No),
            Suspension::Membership => Why::Membership,
        };
        // A room that was let go of meanwhile, or entered anew, has nothing to do with it.
        let concerns = |entry: &RoomEntry| entry.state == RoomState::Live && !entry.channel.is_live();
        if self.get(suspended.room).is_some_and(concerns) {
            self.fall_behind(suspended.room, suspended.next, why);
        }
    }

    /// The next room whose page is to be read.
    pub(super) fn next_behind(&mut self) -> Option<RoomId> {
        self.queue.pop_front()
    }

    /// It is still the turn of these rooms, in this order, as far as they were not let go of.
    pub(super) fn read_later(&mut self, rooms: Vec<RoomId>) {
        for room in rooms.into_iter().rev() {
            if self.get(room).is_some_and(|entry| matches!(entry.state, RoomState::Behind { .. })) {
                self.queue.push_front(room);
            }
        }
    }

    /// Whether rooms wait for a page.
    pub(super) fn has_behind(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Takes an ack: never back, never beyond what was sent. Unknown rooms are ignored.
    pub(super) fn ack(&mut self, room: RoomId, seq: Seq) {
        let Some(entry) = self.get_mut(room) else { return };
        let sent = match entry.state {
            RoomState::Live => entry.channel.last().unwrap_or(entry.acked),
            RoomState::Behind { next, .. } | RoomState::Ended { next } => next.prev(),
        };
        let acked = seq.min(sent);
        if acked > entry.acked {
            entry.acked = acked;
            self.unstored.insert(room);
        }
    }

    /// Acked positions that are not stored. They count as stored from now on.
    pub(super) fn take_unstored(&mut self) -> Vec<(RoomId, Seq)> {
        let rooms = std::mem::take(&mut self.unstored);
        rooms.into_iter().filter_map(|room| Some((room, self.get(room)?.acked))).collect()
    }

    /// Storing failed: they are to be stored again.
    pub(super) fn keep_unstored(&mut self, cursors: &[(RoomId, Seq)]) {
        for (room, _) in cursors {
            if self.get(*room).is_some() {
                self.unstored.insert(*room);
            }
        }
    }

    fn find(&self, room: RoomId) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&room, |entry| entry.channel.room)
    }
}
