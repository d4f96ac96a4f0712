//! What this process put into the shared tier moments ago, because a delete that it hears of may be older than its put.
//!
//! Two processes change a row: this one commits version 5, the other commits version 6 and deletes the entry, and only
//! then this one puts version 5. The tier has nothing to compare it with. The word of the delete is on its way while
//! that happens, so it comes soon after: then the put is taken back.

use std::time::Duration;

use tokio::time::Instant;

use crate::sync::{Mutex, MutexGuard, PoisonError};

/// Puts that are remembered: by hash, the newest in each place.
const PLACES: usize = 4096;
/// Longer than a frame that is not lost is on its way; a lost one is found by its gap, and the entry ends with its life.
const REMEMBERED_FOR: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct RecentPuts {
    places: Box<[Mutex<Option<RecentPut>>]>,
}

#[derive(Debug, Clone, Copy)]
struct RecentPut {
    hash: u128,
    at: Instant,
}

impl RecentPuts {
    pub(crate) fn new() -> Self {
        Self { places: (0..PLACES).map(|_| Mutex::new(None)).collect() }
    }

    /// Said before the put, so that a word that comes while it is under way finds it.
    pub(crate) fn note(&self, hash: u128) {
        *self.place(hash) = Some(RecentPut { hash, at: Instant::now() });
    }

    /// Whether this was put moments ago; says so once.
    pub(crate) fn take(&self, hash: u128) -> bool {
        let mut place = self.place(hash);
        let is_recent = place.is_some_and(|put| put.hash == hash && put.at.elapsed() < REMEMBERED_FOR);
        if is_recent {
            *place = None;
        }
        is_recent
    }

    fn place(&self, hash: u128) -> MutexGuard<'_, Option<RecentPut>> {
        #[allow(clippy::cast_possible_truncation, reason = "any bits of a hash do")]
        let index = (hash >> 64) as usize % self.places.len();
        self.places[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
