//! What is cached everywhere, and where it comes from: a source that counts how often it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bongsu_cache::CacheSchema;
use hitbox_fn::CacheableResponse;
use serde::{Deserialize, Serialize};

/// Bytes of the text.
const TEXT_BYTES: usize = 200;

#[derive(Debug, Clone, Serialize, Deserialize, CacheSchema, CacheableResponse)]
#[cache(model = "value", id = u64, ttl = "1h", l1_ttl = "1h")]
pub(crate) struct Value {
    pub(crate) id: u64,
    /// Of the source when it was read.
    pub(crate) version: u64,
    text: String,
}

impl Value {
    pub(crate) fn of(id: u64, version: u64) -> Self {
        Self { id, version, text: format!("{id:0TEXT_BYTES$}") }
    }

    /// What the service does with it: enough to see whether it is the right one.
    pub(crate) fn seen(&self) -> Seen {
        Seen { id: self.id, version: self.version }
    }
}

/// What a read gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) id: u64,
    pub(crate) version: u64,
}

/// All processes read the same one.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    state: Arc<State>,
    takes: Duration,
}

#[derive(Debug)]
struct State {
    version: AtomicU64,
    loads: AtomicU64,
}

impl Source {
    pub(crate) fn new(takes: Duration) -> Self {
        Self { state: Arc::new(State { version: AtomicU64::new(1), loads: AtomicU64::new(0) }), takes }
    }

    /// Reads first and takes its time then, as a query does whose answer is on its way.
    pub(crate) async fn load(self, id: u64) -> Value {
        self.state.loads.fetch_add(1, Ordering::SeqCst);
        let value = Value::of(id, self.state.version.load(Ordering::SeqCst));
        if !self.takes.is_zero() {
            tokio::time::sleep(self.takes).await;
        }
        value
    }

    /// A write, committed.
    pub(crate) fn change(&self) -> u64 {
        self.state.version.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn loads(&self) -> u64 {
        self.state.loads.load(Ordering::SeqCst)
    }
}
