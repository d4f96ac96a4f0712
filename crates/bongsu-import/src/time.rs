//! Dates and times as exports write them, as instants.

use std::str::FromStr;

use bongsu_types::Millis;

const DAY_MS: i64 = 86_400_000;

/// Days from 1970-01-01 of a civil date; Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms",
/// `days_from_civil`. Years from 1970.
pub(crate) fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year / 400;
    let year_of_era = year % 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// A day that exists, 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date {
    days: u64,
}

impl Date {
    pub(crate) fn new(year: u32, month: u32, day: u32) -> Option<Self> {
        let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days_of_month = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            _ => return None,
        };
        if !(1970..=9999).contains(&year) || !(1..=days_of_month).contains(&day) {
            return None;
        }
        Some(Self { days: days_since_1970(year.into(), month.into(), day.into()) })
    }

    /// Days since 1970-01-01.
    pub(crate) fn days(self) -> u64 {
        self.days
    }

    pub(crate) fn at(self, time: TimeOfDay, offset: UtcOffset) -> Option<Millis> {
        let local = i64::try_from(self.days).ok()? * DAY_MS + i64::from(time.ms);
        u64::try_from(local - i64::from(offset.minutes) * 60_000).ok().map(Millis)
    }
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeOfDay {
    ms: u32,
}

/// Which half of the day a twelve-hour clock shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    Morning,
    Afternoon,
}

impl TimeOfDay {
    pub(crate) const MIDNIGHT: Self = Self { ms: 0 };

    pub(crate) fn new(hour: u32, minute: u32, second: u32) -> Option<Self> {
        // A leap second is the last one of its minute.
        let second = if second == 60 { 59 } else { second };
        let valid = hour < 24 && minute < 60 && second < 60;
        valid.then_some(Self { ms: ((hour * 60 + minute) * 60 + second) * 1_000 })
    }

    /// With 12 as noon and midnight; an hour past 12 stands for itself.
    pub(crate) fn of_half(half: Option<Half>, hour: u32, minute: u32, second: u32) -> Option<Self> {
        let hour = match half {
            Some(Half::Morning) if hour == 12 => 0,
            Some(Half::Afternoon) if hour < 12 => hour + 12,
            Some(_) | None => hour,
        };
        Self::new(hour, minute, second)
    }

    /// Minutes since midnight.
    #[cfg(test)]
    pub(crate) fn minutes(self) -> u32 {
        self.ms / 60_000
    }
}

/// How far a clock is ahead of UTC, for times written without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UtcOffset {
    minutes: i32,
}

impl UtcOffset {
    /// UTC itself.
    pub const UTC: Self = Self { minutes: 0 };
    /// Korean standard time.
    pub const KST: Self = Self { minutes: 9 * 60 };
}

impl FromStr for UtcOffset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let offset = || {
            if matches!(text, "Z" | "z" | "UTC") {
                return Some(Self::UTC);
            }
            let (sign, rest) = match text.split_at_checked(1)? {
                ("+", rest) => (1, rest),
                ("-", rest) => (-1, rest),
                _ => return None,
            };
            let digits: String = rest.chars().filter(|c| *c != ':').collect();
            if digits.len() != 4 || rest.len() > 5 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let (hours, minutes): (i32, i32) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
            (hours <= 18 && minutes < 60).then_some(Self { minutes: sign * (hours * 60 + minutes) })
        };
        offset().ok_or_else(|| "expected an offset like +09:00, -05:30 or Z".to_owned())
    }
}

/// A reader of a text from its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scan<'a>(pub(crate) &'a str);

impl<'a> Scan<'a> {
    /// A number of 1 to `digits` digits.
    pub(crate) fn number(&mut self, digits: usize) -> Option<u32> {
        self.digits(digits)?.parse().ok()
    }

    /// The digits themselves, 1 to `most` of them.
    pub(crate) fn digits(&mut self, most: usize) -> Option<&'a str> {
        let length = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if length == 0 {
            return None;
        }
        let (found, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(found)
    }

