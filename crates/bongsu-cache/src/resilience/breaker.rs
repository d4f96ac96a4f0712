//! A breaker: after enough failures in a row, calls are not even tried for a while.
//!
//! Closed -> (so many failures in a row) -> open -> (time is up) -> half open: a few calls are let through -> one
//! success closes it, one failure opens it again. One breaker belongs to one shard: others are not touched.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::random;

/// When a breaker opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerOptions {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open.
    pub open_for: Duration,
    /// Open times differ by up to this many percent more, so that processes do not come back together.
    pub jitter_percent: u8,
    /// Calls at the same time while it is half open.
    pub probes: u32,
}

impl Default for BreakerOptions {
    fn default() -> Self {
        Self { failures: 5, open_for: Duration::from_secs(1), jitter_percent: 20, probes: 1 }
    }
}

/// What a breaker does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// A few calls go through, to find out.
    HalfOpen,
    /// No call goes through.
    Open,
}

/// One breaker. Its lock is held for a few instructions and never across an await.
#[derive(Debug)]
pub struct Breaker {
    options: BreakerOptions,
    inner: Mutex<Inner>,
}

#[derive(Debug, Clone, Copy)]
enum Inner {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen { probes: u32 },
}

/// A call that was let through. Say how it went; one that is dropped (cancelled) says nothing and frees its place.
#[derive(Debug)]
#[must_use = "say how the call went"]
pub struct Entry<'a> {
    breaker: &'a Breaker,
    probe: bool,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(options: BreakerOptions) -> Self {
        Self { options, inner: Mutex::new(Inner::Closed { failures: 0 }) }
    }

    /// Lets a call through, or `None` while it is open.
    pub fn enter(&self) -> Option<Entry<'_>> {
        let mut inner = self.lock();
        match *inner {
            Inner::Closed { .. } => Some(Entry { breaker: self, probe: false }),
            Inner::Open { until } if Instant::now() < until => None,
            Inner::Open { .. } => {
                *inner = Inner::HalfOpen { probes: 1 };
                Some(Entry { breaker: self, probe: true })
            }
            Inner::HalfOpen { probes } if probes >= self.options.probes => None,
            Inner::HalfOpen { probes } => {
                *inner = Inner::HalfOpen { probes: probes + 1 };
                Some(Entry { breaker: self, probe: true })
            }
        }
    }

    /// What it does now.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        match *self.lock() {
            Inner::Closed { .. } => BreakerState::Closed,
            Inner::Open { until } if Instant::now() < until => BreakerState::Open,
            Inner::Open { .. } | Inner::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    fn fail(&self, probe: bool) {
        let mut inner = self.lock();
        *inner = match *inner {
            Inner::Closed { failures } if failures + 1 < self.options.failures => {
                Inner::Closed { failures: failures + 1 }
            }
            Inner::Closed { .. } => Inner::Open { until: self.open_until() },
            Inner::HalfOpen { .. } if probe => Inner::Open { until: self.open_until() },
            // A call from before it opened: nothing new.
            unchanged @ (Inner::HalfOpen { .. } | Inner::Open { .. }) => unchanged,
        };
    }

    fn succeed(&self, probe: bool) {
        let mut inner = self.lock();
        if probe || matches!(*inner, Inner::Closed { .. }) {
            *inner = Inner::Closed { failures: 0 };
        }
    }

    fn leave(&self) {
        let mut inner = self.lock();
        if let Inner::HalfOpen { probes } = *inner {
            *inner = Inner::HalfOpen { probes: probes.saturating_sub(1) };
        }
    }

    fn open_until(&self) -> Instant {
        let jitter = f64::from(self.options.jitter_percent) / 100.0 * random::fraction();
        Instant::now() + self.options.open_for.mul_f64(1.0 + jitter)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry<'_> {
    /// The shard answered (also when it refused: it is there).
    pub fn succeeded(self) {
        self.breaker.succeed(self.probe);
    }

    /// No answer in time, or no connection.
    pub fn failed(self) {
        self.breaker.fail(self.probe);
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if self.probe {
            self.breaker.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> Breaker {
        Breaker::new(BreakerOptions { failures: 3, jitter_percent: 0, ..BreakerOptions::default() })
    }

    fn fail(breaker: &Breaker, times: u32) {
        for _ in 0..times {
            breaker.enter().expect("let through").failed();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_only() {
        let breaker = breaker();
        fail(&breaker, 2);
        breaker.enter().expect("closed").succeeded();
        fail(&breaker, 2);
        assert_eq!(breaker.state(), BreakerState::Closed);
        fail(&breaker, 1);
        assert_eq!(breaker.state(), BreakerState::Open);
        assert!(breaker.enter().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_succeeds_closes_it_and_one_that_fails_opens_it_again() {
        let breaker = breaker();
        fail(&breaker, 3);
        tokio::time::advance(Duration::from_secs(1)).await;
        let probe = breaker.enter().expect("half open");
        assert!(breaker.enter().is_none(), "one probe at a time");
        probe.failed();
        assert_eq!(breaker.state(), BreakerState::Open);
        tokio::time::advance(Duration::from_secs(1)).await;
        breaker.enter().expect("half open").succeeded();
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_probe_frees_its_place() {
        let breaker = breaker();
        fail(&breaker, 3);
        tokio::time::advance(Duration::from_secs(1)).await;
        drop(breaker.enter().expect("half open"));
        breaker.enter().expect("the place is free").succeeded();
        assert_eq!(breaker.state(), BreakerState::Closed);
    }
}
