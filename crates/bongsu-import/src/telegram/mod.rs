//! Telegram Desktop: `result.json` of one chat, or of the whole account.
//!
//! Private chats become direct rooms, groups groups, channels and public groups channels. Formatting is left out, the
//! text stays. Replies and edits are kept; of reactions those whose people the file names. Service messages are left out.

mod escapes;
mod message;

use std::path::{Path, PathBuf};

use bongsu_types::RoomKind;
use serde::de::{Error, IgnoredAny, MapAccess};
use serde_json::Value;

use self::escapes::Mended;
use self::message::Message;
use crate::archive::find_files;
use crate::error::ReadError;
use crate::input::Input;
use crate::intake::Intake;
use crate::json::{Context, Each, EachObject, Fields, Object, read_object};
use crate::room::{RoomDetails, RoomNo};
use crate::source::Source;
use crate::time::UtcOffset;

const EXPECTED: &str = "a whole result.json of Telegram Desktop: one chat with `messages`, or `chats`";

/// The exports named by `paths`; folders are searched for `result.json`.
///
/// # Errors
/// When a path does not exist or a folder cannot be read.
pub fn exports(paths: &[PathBuf]) -> Result<Vec<PathBuf>, ReadError> {
    find_files(paths, |path: &Path| path.file_name().is_some_and(|name| name == "result.json"))
}

/// A `result.json`.
#[derive(Debug)]
pub struct Export {
    input: Input,
    offset: UtcOffset,
}

impl Export {
    /// `offset` is for exports before 2022, whose times have no zone.
    #[must_use]
    pub fn new(input: Input, offset: UtcOffset) -> Self {
        Self { input, offset }
    }
}

impl Source for Export {
    fn name(&self) -> &str {
        self.input.name()
    }

    fn prefix(&self) -> &str {
        "telegram"
    }

    fn bytes(&self) -> u64 {
        self.input.bytes()
    }

    fn read(&self, intake: &mut Intake) -> Result<(), ReadError> {
        let stream = Box::new(Mended::new(intake.open(&self.input)?));
        let mut root = Root { chat: Chat::new(intake, self.offset), found: false };
        read_object(self.input.name(), stream, EXPECTED, &mut root)?;
        if !root.found {
            return Err(ReadError::format(self.input.name(), 1, "no `messages` and no `chats`", EXPECTED));
        }
        Ok(())
    }
}

/// One chat, or lists of chats.
struct Root<'a> {
    chat: Chat<'a>,
    found: bool,
}

impl Fields for Root<'_> {
    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
        context: &Context,
    ) -> Result<(), A::Error> {
        match name {
            "chats" | "left_chats" => {
                self.found = true;
                let mut list = List { chat: &mut self.chat };
                map.next_value_seed(Object { fields: &mut list, context: context.clone() })
            }
            _ => {
                self.found |= name == "messages";
                self.chat.field(name, map, context)
            }
        }
    }
}

/// `{"about": …, "list": [chat, …]}`
struct List<'a, 'b> {
    chat: &'a mut Chat<'b>,
}

impl Fields for List<'_, '_> {
    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
        context: &Context,
    ) -> Result<(), A::Error> {
        match name {
            "list" => map.next_value_seed(EachObject { fields: self.chat, context: context.clone() }),
            _ => map.next_value::<IgnoredAny>().map(|_| ()),
        }
    }
}

/// A chat: its head stands before its messages.
struct Chat<'a> {
    intake: &'a mut Intake,
    offset: UtcOffset,
    name: String,
    kind: String,
    id: String,
}

impl<'a> Chat<'a> {
    fn new(intake: &'a mut Intake, offset: UtcOffset) -> Self {
        Self { intake, offset, name: String::new(), kind: String::new(), id: String::new() }
    }

    /// Numbers are unique among people, groups and channels, each for itself.
    fn room(&mut self) -> Result<RoomNo, ReadError> {
        let (space, kind) = match self.kind.as_str() {
            "saved_messages" | "replies" | "personal_chat" | "bot_chat" => ("user", RoomKind::Direct),
            "private_group" => ("chat", RoomKind::Group),
            "private_supergroup" => ("channel", RoomKind::Group),
            _ => ("channel", RoomKind::Channel),
        };
        let name = match (self.name.as_str(), self.kind.as_str()) {
            ("", "saved_messages") => "Saved messages".to_owned(),
            (name, _) => name.to_owned(),
        };
        let room = self.intake.room(&format!("{space}{}", self.id))?;
        self.intake.describe(room, RoomDetails { kind, name, created_ms: None, owner: None });
        Ok(room)
    }
}

impl Fields for Chat<'_> {
    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
        context: &Context,
    ) -> Result<(), A::Error> {
        match name {
            // The name is null for deleted accounts and absent for saved messages; the type begins every chat.
            "name" => self.name = map.next_value::<Option<String>>()?.unwrap_or_default(),
            "type" => self.kind = map.next_value()?,
            "id" => {
                self.id = match map.next_value()? {
                    Value::Number(id) => id.to_string(),
                    _ => return Err(A::Error::custom("a chat's `id` that is no number")),
                }
            }
            "messages" => {
                if self.id.is_empty() || self.kind.is_empty() {
                    return Err(A::Error::custom("`messages` before the `type` and `id` of their chat"));
                }
                let room = self.room().map_err(|error| context.error(error.into()))?;
                let (intake, offset) = (&mut *self.intake, self.offset);
                map.next_value_seed(Each::new(context.clone(), |message: Message| {
                    message.tell(intake, room, offset)
                }))?;
                (self.name, self.kind, self.id) = (String::new(), String::new(), String::new());
            }
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}
