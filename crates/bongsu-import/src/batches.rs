//! Messages on their way from the reader to the store, in batches of bounded size.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bongsu_service::ImportMessage;
use bongsu_types::JsonObject;
use tokio::sync::mpsc;

use crate::error::ReadError;
use crate::room::RoomNo;

/// Messages of a batch: enough for commits of a good size in many rooms at once.
const BATCH_MESSAGES: usize = 4_000;

/// Texts and data of a batch, in bytes: long messages make short batches.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Batches that exist at once: one being filled, one waiting, one being written.
const BATCHES: usize = 3;

/// The most messages in memory at once, whatever the size of the source.
pub const MESSAGES_HELD_MAX: u64 = (BATCH_MESSAGES * BATCHES) as u64;

/// How many messages are in memory, and how many were at most.
#[derive(Debug, Default)]
pub(crate) struct Held {
    now: AtomicU64,
    most: AtomicU64,
}

impl Held {
    fn add(&self) {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
    }

    pub(crate) fn let_go(&self, count: usize) {
        self.now.fetch_sub(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }
}

/// Messages of any rooms, in the order of the source.
pub(crate) type Batch = Vec<(RoomNo, ImportMessage)>;

/// The reader's end.
pub(crate) struct Batches {
    batch: Batch,
    bytes: usize,
    to: mpsc::Sender<Batch>,
    held: Arc<Held>,
}

impl Batches {
    /// Both ends.
    pub(crate) fn new(held: Arc<Held>) -> (Self, mpsc::Receiver<Batch>) {
        // One waits here; the others are at the two ends.
        let (to, from) = mpsc::channel(BATCHES - 2);
        (Self { batch: Batch::new(), bytes: 0, to, held }, from)
    }

    /// Hands a message over; waits while the store is behind.
    pub(crate) fn push(&mut self, room: RoomNo, message: ImportMessage) -> Result<(), ReadError> {
        self.held.add();
        self.bytes +=
            message.text.len() + message.data.as_ref().map_or(0, |data: &JsonObject| data.as_str().len());
        self.batch.push((room, message));
        if self.batch.len() >= BATCH_MESSAGES || self.bytes >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Hands over what is left.
    pub(crate) fn flush(&mut self) -> Result<(), ReadError> {
        self.bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        self.to.blocking_send(batch).map_err(|_| ReadError::Ended)
    }
}
