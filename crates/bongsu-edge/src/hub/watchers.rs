//! Which sessions watch whose presence.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bongsu_types::UserId;
use bytes::Bytes;

use super::mailbox::{Mailbox, SessionId};

/// Watched users and watching sessions. Bounded by `watch_users` for each session.
#[derive(Debug, Default)]
pub(super) struct Watchers(Mutex<Watches>);

#[derive(Debug, Default)]
struct Watches {
    by_user: HashMap<UserId, Vec<Arc<Mailbox>>>,
    by_session: HashMap<SessionId, Vec<UserId>>,
}

impl Watchers {
    /// Replaces the users a session watches.
    pub(super) fn replace(&self, mailbox: &Arc<Mailbox>, users: &[UserId]) {
        let mut watches = self.lock();
        watches.remove(mailbox.session);
        for user in users {
            watches.by_user.entry(user.clone()).or_default().push(mailbox.clone());
        }
        if !users.is_empty() {
            watches.by_session.insert(mailbox.session, users.to_vec());
        }
    }

    /// A session watches nobody any more.
    pub(super) fn remove(&self, session: SessionId) {
        self.lock().remove(session);
    }

    /// Tells those who watch `user`; `object` is made only if somebody does.
    pub(super) fn tell(&self, user: &UserId, object: impl FnOnce() -> Bytes) {
        let watches = self.lock();
        let Some(mailboxes) = watches.by_user.get(user) else { return };
        let object = object();
        for mailbox in mailboxes {
            mailbox.offer(&object);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Watches> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watches {
    fn remove(&mut self, session: SessionId) {
        for user in self.by_session.remove(&session).unwrap_or_default() {
            let Some(mailboxes) = self.by_user.get_mut(&user) else { continue };
            mailboxes.retain(|mailbox| mailbox.session != session);
            if mailboxes.is_empty() {
                self.by_user.remove(&user);
            }
        }
    }
}
