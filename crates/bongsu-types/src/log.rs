//! The log of a room: its records, and the current state of a message.

use crate::{ClientId, Emoji, JsonObject, Millis, Ordinal, Retention, Role, RoomId, Seq, UserId};

/// One durable record of a room. `seq` is dense per room and is the only order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The room.
    pub room: RoomId,
    /// Position, dense from 1.
    pub seq: Seq,
    /// Countable messages up to and including this record.
    pub ord: Ordinal,
    /// When it was committed; for display only.
    pub at_ms: Millis,
    /// Who caused it; for a message the sender.
    pub actor: UserId,
    /// What happened.
    pub body: RecordBody,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordBody {
    /// A message, in its current state (edits, deletion and reactions applied; see [`Message::rev`]).
    Message(Box<Message>),
    /// The text or data of `target` changed; what is absent did not change, or is gone because `target` was deleted.
    Edited {
        /// The message changed.
        target: Seq,
        /// The new text.
        text: Option<String>,
        /// The new data; `{}` clears it.
        data: Option<JsonObject>,
        /// When.
        edited_ms: Millis,
    },
    /// `target` was deleted for everyone; a tombstone stays and keeps its ord.
    Deleted {
        /// The message deleted.
        target: Seq,
    },
    /// A reaction of the actor to `target` was added or removed.
    Reaction {
        /// The message reacted to.
        target: Seq,
        /// The reaction.
        emoji: Emoji,
        /// Added or removed.
        op: ReactionOp,
    },
    /// Users joined (groups and direct rooms only).
    MemberAdded {
        /// Who, in the order given.
        users: Vec<UserId>,
    },
    /// Users were removed; leaving has `users == [actor]` (groups only).
    MemberRemoved {
        /// Who.
        users: Vec<UserId>,
    },
    /// A member's role changed.
    MemberRole {
        /// Whose.
        user: UserId,
        /// The new role.
        role: Role,
    },
    /// Name, image, data or rules of the room changed.
    RoomUpdated(Box<RoomChange>),
}

impl RecordBody {
    /// The message of a message record.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        match self {
            Self::Message(message) => Some(message),
            Self::Edited { .. }
            | Self::Deleted { .. }
            | Self::Reaction { .. }
            | Self::MemberAdded { .. }
            | Self::MemberRemoved { .. }
            | Self::MemberRole { .. }
            | Self::RoomUpdated(_) => None,
        }
    }
}

/// Added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReactionOp {
    /// The reaction was added.
    Add,
    /// The reaction was removed.
    Remove,
}

/// The changed fields of a room; what is absent did not change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoomChange {
    /// New name; "" clears it.
    pub name: Option<String>,
    /// New image; "" clears it.
    pub image: Option<String>,
    /// New data; `{}` clears it.
    pub data: Option<JsonObject>,
    /// Whether history before a join is readable.
    pub history_before_join: Option<bool>,
    /// New retention rule.
    pub retention: Option<Retention>,
}

/// Who sees a message as spoken by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Written by a member; counts as unread unless silent.
    Message,
    /// Written by the host app (a server key without an acting user is not needed: it names one); never counts.
    System,
}

/// Current state of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Seq of the last record that changed this message; its own seq at first. On a client the higher rev wins:
    /// a record with seq `s` changes a message only when `s > rev`.
    pub rev: Seq,
    /// Message or system.
    pub kind: MessageKind,
    /// The sender's idempotency key.
    pub client_id: ClientId,
    /// Text; empty once deleted.
    pub text: String,
    /// When last edited.
    pub edited_ms: Option<Millis>,
    /// Deleted for everyone: text, data, mentions and reactions are gone, ord stays.
    pub deleted: bool,
    /// The message this one answers.
    pub reply_to: Option<Seq>,
    /// Who is called on.
    pub mentions: Mentions,
    /// Counts per emoji, in the order of first use; at most `Limits::reactions_per_message`.
    pub reactions: Vec<Reaction>,
    /// The host app's own facts.
    pub data: Option<JsonObject>,
    /// Does not count as unread.
    pub silent: bool,
    /// The sender's own read mark did not move with it.
    pub keep_unread: bool,
}

impl Message {
    /// Whether it raised the room's ordinal: kind message and not silent. Deletion does not change that.
    #[must_use]
    pub fn is_countable(&self) -> bool {
        self.kind == MessageKind::Message && !self.silent
    }
}

/// How many users hold one reaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// The reaction.
    pub emoji: Emoji,
    /// Users who hold it, at least 1.
    pub count: u32,
}

/// The users a message calls on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mentions {
    /// `@all`: everybody in the room.
    pub all: bool,
    /// Named users; those who are not members are kept here but counted nowhere.
    pub users: Vec<UserId>,
}

impl Mentions {
    /// Nobody is called on.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.all && self.users.is_empty()
    }
}
