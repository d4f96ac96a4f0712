//! What a case of the shared tier is given: the tier, and the power to harm its servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::until;
use crate::contract::{CounterSeed, Epoch, Filled, Found, Key, L2, Lease, Over, Put, Region, Stored, Token};
use crate::envelope::{self, Header, Sizes, Version};
use crate::schema::SchemaHash;

/// A tier and its servers, without data that a case could meet.
#[async_trait]
pub trait TierUnderTest: Send + Sync {
    /// The tier as one more process sees it: with connections of its own, over the same servers.
    async fn open(&self) -> Arc<dyn L2>;

    /// The server process that holds `key` dies, and starts again with the data it had, or without.
    async fn restart(&self, key: &Key);

    /// The server that holds `key` goes on and has no data: FLUSHALL.
    async fn flush(&self, key: &Key);

    /// The server that holds `key` answers nothing until [`TierUnderTest::resume`].
    async fn hang(&self, key: &Key);

    /// The end of [`TierUnderTest::hang`].
    async fn resume(&self, key: &Key);

    /// Whether two keys lie on different servers. A tier that has only one server says never.
    fn are_apart(&self, one: &Key, other: &Key) -> bool;

    /// Whether this key lies on the server that lists the schemas of this model. One server: always.
    fn is_beside_schemas(&self, key: &Key, model: &str) -> bool {
        !key.as_str().is_empty() && !model.is_empty()
    }
}

/// A tier under test. Every case has models and keys of its own.
pub struct Tier {
    servers: Box<dyn TierUnderTest>,
    l2: Arc<dyn L2>,
    model: &'static str,
    tokens: AtomicU64,
}

/// Long enough never to end within a case.
pub(super) const LONG: Duration = Duration::from_secs(600);
/// Short enough to wait for.
pub(super) const SHORT: Duration = Duration::from_millis(300);
/// The schema of all entries of the suite.
pub(super) const SCHEMA: SchemaHash = SchemaHash::from_u64(0x0123_4567_89AB_CDEF);

const PREFIX: &str = "conformance";

impl Tier {
    /// Connects the first process.
    pub async fn open(servers: Box<dyn TierUnderTest>) -> Self {
        let l2 = servers.open().await;
        let first_token = crate::testing::Dice::seeded(unique()).number();
        Self { servers, l2, model: model(), tokens: AtomicU64::new(first_token) }
    }

    pub(super) fn l2(&self) -> &dyn L2 {
        &*self.l2
    }

    pub(super) fn shared_l2(&self) -> Arc<dyn L2> {
        Arc::clone(&self.l2)
    }

    pub(super) async fn another_process(&self) -> Arc<dyn L2> {
        self.servers.open().await
    }

    pub(super) fn servers(&self) -> &dyn TierUnderTest {
        &*self.servers
    }

