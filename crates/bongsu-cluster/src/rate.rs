//! Rates: token buckets, one or one per user, driven by the clock.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bongsu_types::{Clock, Millis, UserId};

/// How often something may happen: `burst` times at once, then `count` times in `every_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Times per period; 0 for no limit.
    pub count: u32,
    /// The period in milliseconds, at least 1.
    pub every_ms: u64,
    /// Times at once, at least 1.
    pub burst: u32,
}

impl Rate {
    /// `count` a second, `burst` at once.
    #[must_use]
    pub fn per_second(count: u32, burst: u32) -> Self {
        Self { count, every_ms: 1_000, burst }
    }

    /// `count` a minute, all of them at once when need be.
    #[must_use]
    pub fn per_minute(count: u32) -> Self {
        Self { count, every_ms: 60_000, burst: count }
    }

    /// Whether everything is let through.
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        self.count == 0
    }

    /// Level of a full bucket. A token is `every_ms` high and a millisecond adds `count`, so there is no rounding.
    fn full(&self) -> u64 {
        u64::from(self.burst.max(1)) * self.cost()
    }

    fn cost(&self) -> u64 {
        self.every_ms.max(1)
    }
}

/// One token bucket: filled at a rate, emptied by use.
#[derive(Debug, Clone, Copy)]
pub struct TokenBucket {
    level: u64,
    filled_ms: Millis,
}

impl TokenBucket {
    /// A full bucket.
    #[must_use]
    pub fn full(rate: Rate, now: Millis) -> Self {
        Self { level: rate.full(), filled_ms: now }
    }

    /// Takes a token. One bucket always gets the same `rate`.
    ///
    /// # Errors
    /// When there is none: the milliseconds until there is one, at least 1.
    pub fn take(&mut self, rate: Rate, now: Millis) -> Result<(), u64> {
        if rate.is_unlimited() {
            return Ok(());
        }
        self.fill(rate, now);
        if self.level >= rate.cost() {
            self.level -= rate.cost();
            return Ok(());
        }
        Err((rate.cost() - self.level).div_ceil(u64::from(rate.count)))
    }

    fn fill(&mut self, rate: Rate, now: Millis) {
        let added = now.since(self.filled_ms).saturating_mul(u64::from(rate.count));
        self.level = self.level.saturating_add(added).min(rate.full());
        // Also when the clock was set back: then it fills from there on.
        self.filled_ms = now;
    }

    fn is_full(&mut self, rate: Rate, now: Millis) -> bool {
        self.fill(rate, now);
        self.level == rate.full()
    }
}

/// A token bucket per user, local to this node.
///
/// Holds at most `users_max` buckets. When more are needed the full ones go (nothing is lost with them), looked for at
/// most once a second; if there are none, some bucket goes, which lets that user begin anew.
pub struct RateLimiter {
    rate: Rate,
    users_max: usize,
    clock: Arc<dyn Clock>,
    buckets: Mutex<Buckets>,
}

#[derive(Default)]
struct Buckets {
    of: HashMap<UserId, TokenBucket>,
    emptied_ms: Millis,
}

impl RateLimiter {
    /// Buckets of a node; more users than that are not active within one refill.
    pub const USERS_MAX: usize = 200_000;

    /// A limiter of this rate.
    #[must_use]
    pub fn new(rate: Rate, clock: Arc<dyn Clock>) -> Self {
        Self::with_users_max(rate, clock, Self::USERS_MAX)
    }

    /// A limiter that holds at most `users_max` buckets.
    #[must_use]
    pub fn with_users_max(rate: Rate, clock: Arc<dyn Clock>, users_max: usize) -> Self {
        Self { rate, users_max: users_max.max(1), clock, buckets: Mutex::default() }
    }

    /// Takes a token of this user.
    ///
    /// # Errors
    /// When there is none: the milliseconds until there is one, at least 1.
    pub fn take(&self, user: &UserId) -> Result<(), u64> {
        if self.rate.is_unlimited() {
            return Ok(());
        }
        let now = self.clock.now_ms();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.of.get_mut(user) {
            return bucket.take(self.rate, now);
        }
        if buckets.of.len() >= self.users_max {
            buckets.make_room(self.rate, now);
        }
        let mut bucket = TokenBucket::full(self.rate, now);
        let taken = bucket.take(self.rate, now);
        buckets.of.insert(user.clone(), bucket);
        taken
    }

