//! The shared tier's contract in a table of this process, with handles for what happens to servers.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;

use crate::contract::{
    Counted, CounterSeed, Epoch, Filled, Found, Key, L2, L2Error, Lease, OperationId, Over, Put, Region,
    Stored, Token,
};
use crate::envelope::{EPOCH_AT, FLAG_VERSIONED, FLAGS_AT, HEADER_BYTES, VERSION_AT};
use crate::random;
use crate::schema::SchemaHash;

/// Entries that are kept: a bound for the memory of tests and small applications.
const ENTRIES_MAX: usize = 1_000_000;
/// Operations that a counter remembers, to apply none twice.
const OPERATIONS_MAX: usize = 256;

/// A shared tier in memory. Clones are the same tier: give one to each hub.
#[derive(Debug, Clone, Default)]
pub struct MemoryL2 {
    server: Arc<Mutex<Server>>,
}

#[derive(Debug)]
struct Server {
    reachable: bool,
    run: u64,
    generations: HashMap<(String, Region), u64>,
    entries: HashMap<Key, (Bytes, Instant)>,
    leases: HashMap<Key, (Token, Instant)>,
    counters: HashMap<Key, Counter>,
    schemas: HashMap<String, HashMap<SchemaHash, Instant>>,
}

#[derive(Debug)]
struct Counter {
    value: i64,
    epoch: Epoch,
    ends: Instant,
    applied: VecDeque<OperationId>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            reachable: true,
            run: random::number(),
            generations: HashMap::new(),
            entries: HashMap::new(),
            leases: HashMap::new(),
            counters: HashMap::new(),
            schemas: HashMap::new(),
        }
    }
}

impl MemoryL2 {
    /// An empty tier.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// As if the server was started again from its disk: the entries are there, and another run. Leases are gone.
    pub fn restart(&self) {
        let mut server = self.lock();
        server.run = random::number();
        server.leases.clear();
    }

    /// As FLUSHALL: everything is gone, and the process goes on.
    pub fn flush(&self) {
        let mut server = self.lock();
        let (run, reachable) = (server.run, server.reachable);
        *server = Server { run, reachable, ..Server::default() };
    }

    /// While it is out of reach, every call fails.
    pub fn set_reachable(&self, reachable: bool) {
        self.lock().reachable = reachable;
    }

    /// Entries that have not ended.
    #[must_use]
    pub fn len(&self) -> usize {
        let now = Instant::now();
        self.lock().entries.values().filter(|(_, ends)| now < *ends).count()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes under a key, as the server has them.
    #[must_use]
    pub fn raw(&self, key: &str) -> Option<Bytes> {
        let server = self.lock();
        server.entries.iter().find(|(there, _)| there.as_str() == key).map(|(_, (bytes, _))| bytes.clone())
    }

    /// Puts any bytes under a key, as a foreign program might.
    pub fn put_raw(&self, key: &Key, bytes: Bytes, ttl: Duration) {
        self.lock().store(key, bytes, ttl);
    }

    fn serve(&self) -> Result<MutexGuard<'_, Server>, L2Error> {
        let server = self.lock();
        if server.reachable {
            return Ok(server);
        }
        Err(L2Error::Unreachable("the tier in memory is switched off".to_owned()))
    }

    fn lock(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    fn epoch(&mut self, key: &Key) -> Epoch {
        let place = (key.model().to_owned(), key.region());
        let generation = *self.generations.entry(place).or_insert_with(random::number);
        Epoch { run: self.run, generation }
    }

    fn find(&mut self, key: &Key) -> Found {
        let now = Instant::now();
        let epoch = self.epoch(key);
        let alive = self.entries.get(key).filter(|(_, ends)| now < *ends);
        let stored = alive
            .map(|(bytes, ends)| Stored { bytes: bytes.clone(), left: ends.saturating_duration_since(now) });
        Found { epoch, stored }
    }

    fn store(&mut self, key: &Key, bytes: Bytes, ttl: Duration) {
        if self.entries.len() >= ENTRIES_MAX && !self.entries.contains_key(key) {
            let now = Instant::now();
            self.entries.retain(|_, (_, ends)| now < *ends);
            if self.entries.len() >= ENTRIES_MAX
                && let Some(any) = self.entries.keys().next().cloned()
            {
                self.entries.remove(&any);
            }
        }
        self.entries.insert(key.clone(), (bytes, Instant::now() + ttl));
    }

    fn lease(&mut self, key: &Key, token: Token, ttl: Duration, over: Over) -> Lease {
        let now = Instant::now();
        let found = self.find(key);
        if over == Over::Absent && (found.stored.is_some() || self.counter(key).is_some()) {
            return Lease::Filled(found);
        }
        if let Some((holder, ends)) = self.leases.get(key)
            && now < *ends
            && *holder != token
        {
            return Lease::Held { left: ends.saturating_duration_since(now) };
        }
        self.leases.insert(key.clone(), (token, now + ttl));
        Lease::Won(found.epoch)
    }

    fn take_lease(&mut self, key: &Key, token: Token) -> bool {
        let stands =
            self.leases.get(key).is_some_and(|(holder, ends)| *holder == token && Instant::now() < *ends);
        if stands {
            self.leases.remove(key);
        }
        stands
    }

    fn counter(&mut self, key: &Key) -> Option<&mut Counter> {
        let epoch = self.epoch(key);
        let now = Instant::now();
        self.counters.get_mut(key).filter(|counter| counter.epoch == epoch && now < counter.ends)
    }
}

/// Only versions are compared: zeros that stand where one would be are none.
fn is_versioned(entry: &Bytes) -> bool {
    entry.len() >= HEADER_BYTES && entry[FLAGS_AT] & FLAG_VERSIONED != 0
}

#[async_trait]
impl L2 for MemoryL2 {
    async fn get_many(&self, keys: &[Key]) -> Vec<Result<Found, L2Error>> {
        keys.iter().map(|key| Ok(self.serve()?.find(key))).collect()
    }

