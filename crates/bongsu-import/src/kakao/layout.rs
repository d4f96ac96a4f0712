//! The lines of the four text layouts of KakaoTalk, Korean and English.

use crate::time::{Date, Half, Scan, TimeOfDay};

/// Which program wrote an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `[name] [오후 1:08] text` under day lines.
    Windows,
    /// `2026년 2월 8일 오후 3:18, name : text`.
    Android,
    /// `2026. 1. 27. 21:37, name : text`.
    Ios,
    /// `2026-02-01 09:00:00,"name","text"` under `Date,User,Message`.
    MacOs,
}

impl Layout {
    /// Its name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Windows => "windows",
            Self::Android => "android",
            Self::Ios => "ios",
            Self::MacOs => "macos",
        }
    }
}

/// What a line of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// Somebody said something. Windows writes the day elsewhere.
    Said { date: Option<Date>, time: TimeOfDay, sender: &'a str, text: &'a str },
    /// Somebody came, went, or hid a message; with its day, where the line has one.
    System(Option<Date>),
    /// A day begins (Windows), and nothing else can look like it.
    NewDay(Date),
    /// A day or time alone: a day begins, or somebody wrote a date on a line of its own.
    Day(Date),
    /// None of these: more of the message before.
    Text,
}

/// Which layout a line can only be of.
pub(super) fn layout_of(line: &str) -> Option<Layout> {
    if line.trim_start_matches('\u{feff}').trim_end() == super::csv::HEADER {
        return Some(Layout::MacOs);
    }
    if matches!(windows(line), Line::Said { .. } | Line::NewDay(_)) {
        return Some(Layout::Windows);
    }
    if matches!(ios(line), Line::Said { .. } | Line::System(_)) {
        return Some(Layout::Ios);
    }
    let is_android = matches!(android(line), Line::Said { .. } | Line::System(_));
    is_android.then_some(Layout::Android)
}

/// Reads a line of a layout of lines.
pub(super) fn parse(layout: Layout, line: &str) -> Line<'_> {
    match layout {
        Layout::Windows => windows(line),
        Layout::Android => android(line),
        Layout::Ios => ios(line),
        Layout::MacOs => Line::Text,
    }
}

fn windows(line: &str) -> Line<'_> {
    if let Some(date) = dashed_day(line) {
        return Line::NewDay(date);
    }
    if let Some(rest) = line.strip_prefix('[') {
        // A name may hold `] [` itself: the first one that a time follows ends it.
        for (end, _) in rest.match_indices("] [").filter(|(end, _)| *end > 0) {
            let mut scan = Scan(&rest[end + 3..]);
            if let Some(time) = time_of_day(&mut scan).filter(|_| scan.skip("]").is_some()) {
                let text = scan.0.strip_prefix(' ').unwrap_or(scan.0);
                return Line::Said { date: None, time, sender: &rest[..end], text };
            }
        }
    }
    if is_system(line) { Line::System(None) } else { Line::Text }
}

fn dashed_day(line: &str) -> Option<Date> {
    let line = line.trim_end();
    let day = line.trim_matches('-');
    let dashes = line.find(|c| c != '-').unwrap_or(0);
    if dashes < 5 || line.len() - dashes - day.len() < 5 {
        return None;
    }
    let mut scan = Scan(day.trim());
    korean_date(&mut scan).or_else(|| english_date(scan.0.split_once(", ")?.1).map(|(date, _)| date))
}

fn android(line: &str) -> Line<'_> {
    let mut scan = Scan(line);
    let date = match korean_date(&mut scan) {
        Some(date) => date,
        None => match english_date(line) {
            Some((date, rest)) => {
                scan = Scan(rest);
                if scan.skip(",").is_none() && scan.skip(" at").is_none() {
                    return Line::Text;
                }
                date
            }
            None => return Line::Text,
        },
    };
    scan.blanks();
    let Some(time) = time_of_day(&mut scan) else {
        return if is_weekday(scan.0) { Line::Day(date) } else { Line::Text };
    };
    after_stamp(date, time, scan.0)
}

