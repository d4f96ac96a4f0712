//! Reads: a user's own rows, the chat list's parts, and the positions a user moves.

use async_trait::async_trait;
use bongsu_types::{
    Head, JsonObject, Millis, Ordinal, OwnRow, Profile, Record, Room, RoomId, Seq, Settings, UserId, UserRev,
};

use crate::StoreResult;

/// All rooms of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnRows {
    /// The user's revision in the same snapshot.
    pub user_rev: UserRev,
    /// Rows of rooms the user is a member of (no tombstones), by room id.
    pub rows: Vec<OwnRow>,
}

/// What a list row shows besides positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomDetails {
    /// The room.
    pub room: Room,
    /// Last message record of any kind, if it was not swept.
    pub last: Option<Record>,
    /// Ords of the room's last `@all` messages, ascending, at most `MENTIONS_KEPT`.
    pub everyone: Vec<Ordinal>,
    /// Direct rooms: the other user.
    pub peer: Option<Profile>,
}

/// One row of a chat list, read in one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRow {
    /// Own row; may be a tombstone.
    pub own: OwnRow,
    /// Head.
    pub head: Head,
    /// The rest.
    pub details: RoomDetails,
}

/// How a user stands to a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Own row; may be a tombstone.
    pub own: OwnRow,
    /// Head.
    pub head: Head,
    /// The room.
    pub room: Room,
}

/// What changed in a user's own rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// Rows (tombstones included) with a revision above the one asked for, ascending by it.
    Rows {
        /// At most `Limits::changes_items`.
        rows: Vec<OwnRow>,
        /// The user's revision now.
        user_rev: UserRev,
    },
    /// Too many, too long ago, or a revision from the future: fetch the list anew.
    Reset {
        /// The user's revision now.
        user_rev: UserRev,
    },
}

/// The reply to mark_read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkedRead {
    /// The head in the same commit.
    pub head_seq: Seq,
    /// Read up to here now.
    pub read_seq: Seq,
    /// Ord of that record.
    pub read_ord: Ordinal,
    /// Exact unread at `head_seq`.
    pub unread: u64,
    /// The flag, cleared.
    pub marked_unread: bool,
    /// The user's revision.
    pub user_rev: UserRev,
}

/// Settings to change; absent means unchanged. `muted_until_ms` 0 and `custom` `{}` clear.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SettingsChange {
    /// Sort first.
    pub pinned: Option<bool>,
    /// No badge until then.
    pub muted_until_ms: Option<Millis>,
    /// Hide until the next record, or show again.
    pub hidden: Option<bool>,
    /// The host app's facts.
    pub custom: Option<JsonObject>,
}

/// A user's own rows and marks. Every change of an own row bumps the user's dense `user_rev`, stamps the row and is an
/// own fact of the same commit; a change that changes nothing does none of it.
#[async_trait]
pub trait Reads {
    /// All rows of a user. One call of the chat list.
    async fn own_rows(&self, user: &UserId) -> StoreResult<OwnRows>;

    /// Heads in the order asked, each not older than the call; rooms that do not exist are left out. One call of the
    /// chat list.
    async fn heads(&self, rooms: &[RoomId]) -> StoreResult<Vec<Head>>;

    /// Details in the order asked, one snapshot; rooms that do not exist are left out. `user` decides who the peer
    /// is. One call of the chat list.
    async fn details(&self, user: &UserId, rooms: &[RoomId]) -> StoreResult<Vec<RoomDetails>>;

    /// One row, or `None` when the user never was a member (or the tombstone is gone). One snapshot.
    async fn room_row(&self, user: &UserId, room: RoomId) -> StoreResult<Option<RoomRow>>;

    /// How a user stands to a room, or `None` when they never were a member (or the tombstone is gone). Each part is
    /// not older than the call: what was committed before it shows.
    async fn standing(&self, user: &UserId, room: RoomId) -> StoreResult<Option<Standing>>;

    /// Own rows changed after `since`.
    async fn changes(&self, user: &UserId, since: UserRev) -> StoreResult<Changes>;

    /// Moves the read mark up to `seq`, clamped to the head in the commit, resolved to the `ord` of that record;
    /// never back. A record below the floor has no ord any more: such a mark stays where it is. Clears the unread
    /// flag. An own fact `Read` when either changed, and after it a `Receipt` fact in small rooms that are not
    /// channels, when the mark moved. Members only (`RoomNotFound`).
    async fn mark_read(&self, user: &UserId, room: RoomId, seq: Seq) -> StoreResult<MarkedRead>;

    /// Sets the unread flag; moves no position.
    async fn mark_unread(&self, user: &UserId, room: RoomId) -> StoreResult<UserRev>;

    /// Changes settings and returns them all.
    async fn change_settings(
        &self,
        user: &UserId,
        room: RoomId,
        change: SettingsChange,
    ) -> StoreResult<(Settings, UserRev)>;

    /// Accepts a direct room that came as a request; an own fact `Joined`. Accepting again changes nothing. The
    /// target's first own send accepts too.
    async fn accept(&self, user: &UserId, room: RoomId) -> StoreResult<UserRev>;
}
