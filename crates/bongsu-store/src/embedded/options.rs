//! How an embedded store is opened, and why it is not.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bongsu_types::CommitNo;

/// Called once when a commit could not be made durable, with the reason.
pub type OnFatal = Arc<dyn Fn(&str) + Send + Sync>;

/// What only this engine knows of. The defaults are for a server.
#[derive(Clone)]
pub struct EmbeddedSettings {
    /// Bytes of blocks kept in memory.
    pub cache_bytes: u64,
    /// Bytes of heads and own rows kept in memory for readers, about and at most: 64 MiB hold up to 120,000 heads and
    /// 70,000 users in ten rooms each.
    pub positions_bytes: usize,
    /// Free bytes on the disk below which writes are refused (`NotApplied`); hellos, acks and sweeps go on down to a
    /// quarter of it. The engine also writes in the background (files of 8 MiB, one being made while others are
    /// merged), and a background write that fails ends the process.
    pub disk_floor_bytes: u64,
    /// Open although acknowledged commits are gone: what is left becomes a new generation (the epoch rises), so that
    /// every client fetches anew.
    pub accept_loss: bool,
    /// After a failed commit. By default the process exits: only a restart can tell what is on the disk.
    pub on_fatal: OnFatal,
}

impl fmt::Debug for EmbeddedSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedSettings")
            .field("cache_bytes", &self.cache_bytes)
            .field("positions_bytes", &self.positions_bytes)
            .field("disk_floor_bytes", &self.disk_floor_bytes)
            .field("accept_loss", &self.accept_loss)
            .finish_non_exhaustive()
    }
}

impl Default for EmbeddedSettings {
    fn default() -> Self {
        Self {
            cache_bytes: 128 * 1024 * 1024,
            positions_bytes: 64 * 1024 * 1024,
            disk_floor_bytes: 256 * 1024 * 1024,
            accept_loss: false,
            on_fatal: Arc::new(|reason| {
                tracing::error!(reason, "exiting: after a restart the store tells what it holds");
                std::process::exit(1);
            }),
        }
    }
}

/// Why a store did not open. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process works in the directory.
    #[error("{dir} is in use by another process: stop it first, or give another data directory")]
    InUse {
        /// The data directory.
        dir: PathBuf,
    },
    /// Written by another version of the program.
    #[error(
        "the store in {dir} has layout {found}, this program knows layout {known}: use the version that wrote it, \
         or a newer one"
    )]
    UnknownSchema {
        /// The data directory.
        dir: PathBuf,
        /// Version found.
        found: u64,
        /// Version this program writes.
        known: u64,
    },
    /// Commits that were acknowledged are not there.
    #[error(
        "the store in {dir} has lost acknowledged writes: {reason}. Restore a backup, or, when the loss is acceptable, \
         open it once with the option to accept the loss: it keeps what is left and makes every client fetch anew"
    )]
    Lost {
        /// The data directory.
        dir: PathBuf,
        /// Last commit found.
        last: CommitNo,
        /// What is missing.
        reason: String,
    },
    /// The store's own files are gone, and with them everything: there is nothing left to go on with.
    #[error(
        "the store in {dir} is empty, but its witness saw commit {seen}. Restore a backup into another directory, or empty \
         this one to begin anew"
    )]
    Emptied {
        /// The data directory.
        dir: PathBuf,
        /// Last commit acknowledged.
        seen: CommitNo,
    },
    /// The bytes of the store make no sense.
    #[error("the store in {dir} is damaged: {reason}. Restore a backup")]
    Corrupt {
        /// The data directory.
        dir: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The system refused: permission, disk, file limit.
    #[error("cannot open the store in {dir}: {reason}")]
    System {
        /// The data directory.
        dir: PathBuf,
        /// What the system said.
        reason: String,
    },
}
