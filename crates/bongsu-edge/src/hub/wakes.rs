//! Sessions to wake once all that is at hand was queued: a burst is then written by one system call a session.

use std::sync::Arc;

use super::mailbox::Mailbox;

/// Sessions that have something new. Wakes them when dropped, whatever happens in between.
#[derive(Debug, Default)]
pub(super) struct Wakes(Vec<Arc<Mailbox>>);

impl Wakes {
    /// This session is to be woken.
    pub(super) fn add(&mut self, mailbox: &Arc<Mailbox>) {
        self.0.push(mailbox.clone());
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        for mailbox in &self.0 {
            mailbox.wake();
        }
    }
}
