//! A change of a counter around the commit that it counts: exact, whoever seeds meanwhile.
//!
//! The difficulty is a counter that is seeded between the commit and the addition: its seed holds the change already,
//! or does not, and nobody can tell. So the counter that is there before the commit is remembered by its seed: it was
//! counted without the change. The addition goes to that counter and to no other; if another one is there by then, it is
//! removed.

use super::{Counter, CounterKey, CounterUpdate, add, operation, record};
use crate::contract::{Addition, Counted, Key, Token};

/// A change that has begun: commit to the source, then say [`CounterChange::committed`] or
/// [`CounterChange::not_committed`]. Dropped without either, for example by a commit whose outcome is unknown, it
/// removes the counter.
#[derive(Debug)]
#[must_use = "say `committed` after the commit"]
pub struct CounterChange<K: CounterKey> {
    counter: Counter<K>,
    key: Key,
    /// Of the counter that was there before the commit, if there was one.
    seed: Option<Token>,
    is_over: bool,
}

impl<K: CounterKey> Counter<K> {
    /// Call it before the commit that changes what is counted.
    pub async fn begin(&self, id: &K) -> CounterChange<K> {
        let key = self.key(id);
        let seed = match self.believed(&key) {
            Some(shared) => shared.seed_of(&key).await.ok().flatten(),
            None => None,
        };
        CounterChange { counter: self.clone(), key, seed, is_over: false }
    }
}

impl<K: CounterKey> CounterChange<K> {
    /// The commit was made, and changed the count by `by`.
    pub async fn committed(mut self, by: i64) -> CounterUpdate {
        let update = match self.apply(by).await {
            Some(value) => CounterUpdate::Applied(value),
            None => self.counter.remove(&self.key).await,
        };
        self.is_over = true;
        record::<K>(update);
        update
    }

    /// It is certain that nothing was committed.
    pub fn not_committed(mut self) {
        self.is_over = true;
    }

    /// The new value, if it is certain that the counter holds the change once.
    async fn apply(&self, by: i64) -> Option<i64> {
        let shared = self.counter.believed(&self.key)?;
        let addition = Addition { by, to: self.seed?, once: Some(operation()) };
        match add(shared, &self.key, addition).await {
            Ok(Counted::Applied(value) | Counted::Duplicate(value)) => Some(value),
            Ok(Counted::NotSeeded | Counted::OtherSeed(_)) | Err(_) => None,
        }
    }
}

impl<K: CounterKey> Drop for CounterChange<K> {
    fn drop(&mut self) {
        if !self.is_over {
            self.counter.queue_removal(&self.key);
        }
    }
}
