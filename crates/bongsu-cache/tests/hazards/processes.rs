//! Several processes over one shared tier: the lease makes their loads one, and nobody waits for the dead.

use std::time::Duration;

use bongsu_cache::contract::{Filled, L2, Over, Token};
use bongsu_cache::{Lookup, Tier};
use futures_util::future::join_all;

use crate::world::{World, key};

#[tokio::test(start_paused = true)]
async fn a_thousand_readers_in_four_processes_make_one_load() {
    let world = World::new();
    world.source.set(1, "lobby");
    world.source.takes(Duration::from_millis(200));
    let nodes = join_all((0..4).map(|_| world.node())).await;
    let titles = join_all((0..1000).map(|reader| nodes[reader % 4].title(1))).await;
    assert!(titles.iter().all(|title| title.as_deref() == Some("lobby")));
    assert_eq!(world.source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn absence_is_shared_too() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    assert!(matches!(one.read(1).await, Lookup::Absent { tier: Tier::Source, .. }));
    assert!(matches!(other.read(1).await, Lookup::Absent { tier: Tier::L2, .. }));
    assert_eq!(world.source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_follower_of_a_dead_holder_waits_bounded_then_loads_and_does_not_fill() {
    let world = World::new();
    let node = world.node().await;
    world.source.set(1, "lobby");
    world.l2.lease(&key(1), Token(1), Duration::from_secs(60), Over::Absent).await.unwrap();
    let begun = tokio::time::Instant::now();
    assert_eq!(node.title(1).await.as_deref(), Some("lobby"));
    assert!((Duration::from_secs(1)..Duration::from_secs(2)).contains(&begun.elapsed()));
    assert!(world.l2.is_empty(), "the right to fill is the holder's");
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_wakes_up_after_its_lease_cannot_fill() {
    let world = World::new();
    let node = world.node().await;
    world.source.set(1, "lobby");
    let token = Token(1);
    world.l2.lease(&key(1), token, Duration::from_millis(100), Over::Absent).await.unwrap();
    assert_eq!(node.title(1).await.as_deref(), Some("lobby"));
    assert_eq!(world.l2.len(), 1, "the lease ended, so the follower filled");
    let late = [(key(1), bytes::Bytes::from_static(b"late"), Duration::from_secs(60))];
    assert_eq!(world.l2.fill_many(&late, token).await, [Ok(Filled::Superseded)]);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_fails_gives_its_lease_back() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    world.source.set(1, "lobby");
    world.source.breaks(true);
    assert!(one.try_read(1).await.is_err());
    world.source.breaks(false);
    let begun = tokio::time::Instant::now();
    assert_eq!(other.title(1).await.as_deref(), Some("lobby"));
    assert!(begun.elapsed() < Duration::from_millis(100), "nobody to wait for");
}

#[tokio::test(start_paused = true)]
async fn entries_of_another_run_of_the_server_are_not_believed() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    world.source.set(1, "old");
    one.read(1).await;
    world.source.set(1, "new");
    // The server lost its last seconds, and with them perhaps a delete.
    world.l2.restart();
    assert_eq!(other.title(1).await.as_deref(), Some("new"));
    assert_eq!(world.source.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_flushed_server_is_filled_again() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    world.source.set(1, "lobby");
    one.read(1).await;
    world.l2.flush();
    assert_eq!(other.title(1).await.as_deref(), Some("lobby"));
    assert_eq!(world.l2.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_shuts_down_ends_its_loads_and_its_tasks() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    world.source.set(1, "lobby");
    world.source.close_door();
    let reader = tokio::spawn({
        let one = one.clone();
        async move { one.try_read(1).await }
    });
    world.source.somebody_is_loading().await;
    one.hub.clone().shutdown().await;
    assert!(matches!(reader.await.unwrap(), Err(bongsu_cache::LoadError::Shutdown)));
    world.source.open_door();
    assert_eq!(other.title(1).await.as_deref(), Some("lobby"));
}
