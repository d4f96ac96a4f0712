//! The ordered log of the source's changes, and the applier that carries them into the cache: some writers leave the
//! invalidation to it. The log has every change of the things it is about, as an outbox would.

use std::sync::{Arc, Mutex};

use bongsu_cache::envelope::Version;
use bongsu_cache::testing::{Change, History};
use bongsu_cache::{Applied, Cache};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::World;
use crate::thing::Thing;

/// Changes of one window.
const WINDOW: usize = 32;
/// The seat whose process applies.
const APPLIER: usize = 0;

/// A change of the source.
#[derive(Debug, Clone, Copy)]
struct Logged {
    thing: usize,
    version: u64,
    change: Change,
    has_versions: bool,
}

/// All changes, in the order of their commits.
#[derive(Debug, Default)]
pub(super) struct Log {
    changes: Mutex<Vec<Logged>>,
    grown: Notify,
    /// Nothing comes any more.
    pub(super) closed: CancellationToken,
}

impl Log {
    /// Commits a change and writes it down: as one act, so that the log has the order of the commits.
    pub(super) fn commit(&self, history: &History, thing: usize, change: Change, has_versions: bool) -> u64 {
        let mut changes = self.changes.lock().unwrap();
        let version = history.commit(thing, change);
        changes.push(Logged { thing, version, change, has_versions });
        drop(changes);
        self.grown.notify_one();
        version
    }

    fn window_after(&self, cursor: usize) -> Vec<Logged> {
        self.changes.lock().unwrap().iter().skip(cursor).take(WINDOW).copied().collect()
    }
}

impl Logged {
    fn told_to(self, cache: &Cache<Thing>) -> bongsu_cache::Change {
        let id = self.thing as u64;
        // Not every source knows the whole row when it tells of a change.
        if !self.has_versions || self.version.is_multiple_of(4) {
            return cache.dropped(&id);
        }
        let value = (self.change == Change::Write).then(|| Thing::new(id, self.version));
        cache.written(&id, Version(self.version), value.as_ref()).unwrap()
    }
}

impl World {
    /// Applies the log until it is closed and at its end. A process that ends in the middle of a window leaves it to the
    /// next one, which repeats it.
    pub(super) async fn apply_log(self: Arc<Self>) {
        let mut cursor = 0;
        loop {
            let window = self.log.window_after(cursor);
            if window.is_empty() && self.log.closed.is_cancelled() {
                return;
            }
            if window.is_empty() {
                tokio::select! {
                    () = self.log.grown.notified() => {}
                    () = self.log.closed.cancelled() => {}
                }
                continue;
            }
            let process = self.process(APPLIER);
            let changes: Vec<_> = window.iter().map(|logged| logged.told_to(&process.cache)).collect();
            let applier = process.hub.applier();
            let applied = tokio::select! {
                () = process.ends.cancelled() => continue,
                applied = self.apply(&applier, &changes) => applied,
            };
            assert!(applied.changes + applied.by_renewal <= changes.len());
            let how = if applied.by_renewal == 0 { "applied" } else { "applied by renewal" };
            window.iter().for_each(|logged| self.history.note(logged.thing, how));
            cursor += window.len();
        }
    }

    async fn apply(&self, applier: &bongsu_cache::Applier, changes: &[bongsu_cache::Change]) -> Applied {
        if self.plan.also.log == super::LogUse::PassedOver {
            return Applied::default();
        }
        applier.apply(changes).await
    }
}
