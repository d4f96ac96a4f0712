//! Tells the bus of every commit: what a store is opened with.

use std::sync::Arc;

use bongsu_cluster::Bus;
use bongsu_store::CommitObserver;
use bongsu_types::Committed;

/// Publishes each commit on a bus, in commit order.
#[derive(Debug, Clone)]
pub struct PublishCommits(Arc<dyn Bus>);

impl PublishCommits {
    /// Publishes on `bus`.
    #[must_use]
    pub fn to(bus: Arc<dyn Bus>) -> Self {
        Self(bus)
    }
}

impl CommitObserver for PublishCommits {
    fn committed(&self, committed: &Arc<Committed>) {
        self.0.publish(Arc::clone(committed));
    }
}
