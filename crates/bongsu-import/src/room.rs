//! What readers tell of: rooms, people and messages, in the words of their format.

use bongsu_types::{JsonObject, Millis, RoomKind};

/// A room of a source, by the order in which it was first met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomNo(pub(crate) u32);

/// A person of a source, by the order in which they were first met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserNo(pub(crate) u32);

/// What a source says about a room beside its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomDetails {
    /// A direct room of other than two people becomes a group, a group over the limit a channel.
    pub kind: RoomKind,
    /// Name to show; empty for none.
    pub name: String,
    /// Without it: when the first message was written.
    pub created_ms: Option<Millis>,
    /// Who owns it; without one, who was met first.
    pub owner: Option<UserNo>,
}

/// A message as a reader found it.
#[derive(Debug, Clone, Default)]
pub struct Said<'a> {
    /// Names it in its room; without one its position does.
    pub id: Option<&'a str>,
    /// The author's name in the source; becomes the id.
    pub author: &'a str,
    /// The author's name to show; empty when the source told it elsewhere or the id is the name.
    pub author_name: &'a str,
    /// When it was written.
    pub at_ms: Millis,
    /// When it was last edited.
    pub edited_ms: Option<Millis>,
    /// As exported.
    pub text: &'a str,
    /// The id of the message it answers, in the same room.
    pub reply_to: Option<&'a str>,
    /// Emoji, and the authors (as `author`) who reacted.
    pub reactions: Vec<(String, Vec<String>)>,
    /// Files and the like that came with it.
    pub attachments: Vec<Attachment>,
    /// The host app's facts; attachments take their place.
    pub data: Option<JsonObject>,
}

/// A file that came with a message. It is named, not copied: `data.attachments` of the message holds the list.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Attachment {
    /// `photo`, `video`, `audio`, `file`, `sticker`, `link`...
    pub kind: &'static str,
    /// Its name in the chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The file beside the export that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Where it lies, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}
