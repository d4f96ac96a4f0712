//! How many loads of one model run at a time: what keeps the source alive when both tiers are cold.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Places for loads, and how long to wait for one.
#[derive(Debug, Clone)]
pub(crate) struct LoadLimit {
    places: Arc<Semaphore>,
    wait: Duration,
}

impl LoadLimit {
    pub(crate) fn new(loads_max: usize, wait: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(loads_max.min(Semaphore::MAX_PERMITS))), wait }
    }

    /// A place, or `None` after waiting for long enough.
    pub(crate) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        let place = Arc::clone(&self.places).acquire_owned();
        tokio::time::timeout(self.wait, place).await.ok()?.ok()
    }
}
