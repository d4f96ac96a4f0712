//! The shared tier's contract in a table of this process, with handles for what happens to servers.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;

use crate::contract::{
    Addition, Counted, CounterSeed, CounterValue, Epoch, Filled, Found, Key, L2, L2Error, Lease, OperationId,
    Over, Put, Region, Registration, SchemaList, Stored, Token,
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
    schemas: HashMap<String, Listed>,
}

/// The schemas of a model, and when each of them ends.
#[derive(Debug)]
struct Listed {
    id: u64,
    run: u64,
    is_vouched_for: bool,
    ends: HashMap<SchemaHash, Instant>,
}

#[derive(Debug)]
struct Counter {
    value: i64,
    seeded_by: Token,
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

    /// As when the server that holds the lists of schemas forgets everything, and those with the entries do not.
    pub fn forget_schemas(&self) {
        self.lock().schemas.clear();
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

    /// The version of what stands there, if it can be compared with that of `entry`.
    fn version_like(&mut self, key: &Key, entry: &Bytes) -> Option<Vec<u8>> {
        let there = self.find(key).stored?.bytes;
        version_of(entry)?;
        version_of(&there).filter(|_| there[EPOCH_AT] == entry[EPOCH_AT])
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
            && over != Over::Holder
            && now < *ends
            && *holder != token
        {
            return Lease::Held { left: ends.saturating_duration_since(now) };
        }
        if self.leases.len() >= ENTRIES_MAX {
            self.leases.retain(|_, (_, ends)| now < *ends);
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

    /// What is left of the list of a model's schemas.
    fn listed(&mut self, model: &str) -> SchemaList {
        let now = Instant::now();
        let Some(listed) = self.schemas.get_mut(model) else { return SchemaList::default() };
        listed.ends.retain(|_, ends| now < *ends);
        if listed.ends.is_empty() {
            self.schemas.remove(model);
            return SchemaList::default();
        }
        let left = |(schema, ends): (&SchemaHash, &Instant)| (*schema, ends.saturating_duration_since(now));
        SchemaList {
            id: (listed.run == self.run).then_some(listed.id),
            is_vouched_for: listed.run == self.run && listed.is_vouched_for,
            schemas: listed.ends.iter().map(left).collect(),
        }
    }

    fn counter(&mut self, key: &Key) -> Option<&mut Counter> {
        let epoch = self.epoch(key);
        let now = Instant::now();
        self.counters.get_mut(key).filter(|counter| counter.epoch == epoch && now < counter.ends)
    }
}

/// Zeros that stand where a version would be are none. Numbers in big-endian compare as their bytes do.
fn version_of(entry: &Bytes) -> Option<Vec<u8>> {
    let is_versioned = entry.len() >= HEADER_BYTES && entry[FLAGS_AT] & FLAG_VERSIONED != 0;
    is_versioned.then(|| entry[VERSION_AT].to_vec())
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
            let version_there = server.version_like(key, bytes);
            if !server.take_lease(key, token) || version_there > version_of(bytes) {
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

    async fn put_if_newer(
        &self,
        key: &Key,
        entry: Bytes,
        ttl: Duration,
        token: Token,
    ) -> Result<Put, L2Error> {
        let mut server = self.serve()?;
        if !server.take_lease(key, token) {
            return Ok(Put::Superseded);
        }
        if server.version_like(key, &entry).is_some_and(|there| Some(there) >= version_of(&entry)) {
            return Ok(Put::Older);
        }
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

    async fn register_schema(
        &self,
        model: &str,
        schema: SchemaHash,
        ttl: Duration,
    ) -> Result<Registration, L2Error> {
        let mut server = self.serve()?;
        let before = server.listed(model);
        let run = server.run;
        let begin = || Listed { id: random::number(), run, is_vouched_for: false, ends: HashMap::new() };
        let listed = server.schemas.entry(model.to_owned()).or_insert_with(begin);
        if listed.run != run {
            *listed = Listed { ends: std::mem::take(&mut listed.ends), ..begin() };
        }
        let ends = listed.ends.entry(schema).or_insert_with(Instant::now);
        *ends = (*ends).max(Instant::now() + ttl);
        let was_listed = before.schemas.iter().any(|(listed, _)| *listed == schema);
        Ok(Registration { was_listed, list: server.listed(model) })
    }

    async fn live_schemas(&self, model: &str) -> Result<SchemaList, L2Error> {
        Ok(self.serve()?.listed(model))
    }

    async fn vouch_for_schemas(&self, model: &str, list: u64) -> Result<bool, L2Error> {
        let mut server = self.serve()?;
        let run = server.run;
        let listed = server.schemas.get_mut(model).filter(|listed| listed.id == list && listed.run == run);
        Ok(listed.map(|listed| listed.is_vouched_for = true).is_some())
    }

    async fn counter(&self, key: &Key) -> Result<Option<CounterValue>, L2Error> {
        let value =
            |counter: &mut Counter| CounterValue { value: counter.value, seeded_by: counter.seeded_by };
        Ok(self.serve()?.counter(key).map(value))
    }

    async fn seed_counter(&self, key: &Key, seed: CounterSeed) -> Result<Filled, L2Error> {
        let mut server = self.serve()?;
        if !server.take_lease(key, seed.token) {
            return Ok(Filled::Superseded);
        }
        if seed.epoch.run != server.run {
            return Ok(Filled::Superseded);
        }
        let counter = Counter {
            value: seed.value,
            seeded_by: seed.token,
            epoch: seed.epoch,
            ends: Instant::now() + seed.ttl,
            applied: VecDeque::new(),
        };
        server.counters.insert(key.clone(), counter);
        Ok(Filled::Stored)
    }

    async fn add_if_present(&self, key: &Key, addition: Addition) -> Result<Counted, L2Error> {
        let mut server = self.serve()?;
        if server.counter(key).is_none() {
            // Whoever counts just now may have done it before this change.
            server.leases.remove(key);
        }
        let Some(counter) = server.counter(key) else { return Ok(Counted::NotSeeded) };
        if counter.seeded_by != addition.to {
            return Ok(Counted::OtherSeed(counter.seeded_by));
        }
        if let Some(operation) = addition.once {
            if counter.applied.contains(&operation) {
                return Ok(Counted::Duplicate(counter.value));
            }
            if counter.applied.len() >= OPERATIONS_MAX {
                counter.applied.pop_front();
            }
            counter.applied.push_back(operation);
        }
        counter.value = counter.value.saturating_add(addition.by);
        Ok(Counted::Applied(counter.value))
    }
}
