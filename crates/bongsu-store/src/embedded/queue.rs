//! The bounded queue to the committer: first come, first decided.
//!
//! A command takes its place the moment its call is first polled, so calls made one after the other commit in that
//! order. Nobody waits for a place: a queue that is full is already as long as a caller should wait.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::job::Work;
use crate::{StoreError, StoreResult};

/// Commands that may wait: half a second of work at 30,000 commands a second.
pub(crate) const QUEUE_ITEMS_MAX: usize = 16_384;

/// Commands decided in one batch: enough to share a sync, few enough to answer soon.
pub(crate) const BATCH_ITEMS_MAX: usize = 1_024;

#[derive(Default)]
struct Waiting {
    commands: VecDeque<Box<dyn Work>>,
    /// Why nothing is taken in any more.
    closed: Option<&'static str>,
}

/// Commands on their way to the committer.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A panic elsewhere leaves a deque that is whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place.
    ///
    /// # Errors
    /// `Overloaded` when every place is taken, `NotApplied` when the store is closed.
    pub(crate) fn push(&self, command: Box<dyn Work>) -> StoreResult<()> {
        let mut waiting = self.lock();
        if let Some(reason) = waiting.closed {
            return Err(StoreError::not_applied(reason));
        }
        if waiting.commands.len() >= QUEUE_ITEMS_MAX {
            return Err(StoreError::Overloaded);
        }
        waiting.commands.push_back(command);
        drop(waiting);
        self.arrived.notify_one();
        Ok(())
    }

    /// Waits for commands and takes all of them, up to a batch. `None` once closed and empty.
    pub(crate) fn take(&self) -> Option<Vec<Box<dyn Work>>> {
        let mut waiting = self.lock();
        loop {
            let count = waiting.commands.len();
            if count > 0 {
                let batch = waiting.commands.drain(..count.min(BATCH_ITEMS_MAX)).collect();
                metrics::gauge!("bongsu_store_queue_items")
                    .set((count.saturating_sub(BATCH_ITEMS_MAX)) as f64);
                return Some(batch);
            }
            if waiting.closed.is_some() {
                return None;
            }
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes nothing in any more; what waits is still decided.
    pub(crate) fn close(&self, reason: &'static str) {
        self.lock().closed.get_or_insert(reason);
        self.arrived.notify_all();
    }

    /// What is still waiting, after the committer stopped.
    pub(crate) fn abandon(&self) -> Vec<Box<dyn Work>> {
        self.lock().commands.drain(..).collect()
    }
}
