//! Reads: the process tier at once, everything else by a flight that all readers of an entry share.

use std::any::TypeId;
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use super::answer::{Failure, Loaded, Lookup, Outcome, Tier};
use super::fetch::{Fetch, InShared, Landing};
use super::flights::Part;
use super::loader::{LoadOne, load_one};
use super::store::Footing;
use super::{Cache, FlightKey, Handle, life};
use crate::error::LoadError;
use crate::l1::{L1Entry, Look};
use crate::model::{Cached, IdText};

/// A load that the caller is to run.
pub(crate) type Flight<T> = (Fetch<T>, Landing<T>);

impl<T: Cached> Cache<T> {
    /// What the tiers hold. Never asks the source and never fails: trouble in the shared tier is a miss.
    pub async fn get(&self, id: &T::Id) -> Lookup<T> {
        let text = IdText::of(id);
        let hash = self.model().hash(&text);
        match self.look(hash) {
            Look::Fresh(entry) | Look::Early(entry) => return self.hit(entry, false),
            Look::Stale(_) | Look::Nothing => {}
        }
        let ticket = self.core().l1.ticket(hash, &self.model().generation);
        let fetch = Fetch::new(self, &text, hash, ticket);
        match fetch.read_shared().await {
            InShared::Found(held) => {
                fetch.keep(&held, Footing::Stored);
                self.model().metrics.answered(Tier::L2, held.value.is_some(), false, held.load_time);
                Lookup::of(held.value, Tier::L2, false)
            }
            InShared::Missing(_) | InShared::Trouble => {
                self.model().metrics.missed.increment(1);
                Lookup::Miss
            }
        }
    }

    /// The value, from the nearest tier that has it, or from `load`. `Ok(None)`: there is no such thing, by the loader
    /// or by what it said not long ago.
    ///
    /// The load runs detached: a caller that goes away takes nothing from those who wait for the same load, and the
    /// value is kept. Who is to know whether an answer is stale calls [`Cache::lookup_or_load`].
    ///
    /// # Errors
    /// When the source fails, panics, takes too long or is too busy, and there is no stale value to answer with.
    pub async fn get_or_load<E, L, F, Fut>(&self, id: &T::Id, load: F) -> Result<Option<Arc<T>>, LoadError<E>>
    where
        E: Send + Sync + 'static,
        L: Into<Loaded<T>>,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<L, E>> + Send + 'static,
    {
        Ok(self.lookup_or_load(id, load).await?.into_value())
    }

    /// Like [`Cache::get_or_load`], and says where the answer came from and whether it is stale.
    ///
    /// # Errors
    /// As [`Cache::get_or_load`].
    pub async fn lookup_or_load<E, L, F, Fut>(&self, id: &T::Id, load: F) -> Result<Lookup<T>, LoadError<E>>
    where
        E: Send + Sync + 'static,
        L: Into<Loaded<T>>,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<L, E>> + Send + 'static,
    {
        let text = IdText::of(id);
        let hash = self.model().hash(&text);
        let stale = match self.look(hash) {
            Look::Fresh(entry) => return Ok(self.hit(entry, false)),
            Look::Early(entry) => {
                if life::entry_refresh_is_due(&entry, self.options.xfetch_beta_milli, self.core().l1.now()) {
                    self.refresh(text.as_str(), hash, load_one(load));
                }
                return Ok(self.hit(entry, false));
            }
            Look::Stale(entry) => Some(entry),
            Look::Nothing => None,
        };
        self.sampler().offer(id);
        // Boxed, so that a hit does not carry the room of a miss.
        Box::pin(self.miss(&text, hash, stale, load_one::<T, E, L, F, Fut>(load))).await
    }