    async fn lease(&self, key: &Key, token: Token, ttl: Duration, over: Over) -> Result<Lease, L2Error> {
        Ok(self.serve()?.lease(key, token, ttl, over))
    }

    async fn lease_many(
        &self,
        keys: &[Key],
        token: Token,
        ttl: Duration,
        over: Over,
    ) -> Vec<Result<Lease, L2Error>> {
        keys.iter().map(|key| Ok(self.serve()?.lease(key, token, ttl, over))).collect()
    }

    async fn fill_many(
        &self,
        entries: &[(Key, Bytes, Duration)],
        token: Token,
    ) -> Vec<Result<Filled, L2Error>> {
        let fill = |(key, bytes, ttl): &(Key, Bytes, Duration)| {
            let mut server = self.serve()?;
            if !server.take_lease(key, token) {
                return Ok(Filled::Superseded);
            }
            server.store(key, bytes.clone(), *ttl);
            Ok(Filled::Stored)
        };
        entries.iter().map(fill).collect()
    }

    async fn release(&self, key: &Key, token: Token) -> Result<(), L2Error> {
        self.serve()?.take_lease(key, token);
        Ok(())
    }

    async fn epoch(&self, key: &Key) -> Result<Epoch, L2Error> {
        Ok(self.serve()?.epoch(key))
    }

    async fn put_if_newer(&self, key: &Key, entry: Bytes, ttl: Duration) -> Result<Put, L2Error> {
        let mut server = self.serve()?;
        let there = server.find(key).stored.map(|stored| stored.bytes);
        // Numbers in big-endian compare as their bytes do.
        let older = there.is_some_and(|there| {
            is_versioned(&there)
                && is_versioned(&entry)
                && there[EPOCH_AT] == entry[EPOCH_AT]
                && there[VERSION_AT] >= entry[VERSION_AT]
        });
        if older {
            return Ok(Put::Older);
        }
        server.leases.remove(key);
        server.store(key, entry, ttl);
        Ok(Put::Stored)
    }

    async fn remove_many(&self, keys: &[Key]) -> Vec<Result<(), L2Error>> {
        let remove = |key: &Key| {
            let mut server = self.serve()?;
            server.entries.remove(key);
            server.leases.remove(key);
            server.counters.remove(key);
            Ok(())
        };
        keys.iter().map(remove).collect()
    }

    async fn renew_generation(&self, model: &str, region: Region) -> Result<(), L2Error> {
        self.serve()?.generations.insert((model.to_owned(), region), random::number());
        Ok(())
    }

    async fn register_schema(&self, model: &str, schema: SchemaHash, ttl: Duration) -> Result<(), L2Error> {
        let mut server = self.serve()?;
        server.schemas.entry(model.to_owned()).or_default().insert(schema, Instant::now() + ttl);
        Ok(())
    }

    async fn live_schemas(&self, model: &str) -> Result<Vec<SchemaHash>, L2Error> {
        let mut server = self.serve()?;
        let now = Instant::now();
        let schemas = server.schemas.entry(model.to_owned()).or_default();
        schemas.retain(|_, ends| now < *ends);
        Ok(schemas.keys().copied().collect())
    }

    async fn counter(&self, key: &Key) -> Result<Option<i64>, L2Error> {
        Ok(self.serve()?.counter(key).map(|counter| counter.value))
    }

    async fn seed_counter(&self, key: &Key, seed: CounterSeed) -> Result<Filled, L2Error> {
        let mut server = self.serve()?;
        if !server.take_lease(key, seed.token) {
            return Ok(Filled::Superseded);
        }
        let epoch = server.epoch(key);
        let ends = Instant::now() + seed.ttl;
        let counter = Counter { value: seed.value, epoch, ends, applied: VecDeque::new() };
        server.counters.insert(key.clone(), counter);
        Ok(Filled::Stored)
    }

    async fn add_if_present(
        &self,
        key: &Key,
        by: i64,
        once: Option<OperationId>,
    ) -> Result<Counted, L2Error> {
        let mut server = self.serve()?;
        if server.counter(key).is_none() {
            // Whoever counts just now may have done it before this change.
            server.leases.remove(key);
        }
        let Some(counter) = server.counter(key) else { return Ok(Counted::NotSeeded) };
        if let Some(operation) = once {
            if counter.applied.contains(&operation) {
                return Ok(Counted::Duplicate(counter.value));
            }
            if counter.applied.len() >= OPERATIONS_MAX {
                counter.applied.pop_front();
            }
            counter.applied.push_back(operation);
        }
        counter.value = counter.value.saturating_add(by);
        Ok(Counted::Applied(counter.value))
    }
}
