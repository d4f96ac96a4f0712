//! Drives the cache from a source that tells of its changes in order: an outbox, a log's tail, a replication slot.
//!
//! A window is applied when the shared tier took every change of it, or dropped the generation of what it did not take.
//! The caller moves its cursor after that, so a crash in between only repeats the window, and nothing is passed over.
//!
//! A window waits for every server of its entries. Windows may be applied at the same time, so that one that waits does
//! not hold up the next. Each takes its place when [`Applier::apply`] is called: a value of an earlier one is not put
//! where a later one has the entry, and what it drops late is loaded once more.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::{CacheHub, Core, Deleted, Doomed};
use crate::backplane::Telling;
use crate::contract::{Key, Put, Region, Token};
use crate::envelope::{self, Header, Sizes, Version};
use crate::l1::Ticket;
use crate::random;

/// Puts at the same time.
const PUTS_AT_ONCE: usize = 32;
const PAUSE_FIRST: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// A change that the shared tier does not take for this long becomes the renewal of its generation.
const INSIST: Duration = Duration::from_secs(2);

/// One change of the source. Made by [`Cache::dropped`](crate::Cache::dropped) and
/// [`Cache::written`](crate::Cache::written).
#[derive(Debug, Clone)]
pub struct Change(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Dropped(Doomed),
    Written(Entry),
}

/// A committed value, encoded.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) doomed: Doomed,
    pub(crate) version: Version,
    /// `None`: there is no such thing any more.
    pub(crate) payload: Option<Vec<u8>>,
    pub(crate) ttl: Duration,
    pub(crate) sizes: Sizes,
}

/// What became of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Changes that the shared tier took; of several changes of one entry only the last counts.
    pub changes: usize,
    /// Changes that it did not take in time, so that generations were renewed instead.
    pub by_renewal: usize,
}

/// Applies windows of changes.
#[derive(Debug, Clone)]
pub struct Applier {
    hub: CacheHub,
}

impl Change {
    pub(crate) fn dropped(doomed: Doomed) -> Self {
        Self(Kind::Dropped(doomed))
    }

    pub(crate) fn written(entry: Entry) -> Self {
        Self(Kind::Written(entry))
    }

    fn doomed(&self) -> &Doomed {
        match &self.0 {
            Kind::Dropped(doomed) => doomed,
            Kind::Written(entry) => &entry.doomed,
        }
    }
}

impl Applier {
    pub(crate) fn new(hub: CacheHub) -> Self {
        Self { hub }
    }

    /// Applies a window. Returns when every change of it is in the shared tier, or its generation was renewed; while
    /// a server of its entries, or of their models' lists of versions, is out of reach it does not return. Dropping the
    /// future is safe: apply the window again, and all that came after it.
    ///
    /// The next window may be applied meanwhile. Call in the order of the source, for a window takes its place with the
    /// call and not when it is first awaited, and move the cursor in that order: `FuturesOrdered` does both.
    ///
    /// Of several changes of one entry only the last is carried out. A value that could not be put at once is dropped
    /// instead; so is one whose entry is invalidated while the window is applied: that may be for a change of a later
    /// window.
    pub fn apply<'a>(&'a self, window: &'a [Change]) -> impl Future<Output = Applied> + Send + 'a {
        let core = &self.hub.core;
        for change in window {
            core.l1.invalidate(change.doomed().hash);
        }
        self.carry_out(core.steps(window))
    }

    async fn carry_out(&self, steps: Vec<Step<'_>>) -> Applied {
        let core = &self.hub.core;
        let begun = Instant::now();
        let mut left = steps;
        let mut applied = Applied::default();
        let mut renewals = Renewals::default();
        let mut pause = PAUSE_FIRST;
        loop {
            let attempt = core.attempt(left).await;
            applied.changes += attempt.dropped.len() + attempt.written.len();
            core.tell(&attempt.dropped, Telling::Dropped).await;
            core.tell(&attempt.dropped_where_known, Telling::Dropped).await;
            core.tell(&attempt.written, Telling::Written).await;
            left = attempt.refused;
            if !left.is_empty() && begun.elapsed() > INSIST {
                let before = left.len();
                left = core.renew_instead(left, &mut renewals).await;
                applied.by_renewal += before - left.len();
            }
            if left.is_empty() {
                return applied;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}

/// A change that is to be carried out, and the ticket of its entry from when the window came.
#[derive(Debug, Clone, Copy)]
struct Step<'a> {
    change: &'a Change,
    ticket: Ticket,
    /// A put of it was refused: it is dropped.
    no_put: bool,
    /// It was dropped in all versions that are known, and the others have heard so.
    is_told: bool,
}

/// What became of some changes.
#[derive(Debug, Default)]
struct Attempt<'a> {
    dropped: Vec<Doomed>,
    /// The same, and there may be other versions: refused too, and told for the first time.
    dropped_where_known: Vec<Doomed>,
    written: Vec<Doomed>,
    refused: Vec<Step<'a>>,
}

/// The generations that were renewed for a window: all its changes were committed before.
type Renewals = HashMap<(&'static str, Region), bool>;

impl Core {
    /// The last change of each entry. Drops and puts are carried out in no order, so one entry must not have both.
    fn steps<'a>(&self, window: &'a [Change]) -> Vec<Step<'a>> {
        let mut seen = HashSet::with_capacity(window.len());
        let last = window.iter().rev().filter(|change| seen.insert(change.doomed().hash));
        let mut steps: Vec<Step<'a>> = last
            .map(|change| {
                let doomed = change.doomed();
                let ticket = self.l1.ticket(doomed.hash, &doomed.model.generation);
                Step { change, ticket, no_put: false, is_told: false }
            })
            .collect();
        steps.reverse();
        steps
    }