fn ios(line: &str) -> Line<'_> {
    let mut scan = Scan(line);
    if let Some(date) = korean_date(&mut scan) {
        return if is_weekday(scan.0) { Line::Day(date) } else { Line::Text };
    }
    let stamp = || {
        let (year, _, month, _, day, _) = (
            scan.number(4)?,
            scan.skip(". ")?,
            scan.number(2)?,
            scan.skip(". ")?,
            scan.number(2)?,
            scan.skip(". ")?,
        );
        let date = Date::new(year, month, day)?;
        Some((date, time_of_day(&mut scan)?, scan.0))
    };
    match { stamp }() {
        Some((date, _, rest)) if rest.starts_with(": ") => Line::System(Some(date)),
        Some((date, time, rest)) => after_stamp(date, time, rest),
        None => Line::Text,
    }
}

/// What follows the time of Android's and iOS's lines.
fn after_stamp(date: Date, time: TimeOfDay, rest: &str) -> Line<'_> {
    if rest.trim_end().is_empty() {
        return Line::Day(date);
    }
    let Some(rest) = rest.strip_prefix(", ") else { return Line::Text };
    match rest.split_once(" : ").or_else(|| Some((rest.strip_suffix(" :")?, ""))) {
        Some((sender, text)) if !sender.is_empty() => Line::Said { date: Some(date), time, sender, text },
        Some(_) | None => Line::System(Some(date)),
    }
}

