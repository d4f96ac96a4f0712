//! Which sessions a user has on this node.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bongsu_types::UserId;

use super::mailbox::{Mailbox, SessionId};

/// Locks the map is spread over.
const SHARDS: usize = 32;

type Shard = HashMap<UserId, Vec<Arc<Mailbox>>>;

/// Sessions by user. Bounded by the sessions of the node.
#[derive(Debug)]
pub(super) struct Registry {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
}

impl Registry {
    pub(super) fn new() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, hasher: RandomState::new() }
    }

    pub(super) fn insert(&self, mailbox: Arc<Mailbox>) {
        self.shard(&mailbox.user).entry(mailbox.user.clone()).or_default().push(mailbox);
    }

    pub(super) fn remove(&self, user: &UserId, session: SessionId) {
        let mut shard = self.shard(user);
        let Some(sessions) = shard.get_mut(user) else { return };
        sessions.retain(|mailbox| mailbox.session != session);
        if sessions.is_empty() {
            shard.remove(user);
        }
    }

    /// The sessions of a user, as they are now.
    pub(super) fn of(&self, user: &UserId) -> Vec<Arc<Mailbox>> {
        self.shard(user).get(user).cloned().unwrap_or_default()
    }

    /// Calls `each` for every session of the node.
    pub(super) fn for_each(&self, mut each: impl FnMut(&Mailbox)) {
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            for mailbox in shard.values().flatten() {
                each(mailbox);
            }
        }
    }

    fn shard(&self, user: &UserId) -> MutexGuard<'_, Shard> {
        let hash = self.hasher.hash_one(user) as usize;
        self.shards[hash % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
