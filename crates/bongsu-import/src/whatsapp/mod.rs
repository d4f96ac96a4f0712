//! WhatsApp: the text of one chat, from Android or iOS, alone or in its zip.
//!
//! The layout follows the phone's language: the order of day, month and year is found by looking through the file, and
//! asked for when it cannot be. People have only the names of the exporter's contacts. A chat is a direct room when just
//! two people wrote and the file is named after one of them.

mod dates;
mod line;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bongsu_types::{Millis, RoomKind};

pub use self::dates::DateOrder;

use self::dates::Dates;
use self::line::{Head, Style, head, said};
use crate::archive::{Archive, find_files};
use crate::error::ReadError;
use crate::input::Input;
use crate::intake::Intake;
use crate::lines::Lines;
use crate::report::Skipped;
use crate::room::{Attachment, RoomDetails, RoomNo, Said};
use crate::source::Source;
use crate::text::{HeldText, TEXT_BYTES_HELD};
use crate::time::UtcOffset;

const EXPECTED: &str =
    "a WhatsApp chat: `30/01/19, 20:49 - Name: text` (Android) or `[30/01/19, 20:49:05] Name: text` (iOS)";

/// The suffix of an edited message.
const EDITED: &str = "<This message was edited>";

/// The chats named by `paths`: files as they are, folders searched for WhatsApp's names.
///
/// # Errors
/// When a path does not exist or a folder cannot be read.
pub fn exports(paths: &[PathBuf]) -> Result<Vec<PathBuf>, ReadError> {
    find_files(paths, |path: &Path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        is_chat(&name) || (name.starts_with("WhatsApp") && name.ends_with(".zip"))
    })
}

fn is_chat(name: &str) -> bool {
    name.ends_with(".txt") && (name == "_chat.txt" || name.starts_with("WhatsApp"))
}

/// One chat.
#[derive(Debug)]
pub struct Chat {
    input: Input,
    title: String,
    style: Style,
    order: DateOrder,
    offset: UtcOffset,
}

/// What the file does not say.
#[derive(Debug, Clone, Default)]
pub struct ChatOptions {
    /// Names the room instead of the file's name.
    pub room: Option<String>,
    /// The order of dates, when it cannot be found.
    pub order: Option<DateOrder>,
    /// The phone's zone; UTC without one.
    pub offset: Option<UtcOffset>,
}

impl Chat {
    /// Opens a chat and finds its layout.
    ///
    /// # Errors
    /// When it cannot be read, is no chat, or its dates can be read in two ways.
    pub fn open(path: &Path, options: &ChatOptions) -> Result<Self, ReadError> {
        let title = options.room.clone().unwrap_or_else(|| title_of(path));
        let is_zip = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("zip"));
        if !is_zip {
            return Self::of_input(Input::file(path)?, title, options);
        }
        let archive = Archive::open(path)?;
        let found =
            archive.entries().iter().find(|(name, _)| is_chat(name.rsplit('/').next().unwrap_or(name)));
        match found {
            Some((_, input)) => Self::of_input(input.clone(), title, options),
            None => Err(ReadError::unusable(archive.name(), "no _chat.txt or WhatsApp*.txt in it")),
        }
    }

    /// The same over any input.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn of_input(input: Input, title: String, options: &ChatOptions) -> Result<Self, ReadError> {
        let mut lines = Lines::open(&input, &Arc::default(), TEXT_BYTES_HELD)?;
        let (mut style, mut dates) = (None, Dates::default());
        while let Some(line) = lines.next()? {
            let Some(found) = head(line.text) else { continue };
            if *style.get_or_insert(found.style) == found.style {
                dates.see(line.number, &found);
            }
        }
        let Some(style) = style else {
            return Err(ReadError::format(input.name(), 1, "no line of a WhatsApp chat in it", EXPECTED));
        };
        let order = match options.order {
            Some(order) => order,
            None => dates.order().map_err(|line| {
                let expected = "--date-order dmy, mdy or ymd: the file can be read in more than one way";
                ReadError::format(input.name(), line, "a date whose order cannot be told", expected)
            })?,
        };
        Ok(Self { input, title, style, order, offset: options.offset.unwrap_or(UtcOffset::UTC) })
    }
}

