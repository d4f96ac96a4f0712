//! What every engine is opened with.

use std::fmt;
use std::sync::Arc;

use bongsu_types::{Clock, Committed, Limits, SystemClock};

/// Told of every commit.
pub trait CommitObserver: Send + Sync + 'static {
    /// Called once per commit, in commit order, after the commit is durable and visible and before its callers are
    /// answered. Must not block: it runs on the committer.
    fn committed(&self, committed: &Arc<Committed>);
}

/// Nobody listens (tools, tests).
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl CommitObserver for Unobserved {
    fn committed(&self, _committed: &Arc<Committed>) {}
}

/// What every engine is opened with.
#[derive(Clone)]
pub struct StoreOptions {
    /// Time of records, devices and sweeps.
    pub clock: Arc<dyn Clock>,
    /// Bounds checked inside commits: members, rooms and devices of a user, reactions.
    pub limits: Arc<Limits>,
    /// Told of every commit.
    pub observer: Arc<dyn CommitObserver>,
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreOptions")
            .field("clock", &self.clock)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            limits: Arc::new(Limits::default()),
            observer: Arc::new(Unobserved),
        }
    }
}

/// On whose word a user acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Authority {
    /// The user's own token.
    User,
    /// A server key that acts for the user: it may change the data of a direct room and use global keys.
    Server,
}
