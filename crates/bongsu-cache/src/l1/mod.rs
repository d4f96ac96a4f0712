//! The tier in the process: one table for all models, bounded in bytes.
//!
//! A hit takes no lock of ours and allocates nothing: a lookup, a copy, a few comparisons. Entries that are not fresh any more
//! stay until room is needed, as answers of last resort.
//!
//! Invariants. An insert shows a [`Ticket`] from before its value was read anywhere; the [`gate`] and the proofs refuse
//! it if an invalidation came since. A channel's entries answer only until the time to which the backplane has proven
//! that no frame of it is missing: a process that was stopped does not answer with what it held before, even if nothing
//! else of it has run yet.

mod entry;
mod gate;
mod survey;

use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::Counter;
use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, Weighter};
use tokio::time::Instant;

use entry::nanoseconds;
pub(crate) use entry::{L1Entry, Moment, Proof, Ticket};
use gate::Gate;
pub(crate) use survey::Survey;

use crate::contract::{CHANNELS, Channel};

/// Stripes of the gate: 64 KiB, and a foreign invalidation spoils one load in thousands.
const STRIPES: usize = 4096;
/// An entry of a small row, to size the table with.
const ENTRY_BYTES_TYPICAL: u64 = 400;

/// The tier.
#[derive(Debug)]
pub(crate) struct L1 {
    table: Cache<u128, L1Entry, ByWeight, TakenAsIs, CountEvictions>,
    gate: Gate,
    channels: Box<[ChannelPart]>,
    made: Instant,
}

/// What the backplane says of one channel's entries.
#[derive(Debug)]
struct ChannelPart {
    proof: AtomicU64,
    /// A [`Moment`]; zero while the channel is lost.
    proven_until: AtomicU64,
}

/// What a lookup found.
#[derive(Debug)]
pub(crate) enum Look {
    /// It answers.
    Fresh(L1Entry),
    /// It answers, and a refresh may be due.
    Early(L1Entry),
    /// Only good if the source fails.
    Stale(L1Entry),
    Nothing,
}

/// What became of an insert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Insert {
    Kept,
    /// An invalidation came since the ticket was sampled, or a newer version is there.
    Discarded,
}

impl L1 {
    /// A tier of `bytes`. Without a backplane nothing is ever lost, and nothing proven: entries live short instead.
    pub(crate) fn new(bytes: u64, backplane: bool) -> Self {
        let estimated = usize::try_from(bytes / ENTRY_BYTES_TYPICAL).unwrap_or(usize::MAX).max(64);
        let proven = if backplane { 0 } else { u64::MAX };
        let part = || ChannelPart { proof: AtomicU64::new(0), proven_until: AtomicU64::new(proven) };
        Self {
            table: Cache::with(estimated, bytes, ByWeight, TakenAsIs, CountEvictions::default()),
            gate: Gate::new(STRIPES),
            channels: (0..CHANNELS).map(|_| part()).collect(),
            made: Instant::now(),
        }
    }

    /// Looks up an entry; `generation` is the model's.
    pub(crate) fn look(&self, hash: u128, generation: &AtomicU64) -> Look {
        let Some(entry) = self.table.get(&hash) else { return Look::Nothing };
        let now = self.now();
        let part = self.part(channel_of(hash));
        let proof = self.proof(hash, generation);
        let answers = part.is_proven(now) || entry.unproven;
        if entry.proof.model != proof.model {
            // Invalidated with all of its model: that is as gone as if it had been taken out.
            return Look::Nothing;
        }
        if entry.proof == proof && answers && now < entry.fresh_until {
            return if now < entry.early_from { Look::Fresh(entry) } else { Look::Early(entry) };
        }
        if now < entry.stale_until { Look::Stale(entry) } else { Look::Nothing }
    }

    /// Sampled before a reader looks anywhere.
    pub(crate) fn ticket(&self, hash: u128, generation: &AtomicU64) -> Ticket {
        Ticket { stripe: self.gate.sample(hash), proof: self.proof(hash, generation) }
    }

    fn proof(&self, hash: u128, generation: &AtomicU64) -> Proof {
        let channel = self.part(channel_of(hash)).proof.load(Ordering::Acquire);
        Proof { channel, model: generation.load(Ordering::Acquire) }
    }

    /// Puts in what a reader found, if the ticket still opens the gate. The entry carries the ticket's proof.
    pub(crate) fn insert(&self, hash: u128, ticket: Ticket, entry: L1Entry) -> Insert {
        let kept = self.gate.insert(hash, ticket.stripe, || self.insert_if_newer(hash, entry));
        kept.unwrap_or(Insert::Discarded)
    }

