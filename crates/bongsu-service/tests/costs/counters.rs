//! The counters of the engine, read as an operator's metrics would be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};

/// What the engine did so far.
#[derive(Clone, Default)]
pub(crate) struct Counters {
    rows_read: Arc<AtomicU64>,
    rows_written: Arc<AtomicU64>,
    durable_writes: Arc<Records>,
}

/// What it did between two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) rows_read: u64,
    pub(crate) rows_written: u64,
    pub(crate) durable_writes: u64,
}

impl Counters {
    /// Counts for the whole process from now on.
    pub(crate) fn install() -> Self {
        let counters = Self::default();
        metrics::set_global_recorder(counters.clone()).unwrap();
        counters
    }

    pub(crate) fn now(&self) -> Spent {
        Spent {
            rows_read: self.rows_read.load(Ordering::SeqCst),
            rows_written: self.rows_written.load(Ordering::SeqCst),
            durable_writes: self.durable_writes.0.load(Ordering::SeqCst),
        }
    }

    pub(crate) fn since(&self, start: &Spent) -> Spent {
        let now = self.now();
        Spent {
            rows_read: now.rows_read - start.rows_read,
            rows_written: now.rows_written - start.rows_written,
            durable_writes: now.durable_writes - start.durable_writes,
        }
    }
}

/// Counts how often a histogram is told something.
#[derive(Default)]
struct Records(AtomicU64);

impl HistogramFn for Records {
    fn record(&self, _: f64) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Recorder for Counters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let op = key.labels().find(|label| label.key() == "op").map(|label| label.value().to_owned());
        match (key.name(), op.as_deref()) {
            ("bongsu_store_rows_total", Some("read")) => Counter::from_arc(Arc::clone(&self.rows_read)),
            ("bongsu_store_rows_total", Some("written")) => Counter::from_arc(Arc::clone(&self.rows_written)),
            _ => Counter::noop(),
        }
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        match key.name() {
            "bongsu_store_batch_commands" => Histogram::from_arc(Arc::clone(&self.durable_writes)),
            _ => Histogram::noop(),
        }
    }
}
