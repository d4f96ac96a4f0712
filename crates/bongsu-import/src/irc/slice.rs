//! A file of IRC log and the reply links beside it, as a source of one room.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bongsu_types::{Limits, RoomKind};

use super::clock::{Day, LogClock};
use super::line::{Line, parse};
use crate::archive::find_files;
use crate::error::ReadError;
use crate::input::Input;
use crate::intake::Intake;
use crate::lines::Lines;
use crate::report::Skipped;
use crate::room::{RoomDetails, Said};
use crate::source::{Source, WholeRoom, read_whole};
use crate::text::TEXT_BYTES_HELD;

/// File endings of a slice, longest first: what is left of the name is the room's key.
const ENDINGS: [&str; 4] = [".raw.txt", ".ascii.txt", ".txt", ".log"];

const EXPECTED: &str = "an IRC log: `[HH:MM] <nick> text` or `channel YYYY-MM-DD [HH:MM] <nick> text`";

/// Whether a file found in a folder is a slice: `*.raw.txt` or `*.ascii.txt`.
#[must_use]
pub fn is_slice(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| ENDINGS[..2].iter().any(|end| name.ends_with(end)))
}

/// The slices named by `paths`: files as they are, folders searched for slices, sorted by path.
///
/// # Errors
/// When a path does not exist or a folder cannot be read.
pub fn slice_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, ReadError> {
    find_files(paths, is_slice)
}

/// Reads a slice into memory.
///
/// # Errors
/// As [`Slice::open`].
pub fn read_slice(path: &Path) -> Result<WholeRoom, ReadError> {
    let rooms = read_whole(&Slice::open(path)?, &Arc::new(Limits::default()))?;
    rooms
        .into_iter()
        .next()
        .ok_or_else(|| ReadError::format(&path.display().to_string(), 1, "no message", EXPECTED))
}

/// A file of IRC log. Reply links are taken from `NAME.annotation.txt` beside it, when there is one.
#[derive(Debug)]
pub struct Slice {
    input: Input,
    stem: String,
    day: Day,
    twelve_hours: bool,
    /// Line to line, from 0.
    parents: HashMap<u64, u64>,
}

impl Slice {
    /// Looks through the file for its days and its kind of clock.
    ///
    /// # Errors
    /// When it cannot be read, is no log, or has no date.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let (input, stem) = (Input::file(path)?, stem(path));
        let mut found = Found::default();
        let mut lines = Lines::open(&input, &Arc::new(AtomicU64::new(0)), TEXT_BYTES_HELD)?;
        while let Some(line) = lines.next()? {
            if let Line::Said { day, time, .. } = parse(line.text) {
                found.any = true;
                found.first_day = found.first_day.or(day);
                found.without_day |= day.is_none();
                found.past_noon |= time.is_past_noon_hour();
            }
        }
        if !found.any {
            return Err(ReadError::format(input.name(), 1, "no line of an IRC log in it", EXPECTED));
        }
        let named = stem.get(..10).and_then(Day::parse);
        let day = named.or(found.first_day).filter(|_| named.is_some() || !found.without_day);
        let Some(day) = day else {
            let expected =
                "`channel YYYY-MM-DD [HH:MM] <nick> text`, or a file name that starts with YYYY-MM-DD";
            return Err(ReadError::format(input.name(), 1, "no date", expected));
        };
        Ok(Self { input, stem, day, twelve_hours: !found.past_noon, parents: reply_links(path) })
    }
}

/// What a file says about its own clock.
#[derive(Default)]
struct Found {
    any: bool,
    first_day: Option<Day>,
    without_day: bool,
    past_noon: bool,
}

impl Source for Slice {
    fn name(&self) -> &str {
        self.input.name()
    }

    fn prefix(&self) -> &str {
        "irc"
    }

    fn bytes(&self) -> u64 {
        self.input.bytes()
    }

