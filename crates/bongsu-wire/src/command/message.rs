//! Messages: send, edit, delete, react, history.

use bongsu_types::{ClientId, Emoji, JsonObject, Mentions, Millis, Ordinal, RoomId, Seq};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::codec::{is_false, json, mentions, number, present, text};
use crate::schema::*;
use crate::{ErrorKind, MessageObject, WireError};

/// `message.send`. A message needs a non-empty text or data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SendMessage {
    /// Where to.
    #[serde(with = "text")]
    pub room: RoomId,
    /// The same message sent again carries the same one.
    #[serde(with = "text")]
    pub client_id: ClientId,
    /// Text.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Not in this version: anything but an empty array is `unsupported`.
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<String>,
    /// The message this one answers.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// Who is called on.
    #[serde(default, with = "mentions", skip_serializing_if = "Mentions::is_empty")]
    pub mentions: Mentions,
    /// The host app's own facts.
    #[serde(default, with = "json::option", skip_serializing_if = "Option::is_none")]
    pub data: Option<JsonObject>,
    /// Does not count as unread.
    #[serde(default, skip_serializing_if = "is_false")]
    pub silent: bool,
    /// Leaves the sender's own read position where it is.
    #[serde(default, skip_serializing_if = "is_false")]
    pub keep_unread: bool,
}

impl SendMessage {
    pub(super) fn check(&self) -> Result<(), WireError> {
        if self.attachments.is_empty() {
            return Ok(());
        }
        Err(WireError::new(ErrorKind::Unsupported, "attachments are not supported").field("attachments"))
    }
}

/// Answer to `message.send`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SendResult {
    /// Position of the message.
    #[serde(with = "number")]
    pub seq: Seq,
    /// Countable messages up to and including it.
    #[serde(with = "number")]
    pub ord: Ordinal,
    /// When it was committed.
    #[serde(with = "number")]
    pub at_ms: Millis,
    /// An earlier attempt had been committed; this is its answer.
    pub duplicate: bool,
}

/// `message.edit`: what is absent does not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EditMessage {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// The message.
    #[serde(with = "number")]
    pub seq: Seq,
    /// Makes the change idempotent.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The new text.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The new data; `{}` clears it.
    #[serde(default, with = "json::option", skip_serializing_if = "Option::is_none")]
    pub data: Option<JsonObject>,
}

/// `message.delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeleteMessage {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// The message.
    #[serde(with = "number")]
    pub seq: Seq,
    /// Makes the change idempotent.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
}

/// `message.react`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct React {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// The message.
    #[serde(with = "number")]
    pub seq: Seq,
    /// The reaction.
    #[serde(with = "text")]
    pub emoji: Emoji,
    /// Takes the reaction back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub remove: bool,
    /// Makes the change idempotent.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
}

/// Answer of methods that append a record: its seq, or the head's when nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeqResult {
    /// The record.
    #[serde(with = "number")]
    pub seq: Seq,
}

/// `message.history`: at most one of `before`, `after`, `around`; none means the latest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct History {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// Messages before this seq.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub before: Option<Seq>,
    /// Messages after this seq.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
    /// Messages around and including this seq.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub around: Option<Seq>,
    /// Messages in the page: 50 unless said, at most `page_items`.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub limit: Option<u32>,
}

/// Where a page of history lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryPosition {
    /// The end of the log.
    Latest,
    /// Before this seq, which is not included.
    Before(Seq),
    /// After this seq, which is not included.
    After(Seq),
    /// Around this seq, which is included.
    Around(Seq),
}

impl History {
    /// Where the page lies.
    #[must_use]
    pub fn position(&self) -> HistoryPosition {
        match (self.before, self.after, self.around) {
            (Some(seq), _, _) => HistoryPosition::Before(seq),
            (None, Some(seq), _) => HistoryPosition::After(seq),
            (None, None, Some(seq)) => HistoryPosition::Around(seq),
            (None, None, None) => HistoryPosition::Latest,
        }
    }

    pub(super) fn check(&self) -> Result<(), WireError> {
        let second = match (self.before, self.after, self.around) {
            (Some(_), Some(_), _) => "after",
            (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => "around",
            _ => return Ok(()),
        };
        Err(WireError::invalid_params(second, "only one of before, after and around"))
    }
}

/// Answer to `message.history`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryPage {
    /// Ascending by seq; messages only.
    pub messages: Vec<MessageObject>,
    /// First seq covered; seqs of other records inside are no holes. Absent when nothing is covered.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub from_seq: Option<Seq>,
    /// Last seq covered.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub to_seq: Option<Seq>,
    /// There is more in the direction asked (for `around`: older).
    pub more: bool,
    /// Records up to here were swept.
    #[serde(with = "number")]
    pub floor_seq: Seq,
    /// Last record of the room.
    #[serde(with = "number")]
    pub head_seq: Seq,
}
