//! Reads of many: one pass over the process tier, one read of the shared tier, one round of leases, one load for all
//! that is missing, one fill. Every entry is a flight of its own, so batches and single reads join each other.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinSet;

use super::Cache;
use super::answer::{Loaded, Lookup, Outcome, Tier};
use super::fetch::{Fetch, Landing};
use super::lease::{Patience, Right, lease_ttl};
use super::loader::{LoadMany, LoadedMany, load_many};
use super::store::{Footing, Held};
use crate::contract::{Key, Lease, Over, Token};
use crate::error::LoadError;
use crate::l1::Look;
use crate::metrics::LeaseEnd;
use crate::model::{Cached, IdText};
use crate::random;

/// Ids of one round: longer lists are read in several.
const ROUND_IDS_MAX: usize = 1000;
/// Leases given back at the same time.
const RELEASES_AT_ONCE: usize = 64;

/// An entry of a batch that is not answered yet.
struct Seat<T: Cached> {
    id: T::Id,
    fetch: Fetch<T>,
    landing: Landing<T>,
    over: Over,
    /// For another one's load.
    waited: bool,
}

/// An entry that this batch loads.
struct Task<T: Cached> {
    seat: Seat<T>,
    right: Option<Right>,
    reached: bool,
}

impl<T: Cached> Cache<T> {
    /// The values of many ids; ids without a value are not in the answer. `load` gets the ids that no tier has (each
    /// once) and returns what there is of them. It is called once, and again only for ids that other processes were
    /// loading and gave up or did not finish in time.
    ///
    /// # Errors
    /// As [`Cache::get_or_load`]: when one of the ids has no answer.
    pub async fn get_many_or_load<E, L, F, Fut>(
        &self,
        ids: &[T::Id],
        load: F,
    ) -> Result<HashMap<T::Id, Arc<T>>, LoadError<E>>
    where
        E: Send + Sync + 'static,
        L: Into<Loaded<T>>,
        F: Fn(Vec<T::Id>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<HashMap<T::Id, L>, E>> + Send + 'static,
    {
        let lookups = self.lookup_many_or_load(ids, load).await?;
        Ok(lookups.into_iter().filter_map(|(id, lookup)| Some((id, lookup.into_value()?))).collect())
    }

    /// Like [`Cache::get_many_or_load`], and says of every id where the answer came from and whether it is stale.
    ///
    /// # Errors
    /// As [`Cache::get_or_load`]: when one of the ids has no answer.
    pub async fn lookup_many_or_load<E, L, F, Fut>(
        &self,
        ids: &[T::Id],
        load: F,
    ) -> Result<HashMap<T::Id, Lookup<T>>, LoadError<E>>
    where
        E: Send + Sync + 'static,
        L: Into<Loaded<T>>,
        F: Fn(Vec<T::Id>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<HashMap<T::Id, L>, E>> + Send + 'static,
    {
        let load: LoadMany<T> = load_many(load);
        let mut lookups = HashMap::with_capacity(ids.len());
        for round in ids.chunks(ROUND_IDS_MAX) {
            lookups.extend(Box::pin(self.round::<E>(round, &load)).await?);
        }
        Ok(lookups)
    }

    async fn round<E: Send + Sync + 'static>(
        &self,
        ids: &[T::Id],
        load: &LoadMany<T>,
    ) -> Result<HashMap<T::Id, Lookup<T>>, LoadError<E>> {
        let mut answers = HashMap::with_capacity(ids.len());
        let (mut waits, mut seats) = (Vec::new(), Vec::new());
        let mut asked = HashSet::with_capacity(ids.len());
        for id in ids.iter().filter(|id| asked.insert(*id)) {
            let text = IdText::of(id);
            let hash = self.model().hash(&text);
            let stale = match self.look(hash) {
                Look::Fresh(entry) | Look::Early(entry) => {
                    answers.insert(id.clone(), self.hit(entry, false));
                    continue;
                }
                Look::Stale(entry) => Some(entry),
                Look::Nothing => None,
            };
            let (handle, flight) = self.join::<E>(&text, hash);
            if let Some((fetch, landing)) = flight {
                self.sampler().offer(id);
                seats.push(Seat { id: id.clone(), fetch, landing, over: Over::Absent, waited: false });
            }
            waits.push((id.clone(), handle, stale));
        }
        if !seats.is_empty() {
            let token = Token(random::number());
            let batch = Batch { cache: self.clone(), token, load: Arc::clone(load) };
            self.core().tasks.spawn(batch.run(seats));
        }
        let waits = waits.into_iter().map(|(id, handle, stale)| async move {
            self.answer(handle, stale).await.map(|lookup| (id, lookup))
        });
        for answer in join_all(waits).await {
            let (id, lookup) = answer?;
            answers.insert(id, lookup);
        }
        Ok(answers)
    }
}

struct Batch<T: Cached> {
    cache: Cache<T>,
    /// One for all its leases.
    token: Token,
    load: LoadMany<T>,
}

impl<T: Cached> Batch<T> {
    async fn run(self, seats: Vec<Seat<T>>) {
        let batch = Arc::new(self);
        let mut loads = JoinSet::new();
        let rest = batch.load_what_is_free(seats, &mut loads).await;
        // One load after the other: a batch takes one place.
        loads.join_all().await;
        batch.load(rest).await;
    }