    async fn miss<E: Send + Sync + 'static>(
        &self,
        text: &IdText,
        hash: u128,
        stale: Option<L1Entry>,
        load: LoadOne<T>,
    ) -> Result<Lookup<T>, LoadError<E>> {
        let (handle, flight) = self.join::<E>(text, hash);
        if let Some((fetch, landing)) = flight {
            self.core().tasks.spawn(async move { landing.land(fetch.run(load).await) });
        }
        self.answer(handle, stale).await
    }

    /// Joins the flight of an entry, or begins one: then it is the caller's to fly.
    pub(crate) fn join<E: 'static>(&self, text: &IdText, hash: u128) -> (Handle<T>, Option<Flight<T>>) {
        let ticket = self.core().l1.ticket(hash, &self.model().generation);
        let key = FlightKey::Load(hash, TypeId::of::<E>());
        let (waiting, handle) = watch::channel(None);
        match self.state.loads.join(key, ticket, || handle) {
            Part::Leads { number, handle } => {
                let landing = Landing::new(self, key, number, waiting);
                (handle, Some((Fetch::new(self, text, hash, ticket), landing)))
            }
            Part::Follows(handle) => {
                self.model().metrics.joined.increment(1);
                (handle, None)
            }
        }
    }

    /// Waits for a flight; a stale value answers when it fails or takes too long. One whose grace ends meanwhile answers
    /// nobody, and the wait goes on.
    pub(crate) async fn answer<E: Send + Sync + 'static>(
        &self,
        handle: Handle<T>,
        stale: Option<L1Entry>,
    ) -> Result<Lookup<T>, LoadError<E>> {
        let still_answers = |entry: &L1Entry| self.core().l1.now() < entry.stale_until;
        let until = Instant::now() + self.options.hard_timeout;
        let mut landed = pin!(self.outcome(handle));
        let mut outcome = None;
        if stale.is_some() {
            outcome = timeout(self.options.soft_timeout, &mut landed).await.ok();
        }
        if outcome.is_none() && !stale.as_ref().is_some_and(still_answers) {
            outcome = timeout_at(until, landed).await.ok();
        }
        let failure = match outcome {
            Some(Outcome::Answer { value, tier, load_time }) => {
                self.model().metrics.answered(tier, value.is_some(), false, load_time);
                return Ok(Lookup::of(value, tier, false));
            }
            Some(Outcome::Failed(failure)) => Some(failure),
            None => None,
        };
        if let Some(entry) = stale.filter(still_answers) {
            let reason = if failure.is_some() { "source_error" } else { "soft_timeout" };
            self.model().metrics.stale_served(reason);
            return Ok(self.hit(entry, true));
        }
        match failure {
            Some(failure) => Err(failure.into_error()),
            None => {
                self.model().metrics.timed_out();
                Err(LoadError::Timeout)
            }
        }
    }

    async fn outcome(&self, mut handle: Handle<T>) -> Outcome<T> {
        let landed = match handle.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            Err(_) => None,
        };
        // A flight that ended without an outcome was torn down.
        let failure = if self.core().stop.is_cancelled() { Failure::Shutdown } else { Failure::Panicked };
        landed.unwrap_or(Outcome::Failed(failure))
    }

    /// Loads in the background, once in this process, and among all processes by the lease.
    pub(crate) fn refresh(&self, id: &str, hash: u128, load: LoadOne<T>) {
        let ticket = self.core().l1.ticket(hash, &self.model().generation);
        let key = FlightKey::Refresh(hash);
        let (waiting, handle) = watch::channel(None);
        let Part::Leads { number, .. } = self.state.loads.join(key, ticket, || handle) else { return };
        let landing = Landing::new(self, key, number, waiting);
        let fetch = Fetch::of_text(self, id, hash, ticket);
        self.core().tasks.spawn(async move {
            if let Some(outcome) = fetch.run_refresh(load).await {
                landing.land(outcome);
            }
        });
    }

    pub(crate) fn look(&self, hash: u128) -> Look {
        self.core().l1.look(hash, &self.model().generation)
    }

    pub(crate) fn hit(&self, entry: L1Entry, stale: bool) -> Lookup<T> {
        let load_time = entry.load_time();
        let value = Self::value_of(entry).unwrap_or_default();
        self.model().metrics.answered(Tier::L1, value.is_some(), stale, load_time);
        Lookup::of(value, Tier::L1, stale)
    }

    /// The value with its type. `None`: an entry of another type, which the model's name in the hash rules out.
    pub(crate) fn value_of(entry: L1Entry) -> Option<Option<Arc<T>>> {
        match entry.value {
            Some(value) => value.downcast().ok().map(Some),
            None => Some(None),
        }
    }
}
