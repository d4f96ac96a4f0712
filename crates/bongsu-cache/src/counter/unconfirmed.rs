//! Removals of counters that the shared tier has not confirmed: tried again until it does, bounded.
//!
//! When there are too many, the generation of the counter's region is to be renewed instead: there are few of those, and
//! one makes all counters of its kind in the region be counted anew. While something waits here, this process does not
//! believe the tier about it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use tokio::sync::Notify;

use crate::contract::{Key, Region};
use crate::hub::{Core, Shared};
use crate::sync::{Mutex, MutexGuard, PoisonError};

const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// Counters that wait: a few megabytes.
const KEYS_MAX: usize = 50_000;
/// Counters of one removal.
const REMOVAL_KEYS: usize = 256;
/// Removals at the same time.
const REMOVALS_AT_ONCE: usize = 16;

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Unconfirmed {
    waiting: Mutex<Waiting>,
    /// The cheap question before every use.
    count: AtomicUsize,
    wake: Notify,
    is_started: AtomicBool,
}

#[derive(Debug, Default)]
struct Waiting {
    /// With the number of the wish: one that was renewed meanwhile is not done.
    keys: HashMap<Key, u64>,
    renewals: HashMap<(&'static str, Region), u64>,
    wishes: u64,
}

impl Unconfirmed {
    /// Starts the work, once for a hub.
    pub(super) fn start(&self, core: &Arc<Core>) {
        if core.shared.is_some() && !self.is_started.swap(true, Ordering::Relaxed) {
            core.tasks.spawn(work_off(Arc::clone(core)));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    pub(super) fn distrusts(&self, key: &Key) -> bool {
        if self.len() == 0 {
            return false;
        }
        let waiting = self.lock();
        waiting.keys.contains_key(key) || waiting.renewals.contains_key(&(key.model(), key.region()))
    }

    pub(super) fn add(&self, key: Key) {
        let mut waiting = self.lock();
        waiting.wishes += 1;
        let wish = waiting.wishes;
        if waiting.keys.len() < KEYS_MAX || waiting.keys.contains_key(&key) {
            waiting.keys.insert(key, wish);
        } else if waiting.renewals.insert((key.model(), key.region()), wish).is_none() {
            metrics::counter!("cache_counter_renewals_total", "model" => key.model()).increment(1);
            tracing::warn!(
                model = key.model(),
                waiting = KEYS_MAX,
                "too many counters wait to be removed: those of a region are to be counted anew"
            );
        }
        self.recount(&waiting);
        drop(waiting);
        self.wake.notify_one();
    }

    fn recount(&self, waiting: &Waiting) {
        self.count.store(waiting.keys.len() + waiting.renewals.len(), Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One attempt at everything. True: something of it is done.
    pub(crate) async fn attempt(&self, shared: &Shared) -> bool {
        let mut keys: Vec<(Key, u64)> =
            self.lock().keys.iter().map(|(key, wish)| (key.clone(), *wish)).collect();
        // Neighbours together: what hangs on one server holds up what is for another as little as can be.
        keys.sort_by_key(|(key, _)| key.region());
        let of_regions = keys.chunk_by(|(one, _), (next, _)| one.region() == next.region());
        let removals: Vec<_> = of_regions
            .flat_map(|some| some.chunks(REMOVAL_KEYS))
            .map(|some| self.attempt_some(shared, some.to_vec()))
            .collect();
        let mut removals = stream::iter(removals).buffer_unordered(REMOVALS_AT_ONCE);
        let mut progress = false;
        while let Some(some) = removals.next().await {
            progress |= some;
        }
        progress | self.attempt_renewals(shared).await
    }

    async fn attempt_renewals(&self, shared: &Shared) -> bool {
        let renewals: Vec<_> = self.lock().renewals.iter().map(|(place, wish)| (*place, *wish)).collect();
        let renewing = renewals.iter().map(|((model, region), _)| shared.renew_generation(model, *region));
        let mut progress = false;
        for ((place, wish), renewed) in renewals.iter().zip(join_all(renewing).await) {
            if renewed.is_ok() {
                progress = true;
                let mut waiting = self.lock();
                if waiting.renewals.get(place) == Some(wish) {
                    waiting.renewals.remove(place);
                }
                self.recount(&waiting);
            }
        }
        progress
    }

    async fn attempt_some(&self, shared: &Shared, wishes: Vec<(Key, u64)>) -> bool {
        let keys: Vec<Key> = wishes.iter().map(|(key, _)| key.clone()).collect();
        let mut progress = false;
        for ((key, wish), removed) in wishes.iter().zip(shared.remove_many(&keys).await) {
            if removed.is_ok() {
                progress = true;
                self.done(key, *wish);
            }
        }
        progress
    }

    /// Takes a counter out, unless its removal was wished for again meanwhile.
    fn done(&self, key: &Key, wish: u64) {
        let mut waiting = self.lock();
        if waiting.keys.get(key) == Some(&wish) {
            waiting.keys.remove(key);
        }
        self.recount(&waiting);
    }
}

async fn work_off(core: Arc<Core>) {
    let (queue, Some(shared)) = (&core.counters, &core.shared) else { return };
    let mut pause = PAUSE_FIRST;
    loop {
        if queue.len() == 0 {
            pause = PAUSE_FIRST;
            tokio::select! {
                () = core.stop.cancelled() => return,
                () = queue.wake.notified() => {}
            }
        }
        let progress = queue.attempt(shared).await;
        pause = if progress { PAUSE_FIRST } else { (pause * 2).min(PAUSE_MAX) };
        tokio::select! {
            () = core.stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}
