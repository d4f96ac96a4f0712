//! Discord: the JSON that DiscordChatExporter writes, one file a channel or thread.
//!
//! Ids are Discord's own numbers, kept as text. A thread is a room of its own. Service messages (joins, pins, calls) are
//! left out; replies, edits, and reactions whose people are listed are kept. A channel cut into several files is put
//! together again; messages that were in an earlier file are left out.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bongsu_types::{Millis, RoomKind};
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess};

use crate::archive::find_files;
use crate::error::ReadError;
use crate::input::Input;
use crate::intake::Intake;
use crate::json::{Context, Each, Fault, Fields, read_object};
use crate::report::Skipped;
use crate::room::{Attachment, RoomDetails, RoomNo, Said};
use crate::source::Source;
use crate::time::{UtcOffset, instant};

const EXPECTED: &str =
    "a whole DiscordChatExporter JSON: `{\"guild\": …, \"channel\": …, \"messages\": […], …}`";

/// Messages nobody wrote.
const SERVICE_TYPES: [&str; 20] = [
    "RecipientAdd",
    "RecipientRemove",
    "Call",
    "ChannelNameChange",
    "ChannelIconChange",
    "ChannelPinnedMessage",
    "GuildMemberJoin",
    "ThreadCreated",
    "ThreadStarterMessage",
    "ChannelFollowAdd",
    "GuildDiscoveryDisqualified",
    "GuildDiscoveryRequalified",
    "GuildBoost",
    "UserPremiumGuildSubscription",
    "UserPremiumGuildSubscriptionTier1",
    "UserPremiumGuildSubscriptionTier2",
    "UserPremiumGuildSubscriptionTier3",
    "AutoModerationAction",
    "StageStart",
    "StageEnd",
];

/// Whether a file found in a folder may be an export.
#[must_use]
pub fn is_export(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("json"))
}

/// A channel found, or the file that is none.
#[derive(Debug)]
pub struct Found {
    /// Its first file.
    pub path: PathBuf,
    /// The channel.
    pub channel: Result<Channel, ReadError>,
}

/// The channels named by `paths`, each with all its files; folders are searched for `*.json`.
///
/// # Errors
/// When a path does not exist or a folder cannot be read.
pub fn exports(paths: &[PathBuf]) -> Result<Vec<Found>, ReadError> {
    let mut exports: Vec<Found> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for path in find_files(paths, is_export)? {
        let channel = Input::file(&path).and_then(Channel::open);
        let place = channel.as_ref().ok().and_then(|channel| places.get(&channel.id).copied());
        match (channel, place.and_then(|place| exports[place].channel.as_mut().ok())) {
            (Ok(part), Some(known)) => known.parts.extend(part.parts),
            (channel, _) => {
                if let Ok(channel) = &channel {
                    places.insert(channel.id.clone(), exports.len());
                }
                exports.push(Found { path, channel });
            }
        }
    }
    Ok(exports)
}

/// A channel's export.
#[derive(Debug)]
pub struct Channel {
    id: String,
    kind: RoomKind,
    name: String,
    parts: Vec<Input>,
}

impl Channel {
    /// Reads the head of an export.
    ///
    /// # Errors
    /// When it cannot be read or has no channel before its messages.
    pub fn open(input: Input) -> Result<Self, ReadError> {
        let mut head = Head::default();
        let read = read_object(input.name(), input.open(&Arc::default())?, EXPECTED, &mut head);
        // The end of the head is told as an error: the messages are not looked at.
        let (Some(channel), _) = (head.channel, read) else {
            return Err(ReadError::format(input.name(), 1, "no `channel` before the messages", EXPECTED));
        };
        let kind = match channel.kind.as_str() {
            "DirectTextChat" => RoomKind::Direct,
            "DirectGroupTextChat" => RoomKind::Group,
            _ => RoomKind::Channel,
        };
        let name = match (kind, head.guild.and_then(|guild| guild.name)) {
            (RoomKind::Channel, Some(guild)) => format!("{guild} #{}", channel.name),
            (RoomKind::Direct | RoomKind::Group | RoomKind::Channel, _) => channel.name,
        };
        Ok(Self { id: channel.id, kind, name, parts: vec![input] })
    }
}

#[derive(Default)]
struct Head {
    guild: Option<Guild>,
    channel: Option<ChannelHead>,
}

#[derive(Deserialize)]
struct Guild {
    name: Option<String>,
}

#[derive(Deserialize)]
struct ChannelHead {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    name: String,
}

