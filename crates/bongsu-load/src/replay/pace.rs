//! When the next message may go: a rate over all rooms, and the log's own time sped up.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// The pace of a whole run.
#[derive(Debug)]
pub(super) struct Pace {
    /// Between two messages of the run.
    interval: Option<Duration>,
    next: Mutex<Instant>,
    speed: Option<f64>,
}

impl Pace {
    pub(super) fn new(rate_max: Option<f64>, speed: Option<f64>) -> Self {
        let positive = |value: &f64| value.is_finite() && *value > 0.0;
        let interval = rate_max.filter(positive).map(|rate| Duration::from_secs_f64(1.0 / rate));
        Self { interval, next: Mutex::new(Instant::now()), speed: speed.filter(positive) }
    }

    /// Waits until a message may go that the log has `after_ms` after the first of its room.
    pub(super) async fn wait(&self, room_start: Instant, after_ms: u64) {
        if let Some(speed) = self.speed {
            let after = Duration::from_millis(after_ms).div_f64(speed);
            tokio::time::sleep_until(room_start + after).await;
        }
        if let Some(interval) = self.interval {
            let turn = {
                let mut next = self.next.lock().expect("no holder panics");
                let turn = (*next).max(Instant::now());
                *next = turn + interval;
                turn
            };
            tokio::time::sleep_until(turn).await;
        }
    }
}
