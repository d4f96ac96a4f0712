//! Writes: the source first, the cache second. Whatever goes wrong in between ends in an invalidation.

use std::sync::Arc;
use std::time::Duration;

use super::Cache;
use super::life;
use super::store::{Footing, Held};
use crate::backplane::Telling;
use crate::codec::{Codec, CodecError};
use crate::contract::Put;
use crate::envelope::{Sizes, Version};
use crate::error::Invalidated;
use crate::hub::{Change, Core, Deleted, Doomed, Entry};
use crate::l1::{Insert, Ticket};
use crate::model::{Cached, IdText};

/// What a write gave, and how far the cache followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "`reached` says whether other processes may still answer with the old value"]
pub struct Written<R> {
    /// What the commit returned.
    pub result: R,
    /// How far the new value, or at least the end of the old one, reached.
    pub reached: Invalidated,
}

/// Invalidates when it is dropped: a write whose caller went away may have been committed.
pub(crate) struct Unfinished {
    core: Arc<Core>,
    doomed: Option<Doomed>,
}

impl Unfinished {
    pub(crate) fn new(core: &Arc<Core>, doomed: Doomed) -> Self {
        Self { core: Arc::clone(core), doomed: Some(doomed) }
    }

    pub(crate) fn finished(mut self) {
        self.doomed = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let Some(doomed) = self.doomed.take() else { return };
        // At once in this process, and durably queued for the rest.
        self.core.pending.add(doomed.clone(), Deleted::No, &self.core.prefix);
        self.core.l1.invalidate(doomed.hash);
    }
}

impl<T: Cached> Cache<T> {
    /// Drops an entry in every tier of every process and in every deployed version of the type. Call it after the
    /// change is committed. The work goes on if the caller goes away.
    pub async fn invalidate(&self, id: &T::Id) -> Invalidated {
        self.invalidate_many(std::slice::from_ref(id)).await
    }

    /// Drops several entries, with one round trip for each shard.
    pub async fn invalidate_many(&self, ids: &[T::Id]) -> Invalidated {
        let entries: Vec<Doomed> = ids.iter().map(|id| self.doomed(id)).collect();
        let core = Arc::clone(self.core());
        core.forget(&entries);
        let unfinished = entries.clone();
        let work = self.core().invalidations.spawn(async move { core.invalidate(entries).await });
        match work.await {
            Ok(reached) => reached,
            // Torn down with the runtime: the queue, if anything, is what is left.
            Err(_) => {
                for doomed in unfinished {
                    self.core().pending.add(doomed, Deleted::No, &self.core().prefix);
                }
                Invalidated::QueuedForRetry { pending: self.core().pending.len() }
            }
        }
    }

    /// Drops an entry of this process at once, for whoever hears of a change and cannot wait: a thread that commits, a
    /// reader of a log. Loads that began before it are not kept. The shared tier and the other processes are not told:
    /// alone it is for a hub that has neither.
    pub fn invalidate_here(&self, id: &T::Id) {
        self.core().l1.invalidate(self.model().hash(&IdText::of(id)));
        self.model().metrics.invalidated_here.increment(1);
    }

    /// Drops all entries of the type, in every process, by renewing the generations: no keys are listed or deleted.
    pub async fn invalidate_all(&self) -> Invalidated {
        let (core, model) = (Arc::clone(self.core()), Arc::clone(self.model()));
        model.renew();
        let work = self.core().invalidations.spawn(async move { core.invalidate_all(&model).await });
        work.await.unwrap_or(Invalidated::QueuedForRetry { pending: self.core().pending.len() })
    }

