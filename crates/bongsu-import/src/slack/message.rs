//! One message of a Slack export.

use bongsu_types::Millis;
use serde::Deserialize;
use serde_json::Value;

use super::directory::Directory;
use super::markup::plain;
use crate::emoji;
use crate::intake::Intake;
use crate::json::Fault;
use crate::report::Skipped;
use crate::room::{Attachment, RoomNo, Said};

/// Messages nobody wrote.
const SERVICE_SUBTYPES: [&str; 21] = [
    "channel_join",
    "channel_leave",
    "channel_topic",
    "channel_purpose",
    "channel_name",
    "channel_archive",
    "channel_unarchive",
    "channel_convert_to_private",
    "channel_posting_permissions",
    "group_join",
    "group_leave",
    "group_topic",
    "group_purpose",
    "group_name",
    "bot_add",
    "bot_remove",
    "pinned_item",
    "unpinned_item",
    "reminder_add",
    "tombstone",
    "huddle_thread",
];

#[derive(Deserialize)]
pub(super) struct Message {
    ts: String,
    subtype: Option<String>,
    user: Option<String>,
    bot_id: Option<String>,
    username: Option<String>,
    text: Option<String>,
    thread_ts: Option<String>,
    edited: Option<Edited>,
    #[serde(default)]
    reactions: Vec<Reaction>,
    /// New exports; `file` is of old ones.
    #[serde(default)]
    files: Vec<Option<File>>,
    file: Option<File>,
    #[serde(default)]
    attachments: Vec<Preview>,
    blocks: Option<Value>,
    comment: Option<Comment>,
    user_profile: Option<UserProfile>,
}

#[derive(Deserialize)]
struct Edited {
    ts: Option<String>,
}

#[derive(Deserialize)]
struct Reaction {
    name: String,
    #[serde(default)]
    users: Vec<String>,
    #[serde(default)]
    count: u64,
}

#[derive(Deserialize)]
struct File {
    name: Option<String>,
    title: Option<String>,
    mimetype: Option<String>,
    size: Option<u64>,
    url_private: Option<String>,
}

/// What a bot or a link shows below the text.
#[derive(Deserialize)]
struct Preview {
    pretext: Option<Value>,
    title: Option<Value>,
    text: Option<Value>,
    fallback: Option<Value>,
}

#[derive(Deserialize)]
struct Comment {
    user: Option<String>,
    comment: Option<String>,
}

#[derive(Deserialize)]
struct UserProfile {
    display_name: Option<String>,
    real_name: Option<String>,
}

impl Message {
    pub(super) fn tell(
        mut self,
        intake: &mut Intake,
        room: RoomNo,
        directory: &Directory,
    ) -> Result<(), Fault> {
        if self.subtype.as_deref().is_some_and(|subtype| SERVICE_SUBTYPES.contains(&subtype)) {
            intake.skip(Skipped::ServerLine);
            return Ok(());
        }
        let at_ms = time(&self.ts)?;
        let edited_ms = match self.edited.take() {
            Some(edited) => Some(edited.ts.as_deref().map_or(Ok(at_ms), time)?),
            None => None,
        };
        let author = self.author();
        let author_name = self.author_name(&author, directory);
        let text = self.text(directory);
        let reactions = std::mem::take(&mut self.reactions).into_iter().map(|reaction| {
            for _ in (reaction.users.len() as u64)..reaction.count.min(100_000) {
                intake.skip(Skipped::Reaction);
            }
            (emoji::of_code(&reaction.name), reaction.users)
        });
        let reactions: Vec<(String, Vec<String>)> = reactions.collect();
        for user in reactions.iter().flat_map(|(_, users)| users) {
            intake.user(user, directory.name_of(user))?;
        }
        let files = self.files.into_iter().flatten().chain(self.file);
        let said = Said {
            id: Some(&self.ts),
            author: &author,
            author_name: &author_name,
            at_ms,
            edited_ms,
            text: &text,
            reply_to: self.thread_ts.as_deref().filter(|parent| *parent != self.ts),
            reactions,
            attachments: files.map(File::attachment).collect(),
            data: None,
        };
        Ok(intake.say(room, said)?)
    }

