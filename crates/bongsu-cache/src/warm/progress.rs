//! How far a warming is.

use tokio::sync::watch;
use tokio_util::sync::DropGuard;

/// Counts of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WarmProgress {
    /// Stored, or loaded and offered to the tier.
    pub stored: u64,
    /// Were there already, or newer ones were.
    pub present: u64,
    /// Not stored, or deleted again, because the entry was invalidated since the warming began.
    pub skipped: u64,
    /// Not stored: the tier or the source failed, or the value cannot be kept.
    pub failed: u64,
    /// Everything was tried.
    pub is_complete: bool,
}

/// A warming that runs until it is complete, this is dropped, or the hub ends.
#[derive(Debug)]
#[must_use = "it ends when this is dropped"]
pub struct Warming {
    progress: watch::Receiver<WarmProgress>,
    _ends: DropGuard,
}

impl WarmProgress {
    /// All that was tried.
    #[must_use]
    pub fn tried(&self) -> u64 {
        self.stored + self.present + self.skipped + self.failed
    }

    pub(super) fn add(&mut self, other: Self) {
        self.stored += other.stored;
        self.present += other.present;
        self.skipped += other.skipped;
        self.failed += other.failed;
    }
}

impl Warming {
    pub(super) fn new(progress: watch::Receiver<WarmProgress>, ends: DropGuard) -> Self {
        Self { progress, _ends: ends }
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> WarmProgress {
        *self.progress.borrow()
    }

    /// Waits until it is complete, or the hub ended before: `is_complete` tells which.
    pub async fn complete(mut self) -> WarmProgress {
        let complete =
            self.progress.wait_for(|progress| progress.is_complete).await.ok().map(|progress| *progress);
        complete.unwrap_or_else(|| self.progress())
    }
}
