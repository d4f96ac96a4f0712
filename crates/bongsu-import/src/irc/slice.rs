//! A file of an IRC log as a room to import.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bongsu_types::{ClientId, RoomKey, Seq};

use super::clock::{Day, LogClock};
use super::line::{Line, parse};
use crate::ids::user_id;
use crate::room::{ForeignMessage, ForeignRoom, Skipped};

/// The largest slice read, in bytes: a slice is held in memory while it is imported.
const SLICE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// File endings of a slice, longest first: what is left of the name is the room's key.
const ENDINGS: [&str; 4] = [".raw.txt", ".ascii.txt", ".txt", ".log"];

/// Why a file is no slice.
#[derive(Debug, thiserror::Error)]
pub enum IrcSliceError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The file is too large to be held in memory.
    #[error("{path} has {bytes} bytes, over {SLICE_BYTES_MAX}: split it by day")]
    TooLarge {
        /// The file.
        path: String,
        /// Its size.
        bytes: u64,
    },
    /// Not UTF-8.
    #[error("{path}, line {line}: not valid UTF-8; convert the file first (iconv -t utf-8)")]
    Encoding {
        /// The file.
        path: String,
        /// First line that is not, from 1.
        line: usize,
    },
    /// No line names a day, and neither does the file.
    #[error(
        "{path}: no date; expected `channel YYYY-MM-DD [HH:MM] <nick> text` lines or a name that starts with YYYY-MM-DD"
    )]
    NoDate {
        /// The file.
        path: String,
    },
    /// Not one message in it.
    #[error("{path}, line 1: not an IRC log; expected `[HH:MM] <nick> text`")]
    NoMessages {
        /// The file.
        path: String,
    },
    /// The name makes no key.
    #[error("{path}: the file name is too long to name a room")]
    Name {
        /// The file.
        path: String,
    },
}

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
pub fn slice_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, IrcSliceError> {
    let mut files = Vec::new();
    for path in paths {
        let failed = |source| IrcSliceError::Io { path: path.display().to_string(), source };
        if fs::metadata(path).map_err(failed)?.is_dir() {
            search(path, &mut files).map_err(failed)?;
        } else {
            files.push(path.clone());
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn search(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // Links are not followed: a loop of them would never end.
        if entry.file_type()?.is_dir() {
            search(&path, files)?;
        } else if is_slice(&path) {
            files.push(path);
        }
    }
    Ok(())
}

/// Reads a slice. Reply links are taken from `NAME.annotation.txt` beside it, when there is one.
///
/// # Errors
/// See [`IrcSliceError`]; nothing of a file with an error is imported.
pub fn read_slice(path: &Path) -> Result<ForeignRoom, IrcSliceError> {
    let shown = path.display().to_string();
    let text = read_text(path, &shown)?;
    let stem = stem(path);
    let key =
        RoomKey::new(&format!("irc:{stem}")).map_err(|_| IrcSliceError::Name { path: shown.clone() })?;
    let lines: Vec<Line<'_>> = text.lines().map(parse).collect();
    if !lines.iter().any(|line| matches!(line, Line::Said { .. })) {
        return Err(IrcSliceError::NoMessages { path: shown });
    }
    let mut clock = log_clock(&lines, &stem).ok_or(IrcSliceError::NoDate { path: shown })?;

    let parents = reply_links(path);
    let mut seq_of_line: HashMap<usize, Seq> = HashMap::new();
    let mut room = ForeignRoom::new(key, stem);
    for (number, line) in lines.into_iter().enumerate() {
        let (day, time, nick, text) = match line {
            Line::Said { day, time, nick, text } => (day, time, nick, text),
            Line::Blank => {
                room.skip(Skipped::WithoutText);
                continue;
            }
            Line::Server | Line::Notice => {
                room.skip(Skipped::ServerLine);
                continue;
            }
            Line::Other => {
                room.skip(Skipped::NotUnderstood);
                continue;
            }
        };
        let at_ms = clock.at(day, time);
        let Some(sender) = user_id("irc", nick) else {
            room.skip(Skipped::AuthorName);
            continue;
        };
        let client_id = ClientId::new(&format!("irc:{number}")).expect("a line number is a short text");
        let reply_to = parents.get(&number).and_then(|line| seq_of_line.get(line)).copied();
        let seq = room.push(nick, ForeignMessage { sender, client_id, at_ms, text, reply_to });
        seq_of_line.insert(number, seq);
    }
    Ok(room)
}

fn read_text(path: &Path, shown: &str) -> Result<String, IrcSliceError> {
    let failed = |source| IrcSliceError::Io { path: shown.to_owned(), source };
    let bytes = fs::metadata(path).map_err(failed)?.len();
    if bytes > SLICE_BYTES_MAX {
        return Err(IrcSliceError::TooLarge { path: shown.to_owned(), bytes });
    }
    String::from_utf8(fs::read(path).map_err(failed)?).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
        IrcSliceError::Encoding { path: shown.to_owned(), line }
    })
}

