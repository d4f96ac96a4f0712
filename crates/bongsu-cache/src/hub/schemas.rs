//! Which deployed versions of a model may have entries: a delete must cover them all.
//!
//! A process registers its schema some time before its first fill (the notice), and renews that. With every renewal it
//! reads the list, so it knows of a schema before anything is stored under it. A schema once heard of is remembered for
//! as long as its registration holds.
//!
//! # A list that was lost
//! Whoever read the list less than a notice ago knows all that may have entries: it goes on, registers what it remembers
//! again and vouches for the list. Whoever comes new cannot know what is missing. Until it does, its deletes cover what
//! is known and count as unconfirmed. After a notice, every process that fills has either registered anew or stopped
//! filling ([`FILLS_FOR`]). That is enough for who knew the list until an outage began ([`OUTAGE_NOTICES`]). Where nobody
//! did, the generations are renewed, which ends the entries of all versions that nobody lists, and the list is vouched
//! for. One renewal for a lost list is the price; to wait for the longest life of any entry
//! instead would take days, and nobody knows the lives of versions that are not listed.
//!
//! # A list that cannot be asked for
//! Its server may be out of reach when those of the entries are not. Deletes cover what is remembered then, and count as
//! unconfirmed until the list is heard again. Fills end with the notice, so what is there goes on answering, and what is
//! not is loaded by each process for itself.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Core, Model, Shared};
use crate::contract::{L2Error, Region, SchemaList};
use crate::schema::SchemaHash;

/// Between two renewals of a registration at most; also the pause after one that failed.
const RENEW_EVERY: Duration = Duration::from_secs(5);
const FAILED_PAUSE: Duration = Duration::from_secs(1);
/// Renewals within a notice.
const RENEWALS_OF_NOTICE: u32 = 4;
/// How much of a notice a process goes on filling without a confirmed registration. The rest is for fills under way.
const FILLS_FOR: f64 = 0.9;
/// Notices for which a process that could not read the list relies on what it knew before. A version of which it does
/// not hear afterwards would have to be deployed, fill, and be gone with all its processes within this time.
const OUTAGE_NOTICES: u32 = 12;

/// What a process knows of a model's schemas.
#[derive(Debug)]
pub(crate) struct Schemas {
    model: &'static str,
    own: SchemaHash,
    /// The longest life that entries are given. A registration holds for longer.
    longest_ms: AtomicU64,
    notice: Duration,
    known: Mutex<Known>,
    settled: watch::Sender<bool>,
    made: Instant,
    /// Until when the registration lets this process fill, in microseconds after `made`.
    fills_until_us: AtomicU64,
}

#[derive(Debug, Default)]
struct Known {
    /// Until when each may have entries.
    until: HashMap<SchemaHash, Instant>,
    asked_at: Option<Instant>,
    /// When it was certain last that no schema is missing here that may have entries.
    complete_at: Option<Instant>,
    /// The same, kept when it is not certain any more.
    was_complete_at: Option<Instant>,
    /// The list that was read last, and since when it is known.
    list: Option<(u64, Instant)>,
    /// The last time somebody asked for the list there was no answer.
    is_unheard: bool,
}

/// The schemas that are known.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) schemas: Vec<SchemaHash>,
    /// No other one may have entries.
    pub(crate) is_complete: bool,
}

impl Schemas {
    pub(crate) fn new(model: &'static str, own: SchemaHash, ttl: Duration, notice: Duration) -> Self {
        let schemas = Self {
            model,
            own,
            longest_ms: AtomicU64::new(0),
            notice,
            known: Mutex::default(),
            settled: watch::Sender::new(false),
            made: Instant::now(),
            fills_until_us: AtomicU64::new(0),
        };
        schemas.cover(ttl);
        schemas
    }

