//! Invalidations that the shared tier has not confirmed: kept until it does, newest per entry, bounded.
//!
//! When there are too many, or one waits for too long, it becomes the renewal of a generation, which is few and drops
//! more. While something waits here, this process does not believe the shared tier about it.
//!
//! While the list of deployed versions cannot be asked for, every region would have to be renewed, those on healthy
//! servers too, and again for every entry. So what was deleted in the versions that are known waits for the list, and its
//! age counts from then on. What there is no room for becomes one renewal of the whole model, once the list is heard.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Core, Deleted, Doomed, Model};
use crate::backplane::Telling;
use crate::contract::Region;
use crate::random;

/// Entries of one delete of an attempt.
const DELETE_ENTRIES: usize = 256;
/// Deletes at the same time.
const DELETES_AT_ONCE: usize = 16;
const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// The queue.
#[derive(Debug)]
pub(crate) struct Pending {
    max: usize,
    inner: Mutex<Inner>,
    /// Of all kinds: the cheap question on the read path.
    count: AtomicUsize,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<u128, Waiting>,
    renewals: HashMap<(&'static str, Region), Renewal>,
    /// Models whose generations are to be renewed when their list of versions is heard.
    after_list: HashMap<&'static str, Arc<Model>>,
    /// Wishes until now.
    added: u64,
}

#[derive(Debug, Clone)]
struct Waiting {
    doomed: Doomed,
    since: Instant,
    /// Since then it could have been deleted in all versions.
    ages_from: Instant,
    /// Deleted in the versions that are known, and told. There may be others.
    waits_for_list: bool,
    /// Tells this one from a younger one for the same entry.
    serial: u64,
}

/// A generation that is to be renewed.
#[derive(Debug, Clone)]
struct Renewal {
    model: Arc<Model>,
    region: Region,
    since: Instant,
    /// Tells this wish from a younger one: an answer on its way may be older than what that one is about.
    serial: u64,
}

impl Pending {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, inner: Mutex::default(), count: AtomicUsize::new(0), wake: Notify::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// For how long the oldest waits.
    pub(crate) fn oldest(&self) -> Duration {
        if self.len() == 0 {
            return Duration::ZERO;
        }
        let inner = self.lock();
        let entries = inner.entries.values().map(|waiting| waiting.since);
        let oldest = entries.chain(inner.renewals.values().map(|renewal| renewal.since)).min();
        oldest.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Whether the shared tier may hold what was already invalidated.
    pub(crate) fn distrusts(&self, hash: u128, model: &'static str, region: Region) -> bool {
        if self.len() == 0 {
            return false;
        }
        let inner = self.lock();
        inner.entries.contains_key(&hash) || inner.renewals.contains_key(&(model, region))
    }

    /// Keeps an entry for another attempt. When the queue is full, its generations are to be renewed instead.
    pub(crate) fn add(&self, doomed: Doomed, deleted: Deleted, prefix: &str) {
        let mut inner = self.lock();
        let now = Instant::now();
        let waits_for_list = deleted == Deleted::WhereKnown;
        if inner.entries.len() < self.max || inner.entries.contains_key(&doomed.hash) {
            let serial = inner.serial();
            let since = inner.entries.get(&doomed.hash).map_or(now, |waiting| waiting.since);
            let waiting = Waiting { doomed, since, ages_from: since, waits_for_list, serial };
            inner.entries.insert(waiting.doomed.hash, waiting);
        } else if doomed.model.schemas.is_unheard() {
            if !waits_for_list {
                let regions = doomed.known_regions(prefix);
                regions.into_iter().for_each(|region| inner.renew(&doomed.model, region, now));
            }
            inner.after_list.insert(doomed.model.name, Arc::clone(&doomed.model));
        } else {
            inner.renew_for(&doomed, prefix, now);
        }
        self.recount(&inner);
        drop(inner);
        self.wake.notify_one();
    }

    pub(crate) fn add_renewal(&self, model: &Arc<Model>, region: Region) {
        let mut inner = self.lock();
        inner.renew(model, region, Instant::now());
        self.recount(&inner);
        drop(inner);
        self.wake.notify_one();
    }

    /// All that can be tried; entries that are too old become renewals first.
    fn round(&self, age_max: Duration, prefix: &str) -> (Vec<Waiting>, Vec<Renewal>) {
        let mut inner = self.lock();
        let now = Instant::now();
        let heard: Vec<_> = inner.after_list.extract_if(|_, model| !model.schemas.is_unheard()).collect();
        for (_, model) in heard {
            Region::all().for_each(|region| inner.renew(&model, region, now));
        }
        for waiting in inner.entries.values_mut().filter(|waiting| waiting.doomed.model.schemas.is_unheard())
        {
            waiting.ages_from = now;
        }
        let aged: Vec<u128> = inner
            .entries
            .iter()
            .filter(|(_, waiting)| waiting.ages_from.elapsed() > age_max)
            .map(|(hash, _)| *hash)
            .collect();
        for hash in aged {
            if let Some(waiting) = inner.entries.remove(&hash) {
                inner.renew_for(&waiting.doomed, prefix, waiting.since);
            }
        }
        self.recount(&inner);
        let can_be_tried =
            |waiting: &&Waiting| !(waiting.waits_for_list && waiting.doomed.model.schemas.is_unheard());
        let entries = inner.entries.values().filter(can_be_tried).cloned().collect();
        let renewals = inner.renewals.values().cloned().collect();
        (entries, renewals)
    }

    /// Models of which something waits until their list of versions is heard.
    fn unheard_models(&self) -> Vec<Arc<Model>> {
        let inner = self.lock();
        let of_entries = inner.entries.values().map(|waiting| &waiting.doomed.model);
        let by_name: HashMap<_, _> = of_entries
            .chain(inner.after_list.values())
            .filter(|model| model.schemas.is_unheard())
            .map(|model| (model.name, Arc::clone(model)))
            .collect();
        by_name.into_values().collect()
    }

    fn done(&self, waiting: &Waiting) {
        let mut inner = self.lock();
        let hash = waiting.doomed.hash;
        if inner.entries.get(&hash).is_some_and(|there| there.serial == waiting.serial) {
            inner.entries.remove(&hash);
        }
        self.recount(&inner);
    }

    /// It was deleted in the versions that are known, and told.
    fn waits_for_list(&self, waiting: &Waiting) {
        if let Some(there) = self.lock().entries.get_mut(&waiting.doomed.hash)
            && there.serial == waiting.serial
        {
            there.waits_for_list = true;
        }
    }

    fn renewed(&self, renewal: &Renewal) {
        let mut inner = self.lock();
        let place = (renewal.model.name, renewal.region);
        if inner.renewals.get(&place).is_some_and(|there| there.serial == renewal.serial) {
            inner.renewals.remove(&place);
        }
        self.recount(&inner);
    }

    fn recount(&self, inner: &Inner) {
        let all = inner.entries.len() + inner.renewals.len() + inner.after_list.len();
        self.count.store(all, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn renew_for(&mut self, doomed: &Doomed, prefix: &str, since: Instant) {
        for region in doomed.regions(prefix) {
            self.renew(&doomed.model, region, since);
        }
    }

    fn renew(&mut self, model: &Arc<Model>, region: Region, since: Instant) {
        let serial = self.serial();
        let place = (model.name, region);
        let since = self.renewals.get(&place).map_or(since, |renewal| renewal.since.min(since));
        self.renewals.insert(place, Renewal { model: Arc::clone(model), region, since, serial });
    }

    fn serial(&mut self) -> u64 {
        self.added += 1;
        self.added
    }
}

impl Core {
    /// Tries what is queued until the hub stops, with growing pauses while nothing succeeds.
    pub(crate) async fn work_off_pending(self: Arc<Self>) {
        let mut pause = PAUSE_FIRST;
        loop {
            if self.pending.len() == 0 {
                pause = PAUSE_FIRST;
                tokio::select! {
                    () = self.stop.cancelled() => return,
                    () = self.pending.wake.notified() => {}
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(pause.mul_f64(0.75 + random::fraction() / 2.0)) => {}
            }
            let progress = self.attempt_pending().await;
            pause = if progress { PAUSE_FIRST } else { (pause * 2).min(PAUSE_MAX) };
        }
    }

    /// Tries until nothing is queued, of counters neither. For the end of the hub: who calls it does not wait for ever.
    pub(super) async fn empty_queues(&self) {
        loop {
            self.attempt_pending().await;
            if let Some(shared) = &self.shared {
                self.counters.attempt(shared).await;
            }
            if self.pending.len() == 0 && self.counters.len() == 0 {
                return;
            }
            tokio::time::sleep(PAUSE_FIRST).await;
        }
    }

    /// One attempt at the whole queue. True: something of it is done.
    pub(crate) async fn attempt_pending(&self) -> bool {
        let (waiting, renewals) = self.pending.round(self.options.pending_age_max, &self.prefix);
        let deletes = self.in_deletes(waiting);
        let deletes = stream::iter(deletes).map(|some| self.attempt_entries(some));
        let deleted = deletes.buffer_unordered(DELETES_AT_ONCE).fold(false, async |any, some| any | some);
        let (deleted, heard) = tokio::join!(deleted, self.ask_for_lists());
        deleted | heard | self.attempt_renewals(renewals).await
    }

    /// Asks for the lists that something waits for. True: one is heard, for the next attempt.
    async fn ask_for_lists(&self) -> bool {
        let Some(shared) = &self.shared else { return false };
        let models = self.pending.unheard_models();
        let asked = models.iter().map(async |model| {
            model.schemas.live(shared).await;
            !model.schemas.is_unheard()
        });
        join_all(asked).await.contains(&true)
    }

    /// In parts that are deleted each by itself, neighbours in the shared tier together: what hangs on one server holds
    /// up what is for another as little as can be.
    fn in_deletes(&self, mut waiting: Vec<Waiting>) -> Vec<Vec<Waiting>> {
        let region = |waiting: &Waiting| waiting.doomed.model.key(&self.prefix, &waiting.doomed.id).region();
        waiting.sort_by_cached_key(region);
        let of_regions = waiting.chunk_by(|one, next| region(one) == region(next));
        of_regions.flat_map(|some| some.chunks(DELETE_ENTRIES)).map(<[Waiting]>::to_vec).collect()
    }

    async fn attempt_entries(&self, waiting: Vec<Waiting>) -> bool {
        let doomed: Vec<Doomed> = waiting.iter().map(|waiting| waiting.doomed.clone()).collect();
        let (mut gone, mut progress) = (Vec::new(), false);
        for (waiting, deleted) in waiting.iter().zip(self.delete(&doomed).await) {
            match deleted {
                Deleted::Everywhere => self.pending.done(waiting),
                // Told once, whether the others have to hear of it again or not.
                Deleted::WhereKnown if !waiting.waits_for_list => self.pending.waits_for_list(waiting),
                Deleted::WhereKnown | Deleted::No => continue,
            }
            progress |= deleted == Deleted::Everywhere;
            gone.push(waiting.doomed.clone());
        }
        self.tell(&gone, Telling::Dropped).await;
        progress
    }

    async fn attempt_renewals(&self, renewals: Vec<Renewal>) -> bool {
        let mut renewed: HashSet<&'static str> = HashSet::new();
        let renewing = renewals.iter().map(|renewal| self.renew(&renewal.model, renewal.region));
        for (renewal, done) in renewals.iter().zip(join_all(renewing).await) {
            if done {
                self.pending.renewed(renewal);
                renewal.model.renew();
                renewed.insert(renewal.model.name);
            }
        }
        for model in &renewed {
            self.tell_all(model).await;
        }
        !renewed.is_empty()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::schemas::Schemas;
    use super::*;
    use crate::metrics::ModelMetrics;
    use crate::resilience::LoadLimit;
    use crate::schema::SchemaHash;

    pub(in crate::hub) fn model() -> Arc<Model> {
        let schema = SchemaHash::from_u64(1);
        Arc::new(Model {
            name: "room",
            schema,
            generation: 0.into(),
            schemas: Schemas::new("room", schema, Duration::from_secs(600), Duration::ZERO),
            limit: LoadLimit::new(1, Duration::from_secs(1)),
            metrics: ModelMetrics::new("room"),
        })
    }

    #[test]
    fn a_renewal_that_is_wished_for_while_one_is_under_way_is_not_done_by_it() {
        let (pending, model, region) = (Pending::new(10), model(), Region::of_slot(0));
        pending.add_renewal(&model, region);
        let (_, under_way) = pending.round(Duration::from_secs(30), "test");
        pending.add_renewal(&model, region);
        pending.renewed(&under_way[0]);
        assert_eq!(pending.len(), 1, "the answer may be older than the second wish");
        let (_, again) = pending.round(Duration::from_secs(30), "test");
        pending.renewed(&again[0]);
        assert_eq!(pending.len(), 0);
    }
}
