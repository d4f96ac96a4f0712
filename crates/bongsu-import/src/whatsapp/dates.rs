//! The order of day, month and year in a WhatsApp chat: it is nowhere written, but time goes forward.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::line::{Head, Part};
use crate::time::Date;

/// Different days that must have been seen before the order is guessed from how they follow each other.
const DAYS_TO_TELL: usize = 3;

/// The order of the parts of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// 30/01/19
    DayMonthYear,
    /// 01/30/19
    MonthDayYear,
    /// 19/01/30
    YearMonthDay,
}

const ORDERS: [DateOrder; 3] = [DateOrder::DayMonthYear, DateOrder::MonthDayYear, DateOrder::YearMonthDay];

impl FromStr for DateOrder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "dmy" => Ok(Self::DayMonthYear),
            "mdy" => Ok(Self::MonthDayYear),
            "ymd" => Ok(Self::YearMonthDay),
            _ => Err("expected dmy, mdy or ymd".to_owned()),
        }
    }
}

impl DateOrder {
    /// The date in this order, if there is such a day.
    pub(super) fn date(self, parts: [Part; 3]) -> Option<Date> {
        let [first, second, third] = parts;
        let (year, month, day) = match self {
            Self::DayMonthYear => (third, second, first),
            Self::MonthDayYear => (third, first, second),
            Self::YearMonthDay => (first, second, third),
        };
        let year = match year.digits {
            4 => year.number,
            2 => 2000 + year.number,
            _ => return None,
        };
        Date::new(year, month.number, day.number)
    }
}

/// What the dates of a file allow.
#[derive(Debug, Default)]
pub(super) struct Dates {
    /// By order: what became of the dates read in it.
    seen: [Seen; 3],
    days: BTreeSet<[u32; 3]>,
    half_first: bool,
    long_year_first: bool,
    dotted: bool,
    first_line: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    impossible: bool,
    last: Option<u64>,
    /// Days that time went forward, and how often it went back.
    forward: u64,
    back: u64,
}

impl Dates {
    pub(super) fn see(&mut self, line: u64, head: &Head<'_>) {
        if self.first_line == 0 {
            self.first_line = line;
        }
        self.half_first |= head.half_first;
        self.long_year_first |= head.date[0].digits == 4;
        self.dotted |= head.separator == '.';
        if self.days.len() < DAYS_TO_TELL {
            self.days.insert(head.date.map(|part| part.number));
        }
        for (order, seen) in ORDERS.iter().zip(&mut self.seen) {
            let Some(day) = order.date(head.date).map(Date::days) else {
                seen.impossible = true;
                continue;
            };
            let last = seen.last.replace(day).unwrap_or(day);
            seen.forward += day.saturating_sub(last);
            seen.back += u64::from(day < last);
        }
    }

    /// The only order that fits; else the one in which time goes back least, then the one that covers the fewest days.
    /// An error (the first line) when that cannot be told.
    pub(super) fn order(&self) -> Result<DateOrder, u64> {
        let mut possible: Vec<(DateOrder, Seen)> =
            ORDERS.into_iter().zip(self.seen).filter(|(_, seen)| !seen.impossible).collect();
        // Phones that begin with the year write it whole, but for those that begin the time with half of the day.
        if !self.half_first && !self.long_year_first && possible.len() > 1 {
            possible.retain(|(order, _)| *order != DateOrder::YearMonthDay);
        }
        // Where half of the day comes before the time, the year comes before the month.
        if self.half_first && possible.iter().any(|(order, _)| *order == DateOrder::YearMonthDay) {
            return Ok(DateOrder::YearMonthDay);
        }
        // Dots stand between day, month and year, in this order, unless the year is first and whole.
        if self.dotted && possible.iter().any(|(order, _)| *order == DateOrder::DayMonthYear) {
            return Ok(DateOrder::DayMonthYear);
        }
        possible.sort_by_key(|(_, seen)| (seen.back, seen.forward));
        match possible[..] {
            [] => Err(self.first_line),
            [(order, _)] => Ok(order),
            [(order, best), (_, next), ..] => {
                let tells =
                    self.days.len() >= DAYS_TO_TELL && (best.back, best.forward) < (next.back, next.forward);
                if tells { Ok(order) } else { Err(self.first_line) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::head;
    use super::*;

    fn order(dates: &[&str]) -> Result<DateOrder, u64> {
        let mut found = Dates::default();
        for (number, date) in dates.iter().enumerate() {
            let line = format!("{date} - A: x");
            found.see(number as u64 + 1, &head(&line).unwrap());
        }
        found.order()
    }

    #[test]
    fn a_day_over_twelve_tells_the_order() {
        assert_eq!(order(&["30/01/2019, 20:49"]), Ok(DateOrder::DayMonthYear));
        assert_eq!(order(&["01/30/2019, 20:49"]), Ok(DateOrder::MonthDayYear));
        assert_eq!(order(&["2019/01/30, 20:49"]), Ok(DateOrder::YearMonthDay));
        assert_eq!(order(&["24/8/21 PM 2:38"]), Ok(DateOrder::YearMonthDay));
        assert_eq!(order(&["30/01/19, 20:49"]), Ok(DateOrder::DayMonthYear));
        assert_eq!(order(&["5.6.24, 14:08"]), Ok(DateOrder::DayMonthYear));
    }

    #[test]
    fn without_one_the_way_time_goes_tells_it_and_else_it_is_asked_for() {
        let days = ["5/6/2024, 1:00", "6/6/2024, 1:00", "7/6/2024, 1:00"];
        assert_eq!(order(&days), Ok(DateOrder::DayMonthYear));
        let days = ["6/5/2024, 1:00", "6/6/2024, 1:00", "6/7/2024, 1:00"];
        assert_eq!(order(&days), Ok(DateOrder::MonthDayYear));
        assert_eq!(order(&days[..1]), Err(1));
        assert_eq!(order(&["5/5/2024, 1:00"]), Err(1));
    }
}
