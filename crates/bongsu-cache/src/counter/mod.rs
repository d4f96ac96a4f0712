//! Counters in the shared tier: seeded from the source, changed in place, never made by adding.
//!
//! A counter has no process tier: its worth is that many processes change one number. What it promises is that the
//! number is the source's, or that there is none and the next reader counts again:
//!
//! * adding to a counter that is not there changes nothing, and ends the lease of whoever is counting just now: its
//!   result may lack what was added;
//! * a change whose fate is not known removes the counter;
//! * an addition names the counter that it is meant for by its seed: one that was given up and still lands does not
//!   find the counter that was seeded since;
//! * [`Counter::begin`] before a commit and [`CounterChange::committed`] after it notice that the counter was counted
//!   anew in between, with or without the change, and remove it.
//!
//! Stored keys: `<prefix>:counter:<model>:<id>`, and what the tier keeps for leases and operations.

mod change;
mod kinds;
mod options;
mod seed;
mod seed_many;
mod seeds;
mod unconfirmed;

use std::marker::PhantomData;
use std::time::Duration;

use crate::contract::{Addition, Counted, Key, L2Error, OperationId};
use crate::error::{BuildError, Invalidated};
use crate::hub::{CacheHub, Shared, check_name};
use crate::model::{CacheId, IdText};
use crate::random;
use crate::resilience::LoadLimit;

pub use change::CounterChange;
use kinds::Kind;
pub(crate) use kinds::Kinds;
pub use options::CounterOptions;
use seeds::Seeds;
pub(crate) use unconfirmed::Unconfirmed;

/// How often a change with an operation id is sent before its counter is given up.
const ATTEMPTS: u32 = 3;
/// Between two of them.
const ATTEMPT_PAUSE: Duration = Duration::from_millis(20);
/// How many counters are taken for the one that is there before the change is given up.
const SEEDS_MAX: u32 = 3;

/// Names a counter of one kind. Two kinds never share a model, nor does a cached type of the same hub.
pub trait CounterKey: CacheId {
    /// The name in keys and metrics: 1 to 32 of `a-z`, `0-9`, `_`.
    const MODEL: &'static str;
    /// How long counters of this kind live.
    const DEFAULTS: CounterOptions = CounterOptions::new();
}

/// The counters of one kind. Cheap to clone.
#[derive(Debug)]
pub struct Counter<K> {
    hub: CacheHub,
    options: CounterOptions,
    limit: LoadLimit,
    seeds: Seeds,
    kind: PhantomData<fn(K)>,
}

/// What became of a change of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "it says whether the counter holds the change"]
pub enum CounterUpdate {
    /// The counter holds it: its value now.
    Applied(i64),
    /// It was applied before, by the same operation: the value now.
    Duplicate(i64),
    /// There is no counter; the next reader counts in the source.
    NotSeeded,
    /// What the counter holds could not be known, so it was removed: the next reader counts in the source.
    Removed,
    /// The same, but the tier did not confirm the removal: it is queued, and until then this process counts in the
    /// source, while others may read a wrong number.
    QueuedForRetry {
        /// What is in the queue.
        pending: usize,
    },
}

impl CacheHub {
    /// The counters of a kind.
    ///
    /// # Errors
    /// When the model's name cannot stand in a key, another type of the hub has it, or the options make no sense.
    pub fn counter<K: CounterKey>(&self) -> Result<Counter<K>, BuildError> {
        check_name(K::MODEL)?;
        K::DEFAULTS.check(K::MODEL)?;
        let Kind { limit, seeds, .. } = self.core.counter_kinds.kind::<K>(&self.core)?;
        self.core.counters.start(&self.core);
        Ok(Counter { hub: self.clone(), options: K::DEFAULTS, limit, seeds, kind: PhantomData })
    }
}

impl<K> Clone for Counter<K> {
    fn clone(&self) -> Self {
        Self {
            hub: self.hub.clone(),
            options: self.options,
            limit: self.limit.clone(),
            seeds: self.seeds.clone(),
            kind: PhantomData,
        }
    }
}

impl<K: CounterKey> Counter<K> {
    /// Adds to a counter if there is one. With an operation id it is tried again after an error and applied once;
    /// without one, an error removes the counter, because it may hide an applied change.
    ///
    /// The source must have committed before. If the counter was seeded between that commit and this call, the change
    /// is counted twice: where that matters, use [`Counter::begin`]. A caller that goes away leaves the counter removed.
    pub async fn add_if_present(&self, id: &K, by: i64, once: Option<OperationId>) -> CounterUpdate {
        let key = self.key(id);
        let Some(shared) = self.believed(&key) else { return self.remove(&key).await };
        let undecided = Undecided::new(self, &key);
        let update = match self.add_to_current(shared, &key, by, once).await {
            Ok(Counted::Applied(value)) => CounterUpdate::Applied(value),
            Ok(Counted::Duplicate(value)) => CounterUpdate::Duplicate(value),
            // Somebody may be counting without this change.
            Ok(Counted::NotSeeded | Counted::OtherSeed(_)) => match self.remove(&key).await {
                CounterUpdate::Removed => CounterUpdate::NotSeeded,
                queued => queued,
            },
            Err(_) => self.remove(&key).await,
        };
        undecided.decided();
        record::<K>(update);
        update
    }