    pub(crate) fn skip(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    pub(crate) fn one_of(&mut self, chars: &[char]) -> Option<char> {
        let first = self.0.chars().next().filter(|c| chars.contains(c))?;
        self.0 = &self.0[first.len_utf8()..];
        Some(first)
    }

    pub(crate) fn blanks(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t', '\u{a0}', '\u{202f}']);
    }
}

/// `YYYY-MM-DD`, then `T` or a blank and `HH:MM[:SS[.fraction]]`, then `Z` or `±HH:MM` or nothing (`offset` holds then).
pub(crate) fn instant(text: &str, offset: UtcOffset) -> Option<Millis> {
    let mut scan = Scan(text.trim());
    let (year, _, month, _, day) =
        (scan.number(4)?, scan.skip("-")?, scan.number(2)?, scan.skip("-")?, scan.number(2)?);
    let date = Date::new(year, month, day)?;
    scan.one_of(&['T', 't', ' '])?;
    time_of(scan, date, offset)
}

fn time_of(mut scan: Scan<'_>, date: Date, offset: UtcOffset) -> Option<Millis> {
    let (hour, _, minute) = (scan.number(2)?, scan.skip(":")?, scan.number(2)?);
    let second = if scan.skip(":").is_some() { scan.number(2)? } else { 0 };
    let mut ms = 0;
    if scan.one_of(&['.', ',']).is_some() {
        let digits = scan.digits(9)?;
        ms = format!("{digits:0<3}")[..3].parse().ok()?;
    }
    let offset = if scan.0.is_empty() { offset } else { scan.0.trim().parse().ok()? };
    Some(Millis(date.at(TimeOfDay::new(hour, minute, second)?, offset)?.get() + ms))
}

/// What [`instant`] reads, or a day alone, with `-`, `.` or `/` between its parts and a year of two digits if need be
/// (2000 to 2099): midnight.
pub(crate) fn instant_or_day(text: &str, offset: UtcOffset) -> Option<Millis> {
    let mut scan = Scan(text.trim());
    let year = scan.digits(4)?;
    let separator = scan.one_of(&['-', '.', '/'])?;
    let month = scan.number(2)?;
    scan.one_of(&[separator])?;
    let day = scan.number(2)?;
    let year = match year.len() {
        4 => year.parse().ok()?,
        2 => 2000 + year.parse::<u32>().ok()?,
        _ => return None,
    };
    let date = Date::new(year, month, day)?;
    if scan.0.is_empty() {
        return date.at(TimeOfDay::MIDNIGHT, offset);
    }
    scan.one_of(&['T', 't', ' '])?;
    time_of(scan, date, offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_in_their_own_offset_or_the_given_one() {
        let at = |text| instant(text, UtcOffset::KST).map(Millis::get);
        assert_eq!(at("1970-01-01T00:00:01Z"), Some(1_000));
        assert_eq!(at("1970-01-01 09:00:00"), Some(0));
        assert_eq!(at("2018-05-20T16:09:51.118+00:00"), Some(1_526_832_591_118));
        assert_eq!(at("2018-05-20T16:09:51.1184567-05:30"), Some(1_526_852_391_118));
        for wrong in ["", "2018-02-30T00:00:00Z", "2018-05-20", "1970-01-01 00:00", "2018-05-20T25:00Z", "x"]
        {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_alone_are_midnight_with_years_of_two_digits_or_four() {
        let day = instant("2015-08-20T00:00+09:00", UtcOffset::UTC);
        for text in ["15.08.20", "2015-08-20", "2015/8/20", "2015-08-20 00:00"] {
            assert_eq!(instant_or_day(text, UtcOffset::KST), day, "{text}");
        }
        assert_eq!(instant_or_day("15.13.20", UtcOffset::KST), None);
    }

    #[test]
    fn twelve_is_noon_and_midnight() {
        let minutes = |half, hour| TimeOfDay::of_half(Some(half), hour, 5, 0).map(TimeOfDay::minutes);
        assert_eq!(minutes(Half::Morning, 12), Some(5));
        assert_eq!(minutes(Half::Afternoon, 12), Some(12 * 60 + 5));
        assert_eq!(minutes(Half::Afternoon, 1), Some(13 * 60 + 5));
        assert_eq!(minutes(Half::Afternoon, 24), None);
    }
}
