//! Which counters this process saw last, so that an addition need not ask which one is there before it names it. What is
//! remembered may be over: the tier says so, and nothing was added.

use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::contract::{Key, Token};

/// Counters of one kind: about a megabyte.
const REMEMBERED_MAX: usize = 16_384;

#[derive(Debug, Clone)]
pub(super) struct Seeds(Arc<Cache<Key, Token>>);

impl Seeds {
    pub(super) fn new() -> Self {
        Self(Arc::new(Cache::new(REMEMBERED_MAX)))
    }

    pub(super) fn of(&self, key: &Key) -> Option<Token> {
        self.0.get(key)
    }

    pub(super) fn remember(&self, key: &Key, seed: Token) {
        self.0.insert(key.clone(), seed);
    }

    pub(super) fn forget(&self, key: &Key) {
        self.0.remove(key);
    }
}
