//! Slack: the export of a workspace, as a zip or unpacked.
//!
//! Public channels become channels, private ones and group conversations groups, conversations of two direct rooms. A
//! message's `ts` is its id; replies in threads answer the thread's first message; edits and reactions are kept. Joins and
//! the like are left out. Files are named with their address, without the token in it.

mod directory;
mod markup;
mod message;

use std::path::Path;

use bongsu_types::Role;

use self::directory::{Conversation, Directory};
use self::message::Message;
use crate::archive::Archive;
use crate::error::ReadError;
use crate::input::Input;
use crate::intake::Intake;
use crate::json::read_array;
use crate::report::Skipped;
use crate::room::{RoomDetails, RoomNo};
use crate::source::Source;

const EXPECTED_DAY: &str = "a JSON array of messages, as Slack exports a day";

/// A workspace's export.
#[derive(Debug)]
pub struct Workspace {
    name: String,
    ignored: u64,
    directory: Directory,
    conversations: Vec<(Conversation, Vec<Input>)>,
    bytes: u64,
}

impl Workspace {
    /// Opens an export and reads who and what is in it.
    ///
    /// # Errors
    /// When it cannot be read or is no export.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        Self::of_archive(Archive::open(path)?)
    }

    fn of_archive(archive: Archive) -> Result<Self, ReadError> {
        // Some were packed again, with a folder around everything.
        let root = archive
            .entries()
            .keys()
            .filter_map(|name| name.strip_suffix("users.json").or_else(|| name.strip_suffix("channels.json")))
            .filter(|root| root.is_empty() || root.ends_with('/'))
            .min_by_key(|root| root.len())
            .map(str::to_owned);
        let Some(root) = root else {
            let reason = "no users.json or channels.json in it; expected an export of a Slack workspace";
            return Err(ReadError::unusable(archive.name(), reason));
        };
        let directory = Directory::read(&archive, &root)?;
        let mut conversations: Vec<(Conversation, Vec<Input>)> =
            directory.conversations().into_iter().map(|known| (known, Vec::new())).collect();
        let mut bytes = 0;
        for (name, input) in archive.entries() {
            let Some((folder, day)) = name.strip_prefix(&root).and_then(|rest| rest.split_once('/')) else {
                continue;
            };
            if !is_day(day) {
                continue;
            }
            bytes += input.bytes();
            match conversations.iter_mut().find(|(known, _)| known.folder == folder) {
                Some((_, days)) => days.push(input.clone()),
                None => conversations.push((Conversation::unlisted(folder), vec![input.clone()])),
            }
        }
        let (name, ignored) = (archive.name().to_owned(), archive.ignored());
        Ok(Self { name, ignored, directory, conversations, bytes })
    }
}

/// `2016-01-14.json`
fn is_day(name: &str) -> bool {
    let Some(day) = name.strip_suffix(".json") else { return false };
    day.len() == 10
        && day
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() })
}

impl Source for Workspace {
    fn name(&self) -> &str {
        &self.name
    }

    fn prefix(&self) -> &str {
        "slack"
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read(&self, intake: &mut Intake) -> Result<(), ReadError> {
        for _ in 0..self.ignored {
            intake.skip(Skipped::EntryName);
        }
        for (conversation, days) in &self.conversations {
            let room = intake.room(&conversation.id)?;
            let owner = match &conversation.creator {
                Some(creator) => intake.user(creator, self.directory.name_of(creator))?,
                None => None,
            };
            let details = RoomDetails {
                kind: conversation.kind,
                name: self.directory.title_of(conversation),
                created_ms: conversation.created_ms,
                owner,
            };
            intake.describe(room, details);
            for member in &conversation.members {
                if let Some(user) = intake.user(member, self.directory.name_of(member))? {
                    intake.member(room, user, Role::Member)?;
                }
            }
            for day in days {
                self.read_day(intake, room, day)?;
            }
        }
        Ok(())
    }
}

impl Workspace {
    fn read_day(&self, intake: &mut Intake, room: RoomNo, day: &Input) -> Result<(), ReadError> {
        let stream = intake.open(day)?;
        read_array(day.name(), stream, EXPECTED_DAY, |message: Message| {
            message.tell(intake, room, &self.directory)
        })
    }
}
