//! A room read from a foreign format, before it is imported.

use std::collections::{BTreeMap, HashSet};

use bongsu_types::{ClientId, Millis, RoomKey, Seq, UserId};

/// A message read from a foreign format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignMessage {
    /// Who wrote it.
    pub sender: UserId,
    /// Names it in the source.
    pub client_id: ClientId,
    /// When.
    pub at_ms: Millis,
    /// Text, never empty.
    pub text: String,
    /// An earlier message of the same room.
    pub reply_to: Option<Seq>,
}

/// Why a part of a source is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skipped {
    /// Nothing was said in it.
    WithoutText,
    /// Joins, parts, renames, notices.
    ServerLine,
    /// Not in the format.
    NotUnderstood,
    /// The author's name is too long for an id.
    AuthorName,
}

impl Skipped {
    /// For the summary.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::WithoutText => "lines without text",
            Self::ServerLine => "server lines and notices",
            Self::NotUnderstood => "lines not understood",
            Self::AuthorName => "author names over 64 bytes",
        }
    }
}

/// A group room read from a foreign format: its messages in order and its authors as members.
#[derive(Debug, Clone)]
pub struct ForeignRoom {
    /// Names the room in the source; global.
    pub key: RoomKey,
    /// Name to show.
    pub name: String,
    /// In the order of the source; the first gets seq 1.
    pub messages: Vec<ForeignMessage>,
    /// What was left out, and how often.
    pub skipped: BTreeMap<Skipped, u64>,
    authors: Vec<(UserId, String)>,
    known: HashSet<UserId>,
}

impl ForeignRoom {
    /// An empty room.
    #[must_use]
    pub fn new(key: RoomKey, name: String) -> Self {
        Self {
            key,
            name,
            messages: Vec::new(),
            skipped: BTreeMap::new(),
            authors: Vec::new(),
            known: HashSet::new(),
        }
    }

    /// Adds a message by the author of this name; returns the seq it will have.
    pub fn push(&mut self, author_name: &str, message: ForeignMessage) -> Seq {
        if self.known.insert(message.sender.clone()) {
            self.authors.push((message.sender.clone(), author_name.to_owned()));
        }
        self.messages.push(message);
        Seq(self.messages.len() as u64)
    }

    /// Counts a part that is no message.
    pub fn skip(&mut self, why: Skipped) {
        *self.skipped.entry(why).or_default() += 1;
    }

    /// Everybody who wrote, with the name to show, in the order of their first message.
    #[must_use]
    pub fn authors(&self) -> &[(UserId, String)] {
        &self.authors
    }
}
