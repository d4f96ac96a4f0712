//! A row of the chat list, and a change of the list.

use bongsu_types::{
    JsonObject, MessageKind, Millis, Ordinal, Role, RoomId, RoomKey, RoomKind, Seq, UserId, UserRev,
};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{MemberObject, SettingsObject};
use crate::codec::{is_false, json, number, present, text};
use crate::schema::*;

/// A room as its member sees it in the chat list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListRow {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// Its kind.
    #[serde(with = "text")]
    pub kind: RoomKind,
    /// The creator's key.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub key: Option<RoomKey>,
    /// Name.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Image URL.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// The host app's own facts.
    #[serde(default, with = "json::option", skip_serializing_if = "Option::is_none")]
    pub data: Option<JsonObject>,
    /// Direct rooms: the other user.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    pub peer: Option<Peer>,
    /// The last message of any kind.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    pub last: Option<LastMessage>,
    /// Last record.
    #[serde(with = "number")]
    pub head_seq: Seq,
    /// Countable messages so far.
    #[serde(with = "number")]
    pub head_ord: Ordinal,
    /// Read up to this record.
    #[serde(with = "number")]
    pub read_seq: Seq,
    /// Its ord.
    #[serde(with = "number")]
    pub read_ord: Ordinal,
    /// First record this member receives.
    #[serde(with = "number")]
    pub joined_seq: Seq,
    /// Records up to here were swept.
    #[serde(with = "number")]
    pub floor_seq: Seq,
    /// Unread messages, exact for the positions of this row.
    #[serde(with = "number")]
    pub unread: u64,
    /// Flagged as unread; counts 1 in the badge.
    pub marked_unread: bool,
    /// Unread mentions of the user, `@all` included; 100 means 100 or more.
    pub mentions: usize,
    /// The user's role.
    #[serde(with = "text")]
    pub role: Role,
    /// A direct room from a stranger, not accepted yet.
    #[serde(default, skip_serializing_if = "is_false")]
    pub request: bool,
    /// The user's own settings.
    pub settings: SettingsObject,
    /// When the last message came that was not silent; else when the room was created.
    #[serde(with = "number")]
    pub active_ms: Millis,
    /// Revision of the last own fact of this row.
    #[serde(with = "number")]
    pub user_rev: UserRev,
    /// The members of a small room: in the answer to `room.get` only.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<MemberObject>>,
}

/// The other user of a direct room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Peer {
    /// The user.
    #[serde(with = "text")]
    pub user: UserId,
    /// Name.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Image URL.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub image: String,
}

/// Preview of the last message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastMessage {
    /// Its position.
    #[serde(with = "number")]
    pub seq: Seq,
    /// Who sent it.
    #[serde(with = "text")]
    pub sender: UserId,
    /// Who speaks: a member, or the host app.
    #[serde(with = "text")]
    pub kind: MessageKind,
    /// The first 200 bytes of its text, cut between characters.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Deleted for everyone.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deleted: bool,
    /// When it was committed.
    #[serde(with = "number")]
    pub at_ms: Millis,
}

/// A change of the chat list, newer than the revision asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The row as it is now.
    Row(Box<ListRow>),
    /// The user is no longer a member: `{"room":..,"removed":true,"user_rev":..}`.
    Removed {
        /// The room.
        room: RoomId,
        /// Revision of the removal.
        user_rev: UserRev,
    },
}

impl Change {
    /// Revision of the change.
    #[must_use]
    pub fn user_rev(&self) -> UserRev {
        match self {
            Self::Row(row) => row.user_rev,
            Self::Removed { user_rev, .. } => *user_rev,
        }
    }
}

/// A room the user is no longer a member of.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct RemovedRow {
    /// The room.
    #[serde(with = "text")]
    room: RoomId,
    /// Always true.
    removed: bool,
    /// Revision of the removal.
    #[serde(with = "number")]
    user_rev: UserRev,
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Row(row) => row.serialize(serializer),
            Self::Removed { room, user_rev } => {
                RemovedRow { room: *room, removed: true, user_rev: *user_rev }.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Change {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Probe {
            #[serde(default)]
            removed: bool,
        }

        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let probe: Probe = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        if !probe.removed {
            return serde_json::from_str(raw.get()).map(Self::Row).map_err(D::Error::custom);
        }
        let RemovedRow { room, user_rev, .. } = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        Ok(Self::Removed { room, user_rev })
    }
}

impl utoipa::PartialSchema for Change {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::{OneOfBuilder, Ref};
        let either = OneOfBuilder::new()
            .item(Ref::from_schema_name("ListRow"))
            .item(Ref::from_schema_name("RemovedRow"))
            .build();
        utoipa::openapi::schema::Schema::OneOf(either).into()
    }
}

impl ToSchema for Change {}
