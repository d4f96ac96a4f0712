//! The committer: one thread that decides every write, makes it durable, says so, and answers.
//!
//! A batch is whatever arrived while the last one was syncing; nothing ever waits for more to come. One thread beats
//! several: syncs compete and batches fragment. The order is fixed: decide, sync, memory of the readers, observers in
//! commit order, answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bongsu_types::{CommitNo, Committed};
use tokio::time::Instant;

use super::disk::{DiskSpace, Space};
use super::hot::HotRows;
use super::job::{Decision, Work};
use super::keys;
use super::overlay::Overlay;
use super::row::meta::encode_number;
use super::shared::Shared;
use super::table::Table;
use super::transaction::{Context, Transaction};
use crate::StoreError;

/// Owned by the committer's thread.
pub(crate) struct Coordinator {
    shared: Arc<Shared>,
    last: CommitNo,
    hot: HotRows,
    disk: DiskSpace,
}

/// A batch that is decided and not yet durable.
struct Decided {
    commits: Vec<Arc<Committed>>,
    last: CommitNo,
}

impl Coordinator {
    pub(crate) fn new(shared: Arc<Shared>, last: CommitNo, disk: DiskSpace) -> Self {
        Self { shared, last, hot: HotRows::new(), disk }
    }

    /// Works until the queue is closed and empty, or until the disk fails.
    pub(crate) fn run(mut self) {
        while let Some(batch) = self.shared.queue.take() {
            let work = catch_unwind(AssertUnwindSafe(|| self.commit(batch)));
            let failure = match work {
                Ok(Ok(())) => continue,
                Ok(Err(reason)) => reason,
                Err(_) => "the committer panicked".to_owned(),
            };
            return self.shared.fail(&failure);
        }
    }

    fn commit(&mut self, batch: Vec<Box<dyn Work>>) -> Result<(), String> {
        let mut batch = self.admit(batch);
        if batch.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let mut overlay = Overlay::new(&self.shared.tables, &mut self.hot);
        let decided = decide(&self.shared, self.last, &mut batch, &mut overlay);
        let rows = overlay.finish();
        let writing = self.shared.positions.begin(&rows);
        if let Err(error) = rows.commit(&self.shared.tables) {
            let free = self.disk.free_mib();
            let reason =
                format!("a commit could not be made durable ({free} MiB are free on the disk): {error}");
            for command in batch {
                command.fail(StoreError::unknown(reason.clone()));
            }
            return Err(reason);
        }
        // Before anybody is told: who hears of a commit finds it in memory.
        self.shared.positions.finish(&rows, writing);
        rows.remember(&mut self.hot);
        self.last = decided.last;
        self.shared.last_commit.store(self.last.0, Ordering::Release);
        if !decided.commits.is_empty() {
            self.shared.witness.note(self.last);
        }
        metrics::histogram!("bongsu_store_batch_commands").record(batch.len() as f64);
        metrics::histogram!("bongsu_store_batch_seconds").record(started.elapsed().as_secs_f64());
        for committed in &decided.commits {
            self.shared.options.observer.committed(committed);
        }
        // Reply after the commit: a client that saw it must find the message after a crash. A refusal waits too: it
        // may rest on an earlier command of this batch.
        for command in batch {
            command.answer();
        }
        Ok(())
    }

    /// Refuses what the disk has no room for, before any of it is written.
    fn admit(&mut self, batch: Vec<Box<dyn Work>>) -> Vec<Box<dyn Work>> {
        let space = self.disk.space();
        if space == Space::Enough {
            return batch;
        }
        let mut admitted = Vec::new();
        for command in batch {
            if space == Space::Reserve && command.uses_reserve() {
                admitted.push(command);
            } else {
                command.fail(StoreError::not_applied(self.disk.refusal()));
            }
        }
        admitted
    }
}

/// Decides one command after the other, each over what those before it decided.
fn decide(
    shared: &Shared,
    last: CommitNo,
    batch: &mut [Box<dyn Work>],
    overlay: &mut Overlay<'_>,
) -> Decided {
    let options = &shared.options;
    let context =
        Context { limits: &options.limits, epoch: shared.identity.epoch, now: options.clock.now_ms() };
    let mut decided = Decided { commits: Vec::with_capacity(batch.len()), last };
    for command in batch {
        let mut transaction = Transaction::begin(&context, overlay, decided.last.next());
        // A bug in one use case is one failed command: what it wrote so far is taken back like a refusal.
        let decision = catch_unwind(AssertUnwindSafe(|| command.decide(&mut transaction)));
        match decision.unwrap_or(Decision::TakeBack) {
            Decision::TakeBack => transaction.roll_back(),
            Decision::Keep => {
                if let Some(committed) = transaction.finish() {
                    decided.last = committed.commit;
                    decided.commits.push(Arc::new(committed));
                }
            }
        }
    }
    if decided.last > last {
        overlay.put(Table::Meta, keys::LAST, encode_number(decided.last.0));
    }
    decided
}
