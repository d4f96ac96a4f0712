//! From the shared tier's bytes to a value and back, and into the process tier.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::answer::{Loaded, Outcome, Tier};
use super::fetch::Fetch;
use super::lease::Right;
use super::life;
use crate::codec::Codec;
use crate::contract::{Epoch, Filled, Found, L2Error};
use crate::envelope::{self, Content, Header, Sizes, Version};
use crate::l1::{Insert, L1Entry, Ticket, channel_of};
use crate::model::Cached;
use crate::options::{EntryOptions, LONGEST};

/// A value that one of the tiers can hold.
#[derive(Debug)]
pub(crate) struct Held<T> {
    pub(crate) value: Option<Arc<T>>,
    pub(crate) version: Option<Version>,
    pub(crate) load_time: Duration,
    /// Life that is left in the shared tier, or that the source's answer has.
    pub(crate) left: Duration,
    pub(crate) encoded_bytes: usize,
}

/// A value from the source, ready to be stored.
#[derive(Debug)]
pub(crate) struct Fresh<T> {
    pub(crate) held: Held<T>,
    /// `None`: absence.
    pub(crate) payload: Option<Vec<u8>>,
    /// Where it may be kept.
    pub(crate) fits: bool,
}

/// How much the shared tier can be relied on for an entry now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Footing {
    /// It holds the entry.
    Stored,
    /// It answers, and does not hold the entry.
    Apart,
    /// It is out of reach, or there is none.
    Alone,
}

impl<T> Held<T> {
    pub(crate) fn answer(&self, tier: Tier) -> Outcome<T> {
        Outcome::Answer { value: self.value.clone(), tier, load_time: self.load_time }
    }
}

impl Sizes {
    pub(crate) fn of(options: &EntryOptions) -> Self {
        Self { compress_over_bytes: options.compress_over_bytes, max_bytes: options.max_bytes }
    }
}

impl<T: Cached> Fetch<T> {
    /// Reads what the shared tier found. What cannot be believed or read is a miss.
    pub(crate) fn open(&self, found: &Found) -> Option<Held<T>> {
        let stored = found.stored.as_ref()?;
        let model = self.cache.model();
        let envelope = match envelope::decode(&stored.bytes, self.cache.options.max_bytes) {
            Ok(envelope) => envelope,
            Err(error) => {
                tracing::warn!(model = model.name, %error, "undecodable entry, taken as a miss");
                model.metrics.undecodable.increment(1);
                return None;
            }
        };
        let Header { schema, epoch, version, load_time } = envelope.header;
        if schema != model.schema {
            model.metrics.other_schema.increment(1);
            return None;
        }
        if envelope.id != *self.id {
            model.metrics.undecodable.increment(1);
            return None;
        }
        if epoch != found.epoch {
            return None;
        }
        let value = match &envelope.content {
            Content::Absent => None,
            Content::Value(bytes) => match <T::Codec as Codec<T>>::decode(bytes) {
                Ok(value) => Some(Arc::new(value)),
                Err(error) => {
                    tracing::warn!(model = model.name, %error, "undecodable value, taken as a miss");
                    model.metrics.undecodable.increment(1);
                    return None;
                }
            },
        };
        let encoded_bytes = match &envelope.content {
            Content::Absent => 0,
            Content::Value(bytes) => bytes.len(),
        };
        Some(Held { value, version, load_time, left: stored.left, encoded_bytes })
    }

    /// The same for an entry that was looked at before: what was wrong with it has been counted.
    pub(crate) fn open_again(&self, found: &Found) -> Option<Held<T>> {
        let stored = found.stored.as_ref()?;
        let header = envelope::decode(&stored.bytes, self.cache.options.max_bytes).ok()?.header;
        let may_be_believed = header.schema == self.cache.model().schema && header.epoch == found.epoch;
        if may_be_believed { self.open(found) } else { None }
    }

