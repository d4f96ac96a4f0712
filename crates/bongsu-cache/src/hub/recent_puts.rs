//! What this process put into the shared tier moments ago, because a delete that it hears of may be older than its put.
//!
//! Two processes change a row: this one commits version 5, the other commits version 6 and deletes the entry, and only
//! then this one puts version 5. The tier has nothing to compare it with. The word of the delete is on its way while
//! that happens, so it comes soon after: then the put is taken back. If the word is lost, its channel is soon in doubt:
//! then every put of the channel is. The word that a whole model is dropped is about all puts of the model, and a
//! process that ends will hear no word any more: it takes back all.

use std::time::Duration;

use tokio::time::Instant;

use super::Doomed;
use crate::contract::Channel;
use crate::l1::channel_of;
use crate::sync::{Mutex, MutexGuard, PoisonError};

/// Puts that are remembered: by hash, the newest in each place.
const PLACES: usize = 4096;
/// Longer than a frame that is not lost is on its way; a lost one is noticed within that time too.
const REMEMBERED_FOR: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct RecentPuts {
    places: Box<[Mutex<Option<RecentPut>>]>,
}

#[derive(Debug)]
struct RecentPut {
    doomed: Doomed,
    at: Instant,
}

impl RecentPuts {
    pub(crate) fn new() -> Self {
        Self { places: (0..PLACES).map(|_| Mutex::new(None)).collect() }
    }

    /// Said before the put, so that a word that comes while it is under way finds it.
    pub(crate) fn note(&self, doomed: Doomed) {
        let mut place = self.place(doomed.hash);
        *place = Some(RecentPut { doomed, at: Instant::now() });
    }

    /// What was put moments ago under this hash; said once.
    pub(crate) fn take(&self, hash: u128) -> Option<Doomed> {
        take_if(&mut self.place(hash), |doomed| doomed.hash == hash)
    }

    /// All that was put moments ago and of which this channel tells; said once.
    pub(crate) fn take_channel(&self, channel: Channel) -> Vec<Doomed> {
        self.take_all(|doomed| channel_of(doomed.hash) == channel)
    }

    /// All that was put moments ago and is meant; said once.
    pub(crate) fn take_all(&self, is_meant: impl Fn(&Doomed) -> bool) -> Vec<Doomed> {
        self.places.iter().filter_map(|place| take_if(&mut lock(place), &is_meant)).collect()
    }

    fn place(&self, hash: u128) -> MutexGuard<'_, Option<RecentPut>> {
        #[allow(clippy::cast_possible_truncation, reason = "any bits of a hash do")]
        let index = (hash >> 64) as usize % self.places.len();
        lock(&self.places[index])
    }
}

fn lock(place: &Mutex<Option<RecentPut>>) -> MutexGuard<'_, Option<RecentPut>> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take_if(place: &mut Option<RecentPut>, wanted: impl FnOnce(&Doomed) -> bool) -> Option<Doomed> {
    let is_it = |put: &mut RecentPut| put.at.elapsed() < REMEMBERED_FOR && wanted(&put.doomed);
    place.take_if(is_it).map(|put| put.doomed)
}
