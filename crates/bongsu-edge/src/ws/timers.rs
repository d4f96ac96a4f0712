//! The clock of one session: one timer for all that has to happen some time.

use std::pin::Pin;
use std::time::Duration;

use bongsu_types::Millis;
use tokio::time::{Instant, Sleep};

use crate::timing::{Timing, jitter, millis};

/// When a session has to do what.
pub(super) struct Timers {
    sleep: Pin<Box<Sleep>>,
    seed: u64,
    /// Next ping.
    ping_at: Instant,
    /// Last time anything came.
    heard_at: Instant,
    /// Last time anything was written, or began to wait for being written.
    written_at: Instant,
    /// Next time to store acks.
    store_at: Instant,
    /// A read that failed is tried again.
    retry_at: Option<Instant>,
    /// The store is asked whether the session still stands.
    recheck_at: Option<Instant>,
    /// End of patience with the shutdown.
    drained_at: Option<Instant>,
    /// When the token is over.
    expires_ms: Millis,
    /// The client was told that it soon is.
    expiring_told: bool,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Due {
    pub(super) ping: bool,
    pub(super) store_acks: bool,
    pub(super) expiring: bool,
    pub(super) expired: bool,
    /// Nothing came for too long.
    pub(super) silent: bool,
    /// What waits to be written did not move for too long.
    pub(super) stalled: bool,
    pub(super) drained: bool,
    pub(super) recheck: bool,
}

impl Timers {
    pub(super) fn new(timing: &Timing, seed: u64, expires_ms: Millis) -> Self {
        let now = Instant::now();
        Self {
            sleep: Box::pin(tokio::time::sleep_until(now)),
            seed,
            ping_at: now + ping_after(timing, seed),
            heard_at: now,
            written_at: now,
            store_at: now + store_after(timing, seed),
            retry_at: None,
            recheck_at: None,
            drained_at: None,
            expires_ms,
            expiring_told: false,
        }
    }

    /// Waits until something may be due. Cancel-safe.
    pub(super) async fn wait(&mut self) {
        self.sleep.as_mut().await;
    }

    /// Something came.
    pub(super) fn heard(&mut self) {
        self.heard_at = Instant::now();
    }

    /// Something was written, or begins to wait for it. While the session does not read, that is a sign of life too.
    pub(super) fn written(&mut self, reads: bool) {
        self.written_at = Instant::now();
        if !reads {
            self.heard_at = self.written_at;
        }
    }

    /// The session has a newer token.
    pub(super) fn renew(&mut self, expires_ms: Millis) {
        self.expires_ms = expires_ms;
        self.expiring_told = false;
        self.rearm();
    }

    /// Something failed and is to be tried again later.
    pub(super) fn retry(&mut self, timing: &Timing) {
        self.retry_at = Some(Instant::now() + timing.retry_after);
        self.rearm();
    }

    /// Whether a failed read has to wait still.
    pub(super) fn holds_back(&self) -> bool {
        self.retry_at.is_some()
    }

    /// The store is to be asked whether the session still stands: soon, but not by all sessions at once.
    pub(super) fn recheck(&mut self, timing: &Timing) {
        if self.recheck_at.is_none() {
            self.recheck_at = Some(Instant::now() + jitter(self.seed, 4, timing.recheck_within));
            self.rearm();
        }
    }

    /// The shutdown began.
    pub(super) fn drain(&mut self, timing: &Timing) {
        self.drained_at = Some(Instant::now() + timing.drain_within);
        self.rearm();
    }

    /// Makes [`Timers::wait`] return at once, so that the next time is computed anew.
    fn rearm(&mut self) {
        self.sleep.as_mut().reset(Instant::now());
    }

