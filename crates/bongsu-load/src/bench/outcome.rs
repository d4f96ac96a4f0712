//! What a scenario measured and found: phases with their figures, and the verdict.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Histogram, SystemCalls, Target, Usage};
use crate::report::Report;

/// From this share of a core on, the load side may be what was measured: it runs on one thread.
const BUSY_CORES: f64 = 0.85;

/// One thing that was measured.
#[derive(Debug, Clone)]
pub struct Phase {
    /// Which.
    pub name: String,
    /// What was counted.
    pub unit: &'static str,
    /// How many.
    pub count: u64,
    /// In what time.
    pub elapsed: Duration,
    /// How long each took.
    pub latency: Histogram,
    /// What the other process is: the server, or the writer of a limit.
    pub peer: &'static str,
    /// What it used, when it is known.
    pub server: Option<Usage>,
    /// What this side used.
    pub load: Option<Usage>,
}

impl Phase {
    /// How many a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.count as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Whether this side was so busy that it may be what was measured.
    #[must_use]
    pub fn is_load_bound(&self) -> bool {
        self.load.is_some_and(|load| load.cores(self.elapsed) >= BUSY_CORES)
    }
}

/// The result of a scenario.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// In order.
    pub phases: Vec<Phase>,
    /// Figures derived from them: name and value.
    pub figures: Vec<(String, f64)>,
    /// Loss, duplicates, order.
    pub report: Report,
}

/// The start of a phase.
#[derive(Debug)]
pub(super) struct Meter {
    start: Instant,
    peer: &'static str,
    watched: Watched,
    server: Option<Usage>,
    load: Option<Usage>,
}

/// The other process.
#[derive(Debug)]
struct Watched {
    id: Option<u32>,
    system_calls: Option<Arc<SystemCalls>>,
}

impl Watched {
    fn usage(&self) -> Option<Usage> {
        let system_calls = self.system_calls.as_ref().map(|calls| calls.count());
        Some(Usage { system_calls, ..Usage::of(Some(self.id?))? })
    }
}

impl Meter {
    pub(super) fn start(target: &Target) -> Self {
        let Target { server_process, system_calls, .. } = target;
        Self::of("server", Watched { id: *server_process, system_calls: system_calls.clone() })
    }

    pub(super) fn of_process(peer: &'static str, id: Option<u32>) -> Self {
        Self::of(peer, Watched { id, system_calls: None })
    }

    fn of(peer: &'static str, watched: Watched) -> Self {
        let server = watched.usage();
        Self { peer, watched, server, load: Usage::of(None), start: Instant::now() }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    pub(super) fn end(self, name: &str, unit: &'static str, count: u64, latency: Histogram) -> Phase {
        let elapsed = self.start.elapsed();
        let used = |now: Option<Usage>, start: Option<Usage>| Some(now?.since(&start?));
        Phase {
            name: name.to_owned(),
            unit,
            count,
            elapsed,
            latency,
            peer: self.peer,
            server: used(self.watched.usage(), self.server),
            load: used(Usage::of(None), self.load),
        }
    }
}