fn stem(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let end = ENDINGS.iter().find(|end| name.ends_with(**end)).copied().unwrap_or("");
    name[..name.len() - end.len()].to_owned()
}

/// A clock for the lines: the day is in them or in the file's name. `None` when it is in neither.
fn log_clock(lines: &[Line<'_>], stem: &str) -> Option<LogClock> {
    let said = || {
        lines.iter().filter_map(|line| match line {
            Line::Said { day, time, .. } => Some((*day, *time)),
            Line::Blank | Line::Server | Line::Notice | Line::Other => None,
        })
    };
    let named: Option<Day> = stem.get(..10).and_then(Day::parse);
    let day = named.or_else(|| said().find_map(|(day, _)| day))?;
    let needs_name = said().any(|(day, _)| day.is_none());
    if needs_name && named.is_none() {
        return None;
    }
    let twelve_hours = !said().any(|(_, time)| time.is_past_noon_hour());
    Some(LogClock::new(day, twelve_hours))
}

/// Lines `A B -`: line B (from 0) answers line A. A line with several parents keeps the nearest.
fn reply_links(path: &Path) -> HashMap<usize, usize> {
    let beside = path.with_file_name(format!("{}.annotation.txt", stem(path)));
    // Links are an extra: a slice without them is whole.
    let Ok(text) = fs::read_to_string(beside) else { return HashMap::new() };
    let mut parents: HashMap<usize, usize> = HashMap::new();
    for line in text.lines() {
        let mut words = line.split_whitespace().map(str::parse::<usize>);
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
    use super::*;

    fn slice(name: &str, text: &str) -> Result<ForeignRoom, IrcSliceError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        fs::write(dir.path().join("2005-01-02.annotation.txt"), "0 3 -\n2 3 -\n3 3 -\nbad\n").unwrap();
        read_slice(&path)
    }

    #[test]
    fn a_slice_is_a_room_with_its_authors_its_replies_and_a_count_of_what_was_skipped() {
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
        let authors: Vec<&str> = room.authors().iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(authors, ["irc:a.7cb", "irc:c"]);
        assert_eq!(room.skipped[&Skipped::ServerLine], 1);
        assert_eq!(room.skipped[&Skipped::WithoutText], 1);
    }

    #[test]
    fn a_file_that_is_no_slice_is_refused_with_what_was_expected() {
        assert!(matches!(
            slice("2005-01-02.raw.txt", "{\"json\": 1}\n"),
            Err(IrcSliceError::NoMessages { .. })
        ));
        assert!(matches!(slice("notes.txt", "[11:59] <a> hello\n"), Err(IrcSliceError::NoDate { .. })));
        assert!(slice("notes.txt", "rust 2018-05-29 [21:20:37] <a> hello\n").is_ok());
    }

    #[test]
    fn text_that_is_not_utf8_is_refused_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("2005-01-02.raw.txt");
        fs::write(&path, b"[11:59] <a> ok\n[11:59] <a> \xff\n").unwrap();
        assert!(matches!(read_slice(&path), Err(IrcSliceError::Encoding { line: 2, .. })));
    }
}
