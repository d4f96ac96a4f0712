//! What an import did, and what it left out and why.

use std::collections::{BTreeMap, HashSet};

use bongsu_types::{RoomKey, UserId};

/// Why a part of a source was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skipped {
    /// Nothing was said in it.
    WithoutText,
    /// Joins, leaves, renames, notices.
    ServerLine,
    /// Not in the format.
    NotUnderstood,
    /// Nobody wrote it.
    WithoutAuthor,
    /// Text over the limit.
    TooLong,
    /// Met before in the same room.
    Repeated,
    /// The message is in, what it answers is not.
    ReplyTarget,
    /// The message is in, a reaction is not.
    Reaction,
    /// The message is in, its data are not.
    Data,
    /// A room without messages and people.
    EmptyRoom,
    /// A file of an archive whose name leads out of it.
    EntryName,
}

impl Skipped {
    /// For the summary.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::WithoutText => "messages without text",
            Self::ServerLine => "system messages (joins, leaves, renames, notices)",
            Self::NotUnderstood => "lines not understood",
            Self::WithoutAuthor => "messages without an author",
            Self::TooLong => "messages over limits.text_bytes",
            Self::Repeated => "messages met twice",
            Self::ReplyTarget => "links to a message that is missing or comes later (the replies are in)",
            Self::Reaction => "reactions over a limit or by people the file does not name",
            Self::Data => "lists of attachments or data over limits.data_bytes (the messages are in)",
            Self::EmptyRoom => "rooms without messages and members",
            Self::EntryName => "archive entries whose name leads out of the archive",
        }
    }
}

/// What was left out, and how often.
pub type Skips = BTreeMap<Skipped, u64>;

/// A room that was not imported, while the rest of its source was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its key.
    pub key: RoomKey,
    /// Why, and what to do.
    pub reason: String,
}

/// What an import of one source did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Rooms completed by this run.
    pub rooms: u64,
    /// Messages written by this run.
    pub messages: u64,
    /// Rooms that were complete before.
    pub rooms_before: u64,
    /// Messages that were there before.
    pub messages_before: u64,
    /// Messages that the source gained since its room was completed: they are not in.
    pub left_out: u64,
    /// Groups that became channels for the number of their members.
    pub became_channels: u64,
    /// Rooms not imported.
    pub refused: Vec<Refused>,
    /// Parts left out.
    pub skipped: Skips,
    /// Everybody named in the rooms imported or there before.
    pub users: HashSet<UserId>,
    /// Every room of the source that is in the store now.
    pub keys: HashSet<RoomKey>,
    /// The most messages in memory at once.
    pub held_max: u64,
}

impl Report {
    /// Adds what another source did.
    pub fn add(&mut self, other: Self) {
        self.rooms += other.rooms;
        self.messages += other.messages;
        self.rooms_before += other.rooms_before;
        self.messages_before += other.messages_before;
        self.left_out += other.left_out;
        self.became_channels += other.became_channels;
        self.refused.extend(other.refused);
        for (why, count) in other.skipped {
            *self.skipped.entry(why).or_default() += count;
        }
        self.users.extend(other.users);
        self.keys.extend(other.keys);
        self.held_max = self.held_max.max(other.held_max);
    }
}
