//! A change of a counter around the commit that it counts: exact, whoever seeds meanwhile.
//!
//! The difficulty is a counter that is seeded between the commit and the addition: its seed holds the change already,
//! or does not, and nobody can tell. So an operation that adds nothing marks the counter before the commit. If the
//! mark is still there after the addition, the counter is the one that was there before the commit: it was seeded
//! without the change, and the addition went to it and to no other. Else it is removed.

use super::{Counter, CounterKey, CounterUpdate, add, operation, record};
use crate::contract::{Counted, Key, OperationId};

/// A change that has begun: commit to the source, then say [`CounterChange::committed`] or
/// [`CounterChange::not_committed`]. Dropped without either, for example by a commit whose outcome is unknown, it
/// removes the counter.
#[derive(Debug)]
#[must_use = "say `committed` after the commit"]
pub struct CounterChange<K: CounterKey> {
    counter: Counter<K>,
    key: Key,
    /// In the counter that was there before the commit, if there was one.
    mark: Option<OperationId>,
    is_over: bool,
}

impl<K: CounterKey> Counter<K> {
    /// Call it before the commit that changes what is counted.
    pub async fn begin(&self, id: &K) -> CounterChange<K> {
        let key = self.key(id);
        let mark = operation();
        let is_marked = match self.believed(&key) {
            Some(shared) => {
                matches!(
                    add(shared, &key, 0, Some(mark)).await,
                    Ok(Counted::Applied(_) | Counted::Duplicate(_))
                )
            }
            None => false,
        };
        CounterChange { counter: self.clone(), key, mark: is_marked.then_some(mark), is_over: false }
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
        let mark = self.mark?;
        let shared = self.counter.believed(&self.key)?;
        let value = match add(shared, &self.key, by, Some(operation())).await {
            Ok(Counted::Applied(value) | Counted::Duplicate(value)) => value,
            Ok(Counted::NotSeeded) | Err(_) => return None,
        };
        let is_still_marked = add(shared, &self.key, 0, Some(mark)).await;
        matches!(is_still_marked, Ok(Counted::Duplicate(_))).then_some(value)
    }
}

impl<K: CounterKey> Drop for CounterChange<K> {
    fn drop(&mut self) {
        if !self.is_over {
            // Nothing can be awaited here: the queue removes it, and this process does not read it until then.
            self.counter.hub.core.counters.add(self.key.clone());
        }
    }
}
