//! An entry of the process tier: a value, and until when and under which proof it may answer.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

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

/// An entry.
#[derive(Debug)]
pub(crate) struct L1Entry {
    /// `None`: there is no such thing.
    pub(crate) value: Option<Arc<dyn Any + Send + Sync>>,
    /// Until when it answers.
    pub(crate) fresh_until: Instant,
    /// From when on a hit may refresh it early.
    pub(crate) early_from: Instant,
    /// When it ends in the shared tier: what early refresh looks at.
    pub(crate) ends: Instant,
    /// Until when it may answer although it is not fresh, if the source fails.
    pub(crate) stale_until: Instant,
    pub(crate) version: Option<Version>,
    pub(crate) load_time: Duration,
    pub(crate) proof: Proof,
    /// Loaded while no backplane could prove it and the shared tier was out of reach: it answers although its channel
    /// is lost, but only for as long as is configured.
    pub(crate) unproven: bool,
    /// In bytes, as counted against the tier's size.
    pub(crate) weight: u64,
}

/// What an entry costs besides its encoded value: itself, two reference counts, its place in the table.
const OVERHEAD_BYTES: u64 = (size_of::<L1Entry>() + 2 * 16 + 44) as u64;

impl L1Entry {
    /// The weight of an entry whose value has this many encoded bytes.
    pub(crate) fn weight_of(encoded_bytes: usize) -> u64 {
        encoded_bytes as u64 + OVERHEAD_BYTES
    }
}
