//! The first half of the committer: one thread that decides every write, in the order of the queue.
//!
//! A batch is whatever arrived while the last one was syncing; nothing ever waits for more to come. While the writer
//! brings one batch to the disk, the next is decided over it. One thread decides, and one writes: syncs would compete and
//! batches fragment.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use bongsu_types::{CommitNo, Committed};
use tokio::time::Instant;
use tracing::error;

use super::disk::{DiskSpace, Space};
use super::hot::HotRows;
use super::job::{Decision, Work};
use super::keys;
use super::overlay::Overlay;
use super::row::meta::encode_number;
use super::shared::Shared;
use super::table::Table;
use super::transaction::{Context, Transaction};
use super::writer::{Batch, Pending, Writer};
use crate::StoreError;

/// Batches that are decided and wait for the writer: it answers one while it is given the next.
const BATCHES_WAITING: usize = 1;

/// Owned by the committer's thread.
pub(crate) struct Coordinator {
    shared: Arc<Shared>,
    last: CommitNo,
    hot: HotRows,
    disk: DiskSpace,
    batches: SyncSender<Batch>,
    /// The batch at the writer, unless it is known to be in the store.
    pending: Option<Pending>,
    writer: JoinHandle<()>,
}

/// The store failed, and has said so.
struct Failed;

impl Coordinator {
    /// Starts the writer, too.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub(crate) fn new(shared: Arc<Shared>, last: CommitNo, disk: DiskSpace) -> std::io::Result<Self> {
        let (batches, waiting) = sync_channel(BATCHES_WAITING);
        let writer = Writer { shared: Arc::clone(&shared), batches: waiting, disk: disk.clone() };
        let writer = std::thread::Builder::new().name("store-writer".into()).spawn(move || writer.run())?;
        Ok(Self { shared, last, hot: HotRows::new(), disk, batches, pending: None, writer })
    }

    /// Works until the queue is closed and empty and all is written, or until the store fails.
    pub(crate) fn run(mut self) {
        while let Some(commands) = self.shared.queue.take() {
            match catch_unwind(AssertUnwindSafe(|| self.decide(commands))) {
                Ok(Ok(())) => {}
                Ok(Err(Failed)) => break,
                Err(_) => {
                    self.shared.fail("the committer panicked");
                    break;
                }
            }
        }
        drop(self.batches);
        if self.writer.join().is_err() {
            error!("the writer of the store panicked");
        }
    }

    fn decide(&mut self, commands: Vec<Box<dyn Work>>) -> Result<(), Failed> {
        let mut commands = self.admit(commands);
        if commands.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let mut overlay = Overlay::new(&self.shared.tables, &mut self.hot, self.pending.take());
        let (commits, last) = decide(&self.shared, self.last, &mut commands, &mut overlay);
        let (rows, before) = overlay.finish();
        if let Some(before) = before
            && let Err(error) = before.wait()
        {
            return Err(fail(commands, &error));
        }
        let rows = Arc::new(rows);
        let (stored, when_stored) = sync_channel(1);
        let batch = Batch { commands, rows: Arc::clone(&rows), commits, last, stored, started };
        if let Err(unsent) = self.batches.send(batch) {
            let error = StoreError::not_applied("the store failed before this was written");
            return Err(fail(unsent.0.commands, &error));
        }
        self.last = last;
        self.pending = Some(Pending { rows, stored: when_stored });
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

fn fail(commands: Vec<Box<dyn Work>>, error: &StoreError) -> Failed {
    for command in commands {
        command.fail(error.clone());
    }
    Failed
}

/// Decides one command after the other, each over what those before it decided.
fn decide(
    shared: &Shared,
    last: CommitNo,
    batch: &mut [Box<dyn Work>],
    overlay: &mut Overlay<'_>,
) -> (Vec<Arc<Committed>>, CommitNo) {
    let options = &shared.options;
    let context =
        Context { limits: &options.limits, epoch: shared.identity.epoch, now: options.clock.now_ms() };
    let (mut commits, mut now_last) = (Vec::with_capacity(batch.len()), last);
    for command in batch {
        let mut transaction = Transaction::begin(&context, overlay, now_last.next());
        // A bug in one use case is one failed command: what it wrote so far is taken back like a refusal.
        let decision = catch_unwind(AssertUnwindSafe(|| command.decide(&mut transaction)));
        match decision.unwrap_or(Decision::TakeBack) {
            Decision::TakeBack => transaction.roll_back(),
            Decision::Keep => {
                if let Some(committed) = transaction.finish() {
                    now_last = committed.commit;
                    commits.push(Arc::new(committed));
                }
            }
        }
    }
    if now_last > last {
        overlay.put(Table::Meta, keys::LAST, encode_number(now_last.0));
    }
    (commits, now_last)
}
