//! Puts the lines of an export together to messages.

use std::collections::BTreeSet;

use bongsu_types::Millis;

use super::KakaoRoom;
use super::csv;
use super::layout::{self, Layout, Line};
use super::media::{Beside, LocalMinute, is_hash_name};
use crate::error::ReadError;
use crate::input::Input;
use crate::intake::Intake;
use crate::lines::Lines;
use crate::report::Skipped;
use crate::room::{RoomNo, Said};
use crate::text::{HeldText, TEXT_BYTES_HELD};
use crate::time::{Date, Scan, TimeOfDay, UtcOffset};

/// Reads the parts of one export, one after the other.
pub(super) struct Reader<'a> {
    intake: &'a mut Intake,
    room: RoomNo,
    export: &'a KakaoRoom,
    beside: Beside,
    /// The first three names met: enough to tell whether there are two.
    names: BTreeSet<String>,
    /// The message that may go on.
    open: Option<Message>,
    /// The day we are in.
    day: Option<Date>,
    /// A day on a line of its own, until the next line shows what it was.
    held_day: Option<(Date, String)>,
}

struct Message {
    at_ms: Millis,
    minute: LocalMinute,
    sender: String,
    text: HeldText,
}

impl<'a> Reader<'a> {
    pub(super) fn new(intake: &'a mut Intake, room: RoomNo, export: &'a KakaoRoom) -> Self {
        let beside = Beside::of(export.layout, &export.beside);
        Self { intake, room, export, beside, names: BTreeSet::new(), open: None, day: None, held_day: None }
    }

    /// Whether two people wrote and the title is the name of one.
    pub(super) fn is_direct(&self, title: &str) -> bool {
        self.names.len() == 2 && self.names.contains(title)
    }

    pub(super) fn read(&mut self, part: &Input) -> Result<(), ReadError> {
        let mut lines = Lines::open(part, self.intake.counter(), TEXT_BYTES_HELD)?;
        match self.export.layout {
            Layout::MacOs => self.read_csv(&mut lines)?,
            Layout::Windows | Layout::Android | Layout::Ios => self.read_lines(&mut lines)?,
        }
        // A day at the very end had no messages.
        self.held_day = None;
        self.close()
    }

    fn read_lines(&mut self, lines: &mut Lines) -> Result<(), ReadError> {
        while let Some(line) = lines.next()? {
            let number = line.number;
            let parsed = layout::parse(self.export.layout, line.text);
            self.settle_held_day(parsed, line.text);
            match parsed {
                Line::Said { date, time, sender, text } => {
                    let Some(date) = date.or(self.day) else {
                        let expected =
                            "a day line before it: `--------------- 2026년 3월 1일 일요일 ---------------`";
                        return Err(ReadError::format(
                            part_name(self.export),
                            number,
                            "a message without a day",
                            expected,
                        ));
                    };
                    self.day = Some(date);
                    self.begin(date, time, sender, text)?;
                }
                Line::System(date) => {
                    self.day = date.or(self.day);
                    self.close()?;
                    self.intake.skip(Skipped::ServerLine);
                }
                Line::NewDay(date) if self.day.is_none_or(|day| day <= date) => {
                    self.day = Some(date);
                    self.close()?;
                }
                Line::Day(date) if self.day.is_none_or(|day| day <= date) => {
                    self.held_day = Some((date, line.text.to_owned()));
                }
                // A day that goes back in time is something somebody wrote.
                Line::NewDay(_) | Line::Day(_) | Line::Text => self.go_on(line.text)?,
            }
        }
        Ok(())
    }

    /// A day alone begins a day when a message or system line of that day follows; else somebody wrote it.
    fn settle_held_day(&mut self, next: Line<'_>, next_text: &str) {
        let Some((day, text)) = self.held_day.take() else { return };
        let begins = match next {
            Line::Said { date, .. } | Line::System(date) => date == Some(day),
            Line::Day(date) => date >= day,
            Line::NewDay(_) => false,
            Line::Text if next_text.trim().is_empty() => {
                self.held_day = Some((day, text));
                return;
            }
            Line::Text => false,
        };
        if !begins && let Some(open) = &mut self.open {
            open.text.add_line(&text);
        }
    }

