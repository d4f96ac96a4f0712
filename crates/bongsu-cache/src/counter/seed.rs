//! Reading a counter, and counting in the source when there is none: one count for all who ask.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::{Counter, CounterKey, remove_one};
use crate::contract::{CounterSeed, CounterValue, Epoch, Filled, Key, Lease, Over, Token};
use crate::error::LoadError;
use crate::hub::Shared;
use crate::random;

/// How often a reader looks whether another one has seeded.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Whether a reader may seed.
pub(super) enum Right {
    /// With this token, under the epoch of its lease.
    Seed(Token, Epoch),
    /// The counter is there.
    Value(i64),
    /// Neither: it counts, and keeps the result to itself.
    None,
}

/// What came of asking for the right once.
pub(super) enum Asked {
    Answer(Right),
    /// Another one counts: ask again after this long.
    Again(Duration),
}

impl<K: CounterKey> Counter<K> {
    /// The value of a counter. If there is none, `seed` counts in the source: once among all processes that ask. It
    /// runs detached from this call, so that a caller who goes away does not waste it.
    ///
    /// Trouble in the shared tier is no error: the source answers.
    ///
    /// # Errors
    /// When the source fails, takes longer than [`CounterOptions::hard_timeout`](super::CounterOptions::hard_timeout),
    /// or too many counts are running.
    pub async fn get_or_seed<E, F, Fut>(&self, id: &K, seed: F) -> Result<i64, LoadError<E>>
    where
        E: Send + Sync + 'static,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<i64, E>> + Send + 'static,
    {
        let key = self.key(id);
        if let Some(shared) = self.believed(&key)
            && let Ok(Some(CounterValue { value, seeded_by })) = shared.counter(&key).await
        {
            self.seeds.remember(&key, seeded_by);
            metrics::counter!("cache_counter_reads_total", "model" => K::MODEL, "outcome" => "hit")
                .increment(1);
            return Ok(value);
        }
        metrics::counter!("cache_counter_reads_total", "model" => K::MODEL, "outcome" => "miss").increment(1);
        let counter = self.clone();
        let counting = self.hub.core.tasks.spawn(async move { counter.count(key, seed).await });
        match timeout(self.options.hard_timeout, counting).await {
            Ok(Ok(counted)) => counted,
            Ok(Err(_)) => Err(LoadError::Panicked),
            Err(_) => Err(LoadError::Timeout),
        }
    }

    async fn count<E, F, Fut>(self, key: Key, seed: F) -> Result<i64, LoadError<E>>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<i64, E>> + Send + 'static,
    {
        if self.hub.core.stop.is_cancelled() {
            return Err(LoadError::Shutdown);
        }
        let right = match self.believed(&key) {
            Some(shared) => self.right_to_seed(shared, &key).await,
            None => Right::None,
        };
        if let Right::Value(value) = right {
            return Ok(value);
        }
        let counted = match self.limit.place().await {
            Some(_place) => self.in_time(seed()).await,
            None => Err(LoadError::TooBusy),
        };
        if let Some(shared) = &self.hub.core.shared {
            self.keep(shared, &key, &right, counted.as_ref().ok().copied()).await;
        }
        counted
    }

    /// A count that hangs would keep its place for ever. Longer than this, nobody waits for it or may store it.
    pub(super) async fn in_time<A, E>(
        &self,
        counting: impl Future<Output = Result<A, E>>,
    ) -> Result<A, LoadError<E>> {
        let longest = self.options.lease_ttl.max(self.options.hard_timeout);
        tokio::select! {
            () = self.hub.core.stop.cancelled() => Err(LoadError::Shutdown),
            counted = timeout(longest, counting) => match counted {
                Ok(counted) => counted.map_err(|error| LoadError::Source(Arc::new(error))),
                Err(_) => Err(LoadError::Timeout),
            },
        }
    }

    /// Stores what was counted under the lease, if there is one; without a result the lease is given back.
    pub(super) async fn keep(&self, shared: &Shared, key: &Key, right: &Right, counted: Option<i64>) {
        let Right::Seed(token, epoch) = *right else { return };
        let outcome = match counted {
            Some(value) => {
                let ttl = self.options.ttl.mul_f64(1.0 - random::fraction() / 10.0);
                let seed = CounterSeed { token, epoch, value, ttl };
                let filled = shared.seed_counter(key, seed).await;
                if filled == Ok(Filled::Stored) {
                    self.seeds.remember(key, token);
                }
                filled.map(drop)
            }
            None => shared.release(key, token).await,
        };
        if let Err(error) = outcome {
            // The lease ends by itself, and the next reader counts again.
            tracing::debug!(model = K::MODEL, %error, "a count was not kept");
        }
    }

    /// Waits for another one's seed, bounded.
    pub(super) async fn right_to_seed(&self, shared: &Shared, key: &Key) -> Right {
        let token = Token(random::number());
        let until = Instant::now() + self.options.lease_wait;
        loop {
            match self.ask(shared, key, token).await {
                Asked::Answer(right) => return right,
                Asked::Again(_) if Instant::now() >= until => return Right::None,
                Asked::Again(pause) => sleep(pause).await,
            }
        }
    }

    /// Asks once.
    pub(super) async fn ask(&self, shared: &Shared, key: &Key, token: Token) -> Asked {
        // Never over a counter that is there: what was added to it after this count began would be lost.
        let (is_there, pause) = match shared.lease(key, token, self.options.lease_ttl, Over::Absent).await {
            Ok(Lease::Won(epoch)) => return Asked::Answer(Right::Seed(token, epoch)),
            Ok(Lease::Held { left }) => (false, left.min(LOOK_AGAIN)),
            Ok(Lease::Filled(_)) => (true, Duration::ZERO),
            Err(_) => return Asked::Answer(Right::None),
        };
        match shared.counter(key).await {
            Ok(Some(counter)) => Asked::Answer(Right::Value(counter.value)),
            // Something is there and is no counter to be believed: it stands in the way of the next one.
            Ok(None) if is_there && remove_one(shared, key).await.is_err() => Asked::Answer(Right::None),
            Ok(None) => Asked::Again(pause),
            Err(_) => Asked::Answer(Right::None),
        }
    }
}
