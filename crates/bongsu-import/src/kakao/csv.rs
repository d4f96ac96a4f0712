//! Records of KakaoTalk's CSV (macOS): `Date,User,Message`, texts over several lines in quotes.

use crate::error::ReadError;
use crate::lines::Lines;
use crate::text::HeldText;

/// The first line.
pub(super) const HEADER: &str = "Date,User,Message";

/// Fields of a line; a message of more than three keeps its commas.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// Where it begins.
    pub(super) line: u64,
    pub(super) date: String,
    pub(super) user: String,
    pub(super) message: String,
    /// The line as it stands, for one that is more of the message before.
    pub(super) raw: String,
}

/// The next record; `None` at the end.
pub(super) fn next(lines: &mut Lines) -> Result<Option<Record>, ReadError> {
    let Some(first) = lines.next()? else { return Ok(None) };
    let line = first.number;
    let raw = first.text.to_owned();
    let mut fields = Fields::default();
    fields.take(&raw);
    while fields.quoted {
        match lines.next()? {
            Some(more) => {
                fields.add("\n");
                fields.take(more.text);
            }
            None => {
                let found = "a quoted text that never ends";
                return Err(ReadError::format(
                    lines.file(),
                    line,
                    found,
                    "a closing `\"` before the end of the file",
                ));
            }
        }
    }
    let mut done = fields.done.into_iter();
    let mut next = || done.next().map(|field| field.as_str().to_owned()).unwrap_or_default();
    Ok(Some(Record { line, date: next(), user: next(), message: next(), raw }))
}

struct Fields {
    done: Vec<HeldText>,
    quoted: bool,
    at_start: bool,
}

impl Default for Fields {
    fn default() -> Self {
        Self { done: vec![HeldText::default()], quoted: false, at_start: true }
    }
}

impl Fields {
    fn take(&mut self, line: &str) {
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if self.quoted && chars.peek() == Some(&'"') => {
                    chars.next();
                    self.add("\"");
                }
                '"' if self.quoted => self.quoted = false,
                '"' if self.at_start => self.quoted = true,
                // The third field is the last: commas in it are its own.
                ',' if !self.quoted && self.done.len() < 3 => {
                    self.done.push(HeldText::default());
                    self.at_start = true;
                    continue;
                }
                c => self.add(c.encode_utf8(&mut [0; 4])),
            }
            self.at_start = false;
        }
    }

    fn add(&mut self, part: &str) {
        if let Some(last) = self.done.last_mut() {
            last.push(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::input::Input;

    fn records(text: &str) -> Result<Vec<[String; 3]>, ReadError> {
        let mut lines = Lines::open(&Input::memory("a.csv", text.as_bytes()), &Arc::default(), 1_000)?;
        let mut found = Vec::new();
        while let Some(record) = next(&mut lines)? {
            found.push([record.date, record.user, record.message]);
        }
        Ok(found)
    }

    #[test]
    fn quotes_hold_commas_lines_and_quotes() {
        let text = "d,u,\"a, \"\"b\"\"\nc\"\nd,u,x, y\n,,gone\n\"d\",\"u, v\",\"\"\n";
        let expected = [["d", "u", "a, \"b\"\nc"], ["d", "u", "x, y"], ["", "", "gone"], ["d", "u, v", ""]];
        assert_eq!(records(text).unwrap(), expected.map(|record| record.map(str::to_owned)));
    }

    #[test]
    fn a_quote_that_never_ends_is_told_with_its_line() {
        let error = records("d,u,a\nd,u,\"b\nc\n").unwrap_err().to_string();
        assert!(error.contains("a.csv, line 2: a quoted text that never ends"), "{error}");
    }
}