    /// Makes what the loader brought ready to be stored; it answers either way.
    pub(crate) fn prepare(&self, loaded: Loaded<T>, load_time: Duration) -> Fresh<T> {
        let options = &self.cache.options;
        let metrics = &self.cache.model().metrics;
        let ttl = match loaded.value {
            Some(_) => {
                if let Some(ttl) = loaded.ttl {
                    self.cache.model().schemas.cover(ttl);
                }
                loaded.ttl.unwrap_or(options.ttl).min(LONGEST)
            }
            None => {
                metrics.loaded_none.increment(1);
                options.negative_ttl
            }
        };
        let mut fits = loaded.keep && !ttl.is_zero();
        let mut payload = None;
        if let Some(value) = loaded.value.as_ref().filter(|_| fits) {
            let mut bytes = Vec::new();
            match <T::Codec as Codec<T>>::encode(value, &mut bytes) {
                Ok(()) if bytes.len() > options.max_bytes as usize => {
                    tracing::warn!(model = T::MODEL, bytes = bytes.len(), "value over max_bytes is not kept");
                    metrics.oversize.increment(1);
                    fits = false;
                }
                Ok(()) => metrics.encoded(bytes.len()),
                Err(error) => {
                    tracing::warn!(model = T::MODEL, %error, "value cannot be encoded and is not kept");
                    fits = false;
                }
            }
            payload = Some(bytes);
        }
        let held = Held {
            value: loaded.value.map(Arc::new),
            version: loaded.version,
            load_time,
            left: life::jittered(ttl, options.jitter_percent),
            encoded_bytes: payload.as_ref().map_or(0, Vec::len),
        };
        Fresh { held, payload, fits }
    }

    /// The bytes of an entry under an epoch; `None` if it cannot be one.
    pub(crate) fn seal(&self, fresh: &Fresh<T>, epoch: Epoch) -> Option<Bytes> {
        let header =
            Header { schema: T::SCHEMA, epoch, version: fresh.held.version, load_time: fresh.held.load_time };
        let sizes = Sizes::of(&self.cache.options);
        let sealed = envelope::encode(&header, &self.id, fresh.payload.as_deref(), sizes).ok()?;
        self.cache.model().metrics.sealed(&sealed);
        Some(sealed)
    }

    /// Keeps what the source brought in the process tier, as far as its fill allows.
    pub(crate) fn conclude(
        &self,
        fresh: &Fresh<T>,
        right: Option<Right>,
        fill: Option<Result<Filled, L2Error>>,
        reached: bool,
    ) {
        let footing = match fill {
            Some(Ok(Filled::Stored)) => Footing::Stored,
            // Slower than its lease: others may fill, and the ticket still guards what is kept here.
            Some(Ok(Filled::Superseded)) if right.is_some_and(|right| right.has_run_out()) => Footing::Apart,
            Some(Ok(Filled::Superseded)) => {
                // Something newer came while this loaded: it answers those who wait, and nobody after them.
                self.cache.model().metrics.discarded.increment(1);
                return;
            }
            Some(Err(_)) => Footing::Alone,
            None if reached => Footing::Apart,
            None => Footing::Alone,
        };
        if fresh.fits {
            self.keep(&fresh.held, footing);
        }
    }

    /// Puts a value into the process tier, unless an invalidation came since the ticket.
    pub(crate) fn keep(&self, held: &Held<T>, footing: Footing) {
        let entry = self.cache.l1_entry(self.hash, self.ticket, held, footing);
        let kept = self.cache.core().l1.insert(self.hash, self.ticket, entry);
        if kept == Insert::Discarded {
            self.cache.model().metrics.discarded.increment(1);
        }
    }
}

impl<T: Cached> super::Cache<T> {
    /// How long and on what terms the process tier may answer with a value.
    pub(crate) fn l1_entry(&self, hash: u128, ticket: Ticket, held: &Held<T>, footing: Footing) -> L1Entry {
        let core = self.core();
        let options = &self.options;
        let now = core.l1.now();
        let absent = held.value.is_none();
        let l1_ttl = if absent { options.negative_ttl.min(options.l1_ttl) } else { options.l1_ttl };
        let mut life = life::jittered(l1_ttl, options.jitter_percent).min(held.left);
        let mut unproven = false;
        let short = core.options.l1_max_staleness_without_backplane;
        if core.publisher.is_none() {
            life = life.min(short);
        } else if !core.l1.is_live(channel_of(hash), Instant::now()) {
            // Nobody tells of changes. While the shared tier answers, it is asked every time.
            unproven = footing == Footing::Alone;
            life = if unproven { life.min(short) } else { Duration::ZERO };
        }
        let fresh_until = now.after(life);
        let ends = if footing == Footing::Stored { now.after(held.left) } else { fresh_until };
        let grace = if absent { Duration::ZERO } else { options.stale_if_error };
        L1Entry {
            value: held.value.as_ref().map(|value| Arc::clone(value) as Arc<dyn Any + Send + Sync>),
            fresh_until,
            early_from: life::early_from(ends, held.load_time, options.xfetch_beta_milli),
            ends,
            stale_until: ends.after(grace),
            version: held.version,
            load_us: L1Entry::load_us_of(held.load_time),
            proof: ticket.proof,
            unproven,
            weight: L1Entry::weight_of(held.encoded_bytes),
        }
    }
}
