//! Filling the shared tier before the readers come, no faster than the source and the tier can bear.
//!
//! Two ways, because a value that was read some time ago may be outdated. Values with versions never replace newer ones;
//! and because a version says nothing where the newer value was deleted, they are not put where anything was
//! invalidated since the warming began. Values without are loaded under the lease, as a reader would.

mod progress;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{FutureExt, join_all};
use futures_util::stream::{Stream, StreamExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::cache::{Cache, Loaded, Lookup, Unfinished};
use crate::contract::{CHANNELS, Put};
use crate::envelope::Version;
use crate::l1::Survey;
use crate::metrics::Tier;
use crate::model::Cached;

pub use progress::{WarmProgress, Warming};

/// How fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WarmOptions {
    /// Entries in a second, at most.
    pub per_second: u32,
    /// Entries at a time: puts at once, or ids of one load.
    pub batch: usize,
}

impl WarmOptions {
    /// Five hundred in a second, fifty at a time.
    #[must_use]
    pub const fn new() -> Self {
        Self { per_second: 500, batch: 50 }
    }

    /// See [`WarmOptions::per_second`] and [`WarmOptions::batch`]; at least one each.
    #[must_use]
    pub const fn with_pace(mut self, per_second: u32, batch: usize) -> Self {
        self.per_second = if per_second == 0 { 1 } else { per_second };
        self.batch = if batch == 0 { 1 } else { batch };
        self
    }

    /// The time that so many entries take.
    fn time_of(&self, entries: usize) -> Duration {
        let entries = u32::try_from(entries).unwrap_or(u32::MAX);
        Duration::from_secs(1).saturating_mul(entries) / self.per_second.max(1)
    }
}

impl Default for WarmOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Cached> Cache<T> {
    /// Puts values with their versions into the shared tier, unless it has newer ones. It begins when other processes
    /// know of this deployment's schema, so that they delete its entries too, and when this one hears every channel of
    /// the backplane.
    ///
    /// What is invalidated after that is skipped, so `items` had better read its rows while it is asked for them and
    /// not before: then no value in it can be outdated. A part of the entries that nobody touched is skipped with the
    /// others, the more the longer a warming takes; a table that changes all the time is better warmed in parts, or
    /// by [`Cache::warm_by_loading`].
    pub fn warm(
        &self,
        items: impl Stream<Item = (T::Id, Version, T)> + Send + 'static,
        options: WarmOptions,
    ) -> Warming {
        let cache = self.clone();
        let surveyed = async move {
            cache.hears_every_channel().await;
            let survey = Arc::new(cache.core().l1.survey(&cache.model().generation));
            items.map(move |item| (Arc::clone(&survey), item))
        };
        let cache = self.clone();
        self.start_warming(options, surveyed.flatten_stream(), move |items, tell| {
            let cache = cache.clone();
            async move {
                let put = |(survey, item): (Arc<Survey>, _)| cache.warm_one(survey, item);
                let puts: Vec<_> = items.into_iter().map(put).collect();
                for progress in join_all(puts).await {
                    tell.send_modify(|all| all.add(progress));
                }
            }
        })
    }

    /// Loads the ids that no tier has, as [`Cache::get_many_or_load`] does: under the leases, so that what is
    /// invalidated meanwhile is not kept.
    pub fn warm_by_loading<E, L, F, Fut>(
        &self,
        ids: impl Stream<Item = T::Id> + Send + 'static,
        options: WarmOptions,
        load: F,
    ) -> Warming
    where
        E: Send + Sync + 'static,
        L: Into<Loaded<T>>,
        F: Fn(Vec<T::Id>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<HashMap<T::Id, L>, E>> + Send + 'static,
    {
        let cache = self.clone();
        self.start_warming(options, ids, move |ids: Vec<T::Id>, tell| {
            let (cache, load) = (cache.clone(), load.clone());
            async move {
                let progress = match cache.lookup_many_or_load(&ids, load).await {
                    Ok(lookups) => WarmProgress::of_lookups(lookups.values()),
                    Err(_) => WarmProgress { failed: ids.len() as u64, ..WarmProgress::default() },
                };
                tell.send_modify(|all| all.add(progress));
            }
        })
    }

    async fn hears_every_channel(&self) {
        let all = u32::MAX >> (u32::BITS - u32::from(CHANNELS));
        let heard = self.core().live.subscribe().wait_for(|live| *live == all).await.is_ok();
        debug_assert!(heard, "the sender lives in the hub");
    }

    async fn warm_one(&self, survey: Arc<Survey>, (id, version, value): (T::Id, Version, T)) -> WarmProgress {
        let core = self.core();
        let doomed = self.doomed(&id);
        let holds = || core.l1.still_holds(&survey, doomed.hash, &self.model().generation);
        let skipped = WarmProgress { skipped: 1, ..WarmProgress::default() };
        if !holds() {
            return skipped;
        }
        // Given up in between, nobody would look whether the put still holds.
        let unfinished = Unfinished::new(core, doomed.clone());
        let put = match self.entry(doomed.clone(), version, Some(&value)) {
            Ok(entry) => core.put(&entry).await,
            Err(_) => None,
        };
        if !holds() {
            // Invalidated meanwhile, perhaps before the put arrived. Queued if it is not confirmed.
            let reached = core.invalidate(vec![doomed]).await;
            tracing::debug!(model = T::MODEL, ?reached, "a warmed entry was invalidated while it was put");
            unfinished.finished();
            return skipped;
        }
        unfinished.finished();
        match put {
            Some(Put::Stored) => WarmProgress { stored: 1, ..WarmProgress::default() },
            Some(Put::Older) => WarmProgress { present: 1, ..WarmProgress::default() },
            Some(Put::Superseded) | None => WarmProgress { failed: 1, ..WarmProgress::default() },
        }
    }

    fn start_warming<I, W, Fut>(
        &self,
        options: WarmOptions,
        items: impl Stream<Item = I> + Send + 'static,
        work: W,
    ) -> Warming
    where
        I: Send + 'static,
        W: Fn(Vec<I>, watch::Sender<WarmProgress>) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send,
    {
        let (tell, progress) = watch::channel(WarmProgress::default());
        let stop = CancellationToken::new();
        let (cache, hub_ends, ends) = (self.clone(), self.core().stop.clone(), stop.clone());
        let done = tell.clone();
        let all = async move {
            if cache.core().shared.is_some() && !cache.model().schemas.settled().await {
                return;
            }
            let mut batches = pin!(items.ready_chunks(options.batch.max(1)));
            let mut next = Instant::now();
            while let Some(batch) = batches.next().await {
                sleep_until(next).await;
                next = Instant::now() + options.time_of(batch.len());
                work(batch, tell.clone()).await;
            }
        };
        self.core().tasks.spawn(async move {
            tokio::select! {
                () = hub_ends.cancelled() => {}
                () = ends.cancelled() => {}
                () = all => done.send_modify(|progress| progress.is_complete = true),
            }
        });
        Warming::new(progress, stop.drop_guard())
    }
}

impl WarmProgress {
    fn of_lookups<'a, T: 'a>(lookups: impl Iterator<Item = &'a Lookup<T>>) -> Self {
        let mut progress = Self::default();
        for lookup in lookups {
            match lookup {
                Lookup::Hit { tier: Tier::Source, .. } | Lookup::Absent { tier: Tier::Source, .. } => {
                    progress.stored += 1;
                }
                Lookup::Hit { .. } | Lookup::Absent { .. } => progress.present += 1,
                Lookup::Miss => progress.failed += 1,
            }
        }
        progress
    }
}