/// `2026년 2월 8일`
fn korean_date(scan: &mut Scan<'_>) -> Option<Date> {
    let mut ahead = *scan;
    let year = ahead.number(4)?;
    ahead.skip("년 ")?;
    let month = ahead.number(2)?;
    ahead.skip("월 ")?;
    let day = ahead.number(2)?;
    ahead.skip("일")?;
    *scan = ahead;
    Date::new(year, month, day)
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `June 23, 2018` and what follows it.
fn english_date(line: &str) -> Option<(Date, &str)> {
    let (word, rest) = line.split_once(' ')?;
    let month =
        MONTHS.iter().position(|name| *name == word || (word.len() == 3 && name.starts_with(word)))?;
    let mut scan = Scan(rest);
    let day = scan.number(2)?;
    scan.skip(", ")?;
    let year = scan.number(4)?;
    Some((Date::new(year, u32::try_from(month).ok()? + 1, day)?, scan.0))
}

/// `오후 1:08`, `1:08 PM`, `5:20 p.m.`, `21:37`
fn time_of_day(scan: &mut Scan<'_>) -> Option<TimeOfDay> {
    let mut half = match () {
        () if scan.skip("오전 ").is_some() => Some(Half::Morning),
        () if scan.skip("오후 ").is_some() => Some(Half::Afternoon),
        () => None,
    };
    let hour = scan.number(2)?;
    scan.skip(":")?;
    let minute = scan.number(2)?;
    if half.is_none() {
        let mut ahead = *scan;
        ahead.blanks();
        for (word, named) in [
            ("AM", Half::Morning),
            ("PM", Half::Afternoon),
            ("am", Half::Morning),
            ("pm", Half::Afternoon),
            ("a.m.", Half::Morning),
            ("p.m.", Half::Afternoon),
        ] {
            if ahead.skip(word).is_some() {
                half = Some(named);
                *scan = ahead;
                break;
            }
        }
    }
    TimeOfDay::of_half(half, hour, minute, 0)
}

fn is_weekday(rest: &str) -> bool {
    matches!(rest.trim(), "월요일" | "화요일" | "수요일" | "목요일" | "금요일" | "토요일" | "일요일")
}

/// Whether a line without a sender is one of KakaoTalk's own.
pub(super) fn is_system(line: &str) -> bool {
    const ENDS: [&str; 8] = [
        "님이 들어왔습니다.",
        "님이 나갔습니다.",
        "초대하였습니다.",
        "초대했습니다.",
        "님을 내보냈습니다.",
        "메시지가 삭제되었습니다.",
        "관리자가 메시지를 가렸습니다.",
        "님이 되었습니다.",
    ];
    let line = line.trim_end();
    ENDS.iter().any(|end| line.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(layout: Layout, line: &str) -> Option<(Option<u64>, u32, String, String)> {
        match parse(layout, line) {
            Line::Said { date, time, sender, text } => {
                Some((date.map(Date::days), time.minutes(), sender.to_owned(), text.to_owned()))
            }
            Line::System(_) | Line::NewDay(_) | Line::Day(_) | Line::Text => None,
        }
    }

    fn date(year: u32, month: u32, day: u32) -> Date {
        Date::new(year, month, day).unwrap()
    }

    #[test]
    fn messages_of_every_layout_and_locale_are_read() {
        let day = Some(date(2026, 2, 8).days());
        let expected =
            |day, minutes, name: &str| Some((day, minutes, name.to_owned(), "안녕 : 하세요".to_owned()));
        for (layout, line, day, minutes) in [
            (Layout::Windows, "[이름] [오후 1:08] 안녕 : 하세요", None, 788),
            (Layout::Windows, "[이름] [1:08 PM] 안녕 : 하세요", None, 788),
            (Layout::Windows, "[이름] [오전 12:01] 안녕 : 하세요", None, 1),
            (Layout::Android, "2026년 2월 8일 오후 3:18, 이름 : 안녕 : 하세요", day, 918),
            (Layout::Android, "February 8, 2026, 3:18 p.m., 이름 : 안녕 : 하세요", day, 918),
            (Layout::Android, "February 8, 2026 at 3:18\u{202f}PM, 이름 : 안녕 : 하세요", day, 918),
            (Layout::Android, "Feb 8, 2026 at 15:18, 이름 : 안녕 : 하세요", day, 918),
            (Layout::Ios, "2026. 2. 8. 오후 3:18, 이름 : 안녕 : 하세요", day, 918),
            (Layout::Ios, "2026. 2. 8. 15:18, 이름 : 안녕 : 하세요", day, 918),
        ] {
            assert_eq!(said(layout, line), expected(day, minutes, "이름"), "{line}");
            assert_eq!(layout_of(line), Some(layout), "{line}");
        }
    }

    #[test]
    fn names_may_hold_what_separates() {
        let name = |layout, line| said(layout, line).map(|(_, _, name, _)| name);
        assert_eq!(name(Layout::Windows, "[a] [b] [오후 1:08] x").as_deref(), Some("a] [b"));
        assert_eq!(
            name(Layout::Android, "2026년 2월 8일 오후 3:18, 부서:영업팀 / # : x").as_deref(),
            Some("부서:영업팀 / #")
        );
        assert_eq!(name(Layout::Ios, "2026. 2. 8. 15:18, <script>, a : x").as_deref(), Some("<script>, a"));
    }

    #[test]
    fn system_lines_and_days_are_told_apart_from_text() {
        let day = date(2026, 3, 1);
        assert_eq!(windows("--------------- 2026년 3월 1일 일요일 ---------------"), Line::NewDay(day));
        assert_eq!(windows("--------------- Sunday, March 1, 2026 ---------------"), Line::NewDay(day));
        assert_eq!(windows("---------------"), Line::Text);
        assert_eq!(windows("누군가님이 나갔습니다."), Line::System(None));
        assert!(windows("[a] [오후 1:08] 누군가님이 나갔습니다.").is_said());
        assert_eq!(android("2026년 3월 1일 오후 3:17"), Line::Day(day));
        assert_eq!(android("2026년 3월 1일 오후 3:17, 누군가님이 들어왔습니다."), Line::System(Some(day)));
        assert_eq!(ios("2026. 3. 1. 21:42: 테스터님이 들어왔습니다."), Line::System(Some(day)));
        assert_eq!(ios("2026년 3월 1일 일요일"), Line::Day(day));
        assert_eq!(ios("2026년 3월 1일 일요일에 만나요"), Line::Text);
        assert_eq!(ios("2026. 2. 30. 15:18, a : x"), Line::Text, "there is no such day");
    }

    impl Line<'_> {
        fn is_said(&self) -> bool {
            matches!(self, Line::Said { .. })
        }
    }
}
