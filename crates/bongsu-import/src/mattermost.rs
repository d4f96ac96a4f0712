//! Mattermost: the JSON lines of a bulk export, alone or in its zip.
//!
//! Open channels become channels, private ones groups, direct channels of two direct rooms. Replies stand in the line of
//! their post and follow it. Nothing has an id: a message is named by its place.

use std::path::Path;

use bongsu_types::{Millis, Role, RoomKind};
use serde::Deserialize;

use crate::archive::Archive;
use crate::emoji;
use crate::error::ReadError;
use crate::input::Input;
use crate::intake::Intake;
use crate::json::of_json;
use crate::lines::Lines;
use crate::report::Skipped;
use crate::room::{Attachment, RoomDetails, RoomNo, Said};
use crate::source::Source;

/// A post and all its replies are one line.
const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

const EXPECTED: &str = "a line of a Mattermost bulk export: `{\"type\": \"post\", \"post\": {…}}`";

/// A bulk export.
#[derive(Debug)]
pub struct Export {
    input: Input,
}

impl Export {
    /// Opens the JSON lines, or a zip with `import.jsonl` in it.
    ///
    /// # Errors
    /// When it cannot be read, or the zip has no JSON lines.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        if !path.extension().is_some_and(|end| end.eq_ignore_ascii_case("zip")) {
            return Ok(Self::new(Input::file(path)?));
        }
        let archive = Archive::open(path)?;
        let found = archive.entries().iter().find(|(name, _)| name.ends_with(".jsonl"));
        match found {
            Some((_, input)) => Ok(Self::new(input.clone())),
            None => {
                Err(ReadError::unusable(archive.name(), "no .jsonl in it; expected a Mattermost bulk export"))
            }
        }
    }

    /// The same over any input.
    #[must_use]
    pub fn new(input: Input) -> Self {
        Self { input }
    }
}

/// One line. Other types (emoji, roles, schemes, bots) bring nothing.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    channel: Option<Channel>,
    user: Option<User>,
    post: Option<Post>,
    direct_channel: Option<DirectChannel>,
    direct_post: Option<Post>,
}

#[derive(Deserialize)]
struct Channel {
    team: String,
    name: String,
    #[serde(default)]
    display_name: String,
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct User {
    username: String,
    nickname: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    teams: Option<Vec<Team>>,
}

#[derive(Deserialize)]
struct Team {
    name: String,
    channels: Option<Vec<TeamChannel>>,
}

#[derive(Deserialize)]
struct TeamChannel {
    name: String,
    #[serde(default)]
    roles: String,
}

#[derive(Deserialize)]
struct DirectChannel {
    members: Vec<String>,
}

#[derive(Deserialize)]
struct Post {
    team: Option<String>,
    channel: Option<String>,
    channel_members: Option<Vec<String>>,
    user: String,
    #[serde(default)]
    message: String,
    create_at: u64,
    edit_at: Option<u64>,
    reactions: Option<Vec<Reaction>>,
    attachments: Option<Vec<File>>,
    replies: Option<Vec<Post>>,
}

#[derive(Deserialize)]
struct Reaction {
    user: String,
    emoji_name: String,
}

#[derive(Deserialize)]
struct File {
    path: String,
}

impl Source for Export {
    fn name(&self) -> &str {
        self.input.name()
    }

    fn prefix(&self) -> &str {
        "mattermost"
    }

    fn bytes(&self) -> u64 {
        self.input.bytes()
    }

