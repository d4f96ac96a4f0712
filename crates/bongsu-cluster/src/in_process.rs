//! The bus of a deployment with one node: two bounded queues in memory.

use std::sync::Arc;

use bongsu_types::Committed;
use tokio::sync::broadcast;

use crate::{Bus, BusReceiver, Ephemeral, EphemeralReceiver};

/// Commits kept for the slowest subscriber; one that is further behind reads the tail instead.
pub const COMMITS_QUEUED: usize = 8 * 1024;

/// Ephemeral messages kept for the slowest subscriber; older ones are dropped.
pub const EPHEMERALS_QUEUED: usize = 1024;

/// A bus within one process. Loses only what a subscriber is too slow to take, and says so.
#[derive(Debug)]
pub struct InProcessBus {
    commits: broadcast::Sender<Arc<Committed>>,
    ephemerals: broadcast::Sender<Ephemeral>,
}

impl InProcessBus {
    /// A bus with queues of the usual length.
    #[must_use]
    pub fn new() -> Self {
        Self::with_queues(COMMITS_QUEUED, EPHEMERALS_QUEUED)
    }

    /// A bus with queues of these lengths, each at least 1; they are rounded up to a power of two.
    #[must_use]
    pub fn with_queues(commits: usize, ephemerals: usize) -> Self {
        Self {
            commits: broadcast::Sender::new(commits.max(1)),
            ephemerals: broadcast::Sender::new(ephemerals.max(1)),
        }
    }
}

impl Default for InProcessBus {
    fn default() -> Self {
        Self::new()
    }
}

impl Bus for InProcessBus {
    fn publish(&self, committed: Arc<Committed>) {
        metrics::counter!("bongsu_bus_commits_published_total").increment(1);
        // An error means only that nobody listens.
        drop(self.commits.send(committed));
    }

    fn publish_ephemeral(&self, ephemeral: Ephemeral) {
        drop(self.ephemerals.send(ephemeral));
    }

    fn subscribe(&self) -> BusReceiver {
        BusReceiver::new(self.commits.subscribe())
    }

    fn subscribe_ephemerals(&self) -> EphemeralReceiver {
        EphemeralReceiver::new(self.ephemerals.subscribe())
    }
}

#[cfg(test)]
mod tests {
    use bongsu_types::{CommitNo, Epoch, Millis, UserId};

    use super::*;
    use crate::BusEvent;

    fn commit(number: u64) -> Arc<Committed> {
        Arc::new(Committed { epoch: Epoch(1), commit: CommitNo(number), facts: Vec::new() })
    }

    fn presence(at: u64) -> Ephemeral {
        let user = UserId::new("alice").unwrap();
        Ephemeral::Presence { user, online: true, last_active_ms: Millis(at) }
    }

    #[tokio::test]
    async fn every_subscriber_gets_commits_in_order() {
        let bus = InProcessBus::new();
        let (mut first, mut second) = (bus.subscribe(), bus.subscribe());
        for number in 1..=3 {
            bus.publish(commit(number));
        }
        for receiver in [&mut first, &mut second] {
            for number in 1..=3 {
                assert_eq!(receiver.recv().await, Some(BusEvent::Committed(commit(number))));
            }
        }
    }

    #[tokio::test]
    async fn a_slow_subscriber_hears_that_it_lost_commits_and_goes_on() {
        let bus = InProcessBus::with_queues(2, 1);
        let mut slow = bus.subscribe();
        for number in 1..=5 {
            bus.publish(commit(number));
        }
        assert_eq!(slow.recv().await, Some(BusEvent::Lost));
        assert_eq!(slow.recv().await, Some(BusEvent::Committed(commit(4))));
        assert_eq!(slow.recv().await, Some(BusEvent::Committed(commit(5))));
    }

    #[tokio::test]
    async fn a_flood_of_ephemerals_drops_the_oldest_and_no_commit() {
        let bus = InProcessBus::with_queues(2, 2);
        let (mut commits, mut ephemerals) = (bus.subscribe(), bus.subscribe_ephemerals());
        bus.publish(commit(1));
        for at in 1..=5 {
            bus.publish_ephemeral(presence(at));
        }
        assert_eq!(ephemerals.recv().await, Some(presence(4)));
        assert_eq!(ephemerals.recv().await, Some(presence(5)));
        assert_eq!(commits.recv().await, Some(BusEvent::Committed(commit(1))));
    }

    #[tokio::test]
    async fn a_subscription_ends_with_its_bus() {
        let bus = InProcessBus::new();
        let mut receiver = bus.subscribe();
        drop(bus);
        assert_eq!(receiver.recv().await, None);
    }
}
