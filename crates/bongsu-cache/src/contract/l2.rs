//! The shared tier. Bytes in, bytes out: what an entry means is the cache's business, what is atomic is this tier's.
//!
//! # Epochs
//! An entry is believed only under the epoch it was written under. An epoch is two numbers: the *run* of the server
//! process that holds the slot (another primary, or the same one started again, is another run: it may have lost the
//! last deletes), and the *generation* of the entry's model in the key's region (changed to drop all of it at once).
//! Both are random and never used again. The tier reports the epoch that holds now; the cache writes it into entries
//! and compares it when it reads them.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::join_all;

use super::key::{Key, Region};
use crate::schema::SchemaHash;

/// What must be the same when an entry is read as when its load began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch {
    /// The life of the server process that holds the slot.
    pub run: u64,
    /// Of the model in the region of the key.
    pub generation: u64,
}

/// An entry's bytes and how long it will still be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The envelope.
    pub bytes: Bytes,
    /// Time left on the server.
    pub left: Duration,
}

/// What a read found, under which epoch. Both come from one answer of one server process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The epoch that holds now.
    pub epoch: Epoch,
    /// The entry, if there is one.
    pub stored: Option<Stored>,
}

/// Proof of a right to fill: random, 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(pub u64);

/// Whether a lease is wanted when there is an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Only when there is none: an entry that came meanwhile is the answer.
    Absent,
    /// Also over an entry: it is to be refreshed, or not to be believed.
    Present,
    /// Also over the lease of another one, whose fill is refused then: for a writer, who knows better than a loader.
    Holder,
}

/// The answer to a wish to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lease {
    /// Load, then fill with the token: entries carry this epoch.
    Won(Epoch),
    /// Another one loads.
    Held {
        /// The lease ends by itself after this long.
        left: Duration,
    },
    /// An entry, or a counter that can be believed, came meanwhile (only with [`Over::Absent`]). Ask [`L2::counter`]
    /// for the value of a counter.
    Filled(Found),
}

/// What became of a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// Stored, and the lease is over.
    Stored,
    /// The token did not stand any more: an invalidation or a newer write came, or the lease ran out; or a newer version
    /// stands there. Nothing changed, but that the lease is over.
    Superseded,
}

/// What became of a versioned write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// Stored; a lease that another one held is over.
    Stored,
    /// An entry of the same epoch has the same version or a newer one. It stays, and the lease is over.
    Older,
    /// The token did not stand any more: an invalidation or another write came, or the lease ran out. Nothing changed.
    Superseded,
}

/// Names one change of a counter, so that a repeated one is not applied twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OperationId(pub u128);

/// The first value of a counter, and who may set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterSeed {
    /// From [`L2::lease`] on the counter's key. It names this counter from then on: the next one has another.
    pub token: Token,
    /// From the same lease: the counter is believed as long as it holds, as an entry is.
    pub epoch: Epoch,
    /// What the source counted after the lease was won.
    pub value: i64,
    /// Life of the counter.
    pub ttl: Duration,
}

/// A counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterValue {
    /// What it says.
    pub value: i64,
    /// Whose seed it is.
    pub seeded_by: Token,
}

/// A change of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addition {
    /// May be negative.
    pub by: i64,
    /// The counter that is meant. One that was seeded since has counted the change already, or will be told of it
    /// otherwise: an addition that was given up and still lands must not find it.
    pub to: Token,
    /// With it the addition may be sent again, and is applied once.
    pub once: Option<OperationId>,
}

/// What became of a change of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Applied: the new value.
    Applied(i64),
    /// There is no counter that can be believed; no counter was changed that can.
    NotSeeded,
    /// This operation was applied before.
    Duplicate(i64),
    /// Another counter is there than the one that was meant; nothing was written.
    OtherSeed(Token),
}

/// The deployed schemas of a model, as the tier lists them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SchemaList {
    /// Random, and another one when the tier has lost the list, or may have lost a part of it: with its run, too.
    /// `None`: there is no list under the run that holds now.
    pub id: Option<u64>,
    /// Somebody has made sure that no schema is missing that may have entries.
    pub is_vouched_for: bool,
    /// The schemas, and for how long each may have entries.
    pub schemas: Vec<(SchemaHash, Duration)>,
}

/// What became of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// It was on the list before.
    pub was_listed: bool,
    /// The list with it.
    pub list: SchemaList,
}

