//! Sessions to write to once all that is at hand was queued: a burst is then one system call a session.

use std::sync::Arc;

use tokio_util::task::TaskTracker;

use super::mailbox::Mailbox;

/// Sessions that one task writes to. A write takes a few microseconds: enough of them to be worth a task, few enough not
/// to keep other tasks waiting.
const SHARE: usize = 256;

/// Sessions that have something new. They are written to when this is dropped, whatever happens in between.
#[derive(Debug, Default)]
pub(super) struct Touched(Vec<Arc<Mailbox>>);

impl Touched {
    /// This session has something new.
    pub(super) fn add(&mut self, mailbox: &Arc<Mailbox>) {
        self.0.push(mailbox.clone());
    }

    /// Writes to many sessions on all cores: each share but the first is a task. There are never more of them than there
    /// are sessions, because a session is touched only when nothing of it waits to be written.
    pub(super) fn write(mut self, tasks: &TaskTracker) {
        while self.0.len() > SHARE {
            let share = Self(self.0.split_off(self.0.len() - SHARE));
            tasks.spawn(async move { drop(share) });
        }
    }
}

impl Drop for Touched {
    fn drop(&mut self) {
        for mailbox in &self.0 {
            mailbox.flush_or_wake();
        }
    }
}
