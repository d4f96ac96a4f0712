//! Rooms, and where their logs end.

use crate::{Epoch, JsonObject, Millis, Ordinal, RoomId, RoomKey, Seq, UserId};

/// What kind of conversation a room is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoomKind {
    /// Exactly two users; found by the pair; nobody joins or leaves.
    Direct,
    /// Members know each other: member records, receipts, typing.
    Group,
    /// Many readers: no records for plain members, no receipts, no typing, no member list for members.
    Channel,
}

/// How long a room's records are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retention {
    /// `days` days, or for ever when `None`.
    History {
        /// Days kept, at least 1.
        days: Option<u32>,
    },
    /// A record goes once every active device of every member acked it, after 30 days at the latest.
    Transit,
}

/// What a room is, apart from its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// Its kind; never changes.
    pub kind: RoomKind,
    /// The creator's key, when one was given.
    pub key: Option<RoomKey>,
    /// Name; empty when none.
    pub name: String,
    /// Image URL; empty when none.
    pub image: String,
    /// The host app's own facts (a listing's title, price, thumbnail).
    pub data: Option<JsonObject>,
    /// Who created it.
    pub creator: UserId,
    /// When.
    pub created_ms: Millis,
    /// Whether a member reads what was said before they joined.
    pub history_before_join: bool,
    /// How long records are kept.
    pub retention: Retention,
    /// Direct rooms: the two users in pair order.
    pub pair: Option<(UserId, UserId)>,
}

/// Where a room's log ends and begins. Changes with every record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The room.
    pub room: RoomId,
    /// Kind of the room: it never changes, and a chat list asks for it by the thousand.
    pub kind: RoomKind,
    /// Seq of the last record; 0 when there is none.
    pub seq: Seq,
    /// Countable messages so far.
    pub ord: Ordinal,
    /// Last activity: the last message that was not silent, or the creation.
    pub active_ms: Millis,
    /// Seq of the last message record of any kind; 0 when none. It may be below the floor.
    pub last_message: Seq,
    /// Records with `seq <= floor_seq` were swept.
    pub floor_seq: Seq,
    /// Ord at the floor.
    pub floor_ord: Ordinal,
    /// Ord up to which messages expired by age and no longer count as unread.
    pub expired_ord: Ordinal,
    /// Members now.
    pub members: u32,
}

impl Head {
    /// What a chat list needs of a head: at most 32 bytes.
    #[must_use]
    pub fn position(&self, epoch: Epoch) -> Position {
        Position { epoch, seq: self.seq, ord: self.ord, active_ms: self.active_ms }
    }
}

/// The part of a head that moves with every message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Generation of the store.
    pub epoch: Epoch,
    /// Seq of the last record.
    pub seq: Seq,
    /// Countable messages so far.
    pub ord: Ordinal,
    /// Last activity.
    pub active_ms: Millis,
}
