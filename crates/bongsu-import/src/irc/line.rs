//! One line of an IRC log.

use super::clock::{Day, TimeOfDay};

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// Somebody said something.
    Said {
        /// The day, when the line names it.
        day: Option<Day>,
        time: TimeOfDay,
        nick: &'a str,
        text: String,
    },
    /// A nick with nothing said.
    Blank,
    /// The server speaks: joins, parts, renames.
    Server,
    /// `-nick- text`: an automatic answer.
    Notice,
    /// None of these.
    Other,
}

/// Reads one line without its end. Hostmasks and addresses of server lines are never looked at.
pub(super) fn parse(line: &str) -> Line<'_> {
    let (day, rest) = match split_channel_and_day(line) {
        Some((day, rest)) => (Some(day), rest),
        None => (None, line),
    };
    if rest.starts_with("===") {
        return Line::Server;
    }
    let Some((time, rest)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return Line::Other;
    };
    let Some(time) = TimeOfDay::parse(time) else { return Line::Other };
    let Some(rest) = rest.strip_prefix(' ') else { return Line::Other };
    if let Some(rest) = rest.strip_prefix('<') {
        return match rest.split_once('>') {
            Some((nick, text)) if !nick.is_empty() => said(day, time, nick, clean(text)),
            _ => Line::Other,
        };
    }
    if let Some(action) = rest.trim_start().strip_prefix("* ") {
        let (nick, text) = action.split_once(' ').unwrap_or((action, ""));
        let text = clean(text);
        let text = if text.is_empty() { text } else { format!("* {nick} {text}") };
        return if nick.is_empty() { Line::Other } else { said(day, time, nick, text) };
    }
    if rest.starts_with('-') { Line::Notice } else { Line::Other }
}

fn said(day: Option<Day>, time: TimeOfDay, nick: &str, text: String) -> Line<'_> {
    if text.is_empty() { Line::Blank } else { Line::Said { day, time, nick, text } }
}

/// `channel YYYY-MM-DD [..` as in logs that name both in every line.
fn split_channel_and_day(line: &str) -> Option<(Day, &str)> {
    if line.starts_with('[') {
        return None;
    }
    let (_channel, rest) = line.split_once(' ')?;
    let (day, rest) = rest.split_once(' ')?;
    Some((Day::parse(day)?, rest))
}

/// The text as people read it: ends trimmed, without U+0000.
fn clean(text: &str) -> String {
    text.trim().chars().filter(|c| *c != '\0').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(line: &str) -> Option<(String, String)> {
        match parse(line) {
            Line::Said { nick, text, .. } => Some((nick.to_owned(), text)),
            Line::Blank | Line::Server | Line::Notice | Line::Other => None,
        }
    }

    #[test]
    fn messages_and_actions_of_both_layouts_are_read() {
        assert_eq!(spoken("[12:18] <|trey|> usual,  ok"), Some(("|trey|".into(), "usual,  ok".into())));
        assert_eq!(spoken("[12:18]  * bob waves"), Some(("bob".into(), "* bob waves".into())));
        assert_eq!(
            spoken("rust 2018-05-29 [21:20:48] <talchas> it scans /proc/ "),
            Some(("talchas".into(), "it scans /proc/".into()))
        );
        assert_eq!(
            spoken("wiki 2013-01-26 [15:04:04] <bots>\t 03(mod) x"),
            Some(("bots".into(), "03(mod) x".into()))
        );
    }

    #[test]
    fn what_is_no_message_is_told_apart() {
        assert_eq!(parse("=== x [u@h]  has joined #ubuntu"), Line::Server);
        assert_eq!(parse("meeting 2010-11-08 === x [u@h] has joined"), Line::Server);
        assert_eq!(parse("[05:12] -nick:#ubuntu- hello"), Line::Notice);
        assert_eq!(parse("[23:00] <derbosepirat>"), Line::Blank);
        assert_eq!(parse("[01:09] (soundray/#ubuntu) thomas: see"), Line::Other);
        assert_eq!(parse("[25:09] <a> b"), Line::Other);
        assert_eq!(parse(""), Line::Other);
        assert_eq!(parse("[12:00] <"), Line::Other);
    }
}
