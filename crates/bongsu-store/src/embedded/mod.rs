//! The engine for one machine: an LSM store, one committer thread, reads from snapshots.
//!
//! Every stored key and value stands in `table.rs`, the order of a commit in `coordinator.rs`. Writes are decided one
//! file per family of use cases in `decide/`, the store's traits are in `api/`; `verify.rs` proves a store, `backup.rs` and
//! `restore.rs` move one.

mod api;
mod backup;
mod codec;
mod coordinator;
mod decide;
mod disk;
mod hot;
mod job;
mod keys;
mod open;
mod options;
mod overlay;
mod positions;
mod queue;
mod restore;
mod row;
mod shared;
mod source;
mod table;
mod transaction;
mod verify;
mod view;
mod witness;

#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use fjall::PersistMode;

pub use self::backup::{BackupError, BackupReport};
use self::job::{Job, Mutation};
pub use self::options::{EmbeddedSettings, OnFatal, OpenError};
pub use self::restore::restore;
use self::shared::Shared;
pub use self::verify::{Counts, Progress, VerifyReport};
use self::view::View;
use crate::{StoreError, StoreOptions, StoreResult};

/// A store in a directory of this machine. One process has it open at a time.
pub struct EmbeddedStore {
    shared: Arc<Shared>,
    committer: Mutex<Option<JoinHandle<()>>>,
    witness: Mutex<Option<JoinHandle<()>>>,
    /// Held until the engine is closed, so the next process finds its files at rest.
    _lock: File,
}

impl fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedStore").field("epoch", &self.shared.identity.epoch).finish_non_exhaustive()
    }
}

impl EmbeddedStore {
    /// Opens the store of a directory, creating both when missing.
    ///
    /// # Errors
    /// When another process has it open, another version wrote it, acknowledged writes are missing, or the system
    /// refuses. Nothing is ever repaired silently.
    pub fn open(dir: &Path, options: StoreOptions) -> Result<Self, OpenError> {
        Self::open_with(dir, options, EmbeddedSettings::default())
    }

    /// The same, with settings of this engine.
    ///
    /// # Errors
    /// As for [`EmbeddedStore::open`].
    pub fn open_with(
        dir: &Path,
        options: StoreOptions,
        settings: EmbeddedSettings,
    ) -> Result<Self, OpenError> {
        open::open(dir, options, settings)
    }

    fn of(shared: Arc<Shared>, committer: JoinHandle<()>, witness: JoinHandle<()>, lock: File) -> Self {
        Self {
            shared,
            committer: Mutex::new(Some(committer)),
            witness: Mutex::new(Some(witness)),
            _lock: lock,
        }
    }

    /// Decides and answers everything that waits, takes nothing in any more, and writes the witness exactly. The
    /// directory is free for another process once this handle is dropped.
    ///
    /// # Errors
    /// When the last sync failed.
    pub async fn shutdown(&self) -> StoreResult<()> {
        self.shared.queue.close("the store is shut down");
        let committer = take(&self.committer);
        let witness = take(&self.witness);
        let shared = Arc::clone(&self.shared);
        let stopped = tokio::task::spawn_blocking(move || stop(&shared, committer, witness)).await;
        stopped.unwrap_or_else(|error| Err(StoreError::unknown(error.to_string())))
    }

    /// Sends a command to the committer and waits until its batch is durable. It takes its place in the order of
    /// commits when this is first polled.
    async fn submit<M: Mutation>(&self, mutation: M) -> StoreResult<M::Answer> {
        let (job, answer) = Job::new(mutation);
        self.shared.queue.push(Box::new(job))?;
        answer.await.unwrap_or_else(|_| Err(StoreError::unknown("the committer stopped")))
    }

    /// One snapshot, for answers that read a few rows.
    fn view(&self) -> StoreResult<View> {
        self.is_well()?;
        Ok(View::of(&self.shared.tables))
    }

    /// Reads many rows of one snapshot on a thread that may block.
    async fn scan<T, F>(&self, read: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&View) -> StoreResult<T> + Send + 'static,
    {
        let view = self.view()?;
        let done = tokio::task::spawn_blocking(move || read(&view)).await;
        done.unwrap_or_else(|error| Err(StoreError::not_applied(error.to_string())))
    }

    fn is_well(&self) -> StoreResult<()> {
        if self.shared.failed.load(Ordering::Acquire) {
            return Err(StoreError::not_applied("the store failed"));
        }
        Ok(())
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.shared.queue.close("the store is closed");
        if let Err(error) = stop(&self.shared, take(&self.committer), take(&self.witness)) {
            tracing::error!(%error, "the store did not close well");
        }
    }
}

fn take(thread: &Mutex<Option<JoinHandle<()>>>) -> Option<JoinHandle<()>> {
    thread.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Joins the threads in their order: the committer decides what waits, then the witness writes the last commit.
fn stop(
    shared: &Shared,
    committer: Option<JoinHandle<()>>,
    witness: Option<JoinHandle<()>>,
) -> StoreResult<()> {
    let Some(committer) = committer else { return Ok(()) };
    let panicked = |_| StoreError::unknown("a thread of the store panicked");
    committer.join().map_err(panicked)?;
    shared.witness.stop();
    if let Some(witness) = witness {
        witness.join().map_err(panicked)?;
    }
    let synced = shared.tables.database.persist(PersistMode::SyncAll);
    synced.map_err(|error| StoreError::unknown(format!("cannot sync the store: {error}")))
}
