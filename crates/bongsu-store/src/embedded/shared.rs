//! What the handle, the committer and the readers hold together.

use std::sync::atomic::{AtomicBool, AtomicU64};

use super::options::EmbeddedSettings;
use super::queue::Queue;
use super::row::meta::Identity;
use super::table::Tables;
use super::witness::Witness;
use crate::StoreOptions;

/// One open store.
pub(crate) struct Shared {
    pub(crate) tables: Tables,
    pub(crate) identity: Identity,
    pub(crate) options: StoreOptions,
    pub(crate) settings: EmbeddedSettings,
    pub(crate) queue: Queue,
    pub(crate) witness: Witness,
    /// Last durable commit.
    pub(crate) last_commit: AtomicU64,
    /// A commit failed: every call fails from then on.
    pub(crate) failed: AtomicBool,
}
