//! The process tier alone, beside caches that are nothing else: what a hit costs, what an entry takes, and whether an
//! invalidation that comes during a load wins.
//!
//! Every cache holds the same values behind an `Arc`, with room for all of them, and is read by one thread in the same
//! random order. `bongsu-cache` is read through `get_or_load`, as a service would: naming the entry, comparing
//! generations and ends of life, and two metrics are in its time; the others only look up.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use bongsu_cache::{Cache, CacheHub};
use tokio::time::Instant;

use crate::process::Failure;
use crate::rounds::{ROUNDS, Rounds};
use crate::value::Value;
use crate::zipf::uniform;

const ENTRIES: u64 = 500_000;
/// A working set that fits the processor's caches better: what a hit costs without waiting for memory.
const HOT: u64 = 1_000;
const HITS: u64 = 500_000;
const HOUR: Duration = Duration::from_secs(3600);

/// What was measured of one cache.
#[derive(Default)]
struct Figures {
    hot_ns: Rounds,
    ns: Rounds,
    bytes: f64,
}

pub(crate) fn compare() -> Result<(), Failure> {
    let mut plain = Vec::with_capacity(ENTRIES as usize);
    let payload = measure(|| plain.extend((0..ENTRIES).map(value))).bytes_current as f64;
    drop(plain);
    println!("process tier: {ENTRIES} entries of {:.0} bytes", payload / ENTRIES as f64);
    println!("{:<44}{:>20}{:>20}{:>20}", "", "ns, of 1,000", "ns, of 500,000", "bytes beyond value");
    let told = |name: &str, figures: &Figures| {
        let beyond = (figures.bytes - payload) / ENTRIES as f64;
        println!("{name:<44}{:>20}{:>20}{beyond:>20.0}", figures.hot_ns.to_string(), figures.ns.to_string());
    };

    let cache = quick_cache::sync::Cache::new(ENTRIES as usize * 2);
    let bytes = fill(|id| cache.insert(id, value(id)));
    told("quick_cache", &plain_hits(bytes, |id| cache.get(&id).map_or(0, |value| value.id)));
    drop(cache);

    let cache = moka::sync::Cache::builder().max_capacity(ENTRIES * 2).time_to_live(HOUR).build();
    let insert = measure(|| {
        (0..ENTRIES).for_each(|id| cache.insert(id, value(id)));
        cache.run_pending_tasks();
    });
    let bytes = insert.bytes_current as f64;
    told("moka, with a time to live", &plain_hits(bytes, |id| cache.get(&id).map_or(0, |value| value.id)));
    drop(cache);

    let cache: foyer_memory::Cache<u64, Arc<Value>> =
        foyer_memory::CacheBuilder::new(ENTRIES as usize * 2).build();
    let bytes = fill(|id| drop(cache.insert(id, value(id))));
    told("foyer-memory", &plain_hits(bytes, |id| cache.get(&id).map_or(0, |entry| entry.value().id)));
    drop(cache);

    told("bongsu-cache, get_or_load", &bongsu()?);
    Ok(())
}

fn value(id: u64) -> Arc<Value> {
    Arc::new(Value::of(id, 1))
}

/// Bytes held after all entries were inserted.
fn fill(insert: impl Fn(u64)) -> f64 {
    measure(|| (0..ENTRIES).for_each(insert)).bytes_current as f64
}

fn plain_hits(bytes: f64, read: impl Fn(u64) -> u64) -> Figures {
    let mut figures = Figures { bytes, ..Figures::default() };
    for _ in 0..ROUNDS {
        for (entries, rounds) in [(HOT, &mut figures.hot_ns), (ENTRIES, &mut figures.ns)] {
            let begun = Instant::now();
            for number in 0..HITS {
                let id = uniform(number, entries);
                assert_eq!(black_box(read(id)), id, "a hit gives its entry");
            }
            rounds.add(each_ns(begun));
        }
    }
    figures
}

fn bongsu() -> Result<Figures, Failure> {
    // Of this thread only, because allocations are counted by thread.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let inside = runtime.enter();
    let hub =
        CacheHub::builder("compare").l1_bytes(1 << 32).l1_max_staleness_without_backplane(HOUR).build()?;
    let cache = hub.cache::<Value>()?;
    drop(inside);
    let mut figures = Figures::default();
    figures.bytes = measure(|| runtime.block_on(load_all(&cache))).bytes_current as f64;
    for _ in 0..ROUNDS {
        // One future for all reads, as they are in a service: entering the runtime is not part of a hit.
        for (entries, rounds) in [(HOT, &mut figures.hot_ns), (ENTRIES, &mut figures.ns)] {
            rounds.add(runtime.block_on(hits(&cache, entries)));
        }
    }
    Ok(figures)
}

async fn load_all(cache: &Cache<Value>) {
    for from in (0..ENTRIES).step_by(1000) {
        let ids: Vec<u64> = (from..from + 1000).collect();
        let load = |ids: Vec<u64>| async move {
            Ok::<_, Infallible>(ids.into_iter().map(|id| (id, Value::of(id, 1))).collect())
        };
        cache.get_many_or_load(&ids, load).await.expect("the loader cannot fail");
    }
}

async fn hits(cache: &Cache<Value>, entries: u64) -> f64 {
    let begun = Instant::now();
    for number in 0..HITS {
        let id = uniform(number, entries);
        let load = || async { Ok::<Option<Value>, Infallible>(None) };
        let read = black_box(cache.get_or_load(&id, load).await);
        assert_eq!(read.ok().flatten().map(|value| value.id), Some(id), "a hit gives its entry");
    }
    each_ns(begun)
}

fn each_ns(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e9 / HITS as f64
}
