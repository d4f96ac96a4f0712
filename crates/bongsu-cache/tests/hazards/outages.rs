//! The shared tier in trouble: reads go on, within stated bounds.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bongsu_cache::testing::L2Faults;
use bongsu_cache::{CacheHub, Invalidated, Lookup, Tier};
use futures_util::future::join_all;

use crate::world::{PREFIX, Room, World, key};

#[tokio::test(start_paused = true)]
async fn reads_go_on_without_the_shared_tier() {
    let world = World::new();
    let node = world.node().await;
    world.source.set(1, "lobby");
    node.l2.cut();
    assert_eq!(node.title(1).await.as_deref(), Some("lobby"));
    assert!(matches!(node.read(1).await, Lookup::Hit { tier: Tier::L1, stale: false, .. }));
    assert_eq!(world.source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_shared_tier_that_hangs_costs_its_budget_and_no_more() {
    let world = World::new();
    let node = world.node().await;
    world.source.set(1, "lobby");
    world.source.takes(Duration::ZERO);
    node.l2.hang();
    let begun = tokio::time::Instant::now();
    assert_eq!(node.title(1).await.as_deref(), Some("lobby"));
    assert!(begun.elapsed() < Duration::from_millis(100), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_hangs_costs_a_batch_its_own_keys_only() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let ids: Vec<u64> = (0..100).collect();
    for id in &ids {
        world.source.set(*id, "room");
    }
    other.titles(&ids).await;
    one.l2.hang_slots(0..=8191);
    let loaded = Arc::new(Mutex::new(Vec::new()));
    let load = {
        let (loaded, source) = (Arc::clone(&loaded), world.source.clone());
        move |ids: Vec<u64>| {
            loaded.lock().unwrap().extend(ids.clone());
            source.clone().load_many(ids)
        }
    };
    assert_eq!(one.rooms.get_many_or_load(&ids, load).await.unwrap().len(), ids.len());
    let mut loaded = std::mem::take(&mut *loaded.lock().unwrap());
    loaded.sort_unstable();
    let hung: Vec<u64> = ids.into_iter().filter(|id| key(*id).slot() < 8192).collect();
    assert_eq!(loaded, hung, "the others came from the shared tier");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_tier_and_backplane_leaves_short_lived_entries_and_no_herd() {
    let world = World::new();
    let node = world.node().await;
    world.source.set(1, "lobby");
    node.l2.cut();
    for channel in bongsu_cache::contract::Channel::all() {
        node.backplane.deafen(channel);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let titles = join_all((0..1000).map(|_| node.title(1))).await;
    assert!(titles.iter().all(|title| title.as_deref() == Some("lobby")));
    assert_eq!(world.source.loads(), 1);
    assert!(matches!(node.read(1).await, Lookup::Hit { tier: Tier::L1, .. }));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(matches!(node.read(1).await, Lookup::Hit { tier: Tier::Source, .. }), "five seconds at most");
}

#[tokio::test(start_paused = true)]
async fn without_a_backplane_entries_of_the_process_live_short() {
    let world = World::new();
    let hub = CacheHub::builder(PREFIX)
        .l2(world.l2.clone())
        .schema_notice(Duration::ZERO)
        .l1_max_staleness_without_backplane(Duration::from_secs(3))
        .build()
        .unwrap();
    let rooms = hub.cache::<Room>().unwrap();
    assert!(hub.settled(Duration::from_secs(1)).await);
    world.source.set(1, "lobby");
    let source = world.source.clone();
    assert!(rooms.get_or_load(&1, move || source.load(1)).await.unwrap().is_some());
    assert!(matches!(rooms.get(&1).await, Lookup::Hit { tier: Tier::L1, .. }));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(matches!(rooms.get(&1).await, Lookup::Hit { tier: Tier::L2, .. }));
}

#[tokio::test(start_paused = true)]
async fn a_hub_of_one_process_needs_neither_tier_nor_backplane() {
    let world = World::new();
    let hub = CacheHub::builder(PREFIX).build().unwrap();
    let rooms = hub.cache::<Room>().unwrap();
    assert!(hub.settled(Duration::from_secs(1)).await);
    world.source.set(1, "lobby");
    for _ in 0..3 {
        let source = world.source.clone();
        let room = rooms.get_or_load(&1, move || source.load(1)).await.unwrap().unwrap();
        assert_eq!(room.title, "lobby");
    }
    assert_eq!(world.source.loads(), 1);
    assert_eq!(rooms.invalidate(&1).await, bongsu_cache::Invalidated::LocalAndL2);
    assert_eq!(rooms.get(&1).await, Lookup::Miss);
}

#[tokio::test(start_paused = true)]
async fn all_that_is_queued_is_made_up_for_when_the_hub_ends() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let ids: Vec<u64> = (0..1000).collect();
    for id in &ids {
        world.source.set(*id, "old");
    }
    other.titles(&ids).await;
    for id in &ids {
        world.source.set(*id, "new");
    }
    one.l2.cut();
    let reached = one.rooms.invalidate_many(&ids).await;
    assert_eq!(reached, Invalidated::QueuedForRetry { pending: 1000 });
    // The first tries of the end fail too.
    let ends = tokio::spawn(one.hub.clone().shutdown());
    tokio::time::sleep(Duration::from_millis(100)).await;
    one.l2.heal();
    ends.await.unwrap();
    assert_eq!(one.hub.pending_invalidations(), 0);
    assert!(world.l2.is_empty());
    assert!(other.titles(&ids).await.values().all(|title| title == "new"));
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_under_way_is_told_before_the_goodbye() {
    let world = World::new();
    let (one, _other) = world.two_nodes().await;
    one.l2.set(L2Faults { delayed: 1000, delay: Duration::from_millis(200), ..L2Faults::default() });
    let rooms = one.rooms.clone();
    let invalidation = tokio::spawn(async move { rooms.invalidate(&1).await });
    tokio::task::yield_now().await;
    one.hub.clone().shutdown().await;
    assert_eq!(invalidation.await.unwrap(), Invalidated::Everywhere);
}

#[tokio::test(start_paused = true)]
async fn recovery_is_no_herd_on_the_source() {
    let world = World::new();
    let node = world.node_with(|hub| hub.loads_per_model_max(4)).await;
    let ids: Vec<u64> = (0..64).collect();
    for id in &ids {
        world.source.set(*id, "room");
    }
    world.l2.flush();
    let begun = tokio::time::Instant::now();
    let titles = join_all(ids.iter().map(|id| node.title(*id))).await;
    assert!(titles.iter().all(Option::is_some));
    assert!(begun.elapsed() >= Duration::from_millis(160), "64 loads of 10 ms, four at a time");
}
