//! What a case is given: a store on a clock that stands still, everything it committed, and the power to reopen it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bongsu_types::{Committed, Limits, ManualClock, Millis};

use crate::{CommitObserver, Store, StoreOptions};

/// One day in milliseconds.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// An engine under test, opened again and again over the same data.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Opens the data, which is closed now.
    async fn open(&self, options: StoreOptions) -> Arc<dyn Store>;

    /// Closes what [`Engine::open`] gave; what was replied before must be there when it is opened again.
    async fn close(&self);
}

/// A store under test. Cases take the store anew after [`Fixture::reopen`] and [`Fixture::limit`].
pub struct Fixture {
    engine: Box<dyn Engine>,
    clock: Arc<ManualClock>,
    observed: Arc<Observed>,
    limits: Mutex<Limits>,
    store: Mutex<Option<Arc<dyn Store>>>,
}

/// Remembers every commit.
#[derive(Default)]
struct Observed(Mutex<Vec<Arc<Committed>>>);

impl CommitObserver for Observed {
    fn committed(&self, committed: &Arc<Committed>) {
        self.0.lock().expect("never poisoned").push(Arc::clone(committed));
    }
}

impl Fixture {
    /// Opens an engine that has no data yet.
    pub async fn open(engine: Box<dyn Engine>) -> Self {
        let fixture = Self {
            engine,
            // A believable instant, far enough from zero for every retention rule.
            clock: Arc::new(ManualClock::at(Millis(1_700_000_000_000))),
            observed: Arc::default(),
            limits: Mutex::default(),
            store: Mutex::default(),
        };
        fixture.open_store().await;
        fixture
    }

    /// The store.
    ///
    /// # Panics
    /// Never between cases' own calls: only while the store is being reopened.
    pub fn store(&self) -> Arc<dyn Store> {
        self.store.lock().expect("never poisoned").clone().expect("the store is open")
    }

    /// Closes the store and opens the same data again.
    pub async fn reopen(&self) {
        self.store.lock().expect("never poisoned").take();
        self.engine.close().await;
        self.open_store().await;
    }

    /// Reopens the store with other limits.
    pub async fn limit(&self, change: impl FnOnce(&mut Limits)) {
        change(&mut self.limits.lock().expect("never poisoned"));
        self.reopen().await;
    }

    /// The limits the store was opened with.
    pub fn limits(&self) -> Limits {
        self.limits.lock().expect("never poisoned").clone()
    }

    /// Now, for the store.
    pub fn now(&self) -> Millis {
        bongsu_types::Clock::now_ms(&*self.clock)
    }

    /// Lets time pass.
    pub fn advance(&self, ms: u64) {
        self.clock.advance(ms);
    }

    /// Everything the observer was told, in order.
    pub fn committed(&self) -> Vec<Arc<Committed>> {
        self.observed.0.lock().expect("never poisoned").clone()
    }

    async fn open_store(&self) {
        let options = StoreOptions {
            clock: Arc::clone(&self.clock) as _,
            limits: Arc::new(self.limits()),
            observer: Arc::clone(&self.observed) as _,
        };
        let store = self.engine.open(options).await;
        *self.store.lock().expect("never poisoned") = Some(store);
    }
}