/// Why the tier did not answer. Never an error of a read of the cache.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum L2Error {
    /// No answer in time; it may have been carried out.
    #[error("the shared tier did not answer in time")]
    Timeout,
    /// The connection broke or could not be made; what was asked may have been carried out.
    #[error("the shared tier is out of reach: {0}")]
    Unreachable(String),
    /// Not even asked: the breaker of that shard is open.
    #[error("the breaker of this shard is open")]
    BreakerOpen,
    /// The server refused.
    #[error("the shared tier refused: {0}")]
    Refused(String),
}

/// A shared tier. Every call is bounded in time by the implementation, and by [`deadline`](super::deadline) if its
/// caller has one.
///
/// All methods but [`L2::add_if_present`] without an operation id may be repeated without harm.
#[async_trait]
pub trait L2: std::fmt::Debug + Send + Sync + 'static {
    /// Reads entries; one round trip for each shard, in parallel; the answers stand in the order of `keys`. A shard in
    /// trouble fails its own keys only.
    async fn get_many(&self, keys: &[Key]) -> Vec<Result<Found, L2Error>>;

    /// Asks to load `key` with `token`, atomically with looking at the entry. A lease ends by itself after `ttl`.
    async fn lease(&self, key: &Key, token: Token, ttl: Duration, over: Over) -> Result<Lease, L2Error>;

    /// Asks to load several, one round trip for each shard; the answers stand in the order of `keys`.
    async fn lease_many(
        &self,
        keys: &[Key],
        token: Token,
        ttl: Duration,
        over: Over,
    ) -> Vec<Result<Lease, L2Error>>;

    /// Stores entries whose lease still stands with `token`, and ends those leases. An entry with a version does not
    /// replace one of the same epoch with a newer version: a source may answer from a copy that lags. One round trip for
    /// each shard.
    async fn fill_many(
        &self,
        entries: &[(Key, Bytes, Duration)],
        token: Token,
    ) -> Vec<Result<Filled, L2Error>>;

    /// Gives a lease back without filling. Nothing happens if it does not stand any more.
    async fn release(&self, key: &Key, token: Token) -> Result<(), L2Error>;

    /// The epoch that entries of `key` must carry when written now.
    async fn epoch(&self, key: &Key) -> Result<Epoch, L2Error>;

    /// Stores an entry with a version (found in the envelope at its fixed place) unless one of the same epoch is as
    /// new, if the lease still stands with `token`, and ends the lease. The lease, taken with [`Over::Holder`], is what
    /// refuses a put that was given up, deleted after, and lands all the same.
    async fn put_if_newer(
        &self,
        key: &Key,
        entry: Bytes,
        ttl: Duration,
        token: Token,
    ) -> Result<Put, L2Error>;

    /// Deletes entries and leases (and counters). When it says `Ok`, the server has deleted.
    async fn remove_many(&self, keys: &[Key]) -> Vec<Result<(), L2Error>>;

    /// Changes the generation of `model` in `region`: every entry of it there is gone at once.
    async fn renew_generation(&self, model: &str, region: Region) -> Result<(), L2Error>;

    /// Says for `ttl` that entries of `model` under `schema` exist, so that deletes cover them. Begins a list if there is
    /// none.
    async fn register_schema(
        &self,
        model: &str,
        schema: SchemaHash,
        ttl: Duration,
    ) -> Result<Registration, L2Error>;

    /// The schema hashes under which entries of `model` may exist.
    async fn live_schemas(&self, model: &str) -> Result<SchemaList, L2Error>;

    /// Says of the list with this id that no schema is missing. False: it is not the list any more.
    async fn vouch_for_schemas(&self, model: &str, list: u64) -> Result<bool, L2Error>;

    /// A counter, if there is one that can be believed: seeded under the epoch that holds now.
    async fn counter(&self, key: &Key) -> Result<Option<CounterValue>, L2Error>;

    /// Several counters, each as by [`L2::counter`]; the answers stand in the order of `keys`. A tier that is far away
    /// does it in one round trip for each shard.
    async fn counters(&self, keys: &[Key]) -> Vec<Result<Option<CounterValue>, L2Error>> {
        join_all(keys.iter().map(|key| self.counter(key))).await
    }

    /// Sets the first value of a counter if the lease still stands, and its run, and ends the lease. It is a new
    /// counter: it knows no operation that was applied to the one before.
    async fn seed_counter(&self, key: &Key, seed: CounterSeed) -> Result<Filled, L2Error>;

    /// Adds to the counter that is meant. Where there is none, it ends the lease of whoever counts just now, who may
    /// have counted before this change. Without an operation id it is never sent twice: an error may hide an applied
    /// change.
    async fn add_if_present(&self, key: &Key, addition: Addition) -> Result<Counted, L2Error>;
}
