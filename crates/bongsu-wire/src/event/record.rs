//! Durable events: one for each kind of record of a room's log.

use bongsu_types::{
    Emoji, JsonObject, Millis, Ordinal, ReactionOp, Record, RecordBody, Retention, Role, RoomId, Seq, UserId,
};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::Event;
use crate::MessageObject;
use crate::codec::{json, number, present, retention, text};
use crate::schema::*;

/// `message.new`: the room and the message object, in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageNew {
    /// The room.
    pub room: RoomId,
    /// The message.
    pub message: MessageObject,
}

impl Serialize for MessageNew {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a> {
            #[serde(with = "text")]
            room: RoomId,
            #[serde(flatten)]
            message: &'a MessageObject,
        }

        Flat { room: self.room, message: &self.message }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MessageNew {
    /// Read twice over: serde's flatten would lose the text of `data`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct InRoom {
            #[serde(with = "text")]
            room: RoomId,
        }

        let raw = <&RawValue>::deserialize(deserializer)?;
        let InRoom { room } = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        let message = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        Ok(Self { room, message })
    }
}

/// Each event of a record begins with the same five fields.
macro_rules! record_events {
    ($($(#[$doc:meta])* $event:ident { $($(#[$field:meta])* $name:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        pub struct $event {
            /// The room.
            #[serde(with = "text")]
            pub room: RoomId,
            /// The record's own position.
            #[serde(with = "number")]
            pub seq: Seq,
            /// Countable messages up to and including it.
            #[serde(with = "number")]
            pub ord: Ordinal,
            /// When it was committed.
            #[serde(with = "number")]
            pub at_ms: Millis,
            /// Who caused it.
            #[serde(with = "text")]
            pub actor: UserId,
            $($(#[$field])* pub $name: $type,)*
        }
    )*};
}

record_events! {
    /// `message.edited`: what is absent did not change.
    MessageEdited {
        /// The message.
        #[serde(with = "number")]
        target: Seq,
        /// The new text.
        #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// The new data; `{}` clears it.
        #[serde(default, with = "json::option", skip_serializing_if = "Option::is_none")]
        data: Option<JsonObject>,
        /// When.
        #[serde(with = "number")]
        edited_ms: Millis,
    }
    /// `message.deleted`: it keeps its place, without text.
    MessageDeleted {
        /// The message.
        #[serde(with = "number")]
        target: Seq,
    }
    /// `message.reaction`.
    MessageReaction {
        /// The message.
        #[serde(with = "number")]
        target: Seq,
        /// The reaction.
        #[serde(with = "text")]
        emoji: Emoji,
        /// Taken back.
        remove: bool,
    }
    /// `member.added`.
    MemberAdded {
        /// Who.
        #[serde(with = "text::list")]
        users: Vec<UserId>,
    }
    /// `member.removed`: leaving has `users = [actor]`.
    MemberRemoved {
        /// Who.
        #[serde(with = "text::list")]
        users: Vec<UserId>,
    }
    /// `member.role`.
    MemberRole {
        /// Whose.
        #[serde(with = "text")]
        user: UserId,
        /// The new role.
        #[serde(with = "text")]
        role: Role,
    }
    /// `room.updated`: the changed fields; "" and `{}` clear.
    RoomUpdated {
        /// New name.
        #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// New image URL.
        #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
        image: Option<String>,
        /// New data.
        #[serde(default, with = "json::option", skip_serializing_if = "Option::is_none")]
        data: Option<JsonObject>,
        /// Whether members read what was said before they joined.
        #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
        history_before_join: Option<bool>,
        /// How long records are kept.
        #[serde(default, with = "retention", skip_serializing_if = "Option::is_none")]
        retention: Option<Retention>,
    }
}

impl From<&Record> for Event {
    fn from(record: &Record) -> Self {
        Self::for_user(record, &[])
    }
}

impl Event {
    /// The event of a record as one user sees it; `mine` are that user's own reactions to the message.
    #[must_use]
    pub fn for_user(record: &Record, mine: &[Emoji]) -> Self {
        let Record { room, seq, ord, at_ms, .. } = *record;
        let actor = record.actor.clone();
        match &record.body {
            RecordBody::Message(message) => Self::MessageNew(Box::new(MessageNew {
                room,
                message: MessageObject::of(record, message, mine),
            })),
            RecordBody::Edited { target, text, data, edited_ms } => {
                let (target, edited_ms, text, data) = (*target, *edited_ms, text.clone(), data.clone());
                Self::MessageEdited(MessageEdited {
                    room,
                    seq,
                    ord,
                    at_ms,
                    actor,
                    target,
                    text,
                    data,
                    edited_ms,
                })
            }
            RecordBody::Deleted { target } => {
                Self::MessageDeleted(MessageDeleted { room, seq, ord, at_ms, actor, target: *target })
            }
            RecordBody::Reaction { target, emoji, op } => {
                let (target, emoji, remove) = (*target, emoji.clone(), *op == ReactionOp::Remove);
                Self::MessageReaction(MessageReaction { room, seq, ord, at_ms, actor, target, emoji, remove })
            }
            RecordBody::MemberAdded { users } => {
                Self::MemberAdded(MemberAdded { room, seq, ord, at_ms, actor, users: users.clone() })
            }
            RecordBody::MemberRemoved { users } => {
                Self::MemberRemoved(MemberRemoved { room, seq, ord, at_ms, actor, users: users.clone() })
            }
            RecordBody::MemberRole { user, role } => {
                Self::MemberRole(MemberRole { room, seq, ord, at_ms, actor, user: user.clone(), role: *role })
            }
            RecordBody::RoomUpdated(change) => Self::RoomUpdated(Box::new(RoomUpdated {
                room,
                seq,
                ord,
                at_ms,
                actor,
                name: change.name.clone(),
                image: change.image.clone(),
                data: change.data.clone(),
                history_before_join: change.history_before_join,
                retention: change.retention,
            })),
        }
    }

    /// Room and position of a durable event: what a client applies in order, and acks.
    #[must_use]
    pub fn position(&self) -> Option<(RoomId, Seq)> {
        match self {
            Self::MessageNew(event) => Some((event.room, event.message.seq)),
            Self::MessageEdited(event) => Some((event.room, event.seq)),
            Self::MessageDeleted(event) => Some((event.room, event.seq)),
            Self::MessageReaction(event) => Some((event.room, event.seq)),
            Self::MemberAdded(event) => Some((event.room, event.seq)),
            Self::MemberRemoved(event) => Some((event.room, event.seq)),
            Self::MemberRole(event) => Some((event.room, event.seq)),
            Self::RoomUpdated(event) => Some((event.room, event.seq)),
            Self::RoomJoined(_)
            | Self::RoomRemoved(_)
            | Self::RoomRead(_)
            | Self::RoomSettings(_)
            | Self::DeviceRemoved(_)
            | Self::ReadUpdated(_)
            | Self::Typing(_)
            | Self::Presence(_)
            | Self::CaughtUp(_)
            | Self::Lagging(_)
            | Self::Expiring(_)
            | Self::Draining(_)
            | Self::RoomReset(_)
            | Self::Unknown { .. } => None,
        }
    }
}