    fn read(&self, intake: &mut Intake) -> Result<(), ReadError> {
        let mut lines = Lines::open(&self.input, intake.counter(), LINE_BYTES_MAX)?;
        let mut is_first = true;
        while let Some(line) = lines.next()? {
            let number = line.number;
            if line.text.trim().is_empty() {
                continue;
            }
            if line.cut {
                intake.skip(Skipped::TooLong);
                continue;
            }
            let parsed: Line = serde_json::from_str(line.text)
                .map_err(|error| of_json(self.input.name(), number - 1, error, EXPECTED))?;
            if std::mem::take(&mut is_first) && parsed.kind != "version" {
                let expected = "`{\"type\": \"version\", \"version\": 1}` first: a Mattermost bulk export";
                return Err(ReadError::format(
                    self.input.name(),
                    number,
                    format!("type {:?}", parsed.kind),
                    expected,
                ));
            }
            parsed.tell(intake, number).map_err(|error| match error {
                Told::Read(error) => error,
                Told::Wrong(found) => ReadError::format(self.input.name(), number, found, EXPECTED),
            })?;
        }
        if is_first {
            return Err(ReadError::format(self.input.name(), 1, "nothing in it", EXPECTED));
        }
        Ok(())
    }
}

enum Told {
    Read(ReadError),
    Wrong(String),
}

impl From<ReadError> for Told {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl Line {
    fn tell(self, intake: &mut Intake, number: u64) -> Result<(), Told> {
        match self.kind.as_str() {
            "channel" => {
                let channel = self.channel.ok_or_else(|| missing("channel"))?;
                let room = intake.room(&format!("{}/{}", channel.team, channel.name))?;
                let kind = if channel.kind == "P" { RoomKind::Group } else { RoomKind::Channel };
                let name = if channel.display_name.is_empty() { channel.name } else { channel.display_name };
                intake.describe(room, RoomDetails { kind, name, created_ms: None, owner: None });
            }
            "user" => self.user.ok_or_else(|| missing("user"))?.tell(intake)?,
            "direct_channel" => {
                direct_room(intake, &self.direct_channel.ok_or_else(|| missing("direct_channel"))?.members)?;
            }
            "post" => {
                let post = self.post.ok_or_else(|| missing("post"))?;
                let (Some(team), Some(channel)) = (&post.team, &post.channel) else {
                    return Err(missing("team` and `channel"));
                };
                let room = intake.room(&format!("{team}/{channel}"))?;
                post.tell(intake, room, number)?;
            }
            "direct_post" => {
                let post = self.direct_post.ok_or_else(|| missing("direct_post"))?;
                let members = post.channel_members.as_ref().ok_or_else(|| missing("channel_members"))?;
                let room = direct_room(intake, members)?;
                post.tell(intake, room, number)?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn missing(field: &str) -> Told {
    Told::Wrong(format!("no `{field}`"))
}

/// A room is named by the people in it, whatever their order. A note to oneself has one name twice.
fn direct_room(intake: &mut Intake, members: &[String]) -> Result<RoomNo, ReadError> {
    let mut names = members.to_vec();
    names.sort();
    names.dedup();
    let room = intake.room(&format!("direct/{}", names.join(",")))?;
    let kind = if names.len() == 2 { RoomKind::Direct } else { RoomKind::Group };
    intake.describe(room, RoomDetails { kind, name: names.join(", "), created_ms: None, owner: None });
    for name in &names {
        if let Some(user) = intake.user(name, "")? {
            intake.member(room, user, Role::Member)?;
        }
    }
    Ok(room)
}

impl User {
    fn tell(self, intake: &mut Intake) -> Result<(), Told> {
        let full = [self.first_name, self.last_name].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let named = [self.nickname.unwrap_or_default(), full.trim().to_owned()];
        let name = named.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| self.username.clone());
        let user = intake.user(&self.username, &name)?.ok_or_else(|| missing("username"))?;
        for team in self.teams.into_iter().flatten() {
            for channel in team.channels.into_iter().flatten() {
                let room = intake.room(&format!("{}/{}", team.name, channel.name))?;
                let is_admin = channel.roles.split(' ').any(|role| role == "channel_admin");
                intake.member(room, user, if is_admin { Role::Admin } else { Role::Member })?;
            }
        }
        Ok(())
    }
}

impl Post {
    fn tell(self, intake: &mut Intake, room: RoomNo, line: u64) -> Result<(), Told> {
        let id = line.to_string();
        self.say(intake, room, &id, None)?;
        for (place, reply) in self.replies.iter().flatten().enumerate() {
            reply.say(intake, room, &format!("{line}.{}", place + 1), Some(&id))?;
        }
        Ok(())
    }

    fn say(&self, intake: &mut Intake, room: RoomNo, id: &str, parent: Option<&str>) -> Result<(), Told> {
        if self.create_at >= 1 << 53 {
            return Err(Told::Wrong(format!("create_at {} is no time in milliseconds", self.create_at)));
        }
        let mut reactions: Vec<(String, Vec<String>)> = Vec::new();
        for reaction in self.reactions.iter().flatten() {
            let shown = emoji::of_code(&reaction.emoji_name);
            match reactions.iter_mut().find(|(known, _)| *known == shown) {
                Some((_, users)) => users.push(reaction.user.clone()),
                None => reactions.push((shown, vec![reaction.user.clone()])),
            }
        }
        let attachments = self.attachments.iter().flatten().map(|file| Attachment {
            kind: "file",
            name: file.path.rsplit('/').next().map(str::to_owned),
            file: Some(file.path.clone()),
            ..Attachment::default()
        });
        let said = Said {
            id: Some(id),
            author: &self.user,
            author_name: "",
            at_ms: Millis(self.create_at),
            edited_ms: self.edit_at.filter(|at| *at > 0 && *at < 1 << 53).map(Millis),
            text: &self.message,
            reply_to: parent,
            reactions,
            attachments: attachments.collect(),
            data: None,
        };
        Ok(intake.say(room, said)?)
    }
}
