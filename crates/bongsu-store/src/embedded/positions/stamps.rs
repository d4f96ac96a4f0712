//! Which rooms and users the committer is writing: what memory holds of them may be older than what the engine shows.
//!
//! A commit is visible in the engine a moment before memory has it. In between, whoever saw the new row in the engine
//! must not find the old one in memory. So every room and user has a stamp, which several share: odd from before a
//! batch can be seen until memory holds it too, and another even number afterwards. Memory answers only under an even
//! stamp, and keeps a row that a reader found only under the stamp from before the read.

use std::sync::atomic::{AtomicU64, Ordering};

use bongsu_types::RoomId;
use xxhash_rust::xxh3::xxh3_64;

use crate::embedded::keys;

/// Stamps: with a thousand rooms in a batch, one of nine of the others shares one with them. 64 KiB.
const STAMPS: usize = 8_192;

/// What a room or a user is found by: a number that differs where they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(u64);

impl Mark {
    pub(crate) fn of_room(room: RoomId) -> Self {
        Self::of_room_key(&keys::room(room))
    }

    /// Of a room by its key, which begins with what is random in its id.
    pub(crate) fn of_room_key(key: &[u8]) -> Self {
        Self(key.first_chunk().map_or(0, |first| u64::from_be_bytes(*first)))
    }

    pub(crate) fn of_user(user: &str) -> Self {
        Self(xxh3_64(user.as_bytes()))
    }

    /// One of `count` parts, whatever the stamp.
    pub(crate) fn part(self, count: usize) -> usize {
        (self.0 >> 32) as usize % count
    }

    /// Whether a batch of the one is a batch of the other, too.
    #[cfg(test)]
    pub(crate) fn shares_a_stamp_with(self, other: Self) -> bool {
        self.stamp() == other.stamp()
    }

    fn stamp(self) -> usize {
        self.0 as usize % STAMPS
    }
}

/// A stamp as a reader found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

impl Stamp {
    /// Whether memory holds what the engine shows.
    pub(crate) fn is_settled(self) -> bool {
        self.0.is_multiple_of(2)
    }
}

/// All stamps.
pub(crate) struct Stamps {
    stamps: Box<[AtomicU64]>,
    batches: AtomicU64,
}

/// A batch that is being written, and what it stamped.
pub(crate) struct Writing {
    stamped: Vec<usize>,
    batch: u64,
}

impl Stamps {
    pub(crate) fn new() -> Self {
        let stamps = std::iter::repeat_with(AtomicU64::default).take(STAMPS).collect();
        Self { stamps, batches: AtomicU64::default() }
    }

    /// The stamp of a room or a user now. Taken before memory or the engine is read.
    pub(crate) fn of(&self, mark: Mark) -> Stamp {
        // Acquire: who sees the stamp of a finished batch finds in the engine what it wrote.
        Stamp(self.stamps[mark.stamp()].load(Ordering::Acquire))
    }

    /// Before a batch is handed to the engine. Only the committer calls this, for one batch after the other.
    pub(crate) fn begin(&self, marks: impl Iterator<Item = Mark>) -> Writing {
        let batch = self.batches.fetch_add(2, Ordering::Relaxed);
        let stamped: Vec<usize> = marks.map(Mark::stamp).collect();
        for stamp in &stamped {
            // Release is enough: whoever sees the batch in the engine saw it published there after this.
            self.stamps[*stamp].store(batch + 1, Ordering::Release);
        }
        Writing { stamped, batch }
    }

    /// Once memory holds the batch.
    pub(crate) fn finish(&self, writing: Writing) {
        for stamp in writing.stamped {
            self.stamps[stamp].store(writing.batch + 2, Ordering::Release);
        }
    }
}
