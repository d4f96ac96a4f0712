//! Whole processes over a cluster that breaks: no read fails, other shards are served from the shared tier as before,
//! and the shard in trouble is served from it again soon after.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bongsu_cache::contract::Key;
use bongsu_cache::valkey::Valkey;
use bongsu_cache::{Cache, CacheHub, CacheSchema, Cached, Counter, Lookup, Tier};
use bongsu_testbed::{Engine, SHARDS, until};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::counter_faults::Tally;
use crate::servers::{PATIENT, Turn, on_both_engines, shard_of};

on_both_engines! {
    no_read_fails_while_a_primary_is_killed;
    no_read_fails_while_a_primary_hangs;
}

const IDS_OF_SHARD: usize = 6;

#[derive(Debug, Serialize, Deserialize, CacheSchema)]
#[cache(model = "row", id = u64)]
struct Row {
    id: u64,
}

/// A process. Its own tier keeps nothing for long, so that its reads reach the shared one.
pub(crate) struct Process {
    pub(crate) hub: CacheHub,
    pub(crate) counter: Counter<Tally>,
    rows: Cache<Row>,
    _valkey: Valkey,
}

impl Process {
    pub(crate) async fn start(turn: &Turn) -> Self {
        let valkey = Valkey::connect(turn.options()).await.unwrap();
        let hub = CacheHub::builder(turn.prefix())
            .valkey(&valkey)
            .schema_notice(Duration::from_secs(2))
            // How fast a busy machine is, is not under test.
            .l2_budget(PATIENT)
            .model::<Row>()
            .build()
            .unwrap();
        assert!(hub.settled(Duration::from_secs(30)).await);
        let rows = hub.cache::<Row>().unwrap();
        // And no answer is a stale one: neither after a failure nor because a slow answer was not waited for.
        let options = rows.options();
        let options = options
            .with_l1_ttl(Duration::from_micros(1))
            .with_stale_if_error(Duration::ZERO)
            .with_soft_timeout(options.hard_timeout);
        let rows = rows.with(options).unwrap();
        let counter = hub.counter().unwrap();
        Self { hub, counter, rows, _valkey: valkey }
    }
}

/// What the reads of one shard's ids found.
#[derive(Debug, Default)]
struct Found {
    shared: AtomicU64,
    source: AtomicU64,
}

/// Reads on all shards, until it is stopped.
struct Reading {
    stop: Arc<AtomicBool>,
    found: Arc<[Found; SHARDS]>,
    tasks: JoinSet<()>,
}

/// Ids of rows at home in each shard.
fn ids(turn: &Turn) -> [Vec<u64>; SHARDS] {
    let home =
        |id: &u64| shard_of(Key::entry(turn.prefix(), Row::SCHEMA, Row::MODEL, &id.to_string()).slot());
    std::array::from_fn(|shard| (0..).filter(|id| home(id) == shard).take(IDS_OF_SHARD).collect())
}

