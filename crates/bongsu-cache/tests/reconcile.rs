//! Reconciliation finds what is wrong, says how wrong, and puts it right; warming fills the tier and knows how far it is.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bongsu_cache::contract::Backplane;
use bongsu_cache::memory::{MemoryBackplane, MemoryL2};
use bongsu_cache::{
    Cache, CacheHub, CacheSchema, EntryOptions, Invalidated, Loaded, Lookup, ReconcileOptions,
    Reconciliation, SourceOfTruth, Tier, Version, WarmOptions,
};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, CacheSchema)]
#[cache(model = "row", id = u64)]
struct Row {
    version: u64,
}

/// Rows by id, with their versions.
#[derive(Debug, Clone, Default)]
struct Table(Arc<Mutex<HashMap<u64, u64>>>);

#[derive(Debug, thiserror::Error)]
#[error("the table does not answer")]
struct NoAnswer;

impl Table {
    fn of(ids: std::ops::Range<u64>) -> Self {
        Self(Arc::new(Mutex::new(ids.map(|id| (id, 1)).collect())))
    }

    fn set(&self, id: u64, version: Option<u64>) {
        let mut rows = self.0.lock().unwrap();
        match version {
            Some(version) => rows.insert(id, version),
            None => rows.remove(&id),
        };
    }

    fn load(&self, id: u64) -> Loaded<Row> {
        let version = self.0.lock().unwrap().get(&id).copied();
        let loaded = Loaded::new(version.map(|version| Row { version }));
        version.map_or(loaded.clone(), |version| loaded.with_version(Version(version)))
    }
}

#[async_trait]
impl SourceOfTruth<Row> for Table {
    type Error = NoAnswer;

    async fn versions(&self, ids: &[u64]) -> Result<HashMap<u64, Version>, NoAnswer> {
        let rows = self.0.lock().unwrap();
        Ok(ids.iter().filter_map(|id| Some((*id, Version(*rows.get(id)?)))).collect())
    }
}

async fn process(l2: &MemoryL2, backplane: impl Backplane) -> Cache<Row> {
    let hub = CacheHub::builder("reconcile")
        .schema_notice(Duration::from_millis(10))
        .l2(l2.clone())
        .backplane(backplane)
        .model::<Row>()
        .build()
        .unwrap();
    assert!(hub.settled(10 * SECOND).await);
    let options = EntryOptions::new().with_ttl(600 * SECOND).with_l1_ttl(600 * SECOND);
    hub.cache::<Row>()
        .unwrap()
        .with(options.with_negative_ttl(600 * SECOND).with_xfetch_beta_milli(0))
        .unwrap()
}

async fn cache() -> Cache<Row> {
    process(&MemoryL2::new(), MemoryBackplane::new()).await
}

async fn read(cache: &Cache<Row>, table: &Table, id: u64) -> Lookup<Row> {
    let table = table.clone();
    cache.lookup_or_load(&id, async move || Ok::<_, NoAnswer>(table.load(id))).await.unwrap()
}

fn version(lookup: &Lookup<Row>) -> Option<u64> {
    match lookup {
        Lookup::Hit { value, .. } => Some(value.version),
        Lookup::Absent { .. } | Lookup::Miss => None,
    }
}

fn options() -> ReconcileOptions {
    ReconcileOptions::new().with_pace(SECOND, 1000).with_bound(2 * SECOND)
}

/// Both tiers hold each entry, so each is found twice.
const TIERS: u64 = 2;

#[tokio::test(start_paused = true)]
async fn a_cache_that_is_right_matches() {
    let (cache, table) = (cache().await, Table::of(0..50));
    let mut reconciling = cache.reconcile(table.clone(), options());
    for id in 0..60 {
        read(&cache, &table, id).await;
    }
    assert!(reconciling.wait_for(|found| found.rounds == 1).await);
    let found = reconciling.found();
    assert_eq!(found, Reconciliation { matched: 60 * TIERS, rounds: 1, ..Reconciliation::default() });
    let mismatch = found.mismatch();
    assert!(mismatch.ratio == 0.0 && mismatch.low == 0.0 && mismatch.high > 0.0 && mismatch.high < 0.05);
}

