//! One load, detached from whoever asked first: the shared tier, then the lease, then the source.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::answer::{Failure, Outcome, Tier};
use super::lease::{Right, Turn, lease_ttl};
use super::loader::LoadOne;
use super::store::{Footing, Held};
use super::{Cache, FlightKey, life};
use crate::contract::{Key, Lease, Over, Token};
use crate::l1::{Look, Ticket};
use crate::metrics::LoadEnd;
use crate::model::{Cached, IdText};
use crate::random;

/// What a load needs to know of its entry.
#[derive(Debug)]
pub(crate) struct Fetch<T: Cached> {
    pub(crate) cache: Cache<T>,
    pub(crate) id: Arc<str>,
    pub(crate) hash: u128,
    pub(crate) key: Key,
    /// From before anything was read.
    pub(crate) ticket: Ticket,
}

/// The place of a flight on the board. Dropped without an outcome (a panic, the end of the runtime), all who wait hear
/// that there will be none.
pub(crate) struct Landing<T: Cached> {
    cache: Cache<T>,
    key: FlightKey,
    number: u64,
    waiting: watch::Sender<Option<Outcome<T>>>,
}

/// What the shared tier said.
pub(crate) enum InShared<T> {
    Found(Held<T>),
    Missing(Over),
    Trouble,
}

impl<T: Cached> Landing<T> {
    pub(crate) fn new(
        cache: &Cache<T>,
        key: FlightKey,
        number: u64,
        waiting: watch::Sender<Option<Outcome<T>>>,
    ) -> Self {
        Self { cache: cache.clone(), key, number, waiting }
    }

    pub(crate) fn land(self, outcome: Outcome<T>) {
        // Off the board first: who comes now finds the entry in the tier.
        self.cache.state.loads.land(self.key, self.number);
        self.waiting.send_replace(Some(outcome));
    }
}

impl<T: Cached> Drop for Landing<T> {
    fn drop(&mut self) {
        self.cache.state.loads.land(self.key, self.number);
    }
}

impl<T: Cached> Fetch<T> {
    pub(crate) fn new(cache: &Cache<T>, text: &IdText, hash: u128, ticket: Ticket) -> Self {
        Self::of_text(cache, text.as_str(), hash, ticket)
    }

    pub(crate) fn of_text(cache: &Cache<T>, id: &str, hash: u128, ticket: Ticket) -> Self {
        let key = cache.model().key(&cache.core().prefix, id);
        Self { cache: cache.clone(), id: id.into(), hash, key, ticket }
    }

    /// Reads both tiers, then loads.
    pub(crate) async fn run(self, load: LoadOne<T>) -> Outcome<T> {
        if let Some(outcome) = self.look_again() {
            return outcome;
        }
        let over = match self.read_shared().await {
            InShared::Found(held) => return self.found(held, load),
            InShared::Missing(over) => over,
            InShared::Trouble => return self.load(load, None, false).await,
        };
        match self.turn(over).await {
            Turn::Mine(right) => self.load(load, Some(right), true).await,
            Turn::Unfilled { reached } => self.load(load, None, reached).await,
            Turn::Found(held) => self.found(held, load),
        }
    }

    /// Another flight may have landed between a reader's look and the start of this one.
    pub(crate) fn look_again(&self) -> Option<Outcome<T>> {
        let (Look::Fresh(entry) | Look::Early(entry)) = self.cache.look(self.hash) else { return None };
        let load_time = entry.load_time();
        let value = Cache::value_of(entry)?;
        Some(Outcome::Answer { value, tier: Tier::L1, load_time })
    }

    pub(crate) async fn read_shared(&self) -> InShared<T> {
        let core = self.cache.core();
        let Some(shared) = &core.shared else { return InShared::Trouble };
        if self.is_distrusted() {
            return InShared::Trouble;
        }
        match shared.get(&self.key).await {
            Ok(found) => match self.open(&found) {
                Some(held) => InShared::Found(held),
                None if found.stored.is_some() => InShared::Missing(Over::Present),
                None => InShared::Missing(Over::Absent),
            },
            Err(_) => InShared::Trouble,
        }
    }

