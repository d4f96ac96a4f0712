//! Instants from logs that write only the time of day, and early ones only with twelve hours.

use bongsu_types::Millis;

use crate::time::Date;

const HOUR_MS: u64 = 3_600_000;

/// A day as `YYYY-MM-DD`, 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day {
    since_1970: u64,
}

impl Day {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || year.len() != 4 || month.len() != 2 || day.len() != 2 {
            return None;
        }
        let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
        Some(Self { since_1970: date.days() })
    }

    fn start_ms(self) -> u64 {
        self.since_1970 * 24 * HOUR_MS
    }
}

/// `HH:MM` or `HH:MM:SS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeOfDay {
    hour: u64,
    ms: u64,
}

impl TimeOfDay {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts =
            text.split(':').map(|part| if part.len() == 2 { part.parse::<u64>().ok() } else { None });
        let (hour, minute) = (parts.next()??, parts.next()??);
        let second = match parts.next() {
            Some(second) => second?,
            None => 0,
        };
        if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        Some(Self { hour, ms: hour * HOUR_MS + minute * 60_000 + second * 1_000 })
    }

    /// Whether it can only be from a clock of 24 hours.
    pub(super) fn is_past_noon_hour(self) -> bool {
        self.hour > 12
    }
}

/// Turns times of day into instants that never step back: a step back is the clock going round.
#[derive(Debug)]
pub(super) struct LogClock {
    day_ms: u64,
    round_ms: u64,
    turns_ms: u64,
    last_ms: u64,
}

impl LogClock {
    /// A clock that starts at `day` and goes round every 12 hours (`twelve_hours`) or 24.
    pub(super) fn new(day: Day, twelve_hours: bool) -> Self {
        let round_ms = if twelve_hours { 12 * HOUR_MS } else { 24 * HOUR_MS };
        Self { day_ms: day.start_ms(), round_ms, turns_ms: 0, last_ms: 0 }
    }

    /// The instant of the next line.
    pub(super) fn at(&mut self, day: Option<Day>, time: TimeOfDay) -> Millis {
        if let Some(day) = day {
            return Millis(day.start_ms() + time.ms);
        }
        // A twelve-hour clock writes noon and midnight as 12 or 0.
        let ms = if self.round_ms == 12 * HOUR_MS { time.ms % self.round_ms } else { time.ms };
        if ms < self.last_ms {
            self.turns_ms += self.round_ms;
        }
        self.last_ms = ms;
        Millis(self.day_ms + self.turns_ms + ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_counts_from_1970() {
        assert_eq!(Day::parse("1970-01-01").map(Day::start_ms), Some(0));
        assert_eq!(Day::parse("2004-12-25").map(Day::start_ms), Some(1_103_932_800_000));
        assert_eq!(Day::parse("2000-02-29").map(Day::start_ms), Some(951_782_400_000));
        assert_eq!(Day::parse("2004-13-25"), None);
        assert_eq!(Day::parse("25.12.2004"), None);
    }

    #[test]
    fn a_clock_that_steps_back_has_gone_round() {
        let day = Day::parse("1970-01-01").unwrap();
        let time = |text| TimeOfDay::parse(text).unwrap();
        let mut twelve = LogClock::new(day, true);
        assert_eq!(twelve.at(None, time("11:59")), Millis(11 * HOUR_MS + 59 * 60_000));
        assert_eq!(twelve.at(None, time("12:01")), Millis(12 * HOUR_MS + 60_000));
        assert_eq!(twelve.at(None, time("01:00")), Millis(13 * HOUR_MS));
        let mut full = LogClock::new(day, false);
        assert_eq!(full.at(None, time("23:59")), Millis(24 * HOUR_MS - 60_000));
        assert_eq!(full.at(None, time("00:00")), Millis(24 * HOUR_MS));
    }
}