    /// Whether the entry was invalidated since the window came, so that its value may be an old one.
    fn is_overtaken(&self, step: &Step<'_>) -> bool {
        let doomed = step.change.doomed();
        self.l1.ticket(doomed.hash, &doomed.model.generation) != step.ticket
    }

    /// Tries changes once.
    async fn attempt<'a>(&self, steps: Vec<Step<'a>>) -> Attempt<'a> {
        let mut attempt = Attempt::default();
        let (mut drops, mut writes) = (Vec::new(), Vec::new());
        for step in steps {
            match &step.change.0 {
                // What was filled since under the versions that are known is not to be dropped again and again.
                _ if step.is_told && step.change.doomed().model.schemas.is_unheard() => {
                    attempt.refused.push(step);
                }
                Kind::Written(entry) if !step.no_put && !self.is_overtaken(&step) => {
                    writes.push((step, entry));
                }
                Kind::Written(_) | Kind::Dropped(_) => drops.push(step),
            }
        }
        let doomed: Vec<Doomed> = drops.iter().map(|step| step.change.doomed().clone()).collect();
        for ((step, doomed), deleted) in drops.into_iter().zip(&doomed).zip(self.delete(&doomed).await) {
            match deleted {
                Deleted::Everywhere => attempt.dropped.push(doomed.clone()),
                Deleted::WhereKnown => {
                    if !step.is_told {
                        attempt.dropped_where_known.push(doomed.clone());
                    }
                    attempt.refused.push(Step { is_told: true, ..step });
                }
                Deleted::No => attempt.refused.push(step),
            }
        }
        for some in writes.chunks(PUTS_AT_ONCE) {
            let mut puts = Vec::with_capacity(some.len());
            for (_, entry) in some {
                puts.push(self.put(entry));
            }
            for ((step, entry), put) in some.iter().zip(join_all(puts).await) {
                // Not put, or overtaken while it was: the next attempt drops it.
                if put.is_some() && !self.is_overtaken(step) {
                    attempt.written.push(entry.doomed.clone());
                } else {
                    attempt.refused.push(Step { no_put: true, ..*step });
                }
            }
        }
        attempt
    }

    /// Renews the generations of what was not taken, each once. What could not even be renewed is returned, and what
    /// waits only for the list of versions: once that is heard, a delete drops less.
    async fn renew_instead<'a>(&self, steps: Vec<Step<'a>>, renewals: &mut Renewals) -> Vec<Step<'a>> {
        renewals.retain(|_, renewed| *renewed);
        let mut left = Vec::new();
        let mut models = HashMap::new();
        for step in steps {
            let doomed = step.change.doomed();
            if doomed.model.schemas.is_unheard() {
                left.push(step);
                continue;
            }
            let mut all = true;
            for region in doomed.regions(&self.prefix) {
                let place = (doomed.model.name, region);
                let renewed = match renewals.get(&place) {
                    Some(renewed) => *renewed,
                    None => {
                        let renewed = self.renew(&doomed.model, region).await;
                        if renewed {
                            models.insert(doomed.model.name, &doomed.model);
                        }
                        renewed
                    }
                };
                renewals.insert(place, renewed);
                all &= renewed;
            }
            if !all {
                left.push(step);
            }
        }
        for (name, model) in models {
            model.renew();
            self.tell_all(name).await;
        }
        left
    }

    /// Puts a committed value into the shared tier under this deployment's schema and drops it under the others.
    /// `None`: not confirmed, not allowed yet, or an invalidation or another write came in between; then the entry is to
    /// be dropped, here too, because a reader may have taken the old one from the shared tier meanwhile.
    ///
    /// The put is made under a claim that every later delete ends. So one that nobody waits for any more, and that lands
    /// after the delete which followed it, changes nothing.
    pub(crate) async fn put(&self, entry: &Entry) -> Option<Put> {
        let Some(shared) = &self.shared else { return Some(Put::Stored) };
        let model = &entry.doomed.model;
        let key = model.key(&self.prefix, &entry.doomed.id);
        // Until others delete entries of this deployment too, none may be made.
        if !model.schemas.is_settled() {
            return None;
        }
        let token = Token(random::number());
        let (schemas, epoch) = tokio::join!(model.schemas.live(shared), shared.claim(&key, token));
        if !schemas.is_complete {
            return None;
        }
        let others: Vec<Key> = schemas
            .schemas
            .into_iter()
            .filter(|schema| *schema != model.schema)
            .map(|schema| Key::entry(&self.prefix, schema, model.name, &entry.doomed.id))
            .collect();
        let bytes = self.seal(entry, epoch.ok()?)?;
        if let Some(unremembered) = self.recent_puts.note(entry.doomed.clone()) {
            self.pending.add(unremembered, Deleted::No, &self.prefix);
        }
        let put = shared.put_if_newer(&key, bytes, entry.ttl, token).await.ok()?;
        if put == Put::Superseded {
            return None;
        }
        if !others.is_empty() && shared.remove_many(&others).await.iter().any(Result::is_err) {
            return None;
        }
        Some(put)
    }

    fn seal(&self, entry: &Entry, epoch: crate::contract::Epoch) -> Option<Bytes> {
        let header = Header {
            schema: entry.doomed.model.schema,
            epoch,
            version: Some(entry.version),
            load_time: Duration::ZERO,
        };
        let payload = entry.payload.as_deref();
        let sealed = envelope::encode(&header, &entry.doomed.id, payload, entry.sizes).ok()?;
        entry.doomed.model.metrics.sealed(&sealed);
        Some(sealed)
    }
}
