//! How often the cache is wrong, measured while it runs: entries are sampled, compared with the source by version, and
//! put right.
//!
//! A difference seen once proves nothing: the source may have changed a moment ago. So an entry that differs is looked
//! at again after the declared bound, and only if it is still behind what the source said the first time, it is wrong.
//! No clocks of different machines are compared.

mod compare;
mod report;
mod sampler;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::cache::{Cache, Sight};
use crate::envelope::Version;
use crate::metrics::Tier;
use crate::model::Cached;

use compare::{Difference, compare};
pub use report::{Class, Interval, Reconciliation};
pub(crate) use sampler::Sampler;

/// Entries that wait for their second look.
const SUSPECTS_MAX: usize = 10_000;

/// Samples without a pause would leave the source nothing for its readers.
const EVERY_MIN: Duration = Duration::from_millis(10);

/// A source that does not answer for this long is taken for one that failed: the next round asks again.
const VERSIONS_WAIT: Duration = Duration::from_secs(30);

/// The source, asked for versions only.
#[async_trait]
pub trait SourceOfTruth<T: Cached>: Send + Sync + 'static {
    /// Why it did not answer.
    type Error: std::fmt::Display + Send;

    /// The current versions of those ids that exist. From the primary: a replica that lags makes the cache look wrong.
    async fn versions(&self, ids: &[T::Id]) -> Result<HashMap<T::Id, Version>, Self::Error>;
}

/// How much is looked at, and what counts as wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReconcileOptions {
    /// Between two samples; ten milliseconds at least.
    pub every: Duration,
    /// Ids in a sample: one question to the source, one look into each tier for each id.
    pub sample: usize,
    /// How long an entry may be behind the source.
    pub bound: Duration,
    /// Whether wrong entries are invalidated.
    pub repair: bool,
}

/// A reconciliation that runs until this is dropped, or the hub ends.
#[derive(Debug)]
#[must_use = "it ends when this is dropped"]
pub struct Reconciling {
    found: watch::Receiver<Reconciliation>,
    _ends: DropGuard,
}

/// An entry that differed from the source.
struct Suspect<I> {
    id: I,
    tier: Tier,
    /// What the source said then.
    source: Option<Version>,
    look_again_at: Instant,
}

impl ReconcileOptions {
    /// A hundred entries every ten seconds, two seconds behind at most, repaired.
    #[must_use]
    pub const fn new() -> Self {
        Self { every: Duration::from_secs(10), sample: 100, bound: Duration::from_secs(2), repair: true }
    }

    /// See [`ReconcileOptions::every`] and [`ReconcileOptions::sample`].
    #[must_use]
    pub const fn with_pace(mut self, every: Duration, sample: usize) -> Self {
        self.every = every;
        self.sample = sample;
        self
    }

    /// See [`ReconcileOptions::bound`].
    #[must_use]
    pub const fn with_bound(mut self, bound: Duration) -> Self {
        self.bound = bound;
        self
    }

    /// See [`ReconcileOptions::repair`].
    #[must_use]
    pub const fn with_repair(mut self, repair: bool) -> Self {
        self.repair = repair;
        self
    }
}

impl Default for ReconcileOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl Reconciling {
    /// What was found so far.
    #[must_use]
    pub fn found(&self) -> Reconciliation {
        *self.found.borrow()
    }

    /// Waits until `enough` says so. False: the hub ended before.
    pub async fn wait_for(&mut self, enough: impl FnMut(&Reconciliation) -> bool) -> bool {
        self.found.wait_for(enough).await.is_ok()
    }
}

impl<T: Cached> Cache<T> {
    /// Compares samples of what this process holds, in both tiers, with the source. Entries that came before the first
    /// call are not sampled: let it run with the process. Of use for models whose loads bring versions.
    ///
    /// Metrics: `cache_reconciled_total{model,tier,class}`, `cache_mismatch_ratio{model,edge="ratio|low|high"}`.
    pub fn reconcile(&self, source: impl SourceOfTruth<T>, options: ReconcileOptions) -> Reconciling {
        self.sampler().start();
        let (tell, found) = watch::channel(Reconciliation::default());
        let stop = CancellationToken::new();
        let work =
            Work { cache: self.clone(), source: Arc::new(source), options, suspects: Vec::new(), tell };
        self.core().tasks.spawn(work.run(self.core().stop.clone(), stop.clone()));
        Reconciling { found, _ends: stop.drop_guard() }
    }
}

struct Work<T: Cached, S> {
    cache: Cache<T>,
    source: Arc<S>,
    options: ReconcileOptions,
    suspects: Vec<Suspect<T::Id>>,
    tell: watch::Sender<Reconciliation>,
}

