//! A shared tier that fails: errors, timeouts, lost replies, slow answers, batches of which only a part works.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::{sleep, sleep_until};

use super::faults::L2Faults;
use crate::contract::{
    Addition, Counted, CounterSeed, CounterValue, Epoch, Filled, Found, Key, L2, L2Error, Lease, Over, Put,
    Region, Registration, SchemaList, Token, deadline,
};
use crate::schema::SchemaHash;
use crate::testing::chance::{Chance, Dice};

/// Stands before a tier and fails some calls. The fate of the n-th call depends on the seed and on n alone. Clones are
/// the same decorator: one for the hub, one to pull the strings with.
#[derive(Debug, Clone)]
pub struct FaultyL2 {
    inner: Arc<dyn L2>,
    strings: Arc<Strings>,
}

#[derive(Debug)]
struct Strings {
    faults: RwLock<L2Faults>,
    outage: RwLock<Outage>,
    /// Slots whose keys fail.
    cut_slots: RwLock<Option<RangeInclusive<u16>>>,
    /// Slots whose keys have no answer.
    hung_slots: RwLock<Option<RangeInclusive<u16>>>,
    /// The lists of deployed versions fail.
    cut_schemas: AtomicBool,
    held: Mutex<Held>,
    chance: Chance,
}

/// Calls that are on their way and do not arrive.
#[derive(Default)]
struct Held {
    holds: bool,
    calls: Vec<BoxFuture<'static, ()>>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("holds", &self.holds).field("calls", &self.calls.len()).finish()
    }
}

/// Whether anything works at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outage {
    None,
    /// Errors at once.
    Gone,
    /// Errors after the timeout.
    Hung,
}

/// What happens to one call, or to one key of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    Refused,
    TimedOut,
    ReplyLost,
}

/// The fates of a batch: of each key, and the waits of the whole.
struct Fates {
    of_keys: Vec<Fate>,
    before: Duration,
    after: Duration,
    /// Some keys' shard hangs.
    hangs: bool,
}

impl FaultyL2 {
    /// Before `inner`, failing nothing until [`FaultyL2::set`].
    #[must_use]
    pub fn new(inner: Arc<dyn L2>, seed: u64) -> Self {
        let strings = Strings {
            faults: RwLock::default(),
            outage: RwLock::new(Outage::None),
            cut_slots: RwLock::default(),
            hung_slots: RwLock::default(),
            cut_schemas: AtomicBool::new(false),
            held: Mutex::default(),
            chance: Chance::seeded(seed),
        };
        Self { inner, strings: Arc::new(strings) }
    }