    /// What is due now; sets the timer to what comes next.
    pub(super) fn due(&mut self, timing: &Timing, wall: Millis, write_waits: bool) -> Due {
        let now = Instant::now();
        let left_ms = self.expires_ms.since(wall);
        let expiring_ms = millis(timing.expiring_before);
        let mut due = Due {
            ping: now >= self.ping_at,
            store_acks: now >= self.store_at,
            expired: left_ms == 0,
            silent: now >= self.heard_at + timing.silence,
            stalled: write_waits && now >= self.written_at + timing.stall,
            drained: self.drained_at.is_some_and(|at| now >= at),
            recheck: self.recheck_at.is_some_and(|at| now >= at),
            expiring: false,
        };
        if !self.expiring_told && left_ms <= expiring_ms {
            self.expiring_told = true;
            due.expiring = !due.expired;
        }
        if due.recheck {
            self.recheck_at = None;
        }
        if due.ping {
            self.ping_at = now + ping_after(timing, self.seed);
        }
        if due.store_acks {
            self.store_at = now + store_after(timing, self.seed);
        }
        if self.retry_at.is_some_and(|at| now >= at) {
            self.retry_at = None;
        }
        let expiry_ms = if self.expiring_told { left_ms } else { left_ms - expiring_ms };
        let mut next = self.ping_at.min(self.store_at).min(self.heard_at + timing.silence);
        // Pings come often enough for far instants, which may also lie beyond what the timer can hold.
        if expiry_ms < millis(timing.ping_every) {
            next = next.min(now + Duration::from_millis(expiry_ms));
        }
        if write_waits {
            next = next.min(self.written_at + timing.stall);
        }
        for at in [self.retry_at, self.recheck_at, self.drained_at].into_iter().flatten() {
            next = next.min(at);
        }
        self.sleep.as_mut().reset(next);
        due
    }
}

/// Pings of many sessions are spread over a tenth of their period.
fn ping_after(timing: &Timing, seed: u64) -> Duration {
    timing.ping_every - jitter(seed, 1, timing.ping_every / 10)
}

/// Stores of many sessions are spread over a third of their period.
fn store_after(timing: &Timing, seed: u64) -> Duration {
    timing.store_acks_every - jitter(seed, 2, timing.store_acks_every / 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Millis = Millis(1_000_000);

    fn timers(expires_ms: Millis) -> (Timing, Timers) {
        let timing = Timing::default();
        let timers = Timers::new(&timing, 1, expires_ms);
        (timing, timers)
    }

    /// Waits for the timer as the session does and says what is due.
    async fn next_due(timers: &mut Timers, timing: &Timing, wall: Millis, write_waits: bool) -> Due {
        loop {
            timers.wait().await;
            let due = timers.due(timing, wall, write_waits);
            if due != Due::default() {
                return due;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn pings_come_within_their_period() {
        let (timing, mut timers) = timers(Millis(u64::MAX));
        let began = Instant::now();
        let due = next_due(&mut timers, &timing, START, false).await;
        assert_eq!(due, Due { ping: true, ..Due::default() });
        assert!(began.elapsed() <= timing.ping_every && began.elapsed() >= timing.ping_every * 9 / 10);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_the_session_and_a_sign_of_life_does_not() {
        let (timing, mut timers) = timers(Millis(u64::MAX));
        tokio::time::advance(timing.silence - Duration::from_secs(1)).await;
        timers.heard();
        tokio::time::advance(timing.silence - Duration::from_secs(1)).await;
        assert!(!timers.due(&timing, START, false).silent);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(timers.due(&timing, START, false).silent);
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_moves_is_a_sign_of_life_only_while_nothing_is_read() {
        let (timing, mut timers) = timers(Millis(u64::MAX));
        tokio::time::advance(timing.silence).await;
        timers.written(true);
        assert!(timers.due(&timing, START, true).silent);
        timers.written(false);
        assert!(!timers.due(&timing, START, true).silent);
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_does_not_move_stalls() {
        let (timing, mut timers) = timers(Millis(u64::MAX));
        timers.written(true);
        tokio::time::advance(timing.stall).await;
        assert!(!timers.due(&timing, START, false).stalled);
        assert!(timers.due(&timing, START, true).stalled);
        timers.written(true);
        assert!(!timers.due(&timing, START, true).stalled);
    }

    #[tokio::test(start_paused = true)]
    async fn expiry_is_announced_once_and_then_comes() {
        let (timing, mut timers) = timers(START.plus(100_000));
        assert_eq!(timers.due(&timing, START, false), Due::default());
        assert!(timers.due(&timing, START.plus(40_000), false).expiring);
        assert!(!timers.due(&timing, START.plus(50_000), false).expiring);
        assert!(timers.due(&timing, START.plus(100_000), false).expired);
        timers.renew(START.plus(200_000));
        assert!(timers.due(&timing, START.plus(140_000), false).expiring);
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_to_ask_again_that_comes_while_asking_is_carried_out_too() {
        let (timing, mut timers) = timers(Millis(u64::MAX));
        timers.recheck(&timing);
        timers.recheck(&timing);
        tokio::time::advance(timing.recheck_within).await;
        assert!(timers.due(&timing, START, false).recheck);
        assert!(!timers.due(&timing, START, false).recheck);
        timers.recheck(&timing);
        tokio::time::advance(timing.recheck_within).await;
        assert!(timers.due(&timing, START, false).recheck);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_read_waits_for_its_time() {
        let (timing, mut timers) = timers(Millis(u64::MAX));
        timers.retry(&timing);
        assert!(timers.holds_back());
        tokio::time::advance(timing.retry_after).await;
        timers.due(&timing, START, false);
        assert!(!timers.holds_back());
    }
}
