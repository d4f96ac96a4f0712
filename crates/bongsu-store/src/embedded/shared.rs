//! What the handle, the committer and the readers hold together.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tracing::error;

use super::options::EmbeddedSettings;
use super::positions::Positions;
use super::queue::Queue;
use super::row::meta::Identity;
use super::table::Tables;
use super::witness::Witness;
use crate::{StoreError, StoreOptions};

/// One open store.
pub(crate) struct Shared {
    pub(crate) tables: Tables,
    pub(crate) identity: Identity,
    pub(crate) options: StoreOptions,
    pub(crate) settings: EmbeddedSettings,
    pub(crate) queue: Queue,
    pub(crate) witness: Witness,
    /// What readers ask for most.
    pub(crate) positions: Positions,
    /// Last durable commit.
    pub(crate) last_commit: AtomicU64,
    /// A commit failed: every call fails from then on.
    pub(crate) failed: AtomicBool,
}

impl Shared {
    /// Nobody is answered as if all were well, ever again.
    pub(crate) fn fail(&self, reason: &str) {
        if self.failed.swap(true, Ordering::AcqRel) {
            return;
        }
        error!(reason, "the store failed and takes nothing in any more");
        self.queue.close("the store failed");
        for command in self.queue.abandon() {
            command.fail(StoreError::not_applied("the store failed before this was decided"));
        }
        (self.settings.on_fatal)(reason);
    }
}
