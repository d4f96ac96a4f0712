//! What the cache measures, by the `metrics` facade. Labels are models, tiers and outcomes, never ids.
//!
//! The hit rate of a tier and the hit rate as a whole are different questions:
//! `sum(cache_requests_total{tier="l1",outcome=~"hit|negative"}) / sum(cache_requests_total)` is the process tier's;
//! with `tier=~"l1|l2"` it is the cache's.

use std::time::Duration;

use metrics::{Counter, Histogram, counter, histogram};

use crate::envelope;

/// The handles of one model, made once: the hit path looks nothing up.
pub(crate) struct ModelMetrics {
    l1: TierMetrics,
    l2: TierMetrics,
    source: TierMetrics,
    /// Nothing anywhere, and no loader at hand.
    pub(crate) missed: Counter,
    pub(crate) joined: Counter,
    pub(crate) discarded: Counter,
    pub(crate) loaded_none: Counter,
    pub(crate) undecodable: Counter,
    pub(crate) other_schema: Counter,
    pub(crate) oversize: Counter,
    pub(crate) refreshed_early: Counter,
    pub(crate) invalidated_here: Counter,
    saved_us: Counter,
    load_seconds: Histogram,
    raw_bytes: Histogram,
    compressed_bytes: Histogram,
    model: &'static str,
}

impl std::fmt::Debug for ModelMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelMetrics").field("model", &self.model).finish_non_exhaustive()
    }
}

struct TierMetrics {
    hit: Counter,
    negative: Counter,
    stale: Counter,
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// The process.
    L1,
    /// The shared tier.
    L2,
    /// The loader.
    Source,
}

/// How a load ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LoadEnd {
    /// With a value, or none.
    Done,
    Error,
    Panicked,
    TooBusy,
    /// It hung.
    GivenUp,
    Shutdown,
}

/// What came of asking for a lease.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LeaseEnd {
    Won,
    Waited,
    TimedOut,
    Lost,
}

impl ModelMetrics {
    pub(crate) fn new(model: &'static str) -> Self {
        Self {
            l1: TierMetrics::new(model, "l1", "hit"),
            l2: TierMetrics::new(model, "l2", "hit"),
            source: TierMetrics::new(model, "source", "miss"),
            missed: counter!("cache_requests_total", "model" => model, "tier" => "none", "outcome" => "miss"),
            joined: counter!("cache_singleflight_joined_total", "model" => model),
            discarded: counter!("cache_loads_total", "model" => model, "outcome" => "discarded_stale"),
            loaded_none: counter!("cache_loads_total", "model" => model, "outcome" => "none"),
            undecodable: counter!("cache_decode_errors_total", "model" => model),
            other_schema: counter!("cache_schema_mismatch_total", "model" => model),
            oversize: counter!("cache_oversize_total", "model" => model),
            refreshed_early: counter!("cache_early_refresh_total", "model" => model, "reason" => "xfetch"),
            invalidated_here: counter!("cache_invalidations_total", "source" => "here"),
            saved_us: counter!("cache_saved_source_microseconds_total", "model" => model),
            load_seconds: histogram!("cache_load_seconds", "model" => model),
            raw_bytes: histogram!("cache_payload_bytes", "model" => model, "stage" => "raw"),
            compressed_bytes: histogram!("cache_payload_bytes", "model" => model, "stage" => "compressed"),
            model,
        }
    }

    /// A read was answered. `load_time`: what the source would have taken.
    pub(crate) fn answered(&self, tier: Tier, found: bool, stale: bool, load_time: Duration) {
        let tier_metrics = match tier {
            Tier::L1 => &self.l1,
            Tier::L2 => &self.l2,
            Tier::Source => &self.source,
        };
        let counter = match (stale, found) {
            (true, _) => &tier_metrics.stale,
            (false, true) => &tier_metrics.hit,
            (false, false) => &tier_metrics.negative,
        };
        counter.increment(1);
        if tier != Tier::Source {
            self.saved_us.increment(u64::try_from(load_time.as_micros()).unwrap_or(0));
        }
    }

    pub(crate) fn stale_served(&self, reason: &'static str) {
        counter!("cache_stale_served_total", "model" => self.model, "reason" => reason).increment(1);
    }

    pub(crate) fn loaded(&self, end: LoadEnd, took: Duration) {
        let outcome = match end {
            LoadEnd::Done => "ok",
            LoadEnd::Error => "error",
            LoadEnd::Panicked => "panicked",
            LoadEnd::TooBusy => "too_busy",
            LoadEnd::GivenUp => "given_up",
            LoadEnd::Shutdown => "cancelled",
        };
        counter!("cache_loads_total", "model" => self.model, "outcome" => outcome).increment(1);
        if matches!(end, LoadEnd::Done) {
            self.load_seconds.record(took.as_secs_f64());
        }
    }

    pub(crate) fn timed_out(&self) {
        counter!("cache_loads_total", "model" => self.model, "outcome" => "timeout").increment(1);
    }

    pub(crate) fn leased(&self, end: LeaseEnd) {
        let outcome = match end {
            LeaseEnd::Won => "won",
            LeaseEnd::Waited => "waited",
            LeaseEnd::TimedOut => "timed_out",
            LeaseEnd::Lost => "lost",
        };
        counter!("cache_lease_total", "model" => self.model, "outcome" => outcome).increment(1);
    }

    #[allow(clippy::cast_precision_loss, reason = "a histogram")]
    pub(crate) fn encoded(&self, bytes: usize) {
        self.raw_bytes.record(bytes as f64);
    }

    /// An entry that goes to the shared tier.
    #[allow(clippy::cast_precision_loss, reason = "a histogram")]
    pub(crate) fn sealed(&self, entry: &[u8]) {
        if let Some(bytes) = envelope::compressed_bytes(entry) {
            self.compressed_bytes.record(bytes as f64);
        }
    }
}

impl TierMetrics {
    fn new(model: &'static str, tier: &'static str, found: &'static str) -> Self {
        let outcome = |outcome: &'static str| counter!("cache_requests_total", "model" => model, "tier" => tier, "outcome" => outcome);
        Self { hit: outcome(found), negative: outcome("negative"), stale: outcome("hit_stale") }
    }
}