    fn read(&self, intake: &mut Intake) -> Result<(), ReadError> {
        let room = intake.room(&self.stem)?;
        let details =
            RoomDetails { kind: RoomKind::Group, name: self.stem.clone(), created_ms: None, owner: None };
        intake.describe(room, details);
        let mut clock = LogClock::new(self.day, self.twelve_hours);
        let mut lines = Lines::open(&self.input, intake.counter(), TEXT_BYTES_HELD)?;
        while let Some(line) = lines.next()? {
            let number = line.number - 1;
            let (day, time, nick, text) = match parse(line.text) {
                Line::Said { day, time, nick, text } => (day, time, nick, text),
                Line::Blank => {
                    intake.skip(Skipped::WithoutText);
                    continue;
                }
                Line::Server | Line::Notice => {
                    intake.skip(Skipped::ServerLine);
                    continue;
                }
                Line::Other => {
                    intake.skip(Skipped::NotUnderstood);
                    continue;
                }
            };
            let (id, parent) = (number.to_string(), self.parents.get(&number).map(u64::to_string));
            let said = Said {
                id: Some(&id),
                author: nick,
                author_name: nick,
                at_ms: clock.at(day, time),
                text: &text,
                reply_to: parent.as_deref(),
                ..Said::default()
            };
            intake.say(room, said)?;
        }
        Ok(())
    }
}

fn stem(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let end = ENDINGS.iter().find(|end| name.ends_with(**end)).copied().unwrap_or("");
    name[..name.len() - end.len()].to_owned()
}

/// Lines `A B -`: line B (from 0) answers line A. A line with several parents keeps the nearest.
fn reply_links(path: &Path) -> HashMap<u64, u64> {
    let beside = path.with_file_name(format!("{}.annotation.txt", stem(path)));
    // Links are an extra: a slice without them is whole.
    let Ok(text) = fs::read_to_string(beside) else { return HashMap::new() };
    let mut parents: HashMap<u64, u64> = HashMap::new();
    for line in text.lines() {
        let mut words = line.split_whitespace().map(str::parse::<u64>);
        let (Some(Ok(parent)), Some(Ok(child))) = (words.next(), words.next()) else { continue };
        if parent < child {
            let nearest = parents.entry(child).or_insert(parent);
            *nearest = parent.max(*nearest);
        }
    }
    parents
}

#[cfg(test)]
mod tests {
    use bongsu_types::Seq;

    use super::*;

    fn in_dir<T>(name: &str, text: impl AsRef<[u8]>, read: impl FnOnce(&Path) -> T) -> T {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        fs::write(dir.path().join("2005-01-02.annotation.txt"), "0 3 -\n2 3 -\n3 3 -\nbad\n").unwrap();
        read(&path)
    }

    fn slice(name: &str, text: &str) -> Result<WholeRoom, ReadError> {
        in_dir(name, text, read_slice)
    }

    fn error(name: &str, text: impl AsRef<[u8]>) -> String {
        in_dir(name, text, |path| Slice::open(path).unwrap_err().to_string())
    }

    #[test]
    fn a_slice_is_a_room_with_its_authors_and_its_replies() {
        let text = "[11:59] <a|b> hello\n=== x [u@h] has joined\n[12:01] <c> hi\n[01:00]  * a|b waves\n[01:01] <d>\n";
        let room = slice("2005-01-02.raw.txt", text).unwrap();
        assert_eq!(room.key.as_str(), "irc:2005-01-02");
        let texts: Vec<&str> = room.messages.iter().map(|message| message.text.as_str()).collect();
        assert_eq!(texts, ["hello", "hi", "* a|b waves"]);
        assert_eq!(room.messages[2].reply_to, Some(Seq(2)), "the nearest parent, as a seq");
        assert!(
            room.messages.windows(2).all(|pair| pair[0].at_ms < pair[1].at_ms),
            "a 12-hour clock goes on"
        );
        let authors: Vec<&str> = room.members.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(authors, ["irc:a.7cb", "irc:c"]);
    }

    #[test]
    fn a_file_that_is_no_slice_is_refused_with_what_was_expected() {
        assert!(error("2005-01-02.raw.txt", "{\"json\": 1}\n").contains("line 1: no line of an IRC log"));
        assert!(error("notes.txt", "[11:59] <a> hello\n").contains("no date; expected"));
        assert!(slice("notes.txt", "rust 2018-05-29 [21:20:37] <a> hello\n").is_ok());
    }

    #[test]
    fn text_that_is_not_utf8_is_refused_with_its_line() {
        let error = error("2005-01-02.raw.txt", b"[11:59] <a> ok\n[11:59] <a> \xff\n");
        assert!(error.contains("line 2: bytes that are not UTF-8"), "{error}");
    }
}
