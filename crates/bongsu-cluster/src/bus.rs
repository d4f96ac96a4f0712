//! The bus: tells every node what was committed, quickly and without promises.
//!
//! The log is the truth and the tail repairs whatever the bus loses, so a publisher never waits for a reader: a reader
//! that falls too far behind is told [`BusEvent::Lost`] and goes on from there.

use std::fmt;
use std::sync::Arc;

use bongsu_types::{Committed, Millis, RoomId, UserId};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Carries commits and ephemeral messages from those who make them to those who deliver them.
///
/// Both ways are bounded and lossy. Commits arrive in the order published, or [`BusEvent::Lost`] stands in the place
/// of those that do not; across a faulty network they may also vanish silently, come twice or out of order, which a
/// receiver sees by `Committed::commit`.
pub trait Bus: fmt::Debug + Send + Sync + 'static {
    /// Publishes a commit. Never blocks: called by the committer, in commit order.
    fn publish(&self, committed: Arc<Committed>);

    /// Publishes something that may be lost.
    fn publish_ephemeral(&self, ephemeral: Ephemeral);

    /// Commits published from now on.
    fn subscribe(&self) -> BusReceiver;

    /// Ephemeral messages published from now on.
    fn subscribe_ephemerals(&self) -> EphemeralReceiver;
}

/// What a subscriber hears of commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusEvent {
    /// A commit.
    Committed(Arc<Committed>),
    /// One or more commits were lost here: read the tail from the last commit seen.
    Lost,
}

/// What is worth telling at once and not worth keeping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ephemeral {
    /// A member began or stopped typing.
    Typing {
        /// Where.
        room: RoomId,
        /// Who.
        user: UserId,
        /// Began or stopped.
        on: bool,
    },
    /// A user came online or went offline.
    Presence {
        /// Who.
        user: UserId,
        /// Online now.
        online: bool,
        /// When they last did something.
        last_active_ms: Millis,
    },
}

/// A subscription to commits.
#[derive(Debug)]
pub struct BusReceiver(broadcast::Receiver<Arc<Committed>>);

impl BusReceiver {
    /// Wraps the receiving end of a queue of commits, for those who write a [`Bus`].
    #[must_use]
    pub fn new(queue: broadcast::Receiver<Arc<Committed>>) -> Self {
        Self(queue)
    }

    /// The next event; `None` once the bus is gone. Cancel-safe.
    pub async fn recv(&mut self) -> Option<BusEvent> {
        match self.0.recv().await {
            Ok(committed) => Some(BusEvent::Committed(committed)),
            Err(RecvError::Lagged(lost)) => {
                metrics::counter!("bongsu_bus_commits_lost_total").increment(lost);
                Some(BusEvent::Lost)
            }
            Err(RecvError::Closed) => None,
        }
    }
}

/// A subscription to ephemeral messages.
#[derive(Debug)]
pub struct EphemeralReceiver(broadcast::Receiver<Ephemeral>);

impl EphemeralReceiver {
    /// Wraps the receiving end of a queue of ephemeral messages, for those who write a [`Bus`].
    #[must_use]
    pub fn new(queue: broadcast::Receiver<Ephemeral>) -> Self {
        Self(queue)
    }

    /// The next message that was not lost; `None` once the bus is gone. Cancel-safe.
    pub async fn recv(&mut self) -> Option<Ephemeral> {
        loop {
            match self.0.recv().await {
                Ok(ephemeral) => return Some(ephemeral),
                Err(RecvError::Lagged(lost)) => {
                    metrics::counter!("bongsu_bus_ephemerals_lost_total").increment(lost);
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