    /// Loads what nobody else does, and returns what others have not finished in time.
    async fn load_what_is_free(
        self: &Arc<Self>,
        seats: Vec<Seat<T>>,
        loads: &mut JoinSet<()>,
    ) -> Vec<Task<T>> {
        let mut missing = Vec::with_capacity(seats.len());
        for seat in seats {
            match seat.fetch.look_again() {
                Some(outcome) => seat.landing.land(outcome),
                None => missing.push(seat),
            }
        }
        let (mut waiting, mut tasks) = self.read_shared(missing).await;
        let mut patience = Patience::new(self.cache.options.lease);
        loop {
            let held_for = self.ask_leases(&mut waiting, &mut tasks).await;
            if waiting.is_empty() {
                return tasks;
            }
            // By itself: two batches cannot wait for each other, and what others finish is not kept waiting by what
            // this one loads.
            if !tasks.is_empty() {
                let (batch, tasks) = (Arc::clone(self), std::mem::take(&mut tasks));
                loads.spawn(async move { batch.load(tasks).await });
            }
            if !patience.wait(held_for).await {
                break;
            }
            waiting.iter_mut().for_each(|seat| seat.waited = true);
            self.look_at_present(&mut waiting).await;
        }
        let metrics = &self.cache.model().metrics;
        for seat in &waiting {
            metrics.leased(if seat.waited { LeaseEnd::TimedOut } else { LeaseEnd::Lost });
        }
        waiting.into_iter().map(|seat| Task { seat, right: None, reached: true }).collect()
    }

    /// Answers what the shared tier has. The rest: what may be leased, and what is loaded without it.
    async fn read_shared(&self, seats: Vec<Seat<T>>) -> (Vec<Seat<T>>, Vec<Task<T>>) {
        let (mut waiting, mut tasks) = (Vec::new(), Vec::new());
        let Some(shared) = &self.cache.core().shared else {
            tasks.extend(seats.into_iter().map(|seat| Task { seat, right: None, reached: false }));
            return (waiting, tasks);
        };
        let mut asked = Vec::with_capacity(seats.len());
        for seat in seats {
            if seat.fetch.is_distrusted() {
                tasks.push(Task { seat, right: None, reached: false });
            } else {
                asked.push(seat);
            }
        }
        let keys: Vec<Key> = asked.iter().map(|seat| seat.fetch.key.clone()).collect();
        for (mut seat, answer) in asked.into_iter().zip(shared.get_many(&keys).await) {
            match answer {
                Ok(found) => match seat.fetch.open(&found) {
                    Some(held) => self.land(seat, &held),
                    None => {
                        seat.over = if found.stored.is_some() { Over::Present } else { Over::Absent };
                        waiting.push(seat);
                    }
                },
                Err(_) => tasks.push(Task { seat, right: None, reached: false }),
            }
        }
        (waiting, tasks)
    }

    /// Asks for the leases of all that wait: those won become tasks, those held by others stay. For how long at most.
    async fn ask_leases(&self, waiting: &mut Vec<Seat<T>>, tasks: &mut Vec<Task<T>>) -> Duration {
        let model = self.cache.model();
        let Some(shared) = &self.cache.core().shared else { return Duration::ZERO };
        if !model.schemas.is_settled() {
            tasks.extend(waiting.drain(..).map(|seat| Task { seat, right: None, reached: true }));
            return Duration::ZERO;
        }
        let options = &self.cache.options;
        let ttl = lease_ttl(options.lease, options.hard_timeout);
        let mut held_for = Duration::ZERO;
        for over in [Over::Absent, Over::Present] {
            let (asked, others): (Vec<_>, Vec<_>) = waiting.drain(..).partition(|seat| seat.over == over);
            waiting.extend(others);
            if asked.is_empty() {
                continue;
            }
            let keys: Vec<Key> = asked.iter().map(|seat| seat.fetch.key.clone()).collect();
            let answers = shared.lease_many(&keys, self.token, ttl, over).await;
            let mut won = Vec::with_capacity(asked.len());
            for (mut seat, answer) in asked.into_iter().zip(answers) {
                match answer {
                    Ok(Lease::Won(epoch)) => {
                        let right = Some(Right::new(self.token, epoch, ttl));
                        won.push(Task { seat, right, reached: true });
                    }
                    Ok(Lease::Filled(found)) => match seat.fetch.open(&found) {
                        Some(held) => self.land(seat, &held),
                        // It cannot be believed: asked for again below, or in the next round.
                        None => {
                            seat.over = Over::Present;
                            waiting.push(seat);
                        }
                    },
                    Ok(Lease::Held { left }) => {
                        held_for = held_for.max(left);
                        waiting.push(seat);
                    }
                    Err(_) => tasks.push(Task { seat, right: None, reached: false }),
                }
            }
            if over == Over::Present {
                won = self.look_once_more(won).await;
            }
            won.iter().for_each(|_| model.metrics.leased(LeaseEnd::Won));
            tasks.append(&mut won);
        }
        held_for
    }

