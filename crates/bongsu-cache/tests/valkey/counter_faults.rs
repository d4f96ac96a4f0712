//! Counters of whole processes while the servers of a cluster are killed, hang, hand over and forget: when all is quiet
//! again, a counter is what the source says, or there is none and it is counted anew. Never a wrong number.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use bongsu_cache::contract::{Key, L2};
use bongsu_cache::valkey::Valkey;
use bongsu_cache::{CacheId, Counter, CounterKey, CounterUpdate, IdText};
use bongsu_testbed::{Engine, SHARDS, until};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::hub_faults::Process;
use crate::servers::{Turn, on_both_engines};

on_both_engines! {
    counters_are_exact_through_kills_hangs_handovers_and_flushes;
}

/// Enough that each shard has some.
const COUNTERS: usize = 12;

/// A counter of the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Tally(u64);

impl CacheId for Tally {
    fn write(&self, text: &mut IdText) {
        self.0.write(text);
    }
}

impl CounterKey for Tally {
    const MODEL: &'static str = "tally";
}

/// What is true.
type Source = Arc<[AtomicI64; COUNTERS]>;

#[derive(Debug, Clone, Copy)]
enum Fault {
    Killed,
    Hung,
    HandedOver,
    Flushed,
    Disconnected,
}

/// What was found of the counters while all was quiet.
#[derive(Debug, Default)]
struct Compared {
    /// Of those that were there.
    right: usize,
    /// Not there, and counted anew.
    absent: usize,
}

async fn counters_are_exact_through_kills_hangs_handovers_and_flushes(engine: Engine) {
    let turn = Turn::take(engine).await;
    let processes = [Process::start(&turn).await, Process::start(&turn).await];
    let judge = Valkey::connect(turn.options()).await.unwrap().l2();
    let source: Source = Arc::default();
    let all = [Fault::Killed, Fault::HandedOver, Fault::Flushed, Fault::Hung, Fault::Disconnected];
    for (round, fault) in all.into_iter().enumerate() {
        let stop = Arc::new(AtomicBool::new(false));
        let mut writers = JoinSet::new();
        for process in &processes {
            for first in 0..4 {
                let work = change(process.counter.clone(), Arc::clone(&source), Arc::clone(&stop), first);
                writers.spawn(work);
            }
        }
        // Under way before and after.
        let changes = || source.iter().map(|counter| counter.load(Ordering::SeqCst)).sum::<i64>();
        let so_many_more = async |more: i64| {
            let enough = changes() + more;
            until("the source to change", async || (changes() >= enough).then_some(())).await;
        };
        so_many_more(200).await;
        let begun = Instant::now();
        let broken = strike(&turn, fault, round % SHARDS).await;
        let back = is_back(&*judge, &turn).await.duration_since(begun);
        so_many_more(200).await;
        stop.store(true, Ordering::Relaxed);
        writers.join_all().await;
        for process in &processes {
            let is_done = || process.counter.pending_removals() == 0;
            until("removals to be confirmed", async || is_done().then_some(())).await;
        }
        let compared = compare(&processes, &source).await;
        println!(
            "{engine}: {fault:?}: all shards answer after {back:?}; of {COUNTERS} counters {compared:?}"
        );
        if let Some((node, Fault::Killed)) = broken {
            turn.cluster().restart(node).await;
        } else if let Some((node, _)) = broken {
            turn.cluster().resume(node);
        }
        turn.cluster().wait_ready().await;
    }
    for process in processes {
        process.hub.shutdown().await;
    }
}

/// A node that must be started or resumed afterwards.
async fn strike(turn: &Turn, fault: Fault, shard: usize) -> Option<(usize, Fault)> {
    let cluster = turn.cluster();
    match fault {
        Fault::Killed => return Some((cluster.kill_primary(shard).await, fault)),
        Fault::Hung => return Some((cluster.pause_primary(shard).await, fault)),
        Fault::HandedOver => turn.failover(shard).await,
        Fault::Flushed => cluster.flush_all().await,
        Fault::Disconnected => {
            for node in 0..2 * SHARDS {
                cluster.client_kill_all(node).await;
            }
        }
    }
    None
}

/// When every counter's server answers.
async fn is_back(l2: &dyn L2, turn: &Turn) -> Instant {
    for id in 0..COUNTERS {
        let key = Key::counter(turn.prefix(), Tally::MODEL, &id.to_string());
        until("a shard to answer", async || l2.counter(&key).await.ok()).await;
    }
    Instant::now()
}

/// Reads and changes until it is stopped. What a read finds is somewhere between what was true before and after it.
async fn change(counter: Counter<Tally>, source: Source, stop: Arc<AtomicBool>, first: usize) {
    let mut turn = first;
    while !stop.load(Ordering::Relaxed) {
        turn += 1;
        let place = turn % COUNTERS;
        let id = Tally(place as u64);
        let counted = Arc::clone(&source);
        let seed = async move || Ok::<_, Infallible>(counted[place].load(Ordering::SeqCst));
        counter.get_or_seed(&id, seed).await.expect("no read of a counter fails");
        let change = counter.begin(&id).await;
        source[place].fetch_add(1, Ordering::SeqCst);
        let _update: CounterUpdate = change.committed(1).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Every process reads every counter; where there is none, the source is counted.
async fn compare(processes: &[Process; 2], source: &Source) -> Compared {
    let mut compared = Compared::default();
    for (place, truth) in source.iter().enumerate() {
        let truth = truth.load(Ordering::SeqCst);
        let was_absent = Arc::new(AtomicBool::new(false));
        for process in processes {
            let absent = Arc::clone(&was_absent);
            let seed = async move || {
                absent.store(true, Ordering::Relaxed);
                Ok::<_, Infallible>(truth)
            };
            let read = process.counter.get_or_seed(&Tally(place as u64), seed).await.unwrap();
            assert_eq!(read, truth, "counter {place} is wrong");
        }
        if was_absent.load(Ordering::Relaxed) { compared.absent += 1 } else { compared.right += 1 }
    }
    compared
}
