//! What a replay measured and found.

use std::fmt;
use std::time::Duration;

use super::room::Played;
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
    /// Median from request written to reply read.
    pub send_p50: Duration,
    /// 99th percentile of the same.
    pub send_p99: Duration,
    /// Loss, duplicates, order, unread.
    pub report: Report,
    latencies_us: Vec<u32>,
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
        self.latencies_us.extend(played.latencies_us);
    }

    pub(super) fn finish(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
        self.latencies_us.sort_unstable();
        let at = |percent: usize| {
            let index = self.latencies_us.len().saturating_sub(1) * percent / 100;
            Duration::from_micros(self.latencies_us.get(index).copied().unwrap_or_default().into())
        };
        (self.send_p50, self.send_p99) = (at(50), at(99));
        self.latencies_us = Vec::new();
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
        writeln!(f, "{:<22}{:>12.2}", "send p50, ms", self.send_p50.as_secs_f64() * 1e3)?;
        writeln!(f, "{:<22}{:>12.2}", "send p99, ms", self.send_p99.as_secs_f64() * 1e3)?;
        self.report.fmt(f)
    }
}