    /// A delete of this entry is not confirmed yet: the shared tier may still hold the old value.
    pub(crate) fn is_distrusted(&self) -> bool {
        let model = self.cache.model();
        self.cache.core().pending.distrusts(self.hash, model.name, self.key.region())
    }

    fn found(&self, held: Held<T>, load: LoadOne<T>) -> Outcome<T> {
        self.keep(&held, Footing::Stored);
        let beta = self.cache.options.xfetch_beta_milli;
        if held.value.is_some() && life::refresh_is_due(held.left, held.load_time, beta) {
            self.cache.refresh(&self.id, self.hash, load);
        }
        held.answer(Tier::L2)
    }

    /// Asks the source, fills the shared tier if there is a right to, and keeps the value here.
    pub(crate) async fn load(self, load: LoadOne<T>, right: Option<Right>, reached: bool) -> Outcome<T> {
        let (loaded, took) = match self.cache.guarded(load).await {
            Ok(answer) => answer,
            Err(failure) => {
                self.give_back(right).await;
                return Outcome::Failed(failure);
            }
        };
        let fresh = self.prepare(loaded, took);
        let sealed =
            right.filter(|_| fresh.fits).and_then(|right| Some((right, self.seal(&fresh, right.epoch)?)));
        let fill = match (sealed, &self.cache.core().shared) {
            (Some((right, bytes)), Some(shared)) => {
                let entries = [(self.key.clone(), bytes, fresh.held.left)];
                shared.fill_many(&entries, right.token).await.pop()
            }
            _ => {
                self.give_back(right).await;
                None
            }
        };
        self.conclude(&fresh, right, fill, reached);
        fresh.held.answer(Tier::Source)
    }

    /// An early refresh: only who gets the lease at once does it.
    pub(crate) async fn run_refresh(self, load: LoadOne<T>) -> Option<Outcome<T>> {
        let core = self.cache.core();
        let metrics = &self.cache.model().metrics;
        let Some(shared) = &core.shared else {
            metrics.refreshed_early.increment(1);
            return Some(self.load(load, None, false).await);
        };
        if !self.cache.model().schemas.is_settled() || self.is_distrusted() {
            return None;
        }
        let options = &self.cache.options;
        let token = Token(random::number());
        let ttl = lease_ttl(options.lease, options.hard_timeout);
        let Ok(Lease::Won(epoch)) = shared.lease(&self.key, token, ttl, Over::Present).await else {
            return None;
        };
        metrics.refreshed_early.increment(1);
        Some(self.load(load, Some(Right::new(token, epoch, ttl)), true).await)
    }
}

impl<T: Cached> Cache<T> {
    /// Runs a loader in its turn: limited, stopped with the hub, given up when it hangs, its panic
    /// caught. With the time it took.
    pub(crate) async fn guarded<R: Send>(
        &self,
        load: impl FnOnce() -> BoxFuture<'static, Result<R, Failure>> + Send,
    ) -> Result<(R, Duration), Failure> {
        let metrics = &self.model().metrics;
        let asked = Instant::now();
        let Some(_place) = self.model().limit.place().await else {
            metrics.loaded(LoadEnd::TooBusy, asked.elapsed());
            return Err(Failure::TooBusy);
        };
        let begun = Instant::now();
        let loading = AssertUnwindSafe(async move { load().await }).catch_unwind();
        let loaded = tokio::select! {
            () = self.core().stop.cancelled() => Err(Failure::Shutdown),
            loaded = timeout(self.options.load_timeout, loading) => match loaded {
                Ok(loaded) => loaded.unwrap_or(Err(Failure::Panicked)),
                Err(_) => Err(Failure::GivenUp),
            },
        };
        let took = begun.elapsed();
        let end = match &loaded {
            Ok(_) => LoadEnd::Done,
            Err(Failure::Source(_)) => LoadEnd::Error,
            Err(Failure::Panicked) => LoadEnd::Panicked,
            Err(Failure::TooBusy) => LoadEnd::TooBusy,
            Err(Failure::GivenUp) => LoadEnd::GivenUp,
            Err(Failure::Shutdown) => LoadEnd::Shutdown,
        };
        metrics.loaded(end, took);
        loaded.map(|loaded| (loaded, took))
    }
}
