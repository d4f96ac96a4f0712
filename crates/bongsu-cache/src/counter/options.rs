//! How long a counter lives and how hard it is sought.

use std::time::Duration;

use crate::error::BuildError;
use crate::hub::check_longest;

/// What holds for the counters of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CounterOptions {
    /// Life of a counter from its seed on, up to ten percent less.
    pub ttl: Duration,
    /// The right to seed ends by itself after this long: about twice a slow count.
    pub lease_ttl: Duration,
    /// How long a reader waits for another one's seed before it counts by itself, and keeps the result to itself.
    pub lease_wait: Duration,
    /// After this long a read fails. The count itself goes on.
    pub hard_timeout: Duration,
}

impl CounterOptions {
    /// Seven days; five seconds to count in, of which others wait one.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            ttl: Duration::from_secs(7 * 24 * 3600),
            lease_ttl: Duration::from_secs(5),
            lease_wait: Duration::from_secs(1),
            hard_timeout: Duration::from_secs(5),
        }
    }

    /// See [`CounterOptions::ttl`].
    #[must_use]
    pub const fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// See [`CounterOptions::lease_ttl`] and [`CounterOptions::lease_wait`].
    #[must_use]
    pub const fn with_lease(mut self, ttl: Duration, wait: Duration) -> Self {
        self.lease_ttl = ttl;
        self.lease_wait = wait;
        self
    }

    /// See [`CounterOptions::hard_timeout`].
    #[must_use]
    pub const fn with_hard_timeout(mut self, timeout: Duration) -> Self {
        self.hard_timeout = timeout;
        self
    }

    pub(super) fn check(&self, model: &str) -> Result<(), BuildError> {
        let refuse = |option, value: Duration, advice| {
            Err(BuildError::option(&format!("counter {model}"), option, value, advice))
        };
        check_longest(
            &format!("counter {model}"),
            &[("ttl", self.ttl), ("lease_ttl", self.lease_ttl), ("hard_timeout", self.hard_timeout)],
        )?;
        if self.ttl.is_zero() {
            return refuse("ttl", self.ttl, "nothing would be kept: give counters a life");
        }
        if self.lease_ttl.is_zero() {
            return refuse(
                "lease_ttl",
                self.lease_ttl,
                "it would end before the count: about twice a slow one",
            );
        }
        if self.hard_timeout.is_zero() {
            return refuse("hard_timeout", self.hard_timeout, "every read would fail: give counts some time");
        }
        if self.lease_wait > self.hard_timeout {
            let advice = "a reader would time out first: stay below hard_timeout";
            return refuse("lease_wait", self.lease_wait, advice);
        }
        Ok(())
    }
}

impl Default for CounterOptions {
    fn default() -> Self {
        Self::new()
    }
}