    /// Puts in what a writer committed, if nothing of the ticket has changed, and shuts out all who read before. The
    /// proofs count here and not for a reader: an entry without them is only useless in this tier, but the writer must
    /// know that its put into the shared tier may have come after a delete. `generation` is the model's.
    pub(crate) fn replace(
        &self,
        hash: u128,
        ticket: Ticket,
        generation: &AtomicU64,
        entry: L1Entry,
    ) -> Insert {
        let kept = self.gate.replace(hash, ticket.stripe, || {
            if self.proof(hash, generation) != ticket.proof {
                return Insert::Discarded;
            }
            self.insert_if_newer(hash, entry)
        });
        kept.unwrap_or(Insert::Discarded)
    }

    fn insert_if_newer(&self, hash: u128, entry: L1Entry) -> Insert {
        let now = self.now();
        let newer_is_there = self.table.peek(&hash).is_some_and(|there| {
            // One that does not answer any more is no reason to have nothing.
            there.proof == entry.proof && now < there.fresh_until && there.version > entry.version
        });
        if newer_is_there {
            return Insert::Discarded;
        }
        self.table.insert(hash, entry);
        Insert::Kept
    }

    #[cfg(feature = "testing")]
    pub(crate) fn leave_gate_open(&self) {
        self.gate.leave_open();
    }

    /// Takes an entry out, and closes the gate for all who read before.
    pub(crate) fn invalidate(&self, hash: u128) {
        self.gate.invalidate(hash, || {
            self.table.remove(&hash);
        });
    }

    /// Nothing of this channel that was read before now is believed any more.
    pub(crate) fn flush(&self, channel: Channel) {
        self.part(channel).proof.fetch_add(1, Ordering::AcqRel);
    }

    /// No frame of the channel that was published before `until` minus some periods is missing.
    pub(crate) fn prove(&self, channel: Channel, until: Instant) {
        let Moment(until) = self.moment(until);
        self.part(channel).proven_until.fetch_max(until, Ordering::AcqRel);
    }

    /// Frames of the channel may be missing from now on: its entries do not answer until it is proven again.
    pub(crate) fn lose(&self, channel: Channel) {
        self.part(channel).proven_until.store(0, Ordering::Release);
        self.flush(channel);
    }

    /// Whether the channel's entries may answer at this time.
    pub(crate) fn is_live(&self, channel: Channel, now: Instant) -> bool {
        self.part(channel).is_proven(self.moment(now))
    }

    /// The time of this tier.
    pub(crate) fn now(&self) -> Moment {
        self.moment(Instant::now())
    }

    fn moment(&self, at: Instant) -> Moment {
        Moment(nanoseconds(at.saturating_duration_since(self.made)))
    }

    /// Bytes and entries held.
    pub(crate) fn size(&self) -> (u64, usize) {
        (self.table.weight(), self.table.len())
    }

    fn part(&self, channel: Channel) -> &ChannelPart {
        &self.channels[usize::from(channel.index())]
    }
}

impl ChannelPart {
    fn is_proven(&self, now: Moment) -> bool {
        now.0 < self.proven_until.load(Ordering::Acquire)
    }
}

/// The channel whose frames tell of this entry.
pub(crate) fn channel_of(hash: u128) -> Channel {
    #[allow(clippy::cast_possible_truncation, reason = "any bits of a hash do")]
    Channel::of_hash(hash as u64)
}

#[derive(Debug, Clone)]
struct ByWeight;

impl Weighter<u128, L1Entry> for ByWeight {
    fn weight(&self, _: &u128, entry: &L1Entry) -> u64 {
        entry.weight
    }
}

/// Entries that went to make room.
#[derive(Clone)]
struct CountEvictions(Counter);

impl Default for CountEvictions {
    fn default() -> Self {
        Self(metrics::counter!("cache_l1_evictions_total", "reason" => "capacity"))
    }
}

impl Lifecycle<u128, L1Entry> for CountEvictions {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: u128, _: L1Entry) {
        self.0.increment(1);
    }
}

/// Keys are hashes already.
#[derive(Debug, Clone, Default)]
struct TakenAsIs;

impl BuildHasher for TakenAsIs {
    type Hasher = LowBits;

    fn build_hasher(&self) -> LowBits {
        LowBits(0)
    }
}

struct LowBits(u64);

impl Hasher for LowBits {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |bits, byte| bits.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u128(&mut self, hash: u128) {
        #[allow(clippy::cast_possible_truncation, reason = "the rest is compared by the table")]
        {
            self.0 = hash as u64;
        }
    }
}
