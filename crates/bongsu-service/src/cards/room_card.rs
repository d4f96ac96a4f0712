//! What a row of the chat list shows of a room, whoever looks at it.

use bongsu_cache::{CacheId, CacheSchema, EntryOptions, IdText};
use bongsu_store::RoomDetails;
use bongsu_types::{Head, JsonObject, MessageKind, Millis, Ordinal, Record, RoomId, RoomKey, Seq, UserId};
use serde::{Deserialize, Serialize};

use super::{OPTIONS, form};

/// Preview text of a last message, bytes at most.
const PREVIEW_BYTES: usize = 200;

const ROOM_CARDS: EntryOptions = OPTIONS;

/// What a row of the chat list shows of a room, whoever looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, CacheSchema)]
#[cache(model = "room_card", id = RoomCardId, options = ROOM_CARDS)]
pub struct RoomCard {
    /// The creator's key, when one was given.
    #[serde(with = "form")]
    #[cache(opaque = "room_key", rev = 1)]
    pub key: Option<RoomKey>,
    /// Name; empty when none.
    pub name: String,
    /// Image URL; empty when none.
    pub image: String,
    /// The host app's own facts.
    #[serde(with = "form")]
    #[cache(opaque = "json", rev = 1)]
    pub data: Option<JsonObject>,
    /// Whether a member reads what was said before they joined.
    pub history_before_join: bool,
    /// Direct rooms: the two users.
    #[serde(with = "form")]
    #[cache(opaque = "user_ids", rev = 1)]
    pub pair: Option<(UserId, UserId)>,
    /// The last message of any kind, if it was not swept.
    pub last: Option<LastMessage>,
    /// Ords of the room's last `@all` messages, ascending.
    #[serde(with = "form")]
    #[cache(opaque = "ords", rev = 1)]
    pub everyone: Vec<Ordinal>,
}

/// Preview of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, CacheSchema)]
pub struct LastMessage {
    /// Its position.
    #[serde(with = "form")]
    #[cache(opaque = "seq", rev = 1)]
    pub seq: Seq,
    /// Who sent it.
    #[serde(with = "form")]
    #[cache(opaque = "user_id", rev = 1)]
    pub sender: UserId,
    /// Who speaks: a member, or the host app.
    #[serde(with = "form")]
    #[cache(opaque = "message_kind", rev = 1)]
    pub kind: MessageKind,
    /// The first 200 bytes of its text, cut between characters.
    pub text: String,
    /// Deleted for everyone.
    pub deleted: bool,
    /// When it was committed.
    #[serde(with = "form")]
    #[cache(opaque = "millis", rev = 1)]
    pub at_ms: Millis,
}

/// A room at a position of its log. Whatever a card shows changes only with a record or a sweep, so what was read once
/// for a position is never older than it: there is nothing to invalidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RoomCardId {
    room: RoomId,
    head_seq: Seq,
    floor_seq: Seq,
}

impl RoomCardId {
    /// The room of the card.
    pub(super) fn room(&self) -> RoomId {
        self.room
    }
}

impl From<&Head> for RoomCardId {
    fn from(head: &Head) -> Self {
        Self { room: head.room, head_seq: head.seq, floor_seq: head.floor_seq }
    }
}

impl CacheId for RoomCardId {
    fn write(&self, text: &mut IdText) {
        text.number(self.room);
        text.number(self.head_seq);
        text.number(self.floor_seq);
    }
}

impl RoomCard {
    /// The other one of a direct room.
    pub(crate) fn peer_of(&self, user: &UserId) -> Option<&UserId> {
        self.pair.as_ref().map(|(a, b)| if user == a { b } else { a })
    }
}

impl From<RoomDetails> for RoomCard {
    /// Leaves out the peer, who depends on who looks.
    fn from(details: RoomDetails) -> Self {
        let RoomDetails { room, last, everyone, peer: _ } = details;
        Self {
            key: room.key,
            name: room.name,
            image: room.image,
            data: room.data,
            history_before_join: room.history_before_join,
            pair: room.pair,
            last: last.as_ref().and_then(LastMessage::of),
            everyone,
        }
    }
}

impl LastMessage {
    /// `None` when the record is none of a message.
    fn of(record: &Record) -> Option<Self> {
        let message = record.body.message()?;
        Some(Self {
            seq: record.seq,
            sender: record.actor.clone(),
            kind: message.kind,
            text: message.text[..message.text.floor_char_boundary(PREVIEW_BYTES)].to_owned(),
            deleted: message.deleted,
            at_ms: record.at_ms,
        })
    }
}