    /// Buckets held now.
    #[must_use]
    pub fn users(&self) -> usize {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner).of.len()
    }
}

impl Buckets {
    fn make_room(&mut self, rate: Rate, now: Millis) {
        let before = self.of.len();
        if now.since(self.emptied_ms) >= 1_000 {
            self.emptied_ms = now;
            self.of.retain(|_, bucket| !bucket.is_full(rate, now));
        }
        if self.of.len() == before {
            let some = self.of.keys().next().cloned();
            some.and_then(|user| self.of.remove(&user));
        }
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter").field("rate", &self.rate).field("users", &self.users()).finish()
    }
}

#[cfg(test)]
mod tests {
    use bongsu_types::ManualClock;

    use super::*;

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    fn limiter(rate: Rate, users_max: usize) -> (Arc<ManualClock>, RateLimiter) {
        let clock = Arc::new(ManualClock::at(Millis(1_000_000)));
        (clock.clone(), RateLimiter::with_users_max(rate, clock, users_max))
    }

    #[test]
    fn a_burst_is_let_through_and_then_the_rate_holds() {
        let (clock, limiter) = limiter(Rate::per_second(10, 3), 10);
        let alice = user("alice");
        for _ in 0..3 {
            assert_eq!(limiter.take(&alice), Ok(()));
        }
        assert_eq!(limiter.take(&alice), Err(100));
        clock.advance(99);
        assert_eq!(limiter.take(&alice), Err(1));
        clock.advance(1);
        assert_eq!(limiter.take(&alice), Ok(()));
        assert_eq!(limiter.take(&alice), Err(100));
    }

    #[test]
    fn one_user_does_not_use_up_the_rate_of_another() {
        let (_, limiter) = limiter(Rate::per_minute(1), 10);
        assert_eq!(limiter.take(&user("alice")), Ok(()));
        assert_eq!(limiter.take(&user("alice")), Err(60_000));
        assert_eq!(limiter.take(&user("bob")), Ok(()));
    }

    #[test]
    fn waiting_never_saves_up_more_than_the_burst() {
        let (clock, limiter) = limiter(Rate::per_second(10, 2), 10);
        assert_eq!(limiter.take(&user("alice")), Ok(()));
        clock.advance(3_600_000);
        assert_eq!(limiter.take(&user("alice")), Ok(()));
        assert_eq!(limiter.take(&user("alice")), Ok(()));
        assert!(limiter.take(&user("alice")).is_err());
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let (_, limiter) = limiter(Rate::per_second(0, 1), 10);
        for _ in 0..10_000 {
            assert_eq!(limiter.take(&user("alice")), Ok(()));
        }
        assert_eq!(limiter.users(), 0);
    }

    #[test]
    fn full_buckets_make_room_for_new_users() {
        let (clock, limiter) = limiter(Rate::per_second(1, 1), 3);
        for name in ["a", "b", "c"] {
            assert_eq!(limiter.take(&user(name)), Ok(()));
        }
        clock.advance(1_000);
        assert_eq!(limiter.take(&user("d")), Ok(()));
        assert_eq!(limiter.users(), 1);
    }

    #[test]
    fn the_number_of_buckets_is_bounded_whoever_comes() {
        let (_, limiter) = limiter(Rate::per_second(1, 1), 3);
        for number in 0..100 {
            assert_eq!(limiter.take(&user(&format!("u{number}"))), Ok(()));
        }
        assert_eq!(limiter.users(), 3);
    }

    #[test]
    fn a_clock_set_back_does_not_lock_a_user_out() {
        let rate = Rate::per_second(1, 1);
        let mut bucket = TokenBucket::full(rate, Millis(1_000_000));
        assert_eq!(bucket.take(rate, Millis(1_000_000)), Ok(()));
        assert_eq!(bucket.take(rate, Millis(500_000)), Err(1_000));
        assert_eq!(bucket.take(rate, Millis(501_000)), Ok(()));
    }
}
