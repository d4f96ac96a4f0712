//! The verdict of a run: what was sent and seen, and every way it could be wrong, counted.

use std::fmt;

/// Faults described in words; further ones are only counted.
const EXAMPLES_MAX: usize = 20;

/// One way a run can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A replied message, or a record in the middle, was not there.
    Lost,
    /// One message stands at two positions, or a record came twice in one session.
    Duplicated,
    /// A record came after a later one.
    Reordered,
    /// Another text, sender or position than what was sent and replied.
    Altered,
    /// An unread count is not what a recount gives.
    UnreadWrong,
}

/// Counts of a run. Correct when every fault is zero.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Messages that were to be sent.
    pub sent: u64,
    /// Sends that were replied to.
    pub acked: u64,
    /// Sends whose outcome is not known.
    pub unknown: u64,
    /// Sends that were refused for good.
    pub failed: u64,
    /// Records that arrived at devices, each once.
    pub delivered: u64,
    /// Records that arrived again after a reconnect and were dropped: allowed.
    pub redelivered: u64,
    /// See [`Fault::Lost`].
    pub lost: u64,
    /// See [`Fault::Duplicated`].
    pub duplicated: u64,
    /// See [`Fault::Reordered`].
    pub reordered: u64,
    /// See [`Fault::Altered`].
    pub altered: u64,
    /// Unread counts that were compared with a recount.
    pub unread_checked: u64,
    /// See [`Fault::UnreadWrong`].
    pub unread_wrong: u64,
    /// The first faults in words.
    pub examples: Vec<String>,
}

impl Report {
    /// Counts a fault.
    pub fn fault(&mut self, fault: Fault, example: impl FnOnce() -> String) {
        self.faults(fault, 1, example);
    }

    /// Counts several faults of one cause.
    pub fn faults(&mut self, fault: Fault, count: u64, example: impl FnOnce() -> String) {
        if count == 0 {
            return;
        }
        let (counter, name) = match fault {
            Fault::Lost => (&mut self.lost, "lost"),
            Fault::Duplicated => (&mut self.duplicated, "duplicated"),
            Fault::Reordered => (&mut self.reordered, "reordered"),
            Fault::Altered => (&mut self.altered, "altered"),
            Fault::UnreadWrong => (&mut self.unread_wrong, "unread wrong"),
        };
        *counter += count;
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(format!("{name}: {}", example()));
        }
    }

    /// Whether nothing was wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.lost + self.duplicated + self.reordered + self.altered + self.unread_wrong == 0
    }

    /// Adds the counts of another part of the run.
    pub fn merge(&mut self, other: Self) {
        self.sent += other.sent;
        self.acked += other.acked;
        self.unknown += other.unknown;
        self.failed += other.failed;
        self.delivered += other.delivered;
        self.redelivered += other.redelivered;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.altered += other.altered;
        self.unread_checked += other.unread_checked;
        self.unread_wrong += other.unread_wrong;
        let space = EXAMPLES_MAX.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.into_iter().take(space));
    }

    /// Fails loudly unless nothing was wrong.
    ///
    /// # Panics
    /// With the whole table when something was.
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.is_clean(), "the run is not correct:\n{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("sent", self.sent),
            ("acked", self.acked),
            ("outcome unknown", self.unknown),
            ("refused", self.failed),
            ("delivered", self.delivered),
            ("redelivered, dropped", self.redelivered),
            ("lost", self.lost),
            ("duplicated", self.duplicated),
            ("out of order", self.reordered),
            ("altered", self.altered),
            ("unread compared", self.unread_checked),
            ("unread wrong", self.unread_wrong),
        ];
        for (name, count) in rows {
            writeln!(f, "{name:<22}{count:>12}")?;
        }
        for example in &self.examples {
            writeln!(f, "  {example}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_fault_makes_a_run_unclean_and_is_shown() {
        let mut report = Report { acked: 3, ..Report::default() };
        assert!(report.is_clean());
        let mut part = Report::default();
        part.faults(Fault::Lost, 2, || "seq 7 and 8 of a room".to_owned());
        report.merge(part);
        assert!(!report.is_clean());
        assert!(report.to_string().contains("lost: seq 7 and 8 of a room"));
    }
}