impl<T: Cached, S: SourceOfTruth<T>> Work<T, S> {
    async fn run(mut self, hub_ends: CancellationToken, stop: CancellationToken) {
        let every = self.options.every.max(EVERY_MIN);
        let mut next_sample = Instant::now() + every;
        loop {
            let next_look = self.suspects.iter().map(|suspect| suspect.look_again_at).min();
            let next = next_look.map_or(next_sample, |look| look.min(next_sample));
            tokio::select! {
                () = hub_ends.cancelled() => return,
                () = stop.cancelled() => return,
                () = sleep_until(next) => {}
            }
            self.look_again().await;
            if Instant::now() >= next_sample {
                self.sample().await;
                next_sample = Instant::now() + every;
            }
        }
    }

    async fn sample(&mut self) {
        let ids = self.cache.sampler().draw(self.options.sample);
        let mut looked = Vec::new();
        for id in ids {
            for sight in self.cache.sights(&id).await {
                looked.push((id.clone(), sight));
            }
        }
        let Some(versions) = self.versions(looked.iter().map(|(id, _)| id)).await else { return };
        let look_again_at = Instant::now() + self.options.bound;
        for (id, sight) in looked {
            let source = versions.get(&id).copied();
            match compare(sight, source) {
                Ok(class) => self.count(sight.tier, class),
                // More than the queue holds is a flood of differences; the next samples tell the same.
                Err(_) if self.suspects.len() >= SUSPECTS_MAX => {}
                Err(_) => self.suspects.push(Suspect { id, tier: sight.tier, source, look_again_at }),
            }
        }
        self.tell.send_modify(|found| found.rounds += 1);
        self.report();
    }

    /// The second look: what is still behind what the source said then is wrong.
    async fn look_again(&mut self) {
        let now = Instant::now();
        let due: Vec<_> = self.suspects.extract_if(.., |suspect| suspect.look_again_at <= now).collect();
        if due.is_empty() {
            return;
        }
        let Some(versions) = self.versions(due.iter().map(|suspect| &suspect.id)).await else { return };
        // All are looked at before the first one is repaired: a repair takes the entry out of both tiers.
        let mut wrong = HashSet::new();
        for suspect in due {
            let sight =
                self.cache.sights(&suspect.id).await.into_iter().find(|sight| sight.tier == suspect.tier);
            let class = match sight {
                // Gone, and so put right.
                None => Class::StaleWithinBound,
                Some(sight) => second_look(sight, suspect.source, versions.get(&suspect.id).copied()),
            };
            self.count(suspect.tier, class);
            if class.is_wrong() {
                wrong.insert(suspect.id);
            }
        }
        for id in wrong.into_iter().filter(|_| self.options.repair) {
            // A removal that is queued is one that comes.
            let _reached = self.cache.invalidate(&id).await;
            self.tell.send_modify(|found| found.repaired += 1);
        }
        self.report();
    }

    /// One question for all, none twice.
    async fn versions(&self, ids: impl Iterator<Item = &T::Id>) -> Option<HashMap<T::Id, Version>> {
        let ids: HashSet<&T::Id> = ids.collect();
        let ids: Vec<T::Id> = ids.into_iter().cloned().collect();
        if ids.is_empty() {
            return Some(HashMap::new());
        }
        match timeout(VERSIONS_WAIT, self.source.versions(&ids)).await {
            Ok(Ok(versions)) => return Some(versions),
            Ok(Err(error)) => tracing::debug!(model = T::MODEL, %error, "the source told no versions"),
            Err(_) => tracing::debug!(model = T::MODEL, "the source told no versions in time"),
        }
        self.tell.send_modify(|found| found.source_errors += 1);
        None
    }

    fn count(&self, tier: Tier, class: Class) {
        let tier = if tier == Tier::L1 { "l1" } else { "l2" };
        let class_label = class.label();
        metrics::counter!("cache_reconciled_total", "model" => T::MODEL, "tier" => tier, "class" => class_label)
            .increment(1);
        self.tell.send_modify(|found| found.count(class));
    }

    fn report(&self) {
        let Interval { ratio, low, high } = self.tell.borrow().mismatch();
        for (edge, value) in [("ratio", ratio), ("low", low), ("high", high)] {
            metrics::gauge!("cache_mismatch_ratio", "model" => T::MODEL, "edge" => edge).set(value);
        }
    }
}

/// What an entry is that differed, by what is there now, what the source said then, and what it says now.
fn second_look(sight: Sight, then: Option<Version>, now: Option<Version>) -> Class {
    // Measured by what the source said a bound ago. What the source changed since does not count yet.
    match (compare(sight, then), compare(sight, now)) {
        (Ok(_), _) | (_, Ok(_)) => Class::StaleWithinBound,
        (Err(Difference::Behind), _) => Class::StaleBeyondBound,
        // Newer than what was there then: at most behind what came within the bound.
        (Err(Difference::Ahead | Difference::NoSuchThing), Err(Difference::Behind)) => {
            Class::StaleWithinBound
        }
        (Err(Difference::Ahead | Difference::NoSuchThing), Err(_)) => Class::Phantom,
        (Err(Difference::DeniesIt), Err(_)) => Class::Missing,
    }
}
