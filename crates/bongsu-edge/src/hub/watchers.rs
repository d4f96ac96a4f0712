//! Which sessions watch whose presence.
//!
//! A watch is allowed by a room that both are in. When either loses a room, the watches between them are in doubt: what
//! they are to be told is held back until the store has said whether the two still share one. See `doubts`.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bongsu_types::UserId;
use bytes::Bytes;
use tokio::sync::Notify;

use super::mailbox::{Mailbox, SessionId};

/// Watched users and watching sessions. Bounded by `watch_users` for each session.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    watches: Mutex<Watches>,
    /// Wakes whoever settles doubts.
    doubted: Notify,
    /// How often anybody lost a room.
    removals: AtomicU64,
}

#[derive(Debug, Default)]
struct Watches {
    by_user: HashMap<UserId, Vec<Watch>>,
    by_session: HashMap<SessionId, Vec<UserId>>,
    /// Watches in doubt, each once.
    in_doubt: VecDeque<(SessionId, UserId)>,
}

#[derive(Debug)]
struct Watch {
    mailbox: Arc<Mailbox>,
    /// How often this was doubted since it last was certain.
    doubts: u64,
    /// What it is told once it is certain again.
    held: Option<Bytes>,
}

/// A watch that may not be allowed any more.
#[derive(Debug)]
pub(super) struct Doubt {
    session: SessionId,
    doubts: u64,
    /// Who watches.
    pub(super) watcher: UserId,
    /// Whom.
    pub(super) user: UserId,
}

impl Watchers {
    /// Value to read before it is asked whom a session may watch.
    pub(super) fn removals(&self) -> u64 {
        self.removals.load(Ordering::Acquire)
    }

    /// Replaces the users a session watches. They were allowed when [`Watchers::removals`] was `removals`.
    pub(super) fn replace(&self, mailbox: &Arc<Mailbox>, users: &[UserId], removals: u64) {
        let mut watches = self.lock();
        watches.remove(mailbox.session);
        for user in users {
            let watch = Watch { mailbox: mailbox.clone(), doubts: 0, held: None };
            watches.by_user.entry(user.clone()).or_default().push(watch);
        }
        if !users.is_empty() {
            watches.by_session.insert(mailbox.session, users.to_vec());
        }
        if self.removals() != removals {
            watches.doubt_session(mailbox.session);
            self.doubted.notify_one();
        }
    }

    /// A session watches nobody any more.
    pub(super) fn remove(&self, session: SessionId) {
        self.lock().remove(session);
    }

    /// `user`, whose sessions these are, lost a room: whom they watch and who watches them is in doubt.
    pub(super) fn doubt(&self, user: &UserId, sessions: &[Arc<Mailbox>]) {
        let mut watches = self.lock();
        self.removals.fetch_add(1, Ordering::AcqRel);
        let Watches { by_user, in_doubt, .. } = &mut *watches;
        for watch in by_user.get_mut(user).into_iter().flatten() {
            watch.doubt(user, in_doubt);
        }
        for mailbox in sessions {
            watches.doubt_session(mailbox.session);
        }
        self.doubted.notify_one();
    }

    /// Waits until something is in doubt.
    pub(super) async fn doubted(&self) {
        self.doubted.notified().await;
    }

    /// The next watch in doubt.
    pub(super) fn next_doubt(&self) -> Option<Doubt> {
        let mut watches = self.lock();
        while let Some((session, user)) = watches.in_doubt.pop_front() {
            if let Some(watch) = watches.find(session, &user) {
                let (watcher, doubts) = (watch.mailbox.user.clone(), watch.doubts);
                return Some(Doubt { session, doubts, watcher, user });
            }
        }
        None
    }

    /// It is known whether a watch is allowed, as of after it was taken from [`Watchers::next_doubt`].
    pub(super) fn settle(&self, doubt: Doubt, allowed: bool) {
        let mut watches = self.lock();
        if !allowed {
            return watches.forget(doubt.session, &doubt.user);
        }
        let Some(watch) = watches.find(doubt.session, &doubt.user) else { return };
        if watch.doubts != doubt.doubts {
            watches.in_doubt.push_back((doubt.session, doubt.user));
            return;
        }
        watch.doubts = 0;
        if let Some(object) = watch.held.take() {
            watch.mailbox.offer(&object);
        }
    }

    /// The doubt could not be settled: it is to be tried again.
    pub(super) fn keep(&self, doubt: Doubt) {
        self.lock().in_doubt.push_back((doubt.session, doubt.user));
        self.doubted.notify_one();
    }

    /// Tells those who watch `user`; `object` is made only if somebody does.
    pub(super) fn tell(&self, user: &UserId, object: impl FnOnce() -> Bytes) {
        let mut watches = self.lock();
        let Some(watching) = watches.by_user.get_mut(user) else { return };
        let object = object();
        for watch in watching {
            if watch.doubts > 0 {
                watch.held = Some(object.clone());
            } else {
                watch.mailbox.offer(&object);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Watches> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch {
    fn doubt(&mut self, user: &UserId, in_doubt: &mut VecDeque<(SessionId, UserId)>) {
        if self.doubts == 0 {
            in_doubt.push_back((self.mailbox.session, user.clone()));
        }
        self.doubts += 1;
    }
}

impl Watches {
    fn find(&mut self, session: SessionId, user: &UserId) -> Option<&mut Watch> {
        self.by_user.get_mut(user)?.iter_mut().find(|watch| watch.mailbox.session == session)
    }

    fn doubt_session(&mut self, session: SessionId) {
        let Self { by_user, by_session, in_doubt } = self;
        for user in by_session.get(&session).into_iter().flatten() {
            let watching = by_user.get_mut(user).into_iter().flatten();
            for watch in watching.filter(|watch| watch.mailbox.session == session) {
                watch.doubt(user, in_doubt);
            }
        }
    }

    fn forget(&mut self, session: SessionId, user: &UserId) {
        if let Some(users) = self.by_session.get_mut(&session) {
            users.retain(|watched| watched != user);
        }
        self.forget_user(session, user);
    }

    fn remove(&mut self, session: SessionId) {
        for user in self.by_session.remove(&session).unwrap_or_default() {
            self.forget_user(session, &user);
        }
        self.in_doubt.retain(|(doubted, _)| *doubted != session);
    }

    fn forget_user(&mut self, session: SessionId, user: &UserId) {
        let Some(watching) = self.by_user.get_mut(user) else { return };
        watching.retain(|watch| watch.mailbox.session != session);
        if watching.is_empty() {
            self.by_user.remove(user);
        }
    }
}