    /// Runs `commit` on the source, then puts the value it returns into both tiers, unless a newer version is there, and
    /// tells the others. `None` as the value: it was deleted. The version comes from the source (a version column, a
    /// sequence) and grows with every change of the row.
    ///
    /// If the commit fails, is cancelled, or the value cannot be put, the entry is invalidated instead, because the
    /// commit may have happened.
    ///
    /// # Errors
    /// What `commit` says.
    pub async fn write_through<R, E>(
        &self,
        id: &T::Id,
        commit: impl Future<Output = Result<(R, Version, Option<T>), E>>,
    ) -> Result<Written<R>, E> {
        let doomed = self.doomed(id);
        let unfinished = Unfinished::new(self.core(), doomed.clone());
        let before = self.core().l1.ticket(doomed.hash, &self.model().generation);
        let (result, version, value) = commit.await?;
        // From now on nobody here answers with the old value.
        self.core().l1.invalidate(doomed.hash);
        // The one ticket that is looked at now and shown later: what came between two would be missed.
        let ticket = self.core().l1.ticket(doomed.hash, &self.model().generation);
        let undisturbed = ticket == before.after_one_invalidation();
        let entry = self.entry(doomed.clone(), version, value.as_ref()).ok();
        // An invalidation that came during the commit may belong to a newer change, and would not see this value.
        let reached = match entry.filter(|_| undisturbed) {
            Some(entry) => self.put(entry, value, ticket).await,
            None => None,
        };
        let reached = match reached {
            Some(reached) => reached,
            None => self.core().invalidate(vec![doomed]).await,
        };
        unfinished.finished();
        Ok(Written { result, reached })
    }

    /// A change for an [`Applier`](crate::Applier): the entry is to be dropped.
    pub fn dropped(&self, id: &T::Id) -> Change {
        Change::dropped(self.doomed(id))
    }

    /// A change for an [`Applier`](crate::Applier): the entry has this value now (`None`: it is gone).
    ///
    /// # Errors
    /// When the value cannot be encoded; drop the entry instead.
    pub fn written(&self, id: &T::Id, version: Version, value: Option<&T>) -> Result<Change, CodecError> {
        let doomed = self.doomed(id);
        Ok(match self.entry(doomed.clone(), version, value) {
            Ok(entry) => Change::written(entry),
            Err(Some(error)) => return Err(error),
            Err(None) => Change::dropped(doomed),
        })
    }

    pub(crate) fn doomed(&self, id: &T::Id) -> Doomed {
        let text = IdText::of(id);
        let hash = self.model().hash(&text);
        Doomed { model: Arc::clone(self.model()), id: text.as_str().into(), hash }
    }

    /// What is to be put; `Err(None)` when it is not to be kept: too large, or absence of a model that keeps none.
    pub(crate) fn entry(
        &self,
        doomed: Doomed,
        version: Version,
        value: Option<&T>,
    ) -> Result<Entry, Option<CodecError>> {
        let payload = match value {
            Some(value) => {
                let mut bytes = Vec::new();
                <T::Codec as Codec<T>>::encode(value, &mut bytes)?;
                Some(bytes)
            }
            None => None,
        };
        let ttl = if payload.is_some() { self.options.ttl } else { self.options.negative_ttl };
        let bytes = payload.as_ref().map_or(0, Vec::len);
        if ttl.is_zero() || bytes > self.options.max_bytes as usize {
            return Err(None);
        }
        if payload.is_some() {
            self.model().metrics.encoded(bytes);
        }
        let ttl = life::jittered(ttl, self.options.jitter_percent);
        Ok(Entry { doomed, version, payload, ttl, sizes: Sizes::of(&self.options) })
    }

    /// Puts a committed value into both tiers. `None`: it could not be put, and is to be invalidated.
    async fn put(&self, entry: Entry, value: Option<T>, ticket: Ticket) -> Option<Invalidated> {
        let core = self.core();
        let hash = entry.doomed.hash;
        if core.put(&entry).await? == Put::Stored {
            let held = Held {
                value: value.map(Arc::new),
                version: Some(entry.version),
                load_time: Duration::ZERO,
                left: entry.ttl,
                encoded_bytes: entry.payload.as_ref().map_or(0, Vec::len),
            };
            let footing = if core.shared.is_some() { Footing::Stored } else { Footing::Alone };
            let l1_entry = self.l1_entry(hash, ticket, &held, footing);
            let kept = core.l1.replace(hash, ticket, &self.model().generation, l1_entry);
            if kept == Insert::Discarded {
                // An invalidation that came while this was put may have been carried out in the shared tier before it.
                self.model().metrics.discarded.increment(1);
                return None;
            }
        }
        let told = core.announce(std::slice::from_ref(&entry.doomed), Telling::Written).await;
        Some(if told { Invalidated::Everywhere } else { Invalidated::LocalAndL2 })
    }
}