impl Reading {
    fn start(turn: &Turn, process: &Process) -> Self {
        let (stop, found) = (Arc::new(AtomicBool::new(false)), Arc::new(<[Found; SHARDS]>::default()));
        let mut tasks = JoinSet::new();
        let ids = Arc::new(ids(turn));
        for shard in 0..SHARDS {
            let (rows, ids) = (process.rows.clone(), Arc::clone(&ids));
            let (stop, found) = (Arc::clone(&stop), Arc::clone(&found));
            tasks.spawn(async move {
                let load = |id| async move { Ok::<_, Infallible>(Some(Row { id })) };
                while !stop.load(Ordering::Relaxed) {
                    for id in ids[shard].iter().copied() {
                        let lookup = rows.lookup_or_load(&id, move || load(id)).await;
                        found[shard].note(id, &lookup.expect("no read fails"));
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            });
        }
        let (rows, in_batches, stopped) = (process.rows.clone(), Arc::clone(&found), Arc::clone(&stop));
        tasks.spawn(async move {
            let all: Vec<u64> = ids.iter().flatten().copied().collect();
            let load = |ids: Vec<u64>| async move {
                Ok::<_, Infallible>(
                    ids.into_iter().map(|id| (id, Some(Row { id }))).collect::<HashMap<_, _>>(),
                )
            };
            while !stopped.load(Ordering::Relaxed) {
                let lookups = rows.lookup_many_or_load(&all, load).await.expect("no read of many fails");
                assert_eq!(lookups.len(), all.len());
                for (shard, of_shard) in ids.iter().enumerate() {
                    of_shard.iter().for_each(|id| in_batches[shard].note(*id, &lookups[id]));
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        Self { stop, found, tasks }
    }

    /// Waits until so many more reads of a shard were answered by the shared tier.
    async fn shared(&self, shard: usize, more: u64) {
        let enough = self.found[shard].shared.load(Ordering::Relaxed) + more;
        let is_enough = || self.found[shard].shared.load(Ordering::Relaxed) >= enough;
        until("the shared tier to answer", async || is_enough().then_some(())).await;
    }

    /// Waits until a shard's rows come from the source.
    async fn source(&self, shard: usize) {
        let before = self.found[shard].source.load(Ordering::Relaxed);
        let more = || self.found[shard].source.load(Ordering::Relaxed) > before;
        until("the source to answer", async || more().then_some(())).await;
    }

    fn sources(&self) -> [u64; SHARDS] {
        std::array::from_fn(|shard| self.found[shard].source.load(Ordering::Relaxed))
    }

    async fn stop(mut self) -> Arc<[Found; SHARDS]> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        self.found
    }
}

impl Found {
    fn note(&self, id: u64, lookup: &Lookup<Row>) {
        let Lookup::Hit { value, tier, stale, .. } = lookup else { panic!("row {id} is there: {lookup:?}") };
        assert!(value.id == id && !stale);
        match tier {
            Tier::Source => self.source.fetch_add(1, Ordering::Relaxed),
            Tier::L1 | Tier::L2 => self.shared.fetch_add(1, Ordering::Relaxed),
        };
    }
}

async fn no_read_fails_while_a_primary_is_killed(engine: Engine) {
    let turn = Turn::take(engine).await;
    let dead = under(engine, &turn, "kill -9", 1, async || turn.cluster().kill_primary(1).await).await;
    turn.cluster().restart(dead).await;
}

async fn no_read_fails_while_a_primary_hangs(engine: Engine) {
    let turn = Turn::take(engine).await;
    let hung = under(engine, &turn, "SIGSTOP", 2, async || turn.cluster().pause_primary(2).await).await;
    turn.cluster().resume(hung);
}

/// Reads while this happens to a shard; what it returns.
async fn under<R>(
    engine: Engine,
    turn: &Turn,
    what: &str,
    victim: usize,
    fault: impl AsyncFnOnce() -> R,
) -> R {
    let process = Process::start(turn).await;
    let reading = Reading::start(turn, &process);
    for shard in 0..SHARDS {
        reading.shared(shard, 50).await;
    }
    let before = reading.sources();
    let happened = fault().await;
    let begun = Instant::now();
    reading.source(victim).await;
    let noticed = begun.elapsed();
    for shard in (0..SHARDS).filter(|shard| *shard != victim) {
        reading.shared(shard, 50).await;
    }
    let others_went_on = begun.elapsed();
    reading.shared(victim, 50).await;
    let recovered = begun.elapsed();
    let after = reading.sources();
    let found = reading.stop().await;
    println!(
        "{engine}: {what} of a primary: its rows come from the source after {noticed:?}, 50 reads of each other \
         shard from the shared tier within {others_went_on:?}, its own again after {recovered:?}; {found:?}"
    );
    for shard in (0..SHARDS).filter(|shard| *shard != victim) {
        assert_eq!(after[shard], before[shard], "shard {shard} went on from the shared tier");
    }
    process.hub.shutdown().await;
    happened
}
