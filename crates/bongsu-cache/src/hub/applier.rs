//! Drives the cache from a source that tells of its changes in order: an outbox, a log's tail, a replication slot.
//!
//! A window is applied when the shared tier took every change of it, or dropped the generation of what it did not take.
//! The caller moves its cursor after that, so a crash in between only repeats the window, and nothing is passed over.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::{CacheHub, Core, Doomed};
use crate::backplane::Telling;
use crate::contract::{Key, Put};
use crate::envelope::{self, Header, Sizes, Version};

/// Puts at the same time.
const PUTS_AT_ONCE: usize = 32;
const PAUSE_FIRST: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// A change that the shared tier does not take for this long becomes the renewal of its generation.
const INSIST: Duration = Duration::from_secs(2);

/// One change of the source. Made by [`Cache::dropped`](crate::Cache::dropped) and
/// [`Cache::written`](crate::Cache::written).
#[derive(Debug, Clone)]
pub struct Change(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Dropped(Doomed),
    Written(Entry),
}

/// A committed value, encoded.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) doomed: Doomed,
    pub(crate) version: Version,
    /// `None`: there is no such thing any more.
    pub(crate) payload: Option<Vec<u8>>,
    pub(crate) ttl: Duration,
    pub(crate) sizes: Sizes,
}

/// What became of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Changes that the shared tier took.
    pub changes: usize,
    /// Changes that it did not take in time, so that generations were renewed instead.
    pub by_renewal: usize,
}

/// Applies windows of changes.
#[derive(Debug, Clone)]
pub struct Applier {
    hub: CacheHub,
}

impl Change {
    pub(crate) fn dropped(doomed: Doomed) -> Self {
        Self(Kind::Dropped(doomed))
    }

    pub(crate) fn written(entry: Entry) -> Self {
        Self(Kind::Written(entry))
    }

    fn doomed(&self) -> &Doomed {
        match &self.0 {
            Kind::Dropped(doomed) => doomed,
            Kind::Written(entry) => &entry.doomed,
        }
    }
}

impl Applier {
    pub(crate) fn new(hub: CacheHub) -> Self {
        Self { hub }
    }

    /// Applies a window. Returns when every change of it is in the shared tier, or its generation was renewed; while
    /// the tier is out of reach it does not return, and dropping the future is safe: apply the window again.
    pub async fn apply(&self, window: &[Change]) -> Applied {
        let core = &self.hub.core;
        for change in window {
            core.l1.invalidate(change.doomed().hash);
        }
        let begun = Instant::now();
        let mut left: Vec<&Change> = window.iter().collect();
        let mut applied = Applied::default();
        let mut pause = PAUSE_FIRST;
        loop {
            let (taken, refused) = core.attempt(left).await;
            applied.changes += taken.len();
            let (mut dropped, mut written) = (Vec::new(), Vec::new());
            for change in taken {
                match &change.0 {
                    Kind::Dropped(doomed) => dropped.push(doomed.clone()),
                    Kind::Written(entry) => written.push(entry.doomed.clone()),
                }
            }
            core.tell(&dropped, Telling::Dropped).await;
            core.tell(&written, Telling::Written).await;
            left = refused;
            if !left.is_empty() && begun.elapsed() > INSIST {
                let before = left.len();
                left = core.renew_instead(left).await;
                applied.by_renewal += before - left.len();
            }
            if left.is_empty() {
                return applied;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}

impl Core {
    /// Tries changes once: those taken, and those refused.
    async fn attempt<'a>(&self, changes: Vec<&'a Change>) -> (Vec<&'a Change>, Vec<&'a Change>) {
        let (mut drops, mut writes) = (Vec::new(), Vec::new());
        for change in changes {
            match &change.0 {
                Kind::Dropped(_) => drops.push(change),
                Kind::Written(entry) => writes.push((change, entry)),
            }
        }
        let (mut taken, mut refused) = (Vec::new(), Vec::new());
        let doomed: Vec<Doomed> = drops.iter().map(|change| change.doomed().clone()).collect();
        for (change, deleted) in drops.iter().zip(self.delete(&doomed).await) {
            if deleted { taken.push(*change) } else { refused.push(*change) }
        }
        for some in writes.chunks(PUTS_AT_ONCE) {
            let mut puts = Vec::with_capacity(some.len());
            for (_, entry) in some {
                puts.push(self.put(entry));
            }
            for ((change, _), put) in some.iter().zip(join_all(puts).await) {
                if put.is_some() { taken.push(*change) } else { refused.push(*change) }
            }
        }
        (taken, refused)
    }

    /// Renews the generations of what was not taken. What could not even be renewed is returned.
    async fn renew_instead<'a>(&self, changes: Vec<&'a Change>) -> Vec<&'a Change> {
        let mut left = Vec::new();
        let mut renewed = HashMap::new();
        for change in changes {
            let doomed = change.doomed();
            let mut all = true;
            for region in doomed.regions(&self.prefix) {
                let place = (doomed.model.name, region);
                let done = match renewed.get(&place) {
                    Some(done) => *done,
                    None => self.renew(&doomed.model, region).await,
                };
                renewed.insert(place, done);
                all &= done;
            }
            if all {
                doomed.model.renew();
            } else {
                left.push(change);
            }
        }
        let models: HashSet<_> =
            renewed.iter().filter(|(_, renewed)| **renewed).map(|((model, _), _)| *model).collect();
        for model in models {
            self.tell_all(model).await;
        }
        left
    }

    /// Puts a committed value into the shared tier under this deployment's schema and drops it under the others.
    /// `None`: not confirmed.
    pub(crate) async fn put(&self, entry: &Entry) -> Option<Put> {
        let Some(shared) = &self.shared else { return Some(Put::Stored) };
        let model = &entry.doomed.model;
        let key = model.key(&self.prefix, &entry.doomed.id);
        let (schemas, epoch) = tokio::join!(model.schemas.live(shared), shared.epoch(&key));
        let schemas = schemas.ok()?;
        let settled = model.schemas.is_settled();
        // Until others delete entries of this deployment too, none may be made: a put is a delete.
        let gone: Vec<Key> = schemas
            .into_iter()
            .filter(|schema| !settled || *schema != model.schema)
            .map(|schema| Key::entry(&self.prefix, schema, model.name, &entry.doomed.id))
            .collect();
        let mut put = Put::Older;
        if settled {
            let bytes = self.seal(entry, epoch.ok()?)?;
            self.recent_puts.note(entry.doomed.hash);
            put = shared.put_if_newer(&key, bytes, entry.ttl).await.ok()?;
        }
        if !gone.is_empty() && shared.remove_many(&gone).await.iter().any(Result::is_err) {
            return None;
        }
        Some(put)
    }

    fn seal(&self, entry: &Entry, epoch: crate::contract::Epoch) -> Option<Bytes> {
        let header = Header {
            schema: entry.doomed.model.schema,
            epoch,
            version: Some(entry.version),
            load_time: Duration::ZERO,
        };
        envelope::encode(&header, &entry.doomed.id, entry.payload.as_deref(), entry.sizes).ok()
    }
}
