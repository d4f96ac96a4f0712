//! The second half of the committer: a decided batch becomes durable, is told, and is answered.
//!
//! It runs on a thread of its own, so that the next batch is decided while this one is on its way to the disk. At most
//! one batch is written and one waits, already decided over it. The order is fixed: sync, then the next batch may rely on
//! the store, then observers in commit order, then answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};

use bongsu_types::{CommitNo, Committed};
use tokio::time::Instant;
use tracing::debug;

use super::disk::DiskSpace;
use super::job::Work;
use super::overlay::Undurable;
use super::shared::Shared;
use crate::{StoreError, StoreResult};

/// A batch that is decided and not yet durable.
pub(crate) struct Batch {
    pub(crate) commands: Vec<Box<dyn Work>>,
    pub(crate) rows: Arc<Undurable>,
    /// What observers are told once it is durable.
    pub(crate) commits: Vec<Arc<Committed>>,
    /// The last commit, of this batch or before it.
    pub(crate) last: CommitNo,
    /// Told once the rows are in the store; dropped untold when they never will be.
    pub(crate) stored: SyncSender<()>,
    pub(crate) started: Instant,
}

/// Owned by the writer's thread.
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) batches: Receiver<Batch>,
    pub(crate) disk: DiskSpace,
}

impl Writer {
    /// Works until the coordinator ends, or until the disk fails.
    pub(crate) fn run(self) {
        while let Ok(batch) = self.batches.recv() {
            let failure = match catch_unwind(AssertUnwindSafe(|| self.write(batch))) {
                Ok(Ok(())) => continue,
                Ok(Err(reason)) => reason,
                Err(_) => "the committer panicked".to_owned(),
            };
            return self.shared.fail(&failure);
        }
    }

    fn write(&self, batch: Batch) -> Result<(), String> {
        let Batch { commands, rows, commits, last, stored, started } = batch;
        if let Err(error) = rows.commit(&self.shared.tables) {
            let free_mib = self.disk.free_mib();
            let reason =
                format!("a commit could not be made durable ({free_mib} MiB are free on the disk): {error}");
            for command in commands {
                command.fail(StoreError::unknown(reason.clone()));
            }
            return Err(reason);
        }
        if stored.try_send(()).is_err() {
            debug!("the last batch is stored and nobody waits for it");
        }
        self.shared.last_commit.store(last.0, Ordering::Release);
        if !commits.is_empty() {
            self.shared.witness.note(last);
        }
        metrics::histogram!("bongsu_store_batch_commands").record(commands.len() as f64);
        metrics::histogram!("bongsu_store_batch_seconds").record(started.elapsed().as_secs_f64());
        for committed in &commits {
            self.shared.options.observer.committed(committed);
        }
        // Reply after the commit: a client that saw it must find the message after a crash. A refusal waits too: it
        // may rest on an earlier command of this batch or of the one before.
        for command in commands {
            command.answer();
        }
        Ok(())
    }
}

/// The coordinator's side of a batch that is on its way: it is read over the store until it is in the store.
pub(crate) struct Pending {
    pub(crate) rows: Arc<Undurable>,
    pub(crate) stored: Receiver<()>,
}

impl Pending {
    /// Waits until the store has it.
    ///
    /// # Errors
    /// When it never will.
    pub(crate) fn wait(self) -> StoreResult<()> {
        self.stored.recv().map_err(|_| StoreError::not_applied("the store failed before this was written"))
    }
}
