//! A message as clients see it: its current state, in pages and in `message.new`.

use std::fmt;

use bongsu_types::{
    ClientId, Emoji, JsonObject, Mentions, Message, MessageKind, Millis, Ordinal, Record, Seq, UserId,
};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::codec::{is_false, json, mentions, number, text};
use crate::schema::*;

/// A message in its current state. On a client the higher `rev` wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageObject {
    /// Position in the room.
    #[serde(with = "number")]
    pub seq: Seq,
    /// Countable messages up to and including it.
    #[serde(with = "number")]
    pub ord: Ordinal,
    /// Seq of the last record that changed it; its own seq at first.
    #[serde(with = "number")]
    pub rev: Seq,
    /// Who speaks: a member, or the host app.
    #[serde(with = "text")]
    pub kind: MessageKind,
    /// Who sent it.
    #[serde(with = "text")]
    pub sender: UserId,
    /// The sender's idempotency key: matches it to what the sender's devices still hold as unsent.
    #[serde(with = "text")]
    pub client_id: ClientId,
    /// When it was committed.
    #[serde(with = "number")]
    pub at_ms: Millis,
    /// When it was last edited.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub edited_ms: Option<Millis>,
    /// Deleted for everyone: it keeps its place and has no text.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deleted: bool,
    /// Text.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The message this one answers.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// Who is called on.
    #[serde(default, with = "mentions", skip_serializing_if = "Mentions::is_empty")]
    pub mentions: Mentions,
    /// Reactions by emoji, in the order of first use.
    #[serde(default, with = "reactions", skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = std::collections::BTreeMap<String, ReactionCount>)]
    pub reactions: Vec<(Emoji, ReactionCount)>,
    /// The host app's own facts.
    #[serde(default, with = "json::option", skip_serializing_if = "Option::is_none")]
    pub data: Option<JsonObject>,
    /// Does not count as unread.
    #[serde(default, skip_serializing_if = "is_false")]
    pub silent: bool,
    /// The sender's own read position did not move with it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub keep_unread: bool,
}

/// How many users hold a reaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReactionCount {
    /// Users, at least 1.
    pub count: u32,
    /// The caller is one of them.
    pub mine: bool,
}

impl MessageObject {
    /// The message of a record as one user sees it; `mine` are that user's own reactions to it. `None` when the record
    /// is none of a message.
    #[must_use]
    pub fn new(record: &Record, mine: &[Emoji]) -> Option<Self> {
        record.body.message().map(|message| Self::of(record, message, mine))
    }

    pub(crate) fn of(record: &Record, message: &Message, mine: &[Emoji]) -> Self {
        let reactions = message.reactions.iter().map(|reaction| {
            let mine = mine.contains(&reaction.emoji);
            (reaction.emoji.clone(), ReactionCount { count: reaction.count, mine })
        });
        Self {
            seq: record.seq,
            ord: record.ord,
            rev: message.rev,
            kind: message.kind,
            sender: record.actor.clone(),
            client_id: message.client_id.clone(),
            at_ms: record.at_ms,
            edited_ms: message.edited_ms,
            deleted: message.deleted,
            text: message.text.clone(),
            reply_to: message.reply_to,
            mentions: message.mentions.clone(),
            reactions: reactions.collect(),
            data: message.data.clone(),
            silent: message.silent,
            keep_unread: message.keep_unread,
        }
    }
}

/// An object in the order of first use, which a sorted map would lose.
mod reactions {
    use super::{Deserializer, Emoji, MapAccess, ReactionCount, Serializer, Visitor, fmt};
    use crate::codec::text::Wire;

    pub(super) fn serialize<S: Serializer>(
        reactions: &[(Emoji, ReactionCount)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(reactions.iter().map(|(emoji, count)| (Wire(emoji), count)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(Emoji, ReactionCount)>, D::Error> {
        struct ReactionsVisitor;

        impl<'de> Visitor<'de> for ReactionsVisitor {
            type Value = Vec<(Emoji, ReactionCount)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut reactions = Vec::new();
                while let Some((Wire(emoji), count)) = access.next_entry()? {
                    reactions.push((emoji, count));
                }
                Ok(reactions)
            }
        }

        deserializer.deserialize_map(ReactionsVisitor)
    }
}
