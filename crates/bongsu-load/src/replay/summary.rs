//! What a replay measured and found.

use std::fmt;
use std::time::Duration;

use super::room::Played;
use crate::bench::Histogram;
use crate::report::Report;

/// The result of a replay.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Rooms played.
    pub rooms: u64,
    /// Users who played.
    pub users: u64,
    /// Messages replied to.
    pub messages: u64,
    /// Sessions opened over the run.
    pub sessions: u64,
    /// Sessions that ended without being asked to.
    pub broken_sessions: u64,
    /// Times a device was told to fetch a room anew.
    pub room_resets: u64,
    /// Wall time of the run.
    pub elapsed: Duration,
    /// From request written to reply read.
    pub latency: Histogram,
    /// Loss, duplicates, order, unread.
    pub report: Report,
}

impl Summary {
    /// Messages per second, replied to.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.report.acked as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Records per second, arrived at devices.
    #[must_use]
    pub fn delivery_rate(&self) -> f64 {
        self.report.delivered as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    pub(super) fn add(&mut self, played: Played) {
        self.rooms += 1;
        self.messages += played.report.acked;
        self.report.merge(played.report);
        self.latency.merge(&played.latency);
    }

    pub(super) fn finish(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            ("rooms", self.rooms),
            ("users", self.users),
            ("sessions opened", self.sessions),
            ("sessions broken", self.broken_sessions),
            ("room resets", self.room_resets),
        ];
        for (name, count) in counts {
            writeln!(f, "{name:<22}{count:>12}")?;
        }
        writeln!(f, "{:<22}{:>12.1}", "seconds", self.elapsed.as_secs_f64())?;
        writeln!(f, "{:<22}{:>12.0}", "messages/s", self.rate())?;
        writeln!(f, "{:<22}{:>12.0}", "deliveries/s", self.delivery_rate())?;
        writeln!(f, "{:<22}{:>12.2}", "send p50, ms", self.latency.quantile(0.5).as_secs_f64() * 1e3)?;
        writeln!(f, "{:<22}{:>12.2}", "send p99, ms", self.latency.quantile(0.99).as_secs_f64() * 1e3)?;
        self.report.fmt(f)
    }
}