    /// Adds to the counter that is there. Which one that is, this process mostly remembers; else it asks first.
    async fn add_to_current(
        &self,
        shared: &Shared,
        key: &Key,
        by: i64,
        once: Option<OperationId>,
    ) -> Result<Counted, L2Error> {
        let mut seed = match self.seeds.of(key) {
            Some(seed) => Some(seed),
            None => shared.seed_of(key).await?,
        };
        let mut counted = Counted::NotSeeded;
        // What was remembered may be over, and the next one too.
        for _ in 0..SEEDS_MAX {
            let Some(to) = seed else { return Ok(Counted::NotSeeded) };
            counted = add(shared, key, Addition { by, to, once }).await?;
            seed = match counted {
                Counted::OtherSeed(other) => Some(other),
                Counted::Applied(_) | Counted::Duplicate(_) => {
                    self.seeds.remember(key, to);
                    return Ok(counted);
                }
                Counted::NotSeeded => return Ok(counted),
            };
        }
        Ok(counted)
    }

    /// Removes a counter, and the right to seed it of whoever is counting now: for when the source was changed in a
    /// way that is not an addition. A caller that goes away leaves the removal in the queue.
    pub async fn forget(&self, id: &K) -> Invalidated {
        match self.remove(&self.key(id)).await {
            CounterUpdate::QueuedForRetry { pending } => Invalidated::QueuedForRetry { pending },
            _ => Invalidated::Everywhere,
        }
    }

    /// Removals that the shared tier has not confirmed yet, of all kinds of the hub.
    #[must_use]
    pub fn pending_removals(&self) -> usize {
        self.hub.core.counters.len()
    }

    fn key(&self, id: &K) -> Key {
        Key::counter(&self.hub.core.prefix, K::MODEL, IdText::of(id).as_str())
    }

    /// The shared tier, unless there is none or it may hold what was to be removed.
    fn believed(&self, key: &Key) -> Option<&Shared> {
        self.hub.core.shared.as_ref().filter(|_| !self.hub.core.counters.distrusts(key))
    }

    async fn remove(&self, key: &Key) -> CounterUpdate {
        let core = &self.hub.core;
        let Some(shared) = &core.shared else { return CounterUpdate::NotSeeded };
        self.seeds.forget(key);
        let undecided = Undecided::new(self, key);
        if remove_one(shared, key).await.is_ok() {
            undecided.decided();
            return CounterUpdate::Removed;
        }
        drop(undecided);
        CounterUpdate::QueuedForRetry { pending: core.counters.len() }
    }

    /// Nothing can be awaited: the queue removes it, and this process does not read it until then.
    fn queue_removal(&self, key: &Key) {
        let core = &self.hub.core;
        if core.shared.is_some() {
            core.counters.add(key.clone());
        }
    }
}

/// Queues the removal of a counter when it is dropped: a caller who goes away in the middle of a change has committed to
/// the source already, and what the counter holds is not known.
struct Undecided<'a, K: CounterKey> {
    counter: &'a Counter<K>,
    key: &'a Key,
    is_decided: bool,
}

impl<'a, K: CounterKey> Undecided<'a, K> {
    fn new(counter: &'a Counter<K>, key: &'a Key) -> Self {
        Self { counter, key, is_decided: false }
    }

    fn decided(mut self) {
        self.is_decided = true;
    }
}

impl<K: CounterKey> Drop for Undecided<'_, K> {
    fn drop(&mut self) {
        if !self.is_decided {
            self.counter.queue_removal(self.key);
        }
    }
}

/// Sends a change; again, if that is harmless.
async fn add(shared: &Shared, key: &Key, addition: Addition) -> Result<Counted, L2Error> {
    let mut attempt = 1;
    loop {
        match shared.add_if_present(key, addition).await {
            Err(_) if addition.once.is_some() && attempt < ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(ATTEMPT_PAUSE).await;
            }
            // An attempt before may have been applied, and counted by the seed of the other one.
            Ok(Counted::OtherSeed(_)) if attempt > 1 => return Err(L2Error::Timeout),
            answer => return answer,
        }
    }
}

async fn remove_one(shared: &Shared, key: &Key) -> Result<(), L2Error> {
    shared.remove_many(std::slice::from_ref(key)).await.pop().unwrap_or(Err(L2Error::Timeout))
}

fn operation() -> OperationId {
    OperationId(u128::from(random::number()) << 64 | u128::from(random::number()))
}

fn record<K: CounterKey>(update: CounterUpdate) {
    let outcome = match update {
        CounterUpdate::Applied(_) => "applied",
        CounterUpdate::Duplicate(_) => "duplicate",
        CounterUpdate::NotSeeded => "not_seeded",
        CounterUpdate::Removed => "removed",
        CounterUpdate::QueuedForRetry { .. } => "queued",
    };
    metrics::counter!("cache_counter_updates_total", "model" => K::MODEL, "outcome" => outcome).increment(1);
}
