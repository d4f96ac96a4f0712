//! An entry of the process tier: a value, and until when and under which proof it may answer.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use crate::envelope::Version;

/// What a reader samples before it looks anywhere, and shows when it puts something in. While all three numbers stand,
/// nothing that it found in between can be outdated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// Of the key's stripe: bumped by invalidations of the key.
    pub(crate) stripe: u64,
    /// Of the key's part of the tier and of its model.
    pub(crate) proof: Proof,
}

impl Ticket {
    /// What it is after one invalidation of the key, if nothing else happened.
    pub(crate) fn after_one_invalidation(self) -> Self {
        Self { stripe: self.stripe + 1, ..self }
    }
}

/// Dropping many entries at once: an entry is only believed while both numbers are what they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proof {
    /// Of the channel: bumped when frames of it may have been lost.
    pub(crate) channel: u64,
    /// Of the model: bumped by `invalidate_all`.
    pub(crate) model: u64,
}

/// Nanoseconds after the tier was made: half the size of an `Instant`, and compared in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(super) u64);

/// An entry. It lies in the table itself, and a reader gets a copy: no pointer to follow, no count to keep but the
/// value's own.
#[derive(Debug, Clone)]
pub(crate) struct L1Entry {
    /// `None`: there is no such thing.
    pub(crate) value: Option<Arc<dyn Any + Send + Sync>>,
    /// Until when it answers.
    pub(crate) fresh_until: Moment,
    /// From when on a hit may refresh it early.
    pub(crate) early_from: Moment,
    /// When it ends in the shared tier: what early refresh looks at.
    pub(crate) ends: Moment,
    /// Until when it may answer although it is not fresh, if the source fails.
    pub(crate) stale_until: Moment,
    pub(crate) version: Option<Version>,
    /// What the source took, in microseconds.
    pub(crate) load_us: u32,
    pub(crate) proof: Proof,
    /// Loaded while no backplane could prove it and the shared tier was out of reach: it answers although its channel
    /// is lost, but only for as long as is configured.
    pub(crate) unproven: bool,
    /// In bytes, as counted against the tier's size.
    pub(crate) weight: u64,
}

/// What an entry costs besides its encoded value: its place in the table, the reference count of the value.
const OVERHEAD_BYTES: u64 = (size_of::<L1Entry>() + 16 + 44) as u64;

impl L1Entry {
    /// The weight of an entry whose value has this many encoded bytes.
    pub(crate) fn weight_of(encoded_bytes: usize) -> u64 {
        encoded_bytes as u64 + OVERHEAD_BYTES
    }

    pub(crate) fn load_us_of(load_time: Duration) -> u32 {
        u32::try_from(load_time.as_micros()).unwrap_or(u32::MAX)
    }

    /// What the source took.
    pub(crate) fn load_time(&self) -> Duration {
        Duration::from_micros(self.load_us.into())
    }
}

impl Moment {
    pub(crate) fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(nanoseconds(time)))
    }

    pub(crate) fn before(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(nanoseconds(time)))
    }

    /// The time from this moment to a later one; none to an earlier one.
    pub(crate) fn until(self, later: Self) -> Duration {
        Duration::from_nanos(later.0.saturating_sub(self.0))
    }
}

pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX - 1)
}