#[tokio::test(start_paused = true)]
async fn what_stays_wrong_is_told_by_its_kind_and_repaired() {
    let (cache, table) = (cache().await, Table::of(0..10));
    let mut reconciling = cache.reconcile(table.clone(), options());
    for id in 0..11 {
        read(&cache, &table, id).await;
    }
    // Three changes that nobody told the cache of.
    table.set(1, Some(2));
    table.set(2, None);
    table.set(10, Some(1));
    assert!(reconciling.wait_for(|found| found.repaired >= 3).await);
    let found = reconciling.found();
    assert_eq!((found.stale_beyond_bound, found.phantom, found.missing), (TIERS, TIERS, TIERS));
    assert_eq!(found.wrong(), 3 * TIERS);
    assert!(found.mismatch().low > 0.0);
    assert_eq!(version(&read(&cache, &table, 1).await), Some(2));
    assert_eq!(version(&read(&cache, &table, 2).await), None);
    assert_eq!(version(&read(&cache, &table, 10).await), Some(1));
}

#[tokio::test(start_paused = true)]
async fn what_is_put_right_within_the_bound_is_not_wrong() {
    let (cache, table) = (cache().await, Table::of(0..10));
    let mut reconciling = cache.reconcile(table.clone(), options());
    for id in 0..10 {
        read(&cache, &table, id).await;
    }
    table.set(1, Some(2));
    assert!(reconciling.wait_for(|found| found.rounds == 1).await);
    assert_eq!(cache.invalidate(&1).await, Invalidated::Everywhere);
    read(&cache, &table, 1).await;
    assert!(reconciling.wait_for(|found| found.stale_within_bound > 0).await);
    assert_eq!(reconciling.found().wrong(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_repair_wrong_entries_stay() {
    let (cache, table) = (cache().await, Table::of(0..3));
    let mut reconciling = cache.reconcile(table.clone(), options().with_repair(false));
    read(&cache, &table, 1).await;
    table.set(1, Some(2));
    assert!(reconciling.wait_for(|found| found.stale_beyond_bound >= TIERS).await);
    assert_eq!(reconciling.found().repaired, 0);
    assert_eq!(version(&read(&cache, &table, 1).await), Some(1));
}

#[tokio::test(start_paused = true)]
async fn warmed_values_are_found_and_replace_nothing_newer() {
    let (l2, backplane) = (MemoryL2::new(), MemoryBackplane::new());
    let (here, there) = (process(&l2, backplane.clone()).await, process(&l2, backplane).await);
    let table = Table::of(0..0);
    table.set(7, Some(9));
    read(&here, &table, 7).await;
    let rows = (0..20).map(|id| (id, Version(5), Row { version: 5 }));
    let progress = here.warm(stream::iter(rows), WarmOptions::new()).complete().await;
    assert_eq!((progress.stored, progress.present, progress.failed, progress.is_complete), (19, 1, 0, true));
    for id in 0..20 {
        let lookup = read(&there, &table, id).await;
        assert_eq!(version(&lookup), Some(if id == 7 { 9 } else { 5 }));
        assert!(matches!(lookup, Lookup::Hit { tier: Tier::L2, .. }), "{lookup:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn warming_keeps_to_its_pace() {
    let cache = cache().await;
    let rows = (0..1000).map(|id| (id, Version(1), Row { version: 1 }));
    let begun = Instant::now();
    let warming = cache.warm(stream::iter(rows), WarmOptions::new().with_pace(100, 10));
    assert_eq!(warming.progress().stored, 0);
    assert_eq!(warming.complete().await.stored, 1000);
    // The last batch need not wait for its time to pass.
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(9_900) && took < 11 * SECOND, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn ids_are_warmed_by_loading_what_is_not_there() {
    let (cache, table) = (cache().await, Table::of(0..30));
    read(&cache, &table, 3).await;
    let source = table.clone();
    let load = move |ids: Vec<u64>| {
        let source = source.clone();
        async move {
            Ok::<_, NoAnswer>(ids.into_iter().map(|id| (id, source.load(id))).collect::<HashMap<_, _>>())
        }
    };
    let progress = cache.warm_by_loading(stream::iter(0..40), WarmOptions::new(), load).complete().await;
    assert_eq!((progress.stored, progress.present, progress.failed), (39, 1, 0));
    let lookup = read(&cache, &table, 20).await;
    assert!(matches!(lookup, Lookup::Hit { tier: Tier::L1, .. }), "{lookup:?}");
}

#[tokio::test(start_paused = true)]
async fn a_warming_that_is_dropped_ends() {
    let cache = cache().await;
    let rows = (0..1000).map(|id| (id, Version(1), Row { version: 1 }));
    drop(cache.warm(stream::iter(rows), WarmOptions::new().with_pace(1, 1)));
    tokio::time::sleep(100 * SECOND).await;
    assert_eq!(cache.get(&999).await, Lookup::Miss);
}
