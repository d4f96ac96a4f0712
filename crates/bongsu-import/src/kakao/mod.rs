//! KakaoTalk: what Windows, Android, iOS and macOS export of one room, in Korean or English.
//!
//! The layout is told by the content, not by the file's name. Times have no zone and no seconds (but on macOS): the order
//! of the file is kept. People have only their display names: two of one name are one user. A room is named by the title
//! in the head of the export; it is a direct room when just two people wrote and the title names one of them. Lines that
//! look like a message are one, even where somebody pasted them: the format cannot tell.

mod csv;
mod layout;
mod media;
mod reader;
mod title;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bongsu_types::RoomKind;

pub use self::layout::Layout;

use crate::archive::{Archive, find_files, listed};
use crate::error::ReadError;
use crate::input::Input;
use crate::intake::Intake;
use crate::lines::Lines;
use crate::room::RoomDetails;
use crate::source::Source;
use crate::text::TEXT_BYTES_HELD;
use crate::time::UtcOffset;

/// Lines looked at for one that shows the layout.
const LINES_TO_TELL: u64 = 1_000;

/// Files beside an export that are matched with its messages.
const FILES_BESIDE_MAX: usize = 100_000;

const EXPECTED: &str = "a KakaoTalk export: `[이름] [오후 1:08] …` (Windows), `2026년 2월 8일 오후 3:18, 이름 : …` (Android), \
    `2026. 1. 27. 21:37, 이름 : …` (iOS) or `Date,User,Message` (macOS)";

/// Whether a file found in a folder is an export by its name.
#[must_use]
pub fn is_export(path: &Path) -> bool {
    let name = file_name(path);
    let end = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
    matches!(end.as_deref(), Some("txt" | "csv" | "zip"))
        && (name.starts_with("KakaoTalk") || name.starts_with("Talk_"))
}

/// The exports named by `paths`, each with its parts in order: iOS cuts long chats into `…-1.txt`, `…-2.txt`.
///
/// # Errors
/// When a path does not exist or a folder cannot be read.
pub fn exports(paths: &[PathBuf]) -> Result<Vec<Vec<PathBuf>>, ReadError> {
    let mut exports: BTreeMap<PathBuf, BTreeMap<u32, PathBuf>> = BTreeMap::new();
    for path in find_files(paths, is_export)? {
        let name = file_name(&path);
        let (whole, part) = match title::part_of(&name) {
            Some((stem, part)) => (path.with_file_name(stem), part),
            None => (path.clone(), 0),
        };
        exports.entry(whole).or_default().insert(part, path);
    }
    Ok(exports.into_values().map(|parts| parts.into_values().collect()).collect())
}

/// One room's export.
#[derive(Debug)]
pub struct KakaoRoom {
    name: String,
    parts: Vec<Input>,
    layout: Layout,
    title: String,
    /// Names of the files beside it.
    beside: Vec<String>,
    offset: UtcOffset,
}

impl KakaoRoom {
    /// Opens an export: the parts of a text, a CSV, or a zip of a text and files. `room` names the room instead of the
    /// export's title.
    ///
    /// # Errors
    /// When it cannot be read or is no export.
    pub fn open(parts: &[PathBuf], room: Option<&str>, offset: UtcOffset) -> Result<Self, ReadError> {
        let files = match parts {
            [zip] if zip.extension().is_some_and(|end| end.eq_ignore_ascii_case("zip")) => {
                Files::of_zip(zip)?
            }
            parts => Files::of_parts(parts)?,
        };
        Self::of_files(files, room, offset)
    }

    /// The same over any inputs.
    ///
    /// # Errors
    /// When the first is no export.
    pub fn of_files(files: Files, room: Option<&str>, offset: UtcOffset) -> Result<Self, ReadError> {
        let Some(input) = files.parts.first() else { return Err(ReadError::unusable("-", "no file named")) };
        let head = Head::of(input)?;
        let title = room.map(str::to_owned).or(head.title).unwrap_or_else(|| title::of_file(&files.name));
        let name = input.name().to_owned();
        Ok(Self { name, parts: files.parts, layout: head.layout, title, beside: files.beside, offset })
    }

    /// Which program wrote it.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }
}

/// What the first lines tell.
struct Head {
    layout: Layout,
    title: Option<String>,
}

impl Head {
    fn of(input: &Input) -> Result<Self, ReadError> {
        let mut lines = Lines::open(input, &Arc::new(AtomicU64::new(0)), TEXT_BYTES_HELD)?;
        let (mut first, mut second) = (String::new(), String::new());
        while let Some(line) = lines.next()? {
            let number = line.number;
            if let Some(layout) = layout::layout_of(line.text) {
                let title = if number > 2 { title::of_head(&first, &second, layout) } else { None };
                return Ok(Self { layout, title });
            }
            match number {
                1 => first = line.text.to_owned(),
                2 => second = line.text.to_owned(),
                LINES_TO_TELL => break,
                _ => {}
            }
        }
        Err(ReadError::format(input.name(), 1, "no line of a KakaoTalk export in it", EXPECTED))
    }
}

/// The files of one export.
#[derive(Debug)]
pub struct Files {
    /// Of the file, for a room without a title.
    pub name: String,
    /// The text, in its parts.
    pub parts: Vec<Input>,
    /// Names of the files beside it.
    pub beside: Vec<String>,
}

impl Files {
    fn of_parts(parts: &[PathBuf]) -> Result<Self, ReadError> {
        let Some(first) = parts.first() else { return Err(ReadError::unusable("-", "no file named")) };
        let folder = first.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let others = listed(folder)?.into_iter().filter(|path| !parts.contains(path)).take(FILES_BESIDE_MAX);
        Ok(Self {
            name: file_name(first),
            parts: parts.iter().map(|path| Input::file(path)).collect::<Result<_, _>>()?,
            beside: others.map(|path| file_name(&path)).collect(),
        })
    }

    fn of_zip(path: &Path) -> Result<Self, ReadError> {
        let archive = Archive::open(path)?;
        let (mut chats, mut beside) = (BTreeMap::new(), Vec::new());
        for (name, input) in archive.entries() {
            let file = name.rsplit('/').next().unwrap_or(name);
            if is_export(Path::new(file)) && !file.ends_with(".zip") {
                chats.insert(title::part_of(file).map_or(0, |(_, part)| part), input.clone());
            } else if beside.len() < FILES_BESIDE_MAX {
                beside.push(file.to_owned());
            }
        }
        if chats.is_empty() {
            let reason = "no KakaoTalkChats.txt, Talk_*.txt or KakaoTalk*.csv in it";
            return Err(ReadError::unusable(archive.name(), reason));
        }
        Ok(Self { name: file_name(path), parts: chats.into_values().collect(), beside })
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

impl Source for KakaoRoom {
    fn name(&self) -> &str {
        &self.name
    }

    fn prefix(&self) -> &str {
        "kakao"
    }

    fn bytes(&self) -> u64 {
        self.parts.iter().map(Input::bytes).sum()
    }

    fn read(&self, intake: &mut Intake) -> Result<(), ReadError> {
        let room = intake.room(&self.title)?;
        let mut reader = reader::Reader::new(intake, room, self);
        for part in &self.parts {
            reader.read(part)?;
        }
        let is_direct = reader.is_direct(&self.title);
        let kind = if is_direct { RoomKind::Direct } else { RoomKind::Group };
        let details = RoomDetails { kind, name: self.title.clone(), created_ms: None, owner: None };
        intake.describe(room, details);
        Ok(())
    }
}
