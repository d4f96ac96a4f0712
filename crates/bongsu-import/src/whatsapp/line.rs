//! The head of a WhatsApp line: date, time, and what follows.

use crate::time::{Half, Scan, TimeOfDay};

/// Which program wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `DATE, TIME - Name: text`
    Dashed,
    /// `[DATE, TIME] Name: text`
    Bracketed,
}

/// One of the three numbers of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) number: u32,
    pub(super) digits: usize,
}

/// A line that begins a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head<'a> {
    pub(super) style: Style,
    /// In the order written.
    pub(super) date: [Part; 3],
    /// Between the parts of the date.
    pub(super) separator: char,
    pub(super) time: TimeOfDay,
    /// AM, PM, 오전 or 오후 stood before the time, as in Korean and Chinese.
    pub(super) half_first: bool,
    pub(super) rest: &'a str,
}

/// The head of a line; `None` for a line that is more of the message before.
pub(super) fn head(line: &str) -> Option<Head<'_>> {
    let mut scan = Scan(line.trim_start_matches(['\u{200e}', '\u{200f}', '\u{feff}']));
    let style = if scan.skip("[").is_some() { Style::Bracketed } else { Style::Dashed };
    let first = part(&mut scan)?;
    let separator = scan.one_of(&['/', '.', '-'])?;
    scan.blanks();
    let second = part(&mut scan)?;
    scan.one_of(&[separator])?;
    scan.blanks();
    let third = part(&mut scan)?;
    // Koreans end a date with a dot too.
    let dotted = scan.skip(".").is_some();
    let comma = scan.skip(",").is_some();
    let before = scan.0.len();
    scan.blanks();
    if !dotted && !comma && scan.0.len() == before {
        return None;
    }
    let half_before = word_before_time(&mut scan)?;
    let (time, half_after) = time(&mut scan, half_before)?;
    if half_before.is_some() && half_after {
        return None;
    }
    let rest = match style {
        Style::Bracketed => scan.0.strip_prefix(']')?,
        Style::Dashed => scan.0.trim_start_matches([' ', '\u{a0}', '\u{202f}']).strip_prefix('-')?,
    };
    let rest = rest.strip_prefix(' ').or(Some(rest).filter(|rest| rest.is_empty()))?;
    Some(Head {
        style,
        date: [first, second, third],
        separator,
        time,
        half_first: half_before.is_some(),
        rest,
    })
}

fn part(scan: &mut Scan<'_>) -> Option<Part> {
    let digits = scan.digits(4)?;
    Some(Part { number: digits.parse().ok()?, digits: digits.len() })
}

/// `klo`, `at`, `오후`, `PM`: nothing, a word without meaning, or half of the day. `None` when it is neither.
fn word_before_time(scan: &mut Scan<'_>) -> Option<Option<Half>> {
    let end = scan.0.find(|c: char| c.is_ascii_digit())?;
    let (word, rest) = scan.0.split_at(end);
    if word.chars().count() > 12 || word.contains([':', ']', '-']) {
        return None;
    }
    scan.0 = rest;
    Some(half(word.trim()))
}

fn half(word: &str) -> Option<Half> {
    let word: String = word.chars().filter(|c| !matches!(c, '.' | ' ' | '\u{a0}' | '\u{202f}')).collect();
    match word.to_lowercase().as_str() {
        "am" | "오전" | "上午" | "午前" => Some(Half::Morning),
        "pm" | "오후" | "下午" | "午後" => Some(Half::Afternoon),
        _ => None,
    }
}

/// `20:49`, `20:49:05`, `8:49 p. m.`, `14.08.18`; and whether half of the day followed.
fn time(scan: &mut Scan<'_>, half_before: Option<Half>) -> Option<(TimeOfDay, bool)> {
    let hour = scan.number(2)?;
    scan.one_of(&[':', '.'])?;
    let minute = scan.number(2)?;
    let second = if scan.one_of(&[':', '.']).is_some() { scan.number(2)? } else { 0 };
    let end = scan.0.find([']', '-']).unwrap_or(scan.0.len());
    let after = half(&scan.0[..end]);
    if after.is_some() {
        scan.0 = &scan.0[end..];
    }
    Some((TimeOfDay::of_half(half_before.or(after), hour, minute, second)?, after.is_some()))
}

/// Sender and text; `None` for a line of the program's own. A name ends at the first `: `.
pub(super) fn said(rest: &str) -> Option<(&str, &str)> {
    let (sender, text) = rest.split_once(": ").or_else(|| Some((rest.strip_suffix(':')?, "")))?;
    let sender = sender.trim_start_matches(['\u{200e}', '\u{200f}', '\u{202a}', '~', '\u{a0}', '\u{202f}']);
    let sender = sender.trim_end_matches(['\u{202c}', '\u{200e}']);
    (!sender.is_empty()).then_some((sender, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<([u32; 3], u32, Style, &str)> {
        let head = head(line)?;
        Some((head.date.map(|part| part.number), head.time.minutes(), head.style, head.rest))
    }

    #[test]
    fn heads_of_all_layouts_are_read() {
        use Style::{Bracketed, Dashed};
        for (line, date, minutes, style) in [
            ("30/01/19, 20:49 - A: x", [30, 1, 19], 1249, Dashed),
            ("01/30/2019, 08:49 p. m. - A: x", [1, 30, 2019], 1249, Dashed),
            ("2019/01/30, 20:49 - A: x", [2019, 1, 30], 1249, Dashed),
            ("12/9/20, 11:55\u{202f}PM - A: x", [12, 9, 20], 1435, Dashed),
            ("24/8/21 PM 2:38 - A: x", [24, 8, 21], 878, Dashed),
            ("2024. 8. 21. 오후 2:38 - A: x", [2024, 8, 21], 878, Dashed),
            ("[2024. 8. 21. 오후 2:38:05] A: x", [2024, 8, 21], 878, Bracketed),
            ("\u{200e}[30/01/19, 20:49:12] A: x", [30, 1, 19], 1249, Bracketed),
            ("[01/30/19 20:49] A: x", [1, 30, 19], 1249, Bracketed),
            ("[12.3.2022 klo 14.08.18] A: x", [12, 3, 2022], 848, Bracketed),
            ("12.3.22, 14:08 - A: x", [12, 3, 22], 848, Dashed),
        ] {
            assert_eq!(read(line), Some((date, minutes, style, "A: x")), "{line}");
        }
    }

    #[test]
    fn other_lines_have_no_head() {
        for line in [
            "",
            "hello",
            "1/2 cup, 20 g - x",
            "30/01/19",
            "[30/01/19] x",
            "12.3.22",
            "30/01/19, 25:49 - A: x",
            "99",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn a_sender_ends_at_the_first_colon_and_system_lines_have_none() {
        assert_eq!(said("~\u{202f}kEn 🏄🏻🌊: a: b"), Some(("kEn 🏄🏻🌊", "a: b")));
        assert_eq!(said("A:"), Some(("A", "")));
        assert_eq!(said("Messages and calls are end-to-end encrypted."), None);
    }
}