    /// The model of [`Tier::key`].
    pub(super) fn model(&self) -> &'static str {
        self.model
    }

    pub(super) fn key(&self, id: &str) -> Key {
        Key::entry(PREFIX, SCHEMA, self.model, id)
    }

    /// Keys all over the slots.
    pub(super) fn keys(&self, count: usize) -> Vec<Key> {
        (0..count).map(|number| self.key(&format!("of-many-{number}"))).collect()
    }

    pub(super) fn key_of(&self, model: &'static str, id: &str) -> Key {
        Key::entry(PREFIX, SCHEMA, model, id)
    }

    pub(super) fn counter_key(&self, id: &str) -> Key {
        Key::counter(PREFIX, self.model, id)
    }

    /// A key in another region than `key`.
    pub(super) fn key_in_another_region(&self, key: &Key) -> Key {
        let mut candidates = (0..).map(|number| self.key(&format!("elsewhere-{number}")));
        candidates.find(|candidate| candidate.region() != key.region()).unwrap()
    }

    /// A key on the server that lists the schemas of [`Tier::model`].
    pub(super) fn key_beside_schemas(&self) -> Key {
        let mut candidates = (0..).map(|number| self.key(&format!("beside-{number}")));
        candidates.find(|candidate| self.servers.is_beside_schemas(candidate, self.model)).unwrap()
    }

    /// A counter in another region than `key`.
    pub(super) fn counter_key_in_another_region(&self, key: &Key) -> Key {
        let mut candidates = (0..).map(|number| self.counter_key(&format!("elsewhere-{number}")));
        candidates.find(|candidate| candidate.region() != key.region()).unwrap()
    }

    /// Two keys on different servers, if there is more than one server.
    pub(super) fn keys_apart(&self) -> Option<(Key, Key)> {
        let one = self.key("here");
        let mut candidates = (0..1000).map(|number| self.key(&format!("there-{number}")));
        let other = candidates.find(|candidate| self.servers.are_apart(&one, candidate))?;
        Some((one, other))
    }

    pub(super) fn token(&self) -> Token {
        Token(self.tokens.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) async fn find(&self, key: &Key) -> Found {
        self.l2.get_many(std::slice::from_ref(key)).await.remove(0).unwrap()
    }

    pub(super) async fn stored(&self, key: &Key) -> Option<Stored> {
        self.find(key).await.stored
    }

    pub(super) async fn bytes(&self, key: &Key) -> Option<Bytes> {
        self.stored(key).await.map(|stored| stored.bytes)
    }

    pub(super) async fn epoch(&self, key: &Key) -> Epoch {
        self.l2.epoch(key).await.unwrap()
    }

    /// Wins a lease that is free.
    pub(super) async fn won(&self, key: &Key, ttl: Duration) -> (Token, Epoch) {
        let token = self.token();
        match self.l2.lease(key, token, ttl, Over::Present).await.unwrap() {
            Lease::Won(epoch) => (token, epoch),
            other => panic!("the lease of {key:?} is free, and still: {other:?}"),
        }
    }

    /// Waits until a lease is free, and wins it.
    pub(super) async fn won_at_last(&self, key: &Key, ttl: Duration) -> Token {
        let token = self.token();
        until("a lease to end", async || {
            let lease = self.l2.lease(key, token, ttl, Over::Present).await.unwrap();
            matches!(lease, Lease::Won(_)).then_some(token)
        })
        .await
    }

    pub(super) async fn fill(&self, key: &Key, entry: Bytes, ttl: Duration, token: Token) -> Filled {
        self.l2.fill_many(&[(key.clone(), entry, ttl)], token).await.remove(0).unwrap()
    }

    /// Loads and fills: what is there afterwards.
    pub(super) async fn filled(&self, key: &Key, body: &[u8]) -> Bytes {
        let (token, epoch) = self.won(key, LONG).await;
        let entry = entry(epoch, 0, body);
        assert_eq!(self.fill(key, entry.clone(), LONG, token).await, Filled::Stored);
        entry
    }

    pub(super) async fn remove(&self, key: &Key) {
        self.l2.remove_many(std::slice::from_ref(key)).await.remove(0).unwrap();
    }

    /// Takes a lease from whoever has it.
    pub(super) async fn claimed(&self, key: &Key) -> (Token, Epoch) {
        let token = self.token();
        match self.l2.lease(key, token, LONG, Over::Holder).await.unwrap() {
            Lease::Won(epoch) => (token, epoch),
            other => panic!("a claim of {key:?} is always granted, and still: {other:?}"),
        }
    }

    /// Puts an entry with a version, under a claim.
    pub(super) async fn put(&self, key: &Key, entry: Bytes, ttl: Duration) -> Put {
        let (token, _) = self.claimed(key).await;
        self.l2.put_if_newer(key, entry, ttl, token).await.unwrap()
    }

    /// Counts from `value` on.
    pub(super) async fn seeded(&self, key: &Key, value: i64, ttl: Duration) -> Token {
        let (token, epoch) = self.won(key, LONG).await;
        let seed = CounterSeed { token, epoch, value, ttl };
        assert_eq!(self.l2.seed_counter(key, seed).await.unwrap(), Filled::Stored);
        token
    }

    pub(super) async fn renew_generation(&self, model: &str, region: Region) {
        self.l2.renew_generation(model, region).await.unwrap();
    }
}

/// A model that no other case has, in this process or in another one.
pub(super) fn model() -> &'static str {
    // A few bytes for each case of a test process.
    String::leak(format!("case_{:x}", unique()))
}

fn unique() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    u64::from_le_bytes(bytes)
}

/// An entry as the cache writes it; version 0 says that it has none.
pub(super) fn entry(epoch: Epoch, version: u64, body: &[u8]) -> Bytes {
    entry_with(epoch, (version > 0).then_some(Version(version)), Some(body))
}

/// Any entry; without a body it says that there is no such thing.
pub(super) fn entry_with(epoch: Epoch, version: Option<Version>, body: Option<&[u8]>) -> Bytes {
    let header = Header { schema: SCHEMA, epoch, version, load_time: Duration::from_millis(3) };
    // Compressed nowhere, so that a case can look for the body.
    let sizes = Sizes { compress_over_bytes: u32::MAX, max_bytes: u32::MAX };
    envelope::encode(&header, "id", body, sizes).unwrap()
}