impl Fields for Head {
    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
        context: &Context,
    ) -> Result<(), A::Error> {
        match name {
            "guild" => self.guild = map.next_value()?,
            "channel" => self.channel = Some(map.next_value()?),
            "messages" => return Err(context.error(Fault::Read(ReadError::Ended))),
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    id: String,
    #[serde(rename = "type", default)]
    kind: String,
    timestamp: String,
    timestamp_edited: Option<String>,
    #[serde(default)]
    content: String,
    author: Author,
    #[serde(default)]
    attachments: Vec<File>,
    #[serde(default)]
    stickers: Vec<Named>,
    #[serde(default)]
    embeds: Vec<Embed>,
    #[serde(default)]
    reactions: Vec<Reaction>,
    reference: Option<Reference>,
    forwarded_message: Option<Forwarded>,
}

#[derive(Deserialize)]
struct Author {
    id: String,
    #[serde(default)]
    name: String,
    nickname: Option<String>,
}

impl Author {
    fn shown(&self) -> &str {
        self.nickname.as_deref().filter(|name| !name.is_empty()).unwrap_or(&self.name)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    file_name: String,
    file_size_bytes: Option<u64>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Embed {
    title: Option<String>,
    description: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct Reaction {
    emoji: EmojiHead,
    #[serde(default)]
    count: u64,
    #[serde(default)]
    users: Vec<Author>,
}

#[derive(Deserialize)]
struct EmojiHead {
    id: Option<String>,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    #[serde(rename = "type")]
    kind: Option<String>,
    message_id: Option<String>,
}

#[derive(Deserialize)]
struct Forwarded {
    #[serde(default)]
    content: String,
    #[serde(default)]
    attachments: Vec<File>,
}

impl Source for Channel {
    fn name(&self) -> &str {
        self.parts.first().map_or(&self.id, |part| part.name())
    }

    fn prefix(&self) -> &str {
        "discord"
    }

    fn bytes(&self) -> u64 {
        self.parts.iter().map(Input::bytes).sum()
    }

    fn read(&self, intake: &mut Intake) -> Result<(), ReadError> {
        let room = intake.room(&self.id)?;
        let details = RoomDetails { kind: self.kind, name: self.name.clone(), created_ms: None, owner: None };
        intake.describe(room, details);
        let mut last_id = 0;
        for part in &self.parts {
            let stream = intake.open(part)?;
            let mut body = Body { intake, room, after: last_id, last_id };
            read_object(part.name(), stream, EXPECTED, &mut body)?;
            last_id = body.last_id;
        }
        Ok(())
    }
}

struct Body<'a> {
    intake: &'a mut Intake,
    room: RoomNo,
    /// The last message of the parts before.
    after: u64,
    last_id: u64,
}

impl Fields for Body<'_> {
    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
        context: &Context,
    ) -> Result<(), A::Error> {
        match name {
            "messages" => map.next_value_seed(Each::new(context.clone(), |message| self.message(message))),
            _ => map.next_value::<IgnoredAny>().map(|_| ()),
        }
    }
}

impl Body<'_> {
    fn message(&mut self, message: Message) -> Result<(), Fault> {
        let number: u64 = message
            .id
            .parse()
            .map_err(|_| Fault::Wrong(format!("message id {:?} is no number", message.id)))?;
        if number <= self.after {
            self.intake.skip(Skipped::Repeated);
            return Ok(());
        }
        self.last_id = self.last_id.max(number);
        if SERVICE_TYPES.contains(&message.kind.as_str()) {
            self.intake.skip(Skipped::ServerLine);
            return Ok(());
        }
        let at_ms = time(&message.timestamp)?;
        let edited_ms = message.timestamp_edited.as_deref().map(time).transpose()?;
        let (mut text, mut files) = (message.content, message.attachments);
        if let Some(forwarded) = message.forwarded_message {
            text = if text.is_empty() { forwarded.content } else { format!("{text}\n{}", forwarded.content) };
            files.extend(forwarded.attachments);
        }
        let mut attachments: Vec<Attachment> = files.into_iter().map(File::attachment).collect();
        attachments.extend(message.stickers.into_iter().map(|sticker| Attachment {
            kind: "sticker",
            name: Some(sticker.name),
            ..Attachment::default()
        }));
        if text.is_empty() && attachments.is_empty() {
            text = text_of(&message.embeds);
        }
        let mut reactions = Vec::new();
        for reaction in message.reactions {
            for _ in (reaction.users.len() as u64)..reaction.count.min(100_000) {
                self.intake.skip(Skipped::Reaction);
            }
            for user in &reaction.users {
                self.intake.user(&user.id, user.shown())?;
            }
            let name = match &reaction.emoji.id {
                Some(id) if !id.is_empty() => format!(":{}:", reaction.emoji.name),
                Some(_) | None => reaction.emoji.name,
            };
            reactions.push((name, reaction.users.into_iter().map(|user| user.id).collect()));
        }
        let is_forward = |reference: &&Reference| reference.kind.as_deref() == Some("Forward");
        let reference = message.reference.as_ref().filter(|reference| !is_forward(reference));
        self.intake.say(
            self.room,
            Said {
                id: Some(&message.id),
                author: &message.author.id,
                author_name: message.author.shown(),
                at_ms,
                edited_ms,
                text: &text,
                reply_to: reference.and_then(|reference| reference.message_id.as_deref()),
                reactions,
                attachments,
                data: None,
            },
        )?;
        Ok(())
    }
}

impl File {
    fn attachment(self) -> Attachment {
        // What follows the `?` is a signature that has ended by now.
        let url = self.url.map(|url| url.split('?').next().unwrap_or_default().to_owned());
        Attachment { kind: "file", name: Some(self.file_name), url, bytes: self.file_size_bytes, file: None }
    }
}

fn text_of(embeds: &[Embed]) -> String {
    let texts = embeds.iter().flat_map(|embed| [&embed.title, &embed.description, &embed.url]);
    let texts: Vec<&str> = texts.flatten().map(String::as_str).filter(|text| !text.is_empty()).collect();
    texts.join("\n")
}

fn time(text: &str) -> Result<Millis, Fault> {
    instant(text, UtcOffset::UTC).ok_or_else(|| Fault::Wrong(format!("{text:?} is no time")))
}
