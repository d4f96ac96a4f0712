//! Work that goes on while servers break: on every shard, and what became of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bongsu_cache::contract::{Epoch, Filled, Key, L2, Lease, Over, Token};
use bongsu_cache::schema::SchemaHash;
use bongsu_testbed::{SHARDS, until};
use bytes::Bytes;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::servers::shard_of;

pub(crate) const LONG: Duration = Duration::from_secs(600);

/// Keys that a task reads at once.
const KEYS_OF_SHARD: usize = 4;

pub(crate) fn key(id: &str) -> Key {
    Key::entry("load", SchemaHash::from_u64(7), "thing", id)
}

/// Keys of one shard.
pub(crate) fn keys_on(shard: usize, count: usize) -> Vec<Key> {
    (0..)
        .map(|number| key(&number.to_string()))
        .filter(|key| shard_of(key.slot()) == shard)
        .take(count)
        .collect()
}

pub(crate) async fn fill(l2: &dyn L2, key: &Key, body: &'static str) -> Epoch {
    until("a fill to work", async || {
        let token = Token(rand_token());
        let Lease::Won(epoch) = l2.lease(key, token, LONG, Over::Present).await.ok()? else {
            l2.remove_many(std::slice::from_ref(key)).await;
            return None;
        };
        let entry = [(key.clone(), Bytes::from_static(body.as_bytes()), LONG)];
        let filled = l2.fill_many(&entry, token).await.remove(0);
        matches!(filled, Ok(Filled::Stored)).then_some(epoch)
    })
    .await
}

/// The epoch that holds, as soon as somebody says it.
pub(crate) async fn epoch_at_last(l2: &dyn L2, key: &Key) -> Epoch {
    until("the shard to answer", async || l2.epoch(key).await.ok()).await
}

pub(crate) fn rand_token() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Reads, leases and removals on every shard until it is stopped.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    shards: Vec<Arc<Shard>>,
    tasks: JoinSet<()>,
}

#[derive(Default)]
struct Shard {
    answers: AtomicU64,
    errors: AtomicU64,
    /// Of the first error, for the message of a test that expected none.
    first_error: std::sync::Mutex<Option<String>>,
    /// The longest time without an answer, in milliseconds.
    longest_gap_ms: AtomicU64,
}

/// What became of the work on one shard. Printed.
#[derive(Debug)]
#[expect(dead_code, reason = "what is printed is not read")]
pub(crate) struct Outcome {
    pub(crate) answers: u64,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
    pub(crate) longest_gap_ms: u64,
}

impl Load {
    pub(crate) fn start(l2: &Arc<dyn L2>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        let shards: Vec<Arc<Shard>> = (0..SHARDS).map(|_| Arc::default()).collect();
        for (number, shard) in shards.iter().enumerate() {
            tasks.spawn(work(
                Arc::clone(l2),
                keys_on(number, KEYS_OF_SHARD),
                Arc::clone(shard),
                Arc::clone(&stop),
            ));
        }
        Self { stop, shards, tasks }
    }

    /// Waits until a shard has given this many more answers.
    pub(crate) async fn answers(&self, shard: usize, more: u64) {
        let answers = || self.shards[shard].answers.load(Ordering::Relaxed);
        let enough = answers() + more;
        until("a shard to answer", async || (answers() >= enough).then_some(())).await;
    }

    /// Waits until a shard fails.
    pub(crate) async fn an_error(&self, shard: usize) {
        let errors = || self.shards[shard].errors.load(Ordering::Relaxed);
        let before = errors();
        until("a shard to fail", async || (errors() > before).then_some(())).await;
    }

    pub(crate) async fn stop(mut self) -> Vec<Outcome> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        let outcome = |shard: &Arc<Shard>| Outcome {
            answers: shard.answers.load(Ordering::Relaxed),
            errors: shard.errors.load(Ordering::Relaxed),
            first_error: shard.first_error.lock().unwrap().clone(),
            longest_gap_ms: shard.longest_gap_ms.load(Ordering::Relaxed),
        };
        self.shards.iter().map(outcome).collect()
    }
}

async fn work(l2: Arc<dyn L2>, keys: Vec<Key>, shard: Arc<Shard>, stop: Arc<AtomicBool>) {
    let mut last = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let read = l2.get_many(&keys).await.into_iter().map(|found| found.map(drop));
        let leased = l2.lease_many(&keys, Token(rand_token()), LONG, Over::Present).await;
        let leased = leased.into_iter().map(|lease| lease.map(drop));
        let removed = l2.remove_many(&keys).await;
        for outcome in read.chain(leased).chain(removed) {
            match outcome {
                Ok(()) => {
                    shard.answers.fetch_add(1, Ordering::Relaxed);
                    let gap = u64::try_from(last.elapsed().as_millis()).unwrap();
                    shard.longest_gap_ms.fetch_max(gap, Ordering::Relaxed);
                    last = Instant::now();
                }
                Err(error) => {
                    shard.errors.fetch_add(1, Ordering::Relaxed);
                    shard.first_error.lock().unwrap().get_or_insert(error.to_string());
                }
            }
        }
        // A breaker that is open answers at once; others want to run too.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