    /// Entries are given this life from now on.
    pub(crate) fn cover(&self, ttl: Duration) {
        self.longest_ms.fetch_max(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// There is no shared tier, so nobody has to know.
    pub(crate) fn settle(&self) {
        self.fills_until_us.store(u64::MAX, Ordering::Release);
        self.settled.send_replace(true);
    }

    /// How long a registration holds: longer than any entry, and than a few failed renewals.
    fn holds(&self) -> Duration {
        let longest = Duration::from_millis(self.longest_ms.load(Ordering::Relaxed));
        longest.saturating_mul(2) + self.notice + 12 * RENEW_EVERY
    }

    fn renew_every(&self) -> Duration {
        if self.notice.is_zero() { RENEW_EVERY } else { RENEW_EVERY.min(self.notice / RENEWALS_OF_NOTICE) }
    }

    /// Whether this process may fill the shared tier.
    pub(crate) fn is_settled(&self) -> bool {
        *self.settled.borrow() && self.may_fill()
    }

    /// Returns when it may; false if it never will.
    pub(crate) async fn settled(&self) -> bool {
        self.settled.subscribe().wait_for(|settled| *settled).await.is_ok()
    }

    fn may_fill(&self) -> bool {
        self.microseconds(Instant::now()) < self.fills_until_us.load(Ordering::Acquire)
    }

    /// The registration was confirmed by an answer to what was asked then. Without a notice nobody waits for an end.
    fn confirmed(&self, asked_at: Instant) {
        let until = asked_at + self.notice.mul_f64(FILLS_FOR);
        let until = if self.notice.is_zero() { u64::MAX } else { self.microseconds(until) };
        self.fills_until_us.store(until, Ordering::Release);
    }

    fn microseconds(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.made).as_micros()).unwrap_or(u64::MAX - 1)
    }

    /// All schemas that entries may have now, as far as they are known.
    pub(crate) async fn live(&self, shared: &Shared) -> Live {
        if let Some(schemas) = self.fresh() {
            return Live { schemas, is_complete: true };
        }
        let asked_at = Instant::now();
        match shared.live_schemas(self.model).await {
            Ok(list) => self.hear(&list, asked_at),
            Err(error) => self.was_not_heard(&error),
        }
        let known = self.known();
        let is_complete = known.complete_at.is_some() && !known.is_unheard;
        Live { schemas: self.listed(&known), is_complete }
    }

    fn was_not_heard(&self, error: &L2Error) {
        tracing::debug!(model = self.model, %error, "the list of schemas was not heard");
        self.known().is_unheard = true;
    }

    /// Whether there was no answer the last time somebody asked for the list, and the one before is too old.
    pub(crate) fn is_unheard(&self) -> bool {
        let known = self.known();
        known.is_unheard && !self.is_fresh(&known)
    }

    /// What is known without asking; `None` if the answer is too old to know of every schema that may have entries.
    pub(crate) fn fresh(&self) -> Option<Vec<SchemaHash>> {
        let known = self.known();
        self.is_fresh(&known).then(|| self.listed(&known))
    }

    /// What was heard of, lately or not.
    pub(crate) fn remembered(&self) -> Vec<SchemaHash> {
        self.listed(&self.known())
    }

    fn is_fresh(&self, known: &Known) -> bool {
        known.complete_at.is_some() && known.asked_at.is_some_and(|at| at.elapsed() < self.notice / 2)
    }

    /// Takes in a list, which was asked for then.
    fn hear(&self, list: &SchemaList, asked_at: Instant) {
        let now = Instant::now();
        let mut known = self.known();
        known.until.retain(|_, until| asked_at < *until);
        for (schema, left) in &list.schemas {
            let until = known.until.entry(*schema).or_insert(now);
            *until = (*until).max(now + *left);
        }
        if known.asked_at.is_some_and(|at| at > asked_at) {
            return;
        }
        known.is_unheard = false;
        known.asked_at = Some(asked_at);
        let is_same = list.id.is_some() && known.list.map(|(id, _)| id) == list.id;
        // A schema has no entries before it was listed for a notice: so whoever read the list since then heard of it.
        let memory = if self.notice.is_zero() { 2 * RENEW_EVERY } else { self.notice };
        let remembers = known.complete_at.is_some_and(|at| is_same || now.duration_since(at) <= memory);
        known.complete_at = (list.is_vouched_for || remembers).then_some(asked_at);
        known.was_complete_at = known.complete_at.or(known.was_complete_at);
        if !is_same {
            known.list = list.id.map(|id| (id, now));
        }
    }

    fn is_complete(&self) -> bool {
        self.known().complete_at.is_some()
    }

