//! The shared tier as the cache uses it: every call within a budget, measured, and its trouble counted.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::HubOptions;
use crate::contract::{
    Addition, Counted, CounterSeed, CounterValue, Epoch, Filled, Found, Key, L2, L2Error, Lease, Over, Put,
    Region, Registration, SchemaList, Token, within,
};
use crate::schema::SchemaHash;

/// How much longer than its budget a call of many keys is waited for, to gather the answers that came within it.
const LENIENCE: f64 = 1.25;

/// The tier, with two budgets: a read cannot wait for long, a delete had better be confirmed.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    l2: Arc<dyn L2>,
    read: Duration,
    write: Duration,
}

impl Shared {
    pub(crate) fn new(l2: Arc<dyn L2>, options: &HubOptions) -> Self {
        Self { l2, read: options.l2_budget, write: options.l2_write_budget }
    }

    pub(crate) async fn get(&self, key: &Key) -> Result<Found, L2Error> {
        let mut answers = self.get_many(std::slice::from_ref(key)).await;
        answers.pop().unwrap_or_else(|| Err(no_answer()))
    }

    pub(crate) async fn get_many(&self, keys: &[Key]) -> Vec<Result<Found, L2Error>> {
        self.each("get", keys.len(), self.read, self.l2.get_many(keys)).await
    }

    pub(crate) async fn lease(
        &self,
        key: &Key,
        token: Token,
        ttl: Duration,
        over: Over,
    ) -> Result<Lease, L2Error> {
        self.one("lease", self.read, self.l2.lease(key, token, ttl, over)).await
    }

    pub(crate) async fn lease_many(
        &self,
        keys: &[Key],
        token: Token,
        ttl: Duration,
        over: Over,
    ) -> Vec<Result<Lease, L2Error>> {
        self.each("lease", keys.len(), self.read, self.l2.lease_many(keys, token, ttl, over)).await
    }

    pub(crate) async fn fill_many(
        &self,
        entries: &[(Key, Bytes, Duration)],
        token: Token,
    ) -> Vec<Result<Filled, L2Error>> {
        self.each("fill", entries.len(), self.read, self.l2.fill_many(entries, token)).await
    }

    pub(crate) async fn release(&self, key: &Key, token: Token) -> Result<(), L2Error> {
        self.one("release", self.read, self.l2.release(key, token)).await
    }

    /// Takes the right to fill from whoever has it, for [`Shared::put_if_newer`].
    pub(crate) async fn claim(&self, key: &Key, token: Token) -> Result<Epoch, L2Error> {
        // As long as the claim and the put may take.
        let ttl = self.write * 2;
        match self.one("claim", self.write, self.l2.lease(key, token, ttl, Over::Holder)).await? {
            Lease::Won(epoch) => Ok(epoch),
            Lease::Held { .. } | Lease::Filled(_) => Err(no_answer()),
        }
    }

    pub(crate) async fn put_if_newer(
        &self,
        key: &Key,
        entry: Bytes,
        ttl: Duration,
        token: Token,
    ) -> Result<Put, L2Error> {
        self.one("put", self.write, self.l2.put_if_newer(key, entry, ttl, token)).await
    }

    pub(crate) async fn remove_many(&self, keys: &[Key]) -> Vec<Result<(), L2Error>> {
        self.each("remove", keys.len(), self.write, self.l2.remove_many(keys)).await
    }

    pub(crate) async fn renew_generation(&self, model: &str, region: Region) -> Result<(), L2Error> {
        self.one("renew", self.write, self.l2.renew_generation(model, region)).await
    }

    pub(crate) async fn register_schema(
        &self,
        model: &str,
        schema: SchemaHash,
        ttl: Duration,
    ) -> Result<Registration, L2Error> {
        self.one("register", self.write, self.l2.register_schema(model, schema, ttl)).await
    }

    pub(crate) async fn live_schemas(&self, model: &str) -> Result<SchemaList, L2Error> {
        self.one("schemas", self.write, self.l2.live_schemas(model)).await
    }

    pub(crate) async fn vouch_for_schemas(&self, model: &str, list: u64) -> Result<bool, L2Error> {
        self.one("vouch", self.write, self.l2.vouch_for_schemas(model, list)).await
    }

    pub(crate) async fn counter(&self, key: &Key) -> Result<Option<CounterValue>, L2Error> {
        self.one("counter", self.read, self.l2.counter(key)).await
    }

    pub(crate) async fn counters(&self, keys: &[Key]) -> Vec<Result<Option<CounterValue>, L2Error>> {
        self.each("counter", keys.len(), self.read, self.l2.counters(keys)).await
    }

    /// Which counter is there, for somebody who is going to change it.
    pub(crate) async fn seed_of(&self, key: &Key) -> Result<Option<Token>, L2Error> {
        let counter = self.one("counter", self.write, self.l2.counter(key)).await?;
        Ok(counter.map(|counter| counter.seeded_by))
    }

    pub(crate) async fn seed_counter(&self, key: &Key, seed: CounterSeed) -> Result<Filled, L2Error> {
        self.one("seed", self.write, self.l2.seed_counter(key, seed)).await
    }

    pub(crate) async fn add_if_present(&self, key: &Key, addition: Addition) -> Result<Counted, L2Error> {
        self.one("add", self.write, self.l2.add_if_present(key, addition)).await
    }

    async fn one<A>(
        &self,
        op: &'static str,
        budget: Duration,
        call: impl Future<Output = Result<A, L2Error>>,
    ) -> Result<A, L2Error> {
        let begun = Instant::now();
        let answer = tokio::time::timeout(budget, call).await.unwrap_or(Err(L2Error::Timeout));
        record(op, begun, answer.as_ref().err());
        answer
    }

    /// As many answers as were asked for, whatever the tier says.
    ///
    /// What one server holds up costs its own keys only. A lease whose answer comes too late is nobody's and runs out
    /// by itself: to give it back could only hang on the same server.
    async fn each<A>(
        &self,
        op: &'static str,
        count: usize,
        budget: Duration,
        call: impl Future<Output = Vec<Result<A, L2Error>>>,
    ) -> Vec<Result<A, L2Error>> {
        let begun = Instant::now();
        // The tier ends the call by itself. The rest is for one that does not.
        let longest = budget.mul_f64(LENIENCE);
        let mut answers = match tokio::time::timeout(longest, within(budget, call)).await {
            Ok(answers) => answers,
            Err(_) => (0..count).map(|_| Err(L2Error::Timeout)).collect(),
        };
        answers.truncate(count);
        answers.resize_with(count, || Err(no_answer()));
        record(op, begun, answers.iter().find_map(|answer| answer.as_ref().err()));
        answers
    }
}

fn record(op: &'static str, begun: Instant, error: Option<&L2Error>) {
    metrics::histogram!("cache_l2_seconds", "op" => op).record(begun.elapsed().as_secs_f64());
    if let Some(error) = error {
        let kind = match error {
            L2Error::Timeout => "timeout",
            L2Error::Unreachable(_) => "unreachable",
            L2Error::BreakerOpen => "breaker_open",
            L2Error::Refused(_) => "refused",
        };
        metrics::counter!("cache_l2_errors_total", "kind" => kind, "op" => op).increment(1);
    }
}

fn no_answer() -> L2Error {
    L2Error::Refused("the tier gave fewer answers than it was asked for".to_owned())
}