/// `WhatsApp Chat with NAME.txt`, `WhatsApp Chat - NAME.zip`, or the folder of `_chat.txt`.
fn title_of(path: &Path) -> String {
    let stem =
        |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut name = stem(path);
    if name == "_chat"
        && let Some(folder) = path.parent()
    {
        name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or(name);
    }
    let named = ["WhatsApp Chat with ", "WhatsApp Chat - "].iter().find_map(|start| name.strip_prefix(start));
    named.map_or(name.clone(), str::to_owned)
}

impl Source for Chat {
    fn name(&self) -> &str {
        self.input.name()
    }

    fn prefix(&self) -> &str {
        "whatsapp"
    }

    fn bytes(&self) -> u64 {
        self.input.bytes()
    }

    fn read(&self, intake: &mut Intake) -> Result<(), ReadError> {
        let room = intake.room(&self.title)?;
        let mut names = BTreeSet::new();
        let mut open: Option<Message> = None;
        let mut lines = Lines::open(&self.input, intake.counter(), TEXT_BYTES_HELD)?;
        while let Some(line) = lines.next()? {
            let found = head(line.text).filter(|found| found.style == self.style);
            let Some((found, at_ms)) =
                found.and_then(|found| Some((self.at(&found)?, found))).map(|(at, f)| (f, at))
            else {
                // More of the message before; what stands before the first message or after a system line is lost.
                match &mut open {
                    Some(message) => message.text.add_line(line.text),
                    None => intake.skip(Skipped::NotUnderstood),
                }
                continue;
            };
            if let Some(message) = open.take() {
                message.tell(intake, room)?;
            }
            match said(found.rest) {
                Some((sender, text)) => {
                    if names.len() < 3 && !names.contains(sender) {
                        names.insert(sender.to_owned());
                    }
                    open = Some(Message { at_ms, sender: sender.to_owned(), text: HeldText::of(text) });
                }
                None => intake.skip(Skipped::ServerLine),
            }
        }
        if let Some(message) = open.take() {
            message.tell(intake, room)?;
        }
        let is_direct = names.len() == 2 && names.contains(&self.title);
        let kind = if is_direct { RoomKind::Direct } else { RoomKind::Group };
        intake.describe(room, RoomDetails { kind, name: self.title.clone(), created_ms: None, owner: None });
        Ok(())
    }
}

impl Chat {
    fn at(&self, head: &Head<'_>) -> Option<Millis> {
        self.order.date(head.date)?.at(head.time, self.offset)
    }
}

struct Message {
    at_ms: Millis,
    sender: String,
    text: HeldText,
}

impl Message {
    fn tell(self, intake: &mut Intake, room: RoomNo) -> Result<(), ReadError> {
        let text = self.text.as_str().trim_start_matches(['\u{200e}', '\u{200f}']);
        let (text, edited_ms) = match text.trim_end().strip_suffix(EDITED) {
            // The time of the edit is not exported.
            Some(rest) => (rest.trim_end().trim_end_matches('\u{200e}'), Some(self.at_ms)),
            None => (text, None),
        };
        let said = Said {
            author: &self.sender,
            author_name: &self.sender,
            at_ms: self.at_ms,
            edited_ms,
            text,
            attachments: attachment(text).into_iter().collect(),
            ..Said::default()
        };
        intake.say(room, said)
    }
}

/// What a text stands for: a file beside the export, or one that was left out.
fn attachment(text: &str) -> Option<Attachment> {
    let text = text.trim_matches(['\u{200e}', '\u{200f}', ' ', '\n']);
    let first = text.lines().next()?;
    let named = first
        .strip_suffix(" (file attached)")
        .or_else(|| first.strip_prefix("<attached: ").and_then(|rest| rest.strip_suffix('>')));
    if let Some(name) = named {
        let name = name.trim_start_matches('\u{200e}').to_owned();
        return Some(Attachment {
            kind: kind_of(&name),
            name: Some(name.clone()),
            file: Some(name),
            ..Attachment::default()
        });
    }
    let kind = match text {
        "<Media omitted>" | "<미디어 파일 제외됨>" => "file",
        "image omitted" => "photo",
        "video omitted" | "GIF omitted" => "video",
        "audio omitted" => "audio",
        "sticker omitted" => "sticker",
        "document omitted" => "file",
        _ => return None,
    };
    Some(Attachment { kind, ..Attachment::default() })
}

fn kind_of(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end).to_ascii_lowercase();
    match end.as_str() {
        "jpg" | "jpeg" | "png" => "photo",
        "webp" => "sticker",
        "mp4" | "mov" | "3gp" | "gif" => "video",
        "opus" | "m4a" | "mp3" | "aac" => "audio",
        _ => "file",
    }
}