    /// A person, else a bot, else what the message says of itself; empty for nobody.
    fn author(&self) -> String {
        let commented = self.comment.as_ref().and_then(|comment| comment.user.clone());
        let named = [self.user.clone(), commented, self.bot_id.clone(), self.username.clone()];
        named.into_iter().flatten().find(|author| !author.is_empty()).unwrap_or_default()
    }

    fn author_name(&self, author: &str, directory: &Directory) -> String {
        let profile = self.user_profile.as_ref();
        let named = [
            Some(directory.name_of(author)),
            profile.and_then(|profile| profile.display_name.as_deref()),
            profile.and_then(|profile| profile.real_name.as_deref()),
            self.username.as_deref(),
        ];
        named.into_iter().flatten().find(|name| !name.is_empty()).unwrap_or_default().to_owned()
    }

    /// The text; without one what the previews say, else what the blocks say, else the comment.
    fn text(&self, directory: &Directory) -> String {
        let text = self.text.as_deref().unwrap_or_default();
        if !text.trim().is_empty() {
            return plain(text, directory);
        }
        let previews: Vec<String> =
            self.attachments.iter().map(Preview::text).filter(|text| !text.is_empty()).collect();
        if !previews.is_empty() {
            return plain(&previews.join("\n"), directory);
        }
        let mut found = String::new();
        if let Some(blocks) = &self.blocks {
            collect_text(blocks, &mut found);
        }
        if found.is_empty()
            && let Some(comment) = self.comment.as_ref().and_then(|comment| comment.comment.as_deref())
        {
            found.push_str(comment);
        }
        plain(&found, directory)
    }
}

impl Preview {
    fn text(&self) -> String {
        let parts = [&self.pretext, &self.title, &self.text];
        let parts: Vec<&str> =
            parts.into_iter().flatten().filter_map(Value::as_str).filter(|t| !t.is_empty()).collect();
        match self.fallback.as_ref().and_then(Value::as_str) {
            Some(fallback) if parts.is_empty() => fallback.to_owned(),
            Some(_) | None => parts.join("\n"),
        }
    }
}

/// Every `text` of the blocks that is one, a line for each block.
fn collect_text(value: &Value, found: &mut String) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_text(item, found)),
        Value::Object(fields) => {
            if let Some(text) = fields.get("text").and_then(Value::as_str) {
                found.push_str(text);
            }
            for (name, field) in fields {
                if name != "text" || !field.is_string() {
                    collect_text(field, found);
                }
            }
            if fields.contains_key("block_id") && !found.is_empty() {
                found.push('\n');
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl File {
    fn attachment(self) -> Attachment {
        let kind = match self.mimetype.as_deref().and_then(|mime| mime.split('/').next()) {
            Some("image") => "photo",
            Some("video") => "video",
            Some("audio") => "audio",
            Some(_) | None => "file",
        };
        // The token that opens the file (`?t=xoxe-…`) is a secret.
        let url = self.url_private.map(|url| url.split('?').next().unwrap_or_default().to_owned());
        let name = [self.title, self.name].into_iter().flatten().find(|name| !name.is_empty());
        Attachment { kind, name, url, bytes: self.size, file: None }
    }
}

/// `1516454398.000069`: seconds, and a counter that keeps it unique.
fn time(ts: &str) -> Result<Millis, Fault> {
    let wrong = || Fault::Wrong(format!("ts {ts:?} is no time like \"1516454398.000069\""));
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
    let seconds: u64 = seconds.parse().map_err(|_| wrong())?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let ms: u64 = format!("{fraction:0<3}")[..3].parse().map_err(|_| wrong())?;
    seconds
        .checked_mul(1_000)
        .map(|whole| Millis(whole + ms))
        .filter(|at| at.get() < 1 << 53)
        .ok_or_else(wrong)
}
