//! Rooms: create, list, change, members, read marks, own settings.

use bongsu_types::{
    ClientId, Head, JsonObject, Millis, Ordinal, OwnRow, Retention, Role, RoomChange, RoomId, RoomKey,
    RoomKind, Seq, UserId, UserRev,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::codec::{is_false, json, number, present, retention, text};
use crate::schema::*;
use crate::{Change, ListRow, MemberObject, SettingsObject};

/// `room.create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreateRoom {
    /// Direct, group or channel.
    #[serde(with = "text")]
    pub kind: RoomKind,
    /// The members without the caller, who becomes owner. Direct: exactly one.
    #[serde(with = "text::list")]
    pub members: Vec<UserId>,
    /// Name.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Image URL.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// The host app's own facts.
    #[serde(default, with = "json::option", skip_serializing_if = "Option::is_none")]
    pub data: Option<JsonObject>,
    /// The same key again finds the same room. Not for direct rooms.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub key: Option<RoomKey>,
    /// Members read what was said before they joined.
    #[serde(default, skip_serializing_if = "is_false")]
    pub history_before_join: bool,
    /// How long records are kept; history for ever unless said.
    #[serde(default, with = "retention", skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
}

/// Answer to `room.create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreateResult {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// False: it was there before, and the other parameters were ignored.
    pub created: bool,
}

/// `room.list`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct ListRooms {
    /// Rows in the page: 50 unless said, at most `page_items`.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub limit: Option<u32>,
    /// From the page before.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Only rooms with something unread.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unread_only: bool,
    /// Only rooms of this kind.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub kind: Option<RoomKind>,
    /// Only hidden rooms; without it hidden rooms are left out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// A page of the chat list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomPage {
    /// Pinned first, then by last activity, then by id.
    pub rooms: Vec<ListRow>,
    /// The badge: over all rooms neither muted nor hidden, whatever the filters.
    #[serde(with = "number")]
    pub unread_total: u64,
    /// Where the next page begins; absent on the last.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// `room.get`: the row of the list, with `members` for small rooms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GetRoom {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
}

/// `room.update`: what is absent does not change; "" and `{}` clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UpdateRoom {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// New name.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// New image URL.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// New data.
    #[serde(default, with = "json::option", skip_serializing_if = "Option::is_none")]
    pub data: Option<JsonObject>,
    /// Whether members read what was said before they joined.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    pub history_before_join: Option<bool>,
    /// How long records are kept.
    #[serde(default, with = "retention", skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// Makes the change idempotent.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
}

impl UpdateRoom {
    /// The change alone.
    #[must_use]
    pub fn change(&self) -> RoomChange {
        RoomChange {
            name: self.name.clone(),
            image: self.image.clone(),
            data: self.data.clone(),
            history_before_join: self.history_before_join,
            retention: self.retention,
        }
    }
}

/// `room.members`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListMembers {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// Members in the page: 50 unless said, at most `page_items`.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub limit: Option<u32>,
    /// From the page before.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Answer to `room.members`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberPage {
    /// The members, by user id.
    pub members: Vec<MemberObject>,
    /// Where the next page begins; absent on the last.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// `room.add_members`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AddMembers {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// Who.
    #[serde(with = "text::list")]
    #[schema(min_items = 1)]
    pub users: Vec<UserId>,
}

/// `room.remove_members`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemoveMembers {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// Who.
    #[serde(with = "text::list")]
    #[schema(min_items = 1)]
    pub users: Vec<UserId>,
}

/// `room.leave`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeaveRoom {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
}

/// `room.set_role`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SetRole {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// Whose.
    #[serde(with = "text")]
    pub user: UserId,
    /// The new role.
    #[serde(with = "text")]
    pub role: Role,
}

/// `room.mark_read`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MarkRead {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// Read up to this record; clamped to the head. Positions only grow.
    #[serde(with = "number")]
    pub seq: Seq,
}

/// Answer to `room.mark_read`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MarkReadResult {
    /// Last record of the room.
    #[serde(with = "number")]
    pub head_seq: Seq,
    /// Read up to this record.
    #[serde(with = "number")]
    pub read_seq: Seq,
    /// Its ord.
    #[serde(with = "number")]
    pub read_ord: Ordinal,
    /// Unread at `head_seq`.
    #[serde(with = "number")]
    pub unread: u64,
    /// The flag; cleared by reading.
    pub marked_unread: bool,
    /// Revision of the own facts with this one.
    #[serde(with = "number")]
    pub user_rev: UserRev,
}

impl MarkReadResult {
    /// The answer for an own row at a head.
    #[must_use]
    pub fn new(own: &OwnRow, head: &Head) -> Self {
        Self {
            head_seq: head.seq,
            read_seq: own.read_seq,
            read_ord: own.read_ord,
            unread: own.unread(head),
            marked_unread: own.marked_unread,
            user_rev: own.user_rev,
        }
    }
}

/// `room.mark_unread`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MarkUnread {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
}

/// Answer to `room.mark_unread`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MarkUnreadResult {
    /// The flag.
    pub marked_unread: bool,
    /// Revision of the own facts with this one.
    #[serde(with = "number")]
    pub user_rev: UserRev,
}

impl From<&OwnRow> for MarkUnreadResult {
    fn from(own: &OwnRow) -> Self {
        Self { marked_unread: own.marked_unread, user_rev: own.user_rev }
    }
}

/// `room.changes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomChanges {
    /// Revision of the own facts the client knows.
    #[serde(with = "number")]
    pub since: UserRev,
}

/// Answer to `room.changes`: either `changes` or `list_reset`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangesResult {
    /// Own facts since then, ascending by `user_rev`.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<Change>>,
    /// Fetch the chat list anew.
    #[serde(default, skip_serializing_if = "is_false")]
    pub list_reset: bool,
    /// Revision of the own facts now.
    #[serde(with = "number")]
    pub user_rev: UserRev,
}

/// `room.accept`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AcceptRoom {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
}

/// `room.settings`: what is absent does not change; 0 and `{}` clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangeSettings {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// Sorted first in the list.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// No badge until this instant.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub muted_until_ms: Option<Millis>,
    /// Hidden until the next record.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    pub hidden: Option<bool>,
    /// The host app's own facts for this user and room.
    #[serde(default, with = "json::option", skip_serializing_if = "Option::is_none")]
    pub custom: Option<JsonObject>,
}

/// Answer to `room.settings`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettingsResult {
    /// The settings now.
    pub settings: SettingsObject,
    /// Revision of the own facts with this one.
    #[serde(with = "number")]
    pub user_rev: UserRev,
}

impl SettingsResult {
    /// The answer for an own row at a head.
    #[must_use]
    pub fn new(own: &OwnRow, head: &Head) -> Self {
        Self { settings: SettingsObject::new(&own.settings, head.seq), user_rev: own.user_rev }
    }
}

/// `room.typing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Typing {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// Typing, or stopped.
    pub on: bool,
}
