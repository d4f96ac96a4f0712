//! One for each process: the tiers, the models, and the work in the background.

mod applier;
mod builder;
mod check;
mod invalidate;
mod models;
mod pending;
mod recent_puts;
mod schemas;
mod shared;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

pub(crate) use applier::Entry;
pub use applier::{Applied, Applier, Change};
pub use builder::{HubBuilder, HubOptions};
pub(crate) use check::{check_entry_options, check_longest, check_name};
pub(crate) use invalidate::{Deleted, Doomed};
pub(crate) use models::{Model, ModelState, Models};
use pending::Pending;
use recent_puts::RecentPuts;
pub(crate) use shared::Shared;

use crate::backplane::Publisher;
use crate::cache::Cache;
use crate::contract::{CHANNELS, Channel};
use crate::counter::{Kinds, Unconfirmed};
use crate::error::{BuildError, SHUTDOWN_WAIT};
use crate::l1::L1;
use crate::model::Cached;

/// The cache of a process. Cheap to clone; the background work ends with the last clone, or with
/// [`CacheHub::shutdown`], which also says goodbye.
#[derive(Debug, Clone)]
pub struct CacheHub {
    pub(crate) core: Arc<Core>,
    _stops_when_dropped: Arc<DropGuard>,
}

/// What all caches of a hub share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) prefix: String,
    pub(crate) options: HubOptions,
    pub(crate) l1: L1,
    pub(crate) shared: Option<Shared>,
    pub(crate) publisher: Option<Arc<Publisher>>,
    pub(crate) models: Models,
    pub(crate) pending: Pending,
    pub(crate) recent_puts: RecentPuts,
    pub(crate) counters: Unconfirmed,
    pub(crate) counter_kinds: Kinds,
    /// One bit for each channel whose part of the process tier answers.
    pub(crate) live: watch::Sender<u32>,
    pub(crate) tasks: TaskTracker,
    /// Invalidations that were begun: the others must hear of them before the goodbye.
    pub(crate) invalidations: TaskTracker,
    /// Ends loads and upkeep.
    pub(crate) stop: CancellationToken,
    /// Ends the channels' tasks, after the last invalidation is out.
    pub(crate) hush: CancellationToken,
}

impl CacheHub {
    /// Begins a hub. `prefix` begins all its keys: the application and the environment.
    pub fn builder(prefix: &str) -> HubBuilder {
        HubBuilder::new(prefix)
    }

    /// The cache of a type. Types that were not named to the builder are taken now.
    ///
    /// # Errors
    /// When another type has the same model name, or the type's options make no sense.
    pub fn cache<T: Cached>(&self) -> Result<Cache<T>, BuildError> {
        let state = self.core.models.state::<T>(&self.core)?;
        Ok(Cache::new(self.clone(), state))
    }

    /// Drives invalidations from a source that tells of its changes in order.
    #[must_use]
    pub fn applier(&self) -> Applier {
        Applier::new(self.clone())
    }

    /// Ready for traffic: every channel of the backplane is heard, and this deployment's schemas have been known for
    /// long enough that others delete its entries too. False when that did not happen within `wait`.
    pub async fn settled(&self, wait: Duration) -> bool {
        let settled = async {
            let all = u32::MAX >> (u32::BITS - u32::from(CHANNELS));
            let heard = self.core.live.subscribe().wait_for(|live| *live == all).await.is_ok();
            heard && self.core.models.settled().await
        };
        tokio::time::timeout(wait, settled).await.unwrap_or(false)
    }

    /// Bytes and entries in the process tier.
    #[must_use]
    pub fn l1_size(&self) -> (u64, usize) {
        self.core.l1.size()
    }

    /// Invalidations that the shared tier has not confirmed yet.
    #[must_use]
    pub fn pending_invalidations(&self) -> usize {
        self.core.pending.len()
    }

    /// Ends loads, ends the invalidations that were begun and all that is queued, says goodbye on the backplane, and
    /// waits for its tasks; all of it bounded.
    pub async fn shutdown(self) {
        let core = &self.core;
        core.stop.cancel();
        core.invalidations.close();
        let last_words = async {
            core.invalidations.wait().await;
            // Deletes that came before these puts may be on their way still, and nobody will hear of them.
            let reached = core.invalidate(core.recent_puts.take_all(|_| true)).await;
            tracing::debug!(?reached, "took the last puts back");
            core.empty_queues().await;
        };
        if tokio::time::timeout(SHUTDOWN_WAIT, last_words).await.is_err() {
            tracing::warn!(
                under_way = core.invalidations.len(),
                entries = core.pending.len(),
                counters = core.counters.len(),
                "invalidations are left undone: what they were about ends with its life"
            );
        }
        core.hush.cancel();
        core.tasks.close();
        if tokio::time::timeout(SHUTDOWN_WAIT, core.tasks.wait()).await.is_err() {
            tracing::warn!("the cache's tasks did not end in time");
        }
    }
}

impl Core {
    /// Deletes once more what this process put moments ago: a delete that came before the put may not have seen it. At
    /// once, for there may be more than the queue has room for.
    pub(crate) fn take_back(self: &Arc<Self>, puts: Vec<Doomed>) {
        if !puts.is_empty() {
            let core = Arc::clone(self);
            self.invalidations.spawn(async move { core.invalidate(puts).await });
        }
    }

    /// Reports the gauges with every heartbeat; where there is a backplane, its receiver does.
    async fn keep_reporting(self: Arc<Self>) {
        loop {
            self.report_gauges();
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(self.options.heartbeat) => {}
            }
        }
    }

    pub(crate) fn report_gauges(&self) {
        let (bytes, entries) = self.l1.size();
        let (untold, untold_for) =
            self.publisher.as_ref().map_or((0, Duration::ZERO), |publisher| publisher.untold());
        #[allow(clippy::cast_precision_loss, reason = "a gauge")]
        {
            metrics::gauge!("cache_l1_bytes").set(bytes as f64);
            metrics::gauge!("cache_l1_entries").set(entries as f64);
            metrics::gauge!("cache_pending_invalidations").set(self.pending.len() as f64);
            metrics::gauge!("cache_pending_counter_removals").set(self.counters.len() as f64);
            metrics::gauge!("cache_untold_invalidations").set(untold as f64);
        }
        let now = Instant::now();
        let lost = Channel::all().filter(|channel| !self.l1.is_live(*channel, now)).count();
        // What answers was proven within two and a half periods. On a channel that is lost, what was loaded while the
        // shared tier was out of reach too answers for a while without proof; so does everything without a backplane.
        // And others may answer with what this process has invalidated, as long as it could not delete it or say so.
        let silence = self.options.heartbeat.mul_f64(2.5);
        let unproven = self.options.l1_max_staleness_without_backplane;
        let proven = match (&self.publisher, &self.shared) {
            (Some(_), _) if lost == 0 => silence,
            (Some(_), _) => silence.max(unproven),
            (None, Some(_)) => unproven,
            (None, None) => Duration::ZERO,
        };
        let bound = proven + self.pending.oldest().max(untold_for);
        metrics::gauge!("cache_staleness_bound_seconds").set(bound.as_secs_f64());
        metrics::gauge!("cache_backplane_channels_lost").set(u32::try_from(lost).unwrap_or(u32::MAX));
    }
}

/// Where an entry stands in the process tier: any process computes the same from a frame.
pub(crate) fn entry_hash(model: &str, id: &[u8]) -> u128 {
    xxh3_128_with_seed(id, model_seed(model))
}

pub(crate) fn model_seed(model: &str) -> u64 {
    xxh3_64(model.as_bytes())
}
