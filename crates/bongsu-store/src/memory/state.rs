//! Everything the reference engine holds, and the questions asked of it more than once.

use std::collections::{BTreeMap, BTreeSet};

use bongsu_types::{
    ClientId, CommitNo, Device, DeviceId, Emoji, Epoch, Head, Message, Millis, Ordinal, OwnRow, Profile,
    Record, RecordBody, Room, RoomId, RoomKey, Seq, ServerKey, SessionNo, TailRef, UserId, UserRev,
};

use crate::memory::change::NewRecord;
use crate::{Appended, Refusal, RequestHash};

/// All data of a store.
pub(super) struct State {
    pub(super) epoch: Epoch,
    pub(super) last_commit: CommitNo,
    /// Refs of commits that have any, ascending.
    pub(super) tail: Vec<TailEntry>,
    pub(super) consumers: BTreeMap<String, CommitNo>,
    pub(super) rooms: BTreeMap<RoomId, RoomState>,
    pub(super) pairs: BTreeMap<(UserId, UserId), RoomId>,
    /// Global keys have no creator.
    pub(super) keys: BTreeMap<(Option<UserId>, RoomKey), RoomId>,
    pub(super) first_replies: BTreeMap<(RoomId, UserId, ClientId), FirstReply>,
    pub(super) users: BTreeMap<UserId, UserState>,
    pub(super) devices: BTreeMap<(UserId, DeviceId), DeviceState>,
    pub(super) server_keys: BTreeMap<String, ServerKey>,
}

/// The refs of one commit, and when it was.
pub(super) struct TailEntry {
    pub(super) commit: CommitNo,
    pub(super) at_ms: Millis,
    pub(super) refs: Vec<TailRef>,
}

/// One room: its log, its members, and what hangs on them.
pub(super) struct RoomState {
    pub(super) room: Room,
    pub(super) head: Head,
    /// Records above the floor, dense.
    pub(super) log: Vec<Logged>,
    /// Own rows of members and, as tombstones, of former ones.
    pub(super) rows: BTreeMap<UserId, OwnRow>,
    /// Ords of the last `@all` messages.
    pub(super) everyone: Vec<Ordinal>,
    pub(super) reactions: BTreeMap<(Seq, UserId), BTreeSet<Emoji>>,
    pub(super) import: Option<ImportPhase>,
}

/// A record in its current state, and the commit that appended it.
pub(super) struct Logged {
    pub(super) record: Record,
    pub(super) commit: CommitNo,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ImportPhase {
    Running,
    Finished,
}

/// What a request with an idempotency key was answered.
pub(super) struct FirstReply {
    pub(super) request: RequestHash,
    pub(super) reply: Appended,
    pub(super) stored_ms: Millis,
}

#[derive(Default)]
pub(super) struct UserState {
    /// Absent while the user is known by a revocation only.
    pub(super) profile: Option<Profile>,
    pub(super) rev: UserRev,
    /// Highest revision of a tombstone that was swept: changes since before it are not known any more.
    pub(super) forgotten_rev: UserRev,
    pub(super) revoked_before_ms: Option<Millis>,
}

pub(super) struct DeviceState {
    pub(super) device: Device,
    /// Since when it is expired, replaced or removed. The entry stays a while, so that its session numbers go on.
    pub(super) ended_ms: Option<Millis>,
    /// Tokens issued until then are refused for this device.
    pub(super) removed_ms: Option<Millis>,
    pub(super) cursors: BTreeMap<RoomId, Seq>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            epoch: Epoch(1),
            last_commit: CommitNo::ZERO,
            tail: Vec::new(),
            consumers: BTreeMap::new(),
            rooms: BTreeMap::new(),
            pairs: BTreeMap::new(),
            keys: BTreeMap::new(),
            first_replies: BTreeMap::new(),
            users: BTreeMap::new(),
            devices: BTreeMap::new(),
            server_keys: BTreeMap::new(),
        }
    }
}

impl State {
    /// The room and the row of a member; to anybody else there is no such room.
    pub(super) fn member(&self, room: RoomId, user: &UserId) -> Result<(&RoomState, &OwnRow), Refusal> {
        let room = self.rooms.get(&room).ok_or(Refusal::RoomNotFound)?;
        let row = room.rows.get(user).filter(|row| row.is_member()).ok_or(Refusal::RoomNotFound)?;
        Ok((room, row))
    }

    /// Rooms the user is a member of, by id, with the user's row.
    pub(super) fn memberships(&self, user: &UserId) -> impl Iterator<Item = (&RoomState, &OwnRow)> {
        self.rows_of(user).filter(|(_, row)| row.is_member())
    }

    /// All rows of a user, tombstones included, by room id.
    pub(super) fn rows_of(&self, user: &UserId) -> impl Iterator<Item = (&RoomState, &OwnRow)> {
        self.rooms.values().filter_map(|room| Some((room, room.rows.get(user)?)))
    }

    pub(super) fn user_rev(&self, user: &UserId) -> UserRev {
        self.users.get(user).map_or(UserRev::ZERO, |state| state.rev)
    }

    pub(super) fn profile(&self, user: &UserId) -> Option<&Profile> {
        self.users.get(user)?.profile.as_ref()
    }