    fn begin(&mut self, date: Date, time: TimeOfDay, sender: &str, text: &str) -> Result<(), ReadError> {
        self.close()?;
        let instants = (date.at(time, self.export.offset), date.at(time, UtcOffset::UTC));
        let (Some(at_ms), Some(local)) = instants else {
            self.intake.skip(Skipped::NotUnderstood);
            return Ok(());
        };
        if self.names.len() < 3 && !self.names.contains(sender) {
            self.names.insert(sender.to_owned());
        }
        let minute = LocalMinute::of(local);
        self.open = Some(Message { at_ms, minute, sender: sender.to_owned(), text: HeldText::of(text) });
        Ok(())
    }

    /// More of the message before.
    fn go_on(&mut self, text: &str) -> Result<(), ReadError> {
        // Until the first message it is the head of the export.
        let Some(open) = &mut self.open else { return Ok(()) };
        // Android writes the second and later photos of a set on lines of their own.
        if is_hash_name(text.trim()) && is_hash_name(open.text.as_str().trim()) {
            let next = Message {
                at_ms: open.at_ms,
                minute: LocalMinute::of(open.at_ms),
                sender: open.sender.clone(),
                text: HeldText::of(text),
            };
            self.close()?;
            self.open = Some(next);
            return Ok(());
        }
        open.text.add_line(text);
        Ok(())
    }

    fn close(&mut self) -> Result<(), ReadError> {
        let Some(message) = self.open.take() else { return Ok(()) };
        let text = message.text.as_str();
        let attachments = self.beside.attachment(text, &message.minute).into_iter().collect();
        let said = Said {
            author: &message.sender,
            author_name: &message.sender,
            at_ms: message.at_ms,
            text,
            attachments,
            ..Said::default()
        };
        self.intake.say(self.room, said)
    }

    fn read_csv(&mut self, lines: &mut Lines) -> Result<(), ReadError> {
        let mut is_first = true;
        while let Some(record) = csv::next(lines)? {
            if std::mem::take(&mut is_first) && record.raw.trim_end() == csv::HEADER {
                continue;
            }
            let stamp = stamp(&record.date);
            let is_system =
                record.user.is_empty() || (record.user == "시스템" && layout::is_system(&record.message));
            match stamp {
                Some(_) if is_system => {
                    self.close()?;
                    self.intake.skip(Skipped::ServerLine);
                }
                Some((date, time)) => self.begin(date, time, &record.user, &record.message)?,
                None if record.date.is_empty() && record.user.is_empty() && !record.message.is_empty() => {
                    self.close()?;
                    self.intake.skip(Skipped::ServerLine);
                }
                None if self.open.is_some() => self.go_on(&record.raw)?,
                None => {
                    let expected = "`2026-02-01 09:00:00,\"name\",\"text\"`";
                    let found = "a line that is no record";
                    return Err(ReadError::format(part_name(self.export), record.line, found, expected));
                }
            }
        }
        Ok(())
    }
}

fn part_name(export: &KakaoRoom) -> &str {
    &export.name
}

/// `2026-02-01 09:00:00`
fn stamp(text: &str) -> Option<(Date, TimeOfDay)> {
    let mut scan = Scan(text.trim_start_matches('\u{feff}'));
    let (year, _, month, _, day, _) = (
        scan.number(4)?,
        scan.skip("-")?,
        scan.number(2)?,
        scan.skip("-")?,
        scan.number(2)?,
        scan.skip(" ")?,
    );
    let (hour, _, minute) = (scan.number(2)?, scan.skip(":")?, scan.number(2)?);
    let second = if scan.skip(":").is_some() { scan.number(2)? } else { 0 };
    let stamp = (Date::new(year, month, day)?, TimeOfDay::new(hour, minute, second)?);
    scan.0.is_empty().then_some(stamp)
}
