//! One message of a Telegram export.

use bongsu_types::Millis;
use serde::Deserialize;

use crate::intake::Intake;
use crate::json::Fault;
use crate::report::Skipped;
use crate::room::{Attachment, RoomNo, Said};
use crate::time::{UtcOffset, instant};

#[derive(Deserialize)]
pub(super) struct Message {
    id: i64,
    #[serde(rename = "type")]
    kind: String,
    date: Option<String>,
    date_unixtime: Option<String>,
    edited: Option<String>,
    edited_unixtime: Option<String>,
    from: Option<String>,
    from_id: Option<Peer>,
    reply_to_message_id: Option<i64>,
    #[serde(default)]
    text: Text,
    #[serde(default)]
    reactions: Vec<Reaction>,
    photo: Option<String>,
    file: Option<String>,
    file_name: Option<String>,
    file_size: Option<u64>,
    media_type: Option<String>,
    sticker_emoji: Option<String>,
    title: Option<String>,
    place_name: Option<String>,
    address: Option<String>,
    location_information: Option<Location>,
    contact_information: Option<Contact>,
    poll: Option<Poll>,
    game_title: Option<String>,
}

/// `user123` in new exports, a number in old ones.
#[derive(Deserialize)]
#[serde(untagged)]
enum Peer {
    Named(String),
    Number(i64),
}

impl Peer {
    fn id(self) -> String {
        match self {
            Self::Named(id) => id,
            Self::Number(id) => format!("user{id}"),
        }
    }
}

/// A text, or parts of which some have a form.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Parts(Vec<Part>),
}

impl Default for Text {
    fn default() -> Self {
        Self::Plain(String::new())
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Part {
    Plain(String),
    Formed {
        #[serde(default)]
        text: String,
        href: Option<String>,
    },
}

impl Text {
    fn join(self) -> String {
        let parts = match self {
            Self::Plain(text) => return text,
            Self::Parts(parts) => parts,
        };
        let mut joined = String::new();
        for part in parts {
            match part {
                Part::Plain(text) => joined.push_str(&text),
                Part::Formed { text, href: Some(href) } if href != text => {
                    joined.push_str(&format!("{text} ({href})"));
                }
                Part::Formed { text, href: _ } => joined.push_str(&text),
            }
        }
        joined
    }
}

#[derive(Deserialize)]
struct Reaction {
    #[serde(default)]
    count: u64,
    emoji: Option<String>,
    #[serde(default)]
    recent: Vec<Reactor>,
}

#[derive(Deserialize)]
struct Reactor {
    from: Option<String>,
    from_id: Option<Peer>,
}

#[derive(Deserialize)]
struct Location {
    latitude: f64,
    longitude: f64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Contact {
    first_name: String,
    last_name: String,
}

#[derive(Deserialize)]
struct Poll {
    question: String,
    #[serde(default)]
    answers: Vec<Answer>,
}

#[derive(Deserialize)]
struct Answer {
    text: String,
}

impl Message {
    pub(super) fn tell(mut self, intake: &mut Intake, room: RoomNo, offset: UtcOffset) -> Result<(), Fault> {
        if self.kind != "message" {
            intake.skip(Skipped::ServerLine);
            return Ok(());
        }
        let at_ms = time(self.date_unixtime.as_deref(), self.date.as_deref(), offset)?
            .ok_or_else(|| Fault::Wrong("a message without `date`".to_owned()))?;
        let edited_ms = time(self.edited_unixtime.as_deref(), self.edited.as_deref(), offset)?;
        let name = self.from.take().unwrap_or_default();
        // A deleted account has neither; a name without an id is of very old exports.
        let author = match self.from_id.take() {
            Some(peer) => peer.id(),
            None if name.is_empty() => "deleted".to_owned(),
            None => name.clone(),
        };
        let reactions = self.take_reactions(intake)?;
        let attachments = self.attachments();
        let extra = self.extra_text();
        let text = std::mem::take(&mut self.text).join();
        let text = if text.is_empty() { extra } else { text };
        let (id, reply_to) = (self.id.to_string(), self.reply_to_message_id.map(|id| id.to_string()));
        let said = Said {
            id: Some(&id),
            author: &author,
            author_name: &name,
            at_ms,
            edited_ms,
            text: &text,
            reply_to: reply_to.as_deref(),
            reactions,
            attachments,
            data: None,
        };
        Ok(intake.say(room, said)?)
    }

    fn take_reactions(&mut self, intake: &mut Intake) -> Result<Vec<(String, Vec<String>)>, Fault> {
        let mut kept = Vec::new();
        for reaction in std::mem::take(&mut self.reactions) {
            let mut users = Vec::new();
            for reactor in reaction.recent {
                let Some(peer) = reactor.from_id else { continue };
                let id = peer.id();
                intake.user(&id, reactor.from.as_deref().unwrap_or_default())?;
                users.push(id);
            }
            // The file names only the latest; custom emoji have no text.
            let named = if reaction.emoji.is_some() { users.len() as u64 } else { 0 };
            for _ in named..reaction.count.min(100_000) {
                intake.skip(Skipped::Reaction);
            }
            if let Some(emoji) = reaction.emoji {
                kept.push((emoji, users));
            }
        }
        Ok(kept)
    }

    fn attachments(&self) -> Vec<Attachment> {
        let photo = self.photo.as_deref().map(|path| ("photo", path));
        let file = self.file.as_deref().map(|path| {
            let kind = match self.media_type.as_deref() {
                Some("sticker") => "sticker",
                Some("video_message" | "video_file" | "animation") => "video",
                Some("voice_message" | "audio_file") => "audio",
                Some(_) | None => "file",
            };
            (kind, path)
        });
        let attachment = |(kind, path): (&'static str, &str)| {
            // What was not downloaded has a sentence in parentheses for its path.
            let file = (!path.starts_with('(')).then(|| path.to_owned());
            let last = file.as_deref().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
            let named = [self.file_name.clone(), self.sticker_emoji.clone(), self.title.clone(), last];
            Attachment {
                kind,
                name: named.into_iter().flatten().find(|name| !name.is_empty()),
                file,
                url: None,
                bytes: self.file_size,
            }
        };
        photo.into_iter().chain(file).map(attachment).collect()
    }

    /// What a message without text shows instead.
    fn extra_text(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        if let Some(poll) = &self.poll {
            lines.push(poll.question.clone());
            lines.extend(poll.answers.iter().map(|answer| format!("- {}", answer.text)));
        }
        lines.extend(self.place_name.clone());
        lines.extend(self.address.clone());
        if let (Some(location), true) = (&self.location_information, self.place_name.is_none()) {
            lines.push(format!("{}, {}", location.latitude, location.longitude));
        }
        if let Some(contact) = &self.contact_information {
            lines.push(format!("{} {}", contact.first_name, contact.last_name).trim().to_owned());
        }
        lines.extend(self.game_title.clone());
        lines.join("\n")
    }
}

fn time(unix: Option<&str>, local: Option<&str>, offset: UtcOffset) -> Result<Option<Millis>, Fault> {
    let wrong = |text: &str| Fault::Wrong(format!("{text:?} is no time"));
    if let Some(unix) = unix {
        let seconds: u64 = unix.parse().map_err(|_| wrong(unix))?;
        return seconds
            .checked_mul(1_000)
            .filter(|ms| *ms < 1 << 53)
            .map(Millis)
            .map(Some)
            .ok_or_else(|| wrong(unix));
    }
    local.map(|local| instant(local, offset).ok_or_else(|| wrong(local))).transpose()
}