    /// Devices of a user that are registered now, by id.
    pub(super) fn active_devices(&self, user: &UserId) -> impl Iterator<Item = &DeviceState> {
        let first = DeviceId::new("-").expect("a valid id, the least of all");
        self.devices
            .range((user.clone(), first)..)
            .take_while(move |((owner, _), _)| owner == user)
            .map(|(_, state)| state)
            .filter(|state| state.is_active())
    }
}

impl RoomState {
    pub(super) fn new(room: Room) -> Self {
        let head = Head {
            room: room.id,
            kind: room.kind,
            seq: Seq::ZERO,
            ord: Ordinal::ZERO,
            active_ms: room.created_ms,
            last_message: Seq::ZERO,
            floor_seq: Seq::ZERO,
            floor_ord: Ordinal::ZERO,
            expired_ord: Ordinal::ZERO,
            members: 0,
        };
        Self {
            room,
            head,
            log: Vec::new(),
            rows: BTreeMap::new(),
            everyone: Vec::new(),
            reactions: BTreeMap::new(),
            import: None,
        }
    }

    /// Rows of members, by user id.
    pub(super) fn members(&self) -> impl Iterator<Item = &OwnRow> {
        self.rows.values().filter(|row| row.is_member())
    }

    /// The record at `seq`, if it was written and not swept.
    pub(super) fn record(&self, seq: Seq) -> Option<&Record> {
        self.log.get(self.index(seq)?).map(|logged| &logged.record)
    }

    /// The message at `seq`, to be changed.
    pub(super) fn message_mut(&mut self, seq: Seq) -> Option<&mut Message> {
        let index = self.index(seq)?;
        match &mut self.log.get_mut(index)?.record.body {
            RecordBody::Message(message) => Some(message),
            RecordBody::Edited { .. }
            | RecordBody::Deleted { .. }
            | RecordBody::Reaction { .. }
            | RecordBody::MemberAdded { .. }
            | RecordBody::MemberRemoved { .. }
            | RecordBody::MemberRole { .. }
            | RecordBody::RoomUpdated(_) => None,
        }
    }

    /// Takes what edits of a message said out of the log. Their places stay.
    pub(super) fn blank_edits(&mut self, message: Seq) {
        for logged in &mut self.log {
            if let RecordBody::Edited { target, text, data, .. } = &mut logged.record.body
                && *target == message
            {
                (*text, *data) = (None, None);
            }
        }
    }

    fn index(&self, seq: Seq) -> Option<usize> {
        let above_floor = seq.get().checked_sub(self.head.floor_seq.get() + 1)?;
        usize::try_from(above_floor).ok()
    }

    /// The ord of a position, if the log still knows it: that of a record, or that of the floor.
    pub(super) fn ord_at(&self, seq: Seq) -> Option<Ordinal> {
        if seq == self.head.floor_seq {
            return Some(self.head.floor_ord);
        }
        self.record(seq).map(|record| record.ord)
    }

    /// The message at `seq` with its sender, as this member may see it, deleted or not.
    pub(super) fn message_for(&self, row: &OwnRow, seq: Seq) -> Result<(&UserId, &Message), Refusal> {
        if !row.visible(self.room.history_before_join).contains(seq) {
            return Err(Refusal::MessageNotFound);
        }
        let record = self.record(seq).ok_or(Refusal::MessageNotFound)?;
        let message = record.body.message().ok_or(Refusal::MessageNotFound)?;
        Ok((&record.actor, message))
    }

    /// The same, but a deleted message is not there.
    pub(super) fn live_message_for(&self, row: &OwnRow, seq: Seq) -> Result<(&UserId, &Message), Refusal> {
        let (sender, message) = self.message_for(row, seq)?;
        if message.deleted { Err(Refusal::MessageNotFound) } else { Ok((sender, message)) }
    }

    /// Appends a record at head + 1.
    pub(super) fn append(&mut self, record: NewRecord, commit: CommitNo) -> &Record {
        let head = &mut self.head;
        head.seq = head.seq.next();
        if let Some(message) = record.body.message() {
            head.last_message = head.seq;
            if message.is_countable() {
                head.ord = head.ord.next();
            }
            if !message.silent {
                head.active_ms = record.at_ms;
            }
        }
        let record = Record {
            room: self.room.id,
            seq: head.seq,
            ord: head.ord,
            at_ms: record.at_ms,
            actor: record.actor,
            body: record.body,
        };
        self.log.push(Logged { record, commit });
        &self.log[self.log.len() - 1].record
    }
}

impl DeviceState {
    pub(super) fn new(device: Device) -> Self {
        Self { device, ended_ms: None, removed_ms: None, cursors: BTreeMap::new() }
    }

    pub(super) fn is_active(&self) -> bool {
        self.ended_ms.is_none()
    }

    pub(super) fn session_no(&self) -> SessionNo {
        self.device.session_no
    }

    /// Where this device stands in a room: a room without a cursor starts at the join, never at the head.
    pub(super) fn cursor(&self, row: &OwnRow, head: &Head) -> Seq {
        let stored = self.cursors.get(&row.room).copied().unwrap_or(Seq::ZERO);
        stored.max(row.joined_seq.prev()).min(head.seq)
    }
}
