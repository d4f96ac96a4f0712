//! Sessions to write to once all that is at hand was queued: a burst is then one system call a session.

use std::sync::Arc;

use super::mailbox::Mailbox;

/// Sessions that have something new. They are written to when this is dropped, whatever happens in between.
#[derive(Debug, Default)]
pub(super) struct Touched(Vec<Arc<Mailbox>>);

impl Touched {
    /// This session has something new.
    pub(super) fn add(&mut self, mailbox: &Arc<Mailbox>) {
        self.0.push(mailbox.clone());
    }
}

impl Drop for Touched {
    fn drop(&mut self) {
        for mailbox in &self.0 {
            mailbox.flush_or_wake();
        }
    }
}