    /// Leases over entries that cannot be believed may come right after another one's fills, see `Fetch::won`. Answers
    /// what was filled, and returns the others.
    async fn look_once_more(&self, won: Vec<Task<T>>) -> Vec<Task<T>> {
        let Some(shared) = self.cache.core().shared.as_ref().filter(|_| !won.is_empty()) else { return won };
        let keys: Vec<Key> = won.iter().map(|task| task.seat.fetch.key.clone()).collect();
        let (mut missing, mut ended) = (Vec::with_capacity(won.len()), Vec::new());
        for (task, answer) in won.into_iter().zip(shared.get_many(&keys).await) {
            match answer.ok().and_then(|found| task.seat.fetch.open_again(&found)) {
                Some(held) => {
                    self.cache.model().metrics.leased(LeaseEnd::Waited);
                    task.seat.fetch.keep(&held, Footing::Stored);
                    task.seat.landing.land(held.answer(Tier::L2));
                    ended.push((task.seat.fetch, task.right));
                }
                None => missing.push(task),
            }
        }
        give_back_all(&ended).await;
        missing
    }

    /// Entries that were there and could not be believed may be better now.
    async fn look_at_present(&self, waiting: &mut Vec<Seat<T>>) {
        let Some(shared) = &self.cache.core().shared else { return };
        let (asked, others): (Vec<_>, Vec<_>) =
            waiting.drain(..).partition(|seat| seat.over == Over::Present);
        waiting.extend(others);
        if asked.is_empty() {
            return;
        }
        let keys: Vec<Key> = asked.iter().map(|seat| seat.fetch.key.clone()).collect();
        for (seat, answer) in asked.into_iter().zip(shared.get_many(&keys).await) {
            match answer.ok().and_then(|found| seat.fetch.open(&found)) {
                Some(held) => self.land(seat, &held),
                None => waiting.push(seat),
            }
        }
    }

    /// Answers with what another one has stored.
    fn land(&self, seat: Seat<T>, held: &Held<T>) {
        if seat.waited {
            self.cache.model().metrics.leased(LeaseEnd::Waited);
        }
        seat.fetch.keep(held, Footing::Stored);
        seat.landing.land(held.answer(Tier::L2));
    }

    /// One load for all tasks, one fill for all that have the right.
    async fn load(&self, tasks: Vec<Task<T>>) {
        if tasks.is_empty() {
            return;
        }
        let ids = tasks.iter().map(|task| task.seat.id.clone()).collect();
        let failure = match self.cache.guarded(|| (self.load)(ids)).await {
            Ok((loaded, took)) => return self.store(tasks, loaded, took).await,
            Err(failure) => failure,
        };
        let mut ended = Vec::with_capacity(tasks.len());
        for Task { seat, right, .. } in tasks {
            seat.landing.land(Outcome::Failed(failure.clone()));
            ended.push((seat.fetch, right));
        }
        give_back_all(&ended).await;
    }

    async fn store(&self, tasks: Vec<Task<T>>, mut loaded: LoadedMany<T>, took: Duration) {
        let (mut fills, mut filling, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for task in tasks {
            let loaded = loaded.remove(&task.seat.id).unwrap_or(Loaded::new(None));
            let fresh = task.seat.fetch.prepare(loaded, took);
            let sealed = task.right.filter(|_| fresh.fits);
            let sealed = sealed.and_then(|right| task.seat.fetch.seal(&fresh, right.epoch));
            match sealed {
                Some(bytes) => {
                    fills.push((task.seat.fetch.key.clone(), bytes, fresh.held.left));
                    filling.push((task, fresh));
                }
                None => rest.push((task, fresh)),
            }
        }
        if let Some(shared) = self.cache.core().shared.as_ref().filter(|_| !fills.is_empty()) {
            let answers = shared.fill_many(&fills, self.token).await;
            for ((task, fresh), answer) in filling.into_iter().zip(answers) {
                task.seat.fetch.conclude(&fresh, task.right, Some(answer), true);
                task.seat.landing.land(fresh.held.answer(Tier::Source));
            }
        }
        let mut ended = Vec::with_capacity(rest.len());
        for (Task { seat, right, reached }, fresh) in rest {
            seat.fetch.conclude(&fresh, right, None, reached);
            seat.landing.land(fresh.held.answer(Tier::Source));
            ended.push((seat.fetch, right));
        }
        give_back_all(&ended).await;
    }
}

/// At the same time, after those who wait have their answers.
async fn give_back_all<T: Cached>(ended: &[(Fetch<T>, Option<Right>)]) {
    for some in ended.chunks(RELEASES_AT_ONCE) {
        let mut releases = Vec::with_capacity(some.len());
        for (fetch, right) in some {
            releases.push(fetch.give_back(*right));
        }
        join_all(releases).await;
    }
}