    /// A list with this id was known a notice before: nobody fills who is not on it.
    fn covers_all_fills(&self, list: u64, asked_at: Instant) -> bool {
        if self.notice.is_zero() {
            return true;
        }
        let of_list = self.known().list.filter(|(id, _)| *id == list);
        of_list.is_some_and(|(_, since)| asked_at >= since + self.notice)
    }

    /// It was known before an outage which schemas there are, and those that live have registered anew since.
    fn was_complete_lately(&self) -> bool {
        let outage = self.notice * OUTAGE_NOTICES;
        self.known().was_complete_at.is_some_and(|at| at.elapsed() <= outage)
    }

    /// What is remembered and not on the list, and for how long it may have entries.
    fn beyond(&self, list: &SchemaList) -> Vec<(SchemaHash, Duration)> {
        let now = Instant::now();
        let is_listed = |schema: &SchemaHash| list.schemas.iter().any(|(listed, _)| listed == schema);
        let known = self.known();
        let others = known.until.iter().filter(|(schema, _)| !is_listed(schema));
        others.map(|(schema, until)| (*schema, until.saturating_duration_since(now))).collect()
    }

    /// This process vouched for the list.
    fn vouched_for(&self, list: u64) {
        let mut known = self.known();
        if known.list.is_some_and(|(id, _)| id == list) {
            known.complete_at = known.asked_at;
            known.was_complete_at = known.asked_at;
        }
    }

    fn listed(&self, known: &Known) -> Vec<SchemaHash> {
        let others = known.until.keys().copied().filter(|schema| *schema != self.own);
        std::iter::once(self.own).chain(others).collect()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Keeps a model's schema registered for as long as the hub lives. The first time that succeeds begins the notice;
    /// so does one that finds the registration gone before the notice was over, or after nobody confirmed it for long.
    pub(crate) async fn keep_registered(self: Arc<Self>, model: Arc<Model>) {
        let Some(shared) = &self.shared else { return };
        let schemas = &model.schemas;
        let mut registered_at = None;
        loop {
            let asked_at = Instant::now();
            let mut pause = schemas.renew_every();
            match shared.register_schema(model.name, model.schema, schemas.holds()).await {
                Ok(registration) => {
                    schemas.hear(&registration.list, asked_at);
                    if !registration.was_listed && !schemas.is_settled() {
                        registered_at = None;
                    }
                    schemas.confirmed(asked_at);
                    let is_complete = put_in_order(shared, &model, &registration.list, asked_at).await;
                    let first = *registered_at.get_or_insert_with(Instant::now);
                    let left = (first + schemas.notice).saturating_duration_since(Instant::now());
                    schemas.settled.send_replace(left.is_zero() && is_complete);
                    if !left.is_zero() {
                        pause = pause.min(left);
                    } else if !is_complete {
                        pause = pause.min(FAILED_PAUSE);
                    }
                }
                Err(error) => {
                    schemas.was_not_heard(&error);
                    schemas.settled.send_replace(schemas.is_settled());
                    pause = pause.min(FAILED_PAUSE);
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

/// Sees to it that somebody vouches for the list. Returns whether all schemas are known that may have entries.
async fn put_in_order(shared: &Shared, model: &Model, list: &SchemaList, asked_at: Instant) -> bool {
    let schemas = &model.schemas;
    let is_complete = schemas.is_complete();
    let Some(id) = list.id.filter(|_| !list.is_vouched_for) else { return is_complete };
    if !is_complete && !schemas.covers_all_fills(id, asked_at) {
        return false;
    }
    if is_complete || schemas.was_complete_lately() {
        for (schema, left) in schemas.beyond(list) {
            if shared.register_schema(model.name, schema, left).await.is_err() {
                return is_complete;
            }
        }
    } else {
        let renewals = Region::all().map(|region| shared.renew_generation(model.name, region));
        if join_all(renewals).await.iter().any(Result::is_err) {
            return false;
        }
        tracing::info!(model = model.name, "entries of versions that nobody may have listed are dropped");
        metrics::counter!("cache_schema_lists_renewed_total", "model" => model.name).increment(1);
    }
    match shared.vouch_for_schemas(model.name, id).await {
        Ok(true) => {
            schemas.vouched_for(id);
            true
        }
        Ok(false) | Err(_) => is_complete,
    }
}