    /// From now on these faults.
    pub fn set(&self, faults: L2Faults) {
        *self.strings.faults.write().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Every call fails at once, until [`FaultyL2::heal`].
    pub fn cut(&self) {
        self.fall(Outage::Gone);
    }

    /// Every call fails after [`L2Faults::timeout`], until [`FaultyL2::heal`].
    pub fn hang(&self) {
        self.fall(Outage::Hung);
    }

    /// Keys of this slot fail at once, as when their shard is gone, until [`FaultyL2::heal`].
    pub fn cut_slot(&self, slot: u16) {
        self.cut_slots(slot..=slot);
    }

    /// Keys of these slots fail at once, as when their shard is gone, until [`FaultyL2::heal`]; so do the generations of
    /// regions that lie in these slots as a whole.
    pub fn cut_slots(&self, slots: RangeInclusive<u16>) {
        *self.strings.cut_slots.write().unwrap_or_else(PoisonError::into_inner) = Some(slots);
    }

    /// Of these slots' keys in a batch nothing is heard until the caller's [`deadline`], as when their shard hangs, until
    /// [`FaultyL2::heal`]. The other keys of the batch have their answers then.
    pub fn hang_slots(&self, slots: RangeInclusive<u16>) {
        *self.strings.hung_slots.write().unwrap_or_else(PoisonError::into_inner) = Some(slots);
    }

    /// The lists of deployed versions fail at once, as when only their shard is gone, until [`FaultyL2::heal`].
    pub fn cut_schemas(&self) {
        self.strings.cut_schemas.store(true, Ordering::Relaxed);
    }

    /// The end of [`FaultyL2::cut`] and [`FaultyL2::hang`] alone.
    pub fn reach_keys_again(&self) {
        self.fall(Outage::None);
    }

    /// The end of whatever was cut or hangs; the faults of [`FaultyL2::set`] stay.
    pub fn heal(&self) {
        self.fall(Outage::None);
        *self.strings.cut_slots.write().unwrap_or_else(PoisonError::into_inner) = None;
        *self.strings.hung_slots.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.strings.cut_schemas.store(false, Ordering::Relaxed);
    }

    /// From now on puts and additions have no answer, and are carried out by [`FaultyL2::land`] only: as when a server
    /// hangs that has them in its buffer already, and goes on when everybody has given them up.
    pub fn hold(&self) {
        self.held().holds = true;
    }

    /// Carries out what was held, in order, and holds nothing any more.
    pub async fn land(&self) {
        let held = std::mem::take(&mut *self.held());
        for call in held.calls {
            call.await;
        }
    }

    /// Returns at once unless calls are held; then the call is kept, and this does not return.
    async fn unless_held(&self, call: impl FnOnce(Arc<dyn L2>) -> BoxFuture<'static, ()>) {
        {
            let mut held = self.held();
            if !held.holds {
                return;
            }
            held.calls.push(call(Arc::clone(&self.inner)));
        }
        std::future::pending().await
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.strings.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fall(&self, outage: Outage) {
        *self.strings.outage.write().unwrap_or_else(PoisonError::into_inner) = outage;
    }

    fn fates(&self, keys: usize) -> Fates {
        let faults = *self.strings.faults.read().unwrap_or_else(PoisonError::into_inner);
        let outage = *self.strings.outage.read().unwrap_or_else(PoisonError::into_inner);
        let mut dice = self.strings.chance.dice();
        let mut fates = Fates {
            of_keys: vec![Fate::Answered; keys],
            before: Duration::ZERO,
            after: Duration::ZERO,
            hangs: false,
        };
        if dice.happens(faults.delayed) {
            let wait = dice.time_up_to(faults.delay);
            if dice.happens(500) { fates.before = wait } else { fates.after = wait }
        }
        match (outage, whole(&faults, &mut dice)) {
            (Outage::Gone, _) => fates.of_keys.fill(Fate::Refused),
            (Outage::Hung, _) => fates.of_keys.fill(Fate::TimedOut),
            (Outage::None, Fate::Answered) if keys > 1 && dice.happens(faults.partial) => {
                for fate in &mut fates.of_keys {
                    *fate = part(&mut dice);
                }
            }
            (Outage::None, fate) => fates.of_keys.fill(fate),
        }
        if fates.of_keys.iter().any(|fate| matches!(fate, Fate::TimedOut | Fate::ReplyLost)) {
            fates.after = faults.timeout;
        }
        fates
    }

    /// A call about one thing.
    async fn one<T>(&self, call: impl Future<Output = Result<T, L2Error>>) -> Result<T, L2Error> {
        let fates = self.fates(1);
        pause(fates.before).await;
        let fate = fates.of_keys[0];
        let answer = if fate.is_carried_out() { Some(call.await) } else { None };
        pause(fates.after).await;
        fate.report(answer)
    }

    /// A call about a key.
    async fn one_of<T>(
        &self,
        key: &Key,
        call: impl Future<Output = Result<T, L2Error>>,
    ) -> Result<T, L2Error> {
        self.unless(self.are_cut([key.slot()]), call).await
    }

    /// A call about a list of deployed versions.
    async fn one_of_schemas<T>(&self, call: impl Future<Output = Result<T, L2Error>>) -> Result<T, L2Error> {
        self.unless(self.strings.cut_schemas.load(Ordering::Relaxed), call).await
    }

    async fn unless<T>(
        &self,
        is_cut: bool,
        call: impl Future<Output = Result<T, L2Error>>,
    ) -> Result<T, L2Error> {
        if is_cut { Fate::Refused.report(None) } else { self.one(call).await }
    }

    fn are_cut(&self, slots: impl IntoIterator<Item = u16>) -> bool {
        let cut_slots = self.strings.cut_slots.read().unwrap_or_else(PoisonError::into_inner);
        cut_slots.as_ref().is_some_and(|cut| slots.into_iter().all(|slot| cut.contains(&slot)))
    }

    /// The keys (or entries) that are really asked for.
    async fn before<T: Clone>(&self, batch: &[T], key: impl Fn(&T) -> &Key) -> (Fates, Vec<T>) {
        let mut fates = self.fates(batch.len());
        let cut_slots = self.strings.cut_slots.read().unwrap_or_else(PoisonError::into_inner).clone();
        let hung_slots = self.strings.hung_slots.read().unwrap_or_else(PoisonError::into_inner).clone();
        for (of, fate) in batch.iter().zip(&mut fates.of_keys) {
            if cut_slots.as_ref().is_some_and(|slots| slots.contains(&key(of).slot())) {
                *fate = Fate::Refused;
            }
            if hung_slots.as_ref().is_some_and(|slots| slots.contains(&key(of).slot())) {
                *fate = Fate::TimedOut;
                fates.hangs = true;
            }
        }
        pause(fates.before).await;
        let asked = batch
            .iter()
            .zip(&fates.of_keys)
            .filter(|(_, fate)| fate.is_carried_out())
            .map(|(of, _)| of.clone());
        let asked = asked.collect();
        (fates, asked)
    }
}

impl Fates {
    /// Puts the answers of what was asked back to their places.
    async fn after<T>(self, answers: Vec<Result<T, L2Error>>) -> Vec<Result<T, L2Error>> {
        pause(self.after).await;
        if self.hangs {
            match deadline() {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        }
        let mut answers = answers.into_iter();
        let answer_of = |fate: &Fate| fate.report(if fate.is_carried_out() { answers.next() } else { None });
        self.of_keys.iter().map(answer_of).collect()
    }
}

impl Fate {
    fn is_carried_out(self) -> bool {
        matches!(self, Fate::Answered | Fate::ReplyLost)
    }

    fn report<T>(self, answer: Option<Result<T, L2Error>>) -> Result<T, L2Error> {
        match (self, answer) {
            (Fate::Answered, Some(answer)) => answer,
            (Fate::Refused | Fate::Answered, _) => {
                Err(L2Error::Unreachable("by the will of the test".to_owned()))
            }
            (Fate::TimedOut | Fate::ReplyLost, _) => Err(L2Error::Timeout),
        }
    }
}

/// No timer where there is nothing to wait for.
async fn pause(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

fn whole(faults: &L2Faults, dice: &mut Dice) -> Fate {
    if dice.happens(faults.refused) {
        Fate::Refused
    } else if dice.happens(faults.timed_out) {
        Fate::TimedOut
    } else if dice.happens(faults.reply_lost) {
        Fate::ReplyLost
    } else {
        Fate::Answered
    }
}

fn part(dice: &mut Dice) -> Fate {
    match dice.below(4) {
        0 => Fate::Refused,
        1 => Fate::ReplyLost,
        _ => Fate::Answered,
    }
}

#[async_trait]
impl L2 for FaultyL2 {
    async fn get_many(&self, keys: &[Key]) -> Vec<Result<Found, L2Error>> {
        let (fates, asked) = self.before(keys, |key| key).await;
        fates.after(self.inner.get_many(&asked).await).await
    }

    async fn lease(&self, key: &Key, token: Token, ttl: Duration, over: Over) -> Result<Lease, L2Error> {
        self.one_of(key, self.inner.lease(key, token, ttl, over)).await
    }

    async fn lease_many(
        &self,
        keys: &[Key],
        token: Token,
        ttl: Duration,
        over: Over,
    ) -> Vec<Result<Lease, L2Error>> {
        let (fates, asked) = self.before(keys, |key| key).await;
        fates.after(self.inner.lease_many(&asked, token, ttl, over).await).await
    }

    async fn fill_many(
        &self,
        entries: &[(Key, Bytes, Duration)],
        token: Token,
    ) -> Vec<Result<Filled, L2Error>> {
        let (fates, asked) = self.before(entries, |(key, _, _)| key).await;
        fates.after(self.inner.fill_many(&asked, token).await).await
    }

    async fn release(&self, key: &Key, token: Token) -> Result<(), L2Error> {
        self.one_of(key, self.inner.release(key, token)).await
    }

    async fn epoch(&self, key: &Key) -> Result<Epoch, L2Error> {
        self.one_of(key, self.inner.epoch(key)).await
    }

    async fn put_if_newer(
        &self,
        key: &Key,
        entry: Bytes,
        ttl: Duration,
        token: Token,
    ) -> Result<Put, L2Error> {
        let late = (key.clone(), entry.clone());
        self.unless_held(|inner| {
            Box::pin(async move { drop(inner.put_if_newer(&late.0, late.1, ttl, token).await) })
        })
        .await;
        self.one_of(key, self.inner.put_if_newer(key, entry, ttl, token)).await
    }

    async fn remove_many(&self, keys: &[Key]) -> Vec<Result<(), L2Error>> {
        let (fates, asked) = self.before(keys, |key| key).await;
        fates.after(self.inner.remove_many(&asked).await).await
    }

    async fn renew_generation(&self, model: &str, region: Region) -> Result<(), L2Error> {
        self.unless(self.are_cut(region.slots()), self.inner.renew_generation(model, region)).await
    }

    async fn register_schema(
        &self,
        model: &str,
        schema: SchemaHash,
        ttl: Duration,
    ) -> Result<Registration, L2Error> {
        self.one_of_schemas(self.inner.register_schema(model, schema, ttl)).await
    }

    async fn live_schemas(&self, model: &str) -> Result<SchemaList, L2Error> {
        self.one_of_schemas(self.inner.live_schemas(model)).await
    }

    async fn vouch_for_schemas(&self, model: &str, list: u64) -> Result<bool, L2Error> {
        self.one_of_schemas(self.inner.vouch_for_schemas(model, list)).await
    }

    async fn counter(&self, key: &Key) -> Result<Option<CounterValue>, L2Error> {
        self.one_of(key, self.inner.counter(key)).await
    }

    async fn seed_counter(&self, key: &Key, seed: CounterSeed) -> Result<Filled, L2Error> {
        self.one_of(key, self.inner.seed_counter(key, seed)).await
    }

    async fn add_if_present(&self, key: &Key, addition: Addition) -> Result<Counted, L2Error> {
        let late = key.clone();
        self.unless_held(|inner| Box::pin(async move { drop(inner.add_if_present(&late, addition).await) }))
            .await;
        self.one_of(key, self.inner.add_if_present(key, addition)).await
    }
}
